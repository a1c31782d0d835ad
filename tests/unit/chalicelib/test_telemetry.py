"""What a function writes for its operators: one JSON document a line, metrics among them."""

import io
import json
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from awslambdaric.lambda_context import LambdaContext
from botocore.exceptions import EndpointConnectionError

from chalicelib.telemetry import NAMESPACE, FailedError, Telemetry

CONTEXT = LambdaContext("6bc28136-xmpl-4365-b021-0ce6b2e64ab0", None, None, 0, "arn:aws:lambda:x")
API_EVENT = {"requestContext": {"requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_log_line_can_be_found_by_what_the_client_was_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry = Telemetry("test_a_log_line_can_be_found_by_what_the_client_was_told")
    telemetry.watch(lambda event, context: telemetry.log.info("measured"))(API_EVENT, CONTEXT)
    [line] = lines(capsys)
    assert line["message"] == "measured"
    assert line["level"] == "INFO"
    assert line["service"] == "test_a_log_line_can_be_found_by_what_the_client_was_told"
    assert line["correlation_id"] == API_EVENT["requestContext"]["requestId"]
    assert line["function_request_id"] == CONTEXT.aws_request_id
    assert isinstance(line["cold_start"], bool)


def test_steps_become_metrics_and_facts_stay_beside_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry = Telemetry("test_steps_become_metrics_and_facts_stay_beside_them")

    def handler(_event: Any, _context: Any) -> str:
        with telemetry.step("Scan"):
            telemetry.describe(model="v1")
        return "answer"

    assert telemetry.watch(handler)({}, CONTEXT) == "answer"
    [line] = lines(capsys)
    [described] = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == NAMESPACE
    assert described["Dimensions"] == [["service"]]
    assert described["Metrics"] == [{"Name": "ScanLatency", "Unit": "Milliseconds"}]
    assert line["ScanLatency"][0] >= 0
    assert line["function_request_id"] == CONTEXT.aws_request_id
    assert line["model"] == "v1"


def test_a_step_that_fails_is_measured_too_and_the_failure_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry = Telemetry("test_a_step_that_fails_is_measured_too_and_the_failure_goes_on")

    def handler(_event: Any, _context: Any) -> None:
        with telemetry.step("Read"):
            raise OSError("S3 is away")

    with pytest.raises(FailedError, match=r"^OSError: see the log"):
        telemetry.watch(handler)({}, CONTEXT)
    assert "ReadLatency" in lines(capsys)[-1]


@pytest.mark.parametrize("slash", ["/", "%2F"])
def test_a_failure_is_logged_as_json_and_names_no_user(
    capsys: pytest.CaptureFixture[str], slash: str
) -> None:
    telemetry = Telemetry(f"test_a_failure_is_logged_as_json_and_names_no_user{slash}")
    key = slash.join(("results", "kim%40home", "0" * 32, "error.json"))

    def handler(_event: Any, _context: Any) -> None:
        raise EndpointConnectionError(endpoint_url=f"https://bucket.s3/{key}")

    with pytest.raises(FailedError) as raised:
        telemetry.watch(handler)(API_EVENT, CONTEXT)
    # What the runtime writes: the error with all that led to it, unless told otherwise.
    assert "kim" not in "".join(traceback.format_exception(raised.value))
    [line] = lines(capsys)
    assert line["level"] == "ERROR"
    assert line["function_request_id"] == CONTEXT.aws_request_id
    assert line["correlation_id"] == API_EVENT["requestContext"]["requestId"]
    assert f"results{slash}*{slash}{'0' * 32}" in line["exception"]
    assert "kim" not in json.dumps(line)


def test_refusals_are_counted_by_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry = Telemetry("test_refusals_are_counted_by_code")
    telemetry.count_refusal("NO_PERSON")
    _, metric = lines(capsys)
    [described] = metric["_aws"]["CloudWatchMetrics"]
    assert set(described["Dimensions"][0]) == {"service", "code"}
    assert metric["code"] == "NO_PERSON"
    assert metric["Refusals"] == [1.0]


def test_an_invocation_without_metrics_writes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry = Telemetry("test_an_invocation_without_metrics_writes_nothing")
    telemetry.watch(lambda event, context: None)({}, CONTEXT)
    assert lines(capsys) == []


def test_invocations_in_threads_keep_their_metrics_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`chalice local` answers each request in a thread of its own."""
    telemetry = Telemetry("test_invocations_in_threads_keep_their_metrics_apart")
    both_there = threading.Barrier(2)

    def handler(name: str, _context: Any) -> None:
        with telemetry.step(name):
            both_there.wait(5)

    watched = telemetry.watch(handler)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda name: watched(name, CONTEXT), ["Read", "Store"]))
    found = [{name for name in line if name.endswith("Latency")} for line in lines(capsys)]
    assert sorted(found, key=sorted) == [{"ReadLatency"}, {"StoreLatency"}]


def test_a_line_is_written_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the threads of `chalice local` would write into each other's lines."""
    pieces: list[str] = []

    class Log(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    monkeypatch.setattr(sys, "stdout", Log())
    telemetry = Telemetry("test_a_line_is_written_in_one_piece")

    def handler(_event: Any, _context: Any) -> None:
        with telemetry.step("Read"):
            telemetry.count_refusal("NO_PERSON")

    telemetry.watch(handler)({}, CONTEXT)
    assert len([json.loads(piece) for piece in pieces if piece.endswith("\n")]) == 3
    assert len(pieces) == 3
