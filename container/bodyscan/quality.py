"""Whether a photo can be measured at all: one refusal is better than one wrong length.

Each check names what to do differently (`chalicelib.errors`). The limits are angles and shares of
the person's own size, so that they hold at any distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bodyscan import pose
from bodyscan.pose import Person
from bodyscan.silhouette import Silhouette, silhouette
from chalicelib.errors import (
    BodyCutOffError,
    NoPersonError,
    PersonTooSmallError,
    PoseUnsuitableError,
    SeveralPeopleError,
)

Array = npt.NDArray[np.float64]

MIN_PERSON_PX = 220
"""Least height of a person, in pixels: about what the landmark network's 256 px input holds."""
MIN_SECOND_PERSON = 0.35
"""A second person counts from this share of the first one's height (smaller: a poster, a doll)."""
SAME_PERSON = 0.15
"""Two detections nearer than this (mean landmark distance / height) are one person."""
MIN_VISIBILITY = 0.5
MIN_FOOT_VISIBILITY = 0.3
EDGE_SHARE = 0.002
"""A silhouette this near the photo's edge (share of its height) is cut off by it."""

MAX_TRUNK_LEAN_DEG = 15.0
MAX_LEG_LEAN_DEG = 22.0
MIN_KNEE_DEG = 155.0
MIN_ELBOW_DEG = 110.0
MAX_ARM_RAISE_DEG = 85.0
MIN_SHOULDER_SPAN = 0.45
"""Least distance between the shoulders from the front, as a share of the trunk's length."""
MAX_SIDE_SHOULDER_SPAN = 0.45
"""Most of the same from the side."""
MIN_THIGH_TO_CALF = 0.75
"""A thigh that looks shorter than this share of the calf points at the camera: sitting."""
MIN_CALF_TO_THIGH = 0.55
"""A calf may look this short beside the thigh: a phone held high sees it from above."""
MIN_LEG_TO_TRUNK = 1.1
"""Legs that look shorter than this share of the trunk are bent."""


@dataclass(frozen=True)
class Side:
    """Landmark numbers of one side of the body."""

    shoulder: int
    elbow: int
    wrist: int
    hip: int
    knee: int
    ankle: int
    heel: int
    toes: int


LEFT = Side(
    shoulder=pose.LEFT_SHOULDER,
    elbow=pose.LEFT_ELBOW,
    wrist=pose.LEFT_WRIST,
    hip=pose.LEFT_HIP,
    knee=pose.LEFT_KNEE,
    ankle=pose.LEFT_ANKLE,
    heel=pose.LEFT_HEEL,
    toes=pose.LEFT_FOOT_INDEX,
)
RIGHT = Side(
    shoulder=pose.RIGHT_SHOULDER,
    elbow=pose.RIGHT_ELBOW,
    wrist=pose.RIGHT_WRIST,
    hip=pose.RIGHT_HIP,
    knee=pose.RIGHT_KNEE,
    ankle=pose.RIGHT_ANKLE,
    heel=pose.RIGHT_HEEL,
    toes=pose.RIGHT_FOOT_INDEX,
)
BOTH = (LEFT, RIGHT)


def only_person(people: Sequence[Person]) -> Person:
    """Return the one person of a photo.

    Raises
    ------
    NoPersonError, SeveralPeopleError
        When there is none, or more than one.
    """
    distinct: list[Person] = []
    for person in sorted(people, key=_height_px, reverse=True):
        if not any(_same(person, other) for other in distinct):
            distinct.append(person)
    believed = [p for p in distinct if float(np.median(_seen(p, BOTH))) > MIN_VISIBILITY]
    if not believed:
        raise NoPersonError
    first, *others = believed
    if any(_height_px(p) > MIN_SECOND_PERSON * _height_px(first) for p in others):
        raise SeveralPeopleError
    return first


def measurable_front(person: Person) -> Silhouette:
    """Check that a person stands, whole, large enough, upright and facing the camera.

    Returns
    -------
    Silhouette
        The rows of vertex and soles.

    Raises
    ------
    BodyCutOffError, PersonTooSmallError, PoseUnsuitableError
        When that is not so; a pose's details say which check failed.
    """
    outline = _whole(person, BOTH)
    if _shoulder_span(person) < MIN_SHOULDER_SPAN:
        raise PoseUnsuitableError(reason="turned_away")
    _stands(person, BOTH)
    points = person.landmarks_px
    # Facing the camera, the left shoulder and hip are to the right in the photo.
    for left, right in ((LEFT.shoulder, RIGHT.shoulder), (LEFT.hip, RIGHT.hip)):
        if points[left, 0] <= points[right, 0]:
            raise PoseUnsuitableError(reason="from_behind")
    for side in BOTH:
        if _angle_deg(points, side.shoulder, side.elbow, side.wrist) < MIN_ELBOW_DEG:
            raise PoseUnsuitableError(reason="arms_bent")
        if _lean_deg(points[side.shoulder], points[side.elbow]) > MAX_ARM_RAISE_DEG:
            raise PoseUnsuitableError(reason="arms_raised")
    return outline


