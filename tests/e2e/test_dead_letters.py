"""A photo that fails for good: set aside, explained to who polls, and measured when put back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.processes import measure_processes
from local.config import REPOSITORY, StackConfig
from local.stack import LocalStack
from local.storage import UPLOADS_DEAD_LETTERS, UPLOADS_QUEUE
from tests.e2e.client import Client

ENOUGH_S = 60
TIMEOUT_S = 10.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack with one measure process, which dies."""
    config = StackConfig.of_repository()
    with LocalStack(
        replace(config, measure=replace(config.measure, concurrency=1, timeout_s=TIMEOUT_S)),
        logs=tmp_path,
    ) as stack:
        yield stack


def messages(stack: LocalStack, queue: str, state: str = "") -> int:
    url = stack.sqs().get_queue_url(QueueName=queue)["QueueUrl"]
    name = f"ApproximateNumberOfMessages{state}"
    attributes = stack.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return int(attributes["Attributes"][name])


def kill_each_attempt(stack: LocalStack, explanation: str) -> None:
    """Kill the process while it holds the photo, the last time when it has said why."""
    killed = 0
    end = time.monotonic() + ENOUGH_S
    while time.monotonic() < end and not messages(stack, UPLOADS_DEAD_LETTERS):
        holds = messages(stack, UPLOADS_QUEUE, "NotVisible") > 0
        if holds and (killed < 2 or explanation in results(stack)):
            for process in measure_processes():
                os.kill(process, signal.SIGKILL)
                killed += 1
                while process in measure_processes():
                    time.sleep(0.01)
            time.sleep(0.3)  # until the message is handed back
    assert killed >= 3


def results(stack: LocalStack) -> set[str]:
    found = stack.s3().list_objects_v2(Bucket=stack.config.results_bucket)
    return {item["Key"].rpartition("/")[2] for item in found.get("Contents", [])}


def test_a_photo_that_kills_the_process_is_set_aside_explained_and_redriven(
    stack: LocalStack, photo: bytes, height_cm: float
) -> None:
    with stack.http() as http:
        client = Client(stack, http, "unlucky")
        measurement_id = client.upload(photo, height_cm=height_cm)["measurement_id"]
        kill_each_attempt(stack, "error.json")
        assert messages(stack, UPLOADS_DEAD_LETTERS) == 1
        # Not before the attempt's time is over: nobody knows that its process was killed.
        state = client.wait_for(measurement_id, lambda state: state["state"] != "pending")
        assert state["state"] == "failed"
        assert state["error"]["code"] == "MEASURE_UNAVAILABLE"

        moved = redrive(stack, UPLOADS_DEAD_LETTERS)
        assert (moved.returncode, moved.stdout) == (0, "1 moved\n"), moved.stderr
        state = client.wait_for_recommendation(measurement_id)
        assert state["state"] == "done"
        assert "error.json" not in results(stack)
        assert messages(stack, UPLOADS_DEAD_LETTERS) == 0

        assert redrive(stack, UPLOADS_DEAD_LETTERS).stdout == "0 moved\n"
        for wrong in (UPLOADS_QUEUE, "no-such-queue"):
            refused = redrive(stack, wrong)
            assert refused.returncode == 2
            assert wrong in refused.stderr
            assert "Traceback" not in refused.stderr


def redrive(stack: LocalStack, queue: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hypermob", "redrive", queue],
        env={**os.environ, **stack.environment()},
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
