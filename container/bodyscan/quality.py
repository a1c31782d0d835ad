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
from bodyscan.lengths import Observation
from bodyscan.pose import Person
from bodyscan.silhouette import Silhouette, silhouette
from chalicelib.errors import (
    BodyCutOffError,
    NoPersonError,
    PersonTooSmallError,
    PoseReason,
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

MAX_HEAD_WIDTH = 0.105
"""From ear to ear, as a share of the height. Grown people have 0.06 to 0.09, whatever the camera's
height; figures and drawn people have 0.12 and more, and so have people who crouch."""
MAX_HEAD_TO_SHOULDERS = 0.45
"""From ear to ear, as a share of the shoulders' width, which tells who crouches from a figure:
people have 0.24 to 0.45, figures from 0.47."""

MAX_TRUNK_LEAN_DEG = 15.0
MAX_LEG_LEAN_DEG = 16.5
MIN_KNEE_DEG = 162.0
MAX_ANKLES_APART = 0.07
"""One ankle above the other, as a share of the height: a step towards or away from the camera."""
MIN_ANKLES_ABREAST, MIN_KNEES_ABREAST = 0.02, 0.035
"""From the right one to the left one, across, as a share of the height: less, and legs cross."""
MIN_ELBOW_DEG = 110.0
MAX_ARM_RAISE_DEG = 85.0
MAX_ARM_OUT_DEG = 32.0
"""Angle of an upper arm from the picture plane, in MediaPipe's own space: arms that hang reach 20,
those of people who hold them behind the back, or swing them, 34 and more."""
MIN_HAND_VISIBILITY = 0.3
"""Visibility of the wrist that is seen better: less, and both hands are behind the back."""
MIN_SHOULDER_SPAN = 0.45
"""Least distance between the shoulders from the front, as a share of the trunk's length."""
MAX_TURN_DEG = 32.0
"""Angle of shoulders and hips from the picture plane, in MediaPipe's own space: people who face the
camera reach 30, who turn by 45 have 34 and more."""
MAX_SIDE_SHOULDER_SPAN = 0.45
"""Most of the same from the side."""
MIN_THIGH_TO_CALF = 0.75
"""A thigh that looks shorter than this share of the calf points at the camera: sitting."""
MIN_CALF_TO_THIGH = 0.55
"""A calf may look this short beside the thigh: a phone held high sees it from above."""
MIN_LEG_TO_TRUNK = 1.1
"""Legs shorter than this share of the trunk are bent. In space: a phone held high sees straight
legs as short."""
MAX_LEGS_DIFFER = 9.5
"""In percent of the height, in space: one leg is bent, or a step away."""
MIN_FOREARMS = {"landmarks": 11.2, "networks": 10.2}
"""In percent of the height, in space, of the longer forearm by MediaPipe and of both on average by
the networks: shorter ones point at the camera."""

MIN_FOOT = 0.055
"""From the lower ankle to the soles, as a share of the height: less, and the feet are hidden."""
LEG_ROWS = (0.0, 0.5, 0.8)
"""Where legs are looked at, from knee to ankle."""
FILLED = 0.9
"""Share of what lies between two legs that is the person: more, and there is no gap."""
MAX_BROAD = 0.085
"""By how much a person may be broader, halfway and at the lowest row, than the legs are apart
there, as a share of the height. Trousers are narrower, or leave a gap; what is broader is a gown,
a coat or a long skirt."""
MIN_DOUBTED_BROAD = 0.07
"""The same halfway, where MediaPipe does not see a knee or an ankle well either."""
MAX_BROAD_AND_UNSEEN = 0.33
"""Limit of the sum of how broad a person is halfway and twice the probability that a knee or an
ankle is hidden: more, and cloth hides the legs."""


@dataclass(frozen=True)
class Side:
    """Landmark numbers of one side of the body."""

    name: str
    shoulder: int
    elbow: int
    wrist: int
    hip: int
    knee: int
    ankle: int
    heel: int
    toes: int


LEFT = Side(
    name="left",
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
    name="right",
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
LINES = {
    **{f"{side.name}_arm": (side.shoulder, side.elbow, side.wrist) for side in BOTH},
    **{f"{side.name}_leg": (side.hip, side.knee, side.ankle) for side in BOTH},
    "shoulders": (LEFT.shoulder, RIGHT.shoulder),
    "hips": (LEFT.hip, RIGHT.hip),
}
"""Landmarks that the line of a part runs through."""
LEGS = ("left_leg", "right_leg")


def marks(person: Person, *parts: str) -> list[dict[str, Any]]:
    """Where parts of a person are in the photo: `chalicelib.answers.Mark` as JSON values.

    ``parts`` are names of `LINES`, "trunk", or "person" and "other_person", which are boxes.
    """
    points = person.landmarks_px
    found: list[dict[str, Any]] = []
    for part in parts:
        if part in LINES:
            found.append({"part": part, "line": _shares(person, points[list(LINES[part])])})
        elif part == "trunk":
            ends = [points[list(LINES[each])].mean(axis=0) for each in ("shoulders", "hips")]
            found.append({"part": part, "line": _shares(person, np.array(ends))})
        else:
            outline = silhouette(person)
            rows_px = [] if outline is None else [outline.vertex_y_px, outline.sole_y_px]
            corners = np.array(
                [
                    (points[:, 0].min(), min(points[:, 1].min(), *rows_px, np.inf)),
                    (points[:, 0].max(), max(points[:, 1].max(), *rows_px, -np.inf)),
                ]
            )
            box = [share for corner in _shares(person, corners) for share in corner]
            found.append({"part": part, "box": box})
    return found


def _shares(person: Person, points_px: Array) -> list[list[float]]:
    """Points in shares of the photo's width and height; what lies outside, at its edge."""
    height_px, width_px = person.mask.shape
    shares = np.clip(points_px / (width_px, height_px), 0.0, 1.0)
    return [[round(float(x), 4), round(float(y), 4)] for x, y in shares]


def _unsuitable(person: Person, reason: PoseReason, *parts: str) -> PoseUnsuitableError:
    return PoseUnsuitableError(reason=reason, where=marks(person, *parts))


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
    more = [p for p in others if _height_px(p) > MIN_SECOND_PERSON * _height_px(first)]
    if more:
        boxes = [mark for other in more for mark in marks(other, "other_person")]
        raise SeveralPeopleError(where=[*marks(first, "person"), *boxes])
    return first


def measurable_front(person: Person) -> Silhouette:
    """Check that a person stands, whole, large enough, upright and facing the camera.

    Returns
    -------
    Silhouette
        The rows of vertex and soles.

    Raises
    ------
    BodyCutOffError, PersonTooSmallError, NoPersonError, PoseUnsuitableError
        When that is not so; a pose's details say which check failed.
    """
    _inside(person, BOTH)
    _upright(person)
    if _shoulder_span(person) < MIN_SHOULDER_SPAN or _turn_deg(person) > MAX_TURN_DEG:
        raise _unsuitable(person, "turned_away", "shoulders", "hips")
    outline = _seen_whole(person, BOTH)
    if _has_large_head(person, outline):
        raise NoPersonError(where=marks(person, "person"))
    _stands(person, BOTH)
    points = person.landmarks_px
    # Facing the camera, the left shoulder and hip are to the right in the photo.
    for left, right in ((LEFT.shoulder, RIGHT.shoulder), (LEFT.hip, RIGHT.hip)):
        if points[left, 0] <= points[right, 0]:
            raise _unsuitable(person, "from_behind", "shoulders", "hips")
    _legs_abreast(person, outline)
    if _legs_covered(person, outline):
        raise _unsuitable(person, "legs_hidden", *LEGS)
    if _visibility(person, "wrist").max() < MIN_HAND_VISIBILITY:
        raise _unsuitable(person, "arms_bent", "left_arm", "right_arm")
    for side in BOTH:
        arm = f"{side.name}_arm"
        if _angle_deg(points, side.shoulder, side.elbow, side.wrist) < MIN_ELBOW_DEG:
            raise _unsuitable(person, "arms_bent", arm)
        if _out_of_plane_deg(person, side.shoulder, side.elbow) > MAX_ARM_OUT_DEG:
            raise _unsuitable(person, "arms_bent", arm)
        if _lean_deg(points[side.shoulder], points[side.elbow]) > MAX_ARM_RAISE_DEG:
            raise _unsuitable(person, "arms_raised", arm)
    return outline


def measurable_side(person: Person) -> Silhouette:
    """As `measurable_front`, for a person who stands sideways: the nearer side has to be seen."""
    nearer = max(BOTH, key=lambda side: float(_seen(person, (side,)).sum()))
    _inside(person, (nearer,))
    _upright(person)
    if _shoulder_span(person) > MAX_SIDE_SHOULDER_SPAN:
        raise _unsuitable(person, "not_from_the_side", "shoulders", "hips")
    outline = _seen_whole(person, (nearer,))
    _stands(person, (nearer,))
    return outline


def measurable_in_space(person: Person, observation: Observation) -> None:
    """Check what only shows once the camera's height is known: legs and forearms that point at it.

    Raises
    ------
    PoseUnsuitableError
        With the reason.
    """
    landmarks, from_front = observation.landmarks, observation.view == "front"
    legs = landmarks.limbs[2:].sum(axis=0)
    if not from_front:
        legs = legs.max(keepdims=True)  # the farther one is hidden behind the nearer
    if legs.min() < MIN_LEG_TO_TRUNK * landmarks.torso or np.ptp(legs) > MAX_LEGS_DIFFER:
        raise _unsuitable(person, "legs_bent", *LEGS)
    if from_front and (
        landmarks.limbs[1].max() < MIN_FOREARMS["landmarks"]
        or observation.networks.limbs[1].mean() < MIN_FOREARMS["networks"]
    ):
        raise _unsuitable(person, "arms_bent", "left_arm", "right_arm")


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


def _inside(person: Person, sides: Sequence[Side]) -> None:
    """Refuse a body of which a part lies outside the picture, or at its edge."""
    points, (height_px, width_px) = person.landmarks_px, person.mask.shape
    inside = ((points >= 0) & (points < (width_px, height_px))).all(axis=1)
    joints = [j for s in sides for j in (s.shoulder, s.hip, s.knee, s.ankle)]
    feet = [j for s in sides for j in (s.heel, s.toes)]
    needed = [pose.NOSE, *joints, *([] if inside[feet].any() else feet)]
    x, y = points[needed].T
    outline = silhouette(person)
    margin_px = max(EDGE_SHARE * height_px, 1.0)
    cut = {
        "left": x.min() < 0,
        "right": x.max() >= width_px,
        "top": y.min() < 0 or (outline is not None and outline.vertex_y_px < margin_px),
        "bottom": y.max() >= height_px
        or (outline is not None and outline.sole_y_px > height_px - margin_px),
    }
    if any(cut.values()):
        raise BodyCutOffError(where=[_edge(person, name) for name, is_cut in cut.items() if is_cut])


def _edge(person: Person, name: str) -> dict[str, Any]:
    """The edge of the photo at which a person is cut off, as far as the person reaches."""
    (left, top, right, bottom) = marks(person, "person")[0]["box"]
    line = {
        "left": [[0.0, top], [0.0, bottom]],
        "right": [[1.0, top], [1.0, bottom]],
        "top": [[left, 0.0], [right, 0.0]],
        "bottom": [[left, 1.0], [right, 1.0]],
    }
    return {"part": "edge", "line": line[name]}


def _seen_whole(person: Person, sides: Sequence[Side]) -> Silhouette:
    """Refuse a body of which a part is inside the picture, but hidden."""
    legs = [j for s in sides for j in (s.knee, s.ankle)]
    feet = [j for s in sides for j in (s.heel, s.toes)]
    outline = silhouette(person)
    ankles = person.landmarks_px[[s.ankle for s in sides]]
    if (
        (person.visibility[legs] < MIN_VISIBILITY).any()
        or person.visibility[feet].max() < MIN_FOOT_VISIBILITY
        or (
            outline is not None
            and outline.sole_y_px - ankles[:, 1].max() < MIN_FOOT * outline.height_px
        )
    ):
        unseen = [
            f"{side.name}_leg"
            for side in sides
            if (person.visibility[[side.knee, side.ankle]] < MIN_VISIBILITY).any()
        ]
        raise _unsuitable(person, "legs_hidden", *(unseen or [f"{s.name}_leg" for s in sides]))
    if outline is None or (_seen(person, sides) < MIN_VISIBILITY).any():
        raise _unsuitable(person, "unclear", "person")
    if outline.height_px < MIN_PERSON_PX:
        raise PersonTooSmallError(where=marks(person, "person"))
    return outline


def _upright(person: Person) -> None:
    """Refuse a trunk that leans, or a photo that lies on its side."""
    points = person.landmarks_px
    shoulders = points[[LEFT.shoulder, RIGHT.shoulder]].mean(axis=0)
    hips = points[[LEFT.hip, RIGHT.hip]].mean(axis=0)
    if _lean_deg(shoulders, hips) > MAX_TRUNK_LEAN_DEG:
        raise _unsuitable(person, "leaning", "trunk")


def _stands(person: Person, sides: Sequence[Side]) -> None:
    points = person.landmarks_px
    for side in sides:
        hip, knee, ankle = points[side.hip], points[side.knee], points[side.ankle]
        thigh_px, calf_px = np.linalg.norm(knee - hip), np.linalg.norm(ankle - knee)
        if (
            _angle_deg(points, side.hip, side.knee, side.ankle) < MIN_KNEE_DEG
            or thigh_px < MIN_THIGH_TO_CALF * calf_px
            or calf_px < MIN_CALF_TO_THIGH * thigh_px
        ):
            raise _unsuitable(person, "legs_bent", f"{side.name}_leg")
        if _lean_deg(hip, ankle) > MAX_LEG_LEAN_DEG:
            raise _unsuitable(person, "legs_apart", f"{side.name}_leg")


def _legs_abreast(person: Person, outline: Silhouette) -> None:
    ankles, knees = (
        (person.landmarks_px[left] - person.landmarks_px[right]) / outline.height_px
        for left, right in ((LEFT.ankle, RIGHT.ankle), (LEFT.knee, RIGHT.knee))
    )
    if abs(ankles[1]) > MAX_ANKLES_APART:
        raise _unsuitable(person, "legs_bent", *LEGS)
    if ankles[0] < MIN_ANKLES_ABREAST or knees[0] < MIN_KNEES_ABREAST:
        raise _unsuitable(person, "legs_crossed", *LEGS)


def _legs_covered(person: Person, outline: Silhouette) -> bool:
    """Whether one piece of cloth, broader than trousers, hangs about both legs."""
    points = person.landmarks_px
    gaps, broad = [], []
    for share in LEG_ROWS:
        left, right = (
            points[side.knee] + share * (points[side.ankle] - points[side.knee])
            for side in (LEFT, RIGHT)
        )
        filled, wider_px = _across(person, right, left)
        gaps.append(1 - filled)
        broad.append(wider_px / outline.height_px)
    _, halfway, lowest = broad
    if max(gaps[:2]) > 1 - FILLED:
        return False
    if gaps[2] <= 1 - FILLED and min(halfway, lowest) > MAX_BROAD:
        return True
    unseen = 1 - float(_visibility(person, "knee", "ankle").min())
    return halfway > MIN_DOUBTED_BROAD and halfway + 2 * unseen > MAX_BROAD_AND_UNSEEN


def _across(person: Person, right: Array, left: Array) -> tuple[float, float]:
    """How much between two points of a row is the person, and by how much more broad it is there.

    A bag at one side is no cloth about both legs: what reaches less far beyond the points counts
    twice.
    """
    row = person.mask[int(np.clip((right[1] + left[1]) / 2, 0, person.mask.shape[0] - 1))]
    is_person = row >= pose.MASK_THRESHOLD
    first, last = (int(np.clip(x, 0, len(row) - 1)) for x in (right[0], left[0]))
    between = is_person[first : last + 1]
    if not between.size:
        return 0.0, 0.0
    beyond = (_run(is_person[:first][::-1]), _run(is_person[last + 1 :]))
    return float(between.mean()), 2.0 * min(beyond)


def _run(row: npt.NDArray[np.bool_]) -> int:
    """How many in a row are true from the start."""
    return len(row) if row.all() else int(np.argmin(row))


def _visibility(person: Person, *joints: str) -> Array:
    return person.visibility[[getattr(side, joint) for side in BOTH for joint in joints]]


def _out_of_plane_deg(person: Person, start: int, end: int) -> float:
    along = person.world_m[end] - person.world_m[start]
    return float(np.degrees(np.arctan2(abs(along[2]), np.hypot(along[0], along[1]))))


def _turn_deg(person: Person) -> float:
    """By how much shoulders and hips turn out of the picture plane, on average."""
    turns = [
        np.degrees(np.arctan2(abs(across[2]), abs(across[0])))
        for across in (
            person.world_m[LEFT.shoulder] - person.world_m[RIGHT.shoulder],
            person.world_m[LEFT.hip] - person.world_m[RIGHT.hip],
        )
    ]
    return float(np.mean(turns))


def _has_large_head(person: Person, outline: Silhouette) -> bool:
    ears, shoulders = (
        person.landmarks_px[list(ends)]
        for ends in ((pose.LEFT_EAR, pose.RIGHT_EAR), (LEFT.shoulder, RIGHT.shoulder))
    )
    head_px, shoulders_px = (float(np.linalg.norm(one - two)) for one, two in (ears, shoulders))
    return (
        head_px > MAX_HEAD_WIDTH * outline.height_px
        and head_px > MAX_HEAD_TO_SHOULDERS * shoulders_px
    )


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
