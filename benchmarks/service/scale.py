"""What 1, 100 and 10,000 photos a second need of AWS: a simulation of its quotas.

``python -m benchmarks.service.scale [--check] [--json] [--docs]``: service times and starts are
measured here, then arrivals meet Lambda's concurrency and its growth, API Gateway's and SQS's
quotas, event by event. ``--check``, and ``--docs`` too, overloads the local stack for half a minute
and simulates just that: how many each measured and shed, and how long it took.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.service.processes import exit_status
from hypermob import cost
from hypermob.cost import API_CALLS, APP_MEMORY_MB, APP_S, PRICES
from local.config import REGION, REPOSITORY
from tools import document

RATES: Final = (1.0, 100.0, 10_000.0)
SPANS_S: Final = {1.0: 600.0, 100.0: 120.0, 10_000.0: 30.0}
"""Simulated time at each rate: quotas that grow have grown by then, or have broken."""
MEMORY_GB: Final = 3008 / 1024
HEADROOM: Final = 1.3
"""How many times what a rate needs a quota must be."""
EXECUTIONS: Final = {"API": 2, "upload": 1}
"""Concurrent executions that one photo takes. By the API a call of the app waits for the
measurement. The grant of an upload and the event of a measurement are short: `HEADROOM` covers
them."""
SEED: Final = 1
UPLOAD_PUTS, UPLOAD_GETS = 6, 9
"""S3 requests of one upload. It writes the request, the photo, the reason of a failure, the
overlay, the measurement and the recommendation. It reads an earlier end, the photo's metadata, the
photo, the measurement twice and the mark of deletion four times."""
CHECK_CALLS, CHECK_SPAN_S = 30, 30.0
REPORTED_MS: Final = re.compile(r"^REPORT .* Duration: (\d+) ms ok$", re.MULTILINE)


@dataclass(frozen=True)
class Quotas:
    """AWS's default quotas in one region, as documented (2025); a new account's may be lower.

    S3's request rate is left out: it has no fixed limit, but grows with the load.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html,
    .../lambda-concurrency.html (scaling rate), .../services-sqs-scaling.html,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html

    Attributes
    ----------
    concurrency
        Executions at once in the account.
    starts_per_10_s
        New execution environments of one function in 10 s.
    queue_concurrency, queue_growth_per_s
        Executions at once that one SQS mapping reaches, and how fast it grows; the first five are
        there at once.
    gateway_per_s, gateway_burst
        API Gateway's token bucket, account and region.
    """

    concurrency: float = 1000
    starts_per_10_s: float = 1000
    queue_concurrency: float = 1250
    queue_growth_per_s: float = 300 / 60
    gateway_per_s: float = 10_000
    gateway_burst: float = 5000


NONE: Final = Quotas(*[float("inf")] * 6)


@dataclass(frozen=True)
class Times:
    """Measured here.

    Attributes
    ----------
    service_s
        Of single photos, in a warm process.
    start_s
        Of a process, until it can take a photo.
    """

    service_s: tuple[float, ...]
    start_s: float


@dataclass
class Outcome:
    """What a simulated span came to."""

    arrived: int = 0
    measured: int = 0
    shed: dict[str, int] = field(default_factory=dict)
    first_shed_s: dict[str, float] = field(default_factory=dict)
    most_at_once: int = 0
    cold: int = 0
    waiting_at_end: int = 0
    took_s: list[float] = field(default_factory=list)

    def shed_by(self, quota: str, at_s: float) -> None:
        """Count a photo that a quota refused or delayed."""
        self.shed[quota] = self.shed.get(quota, 0) + 1
        self.first_shed_s.setdefault(quota, at_s)

    def to_dict(self) -> dict[str, Any]:
        """For the table and for JSON."""
        p50, p95, p99 = np.percentile(self.took_s or [float("nan")], (50, 95, 99))
        first = min(self.first_shed_s.items(), key=lambda one: one[1], default=("none", 0.0))
        return {
            "arrived": self.arrived,
            "measured": self.measured,
            "most_at_once": self.most_at_once,
            "cold_starts": self.cold,
            "p50_s": round(float(p50), 2),
            "p95_s": round(float(p95), 2),
            "p99_s": round(float(p99), 2),
            "first_quota_to_break": first[0],
            "after_s": round(first[1], 1),
            "turned_away_or_held_back": sum(self.shed.values()),
            "waiting_at_end": self.waiting_at_end,
        }


def simulate(
    path: str,
    per_s: float,
    span_s: float,
    times: Times,
    quotas: Quotas,
    *,
    executions: int = 1,
    warm: int = 0,
    queue: int = 0,
) -> Outcome:
    """Photos that arrive at random meet execution environments, which start as quotas allow.

    Parameters
    ----------
    path
        "API": a photo that finds no environment is answered 429 (after ``queue`` that may wait,
        which AWS has not and the local stack has). "upload": it waits in SQS.
    executions
        That a photo takes of the concurrency while it is measured.
    warm
        Environments that are there at the start.
    """
    # Arrivals as those of benchmarks.service.load, whatever else is drawn.
    dice, services = random.Random(SEED), random.Random(SEED)  # noqa: S311 - a simulation
    outcome = Outcome()
    ends: list[float] = []  # of executions under way
    idle, started = warm, warm
    waiting: deque[float] = deque()
    starts: deque[float] = deque()  # in the last 10 s
    tokens, refilled = quotas.gateway_burst, 0.0

    def limit(now: float) -> tuple[float, str]:
        if path == "upload":
            grown = 5 + quotas.queue_growth_per_s * now
            mapping = min(quotas.queue_concurrency, grown)
            if mapping < quotas.concurrency:
                return mapping, "SQS mapping's concurrency"
        return quotas.concurrency / executions, "Lambda concurrency"

    def execute(due: float, now: float) -> str | None:
        """Start one; None, or the quota that forbids it."""
        nonlocal idle, started
        most, name = limit(now)
        if len(ends) >= most:
            return name
        cold_s = 0.0
        if idle > 0:
            idle -= 1
        else:
            while starts and starts[0] < now - 10:
                starts.popleft()
            if len(starts) >= quotas.starts_per_10_s:
                return "Lambda scaling rate"
            starts.append(now)
            started += 1
            outcome.cold += 1
            cold_s = times.start_s
        end = now + cold_s + services.choice(times.service_s)
        heapq.heappush(ends, end)
        outcome.most_at_once = max(outcome.most_at_once, len(ends))
        outcome.took_s.append(end - due)
        return None

    def finish(until: float) -> None:
        nonlocal idle
        while ends and ends[0] <= until:
            now = heapq.heappop(ends)
            idle += 1
            outcome.measured += 1
            while waiting and execute(waiting[0], now) is None:
                waiting.popleft()

    now = 0.0
    while (now := now + dice.expovariate(per_s)) < span_s:
        finish(now)
        while waiting and execute(waiting[0], now) is None:
            waiting.popleft()
        outcome.arrived += 1
        if path == "API":
            tokens = min(quotas.gateway_burst, tokens + (now - refilled) * quotas.gateway_per_s)
            refilled = now
            if tokens < API_CALLS:
                outcome.shed_by("API Gateway rate", now)
                continue
            tokens -= API_CALLS
        broken = execute(now, now) if not waiting else "queue"
        if broken is None:
            continue
        if path == "upload" or len(waiting) < queue:
            waiting.append(now)
            if path == "upload" and broken != "queue":
                outcome.shed_by(broken, now)
        else:
            outcome.shed_by(limit(now)[1] if broken == "queue" else broken, now)
    outcome.waiting_at_end = len(waiting)
    finish(float("inf"))
    return outcome


def measured_here(photos: int = 30) -> Times:
    """Service times of single photos, and the start of a process that is ready for them."""
    from benchmarks.service.load import HEIGHT_CM, MODEL, PHOTO
    from bodyscan.scan import Shot, load, scan

    photo = PHOTO.read_bytes()
    load(MODEL)
    scan([Shot(photo)], HEIGHT_CM, model=MODEL)
    took = []
    for _ in range(photos):
        began = time.perf_counter()
        scan([Shot(photo)], HEIGHT_CM, model=MODEL)
        took.append(time.perf_counter() - began)
    program = "import sys; sys.path[:0] = ['.', 'container']; import handler"
    began = time.perf_counter()
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**os.environ, "AWS_DEFAULT_REGION": REGION},
        check=True,
    )
    return Times(tuple(took), time.perf_counter() - began)


def dollars_per_million(path: str, service_s: float) -> float:
    """What a million photos cost, storage and free tier aside; of the app as `hypermob.cost`."""
    price = json.loads(PRICES.read_text("utf-8"))
    calls, puts, gets = 1, UPLOAD_PUTS, UPLOAD_GETS
    if path == "API":
        calls, puts, gets = API_CALLS, cost.S3_PUTS, cost.S3_GETS
    # The app's calls, and the event of the measurement. Measuring is called by the API twice: the
    # upload's event is looked at, and left alone.
    app_gb_s = (calls + 1) * APP_S * APP_MEMORY_MB / 1024
    each = (
        (service_s * MEMORY_GB + app_gb_s) * price["lambda_gb_second"]
        + (2 * calls + 1) * price["lambda_request"]
        + calls * price["api_gateway_request"]
        + puts * price["s3_put"]
        + gets * price["s3_get"]
        + cost.SQS_REQUESTS * price["sqs_request"]
    )
    return float(1e6 * each)


def report(times: Times) -> dict[str, Any]:
    """Each rate by each path: with AWS's default quotas, and without any."""
    mean_s = float(np.mean(times.service_s))
    rows = []
    for path in ("API", "upload"):
        for per_s in RATES:
            executions = EXECUTIONS[path]
            found = simulate(
                path, per_s, SPANS_S[per_s], times, Quotas(), executions=executions
            ).to_dict()
            free = simulate(path, per_s, SPANS_S[per_s], times, NONE).to_dict()
            needed = int(np.ceil(per_s * mean_s + 3 * np.sqrt(per_s * mean_s)))
            rows.append(
                {
                    "path": path,
                    "photos_per_s": per_s,
                    "concurrency_to_hold": executions * needed,
                    "at_the_start": free["most_at_once"],
                    "with_default_quotas": found,
                    "dollars_per_million": round(dollars_per_million(path, mean_s)),
                    "dollars_per_day": round(
                        dollars_per_million(path, mean_s) * per_s * 86_400 / 1e6
                    ),
                    "ask_aws_for": ask(path, per_s, needed, free["most_at_once"]),
                }
            )
    return {
        "service_s": {"mean": round(mean_s, 3), "start": round(times.start_s, 2)},
        "rows": rows,
    }


