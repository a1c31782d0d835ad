"""Asking for a measurement: once for each Idempotency-Key, now or later, and in what words."""

import io
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from chalicelib.contracts import MeasureJob
from chalicelib.errors import (
    HypermobError,
    IdempotencyKeyReusedError,
    MeasureUnavailableError,
    TooManyRequestsError,
)
from chalicelib.measurement.function import MeasureFunction, StillMeasuringError
from chalicelib.measurement.lifecycle import (
    CALL_ENDS_S,
    GIVEN_UP_S,
    Request,
    ask,
    ask_once,
    wait_s,
)
from chalicelib.measurement.results import state
from chalicelib.settings import settings
from chalicelib.storage import (
    ERROR,
    MEASUREMENT,
    RECOMMENDATION,
    REQUEST,
    ObjectAddress,
    Owner,
    Storage,
)
from chalicelib.telemetry import Telemetry
from tests.functional.conftest import PEOPLE, MeasureEndpoint

IMAGES, RESULTS = "hypermob-images", "hypermob-results"
OWNER = Owner("kim", "0123456789abcdef" * 2)
GUIDE = {
    "image_url": "s3://hypermob-images/test/full_body.jpg",
    "height_cm": 175.0,
    "user_id": "kim",
}
JOB = MeasureJob(**GUIDE, measurement_id=OWNER.measurement_id)


@pytest.fixture
def storage(s3):
    photo = (PEOPLE / "front-8.jpg").read_bytes()
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=photo)
    return Storage(settings())


@pytest.fixture
def function(storage):
    MeasureEndpoint.invocations.clear()
    return MeasureFunction(settings())


class Counted:
    """The measure function, with a count of calls, a delay, and what the first calls come to."""

    def __init__(self, function, *outcomes, delay_s=0.0):
        self.calls = 0
        self._function = function
        self._outcomes = list(outcomes)
        self._delay_s = delay_s
        self._lock = threading.Lock()

    def measure(self, job, wait_s, *, store_refusal=False):
        with self._lock:
            self.calls += 1
            outcome = self._outcomes.pop(0) if self._outcomes else None
        time.sleep(self._delay_s)
        if outcome is not None:
            raise outcome
        return self._function.measure(job, wait_s, store_refusal=store_refusal)

    def start(self, job):
        self.calls += 1
        self._function.start(job)


def once(storage, function, job=JOB, wait_s=25.0):
    return ask_once(storage, function, OWNER, job, wait_s)


def test_repeats_that_race_measure_once_and_get_the_same(storage, function):
    counted = Counted(function, delay_s=0.3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: once(storage, counted), range(8)))
    assert counted.calls == 1
    assert found[0] is not None
    assert all(one == found[0] for one in found)


def test_a_repeat_that_will_not_wait_longer_is_told_to_come_back(storage, function):
    counted = Counted(function, delay_s=3)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(once, storage, counted)
        while storage.read_result(OWNER, REQUEST) is None:
            time.sleep(0.01)
        assert once(storage, counted, wait_s=0.2) is None
        assert first.result() == once(storage, counted)
    assert counted.calls == 1


