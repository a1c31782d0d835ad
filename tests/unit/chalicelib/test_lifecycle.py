"""A measurement's life, step by step, over storage in memory.

`tests/functional/test_measurement.py` runs the same over S3's API. These are quick enough for a
mutation tool.
"""

import time
from typing import Any

import msgspec
import pytest

from chalicelib.contracts import MeasureJob, Measurement
from chalicelib.errors import (
    DeletedError,
    HypermobError,
    IdempotencyKeyReusedError,
    ImageNotFoundError,
    MeasureUnavailableError,
    NoPersonError,
    TooManyRequestsError,
)
from chalicelib.measurement import lifecycle
from chalicelib.measurement.function import StillMeasuringError
from chalicelib.measurement.lifecycle import CALL_ENDS_S, GIVEN_UP_S, LEAST_WAIT_S, Request
from chalicelib.storage import ERROR, MEASUREMENT, REQUEST, ObjectAddress, Owner

NOW = 1_000_000.0
OWNER = Owner("kim", "0123456789abcdef" * 2)
UPLOADED = f"s3://hypermob-images/uploads/kim/{OWNER.measurement_id}.jpg"
JOB = MeasureJob(
    user_id="kim",
    image_url="s3://hypermob-images/test/a.jpg",
    height_cm=175.0,
    measurement_id=OWNER.measurement_id,
)
LENGTHS = {"upper_arm": 31.0, "forearm": 26.0, "thigh": 44.0, "calf": 41.0, "torso": 51.0}
MEASURED = msgspec.convert(
    {
        "measurement_id": OWNER.measurement_id,
        "user_id": "kim",
        "created_at": "2026-11-30T00:00:00+00:00",
        "image_url": JOB.image_url,
        "segments": {"user_id": "kim", "height": 175.0, **LENGTHS},
        "arm_cm": 57.0,
        "leg_cm": 85.0,
        "torso_cm": 51.0,
        "interval_95": {},
        "quality": {},
        "model": {},
    },
    Measurement,
)


class Memory:
    """Storage's calls that the life needs, in memory."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[Any, str]] = {}
        self.writes = 0
        self.deleted = False
        self.swept = 0

    def write_result(self, owner: Owner, name: str, content: Any) -> None:
        self.writes += 1
        self.documents[name] = (msgspec.to_builtins(content), f"tag-{self.writes}")

    def claim(self, owner: Owner, name: str, content: Any, replacing: str | None = None) -> bool:
        if self.read_tagged(owner, name)[1] != (replacing or ""):
            return False
        self.write_result(owner, name, content)
        return True

    def read_tagged(self, owner: Owner, name: str) -> tuple[Any, str]:
        return self.documents.get(name, (None, ""))

    def read_result(self, owner: Owner, name: str) -> Any:
        return self.read_tagged(owner, name)[0]

    def delete_results(self, owner: Owner, *names: str) -> None:
        for name in names:
            self.documents.pop(name, None)

    def is_deleted(self, owner: Owner) -> bool:
        return self.deleted

    def sweep_if_deleted(self, owner: Owner) -> bool:
        self.swept += 1
        if self.deleted:
            self.documents.clear()
        return self.deleted


class Function:
    """The measure function's calls: it ends as it is told to, and lists what it was asked."""

    def __init__(self, end: Exception | Measurement = MEASURED) -> None:
        self.end = end
        self.started: list[MeasureJob] = []
        self.waited: list[tuple[MeasureJob, float, bool]] = []

    def start(self, job: MeasureJob) -> None:
        self.started.append(job)
        if isinstance(self.end, Exception):
            raise self.end

    def measure(
        self, job: MeasureJob, wait_s: float, *, store_refusal: bool = False
    ) -> Measurement:
        self.waited.append((job, wait_s, store_refusal))
        if isinstance(self.end, Exception):
            raise self.end
        return self.end


@pytest.fixture
def storage() -> Any:
    return Memory()


# --- the state by its documents ---------------------------------------------------------------


def document(asked_at: float | None, **fields: float) -> dict[str, float]:
    return fields | ({} if asked_at is None else {"asked_at": asked_at})


def request(asked_at: float | None, given_up_at: float = NOW + 60.0) -> dict[str, float]:
    return document(asked_at, given_up_at=given_up_at)


def failed(asked_at: float, since: float = 0.0) -> dict[str, float]:
    return document(asked_at, since=since)


