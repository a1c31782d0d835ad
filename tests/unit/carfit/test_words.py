"""What a recommendation says is true of it: bodies, cars and postures are swept."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.models.carfit_words import untruths
from chalicelib.body_prior import SEGMENTS, conditional
from chalicelib.carfit import Body, Vehicle, own_vehicle, recommend, vehicles
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.model import POSTURES
from tests.unit.carfit.bodies import average_body

CARS = list(vehicles().values())


def odd_body(rng: np.random.Generator) -> Body:
    height_cm = float(rng.uniform(135.0, 212.0))
    prior = conditional(height_cm)
    lengths = prior.mean_cm + np.linalg.cholesky(prior.cov_cm2) @ rng.standard_normal(5)
    named = {f"{name}_cm": float(cm) for name, cm in zip(SEGMENTS, lengths, strict=True)}
    weeks = float(rng.uniform(1.0, 42.0)) if rng.uniform() < 0.2 else None
    weight_kg = float(rng.uniform(17.0, 45.0)) * (height_cm / 100.0) ** 2
    return Body(height_cm, weight_kg=weight_kg, pregnancy_weeks=weeks, **named)


@pytest.mark.parametrize("car", CARS, ids=lambda each: each.id)
def test_no_reason_contradicts_a_warning_and_every_number_is_the_answers(car: Vehicle) -> None:
    rng = np.random.default_rng(9)
    for i in range(60):
        body, posture = odd_body(rng), list(POSTURES)[i % 3]
        found = recommend(body, car, posture=posture, drive_side=("left", "right")[i % 2])
        assert list(untruths(found, car)) == [], body


def test_a_wheel_that_should_come_nearer_is_said_to() -> None:
    """Less telescope is further away: "18 mm more" said the opposite."""
    car = vehicles()["minivan"]
    short = own_vehicle(car, {"wheel_x_mm": car.wheel_x_mm - 60.0})
    far = next(
        each
        for each in recommend(average_body(180.0), short).warnings
        if each.params.get("setting") == "steering_wheel.telescope_mm"
    )
    assert far.params["wanted"] > far.params["limit"] == car.wheel_telescope_travel_mm
    assert "nearer to you" in far.message["en"] and "가까우면" in far.message["ko"]


def test_settings_are_called_as_korean_drivers_call_them() -> None:
    found = recommend(average_body(205.0, "male"), vehicles()["sports"])
    said = " ".join(
        [each.message["ko"] for each in found.warnings]
        + [found.reasons.head_restraint.height_mm["ko"]]
    )
    assert "헤드레스트" in said and "머리지지대" not in said


def test_a_belly_takes_the_wheel_up_before_the_seat_back() -> None:
    car = vehicles()["small_suv"]
    heavy = replace(average_body(158.0, "female"), weight_kg=38.0 * 1.58**2)
    plain, pregnant = recommend(heavy, car), recommend(replace(heavy, pregnancy_weeks=38.0), car)
    assert pregnant.settings.steering_wheel.tilt_deg >= plain.settings.steering_wheel.tilt_deg
    wheel = pregnant.settings.steering_wheel
    moved_back = pregnant.settings.seat.fore_aft_mm > plain.settings.seat.fore_aft_mm + 1.0
    assert not moved_back or wheel.telescope_mm == pytest.approx(0.0, abs=0.5)
    grip, ended = pregnant.posture.joints_mm["grip"], plain.posture.joints_mm["grip"]
    assert grip[0] <= ended[0] + 1e-6


def test_a_belly_without_room_is_warned_of() -> None:
    """A woman of 143 cm and 90 kg has the room, with the backrest at its end; near her time not."""
    body = replace(average_body(143.0, "female"), weight_kg=90.0)
    car = vehicles()["medium_car"]
    assert "BELLY_TO_RIM" not in [each.code for each in recommend(body, car).warnings]
    found = recommend(replace(body, pregnancy_weeks=38.0), car)
    belly = next(each for each in found.warnings if each.code == "BELLY_TO_RIM")
    assert belly.params["clearance_mm"] < belly.params["required_mm"] == 50.0
    assert found.settings.steering_wheel.telescope_mm == pytest.approx(0.0, abs=0.1)


def test_a_heavier_man_is_not_thrown_back() -> None:
    """185 cm, BMI 42 to 45: the seat went 36 mm back."""
    for car in CARS:
        at = [
            recommend(
                replace(average_body(185.0, "male"), weight_kg=bmi * 1.85**2), car
            ).settings.seat.fore_aft_mm
            for bmi in (42.0, 43.0, 44.0, 45.0)
        ]
        assert max(at) - min(at) < 12.0, car.id


@pytest.mark.parametrize("car", CARS, ids=lambda each: each.id)
def test_relaxed_sits_no_nearer_than_normal_nor_normal_than_upright(car: Vehicle) -> None:
    for height_cm in range(150, 196, 5):
        seat = {
            name: recommend(average_body(float(height_cm)), car, posture=name).settings.seat
            for name in POSTURES
        }
        for near, far in (("upright", "normal"), ("normal", "relaxed")):
            assert seat[near].fore_aft_mm <= seat[far].fore_aft_mm + 1e-6
            assert seat[near].backrest_recline_deg <= seat[far].backrest_recline_deg + 1e-6


def test_the_brake_comes_first_however_heavy() -> None:
    """192 cm and 135 kg in the sports car was told PEDAL_REACH with the seat at 205 mm."""
    for car in CARS:
        for height_cm in (140.0, 165.0, 192.0, 205.0):
            for weight_kg in (60.0, 135.0, 180.0):
                found = recommend(replace(average_body(height_cm), weight_kg=weight_kg), car)
                codes = [each.code for each in found.warnings]
                assert "PEDAL_REACH" not in codes or found.settings.seat.fore_aft_mm == 0.0


def test_a_body_is_the_same_whatever_its_posture() -> None:
    """A rule that one posture's links keep must not be broken by another's."""
    for car in CARS:
        for height_cm in (150.0, 175.0, 200.0):
            body = average_body(height_cm)
            links = [Driver(body, car, posture).links for posture in POSTURES]
            for each in links[1:]:
                assert each.torso_mm == pytest.approx(links[0].torso_mm)
                assert each.eye_mm[1] == pytest.approx(links[0].eye_mm[1])
