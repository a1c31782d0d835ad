"""Pixels to centimetres: what a photo says of a body's lengths, joined to what its height says.

A photo's lengths in pixels become centimetres by the silhouette (vertex to soles is the height),
times a factor per segment from calibration; their error is calibrated with them
(``calibration.json``, written by ``training/calibrate.py``). That is one witness; the lengths of
people of the same height (`chalicelib.body_prior`) are the other. The two are joined as Gaussians,
so that a photo which says little leaves the prior, and no length leaves what a body can have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bodyscan import pose
from bodyscan.pose import Person
from bodyscan.silhouette import Silhouette
from chalicelib import body_prior
from chalicelib.errors import PoseUnsuitableError

Array = npt.NDArray[np.float64]
View = Literal["front", "side"]

SEGMENTS = body_prior.SEGMENTS
"""The order of every array of lengths here."""

ARM = ("upper_arm", "forearm")
LEG = ("thigh", "calf")

NORMAL_95 = 1.96
"""Half-width in SD of the 95 % interval of a Gaussian."""

SURPRISE_SD = 4.0
"""A photo that contradicts the prior by more than this, in SD of both together, is not believed."""

# Ends of each segment on the left and on the right, as landmark numbers.
LIMBS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "upper_arm": (
        (pose.LEFT_SHOULDER, pose.LEFT_ELBOW),
        (pose.RIGHT_SHOULDER, pose.RIGHT_ELBOW),
    ),
    "forearm": ((pose.LEFT_ELBOW, pose.LEFT_WRIST), (pose.RIGHT_ELBOW, pose.RIGHT_WRIST)),
    "thigh": ((pose.LEFT_HIP, pose.LEFT_KNEE), (pose.RIGHT_HIP, pose.RIGHT_KNEE)),
    "calf": ((pose.LEFT_KNEE, pose.LEFT_ANKLE), (pose.RIGHT_KNEE, pose.RIGHT_ANKLE)),
}


@dataclass(frozen=True)
class Lengths:
    """Lengths of a body: mean in cm, shape (5,), and covariance in cm^2, shape (5, 5)."""

    mean_cm: Array
    cov_cm2: Array

    def length_cm(self, *segments: str) -> float:
        """Length of one segment, or of several in a row."""
        return float(self.mean_cm[_indices(segments)].sum())

    def rounded_cm(self) -> dict[str, float]:
        """Each segment's length, to 1 mm."""
        return {name: round(self.length_cm(name), 1) for name in SEGMENTS}

    def intervals_95_cm(self) -> dict[str, tuple[float, float]]:
        """95 % interval of each segment, of arm and of leg, to 1 mm."""
        rows = {name: (name,) for name in SEGMENTS} | {"arm": ARM, "leg": LEG}
        intervals = {}
        for name, parts in rows.items():
            middle, half = self.length_cm(*parts), self.half_width_95_cm(*parts)
            intervals[name] = round(middle - half, 1), round(middle + half, 1)
        return intervals

    def half_width_95_cm(self, *segments: str) -> float:
        """Half the 95 % interval of one segment, or of several in a row."""
        index = _indices(segments)
        return NORMAL_95 * float(np.sqrt(self.cov_cm2[np.ix_(index, index)].sum()))


@dataclass(frozen=True)
class Observation:
    """What one photo says: lengths in cm by the silhouette's scale, NaN where it says nothing."""

    view: View
    raw_cm: Array


@dataclass(frozen=True)
class Calibration:
    """How a view's raw lengths relate to true ones: ``true = factor * raw + error``."""

    factor: Array
    error_cov_cm2: Array


CALIBRATION = Path(__file__).with_name("calibration.json")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return document


@cache
def _interval_scale() -> float:
    """Factor on the SD, so that 95 % of the calibration's lengths lie in their 95 % interval."""
    return float(_document()["interval_scale"])


def calibration_version() -> str:
    """Version of the calibration in use."""
    return str(_document()["version"])


@cache
def calibration(view: View) -> Calibration:
    """Calibration of a view; segments that the view does not show are never asked for."""
    entry = _document()["views"][view]
    return Calibration(
        factor=np.array(entry["factor"]), error_cov_cm2=np.array(entry["error_cov_cm2"])
    )


def forget_calibration() -> None:
    """Read the calibration again when it is next needed: it was just written."""
    for cached in (_document, _interval_scale, calibration):
        cached.cache_clear()


def observe(person: Person, outline: Silhouette, height_cm: float, view: View) -> Observation:
    """Scale a person's limbs, in pixels, by the silhouette.

    Left and right are averaged by how visible each is; from the side only the nearer leg counts
    and the arm, which hangs before the body, not at all.
    """
    cm_per_px = height_cm / outline.height_px
    raw = [_limb_px(person, name) for name in SEGMENTS[:-1]]
    shoulder, hip = (
        person.landmarks_px[list(pair)].mean(axis=0)
        for pair in (
            (pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER),
            (pose.LEFT_HIP, pose.RIGHT_HIP),
        )
    )
    raw_cm = cm_per_px * np.array([*raw, float(np.linalg.norm(shoulder - hip))])
    if view == "side":
        raw_cm[:2] = np.nan
    return Observation(view, raw_cm)


def estimate(
    observations: Sequence[Observation], height_cm: float, sex: str | None = None
) -> Lengths:
    """Join what the photos and the height say.

    Parameters
    ----------
    observations : sequence of Observation
        One per photo.
    height_cm : float
        Vertex to floor, barefoot.
    sex : {"male", "female", None}
        When told.

    Raises
    ------
    PoseUnsuitableError
        When a photo contradicts what any body of that height can have: the pose or the height is
        not what it seems, and no number is better than a wrong one.
    """
    prior = body_prior.conditional(height_cm, sex)
    mean, cov = prior.mean_cm, prior.cov_cm2
    for observation in observations:
        mean, cov = _joined(mean, cov, observation)
    low, high = body_prior.human_range_cm(height_cm, sex)
    return Lengths(np.clip(mean, low, high), _interval_scale() ** 2 * cov)


def _joined(mean: Array, cov: Array, observation: Observation) -> tuple[Array, Array]:
    seen = np.flatnonzero(np.isfinite(observation.raw_cm))
    calibrated = calibration(observation.view)
    surprise = (calibrated.factor * observation.raw_cm)[seen] - mean[seen]
    expected_cov = (cov + calibrated.error_cov_cm2)[np.ix_(seen, seen)]
    distance = np.sqrt(surprise @ np.linalg.solve(expected_cov, surprise) / len(seen))
    if distance > SURPRISE_SD:
        raise PoseUnsuitableError
    gain = np.linalg.solve(expected_cov, cov[seen]).T
    return mean + gain @ surprise, cov - gain @ cov[seen]


def _limb_px(person: Person, name: str) -> float:
    lengths, weights = [], []
    for start, end in LIMBS[name]:
        points = person.landmarks_px[[start, end]]
        lengths.append(float(np.linalg.norm(points[1] - points[0])))
        # Squared, so that a hidden limb hardly counts beside a seen one.
        weights.append(float(person.visibility[[start, end]].min()) ** 2 + 1e-9)
    return float(np.average(lengths, weights=weights))


def _indices(segments: tuple[str, ...]) -> list[int]:
    return [SEGMENTS.index(name) for name in segments]
