"""``python -m local.moto_server -H HOST -p PORT``: moto server whose queues take a call at a time.

As moto 5.2.5 is, a message that arrives while another is deleted may vanish, one may be delivered
to two receivers at once, and one that was set aside may come back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

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

if __name__ == "__main__":
    main()
