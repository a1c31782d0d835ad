"""A whole stack around a throw-away app: how it starts, relays events and stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from benchmarks.service.processes import arguments, children
from chalicelib.storage import GUIDE_PHOTO
from local.config import REPOSITORY, FunctionConfig, Ports, StackConfig
from local.gateway import AT_ONCE
from local.processes import StackError
from local.server import LOOPBACK, bind
from local.stack import LocalStack
from local.storage import UPLOADS_DEAD_LETTERS

APP = """
from chalice import Chalice
app = Chalice(app_name="tiny")

@app.route("/health")
def health():
    return {"ok": True}

@app.route("/echo", methods=["POST"], cors=True)
def echo():
    return app.current_request.json_body
"""

MEASURE = """
import json
from urllib.parse import unquote_plus
import boto3

def handle(event, context):
    s3 = boto3.client("s3")
    failures = []
    for record in event["Records"]:
        s3_event = json.loads(record["body"])
        for upload in s3_event.get("Records", []):  # none in S3's test event
            key = unquote_plus(upload["s3"]["object"]["key"])
            if "refused" in key:
                failures.append({"itemIdentifier": record["messageId"]})
            else:
                key = key.replace("uploads/", "results/") + "/measurement.json"
                s3.put_object(Bucket="tiny-results", Key=key, Body=b"{}")
    return {"batchItemFailures": failures}
"""

RECOMMEND = """
from urllib.parse import unquote_plus
import boto3

def stored(event, context):
    (record,) = event["Records"]
    key = unquote_plus(record["s3"]["object"]["key"])
    key = key.replace("measurement.json", "recommendation.json")
    boto3.client("s3").put_object(Bucket="tiny-results", Key=key, Body=b"{}")
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StackConfig:
    project = tmp_path_factory.mktemp("project")
    (project / "app.py").write_text(APP)
    (project / "measure.py").write_text(MEASURE)
    (project / "recommend.py").write_text(RECOMMEND)
    (project / "person.jpg").write_bytes(b"a photo")
    (project / ".chalice").mkdir()
    stages = {"local": {"api_gateway_stage": "local"}}
    (project / ".chalice" / "config.json").write_text(
        json.dumps({"version": "2.0", "app_name": "tiny", "stages": stages})
    )
    return StackConfig(
        project=project,
        images_bucket="tiny-images",
        models_bucket="tiny-models",
        results_bucket="tiny-results",
        origins=("http://localhost:8000",),
        measure=FunctionConfig("tiny-measure", "measure.handle", (project,), warm=1),
        on_result=FunctionConfig("tiny-recommend", "recommend.stored", (project,)),
        sample_photo=project / "person.jpg",
    )


@pytest.fixture(scope="module")
def stack(config: StackConfig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(config, logs=tmp_path_factory.mktemp("logs")) as stack:
        yield stack


def wait_for(stack: LocalStack, key: str, within_s: float = 10) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = stack.s3().list_objects_v2(Bucket="tiny-results", Prefix=key)
        if found["KeyCount"]:
            return True
        time.sleep(0.1)
    return False


def test_the_app_answers_behind_the_gateway(stack: LocalStack) -> None:
    with stack.http() as http:
        assert http.post("/echo", json={"a": 1}).json() == {"a": 1}
        assert http.get("/nowhere").json()["error"]["code"] == "NOT_FOUND"
        for signed in ("Basic eDp5", "Basic \u00e9"):
            answer = http.get("/nowhere", headers={"Authorization": signed.encode("latin-1")})
            assert answer.json()["error"]["code"] == "NOT_FOUND"
        chunked = http.post(
            "/echo",
            content=iter([b'{"b":', b" 2}"]),
            headers={"Content-Type": "application/json"},
        )
        assert chunked.json() == {"b": 2}
    assert httpx.get(f"{stack.url}/health", trust_env=False).json() == {"ok": True}


def test_an_app_that_accepts_none_for_a_while_drops_none(stack: LocalStack) -> None:
    """The system holds its callers, as many as the gateway lets through: more were reset."""
    port = httpx.URL(stack.url).port
    (app,) = (process for process in children() if str(port).encode() in arguments(process))
    os.kill(app, signal.SIGSTOP)
    try:
        calls = [socket.create_connection((LOOPBACK, port), timeout=0.5) for _ in range(AT_ONCE)]
    finally:
        os.kill(app, signal.SIGCONT)
    for call in calls:
        with call:
            call.settimeout(10)
            call.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            assert b" 200 " in call.recv(4096)


def test_the_guides_photo_is_there(stack: LocalStack) -> None:
    stored = stack.s3().get_object(Bucket="tiny-images", Key=GUIDE_PHOTO)
    assert stored["Body"].read() == b"a photo"


def test_a_browser_of_a_named_origin_may_upload(stack: LocalStack) -> None:
    s3 = stack.s3().meta.endpoint_url
    asked = {"Origin": "http://localhost:8000", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{s3}/tiny-images", headers=asked, trust_env=False)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:8000"


def test_an_upload_is_measured_and_its_measurement_recommended_for(stack: LocalStack) -> None:
    stack.s3().put_object(Bucket="tiny-images", Key="uploads/ann/1.jpg", Body=b"x")
    assert wait_for(stack, "results/ann/1.jpg/recommendation.json")


def test_what_fails_three_times_is_set_aside_and_holds_up_nothing(stack: LocalStack) -> None:
    stack.s3().put_object(Bucket="tiny-images", Key="uploads/bob/refused.jpg", Body=b"x")
    stack.s3().put_object(Bucket="tiny-images", Key="uploads/bob/fine.jpg", Body=b"x")
    assert wait_for(stack, "results/bob/fine.jpg/recommendation.json")
    sqs = stack.sqs()
    dead_letters = sqs.get_queue_url(QueueName=UPLOADS_DEAD_LETTERS)["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=15)["Messages"]
    assert "refused.jpg" in message["Body"]
    assert not wait_for(stack, "results/bob/refused.jpg", within_s=0.2)


def test_a_port_beyond_the_last_is_named_with_its_flag(config: StackConfig) -> None:
    with (
        pytest.raises(StackError, match=r"80000 is no port.*--port"),
        LocalStack(config, ports=Ports(80000)),
    ):
        pass


def test_a_taken_port_is_named_with_its_flag_and_nothing_starts(config: StackConfig) -> None:
    with bind(0) as free, bind(0) as taken:
        ports = Ports(api=free.getsockname()[1], s3=taken.getsockname()[1])
        free.close()
        with (
            pytest.raises(StackError, match=rf"Port {ports.s3} is taken.*--s3-port"),
            LocalStack(config, ports=ports),
        ):
            pass
    with bind(ports.api):
        pass  # given back


def test_an_app_that_cannot_start_is_reported(config: StackConfig, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import nothing_of_that_name")
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text('{"app_name": "x", "stages": {"local": {}}}')
    broken = replace(config, project=tmp_path)
    with (
        pytest.raises(StackError, match=r"api ended at start: .*nothing_of_that_name"),
        LocalStack(broken, logs=tmp_path),
    ):
        pass


RUN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from local.processes import Child, Log
log = Log("child", Path(sys.argv[2]))
child = Child(["-m", "http.server", "0"], environment={}, folder=Path(sys.argv[2]), log=log)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_even_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", RUN, str(REPOSITORY), str(tmp_path)], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 5
    while time.monotonic() < end and Path(f"/proc/{pid}").exists():
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{pid}").exists()
