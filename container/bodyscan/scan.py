"""From the bytes of photos to lengths, their quality and a picture of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bodyscan import lengths, overlay, pose, quality
from bodyscan import skeleton as skeleton_network
from bodyscan.crop import PERSON_PX, Crop, whole_and_close
from bodyscan.focal import contradicted_by_perspective
from bodyscan.lengths import Lengths, Observation, View
from bodyscan.overlay import LimbLabel, OverlayDrawing, draw_overlay
from bodyscan.photo import Photo, read_photo
from bodyscan.pose import Person
from bodyscan.silhouette import Silhouette
from bodyscan.skeleton import JOINTS, POINTS, Skeleton, find_skeleton
from bodyscan.verticals import Upright, find_upright, upright_segments
from chalicelib.errors import PersonTooSmallError, PhotoError, PoseUnsuitableError

Array = npt.NDArray[np.float64]

JOINT_LANDMARKS = (
    *(pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER, pose.LEFT_ELBOW, pose.RIGHT_ELBOW),
    *(pose.LEFT_WRIST, pose.RIGHT_WRIST, pose.LEFT_HIP, pose.RIGHT_HIP),
    *(pose.LEFT_KNEE, pose.RIGHT_KNEE, pose.LEFT_ANKLE, pose.RIGHT_ANKLE),
)
"""MediaPipe's landmarks of the joints, in the order of `bodyscan.skeleton.POINTS`."""
LIMBS = [limb for pair in lengths.LIMB_POINTS.values() for limb in pair]
BONES = (
    lengths.SHOULDERS,
    lengths.HIPS,
    *zip(lengths.SHOULDERS, lengths.HIPS, strict=True),
    *LIMBS,
    *((POINTS.index(f"{side}_ankle"), POINTS.index(f"{side}_floor")) for side in ("left", "right")),
)


PITCH_DROPPED = 0.5
"""A told pitch that is misread with a higher probability is not used."""


@dataclass(frozen=True)
class Sight:
    """The one person of a photo, found to be measurable.

    Attributes
    ----------
    view : {"front", "side"}
    cut, close : Crop
        The person at the two sizes of `bodyscan.crop`.
    place, frame : ndarray, shape (2,)
        The person's middle from the picture's middle; the picture's width and height. In heights
        of the person in the picture.
    edges : ndarray, shape (n, 4)
        `bodyscan.verticals.upright_segments` of what stands around the person.
    """

    view: View
    picture: Photo
    person: Person
    outline: Silhouette
    cut: Crop
    close: Crop
    place: Array
    frame: Array
    edges: Array

    @property
    def log_focal(self) -> float | None:
        """Logarithm of the focal length over the person's height, when the photo tells it."""
        focal_px = self.picture.focal_px
        return None if focal_px is None else float(np.log(focal_px / self.outline.height_px))

    @property
    def landmarks(self) -> Array:
        """MediaPipe's joints, (12, 2), from the person's middle, in heights of the person."""
        from_middle_px = self.person.landmarks_px[list(JOINT_LANDMARKS)] - self.cut.centre_px
        return np.asarray(from_middle_px / self.outline.height_px)

    def skeleton(self, log_focal: float | None) -> Skeleton:
        """What the network sees, told the focal length or not."""
        return find_skeleton(self.cut, self.close, self.place, self.frame, log_focal)

    def contradicts_focal_length(self, skeleton: Skeleton) -> bool:
        """Whether what the network saw, told the focal length, speaks against that."""
        focal_35mm, told = self.picture.focal_35mm, self.log_focal
        if focal_35mm is None or told is None:
            return False
        return contradicted_by_perspective(told, skeleton.log_focal, focal_35mm)

    def without_focal_length(self) -> Sight:
        """The same, of a photo whose EXIF is not believed."""
        picture = replace(self.picture, focal_35mm=None, focal_length_dropped="perspective")
        return replace(self, picture=picture)

    def without_edges(self) -> Sight:
        """The same, of a photo that shows nothing plumb."""
        return replace(self, edges=np.empty((0, 4)))

    def upright(self, skeleton: Skeleton, log_focal: float | None) -> Upright | None:
        """How the camera was held, by plumb edges; see `bodyscan.verticals`."""
        focal = float(np.exp(skeleton.log_focal if log_focal is None else log_focal))
        return find_upright(self.edges, focal / float(self.frame.max()), skeleton.roll_rad)

    def observe(
        self, skeleton: Skeleton, log_focal: float | None, pitch_rad: float | None = None
    ) -> Observation:
        """What that says of lengths; see `bodyscan.lengths.observe`.

        Raises
        ------
        PoseUnsuitableError
            When limbs point at the camera (`bodyscan.quality.measurable_in_space`).
        """
        observation = lengths.observe(
            skeleton,
            self.landmarks,
            self.place,
            self.view,
            log_focal,
            pitch_rad,
            self.upright(skeleton, log_focal),
        )
        quality.measurable_in_space(self.person, observation)
        return observation


