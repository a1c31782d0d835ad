"""The fault proxy does what it counts, and a broken promise is counted."""

import json
import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from werkzeug.wrappers import Request, Response

from benchmarks.service import faultproxy, faults
from benchmarks.service.faultproxy import FAULTS, FaultProxy
from benchmarks.service.faults import LOST, MENDED, NOT_TAKEN, WRONG, Photo, User, broken
from local.server import Server, bind

BODY = b"0123456789" * 100
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 ..."}


def upstream(environ: Any, start_response: Any) -> Any:
    request = Request(environ)
    seen.append(request.method)
    return Response(BODY)(environ, start_response)


seen: list[str] = []


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    seen.clear()
    server = Server(upstream, bind(0))
    proxy = FaultProxy(server.url, seed=1)
    yield proxy
    proxy.stop()
    server.stop()


def test_without_faults_all_goes_through(proxy: FaultProxy) -> None:
    for _ in range(20):
        assert httpx.put(f"{proxy.url}/bucket/key", content=b"x", trust_env=False).content == BODY
    assert not proxy.injected


@pytest.mark.parametrize("fault", FAULTS["s3"])
def test_each_fault_is_met_by_the_client(
    proxy: FaultProxy, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faultproxy, "FAULTS", {"s3": (fault,)})
    proxy.share = 1.0
    carried_out = fault in (faultproxy.LATE, faultproxy.RESET_AFTER, faultproxy.BROKEN_OFF)
    refused = {
        faultproxy.SLOW_DOWN: 503,
        faultproxy.INTERNAL: 500,
        faultproxy.SKEWED: 403,
        faultproxy.LATE: 200,
    }
    if fault in refused:
        answer = httpx.get(f"{proxy.url}/bucket/key", headers=SIGNED, trust_env=False)
        assert answer.status_code == refused[fault]
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{proxy.url}/bucket/key", headers=SIGNED, trust_env=False)
    assert proxy.injected == {("s3", fault): 1}
    assert len(seen) == carried_out


def test_every_broken_promise_counts() -> None:
    row = {"lost": 0, "duplicated": 0, "wrong": 0}
    kept = {
        "paths": {"API": dict(row), "upload": dict(row)},
        "same id twice": 0,
        "measured but not stored": 0,
        "stored under an id that nobody was told": 0,
        "photos set aside": 3,
        MENDED: 3,
    }
    assert broken(kept) == 0
    for promise in row:
        assert broken(kept | {"paths": {"API": row, "upload": row | {promise: 2}}}) == 2
    for name in kept.keys() - {"paths", "photos set aside", MENDED}:
        assert broken(kept | {name: 1}) == 1
    assert broken(kept | {MENDED: 1}) == 2


@pytest.mark.parametrize(
    ("statuses", "end"),
    [
        ({"/uploads": 500}, WRONG),  # an answer in no words of ours
        ({"/uploads": 200, "/photo": 503}, NOT_TAKEN),
        ({"/uploads": 200, "/photo": 403}, WRONG),
        ({"/uploads": 200, "/photo": 204, "/measure": 500}, WRONG),
        ({"/uploads": 200, "/photo": 204}, LOST),  # accepted, and no answer ever
    ],
)
def test_only_a_typed_refusal_counts_as_one(
    statuses: dict[str, int], end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "TRIES", 1)

    def api(environ: Any, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path not in statuses:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError
        form = {"url": f"{server.url}/photo", "fields": {}}
        data = {"measurement_id": "0" * 32, "image_url": "s3://b/k", "upload": form}
        body = json.dumps({"data": data}) if path == "/uploads" and statuses[path] == 200 else "?"
        return Response(body, statuses[path])(environ, start_response)

    server = Server(api, bind(0))
    try:
        with httpx.Client(base_url=server.url, trust_env=False) as http:
            user = User(http, random.Random(1), time.monotonic() + 60)
            assert user.send(Photo("front-1.jpg", b"photo"), "API").end == end
    finally:
        server.stop()
