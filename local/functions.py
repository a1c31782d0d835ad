"""Lambda's Invoke API over sandboxes: concurrency, throttling, retries of events, payload limits.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from local.config import FunctionConfig
from local.processes import Log
from local.sandbox import Answer, Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REQUEST_LIMIT_BYTES = 6 * 1024 * 1024
EVENT_LIMIT_BYTES = 1024 * 1024
QUALIFIERS = ("", "$LATEST", "live")
"""What there is of a function here, as ``infra/measure.yaml`` has it: no numbered version."""


class ThrottledError(Exception):
    """Every process is busy and enough calls wait already."""


class Function:
    """A function's sandboxes: started as needed up to its concurrency, replaced when they break."""

    def __init__(self, config: FunctionConfig, aws: Mapping[str, str], log: Log) -> None:
        self.config = config
        self._aws = aws
        self._log = log
        self._idle: list[Sandbox] = []
        self._started: set[Sandbox] = set()
        self._waiting = 0
        self._stopped = False
        self._changed = threading.Condition()
        for _ in range(config.warm):
            self._idle.append(self._start())

    def invoke(self, payload: bytes, request_id: str) -> Answer:
        """Run one event and wait for its answer.

        Raises
        ------
        ThrottledError
            No process is free and the queue is full.
        """
        with self._changed:
            if self._waiting >= self.config.queue and not self._has_room():
                raise ThrottledError(self.config.name)
        return self._run(payload, request_id)

    def deliver(self, payload: bytes, request_id: str) -> None:
        """Run one event in the background; if it fails, again, as often as Lambda does."""

        def attempts() -> None:
            for delay_s in (*self.config.retry_delays_s, None):
                answer = self._run(payload, request_id)
                if not answer.is_error or self._stopped:
                    return
                self._log.write(f"event {request_id} failed: {answer.payload.decode()}")
                if delay_s is not None:
                    time.sleep(delay_s)

        threading.Thread(target=attempts, daemon=True).start()

    def stop(self) -> None:
        """End every process; calls in flight get an error."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for sandbox in list(self._started):
            sandbox.stop()

    def _run(self, payload: bytes, request_id: str) -> Answer:
        sandbox = self._take()
        if sandbox is None:
            return Answer.error("Function.Stopped", "The local stack is stopping.")
        began = time.perf_counter()
        try:
            answer = sandbox.invoke(payload, request_id)
        finally:
            self._give_back(sandbox)
        outcome = "error" if answer.is_error else "ok"
        took_ms = (time.perf_counter() - began) * 1000
        self._log.write(f"REPORT RequestId: {request_id} Duration: {took_ms:.0f} ms {outcome}")
        return answer

    def _has_room(self) -> bool:
        return bool(self._idle) or len(self._started) < self.config.concurrency

    def _start(self) -> Sandbox:
        sandbox = Sandbox(self.config, self._aws, self._log)
        self._started.add(sandbox)
        return sandbox

    def _take(self) -> Sandbox | None:
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._stopped or self._has_room())
            finally:
                self._waiting -= 1
            if self._stopped:
                return None
            while self._idle:
                sandbox = self._idle.pop()  # the last one used: the warmest
                if sandbox.usable:
                    return sandbox
                self._started.discard(sandbox)
                sandbox.stop()
            return self._start()

    def _give_back(self, sandbox: Sandbox) -> None:
        if not sandbox.usable:
            sandbox.stop()
        with self._changed:
            if sandbox.usable:
                self._idle.append(sandbox)
            else:
                self._started.discard(sandbox)
            self._changed.notify()


class InvokeApi:
    """The WSGI application that the AWS SDK's Lambda client talks to."""

    def __init__(self, functions: Iterable[Function]) -> None:
        self._functions = {function.config.name: function for function in functions}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        match request.path.split("/"):
            case ["", "2015-03-31", "functions", named, "invocations"] if request.method == "POST":
                return self._invoke(named, request)
            case _:
                return _refusal(404, "UnknownOperationException", "Only Invoke is served here.")

    def _invoke(self, named: str, request: Request) -> Response:
        # A name, an ARN, or either with a version: the part that tells functions apart.
        name, _, qualifier = named.split(":function:")[-1].partition(":")
        function = self._functions.get(name)
        if function is None or qualifier not in QUALIFIERS:
            return _refusal(404, "ResourceNotFoundException", f"Function not found: {named}")
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind not in ("RequestResponse", "Event", "DryRun"):
            return _refusal(
                400, "InvalidParameterValueException", f"Not an invocation type: {kind}"
            )
        payload = request.get_data() or b"{}"
        limit = EVENT_LIMIT_BYTES if kind == "Event" else REQUEST_LIMIT_BYTES
        if len(payload) > limit:
            return _refusal(
                413,
                "RequestTooLargeException",
                f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
            )
        try:
            json.loads(payload)
        except ValueError as error:
            return _refusal(400, "InvalidRequestContentException", f"Could not parse: {error}")
        request_id = str(uuid.uuid4())
        if kind == "RequestResponse":
            return _request_response(function, payload, request_id)
        if kind == "Event":
            function.deliver(payload, request_id)
        return _response(202 if kind == "Event" else 204, request_id)


def _request_response(function: Function, payload: bytes, request_id: str) -> Response:
    try:
        answer = function.invoke(payload, request_id)
    except ThrottledError:
        return _refusal(
            429,
            "TooManyRequestsException",
            "Rate Exceeded.",
            Reason="ReservedFunctionConcurrentInvocationLimitExceeded",
        )
    response = _response(200, request_id, answer.payload)
    if answer.is_error:
        response.headers["X-Amz-Function-Error"] = "Unhandled"
    return response


def _response(status: int, request_id: str, payload: bytes = b"") -> Response:
    headers = {"x-amzn-RequestId": request_id, "X-Amz-Executed-Version": "$LATEST"}
    return Response(payload, status, headers, content_type="application/json")


def _refusal(status: int, error_type: str, message: str, **facts: str) -> Response:
    body = {"Type": "User", "message": message, "Message": message, **facts}
    response = _response(status, str(uuid.uuid4()), json.dumps(body).encode())
    response.headers["x-amzn-ErrorType"] = error_type
    return response
