"""The posture solver: where a body sits in a car, between habit, comfort and what must be kept.

A driver's five choices - seat fore-aft, seat lift, recline, telescope, wheel tilt - minimise a sum
of squares: distance from where drivers of that stature sit (published regressions), over their
published scatter; discomfort of each joint; and the safety rules, which weigh so much that they
give way only where nothing else is left. The seat's and the wheel's travels are walls.

Many drivers are solved at once: each row has its own body, car and choices.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
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
centimetre of leg at one stature moves drivers' seats by what `training.carfit.gains` finds, 1.5 mm.
A test holds the two together, in the mean and in the median."""
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
"""The heavier, the later it gives way: braking and the airbag are the heaviest (our judgement).
Thigh and rim weigh so little that they move the wheel and hardly the seat. With four times as much,
the mean driver follows a longer leg by 2.2 mm/cm, and no published model knows of more than 1.5."""

EYE_RULES: Final = ("head", "cowl", "header")
"""Rules that move the seat up and down and leave the backrest where the driver likes it."""
LEG_JOINTS: Final = ("ankle", "knee", "hip")
"""Joints whose observed range moves the seat along its track, not up and down."""

MEAN_DRIVER_RECLINE_DEG: Final = 24.0
"""Recline of the mean driver where the maker suggests none: the commonest A40 by class."""
DESIGN_RECLINE_SHARE: Final = 0.5
"""Drivers keep their trunk posture from car to car (Reed 1998), makers draw seat and roof for
theirs: half-way between (our judgement)."""
POSTURE_RECLINE_DEG: Final = 5.0
POSTURE_FORE_AFT_MM: Final = 70.0
POSTURE_WHEEL_MM: Final = 55.0
"""What a relaxed driver wishes for more than a normal one, an upright one less: further back,
reclined, the wheel drawn along. Joints and reach leave about half: a step of some 40 mm, one SD of
real drivers' fore-aft, where travels are free (our judgement)."""

PASSES: Final = 40
STEPS: Final = np.array([0.5, 0.5, 0.05, 0.5, 0.02])
"""Steps of the numerical derivatives, by choice."""
SCALES: Final = np.array([30.0, 15.0, 4.0, 20.0, 2.0])
"""By choice: what counts as one unit, so that no unit dominates the damping."""
SETTLED: Final = 1e-4
"""In such units: a driver who would move by less is found, and looked at no more."""
LEAST_DAMPING: Final = 1e-4
MOST_DAMPING: Final = 1e6


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
        Rules that these drivers know nothing of, and joints whose observed range they leave.
    """
    count = len(posture)
    low, high = travels(cars, count)
    taste = np.zeros((count, 5)) if noise is None else noise

    here = np.clip(_start(drivers, cars, count), low, high)
    cost = np.sum(_residuals(here, drivers, cars, posture, taste, untold) ** 2, axis=0)
    damping = np.full(count, LEAST_DAMPING * 100.0)
    moving = np.arange(count)
    for _ in range(passes):
        if not moving.size:
            break
        bodies, packages = _rows(drivers, moving), _rows(cars, moving)
        wishes = posture[moving], taste[moving], untold
        at, walls = here[moving], (low[moving], high[moving])
        found = _residuals(at, bodies, packages, *wishes)
        jacobian = np.empty((len(moving), len(found), len(CHOICES)))
        for i, step in enumerate(STEPS):
            moved = at.copy()
            moved[:, i] += step
            jacobian[:, :, i] = (_residuals(moved, bodies, packages, *wishes) - found).T / step
        jacobian *= SCALES
        gradient = np.einsum("nri,rn->ni", jacobian, found)
        # At a wall and pushed against it, a choice is none.
        held = ((at <= walls[0]) & (gradient > 0.0)) | ((at >= walls[1]) & (gradient < 0.0))
        jacobian[np.broadcast_to(held[:, np.newaxis, :], jacobian.shape)] = 0.0
        normal = np.einsum("nri,nrj->nij", jacobian, jacobian)
        normal += damping[moving, np.newaxis, np.newaxis] * np.eye(len(CHOICES))
        step = np.linalg.solve(normal, np.where(held, 0.0, gradient)[:, :, np.newaxis])[:, :, 0]
        there = np.clip(at - step * SCALES, *walls)
        tried = np.sum(_residuals(there, bodies, packages, *wishes) ** 2, axis=0)
        better = tried < cost[moving]
        # Found when a step that nothing damps is none, or no step is small enough to be better.
        small = (np.abs(step).max(axis=1) < SETTLED) & (damping[moving] < 1.0)
        here[moving] = np.where(better[:, np.newaxis], there, at)
        cost[moving] = np.where(better, tried, cost[moving])
        damping[moving] = np.clip(
            np.where(better, damping[moving] / 5.0, damping[moving] * 5.0),
            LEAST_DAMPING,
            MOST_DAMPING,
        )
        moving = moving[~small & (damping[moving] < MOST_DAMPING)]
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


def _rows(tree: Any, which: npt.NDArray[np.int_]) -> Any:
    """Some rows of every array in a dataclass or tuple."""
    if isinstance(tree, np.ndarray):
        return tree[which] if tree.ndim else tree
    if isinstance(tree, tuple):
        return tuple(_rows(each, which) for each in tree)
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(
            tree, **{each.name: _rows(getattr(tree, each.name), which) for each in fields(tree)}
        )
    return tree


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
    # Legs that are too short for the car, or too long, move the seat along its track alone.
    on_track = linkage.sit(
        drivers.links,
        (seated.h_point[0], drivers.h_point_z_mm),
        seated.trunk_deg,
        seated.grip,
    )
    for joint, known in comfort.RANGES.items():
        if joint in untold:
            continue
        angle = getattr(on_track if joint in LEG_JOINTS else seated, f"{joint}_deg")
        beyond = np.maximum(angle - known.observed_high, 0.0)
        short = np.maximum(known.observed_low - angle, 0.0)
        terms.append(OBSERVED_WEIGHT_PER_DEG * (beyond + short))
    kept = rules.margins(drivers.links, seated, cars)._asdict()
    # Eyes that have no room move the seat up and down, not the backrest.
    as_liked = replace(
        seated, eye=linkage.eye_point(drivers.links, seated.h_point, np.asarray(habit_recline))
    )
    of_the_eye = rules.margins(drivers.links, as_liked, cars)._asdict()
    kept |= {name: of_the_eye[name] for name in EYE_RULES}
    # Legs that do not reach the brake move the seat forward, not the eyes down.
    reach = linkage.furthest_h_point_x(drivers.links, drivers.h_point_z_mm)
    kept["brake"] = reach - seated.h_point[0]
    terms += [
        weight * np.minimum(kept[name], 0.0)
        for name, weight in RULE_WEIGHT_PER_MM.items()
        if name not in untold
    ]
    return np.array(terms)
