"""Requests per second that the stack holds, how long they take, what overload does, and memory.

``python -m benchmarks.service.load [--seconds S] [--soak S] [--json] [--docs]``: on this machine
alone, about 7 minutes. Arrivals are open-loop (Poisson): a request's time counts from when it was
due, so a slow answer delays no arrival and hides none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.service.processes import (
    children,
    cpu_s,
    exit_status,
    in_processes,
    measure_processes,
    peak_mb,
    resident_mb,
)
from chalicelib.openapi import LENGTHS_REQUEST
from chalicelib.storage import GUIDE_PHOTO
from local.config import REPOSITORY, StackConfig
from local.stack import LocalStack
from tools import document

MODEL: Final = REPOSITORY / "container" / "models" / "pose_landmarker_full.task"
PHOTO: Final = REPOSITORY / "samples" / "person.jpg"
HEIGHT_CM: Final = 175.0
WORKERS: Final = (1, 2, 4)
STEADY, OVERLOAD, AFTERWARDS = 0.6, 1.6, 0.5
"""Arrivals over what the bare measuring does a second."""
RECOMMEND_STEADY, RECOMMEND_OVERLOAD = 40.0, 250.0
"""Arrivals a second; the local API is one Python process with a thread for each request."""
PAUSE_S: Final = 3.0
TIMEOUT_S: Final = 40.0
SEED: Final = 1


@dataclass
class Answers:
    """What came back in one run of arrivals."""

    span_s: float
    """Until the last answer to a request of the run."""
    statuses: Counter[int] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)
    """The latency of each request that was answered 200."""

    @property
    def held_per_s(self) -> float:
        """Requests answered 200 a second."""
        return self.statuses[200] / self.span_s

    def to_dict(self) -> dict[str, Any]:
        """For the table and for JSON."""
        p50, p95, p99 = np.percentile(self.took_s or [float("nan")], (50, 95, 99))
        return {
            "held_per_s": round(self.held_per_s, 2),
            "p50_s": round(float(p50), 3),
            "p95_s": round(float(p95), 3),
            "p99_s": round(float(p99), 3),
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
        }


async def arrive(
    call: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]],
    client: httpx.AsyncClient,
    per_s: float,
    seconds: float,
) -> Answers:
    """Send requests when they are due, whatever became of those before."""
    dice = random.Random(SEED)  # noqa: S311 - to be repeated, not to be secret
    answers = Answers(seconds)
    began = time.perf_counter()

    async def one(due: float) -> None:
        try:
            status = (await call(client)).status_code
        except httpx.TransportError:
            status = 0
        answers.statuses[status] += 1
        if status == 200:
            answers.took_s.append(time.perf_counter() - due)

    due, tasks = began, []
    while (due := due + dice.expovariate(per_s)) < began + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    answers.span_s = time.perf_counter() - began
    return answers


def run(stack: LocalStack, path: str, body: Any, *rates: tuple[float, float]) -> list[Answers]:
    """Answers of a route to arrivals of each rate (a second) and span (s), with pauses between."""
    # In a process of its own: the gateway is in this one, and would wait for the clients' work.
    (found,) = in_processes(1, clients, stack.url, stack.api_key, path, body, rates)
    return found


def clients(
    url: str, api_key: str, path: str, body: Any, rates: Sequence[tuple[float, float]]
) -> list[Answers]:
    """As `run`, in this process."""

    async def all_rates() -> list[Answers]:
        async with httpx.AsyncClient(
            base_url=url,
            headers={"X-API-Key": api_key},
            timeout=TIMEOUT_S,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        ) as client:
            found = []
            for per_s, seconds in rates:
                found.append(
                    await arrive(
                        lambda client: client.post(path, json=body), client, per_s, seconds
                    )
                )
                await asyncio.sleep(PAUSE_S)
            return found

    return asyncio.run(all_rates())


def bare(seconds: float) -> tuple[int, float]:
    """Photos that one process measures in so many seconds, with nothing around it; its CPU time."""
    from bodyscan.scan import Shot, load, scan

    photo = PHOTO.read_bytes()
    load(MODEL)
    scan([Shot(photo)], HEIGHT_CM, model=MODEL)
    count, used, end = 0, time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        scan([Shot(photo)], HEIGHT_CM, model=MODEL)
        count += 1
    return count, time.process_time() - used


def bare_rates(workers: int, seconds: float) -> tuple[float, float]:
    """Photos of so many bare processes side by side: a second, and a second of CPU time."""
    counts, used_s = zip(*in_processes(workers, bare, seconds), strict=True)
    return sum(counts) / seconds, sum(counts) / sum(used_s)


@contextmanager
def running(workers: int) -> Iterator[LocalStack]:
    """A stack of its own with so many measure processes, all of them warm."""
    config = StackConfig.of_repository()
    measure = replace(config.measure, concurrency=workers, warm=workers)
    with (
        tempfile.TemporaryDirectory() as logs,
        LocalStack(replace(config, measure=measure), logs=Path(logs)) as stack,
        stack.http() as http,
    ):
        body = photo_body(stack)
        for _ in range(2 * workers):  # each process has met a photo
            http.post("/measure", json=body).raise_for_status()
        http.post("/recommend", json=LENGTHS_REQUEST).raise_for_status()
        yield stack


def photo_body(stack: LocalStack) -> dict[str, Any]:
    """A request that measures the sample person."""
    url = f"s3://{stack.config.images_bucket}/{GUIDE_PHOTO}"
    return {"image_url": url, "height_cm": HEIGHT_CM, "user_id": "load"}


def measure_under_load(workers: int, seconds: float) -> dict[str, Any]:
    """``POST /measure`` with so many processes: steady, overloaded, and afterwards."""
    bare_rate, bare_per_cpu_s = bare_rates(workers, seconds / 2)
    with running(workers) as stack:
        body = photo_body(stack)
        (steady,) = run(stack, "/measure", body, (STEADY * bare_rate, seconds))
        used_s = -sum(map(cpu_s, measure_processes()))
        (overload,) = run(stack, "/measure", body, (OVERLOAD * bare_rate, seconds))
        used_s += sum(map(cpu_s, measure_processes()))
        (after,) = run(stack, "/measure", body, (AFTERWARDS * bare_rate, seconds))
        memory = {
            f"{part} {number}": round(peak_mb(process))
            for number, (process, part) in enumerate(sorted(children().items()), start=1)
        }
    shed = sum(n for status, n in overload.statuses.items() if status in (429, 503))
    return {
        "bare_per_s": round(bare_rate, 2),
        "steady": steady.to_dict(),
        "overload": overload.to_dict(),
        "afterwards": after.to_dict(),
        "efficiency": round(overload.held_per_s / bare_rate, 3),
        "efficiency_of_cpu": round(overload.statuses[200] / used_s / bare_per_cpu_s, 3),
        "shed": shed,
        "neither_held_nor_shed": overload.statuses.total() - shed - overload.statuses[200],
        "peak_mb": memory,
    }


def recommended(seconds: float) -> dict[str, Any]:
    """``POST /recommend`` alone: steady and overloaded."""
    with running(1) as stack:
        steady, overload = run(
            stack,
            "/recommend",
            LENGTHS_REQUEST,
            (RECOMMEND_STEADY, seconds),
            (RECOMMEND_OVERLOAD, seconds / 2),
        )
    return {"steady": steady.to_dict(), "overload": overload.to_dict()}


def soaked(seconds: float, per_s: float) -> dict[str, Any]:
    """Resident memory of each process before, halfway and after a steady run with two workers."""
    marks: list[dict[int, float]] = []
    statuses: Counter[int] = Counter()
    with running(2) as stack:
        parts = children()

        def mark() -> None:
            marks.append({process: resident_mb(process) for process in parts})

        mark()
        for _ in range(2):
            (answers,) = run(stack, "/measure", photo_body(stack), (per_s, seconds / 2))
            statuses += answers.statuses
            mark()
    return {
        "per_s": round(per_s, 2),
        "seconds": seconds,
        "statuses": dict(sorted(statuses.items())),
        "resident_mb": {
            f"{part} {number}": [round(each[process], 1) for each in marks]
            for number, (process, part) in enumerate(sorted(parts.items()), start=1)
        },
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run of arrivals")
    parser.add_argument("--soak", type=float, default=90.0, help="seconds of the soak")
    parser.add_argument("--json", action="store_true", help="one JSON document, no table")
    parser.add_argument(
        "--docs", action="store_true", help="write the tables into docs/reliability.md"
    )
    arguments = parser.parse_args()
    report: dict[str, Any] = {"measure": {}}
    for workers in tqdm(WORKERS, desc="measure workers", leave=False):
        report["measure"][str(workers)] = measure_under_load(workers, arguments.seconds)
    report["recommend"] = recommended(arguments.seconds)
    report["soak"] = soaked(arguments.soak, STEADY * report["measure"]["2"]["bare_per_s"])
    if arguments.json:
        print(json.dumps(report))
    else:
        show(report)
    if arguments.docs:
        document.write("load", page(report), document.RELIABILITY)


def page(report: dict[str, Any]) -> str:
    """Write the tables for docs/reliability.md."""
    arrivals = document.table(
        ["route, arrivals", "held/s", "p50 s", "p95 s", "p99 s", "answers"],
        [[f"{name}, {how}", *figures] for name, how, *figures in _rows(report)],
    )
    processes = document.table(
        [
            "measure processes",
            "bare photos/s",
            "overloaded, of bare",
            "for the same CPU time",
            "their largest memory, MB",
        ],
        [
            [
                workers,
                found["bare_per_s"],
                f"{100 * found['efficiency']:.0f} %",
                f"{100 * found['efficiency_of_cpu']:.0f} %",
                max(mb for part, mb in found["peak_mb"].items() if part.startswith("measure")),
            ]
            for workers, found in report["measure"].items()
        ],
    )
    soak = report["soak"]
    memory = document.table(
        [f"resident MB in a soak of {soak['seconds']:g} s", "before", "halfway", "after"],
        [[part, *marks] for part, marks in soak["resident_mb"].items()],
    )
    return "\n\n".join((arrivals, processes, memory))


def _rows(report: dict[str, Any]) -> Iterator[list[str]]:
    rows = {f"`/measure`, {n} at once": found for n, found in report["measure"].items()}
    for name, found in (rows | {"`/recommend`": report["recommend"]}).items():
        for arrivals in ("steady", "overload", "afterwards"):
            if arrivals in found:
                one = found[arrivals]
                figures = [one[key] for key in ("held_per_s", "p50_s", "p95_s", "p99_s")]
                answers = ", ".join(f"{status}: {n}" for status, n in one["statuses"].items())
                yield [name, arrivals, *map(str, figures), answers]


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    table = Table("route", "arrivals", "held/s", "p50 s", "p95 s", "p99 s", "answers")
    for column in table.columns[2:6]:
        column.justify = "right"
    for row in _rows(report):
        table.add_row(*row)
    console = Console(width=110)
    console.print(table)
    table = Table(
        "measure processes", "bare, photos/s", "efficiency", "for the same CPU time", "peak MB"
    )
    for workers, found in report["measure"].items():
        peaks = ", ".join(f"{part}: {mb}" for part, mb in found["peak_mb"].items())
        table.add_row(
            workers,
            str(found["bare_per_s"]),
            str(found["efficiency"]),
            str(found["efficiency_of_cpu"]),
            peaks,
        )
    console.print(table)
    soak = report["soak"]
    table = Table(f"soak at {soak['per_s']} photos/s", "MB before", "halfway", "after")
    for part, marks in soak["resident_mb"].items():
        table.add_row(part, *map(str, marks))
    console.print(table)


if __name__ == "__main__":
    sys.exit(exit_status(main))
