"""Collages keep their photos whole."""

import numpy as np
import pytest
from PIL import Image

from training.people.collages import paste_side_by_side, tiled, with_inset

RED, BLUE, WHITE = (200, 0, 0), (0, 0, 200), (255, 255, 255)


def plain(colour, size=(60, 80)):
    return Image.new("RGB", size, colour)


def share(picture, colour):
    return float((np.asarray(picture) == colour).all(axis=2).mean())


def test_photos_side_by_side_take_all_but_the_gaps():
    out = tiled([plain(RED), plain(BLUE)], 2, 10, WHITE)
    assert out.size == (150, 100)
    assert share(out, RED) == share(out, BLUE) == pytest.approx(60 * 80 / 15000)


def test_a_small_photo_lies_whole_in_the_corner_asked_for():
    out = with_inset(plain(RED, (300, 400)), plain(BLUE), 0.3, right=True, top=False, frame_px=2)
    assert out.size == (300, 400)
    rows, columns = np.nonzero((np.asarray(out) == BLUE).all(axis=2))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (120, 90)
    assert rows.min() > 200 and columns.min() > 150


@pytest.mark.parametrize("count", [2, 4])
def test_a_collage_has_the_long_side_asked_for(count):
    images = [plain(RED), plain(BLUE)] * (count // 2)
    for seed in range(6):
        out = paste_side_by_side(images, 500, np.random.default_rng(seed))
        assert max(out.size) == 500
