"""What operators see of a function: JSON log lines, and metrics written among them.

The metrics are in CloudWatch's embedded metric format: a line of the log becomes a metric, so no
request waits for a call to CloudWatch. Neither holds a photo, a length or a user's id.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.settings import settings

NAMESPACE = "Hypermob"
"""The metrics' namespace, which the dashboard in ``infra/api.yaml`` reads."""

# The current invocation's metrics: Lambda has one at a time, `chalice local` a thread for each.
_metrics: ContextVar[EphemeralMetrics | None] = ContextVar("metrics", default=None)

_USER_IN_KEY = re.compile(
    r"((?:uploads|results)(?:/|%2F))[^/\s]+?(?=(?:/|%2F)(?:[0-9a-f]{32}|driver\.json))", re.I
)


class FailedError(Exception):
    """An invocation failed: why is in the log."""


class Telemetry:
    """The log and the metrics of one function.

    Parameters
    ----------
    service : str
        The function's name: the one dimension of every metric, as each more costs a metric more.
    """

    def __init__(self, service: str) -> None:
        self.log = Logger(
            service=service, level="INFO", use_rfc3339=True, json_serializer=_without_users
        )
        self._service = service

    def watch(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Decorate a Lambda handler: request ids and cold starts in its log, its metrics written.

        ``correlation_id`` is the ``request_id`` that an error tells the client.

        Raises
        ------
        FailedError
            From the decorated handler, where it raises: Lambda's runtime writes an error as it is,
            no JSON, and the SDK's errors name objects and so users.
        """

        def failing(event: Any, context: Any) -> Any:
            try:
                return handler(event, context)
            except Exception as error:
                self.log.exception("invocation failed")
                name = type(error).__name__
                raise FailedError(f"{name}: see the log of this request") from None

        logged = self.log.inject_lambda_context(
            failing, correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True
        )

        @functools.wraps(handler)
        def watched(event: Any, context: Any) -> Any:
            metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
            metrics.add_metadata("function_request_id", context.aws_request_id)
            before = _metrics.set(metrics)
            try:
                return logged(event, context)
            finally:
                _metrics.reset(before)
                if metrics.metric_set:
                    _write(metrics)

        return watched

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure how long the block takes, as the invocation's metric ``{name}Latency``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            took_ms = (time.perf_counter() - began) * 1000
            if metrics := _metrics.get():
                metrics.add_metric(f"{name}Latency", MetricUnit.Milliseconds, took_ms)

    def add_metric(self, name: str, value: float, unit: MetricUnit = MetricUnit.NoUnit) -> None:
        """Put a number among the invocation's metrics."""
        if metrics := _metrics.get():
            metrics.add_metric(name, unit, value)

    def describe(self, **facts: Any) -> None:
        """Put facts into the log's lines from here on, the metrics' too: to be searched for."""
        self.log.append_keys(**facts)
        if metrics := _metrics.get():
            for name, value in facts.items():
                metrics.add_metadata(name, value)

    def count_refusal(self, code: str) -> None:
        """Count an answer that is an error, by its code."""
        self.log.info("refused", code=code)
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
        metrics.add_dimension("code", code)
        metrics.add_metric("Refusals", MetricUnit.Count, 1)
        _write(metrics)


def _write(metrics: EphemeralMetrics) -> None:
    """Write the metrics as one line of the log, in one piece.

    Powertools prints them, and ``print`` writes a line's end by itself: of two threads of `chalice
    local`, one would write into the other's line.
    """
    sys.stdout.write(json.dumps(metrics.serialize_metric_set(), separators=(",", ":")) + "\n")


def _without_users(line: dict[str, Any]) -> str:
    """Write a line as JSON, the user's id taken out of the objects' keys that errors name."""
    return _USER_IN_KEY.sub(r"\1*", json.dumps(line, default=str, ensure_ascii=False))


@cache
def telemetry() -> Telemetry:
    """Return this process's log and metrics."""
    return Telemetry(settings().function_name)