@dataclass(frozen=True)
class Look:
    """What one photo shows: its person, the joints, and what they say of lengths."""

    sight: Sight
    skeleton: Skeleton
    observation: Observation
    pitch_dropped: bool = False
    """Whether a pitch was told that the picture contradicts."""

    @property
    def believed_points(self) -> Array:
        """The joints that the lengths are of, for the most part: as `Skeleton.points`."""
        if lengths.networks_believed(self.observation):
            return self.skeleton.points
        return np.vstack([self.sight.landmarks, self.skeleton.points[JOINTS:]])


@dataclass(frozen=True)
class Shot:
    """One photo, and what the phone told beside it.

    Attributes
    ----------
    photo : bytes
        A JPEG, PNG, WebP or HEIC file: one person, standing, whole.
    pitch_deg : float or None
        How far the camera looked up (positive) or down (negative) from the horizontal.
    """

    photo: bytes
    pitch_deg: float | None = None


@dataclass(frozen=True)
class Scan:
    """One body, measured."""

    lengths: Lengths
    quality: dict[str, Any]
    overlay_jpeg: bytes


def load(model: Path) -> None:
    """Load the networks, and the overlay's font, once per process."""
    pose.load(model)
    skeleton_network.load()
    overlay.load()


def scan(
    fronts: Sequence[Shot],
    height_cm: float,
    *,
    model: Path,
    side: Shot | None = None,
    sex: str | None = None,
) -> Scan:
    """Measure the person in a photo, or in several.

    Parameters
    ----------
    fronts : sequence of Shot
        One or more of the same person, facing the camera.
    height_cm : float
        Vertex to floor, barefoot.
    model : Path
        A pose landmarker bundle.
    side : Shot, optional
        The same person from the side.
    sex : {"male", "female", None}
        Makes the prior narrower when told.

    Raises
    ------
    UnsupportedImageError, ImageTooLargeError
        When a file is no photo that can be read.
    PhotoRefusedError
        When a photo can be read, but no honest length can come of it. Of both, ``field`` says
        which photo it is, where there are several.
    """
    looks = {}
    for index, front in enumerate(fronts):
        with _naming(f"image_urls[{index}]" if len(fronts) > 1 else None):
            looks[f"front_{index + 1}" if index else "front"] = _look(front, "front", model)
    if side is not None:
        with _naming("side_image_url"):
            looks["side"] = _look(side, "side", model)
    observations = [found.observation for found in looks.values()]
    try:
        measured = lengths.estimate(observations, height_cm, sex)
    except PoseUnsuitableError as error:
        person = quality.marks(looks["front"].sight.person, "person")
        raise PoseUnsuitableError(**error.details, where=person) from None
    figures = {
        **{name: _figures(found, height_cm) for name, found in looks.items()},
        "evidence": lengths.evidence(measured, height_cm, sex),
    }
    drawing = _drawing(looks["front"], measured, height_cm)
    pixels = looks["front"].sight.picture.pixels
    return Scan(measured, figures, draw_overlay(pixels, drawing))


def look(photo: bytes, view: View, model: Path, pitch_rad: float | None = None) -> Look:
    """Read a photo, find its person and measure what can be seen. Errors as in `scan`."""
    return look_at(see(photo, view, model=model), pitch_rad)


def look_at(sight: Sight, pitch_rad: float | None = None) -> Look:
    """Measure what can be seen of a person who was found.

    Raises
    ------
    PoseUnsuitableError
        As in `Sight.observe`; "unclear" where MediaPipe and the networks see different people.
    """
    skeleton = sight.skeleton(sight.log_focal)
    if sight.contradicts_focal_length(skeleton):
        sight = sight.without_focal_length()
        skeleton = sight.skeleton(None)
    observation = sight.observe(skeleton, sight.log_focal, pitch_rad)
    dropped = pitch_rad is not None and observation.lost_share > PITCH_DROPPED
    if dropped:
        observation = sight.observe(skeleton, sight.log_focal)
    if lengths.is_unclear(observation):
        raise PoseUnsuitableError(reason="unclear", where=quality.marks(sight.person, "person"))
    return Look(sight, skeleton, observation, dropped)


