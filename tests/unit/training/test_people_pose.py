"""Posing and cameras need no torch: a skeleton without skin is enough."""

import numpy as np
import pytest

from training.people.body import (
    ArmPose,
    LegPose,
    Pose,
    level_feet,
    pose_body,
)
from training.people.render import Camera, look

BONES = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
ODD_POSE = Pose(
    yaw_deg=17,
    lean_forward_deg=6,
    bend_side_deg=4,
    twist_deg=9,
    arm_left=ArmPose(50, 20, 70, 30, 10),
    arm_right=ArmPose(10, -5, 15, 5, 0),
    leg_left=LegPose(8, 80, 95, 20),
    leg_right=LegPose(2, 0, 5, 5),
)


@pytest.mark.parametrize("side", [".L", ".R"])
@pytest.mark.parametrize("bone", BONES)
def test_a_pose_keeps_every_bones_length(skeleton, bone, side):
    posed = pose_body(skeleton, ODD_POSE).joints
    before, after = (
        np.linalg.norm(j[bone[0] + side] - j[bone[1] + side]) for j in (skeleton.joints, posed)
    )
    assert after == pytest.approx(before)


def angle_deg(a, b):
    return np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


@pytest.mark.parametrize("side", [".L", ".R"])
def test_arms_hang_rise_and_bend_by_the_angles_asked_for(skeleton, side):
    arm = ArmPose(out_deg=30, forward_deg=0, elbow_deg=40, inward_deg=0)
    j = pose_body(skeleton, Pose(arm_left=arm, arm_right=arm)).joints
    upper, lower = j["elbow" + side] - j["shoulder" + side], j["wrist" + side] - j["elbow" + side]
    assert angle_deg(upper, np.array([0, 0, -1.0])) == pytest.approx(30)
    assert angle_deg(upper, lower) == pytest.approx(40)
    assert lower[1] < 0  # elbows bend forwards
    assert upper[0] * j["shoulder" + side][0] > 0  # and arms rise away from the body


def test_knees_bend_backwards(skeleton):
    leg = LegPose(out_deg=0, forward_deg=45, knee_deg=90)
    j = pose_body(skeleton, Pose(leg_left=leg, leg_right=leg)).joints
    assert j["knee.L"][1] < j["hip.L"][1] - 0.2
    assert j["ankle.L"][1] == pytest.approx(j["hip.L"][1], abs=0.02)


def test_level_feet_puts_both_ankles_at_one_height(skeleton):
    pose = Pose(leg_left=LegPose(knee_deg=14, forward_deg=7), leg_right=LegPose(knee_deg=0))
    j = pose_body(skeleton, level_feet(skeleton, pose)).joints
    assert j["ankle.L"][2] == pytest.approx(j["ankle.R"][2], abs=5e-4)


def test_a_level_camera_sees_left_on_the_right_and_up_above():
    camera = Camera(np.array([0, -3.0, 1.2]), look((0, -3, 1.2), 0, 0, 0), 1000.0, 800, 1200)
    middle, her_left, above = camera.project(np.array([[0, 0, 1.2], [0.3, 0, 1.2], [0, 0, 1.5]]))
    np.testing.assert_allclose(middle, [400, 600])
    np.testing.assert_allclose(her_left, [500, 600])
    np.testing.assert_allclose(above, [400, 500])


@pytest.mark.parametrize(
    ("angles", "moves"),
    [((0, 10, 0), (0, 1)), ((10, 0, 0), (1, 0)), ((0, -10, 0), (0, -1))],
)
def test_turning_the_camera_moves_the_picture_the_other_way(angles, moves):
    camera = Camera(np.array([0, -3.0, 1.2]), look((0, -3, 1.2), *angles), 1000.0, 800, 1200)
    off = camera.project(np.array([[0, 0, 1.2]]))[0] - [400, 600]
    np.testing.assert_allclose(off, 1000 * np.tan(np.radians(10)) * np.array(moves), atol=1e-9)


def test_rays_and_projection_are_inverse():
    camera = Camera(np.array([0.2, -2.5, 1.3]), look((0.2, -2.5, 1.3), 4, -9, 3), 900.0, 810, 1440)
    pixels = np.array([[100.5, 200.5], [700.5, 1300.5]])
    points = camera.position + 2.5 * camera.rays(pixels)
    np.testing.assert_allclose(camera.project(points), pixels, atol=1e-2)
