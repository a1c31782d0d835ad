"""A proxy before S3, SQS and Lambda, which answers as they do on their bad days.

Each fault is one that AWS documents and its SDKs meet: late answers, connections that are reset
before or after the call was carried out, 500 and 503 SlowDown, throttling, bodies that break off,
and a clock that S3 finds too far from its own.
"""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

import httpx
from werkzeug.wrappers import Request, Response

from local.server import Server, bind

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LATE: Final = "late"
RESET_BEFORE: Final = "reset before"
RESET_AFTER: Final = "reset after"
BROKEN_OFF: Final = "body broken off"
SLOW_DOWN: Final = "503 SlowDown"
INTERNAL: Final = "500"
SKEWED: Final = "clock skew"
THROTTLED: Final = "throttled"

FAULTS: Final = {
    "s3": (LATE, RESET_BEFORE, RESET_AFTER, BROKEN_OFF, SLOW_DOWN, INTERNAL, SKEWED),
    "sqs": (LATE, RESET_BEFORE, RESET_AFTER, INTERNAL),
    "lambda": (LATE, RESET_BEFORE, RESET_AFTER, BROKEN_OFF, INTERNAL, THROTTLED),
}
LATE_S: Final = (0.05, 1.0)
_ONE_HOP: Final = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "expect",
    "content-length",
}


@dataclass(frozen=True)
class _Refusal:
    status: int
    code: str


_REFUSALS: Final = {
    SLOW_DOWN: _Refusal(503, "SlowDown"),
    INTERNAL: _Refusal(500, "InternalError"),
    SKEWED: _Refusal(403, "RequestTimeTooSkewed"),
    THROTTLED: _Refusal(429, "TooManyRequestsException"),
}


class FaultProxy:
    """Forwards to one endpoint, and injects a fault into a share of the requests.

    Attributes
    ----------
    share
        Of requests that meet a fault; 0 forwards everything.
    injected
        Faults so far, by ``(service, fault)``.
    invoked
        Calls that reached Lambda, by the ``measurement_id`` in their payload.
    """

    def __init__(self, upstream: str, seed: int) -> None:
        self.share = 0.0
        self.injected: Counter[tuple[str, str]] = Counter()
        self.invoked: Counter[str] = Counter()
        self._upstream = upstream
        self._random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._lock = threading.Lock()
        self._client = httpx.Client(
            timeout=400,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )
        self._server = Server(self, bind(0))
        self.url = self._server.url

    def stop(self) -> None:
        """Take no more requests; those in flight end by themselves."""
        self._server.stop()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or not."""
        request = Request(environ)
        service = _service(request)
        fault = self._fault(service, signed="Authorization" in request.headers)
        if fault == LATE:
            time.sleep(self._random.uniform(*LATE_S))
        elif fault == RESET_BEFORE:
            _reset(environ)
        elif fault in _REFUSALS:
            return _refused(_REFUSALS[fault], service)(environ, start_response)
        response = self._forward(request, service)
        if fault == RESET_AFTER:
            _reset(environ)
        if fault == BROKEN_OFF and request.method != "HEAD":
            response.response = _half(response.get_data(), environ)
        return response(environ, start_response)

    def _fault(self, service: str, *, signed: bool) -> str | None:
        with self._lock:
            if self._random.random() >= self.share:
                return None
            fault = self._random.choice(FAULTS[service])
            if fault == SKEWED and not signed:  # a form carries no time of its sender
                return None
            self.injected[service, fault] += 1
            return fault

    def _forward(self, request: Request, service: str) -> Response:
        body = request.get_data()
        if service == "lambda":
            measurement_id = json.loads(body or b"{}").get("measurement_id")
            with self._lock:
                self.invoked[measurement_id] += measurement_id is not None
        path = request.environ["RAW_URI"].encode("latin-1")
        forwarded = httpx.Request(
            request.method,
            httpx.URL(self._upstream).copy_with(raw_path=path),
            headers=[(k, v) for k, v in request.headers.items() if k.lower() not in _ONE_HOP],
            content=body,
        )
        try:
            answer = self._client.send(forwarded, stream=True)
            try:
                content = b"".join(answer.iter_raw())
            finally:
                answer.close()
        except httpx.TransportError:  # it has stopped
            _reset(request.environ)
        response = Response(content, answer.status_code)
        response.headers.clear()
        for name, value in answer.headers.multi_items():
            if name.lower() not in _ONE_HOP:
                response.headers.add(name, value)
        # A HEAD's length is that of the body which it does not have.
        length = answer.headers.get("content-length") if request.method == "HEAD" else None
        response.headers["Content-Length"] = length or str(len(content))
        return response


def _service(request: Request) -> str:
    if request.path.startswith("/2015-03-31/functions/"):
        return "lambda"
    target = request.headers.get("X-Amz-Target", "")
    return "sqs" if target.startswith("AmazonSQS") else "s3"


def _reset(environ: WSGIEnvironment) -> NoReturn:
    """End the connection without an answer, as a router that forgot it does."""
    connection: socket.socket = environ["werkzeug.socket"]
    # Werkzeug would otherwise keep it open, and wait for the next request.
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


def _half(content: bytes, environ: WSGIEnvironment) -> Iterator[bytes]:
    yield content[: len(content) // 2]
    _reset(environ)


def _refused(refusal: _Refusal, service: str) -> Response:
    if service == "s3":
        body = f"<Error><Code>{refusal.code}</Code><Message>injected</Message></Error>"
        return Response(body, refusal.status, content_type="application/xml")
    body = json.dumps({"__type": refusal.code, "Type": "User", "message": "injected"})
    response = Response(body, refusal.status, content_type="application/json")
    response.headers["x-amzn-ErrorType"] = refusal.code
    return response