def see(photo: bytes, view: View, *, model: Path) -> Sight:
    """Read a photo and find its person. Errors as in `scan`."""
    picture = read_photo(photo)
    person = _only_person(picture, model)
    check = quality.measurable_front if view == "front" else quality.measurable_side
    outline = check(person)
    cut, close = whole_and_close(picture.pixels, person, outline)
    size_px = np.array([picture.pixels.shape[1], picture.pixels.shape[0]], np.float64)
    return Sight(
        view=view,
        picture=picture,
        person=person,
        outline=outline,
        cut=cut,
        close=close,
        place=(cut.centre_px - size_px / 2) / outline.height_px,
        frame=size_px / outline.height_px,
        edges=upright_segments(picture.pixels, person.mask),
    )


def _only_person(picture: Photo, model: Path) -> Person:
    people = pose.find_people(picture.pixels, model)
    if not people and pose.finds_anyone_closer(picture.pixels, model):
        raise PersonTooSmallError
    return quality.only_person(people)


@contextmanager
def _naming(field: str | None) -> Iterator[None]:
    """Have a refusal say which photo it speaks of; None where there is only one."""
    try:
        yield
    except PhotoError as error:
        if field is None:
            raise
        raise type(error)(**error.details, field=field) from None


def _look(shot: Shot, view: View, model: Path) -> Look:
    pitch_rad = None if shot.pitch_deg is None else float(np.radians(shot.pitch_deg))
    return look(shot.photo, view, model, pitch_rad)


def _figures(found: Look, height_cm: float) -> dict[str, Any]:
    sight, observation = found.sight, found.observation
    figures = {
        "photo_px": [sight.picture.source_width_px, sight.picture.source_height_px],
        "format": sight.picture.format,
        "focal_length_known": observation.focal_known,
        "pitch_known": observation.pitch_known,
        **quality.summary(sight.person, sight.outline),
    }
    if found.pitch_dropped:
        figures["pitch_dropped"] = "perspective"
    if sight.picture.focal_length_dropped is not None:
        figures["focal_length_dropped"] = sight.picture.focal_length_dropped
    if sight.view == "front":
        figures["left_minus_right"] = lengths.left_minus_right_cm(observation, height_cm)
    return figures


def _drawing(found: Look, measured: Lengths, height_cm: float) -> OverlayDrawing:
    sight, outline = found.sight, found.sight.outline
    points = sight.cut.to_photo(found.believed_points * PERSON_PX)

    def xy(point: int) -> tuple[float, float]:
        return float(points[point, 0]), float(points[point, 1])

    def between(pair: tuple[int, int]) -> tuple[float, float]:
        middle = points[list(pair)].mean(axis=0)
        return float(middle[0]), float(middle[1])

    def words(name: str) -> str:
        return f"{measured.length_cm(name):.1f} ±{measured.half_width_95_cm(name):.1f} cm"

    # Arms are labelled on the picture's right, legs on its left, so that labels have room.
    ends = {"torso": (between(lengths.SHOULDERS), between(lengths.HIPS))}
    for name, (left, right) in lengths.LIMB_POINTS.items():
        one, other = left if name in lengths.ARM else right
        ends[name] = xy(one), xy(other)
    joints = sorted({joint for limb in LIMBS for joint in limb})
    landmarks_x = sight.person.landmarks_px[:, 0]
    return OverlayDrawing(
        bones=tuple((xy(one), xy(other)) for one, other in BONES),
        joints=tuple(xy(joint) for joint in joints),
        labels=tuple(LimbLabel(words(name), *ends[name]) for name in lengths.SEGMENTS),
        vertex_y_px=outline.vertex_y_px,
        floor_y_px=outline.sole_y_px,
        height_text=f"{height_cm:.1f} cm",
        person_box_px=(
            float(landmarks_x.min()),
            outline.vertex_y_px,
            float(landmarks_x.max()),
            outline.sole_y_px,
        ),
    )
