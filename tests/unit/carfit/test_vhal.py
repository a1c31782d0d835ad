import pytest

from chalicelib.carfit import DEFAULT_VEHICLE, recommend, vehicles, vhal
from chalicelib.carfit.settings import travels
from tests.unit.carfit.bodies import average_body

CAR = vehicles()[DEFAULT_VEHICLE]
PROFILE = {
    "SEAT_FORE_AFT_POS": vhal.Range(0, 260, 5),
    "SEAT_HEIGHT_POS": vhal.Range(-30, 30),
    "STEERING_WHEEL_HEIGHT_POS": vhal.Range(0, 1000, 10, inverted=True),
}


def by_name(found, area: str | None = None) -> dict[str, int]:
    return {e.property: e.value for e in found.vhal if area in (None, e.area)}


def test_every_setting_has_its_property_and_area_once() -> None:
    for side, row in (("left", "ROW_1_LEFT"), ("right", "ROW_1_RIGHT")):
        found = recommend(average_body(172.0), CAR, drive_side=side)
        keys = [(each.property, each.area_id) for each in found.vhal]
        assert len(keys) == len(set(keys)) == 14
        assert {each.property for each in found.vhal} == set(vhal.RANGES)
        assert {e.area for e in found.vhal if e.property.startswith("SEAT")} == {row}


def test_fore_aft_backrest_and_depth_run_against_ours() -> None:
    near, far = (by_name(recommend(average_body(h), CAR)) for h in (155.0, 188.0))
    assert near["SEAT_FORE_AFT_POS"] > far["SEAT_FORE_AFT_POS"]
    assert near["STEERING_WHEEL_DEPTH_POS"] > far["STEERING_WHEEL_DEPTH_POS"]
    upright, relaxed = (
        by_name(recommend(average_body(172.0), CAR, posture=p)) for p in ("upright", "relaxed")
    )
    assert upright["SEAT_BACKREST_ANGLE_1_POS"] > relaxed["SEAT_BACKREST_ANGLE_1_POS"]


def test_mirrors_are_as_ours() -> None:
    found = recommend(average_body(172.0), CAR)
    low, high = travels(CAR)["mirrors.left.yaw_deg"]
    share = (found.settings.mirrors.left.yaw_deg - low) / (high - low)
    assert by_name(found, "DRIVER_LEFT")["MIRROR_Y_POS"] == pytest.approx(-100 + 200 * share, abs=1)


def test_a_cars_profile_counts_in_its_own_steps_and_direction() -> None:
    body = average_body(172.0)
    found = recommend(body, CAR, vhal_profile=PROFILE)
    values, seat = by_name(found), found.settings.seat
    fore_aft = values["SEAT_FORE_AFT_POS"]
    assert fore_aft % 5 == 0
    assert fore_aft == pytest.approx(CAR.seat_travel_mm - seat.fore_aft_mm, abs=2.5)
    assert values["SEAT_HEIGHT_POS"] == round(seat.height_mm / CAR.seat_lift_mm * 60) - 30
    plain = by_name(recommend(body, CAR))["STEERING_WHEEL_HEIGHT_POS"]
    assert values["STEERING_WHEEL_HEIGHT_POS"] == pytest.approx(1000 - 10 * plain, abs=10)


def test_values_stay_within_their_range() -> None:
    for height_cm in (140.0, 170.0, 205.0):
        for car in vehicles().values():
            found = recommend(average_body(height_cm), car, vhal_profile=PROFILE)
            for each in found.vhal:
                known = {**vhal.RANGES, **PROFILE}[each.property]
                assert known.min <= each.value <= known.max


@pytest.mark.parametrize("wrong", [(5, 5, 1), (6, 5, 1), (0, 10, 0)])
def test_a_range_that_is_none_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="min"):
        vhal.Range(*wrong)
