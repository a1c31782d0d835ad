"""Several photos in one picture: pasted side by side, in a grid, or one small in a corner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]
GAPS: tuple[Colour, ...] = ((255, 255, 255), (0, 0, 0), (240, 236, 226))


def tiled(images: Sequence[Image.Image], columns: int, gap_px: int, colour: Colour) -> Image.Image:
    """Photos of one size in rows of ``columns``, with gaps between and around them."""
    width, height = images[0].size
    rows = -(-len(images) // columns)
    size = (columns * (width + gap_px) + gap_px, rows * (height + gap_px) + gap_px)
    out = Image.new("RGB", size, colour)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        at = (gap_px + column * (width + gap_px), gap_px + row * (height + gap_px))
        out.paste(image.resize((width, height)), at)
    return out


def with_inset(
    image: Image.Image, small: Image.Image, share: float, right: bool, top: bool, frame_px: int
) -> Image.Image:
    """A photo with another, ``share`` of its height, in one of its corners, framed in white."""
    height = round(share * image.height)
    small = small.resize((round(small.width * height / small.height), height))
    framed = Image.new(
        "RGB", (small.width + 2 * frame_px, small.height + 2 * frame_px), (255, 255, 255)
    )
    framed.paste(small, (frame_px, frame_px))
    margin = round(0.02 * image.height)
    x = image.width - framed.width - margin if right else margin
    y = margin if top else image.height - framed.height - margin
    out = image.copy()
    out.paste(framed, (x, y))
    return out


def shrunk(image: Image.Image, long_side_px: int) -> Image.Image:
    """The picture with this long side."""
    scale = long_side_px / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def paste_side_by_side(
    images: Sequence[Image.Image], long_side_px: int, rng: np.random.Generator
) -> Image.Image:
    """A collage as people send it: two in a row or one above the other, or a grid of four."""
    gap_px = int(rng.choice([0, 0, 4, 10]))
    colour = GAPS[int(rng.integers(len(GAPS)))]
    columns = 2 if len(images) > 2 or rng.random() < 0.8 else 1
    return shrunk(tiled(images, columns, gap_px, colour), long_side_px)