def test_a_claim_whose_answer_was_lost_is_known_again(storage, function, monkeypatch):
    """S3 stored it, the answer broke off, and the SDK's own retry met what it had stored."""
    claim = Storage.claim

    def answer_lost(self, *arguments):
        assert claim(self, *arguments)
        return claim(self, *arguments)

    monkeypatch.setattr(Storage, "claim", answer_lost)
    assert once(storage, Counted(function), wait_s=5) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"height_cm": 176.0},
        {"sex": "male"},
        {"side_image_url": "s3://hypermob-images/test/side.jpg"},
        {"vehicle": "minivan"},
    ],
)
def test_another_body_under_the_same_key_is_refused(api, storage, change):
    assert api.call("POST", "/measure", GUIDE, Idempotency_Key="k")[0] == 200
    status, answer = api.call("POST", "/measure", GUIDE | change, Idempotency_Key="k")
    assert (status, answer["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert len(MeasureEndpoint.invocations) == 1


def test_the_same_body_in_other_words_is_the_same(api, storage):
    other = json.dumps({**dict(reversed(GUIDE.items())), "note": "x"}, indent=2).encode()
    first = api.call("POST", "/measure", GUIDE, Idempotency_Key="k")[1]["data"]
    second = api.call("POST", "/fit", other, Idempotency_Key="k")[1]["data"]["measurement"]
    assert {**second, "output_image_url": ""} == {**first, "output_image_url": ""}
    assert len(MeasureEndpoint.invocations) == 1


def test_the_same_key_of_another_user_is_another_key(api, storage):
    for user_id in ("kim", "lee"):
        status, _ = api.call("POST", "/measure", GUIDE | {"user_id": user_id}, Idempotency_Key="k")
        assert status == 200
    assert len(MeasureEndpoint.invocations) == 2


def test_a_refusal_is_repeated_without_measuring_again(api, s3, storage):
    photo = (PEOPLE / "two_people-5.jpg").read_bytes()
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=photo)
    answers = [api.call("POST", "/measure", GUIDE, Idempotency_Key="k") for _ in range(2)]
    assert [(status, a["error"]["code"]) for status, a in answers] == [(422, "SEVERAL_PEOPLE")] * 2
    assert len(MeasureEndpoint.invocations) == 1


def test_a_photo_that_comes_late_is_measured_under_the_same_key(api, s3, storage):
    photo = s3.get_object(Bucket=IMAGES, Key="test/full_body.jpg")["Body"].read()
    s3.delete_object(Bucket=IMAGES, Key="test/full_body.jpg")
    assert api.call("POST", "/measure", GUIDE, Idempotency_Key="k")[0] == 404
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=photo)
    assert api.call("POST", "/measure", GUIDE, Idempotency_Key="k")[0] == 200


@pytest.mark.parametrize(
    "error", [TooManyRequestsError(), MeasureUnavailableError(), RuntimeError("a broken bucket")]
)
def test_what_may_pass_frees_the_key(storage, function, error):
    counted = Counted(function, error)
    with pytest.raises(type(error)):
        once(storage, counted)
    assert once(storage, counted) is not None
    assert counted.calls == 2


def test_a_measurement_whose_answer_was_lost_is_not_made_again(storage, function):
    assert once(storage, Counted(function)) is not None
    storage.delete_results(OWNER, REQUEST)  # freed by a call that never heard the answer
    counted = Counted(function)
    assert once(storage, counted) is not None
    assert counted.calls == 0


def test_a_key_that_is_held_for_too_long_is_taken_over_once(storage, function):
    held = {"given_up_at": time.time() - 1, "token": "of a process that died"}
    storage.write_result(OWNER, REQUEST, msgspec.to_builtins(Request.of(JOB, 0)) | held)
    counted = Counted(function, delay_s=0.2)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: once(storage, counted), range(6)))
    assert counted.calls == 1
    assert all(found)


def test_a_key_that_is_freed_while_it_is_taken_over_is_claimed_anew(storage, function, monkeypatch):
    held = {"given_up_at": 0.0, "token": "of a process that died"}
    storage.write_result(OWNER, REQUEST, msgspec.to_builtins(Request.of(JOB, 0)) | held)
    claim, replaced = Storage.claim, []

    def freed_first(self, owner, name, content, replacing=None):
        if replacing:
            replaced.append(replacing)
            self.delete_results(owner, name)
        assert len(replaced) < 3, "it goes on for what is gone"
        return claim(self, owner, name, content, replacing)

    monkeypatch.setattr(Storage, "claim", freed_first)
    assert once(storage, function) is not None
    assert len(replaced) == 1


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(api, storage, key):
    status, answer = api.call("POST", "/measure", GUIDE, Idempotency_Key=key)
    assert (status, answer["error"]["code"]) == (400, "INVALID_INPUT")
    assert answer["error"]["fields"][0]["field"] == "Idempotency-Key"
    assert MeasureEndpoint.invocations == []


# --- now or later ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 25),
        ("", 25),
        ("respond-async", 0),
        ("Respond-Async", 0),
        ("respond-async; x=y", 0),
        ("wait=10", 10),
        ("respond-async, wait=10", 10),
        ('wait="7"', 7),
        ("WAIT = 3", 3),
        ("wait=0", 0),
        ("wait=99", 25),
        ("wait=5, wait=9", 5),
        ("wait=-1", 25),
        ("wait=soon, respond-async", 0),
        ("wait=" + "9" * 5000, 25),
        ("wait=٣", 25),
        ("not-respond-async", 25),
        ("return=minimal", 25),
    ],
)
def test_prefer_says_how_long_to_wait(prefer, seconds):
    assert wait_s(prefer, 25) == seconds


