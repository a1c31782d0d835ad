"""What operators see of a function: JSON log lines, and metrics written among them.

The metrics are in CloudWatch's embedded metric format: a line of the log becomes a metric, so no
request waits for a call to CloudWatch. Neither holds a photo, a length or a user's id.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.settings import settings

NAMESPACE = "Hypermob"
"""Of the metrics, as the dashboard in ``infra/api.yaml`` looks for them."""

# Of the invocation at hand: Lambda has one at a time, `chalice local` a thread for each.
_metrics: ContextVar[EphemeralMetrics | None] = ContextVar("metrics", default=None)


class Telemetry:
    """The log and the metrics of one function.

    Parameters
    ----------
    service : str
        The function's name: the one dimension of every metric, as each more costs a metric more.
    """

    def __init__(self, service: str) -> None:
        self.log = Logger(service=service, level="INFO", use_rfc3339=True)
        self._service = service

    def watch(self, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Decorate a Lambda handler: request ids and cold starts in its log, its metrics written.

        ``correlation_id`` is the ``request_id`` that an error tells the client.
        """
        logged = self.log.inject_lambda_context(
            handler, correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True
        )

        @functools.wraps(handler)
        def watched(event: Any, context: Any) -> Any:
            metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
            before = _metrics.set(metrics)
            try:
                return logged(event, context)
            finally:
                _metrics.reset(before)
                if metrics.metric_set:
                    metrics.flush_metrics()

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

    def describe(self, **facts: Any) -> None:
        """Put facts beside the metrics in the log: to be searched for, at no metric's price."""
        if metrics := _metrics.get():
            for name, value in facts.items():
                metrics.add_metadata(name, value)

    def refused(self, code: str) -> None:
        """Count an answer that is an error, by its code."""
        self.log.info("refused", code=code)
        with single_metric("Refusals", MetricUnit.Count, 1, namespace=NAMESPACE) as metric:
            metric.add_dimension("service", self._service)
            metric.add_dimension("code", code)


@cache
def telemetry() -> Telemetry:
    """Return this process's log and metrics."""
    return Telemetry(settings().function_name)
