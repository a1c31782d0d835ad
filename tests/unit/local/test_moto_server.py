"""The stand-in keeps what SQS and S3 promise while many use them."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer
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


@pytest.fixture
def s3() -> Iterator[Any]:
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    moto.stop()


@pytest.mark.parametrize("condition", ["IfMatch", "IfNoneMatch"])
def test_of_writes_that_race_on_a_condition_one_finds_it_met(
    s3: Any, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    bucket, value = condition.lower(), "*"
    s3.create_bucket(Bucket=bucket)
    if condition == "IfMatch":
        value = s3.put_object(Bucket=bucket, Key="key", Body=b"held")["ETag"]
    look = S3Backend.get_object

    def look_slowly(*arguments: Any, **named: Any) -> Any:
        found = look(*arguments, **named)
        time.sleep(0.05)
        return found

    monkeypatch.setattr(S3Backend, "get_object", look_slowly)

    def wins(number: int) -> bool:
        try:
            s3.put_object(Bucket=bucket, Key="key", Body=b"%d" % number, **{condition: value})
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 412
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(wins, range(4))) == 1
