"""``python -m benchmarks.service.telemetry``: what aws-lambda-powertools adds to a cold start.

Imports Chalice in fresh processes, with and without the part of powertools that the app uses, in
turns; prints the median of each and the ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

RUNS = 15
WITHOUT = "import chalice, msgspec, numpy"
WITH = f"{WITHOUT}, aws_lambda_powertools.logging, aws_lambda_powertools.metrics"
TIMED = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


def import_s(statement: str) -> float:
    """Seconds that ``statement`` takes in a new process."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", TIMED.format(statement)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print both, and by how much they differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.service.telemetry", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    pairs = [(import_s(WITHOUT), import_s(WITH)) for _ in range(RUNS)]
    without_s, with_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    figures = {
        "without_ms": round(without_s * 1000),
        "with_ms": round(with_s * 1000),
        "ratio": round(with_s / without_s, 2),
    }
    if options.json:
        print(json.dumps(figures))
    else:
        print("imports of the app: {without_ms} ms; with powertools {with_ms} ms".format(**figures))
        print(f"{figures['ratio']} times")


if __name__ == "__main__":
    main()
