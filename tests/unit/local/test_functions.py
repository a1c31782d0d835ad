"""The Invoke API through boto3, with handlers under the real runtime client."""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.functions import REQUEST_LIMIT_BYTES
from local.sandbox import RESPONSE_LIMIT_BYTES
from local.storage import Endpoints

Invoke = Callable[..., tuple[Any, str | None]]


@pytest.fixture(scope="module")
def invoke(endpoints: Endpoints) -> Invoke:
    client = endpoints.functions

    def invoke(event: Any, name: str = "tiny", **how: Any) -> tuple[Any, str | None]:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **how)
        return json.loads(answer["Payload"].read() or b"null"), answer.get("FunctionError")

    return invoke


def test_a_handler_gets_its_event_and_lambdas_context(invoke: Invoke) -> None:
    result, error = invoke({"photo": "한글"})
    assert error is None
    assert result["event"] == {"photo": "한글"}
    assert result["function"] == "tiny"
    assert result["arn"].endswith(":function:tiny")
    assert result["memory"] == "256"
    assert len(result["request_id"]) == 36
    assert 0 < result["left_ms"] <= 1500


def test_a_handler_sees_the_stack_and_nothing_of_the_developers_aws(
    endpoints: Endpoints, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    invoke({"do": "exit", "status": 0})  # so that the next process starts from this environment
    seen = invoke({})[0]["environment"]
    assert "AWS_PROFILE" not in seen
    assert seen["OWN"] == "mine"
    assert seen["AWS_ENDPOINT_URL_LAMBDA"] == endpoints.functions_url
    assert seen["AWS_DEFAULT_REGION"] == "ap-northeast-2"


def test_a_process_stays_warm(invoke: Invoke) -> None:
    assert invoke({})[0]["pid"] == invoke({})[0]["pid"]


def test_an_exception_comes_back_typed_and_the_process_lives(invoke: Invoke) -> None:
    pid = invoke({})[0]["pid"]
    described, error = invoke({"do": "raise"})
    assert error == "Unhandled"
    assert described["errorType"] == "ValueError"
    assert described["errorMessage"] == "the photo is upside down"
    assert "tiny.py" in described["stackTrace"][-1]
    assert invoke({})[0]["pid"] == pid


@pytest.mark.parametrize(
    ("event", "error_type", "words"),
    [
        ({"do": "exit", "status": 3}, "Runtime.ExitError", "exit status 3"),
        ({"do": "exit", "status": 0}, "Runtime.ExitError", "without providing a reason"),
        ({"do": "sleep", "seconds": 30}, "Sandbox.Timedout", "timed out after 1.50 seconds"),
        (
            {"do": "large", "size": RESPONSE_LIMIT_BYTES},
            "Function.ResponseSizeTooLarge",
            "exceeded maximum",
        ),
    ],
)
def test_what_ends_a_process_is_reported_and_the_next_call_works(
    invoke: Invoke, event: dict[str, Any], error_type: str, words: str
) -> None:
    before = invoke({})[0]["pid"]
    described, error = invoke(event)
    assert error == "Unhandled"
    assert described["errorType"] == error_type
    assert words in described["errorMessage"]
    after = invoke({})[0]["pid"]
    assert after != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_the_largest_response_passes(invoke: Invoke) -> None:
    size = RESPONSE_LIMIT_BYTES - 2  # quotes
    assert invoke({"do": "large", "size": size}) == ("x" * size, None)


def test_a_handler_that_cannot_be_imported_says_so_each_time(invoke: Invoke) -> None:
    for _ in range(2):
        described, error = invoke({}, "broken")
        assert error == "Unhandled"
        assert described["errorType"] == "Runtime.ImportModuleError"
        assert "nowhere" in described["errorMessage"]


@pytest.mark.parametrize(
    ("name", "event", "how", "code"),
    [
        ("nobody", {}, {}, "ResourceNotFoundException"),
        ("tiny:no_such_alias", {}, {}, "ResourceNotFoundException"),
        ("tiny", "x" * REQUEST_LIMIT_BYTES, {}, "RequestTooLargeException"),
        ("tiny", "x" * 2**20, {"InvocationType": "Event"}, "RequestTooLargeException"),
    ],
)
def test_a_refused_call_has_lambdas_error_code(
    invoke: Invoke, name: str, event: Any, how: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        invoke(event, name, **how)
    assert refused.value.response["Error"]["Code"] == code


def test_a_body_that_is_not_json_is_refused(endpoints: Endpoints) -> None:
    path = "/2015-03-31/functions/tiny/invocations"
    answer = httpx.post(endpoints.functions_url + path, content=b"{photo}")
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "InvalidRequestContentException"


@pytest.mark.parametrize(
    "named",
    [
        "tiny:$LATEST",
        "tiny:live",
        "arn:aws:lambda:ap-northeast-2:123456789012:function:tiny",
        "123:function:tiny",
    ],
)
def test_a_function_answers_to_its_arn_too(invoke: Invoke, named: str) -> None:
    assert invoke({}, named)[0]["function"] == "tiny"


def test_a_dry_run_runs_nothing(invoke: Invoke, tmp_path: Path) -> None:
    event = {"do": "count", "folder": str(tmp_path), "succeed_at": 1}
    assert invoke(event, InvocationType="DryRun") == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_one_call_runs_one_waits_and_the_third_is_throttled(invoke: Invoke) -> None:
    def outcome(delay_s: float) -> str:
        time.sleep(delay_s)
        try:
            return str(invoke({"do": "sleep", "seconds": 1})[0]["function"])
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(outcome, (0.0, 0.2, 0.4)))
    assert outcomes == ["tiny", "tiny", "TooManyRequestsException"]


@pytest.mark.parametrize(("succeed_at", "attempts"), [(1, 1), (2, 2), (99, 3)])
def test_an_event_answers_at_once_and_is_tried_three_times_at_most(
    invoke: Invoke, tmp_path: Path, succeed_at: int, attempts: int
) -> None:
    event = {"do": "count", "folder": str(tmp_path), "succeed_at": succeed_at}
    assert invoke(event, InvocationType="Event") == (None, None)
    end = time.monotonic() + 10
    while len(list(tmp_path.iterdir())) < attempts and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.2)  # one more attempt would have come by now
    assert len(list(tmp_path.iterdir())) == attempts
