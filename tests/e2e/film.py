"""Films for the fake camera, made from the sample: a rendered person walks in and stands."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from tests.e2e.client import SAMPLE

SIZE_PX = (720, 960)
FPS = 30
"""As chromium plays a film of JPEGs, over and over."""
EMPTY_S, WALK_S, STAND_S = 0.5, 2.0, 16.0
type Image = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def write_film(
    path: Path, *, brightness: float = 1.0, blur_px: float = 0.0, size: float = 1.0
) -> Path:
    """Write ``path``, an ``.mjpeg`` film: an empty room, a person who walks in, and stands still.

    ``brightness`` of 1 is the sample's own; ``blur_px`` blurs; ``size`` below 1 stands further off.
    """
    photo, person, room = _parts()

    def jpeg(frame: Image) -> bytes:
        seen = cv2.convertScaleAbs(frame, alpha=brightness)
        if blur_px:
            seen = cv2.GaussianBlur(seen, (0, 0), blur_px)
        return cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()

    def frames() -> Iterator[bytes]:
        yield from [jpeg(room)] * round(EMPTY_S * FPS)
        steps = round(WALK_S * FPS / 3)
        for step in range(steps):
            yield from [jpeg(_standing(photo, person, room, size, 1 - step / steps))] * 3
        # What stands is the sample itself: it is measured.
        still = photo if size == 1 else _standing(photo, person, room, size, 0)
        yield from [jpeg(still)] * round(STAND_S * FPS)

    path.write_bytes(b"".join(frames()))
    return path


@cache
def _parts() -> tuple[Image, Image, Image]:
    """The sample, its person's mask, and the room without the person."""
    photo = cv2.resize(cv2.imread(str(SAMPLE)), SIZE_PX, interpolation=cv2.INTER_AREA)
    truth = json.loads(SAMPLE.with_suffix(".json").read_text())
    half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    points = np.array([*truth["joints_px"].values(), truth["vertex_px"]])
    points *= half.shape[1] / truth["width"]
    low, high = points.min(axis=0) - 20, points.max(axis=0) + 20
    box = np.clip([*low, *(high - low)], 1, None).astype(int)
    mask = np.zeros(half.shape[:2], np.uint8)
    zeros = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(half, mask, box.tolist(), *zeros, 2, cv2.GC_INIT_WITH_RECT)
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.resize(found, SIZE_PX, interpolation=cv2.INTER_NEAREST)
    hole = cv2.dilate(person, np.ones((15, 15), np.uint8))
    small = cv2.resize(photo, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small_hole = cv2.resize(hole, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = cv2.inpaint(small, small_hole, 3, cv2.INPAINT_TELEA)
    filled = cv2.resize(filled, SIZE_PX, interpolation=cv2.INTER_CUBIC)
    room = np.where(hole[..., None] > 0, filled, photo)
    return np.asarray(photo, np.uint8), person, np.asarray(room, np.uint8)


def _standing(photo: Image, person: Image, room: Image, size: float, away: float) -> Image:
    """The person in the room: ``size`` times as tall, ``away`` widths right of the middle."""
    width, height = SIZE_PX
    feet = 0.93 * height
    move = np.array(
        [[size, 0, (1 - size) * width / 2 + away * width], [0, size, (1 - size) * feet]], np.float32
    )
    moved = cv2.warpAffine(photo, move, SIZE_PX)
    where = cv2.warpAffine(person, move, SIZE_PX, flags=cv2.INTER_NEAREST)
    return np.asarray(np.where(where[..., None] > 0, moved, room), np.uint8)
