"""Calls the measure function and turns its answer into a measurement or a typed error."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.contracts import MeasureJob, Measurement
from chalicelib.errors import ERRORS, HypermobError, MeasureUnavailableError, TooManyRequestsError
from chalicelib.telemetry import telemetry

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from chalicelib.settings import Settings


class StillMeasuringError(Exception):
    """The measure function had not answered in time; its result will be stored."""


class MeasureFunction:
    """The measure Lambda, by the name that the Chalice config gives."""

    def __init__(self, settings: Settings) -> None:
        self._name = settings.measure_function
        self._wait_s = settings.measure_wait_s

    @cached_property
    def _lambda(self) -> LambdaClient:
        import boto3  # 0.4 s of a cold start: only when a photo is measured
        from botocore.config import Config

        # One attempt: a retry after a read time-out would measure the same photo twice.
        config = Config(
            connect_timeout=3, read_timeout=self._wait_s, retries={"total_max_attempts": 1}
        )
        return boto3.client("lambda", config=config)

    def measure(self, job: MeasureJob) -> Measurement:
        """Measure and wait for the answer.

        Raises
        ------
        StillMeasuringError
            When the wait ended first.
        HypermobError
            What the measure function says of the photo, or that it cannot be reached.
        """
        job = msgspec.structs.replace(job, answer_by=time.time() + self._wait_s)
        answer = msgspec.json.decode(self._invoke(job, "RequestResponse"))
        if answer.get("status") == "success":
            return msgspec.convert(answer["data"], Measurement)
        raise _error(answer["error"])

    def start(self, job: MeasureJob) -> None:
        """Have it measured without waiting; the result, or the refusal, will be stored."""
        self._invoke(msgspec.structs.replace(job, answer_by=0.0), "Event")

    def is_reachable(self) -> bool:
        """Whether the function could be invoked; runs nothing."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._lambda.invoke(FunctionName=self._name, InvocationType="DryRun")
        except (BotoCoreError, ClientError):
            return False
        return True

    def _invoke(self, job: MeasureJob, kind: Any) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

        try:
            with telemetry().step("Measure"):
                answer = self._lambda.invoke(
                    FunctionName=self._name, InvocationType=kind, Payload=msgspec.json.encode(job)
                )
                payload = answer["Payload"].read()
        except ReadTimeoutError:
            raise StillMeasuringError from None
        except self._lambda.exceptions.TooManyRequestsException as error:
            raise TooManyRequestsError from error
        except (BotoCoreError, ClientError) as error:
            raise MeasureUnavailableError from error
        if "FunctionError" in answer:  # it crashed, ran out of memory or of time
            raise MeasureUnavailableError
        return payload


def _error(error: dict[str, Any]) -> HypermobError:
    kind = ERRORS.get(error["code"], HypermobError)
    return kind(**error.get("details", {}))
