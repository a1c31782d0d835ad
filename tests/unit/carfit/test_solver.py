import numpy as np
import pytest

from benchmarks.models.carfit import STATURES_CM, average_bodies
from chalicelib.body_prior import SEXES
from chalicelib.carfit import DEFAULT_VEHICLE, comfort, linkage, rules, standards, vehicles
from chalicelib.carfit.model import FEATURES, OUTPUTS, features, with_free_travels
from chalicelib.carfit.types import Sex
from tests.unit.carfit.bodies import average_body
from training.carfit import drivers, gains
from training.carfit.habit import expected_cm, habit, mean_drivers, preferred_wheel_x_mm
from training.carfit.regressions import models
from training.carfit.solver import (
    CHOICES,
    MEAN_DRIVER_RECLINE_DEG,
    SCALES,
    solve,
    travels,
)

CARS = list(vehicles().values())


def habits_of(height_cm: float, sex: str, **beyond_cm: float):
    """A mean body of 26 kg/m2 and 40 years at H30 = 270."""
    lengths_cm = expected_cm(sex, np.array([height_cm]))
    for name, beyond in beyond_cm.items():
        lengths_cm[0, FEATURES.index(f"{name}_share") - 1] += beyond
    return habit(
        np.array([height_cm]),
        lengths_cm,
        np.array([float(sex == "male")]),
        np.array([26.0]),
        np.array([40.0]),
        np.array([270.0]),
    )


def test_the_mean_driver_likes_to_sit_where_sae_has_the_middle_one() -> None:
    """H-point and eye of the mean man and woman: J4004 and J941, within what rounding leaves."""
    for h30_mm in (200.0, 270.0, 350.0):
        both = mean_drivers(h30_mm)
        l6 = np.mean(both.wheel_x_mm)
        assert np.mean(both.h_point_x_mm) == pytest.approx(
            standards.j4004_x_mm(h30_mm, l6), abs=2.0
        )
        eye_x, eye_z = standards.j941_eye_mm(h30_mm, l6)
        assert np.mean(both.links.eye_mm[0] + both.h_point_x_mm) == pytest.approx(eye_x, abs=8.0)
        assert np.mean(both.links.eye_mm[1] + both.h_point_z_mm) == pytest.approx(eye_z, abs=5.0)


def test_the_wrist_rule_asks_no_more_than_the_middle_driver_likes() -> None:
    """Seat and eye by J4004 and J941, wheel by Reed, in the medium car: the allowance's 20 mm."""
    car = vehicles()[DEFAULT_VEHICLE]
    both = mean_drivers(car.h30_mm)
    recline = (car.back_angle_deg + MEAN_DRIVER_RECLINE_DEG) / 2.0 + both.trunk_deg
    liked = linkage.sit(
        both.links,
        (both.h_point_x_mm, both.h_point_z_mm),
        recline,
        (both.wheel_x_mm, car.wheel_z_mm),
    )
    assert np.mean(rules.margins(both.links, liked, car).wrist) == pytest.approx(0.0, abs=2.0)


def test_drivers_differ_from_the_middle_one_by_the_gains() -> None:
    plain, tall = habits_of(175.0, "male"), habits_of(176.0, "male")
    wheel = preferred_wheel_x_mm(np.array([1750.0, 1760.0]), np.array([270.0, 270.0]))
    known = dict(zip(gains.MEASURES, gains.gains().mm, strict=True))
    expected = 10.0 * known["stature_mm"] + standards.J4004_X[2] * (wheel[1] - wheel[0])
    assert tall.h_point_x_mm[0] - plain.h_point_x_mm[0] == pytest.approx(expected)


def test_bmi_and_age_move_nobody_beyond_what_was_measured() -> None:
    def aft(bmi: float, age: float) -> float:
        one = np.ones(1)
        body = habit(
            175.0 * one, expected_cm("male", 175.0 * one), one, bmi * one, age * one, 270 * one
        )
        return float(body.h_point_x_mm[0])

    assert aft(30.0, 45.0) > aft(25.0, 45.0)
    assert aft(41.0, 45.0) == aft(45.0, 45.0) == aft(60.0, 45.0)
    assert aft(25.0, 85.0) == aft(25.0, 100.0)


def test_the_preferred_wheel_is_reeds() -> None:
    assert preferred_wheel_x_mm(1756.0, np.array([270.0]))[0] == pytest.approx(540.0, abs=0.5)


def test_a_longer_leg_sits_lower_by_its_eyes_and_a_longer_torso_higher_by_its_shoulders() -> None:
    plain, long = habits_of(175.0, "male"), habits_of(175.0, "male", thigh=1.0, calf=1.0)
    assert long.links.eye_mm[1][0] < plain.links.eye_mm[1][0]
    torso = habits_of(175.0, "male", torso=2.0)
    assert torso.links.torso_mm[0] - plain.links.torso_mm[0] == pytest.approx(0.97 * 0.6 * 20.0)


