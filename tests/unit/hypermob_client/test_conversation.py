"""How the client behaves when the way to the API, or the API, does not."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.contracts import MeasureRequest, parse
from hypermob_client import (
    AsyncClient,
    Client,
    HypermobError,
    InvalidAddressError,
    NewError,
    StillMeasuringError,
    UnexpectedAnswerError,
    UnreachableError,
)
from hypermob_client.conversation import About, Conversation, Send, Wait, photo_type

PHOTO = b"\xff\xd8\xff a photo"
ID = "0" * 32
LENGTHS = {"height": 175, "upper_arm": 32, "forearm": 25.5, "thigh": 42, "calf": 41, "torso": 51}
type Answer = tuple[int, Any] | None


class Service:
    """A server that answers by a script: per path, what to answer in turn (the last stays).

    An answer of None drops the connection, as a crash does.
    """

    def __init__(self) -> None:
        service = self
        self.script: dict[str, list[Answer]] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.takes_s = 0.0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.seen.append((f"{self.command} {self.path}", dict(self.headers)))
                time.sleep(service.takes_s)
                answers = service.script[self.path]
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if answer is None:
                    self.close_connection = True
                    return
                status, body = answer
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_DELETE = do_POST  # noqa: N815 - the server asks for these names

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        # It looks so often whether it is to end.
        serve = partial(self.server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()
        grant = {
            "measurement_id": ID,
            "image_url": f"s3://images/uploads/me/{ID}.jpg",
            "upload": {"url": f"{self.url}/bucket", "fields": {"key": "uploads/me"}},
            "expires_in_s": 600,
            "max_bytes": 1000,
        }
        self.script |= {"/uploads": [success(grant)], "/bucket": [(204, b"")]}

    def asked(self, path: str) -> int:
        return sum(line.endswith(path) for line, _ in self.seen)


def success(data: Any) -> Answer:
    return 200, {"status": "success", "data": data}


def failure(status: int, code: str, **details: Any) -> Answer:
    error = {"code": code, "message": "as the API says", "request_id": "r", **details}
    return status, {"status": "error", "error": error}


MEASURED = {
    "measurement_id": ID,
    "user_id": "me",
    "created_at": "2026-01-01T00:00:00+00:00",
    "image_url": f"s3://images/uploads/me/{ID}.jpg",
    "segments": {**LENGTHS, "user_id": "me"},
    "arm_cm": 57.5,
    "leg_cm": 83.0,
    "torso_cm": 51.0,
    "interval_95": {"upper_arm": [30, 34]},
    "quality": {
        "front": {
            "photo_px": [900, 1200],
            "format": "jpeg",
            "focal_length_known": True,
            "person_height_px": 900,
            "visibility": 0.99,
            "left_minus_right": {
                "thigh": {"cm": 9.0, "interval_95": [5.0, 13.0], "counted": "left"}
            },
        },
        "evidence": {"thigh": 0.3},
    },
    "model": {},
    "output_image_url": "http://127.0.0.1/overlay",
    "newer_than_this_client": True,
}
STATE = f"/measurements/me/{ID}"
DONE = success({"state": "done", "measurement": MEASURED, "recommendation": None})


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def client(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """One that pauses shortly between attempts; how long it really does has a test of its own."""
    monkeypatch.setattr("hypermob_client.conversation.FIRST_WAIT_S", 0.02)
    with Client(service.url, "secret", wait_s=3) as client:
        yield client


BUSY: list[Answer] = [
    failure(429, "TOO_MANY_REQUESTS"),
    failure(503, "MEASURE_UNAVAILABLE"),
]


@pytest.mark.parametrize("trouble", [*BUSY, (502, b"<html>"), None])
def test_what_can_do_nothing_twice_is_tried_again(
    service: Service, client: Client, trouble: Answer
) -> None:
    service.script["/health"] = [
        trouble,
        trouble,
        success({"version": "9", "car_fit_model": {}, "deep": False}),
    ]
    assert client.health().version == "9"
    assert service.asked("/health") == 3


def test_after_a_few_attempts_the_apis_own_error_is_raised(
    service: Service, client: Client
) -> None:
    service.script["/vehicles"] = [failure(429, "TOO_MANY_REQUESTS")]
    with pytest.raises(HypermobError, match="TOO_MANY_REQUESTS"):
        client.vehicles()
    assert service.asked("/vehicles") == 4


def test_a_months_quota_is_not_asked_for_again(service: Service, client: Client) -> None:
    service.script["/vehicles"] = [failure(429, "QUOTA_EXCEEDED")]
    with pytest.raises(HypermobError, match="QUOTA_EXCEEDED"):
        client.vehicles()
    assert service.asked("/vehicles") == 1


@pytest.mark.parametrize("trouble", [failure(504, "GATEWAY_TIMEOUT"), None, (202, b"{}")])
def test_a_measurement_that_may_have_begun_is_looked_for_not_repeated(
    service: Service, client: Client, trouble: Answer
) -> None:
    service.script["/measure"] = [trouble]
    service.script[STATE] = [success({"state": "pending"}), DONE]
    assert client.measure(PHOTO, height_cm=175).arm_cm == 57.5
    assert service.asked("/measure") == 1


def test_a_measurement_says_how_much_the_photos_told(service: Service, client: Client) -> None:
    service.script["/measure"] = [success(MEASURED)]
    quality = client.measure(PHOTO, height_cm=175).quality
    assert quality.evidence == {"thigh": 0.3}
    assert quality.side is None
    assert quality.front.left_minus_right is not None
    assert quality.front.left_minus_right["thigh"].counted == "left"


def test_a_measurement_that_failed_meanwhile_says_why(service: Service, client: Client) -> None:
    service.script["/measure"] = [(202, b"{}")]
    error = {"code": "POSE_UNSUITABLE", "message": "m", "reason": "legs_bent"}
    service.script[STATE] = [success({"state": "failed", "error": error})]
    with pytest.raises(HypermobError) as refused:
        client.measure(PHOTO, height_cm=175)
    assert (refused.value.code, refused.value.details["reason"]) == (
        "POSE_UNSUITABLE",
        "legs_bent",
    )


def test_several_photos_are_uploaded_and_sent_with_the_pitch_of_each() -> None:
    """The steps of a call, without a server: what it sends is what the API takes."""
    import httpx

    about: About = {"device_pitch_deg": -2.0, "side_device_pitch_deg": 1.5, "user_id": "kim"}
    steps = Conversation("http://x", "k", "me", "en", 1).measure(
        PHOTO, 175.0, [PHOTO, PHOTO], PHOTO, about
    )
    uploads = 0
    reply: httpx.Response | None = None
    while True:
        step = steps.send(reply)
        assert isinstance(step, Send)
        path, content = step.request.url.path, step.request.read()
        if path == "/measure":
            break
        if path == "/uploads":
            grant = {
                "measurement_id": ID,
                "image_url": f"s3://images/uploads/kim/{uploads:032x}.jpg",
                "upload": {"url": "http://x/bucket", "fields": {}},
                "expires_in_s": 600,
                "max_bytes": 1000,
            }
            content = json.dumps({"status": "success", "data": grant}).encode()
            reply = httpx.Response(200, content=content)
            uploads += 1
        else:
            reply = httpx.Response(204)
    sent = parse(MeasureRequest, content)
    assert [url[-5] for url in sent.front_urls] == ["0", "1", "2"]
    assert sent.front_pitches_deg == [-2.0, None, None]
    assert sent.side_image_url is not None
    assert (sent.side_device_pitch_deg, uploads) == (1.5, 4)


def test_a_wait_that_ends_names_the_measurement(service: Service, client: Client) -> None:
    service.script["/measure"] = [(202, b"{}")]
    service.script[STATE] = [success({"state": "pending"})]
    with pytest.raises(StillMeasuringError, match=ID):
        client.measure(PHOTO, height_cm=175)


@pytest.mark.parametrize("path", ["/measure", "/fit"])
@pytest.mark.parametrize("awaited", [False, True])
def test_the_wait_counts_the_calls_too(
    service: Service, monkeypatch: pytest.MonkeyPatch, path: str, awaited: bool
) -> None:
    """A call that takes longer than the whole wait leaves time for one look at the state."""
    monkeypatch.setattr("hypermob_client.conversation.POLL_S", 0.01)
    service.script[path] = [(202, b"{}")]
    service.script[STATE] = [success({"state": "pending"})]
    service.takes_s = wait_s = 0.1

    async def ask() -> None:
        async with AsyncClient(service.url, "k", wait_s=wait_s) as client:
            await (client.fit if path == "/fit" else client.measure)(PHOTO, height_cm=175)

    with pytest.raises(StillMeasuringError) as late, Client(service.url, "k", wait_s=wait_s) as one:
        if awaited:
            asyncio.run(ask())
        (one.fit if path == "/fit" else one.measure)(PHOTO, height_cm=175)
    assert service.asked(STATE) == 1
    assert late.value.details["waited_s"] >= wait_s


def test_a_measurement_that_was_not_begun_is_tried_again(service: Service, client: Client) -> None:
    service.script["/measure"] = [failure(503, "MEASURE_UNAVAILABLE"), success(MEASURED)]
    assert client.measure(PHOTO, height_cm=175).leg_cm == 83.0
    assert service.asked("/measure") == 2


def test_storage_never_sees_the_key(service: Service, client: Client) -> None:
    service.script["/measure"] = [success(MEASURED)]
    client.measure(PHOTO, height_cm=175)
    keys = {line: headers.get("X-API-Key") for line, headers in service.seen}
    assert keys == {"POST /uploads": "secret", "POST /bucket": None, "POST /measure": "secret"}
    assert "secret" not in repr(vars(client))


def test_an_error_newer_than_the_client_keeps_its_code_and_words(
    service: Service, client: Client
) -> None:
    service.script["/vehicles"] = [failure(418, "TEAPOT", size_l=2)]
    with pytest.raises(NewError, match="TEAPOT: as the API says") as refused:
        client.vehicles()
    assert refused.value.code == "TEAPOT"
    assert refused.value.details["size_l"] == 2


@pytest.mark.parametrize("answer", [(200, b"<html>"), (404, b"{}"), success({"version": 1})])
def test_an_answer_of_something_else_is_said(
    service: Service, client: Client, answer: Answer
) -> None:
    service.script["/health"] = [answer]
    with pytest.raises(UnexpectedAnswerError):
        client.health()


def test_an_upload_that_storage_refuses_is_said(service: Service, client: Client) -> None:
    service.script["/bucket"] = [(403, b"<Error/>")]
    with pytest.raises(UnexpectedAnswerError, match="/bucket answered 403"):
        client.measure(PHOTO, height_cm=175)


def test_an_address_where_nobody_answers_is_said(service: Service) -> None:
    service.server.server_close()
    with Client(service.url, "k") as client, pytest.raises(UnreachableError, match=service.url):
        client.health()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "",
        "api.example.com/prod",
        "localhost:8000",
        "ftp://x",
        "http://",
        "http://x:port",
    ],
)
def test_what_is_no_address_is_said_before_anything_is_sent(
    kind: type[Client | AsyncClient], address: str
) -> None:
    with pytest.raises(InvalidAddressError) as refused:
        kind(address, "k")
    assert refused.value.message("en").startswith(f"{address} is not an API's address")
    assert "https://" in refused.value.message("ko")


def test_pauses_grow_and_keep_to_what_the_api_asks() -> None:
    import httpx

    def pauses(headers: dict[str, str]) -> list[float]:
        steps = Conversation("http://x", "k", "me", "en", 1).health(deep=False)
        found, reply = [], None
        with pytest.raises(HypermobError):
            while True:
                step = steps.send(reply)
                reply = None
                if isinstance(step, Wait):
                    found.append(step.seconds)
                else:
                    content = json.dumps(failure(503, "SERVICE_UNAVAILABLE", parts="x")[1])
                    reply = httpx.Response(503, headers=headers, content=content)
        return found

    first, second, third = pauses({})
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0
    assert pauses({"Retry-After": "7"}) == [7, 7, 7]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
    ],
)
def test_photos_are_known_by_their_first_bytes(start: bytes, kind: str) -> None:
    assert photo_type(start + b"more") == kind
