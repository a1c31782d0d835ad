"""How right the camera's elevation is by the networks, by plumb edges and by both.

On rendered held-out people (``make accuracy`` renders them), with what that does to lengths; and on
pictures of a laboratory whose cameras are calibrated (the collection ``cameras`` of
``benchmarks.models.real_people``), turned upright, for no phone is held as its cameras hang.

python -m benchmarks.models.verticals out/accuracy -n 100 --cameras checkouts/cameras
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from benchmarks.models import real_people
from benchmarks.models.accuracy import CAMERAS, SETS
from bodyscan import camera, lengths, pose, verticals
from bodyscan.lengths import SEGMENTS, Observation
from bodyscan.photo import read_photo
from chalicelib.errors import HypermobError
from training import rendered
from training.rendered import Truth

LEFT_ROLL_DEG = 3.0
"""Most that is left of a laboratory camera's roll when its picture is turned."""
TURNS = 2
"""Turns that each laboratory picture is given."""
FAR_DEG = 4.0
"""Elevations further off than this are counted."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """One rendered photo: errors of the elevation in degrees, and of lengths in cm.

    Attributes
    ----------
    edges_deg, edges_sd_deg : float
        NaN where the edges tell nothing.
    alone_cm, joined_cm : ndarray, shape (5,)
        Lengths less the true ones, by the networks' camera and by what the edges make of it.
    """

    networks_deg: float
    edges_deg: float
    edges_sd_deg: float
    joined_deg: float
    alone_cm: Array
    joined_cm: Array
    milliseconds: float


def observe(folder: Path, truth: Truth) -> Seen | None:
    """Look at one photo, with its edges and without; None where it is refused."""
    try:
        prepared = rendered.prepare(folder, truth)
        skeleton = prepared.skeleton(prepared.log_focal)
        if prepared.contradicts_focal_length(skeleton):
            prepared = prepared.without_focal_length()
            skeleton = prepared.skeleton(None)
        alone = prepared.without_edges().observe(skeleton, prepared.log_focal)
        joined = prepared.observe(skeleton, prepared.log_focal)
        alone_cm, joined_cm = (_off_cm(each, truth) for each in (alone, joined))
    except HypermobError:
        return None
    begun = time.process_time()
    upright = prepared.upright(skeleton, prepared.log_focal)
    milliseconds = 1000 * (time.process_time() - begun)
    true_ray = camera.ray_of(
        prepared.person_offset, float(np.exp(rendered.true_log_focal(truth, prepared)))
    )
    down = np.array(truth["camera"]["axes"]) @ [0.0, 0.0, -1.0]
    true_deg = float(np.degrees(np.arcsin(-true_ray @ down)))
    focal = float(np.exp(skeleton.log_focal if prepared.log_focal is None else prepared.log_focal))
    by_edges_deg = sd_deg = float("nan")
    if upright is not None:
        ray = camera.ray_of(prepared.person_offset, focal)
        by_edges = camera.elevation_of_pitch(ray, upright.pitch_rad, skeleton.roll_rad)
        by_edges_deg, sd_deg = np.degrees([by_edges, upright.pitch_sd_rad]).tolist()
    return Seen(
        networks_deg=float(np.degrees(skeleton.elevation_rad)) - true_deg,
        edges_deg=by_edges_deg - true_deg,
        edges_sd_deg=sd_deg,
        joined_deg=float(np.degrees(joined.elevation_rad)) - true_deg,
        alone_cm=alone_cm,
        joined_cm=joined_cm,
        milliseconds=milliseconds,
    )


def _off_cm(observation: Observation, truth: Truth) -> Array:
    true = np.array([truth["lengths_cm"][name]["mean"] for name in SEGMENTS])
    found = lengths.estimate([observation], float(truth["height_cm"]))
    return np.asarray(found.mean_cm - true)


def laboratory(checkout: Path) -> Iterator[tuple[str, float, verticals.Upright | None]]:
    """What edges tell of pictures of known cameras: camera, true pitch in degrees, the answer."""
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        rows = [row for row in real_people.cameras(checkout, Path(folder)) if "place" in row]
        for row in rows:
            path = Path(str(row["photo"]))
            demo = checkout / "Pose2Sim" / path.parent.name
            known = real_people.known_cameras(demo / "calibration" / "Calib.qca.txt")
            held = known[str(row["place"])]
            pixels = read_photo(path.read_bytes()).pixels
            people = pose.find_people(pixels, rendered.MODEL)
            mask = np.max([np.zeros(pixels.shape[:2], np.float32), *(p.mask for p in people)], 0)
            for left_deg in rng.uniform(-LEFT_ROLL_DEG, LEFT_ROLL_DEG, TURNS):
                turned, turned_mask, kept = _turned(pixels, mask, held.roll_deg - left_deg)
                edges = verticals.upright_segments(turned, turned_mask)
                found = verticals.find_upright(edges, held.focal / kept)
                yield str(row["place"]), held.pitch_deg, found


def _turned(
    pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.float32], turn_deg: float
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], float]:
    """A picture and its mask turned about the middle, cut to what is left of its shape, and the
    share of its sides that is left."""
    height_px, width_px = mask.shape
    # A plumb line that leans right by an angle is upright after a turn clockwise by it.
    matrix = cv2.getRotationMatrix2D((width_px / 2, height_px / 2), -turn_deg, 1.0)
    turn = abs(np.radians(turn_deg))
    longer = max(height_px / width_px, width_px / height_px)
    kept = float(1 / (np.cos(turn) + longer * np.sin(turn)))
    top, left = (round(side * (1 - kept) / 2) for side in (height_px, width_px))
    cut = np.s_[top : height_px - top, left : width_px - left]
    size = width_px, height_px
    turned = np.ascontiguousarray(cv2.warpAffine(pixels, matrix, size)[cut], np.uint8)
    return turned, np.asarray(cv2.warpAffine(mask, matrix, size)[cut], np.float32), kept


def show(
    rendered_sets: dict[str, list[Seen]],
    real: list[tuple[str, float, verticals.Upright | None]],
    console: Console,
) -> None:
    """Print the tables."""
    table = Table("elevation: RMS error (bias), degrees", title="where plumb edges tell a pitch")
    for heading in ("photos", "tell", "networks", "edges", "both", f"> {FAR_DEG:.0f} off", "ms"):
        table.add_column(heading, justify="right")
    for name, seen in rendered_sets.items():
        tell = [each for each in seen if not np.isnan(each.edges_deg)]
        columns = [
            _of(tell, lambda s: s.networks_deg),
            _of(tell, lambda s: s.edges_deg),
            _of(tell, lambda s: s.joined_deg),
        ]
        table.add_row(
            name,
            str(len(seen)),
            f"{len(tell) / len(seen):.0%}",
            *columns,
            str(sum(abs(each.edges_deg) > FAR_DEG for each in tell)),
            f"{np.median([each.milliseconds for each in seen]):.0f}",
        )
    if real:
        off = np.array(
            [
                (np.degrees(u.pitch_rad) - true, np.degrees(u.pitch_sd_rad))
                for _, true, u in real
                if u
            ]
        )
        table.add_row(
            "laboratory, real",
            str(len(real)),
            f"{len(off) / len(real):.0%}",
            "",
            f"{np.sqrt((off[:, 0] ** 2).mean()):.1f} ({off[:, 0].mean():+.1f})",
            "",
            str(int((np.abs(off[:, 0]) > FAR_DEG).sum())),
            "",
        )
    console.print(table)
    table = Table("lengths where edges tell: mean error (bias), cm", "camera by", *SEGMENTS, "mean")
    for name, seen in rendered_sets.items():
        tell = [each for each in seen if not np.isnan(each.edges_deg)]
        for by, errors in (
            ("networks", np.array([each.alone_cm for each in tell])),
            ("both", np.array([each.joined_cm for each in tell])),
        ):
            cells = zip(np.abs(errors).mean(axis=0), errors.mean(axis=0), strict=True)
            mean = f"{np.abs(errors).mean():.2f}"
            table.add_row(name, by, *(f"{off:.2f} ({bias:+.2f})" for off, bias in cells), mean)
    console.print(table)


def _of(seen: list[Seen], error: Callable[[Seen], float]) -> str:
    errors = np.array([error(each) for each in seen])
    return f"{np.sqrt((errors**2).mean()):.1f} ({errors.mean():+.1f})"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="with a folder for each set")
    parser.add_argument("-n", type=int, dest="most", help="photos of each set; all if not given")
    parser.add_argument("-j", type=int, default=2, dest="processes", help="processes")
    parser.add_argument("--cameras", type=Path, help="checkout of the collection of that name")
    arguments = parser.parse_args()
    sets = {
        name: [
            each
            for each in rendered.every(
                arguments.folder / name, observe, arguments.processes, arguments.most
            )
            if each is not None
        ]
        for name in (*SETS, *CAMERAS)
    }
    real = [] if arguments.cameras is None else list(laboratory(arguments.cameras))
    show(sets, real, Console())


if __name__ == "__main__":
    main()
