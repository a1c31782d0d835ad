"""From what photos show, and from what a height says, to lengths and their intervals.

Two witnesses speak of a body: its photos, and its height, which alone tells most of what an
ordinary body measures (`chalicelib.body_prior`). A photo's evidence is the five lengths that its
joints have in space (`bodyscan.camera`), each with the networks' own doubt; ``calibration.json``
(written by ``training/calibrate.py``) says how they relate to the truth, and how wrong they are for
how much doubt. The two are joined by Bayes' rule for Gaussians; but some people are built unlike
most of their height, and some clothes mislead (a hip under a long hem). So both are mixtures:
bodies that are usual or differ `UNUSUAL` times as much, hips that are seen or guessed; what the
photo shows decides between the four.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bodyscan import camera
from bodyscan.skeleton import JOINTS, POINTS, Skeleton
from chalicelib import body_prior
from chalicelib.body_prior import BodyPrior
from chalicelib.errors import PoseUnsuitableError

Array = npt.NDArray[np.float64]
View = Literal["front", "side"]

SEGMENTS = body_prior.SEGMENTS
"""The order of every array of lengths here."""
LIMBS = SEGMENTS[:-1]

ARM = ("upper_arm", "forearm")
LEG = ("thigh", "calf")

NORMAL_95 = 1.96
"""Half-width in SD of the 95 % interval of a Gaussian."""

UNUSUAL = 2.5
"""How many times further than usual an unusual body is from what its height leads to expect."""
UNUSUAL_SHARE = 0.4
"""Of people who stand before the camera: a judgement, wary of the population that the prior saw."""

GUESSED_HIP_SD = 5.0
"""In percent of the height: how wrong a hip may be that clothes hide, as low hems do."""
GUESSED_HIP_SHARE = 0.3
"""Of people: a judgement on real clothes, whose hems lie anywhere; rendered ones lie at the hip."""
LEAST_DOUBT = 0.35
"""In percent of the height: what the networks' doubt leaves out, the camera above all."""

UNCLEAR = 1.75
"""How many times its limit the two networks' difference may be: crouching people reach twice."""
DOUBTFUL = 1.5
"""Evidence further from every body than this, in SD for each of its numbers, is trusted less."""
ABSURD = 3.5
"""Evidence further than this is refused: no number is better than a wrong one."""


def _joint(name: str) -> int:
    return POINTS.index(name)


ENDS = {
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "calf": ("knee", "ankle"),
}
LIMB_POINTS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    name: (
        (_joint(f"left_{start}"), _joint(f"left_{end}")),
        (_joint(f"right_{start}"), _joint(f"right_{end}")),
    )
    for name, (start, end) in ENDS.items()
}
"""Ends of each limb on the left and on the right, as numbers of `POINTS`."""
LOWER_HIP = np.array([0.0, 0.0, -1.0, 0.0, 1.0])
"""What a hip taken to be lower than it is does to each segment: thighs shorter, torso longer."""
SHOULDERS = (_joint("left_shoulder"), _joint("right_shoulder"))
HIPS = (_joint("left_hip"), _joint("right_hip"))


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
    """What one photo says, in percent of the person's height.

    Attributes
    ----------
    view : {"front", "side"}
    focal_known, pitch_known : bool
        What the phone told of the camera.
    lengths, doubt : ndarray, shape (5,)
        The segments from the joints in space; the SD that the networks give them.
    left_minus_right, side_doubt : ndarray, shape (4,)
        The same of the limbs' two sides' difference.
    gap : ndarray, shape (12, 2)
        From MediaPipe's landmarks to the network's joints, in the picture.
    """

    view: View
    focal_known: bool
    pitch_known: bool
    lengths: Array
    doubt: Array
    left_minus_right: Array
    side_doubt: Array
    gap: Array

    @property
    def kind(self) -> str:
        """Name of the calibration that fits it."""
        told = ("+focal" if self.focal_known else "") + ("+pitch" if self.pitch_known else "")
        return self.view + told


@dataclass(frozen=True)
class Calibration:
    """How a kind of observation relates to true lengths, in percent of the height.

    ``observed = offset + slope @ true + doubt * error``: ``slope`` has shape (5, 5), ``error`` is
    Gaussian with covariance ``error_cov``. ``side`` is of left less right, in the same way. ``gap``
    is of the two networks' difference, which seldom exceeds ``gap_limit``, in SD for each number.
    """

    offset: Array
    slope: Array
    error_cov: Array
    side_offset: Array
    side_sd: Array
    gap_offset: Array
    gap_sd: Array
    gap_limit: Array

    def gap_over_limit(self, observation: Observation) -> float:
        """How far the two networks differ, in units of what they seldom exceed."""
        off_sd = (observation.gap - self.gap_offset) / self.gap_sd
        return float(np.sqrt(np.mean(off_sd**2)) / self.gap_limit)

    def error_cov_of(self, observation: Observation) -> Array:
        """Covariance of an observation's error: wider where two networks see different bodies."""
        sd = max(1.0, self.gap_over_limit(observation)) * observation.doubt
        return np.asarray(sd[:, None] * self.error_cov * sd)


