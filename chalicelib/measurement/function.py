"""Calls the measure Lambda, and turns its answer into a measurement or a typed error."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import sdk
from chalicelib.contracts import MeasureJob, Measurement
from chalicelib.errors import MeasureUnavailableError, TooManyRequestsError, error_from_document
from chalicelib.telemetry import telemetry

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from chalicelib.settings import Settings


START_S = 5
"""For handing over a call that nobody waits for."""


class StillMeasuringError(Exception):
    """The measure function had not answered in time; its result will be stored."""


class MeasureFunction:
    """The measure Lambda, by the name that the Chalice config gives."""

    def __init__(self, settings: Settings) -> None:
        self._name = settings.measure_function
        self._clients: dict[int, LambdaClient] = {}

    def _lambda(self, wait_s: float) -> LambdaClient:
        """Return the client that waits so long: the SDK knows no time-out of a single call."""
        from botocore.config import Config

        read_timeout = ceil(wait_s)
        if read_timeout not in self._clients:
            # One attempt: a retry after a read time-out would measure the same photo twice.
            config = Config(
                connect_timeout=3, read_timeout=read_timeout, retries={"total_max_attempts": 1}
            )
            self._clients[read_timeout] = sdk.client("lambda", config)
        return self._clients[read_timeout]

    def measure(
        self, job: MeasureJob, wait_s: float, *, store_refusal: bool = False
    ) -> Measurement:
        """Measure and wait for the answer; a refusal is stored too if it comes late, or if asked.

        Raises
        ------
        StillMeasuringError
            When the wait ended first.
        HypermobError
            What the measure function says of the photo, or that it cannot be reached.
        """
        answer_by = 0.0 if store_refusal else time.time() + wait_s
        job = msgspec.structs.replace(job, answer_by=answer_by)
        answer = msgspec.json.decode(self._invoke(job, "RequestResponse", self._lambda(wait_s)))
        if answer.get("status") == "success":
            return msgspec.convert(answer["data"], Measurement)
        raise error_from_document(answer["error"])

    def start(self, job: MeasureJob) -> None:
        """Have it measured without waiting; the result, or the refusal, will be stored.

        Raises
        ------
        HypermobError
            Lambda did not say that it has taken the call.
        """
        try:
            self._invoke(
                msgspec.structs.replace(job, answer_by=0.0), "Event", self._lambda(START_S)
            )
        except StillMeasuringError as error:
            raise MeasureUnavailableError from error

    def is_reachable(self) -> bool:
        """Whether the function could be invoked; runs nothing."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._lambda(START_S).invoke(FunctionName=self._name, InvocationType="DryRun")
        except (BotoCoreError, ClientError):
            return False
        return True

    def _invoke(self, job: MeasureJob, kind: Any, client: LambdaClient) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
        from urllib3.exceptions import HTTPError

        try:
            with telemetry().step("Measure"):
                answer = client.invoke(
                    FunctionName=self._name, InvocationType=kind, Payload=msgspec.json.encode(job)
                )
                payload = answer["Payload"].read()
        except ReadTimeoutError:
            raise StillMeasuringError from None
        except client.exceptions.TooManyRequestsException as error:
            raise TooManyRequestsError from error
        except (BotoCoreError, ClientError, HTTPError) as error:
            telemetry().log.exception("the measure function cannot be called")
            raise MeasureUnavailableError from error
        if "FunctionError" in answer:  # it crashed, ran out of memory or of time
            telemetry().log.error("the measure function failed", answer=payload.decode())
            raise MeasureUnavailableError
        return payload
