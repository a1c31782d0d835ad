"""The same person's pixels get the same answer, whatever surrounds them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bodyscan import lengths
from bodyscan.bars import without_bars
from bodyscan.photo import Photo
from bodyscan.scan import look

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "container/models/pose_landmarker_full.task"
PEOPLE = ROOT / "tests/fixtures/people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}
FRONTS = ("front-1.jpg", "front-2.jpg", "front-7.jpg", "front-8.jpg")

colours = st.sampled_from([(0, 0, 0), (255, 255, 255), (90, 20, 60), (238, 238, 238)])
bars = st.tuples(*[st.integers(0, 300)] * 4)


def padded(image, around, colour):
    """The picture with bars of so many pixels at its left, top, right and bottom."""
    left, top, right, bottom = around
    size = image.width + left + right, image.height + top + bottom
    picture = Image.new("RGB", size, colour)
    picture.paste(image, (left, top))
    return picture


def measured(image, height_cm):
    data = io.BytesIO()
    image.save(data, "PNG")
    observation = look(data.getvalue(), "front", MODEL).observation
    return lengths.estimate([observation], height_cm)


def photo_of(image):
    return Photo(np.asarray(image), *image.size, "png", 26.0)


@pytest.mark.parametrize("file", FRONTS)
@settings(max_examples=4, deadline=None)
@given(around=bars, colour=colours)
def test_bars_change_nothing(file, around, colour):
    image = Image.open(PEOPLE / file).convert("RGB")
    height_cm = TRUTH[file]["height_cm"]
    bare, barred = (
        measured(each, height_cm).mean_cm for each in (image, padded(image, around, colour))
    )
    assert np.abs(bare - barred).max() < 0.7


@settings(max_examples=25, deadline=None)
@given(around=bars, colour=colours)
def test_bars_are_cut_off_to_the_pixel_and_the_focal_length_with_them(around, colour):
    image = Image.open(PEOPLE / FRONTS[0]).convert("RGB").resize((300, 400))
    around = tuple(pixels // 2 if pixels > 20 else 0 for pixels in around)
    barred = padded(image, around, colour)
    alone = without_bars(photo_of(barred))
    assert alone.pixels.shape[:2] == (400, 300)
    assert np.array_equal(alone.pixels, np.asarray(image))
    assert (alone.focal_35mm is None) == any(around)


def test_a_person_cut_out_on_one_colour_keeps_the_room_about_her():
    picture = np.zeros((400, 300, 3), np.uint8)
    rows, columns = np.ogrid[:400, :300]
    picture[(rows - 200) ** 2 / 150**2 + (columns - 150) ** 2 / 40**2 < 1] = 180
    cut_out = photo_of(Image.fromarray(picture))
    assert without_bars(cut_out) is cut_out
