"""Many photos into one folder: planned, spread over processes, resumable."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from training.people import RENDERER_VERSION
from training.people.photo import take_photo, write_photo
from training.people.proportions import Spread
from training.people.scenes import REFUSED, Decor, Kind

GROUPS: dict[str, tuple[Kind, ...]] = {
    "standing": ("front",),
    "pair": ("front", "side"),
    "twice": ("front", "again"),
    "three": ("front", "side", "again"),
}


@dataclass(frozen=True)
class Job:
    """One photo to make."""

    seed: int
    kind: Kind
    spread: Spread
    long_side_px: int
    decor: Decor

    @property
    def file_name(self) -> str:
        """The photo's file; it says all that the photo depends on."""
        drawn = f"{self.kind}-{self.spread}-{self.decor}-{self.long_side_px}"
        return f"{drawn}-{self.seed:09d}.jpg"


def plan(
    count: int, seed: int, kind: str, spread: Spread, long_side_px: int, decor: Decor
) -> list[Job]:
    """The photos to make: a group's each seed; ``refuse`` goes through its kinds in turn."""
    jobs: list[Job] = []
    for i in range(count):
        kinds = (REFUSED[i % len(REFUSED)],) if kind == "refuse" else GROUPS.get(kind, (kind,))
        jobs += [Job(seed + i, k, spread, long_side_px, decor) for k in kinds]
    return jobs


def _render(job: Job, folder: Path) -> dict:
    data, truth = take_photo(job.seed, job.kind, job.spread, job.long_side_px, job.decor)
    write_photo(folder, job.file_name, data)
    return {"file": job.file_name, "renderer": RENDERER_VERSION, **truth}


def _run(jobs: list[Job], folder: Path, processes: int) -> Iterator[dict]:
    folders = [folder] * len(jobs)
    if processes == 1:
        yield from map(_render, jobs, folders)
        return
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(processes, context) as pool:
        # Neighbours are photos of one person, whose body is then built once.
        yield from pool.map(_render, jobs, folders, chunksize=3)


def _done(folder: Path) -> dict[str, dict]:
    """Truth of the photos that an earlier run of this renderer left in the folder."""
    path = folder / "truth.jsonl"
    if not path.exists():
        return {}
    lines = [json.loads(text) for text in path.read_text().splitlines() if text.endswith("}")]
    return {
        truth["file"]: truth
        for truth in lines
        if truth["renderer"] == RENDERER_VERSION and (folder / truth["file"]).exists()
    }


def make(jobs: list[Job], folder: Path, processes: int) -> None:
    """Render what is missing; ``truth.jsonl`` grows by a line a photo and ends up in order."""
    folder.mkdir(parents=True, exist_ok=True)
    done = _done(folder)
    missing = [job for job in jobs if job.file_name not in done]
    path = folder / "truth.jsonl"
    path.write_text("".join(json.dumps(truth) + "\n" for truth in done.values()))
    with path.open("a") as lines:
        for truth in tqdm(
            _run(missing, folder, processes),
            total=len(jobs),
            initial=len(jobs) - len(missing),
            unit="photo",
            file=sys.stderr,
        ):
            done[truth["file"]] = truth
            lines.write(json.dumps(truth) + "\n")
            lines.flush()
    ordered = sorted(done.values(), key=lambda truth: (truth["seed"], truth["file"]))
    path.write_text("".join(json.dumps(truth) + "\n" for truth in ordered))
