import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.carfit import DEFAULT_VEHICLE, linkage, rules, vehicles
from tests.unit.carfit.test_linkage import links_of

CAR = replace(vehicles()[DEFAULT_VEHICLE], wheel_diameter_mm=350.0)
BODY = links_of(175.0, CAR.h30_mm)
POSTURE = linkage.sit(BODY, (870.0, 262.0), 23.0, (CAR.wheel_x_mm, CAR.wheel_z_mm))


@given(st.floats(0, 50), st.floats(0, 5.7))
def test_a_wheel_setting_brings_the_wheel_where_it_says(telescope: float, tilt: float) -> None:
    again = rules.wheel_setting(CAR, rules.wheel_at(CAR, telescope, tilt))
    assert again == pytest.approx((telescope, tilt))


def test_the_telescope_brings_the_wheel_to_the_driver_and_the_tilt_lifts_it() -> None:
    middle = rules.wheel_at(CAR, 25.0, CAR.wheel_tilt_travel_deg / 2)
    assert middle == pytest.approx((CAR.wheel_x_mm, CAR.wheel_z_mm))
    nearer = rules.wheel_at(CAR, 50.0, CAR.wheel_tilt_travel_deg / 2)
    assert math.dist(middle, nearer) == pytest.approx(25.0)
    assert nearer[0] > middle[0]
    assert rules.wheel_at(CAR, 25.0, CAR.wheel_tilt_travel_deg)[1] > middle[1]


@pytest.mark.parametrize("name", rules.Margins._fields)
def test_each_margin_falls_by_what_is_taken_from_it(name: str) -> None:
    """Move the one thing that a rule watches by 10 mm: its margin falls by about as much."""
    x, z = POSTURE.h_point
    wheel_x, wheel_z = POSTURE.grip
    lowered = replace(CAR, headroom_mm=CAR.headroom_mm - 10.0)
    moved = {
        "belly": (CAR, (x, z), (wheel_x + 10.0, wheel_z)),
        "brake": (CAR, (x + 10.0, z), (wheel_x, wheel_z)),
        "chest": (CAR, (x, z), (wheel_x + 10.0, wheel_z)),
        "head": (lowered, (x, z), (wheel_x, wheel_z)),
        "thigh": (CAR, (x, z), (wheel_x, wheel_z - 10.0)),
        "wrist": (CAR, (x, z), (wheel_x - 10.0, wheel_z)),
        "cowl": (replace(CAR, cowl_z_mm=CAR.cowl_z_mm + 10.0), (x, z), (wheel_x, wheel_z)),
        "rim": (CAR, (x, z), (wheel_x, wheel_z + 10.0)),
        "header": (replace(CAR, header_z_mm=CAR.header_z_mm - 10.0), (x, z), (wheel_x, wheel_z)),
    }
    car, h_point, wheel = moved[name]
    before = getattr(rules.margins(BODY, POSTURE, CAR), name)
    after = getattr(rules.margins(BODY, linkage.sit(BODY, h_point, 23.0, wheel), car), name)
    assert before - after == pytest.approx(10.0, abs=1.5)


def test_a_wheel_between_its_height_limits_spares_thighs_and_view() -> None:
    low, high = rules.wheel_z_limits(BODY, POSTURE, CAR)
    assert low < high
    at_high = linkage.sit(BODY, POSTURE.h_point, 23.0, (CAR.wheel_x_mm, high))
    top, _ = rules.rim(CAR, at_high.grip)
    eye = at_high.eye
    down = math.degrees(math.atan2(eye[1] - top[1], eye[0] - top[0]))
    assert down == pytest.approx(rules.DOWN_VIEW_OVER_WHEEL_DEG)
    at_low = linkage.sit(BODY, POSTURE.h_point, 23.0, (CAR.wheel_x_mm, low))
    _, bottom = rules.rim(CAR, at_low.grip)
    thigh = linkage.thigh_top_z(at_low, bottom[0])
    assert bottom[1] - thigh == pytest.approx(rules.WHEEL_TO_THIGH_MM)