CALIBRATION = Path(__file__).with_name("calibration.json")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return document


def calibration_version() -> str:
    """Version of the calibration in use."""
    return str(_document()["version"])


@cache
def calibration(kind: str) -> Calibration:
    """Calibration of a kind of observation."""
    entry = _document()["kinds"][kind]
    return Calibration(**{name: np.array(entry[name]) for name in Calibration.__annotations__})


@cache
def _shared_error(one: View, other: View) -> Array:
    """Correlation of the errors of two photos of one person, (5, 5), each whitened."""
    shared = _document()["shared_error"]
    if f"{one} {other}" in shared:
        return np.array(shared[f"{one} {other}"])
    return np.array(shared[f"{other} {one}"]).T


@cache
def _interval_scale() -> float:
    """Factor on the SD, so that 95 % of the calibration's lengths lie in their 95 % interval."""
    return float(_document()["interval_scale"])


def forget_calibration() -> None:
    """Read the calibration again when it is next needed: it was just written."""
    for cached in (_document, _interval_scale, _shared_error, calibration):
        cached.cache_clear()


def observe(
    skeleton: Skeleton,
    landmarks: Array,
    place: Array,
    view: View,
    log_focal: float | None = None,
    pitch_rad: float | None = None,
) -> Observation:
    """Put a person's joints into space and measure between them.

    Left and right are averaged by how surely their ends are seen, so that a hidden limb hardly
    counts.

    Parameters
    ----------
    skeleton : Skeleton
        From the photo.
    landmarks : ndarray, shape (12, 2)
        MediaPipe's for the same joints, from the person's middle, in heights of the person.
    place : ndarray, shape (2,)
        The person's middle from the picture's middle, in heights of the person in the picture.
    log_focal, pitch_rad : float or None
        What the phone told; otherwise the network's word is taken.
    """
    focal = float(np.exp(skeleton.log_focal if log_focal is None else log_focal))
    elevation_rad = skeleton.elevation_rad
    if pitch_rad is not None:
        ray = camera.ray_of(place, focal)
        elevation_rad = camera.elevation_of_pitch(ray, pitch_rad, skeleton.roll_rad)
    space = camera.points_in_space(
        skeleton.points, skeleton.depth, focal, place, elevation_rad, skeleton.roll_rad
    )
    variance = (100 * skeleton.points_sd) ** 2 @ [1.0, 1.0]
    sides = np.array(
        [[np.linalg.norm(space[a] - space[b]) for a, b in LIMB_POINTS[name]] for name in LIMBS]
    )
    doubts = np.array([[variance[a] + variance[b] for a, b in LIMB_POINTS[name]] for name in LIMBS])
    shoulders, hips = list(SHOULDERS), list(HIPS)
    torso = np.linalg.norm(space[shoulders].mean(axis=0) - space[hips].mean(axis=0))
    torso_doubt = (variance[shoulders].mean() + variance[hips].mean()) / 2
    doubt = np.array([*1 / (1 / doubts).sum(axis=1), torso_doubt])
    return Observation(
        view=view,
        focal_known=log_focal is not None,
        pitch_known=pitch_rad is not None,
        lengths=100 * np.array([*np.average(sides, axis=1, weights=1 / doubts), torso]),
        doubt=np.sqrt(doubt + LEAST_DOUBT**2),
        left_minus_right=100 * (sides[:, 0] - sides[:, 1]),
        side_doubt=np.sqrt(doubts.sum(axis=1)),
        gap=100 * (skeleton.points[:JOINTS] - landmarks),
    )


