"""What S3 refuses and moto takes: upload forms, presigned addresses, callers without a signature.

Upload forms: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
Presigned addresses: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

SECRETS: Mapping[str, str] = {"local": "local"}
"""Secret keys by access key: the local stack has one caller."""
ALGORITHM = "AWS4-HMAC-SHA256"
BEFORE_FILE_LIMIT_BYTES = 20_000
"""Of an upload form, all that is not the file."""
UNCHECKED_FIELDS = ("policy", "x-amz-signature", "file")
"""Fields that no condition has to name; nor those that start with ``x-ignore-``."""


class S3RefusalError(Exception):
    """S3 would refuse: HTTP status, S3's own code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def signature(secret: str, scope: str, text: str) -> str:
    """Signature (version 4) of ``text`` in hexadecimal; ``scope`` is date/region/service/kind."""
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def check_form(
    fields: Mapping[str, str], files: Sequence[bytes], bucket: str, region: str, now: datetime
) -> None:
    """Check an upload form as S3 does.

    Parameters
    ----------
    fields
        All of the form but the file.
    files
        What was sent as ``file``.
    bucket, region
        Where the form was posted to.
    now
        With its time zone.

    Raises
    ------
    S3RefusalError
        A wrong signature, a form that has ended, a field that its policy does not permit, or a
        file outside the permitted sizes.
    """
    form = {name.lower(): value for name, value in fields.items()}
    if sum(len(name) + len(value.encode()) for name, value in form.items()) > (
        BEFORE_FILE_LIMIT_BYTES
    ):
        raise S3RefusalError(
            400,
            "MaxPostPreDataLengthExceeded",
            "Your POST request fields preceding the upload file were too large.",
        )
    if "key" not in form:
        raise S3RefusalError(
            400, "InvalidArgument", "Bucket POST must contain a field named 'key'."
        )
    if len(files) != 1:
        raise S3RefusalError(
            400, "InvalidArgument", "POST requires exactly one file upload per request."
        )
    if "policy" not in form:
        raise S3RefusalError(403, "AccessDenied", "Access Denied")
    _check_signature(form, region)
    policy = _policy(form["policy"])
    if datetime.fromisoformat(policy["expiration"]) < now:
        raise _invalid("Policy expired.")
    _check_conditions(policy["conditions"], {**form, "bucket": bucket}, len(files[0]))


def _check_signature(form: Mapping[str, str], region: str) -> None:
    for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"):
        if name not in form:
            raise S3RefusalError(
                400, "InvalidArgument", f"Bucket POST must contain a field named '{name}'."
            )
    if form["x-amz-algorithm"] != ALGORITHM:
        raise S3RefusalError(400, "InvalidArgument", f"X-Amz-Algorithm only supports {ALGORITHM}")
    secret, scope = _caller(form["x-amz-credential"], region)
    expected = signature(secret, scope, form["policy"])
    if not hmac.compare_digest(expected, form["x-amz-signature"]):
        raise _mismatch()


def _caller(credential: str, region: str) -> tuple[str, str]:
    """Secret key and scope of a credential field."""
    access_key, _, scope = credential.partition("/")
    if access_key not in SECRETS:
        raise S3RefusalError(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        )
    if scope.split("/")[1:] != [region, "s3", "aws4_request"]:
        raise S3RefusalError(
            400,
            "AuthorizationQueryParametersError",
            f"The credential's scope is not of the region '{region}' and the service 's3'.",
        )
    return SECRETS[access_key], scope


def _policy(encoded: str) -> dict[str, Any]:
    try:
        policy: dict[str, Any] = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise S3RefusalError(
            400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON."
        ) from None
    return policy


def _check_conditions(conditions: Sequence[Any], form: Mapping[str, str], size_bytes: int) -> None:
    named = set(UNCHECKED_FIELDS)
    for condition in conditions:
        if isinstance(condition, dict):
            [(name, wanted)] = condition.items()
            condition = ["eq", f"${name}", wanted]
        match condition:
            case ["content-length-range", least, most]:
                if size_bytes > int(most):
                    raise S3RefusalError(
                        400,
                        "EntityTooLarge",
                        "Your proposed upload exceeds the maximum allowed size",
                    )
                if size_bytes < int(least):
                    raise S3RefusalError(
                        400,
                        "EntityTooSmall",
                        "Your proposed upload is smaller than the minimum allowed size",
                    )
            case ["eq" | "starts-with" as kind, str(dollar_name), str(wanted)]:
                name = dollar_name.removeprefix("$").lower()
                named.add(name)
                given = form.get(name, "")
                met = given == wanted if kind == "eq" else given.startswith(wanted)
                if not met:
                    raise _invalid(f"Policy Condition failed: {json.dumps(condition)}")
            case _:
                raise S3RefusalError(
                    400, "InvalidPolicyDocument", f"Invalid Policy: {json.dumps(condition)}"
                )
    extra = [name for name in form if name not in named and not name.startswith("x-ignore-")]
    if extra:
        raise _invalid(f"Extra input fields: {', '.join(sorted(extra))}")


def check_presigned(
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    region: str,
    now: datetime,
) -> None:
    """Check a presigned address as S3 does.

    Parameters
    ----------
    path
        Not percent-encoded.
    query
        Parameters, not percent-encoded.
    headers
        By their names in lower case.

    Raises
    ------
    S3RefusalError
        A wrong signature, or one whose time has passed.
    """
    secret, scope = _caller(query.get("X-Amz-Credential", ""), region)
    date = query.get("X-Amz-Date", "")
    made = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if made + timedelta(seconds=int(query["X-Amz-Expires"])) < now:
        raise S3RefusalError(403, "AccessDenied", "Request has expired")
    signed = query["X-Amz-SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            method,
            quote(unquote(path), safe="/~"),
            "&".join(
                f"{quote(name, safe='~')}={quote(value, safe='~')}"
                for name, value in sorted(query.items())
                if name != "X-Amz-Signature"
            ),
            *(f"{name}:{headers.get(name, '').strip()}" for name in signed),
            "",
            ";".join(signed),
            "UNSIGNED-PAYLOAD",
        ]
    )
    text = "\n".join([ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    if not hmac.compare_digest(signature(secret, scope, text), query["X-Amz-Signature"]):
        raise _mismatch()


def _invalid(why: str) -> S3RefusalError:
    return S3RefusalError(403, "AccessDenied", f"Invalid according to Policy: {why}")


def _mismatch() -> S3RefusalError:
    return S3RefusalError(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
    )
