"""Plumb edges tell how the camera was held; what is not plumb tells nothing."""

import cv2
import numpy as np
import pytest

from bodyscan.verticals import find_upright, upright_segments

SIZE_PX = (720, 960)
LONGER_PX = max(SIZE_PX)
FOCAL = 0.8
NOBODY = np.zeros(SIZE_PX[::-1], np.float32)
AROUND = (-1.2, -1.0, -0.6, 0.5, 0.9, 1.3)
"""Metres to the right of the camera, of edges that are 3 m away."""


def seen(points, pitch_deg, roll_deg):
    """Pixels of points (right, up, ahead of the camera, in metres), of a camera so held."""
    p, r = np.radians([pitch_deg, roll_deg])
    right, up, ahead = np.moveaxis(np.asarray(points, float), -1, 0)
    forward = np.cos(p) * ahead + np.sin(p) * up
    below = np.sin(p) * ahead - np.cos(p) * up
    x, y = np.cos(r) * right + np.sin(r) * below, np.cos(r) * below - np.sin(r) * right
    return np.stack([x, y], -1) / forward[..., None] * FOCAL * LONGER_PX + np.array(SIZE_PX) / 2


def picture(lines):
    """A grey wall with a line between each two places in pixels, and some noise."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(170, 3, (*SIZE_PX[::-1], 3)).clip(0, 255).astype(np.uint8)
    for one, other in lines:
        ends = (tuple(round(v * 16) for v in place) for place in (one, other))
        cv2.line(pixels, *ends, (90, 70, 60), 5, cv2.LINE_AA, shift=4)
    return pixels


def wall(pitch_deg, roll_deg, places=AROUND, lean=0.0):
    """Edges from the floor to the ceiling; ``lean`` to the right, a metre up."""
    ends = [[(x - 1.3 * lean, -1.3, 3.0), (x + 1.3 * lean, 1.3, 3.0)] for x in places]
    return picture(seen(ends, pitch_deg, roll_deg))


def upright(pixels, mask=NOBODY, roll_deg=0.0):
    return find_upright(upright_segments(pixels, mask), FOCAL, np.radians(roll_deg))


@pytest.mark.parametrize("pitch_deg", [-24, -12, 0, 9, 22])
@pytest.mark.parametrize("roll_deg", [-3, 0, 2])
def test_pitch_and_roll_come_back(pitch_deg, roll_deg):
    found = upright(wall(pitch_deg, roll_deg))
    assert np.degrees(found.pitch_rad) == pytest.approx(pitch_deg, abs=0.7)
    assert np.degrees(found.roll_rad) == pytest.approx(roll_deg, abs=0.3)
    assert abs(np.degrees(found.pitch_rad) - pitch_deg) < 2 * np.degrees(found.pitch_sd_rad)


def test_edges_near_the_middle_tell_less():
    wide = upright(wall(-15, 0))
    narrow = upright(wall(-15, 0, [0.45 * x for x in AROUND]))
    assert wide.pitch_sd_rad < narrow.pitch_sd_rad


def test_things_that_lean_do_not_mislead():
    straight = seen([[(x, -1.3, 3.0), (x, 1.3, 3.0)] for x in AROUND], -12, 1)
    leaning = seen([[(x - 0.3, -1.0, 3.0), (x, 0.8, 3.0)] for x in (-0.3, 0.3)], -12, 1)
    found = upright(picture([*straight, *leaning]))
    assert np.degrees(found.pitch_rad) == pytest.approx(-12, abs=0.7)


def test_one_door_is_not_enough_to_tell_what_is_upright():
    assert upright(wall(-15, 0, (0.40, 0.42, 0.44, 0.46))) is None


@pytest.mark.parametrize("seed", range(5))
def test_branches_that_lean_any_way_tell_nothing(seed):
    rng = np.random.default_rng(seed)
    starts = rng.uniform([60, 60], [660, 800], (60, 2))
    leans = rng.uniform(-0.45, 0.45, 60)
    lengths = rng.uniform(50, 160, 60)
    ends = starts + lengths[:, None] * np.column_stack([np.sin(leans), np.cos(leans)])
    pixels = picture(zip(starts, ends, strict=True))
    assert len(upright_segments(pixels, NOBODY)) > 30
    assert upright(pixels) is None


def test_noise_and_nothing_tell_nothing():
    noise = np.random.default_rng(1).integers(0, 255, (*SIZE_PX[::-1], 3), np.uint8)
    for pixels in (noise, np.full_like(noise, 128)):
        assert upright(pixels) is None


def test_edges_of_the_person_are_left_out():
    # Trousers and sleeves that converge as no wall does, before a wall that is seen as it is.
    person = [((x, 240), (360 + 0.6 * (x - 360), 760)) for x in (250, 290, 330, 390, 430, 470)]
    room = seen([[(x, -1.3, 3.0), (x, 1.3, 3.0)] for x in (-1.25, -1.1, 1.05, 1.2)], -10, 0)
    pixels = picture([*person, *room])
    mask = NOBODY.copy()
    mask[200:800, 230:490] = 1.0
    kept = upright_segments(pixels, mask)
    middles_px = kept.reshape(-1, 2, 2).mean(axis=1)[:, 0] * LONGER_PX + SIZE_PX[0] / 2
    assert len(kept)
    assert not ((middles_px > 230) & (middles_px < 490)).any()
    assert np.degrees(upright(pixels, mask).pitch_rad) == pytest.approx(-10, abs=1.0)


def test_boards_on_the_floor_before_the_person_are_left_out():
    boards = [((x, 720), (360 + 1.3 * (x - 360), 900)) for x in (120, 200, 520, 600)]
    pixels = picture(boards)
    mask = NOBODY.copy()
    mask[200:760, 330:390] = 1.0
    assert len(upright_segments(pixels, NOBODY)) >= 4
    assert len(upright_segments(pixels, mask)) == 0


def test_roll_tells_what_edges_on_one_side_leave_open():
    pixels = wall(-14, 4, (0.5, 0.75, 1.0, 1.2, 1.35))
    found = upright(pixels, roll_deg=4)
    assert np.degrees(found.pitch_rad) == pytest.approx(-14, abs=1.5)
