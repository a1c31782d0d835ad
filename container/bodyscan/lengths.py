"""From what photos show, and from what a height says, to lengths and their intervals.

Three witnesses speak of a body. Its **height** alone tells most of what an ordinary body measures
(`chalicelib.body_prior`). The **networks** see joints closely, but learned on rendered people.
MediaPipe's **landmarks** have seen real people, but draw every body towards the same proportions.
They are joined by Bayes' rule for Gaussians, each weighed by how wrong ``calibration.json``
(written by ``training/calibrate.py``) says that it is:

- On a photo like those that the networks learned from, the networks are believed. How like it is,
  the witnesses say themselves: by how they differ joint by joint, and by the networks' own doubt.
- On any other photo both are, corrected by what must hold for any population: on average people of
  one height measure what their height says, and they vary as people do. What the two see beyond
  that, each alone and both alike, is their error.

Some people are built unlike most of their height, and some photos mislead. So what is believed is
a mixture: of bodies that are usual or differ `UNUSUAL` times as much, of hips that are seen or
guessed, of cameras whose height is seen or misjudged, of photos that mislead or do not. What the
photo shows decides between them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bodyscan import camera
from bodyscan.skeleton import JOINTS, POINTS, Skeleton
from bodyscan.verticals import Upright
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
ROWS = {name: (name,) for name in SEGMENTS} | {"arm": ARM, "leg": LEG}
"""What is told of: each segment, and arm and leg as the sum of theirs."""

NORMAL_95 = 1.96
"""Half-width in SD of the 95 % interval of a Gaussian."""

UNUSUAL = 2.5
"""How many times further than usual an unusual body is from what its height leads to expect."""
UNUSUAL_SHARE = 0.4
"""Share of people before the camera: a judgement, wary of the population that the prior saw."""

MOST_SHARED = 0.9
"""Most that the errors of two photos of one person from one side are taken to share."""
ALIKE = (0.45, 0.85)
"""How alike the witnesses differ, joint by joint, on two photos from the front: below the first
they are as two photos of the calibration, of another pose and place (0.29; 90 % below 0.58), above
the second two shots a moment apart (rendered photos, shaken by what a hand does: 0.88; 90 % above
0.81)."""
MOMENT_SHARED = 0.95
"""What the networks' errors on two shots a moment apart share: of those, 0.80 to 1.00."""
SHARED_ACROSS = 0.3
"""What the landmarks' errors from the front and from the side are taken to share: a judgement."""

GUESSED_HIP_SD = 5.0
"""In percent of the height: how wrong a hip may be that clothes hide, as low hems do."""
GUESSED_HIP_SHARE = {"rendered": 0.15, "real": 0.3}
"""Shares of people: judgements. Real hems lie anywhere; on photos that the networks know they lie
near the hip."""
LEAST_DOUBT = 0.35
"""In percent of the height: what the networks' doubt leaves out, the camera above all."""

MISLED = 3.0
"""How many times as wrong as usual the landmarks of a photo are that misleads."""
MISLED_SHARE = 0.2
"""Share of real photos: a judgement."""
CAMERA_SD_DEG = 4.0
"""How wrong the networks' camera elevation is on real photos, by the vanishing points of walls."""
TOLD_CAMERA_SD_DEG = 2.0
"""How wrong a pitch is that a phone told: 1 degree for its sensor, the rest for a hand that turns
between reading and shutter."""
KNOWN_CAMERA_SD_DEG = 2.5
"""A camera that is known better, by the phone or by plumb edges, counts as told."""
FOCAL_SD = 0.15
"""How wrong the logarithm of the networks' focal length is, on rendered people: plumb edges tell a
pitch in proportion to it."""
MISLED_EDGES_SHARE = 0.02
"""Share of photos whose edges say a pitch and are wrong: of 37 real ones and of 117 rendered ones,
one each was 4 degrees off or more."""
MISLED_EDGES_SD_DEG = 15.0
"""How wrong edges are then."""
LOST_CAMERA_SD_DEG = 8.0
"""How wrong it may be on a photo that misleads about it: a phone that stands on the floor is seen
15 degrees too level, a date printed over the feet moved it by 9."""
LOST_CAMERA_SHARE = 0.12
"""Share of photos that do not tell the phone's pitch: a judgement."""
LEVELLED_SD_DEG = 12.0
"""How wrong the networks' camera elevation is where it is lost: rendered phones that stand on the
floor were seen 14 degrees too level by networks that had not learned from any, 5 by these."""
MISREAD_SHARE = 0.05
"""Share of told pitches that are not the photo's: read at another moment, of a phone on its side,
of another photo. A judgement."""
MISREAD_SD_DEG = 20.0
"""How wrong such a pitch is."""
SHIFT_SD = 0.5
"""In percent of the height: how far a population's mean may be from ANSUR II's at one height, so
that a correction made on one population is that unsure on another."""
DISTRUST = 4.5
"""As many times as wrong as they look both witnesses are taken to be on real people: no tape has
said how wrong they are (from the side: as on rendered people). Rendered people in loose clothes,
read as if they were real, are measured about as well with any factor from 2 to 6
(``benchmarks.models.as_if_real``). With 4 a camera misjudged by 12 degrees moves a calf by 5 mm."""

