"""Bars of one colour about a photo, as screenshots and messengers add them: where the photo is.

What surrounds the photo says nothing of the person; but it moves the picture's middle, and makes
the person smaller in it. A person cut out on one colour has no bars: nothing there ends in a
straight line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, as Pillow has them: the last two are outside."""

DIFFERS = 20
"""A pixel further than this from the bars' colour, in any of its channels, is none of theirs:
compression moves a bar's pixels by less, down to JPEG's quality of 60."""
DIFFERS_LOSSLESS = 2
"""The same in a picture that was never compressed: a wall nearly of the bars' colour differs."""
NOISE = 0.02
"""Share of a row that may differ in a bar: what compression leaves."""
LEAST_BAR = 0.01
"""Share of the picture's side: where no bar is broader, there are none."""
EDGE = 0.5
"""Share of a photo's edge that differs from the bar beside it."""
LEAST_PHOTO = 0.3
"""Least share of the picture's side that lies between its bars."""
LEAST_PX = 16
"""A smaller picture shows nobody."""
PREVIEW_PX = 200
"""Longer side of what is looked at first: most photos have no bars, and pay for no more."""


def photo_within(image: Image.Image) -> Box | None:
    """Find the photo between its bars, to the pixel; None where it has none.

    Parameters
    ----------
    image : PIL.Image.Image
        Decoded, in mode RGB or L.
    """
    if min(image.size) < LEAST_PX:
        return None
    factor = max(1, max(image.size) // PREVIEW_PX)
    preview = np.asarray(image.reduce(factor).convert("RGB"))
    if not any(map(_is_one_colour, (preview[0], preview[-1], preview[:, 0], preview[:, -1]))):
        return None
    for limit in (DIFFERS, DIFFERS_LOSSLESS):
        if _within(preview, limit) and (box := _within(np.asarray(image.convert("RGB")), limit)):
            return box
    return None


def _within(pixels: npt.NDArray[np.uint8], limit: int) -> Box | None:
    height_px, width_px = pixels.shape[:2]
    for corner in (pixels[0, 0], pixels[-1, -1]):
        differs = (np.abs(pixels - corner.astype(np.int16)) > limit).any(axis=2)
        top, bottom = _range(differs.mean(axis=1))
        left, right = _range(differs[top:bottom].mean(axis=0))
        if bottom - top < LEAST_PHOTO * height_px or right - left < LEAST_PHOTO * width_px:
            continue
        inner = differs[top:bottom, left:right]
        bars = np.array([left, top, width_px - right, height_px - bottom])
        # One pixel inside: resampling softens the edge itself.
        edges = (inner[:, 1], inner[1], inner[:, -2], inner[-2])
        straight = np.array([edge.mean() >= EDGE for edge in edges])
        sides_px = np.array([width_px, height_px, width_px, height_px])
        if (straight & (bars >= LEAST_BAR * sides_px)).any():
            left, top, right_bar, bottom_bar = (straight * bars).tolist()
            return left, top, width_px - right_bar, height_px - bottom_bar
    return None


def _is_one_colour(line: npt.NDArray[np.uint8]) -> bool:
    same = (np.abs(line - line[0].astype(np.int16)) <= DIFFERS).all(axis=1)
    return float(same.mean()) >= 1 - NOISE


def _range(differing: npt.NDArray[np.float64]) -> tuple[int, int]:
    lines = np.flatnonzero(differing > NOISE)
    return (int(lines[0]), int(lines[-1]) + 1) if lines.size else (0, len(differing))
