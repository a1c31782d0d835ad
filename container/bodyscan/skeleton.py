"""Joints, their depth, and the camera's view of them, by two networks trained on rendered people.

MediaPipe finds the person and tells the pose; its landmarks draw every body towards the same
proportions. The skeleton network looks at the person, cut out at one size (`bodyscan.crop`). It
says where the joint centres lie, how far in front of or behind the hips, and from how far above or
below the camera sees the body. The joint network then looks closely at each joint.
``training/skeleton`` trains both; OpenCV runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
import numpy.typing as npt

from bodyscan.crop import FINE_PERSON_PX, NOBODY, Crop

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

SKELETON_NETWORK = Path(__file__).with_name("skeleton.onnx")
JOINT_NETWORK = Path(__file__).with_name("joints.onnx")

POINTS = (
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("vertex", "left_floor", "right_floor"),
)
"""Joint centres; the top of the skull, under the hair; the floor under each ankle, as it would be
barefoot."""
MIRRORED = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 12, 14, 13]
COUNT = len(POINTS)
JOINTS = 12
"""The first so many of `POINTS` are joints, left and right in turn."""
PATCH_PX = 64
"""Side of the patch of the fine crop that the joint network sees of each joint."""
WIDE = 2.5
"""A second patch shows so many times as much, to see what the joint is part of."""
KINDS = np.eye(JOINTS // 2, dtype=np.float32).repeat(2, axis=0)
LEFT_OR_RIGHT = np.tile([1.0, -1.0], JOINTS // 2)
"""Right joints are seen mirrored: the network knows left ones."""

TYPICAL_LOG_FOCAL = 0.8
CONTRAST = 64.0
"""The network sees ``(pixel - NOBODY) / CONTRAST``."""
LOG_VARIANCE_RANGE = (-6.0, 6.0)


@dataclass(frozen=True)
class Skeleton:
    """What the network says of one photo. Lengths and places are shares of the person's height.

    Attributes
    ----------
    points, points_sd : ndarray, shape (15, 2)
        `POINTS` in the picture, x right and y down, from the person's middle.
    depth : ndarray, shape (15,)
        Horizontally away from the camera, behind the hips.
    elevation_rad, roll_rad, log_focal : float
        See `bodyscan.camera`; the focal length over the person's height in the picture.
    """

    points: Array
    points_sd: Array
    depth: Array
    elevation_rad: float
    roll_rad: float
    log_focal: float


_one_at_a_time = Lock()
"""OpenCV's networks hold what they are working on."""


@cache
def _network(path: Path) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromONNX(str(path))


def load() -> None:
    """Read the networks, once per process."""
    _network(SKELETON_NETWORK)
    _network(JOINT_NETWORK)


def _run_network(path: Path, output: str, **inputs: Image) -> Array:
    """What a network says of its inputs."""
    network = _network(path)
    with _one_at_a_time:
        for name, values in inputs.items():
            network.setInput(values, name)
        return np.array(network.forward(output), np.float64)


