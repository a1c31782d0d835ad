"""The same person's pixels get the same answer, whatever surrounds them."""

import io
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bodyscan import lengths
from bodyscan.bars import photo_within
from bodyscan.photo import read_photo
from bodyscan.scan import look

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "container/models/pose_landmarker_full.task"
PEOPLE = ROOT / "tests/fixtures/people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}
FRONTS = ("front-1.jpg", "front-2.jpg", "front-7.jpg", "front-8.jpg")

colours = st.sampled_from([(0, 0, 0), (255, 255, 255), (90, 20, 60), (238, 238, 238)])
bars = st.tuples(*[st.just(0) | st.integers(20, 300)] * 4)


def padded(image, around, colour):
    """The picture with bars of so many pixels at its left, top, right and bottom."""
    left, top, right, bottom = around
    size = image.width + left + right, image.height + top + bottom
    picture = Image.new("RGB", size, colour)
    picture.paste(image, (left, top))
    return picture


def measure(image, height_cm):
    data = io.BytesIO()
    image.save(data, "PNG", compress_level=1)
    observation = look(data.getvalue(), "front", MODEL).observation
    return lengths.estimate([observation], height_cm)


@cache
def bare_cm(file):
    """Lengths by the photo as it is, measured once."""
    return measure(Image.open(PEOPLE / file).convert("RGB"), TRUTH[file]["height_cm"]).mean_cm


@pytest.mark.parametrize("file", FRONTS)
@settings(max_examples=4, deadline=None)
@given(around=bars, colour=colours)
def test_bars_change_nothing(file, around, colour):
    image = Image.open(PEOPLE / file).convert("RGB")
    barred = measure(padded(image, around, colour), TRUTH[file]["height_cm"])
    assert barred.mean_cm == pytest.approx(bare_cm(file))


@settings(max_examples=25, deadline=None)
@given(around=bars, colour=colours)
def test_bars_are_cut_off_to_the_pixel(around, colour):
    image = Image.open(PEOPLE / FRONTS[0]).convert("RGB").resize((600, 800))
    left, top, *_ = around
    box = photo_within(padded(image, around, colour))
    assert box == ((left, top, left + 600, top + 800) if any(around) else None)


@pytest.mark.parametrize("away", [6, 12, 18, 22, 30])
def test_bars_of_nearly_the_walls_colour_are_cut_off_where_nothing_was_compressed(away):
    image = Image.open(PEOPLE / "front-7.jpg").convert("RGB")
    wall = np.median(np.asarray(image)[:40].reshape(-1, 3), axis=0).astype(int)
    barred = padded(image, (222, 212, 0, 0), tuple((wall + away).tolist()))
    assert photo_within(barred) == (222, 212, 222 + image.width, 212 + image.height)


@pytest.mark.parametrize("quality", [60, 75, 95])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (90, 20, 60), (238, 238, 238)])
def test_compressed_bars_are_cut_off_within_two_pixels(colour, quality):
    image = Image.open(PEOPLE / "front-2.jpg").convert("RGB")
    data = io.BytesIO()
    padded(image, (120, 90, 60, 210), colour).save(data, "JPEG", quality=quality)
    box = photo_within(Image.open(data))
    assert box == pytest.approx((120, 90, 120 + image.width, 90 + image.height), abs=2)


def test_a_focal_length_is_not_of_the_picture_that_has_bars():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA405] = 26
    data = io.BytesIO()
    image = Image.open(PEOPLE / FRONTS[0]).convert("RGB")
    padded(image, (0, 100, 0, 100), (0, 0, 0)).save(data, "JPEG", exif=exif)
    photo = read_photo(data.getvalue())
    assert (photo.focal_35mm, photo.focal_length_dropped) == (None, "bars")
    assert photo.pixels.shape[:2] == (image.height, image.width)


def test_a_person_cut_out_on_one_colour_keeps_the_room_about_her():
    picture = np.zeros((400, 300, 3), np.uint8)
    rows, columns = np.ogrid[:400, :300]
    picture[(rows - 200) ** 2 / 150**2 + (columns - 150) ** 2 / 40**2 < 1] = 180
    assert photo_within(Image.fromarray(picture)) is None