LEAST_SHARE = 0.01
"""Least share of a reading of the photos that is worth its time."""

UNCLEAR = {"rendered": 1.75, "real": 1.12}
"""How many times its limit the two witnesses' difference may be on photos of either kind: crouching
rendered people reach twice, good photos of real ones 1.11."""
DOUBTFUL = 1.5
"""Evidence further from every body than this, in SD for each of its numbers, is trusted less."""
ABSURD = 3.5
"""Evidence further than this is refused: no number is better than a wrong one."""
SIDES_DIFFER = 3.0
"""Left and right limbs that differ by more than this, in SD, are not averaged: one is wrong."""


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
        intervals = {}
        for name, parts in ROWS.items():
            middle, half = self.length_cm(*parts), self.half_width_95_cm(*parts)
            intervals[name] = round(middle - half, 1), round(middle + half, 1)
        return intervals

    def half_width_95_cm(self, *segments: str) -> float:
        """Half the 95 % interval of one segment, or of several in a row."""
        index = _indices(segments)
        return NORMAL_95 * float(np.sqrt(self.cov_cm2[np.ix_(index, index)].sum()))


@dataclass(frozen=True)
class Between:
    """Lengths between one witness's joints in space, in percent of the person's height.

    ``limbs``: shape (4, 2), left and right; ``torso``: one length.
    """

    limbs: Array
    torso: float


@dataclass(frozen=True)
class Observation:
    """What one photo says, in percent of the person's height.

    Attributes
    ----------
    view : {"front", "side"}
    focal_known, pitch_known : bool
        What the phone told of the camera.
    elevation_rad, camera_sd_deg : float
        Of the person's middle above the camera's horizon, and how wrong that may be.
    networks, landmarks : Between
        Lengths between the networks' joints, and between MediaPipe's, seen by the same camera.
    joint_sd : ndarray, shape (12, 2)
        The SD that the networks give their joints in the picture.
    gap : ndarray, shape (12, 2)
        From MediaPipe's landmarks to the networks' joints, in the picture.
    tilt : ndarray, shape (5,)
        What the landmarks' lengths gain for each degree that the camera looks further up.
    lost_share, lost_sd_deg : float
        Probability that the camera's elevation is not what it was taken for, and by how much then.
    """

    view: View
    focal_known: bool
    pitch_known: bool
    elevation_rad: float
    camera_sd_deg: float
    networks: Between
    landmarks: Between
    joint_sd: Array
    gap: Array
    tilt: Array
    lost_share: float = LOST_CAMERA_SHARE
    lost_sd_deg: float = LOST_CAMERA_SD_DEG

    @property
    def kind(self) -> str:
        """Name of the calibration that fits it."""
        pitch = "+pitch" if self.camera_known else ""
        return self.view + ("+focal" if self.focal_known else "") + pitch

    @property
    def camera_known(self) -> bool:
        """Whether the phone or plumb edges told the camera's pitch, and nothing contradicts."""
        return self.camera_sd_deg < KNOWN_CAMERA_SD_DEG

    @property
    def traits(self) -> Array:
        """What tells photos that the networks know from others, shape (48,)."""
        return np.concatenate([self.gap.ravel(), np.log(self.joint_sd).ravel()])

    @property
    def joint_variance(self) -> Array:
        """The networks' doubt of each joint, shape (12,)."""
        return np.asarray((self.joint_sd**2).sum(axis=1))


@dataclass(frozen=True)
class Weighed:
    """One witness's lengths, left and right together, (5,), and the doubt of each.

    ``counted``: by limb, which sides were: "both", "left" or "right".
    """

    lengths: Array
    doubt: Array
    counted: dict[str, str]


