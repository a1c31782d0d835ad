"""What API Gateway does in front of the Chalice function, since ``chalice local`` does not.

Checks the API key and the body's size, puts chunked bodies together, cuts at 29 s, and words its
own refusals in the product's envelope (on AWS: the API's gateway responses).
"""

from __future__ import annotations

import hmac
import json
import re
import threading
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import httpx
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from chalicelib.errors import (
    FieldProblem,
    HypermobError,
    InvalidInputError,
    preferred_language,
)
from chalicelib.openapi import OPERATIONS
from infra.gateway_responses import KEYLESS_ROUTES, RESPONSES, headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from local.processes import Log

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""What API Gateway forwards; the rest it calls an unknown route."""
BODY_LIMIT_BYTES = 10 * 1024 * 1024
EVENT_LIMIT_BYTES = 6 * 1024 * 1024
"""A Lambda event, which carries the body as a JSON string."""
INTEGRATION_TIMEOUT_S = 29.0
AT_ONCE = 32
"""Requests that the app may be answering: a machine's own size of API Gateway's throttling. Enough
for all that may wait for the measure function; more would only wait longer."""

_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}


class _Refused(Exception):  # noqa: N818 - not an error here: an answer
    def __init__(self, refusal: str | HypermobError) -> None:
        self.error = RESPONSES[refusal] if isinstance(refusal, str) else refusal


class Gateway:
    """The WSGI application on the public port.

    Parameters
    ----------
    upstream
        Where ``chalice local`` listens.
    api_key
        The one key that is let through.
    log
        Takes one line a request.
    timeout_s
        How long the app may take.
    at_once
        How many requests it may be answering.
    """

    def __init__(
        self,
        upstream: str,
        api_key: str,
        log: Log,
        timeout_s: float = INTEGRATION_TIMEOUT_S,
        at_once: int = AT_ONCE,
    ) -> None:
        self._upstream = upstream
        self._api_key = api_key.encode()
        self._log = log
        self._room = threading.BoundedSemaphore(at_once)
        # A connection for each request: chalice local answers in two writes, which on a kept-alive
        # connection meet Nagle and delayed acknowledgement, 40 ms a time.
        self._client = httpx.Client(
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        began = time.perf_counter()
        try:
            if request.method not in METHODS:
                raise _Refused("MISSING_AUTHENTICATION_TOKEN")
            self._check_key(request)
            response = self._forward_if_room(request, _body(request))
        except _Refused as refused:
            response = _envelope(refused.error, request.headers.get("Accept-Language"))
        took_ms = (time.perf_counter() - began) * 1000
        self._log.write(f"{request.method} {request.path} {response.status_code} {took_ms:.0f} ms")
        return response(environ, start_response)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _check_key(self, request: Request) -> None:
        if request.method == "OPTIONS" or (request.method, request.path) in KEYLESS_ROUTES:
            return
        given = request.headers.get("X-API-Key", "").encode()
        if not hmac.compare_digest(given, self._api_key):
            # API Gateway knows no path, and asks for no key, where there is no route.
            known = _is_route(request.method, request.path)
            raise _Refused("INVALID_API_KEY" if known else "MISSING_AUTHENTICATION_TOKEN")

    def _forward_if_room(self, request: Request, body: bytes) -> Response:
        if not self._room.acquire(blocking=False):
            raise _Refused("THROTTLED")
        try:
            return self._forward(request, body)
        finally:
            self._room.release()

    def _forward(self, request: Request, body: bytes) -> Response:
        target = request.environ["RAW_URI"]
        if not (target.startswith("/") and target.isascii() and "#" not in target):
            raise _Refused(
                InvalidInputError(
                    FieldProblem("path", "a path, percent-encoded", "퍼센트 인코딩된 경로")
                )
            )
        # The target as the client wrote it: percent-encoding is the app's to read.
        forwarded = httpx.Request(
            request.method,
            httpx.URL(self._upstream).copy_with(raw_path=target.encode()),
            headers=[
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.items()
                if name.lower() not in {*_ONE_HOP, "content-length"}
            ],
            content=body or None,
        )
        try:
            answer = self._client.send(forwarded, stream=True)
            try:
                content = b"".join(answer.iter_raw())
            finally:
                answer.close()
        except httpx.TimeoutException:
            raise _Refused("INTEGRATION_TIMEOUT") from None
        except httpx.LocalProtocolError:  # it cannot be sent on; AWS's own front refuses it too
            raise _Refused(
                InvalidInputError(
                    FieldProblem("headers", "no control characters", "제어 문자가 없는 헤더")
                )
            ) from None
        except httpx.HTTPError as error:
            self._log.write(f"no answer from the app: {error}")
            raise _Refused("INTEGRATION_FAILURE") from None
        if answer.status_code == 403 and "x-amzn-errortype" in answer.headers:
            raise _Refused("MISSING_AUTHENTICATION_TOKEN")  # chalice local's answer, not the app's
        response = Response(content, answer.status_code)
        response.headers.clear()
        for name, value in answer.headers.multi_items():
            if name.lower() not in _ONE_HOP:
                response.headers.add(name, value)
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
