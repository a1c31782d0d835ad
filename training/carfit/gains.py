"""How much of fore-aft each measure of a body moves, by all that is known of real drivers.

A linear model about the middle driver of SAE J4004: fore-aft = middle + stature + leg + BMI + age.
Each gain has a prior from the published models, each weighed by how surely it was measured, and 38
real drivers (`data/seatpos.csv`) who move it by as much as they know. Those were measured at the
hips, and hips lie further before the H-point the heavier the driver. A gain on which the sources
contradict each other is left out. What a driver of one body does beside that, 36 mm, nobody's
measures tell.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from chalicelib.carfit.linkage import HIP_FORWARD_MM
from chalicelib.carfit.standards import J4004_STATURE
from training.carfit.regressions import L6_REFERENCE_MM, mean_sitting_height_mm, regression

Array = npt.NDArray[np.float64]

SEAT_POSITIONS: Final = Path(__file__).parent / "data" / "seatpos.csv"
"""Data set ``seatpos`` of the R package ``faraway`` (Faraway, Linear Models with R): 38 drivers,
HuMoSim laboratory, University of Michigan. Years, lb, cm, and mm of the hip's middle from a fixed
point of the car, negative aft."""

MEASURES: Final = ("stature_mm", "leg_mm", "bmi_kg_m2", "age_years")
"""What gains are of: stature; thigh + calf beyond the mean of that stature; BMI; age."""

HIPS_FORWARD: Final = np.array([0.0, 0.0, HIP_FORWARD_MM[1], 0.0])
"""mm that the middle of the hips lies further before the H-point for a unit of each measure."""

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

AGREE_P: Final = 0.1
"""Cochran's Q: below it the sources of a gain contradict each other (the level that meta-analyses
use)."""

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
    """n real drivers: ``measures``, shape (n, 4), by `MEASURES`; ``hips_aft_mm``, shape (n,), the
    middle of the hips from a fixed point of the car."""

    measures: Array
    hips_aft_mm: Array

    def without(self, i: int) -> "SeatPositions":
        """All drivers but one."""
        others = np.arange(len(self.hips_aft_mm)) != i
        return SeatPositions(self.measures[others], self.hips_aft_mm[others])


@cache
def seat_positions() -> SeatPositions:
    """The 38 drivers.

    Their limbs were not measured as ours: the leg counts as what it exceeds the sample's own line
    on stature by.
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
        hips_aft_mm=-column["hipcenter"],
    )


@cache
def published() -> dict[str, list[tuple[float, float]]]:
    """Gain and SD of the H-point by each published source, by the names of `MEASURES`."""
    found = {name: _park(name) for name in ("stature_mm", "sitting_height_mm", *MEASURES[2:])}
    found["stature_mm"].append((J4004_STATURE, J4004_STATURE_SD))
    truck_sd = found["sitting_height_mm"][0][1] / np.sqrt(TRUCK_WORTH)
    # A leg is longer by what the sitting height is shorter, as far as it is measured truly.
    legs = [(-gain, sd) for gain, sd in found.pop("sitting_height_mm")] + [(TRUCK_LEG, truck_sd)]
    found["leg_mm"] = [(LEG_TO_SITTING_HEIGHT * a, LEG_TO_SITTING_HEIGHT * b) for a, b in legs]
    return {name: found[name] for name in MEASURES}


@cache
def prior() -> Gains:
    """What the published models say, each source weighed by the inverse of its variance."""
    pooled = np.array([_pooled(sources) for sources in published().values()])
    return Gains(mm=pooled[:, 0], sd_mm=pooled[:, 1])


def agreed(people: SeatPositions) -> tuple[str, ...]:
    """Measures on whose gain the published sources and these drivers do not contradict each other.

    Cochran's Q of the sources and of the drivers' own least squares, all at the hips.
    """
    inputs = np.column_stack([np.ones(len(people.hips_aft_mm)), people.measures])
    covariance = np.linalg.inv(inputs.T @ inputs)
    own_mm = (covariance @ inputs.T @ people.hips_aft_mm)[1:]
    own_sd_mm = DRIVER_SD_MM * np.sqrt(np.diag(covariance))[1:]
    found = []
    for i, (name, sources) in enumerate(published().items()):
        at_hips = [(gain - HIPS_FORWARD[i], sd) for gain, sd in sources]
        every = [*at_hips, (own_mm[i], own_sd_mm[i])]
        mean, _ = _pooled(every)
        q = sum(((gain - mean) / sd) ** 2 for gain, sd in every)
        if chi2.sf(q, len(every) - 1) >= AGREE_P:
            found.append(name)
    return tuple(found)


def posterior(people: SeatPositions, told: tuple[str, ...] = MEASURES) -> tuple[Gains, float]:
    """Prior and drivers together, of the H-point; beside it the hips' offset, mm.

    What is not ``told`` has no gain, nor what is not `agreed` on.
    """
    known = agreed(people)
    columns = [i for i, name in enumerate(MEASURES) if name in told and name in known]
    inputs = np.column_stack([np.ones(len(people.hips_aft_mm)), people.measures[:, columns]])
    before = prior()
    # The fixed point of the car is anywhere: its offset has no prior.
    precision = np.diag([0.0, *(1.0 / before.sd_mm[columns] ** 2)])
    mean = np.array([0.0, *(before.mm - HIPS_FORWARD)[columns]])
    covariance = np.linalg.inv(inputs.T @ inputs / DRIVER_SD_MM**2 + precision)
    found = covariance @ (inputs.T @ people.hips_aft_mm / DRIVER_SD_MM**2 + precision @ mean)
    gain, sd = np.zeros(len(MEASURES)), np.zeros(len(MEASURES))
    gain[columns] = found[1:] + HIPS_FORWARD[columns]
    sd[columns] = np.sqrt(np.diag(covariance))[1:]
    return Gains(gain, sd), float(found[0])


@cache
def gains() -> Gains:
    """The gains that the engine is made with."""
    return posterior(seat_positions())[0]


def left_out_errors_mm(told: tuple[str, ...]) -> Array:
    """Each driver's error at the hips by the gains and the offset of the 37 others, shape (38,)."""
    people = seat_positions()
    off = []
    for i in range(len(people.hips_aft_mm)):
        known, offset = posterior(people.without(i), told)
        at_hips = np.where(known.sd_mm > 0.0, known.mm - HIPS_FORWARD, 0.0)
        off.append(people.hips_aft_mm[i] - offset - people.measures[i] @ at_hips)
    return np.array(off)


def _pooled(sources: list[tuple[float, float]]) -> tuple[float, float]:
    """Mean of sources, each weighed by the inverse of its variance, and its SD."""
    gain, sd = np.array(sources).T
    weight = 1.0 / sd**2
    return float(np.average(gain, weights=weight)), float(1.0 / np.sqrt(weight.sum()))


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
