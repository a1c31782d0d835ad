import pytest

from chalicelib.carfit import Kept, recommend, transfer, vehicles
from tests.unit.carfit.bodies import average_body

SMALL, VAN = vehicles()["small_car"], vehicles()["commercial_van"]


def kept_of(found, *, further_mm: float = 0.0) -> Kept:
    seat, wheel = found.settings.seat, found.settings.steering_wheel
    return Kept(
        seat.fore_aft_mm + further_mm,
        seat.height_mm,
        seat.backrest_recline_deg,
        wheel.telescope_mm,
        wheel.tilt_deg,
    )


@pytest.mark.parametrize("height_cm", [160.0, 172.0, 185.0])
def test_the_posture_comes_along(height_cm: float) -> None:
    body = average_body(height_cm)
    found = transfer(body, kept_of(recommend(body, SMALL)), SMALL, VAN)
    after = found.recommendation.posture.angles_deg
    assert found.recommendation.vehicle == VAN.id
    for joint in ("knee", "trunk"):
        assert after[joint] == pytest.approx(found.angles_before_deg[joint], abs=3.0), joint
    assert after["elbow"] == pytest.approx(found.angles_before_deg["elbow"], abs=15.0)


def test_to_the_same_car_nothing_changes() -> None:
    body = average_body(172.0)
    here = recommend(body, SMALL)
    again = transfer(body, kept_of(here), SMALL, SMALL).recommendation.settings
    assert again.seat.fore_aft_mm == pytest.approx(here.settings.seat.fore_aft_mm, abs=0.5)
    assert again.seat.height_mm == pytest.approx(here.settings.seat.height_mm, abs=0.5)
    assert again.steering_wheel.tilt_deg == pytest.approx(
        here.settings.steering_wheel.tilt_deg, abs=0.1
    )


def test_who_sits_further_back_than_others_does_so_in_the_other_car_too() -> None:
    body = average_body(172.0)
    usual = recommend(body, SMALL)
    far = transfer(body, kept_of(usual, further_mm=30.0), SMALL, VAN)
    near = transfer(body, kept_of(usual), SMALL, VAN)
    moved = far.recommendation.settings.seat.fore_aft_mm
    assert moved - near.recommendation.settings.seat.fore_aft_mm == pytest.approx(30.0, abs=8.0)


def test_what_the_driver_keeps_is_surer_than_what_others_like() -> None:
    body = average_body(172.0)
    known = transfer(body, kept_of(recommend(body, SMALL)), SMALL, VAN).recommendation
    low, high = known.band_80.seat.fore_aft_mm
    guess_low, guess_high = recommend(body, VAN).band_80.seat.fore_aft_mm
    assert high - low < 0.6 * (guess_high - guess_low)


def test_safety_comes_before_habit() -> None:
    body = average_body(150.0, "female")
    hugging = Kept(0.0, 30.0, 14.0, 50.0, 3.0)
    found = transfer(body, hugging, SMALL, VAN).recommendation
    codes = [warning.code for warning in found.warnings]
    shoulder, grip = (found.posture.joints_mm[name] for name in ("shoulder", "grip"))
    assert shoulder[0] > grip[0]
    assert found.settings.seat.backrest_recline_deg > 14.0 or "CHEST_TO_WHEEL" in codes
