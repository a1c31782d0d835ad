"""How time and cost grow: with pixels, people in the photo, memory given, rows, and clients."""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.service.handlers import BODY, MEASURE_EVENT, STACK, warm_measure
from benchmarks.service.photos import photo
from chalicelib import carfit
from chalicelib.carfit.model import bundled_model, features
from chalicelib.storage import GUIDE_PHOTO
from hypermob.cost import PRICES
from local.stack import LocalStack
from training.carfit.__main__ import PIPELINE

Points = list[dict[str, Any]]

MEGAPIXELS: Final = (1, 2, 4, 8, 12, 24, 50)
PEOPLE: Final = (1, 2, 3, 4)
MEMORY_MB: Final = (885, 1769, 3008, 5307)
ADVISED_MB: Final = (1769, 3008, 5307)
VCPU_MB: Final = 1769
"""One vCPU's worth of memory. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
PERIOD_US: Final = 20_000
"""Within which a quota of CPU is spent: 20 ms, as users of Lambda have measured it there."""
ROWS: Final = (1, 10, 100, 1_000, 10_000, 100_000)
CLIENTS: Final = (1, 2, 4, 8)
CLIENT_S: Final = 4.0
RUNS: Final = 7


def by_pixels() -> Points:
    """Milliseconds of a warm handler by the photo's megapixels, ours and the guide's."""
    return [{"megapixels": size, **_both(photo(size))} for size in MEGAPIXELS]


def by_people() -> Points:
    """The same by the people in a photo of 12 MP; of several, ours answers that there are."""
    return [{"people": count, **_both(photo(12, count), may_refuse=count > 1)} for count in PEOPLE]


def _both(path: Path, *, may_refuse: bool = False) -> dict[str, float]:
    ours = warm_measure("ours", path, RUNS, may_refuse=may_refuse)
    guide = warm_measure("guide", path, RUNS)
    return {
        "ours_ms": statistics.median(ours.handle_ms),
        "guide_ms": statistics.median(guide.handle_ms),
    }


def by_memory(rounds: int) -> Points:
    """Time and price of a photo of 12 MP by the memory that the measure function is given.

    Memory is CPU on Lambda: the process runs under a quota of as many vCPUs, where this machine
    has so many. Empty where no quota can be set, which takes root.
    """
    path, cores = photo(12), os.cpu_count() or 1
    gb_second = json.loads(PRICES.read_text("utf-8"))["lambda_gb_second"]
    runs: dict[int, list[Any]] = {memory_mb: [] for memory_mb in MEMORY_MB}
    try:
        for _ in range(rounds):
            for memory_mb, done in runs.items():
                with cpu_quota(min(memory_mb / VCPU_MB, cores)) as cgroup:
                    done.append(warm_measure("ours", path, RUNS, cgroup=cgroup))
    except PermissionError as error:
        print(f"Time by memory is left out: {error}", file=sys.stderr)
        return []
    points = []
    for memory_mb, done in runs.items():
        warm_s = statistics.median(statistics.median(run.handle_ms) for run in done) / 1000
        points.append(
            {
                "memory_mb": memory_mb,
                "vcpu": round(memory_mb / VCPU_MB, 2),
                "vcpu_here": round(min(memory_mb / VCPU_MB, cores), 2),
                "warm_ms": 1000 * warm_s,
                "slowest_ms": max(max(run.handle_ms) for run in done),
                "start_s": statistics.median(run.import_s + run.first_ms / 1000 for run in done),
                "usd_per_1000": 1000 * warm_s * memory_mb / 1024 * gb_second,
            }
        )
    return points


@contextmanager
def cpu_quota(cores: float) -> Iterator[Path]:
    """A cgroup whose processes together get so many cores' time.

    Raises
    ------
    PermissionError
        This machine lets us make none.
    """
    root = Path("/sys/fs/cgroup")
    version_1 = (root / "cpu" / "cpu.cfs_quota_us").exists() or (root / "cpu").is_dir()
    cgroup = (root / "cpu" if version_1 else root) / f"hypermob-bench-{os.getpid()}"
    quota_us = round(cores * PERIOD_US)
    with ExitStack() as made:
        try:
            cgroup.mkdir()
            made.callback(cgroup.rmdir)
            if version_1:
                (cgroup / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (cgroup / "cpu.cfs_quota_us").write_text(str(quota_us))
            else:
                (cgroup / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        except OSError as error:
            raise PermissionError(f"no CPU quota can be set here: {error}") from error
        yield cgroup


def by_rows(forest: Any) -> Points:
    """Predictions a second by the rows of a batch: ours, the pipeline it came from, the forest."""
    net, pipeline = bundled_model(), joblib.load(PIPELINE)
    row = features(
        carfit.Body(175.0, 28.3, 26.8, 41.8, 42.0, 48.7), carfit.vehicles()["medium_car"]
    )
    points = []
    for count in ROWS:
        rows = np.tile(row, (count, 1))
        bodies = rows[:, :6].copy()
        with threadpool_limits(limits=1):  # the app's memory is given less than one core
            points.append(
                {
                    "rows": count,
                    "ours_per_s": count / _seconds(net.predict, rows),
                    "pipeline_per_s": count / _seconds(pipeline.predict, rows),
                    "forest_per_s": count / _seconds(forest.predict, bodies),
                }
            )
    return points


def _seconds(predict: Callable[[Any], Any], rows: Any) -> float:
    predict(rows)
    times: list[float] = []
    end = time.perf_counter() + 0.5
    while len(times) < 5 or (time.perf_counter() < end and len(times) < 200):
        began = time.perf_counter()
        predict(rows)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def by_clients() -> Points:
    """Answers a second, and their median time, of the local stack by clients that ask at once."""
    photo_url = f"s3://{STACK.images_bucket}/{GUIDE_PHOTO}"
    asked = {
        "recommend": ("/recommend", BODY),
        "measure": ("/measure", {**MEASURE_EVENT, "image_url": photo_url}),
    }
    points = []
    with LocalStack() as stack:
        for name, (path, body) in asked.items():
            with stack.http() as client:
                for _ in range(3):
                    _ask(client, path, body)
            for clients in CLIENTS:
                began = time.perf_counter()
                times = _ask_at_once(stack, path, body, clients)
                seconds = time.perf_counter() - began
                points.append(
                    {
                        "route": name,
                        "clients": clients,
                        "per_s": len(times) / seconds,
                        "median_ms": 1000 * statistics.median(times),
                    }
                )
    return points


def _ask(client: httpx.Client, path: str, body: dict[str, Any]) -> float:
    began = time.perf_counter()
    client.post(path, json=body).raise_for_status()
    return time.perf_counter() - began


def _ask_at_once(stack: LocalStack, path: str, body: dict[str, Any], clients: int) -> list[float]:
    times: list[float] = []
    errors: list[httpx.HTTPError] = []
    end = time.perf_counter() + CLIENT_S

    def ask() -> None:
        try:
            with stack.http() as client:
                while time.perf_counter() < end:
                    times.append(_ask(client, path, body))
        except httpx.HTTPError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return times
