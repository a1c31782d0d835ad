"""What S3 refuses and moto takes: upload forms, presigned addresses, callers without a signature.

Upload forms: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
Presigned addresses: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CALLER = Credentials("local", "local")
"""The local stack has one caller."""
ALGORITHM = "AWS4-HMAC-SHA256"
BEFORE_FILE_LIMIT_BYTES = 20_000
"""Most bytes of an upload form beside the file."""
UNCHECKED_FIELDS = ("policy", "x-amz-signature", "file")
"""Fields that no condition has to name; nor those that start with ``x-ignore-``."""


class S3RefusalError(Exception):
    """S3 would refuse: HTTP status, S3's own code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


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
    if sum(len(name) + len(form[name].encode()) for name in form) > BEFORE_FILE_LIMIT_BYTES:
        words = "Your POST request fields preceding the upload file were too large."
        raise S3RefusalError(400, "MaxPostPreDataLengthExceeded", words)
    _check_named(form, "key")
    if len(files) != 1:
        words = "POST requires exactly one file upload per request."
        raise S3RefusalError(400, "InvalidArgument", words)
    if "policy" not in form:
        raise S3RefusalError(403, "AccessDenied", "Access Denied")
    _check_named(form, "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
    if form["x-amz-algorithm"] != ALGORITHM:
        raise S3RefusalError(400, "InvalidArgument", f"X-Amz-Algorithm only supports {ALGORITHM}")
    date = form["x-amz-credential"].split("/")[1:2]
    request = AWSRequest()
    request.context["timestamp"] = "".join(date)
    signer = _signer(form["x-amz-credential"], region)
    _check_signature(signer.signature(form["policy"], request), form["x-amz-signature"])
    try:
        policy: dict[str, Any] = json.loads(base64.b64decode(form["policy"], validate=True))
    except ValueError:
        words = "Invalid Policy: Invalid JSON."
        raise S3RefusalError(400, "InvalidPolicyDocument", words) from None
    if datetime.fromisoformat(policy["expiration"]) < now:
        raise _invalid("Policy expired.")
    _check_conditions(policy["conditions"], {**form, "bucket": bucket}, len(files[0]))


def _check_named(form: Mapping[str, str], *names: str) -> None:
    for name in names:
        if name not in form:
            words = f"Bucket POST must contain a field named '{name}'."
            raise S3RefusalError(400, "InvalidArgument", words)


def _signer(credential: str, region: str) -> S3SigV4QueryAuth:
    """What signs as the caller whom a credential field names."""
    access_key, _, scope = credential.partition("/")
    if access_key != CALLER.access_key:
        words = "The AWS Access Key Id you provided does not exist in our records."
        raise S3RefusalError(403, "InvalidAccessKeyId", words)
    if scope.split("/")[1:] != [region, "s3", "aws4_request"]:
        words = f"The credential's scope is not of the region '{region}' and the service 's3'."
        raise S3RefusalError(400, "AuthorizationQueryParametersError", words)
    return S3SigV4QueryAuth(CALLER, "s3", region)


def _check_signature(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        words = "The request signature we calculated does not match the signature you provided."
        raise S3RefusalError(403, "SignatureDoesNotMatch", words)


def _check_conditions(conditions: Sequence[Any], form: Mapping[str, str], size_bytes: int) -> None:
    named = set(UNCHECKED_FIELDS)
    for condition in conditions:
        if isinstance(condition, dict):
            [(name, wanted)] = condition.items()
            condition = ["eq", f"${name}", wanted]
        match condition:
            case ["content-length-range", least, most]:
                if size_bytes > int(most):
                    words = "Your proposed upload exceeds the maximum allowed size"
                    raise S3RefusalError(400, "EntityTooLarge", words)
                if size_bytes < int(least):
                    words = "Your proposed upload is smaller than the minimum allowed size"
                    raise S3RefusalError(400, "EntityTooSmall", words)
            case ["eq" | "starts-with" as kind, str(dollar_name), str(wanted)]:
                name = dollar_name.removeprefix("$").lower()
                named.add(name)
                given = form.get(name, "")
                if not (given == wanted if kind == "eq" else given.startswith(wanted)):
                    raise _invalid(f"Policy Condition failed: {json.dumps(condition)}")
            case _:
                words = f"Invalid Policy: {json.dumps(condition)}"
                raise S3RefusalError(400, "InvalidPolicyDocument", words)
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
    signer = _signer(query.get("X-Amz-Credential", ""), region)
    date = query.get("X-Amz-Date", "")
    made = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if made + timedelta(seconds=int(query["X-Amz-Expires"])) < now:
        raise S3RefusalError(403, "AccessDenied", "Request has expired")
    request = AWSRequest(
        method=method,
        url=f"http://s3{quote(unquote(path), safe='/~')}",
        params={name: value for name, value in query.items() if name != "X-Amz-Signature"},
        headers={name: headers.get(name, "") for name in query["X-Amz-SignedHeaders"].split(";")},
    )
    request.context["timestamp"] = date
    signed = signer.string_to_sign(request, signer.canonical_request(request))
    _check_signature(signer.signature(signed, request), query["X-Amz-Signature"])


def _invalid(why: str) -> S3RefusalError:
    return S3RefusalError(403, "AccessDenied", f"Invalid according to Policy: {why}")
