"""What API Gateway does in front of the app, and Chalice's own `LocalGateway` does not.

Checks the API key and the body's size, puts chunked bodies together, stops waiting after 29 s, and
words its own refusals in the product's envelope (on AWS: the API's gateway responses).
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from chalice.local import ForbiddenError, LocalGateway
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from chalicelib.errors import FieldProblem, HypermobError, InvalidInputError, preferred_language
from chalicelib.openapi import OPERATIONS
from infra.gateway_responses import KEYLESS_ROUTES, RESPONSES, headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""What API Gateway forwards; the rest it calls an unknown route."""
BODY_LIMIT_BYTES = 10 * 1024 * 1024
EVENT_LIMIT_BYTES = 6 * 1024 * 1024
"""A Lambda event, which carries the body as a JSON string."""
INTEGRATION_TIMEOUT_S = 29.0
AT_ONCE = 32
"""Requests that the app may be answering: a machine's own size of API Gateway's throttling. Enough
for all that may wait for the measure function; more would only wait longer."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class _Refused(Exception):  # noqa: N818 - not an error here: an answer
    def __init__(self, refusal: str | HypermobError) -> None:
        self.error = RESPONSES[refusal] if isinstance(refusal, str) else refusal


class Gateway:
    """The WSGI application on the public port.

    Parameters
    ----------
    app
        What answers the requests that pass.
    api_key
        The one key that is let through.
    log
        Takes one line a request.
    timeout_s
        How long the app may take.
    at_once
        How many requests it may be answering; one that took too long is answered still.
    """

    def __init__(
        self,
        app: LocalGateway,
        api_key: str,
        log: Callable[[str], object],
        timeout_s: float = INTEGRATION_TIMEOUT_S,
        at_once: int = AT_ONCE,
    ) -> None:
        self._app = app
        self._api_key = api_key.encode()
        self._log = log
        self._timeout_s = timeout_s
        self._room = threading.BoundedSemaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        began = time.perf_counter()
        try:
            if request.method not in METHODS:
                raise _Refused("MISSING_AUTHENTICATION_TOKEN")
            self._check_key(request)
            response = self._respond(request, _target(request), _headers(request), _body(request))
        except _Refused as refused:
            response = _envelope(refused.error, request.headers.get("Accept-Language"))
        took_ms = (time.perf_counter() - began) * 1000
        self._log(f"{request.method} {request.path} {response.status_code} {took_ms:.0f} ms")
        return response(environ, start_response)

    def _check_key(self, request: Request) -> None:
        if request.method == "OPTIONS" or (request.method, request.path) in KEYLESS_ROUTES:
            return
        given = request.headers.get("X-API-Key", "").encode()
        if not hmac.compare_digest(given, self._api_key):
            # API Gateway knows no path, and asks for no key, where there is no route.
            known = _is_route(request.method, request.path)
            raise _Refused("INVALID_API_KEY" if known else "MISSING_AUTHENTICATION_TOKEN")

    def _respond(
        self, request: Request, target: str, headers: dict[str, str], body: bytes
    ) -> Response:
        if not self._room.acquire(blocking=False):
            raise _Refused("THROTTLED")
        answering = self._threads.submit(
            self._app.handle_request, request.method, target, headers, body or None
        )
        answering.add_done_callback(lambda _: self._room.release())
        wait([answering], self._timeout_s)
        if not answering.done():
            raise _Refused("INTEGRATION_TIMEOUT")
        try:
            return _response(answering.result())
        except (ForbiddenError, UnicodeEncodeError):
            # Chalice's answer where there is no route; it quotes Authorization, as ASCII.
            raise _Refused("MISSING_AUTHENTICATION_TOKEN") from None
        except Exception:
            self._log(traceback.format_exc())
            raise _Refused("DEFAULT_5XX") from None


def _target(request: Request) -> str:
    """The path and query as the client wrote them: percent-encoding is the app's to read."""
    target: str = request.environ["RAW_URI"]
    if not (target.startswith("/") and target.isascii() and "#" not in target):
        raise _Refused(
            InvalidInputError(
                FieldProblem("path", "a path, percent-encoded", "퍼센트 인코딩된 경로")
            )
        )
    return target


def _headers(request: Request) -> dict[str, str]:
    headers = dict(request.headers.items())
    if any(map(_CONTROL.search, headers.values())):  # AWS's own front refuses them too
        raise _Refused(
            InvalidInputError(
                FieldProblem("headers", "no control characters", "제어 문자가 없는 헤더")
            )
        )
    return headers


def _response(answer: dict[str, Any]) -> Response:
    """HTTP response of a Lambda proxy integration's."""
    body = answer["body"]
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body
    response = Response(content, answer["statusCode"], content_type="application/json")
    for name, value in {**answer["headers"], **answer["multiValueHeaders"]}.items():
        if isinstance(value, list):
            response.headers.setlist(name, value)
        else:
            response.headers[name] = value
    return response


def _is_route(method: str, path: str) -> bool:
    """Whether the API has such a route that asks for a key."""
    return any(
        method == operation.method.upper()
        and re.fullmatch(re.sub(r"{\w+}", "[^/]+", operation.path), path)
        for operation in OPERATIONS
    )


def _body(request: Request) -> bytes:
    request.max_content_length = BODY_LIMIT_BYTES
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        raise _Refused("REQUEST_TOO_LARGE") from None
    except ClientDisconnected:  # or its chunks are none
        raise _Refused(
            InvalidInputError(FieldProblem("body", "whole chunks", "올바른 청크 인코딩"))
        ) from None
    if len(body) * 6 > EVENT_LIMIT_BYTES:  # a control character takes six bytes: \u0000
        as_string = json.dumps(body.decode("utf-8", "replace"), ensure_ascii=False)
        if len(as_string.encode()) > EVENT_LIMIT_BYTES:
            raise _Refused("REQUEST_TOO_LARGE")
    return body


def _envelope(error: HypermobError, accept_language: str | None) -> Response:
    described = {
        **error.to_dict(preferred_language(accept_language)),
        "request_id": str(uuid.uuid4()),
    }
    return Response(
        json.dumps({"status": "error", "error": described}, ensure_ascii=False),
        error.status,
        headers(error),
        content_type="application/json; charset=utf-8",
    )
