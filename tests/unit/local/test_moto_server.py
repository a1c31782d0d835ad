"""The stand-in's queues keep what SQS promises while many use them."""

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto.sqs.models import SQSBackend

import local.moto_server  # noqa: F401 - mends moto

SENDERS = RECEIVERS = 3
EACH = 60


@pytest.fixture
def threads_that_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("threads_that_change_often")
def test_each_message_is_delivered_once_and_none_is_lost() -> None:
    backend = SQSBackend("ap-northeast-2", "123456789012")
    backend.create_queue("photos", {})
    received: Counter[str] = Counter()

    def send(sender: int) -> None:
        for number in range(EACH):
            backend.send_message("photos", f"{sender}-{number}")

    def receive() -> None:
        while messages := backend.receive_message("photos", 1, 1, 60):
            (message,) = messages
            received[message.body] += 1
            backend.delete_message("photos", message.receipt_handle or "")

    with ThreadPoolExecutor(SENDERS + RECEIVERS) as pool:
        calls = [pool.submit(send, sender) for sender in range(SENDERS)]
        calls += [pool.submit(receive) for _ in range(RECEIVERS)]
        for call in calls:
            call.result()
    assert received == Counter(f"{s}-{n}" for s in range(SENDERS) for n in range(EACH))
    assert not backend.get_queue("photos")._messages