def weighed(
    between: Between, joint_variance: Array, sides: tuple[Array, Array], expected: Array | None
) -> Weighed:
    """Average left and right, each by how surely its ends are seen: a hidden limb hardly counts.

    Where the two differ by more than people and witnesses do, only the side counts that is nearer
    to ``expected``, at twice its doubt.

    Parameters
    ----------
    sides : tuple of ndarray, shape (4,)
        What left less right is on average, and its SD in units of doubt.
    expected : ndarray, shape (5,), or None
        The lengths that a witness sees of an ordinary body of that height; None averages always.
    """
    variances = limb_variances(joint_variance)
    counted = dict.fromkeys(LIMBS, "both")
    weights = 1 / variances
    if expected is not None:
        offset, sd = sides
        differ = np.abs(between.limbs[:, 0] - between.limbs[:, 1] - offset)
        for k in np.flatnonzero(differ > SIDES_DIFFER * sd * np.sqrt(variances.sum(axis=1))):
            side = int(np.argmin(np.abs(between.limbs[k] - expected[k])))
            weights[k] = 0.0
            weights[k, side] = 1 / (4 * variances[k, side])
            counted[LIMBS[k]] = ("left", "right")[side]
    shoulders, hips = list(SHOULDERS), list(HIPS)
    torso_variance = (joint_variance[shoulders].mean() + joint_variance[hips].mean()) / 2
    return Weighed(
        lengths=np.array([*np.average(between.limbs, axis=1, weights=weights), between.torso]),
        doubt=np.sqrt([*1 / weights.sum(axis=1), torso_variance]),
        counted=counted,
    )


def limb_variances(joint_variance: Array) -> Array:
    """Variance of each limb's two sides, shape (4, 2), from that of each joint, (12,)."""
    return np.array(
        [[joint_variance[[a, b]].sum() for a, b in LIMB_POINTS[name]] for name in LIMBS]
    )


NO_SIDES = (np.zeros(len(LIMBS)), np.ones(len(LIMBS)))
"""Left and right as they are; where nothing is ``expected``, both count."""
LANDMARK_VARIANCE = np.ones(JOINTS)
"""MediaPipe's landmarks tell no doubt: with this, both sides' together is 1 for a limb's doubt."""


@dataclass(frozen=True)
class Gaps:
    """How two witnesses differ on good photos, joint by joint.

    ``offset`` and ``sd`` have shape (12, 2); ``joint_limit`` (12,) is what a joint's difference, in
    SD, seldom exceeds, ``limit`` what all joints' together seldom do.
    """

    offset: Array
    sd: Array
    joint_limit: Array
    limit: Array

    def over_limit(self, gap: Array) -> float:
        """How far two witnesses differ in all joints, in units of what they seldom exceed."""
        return float(np.sqrt(np.mean(((gap - self.offset) / self.sd) ** 2)) / self.limit)

    def joints_over_limit(self, gap: Array) -> Array:
        """The same joint by joint, at least 1: by how much each joint's doubt grows; (12,)."""
        off_sd = np.sqrt(np.mean(((gap - self.offset) / self.sd) ** 2, axis=1))
        return np.asarray(np.maximum(1.0, off_sd / self.joint_limit))


@dataclass(frozen=True)
class Line:
    """``observed = offset + slope @ true + doubt * error``, in percent of the height.

    ``slope`` has shape (5, 5); ``error`` is Gaussian with covariance ``error_cov``.
    """

    offset: Array
    slope: Array
    error_cov: Array


@dataclass(frozen=True)
class Calibration:
    """How a kind of observation relates to true lengths on rendered people.

    ``sides``: left less right as the networks see it, on average and its SD in units of doubt.
    """

    networks: Line
    landmarks: Line
    sides: tuple[Array, Array]
    landmark_sides: tuple[Array, Array]
    gaps: Gaps


@dataclass(frozen=True)
class World:
    """What photos of real people are like, as far as they tell it without a tape.

    ``offset``: of the networks' lengths from the front beyond rendered people's, then of the
    landmarks', shape (10,). ``error_cov``: of both witnesses' errors, in percent of the height,
    (10, 10), where the networks doubt as they usually do (``usual_doubt``, shape (5,)). ``gaps``:
    how the witnesses differ on real photos. ``weights``, ``bias``: of `Observation.traits`, the
    logarithm of the odds that the networks know a photo like this.
    """

    offset: Array
    error_cov: Array
    usual_doubt: Array
    gaps: Gaps
    weights: Array
    bias: Array


CALIBRATION = Path(__file__).with_name("calibration.json")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    return document


def calibration_version() -> str:
    """Version of the calibration in use."""
    return str(_document()["version"])


def _arrays[T](made_of: type[T], entry: dict[str, Any]) -> T:
    return made_of(**{name: np.array(entry[name]) for name in made_of.__annotations__})


