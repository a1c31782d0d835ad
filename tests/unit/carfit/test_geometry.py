import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.carfit import geometry
from tests.unit.carfit.bodies import average_body

H_POINT = (760.0, 275.0)


def reflected(ray: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return ray - 2.0 * (ray @ normal) * normal


@given(
    eye=st.tuples(st.floats(700, 1100), st.floats(-500, 500), st.floats(750, 1100)),
    mirror=st.tuples(st.floats(300, 500), st.floats(-1000, 1000), st.floats(600, 1100)),
    target=st.tuples(st.floats(5000, 40000), st.floats(-4000, 4000), st.floats(-700, 1000)),
)
def test_a_ray_from_the_eye_reflects_to_the_target(
    eye: geometry.Point3, mirror: geometry.Point3, target: geometry.Point3
) -> None:
    yaw, pitch = np.radians(geometry.mirror_aim_deg(eye, mirror, target))
    normal = np.array(
        [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)]
    )
    sight = np.array(mirror) - np.array(eye)
    seen = reflected(sight / np.linalg.norm(sight), normal)
    wanted = np.array(target) - np.array(mirror)
    assert np.allclose(seen, wanted / np.linalg.norm(wanted), atol=1e-9)


def test_a_mirror_turned_right_or_up_has_positive_angles() -> None:
    mirror, aft = (400.0, 0.0, 900.0), (20_000.0, 0.0, 900.0)
    assert geometry.mirror_aim_deg((900.0, 300.0, 900.0), mirror, aft)[0] > 0.0
    assert geometry.mirror_aim_deg((900.0, 0.0, 1000.0), mirror, aft)[1] > 0.0
    assert geometry.mirror_aim_deg(aft, mirror, aft) == pytest.approx((0.0, 0.0))


@pytest.mark.parametrize("height_cm", [145.0, 175.0, 205.0])
def test_the_knee_keeps_both_links_and_points_up(height_cm: float) -> None:
    legs = geometry.legs(average_body(height_cm), 270.0)
    knee = legs.knee(H_POINT)
    assert math.dist(knee, H_POINT) == pytest.approx(legs.thigh_mm)
    assert math.dist(knee, legs.ankle) == pytest.approx(legs.calf_mm)
    assert knee[1] > H_POINT[1]


def test_a_leg_out_of_reach_is_straight() -> None:
    legs = geometry.legs(average_body(150.0), 270.0)
    knee = legs.knee((1500.0, 275.0))
    straight = math.dist((1500.0, 275.0), legs.ankle)
    assert math.dist(knee, legs.ankle) + legs.thigh_mm == pytest.approx(straight)


def test_the_furthest_seat_presses_the_brake_with_the_knee_still_bent() -> None:
    legs = geometry.legs(average_body(170.0), 270.0)
    hip = (legs.furthest_h_point_x(275.0), 275.0)
    pressing = (legs.ankle[0] - geometry.BRAKE_FORWARD_MM, legs.ankle[1])
    cosine = (legs.thigh_mm**2 + legs.calf_mm**2 - math.dist(hip, pressing) ** 2) / (
        2.0 * legs.thigh_mm * legs.calf_mm
    )
    assert math.degrees(math.acos(cosine)) == pytest.approx(geometry.KNEE_AT_FULL_BRAKE_DEG)


@given(st.floats(700, 1000), st.floats(350, 600), st.floats(15, 45), st.floats(0, 60))
def test_recline_moves_the_chest_to_where_it_is_wanted(
    h_point_x: float, torso_mm: float, bmi: float, recline_deg: float
) -> None:
    x = geometry.chest_x(h_point_x, torso_mm, bmi, recline_deg)
    again = geometry.recline_for_chest_x(x, h_point_x, torso_mm, bmi)
    assert again == pytest.approx(recline_deg, abs=1e-6)


def test_a_wheel_between_its_height_limits_spares_thighs_and_view() -> None:
    eye, knee = (900.0, 960.0), (380.0, 330.0)
    rim = (540.0, 360.0, 25.0)
    low, high = geometry.wheel_height_limits(rim, eye, H_POINT, knee)
    assert low < high
    plane = math.radians(25.0)
    upper = (540.0 - 180.0 * math.sin(plane), high + 180.0 * math.cos(plane))
    down = math.degrees(math.atan2(eye[1] - upper[1], eye[0] - upper[0]))
    assert down == pytest.approx(geometry.DOWN_VIEW_OVER_WHEEL_DEG)
    lower = (540.0 + 180.0 * math.sin(plane), low - 180.0 * math.cos(plane))
    thigh = geometry.thigh_top_z(H_POINT, knee, lower[0])
    assert lower[1] - thigh == pytest.approx(geometry.WHEEL_TO_THIGH_MM)