def measurable_side(person: Person) -> Silhouette:
    """As `measurable_front`, for a person who stands sideways: the nearer side has to be seen."""
    nearer = max(BOTH, key=lambda side: float(_seen(person, (side,)).sum()))
    outline = _whole(person, (nearer,))
    if _shoulder_span(person) > MAX_SIDE_SHOULDER_SPAN:
        raise PoseUnsuitableError(reason="not_from_the_side")
    _stands(person, (nearer,))
    return outline


def summary(person: Person, outline: Silhouette) -> dict[str, Any]:
    """Figures that tell a client how good the photo was."""
    return {
        "person_height_px": round(outline.height_px),
        "visibility": round(float(_seen(person, BOTH).mean()), 3),
    }


def _seen(person: Person, sides: Sequence[Side]) -> Array:
    """Visibility of the landmarks that a measurement stands on."""
    joints = [j for s in sides for j in (s.shoulder, s.hip, s.knee, s.ankle)]
    return person.visibility[[pose.NOSE, *joints]]


def _whole(person: Person, sides: Sequence[Side]) -> Silhouette:
    points, (height_px, width_px) = person.landmarks_px, person.mask.shape
    inside = ((points >= 0) & (points < (width_px, height_px))).all(axis=1)
    joints = [j for s in sides for j in (s.shoulder, s.hip, s.knee, s.ankle)]
    feet = [j for s in sides for j in (s.heel, s.toes)]
    outline = silhouette(person)
    # What lies outside the photo is guessed, with low visibility: most often the feet.
    if (
        not inside[[pose.NOSE, *joints]].all()
        or not inside[feet].any()
        or (_seen(person, sides) < MIN_VISIBILITY).any()
        or person.visibility[feet].max() < MIN_FOOT_VISIBILITY
        or outline is None
    ):
        raise BodyCutOffError
    margin_px = max(EDGE_SHARE * height_px, 1.0)
    if outline.vertex_y_px < margin_px or outline.sole_y_px > height_px - margin_px:
        raise BodyCutOffError
    if outline.height_px < MIN_PERSON_PX:
        raise PersonTooSmallError
    return outline


def _stands(person: Person, sides: Sequence[Side]) -> None:
    points = person.landmarks_px
    shoulders = points[[LEFT.shoulder, RIGHT.shoulder]].mean(axis=0)
    hips = points[[LEFT.hip, RIGHT.hip]].mean(axis=0)
    if _lean_deg(shoulders, hips) > MAX_TRUNK_LEAN_DEG:
        raise PoseUnsuitableError(reason="leaning")
    trunk_px = float(np.linalg.norm(shoulders - hips))
    for side in sides:
        hip, knee, ankle = points[side.hip], points[side.knee], points[side.ankle]
        thigh_px, calf_px = np.linalg.norm(knee - hip), np.linalg.norm(ankle - knee)
        if (
            _angle_deg(points, side.hip, side.knee, side.ankle) < MIN_KNEE_DEG
            or thigh_px < MIN_THIGH_TO_CALF * calf_px
            or calf_px < MIN_CALF_TO_THIGH * thigh_px
            or thigh_px + calf_px < MIN_LEG_TO_TRUNK * trunk_px
        ):
            raise PoseUnsuitableError(reason="legs_bent")
        if _lean_deg(hip, ankle) > MAX_LEG_LEAN_DEG:
            raise PoseUnsuitableError(reason="legs_apart")


def _height_px(person: Person) -> float:
    return float(np.ptp(person.landmarks_px[:, 1]))


def _same(one: Person, other: Person) -> bool:
    apart = np.linalg.norm(one.landmarks_px - other.landmarks_px, axis=1).mean()
    return bool(apart < SAME_PERSON * max(_height_px(one), _height_px(other)))


def _shoulder_span(person: Person) -> float:
    points = person.landmarks_px
    shoulders = points[[LEFT.shoulder, RIGHT.shoulder]]
    hips = points[[LEFT.hip, RIGHT.hip]]
    trunk_px = float(np.linalg.norm(shoulders.mean(axis=0) - hips.mean(axis=0)))
    return float(abs(shoulders[0, 0] - shoulders[1, 0])) / max(trunk_px, 1e-6)


def _angle_deg(points: Array, first: int, corner: int, last: int) -> float:
    one, other = points[first] - points[corner], points[last] - points[corner]
    cosine = one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _lean_deg(upper: Array, lower: Array) -> float:
    """Angle from the vertical of the line from ``upper`` down to ``lower``; 0 hangs straight."""
    dx, dy = lower - upper
    return float(np.degrees(np.arctan2(abs(dx), dy)))
