"""Points come back from the picture to where they were, however the phone was held."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyscan import camera
from bodyscan.skeleton import POINTS

# Right, ahead (away from the camera), up, in heights; the origin is the floor under the hips.
BODY = {
    "shoulder": (0.10, 0.01, 0.80),
    "elbow": (0.16, 0.02, 0.65),
    "wrist": (0.20, -0.03, 0.51),
    "hip": (0.05, 0.0, 0.51),
    "knee": (0.06, -0.01, 0.28),
    "ankle": (0.06, 0.02, 0.04),
    "floor": (0.06, 0.02, 0.0),
}


def body():
    """`POINTS` of a person who faces the camera: their left is the picture's right."""
    rows = []
    for name in POINTS:
        side, _, joint = name.partition("_")
        if name == "vertex":
            rows.append((0.0, 0.02, 1.0))
        else:
            x, y, z = BODY[joint]
            rows.append((x if side == "left" else -x, y, z))
    return np.array(rows)


def axes_of(pitch_rad, roll_rad, yaw_rad):
    """Camera axes (right, down, forward) in the world, as rows."""
    forward = np.array(
        [
            np.sin(yaw_rad) * np.cos(pitch_rad),
            np.cos(yaw_rad) * np.cos(pitch_rad),
            np.sin(pitch_rad),
        ]
    )
    right = np.array([np.cos(yaw_rad), -np.sin(yaw_rad), 0.0])
    down = np.cross(forward, right)
    turned = np.cos(roll_rad) * right + np.sin(roll_rad) * down
    return np.stack([turned, np.cross(forward, turned), forward])


def picture(points, eye, axes, focal):
    """Where points are seen, from the picture's middle, in the unit of ``focal``."""
    seen = (points - eye) @ axes.T
    return focal * seen[:, :2] / seen[:, 2:]


@settings(max_examples=200, deadline=None)
@given(
    pitch_deg=st.floats(-30, 20),
    roll_deg=st.floats(-8, 8),
    yaw_deg=st.floats(-12, 12),
    eye_height=st.floats(0.3, 1.2),
    distance=st.floats(1.0, 3.0),
    focal=st.floats(0.7, 3.0),
)
def test_points_come_back_to_where_they_were(
    pitch_deg, roll_deg, yaw_deg, eye_height, distance, focal
):
    eye = np.array([0.0, -distance, eye_height])
    axes = axes_of(*np.radians([pitch_deg, roll_deg, yaw_deg]))
    points = body()
    seen = picture(points, eye, axes, focal)
    person_offset = (seen[12] + seen[13:].mean(axis=0)) / 2
    ray = camera.ray_of(person_offset, focal)
    ahead = ray @ axes
    elevation_rad = float(np.arcsin(ahead[2]))
    down = axes @ [0.0, 0.0, -1.0]
    x, y = ray[:2] / ray[2]
    roll_rad = float(np.arctan2(down[0] - x * down[2], down[1] - y * down[2]))

    np.testing.assert_allclose(camera.down(ray, elevation_rad, roll_rad), down, atol=1e-9)
    assert camera.elevation_of_pitch(ray, np.radians(pitch_deg), roll_rad) == pytest.approx(
        elevation_rad
    )
    level = np.array([ahead[0], ahead[1]]) / np.hypot(ahead[0], ahead[1])
    depth = (points[:, :2] - points[6:8, :2].mean(axis=0)) @ level
    found = camera.points_in_space(
        seen - person_offset, depth, focal, person_offset, elevation_rad, roll_rad
    )
    true = points - eye
    across = np.array([level[1], -level[0]])
    expected = np.column_stack([true[:, :2] @ across, true[:, :2] @ level, true[:, 2]])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_phone_held_high_sees_short_shins_which_space_makes_whole():
    points = body()
    eye, axes = np.array([0.0, -1.4, 1.1]), axes_of(np.radians(-22), 0.0, 0.0)
    seen = picture(points, eye, axes, 1.0)
    knee, ankle, shoulder, hip = (
        POINTS.index(f"left_{n}") for n in ("knee", "ankle", "shoulder", "hip")
    )
    in_pixels = np.linalg.norm(seen[knee] - seen[ankle]) / np.linalg.norm(
        seen[shoulder] - seen[hip]
    )
    true = np.linalg.norm(points[knee] - points[ankle]) / np.linalg.norm(
        points[shoulder] - points[hip]
    )
    assert in_pixels < 0.85 * true


def witness(elevation_deg, sd_deg, wrong_share=0.03):
    return camera.Witness(*np.radians([elevation_deg, sd_deg]), wrong_share, np.radians(15.0))


def joined_deg(*witnesses):
    return tuple(np.degrees(camera.join_witnesses(witnesses)))


def test_witnesses_that_agree_count_by_inverse_variance():
    elevation, sd = joined_deg(witness(-10, 4, 0.0), witness(-8, 1, 0.0))
    assert elevation == pytest.approx((-10 / 16 - 8) / (1 / 16 + 1))
    assert sd == pytest.approx((1 / 16 + 1) ** -0.5)


def test_a_witness_that_all_others_contradict_is_doubted():
    alone, sd_alone = joined_deg(witness(-9, 4, 0.12), witness(-10, 2))
    elevation, sd = joined_deg(witness(-9, 4, 0.12), witness(-10, 2), witness(25, 1))
    assert elevation == pytest.approx(alone, abs=1.5)
    assert sd > sd_alone


def test_two_that_contradict_each_other_leave_doubt():
    agreeing = joined_deg(witness(2, 4, 0.12), witness(3, 1))
    elevation, sd = joined_deg(witness(2, 4, 0.12), witness(17, 1))
    assert 2 < elevation < 17
    assert sd > 3 * agreeing[1]
