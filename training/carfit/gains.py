"""How much of fore-aft each measure of a body moves, by all that is known of real drivers.

A linear model about the middle driver of SAE J4004: fore-aft = middle + stature + leg + BMI + age.
Each gain has a prior from the published models, each weighed by how surely it was measured, and 38
real drivers (`data/seatpos.csv`) who move it by as much as they know. What a driver of one body
does beside that, 36 mm, nobody's measures tell.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from chalicelib.carfit.standards import J4004_STATURE
from training.carfit.regressions import L6_REFERENCE_MM, mean_sitting_height_mm, regression

Array = npt.NDArray[np.float64]

SEAT_POSITIONS: Final = Path(__file__).parent / "data" / "seatpos.csv"
"""Data set ``seatpos`` of the R package ``faraway`` (Faraway, Linear Models with R): 38 drivers,
HuMoSim laboratory, University of Michigan. Years, lb, cm, and mm of the hip's middle from a fixed
point of the car, negative aft."""

MEASURES: Final = ("stature_mm", "leg_mm", "bmi_kg_m2", "age_years")
"""What gains are of: stature; thigh + calf beyond the mean of that stature; BMI; age."""

DRIVER_SD_MM: Final = 36.0
"""Drivers of one body around any of the published fore-aft models."""

LEG_TO_SITTING_HEIGHT: Final = 0.6
"""cm of sitting height lost for a cm of leg more than the stature's mean.

Stature = sitting height + leg - constant, but a measured leg carries the error of finding the hip
and hips differ in how far they lie above the seat. ANSUR II, variances in cm2 at fixed stature
(men): leg (thigh + calf) 7.1, torso 7.4, their covariance -5.9, sitting height 5.0, shoulder
height sitting 5.3. Both share a hip error n; h is the hip's height above the seat. The equations
var(leg) = l + n, var(sitting height) = l + h, var(shoulder height sitting) = t + h,
var(torso) = t + n hold for h = 0.5 to 1.0 cm2; the gain l / var(leg) is then .56 to .63."""

PARK_DRIVERS_OF_A_SEX: Final = 45
"""Park et al. 2016 measured 90 drivers, men and women."""
PARK_SD: Final = {
    "stature_mm": 65.0,
    "sitting_height_mm": 22.0,
    "bmi_kg_m2": 5.0,
    "age_years": 20.0,
}
"""How far drivers of one sex differ: stature, and sitting height at one stature, by ANSUR II; BMI
and age as in a sample chosen for both (assumed). A gain is known to
`DRIVER_SD_MM` / (SD sqrt(drivers))."""
J4004_STATURE_SD: Final = 0.02
"""How surely J4004's slope is known: from hundreds of drivers, but from memory."""
TRUCK_LEG: Final = 0.6244
"""The same laboratory's truck model (class B): mm aft for a mm of stature less sitting height."""
TRUCK_WORTH: Final = 0.5
"""Trucks are other cars: their gain is held half as sure as a sex of Park et al. (assumed)."""

LB_TO_KG: Final = 0.45359237
CAP_BMI_KG_M2: Final = (18.0, 40.0)
CAP_AGE_YEARS: Final = (20.0, 85.0)
"""Beyond it nobody was measured, and a gain goes no further. Park et al. 2016 report a "wide range
of age and body size"; these bounds are assumed for it."""


@dataclass(frozen=True)
class Gains:
    """mm aft for a unit of each of `MEASURES`, and its SD; shape (4,)."""

    mm: Array
    sd_mm: Array


@dataclass(frozen=True)
class SeatPositions:
    """n real drivers: ``measures``, shape (n, 4), by `MEASURES`; ``aft_mm`` from a fixed point."""

    measures: Array
    aft_mm: Array
    sitting_beyond_mm: Array


@cache
def seat_positions() -> SeatPositions:
    """The 38 drivers.

    Their limbs were not measured as ours: the leg, and the sitting height, count as what they
    exceed the sample's own line on stature by.
    """
    with SEAT_POSITIONS.open(newline="") as rows:
        read = [{name: float(each) for name, each in row.items()} for row in csv.DictReader(rows)]
    column = {name: np.array([row[name] for row in read]) for name in read[0]}
    stature = 10.0 * column["Ht"]

    def beyond(values: Array) -> Array:
        return values - np.polyval(np.polyfit(stature, values, 1), stature)

    return SeatPositions(
        measures=np.column_stack(
            [
                stature,
                beyond(10.0 * (column["Thigh"] + column["Leg"])),
                LB_TO_KG * column["Weight"] / (stature / 1000.0) ** 2,
                column["Age"],
            ]
        ),
        aft_mm=-column["hipcenter"],
        sitting_beyond_mm=beyond(10.0 * column["Seated"]),
    )


