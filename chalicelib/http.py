"""What every route shares: the envelope, errors in the client's language, CORS.

The one module beside ``app.py`` that knows Chalice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from chalice import Chalice, Response

from chalicelib.errors import (
    HypermobError,
    MethodNotAllowedError,
    NoCredentialsError,
    NotFoundError,
    ServiceUnavailableError,
    UnsupportedMediaTypeError,
    preferred_language,
)
from chalicelib.storage import is_out_of_reach, is_without_credentials
from chalicelib.telemetry import telemetry

JSON = "application/json"
CORS_ALLOW_HEADERS = "Accept-Language,Authorization,Content-Type,Idempotency-Key,Prefer,X-API-Key"
CORS_EXPOSE_HEADERS = "Location,Retry-After"
CORS_MAX_AGE_S = 7200

# Chalice answers these by itself, before a view runs.
_CHALICE_ERRORS: Mapping[int, type[HypermobError]] = {
    404: NotFoundError,
    405: MethodNotAllowedError,
    415: UnsupportedMediaTypeError,
}


@dataclass(frozen=True)
class Answer:
    """What a view answers when status 200 and no headers do not say it all."""

    data: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def add_envelope(app: Chalice, cors_origins: tuple[str, ...]) -> Callable[..., Any]:
    """Give ``app`` the envelope and CORS; return the decorator that its views wear.

    Parameters
    ----------
    app : Chalice
        Gets a middleware that adds CORS headers and puts Chalice's own errors in the envelope.
    cors_origins : tuple of str
        Origins whose pages may read the answers.

    Returns
    -------
    callable
        Turns what a view returns (data or an `Answer`) into ``{"status": "success", "data"}``, and
        what it raises into ``{"status": "error", "error"}``. Anything but a `HypermobError` is
        logged and answered as ``INTERNAL_ERROR`` (or ``SERVICE_UNAVAILABLE``, when S3 failed),
        without its text.
    """

    def respond_with(view: Callable[..., Any]) -> Callable[..., Response]:
        @functools.wraps(view)
        def respond(**path: str) -> Response:
            try:
                result = view(**path)
            except HypermobError as error:
                telemetry().count_refusal(error.code)
                return _error_response(app, error)
            except Exception as error:
                app.log.exception("request %s failed", request_id(app))
                own = HypermobError()
                if is_without_credentials(error):
                    own = NoCredentialsError()
                elif is_out_of_reach(error):
                    own = ServiceUnavailableError(parts="storage")
                telemetry().count_refusal(own.code)
                return _error_response(app, own)
            answer = result if isinstance(result, Answer) else Answer(result)
            body = {"status": "success", "data": answer.data}
            return Response(
                msgspec.json.encode(body).decode(),
                status_code=answer.status,
                headers={"Content-Type": JSON, **answer.headers},
            )

        return respond

    @app.middleware("http")  # type: ignore[untyped-decorator, unused-ignore]
    def finish(event: Any, get_response: Callable[[Any], Response]) -> Response:
        response = get_response(event)
        if isinstance(response.body, dict) and "Code" in response.body:
            own = _CHALICE_ERRORS.get(response.status_code, HypermobError)
            allow = {k: v for k, v in response.headers.items() if k == "Allow"}
            response = _error_response(app, own())
            response.headers |= allow
        response.headers.setdefault("Cache-Control", "no-store")
        if app.current_request is not None and app.current_request.method == "HEAD":
            response.body = ""  # RFC 9110: as GET, without it
        response.headers |= {
            "X-Content-Type-Options": "nosniff",
            **_cors_headers(app, cors_origins),
        }
        return response

    return respond_with


def add_preflight(app: Chalice) -> None:
    """Answer OPTIONS on every route, without a key, as browsers ask before a call.

    Chalice's own CORS support names a single origin; this names whichever of the allowed ones asks.
    """

    def preflight(**_path: str) -> Response:
        return Response("", status_code=204, headers={"Content-Type": JSON})

    for path in list(app.routes):
        app.route(path, methods=["OPTIONS"], name="preflight")(preflight)


def request_id(app: Chalice) -> str:
    """Id of the current request, as API Gateway (or, without one, Lambda) names it."""
    request = app.current_request
    named = request.context.get("requestId") if request else None
    return str(named or getattr(app.lambda_context, "aws_request_id", "local"))


def _error_response(app: Chalice, error: HypermobError) -> Response:
    language = preferred_language(app.current_request.headers.get("accept-language"))
    body = {
        "status": "error",
        "error": {**error.to_dict(language), "request_id": request_id(app)},
    }
    headers = {"Content-Type": JSON, "Content-Language": language}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(msgspec.json.encode(body).decode(), status_code=error.status, headers=headers)


def _cors_headers(app: Chalice, origins: tuple[str, ...]) -> dict[str, str]:
    vary = {"Vary": "Origin, Accept-Language"}
    request = app.current_request
    origin = request.headers.get("origin") if request else None
    if origin not in origins:
        return vary
    return vary | {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Headers": CORS_ALLOW_HEADERS,
        "Access-Control-Allow-Methods": "GET,POST,DELETE,OPTIONS",
        "Access-Control-Expose-Headers": CORS_EXPOSE_HEADERS,
        "Access-Control-Max-Age": str(CORS_MAX_AGE_S),
    }
