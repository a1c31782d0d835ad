"""Folders of rendered photos, looked at as the measure function would: calibrated, learned from,
and measured on alike."""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from bodyscan import scan
from bodyscan.lengths import View
from bodyscan.scan import PreparedPhoto
from bodyscan.skeleton import JOINTS, POINTS
from chalicelib.errors import HypermobError

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "container" / "models" / "pose_landmarker_full.task"

PITCH_ERROR_DEG = 2.0
"""SD of a phone's own pitch: its sensor (1 degree), and the hand between sensor and shutter."""
SHAKEN = {"turn_deg": 0.7, "shift": 0.006, "closer": 0.012, "brighter": 0.05, "noise": 3.0}
"""SD of what differs between two shots a moment apart: the phone's turn; its aim, in shares of the
photo's size; its distance; the exposure; the sensor's noise, of 255. The person stands still."""

Truth = dict[str, Any]
Array = npt.NDArray[np.float64]


def view_of(truth: Truth) -> View:
    """The view that a photo shows."""
    return "side" if truth["kind"] == "side" else "front"


def prepare(folder: Path, truth: Truth) -> PreparedPhoto:
    """Find the person of one photo. Errors as in `bodyscan.scan.prepare`."""
    photo = (folder / truth["file"]).read_bytes()
    return scan.prepare(photo, view_of(truth), model=MODEL)


def true_log_focal(truth: Truth, prepared: PreparedPhoto) -> float:
    """Logarithm of the focal length over the person's height in the picture."""
    # The photo may have been read at a fraction of its size.
    scale = prepared.picture.pixels.shape[0] / truth["height"]
    return float(np.log(truth["camera"]["focal_px"] * scale / prepared.outline.height_px))


def joint_name(point: str) -> str:
    """What the truth calls a joint of `bodyscan.skeleton.POINTS`: left_elbow is elbow.L there."""
    side, _, joint = point.partition("_")
    return joint + {"left": ".L", "right": ".R"}[side]


def true_joints_px(truth: Truth, prepared: PreparedPhoto) -> Array:
    """Where the joints are in the photo as it was read, shape (12, 2), in pixels."""
    scale = prepared.picture.pixels.shape[0] / truth["height"]
    joints_px = truth["joints_px"]
    return np.asarray(scale * np.array([joints_px[joint_name(name)] for name in POINTS[:JOINTS]]))


def told_pitch_rad(truth: Truth) -> float:
    """What a phone would have said of its pitch; the same each time."""
    error_deg = PITCH_ERROR_DEG * np.random.default_rng(truth["seed"]).standard_normal()
    return float(np.radians(truth["camera"]["pitch_deg"] + error_deg))


def shaken(photo: bytes, seed: int) -> bytes:
    """The same photo as a second shot a moment later shows it; always the same one."""
    rng = np.random.default_rng(seed)
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    size = np.array(image.size)
    shift = rng.normal(0, SHAKEN["shift"], 2) * size
    turned = image.rotate(
        rng.normal(0, SHAKEN["turn_deg"]),
        resample=Image.Resampling.BICUBIC,
        translate=(int(shift[0]), int(shift[1])),
    )
    margin = (1 - 1 / (1 + abs(rng.normal(0, SHAKEN["closer"])))) / 2 * size
    box = (margin[0], margin[1], size[0] - margin[0], size[1] - margin[1])
    nearer = turned.resize(image.size, Image.Resampling.BICUBIC, box=box)
    light = np.asarray(nearer, np.float64) * (1 + rng.normal(0, SHAKEN["brighter"]))
    light += rng.normal(0, SHAKEN["noise"], (*light.shape[:2], 1))
    out = io.BytesIO()
    again = Image.fromarray(np.clip(light, 0, 255).astype(np.uint8))
    exif = Image.open(io.BytesIO(photo)).info.get("exif", b"")
    again.save(out, "JPEG", quality=int(rng.integers(70, 93)), exif=exif)
    return out.getvalue()


def refusal(error: HypermobError) -> str:
    """Code and reason of a refusal."""
    return f"{error.code} {error.details.get('reason', '')}".strip()


def every[T](
    folder: Path, look: Callable[[Path, Truth], T], processes: int, most: int | None = None
) -> list[T]:
    """What ``look`` says of every photo of a folder, in order; of ``most``, evenly, when given."""
    truths = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    if most is not None:
        truths = truths[:: max(1, -(-len(truths) // most))]
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        looks = pool.map(look, [folder] * len(truths), truths, chunksize=4)
        return list(tqdm(looks, total=len(truths), desc=folder.name, unit="photo"))


def on_command_line[T](
    doc: str | None, look: Callable[[Path, Truth], T | None]
) -> Iterator[tuple[Path, list[T]]]:
    """Each folder that the command line names, and what ``look`` says of its photos if anything."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("-j", type=int, default=2, dest="processes", help="processes")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        looks = every(folder, look, arguments.processes)
        yield folder, [each for each in looks if each is not None]
