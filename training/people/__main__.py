"""Render photos of people with known lengths: ``python -m training.people --help``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import get_args

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy: -j says how many cores to use

from training.people.batch import GROUPS, make, plan  # noqa: E402
from training.people.scenes import EXPECTED, Decor  # noqa: E402


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.people", description=__doc__)
    parser.add_argument("--count", type=int, required=True, help="how many people")
    parser.add_argument("--seed", type=int, required=True, help="seed of the first; others follow")
    parser.add_argument("--out", type=Path, required=True, help="folder for JPEGs and truth.jsonl")
    parser.add_argument("--set", choices=("real", "wide"), default="real", dest="spread")
    parser.add_argument("--kind", choices=(*GROUPS, "refuse", *EXPECTED), default="standing")
    parser.add_argument("--long-side", type=int, default=1440, help="pixels", dest="long_side_px")
    parser.add_argument("--decor", choices=get_args(Decor), default="any")
    parser.add_argument("-j", type=int, default=1, dest="processes", help="processes")
    args = parser.parse_args()
    jobs = plan(args.count, args.seed, args.kind, args.spread, args.long_side_px, args.decor)
    make(jobs, args.out, args.processes)


if __name__ == "__main__":
    main()
