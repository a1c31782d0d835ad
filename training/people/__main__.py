"""Render photos of people with known lengths: ``python -m training.people --help``."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy: -j says how many cores to use

from tqdm import tqdm  # noqa: E402

from training.people import RENDERER_VERSION  # noqa: E402
from training.people.proportions import Spread  # noqa: E402
from training.people.scenes import EXPECTED_ERROR, REFUSED, Kind  # noqa: E402

GROUPS: dict[str, tuple[Kind, ...]] = {"standing": ("front",), "pair": ("front", "side")}
Job = tuple[int, Kind, Spread, int]


def plan(count: int, seed: int, kind: str, spread: Spread, long_side_px: int) -> list[Job]:
    """The photos to make: one a seed, two for a pair; ``refuse`` goes through its kinds in turn."""
    jobs: list[Job] = []
    for i in range(count):
        kinds = (REFUSED[i % len(REFUSED)],) if kind == "refuse" else GROUPS.get(kind, (kind,))
        jobs += [(seed + i, k, spread, long_side_px) for k in kinds]
    return jobs


def file_name(job: Job) -> str:
    """A photo's file name; it says all that the photo depends on."""
    seed, kind, spread, long_side_px = job
    return f"{kind}-{spread}-{long_side_px}-{seed:09d}.jpg"


def _render(job_and_folder: tuple[Job, Path]) -> dict:
    from training.people.photo import take_photo, write_photo

    job, folder = job_and_folder
    data, truth = take_photo(*job)
    write_photo(folder, file_name(job), data)
    return {"file": file_name(job), "renderer": RENDERER_VERSION, **truth}


def _done(folder: Path) -> dict[str, dict]:
    """Truth of the photos that an earlier run of this renderer left in the folder."""
    path = folder / "truth.jsonl"
    if not path.exists():
        return {}
    lines = [json.loads(text) for text in path.read_text().splitlines() if text.endswith("}")]
    return {
        t["file"]: t
        for t in lines
        if t["renderer"] == RENDERER_VERSION and (folder / t["file"]).exists()
    }


def _run(jobs: list[tuple[Job, Path]], processes: int) -> Iterator[dict]:
    if processes == 1:
        yield from map(_render, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_render, jobs)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.people", description=__doc__)
    parser.add_argument("--count", type=int, required=True, help="how many people")
    parser.add_argument("--seed", type=int, required=True, help="seed of the first; others follow")
    parser.add_argument("--out", type=Path, required=True, help="folder for JPEGs and truth.jsonl")
    parser.add_argument("--set", choices=("real", "wide"), default="real", dest="spread")
    parser.add_argument(
        "--kind", choices=(*GROUPS, "refuse", *EXPECTED_ERROR), default="standing", help="what of"
    )
    parser.add_argument("--long-side", type=int, default=1440, help="pixels")
    parser.add_argument("-j", type=int, default=1, dest="processes", help="processes")
    args = parser.parse_args(arguments)

    args.out.mkdir(parents=True, exist_ok=True)
    jobs = plan(args.count, args.seed, args.kind, args.spread, args.long_side)
    done = _done(args.out)
    missing = [(job, args.out) for job in jobs if file_name(job) not in done]
    truth_path = args.out / "truth.jsonl"
    truth_path.write_text("".join(json.dumps(t) + "\n" for t in done.values()))
    with truth_path.open("a") as truth_file:
        progress = tqdm(
            _run(missing, args.processes), total=len(jobs), initial=len(jobs) - len(missing),
            unit="photo", file=sys.stderr,
        )  # fmt: skip
        for truth in progress:
            done[truth["file"]] = truth
            truth_file.write(json.dumps(truth) + "\n")
            truth_file.flush()
    ordered = sorted(done.values(), key=lambda t: (t["seed"], t["file"]))
    truth_path.write_text("".join(json.dumps(t) + "\n" for t in ordered))


if __name__ == "__main__":
    main()