@cache
def calibration(kind: str) -> Calibration:
    """Calibration of a kind of observation."""
    entry = _document()["kinds"][kind]
    offset, sd, landmark_offset, landmark_sd = (
        np.array(entry[name])
        for name in ("side_offset", "side_sd", "landmark_side_offset", "landmark_side_sd")
    )
    return Calibration(
        networks=_arrays(Line, entry["networks"]),
        landmarks=_arrays(Line, entry["landmarks"]),
        sides=(offset, sd),
        landmark_sides=(landmark_offset, landmark_sd),
        gaps=_arrays(Gaps, entry["gaps"]),
    )


@cache
def world() -> World:
    """What is known of real photos."""
    entry = _document()["world"]
    return World(
        gaps=_arrays(Gaps, entry["gaps"]),
        **{
            name: np.array(entry[name])
            for name in ("offset", "error_cov", "usual_doubt", "weights", "bias")
        },
    )


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
    for cached in (_document, _interval_scale, _shared_error, calibration, world):
        cached.cache_clear()


def observe(
    skeleton: Skeleton,
    landmarks: Array,
    person_offset: Array,
    view: View,
    log_focal: float | None = None,
    pitch_rad: float | None = None,
    upright: Upright | None = None,
) -> Observation:
    """Put a person's joints into space, as the networks and as MediaPipe see them.

    Parameters
    ----------
    skeleton : Skeleton
        From the photo.
    landmarks : ndarray, shape (12, 2)
        MediaPipe's for the same joints, from the person's middle, in heights of the person.
    person_offset : ndarray, shape (2,)
        The person's middle from the picture's middle, in heights of the person in the picture.
    log_focal, pitch_rad : float or None
        What the phone told; otherwise the network's word is taken.
    upright : Upright or None
        What plumb edges around the person tell of the pitch, by that focal length; used where the
        phone told none.
    """
    focal = float(np.exp(skeleton.log_focal if log_focal is None else log_focal))
    elevation_rad, camera_sd_deg = skeleton.elevation_rad, CAMERA_SD_DEG
    lost_share, lost_sd_deg = LOST_CAMERA_SHARE, LOST_CAMERA_SD_DEG
    if pitch_rad is not None:
        ray = camera.ray_of(person_offset, focal)
        elevation_rad = camera.elevation_of_pitch(ray, pitch_rad, skeleton.roll_rad)
        camera_sd_deg = TOLD_CAMERA_SD_DEG
        off_deg = float(np.degrees(elevation_rad - skeleton.elevation_rad))
        lost_share, lost_sd_deg = misread_probability(off_deg), max(lost_sd_deg, abs(off_deg))
    elif upright is not None:
        elevation_rad, camera_sd_deg = _by_edges(
            skeleton, person_offset, focal, log_focal is not None, upright
        )
        if camera_sd_deg < KNOWN_CAMERA_SD_DEG:
            lost_share = MISLED_EDGES_SHARE

    def between(joints: Array, further_up_rad: float = 0.0) -> Between:
        points = np.vstack([joints, skeleton.points[JOINTS:]])
        elevation = elevation_rad + further_up_rad
        space = camera.points_in_space(
            points, skeleton.depth, focal, person_offset, elevation, skeleton.roll_rad
        )
        return between_joints(space)

    seen = between(landmarks)
    tilted = between(landmarks, np.radians(1.0))
    return Observation(
        view=view,
        focal_known=log_focal is not None,
        pitch_known=pitch_rad is not None,
        elevation_rad=elevation_rad,
        camera_sd_deg=camera_sd_deg,
        networks=between(skeleton.points[:JOINTS]),
        landmarks=seen,
        joint_sd=100 * skeleton.points_sd[:JOINTS],
        gap=100 * (skeleton.points[:JOINTS] - landmarks),
        tilt=np.array([*(tilted.limbs - seen.limbs).mean(axis=1), tilted.torso - seen.torso]),
        lost_share=lost_share,
        lost_sd_deg=lost_sd_deg,
    )


def misread_probability(off_deg: float) -> float:
    """Probability that a told pitch is not the photo's, where the picture shows it so far off."""

    def density(sd_deg: float) -> float:
        return float(np.exp(-0.5 * (off_deg / sd_deg) ** 2)) / sd_deg

    seen = ((1 - LOST_CAMERA_SHARE, CAMERA_SD_DEG), (LOST_CAMERA_SHARE, LEVELLED_SD_DEG))
    right = sum(share * density(float(np.hypot(sd, TOLD_CAMERA_SD_DEG))) for share, sd in seen)
    misread = MISREAD_SHARE * density(MISREAD_SD_DEG)
    return misread / (misread + (1 - MISREAD_SHARE) * right)


