"""One execution environment of a Lambda function: its handler under the real ``awslambdaric``.

The runtime client asks the Runtime API (here) for one event after another, as it does on AWS.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from local.config import REGION, FunctionConfig
from local.processes import Child, Log
from local.server import Server, bind

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RUNTIME_API = "/2018-06-01/runtime"
RESPONSE_LIMIT_BYTES = 6_291_556
"""Lambda's "6 MB" for a synchronous response, as its own error message words it."""


@dataclass(frozen=True)
class Answer:
    """What an invocation came to: JSON, and whether it is a result or an error's description."""

    payload: bytes
    is_error: bool = False

    @classmethod
    def error(cls, error_type: str, message: str) -> Answer:
        """An error that Lambda itself reports, not the function."""
        described = {"errorType": error_type, "errorMessage": message}
        return cls(json.dumps(described).encode(), is_error=True)


@dataclass
class _Invocation:
    request_id: str
    payload: bytes
    taken: threading.Event = field(default_factory=threading.Event)
    answer: Future[Answer] = field(default_factory=Future)

    def finish(self, answer: Answer) -> None:
        """Set the answer, if none is set."""
        with suppress(InvalidStateError):
            self.answer.set_result(answer)
        self.taken.set()


class Sandbox:
    """A process that runs one function's handler, one invocation at a time.

    Once its process has failed in a way that ends it, a sandbox stays broken: start another.

    Parameters
    ----------
    function
        What to run.
    aws
        Variables that give every function its credentials, region and endpoints.
    log
        Takes the process's output.
    """

    def __init__(self, function: FunctionConfig, aws: Mapping[str, str], log: Log) -> None:
        self._function = function
        self._inbox: SimpleQueue[_Invocation | None] = SimpleQueue()
        self._current: _Invocation | None = None
        self._broken: Answer | None = None
        self._lock = threading.Lock()
        self._server = Server(self._runtime_api, bind(0), log)
        self._child = Child(
            [*function.runtime, function.handler],
            environment={**self._lambda_environment(), **aws, **function.environment},
            folder=function.path[0],
            log=log,
            on_exit=self._exited,
        )

    def _lambda_environment(self) -> dict[str, str]:
        function = self._function
        return {
            "AWS_LAMBDA_RUNTIME_API": f"{self._server.host}:{self._server.port}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
            "AWS_REGION": REGION,
            "LAMBDA_TASK_ROOT": str(function.path[0]),
            "PYTHONPATH": ":".join(str(folder) for folder in function.path),
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }

    @property
    def usable(self) -> bool:
        """Whether the process can take another invocation."""
        return self._broken is None

    def invoke(self, payload: bytes, request_id: str) -> Answer:
        """Run the handler on one event, within the function's time-out."""
        invocation = _Invocation(request_id, payload)
        with self._lock:
            if self._broken:
                return self._broken
            self._current = invocation
        self._inbox.put(invocation)
        try:
            # The clock starts when the runtime takes the event: importing the handler is "init".
            if not invocation.taken.wait(self._function.init_timeout_s):
                return self._time_out(request_id, self._function.init_timeout_s)
            return invocation.answer.result(self._function.timeout_s)
        except TimeoutError:
            return self._time_out(request_id, self._function.timeout_s)
        finally:
            self._current = None

    def stop(self) -> None:
        """End the process and its Runtime API."""
        self._child.stop()
        self._server.stop()

    def _time_out(self, request_id: str, seconds: float) -> Answer:
        return self._break(
            Answer.error(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
            )
        )

    def _break(self, answer: Answer) -> Answer:
        """Take no more invocations; the one in flight gets ``answer`` if it has none."""
        with self._lock:
            self._broken = self._broken or answer
            current = self._current
        if current:
            current.finish(answer)
        self._inbox.put(None)
        return answer

    def _exited(self, status: int) -> None:
        current = self._current
        if status < 0:
            reason = f"Runtime exited with error: signal: {signal.Signals(-status).name}"
        elif status > 0:
            reason = f"Runtime exited with error: exit status {status}"
        else:
            reason = "Runtime exited without providing a reason"
        request = f"RequestId: {current.request_id} " if current else ""
        self._break(Answer.error("Runtime.ExitError", f"{request}Error: {reason}"))

    def _runtime_api(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        request = Request(environ)
        match request.path.removeprefix(RUNTIME_API).split("/")[1:]:
            case ["invocation", "next"]:
                response = self._next()
            case ["invocation", request_id, "response"]:
                response = self._responded(request_id, request.get_data())
            case ["invocation", request_id, "error"]:
                response = self._finish(request_id, Answer(request.get_data(), is_error=True))
            case ["init", "error"]:
                self._break(Answer(request.get_data(), is_error=True))
                response = Response(status=202)
            case _:
                response = Response(status=404)
        return response(environ, start_response)

    def _next(self) -> Response:
        invocation = self._inbox.get()
        if invocation is None:
            return Response(status=410)
        deadline_ms = round((time.time() + self._function.timeout_s) * 1000)
        invocation.taken.set()
        return Response(
            invocation.payload,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": self._function.arn,
            },
        )

    def _responded(self, request_id: str, payload: bytes) -> Response:
        if len(payload) <= RESPONSE_LIMIT_BYTES:
            return self._finish(request_id, Answer(payload))
        self._break(
            Answer.error(
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size "
                f"({RESPONSE_LIMIT_BYTES} bytes).",
            )
        )
        return Response(status=413)

    def _finish(self, request_id: str, answer: Answer) -> Response:
        current = self._current
        if current is None or current.request_id != request_id:
            return Response(status=400)
        current.finish(answer)
        return Response(status=202)
