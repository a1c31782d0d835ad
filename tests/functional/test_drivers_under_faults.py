"""Tellings while S3 is late, reset, broken off or refuses: lost = duplicated = wrong = 0."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from benchmarks.service.faultproxy import FaultProxy
from chalicelib import drivers
from chalicelib.contracts import TellingRequest, ToldSeat, ToldSettings
from chalicelib.errors import DriverDeletedError, NotFoundError, TooManyRequestsError
from chalicelib.settings import Settings
from chalicelib.storage import Storage, is_out_of_reach

DRIVERS = ("kim", "lee")
TELLINGS = 12
SHARE = 0.15
"""The share of requests to S3 that meet a fault."""
TRIES = 40


@pytest.fixture
def faulty(s3: Any, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The buckets behind a proxy that injects faults; and the proxy."""
    proxy = FaultProxy(aws["AWS_ENDPOINT_URL_S3"], seed=7)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    storage = Storage(Settings.from_environment())
    storage.connect()
    proxy.share = SHARE
    yield storage, proxy
    proxy.stop()


def request(i: int) -> TellingRequest:
    """The i-th telling, told from its fore-aft."""
    return TellingRequest(
        kind="kept",
        vehicle="medium_car",
        settings=ToldSettings(seat=ToldSeat(fore_aft_mm=100.0 + i)),
        at=f"2026-01-01T00:{i:02d}:00Z",
    )


def insistently(call: Any) -> Any:
    """As a client does: again with the same key until there is an answer."""
    for _ in range(TRIES):
        try:
            return call()
        except TooManyRequestsError:
            continue
        except Exception as error:
            if not is_out_of_reach(error):
                raise
    raise AssertionError("no answer")


def test_every_telling_is_stored_once_and_as_it_was_told(faulty: Any) -> None:
    storage, proxy = faulty

    def tell(task: tuple[str, int, int]) -> tuple[str, str, float]:
        driver, i, _ = task
        told = insistently(lambda: drivers.tell(storage, driver, request(i), f"key-{i}"))
        telling = told["telling"]
        return driver, telling["telling_id"], telling["settings"]["seat"]["fore_aft_mm"]

    # Each is told twice, by clients that race.
    tasks = [(driver, i, twice) for i in range(TELLINGS) for driver in DRIVERS for twice in (0, 1)]
    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(tell, tasks))
    proxy.share = 0.0
    assert proxy.injected, "no fault was met"
    for driver in DRIVERS:
        stored = drivers.told_by(storage, driver)["tellings"]
        ids = Counter(each["telling_id"] for each in stored)
        accepted = {(id_, mm) for who, id_, mm in answered if who == driver}
        lost = {id_ for id_, _ in accepted} - set(ids)
        duplicated = [id_ for id_, count in ids.items() if count > 1]
        as_stored = {(e["telling_id"], e["settings"]["seat"]["fore_aft_mm"]) for e in stored}
        assert (lost, duplicated) == (set(), [])
        assert as_stored == accepted
        assert sorted(mm for _, mm in as_stored) == [100.0 + i for i in range(TELLINGS)]


def test_what_was_deleted_stays_deleted(faulty: Any) -> None:
    storage, proxy = faulty
    insistently(lambda: drivers.tell(storage, "kim", request(0), "key-0"))
    late = []

    def tell(i: int) -> None:
        try:
            insistently(lambda: drivers.tell(storage, "kim", request(i), f"key-{i}"))
        except DriverDeletedError:
            late.append(i)

    with ThreadPoolExecutor(4) as pool:
        telling = [pool.submit(tell, i) for i in range(1, TELLINGS)]
        pool.submit(insistently, lambda: drivers.delete(storage, "kim")).result()
        for each in telling:
            each.result()
    proxy.share = 0.0
    with pytest.raises(NotFoundError):
        drivers.told_by(storage, "kim")
    with pytest.raises(DriverDeletedError):
        drivers.tell(storage, "kim", request(0), "key-0")


def test_a_storage_that_is_out_of_reach_is_told_before_the_gateway_gives_up(
    faulty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, proxy = faulty
    proxy.share = 0.0
    tried = []

    def late(*args: Any) -> bool:
        tried.append(args)
        clock[0] += 20.0  # the SDK's own attempts
        raise EndpointConnectionError(endpoint_url="s3")

    clock = [time.time()]
    monkeypatch.setattr(drivers.time, "time", lambda: clock[0])
    monkeypatch.setattr(storage, "write_driver", late)
    monkeypatch.setattr(storage, "overwrite_driver", late)
    with pytest.raises(EndpointConnectionError):
        drivers.tell(storage, "kim", request(0), "key")
    with pytest.raises(EndpointConnectionError):
        drivers.delete(storage, "kim")
    assert len(tried) == 2
