"""``python -m local.moto_server -H HOST -p PORT``: moto server that takes some calls one at a time.

As moto 5.2.5 is, a message that arrives while another is deleted may vanish, one may be delivered
to two receivers at once, and one that was set aside may come back; and of writes to S3 that race on
a condition, several may find it met. It also takes what S3 refuses: any upload form, presigned
addresses that are changed or too old (`local.s3_checks`), and pages of any origin.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from threading import RLock
from typing import Any
from xml.sax.saxutils import escape

# Read when moto is imported: without it every answer of moto permits every origin.
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

from moto.s3.responses import S3Response
from moto.server import main
from moto.sqs.models import SQSBackend

from local.config import REGION
from local.s3_checks import S3RefusalError, check_form, check_presigned


def _one_at_a_time(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def method(backend: SQSBackend, queue_name: str, *args: Any, **kwargs: Any) -> Any:
        # A receiver that waits gives the lock back meanwhile.
        with backend.get_queue(queue_name)._messages_lock:
            return original(backend, queue_name, *args, **kwargs)

    return method


for _name in ("receive_message", "delete_message", "change_message_visibility"):
    setattr(SQSBackend, _name, _one_at_a_time(getattr(SQSBackend, _name)))

_writes = RLock()
_put_object = S3Response.put_object


def _put_one_at_a_time(response: S3Response) -> Any:
    with _writes:
        return _put_object(response)


S3Response.put_object = _put_one_at_a_time


def _refused(response: S3Response, error: S3RefusalError) -> tuple[int, dict[str, str], str]:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{error.code}</Code><Message>{escape(str(error))}</Message></Error>"
    )
    headers = {"Content-Type": "application/xml", **response._get_cors_headers_other()}
    return error.status, headers, body


_post_form = S3Response._bucket_response_post
_key_request = S3Response._key_response


def _checked_form(response: S3Response, request: Any, bucket_name: str) -> Any:
    if request.mimetype != "multipart/form-data":
        return _post_form(response, request, bucket_name)
    # moto has read the file already; one without a name of a file is a field of the form.
    fields = {name: value for name, value in request.form.items() if name != "file"}
    sent = "file" in request.files or "file" in request.form
    content = response.body.encode() if isinstance(response.body, str) else response.body
    files = [content] if sent else []
    try:
        check_form(fields, files, bucket_name, REGION, datetime.now(UTC))
    except S3RefusalError as error:
        return _refused(response, error)
    status, headers, body = _post_form(response, request, bucket_name)
    return status, {**headers, **response._get_cors_headers_other()}, body


def _checked_key_request(response: S3Response, request: Any, full_url: str) -> Any:
    if "X-Amz-Signature" in request.args:
        named = {name.lower(): value for name, value in request.headers.items()}
        query = request.args.to_dict()
        now = datetime.now(UTC)
        try:
            check_presigned(request.method, request.path, query, named, REGION, now)
        except S3RefusalError as error:
            return _refused(response, error)
    elif "Authorization" not in request.headers and request.method != "OPTIONS":
        return _refused(response, S3RefusalError(403, "AccessDenied", "Access Denied"))
    return _key_request(response, request, full_url)


S3Response._bucket_response_post = _checked_form
S3Response._key_response = _checked_key_request

if __name__ == "__main__":
    main()
