"""Photos to measure: the sample, at any number of pixels, with the grain that a sensor leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from benchmarks.service.environments import FOLDER, ROOT

SAMPLE: Final = ROOT / "samples" / "person.jpg"
GRAIN_SD: Final = 9.0
"""Noise in levels of 255. It makes a JPEG of 12 MP 4 MB large, as phones' photos are."""
QUALITY: Final = 90
TILE_PX: Final = 1024


def photo(megapixels: float, people: int = 1) -> Path:
    """A JPEG of the sample's person, several times side by side if asked; made once."""
    path = FOLDER / "photos" / f"{megapixels:g}mp-{people}-{GRAIN_SD:g}.jpg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        sample = np.asarray(cv2.imread(str(SAMPLE)), np.uint8)
        pixels = np.hstack([sample] * people)
        scale = float(np.sqrt(megapixels * 1e6 / (pixels.shape[0] * pixels.shape[1])))
        height, width = (int(side * scale) for side in pixels.shape[:2])
        larger = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        rng = np.random.default_rng(0)
        tile = rng.normal(0.0, GRAIN_SD, (TILE_PX, TILE_PX, 3)).round().astype(np.int16)
        tiles = (-(-height // TILE_PX), -(-width // TILE_PX), 1)
        grain = np.tile(tile, tiles)[:height, :width]
        grainy = np.clip(larger + grain, 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), grainy, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return path