def find_skeleton(
    crop: Crop, fine_crop: Crop, person_offset: Array, picture_size: Array, log_focal: float | None
) -> Skeleton:
    """Find the joints of the person in a crop.

    Parameters
    ----------
    crop, fine_crop : Crop
        The person at the two sizes of `bodyscan.crop`.
    person_offset : ndarray, shape (2,)
        The person's middle from the picture's middle, in heights of the person in the picture.
    picture_size : ndarray, shape (2,)
        The picture's width and height, in the same unit.
    log_focal : float or None
        Logarithm of the focal length in the same unit, when known.
    """
    image = _blob([crop.pixels])
    told = [0.0, 0.0] if log_focal is None else [1.0, log_focal - TYPICAL_LOG_FOCAL]
    known = np.array([*told, *person_offset, *picture_size], np.float32)
    mirrored = known * np.array([1, 1, -1, 1, 1, 1], np.float32)
    # The mirror image is a second look, whose errors are partly others.
    one, other = _run_network(
        SKELETON_NETWORK,
        "body",
        image=np.concatenate([image, image[..., ::-1]]),
        told=np.stack([known, mirrored]),
    )
    points, depth, camera, sure = _parts(one)
    points2, depth2, camera2, sure2 = _parts(other)
    points = (points + points2[MIRRORED] * [-1, 1]) / 2
    depth = (depth + depth2[MIRRORED]) / 2
    camera = (camera + camera2 * [1, -1, 1]) / 2
    points_sd = _sd((sure[:2] + sure2[:2, MIRRORED]) / 2).T
    points[:JOINTS], points_sd[:JOINTS] = _refine_joints(fine_crop, points[:JOINTS])
    return Skeleton(
        points=points / 100,
        points_sd=points_sd,
        depth=depth / 100,
        elevation_rad=float(np.radians(camera[0])),
        roll_rad=float(np.radians(camera[1])),
        log_focal=float(camera[2]) / 10,
    )


def _refine_joints(fine_crop: Crop, points: Array) -> tuple[Array, Array]:
    """Where joints lie, (12, 2) in percent, that were found near ``points``; and their SD."""
    image = fine_crop.pixels.astype(np.float32)
    height_px, width_px = image.shape[:2]
    half_size = (width_px // 2, height_px // 2)
    half = np.asarray(cv2.resize(image, half_size, interpolation=cv2.INTER_AREA), np.float32)
    centres = points * FINE_PERSON_PX / 100 + np.array([width_px, height_px]) / 2
    joints = list(zip(centres, LEFT_OR_RIGHT, strict=True))
    near = _blob([_patch(image, centre, side, 1.0) for centre, side in joints])
    wide = _blob([_patch(half, centre / 2, side, WIDE / 2) for centre, side in joints])
    patches = np.concatenate([near, wide], axis=1)
    # Once: a second look would forget where the skeleton network took the joint to be.
    rows = _run_network(JOINT_NETWORK, "joint", patch=patches, kind=KINDS)
    refined = points + rows[:, :2] * np.column_stack([LEFT_OR_RIGHT, np.ones(JOINTS)])
    return refined, _sd(rows[:, 2:])


def _patch(image: Image, centre_px: Array, side: float, step_px: float) -> Image:
    """Cut a patch of `PATCH_PX` about a point, a pixel every ``step_px``, mirrored for a right."""
    matrix = np.diag([side * step_px, step_px]) @ np.eye(2, 3)
    # OpenCV counts from the middle of the first pixel, all else here from its corner.
    matrix[:, 2] = centre_px - 0.5 + matrix[:, :2] @ np.full(2, 0.5 - PATCH_PX / 2)
    patch = cv2.warpAffine(
        image,
        matrix,
        (PATCH_PX, PATCH_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderValue=NOBODY,
    )
    return np.asarray(patch, np.float32)


def _blob(pictures: Sequence[Image | npt.NDArray[np.uint8]]) -> Image:
    """What a network sees of pictures, (h, w, 4) each: shape (n, 4, h, w)."""
    return np.asarray(cv2.dnn.blobFromImages(pictures, 1 / CONTRAST, mean=NOBODY), np.float32)


def _sd(log_variance: Array) -> Array:
    """SD in shares of the height, of what the networks say in percent."""
    return np.asarray(np.exp(0.5 * np.clip(log_variance, *LOG_VARIANCE_RANGE)) / 100)


def _parts(row: Array) -> tuple[Array, Array, Array, Array]:
    """Split one row of the network's output: percent of the height, degrees, 10 log focal."""
    points, depth, camera, sure, _ = np.split(row, np.cumsum([2 * COUNT, COUNT, 6, 3 * COUNT]))
    return points.reshape(COUNT, 2), depth, camera[:3], sure.reshape(3, COUNT)