@pytest.mark.parametrize(
    ("documents", "phase"),
    [
        ((None, None, None), "none"),
        ((request(5.0), None, None), "pending"),
        ((request(5.0, NOW), None, None), "pending"),
        ((request(5.0, NOW - 0.1), None, None), "given up"),
        ((request(5.0), document(5.0), None), "done"),
        ((request(5.0, NOW - 9.0), document(5.0), None), "done"),
        ((request(5.0), document(4.0), None), "pending"),
        ((request(None), document(None), None), "done"),
        ((None, document(5.0), None), "done"),
        ((None, document(None), None), "done"),
        ((request(5.0), None, failed(5.0)), "failed"),
        ((request(5.0), None, failed(4.0)), "pending"),
        ((request(5.0), None, failed(5.0, since=NOW)), "failed"),
        ((request(5.0), None, failed(5.0, since=NOW + 0.1)), "pending"),
        ((None, None, failed(5.0)), "failed"),
        ((None, None, failed(5.0, since=NOW + 0.1)), "none"),
        ((request(5.0), document(5.0), failed(5.0)), "done"),
        ((request(5.0), document(5.0), failed(6.0)), "failed"),
        ((request(5.0), document(6.0), failed(5.0)), "done"),
        ((request(7.0), document(6.0), failed(5.0)), "pending"),
        ((None, document(5.0), failed(6.0, since=NOW + 1)), "done"),
    ],
)
def test_the_phase_follows_from_the_documents(documents: Any, phase: str) -> None:
    assert lifecycle.phase(*documents, NOW) == phase


def test_a_document_without_a_time_is_older_than_any_and_newer_than_none() -> None:
    assert lifecycle.asked_at_s({"asked_at": 3}) == 3.0
    assert lifecycle.asked_at_s(None) < lifecycle.asked_at_s({}) == 0.0


def test_a_failure_says_when_it_was_asked_for_and_from_when_it_is_true() -> None:
    found = lifecycle.failure(NoPersonError(), 3.0)
    assert (found["code"], found["asked_at"], found["since"]) == ("NO_PERSON", 3.0, 0.0)
    assert lifecycle.failure(NoPersonError(), 3.0, 4.0)["since"] == 4.0


# --- ids and waits ----------------------------------------------------------------------------


def test_the_id_is_that_of_the_key_of_the_upload_or_a_new_one() -> None:
    test, upload = (ObjectAddress.from_url(url) for url in (JOB.image_url or "", UPLOADED))
    by_key = lifecycle.measurement_id("kim", test, "a")
    assert by_key == lifecycle.measurement_id("kim", upload, "a")
    others = {lifecycle.measurement_id(*each) for each in (("lee", test, "a"), ("kim", test, "b"))}
    assert len(others | {by_key}) == 3
    assert lifecycle.measurement_id("kim", upload, None) == OWNER.measurement_id
    new = {lifecycle.measurement_id("kim", test, None) for _ in range(2)}
    assert len(new) == 2
    assert {len(each) for each in (*new, by_key)} == {32}
    assert len(lifecycle.measurement_id("kim", test, "")) == 32


@pytest.mark.parametrize(
    ("prefer", "expected_s"),
    [
        (None, 25.0),
        ("", 25.0),
        ("return=minimal", 25.0),
        ("wait=10", 10.0),
        ('Wait = "10"; x=1', 10.0),
        ("wait=10, wait=3", 10.0),
        ("wait=26", 25.0),
        ("wait=999999999", 25.0),
        ("wait=1234567890", 25.0),
        ("wait=-1", 25.0),
        ("wait=soon", 25.0),
        ("respond-async", 0.0),
        ("respond-async, wait=7", 7.0),
        ("respond-async, wait=soon", 0.0),
    ],
)
def test_the_header_says_how_long_a_client_waits(prefer: str | None, expected_s: float) -> None:
    assert lifecycle.wait_s(prefer, 25.0) == expected_s


def test_a_wait_of_half_a_second_is_waited_for() -> None:
    assert LEAST_WAIT_S == 0.5
    assert lifecycle.is_waited_for(0.5)
    assert not lifecycle.is_waited_for(0.49)


