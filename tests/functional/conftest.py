"""The app in Chalice's test client, on a real S3 (moto server) and the real measure handler."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from awslambdaric.lambda_context import LambdaContext
from moto.server import ThreadedMotoServer

import local.moto_server  # noqa: F401 - so that its writes are one at a time here too
from chalicelib.settings import settings

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "tests" / "fixtures" / "people"
BUCKETS = ("hypermob-images", "hypermob-models", "hypermob-results")


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, str]]:
    """Environment of a Lambda whose S3 is a moto server and whose Lambda is `measure_endpoint`."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    _, port = moto.get_host_and_port()
    lambdas = ThreadingHTTPServer(("127.0.0.1", 0), MeasureEndpoint)
    Thread(target=lambdas.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        environment = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{lambdas.server_port}",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "ap-northeast-2",
            "POSE_MODEL": str(ROOT / "container" / "models" / "pose_landmarker_full.task"),
            "CORS_ORIGINS": "https://app.example,https://other.example",
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        # Whoever asked before this environment was there has another answer.
        settings.cache_clear()
        yield environment
    settings.cache_clear()
    lambdas.shutdown()
    moto.stop()


@pytest.fixture
def handler(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The measure handler's module; where a test passes no context, its entry is given Lambda's."""
    import handler

    entry = handler.handle
    usual = lambda_context()
    monkeypatch.setattr(handler, "handle", lambda event, context: entry(event, context or usual))
    return handler


def lambda_context(remaining_s: float = 0.0) -> LambdaContext:
    """Lambda's own context of an invocation."""
    return LambdaContext("request-of-a-test", None, None, int(1000 * (time.time() + remaining_s)))


class MeasureEndpoint(BaseHTTPRequestHandler):
    """Lambda's Invoke API, over the measure handler in this process."""

    invocations: list[tuple[str, dict[str, Any]]] = []  # noqa: RUF012
    failure: bytes = b""
    """What every invocation ends with instead, as Lambda tells of a function that crashed."""

    def do_POST(self) -> None:
        import handler

        kind = self.headers["X-Amz-Invocation-Type"]
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = b""
        if self.failure:
            answer = self.failure
        elif kind != "DryRun":
            event = json.loads(payload)
            self.invocations.append((kind, event))
            answer = json.dumps(handler.handle(event, lambda_context())).encode()
        self.send_response({"Event": 202, "DryRun": 204}.get(kind, 200))
        if self.failure:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture(scope="session")
def buckets(aws: dict[str, str]) -> Any:
    """The three buckets, by boto3's client."""
    import boto3

    client = boto3.client("s3")
    for bucket in BUCKETS:
        create_bucket(client, bucket)
    return client


def create_bucket(client: Any, bucket: str) -> None:
    """Create a bucket in the stage's region."""
    region = {"LocationConstraint": "ap-northeast-2"}
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration=region)


@pytest.fixture
def s3(buckets: Any) -> Iterator[Any]:
    """The three buckets, emptied after the test."""
    yield buckets
    for bucket in BUCKETS:
        for item in buckets.list_objects_v2(Bucket=bucket).get("Contents", []):
            buckets.delete_object(Bucket=bucket, Key=item["Key"])


@pytest.fixture
def api(s3: Any) -> Iterator["Api"]:
    """The app's HTTP side."""
    from chalice.test import Client

    from app import app

    MeasureEndpoint.invocations.clear()
    with Client(app, stage_name="local", project_dir=str(ROOT)) as client:
        yield Api(client)


class Api:
    """Calls a route and reads its envelope."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Answer's status and body; underscores in header names stand for hyphens."""
        response = self.send(method, path, body, **headers)
        return response.status_code, response.json_body

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Answer as Chalice's client gives it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.client.http.request(method, path, headers=sent, body=raw)