def ask(path: str, per_s: float, needed: int, at_start: int) -> list[str]:
    """Default quotas that a rate passes or comes near, and what to raise them to."""
    quotas, wishes = Quotas(), []
    at_once, calls_per_s = HEADROOM * needed, HEADROOM * API_CALLS * per_s
    if EXECUTIONS[path] * at_once > quotas.concurrency:
        wishes.append(f"Lambda concurrency {100 * np.ceil(EXECUTIONS[path] * at_once / 100):.0f}")
    if path == "API" and calls_per_s > quotas.gateway_per_s:
        wishes.append(f"API Gateway {calls_per_s:.0f} requests/s")
    if path == "API" and at_start > quotas.starts_per_10_s:
        wishes.append(f"provisioned concurrency {needed}, or arrivals that grow over a minute")
    if path == "upload" and at_once > quotas.queue_concurrency:
        mappings = int(np.ceil(at_once / quotas.queue_concurrency))
        wishes.append(f"{mappings} queues, each with its mapping")
    return wishes


def check() -> dict[str, Any]:
    """The local stack with two processes, overloaded, and the simulation of the same arrivals.

    The simulation is told how long the processes said that a photo took them, and from a run in
    which nobody waits for them what a call takes beside; how many wait, and how long, it says.
    """
    from benchmarks.service.load import OVERLOAD, photo_body, run, running

    with running(2) as stack, stack.http() as http, ThreadPoolExecutor(2) as pool:
        body = photo_body(stack)

        def measure(_: int) -> float:
            began = time.perf_counter()
            http.post("/measure", json=body).raise_for_status()
            return time.perf_counter() - began

        def reported_s() -> list[float]:
            log = (stack.logs / "measure.log").read_text("utf-8")
            return [int(ms) / 1000 for ms in REPORTED_MS.findall(log)]

        took_s = list(pool.map(measure, range(CHECK_CALLS)))
        before = reported_s()
        alone_s = before[-CHECK_CALLS:]
        per_s = OVERLOAD * 2 / float(np.mean(alone_s))
        (overload,) = run(stack, "/measure", body, (per_s, CHECK_SPAN_S))
        times = Times(tuple(reported_s()[len(before) :]), 0.0)
    quotas, queue = replace(NONE, concurrency=2), stack.config.measure.queue
    found = simulate("API", per_s, CHECK_SPAN_S, times, quotas, warm=2, queue=queue)
    # A call's own time beside its photo's: the gateway and the app, which nobody waits for here.
    beside_s = np.median(took_s) - np.median(alone_s)
    return {
        "arrivals_per_s": round(per_s, 2),
        "stack": _compared(overload.statuses[200], overload.statuses[429], overload.took_s),
        "simulation": _compared(
            found.measured, sum(found.shed.values()), np.add(found.took_s, beside_s)
        ),
    }