def test_a_wait_that_ends_first_answers_where_the_result_will_be(api, storage, monkeypatch):
    waited = []

    def slow(self, job, wait_s, *, store_refusal=False):
        waited.append(wait_s)
        raise StillMeasuringError

    monkeypatch.setattr(MeasureFunction, "measure", slow)
    for headers in ({}, {"Idempotency_Key": "k"}):
        response = api.send("POST", "/measure", GUIDE, Prefer="wait=3", **headers)
        assert response.status_code == 202
        assert response.headers["Retry-After"] == "2"
        pending = api.send("GET", "/" + response.headers["Location"])
        assert pending.json_body["data"] == {"state": "pending"}
        assert pending.headers["Retry-After"] == "2"
    assert waited == [pytest.approx(3, abs=0.5)] * 2


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "k"}])
def test_what_could_not_be_started_is_not_pending(api, storage, s3, monkeypatch, headers):
    def throttled(*_):
        raise TooManyRequestsError

    monkeypatch.setattr(MeasureFunction, "start", throttled)
    response = api.send("POST", "/measure", GUIDE, Prefer="respond-async", **headers)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "10")
    assert "Contents" not in s3.list_objects_v2(Bucket=RESULTS)


def test_a_read_time_out_is_not_tried_again(storage, function, monkeypatch):
    """The measure function would run twice."""
    gone_on = threading.Event()
    handle = __import__("handler").handle
    monkeypatch.setattr("handler.handle", lambda *_: (gone_on.wait(4), handle(*_))[1])
    with pytest.raises(StillMeasuringError):
        function.measure(JOB, 1)
    gone_on.set()
    end = time.monotonic() + 20
    while storage.read_result(OWNER, MEASUREMENT) is None:  # the function goes on
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(MeasureEndpoint.invocations) == 1