@cache
def prior() -> Gains:
    """What the published models say, each source weighed by the inverse of its variance."""
    found = {name: _park(name) for name in ("stature_mm", "sitting_height_mm", *MEASURES[2:])}
    found["stature_mm"].append((J4004_STATURE, J4004_STATURE_SD))
    truck_sd = found["sitting_height_mm"][0][1] / np.sqrt(TRUCK_WORTH)
    # A leg is longer by what the sitting height is shorter, as far as it is measured truly.
    legs = [(-gain, sd) for gain, sd in found.pop("sitting_height_mm")] + [(TRUCK_LEG, truck_sd)]
    found["leg_mm"] = [(LEG_TO_SITTING_HEIGHT * a, LEG_TO_SITTING_HEIGHT * b) for a, b in legs]
    weight = {name: np.array([1.0 / sd**2 for _, sd in each]) for name, each in found.items()}
    return Gains(
        mm=np.array(
            [
                np.average([gain for gain, _ in found[name]], weights=weight[name])
                for name in MEASURES
            ]
        ),
        sd_mm=np.array([1.0 / np.sqrt(weight[name].sum()) for name in MEASURES]),
    )


def posterior(people: SeatPositions, told: tuple[str, ...] = MEASURES) -> tuple[Gains, float]:
    """Prior and drivers together; what is not ``told`` has no gain. Beside it the offset, mm."""
    columns = [MEASURES.index(name) for name in told]
    inputs = np.column_stack([np.ones(len(people.aft_mm)), people.measures[:, columns]])
    before = prior()
    # The fixed point of the car is anywhere: its offset has no prior.
    precision = np.diag([0.0, *(1.0 / before.sd_mm[columns] ** 2)])
    mean = np.array([0.0, *before.mm[columns]])
    covariance = np.linalg.inv(inputs.T @ inputs / DRIVER_SD_MM**2 + precision)
    found = covariance @ (inputs.T @ people.aft_mm / DRIVER_SD_MM**2 + precision @ mean)
    gain, sd = np.zeros(len(MEASURES)), np.zeros(len(MEASURES))
    gain[columns], sd[columns] = found[1:], np.sqrt(np.diag(covariance))[1:]
    return Gains(gain, sd), float(found[0])


@cache
def gains() -> Gains:
    """The gains that the engine is made with."""
    return posterior(seat_positions())[0]


def left_out_errors_mm(told: tuple[str, ...]) -> Array:
    """Each driver's error by the gains and the offset of the 37 others, shape (38,)."""
    people = seat_positions()
    off = []
    for i in range(len(people.aft_mm)):
        others = np.arange(len(people.aft_mm)) != i
        known, offset = posterior(
            SeatPositions(
                people.measures[others], people.aft_mm[others], people.sitting_beyond_mm[others]
            ),
            told,
        )
        off.append(people.aft_mm[i] - offset - people.measures[i] @ known.mm)
    return np.array(off)


def _park(measure: str) -> list[tuple[float, float]]:
    """Gain of each sex by Park et al. 2016 about the mean driver, and how surely it is known."""
    term = {"stature_mm": "S", "sitting_height_mm": "SHS", "bmi_kg_m2": "BMI", "age_years": "A"}
    sd = DRIVER_SD_MM / (PARK_SD[measure] * np.sqrt(PARK_DRIVERS_OF_A_SEX))
    found = []
    for sex, stature_mm in (("male", 1756.0), ("female", 1628.0)):
        here = {
            "S": np.array([stature_mm]),
            "BMI": np.array([25.0]),
            "A": np.array([45.0]),
            "H30": np.array([270.0]),
            "L6re": np.array([540.0 - L6_REFERENCE_MM]),
        }
        here["SHS"] = mean_sitting_height_mm(sex, here["S"]) / here["S"]
        step = {"sitting_height_mm": 1.0 / stature_mm}.get(measure, 1.0)
        there = here | {term[measure]: here[term[measure]] + step}
        if measure == "stature_mm":
            there["SHS"] = mean_sitting_height_mm(sex, there["S"]) / there["S"]
        change = regression(sex, "h_point_x_mm", there) - regression(sex, "h_point_x_mm", here)
        found.append((float(change[0]), sd))
    return found