def _compared(measured: int, shed: int, took_s: Any) -> dict[str, float]:
    p50, p95 = np.percentile(took_s, (50, 95))
    return {
        "measured": measured,
        "shed": shed,
        "p50_s": round(float(p50), 2),
        "p95_s": round(float(p95), 2),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="compare with the local stack")
    parser.add_argument("--json", action="store_true", help="one JSON document, no table")
    parser.add_argument(
        "--docs", action="store_true", help="write the tables into docs/reliability.md"
    )
    arguments = parser.parse_args()
    found = report(measured_here())
    if arguments.check or arguments.docs:
        found["check"] = check()
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)
    if arguments.docs:
        document.write("scale", page(found), document.RELIABILITY)


def page(found: dict[str, Any]) -> str:
    """Write the tables for docs/reliability.md."""
    rows = document.table(
        [
            "photos/s, by",
            "concurrency",
            "first quota to break",
            "p95 s",
            "$ a million",
            "ask AWS for",
        ],
        [
            [
                f"{row['photos_per_s']:g}, {row['path']}",
                row["concurrency_to_hold"],
                row["with_default_quotas"]["first_quota_to_break"],
                row["with_default_quotas"]["p95_s"],
                row["dollars_per_million"],
                "; ".join(row["ask_aws_for"]) or "nothing",
            ]
            for row in found["rows"]
        ],
    )
    if "check" not in found:
        return rows
    return f"{rows}\n\n{document.table(*_checked(found['check']))}"