@pytest.mark.parametrize(("waits_s", "ends_s"), [(0.0, GIVEN_UP_S), (20.0, 20.0 + CALL_ENDS_S)])
def test_a_request_is_given_up_when_no_attempt_can_follow(waits_s: float, ends_s: float) -> None:
    assert (GIVEN_UP_S, CALL_ENDS_S) == (1800, 90)
    before = time.time()
    found = Request.of(JOB, waits_s)
    assert before + ends_s <= found.given_up_at <= time.time() + ends_s


def test_a_request_is_told_by_its_fields_and_a_call_by_its_token() -> None:
    one = Request.of(JOB, 0.0)
    same = Request.of(msgspec.structs.replace(JOB, measurement_id="f" * 32, asked_at=9.0), 20.0)
    assert (one.fingerprint, len(one.token)) == (same.fingerprint, 32)
    assert one.token != same.token
    assert same.asked_at == 9.0
    taller = msgspec.structs.replace(JOB, height_cm=176.0)
    side = msgspec.structs.replace(JOB, side_image_url=UPLOADED)
    assert len({Request.of(each, 0.0).fingerprint for each in (JOB, taller, side)}) == 3
    assert Request.of(side, 0.0).side_image_url == UPLOADED
    assert (one.image_url, one.image_urls) == (JOB.image_url, [JOB.image_url])


def test_an_upload_is_noted_until_it_is_given_up(storage: Any) -> None:
    before = time.time()
    lifecycle.note(storage, OWNER, UPLOADED)
    noted = storage.read_result(OWNER, REQUEST)
    assert noted["image_url"] == UPLOADED
    assert before + GIVEN_UP_S <= noted["given_up_at"] <= time.time() + GIVEN_UP_S


# --- asking -----------------------------------------------------------------------------------


def test_a_call_that_nobody_waits_for_is_noted_and_started(storage: Any) -> None:
    function = Function()
    assert lifecycle.ask(storage, function, OWNER, JOB, 0.0) is None
    (started,) = function.started
    noted = storage.read_result(OWNER, REQUEST)
    assert started.asked_at == noted["asked_at"] == pytest.approx(time.time(), abs=60.0)
    assert (function.waited, storage.swept) == ([], 1)


def test_a_call_that_cannot_be_started_leaves_no_note(storage: Any) -> None:
    with pytest.raises(TooManyRequestsError):
        lifecycle.ask(storage, Function(TooManyRequestsError()), OWNER, JOB, 0.0)
    assert storage.documents == {}


@pytest.mark.parametrize(("url", "known"), [(JOB.image_url, False), (UPLOADED, True)])
def test_a_refusal_is_stored_where_its_owner_may_look(storage: Any, url: str, known: bool) -> None:
    function = Function()
    job = msgspec.structs.replace(JOB, image_url=url)
    assert lifecycle.ask(storage, function, OWNER, job, 20.0) == MEASURED
    ((_, waited_s, stored),) = function.waited
    assert (waited_s, stored) == (20.0, known)
    assert storage.documents == {}


def test_a_wait_that_ends_first_is_noted(storage: Any) -> None:
    assert lifecycle.ask(storage, Function(StillMeasuringError()), OWNER, JOB, 20.0) is None
    assert storage.read_result(OWNER, REQUEST)["image_url"] == JOB.image_url
    assert storage.swept == 1


def test_what_was_deleted_meanwhile_leaves_no_note(storage: Any) -> None:
    storage.deleted = True
    assert lifecycle.ask(storage, Function(), OWNER, JOB, 0.0) is None
    assert storage.documents == {}


# --- once for each key ------------------------------------------------------------------------


def ask_once(storage: Any, function: Function, wait_s: float = 20.0, job: MeasureJob = JOB) -> Any:
    return lifecycle.ask_once(storage, function, OWNER, job, wait_s)  # type: ignore[arg-type]


def claim(storage: Any, job: MeasureJob = JOB, *, ends_in_s: float = 60.0) -> None:
    """An earlier call of the same key has claimed it."""
    earlier = msgspec.structs.replace(Request.of(job, 20.0), given_up_at=time.time() + ends_in_s)
    storage.write_result(OWNER, REQUEST, earlier)


def test_the_first_measures_and_stores_a_refusal(storage: Any) -> None:
    function = Function()
    assert ask_once(storage, function) == MEASURED
    ((job, left_s, stored),) = function.waited
    assert (job, stored) == (JOB, True)
    assert 15.0 < left_s <= 20.0
    assert list(storage.documents) == [REQUEST]


