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
from bodyscan.crop import PERSON_PX, Crop, coarse_and_fine
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
class PreparedPhoto:
    """The one person of a photo, found to be measurable.

    Attributes
    ----------
    view : {"front", "side"}
    crop, fine_crop : Crop
        The person at the two sizes of `bodyscan.crop`.
    person_offset, picture_size : ndarray, shape (2,)
        The person's middle from the picture's middle; the picture's width and height. In heights
        of the person in the picture.
    sees_edges : bool
        Whether what stands around the person may tell how the camera was held.
    """

    view: View
    picture: Photo
    person: Person
    outline: Silhouette
    crop: Crop
    fine_crop: Crop
    person_offset: Array
    picture_size: Array
    sees_edges: bool = True

    @property
    def log_focal(self) -> float | None:
        """Logarithm of the focal length over the person's height, when the photo tells it."""
        focal_px = self.picture.focal_px
        return None if focal_px is None else float(np.log(focal_px / self.outline.height_px))

    @property
    def landmarks(self) -> Array:
        """MediaPipe's joints, (12, 2), from the person's middle, in heights of the person."""
        from_middle_px = self.person.landmarks_px[list(JOINT_LANDMARKS)] - self.crop.centre_px
        return np.asarray(from_middle_px / self.outline.height_px)

    def skeleton(self, log_focal: float | None) -> Skeleton:
        """What the network sees, told the focal length or not."""
        return find_skeleton(
            self.crop, self.fine_crop, self.person_offset, self.picture_size, log_focal
        )

    def contradicts_focal_length(self, skeleton: Skeleton) -> bool:
        """Whether what the network saw, told the focal length, speaks against that."""
        focal_35mm, told = self.picture.focal_35mm, self.log_focal
        if focal_35mm is None or told is None:
            return False
        return contradicted_by_perspective(told, skeleton.log_focal, focal_35mm)

    def without_focal_length(self) -> PreparedPhoto:
        """The same, of a photo whose EXIF is not believed."""
        picture = replace(self.picture, focal_35mm=None, focal_length_dropped="perspective")
        return replace(self, picture=picture)

    def without_edges(self) -> PreparedPhoto:
        """The same, of a photo that shows nothing plumb."""
        return replace(self, sees_edges=False)

    def upright(self, skeleton: Skeleton, log_focal: float | None) -> Upright | None:
        """How the camera was held, by plumb edges; see `bodyscan.verticals`."""
        if not self.sees_edges:
            return None
        edges = upright_segments(self.picture.pixels, self.person.mask)
        focal = float(np.exp(skeleton.log_focal if log_focal is None else log_focal))
        return find_upright(edges, focal / float(self.picture_size.max()), skeleton.roll_rad)

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
            self.person_offset,
            self.view,
            log_focal,
            pitch_rad,
            # A told pitch is used alone.
            self.upright(skeleton, log_focal) if pitch_rad is None else None,
        )
        quality.measurable_in_space(self.person, observation)
        return observation


@dataclass(frozen=True)
class Look:
    """What one photo shows: its person, the joints, and what they say of lengths."""

    prepared: PreparedPhoto
    skeleton: Skeleton
    observation: Observation
    pitch_dropped: bool = False
    """Whether a pitch was told that the picture contradicts."""

    @property
    def joint_points(self) -> Array:
        """The joints that the lengths are of, for the most part: as `Skeleton.points`."""
        if lengths.relies_on_networks(self.observation):
            return self.skeleton.points
        return np.vstack([self.prepared.landmarks, self.skeleton.points[JOINTS:]])


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
        person = quality.marks(looks["front"].prepared.person, "person")
        raise PoseUnsuitableError(**error.details, where=person) from None
    figures = {
        **{name: _figures(found, height_cm) for name, found in looks.items()},
        "evidence": lengths.evidence(measured, height_cm, sex),
    }
    drawing = _drawing(looks["front"], measured, height_cm)
    pixels = looks["front"].prepared.picture.pixels
    return Scan(measured, figures, draw_overlay(pixels, drawing))


def look(photo: bytes, view: View, model: Path, pitch_rad: float | None = None) -> Look:
    """Read a photo, find its person and measure what can be seen. Errors as in `scan`."""
    return look_at(prepare(photo, view, model=model), pitch_rad)


def look_at(prepared: PreparedPhoto, pitch_rad: float | None = None) -> Look:
    """Measure what can be seen of a person who was found.

    Raises
    ------
    PoseUnsuitableError
        As in `PreparedPhoto.observe`; "unclear" where MediaPipe and the networks see different
        people.
    """
    skeleton = prepared.skeleton(prepared.log_focal)
    if prepared.contradicts_focal_length(skeleton):
        prepared = prepared.without_focal_length()
        skeleton = prepared.skeleton(None)
    observation = prepared.observe(skeleton, prepared.log_focal, pitch_rad)
    dropped = pitch_rad is not None and observation.lost_share > PITCH_DROPPED
    if dropped:
        observation = prepared.observe(skeleton, prepared.log_focal)
    if lengths.is_unclear(observation):
        raise PoseUnsuitableError(reason="unclear", where=quality.marks(prepared.person, "person"))
    return Look(prepared, skeleton, observation, dropped)


def prepare(photo: bytes, view: View, *, model: Path) -> PreparedPhoto:
    """Read a photo and find its person. Errors as in `scan`."""
    picture = read_photo(photo)
    person = _only_person(picture, model)
    check = quality.measurable_front if view == "front" else quality.measurable_side
    outline = check(person)
    crop, fine_crop = coarse_and_fine(picture.pixels, person, outline)
    size_px = np.array([picture.pixels.shape[1], picture.pixels.shape[0]], np.float64)
    return PreparedPhoto(
        view=view,
        picture=picture,
        person=person,
        outline=outline,
        crop=crop,
        fine_crop=fine_crop,
        person_offset=(crop.centre_px - size_px / 2) / outline.height_px,
        picture_size=size_px / outline.height_px,
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
    prepared, observation = found.prepared, found.observation
    figures = {
        "photo_px": [prepared.picture.source_width_px, prepared.picture.source_height_px],
        "format": prepared.picture.format,
        "focal_length_known": observation.focal_known,
        "pitch_known": observation.pitch_known,
        **quality.summary(prepared.person, prepared.outline),
    }
    if found.pitch_dropped:
        figures["pitch_dropped"] = "perspective"
    if prepared.picture.focal_length_dropped is not None:
        figures["focal_length_dropped"] = prepared.picture.focal_length_dropped
    if prepared.view == "front":
        figures["left_minus_right"] = lengths.left_minus_right_cm(observation, height_cm)
    return figures


def _drawing(found: Look, measured: Lengths, height_cm: float) -> OverlayDrawing:
    prepared, outline = found.prepared, found.prepared.outline
    points = prepared.crop.to_photo(found.joint_points * PERSON_PX)

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
    landmarks_x = prepared.person.landmarks_px[:, 0]
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
