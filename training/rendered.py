"""Folders of rendered photos, looked at as the measure function would: calibrated, learned from,
and measured on alike."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from bodyscan import scan
from bodyscan.lengths import View
from bodyscan.scan import Sight
from chalicelib.errors import HypermobError

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "container" / "models" / "pose_landmarker_full.task"

PITCH_ERROR_DEG = 1.0
"""SD of a phone's own pitch: its sensor, and the hand between sensor and shutter."""

Truth = dict[str, Any]


def view_of(truth: Truth) -> View:
    """The view that a photo shows."""
    return "side" if truth["kind"] == "side" else "front"


def see(folder: Path, truth: Truth) -> Sight:
    """Find the person of one photo. Errors as in `bodyscan.scan.see`."""
    photo = (folder / truth["file"]).read_bytes()
    return scan.see(photo, view_of(truth), model=MODEL)


def true_log_focal(truth: Truth, sight: Sight) -> float:
    """Logarithm of the focal length over the person's height in the picture."""
    # The photo may have been read at a fraction of its size.
    scale = sight.picture.pixels.shape[0] / truth["height"]
    return float(np.log(truth["camera"]["focal_px"] * scale / sight.outline.height_px))


def told_pitch_rad(truth: Truth) -> float:
    """What a phone would have said of its pitch; the same each time."""
    error_deg = PITCH_ERROR_DEG * np.random.default_rng(truth["seed"]).standard_normal()
    return float(np.radians(truth["camera"]["pitch_deg"] + error_deg))


def refusal(error: HypermobError) -> str:
    """Code and reason of a refusal."""
    return f"{error.code} {error.details.get('reason', '')}".strip()


def every[T](folder: Path, look: Callable[[Path, Truth], T], processes: int) -> list[T]:
    """What ``look`` says of every photo of a folder, in order."""
    truths = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        looks = pool.map(look, [folder] * len(truths), truths, chunksize=4)
        return list(tqdm(looks, total=len(truths), desc=folder.name, unit="photo"))