def _by_edges(
    skeleton: Skeleton, person_offset: Array, focal: float, focal_known: bool, upright: Upright
) -> tuple[float, float]:
    """Elevation of the person's middle, in radians, and its SD, in degrees: networks and edges."""

    def elevation(pitch_rad: float, focal: float) -> float:
        return camera.elevation_of_pitch(
            camera.ray_of(person_offset, focal), pitch_rad, skeleton.roll_rad
        )

    found = elevation(upright.pitch_rad, focal)
    sd_rad = upright.pitch_sd_rad
    if not focal_known:
        # Where plumb edges meet in the picture is known; how far that is turns with the focal.
        longer = float(np.exp(FOCAL_SD))
        steeper_rad = float(np.arctan(longer * np.tan(upright.pitch_rad)))
        sd_rad = float(np.hypot(sd_rad, elevation(steeper_rad, longer * focal) - found))
    camera_sd_rad, levelled_sd_rad, misled_sd_rad = np.radians(
        [CAMERA_SD_DEG, LEVELLED_SD_DEG, MISLED_EDGES_SD_DEG]
    ).tolist()
    elevation_rad, joined_sd_rad = camera.join_witnesses(
        (
            camera.Witness(
                skeleton.elevation_rad, camera_sd_rad, LOST_CAMERA_SHARE, levelled_sd_rad
            ),
            camera.Witness(found, sd_rad, MISLED_EDGES_SHARE, misled_sd_rad),
        )
    )
    return elevation_rad, float(np.degrees(joined_sd_rad))


def between_joints(space: Array) -> Between:
    """Lengths between joints in space: shape (12 or more, 3), in shares of the height."""
    limbs = [[np.linalg.norm(space[a] - space[b]) for a, b in LIMB_POINTS[name]] for name in LIMBS]
    shoulders, hips = (space[list(ends)].mean(axis=0) for ends in (SHOULDERS, HIPS))
    return Between(100 * np.array(limbs), 100 * float(np.linalg.norm(shoulders - hips)))


def networks_seen(
    observation: Observation, gaps: Gaps, sides: tuple[Array, Array], expected: Array | None = None
) -> Weighed:
    """What the networks say of lengths; a joint that MediaPipe sees elsewhere is doubted."""
    doubted = gaps.joints_over_limit(observation.gap)
    found = weighed(observation.networks, doubted**2 * observation.joint_variance, sides, expected)
    return replace(found, doubt=np.sqrt(found.doubt**2 + LEAST_DOUBT**2))


def landmarks_seen(
    observation: Observation, gaps: Gaps, sides: tuple[Array, Array], expected: Array | None = None
) -> Weighed:
    """What MediaPipe says of lengths; a joint that the networks see elsewhere is doubted."""
    doubted = gaps.joints_over_limit(observation.gap)
    return weighed(observation.landmarks, doubted**2 * LANDMARK_VARIANCE, sides, expected)


def familiarity(observations: Sequence[Observation]) -> float:
    """Probability that the networks know photos like these; they are one person's, so alike."""
    known = world()
    fronts = [o.traits @ known.weights + known.bias for o in observations if o.view == "front"]
    if not fronts:
        return 0.0  # no photo from the side has shown what real ones are like
    return float(1 / (1 + np.exp(-np.clip(np.mean(fronts), -30.0, 30.0))))


