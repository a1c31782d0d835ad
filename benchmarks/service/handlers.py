"""Runs the product's handlers and the guide's, each in its own process and environment."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from benchmarks.service import environments
from benchmarks.service.environments import FOLDER, ROOT
from infra.endpoints import Endpoints
from infra.package import BUILD
from infra.proxy_event import proxy_event
from local.config import REGION, FunctionConfig, StackConfig
from local.processes import Child, Log
from local.sandbox import Sandbox
from local.server import LOOPBACK, bind
from local.storage import make_storage

Side = Literal["ours", "guide"]
Work = Side | Literal["detect"]
Event = dict[str, Any]

STACK: Final = StackConfig.of_repository()
PHOTO_KEY: Final = "test/photo.jpg"
FOREST: Final = FOLDER / "forest.joblib"

MEASURE_EVENT: Final[Event] = {
    "image_url": f"s3://{STACK.images_bucket}/{PHOTO_KEY}",
    "height_cm": 175.0,
    "user_id": "bench",
}
BODY: Final = {
    **{"height": 175.0, "upper_arm": 31.0, "forearm": 26.0, "thigh": 51.0, "calf": 36.0},
    **{"torso": 61.0, "user_id": "bench"},
}
"""The guide's own example."""
RECOMMEND_EVENT: Final = proxy_event("POST", "/recommend", BODY, stage="prod")


@dataclass(frozen=True)
class Warm:
    """One process that measured one photo several times; see `benchmarks.service.worker`."""

    answer: str
    import_s: float
    first_ms: float
    peak_mib: float
    handle_ms: list[float]
    detect_ms: list[float] = field(default_factory=list)
    detect_one_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Cold:
    """Seconds of one process from its start to its first answer, and of a second one after it."""

    seconds: float
    second_s: float


def measure_environment(side: Work) -> dict[str, str]:
    """Variables of a side's measure handler: what the image sets, it sets for itself alone."""
    ours = {**STACK.measure.environment, "AWS_DEFAULT_REGION": REGION}
    return ours if side != "guide" else {k: ours[k] for k in ours if k != "MALLOC_ARENA_MAX"}


def measure_path(side: Work) -> tuple[Path, ...]:
    """Folders that a side's measure handler imports from."""
    if side == "guide":
        return ROOT, environments.default_measure(), environments.runtime()
    return ROOT / "container", ROOT, environments.measure_image(), environments.runtime()


def recommend_path(side: Side) -> tuple[Path, ...]:
    """Folders that a side's recommend handler imports from; ours is the unzipped Chalice zip."""
    own = (BUILD / "unzipped",) if side == "ours" else (ROOT, environments.default_recommend())
    return (*own, environments.runtime())


def warm_measure(
    side: Work,
    photo: Path,
    runs: int,
    *,
    cgroup: Path | None = None,
    may_refuse: bool = False,
) -> Warm:
    """Measure a photo ``runs`` times in a new process, in a cgroup if one is named.

    Raises
    ------
    RuntimeError
        When it fails, or refuses the photo where it may not: a refusal's time is no measurement.
    """
    enter = (
        [] if cgroup is None else ["sh", "-c", f'echo $$ > {cgroup}/cgroup.procs; exec "$@"', ""]
    )
    found = Warm(**_printed(side, "worker.py", side, str(photo), str(runs), enter=enter))
    if found.answer != "success" and not may_refuse:
        raise RuntimeError(f"benchmarks/service/worker.py {side} refused {photo}")
    return found


def start_ms(photo: Path, runs: int) -> dict[str, float]:
    """Medians of what our measure function's cold start is made of; see `start.py`."""
    found = [_printed("ours", "start.py", str(photo)) for _ in range(runs)]
    return {step: statistics.median(each[step] for each in found) for step in found[0]}


def _printed(side: Work, script: str, *arguments: str, enter: Sequence[str] = ()) -> Any:
    """The JSON that a script of this folder prints last, in a side's environment."""
    path = ":".join(str(folder) for folder in measure_path(side))
    done = subprocess.run(  # noqa: S603
        [*enter, sys.executable, "-S", str(ROOT / "benchmarks" / "service" / script), *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, **measure_environment(side)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"benchmarks/service/{script} {side} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def cold_measure(side: Side, aws: Mapping[str, str]) -> Cold:
    """Start the measure handler under the runtime client and have it measure the stored photo."""
    handler = (
        "handler.handle" if side == "ours" else "benchmarks.service.guide.measure.lambda_handler"
    )
    function = replace(
        STACK.measure,
        handler=handler,
        path=measure_path(side),
        environment=measure_environment(side),
        runtime=(str(ROOT / "benchmarks" / "service" / "isolated.py"),),
    )
    return _cold(function, aws, MEASURE_EVENT)


def cold_recommend(side: Side, aws: Mapping[str, str], *, compiled: bool = False) -> Cold:
    """Start the recommend handler under the runtime client and have it answer one body.

    Where Lambda unpacks a zip nothing can be written: there is the byte code that the zip brings.
    ``compiled``: there is all, in a folder that the first start fills.
    """
    byte_code = {"PYTHONDONTWRITEBYTECODE": "1"}
    if compiled:
        byte_code = {"PYTHONPYCACHEPREFIX": str(FOLDER / "byte_code")}
    function = FunctionConfig(
        name="recommend",
        handler="app.app"
        if side == "ours"
        else "benchmarks.service.guide.recommend.lambda_handler",
        path=recommend_path(side),
        environment={"FOREST": str(FOREST), **byte_code},
        runtime=(str(ROOT / "benchmarks" / "service" / "isolated.py"),),
        memory_mb=1024,
    )
    return _cold(function, aws, RECOMMEND_EVENT)


def _cold(function: FunctionConfig, aws: Mapping[str, str], event: Event) -> Cold:
    log = Log(function.name, FOLDER / "logs")
    began = time.perf_counter()
    sandbox = Sandbox(function, aws, log)
    try:
        answer = sandbox.invoke(json.dumps(event).encode(), str(uuid.uuid4()))
        seconds = time.perf_counter() - began
        sandbox.invoke(json.dumps(event).encode(), str(uuid.uuid4()))
        second_s = time.perf_counter() - began - seconds
        said = json.loads(answer.payload)
        if answer.is_error or (said.get("status") != "success" and said.get("statusCode") != 200):
            raise RuntimeError(f"{function.handler} answered {said}; see {log.path}")
        return Cold(seconds, second_s)
    finally:
        sandbox.stop()
        log.close()


@contextmanager
def s3_with(photo: Path) -> Iterator[Mapping[str, str]]:
    """S3 on this machine that holds the photo; the variables that point a function at it."""
    kept = bind(0, listening=False)
    port = kept.getsockname()[1]
    url = f"http://{LOOPBACK}:{port}"
    log = Log("moto", FOLDER / "logs")
    moto = Child(
        ["-m", "moto.server", "-H", LOOPBACK, "-p", str(port)],
        environment={},
        folder=ROOT,
        log=log,
    )
    try:
        moto.wait_until_listening(LOOPBACK, port, 60)
        endpoints = Endpoints(s3=url, functions=url)
        make_storage(STACK, endpoints)
        endpoints.s3.put_object(Bucket=STACK.images_bucket, Key=PHOTO_KEY, Body=photo.read_bytes())
        yield endpoints.environment()
    finally:
        moto.stop()
        kept.close()
        log.close()
