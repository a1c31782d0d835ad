"""A photo that fails for good: set aside, explained to who polls, and measured when put back."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service.processes import measure_processes
from chalicelib.storage import MAX_RECEIVES
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


def wait_until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + ENOUGH_S
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


def failed_attempts(stack: LocalStack) -> int:
    return (stack.logs / "measure.log").read_text().count(" ms error\n")


def kill_each_attempt(stack: LocalStack) -> None:
    """Kill the process while it holds the photo, the last time when it has said why."""
    for attempt in range(1, MAX_RECEIVES + 1):
        wait_until(partial(kill_if_it_holds, stack, attempt), f"attempt {attempt} failed")


def kill_if_it_holds(stack: LocalStack, attempt: int) -> bool:
    """Kill what holds the photo; whether as many attempts have failed: an idle process is none."""
    if failed_attempts(stack) >= attempt:
        return True
    if messages(stack, UPLOADS_QUEUE, "NotVisible"):
        for process in measure_processes():
            if attempt == MAX_RECEIVES:
                wait_until(partial(has_said_why, stack, process), "error.json")
            os.kill(process, signal.SIGKILL)
            wait_until(lambda: process not in measure_processes(), "killed")  # noqa: B023
    return False


def has_said_why(stack: LocalStack, process: int) -> bool:
    """Whether the last attempt's error is there; leaves the process stopped: it does not end."""
    os.kill(process, signal.SIGSTOP)
    said = any(
        key.endswith("error.json") and since(stack, key) < time.time() + TIMEOUT_S
        for key in results(stack)
    )
    if not said:
        os.kill(process, signal.SIGCONT)
    return said


def results(stack: LocalStack) -> list[str]:
    found = stack.s3().list_objects_v2(Bucket=stack.config.results_bucket)
    return [item["Key"] for item in found.get("Contents", [])]


def since(stack: LocalStack, key: str) -> float:
    found = stack.s3().get_object(Bucket=stack.config.results_bucket, Key=key)
    return float(json.loads(found["Body"].read())["since"])


def test_a_photo_that_kills_the_process_is_set_aside_explained_and_redriven(
    stack: LocalStack, photo: bytes, height_cm: float
) -> None:
    with stack.http() as http:
        client = Client(stack, http, "unlucky")
        measurement_id = client.upload(photo, height_cm=height_cm)["measurement_id"]
        kill_each_attempt(stack)
        wait_until(lambda: messages(stack, UPLOADS_DEAD_LETTERS) == 1, "set aside")
        # Not before the attempt's time is over: nobody knows that its process was killed.
        state = client.wait_for(measurement_id, lambda state: state["state"] != "pending")
        assert state["state"] == "failed"
        assert state["error"]["code"] == "MEASURE_UNAVAILABLE"

        moved = redrive(stack, UPLOADS_DEAD_LETTERS)
        assert (moved.returncode, moved.stdout) == (0, "1 moved\n"), moved.stderr
        state = client.wait_for_recommendation(measurement_id)
        assert state["state"] == "done"
        assert not any(key.endswith("error.json") for key in results(stack))
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
        # The count is no bar's: operators turn those off.
        env={**os.environ, **stack.environment(), "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
