"""The bill: sums by hand, and the price table that the dashboard shares."""

import json
import re

import pytest

from hypermob.__main__ import main
from hypermob.cost import PRICES, monthly
from local.config import REPOSITORY
from tests.infra.test_templates import template


def test_the_guides_month_costs_what_it_does_by_hand() -> None:
    """10,000 photos of 30 s at 3008 MB: 881,250 GB-s, not the guide's 5 USD."""
    [measuring] = [i for i in monthly(10_000, 30) if i.name == "Lambda, measuring"]
    assert measuring.amount == pytest.approx(881_250)
    assert measuring.usd == pytest.approx(14.69, abs=0.01)
    assert measuring.usd_after_free == pytest.approx((881_250 - 400_000) * 0.0000166667)


def test_the_free_tier_is_given_once() -> None:
    items = [i for i in monthly(10_000, 30) if i.unit == "GB-s" and "started" not in i.name]
    saved = sum(item.usd - item.usd_after_free for item in items)
    assert saved == pytest.approx(400_000 * 0.0000166667)


def test_a_month_without_photos_costs_what_stands_there() -> None:
    assert {item.name for item in monthly(0, 1) if item.usd} == {"ECR, images", "Metrics", "Alarms"}


def test_kept_started_costs_by_the_hour() -> None:
    def total(provisioned: int) -> float:
        return sum(item.usd for item in monthly(100, 1, provisioned=provisioned))

    assert total(2) - total(0) == pytest.approx(2 * (total(1) - total(0)))
    assert total(1) > total(0)


def test_the_dashboard_has_the_same_price() -> None:
    price = json.loads(PRICES.read_text())["lambda_gb_second"]
    body = template("api")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Sub"]
    assert f"/ 1024 * {price:.10f}" in body


def test_the_command_prints_the_same_sum_as_a_table_and_as_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cost", "--requests", "10000", "--measure-seconds", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["usd"] == pytest.approx(sum(i["usd"] for i in document["items"]), abs=0.01)
    assert main(["cost", "--requests", "10000", "--measure-seconds", "1"]) == 0
    assert f"{document['usd']:.2f}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "typed"),
    [
        ("--requests", "-1"),
        ("--requests", "1" + 400 * "0"),
        ("--measure-seconds", "nan"),
        ("--measure-seconds", "inf"),
        ("--measure-seconds", "-0.1"),
        ("--memory", "0"),
        ("--provisioned", "-2"),
    ],
)
def test_an_amount_that_none_can_be_is_refused_by_its_option(
    capsys: pytest.CaptureFixture[str], option: str, typed: str
) -> None:
    command = ["cost", "--requests", "1", "--measure-seconds", "1", option, typed]
    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("INVALID_INPUT: ")
    assert f"{option}: expected a number from" in printed.err
    assert main([*command, "--json"]) == 2
    [problem] = json.loads(capsys.readouterr().out)["error"]["fields"]
    assert problem["field"] == option


def test_the_deployment_page_says_what_the_command_prints() -> None:
    page = (REPOSITORY / "docs" / "deployment.md").read_text("utf-8")
    for measure_s, totals in ((30, r"Total +([\d.]+)  ([\d.]+)$"), (1, r"seconds 1`: ([\d.]+),")):
        items = monthly(10_000, measure_s)
        sums = [sum(item.usd for item in items), sum(item.usd_after_free for item in items)]
        [said] = re.finditer(totals, page, re.MULTILINE)
        assert list(said.groups()) == [f"{usd:.2f}" for usd in sums[: len(said.groups())]]
