from collections.abc import Iterator

import pytest

from infra.endpoints import Endpoints
from local.config import FunctionConfig
from local.functions import Function, InvokeApi
from local.processes import Log
from local.server import Server, bind

HANDLER = """
import json, os, pathlib, time

def handle(event, context):
    kind = event.get("do")
    if kind == "exit":
        os._exit(event["status"])
    if kind == "raise":
        raise ValueError("the photo is upside down")
    if kind == "sleep":
        time.sleep(event["seconds"])
    if kind == "large":
        return "x" * event["size"]
    if kind == "count":
        marks = pathlib.Path(event["folder"])
        (marks / str(time.time_ns())).touch()
        if len(list(marks.iterdir())) < event["succeed_at"]:
            raise RuntimeError("not yet")
    return {
        "event": event, "pid": os.getpid(), "environment": dict(os.environ),
        "function": context.function_name, "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id, "memory": context.memory_limit_in_mb,
        "left_ms": context.get_remaining_time_in_millis(),
    }
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> FunctionConfig:
    """A handler that does as its event says: one process, 1.5 s, one caller may wait."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.py").write_text(HANDLER)
    return FunctionConfig(
        name="tiny",
        handler="tiny.handle",
        path=(folder,),
        environment={"OWN": "mine"},
        timeout_s=1.5,
        memory_mb=256,
        queue=1,
        retry_delays_s=(0.05, 0.05),
    )


@pytest.fixture(scope="module")
def endpoints(
    tiny: FunctionConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Endpoints]:
    """The Invoke API with the tiny function, and with one that cannot be imported."""
    listening = bind(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    endpoints = Endpoints(s3="http://127.0.0.1:1", functions=url)
    broken = FunctionConfig(name="broken", handler="nowhere.handle", path=tiny.path)
    log = Log("tiny", tmp_path_factory.mktemp("logs"))
    functions = [Function(config, endpoints.environment(), log) for config in (tiny, broken)]
    server = Server(InvokeApi(functions), listening)
    yield endpoints
    server.stop()
    for function in functions:
        function.stop()
    log.close()
