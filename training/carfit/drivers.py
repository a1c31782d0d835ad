"""Drivers drawn from ANSUR II, in cars: to train on, and to measure with."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEXES, probability_male
from chalicelib.carfit.model import FEATURES, OUTPUTS, TYPICAL_AGE_YEARS, TYPICAL_BMI_KG_M2
from chalicelib.carfit.vehicles import Vehicle
from training.carfit.body_prior import population
from training.carfit.physics import (
    expected_cm,
    ideal_positions,
    mean_driver,
    models,
    residual_cov_cm2,
)

Array = npt.NDArray[np.float64]

# What the model is trained on is wider than any population, so that it never has to guess.
STATURE_CM: Final = (135.0, 215.0)
PROPORTION_SPREAD: Final = 1.5
"""Times the SD of ANSUR II."""
BMI_KG_M2: Final = (15.0, 45.0)
AGE_YEARS: Final = (18.0, 85.0)
H30_MM: Final = (140.0, 410.0)
WHEEL_SD_MM: Final = 20.0
"""How far makers' wheels lie from where the mean driver wants them."""
HALF_TELESCOPE_MM: Final = (0.0, 45.0)

BMI_BY_SEX: Final = {"male": (27.7, 4.0), "female": (25.5, 3.5)}
"""ANSUR II: mean and SD."""

FORE_AFT_SD_MM: Final = 36.0
"""Drivers of one body around any of the published fore-aft models."""
SEAT_HEIGHT_SD_MM: Final = 12.0
"""Assumed, as are the next three."""
EYE_HEIGHT_SD_MM: Final = 15.0
SHOULDER_SD_MM: Final = 15.0
WHEEL_REACH_SD_MM: Final = 25.0


@dataclass(frozen=True)
class SimulatedDrivers:
    """Drivers who sit where they like: what is told of them, and their own positions."""

    features: Array
    """Shape (n, 12): without sex, weight and age for every second driver."""
    positions: Array
    """Shape (n, 8)."""


def training_rows(count: int, rng: np.random.Generator) -> Array:
    """Rows of `FEATURES` that fill the space of bodies and packages, shape (count, 12)."""
    height_cm = rng.uniform(*STATURE_CM, count)
    at_height = np.array([probability_male(float(each)) for each in height_cm])
    # A third men, a third women, a third untold.
    told = rng.integers(0, 3, count)
    male = np.choose(told, [np.zeros(count), np.ones(count), at_height])
    is_male = rng.uniform(size=count) < male
    lengths_cm = _lengths_cm(height_cm, is_male, PROPORTION_SPREAD, rng)
    h30 = rng.uniform(*H30_MM, count)
    wheel_x = mean_driver(h30)[:, FEATURES.index("wheel_front_x_mm")]
    wheel_x = wheel_x + rng.normal(0.0, WHEEL_SD_MM, count)
    half_travel = rng.uniform(*HALF_TELESCOPE_MM, count)
    return np.column_stack(
        [
            height_cm,
            lengths_cm / height_cm[:, np.newaxis],
            male,
            rng.uniform(*BMI_KG_M2, count),
            rng.uniform(*AGE_YEARS, count),
            h30,
            wheel_x - half_travel,
            wheel_x + half_travel,
        ]
    )


def real_rows(count: int, cars: list[Vehicle], rng: np.random.Generator) -> Array:
    """Rows of `FEATURES` of ANSUR II bodies, half of them women, in the catalogue's cars."""
    is_male = rng.uniform(size=count) < 0.5
    bodies = {
        sex: rng.multivariate_normal(population(sex).mean_cm, population(sex).cov_cm2, count)
        for sex in SEXES
    }
    body = np.where(is_male[:, np.newaxis], bodies["male"], bodies["female"])
    bmi = np.where(
        is_male, rng.normal(*BMI_BY_SEX["male"], count), rng.normal(*BMI_BY_SEX["female"], count)
    )
    packages = np.array([[car.h30_mm, car.wheel_front_x_mm, car.wheel_rear_x_mm] for car in cars])
    return np.column_stack(
        [
            body[:, 0],
            body[:, 1:] / body[:, :1],
            is_male.astype(float),
            np.clip(bmi, *BMI_KG_M2),
            rng.uniform(*AGE_YEARS, count),
            packages[rng.integers(0, len(cars), count)],
        ]
    )


def simulated_drivers(rows: Array, rng: np.random.Generator) -> SimulatedDrivers:
    """Let drivers sit: each differs from the ideal by the published scatter."""
    count = len(rows)
    position = dict(zip(OUTPUTS, ideal_positions(rows).T, strict=True))
    rmse = models()["rmse"]
    is_male = rows[:, FEATURES.index("probability_male")] > 0.5

    def scatter(name: str) -> Array:
        sd = np.where(is_male, rmse["male"][name], rmse["female"][name])
        return np.asarray(rng.normal(0.0, sd))

    forward = rng.normal(0.0, FORE_AFT_SD_MM, count)
    upward = rng.normal(0.0, SEAT_HEIGHT_SD_MM, count)
    trunk_deg = scatter("hip_to_eye_deg")
    above_hip = position["eye_z_mm"] - position["h_point_z_mm"]
    position["eye_x_mm"] = position["eye_x_mm"] + forward + above_hip * np.radians(trunk_deg)
    position["eye_z_mm"] = position["eye_z_mm"] + upward + rng.normal(0.0, EYE_HEIGHT_SD_MM, count)
    position["h_point_x_mm"] = position["h_point_x_mm"] + forward
    position["h_point_z_mm"] = position["h_point_z_mm"] + upward
    position["trunk_deg"] = position["trunk_deg"] + trunk_deg
    position["thigh_deg"] = position["thigh_deg"] + scatter("thigh_deg")
    position["torso_mm"] = position["torso_mm"] + rng.normal(0.0, SHOULDER_SD_MM, count)
    position["wheel_x_mm"] = position["wheel_x_mm"] + rng.normal(0.0, WHEEL_REACH_SD_MM, count)

    told = rows.copy()
    untold = np.arange(count) % 2 == 1
    told[untold, FEATURES.index("probability_male")] = [
        probability_male(float(each)) for each in rows[untold, FEATURES.index("height_cm")]
    ]
    told[untold, FEATURES.index("bmi_kg_m2")] = TYPICAL_BMI_KG_M2
    told[untold, FEATURES.index("age_years")] = TYPICAL_AGE_YEARS
    return SimulatedDrivers(told, np.column_stack([position[name] for name in OUTPUTS]))


def _lengths_cm(
    height_cm: Array, is_male: npt.NDArray[np.bool_], spread: float, rng: np.random.Generator
) -> Array:
    by_sex = {
        sex: expected_cm(sex, height_cm)
        + spread * rng.multivariate_normal(np.zeros(5), residual_cov_cm2(sex), len(height_cm))
        for sex in SEXES
    }
    return np.where(is_male[:, np.newaxis], by_sex["male"], by_sex["female"])
