"""Drivers with habits of their own, and the prior that the engine learns a habit with.

A simulated driver's taste (`training.carfit.drivers.taste`) is what published models leave between
drivers of one body. Part of it is the driver's habit, part belongs to the car, part to the day. The
solver turns each into a position, so that a habit acts as it would in the car at hand.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib.carfit import own
from chalicelib.carfit.habit import FILE, HABIT, HabitPrior
from chalicelib.carfit.linkage import Links
from chalicelib.carfit.model import (
    BODY_FEATURES,
    FEATURES,
    TYPICAL_AGE_YEARS,
    Model,
    bundled_model,
    with_free_travels,
)
from chalicelib.carfit.vehicles import Vehicle
from training.carfit import drivers

Array = npt.NDArray[np.float64]

WITHIN_SHARE: Final = 10.0 / 36.0
"""How far one driver's settings of one car differ from day to day, as a share of the SD between
drivers: 10 mm fore-aft, about a notch of a manual seat. Assumed: Wolf et al. 2022 recorded
127 drivers three times each, but we could read no more than the abstract."""
CAR_SHARE: Final = 6.0 / 36.0
"""How far the habit lies elsewhere in another car, as a share of the same SD, beside what that
car's own shape does (assumed)."""
EYE_WITHIN_MM: Final = 4.0
"""How far a driver's eye lies elsewhere from day to day, at one seat (assumed)."""
PEOPLE: Final = 6000
"""Simulated drivers behind the prior."""


@dataclass(frozen=True)
class Fleet:
    """n simulated drivers, each with a habit of his or her own.

    ``rows``: who they are, columns as in `FEATURES`, the car's left as drawn. ``habit``, shape
    (n, 5): their taste; ``eye_mm``, shape (n, 2), and ``torso_mm``, shape (n,): how their bodies
    differ from what lengths tell.
    """

    rows: Array
    habit: Array
    eye_mm: Array
    torso_mm: Array


def fleet(count: int, cars: Sequence[Vehicle], rng: np.random.Generator) -> Fleet:
    """Draw drivers."""
    kept = np.sqrt(1.0 - WITHIN_SHARE**2 - CAR_SHARE**2)
    eye = np.sqrt(drivers.EYE_SD_MM**2 - EYE_WITHIN_MM**2)
    return Fleet(
        rows=drivers.people(count, cars, rng),
        habit=kept * drivers.taste() * rng.standard_normal((count, 5)),
        eye_mm=eye * rng.standard_normal((count, 2)),
        torso_mm=drivers.SHOULDER_SD_MM * rng.standard_normal(count),
    )


def in_car(rows: Array, package: Array) -> Array:
    """The same bodies in another car, whose columns are `PACKAGE_FEATURES`."""
    found = rows.copy()
    found[:, len(BODY_FEATURES) :] = package
    return found


def seat_positions(
    people: Fleet, rows: Array, car_taste: Array, rng: np.random.Generator, tellings: int
) -> list[Array]:
    """Where the drivers sit in the car of ``rows``, once for each telling.

    ``car_taste``, shape (n, 5), from `car_tastes`. Each is of shape (n, 8), as
    `chalicelib.carfit.model.OUTPUTS`.
    """
    found = []
    for _ in range(tellings):
        day = WITHIN_SHARE * drivers.taste() * rng.standard_normal(car_taste.shape)
        taste = people.habit + car_taste + day
        position = drivers.positions(rows, drivers.solved(rows, taste))
        position[:, 5] += people.torso_mm
        position[:, 6:] += people.eye_mm
        position[:, 6:] += EYE_WITHIN_MM * rng.standard_normal((len(rows), 2))
        found.append(position)
    return found


def car_tastes(count: int, rng: np.random.Generator) -> Array:
    """How each driver's habit lies elsewhere in one more car, shape (count, 5)."""
    return np.asarray(CAR_SHARE * drivers.taste() * rng.standard_normal((count, 5)))


def heard(rows: Array) -> Array:
    """Features of the rows as far as a driver tells them: no age."""
    found = rows.copy()
    found[:, FEATURES.index("age_years")] = TYPICAL_AGE_YEARS
    return found


def offsets(rows: Array, position: Array, model: Model) -> Array:
    """How far drivers sit from the model's, shape (n, 7), columns as in `HABIT`."""
    expected = model.predict(heard(rows))
    links = _links(rows, expected)
    off = own.posture(links, position) - own.posture(links, expected)
    return np.column_stack([off, position[:, 6:] - expected[:, 6:]])


def prior(cars: Sequence[Vehicle], count: int = PEOPLE, seed: int = 21) -> HabitPrior:
    """Covariances of simulated drivers where no travel stops anybody."""
    rng = np.random.default_rng(seed)
    people = fleet(count, cars, rng)
    model = bundled_model()
    packages = people.rows[rng.permutation(count)][:, len(BODY_FEATURES) :]
    here = with_free_travels(people.rows)
    there = with_free_travels(in_car(people.rows, packages))
    first, again = (
        offsets(here, each, model)
        for each in seat_positions(people, here, car_tastes(count, rng), rng, tellings=2)
    )
    (other,) = (
        offsets(there, each, model)
        for each in seat_positions(people, there, car_tastes(count, rng), rng, tellings=1)
    )

    def cross(a: Array, b: Array) -> Array:
        found = a.T @ b / count
        return np.asarray((found + found.T) / 2.0)

    between = cross((first + again) / 2.0, other)
    same_car = cross(first, again)
    whole = (cross(first, first) + cross(again, again) + cross(other, other)) / 3.0
    return HabitPrior(
        between=_positive(between),
        car=_positive(same_car - between),
        within=_positive(whole - same_car),
    )


def write(cars: Sequence[Vehicle]) -> dict[str, Any]:
    """Write ``habit.json``; return what it holds."""
    found = prior(cars)
    names = ("between", "car", "within")
    written: dict[str, Any] = {
        "made_by": "python -m training.carfit --habit",
        "sources": "Simulated drivers with habits of their own: published scatter between drivers; "
        "shares within a driver and from car to car assumed (training/carfit/own_habits.py).",
        "columns": HABIT,
        **{name: np.round(getattr(found, name), 3).tolist() for name in names},
    }
    FILE.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return written


def _links(rows: Array, expected: Array) -> Links:
    """Links as the engine sees them: torso and eye by the model."""
    torso, eye_x, eye_z = expected.T[5:8]
    return replace(drivers.habits(rows).links, torso_mm=torso, eye_mm=(eye_x, eye_z))


def _positive(matrix: Array) -> Array:
    """The nearest covariance: what sampling made negative is made small."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 1e-3)) @ vectors.T)
