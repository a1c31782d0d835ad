"""Where drivers like to sit by published regressions, and the links of their bodies.

The H-point, the eye and the trunk come from Park et al. 2016, the preferred wheel from Reed 2013.
Those know a driver by stature, sitting height, BMI and age; `training.carfit.solver` weighs them
with the comfort of this body's own joints, in this car.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, SEXES
from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import Links
from chalicelib.carfit.model import TYPICAL_AGE_YEARS
from chalicelib.carfit.types import TYPICAL_BMI_KG_M2
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
laboratory's truck model (class B: .6244 (stature - sitting height)) does."""
TORSO_TO_SHOULDER: Final = 0.6
"""mm that the shoulder lies higher for a mm of torso more than the stature's mean: the same hip
error, the same equations, t / var(torso) = .58 to .65."""
SEATED_TORSO_SHARE: Final = 0.97
"""How much of its standing length a torso keeps when slumped in a car seat (assumed)."""


@dataclass(frozen=True)
class Habit:
    """What n drivers' bodies and habits are, each field of shape (n,).

    ``h_point_x_mm`` holds for a wheel at ``wheel_x_mm``, and follows another by
    ``h_point_per_wheel`` mm/mm. ``trunk_deg`` is more recline than the mean driver's of any car.
    """

    links: Links
    h_point_x_mm: Array
    h_point_per_wheel: Array
    h_point_z_mm: Array
    wheel_x_mm: Array
    trunk_deg: Array


def habit(
    height_cm: Array,
    lengths_cm: Array,
    probability_male: Array,
    bmi_kg_m2: Array,
    age_years: Array,
    h30_mm: Array,
) -> Habit:
    """Look drivers up in the published regressions.

    Parameters
    ----------
    height_cm, probability_male, bmi_kg_m2, age_years, h30_mm : ndarray
        Shape (n,). A ``probability_male`` between 0 and 1 is the mean of both sexes, weighted.
    lengths_cm : ndarray
        Shape (n, 5), in the order of `chalicelib.body_prior.SEGMENTS`.
    """
    told = {"S": 10.0 * height_cm, "BMI": bmi_kg_m2, "A": age_years, "H30": h30_mm}
    men = _of_sex("male", told, lengths_cm)
    women = _of_sex("female", told, lengths_cm)
    mixed = {
        name: probability_male * men[name] + (1.0 - probability_male) * women[name] for name in men
    }
    # The regressions' eye is at the driver's own recline; links tell it at one for all.
    turn = np.radians(linkage.EYE_PER_RECLINE * mixed["trunk_deg"])
    eye_x, eye_z = mixed["eye_x_mm"], mixed["eye_z_mm"]
    upper_arm, forearm, thigh, calf, _ = 10.0 * lengths_cm.T
    return Habit(
        links=linkage.links(
            (upper_arm, forearm, thigh, calf),
            height_mm=10.0 * height_cm,
            bmi_kg_m2=bmi_kg_m2,
            torso_mm=mixed["torso_mm"],
            eye_mm=(
                eye_x * np.cos(turn) - eye_z * np.sin(turn),
                eye_z * np.cos(turn) + eye_x * np.sin(turn),
            ),
            h30_mm=h30_mm,
        ),
        h_point_x_mm=mixed["h_point_x_mm"],
        h_point_per_wheel=mixed["h_point_per_wheel"],
        h_point_z_mm=mixed["h_point_z_mm"],
        wheel_x_mm=preferred_wheel_x_mm(told["S"], h30_mm),
        trunk_deg=mixed["trunk_deg"],
    )


def mean_drivers(h30_mm: float) -> Habit:
    """The mean man and the mean woman, of typical BMI and age."""
    both = [population(sex).mean_cm for sex in SEXES]
    return habit(
        height_cm=np.array([each[0] for each in both]),
        lengths_cm=np.array([each[1:] for each in both]),
        probability_male=np.array([float(sex == "male") for sex in SEXES]),
        bmi_kg_m2=np.full(2, TYPICAL_BMI_KG_M2),
        age_years=np.full(2, TYPICAL_AGE_YEARS),
        h30_mm=np.full(2, h30_mm),
    )


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


def regression(sex: str, output: str, values: dict[str, Array]) -> Array:
    """Evaluate one published regression; ``values`` by the names of its terms."""
    terms = values | {"1": np.ones_like(values["S"])}
    total = np.zeros_like(values["S"])
    for term, coefficient in models()[sex][output].items():
        total = total + coefficient * np.prod([terms[n] for n in term.split("*")], axis=0)
    return np.asarray(total)


def mean_sitting_height_mm(sex: str, stature_mm: Array) -> Array:
    """Sitting height of the mean body of a stature (ANSUR II)."""
    line = models()["sitting_height_cm"][sex]
    return np.asarray(10.0 * line["intercept"] + line["slope"] * stature_mm)


def _of_sex(sex: str, told: dict[str, Array], lengths_cm: Array) -> dict[str, Array]:
    """Habits by the regressions of one sex."""
    stature = told["S"]
    beyond_mm = dict(
        zip(SEGMENTS, 10.0 * (lengths_cm - expected_cm(sex, stature / 10.0)).T, strict=True)
    )
    mean_sitting_mm = mean_sitting_height_mm(sex, stature)
    true_leg_mm = LEG_TO_SITTING_HEIGHT * (beyond_mm["thigh"] + beyond_mm["calf"])
    wheel = told | {"L6re": preferred_wheel_x_mm(stature, told["H30"]) - L6_REFERENCE_MM}
    mean_body = wheel | {"SHS": mean_sitting_mm / stature}
    this_body = wheel | {"SHS": (mean_sitting_mm - true_leg_mm) / stature}
    mean_torso_mm = 10.0 * expected_cm(sex, stature / 10.0)[:, SEGMENTS.index("torso")]
    mean_trunk_deg = np.mean([_mean_trunk_deg(each) for each in SEXES])
    return {
        # Fore-aft takes the mean body's sitting height: the leg's own term stands for the rest.
        "h_point_x_mm": regression(sex, "h_point_x_mm", mean_body) + LEG_TO_FORE_AFT * true_leg_mm,
        "h_point_per_wheel": np.full_like(stature, models()[sex]["h_point_x_mm"]["L6re"]),
        "h_point_z_mm": regression(sex, "h_point_z_mm", mean_body),
        "eye_x_mm": regression(sex, "eye_x_mm", this_body),
        "eye_z_mm": regression(sex, "eye_z_mm", this_body),
        "trunk_deg": regression(sex, "hip_to_eye_deg", this_body) - mean_trunk_deg,
        "torso_mm": SEATED_TORSO_SHARE * (mean_torso_mm + TORSO_TO_SHOULDER * beyond_mm["torso"]),
    }


@cache
def _mean_trunk_deg(sex: str) -> float:
    """Hip-to-eye angle of the mean driver of a sex, from whom other drivers are told apart."""
    stature = np.array([10.0 * population(sex).mean_cm[0]])
    values = {
        "S": stature,
        "SHS": mean_sitting_height_mm(sex, stature) / stature,
        "BMI": np.array([TYPICAL_BMI_KG_M2]),
        "H30": np.array([270.0]),
    }
    return float(regression(sex, "hip_to_eye_deg", values)[0])
