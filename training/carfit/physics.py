"""Where a driver sits when every travel is free: published regressions, and what limbs add.

This is the seam: a function from rows of `FEATURES` (a body in a car's package) to rows of
`OUTPUTS` (the driving position). A posture solver can take its place; the model is trained on
whatever stands here.

The H-point, the eye, the trunk and the thigh come from Park et al. 2016, the preferred wheel from
Reed 2013. Those know a driver by stature, sitting height, BMI and age. What this body's limbs add
to that of the mean body of its stature is bounded and added by four rules, each a constant below.
"""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, SEXES
from chalicelib.carfit.model import FEATURES, OUTPUTS, TYPICAL_AGE_YEARS, TYPICAL_BMI_KG_M2
from training.carfit.body_prior import population

Array = npt.NDArray[np.float64]

DATA: Final = Path(__file__).parent / "data"

PREFERRED_L6: Final = (4.0, 0.003441, 0.01854, -4.958e-5, 0.021182)
"""Reed 2013: L6 = (a + b stature + c H30 + d H30^2) / e, mm, where drivers rate "just right"."""
L6_REFERENCE_MM: Final = 600.0
"""Park et al. 2016 centre L6 on it."""

LEG_TO_SITTING_HEIGHT: Final = 0.6
"""cm of sitting height lost for a cm of leg more than the stature's mean.

Stature = sitting height + leg - constant, but a measured leg carries the error of finding the hip
and hips differ in how far they lie above the seat. ANSUR II, variances in cm2 at fixed stature
(men): leg (thigh + calf) 7.1, torso 7.4, their covariance -5.9, sitting height 5.0, shoulder
height sitting 5.3. With a hip error n shared by both and a hip-above-seat height h, the
equations var(leg) = l + n, var(sitting height) = l + h, var(shoulder height sitting) = t + h,
var(torso) = t + n hold for h = 0.5 to 1.0 cm2; the gain l / var(leg) is then .56 to .63."""
LEG_TO_FORE_AFT: Final = 0.6244
"""mm aft for a mm of true leg at fixed stature. Park's car models hold no leg term, the same
laboratory's truck model (class B: .6244 (stature - sitting height)) does; keeping the knee angle
would give about .85."""
ARM_TO_WHEEL: Final = 0.5
"""mm that the wheel goes away for a mm of arm (upper arm + forearm) more than the stature's mean.
Keeping the elbow angle would give about .9; elbows take up the other half (our judgement)."""
TORSO_TO_SHOULDER: Final = 0.6
"""mm that the shoulder lies higher for a mm of torso more than the stature's mean: the same hip
error, the same equations, t / var(torso) = .58 to .65."""
SEATED_TORSO_SHARE: Final = 0.97
"""How much of its standing length a torso keeps when slumped in a car seat (assumed)."""
RESIDUAL_SD_BOUND: Final = 3.0
"""The rules are straight lines: beyond this many SD from the stature's mean they add no more."""

EYELLIPSE_ABOVE_H30_MM: Final = 638.0
"""SAE J941-2010: height of the eyellipse's centre above the SgRP (from memory)."""
EYELLIPSE_HEIGHT_MM: Final = 93.4
"""... and the height of its 95 % ellipse. Bonnet and dashboard are drawn for eyes inside."""


def ideal_positions(features: Array) -> Array:
    """Driving positions of bodies in cars.

    Parameters
    ----------
    features : ndarray
        Shape (n, 12), columns as in `FEATURES`. A ``probability_male`` between 0 and 1 is the mean
        of both sexes, weighted.

    Returns
    -------
    ndarray
        Shape (n, 8), columns as in `OUTPUTS`.
    """
    columns = dict(zip(FEATURES, features.T, strict=True))
    male = columns["probability_male"][:, np.newaxis]
    mean: Array = male * _of_sex("male", columns) + (1.0 - male) * _of_sex("female", columns)
    position = dict(zip(OUTPUTS, mean.T, strict=True))
    # Who would look out from under the eyellipse raises the seat, and the eye with it.
    lowest_eye = columns["h30_mm"] + EYELLIPSE_ABOVE_H30_MM - EYELLIPSE_HEIGHT_MM / 2
    raised = np.maximum(lowest_eye - position["eye_z_mm"], 0.0)
    position["h_point_z_mm"] = position["h_point_z_mm"] + raised
    position["eye_z_mm"] = position["eye_z_mm"] + raised
    # Trunk and thigh are told as the difference from the mean driver of the same car.
    for name, mean_driver in _mean_driver_angles(columns["h30_mm"]).items():
        position[name] = position[name] - mean_driver
    return np.column_stack([position[name] for name in OUTPUTS])


def mean_driver(h30_mm: Array, wheel_x_mm: Array | None = None) -> Array:
    """Rows of `FEATURES` of the mean driver, half man and half woman, mean of both statures.

    Parameters
    ----------
    h30_mm : ndarray
        Shape (n,).
    wheel_x_mm : ndarray, optional
        Shape (n,); without it the wheel that this driver prefers.
    """
    height_cm = np.mean([population(sex).mean_cm[0] for sex in SEXES])
    lengths_cm = np.mean([expected_cm(sex, np.atleast_1d(height_cm)) for sex in SEXES], axis=0)
    if wheel_x_mm is None:
        wheel_x_mm = preferred_wheel_x_mm(10.0 * height_cm, h30_mm)
    row = {
        "height_cm": height_cm,
        **{f"{name}_share": v / height_cm for name, v in zip(SEGMENTS, lengths_cm[0], strict=True)},
        "probability_male": 0.5,
        "bmi_kg_m2": TYPICAL_BMI_KG_M2,
        "age_years": TYPICAL_AGE_YEARS,
        "h30_mm": h30_mm,
        "wheel_front_x_mm": wheel_x_mm,
        "wheel_rear_x_mm": wheel_x_mm,
    }
    return np.column_stack([np.broadcast_to(row[name], h30_mm.shape) for name in FEATURES])


