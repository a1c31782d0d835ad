"""Drivers drawn from ANSUR II, in cars: to train on, and to measure with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, SEXES, probability_male
from chalicelib.carfit import linkage, rules
from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.model import (
    BODY_FEATURES,
    FEATURES,
    PACKAGE_FEATURES,
    SCATTER,
    TYPICAL_AGE_YEARS,
    package_features,
    with_free_travels,
)
from chalicelib.carfit.types import TYPICAL_BMI_KG_M2
from chalicelib.carfit.vehicles import FIGURES, Vehicle
from training.carfit.body_prior import population
from training.carfit.habit import Habit, expected_cm, habit, residual_cov_cm2
from training.carfit.solver import (
    FORE_AFT_SD_MM,
    HEIGHT_SD_MM,
    RECLINE_SD_DEG,
    WHEEL_SD_MM,
    Solution,
    solve,
)

Array = npt.NDArray[np.float64]

# What the model is trained on is wider than any population, so that it never has to guess.
STATURE_CM: Final = (130.0, 220.0)
PROPORTION_SPREAD: Final = 1.5
"""Times the SD of ANSUR II."""
BMI_KG_M2: Final = (15.0, 45.0)
AGE_YEARS: Final = (18.0, 85.0)

PACKAGE_SD: Final[Mapping[str, float]] = {
    "back_angle_deg": 2.0,
    "seat_front_x_mm": 25.0,
    "seat_travel_mm": 25.0,
    "seat_track_rise_deg": 1.5,
    "seat_front_low_z_mm": 12.0,
    "seat_lift_mm": 12.0,
    "backrest_min_deg": 2.0,
    "recline_cap_deg": 1.5,
    "wheel_x_mm": 20.0,
    "wheel_z_mm": 15.0,
    "wheel_plane_deg": 3.0,
    "wheel_diameter_mm": 8.0,
    "wheel_telescope_travel_mm": 15.0,
    "wheel_tilt_travel_mm": 15.0,
    "roof_z_mm": 25.0,
    "cowl_x_mm": 40.0,
    "cowl_z_mm": 20.0,
    "header_x_mm": 40.0,
    "header_z_mm": 20.0,
}
"""How far a maker's figures lie from the catalogue's class, SD."""
H30_SD_MM: Final = 20.0
"""SD of a car's seat height about its class's; all other heights move with it."""
USUAL_PACKAGE_SHARE: Final = 0.3
"""The share of that spread among cars close to the catalogue's."""
HEIGHTS: Final = (
    "h30_mm",
    "seat_front_low_z_mm",
    "wheel_z_mm",
    "roof_z_mm",
    "cowl_z_mm",
    "header_z_mm",
)
TRAVELS: Final = (
    "seat_travel_mm",
    "seat_lift_mm",
    "wheel_telescope_travel_mm",
    "wheel_tilt_travel_mm",
)

BMI_BY_SEX: Final = {"male": (27.7, 4.0), "female": (25.5, 3.5)}
"""ANSUR II: mean and SD."""
KOREAN_SHARE: Final[Mapping[str, tuple[float, ...]]] = {
    "male": (-0.0056, -0.0060, -0.0065, -0.0102, 0.0053),
    "female": (-0.0054, -0.0094, -0.0036, -0.0116, 0.0118),
}
"""Share of stature by segment, Korea-born in ANSUR II (15 men, 17 women) less all of the sex."""

EYE_SD_MM: Final = 15.0
SHOULDER_SD_MM: Final = 15.0
"""How far eyes and shoulders of one body differ beyond what the posture moves (assumed)."""


@dataclass(frozen=True)
class SimulatedDrivers:
    """Drivers who sit where they like.

    ``rows`` and ``features``, shape (n, 30), are who they are and what is told of them;
    ``positions``, shape (n, 8), in the order of `chalicelib.carfit.model.OUTPUTS`, where they sit.
    """

    rows: Array
    features: Array
    positions: Array


def training_rows(count: int, cars: Sequence[Vehicle], rng: np.random.Generator) -> Array:
    """Rows of `FEATURES` to train on, shape (count, 30).

    Half are ANSUR II bodies in cars close to the catalogue's, half fill the space of bodies and
    packages; in every second car the travels are free.
    """
    half = count // 2
    usual = people(half, cars, rng)
    usual[:, len(BODY_FEATURES) :] = _packages(half, cars, rng, USUAL_PACKAGE_SHARE)
    rows = np.vstack([usual, _wide_rows(count - half, cars, rng)])
    # A third are told their sex less surely, as people of their height are.
    untold = rng.uniform(size=count) < 1.0 / 3.0
    male = FEATURES.index("probability_male")
    rows[untold, male] = _probability_male(rows[untold, 0])
    rows[:, FEATURES.index("posture")] = rng.choice([-1.0, 0.0, 1.0], count)
    return np.where(rng.uniform(size=(count, 1)) < 0.5, with_free_travels(rows), rows)


