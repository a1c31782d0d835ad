"""The server in front of the stack's WSGI applications."""

import time
from pathlib import Path
from typing import Any

import httpx

from local.processes import Log
from local.server import Server, bind


def test_a_failing_application_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    def application(environ: Any, start_response: Any) -> Any:
        raise LookupError("no 100 % in " + environ["PATH_INFO"])

    log = Log("gateway", tmp_path)
    server = Server(application, bind(0), log)
    assert httpx.get(f"{server.url}/photo", trust_env=False).status_code == 500
    last = "LookupError: no 100 % in /photo"
    deadline = time.monotonic() + 10  # it is written after the answer
    while last not in log.tail and time.monotonic() < deadline:
        time.sleep(0.01)
    server.stop()
    log.close()
    lines = log.path.read_text("utf-8").splitlines()
    assert lines[-1] == last
    assert any(__file__ in line for line in lines)