def relies_on_networks(observation: Observation) -> bool:
    """Whether a photo's lengths are the networks' word, for the most part."""
    return familiarity([observation]) > 0.5


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
        When the photos contradict what any body of that height can have: the pose or the height is
        not what it seems.
    """
    usual = body_prior.conditional(height_cm, sex)
    cases = list(_cases(observations, height_cm, usual))
    parts = [_posterior(case, usual) for case in cases]
    weights = np.array([case.share for case in cases])
    likelihood = np.array([log for _, log in parts])
    # How the photo fits decides within a reading of it; which reading, `familiarity` has said.
    for reading in {case.reading for case in cases}:
        of = np.array([case.reading == reading for case in cases])
        share = weights[of].sum()
        weights[of] *= np.exp(likelihood[of] - likelihood[of].max())
        weights[of] *= share / weights[of].sum()
    weights /= weights.sum()
    means = np.array([found.mean_cm for found, _ in parts])
    mean = weights @ means
    apart = means - mean
    cov = np.einsum("k,kij->ij", weights, np.array([found.cov_cm2 for found, _ in parts]))
    cov += np.einsum("k,ki,kj->ij", weights, apart, apart)
    # As far from the usual as the evidence lets a body be, and no further.
    reach = np.sqrt(weights @ [case.spread**2 for case in cases])
    low, high = (
        usual.mean_cm + reach * (bound - usual.mean_cm)
        for bound in body_prior.human_range_cm(height_cm, sex)
    )
    return Lengths(np.clip(mean, low, high), _interval_scale() ** 2 * cov)


def evidence(found: Lengths, height_cm: float, sex: str | None = None) -> dict[str, float]:
    """Share of the interval's variance that the photos removed, of each segment, arm and leg.

    0: the length is what the height leads to expect; 1: it is all the photos' word.
    """
    alone = estimate([], height_cm, sex)
    return {
        name: round(
            max(
                0.0,
                1 - (found.half_width_95_cm(*parts) / alone.half_width_95_cm(*parts)) ** 2,
            ),
            2,
        )
        for name, parts in ROWS.items()
    }


def left_minus_right_cm(observation: Observation, height_cm: float) -> dict[str, dict[str, Any]]:
    """Difference of the two sides of each limb as the photo shows it, with its 95 % interval.

    ``counted``: which sides the length was taken from: where the two differ by more than people do,
    the one that is nearer to what the height leads to expect.
    """
    known = calibration(observation.kind)
    # Of the witness whose word the length is, for the most part.
    if relies_on_networks(observation):
        between, sides, variance = observation.networks, known.sides, observation.joint_variance
        seen = networks_seen(observation, known.gaps, sides, _expected(known.networks, height_cm))
    else:
        between, sides, variance = observation.landmarks, known.landmark_sides, LANDMARK_VARIANCE
        expected = _expected(_of_real_people(known)[1], height_cm)
        seen = landmarks_seen(observation, world().gaps, sides, expected)
    offset, sd = sides
    doubt = np.sqrt(limb_variances(variance).sum(axis=1))
    middle = (between.limbs[:, 0] - between.limbs[:, 1] - offset) * height_cm / 100
    half = NORMAL_95 * sd * doubt * height_cm / 100
    return {
        name: {
            "cm": round(m, 1),
            "interval_95": (round(m - h, 1), round(m + h, 1)),
            "counted": seen.counted[name],
        }
        for name, m, h in zip(LIMBS, middle.tolist(), half.tolist(), strict=True)
    }


def is_unclear(observation: Observation) -> bool:
    """Whether the witnesses see different people, more than on good photos of any kind.

    They were made for people who stand and face the camera.
    """
    rendered = calibration(observation.kind).gaps.over_limit(observation.gap)
    if rendered <= UNCLEAR["rendered"] or observation.view != "front":
        return rendered > UNCLEAR["rendered"]
    return world().gaps.over_limit(observation.gap) > UNCLEAR["real"]


def _of_real_people(known: Calibration) -> tuple[Line, Line]:
    """Both witnesses' lines of rendered people from the front, moved to where real ones lie."""
    networks, landmarks = np.split(world().offset, 2)
    return (
        replace(known.networks, offset=known.networks.offset + networks),
        replace(known.landmarks, offset=known.landmarks.offset + landmarks),
    )


def _expected(line: Line, height_cm: float) -> Array:
    """What a witness sees of an ordinary body, in percent of the height."""
    usual = body_prior.conditional(height_cm).mean_cm
    return np.asarray(line.offset + line.slope @ usual * 100 / height_cm)


@dataclass(frozen=True)
class _Case:
    """One way to explain the photos: its share, and how wrong body, hip and camera may be in it."""

    reading: str
    share: float
    spread: float = 1.0
    hip_sd: float = 0.0
    camera_lost: float = 0.0
    evidence: _Evidence | None = None


def _cases(
    observations: Sequence[Observation], height_cm: float, usual: BodyPrior
) -> Iterator[_Case]:
    bodies = ((1 - UNUSUAL_SHARE, 1.0), (UNUSUAL_SHARE, UNUSUAL))
    if not observations:
        for share, spread in bodies:
            yield _Case("height", share, spread)
        return
    lost_share = max(observation.lost_share for observation in observations)
    cameras = ((1 - lost_share, 0.0), (lost_share, 1.0))
    familiar = familiarity(observations)
    readings = {
        "rendered": (familiar, _rendered_evidence, ((1.0, 1.0),)),
        "real": (
            1 - familiar,
            _real_evidence,
            ((1 - MISLED_SHARE, 1.0), (MISLED_SHARE, MISLED)),
        ),
    }
    widest = BodyPrior(usual.mean_cm, UNUSUAL**2 * usual.cov_cm2)
    for reading, (share, evidence_of, trusts) in readings.items():
        if share < LEAST_SHARE:
            continue
        found = evidence_of(observations, height_cm)
        off_sd = _off_sd(found, widest)
        if off_sd > ABSURD:
            if share >= 0.5:
                raise PoseUnsuitableError(reason="impossible_body")
            continue
        distrust = max(1.0, off_sd / DOUBTFUL)
        guessed = GUESSED_HIP_SHARE[reading]
        hips = ((1 - guessed, 0.0), (guessed, GUESSED_HIP_SD))
        for each, (hip, hip_sd), (lost, camera_lost), (trust, wrong) in product(
            bodies, hips, cameras, trusts
        ):
            body, spread = each
            misled = replace(found, error_cov=(distrust * wrong) ** 2 * found.error_cov)
            part = share * body * hip * lost * trust
            yield _Case(reading, part, spread, hip_sd, camera_lost, misled)