@pytest.mark.parametrize(
    ("name", "measure", "unit"),
    [("thigh_share", "leg_mm", 10.0), ("calf_share", "leg_mm", 10.0), ("bmi_kg_m2",) * 2 + (1.0,)],
)
def test_a_longer_leg_and_a_heavier_body_move_the_seat_by_their_gain(
    name: str, measure: str, unit: float
) -> None:
    """A centimetre of leg, a kg/m2: in the mean driver and in the middle one, so that no rule
    throws some of them far."""
    rows = with_free_travels(drivers.people(300, CARS, np.random.default_rng(31)))
    more = rows.copy()
    more[:, FEATURES.index(name)] += 1.0 / rows[:, 0] if measure == "leg_mm" else 1.0
    moved = drivers.solved(more).posture.h_point[0] - drivers.solved(rows).posture.h_point[0]
    expected = unit * gains.gains().mm[gains.MEASURES.index(measure)]
    assert np.median(moved) == pytest.approx(expected, abs=0.2)
    assert np.mean(moved) == pytest.approx(expected, abs=0.2)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return drivers.people(400, CARS, np.random.default_rng(21))


def test_choices_stay_within_the_cars_travels(rows: np.ndarray) -> None:
    low, high = travels(drivers.cars_of(rows), len(rows))
    choices = drivers.solved(rows).choices
    assert np.all(choices >= low - 1e-9)
    assert np.all(choices <= high + 1e-9)


def test_no_step_aside_is_better(rows: np.ndarray) -> None:
    """A solution is one: moving any choice a little, within its travel, never costs less."""
    car, posture = drivers.cars_of(rows), np.zeros(len(rows))
    found = drivers.solved(rows, passes=200)
    low, high = travels(car, len(rows))
    from training.carfit import solver

    habits, taste = drivers.habits(rows), np.zeros((len(rows), 5))
    for i in range(len(CHOICES)):
        for sign in (-1.0, 1.0):
            moved = found.choices.copy()
            moved[:, i] += sign * 0.02 * SCALES[i]
            moved = np.clip(moved, low, high)
            cost = np.sum(solver._residuals(moved, habits, car, posture, taste) ** 2, axis=0)
            assert np.mean(cost < found.cost - 1e-3) < 0.01


def test_what_can_be_kept_is_kept(rows: np.ndarray) -> None:
    """In cars whose travels go further, ordinary people break no rule of safety."""
    free = with_free_travels(rows)
    found = drivers.solved(free, passes=150)
    kept = rules.margins(drivers.habits(free).links, found.posture, drivers.cars_of(free))
    for name in ("brake", "chest", "cowl"):
        assert np.mean(getattr(kept, name) < -rules.TOLERANCE_MM[name]) < 0.005, name


def test_joints_stay_where_drivers_were_observed(rows: np.ndarray) -> None:
    posture = drivers.solved(rows).posture
    for joint, known in comfort.RANGES.items():
        angle = getattr(posture, f"{joint}_deg")
        inside = (angle >= known.observed_low - 0.5) & (angle <= known.observed_high + 0.5)
        assert inside.mean() > 0.98, joint


def test_fore_aft_grows_with_stature_as_published() -> None:
    """J4004: .433 mm/mm; 38 real drivers: .43."""
    for sex in ("male", "female"):
        bodies = average_bodies(sex, CARS)
        found = drivers.positions(bodies, drivers.solved(bodies))
        slope = np.polyfit(10.0 * STATURES_CM, found[:, 0], 1)[0]
        assert 0.38 <= slope <= 0.48, sex


@pytest.mark.parametrize("sex", SEXES)
def test_taller_drivers_have_the_seat_and_the_wheel_further_aft(sex: Sex) -> None:
    for car in CARS:
        rows = [features(average_body(float(h), sex), car) for h in range(150, 201, 5)]
        fore_aft, telescope = drivers.solved(np.array(rows)).choices[:, [0, 3]].T
        assert np.all(np.diff(fore_aft) >= -0.5), car.id
        assert np.all(np.diff(telescope) >= -0.5), car.id


def test_a_relaxed_driver_reclines_and_sits_back() -> None:
    rows = with_free_travels(drivers.people(100, CARS, np.random.default_rng(3)))
    at = {}
    for posture in (-1.0, 0.0, 1.0):
        rows[:, FEATURES.index("posture")] = posture
        at[posture] = drivers.positions(rows, drivers.solved(rows)).mean(axis=0)
    x, recline = OUTPUTS.index("h_point_x_mm"), OUTPUTS.index("recline_deg")
    assert at[-1.0][x] + 5.0 < at[0.0][x] < at[1.0][x] - 5.0
    assert at[-1.0][recline] + 2.0 < at[0.0][recline] < at[1.0][recline] - 1.5


def test_drivers_scatter_as_published() -> None:
    rng = np.random.default_rng(4)
    rows = with_free_travels(drivers.people(1500, CARS, rng))
    ideal = drivers.positions(rows, drivers.solved(rows))
    own = drivers.simulated_drivers(rows, rng, told=True).positions
    sd = np.sqrt(np.mean((own - ideal) ** 2, axis=0))
    assert sd[OUTPUTS.index("h_point_x_mm")] == pytest.approx(36.0, rel=0.08)
    recline = np.mean([models()["rmse"][sex]["hip_to_eye_deg"] for sex in ("male", "female")])
    assert sd[OUTPUTS.index("recline_deg")] == pytest.approx(recline, rel=0.1)


def test_one_driver_is_solved_as_among_many(rows: np.ndarray) -> None:
    together = drivers.solved(rows).choices
    alone = solve(drivers.habits(rows[7:8]), drivers.cars_of(rows[7:8]), np.zeros(1)).choices
    assert np.allclose(alone[0], together[7], atol=1e-6)
