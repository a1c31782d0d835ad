import pytest

from chalicelib.carfit import Kept, recommend, transfer, vehicles
from tests.unit.carfit.bodies import average_body

SETTINGS = {
    "seat.fore_aft_mm": 2.0,
    "seat.height_mm": 2.0,
    "seat.backrest_recline_deg": 0.5,
    "steering_wheel.telescope_mm": 2.0,
    "steering_wheel.tilt_deg": 0.5,
}
"""In the order of `Kept`, and how far a driver who goes there and back may be off."""
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
    ended = {each.params.get("setting") for each in found.recommendation.warnings}
    if "steering_wheel.telescope_mm" not in ended:
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


@pytest.mark.parametrize("height_cm", [150.0, 165.0, 180.0, 195.0])
@pytest.mark.parametrize("there", ["commercial_van", "sports", "medium_car", "NEV"])
def test_there_and_back_returns_or_says_what_was_lost(height_cm: float, there: str) -> None:
    body, car = average_body(height_cm), vehicles()[there]
    kept = kept_of(recommend(body, SMALL))
    out = transfer(body, kept, SMALL, car).recommendation
    back = transfer(body, kept_of(out), car, SMALL).recommendation
    said = {w.params.get("setting") for each in (out, back) for w in each.warnings}
    if not said & SETTINGS.keys():
        for path, before in zip(SETTINGS, kept, strict=True):
            group, name = path.split(".")
            after = getattr(getattr(back.settings, group), name)
            assert after == pytest.approx(before, abs=SETTINGS[path]), path


def test_own_settings_for_the_same_car_are_kept_as_they_are() -> None:
    body = average_body(185.0)
    own = Kept(95.0, 41.0, 29.0, 12.0, 5.0)
    found = transfer(body, own, SMALL, SMALL).recommendation
    assert kept_of(found) == pytest.approx(own)
    assert "POSTURE_NOT_KEPT" not in {each.code for each in found.warnings}


def test_what_a_rule_takes_from_the_driver_is_said() -> None:
    body = average_body(150.0, "female")
    found = transfer(body, Kept(0.0, 30.0, 14.0, 50.0, 3.0), SMALL, VAN).recommendation
    lost = [each for each in found.warnings if each.code == "POSTURE_NOT_KEPT"]
    assert lost
    for each in lost:
        assert each.params["setting"].startswith(("seat.", "steering_wheel."))
        assert abs(each.params["value"] - each.params["wanted"]) > 0.5


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
