"""``python -m infra.gateway_responses REST_API_ID STAGE``: API Gateway's own refusals in our words.

API Gateway answers a missing key, a throttled client or an unknown path itself, as ``{"message"}``
and without CORS headers, which a page then cannot read. Chalice cannot set that, and its next
deployment resets it. Templates there cannot choose a language, so the message has both. Here too:
how often routes without a key may be called, which no usage plan limits.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import boto3

from chalicelib.contracts import MAX_BODY_BYTES
from chalicelib.errors import (
    ForbiddenError,
    GatewayTimeoutError,
    HypermobError,
    NotFoundError,
    QuotaExceededError,
    RequestBlockedError,
    RequestTooLargeError,
    ServiceUnavailableError,
    TooManyRequestsError,
    UnsupportedMediaTypeError,
)

KEYLESS_ROUTES = (
    ("GET", "/"),
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/vss/overlay.vspec"),
    ("GET", "/sw.js"),
    ("GET", "/app.webmanifest"),
    ("GET", "/icon.svg"),
)
"""Routes that ask for no key, so that no usage plan limits them."""
KEYLESS_RATE, KEYLESS_BURST = 10, 20
"""Requests a second, and at once, to each of these by all callers together. ``/health?deep=1``
calls S3 and Lambda; a page is loaded once a visit."""

RESPONSES: Mapping[str, HypermobError] = {
    "ACCESS_DENIED": ForbiddenError(),
    "INVALID_API_KEY": ForbiddenError(),
    "MISSING_AUTHENTICATION_TOKEN": NotFoundError(),  # API Gateway's name for an unknown path
    "THROTTLED": TooManyRequestsError(),
    "QUOTA_EXCEEDED": QuotaExceededError(),
    "WAF_FILTERED": RequestBlockedError(),
    "REQUEST_TOO_LARGE": RequestTooLargeError(max_bytes=MAX_BODY_BYTES),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaTypeError(),
    "INTEGRATION_TIMEOUT": GatewayTimeoutError(),
    # Also where Lambda throttles the app: API Gateway's own word for that is 500.
    "INTEGRATION_FAILURE": ServiceUnavailableError(parts="api"),
    "DEFAULT_5XX": HypermobError(),
}

HEADERS = {
    # As on every answer of the app; and any page may read why it was refused.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
}


def headers(error: HypermobError) -> dict[str, str]:
    """Headers of a refusal."""
    if error.retry_after_s is None:
        return HEADERS
    return HEADERS | {"Retry-After": str(error.retry_after_s)}


def template(error: HypermobError) -> str:
    """The error's envelope, with API Gateway's request id."""
    described = error.to_dict() | {
        "message": f"{error.message('en')} {error.message('ko')}",
        "request_id": "$context.requestId",
    }
    return json.dumps({"status": "error", "error": described}, ensure_ascii=False)


def set_responses(client: Any, rest_api_id: str, stage: str) -> None:
    """Set every response and deploy the stage again, which is when they take effect.

    ``client`` is an API Gateway client of boto3.
    """
    for kind, error in RESPONSES.items():
        parameters = {
            f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers(error).items()
        }
        client.put_gateway_response(
            restApiId=rest_api_id,
            responseType=kind,
            statusCode=str(error.status),
            responseParameters=parameters,
            responseTemplates={"application/json": template(error)},
        )
    client.create_deployment(restApiId=rest_api_id, stageName=stage)


def set_throttling(client: Any, rest_api_id: str, stage: str, rate: int, burst: int) -> None:
    """Limit a stage: ``rate`` requests a second and ``burst`` at once, and keyless routes less.

    A key's usage plan limits that key; this limits all callers together, also those without a key.
    The method's own settings stay with the stage when it is deployed again.
    """
    settings = {"*/*": (rate, burst)}
    for method, path in KEYLESS_ROUTES:
        settings[f"{path.replace('/', '~1')}/{method}"] = (KEYLESS_RATE, KEYLESS_BURST)
    client.update_stage(
        restApiId=rest_api_id,
        stageName=stage,
        patchOperations=[
            {"op": "replace", "path": f"/{where}/throttling/{name}", "value": str(value)}
            for where, limits in settings.items()
            for name, value in zip(("rateLimit", "burstLimit"), limits, strict=True)
        ],
    )


def set_tracing(client: Any, rest_api_id: str, stage: str, *, active: bool) -> None:
    """Have X-Ray trace a stage's requests, or not."""
    change = {"op": "replace", "path": "/tracingEnabled", "value": str(active).lower()}
    client.update_stage(restApiId=rest_api_id, stageName=stage, patchOperations=[change])


def main() -> None:
    """Set an API's responses and what its routes without a key may be called."""
    rest_api_id, stage = sys.argv[1:]
    client = boto3.client("apigateway")
    set_responses(client, rest_api_id, stage)
    set_throttling(client, rest_api_id, stage, rate=100, burst=200)


if __name__ == "__main__":
    main()