@dataclass(frozen=True)
class _Evidence:
    """``values = slope @ lengths_cm + error`` for all photos together, in percent of the height.

    ``tilt``: what the values gain, in SD, where cameras are lost; a column a photo, and one of what
    shots a moment apart share.
    """

    values: Array
    slope: Array
    error_cov: Array
    tilt: Array


def _rendered_evidence(observations: Sequence[Observation], height_cm: float) -> _Evidence:
    """The networks' word, as wrong as on rendered people."""
    seen, lines, errors = [], [], []
    for observation in observations:
        known = calibration(observation.kind)
        line = known.networks
        each = networks_seen(observation, known.gaps, known.sides, _expected(line, height_cm))
        seen.append(each)
        lines.append(line)
        errors.append(each.doubt[:, None] * line.error_cov * each.doubt)
    # The same clothes on the same body mislead two photos alike: their errors are not independent.
    views = [observation.view for observation in observations]
    cov = _together(errors, views, _shared_error) + _of_one_moment(errors, observations)
    return _evidence(observations, seen, lines, cov, height_cm)


def alike(observations: Sequence[Observation]) -> float:
    """How far photos from the front are shots a moment apart, 1, or of another pose or place, 0."""
    gaps = []
    for observation in observations:
        if observation.view == "front":
            usual = calibration(observation.kind).gaps
            gap = ((observation.gap - usual.offset) / usual.sd).ravel()
            gaps.append(gap / max(float(np.linalg.norm(gap)), 1e-9))
    most = max((float(one @ other) for one, other in combinations(gaps, 2)), default=0.0)
    low, high = ALIKE
    return float(np.clip((most - low) / (high - low), 0.0, 1.0))


def _of_one_moment(errors: Sequence[Array], observations: Sequence[Observation]) -> Array:
    """Covariance that the errors of shots a moment apart have beyond that of other photos.

    All have it alike, so that their mean is as unsure as `MOMENT_SHARED` says, and two that differ
    are judged as photos of other places are: a person does move in a moment.
    """
    of_front = [observation.view == "front" for observation in observations]
    roots = np.vstack(
        [
            np.linalg.cholesky(error) if front else np.zeros_like(error)
            for error, front in zip(errors, of_front, strict=True)
        ]
    )
    count = max(sum(of_front), 1)
    beyond = MOMENT_SHARED * np.eye(len(SEGMENTS)) - _shared_error("front", "front")
    return np.asarray(alike(observations) * (count - 1) / count * roots @ beyond @ roots.T)


def _together(
    errors: Sequence[Array], views: Sequence[View], shared: Callable[[View, View], Array]
) -> Array:
    """Covariance of several photos' errors; ``shared`` is what whitened ones of two views share."""
    roots = [np.linalg.cholesky(error) for error in errors]
    return np.block(
        [
            [
                errors[i] if i == j else roots[i] @ shared(views[i], views[j]) @ roots[j].T
                for j in range(len(errors))
            ]
            for i in range(len(errors))
        ]
    )


def _real_evidence(observations: Sequence[Observation], height_cm: float) -> _Evidence:
    """Both witnesses' word, the networks' before the landmarks', as wrong as on real people."""
    seen: list[Weighed] = []
    lines: list[Line] = []
    errors = []
    for observation in observations:
        known, gaps = calibration(observation.kind), world().gaps
        networks, landmarks = _of_real_people(known)
        if observation.view != "front":
            networks, landmarks, gaps = known.networks, known.landmarks, known.gaps
        usual = _expected(networks, height_cm), _expected(landmarks, height_cm)
        both = (
            networks_seen(observation, gaps, known.sides, usual[0]),
            landmarks_seen(observation, gaps, known.landmark_sides, usual[1]),
        )
        seen += both
        lines += (networks, landmarks)
        errors.append(_real_error(observation, np.concatenate([each.doubt for each in both])))
    # What misleads on real people misleads every photo alike: the clothes, and how one stands.
    views = [observation.view for observation in observations]
    cov = _together(errors, views, _shared_on_real_people)
    return _evidence(observations, seen, lines, cov, height_cm)


