"""What a month costs on AWS, from a dated price table (``hypermob/prices.json``).

One request is one photo: uploaded, measured, answered with settings, and its overlay read.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.errors import FieldProblem, InvalidInputError

PRICES = Path(__file__).with_name("prices.json")
MONTH_S = 30 * 24 * 3600

# What one request moves and leaves, in GB.
PHOTO_GB = 4e-3  # as phones make them (assumed)
OVERLAY_GB = 0.15e-3  # docs/overlay.jpg has 139 kB
LOG_GB = 4e-6  # assumed
PHOTO_DAYS = 7  # infra/storage.yaml deletes it then
API_CALLS = 2  # POST /uploads, POST /fit
LAMBDA_CALLS = API_CALLS + 3  # measure, of the upload's event too, and the measurement's event
APP_S = 0.2  # assumed
APP_MEMORY_MB = 1024  # .chalice/config.json
S3_PUTS = 4  # photo, overlay, measurement, recommendation
S3_GETS = 7  # four HEADs, photo, measurement; the overlay by its client
SQS_REQUESTS = 3

IMAGE_GB = 0.5  # compressed (assumed), times the images that are kept
KEPT_IMAGES = 10
CUSTOM_METRICS = 18  # five latencies; each refusal's code that has ever been answered
ALARMS = 10


LIMITS = {  # AWS's for one function, and for the rest more than anybody has
    "requests": (0, 1_000_000_000),
    "measure_seconds": (0, 900),
    "memory": (128, 10_240),
    "provisioned": (0, 100_000),
}


class MisusedError(InvalidInputError):
    """Options that make no sense; names each."""


@dataclass(frozen=True)
class Item:
    """One line of the bill: amount, unit, price with and without the monthly free tier (USD)."""

    name: str
    amount: float
    unit: str
    usd: float
    usd_after_free: float


def monthly(
    requests: int,
    measure_s: float,
    *,
    memory_mb: int = 3008,
    app_s: float = APP_S,
    provisioned: int = 0,
) -> list[Item]:
    """Lines of a month's bill.

    Parameters
    ----------
    requests
        Photos a month.
    measure_s
        Seconds that the measure function is billed for each.
    memory_mb
        Its memory, as in ``infra/{stage}.json``.
    app_s
        Seconds that the app is billed for each of its calls, of which a photo takes three.
    provisioned
        Environments of it kept started all month.

    Returns
    -------
    list of Item
        In the order of `_amounts`; the free tier of each is taken once, for all that uses it.
    """
    prices = json.loads(PRICES.read_text("utf-8"))
    left = dict(prices["free_every_month"])
    items = []
    for name, kind, amount, unit in _amounts(requests, measure_s, memory_mb, app_s, provisioned):
        free = min(amount, left.get(kind, 0))
        left[kind] = left.get(kind, 0) - free
        price = prices[kind]
        items.append(Item(name, amount, unit, amount * price, (amount - free) * price))
    return items


def _amounts(
    requests: int, measure_s: float, memory_mb: int, app_s: float, provisioned: int
) -> list[tuple[str, str, float, str]]:
    memory_gb = memory_mb / 1024
    app_gb_s = requests * (API_CALLS + 1) * app_s * APP_MEMORY_MB / 1024
    return [
        ("Lambda, measuring", "lambda_gb_second", requests * measure_s * memory_gb, "GB-s"),
        ("Lambda, the app", "lambda_gb_second", app_gb_s, "GB-s"),
        ("Lambda, calls", "lambda_request", requests * LAMBDA_CALLS, "calls"),
        (
            "Lambda, kept started",
            "lambda_provisioned_gb_second",
            provisioned * memory_gb * MONTH_S,
            "GB-s",
        ),
        ("API Gateway", "api_gateway_request", requests * API_CALLS, "calls"),
        ("S3, photos for a week", "s3_gb_month", requests * PHOTO_GB * PHOTO_DAYS / 30, "GB"),
        ("S3, a month's results", "s3_gb_month", requests * OVERLAY_GB, "GB"),
        ("S3, writes", "s3_put", requests * S3_PUTS, "calls"),
        ("S3, reads", "s3_get", requests * S3_GETS, "calls"),
        ("SQS", "sqs_request", requests * SQS_REQUESTS, "calls"),
        ("ECR, images", "ecr_gb_month", IMAGE_GB * KEPT_IMAGES, "GB"),
        ("Logs", "logs_gb", requests * LOG_GB, "GB"),
        ("Metrics", "custom_metric", CUSTOM_METRICS, "metrics"),
        ("Alarms", "alarm", ALARMS, "alarms"),
        ("Transfer, overlays", "transfer_out_gb", requests * OVERLAY_GB, "GB"),
    ]


def add_command(commands: Any) -> None:
    """Add ``hypermob cost`` to the command line."""
    cost = commands.add_parser("cost", help="what a month costs on AWS")
    cost.add_argument("--requests", type=int, required=True, metavar="N", help="photos a month")
    cost.add_argument("--measure-seconds", type=float, required=True, metavar="S", help="each")
    cost.add_argument("--memory", type=int, default=3008, metavar="MB")
    cost.add_argument(
        "--provisioned", type=int, default=0, metavar="N", help="environments kept started"
    )
    cost.add_argument("--json", action="store_true", help="one JSON document, no table")
    cost.set_defaults(run=_print)


def _check(options: argparse.Namespace) -> None:
    problems = []
    for name, (low, high) in LIMITS.items():
        typed, option = getattr(options, name), f"--{name.replace('_', '-')}"
        if not low <= typed <= high:  # nor does NaN lie there
            expected = f"expected a number from {low} to {high}, got {typed}"
            korean = f"필요한 값: {low}에서 {high} 사이의 숫자, 입력: {typed}"
            problems.append(FieldProblem(option, expected, korean))
    if problems:
        raise MisusedError(*problems)


def _print(options: argparse.Namespace) -> int:
    _check(options)
    items = monthly(
        options.requests,
        options.measure_seconds,
        memory_mb=options.memory,
        provisioned=options.provisioned,
    )
    prices = json.loads(PRICES.read_text("utf-8"))
    total = sum(item.usd for item in items)
    after = sum(item.usd_after_free for item in items)
    if options.json:
        document = {
            "prices_dated": prices["dated"],
            "region": prices["region"],
            "items": [vars(item) for item in items],
            "usd": round(total, 2),
            "usd_after_free": round(after, 2),
        }
        print(json.dumps(document))
        return 0
    table = Table("A month", "amount", "USD", "after the free tier")
    for column in table.columns[1:]:
        column.justify = "right"
    for item in items:
        amount = f"{item.amount:,.0f}" if item.amount >= 100 else f"{item.amount:.3g}"
        usd, usd_after = f"{item.usd:.2f}", f"{item.usd_after_free:.2f}"
        table.add_row(item.name, f"{amount} {item.unit}", usd, usd_after)
    table.add_section()
    table.add_row("Total", "", f"{total:.2f}", f"{after:.2f}")
    console = Console()
    console.print(table)
    console.print(f"Prices of {prices['dated']}, {prices['region']}: {prices['source']}.")
    return 0
