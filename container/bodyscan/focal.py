"""Whether the focal length that EXIF tells is of the picture that was sent.

Editors cut a picture and keep its EXIF: a focal length that is half of the true one makes a calf
7 cm too long. Two things give that away. The picture has another shape than EXIF says, or than any
camera makes. Or the person is seen in another perspective than so short a focal length gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

Dropped = Literal["bars", "other_size", "unusual_shape", "perspective"]
"""Why a focal length is not believed: somebody put bars about the photo; EXIF's size has another
shape than the picture; no camera makes pictures of its shape; the perspective in which the person
is seen contradicts it."""

CAMERA_SHAPES: Final = (4 / 3, 3 / 2, 16 / 9)
"""Longer side to shorter, of sensors and of what cameras cut from them."""

OTHER_SHAPES: Final = (1.0, 18 / 9, 18.5 / 9, 19 / 9, 19.5 / 9, 20 / 9, 21 / 9)
"""Squares, and the screens of phones. People cut photos so, too: believed only where EXIF tells the
size."""

SHAPE_TOLERANCE: Final = 0.01
"""Cameras make sides of whole blocks of 8 or 16 pixels, and a reduced side is rounded."""

TYPICAL_35MM: Final = 32.0
PULL: Final = 0.39
PULLED_AT_TYPICAL: Final = -0.014
"""Told a true focal length, the skeleton network answers one nearer to what it was trained on: by
so much of the logarithm of what was told over `TYPICAL_35MM`. ``python -m training.focal`` fits
these on rendered people."""

SCATTER: Final = 0.058
"""SD of what is left, of the logarithm. On 9 real men in front of phones, as if of 26 mm: 0.048."""

LEAST_CONTRADICTION: Final = 1.5
"""In `SCATTER`s. 5 to 10 % of true focal lengths are dropped so, at no loss in mean error; 93 % of
those that are half the true one, and 77 % of two thirds."""


def contradicted_by_shape(
    size_px: tuple[int, int], told_sizes_px: Sequence[tuple[int, int]]
) -> Dropped | None:
    """Why a picture of this size is not the one that its EXIF was written for.

    Parameters
    ----------
    size_px : (int, int)
        Of the picture, as it is stored.
    told_sizes_px : sequence of (int, int)
        What EXIF says of it; a picture that is turned, reduced or enlarged as a whole keeps its
        shape.
    """
    shape = _shape(size_px)
    slack = SHAPE_TOLERANCE + 1 / min(size_px)
    if any(abs(math.log(_shape(told) / shape)) > slack for told in told_sizes_px):
        return "other_size"
    usual = CAMERA_SHAPES + (OTHER_SHAPES if told_sizes_px else ())
    if all(abs(math.log(each / shape)) > slack for each in usual):
        return "unusual_shape"
    return None


def told_sizes(*sides_px: tuple[object, object]) -> list[tuple[int, int]]:
    """Pairs of EXIF values that are sizes: many writers leave zeros or text."""
    return [
        (width, height)
        for width, height in sides_px
        if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0
    ]


def contradicted_by_perspective(
    told_log_focal: float, said_log_focal: float, focal_35mm: float
) -> bool:
    """Whether the skeleton network, told a focal length, sees a much longer one.

    Only that: of a picture that was cut, EXIF tells too short a one. Too long a one would be of a
    picture with something added around it, which seldom keeps its shape; and telephoto lenses,
    which the network was not trained on, would be mistaken for it.

    Parameters
    ----------
    told_log_focal, said_log_focal : float
        Logarithm of the focal length over the person's height in the picture: what the network was
        told, and what it answered (`bodyscan.skeleton.Skeleton.log_focal`).
    focal_35mm : float
        The 35 mm equivalent that was told.
    """
    expected = PULLED_AT_TYPICAL - PULL * math.log(focal_35mm / TYPICAL_35MM)
    return said_log_focal - told_log_focal - expected > LEAST_CONTRADICTION * SCATTER


def _shape(size_px: tuple[int, int]) -> float:
    return max(size_px) / min(size_px)
