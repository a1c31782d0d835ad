"""Writes what height alone says about the lengths: ``chalicelib/body_prior.json``.

ANSUR II measured bony landmarks under the skin; a photo and a driving posture need joint centres.
The distance between the two grows with the body, so each length is moved by a share of stature,
the anatomical one with which the people of `training.people` are built too. How much people of one
height differ from each other stays as ANSUR II measured it.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, SEXES
from training.people.proportions import JOINT_CENTRE_SHIFT

DATA = Path(__file__).parent / "data"
TARGET = Path(__file__).parents[2] / "chalicelib" / "body_prior.json"


@dataclass(frozen=True)
class Population:
    """Stature and the five joint-centre lengths of one sex, jointly normal, in cm."""

    mean_cm: npt.NDArray[np.float64]
    cov_cm2: npt.NDArray[np.float64]
    stature_range_cm: tuple[float, float]


@cache
def _links() -> dict[str, Any]:
    links: dict[str, Any] = json.loads((DATA / "ansur2_links.json").read_text())
    if links["order"] != ["stature", *SEGMENTS]:
        raise ValueError(f"expected the order stature, {SEGMENTS}; got {links['order']}")
    return links


def population(sex: str) -> Population:
    """The joint-centre population of one sex."""
    row = _links()[sex]
    # Joint-centre lengths are a linear map of (stature, landmark lengths).
    to_joint_centres = np.eye(1 + len(SEGMENTS))
    to_joint_centres[1:, 0] = [JOINT_CENTRE_SHIFT[name] for name in SEGMENTS]
    low, high = row["stature_range_cm"]
    return Population(
        mean_cm=to_joint_centres @ np.array(row["mean_cm"]),
        cov_cm2=to_joint_centres @ np.array(row["cov_cm2"]) @ to_joint_centres.T,
        stature_range_cm=(low, high),
    )


def conditional_on_stature(sex: str) -> dict[str, Any]:
    """The regression of the five lengths on stature, and what it leaves unexplained."""
    people = population(sex)
    stature_variance = people.cov_cm2[0, 0]
    slope = people.cov_cm2[1:, 0] / stature_variance
    residual = people.cov_cm2[1:, 1:] - stature_variance * np.outer(slope, slope)
    return {
        "stature_mean_cm": round(float(people.mean_cm[0]), 4),
        "stature_sd_cm": round(float(np.sqrt(stature_variance)), 4),
        "slope": [round(float(v), 5) for v in slope],
        "intercept_cm": [
            round(float(v), 4) for v in people.mean_cm[1:] - slope * people.mean_cm[0]
        ],
        "residual_cov_cm2": [[round(float(v), 4) for v in row] for row in residual],
    }


def prior() -> dict[str, Any]:
    """The document that ``chalicelib.body_prior`` reads."""
    lows, highs = zip(*(population(sex).stature_range_cm for sex in SEXES), strict=True)
    return {
        "source": (
            "ANSUR II (US Army 2012, public domain) conditional on stature, moved to joint centres"
            " by the shares of Drillis & Contini (Winter)"
        ),
        "made_by": "python -m training.carfit",
        "segments": list(SEGMENTS),
        "measured_stature_cm": [min(lows), max(highs)],
        **{sex: conditional_on_stature(sex) for sex in SEXES},
    }


def write(target: Path = TARGET) -> None:
    """Write the prior as JSON."""
    target.write_text(json.dumps(prior(), indent=1) + "\n")


if __name__ == "__main__":
    write()
