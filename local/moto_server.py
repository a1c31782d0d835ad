"""``python -m local.moto_server -H HOST -p PORT``: moto server that takes some calls one at a time.

As moto 5.2.5 is, a message that arrives while another is deleted may vanish, one may be delivered
to two receivers at once, and one that was set aside may come back; and of writes to S3 that race on
a condition, several may find it met.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any

from moto.s3.responses import S3Response
from moto.server import main
from moto.sqs.models import SQSBackend


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

if __name__ == "__main__":
    main()