def test_the_first_that_does_not_wait_starts(storage: Any) -> None:
    function = Function()
    assert ask_once(storage, function, 0.0) is None
    assert (function.started, function.waited) == ([JOB], [])


def test_a_wait_that_ends_first_keeps_the_claim(storage: Any) -> None:
    assert ask_once(storage, Function(StillMeasuringError())) is None
    assert list(storage.documents) == [REQUEST]


def test_a_repeat_gets_the_stored_result(storage: Any) -> None:
    claim(storage)
    storage.write_result(OWNER, MEASUREMENT, MEASURED)
    function = Function()
    assert ask_once(storage, function) == MEASURED
    assert (function.started, function.waited) == ([], [])


def test_a_repeat_gets_the_stored_refusal(storage: Any) -> None:
    claim(storage)
    storage.write_result(OWNER, ERROR, lifecycle.failure(NoPersonError(), 0.0))
    with pytest.raises(HypermobError) as refused:
        ask_once(storage, Function())
    assert refused.value.code == "NO_PERSON"


def test_another_request_under_the_key_is_refused(storage: Any) -> None:
    claim(storage, msgspec.structs.replace(JOB, height_cm=160.0))
    with pytest.raises(IdempotencyKeyReusedError):
        ask_once(storage, Function())
    assert list(storage.documents) == [REQUEST]


def test_a_repeat_that_does_not_wait_is_told_that_it_is_pending(storage: Any) -> None:
    claim(storage)
    function = Function()
    assert ask_once(storage, function, 0.0) is None
    assert (function.started, function.waited) == ([], [])


def test_a_repeat_waits_for_the_first(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    claim(storage)
    pauses: list[float] = []

    def first_ends(pause_s: float) -> None:
        pauses.append(pause_s)
        storage.write_result(OWNER, MEASUREMENT, MEASURED)

    monkeypatch.setattr(time, "sleep", first_ends)
    function = Function()
    assert ask_once(storage, function) == MEASURED
    assert (pauses, function.waited) == ([0.25], [])


def test_a_claim_that_was_given_up_is_taken_over(storage: Any) -> None:
    claim(storage, ends_in_s=-1.0)
    function = Function()
    assert ask_once(storage, function) == MEASURED
    assert len(function.waited) == 1
    assert storage.read_result(OWNER, REQUEST)["given_up_at"] > time.time()


def test_a_claim_whose_answer_was_lost_is_ones_own(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = storage.claim
    monkeypatch.setattr(storage, "claim", lambda *arguments: claimed(*arguments) and False)
    function = Function()
    assert ask_once(storage, function) == MEASURED
    assert len(function.waited) == 1


def test_a_claim_that_was_freed_meanwhile_is_taken(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, tries = storage.claim, []

    def freed_once(*arguments: Any) -> bool:
        tries.append(arguments)
        return len(tries) > 1 and claimed(*arguments)

    monkeypatch.setattr(storage, "claim", freed_once)
    assert ask_once(storage, Function()) == MEASURED
    assert [replacing for *_, replacing in tries] == [None, None]


def test_what_an_earlier_call_measured_is_not_measured_again(storage: Any) -> None:
    storage.write_result(OWNER, MEASUREMENT, MEASURED)
    function = Function()
    assert ask_once(storage, function) == MEASURED
    assert function.waited == []


@pytest.mark.parametrize(
    "error",
    [
        ImageNotFoundError(field="image_url"),
        TooManyRequestsError(),
        MeasureUnavailableError(),
        RuntimeError(),
    ],
)
def test_a_failure_that_may_pass_frees_the_key(storage: Any, error: Exception) -> None:
    with pytest.raises(type(error)):
        ask_once(storage, Function(error))
    assert storage.documents == {}


def test_a_refusal_of_the_photo_keeps_the_key(storage: Any) -> None:
    with pytest.raises(NoPersonError):
        ask_once(storage, Function(NoPersonError()))
    assert list(storage.documents) == [REQUEST]


def test_a_deleted_measurement_is_not_measured_again(storage: Any) -> None:
    storage.deleted = True
    function = Function()
    with pytest.raises(DeletedError):
        ask_once(storage, function)
    assert (function.waited, storage.documents) == ([], {})


def test_a_claim_that_took_long_still_waits_as_it_was_claimed(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 30.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    function = Function()
    assert ask_once(storage, function) == MEASURED
    assert function.waited[0][1] == LEAST_WAIT_S