def _checked(found: dict[str, Any]) -> tuple[list[str], list[list[object]]]:
    what = f"two processes, {found['arrivals_per_s']} photos/s"
    rows = {"local stack": found["stack"], "simulation of it": found["simulation"]}
    return (
        [what, "measured", "shed", "p50 s", "p95 s"],
        [[name, *figures.values()] for name, figures in rows.items()],
    )


def show(found: dict[str, Any]) -> None:
    """Print the tables."""
    table = Table(
        "path", "photos/s", "concurrency", "cold start of all", "first quota to break",
        "p95 s", "$ a million", "$ a day", "ask AWS for",
    )  # fmt: skip
    for row in found["rows"]:
        quota = row["with_default_quotas"]
        broke = quota["first_quota_to_break"]
        table.add_row(
            row["path"],
            f"{row['photos_per_s']:g}",
            str(row["concurrency_to_hold"]),
            str(row["at_the_start"]),
            broke if broke == "none" else f"{broke}, {quota['after_s']} s",
            str(quota["p95_s"]),
            str(row["dollars_per_million"]),
            str(row["dollars_per_day"]),
            "; ".join(row["ask_aws_for"]) or "nothing",
        )
    console = Console(width=150)
    console.print(f"measured here, s: {found['service_s']}")
    console.print(table)
    if "check" in found:
        head, rows = _checked(found["check"])
        table = Table(*head)
        for row in rows:
            table.add_row(*map(str, row))
        console.print(table)


if __name__ == "__main__":
    sys.exit(exit_status(main))
