"""From the bytes of a photo to lengths, their quality and a picture of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bodyscan import lengths, pose, quality
from bodyscan.lengths import Lengths
from bodyscan.overlay import LimbLabel, OverlayDrawing, draw_overlay
from bodyscan.photo import Photo, read_photo
from bodyscan.pose import Person
from bodyscan.silhouette import Silhouette
from chalicelib.errors import PersonTooSmallError

BONES = (
    (pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER),
    (pose.LEFT_HIP, pose.RIGHT_HIP),
    (pose.LEFT_SHOULDER, pose.LEFT_HIP),
    (pose.RIGHT_SHOULDER, pose.RIGHT_HIP),
    *(bone for limb in lengths.LIMBS.values() for bone in limb),
    (pose.LEFT_ANKLE, pose.LEFT_FOOT_INDEX),
    (pose.RIGHT_ANKLE, pose.RIGHT_FOOT_INDEX),
)


@dataclass(frozen=True)
class Scan:
    """One body, measured."""

    lengths: Lengths
    quality: dict[str, Any]
    overlay_jpeg: bytes


def scan(
    photo: bytes,
    height_cm: float,
    *,
    model: bytes,
    side_photo: bytes | None = None,
    sex: str | None = None,
) -> Scan:
    """Measure the person in a photo.

    Parameters
    ----------
    photo : bytes
        A JPEG, PNG, WebP or HEIC file: one person, standing, whole, facing the camera.
    height_cm : float
        Vertex to floor, barefoot.
    model : bytes
        A pose landmarker bundle.
    side_photo : bytes, optional
        The same person from the side.
    sex : {"male", "female", None}
        Makes the prior narrower when told.

    Raises
    ------
    UnsupportedImageError, ImageTooLargeError
        When a file is no photo that can be read.
    PhotoRefusedError
        When a photo can be read, but no honest length can come of it.
    """
    picture = read_photo(photo)
    person = _only_person(picture, model)
    outline = quality.measurable_front(person)
    observations = [lengths.observe(person, outline, height_cm, "front")]
    figures = {"front": _figures(picture, person, outline)}
    if side_photo is not None:
        side_picture = read_photo(side_photo)
        side_person = _only_person(side_picture, model)
        side_outline = quality.measurable_side(side_person)
        observations.append(lengths.observe(side_person, side_outline, height_cm, "side"))
        figures["side"] = _figures(side_picture, side_person, side_outline)
    measured = lengths.estimate(observations, height_cm, sex)
    drawing = _drawing(person, outline, measured, height_cm)
    return Scan(measured, figures, draw_overlay(picture.pixels, drawing))


def _only_person(picture: Photo, model: bytes) -> Person:
    people = pose.find_people(picture.pixels, model)
    if not people and pose.finds_anyone_closer(picture.pixels, model):
        raise PersonTooSmallError
    return quality.only_person(people)


def _figures(picture: Photo, person: Person, outline: Silhouette) -> dict[str, Any]:
    return {
        "photo_px": [picture.source_width_px, picture.source_height_px],
        "format": picture.format,
        **quality.summary(person, outline),
    }


def _drawing(
    person: Person, outline: Silhouette, measured: Lengths, height_cm: float
) -> OverlayDrawing:
    points = person.landmarks_px

    def xy(landmark: int) -> tuple[float, float]:
        return float(points[landmark, 0]), float(points[landmark, 1])

    def between(one: int, other: int) -> tuple[float, float]:
        middle = (points[one] + points[other]) / 2
        return float(middle[0]), float(middle[1])

    def words(name: str) -> str:
        return f"{measured.length_cm(name):.1f} ±{measured.half_width_95_cm(name):.1f} cm"

    # Arms are labelled on the picture's right, legs on its left, so that labels have room.
    ends = {
        "upper_arm": (xy(pose.LEFT_SHOULDER), xy(pose.LEFT_ELBOW)),
        "forearm": (xy(pose.LEFT_ELBOW), xy(pose.LEFT_WRIST)),
        "thigh": (xy(pose.RIGHT_HIP), xy(pose.RIGHT_KNEE)),
        "calf": (xy(pose.RIGHT_KNEE), xy(pose.RIGHT_ANKLE)),
        "torso": (
            between(pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER),
            between(pose.LEFT_HIP, pose.RIGHT_HIP),
        ),
    }
    joints = sorted({landmark for bone in BONES for landmark in bone})
    left, right = np.percentile(points[:, 0], [0, 100])
    return OverlayDrawing(
        bones=tuple((xy(one), xy(other)) for one, other in BONES),
        joints=tuple(xy(joint) for joint in joints),
        labels=tuple(LimbLabel(words(name), *ends[name]) for name in lengths.SEGMENTS),
        vertex_y_px=outline.vertex_y_px,
        floor_y_px=outline.sole_y_px,
        height_text=f"{height_cm:.1f} cm",
        person_box_px=(float(left), outline.vertex_y_px, float(right), outline.sole_y_px),
    )