def _real_error(observation: Observation, doubt: Array) -> Array:
    """Covariance of both witnesses' errors on a photo of a real person, (10, 10)."""
    known = calibration(observation.kind)
    size = len(SEGMENTS)
    if observation.view == "front":
        cov = world().error_cov
        # That networks which are surer than usual are righter, no real person has shown.
        networks_doubt = np.maximum(doubt[:size] / world().usual_doubt, 1.0)
        doubt = np.concatenate([networks_doubt, doubt[size:]])
    else:
        cov = np.zeros((2 * size, 2 * size))
        cov[:size, :size], cov[size:, size:] = known.networks.error_cov, known.landmarks.error_cov
        cov = DISTRUST**2 * cov
    tilt = observation.camera_sd_deg * np.tile(observation.tilt, 2)
    shift = SHIFT_SD * np.tile(np.eye(size), (2, 1))
    return np.asarray(doubt[:, None] * cov * doubt + np.outer(tilt, tilt) + shift @ shift.T)


def _shared_on_real_people(one: View, other: View) -> Array:
    share = MOST_SHARED if one == other else SHARED_ACROSS
    return np.asarray(share * np.eye(2 * len(SEGMENTS)))


def _evidence(
    observations: Sequence[Observation],
    seen: Sequence[Weighed],
    lines: Sequence[Line],
    cov: Array,
    height_cm: float,
) -> _Evidence:
    size = len(cov) // len(observations)
    tilt = np.zeros((len(cov), len(observations) + 1))
    most = max(observation.lost_share for observation in observations)
    shared = alike(observations)
    for i, observation in enumerate(observations):
        # Where the camera of one photo is lost, that of another one may be surer.
        share = observation.lost_share / most
        lost = np.sqrt(share) * observation.lost_sd_deg * observation.tilt
        lost = np.tile(lost, size // len(SEGMENTS))
        rows = slice(size * i, size * (i + 1))
        in_all = shared if observation.view == "front" else 0.0
        tilt[rows, i], tilt[rows, -1] = np.sqrt(1 - in_all) * lost, np.sqrt(in_all) * lost
    return _Evidence(
        values=np.concatenate(
            [each.lengths - line.offset for each, line in zip(seen, lines, strict=True)]
        ),
        slope=np.vstack([line.slope for line in lines]) * 100 / height_cm,
        error_cov=cov,
        tilt=tilt,
    )


def _off_sd(evidence: _Evidence, widest: BodyPrior) -> float:
    """How far evidence is from every body, in SD for each of its numbers."""
    surprise = evidence.values - evidence.slope @ widest.mean_cm
    expected = evidence.slope @ widest.cov_cm2 @ evidence.slope.T + evidence.error_cov
    return float(np.sqrt(surprise @ np.linalg.solve(expected, surprise) / len(surprise)))


def _posterior(case: _Case, usual: BodyPrior) -> tuple[Lengths, float]:
    """Posterior of one Gaussian prior, and the logarithm of how well it foresaw the evidence.

    A hip is misplaced in all photos alike; a camera in each by itself, or in two shots alike.
    """
    evidence, prior = case.evidence, BodyPrior(usual.mean_cm, case.spread**2 * usual.cov_cm2)
    if evidence is None:
        return Lengths(prior.mean_cm, prior.cov_cm2), 0.0
    surprise = evidence.values - evidence.slope @ prior.mean_cm
    misplaced = case.hip_sd * np.tile(LOWER_HIP, len(surprise) // len(SEGMENTS))
    tilted = case.camera_lost * evidence.tilt
    error_cov = evidence.error_cov + np.outer(misplaced, misplaced) + tilted @ tilted.T
    expected = evidence.slope @ prior.cov_cm2 @ evidence.slope.T + error_cov
    foreseen = np.linalg.solve(expected, surprise)
    log = -0.5 * float(surprise @ foreseen + np.linalg.slogdet(expected)[1])
    gain = np.linalg.solve(expected, evidence.slope @ prior.cov_cm2).T
    return Lengths(
        prior.mean_cm + gain @ surprise, prior.cov_cm2 - gain @ evidence.slope @ prior.cov_cm2
    ), log


def _indices(segments: tuple[str, ...]) -> list[int]:
    return [SEGMENTS.index(name) for name in segments]