def test_a_call_that_lambda_does_not_take_is_a_typed_error(storage, monkeypatch):
    monkeypatch.setattr("chalicelib.measurement.function.START_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(MeasureUnavailableError):
            MeasureFunction(settings()).start(JOB)


@pytest.mark.parametrize("failure", ["its endpoint", "its own"])
def test_why_nothing_can_be_measured_is_in_the_log(storage, monkeypatch, capsys, failure):
    telemetry = Telemetry(f"why nothing can be measured: {failure}")
    monkeypatch.setattr("chalicelib.measurement.function.telemetry", lambda: telemetry)
    if failure == "its endpoint":
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")
    function = MeasureFunction(settings())
    if failure == "its own":
        monkeypatch.setattr(MeasureEndpoint, "failure", b'"signal: killed"')
    with pytest.raises(MeasureUnavailableError):
        function.measure(JOB, 25)
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["level"] == "ERROR"
    assert {"its endpoint": "http://127.0.0.1:9", "its own": "signal: killed"}[failure] in line


@pytest.mark.parametrize("ask", [ask, ask_once])
@pytest.mark.parametrize(("wait_s", "given_up_s"), [(0.0, GIVEN_UP_S), (1.0, 1.0 + CALL_ENDS_S)])
def test_a_call_is_given_up_when_its_attempts_have_passed(
    storage, ask, wait_s, given_up_s, monkeypatch
):
    """One attempt where somebody waited: if it dies after the wait, nobody else tells of it."""

    def dies(*_, **__):
        raise StillMeasuringError

    function = MeasureFunction(settings())
    monkeypatch.setattr(function, "measure", dies)
    monkeypatch.setattr(function, "start", lambda _: None)
    asked_at = time.time()
    assert ask(storage, function, OWNER, JOB, wait_s) is None
    given_up_at = storage.read_result(OWNER, REQUEST)["given_up_at"]
    assert given_up_at == pytest.approx(asked_at + given_up_s, abs=5)
    assert state(storage, OWNER, "en", None) == {"state": "pending"}
    monkeypatch.setattr(time, "time", lambda: given_up_at + 1)
    assert state(storage, OWNER, "en", None)["error"]["code"] == "MEASURE_UNAVAILABLE"


@pytest.mark.parametrize(
    ("key", "uploaded", "code"),
    [
        ("test/full_body.jpg", False, "MEASURE_UNAVAILABLE"),
        (f"uploads/kim/{OWNER.measurement_id}.jpg", True, "MEASURE_UNAVAILABLE"),
        (f"uploads/kim/{OWNER.measurement_id}.jpg", False, "IMAGE_NOT_FOUND"),
    ],
)
def test_what_was_asked_for_and_never_came_has_failed(api, storage, s3, key, uploaded, code):
    if uploaded:
        s3.put_object(Bucket=IMAGES, Key=key, Body=b"photo")
    request = {"given_up_at": time.time() - 1, "image_url": f"s3://{IMAGES}/{key}"}
    storage.write_result(OWNER, REQUEST, request)
    _, answer = api.call("GET", f"/measurements/kim/{OWNER.measurement_id}")
    assert answer["data"]["state"] == "failed"
    assert answer["data"]["error"]["code"] == code


def test_a_result_of_an_earlier_request_is_none_of_the_last(api, storage):
    """One photo is measured for one height and then asked for with another."""
    _, answer = api.call("POST", "/measure", GUIDE)
    measurement = answer["data"]

    def result_seen():
        found = state(storage, OWNER, "en", None)
        if found["state"] == "done":
            return found["measurement"]["segments"]["height"], found["recommendation"]
        return found["error"]["code"] if found["state"] == "failed" else "pending"

    def store(name, asked_at, **content):
        storage.write_result(OWNER, name, content | {"asked_at": asked_at})

    store(MEASUREMENT, 10.0, **measurement)
    store(RECOMMENDATION, 10.0, seat="first")
    assert result_seen() == (175.0, {"seat": "first"})
    store(REQUEST, 20.0, given_up_at=time.time() + 60, image_url=GUIDE["image_url"])
    assert result_seen() == "pending"
    store(ERROR, 20.0, code="NO_PERSON", details={}, since=time.time() + 60)
    assert result_seen() == "pending"
    store(ERROR, 20.0, code="NO_PERSON", details={}, since=0.0)
    assert result_seen() == "NO_PERSON"
    shorter = measurement["segments"] | {"height": 160.0}
    store(MEASUREMENT, 30.0, **measurement | {"segments": shorter})
    assert result_seen() == (160.0, None)
    store(RECOMMENDATION, 30.0, seat="second")
    assert result_seen() == (160.0, {"seat": "second"})


def test_who_was_refused_at_once_finds_it_again_where_the_photo_was_to_be_measured(api, s3):
    key = f"uploads/kim/{OWNER.measurement_id}.jpg"
    s3.put_object(Bucket=IMAGES, Key=key, Body=b"no photo")
    url = f"s3://{IMAGES}/{key}"
    assert api.call("POST", "/measure", GUIDE | {"image_url": url})[0] == 415
    _, answer = api.call("GET", f"/measurements/kim/{OWNER.measurement_id}")
    assert answer["data"]["error"]["code"] == "UNSUPPORTED_IMAGE"
    s3.put_object(Bucket=IMAGES, Key=key, Body=(PEOPLE / "front-8.jpg").read_bytes())
    assert api.call("POST", "/measure", GUIDE | {"image_url": url})[0] == 200
    _, answer = api.call("GET", f"/measurements/kim/{OWNER.measurement_id}")
    assert answer["data"]["state"] == "done"


def test_an_upload_with_a_height_is_pending_from_the_start(api, storage):
    for more, expected in (({"height_cm": 170}, 200), ({}, 404)):
        body = {"user_id": "kim", "content_type": "image/jpeg", **more}
        _, answer = api.call("POST", "/uploads", body)
        path = f"/measurements/kim/{answer['data']['measurement_id']}"
        assert api.call("GET", path)[0] == expected


def test_no_poll_lists_a_bucket_and_no_write_asks_before_it_sends(storage):
    sent = []

    def note(request, **_):
        sent.append((request.method, urlsplit(request.url).path.rpartition("/")[2]))
        assert "Expect" not in request.headers

    storage.s3.meta.events.register("before-send.s3", note)
    storage.write_result(OWNER, REQUEST, Request.of(JOB, 0))
    assert state(storage, OWNER, "en", None) == {"state": "pending"}
    results = [("GET", name) for name in (REQUEST, MEASUREMENT, ERROR)]
    mark = f"{OWNER.measurement_id}.deleted"
    assert sent == [("PUT", REQUEST), ("HEAD", mark), *results]


def test_a_bucket_out_of_reach_is_a_typed_error_without_internals(api, storage, monkeypatch):
    from botocore.exceptions import EndpointConnectionError
    from urllib3.exceptions import ProtocolError

    slow_down = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
    skewed = {
        "Error": {"Code": "RequestTimeTooSkewed"},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    for error in (
        EndpointConnectionError(endpoint_url="http://internal"),
        ClientError(slow_down, "GetObject"),
        ClientError(skewed, "GetObject"),
        ProtocolError("Connection broken: IncompleteRead at internal"),
    ):

        def broken(*_, error=error):
            raise error

        monkeypatch.setattr(Storage, "read_tagged", broken)
        response = api.send("GET", f"/measurements/kim/{OWNER.measurement_id}")
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        assert response.json_body["error"]["code"] == "SERVICE_UNAVAILABLE"
        assert "internal" not in response.body.decode()
        assert "SlowDown" not in response.body.decode()


def test_a_stored_error_that_is_not_known_any_more_is_an_internal_one(storage):
    storage.write_result(OWNER, ERROR, {"code": "OF_A_LATER_VERSION", "details": {}, "since": 0.0})
    storage.write_result(OWNER, REQUEST, Request.of(JOB, 0))
    assert storage.read_result(OWNER, MEASUREMENT) is None
    with pytest.raises(HypermobError) as raised:
        once(storage, None)
    assert raised.value.code == "INTERNAL_ERROR"
    with pytest.raises(IdempotencyKeyReusedError):
        once(storage, None, job=MeasureJob(**GUIDE | {"height_cm": 170.0}))


def test_a_lost_event_costs_no_recommendation(api, storage):
    _, answer = api.call("POST", "/measure", GUIDE)
    path = f"/measurements/kim/{answer['data']['measurement_id']}"
    owner = Owner("kim", answer["data"]["measurement_id"])
    assert api.call("GET", path)[1]["data"]["recommendation"] is None
    measurement = storage.read_result(owner, MEASUREMENT)
    made_at = datetime.fromisoformat(measurement["created_at"])

    def after(seconds):
        """What is read of a measurement that is so old."""
        old = made_at - timedelta(seconds=seconds)
        storage.write_result(owner, MEASUREMENT, measurement | {"created_at": old.isoformat()})
        return api.call("GET", path)[1]["data"]["recommendation"]

    assert after(20) is None, "its event may still come within a minute"
    by_hand = api.call("POST", "/fit", GUIDE)[1]["data"]["recommendation"]
    assert after(75) == by_hand


def test_a_result_is_written_again_where_the_sdk_would_not(storage, monkeypatch):
    from urllib3.exceptions import ProtocolError

    put, tries = storage.s3.put_object, []

    def broken_once(**named):
        tries.append(named)
        if len(tries) == 1:
            raise ProtocolError("Connection broken: IncompleteRead")
        return put(**named)

    monkeypatch.setattr(storage.s3, "put_object", broken_once)
    storage.write_result(OWNER, ERROR, {"code": "x"})
    assert storage.read_result(OWNER, ERROR) == {"code": "x"}
    assert len(tries) == 2


def test_a_body_that_breaks_off_is_read_again(storage, monkeypatch):
    storage.write_result(OWNER, ERROR, {"code": "x"})
    get, tries = storage.s3.get_object, []

    def broken_once(**named):
        found = get(**named)
        tries.append(named)
        if len(tries) == 1:
            found["Body"] = StreamingBody(io.BytesIO(b'{"co'), 12)
        return found

    monkeypatch.setattr(storage.s3, "get_object", broken_once)
    assert storage.read_result(OWNER, ERROR) == {"code": "x"}
    assert len(tries) == 2


def test_a_bucket_that_is_not_there_is_no_measurement_that_is_not_there(storage):
    elsewhere = Storage(replace(settings(), results_bucket="hypermob-nowhere"))
    with pytest.raises(ClientError, match="NoSuchBucket"):
        elsewhere.read_result(OWNER, ERROR)


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: storage.is_deleted(OWNER),
        lambda storage: storage.delete_results(OWNER, ERROR),
        lambda storage: storage.upload_metadata(ObjectAddress(IMAGES, "uploads/kim/none.jpg")),
    ],
    ids=["list", "delete", "head"],
)
def test_what_s3_finds_too_old_is_signed_and_sent_again(storage, call):
    times = []

    def too_old_twice(request, **_):
        times.append(request.headers["X-Amz-Date"])
        if len(times) > 2:
            return None
        body = b"<Error><Code>RequestTimeTooSkewed</Code></Error>" * (request.method != "HEAD")
        return AWSResponse(request.url, 403, {}, BytesRaw(body))

    storage.s3.meta.events.register("before-send.s3", too_old_twice)
    call(storage)
    assert len(times) == 3


class BytesRaw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_):
        yield self.read()