def _wide_rows(count: int, cars: Sequence[Vehicle], rng: np.random.Generator) -> Array:
    height_cm = rng.uniform(*STATURE_CM, count)
    is_male = rng.uniform(size=count) < _probability_male(height_cm)
    by_sex = {
        sex: expected_cm(sex, height_cm)
        + PROPORTION_SPREAD
        * rng.multivariate_normal(np.zeros(len(SEGMENTS)), residual_cov_cm2(sex), count)
        for sex in SEXES
    }
    lengths_cm = np.where(is_male[:, np.newaxis], by_sex["male"], by_sex["female"])
    return np.column_stack(
        [
            height_cm,
            lengths_cm / height_cm[:, np.newaxis],
            # Some have the other sex's habits at their height.
            np.where(rng.uniform(size=count) < 0.2, ~is_male, is_male),
            rng.uniform(*BMI_KG_M2, count),
            rng.uniform(*AGE_YEARS, count),
            np.zeros(count),
            _packages(count, cars, rng),
        ]
    )


def people(
    count: int,
    cars: Sequence[Vehicle],
    rng: np.random.Generator,
    *,
    korean_share: float = 0.0,
) -> Array:
    """Rows of `FEATURES` of ANSUR II bodies, half of them women, in cars as they are.

    ``korean_share`` of them have Korean proportions at their stature.
    """
    is_male = rng.uniform(size=count) < 0.5
    body = np.where(
        is_male[:, np.newaxis],
        *(
            rng.multivariate_normal(population(sex).mean_cm, population(sex).cov_cm2, count)
            for sex in ("male", "female")
        ),
    )
    height_cm, shares = body[:, 0], body[:, 1:] / body[:, :1]
    is_korean = rng.uniform(size=count) < korean_share
    shift = np.where(is_male[:, np.newaxis], KOREAN_SHARE["male"], KOREAN_SHARE["female"])
    shares = shares + np.where(is_korean[:, np.newaxis], shift, 0.0)
    bmi = np.where(is_male, *(rng.normal(*BMI_BY_SEX[sex], count) for sex in ("male", "female")))
    packages = np.array([package_features(car) for car in cars])
    return np.column_stack(
        [
            height_cm,
            shares,
            is_male.astype(float),
            np.clip(bmi, *BMI_KG_M2),
            rng.uniform(*AGE_YEARS, count),
            np.zeros(count),
            packages[rng.integers(0, len(cars), count)],
        ]
    )


def habits(rows: Array) -> Habit:
    """What the published regressions say of the bodies of `FEATURES` rows."""
    column = dict(zip(FEATURES, rows.T, strict=True))
    height_cm = column["height_cm"]
    shares = np.column_stack([column[f"{name}_share"] for name in SEGMENTS])
    return habit(
        height_cm,
        shares * height_cm[:, np.newaxis],
        column["probability_male"],
        column["bmi_kg_m2"],
        column["age_years"],
        column["h30_mm"],
    )


def cars_of(rows: Array) -> Vehicle:
    """The packages of `FEATURES` rows, as one vehicle whose figures have shape (n,).

    Figures that no driving position depends on are NaN.
    """
    column = dict(zip(FEATURES, rows.T, strict=True))
    figures = {name: column.get(name, np.full(len(rows), np.nan)) for name in FIGURES}
    radius_mm = np.full(len(rows), 450.0)
    figures |= {
        "sgrp_x_mm": column["seat_front_x_mm"],
        "seat_low_z_mm": column["seat_front_low_z_mm"],
        "backrest_max_deg": column["recline_cap_deg"],
        "backrest_safe_deg": column["recline_cap_deg"],
        "wheel_tilt_radius_mm": radius_mm,
        "wheel_tilt_travel_deg": np.degrees(column["wheel_tilt_travel_mm"] / radius_mm),
        "headroom_mm": np.zeros(len(rows)),
    }
    car = Vehicle(id="", name={}, **figures)
    slant = rules.roof_z(replace(car, headroom_mm=figures["headroom_mm"] + 1.0)) - rules.roof_z(car)
    return replace(car, headroom_mm=(column["roof_z_mm"] - rules.roof_z(car)) / slant)


def solved(rows: Array, noise: Array | None = None, **more: object) -> Solution:
    """Where the bodies of `FEATURES` rows sit in their cars."""
    posture = rows[:, FEATURES.index("posture")]
    return solve(habits(rows), cars_of(rows), posture, noise=noise, **more)  # type: ignore[arg-type]


