"""The posture solver: where a body sits in a car, between habit, comfort and what must be kept.

A driver's five choices - seat fore-aft, seat lift, recline, telescope, wheel tilt - minimise a sum
of squares: distance from where drivers of that stature sit (published regressions), over their
published scatter; discomfort of each joint; and the safety rules, which weigh so much that they
give way only where nothing else is left. The seat's and the wheel's travels are walls.

Many drivers are solved at once: each row has its own body, car and choices.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib.carfit import comfort, linkage, rules
from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.vehicles import Vehicle
from training.carfit.habit import Habit

Array = npt.NDArray[np.float64]

CHOICES: Final = ("fore_aft_mm", "lift_mm", "recline_deg", "telescope_mm", "tilt_deg")

FORE_AFT_SD_MM: Final = 36.0
"""Drivers of one body around any of the published fore-aft models."""
HEIGHT_SD_MM: Final = 12.0
"""Drivers of one body around the published height of the H-point (assumed)."""
RECLINE_SD_DEG: Final = 3.7
"""Park et al. 2016, hip-to-eye angle: 3.3 for men, 4.1 for women."""
WHEEL_SD_MM: Final = 25.0
"""Around Reed's preferred wheel (assumed), and around the middle of its height's limits."""

JOINT_WEIGHT: Final = 0.8
"""Weight of a joint at the end of its comfortable range, against 1 SD of habit. With it, a
centimetre of leg at one stature moves the middle driver's seat by what `training.carfit.gains`
finds, 1.5 mm; a test holds the two together."""
OBSERVED_WEIGHT_PER_DEG: Final = 1.0
"""Beyond the angles that were observed on the road."""
RULE_WEIGHT_PER_MM: Final = {
    "brake": 3.0,
    "chest": 3.0,
    "belly": 0.3,
    "head": 0.3,
    "cowl": 2.0,
    "thigh": 0.05,
    "wrist": 0.1,
    "rim": 0.03,
    "header": 0.1,
}
"""The heavier, the later it gives way: braking and the airbag are the heaviest. Thighs and
instruments move the wheel, and hardly the seat: real drivers of one stature sit alike whatever
their legs."""

MEAN_DRIVER_RECLINE_DEG: Final = 24.0
"""Recline of the mean driver where the maker suggests none: the commonest A40 by class."""
DESIGN_RECLINE_SHARE: Final = 0.5
"""Drivers keep their trunk posture from car to car (Reed 1998), makers draw seat and roof for
theirs: half-way between (our judgement)."""
POSTURE_RECLINE_DEG: Final = 4.0
POSTURE_FORE_AFT_MM: Final = 40.0
POSTURE_WHEEL_MM: Final = 25.0
"""What a relaxed driver aims at more than a normal one, an upright one less: further back,
reclined, the wheel drawn along. About one SD of each habit, so that joints and reach leave half of
it (our judgement)."""

PASSES: Final = 40
STEPS: Final = np.array([0.5, 0.5, 0.05, 0.5, 0.02])
"""Steps of the numerical derivatives, by choice."""
SCALES: Final = np.array([30.0, 15.0, 4.0, 20.0, 2.0])
"""By choice: what counts as one unit, so that no unit dominates the damping."""


@dataclass(frozen=True)
class Solution:
    """Choices of n drivers, shape (n, 5), in the order of `CHOICES`; and how they then sit."""

    choices: Array
    posture: Seated
    cost: Array


def solve(
    drivers: Habit,
    cars: Vehicle,
    posture: Array,
    *,
    noise: Array | None = None,
    untold: tuple[str, ...] = (),
    passes: int = PASSES,
    after_pass: Callable[[], object] = lambda: None,
) -> Solution:
    """Find each driver's best choices in his or her car.

    Parameters
    ----------
    drivers : Habit
        n bodies.
    cars : Vehicle
        n cars, each figure an array of shape (n,).
    posture : ndarray
        Shape (n,): 1 relaxed, 0 normal, -1 upright.
    noise : ndarray, optional
        Shape (n, 5): how far each driver's own taste lies from the habit, in its SDs: fore-aft,
        height, recline, wheel reach, wheel height.
    untold : tuple of str
        Rules that these drivers know nothing of.
    """
    count = len(posture)
    low, high = travels(cars, count)
    taste = np.zeros((count, 5)) if noise is None else noise

    def residuals(choices: Array) -> Array:
        return _residuals(choices, drivers, cars, posture, taste, untold)

    here = np.clip(_start(drivers, cars, count), low, high)
    found = residuals(here)
    cost = np.sum(found**2, axis=0)
    damping = np.full(count, 1e-2)
    for _ in range(passes):
        jacobian = np.empty((count, len(found), len(CHOICES)))
        for i, step in enumerate(STEPS):
            moved = here.copy()
            moved[:, i] += step
            jacobian[:, :, i] = (residuals(moved) - found).T / step
        jacobian *= SCALES
        gradient = np.einsum("nri,rn->ni", jacobian, found)
        # At a wall and pushed against it, a choice is none.
        held = ((here <= low) & (gradient > 0.0)) | ((here >= high) & (gradient < 0.0))
        jacobian[np.broadcast_to(held[:, np.newaxis, :], jacobian.shape)] = 0.0
        normal = np.einsum("nri,nrj->nij", jacobian, jacobian)
        normal += damping[:, np.newaxis, np.newaxis] * np.eye(len(CHOICES))
        step = np.linalg.solve(normal, np.where(held, 0.0, gradient)[:, :, np.newaxis])[:, :, 0]
        there = np.clip(here - step * SCALES, low, high)
        tried = residuals(there)
        tried_cost = np.sum(tried**2, axis=0)
        better = tried_cost < cost
        here = np.where(better[:, np.newaxis], there, here)
        found = np.where(better, tried, found)
        cost = np.where(better, tried_cost, cost)
        damping = np.clip(np.where(better, damping / 5.0, damping * 5.0), 1e-4, 1e6)
        after_pass()
    return Solution(here, seat(here, drivers, cars), cost)


def seat(choices: Array, drivers: Habit, cars: Vehicle) -> Seated:
    """Posture of drivers at their choices."""
    fore_aft, lift, recline, telescope, tilt = choices.T
    h_point_x = cars.seat_front_x_mm + fore_aft
    h_point = h_point_x, rules.track_z(cars, h_point_x) + lift
    return linkage.sit(drivers.links, h_point, recline, rules.wheel_at(cars, telescope, tilt))


def travels(cars: Vehicle, count: int) -> tuple[Array, Array]:
    """Walls of every choice, each shape (count, 5)."""
    low = np.zeros((count, len(CHOICES)))
    low[:, CHOICES.index("recline_deg")] = cars.backrest_min_deg
    high = np.empty_like(low)
    high[:] = np.column_stack(
        [
            cars.seat_travel_mm,
            cars.seat_lift_mm,
            np.minimum(cars.backrest_safe_deg, cars.backrest_max_deg),
            cars.wheel_telescope_travel_mm,
            cars.wheel_tilt_travel_deg,
        ]
    )
    return low, high


def _start(drivers: Habit, cars: Vehicle, count: int) -> Array:
    x = drivers.h_point_x_mm
    telescope, tilt = rules.wheel_setting(cars, (drivers.wheel_x_mm, cars.wheel_z_mm))
    recline = np.full(count, MEAN_DRIVER_RECLINE_DEG)
    lift = drivers.h_point_z_mm - rules.track_z(cars, x)
    return np.column_stack([x - cars.seat_front_x_mm, lift, recline, telescope, tilt])


def _residuals(
    choices: Array,
    drivers: Habit,
    cars: Vehicle,
    posture: Array,
    taste: Array,
    untold: tuple[str, ...] = (),
) -> Array:
    """Everything that a position is judged by, shape (terms, n)."""
    seated = seat(choices, drivers, cars)
    wheel_x = seated.grip[0]
    habit_wheel_x = drivers.wheel_x_mm + POSTURE_WHEEL_MM * posture
    habit_x = (
        drivers.h_point_x_mm
        # L6 is the car's, at mid travel: what a driver adjusts is not in the standard.
        + drivers.h_point_per_wheel * (cars.wheel_x_mm - drivers.wheel_x_mm)
        + POSTURE_FORE_AFT_MM * posture
    )
    habit_recline = (
        DESIGN_RECLINE_SHARE * cars.back_angle_deg
        + (1.0 - DESIGN_RECLINE_SHARE) * MEAN_DRIVER_RECLINE_DEG
        + drivers.trunk_deg
        + POSTURE_RECLINE_DEG * posture
    )
    lowest, highest = rules.wheel_z_limits(drivers.links, seated, cars)
    terms: list[Any] = [
        (seated.h_point[0] - habit_x) / FORE_AFT_SD_MM - taste[:, 0],
        (seated.h_point[1] - drivers.h_point_z_mm) / HEIGHT_SD_MM - taste[:, 1],
        (seated.trunk_deg - habit_recline) / RECLINE_SD_DEG - taste[:, 2],
        (wheel_x - habit_wheel_x) / WHEEL_SD_MM - taste[:, 3],
        (seated.grip[1] - (lowest + highest) / 2) / WHEEL_SD_MM - taste[:, 4],
    ]
    terms += [JOINT_WEIGHT * each for each in comfort.discomfort(seated).values()]
    for joint, known in comfort.RANGES.items():
        angle = getattr(seated, f"{joint}_deg")
        beyond = np.maximum(angle - known.observed_high, 0.0)
        short = np.maximum(known.observed_low - angle, 0.0)
        terms.append(OBSERVED_WEIGHT_PER_DEG * (beyond + short))
    kept = rules.margins(drivers.links, seated, cars)._asdict()
    # Legs that do not reach the brake move the seat forward, not the eyes down.
    reach = linkage.furthest_h_point_x(drivers.links, drivers.h_point_z_mm)
    kept["brake"] = reach - seated.h_point[0]
    terms += [
        weight * np.minimum(kept[name], 0.0)
        for name, weight in RULE_WEIGHT_PER_MM.items()
        if name not in untold
    ]
    return np.array(terms)
