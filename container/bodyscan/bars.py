"""Bars of one colour about a photo, as screenshots and messengers add them: cut off.

What surrounds the photo says nothing of the person; but it moves the picture's middle, and makes
the person smaller in it. A person cut out on one colour has no bars: nothing there has an edge.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bodyscan.photo import Photo

DIFFERS = 24
"""A pixel further than this from the bars' colour, in any of its channels, is none of theirs."""
NOISE = 0.02
"""Share of a row that may differ in a bar: what compression leaves."""
LEAST_BAR = 0.01
"""Of the picture's side: less is no bar."""
EDGE = 0.5
"""Share of a photo's edge that differs from the bar beside it: a photo ends in a straight line."""
LEAST_PHOTO = 0.3
"""Of the picture's side, between its bars."""


def without_bars(photo: Photo) -> Photo:
    """Return the photo alone; its focal length is of another picture, so that it is not known."""
    height_px, width_px = photo.pixels.shape[:2]
    top, bottom, left, right = _photo_within(photo.pixels)
    if (top, bottom, left, right) == (0, height_px, 0, width_px):
        return photo
    inner = np.ascontiguousarray(photo.pixels[top:bottom, left:right])
    return replace(photo, pixels=inner, focal_35mm=None)


def _photo_within(pixels: npt.NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """First and last (exclusive) row and column of the photo between its bars."""
    height_px, width_px = pixels.shape[:2]
    whole = (0, height_px, 0, width_px)
    for corner in (pixels[:2, :2], pixels[-2:, -2:]):
        colour = np.median(corner.reshape(-1, 3), axis=0).astype(np.int16)
        differs = (np.abs(pixels.astype(np.int16) - colour) > DIFFERS).any(axis=2)
        top, bottom = _range(differs.mean(axis=1))
        left, right = _range(differs[top:bottom].mean(axis=0))
        if bottom - top < LEAST_PHOTO * height_px or right - left < LEAST_PHOTO * width_px:
            continue
        inner = differs[top:bottom, left:right]
        # One pixel inside: resampling softens the edge itself.
        edges = {
            "top": (top, height_px, inner[1]),
            "bottom": (height_px - bottom, height_px, inner[-2]),
            "left": (left, width_px, inner[:, 1]),
            "right": (width_px - right, width_px, inner[:, -2]),
        }
        is_bar = {
            name: bar_px >= LEAST_BAR * side_px and edge.mean() >= EDGE
            for name, (bar_px, side_px, edge) in edges.items()
        }
        if any(is_bar.values()):
            return (
                top if is_bar["top"] else 0,
                bottom if is_bar["bottom"] else height_px,
                left if is_bar["left"] else 0,
                right if is_bar["right"] else width_px,
            )
    return whole


def _range(differing: npt.NDArray[np.float64]) -> tuple[int, int]:
    lines = np.flatnonzero(differing > NOISE)
    return (int(lines[0]), int(lines[-1]) + 1) if lines.size else (0, len(differing))