def positions(rows: Array, solution: Solution) -> Array:
    """A solution as rows of `chalicelib.carfit.model.OUTPUTS`, shape (n, 8)."""
    seated, links = solution.posture, habits(rows).links
    return np.column_stack(
        [
            *seated.h_point,
            seated.trunk_deg,
            *seated.grip,
            links.torso_mm,
            *links.eye_mm,
        ]
    )


def seated(rows: Array, positions: Array) -> Seated:
    """Postures at rows of `chalicelib.carfit.model.OUTPUTS`, with the torso and eye given there."""
    torso_mm, eye_x, eye_z = positions.T[5:]
    links = replace(habits(rows).links, torso_mm=torso_mm, eye_mm=(eye_x, eye_z))
    x, z, recline, wheel_x, wheel_z = positions.T[:5]
    return linkage.sit(links, (x, z), recline, (wheel_x, wheel_z))


def scattering(posture: Seated) -> Array:
    """What of postures may differ between drivers, shape (n, 10), columns as in `SCATTER`."""
    found = {
        "h_point_x_mm": posture.h_point[0],
        "h_point_z_mm": posture.h_point[1],
        "recline_deg": posture.trunk_deg,
        "wheel_x_mm": posture.grip[0],
        "wheel_z_mm": posture.grip[1],
        "eye_x_mm": posture.eye[0],
        "eye_z_mm": posture.eye[1],
        "shoulder_z_mm": posture.shoulder[1],
        "head_along_torso_mm": linkage.head_along_torso_mm(posture),
        "thigh_deg": linkage.thigh_deg(posture),
    }
    return np.column_stack([found[name] for name in SCATTER])


def simulated_drivers(
    rows: Array, rng: np.random.Generator, *, told: bool, untold_rules: tuple[str, ...] = ()
) -> SimulatedDrivers:
    """Let drivers sit where they like: each differs from the habit by the published scatter.

    Where sex and weight are not ``told``, nor age, the features hold what is then taken. Nobody
    has heard of ``untold_rules``.
    """
    count = len(rows)
    noise = rng.standard_normal((count, 5)) * taste()
    found = positions(rows, solved(rows, noise, untold=untold_rules))
    off = [SHOULDER_SD_MM, EYE_SD_MM, EYE_SD_MM]
    found[:, -3:] += rng.standard_normal((count, 3)) * off
    heard = rows.copy()
    heard[:, FEATURES.index("age_years")] = TYPICAL_AGE_YEARS
    if not told:
        heard[:, FEATURES.index("probability_male")] = _probability_male(rows[:, 0])
        heard[:, FEATURES.index("bmi_kg_m2")] = TYPICAL_BMI_KG_M2
    return SimulatedDrivers(rows, heard, found)


@cache
def taste() -> Array:
    """How far tastes lie from the habit so that drivers scatter as published, shape (5,), in SD.

    Comfort and the car pull drivers together, so tastes differ by more than seats do.
    """
    from training.carfit.catalogue import cars

    rng = np.random.default_rng(11)
    rows = with_free_travels(people(1500, cars(), rng))
    ideal = positions(rows, solved(rows))
    wanted = np.array([FORE_AFT_SD_MM, HEIGHT_SD_MM, RECLINE_SD_DEG, WHEEL_SD_MM, WHEEL_SD_MM])
    scale = np.ones(5)
    noise = rng.standard_normal((len(rows), 5))
    for _ in range(3):
        off = positions(rows, solved(rows, noise * scale))[:, :5] - ideal[:, :5]
        scale = scale * wanted / np.sqrt(np.mean(off**2, axis=0))
    return scale


def _packages(
    count: int, cars: Sequence[Vehicle], rng: np.random.Generator, spread: float = 1.0
) -> Array:
    """Cars about those of the catalogue, shape (count, 20)."""
    package = np.array([package_features(car) for car in cars])[rng.integers(0, len(cars), count)]
    for name, sd in PACKAGE_SD.items():
        package[:, PACKAGE_FEATURES.index(name)] += rng.normal(0.0, spread * sd, count)
    raised = rng.normal(0.0, spread * H30_SD_MM, count)
    for name in HEIGHTS:
        package[:, PACKAGE_FEATURES.index(name)] += raised
    for name in TRAVELS:
        column = PACKAGE_FEATURES.index(name)
        package[:, column] = np.maximum(package[:, column], 0.0)
    return package


def _probability_male(height_cm: Array) -> Array:
    return np.array([probability_male(float(each)) for each in height_cm])
