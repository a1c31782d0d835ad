import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.carfit import DEFAULT_VEHICLE, mirrors, vehicles
from chalicelib.carfit.mirrors import Point3

CAR = vehicles()[DEFAULT_VEHICLE]


def facing(yaw_deg: float, pitch_deg: float) -> np.ndarray:
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return np.array(
        [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)]
    )


def reflected(ray: np.ndarray, normal: np.ndarray) -> np.ndarray:
    return ray - 2.0 * (ray @ normal) * normal


@given(
    eye=st.tuples(st.floats(700, 1100), st.floats(-500, 500), st.floats(750, 1100)),
    mirror=st.tuples(st.floats(300, 500), st.floats(-1000, 1000), st.floats(600, 1100)),
    target=st.tuples(st.floats(5000, 40000), st.floats(-4000, 4000), st.floats(-700, 1000)),
)
def test_a_ray_from_the_eye_reflects_to_the_target(
    eye: Point3, mirror: Point3, target: Point3
) -> None:
    normal = facing(*mirrors.aim_deg(eye, mirror, target))
    sight = np.array(mirror) - np.array(eye)
    seen = reflected(sight / np.linalg.norm(sight), normal)
    wanted = np.array(target) - np.array(mirror)
    assert np.allclose(seen, wanted / np.linalg.norm(wanted), atol=1e-9)


def test_a_mirror_turned_right_or_up_has_positive_angles() -> None:
    mirror, aft = (400.0, 0.0, 900.0), (20_000.0, 0.0, 900.0)
    assert mirrors.aim_deg((900.0, 300.0, 900.0), mirror, aft)[0] > 0.0
    assert mirrors.aim_deg((900.0, 0.0, 1000.0), mirror, aft)[1] > 0.0
    assert mirrors.aim_deg(aft, mirror, aft) == pytest.approx((0.0, 0.0))


@pytest.mark.parametrize("drive_side", ["left", "right"])
def test_the_blind_zone_setting_turns_both_side_mirrors_outward(drive_side: str) -> None:
    eye = (CAR.design_eye_x_mm, CAR.design_eye_z_mm)
    classic = mirrors.aims(CAR, eye, drive_side)
    blind = mirrors.aims(CAR, eye, drive_side, "blind_zone")
    # Each mirror's view moves outward by twice what its glass turns.
    assert blind["left"][0] < classic["left"][0] - 3.0
    assert blind["right"][0] > classic["right"][0] + 3.0
    assert blind["interior"] == classic["interior"]


def view_deg(drive_side: str, name: str, setting: str) -> tuple[float, float]:
    """Azimuths outboard of straight aft that the glass of a mirror shows, inner and outer end."""
    eye = np.array([CAR.design_eye_x_mm, mirrors.seat_y(CAR, drive_side), CAR.design_eye_z_mm])
    normal = facing(*mirrors.aims(CAR, (eye[0], eye[2]), drive_side, setting)[name])
    across = np.cross([0.0, 0.0, 1.0], normal)
    pivot = np.array(mirrors.pivot(CAR, name))
    outward = -1.0 if name == "left" else 1.0
    ends = []
    for share in (-0.5, 0.5):
        point = pivot + share * CAR.side_mirror_glass_width_mm * across
        seen = reflected((point - eye) / np.linalg.norm(point - eye), normal)
        ends.append(math.degrees(math.atan2(outward * seen[1], seen[0])))
    return min(ends), max(ends)


def test_the_classic_view_holds_the_lane_beside_and_the_blind_zone_begins_further_out() -> None:
    inner, outer = view_deg("left", "left", "classic")
    mirror_x = CAR.side_mirror_x_mm
    behind = CAR.design_eye_x_mm + mirrors.FIELD_BEHIND_EYE_MM - mirror_x
    over = CAR.half_width_mm + mirrors.FIELD_WIDTH_MM - CAR.side_mirror_y_mm
    assert inner < 1.0
    assert outer > 0.9 * math.degrees(math.atan2(over, behind))
    assert view_deg("left", "left", "blind_zone")[0] > inner + 6.0
