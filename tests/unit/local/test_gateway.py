"""The gateway's own answers, in front of an app that tells what reached it."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from chalice.local import ForbiddenError

from local.gateway import BODY_LIMIT_BYTES, EVENT_LIMIT_BYTES, Gateway
from local.server import Server, bind

KEY = {"X-API-Key": "secret"}


class App:
    """Tells what reached it, or does as the path says."""

    def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> dict[str, Any]:
        if path == "/slow":
            time.sleep(2)
        if path == "/unknown":  # as Chalice answers an unknown route
            raise ForbiddenError({}, b'{"message": "Missing Authentication Token"}')
        if path == "/fails":
            raise LookupError("no 100 % in it")
        seen = {
            "method": method,
            "target": path,
            "length": len(body or b""),
            "headers": {name.lower(): value for name, value in headers.items()},
        }
        return {
            "statusCode": 201,
            "headers": {"Content-Type": "application/json"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            "body": json.dumps(seen),
        }


@contextmanager
def gateway(lines: list[str], **limits: Any) -> Iterator[httpx.Client]:
    front = Server(Gateway(App(), "secret", lines.append, **limits), bind(0))
    with httpx.Client(base_url=front.url, trust_env=False) as client:
        yield client
    front.stop()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with gateway([], timeout_s=0.5) as client:
        yield client


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["status"] == "error"
    assert len(answer.json()["error"]["request_id"]) == 36
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*", "a page may read why"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "secreT"}])
def test_a_call_without_the_right_key_is_refused(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    assert refusal(client.get("/vehicles", headers=headers)) == (403, "FORBIDDEN")
    path = "/measurements/kim/0"
    assert refusal(client.delete(path, headers=headers)) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("POST", "/health"), ("POST", "/vehicles"), ("GET", "/measurements/kim")],
)
def test_what_is_no_route_asks_for_no_key(client: httpx.Client, method: str, path: str) -> None:
    """As API Gateway, which looks for the route first."""
    assert refusal(client.request(method, path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health?deep=1"),
        ("HEAD", "/health"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("OPTIONS", "/measure"),
    ],
)
def test_public_routes_need_no_key(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 201
    assert method == "HEAD" or answer.json()["target"] == path


def test_a_call_reaches_the_app_as_it_was_made(client: httpx.Client) -> None:
    headers = {**KEY, "Accept-Language": "ko", "Prefer": "respond-async"}
    answer = client.post("/measurements/a%2Fb/c%20d?x=%41&x=2", json={"a": 1}, headers=headers)
    seen = answer.json()
    assert answer.status_code == 201
    assert seen["method"] == "POST"
    assert seen["target"] == "/measurements/a%2Fb/c%20d?x=%41&x=2"
    assert seen["length"] == len(b'{"a":1}')
    assert seen["headers"]["accept-language"] == "ko"
    assert seen["headers"]["prefer"] == "respond-async"
    assert seen["headers"]["content-type"] == "application/json"


def test_the_answer_keeps_headers_that_come_twice(client: httpx.Client) -> None:
    assert client.get("/", headers=KEY).headers.get_list("Set-Cookie") == ["a=1", "b=2"]


def test_a_chunked_body_reaches_the_app_whole(client: httpx.Client) -> None:
    chunks = iter([b"x" * 1000, b"y" * 500])
    assert client.post("/measure", content=chunks, headers=KEY).json()["length"] == 1500


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [EVENT_LIMIT_BYTES, BODY_LIMIT_BYTES + 1])
def test_a_body_over_the_limits_is_refused(client: httpx.Client, size: int, chunked: bool) -> None:
    body = b"x" * size
    answer = client.post("/measure", content=iter([body]) if chunked else body, headers=KEY)
    assert refusal(answer) == (413, "REQUEST_TOO_LARGE")


def test_what_counts_is_the_body_as_a_json_string(client: httpx.Client) -> None:
    fits = b"x" * (EVENT_LIMIT_BYTES - 1000)
    assert client.post("/measure", content=fits, headers=KEY).json()["length"] == len(fits)
    escaped = b'"' * (EVENT_LIMIT_BYTES // 2)
    assert client.post("/measure", content=escaped, headers=KEY).status_code == 413


def test_an_app_that_takes_too_long_is_cut_off(client: httpx.Client) -> None:
    began = time.perf_counter()
    assert refusal(client.get("/slow", headers=KEY)) == (504, "GATEWAY_TIMEOUT")
    assert time.perf_counter() - began < 1.5


def test_an_unknown_route_is_not_found_in_the_callers_language(client: httpx.Client) -> None:
    answer = client.get("/unknown", headers={**KEY, "Accept-Language": "ko-KR"})
    assert refusal(answer) == (404, "NOT_FOUND")
    assert "찾을 수 없습니다" in answer.json()["error"]["message"]


def test_an_app_that_fails_is_answered_for_and_its_traceback_logged() -> None:
    lines: list[str] = []
    with gateway(lines) as client:
        answer = client.get("/fails", headers=KEY)
    assert refusal(answer) == (500, "INTERNAL_ERROR")
    assert "no 100 %" not in answer.text
    assert any("LookupError: no 100 % in it" in line for line in lines)


def test_a_method_that_api_gateway_does_not_know_is_an_unknown_route(client: httpx.Client) -> None:
    assert refusal(client.request("TRACE", "/vehicles")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /health HTTP/1.1\r\nX-Odd: a\0b",
        b"GET /measurements/\xea\xb9\x80/1 HTTP/1.1\r\nX-API-Key: secret",
        b"GET http://elsewhere/health HTTP/1.1\r\nX-API-Key: secret",
        b"GET /health#a HTTP/1.1\r\nX-API-Key: secret",
        b"OPTIONS * HTTP/1.1",
        b"GET /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
    ],
)
def test_a_request_that_cannot_be_sent_on_is_refused(
    client: httpx.Client, request_head: bytes
) -> None:
    status, body = raw_answer(client, request_head)
    assert status == 400
    assert b"INVALID_INPUT" in body


def test_a_header_in_another_script_reaches_the_app(client: httpx.Client) -> None:
    status, body = raw_answer(client, b"GET /health HTTP/1.1\r\nX-Name: \xea\xb9\x80")
    assert status == 201
    assert json.loads(body)["headers"]["x-name"].encode("latin-1") == b"\xea\xb9\x80"


def raw_answer(client: httpx.Client, head: bytes) -> tuple[int, bytes]:
    """Status and body that a request gets which no client would make."""
    first, _, rest = head.partition(b"\r\n")
    sent = first + b"\r\nHost: x\r\nConnection: close\r\n" + rest + b"\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as raw:
        raw.sendall(sent)
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_more_than_the_app_can_answer_at_once_are_told_to_come_back() -> None:
    with gateway([], at_once=1) as client, ThreadPoolExecutor() as pool:
        slow = pool.submit(client.get, "/slow", headers=KEY)
        time.sleep(0.5)
        answer = client.get("/vehicles", headers=KEY)
        assert refusal(answer) == (429, "TOO_MANY_REQUESTS")
        assert int(answer.headers["Retry-After"]) > 0
        assert slow.result().status_code == 201
        assert client.get("/vehicles", headers=KEY).status_code == 201