def estimate(
    observations: Sequence[Observation], height_cm: float, sex: str | None = None
) -> Lengths:
    """Join what photos of one person and the height say.

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
        When the two networks see different people in a photo (they were made for people who stand
        and face the camera), or when the photos contradict what any body of that height can have:
        the pose or the height is not what it seems.
    """
    for observation in observations:
        if calibration(observation.kind).gap_over_limit(observation) > UNCLEAR:
            raise PoseUnsuitableError(reason="unclear")
    usual = body_prior.conditional(height_cm, sex)
    evidence = None
    if observations:
        widest = BodyPrior(usual.mean_cm, UNUSUAL**2 * usual.cov_cm2)
        evidence = _believed(_joint_evidence(observations, height_cm), widest)
    bodies = ((1 - UNUSUAL_SHARE, 1.0), (UNUSUAL_SHARE, UNUSUAL))
    hips = ((1 - GUESSED_HIP_SHARE, 0.0), (GUESSED_HIP_SHARE, GUESSED_HIP_SD))
    cases = list(product(bodies, hips))
    parts = [
        _joined(BodyPrior(usual.mean_cm, spread**2 * usual.cov_cm2), evidence, hip_sd)
        for (_, spread), (_, hip_sd) in cases
    ]
    weights = np.array([body_share * hip_share for (body_share, _), (hip_share, _) in cases])
    likelihood = np.array([log for _, log in parts])
    weights = weights * np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    means = np.array([found.mean_cm for found, _ in parts])
    mean = weights @ means
    apart = means - mean
    cov = np.einsum("k,kij->ij", weights, np.array([found.cov_cm2 for found, _ in parts]))
    cov += np.einsum("k,ki,kj->ij", weights, apart, apart)
    # As far from the usual as the evidence lets a body be, and no further.
    reach = np.sqrt(weights @ [spread**2 for (_, spread), _ in cases])
    low, high = (
        usual.mean_cm + reach * (bound - usual.mean_cm)
        for bound in body_prior.human_range_cm(height_cm, sex)
    )
    return Lengths(np.clip(mean, low, high), _interval_scale() ** 2 * cov)


def left_minus_right_cm(observation: Observation, height_cm: float) -> dict[str, dict[str, Any]]:
    """Difference of the two sides of each limb as the photo shows it, with its 95 % interval."""
    known = calibration(observation.kind)
    middle = (observation.left_minus_right - known.side_offset) * height_cm / 100
    half = NORMAL_95 * known.side_sd * observation.side_doubt * height_cm / 100
    return {
        name: {"cm": round(m, 1), "interval_95": (round(m - h, 1), round(m + h, 1))}
        for name, m, h in zip(LIMBS, middle.tolist(), half.tolist(), strict=True)
    }


@dataclass(frozen=True)
class _Evidence:
    """``values = slope @ lengths_cm + error`` for all photos together, in percent of the height."""

    values: Array
    slope: Array
    error_cov: Array


def _joint_evidence(observations: Sequence[Observation], height_cm: float) -> _Evidence:
    known = [calibration(observation.kind) for observation in observations]
    errors = [k.error_cov_of(o) for o, k in zip(observations, known, strict=True)]
    roots = [np.linalg.cholesky(error) for error in errors]
    views = [observation.view for observation in observations]
    # The same clothes on the same body mislead two photos alike: their errors are not independent.
    cov = np.block(
        [
            [
                errors[i] if i == j else roots[i] @ _shared_error(views[i], views[j]) @ roots[j].T
                for j in range(len(known))
            ]
            for i in range(len(known))
        ]
    )
    return _Evidence(
        values=np.concatenate(
            [o.lengths - k.offset for o, k in zip(observations, known, strict=True)]
        ),
        slope=np.vstack([k.slope for k in known]) * 100 / height_cm,
        error_cov=cov,
    )


def _believed(evidence: _Evidence, widest: BodyPrior) -> _Evidence:
    """Evidence that no body explains well counts for less; what none can explain is refused."""
    surprise = evidence.values - evidence.slope @ widest.mean_cm
    expected = evidence.slope @ widest.cov_cm2 @ evidence.slope.T + evidence.error_cov
    off_sd = float(np.sqrt(surprise @ np.linalg.solve(expected, surprise) / len(surprise)))
    if off_sd > ABSURD:
        raise PoseUnsuitableError(reason="impossible_body")
    distrust = max(1.0, off_sd / DOUBTFUL)
    return replace(evidence, error_cov=distrust**2 * evidence.error_cov)


def _joined(prior: BodyPrior, evidence: _Evidence | None, hip_sd: float) -> tuple[Lengths, float]:
    """Posterior of one Gaussian prior, and the logarithm of how well it foresaw the evidence.

    ``hip_sd`` is by how much more than its doubt the hip may be misplaced, in all photos alike.
    """
    if evidence is None:
        return Lengths(prior.mean_cm, prior.cov_cm2), 0.0
    surprise = evidence.values - evidence.slope @ prior.mean_cm
    misplaced = hip_sd * np.tile(LOWER_HIP, len(surprise) // len(SEGMENTS))
    error_cov = evidence.error_cov + np.outer(misplaced, misplaced)
    expected = evidence.slope @ prior.cov_cm2 @ evidence.slope.T + error_cov
    foreseen = np.linalg.solve(expected, surprise)
    log = -0.5 * float(surprise @ foreseen + np.linalg.slogdet(expected)[1])
    gain = np.linalg.solve(expected, evidence.slope @ prior.cov_cm2).T
    return Lengths(
        prior.mean_cm + gain @ surprise, prior.cov_cm2 - gain @ evidence.slope @ prior.cov_cm2
    ), log


def _indices(segments: tuple[str, ...]) -> list[int]:
    return [SEGMENTS.index(name) for name in segments]
