"""How long measuring one photo takes beside finding the person in it, which MediaPipe does alone.

``python -m benchmarks.service.latency [PHOTO] [--json]``: medians of single calls, in this process.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.service.timing import median_ms
from bodyscan import lengths, pose, scan
from bodyscan.crop import coarse_and_fine
from bodyscan.overlay import draw_overlay
from bodyscan.photo import read_photo

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "container" / "models" / "pose_landmarker_full.task"
HEIGHT_CM = 175.0
BASELINE = "find the person (MediaPipe)"


def measure(photo: bytes, runs: int) -> dict[str, float]:
    """Median milliseconds of each step, and of the whole."""
    picture = read_photo(photo)
    found = scan.look(photo, "front", MODEL)
    prepared, skeleton, observation = found.prepared, found.skeleton, found.observation
    measured = lengths.estimate([observation], HEIGHT_CM)
    drawing = scan._drawing(found, measured, HEIGHT_CM)
    return {
        "read the photo": median_ms(lambda: read_photo(photo), runs),
        "of that, what any size of a JPEG takes": median_ms(lambda: read_eighth(photo), runs),
        BASELINE: median_ms(lambda: pose.find_people(picture.pixels, MODEL), runs),
        "cut the person out, twice": median_ms(
            lambda: coarse_and_fine(picture.pixels, prepared.person, prepared.outline), runs
        ),
        "joints (two networks)": median_ms(lambda: prepared.skeleton(prepared.log_focal), runs),
        "lengths": median_ms(
            lambda: (
                prepared.observe(skeleton, prepared.log_focal),
                lengths.estimate([observation], HEIGHT_CM),
            ),
            runs,
        ),
        "overlay": median_ms(lambda: draw_overlay(picture.pixels, drawing), runs),
        "all": median_ms(lambda: scan.scan([scan.Shot(photo)], HEIGHT_CM, model=MODEL), runs),
    }


def read_eighth(photo: bytes) -> None:
    """Decode a JPEG to the eighth of its size, which asks for no more than its coefficients."""
    with Image.open(io.BytesIO(photo)) as image:
        image.draft(None, (image.width // 8, image.height // 8))
        image.load()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("photo", nargs="?", type=Path, default=ROOT / "samples" / "person.jpg")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="one JSON document, no table")
    arguments = parser.parse_args()
    found = measure(arguments.photo.read_bytes(), arguments.runs)
    if arguments.json:
        print(json.dumps(found))
        return
    baseline = found[BASELINE]
    table = Table("one photo", "ms, median", "of finding the person")
    for name, milliseconds in found.items():
        table.add_row(name, f"{milliseconds:.1f}", f"{milliseconds / baseline:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
