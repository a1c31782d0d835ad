"""A print says where the photo's pixels went, and covers what its name says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from training.people.prints import AROUND, PRINTS, marks_of, printed

PEOPLE = Path(__file__).parents[2] / "fixtures/people"
LINES = [json.loads(line) for line in (PEOPLE / "truth.jsonl").read_text().splitlines()]
TRUTH = next(truth for truth in LINES if truth["file"] == "front-1.jpg")
PATCH_PX = 12


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(PEOPLE / TRUTH["file"]) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def patch(picture: Image.Image, centre, half_px: float) -> np.ndarray:
    """The square about a point, at one size whatever the picture's scale."""
    (x, y), h = centre, half_px
    square = picture.resize((24, 24), Image.Resampling.BILINEAR, (x - h, y - h, x + h, y + h))
    return np.asarray(square, float)


def difference(photo, out, point) -> float:
    """Mean difference about a point of the photo, where it was and where it went."""
    before = patch(photo, point, PATCH_PX)
    after = patch(out.picture, out.at(point), PATCH_PX * out.scale)
    return float(np.abs(before - after).mean())


@pytest.mark.parametrize("name", AROUND)
@pytest.mark.parametrize("seed", range(3))
def test_what_lies_around_a_photo_leaves_the_person_as_they_are(photo, name, seed):
    out = printed(name, photo, TRUTH, seed)
    for joint in TRUTH["joints_px"].values():
        assert difference(photo, out, joint) < 6
    assert out.picture.size != photo.size or name == "date in a corner"


COVERED = {
    "date over feet": "feet",
    "sticker on feet": "feet",
    "caption over feet": "feet",
    "sticker on head": "head",
    "caption over head": "head",
    "sticker on a hand": "hand",
}


@pytest.mark.parametrize("name", COVERED)
def test_what_lies_over_a_part_covers_it_and_nothing_else(photo, name):
    out, marks = printed(name, photo, TRUTH, 3), marks_of(TRUTH)
    point = getattr(marks, COVERED[name])
    assert out.picture.size == photo.size and out.scale == 1
    changed = np.abs(np.asarray(photo, int) - np.asarray(out.picture, int)).sum(axis=2) > 30
    rows = np.flatnonzero(changed.any(axis=1))
    assert rows.min() <= point[1] + PATCH_PX and rows.max() >= point[1] - PATCH_PX
    assert np.ptp(rows) < 0.3 * marks.height_px
    other = marks.head if COVERED[name] == "feet" else marks.feet
    assert difference(photo, out, other) < 1


@pytest.mark.parametrize("name", PRINTS)
def test_the_same_seed_is_the_same_print(photo, name):
    one, two, other = (printed(name, photo, TRUTH, seed).picture for seed in (1, 1, 2))
    assert one.tobytes() == two.tobytes()
    assert one.size != other.size or one.tobytes() != other.tobytes()
