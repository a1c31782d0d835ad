"""Where drivers like to sit by published models, and the links of their bodies.

One frame (`chalicelib.carfit.standards`): the middle driver's H-point and eye lie where SAE J4004
and J941 put them; how far a driver lies from the middle one comes from `training.carfit.gains` for
fore-aft, from Park et al. 2016 for height, eye and trunk; the preferred wheel from Reed 2013.
Those know a driver by stature, leg, sitting height, BMI and age; `training.carfit.solver` weighs
them with the comfort of this body's own joints, in this car.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, SEXES
from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import Links
from chalicelib.carfit.model import TYPICAL_AGE_YEARS
from chalicelib.carfit.standards import J4004_STATURE_MM, J4004_X, j941_eye_mm, j4004_x_mm
from chalicelib.carfit.types import TYPICAL_BMI_KG_M2
from training.carfit.body_prior import population
from training.carfit.gains import (
    CAP_AGE_YEARS,
    CAP_BMI_KG_M2,
    LEG_TO_SITTING_HEIGHT,
    MEASURES,
    gains,
)
from training.carfit.regressions import L6_REFERENCE_MM, mean_sitting_height_mm, regression

Array = npt.NDArray[np.float64]

PREFERRED_L6: Final = (4.0, 0.003441, 0.01854, -4.958e-5, 0.021182)
"""Reed 2013: L6 = (a + b stature + c H30 + d H30^2) / e, mm, where drivers rate "just right"."""

H30_REFERENCE_MM: Final = 270.0
"""A middling seat height, at which the mean trunk is told."""

BMI_FOLLOWED: Final = 0.67
"""Share that joints and reach leave of a wish to sit further back for one's BMI. With it, the seat
follows BMI by what `training.carfit.gains` finds; a test holds the two together."""

TORSO_TO_SHOULDER: Final = 0.6
"""mm that the shoulder lies higher for a mm of torso more than the stature's mean: the hip error
and the equations of `training.carfit.gains.LEG_TO_SITTING_HEIGHT`, t / var(torso) = .58 to .65."""
SEATED_TORSO_SHARE: Final = 0.97
"""How much of its standing length a torso keeps when slumped in a car seat (assumed)."""


@dataclass(frozen=True)
class Habit:
    """What n drivers' bodies and habits are, each field of shape (n,).

    ``h_point_x_mm`` holds for a car whose L6 is ``wheel_x_mm``, and follows another by
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
    told = {
        "S": 10.0 * height_cm,
        "BMI": np.clip(bmi_kg_m2, *CAP_BMI_KG_M2),
        "A": np.clip(age_years, *CAP_AGE_YEARS),
        "H30": h30_mm,
    }
    men = _of_sex("male", told, lengths_cm)
    women = _of_sex("female", told, lengths_cm)
    mixed = {
        name: probability_male * men[name] + (1.0 - probability_male) * women[name] for name in men
    }
    # The regressions' eye is at the driver's own recline; links tell it at one for all.
    turn = np.radians(linkage.EYE_PER_RECLINE * mixed["trunk_deg"])
    eye_x, eye_z = mixed["eye_x_mm"], mixed["eye_z_mm"]
    upper_arm, forearm, thigh, calf, _ = 10.0 * lengths_cm.T
    share = probability_male[:, np.newaxis]
    mean_mm = 10.0 * (
        share * expected_cm("male", height_cm) + (1.0 - share) * expected_cm("female", height_cm)
    )
    thigh = linkage.believed_leg(thigh, mean_mm[:, SEGMENTS.index("thigh")])
    calf = linkage.believed_leg(calf, mean_mm[:, SEGMENTS.index("calf")])
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
        h_point_per_wheel=np.full_like(told["S"], J4004_X[2]),
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


def _of_sex(sex: str, told: dict[str, Array], lengths_cm: Array) -> dict[str, Array]:
    """Habits by the regressions of one sex."""
    stature, h30 = told["S"], told["H30"]
    beyond_mm = dict(
        zip(SEGMENTS, 10.0 * (lengths_cm - expected_cm(sex, stature / 10.0)).T, strict=True)
    )
    leg_mm = beyond_mm["thigh"] + beyond_mm["calf"]
    sitting_mm = mean_sitting_height_mm(sex, stature) - LEG_TO_SITTING_HEIGHT * leg_mm
    preferred = preferred_wheel_x_mm(stature, h30)
    wheel = told | {"L6re": preferred - L6_REFERENCE_MM}
    this_body = wheel | {"SHS": sitting_mm / stature}
    mean_torso_mm = 10.0 * expected_cm(sex, stature / 10.0)[:, SEGMENTS.index("torso")]
    eye_off_x, eye_off_z = _eye_off_standard(h30)
    known = dict(zip(MEASURES, gains().mm.tolist(), strict=True))
    return {
        "h_point_x_mm": j4004_x_mm(h30, preferred)
        + known["stature_mm"] * (stature - J4004_STATURE_MM)
        + known["bmi_kg_m2"] / BMI_FOLLOWED * (told["BMI"] - TYPICAL_BMI_KG_M2)
        + known["age_years"] * (told["A"] - TYPICAL_AGE_YEARS),
        "h_point_z_mm": regression(sex, "h_point_z_mm", wheel),
        "eye_x_mm": regression(sex, "eye_x_mm", this_body) - eye_off_x,
        "eye_z_mm": regression(sex, "eye_z_mm", this_body) - eye_off_z,
        "trunk_deg": regression(sex, "hip_to_eye_deg", this_body) - _mean_trunk_deg(),
        "torso_mm": SEATED_TORSO_SHARE * (mean_torso_mm + TORSO_TO_SHOULDER * beyond_mm["torso"]),
    }


def _mean_of_a_sex(sex: str, h30_mm: Array) -> dict[str, Array]:
    """Terms of the regressions for the mean driver of a sex, at the wheel that is preferred."""
    stature = np.full_like(h30_mm, 10.0 * population(sex).mean_cm[0])
    return {
        "S": stature,
        "SHS": mean_sitting_height_mm(sex, stature) / stature,
        "BMI": np.full_like(h30_mm, TYPICAL_BMI_KG_M2),
        "A": np.full_like(h30_mm, TYPICAL_AGE_YEARS),
        "H30": h30_mm,
        "L6re": preferred_wheel_x_mm(stature, h30_mm) - L6_REFERENCE_MM,
    }


def _mean_regression(output: str, h30_mm: Array) -> Array:
    """Mean of the mean man's and the mean woman's by Park et al. 2016."""
    return np.mean([regression(sex, output, _mean_of_a_sex(sex, h30_mm)) for sex in SEXES], axis=0)


def _eye_off_standard(h30_mm: Array) -> tuple[Array, Array]:
    """How far Park's middle driver has the eye from where J941 has it, beside one H-point."""
    l6 = np.mean([_mean_of_a_sex(sex, h30_mm)["L6re"] for sex in SEXES], axis=0) + L6_REFERENCE_MM
    eye_x, eye_z = j941_eye_mm(h30_mm, l6)
    return (
        _mean_regression("eye_x_mm", h30_mm) - (eye_x - j4004_x_mm(h30_mm, l6)),
        _mean_regression("eye_z_mm", h30_mm) - (eye_z - _mean_regression("h_point_z_mm", h30_mm)),
    )


@cache
def _mean_trunk_deg() -> float:
    """Hip-to-eye angle of the mean driver, from whom other drivers are told apart."""
    return float(_mean_regression("hip_to_eye_deg", np.array([H30_REFERENCE_MM]))[0])
