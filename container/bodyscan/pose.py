"""The people in a photo, as MediaPipe's pose landmarker sees them."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bodyscan import mediapipe_parts

MAX_PEOPLE = 4
"""People looked for: enough to tell that there are several."""
DETECTION_CONFIDENCE = 0.5
MASK_THRESHOLD = 0.5
"""Segmentation probability from which a pixel belongs to the person."""

# Landmarks of the BlazePose topology that are used here.
NOSE = 0
LEFT_EAR, RIGHT_EAR = 7, 8
LEFT_SHOULDER, RIGHT_SHOULDER = 11, 12
LEFT_ELBOW, RIGHT_ELBOW = 13, 14
LEFT_WRIST, RIGHT_WRIST = 15, 16
LEFT_HIP, RIGHT_HIP = 23, 24
LEFT_KNEE, RIGHT_KNEE = 25, 26
LEFT_ANKLE, RIGHT_ANKLE = 27, 28
LEFT_HEEL, RIGHT_HEEL = 29, 30
LEFT_FOOT_INDEX, RIGHT_FOOT_INDEX = 31, 32


@dataclass(frozen=True)
class Person:
    """One person in a photo.

    Attributes
    ----------
    landmarks_px : ndarray, shape (33, 2)
        x right and y down in pixels; points outside the photo are guesses.
    visibility : ndarray, shape (33,)
        Probability that a landmark can be seen.
    world_m : ndarray, shape (33, 3)
        The model's own guess of metric positions about the mid-hip; x right, y down, z away.
    mask : ndarray of float32, shape (h, w)
        Probability that a pixel is the person.
    """

    landmarks_px: npt.NDArray[np.float64]
    visibility: npt.NDArray[np.float64]
    world_m: npt.NDArray[np.float64]
    mask: npt.NDArray[np.float32]


@cache
def _landmarker(model: Path) -> tuple[Any, Any]:
    if not model.is_file():
        raise FileNotFoundError(f"no pose model at {model}: make models")
    mediapipe_parts.enter()
    from mediapipe.tasks.python.core.base_options import BaseOptions
    from mediapipe.tasks.python.vision import pose_landmarker
    from mediapipe.tasks.python.vision.core import image

    options = pose_landmarker.PoseLandmarkerOptions(
        # By its path it is mapped; as bytes it would be copied, twice.
        base_options=BaseOptions(model_asset_path=str(model)),
        num_poses=MAX_PEOPLE,
        min_pose_detection_confidence=DETECTION_CONFIDENCE,
        output_segmentation_masks=True,
    )
    landmarker = pose_landmarker.PoseLandmarker.create_from_options(options)
    # It lives as long as the process. Its finalizer would close it by threads that are gone by
    # then, and print a stack trace; without a handle it does nothing.
    atexit.register(setattr, landmarker, "_handle", None)
    return image, landmarker


def load(model: Path) -> None:
    """Create the landmarker for the bundle ``model``, once per process.

    Raises
    ------
    FileNotFoundError
        No such file; says which command makes it.
    """
    _landmarker(model)


def find_people(pixels: npt.NDArray[np.uint8], model: Path) -> list[Person]:
    """Find the people in a photo.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Upright RGB.
    model : Path
        A pose landmarker bundle (``.task``).

    Returns
    -------
    list of Person
        At most `MAX_PEOPLE`, in the model's order.
    """
    image, landmarker = _landmarker(model)
    result = landmarker.detect(image.Image(image.ImageFormat.SRGB, pixels))
    height_px, width_px = pixels.shape[:2]
    people = []
    for landmarks, world, mask in zip(
        result.pose_landmarks,
        result.pose_world_landmarks,
        result.segmentation_masks or [],
        strict=True,
    ):
        people.append(
            Person(
                landmarks_px=np.array([(p.x * width_px, p.y * height_px) for p in landmarks]),
                visibility=np.array([p.visibility for p in landmarks]),
                world_m=np.array([(p.x, p.y, p.z) for p in world]),
                mask=mask.numpy_view().reshape(height_px, width_px).copy(),
            )
        )
    return people


def finds_anyone_closer(pixels: npt.NDArray[np.uint8], model: Path) -> bool:
    """Whether someone is found in a part of the photo: too far away to be found in the whole.

    Only a photo in which nobody was found pays for this.
    """
    height_px, width_px = pixels.shape[:2]
    tile_height_px, tile_width_px = height_px // 2, width_px // 2
    # Overlapping by half, so that whoever is small enough is whole in one of them.
    tiles = (
        pixels[top : top + tile_height_px, left : left + tile_width_px]
        for top in range(0, height_px - tile_height_px + 1, max(1, tile_height_px // 2))
        for left in range(0, width_px - tile_width_px + 1, max(1, tile_width_px // 2))
    )
    return any(find_people(np.ascontiguousarray(tile), model) for tile in tiles if tile.size)
