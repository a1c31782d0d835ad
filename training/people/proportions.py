"""Whose body it is: sex, stature, build, and the five joint-centre lengths that go with them.

The lengths are ANSUR II's (US Army 2012, public domain): the mean, the slope on stature and the
covariance left over once stature is known. ANSUR measures between landmarks on the skin; each mean
is moved to joint centres by a share of stature, while the residual covariance stays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

Sex = Literal["female", "male"]
Spread = Literal["real", "wide"]

SEGMENTS = ("upper_arm", "forearm", "thigh", "calf", "torso")

# From skin landmarks to joint centres, as a share of stature. Anatomy, rounded to 1 mm at 175 cm:
#   upper arm: the humeral head's centre lies 3.9 cm below the acromion, the elbow's axis 1.2 cm
#     above the radiale;
#   forearm: the elbow's axis 1.2 cm above the radiale, the wrist's centre 0.9 cm above the stylion;
#   thigh: the femoral head's centre lies 1.1 cm above the trochanterion;
#   calf: both landmarks lie on the joints' axes;
#   torso: the shoulder drops 3.9 cm, the hip rises 1.1 cm.
# The resulting shares are compared with Winter's in README.md.
JOINT_CENTRE_SHIFT = {
    "upper_arm": -0.029,
    "forearm": 0.002,
    "thigh": 0.006,
    "calf": 0.0,
    "torso": -0.028,
}

LINKS = Path(__file__).parents[1] / "carfit" / "data" / "ansur2_links.json"

WIDE_FACTOR = (2.0, 3.0)  # times the residual SD of ANSUR II, drawn per person
STATURE_CM = (145.0, 205.0)  # the range that the product measures

# Stature is drawn flatter than any population, so that short and tall people are measured too:
# mean and SD in cm (ANSUR II means with Size Korea 8's pulled in; SD about 1.4 times theirs).
STATURE_MEAN_CM = {"female": 162.0, "male": 174.0}
STATURE_SD_CM = {"female": 8.5, "male": 9.5}

# Body mass index, kg/m2: log-normal about Size Korea 8's means, with a tail to heavy people.
BMI_MEDIAN = {"female": 22.8, "male": 24.5}
BMI_LOG_SD = 0.16
BMI_RANGE = (16.5, 38.0)

# Left against right: SD of the difference as a share of the length; ANSUR-like, always under 1 %.
ASYMMETRY_SD = 0.004
ASYMMETRY_MAX = 0.009

# A neck and head can only take so much: when thigh + calf + torso leave more or less of stature
# than this many of ANSUR's residual SDs, the body is not one that stands, and is drawn again.
STACK_SD_LIMIT = 2.6


@dataclass(frozen=True)
class Proportions:
    """A body's measures, before it is built.

    Attributes
    ----------
    lengths_cm
        Joint-centre length by segment, mean of the two sides.
    asymmetry
        (left - right) / mean by segment; 0 for the torso.
    """

    sex: Sex
    stature_cm: float
    bmi: float
    lengths_cm: dict[str, float]
    asymmetry: dict[str, float]

    def side_length_cm(self, segment: str, side: Literal["L", "R"]) -> float:
        """Length of one side's segment in cm."""
        half = self.asymmetry[segment] / 2
        return self.lengths_cm[segment] * (1 + half if side == "L" else 1 - half)


@dataclass(frozen=True)
class LinkModel:
    """Five joint-centre lengths given stature: a line, and a covariance about it.

    Attributes
    ----------
    mean_stature_cm
        Stature at which ``mean_cm`` holds.
    mean_cm, slope, residual_cov_cm2
        Shapes (5,), (5,), (5, 5), in the order of ``SEGMENTS``.
    """

    mean_stature_cm: float
    mean_cm: np.ndarray
    slope: np.ndarray
    residual_cov_cm2: np.ndarray

    def expected_cm(self, stature_cm: float) -> np.ndarray:
        """Mean lengths of people of this stature, cm, shape (5,)."""
        return self.mean_cm + self.slope * (stature_cm - self.mean_stature_cm)


@cache
def link_model(sex: Sex) -> LinkModel:
    """ANSUR II's link model for one sex, moved to joint centres."""
    document = json.loads(LINKS.read_text(encoding="utf-8"))
    if document["order"] != ["stature", *SEGMENTS]:
        raise ValueError(f"expected stature, {SEGMENTS}; got {document['order']}")
    mean_cm, cov_cm2 = (np.array(document[sex][key]) for key in ("mean_cm", "cov_cm2"))
    shift = np.array([JOINT_CENTRE_SHIFT[s] for s in SEGMENTS])
    slope = cov_cm2[1:, 0] / cov_cm2[0, 0]
    return LinkModel(
        mean_stature_cm=float(mean_cm[0]),
        mean_cm=mean_cm[1:] + shift * mean_cm[0],
        slope=slope + shift,
        residual_cov_cm2=cov_cm2[1:, 1:] - np.outer(slope, cov_cm2[0, 1:]),
    )


def sample_lengths_cm(
    rng: np.random.Generator, sex: Sex, stature_cm: float, spread: Spread
) -> np.ndarray:
    """Draw the five lengths of one person of this sex and stature.

    Returns
    -------
    ndarray, shape (5,), cm, in the order of ``SEGMENTS``.
    """
    model = link_model(sex)
    factor = rng.uniform(*WIDE_FACTOR) if spread == "wide" else 1.0
    in_stack = np.isin(SEGMENTS, ("thigh", "calf", "torso")).astype(float)
    stack_sd_cm = np.sqrt(in_stack @ model.residual_cov_cm2 @ in_stack)
    while True:
        residual_cm = factor * rng.multivariate_normal(np.zeros(5), model.residual_cov_cm2)
        if abs(residual_cm @ in_stack) < STACK_SD_LIMIT * stack_sd_cm:
            return model.expected_cm(stature_cm) + residual_cm


def sample_proportions(rng: np.random.Generator, spread: Spread) -> Proportions:
    """Draw one person: sex, stature, build and lengths."""
    sex: Sex = "female" if rng.random() < 0.5 else "male"
    stature_cm = 0.0
    while not STATURE_CM[0] <= stature_cm <= STATURE_CM[1]:
        stature_cm = rng.normal(STATURE_MEAN_CM[sex], STATURE_SD_CM[sex])
    bmi = float(np.clip(BMI_MEDIAN[sex] * np.exp(rng.normal(0, BMI_LOG_SD)), *BMI_RANGE))
    lengths_cm = sample_lengths_cm(rng, sex, stature_cm, spread)
    asymmetry = np.clip(rng.normal(0, ASYMMETRY_SD, 5), -ASYMMETRY_MAX, ASYMMETRY_MAX)
    return Proportions(
        sex=sex,
        stature_cm=float(stature_cm),
        bmi=bmi,
        lengths_cm={s: float(v) for s, v in zip(SEGMENTS, lengths_cm, strict=True)},
        asymmetry={
            s: 0.0 if s == "torso" else float(a) for s, a in zip(SEGMENTS, asymmetry, strict=True)
        },
    )