def preferred_wheel_x_mm(stature_mm: npt.ArrayLike, h30_mm: Array) -> Array:
    """Wheel centre aft of the ball of the foot that drivers of a stature prefer (Reed 2013)."""
    a, b, c, d, e = PREFERRED_L6
    return np.asarray((a + b * np.asarray(stature_mm) + c * h30_mm + d * h30_mm**2) / e)


def expected_cm(sex: str, height_cm: Array) -> Array:
    """Mean joint-centre lengths of one sex at given statures, shape (n, 5)."""
    people = population(sex)
    slope = people.cov_cm2[1:, 0] / people.cov_cm2[0, 0]
    return np.asarray(people.mean_cm[1:] + np.outer(height_cm - people.mean_cm[0], slope))


def residual_cov_cm2(sex: str) -> Array:
    """Covariance of the lengths of one sex at one stature, shape (5, 5)."""
    cov = population(sex).cov_cm2
    return np.asarray(cov[1:, 1:] - np.outer(cov[1:, 0], cov[1:, 0]) / cov[0, 0])


@cache
def models() -> dict[str, Any]:
    """The published regressions: coefficients by sex, output and term."""
    document: dict[str, Any] = json.loads((DATA / "posture_models.json").read_text())
    return document


def _of_sex(sex: str, columns: dict[str, Array]) -> Array:
    """Position by the regressions of one sex; trunk and thigh still absolute."""
    height_cm, h30 = columns["height_cm"], columns["h30_mm"]
    stature = 10.0 * height_cm
    leg_mm, arm_mm, torso_mm = _beyond_mean_mm(sex, columns)

    line = models()["sitting_height_cm"][sex]
    mean_sitting_mm = 10.0 * (line["intercept"] + line["slope"] * height_cm)
    true_leg_mm = LEG_TO_SITTING_HEIGHT * leg_mm
    preferred_x = preferred_wheel_x_mm(stature, h30) - ARM_TO_WHEEL * arm_mm
    wheel_x = np.clip(preferred_x, columns["wheel_front_x_mm"], columns["wheel_rear_x_mm"])

    known = {
        "S": stature,
        "BMI": columns["bmi_kg_m2"],
        "A": columns["age_years"],
        "H30": h30,
        "L6re": wheel_x - L6_REFERENCE_MM,
    }
    mean_body = known | {"SHS": mean_sitting_mm / stature}
    this_body = known | {"SHS": (mean_sitting_mm - true_leg_mm) / stature}
    mean_torso_mm = 10.0 * expected_cm(sex, height_cm)[:, SEGMENTS.index("torso")]
    # Fore-aft takes the mean body's sitting height: the leg's own rule stands for the rest.
    h_point_x = _regression(sex, "h_point_x_mm", mean_body) + LEG_TO_FORE_AFT * true_leg_mm
    h_point_z = _regression(sex, "h_point_z_mm", mean_body)
    return np.column_stack(
        [
            h_point_x,
            h_point_z,
            h_point_x + _regression(sex, "eye_x_mm", this_body),
            h_point_z + _regression(sex, "eye_z_mm", this_body),
            _regression(sex, "hip_to_eye_deg", this_body),
            _regression(sex, "thigh_deg", this_body),
            SEATED_TORSO_SHARE * (mean_torso_mm + TORSO_TO_SHOULDER * torso_mm),
            preferred_x,
        ]
    )


def _beyond_mean_mm(sex: str, columns: dict[str, Array]) -> tuple[Array, Array, Array]:
    """Leg, arm and torso beyond the mean of the stature and sex, mm, each bounded."""
    height_cm = columns["height_cm"]
    lengths_cm = np.column_stack([columns[f"{name}_share"] * height_cm for name in SEGMENTS])
    beyond_cm = lengths_cm - expected_cm(sex, height_cm)
    cov = residual_cov_cm2(sex)

    def bounded(*names: str) -> Array:
        weights = np.array([float(name in names) for name in SEGMENTS])
        bound = RESIDUAL_SD_BOUND * math.sqrt(weights @ cov @ weights)
        return np.asarray(10.0 * np.clip(beyond_cm @ weights, -bound, bound))

    return bounded("thigh", "calf"), bounded("upper_arm", "forearm"), bounded("torso")


def _mean_driver_angles(h30_mm: Array) -> dict[str, Array]:
    columns = dict(zip(FEATURES, mean_driver(h30_mm).T, strict=True))
    both = np.mean([_of_sex(sex, columns) for sex in SEXES], axis=0)
    return {name: both[:, OUTPUTS.index(name)] for name in ("trunk_deg", "thigh_deg")}


def _regression(sex: str, output: str, values: dict[str, Array]) -> Array:
    terms = values | {"1": np.ones_like(values["S"])}
    total = np.zeros_like(values["S"])
    for term, coefficient in models()[sex][output].items():
        total = total + coefficient * np.prod([terms[n] for n in term.split("*")], axis=0)
    return np.asarray(total)
