"""``python -m local.gateway_responses REST_API_ID STAGE``: API Gateway's own refusals in our words.

API Gateway answers a missing key, a throttled client or an unknown path itself, as ``{"message"}``
and without CORS headers, which a page then cannot read. Chalice cannot set that, and its next
deployment resets it. Templates there cannot choose a language, so the message has both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

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


def main() -> None:
    """Set every response and deploy the stage again, which is when they take effect."""
    rest_api_id, stage = sys.argv[1:]
    client = boto3.client("apigateway")
    for kind, error in RESPONSES.items():
        client.put_gateway_response(
            restApiId=rest_api_id,
            responseType=kind,  # type: ignore[arg-type, unused-ignore]
            statusCode=str(error.status),
            responseParameters={
                f"gatewayresponse.header.{name}": f"'{value}'"
                for name, value in headers(error).items()
            },
            responseTemplates={"application/json": template(error)},
        )
    client.create_deployment(restApiId=rest_api_id, stageName=stage)


if __name__ == "__main__":
    main()
