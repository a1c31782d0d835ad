"""The simulation keeps the laws that any queue keeps, and meets each quota where it must."""

from dataclasses import replace

import pytest

from benchmarks.service.scale import NONE, Times, dollars_per_million, simulate
from hypermob.cost import monthly

HALF = Times((0.5,), 2.0)


def test_without_quotas_everything_is_measured_in_its_own_time() -> None:
    found = simulate("API", 50, 60, HALF, NONE, warm=1000)
    assert found.measured == found.arrived == len(found.took_s)
    assert {round(took, 6) for took in found.took_s} == {0.5}
    assert found.cold == 0
    # Little: 50 a second for half a second are 25 at once, give or take five deviations.
    assert 25 <= found.most_at_once <= 50


def test_an_environment_that_must_be_started_takes_its_time() -> None:
    found = simulate("API", 1, 60, HALF, NONE)
    assert found.cold >= 1
    assert max(found.took_s) == pytest.approx(2.5)


def test_too_many_callers_are_turned_away_as_erlang_says() -> None:
    found = simulate("API", 40, 300, HALF, replace(NONE, concurrency=10), warm=10)
    assert found.most_at_once == 10
    offered, blocked = 40 * 0.5, 1.0
    for places in range(1, 11):  # Erlang's loss formula, by its recursion
        blocked = offered * blocked / (places + offered * blocked)
    assert found.measured / 300 == pytest.approx(40 * (1 - blocked), rel=0.03)
    assert found.measured + found.shed["Lambda concurrency"] == found.arrived


def test_a_caller_who_waits_takes_of_the_concurrency_too() -> None:
    alone = simulate("API", 40, 300, HALF, replace(NONE, concurrency=10), warm=10)
    twice = replace(NONE, concurrency=20)
    assert simulate("API", 40, 300, HALF, twice, executions=2, warm=10) == alone


def test_a_million_photos_cost_what_the_bill_of_a_month_says() -> None:
    bill = monthly(1_000_000, 0.5)
    storage_aside = ("Lambda", "API Gateway", "S3, writes", "S3, reads", "SQS")
    usd = sum(item.usd for item in bill if item.name.startswith(storage_aside))
    assert dollars_per_million("API", 0.5) == pytest.approx(usd)


def test_a_short_queue_holds_a_machine_busy_and_no_more() -> None:
    quotas = replace(NONE, concurrency=10)
    found = simulate("API", 40, 60, HALF, quotas, warm=10, queue=8)
    assert max(found.took_s) <= 0.5 * (1 + 8 / 10) + 1e-9 + 0.5
    assert found.measured + sum(found.shed.values()) == found.arrived


def test_uploads_wait_and_none_is_lost() -> None:
    quotas = replace(NONE, queue_concurrency=10, queue_growth_per_s=5)
    found = simulate("upload", 40, 30, HALF, quotas, warm=10)
    assert found.measured == found.arrived
    assert found.waiting_at_end > 0
    assert max(found.took_s) > 5
    assert "SQS mapping's concurrency" in found.shed


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"concurrency": 5}, "Lambda concurrency"),
        ({"starts_per_10_s": 5}, "Lambda scaling rate"),
        ({"gateway_per_s": 10, "gateway_burst": 10}, "API Gateway rate"),
    ],
)
def test_the_first_quota_to_break_is_named(change: dict[str, float], named: str) -> None:
    found = simulate("API", 100, 10, HALF, replace(NONE, **change))
    assert found.to_dict()["first_quota_to_break"] == named
