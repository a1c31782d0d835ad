"""Carries S3's events to the functions, as AWS's event source mapping and S3 itself would."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.config import REGION
from local.storage import UPLOADS_QUEUE, queue_arn

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from local.processes import Log

BATCH = 1
"""A photo takes half a second: in a batch, one that kills the process takes others with it."""
POLL_S = 10
RETRY_AFTER_S = 1
"""How soon a failed message is tried again; on AWS the queue's visibility time-out passes first."""


class Relay:
    """Threads that carry photos to the measure function, and one to the recommend function.

    ``at_once`` photos are under way at a time: the event source mapping's maximum concurrency.
    """

    def __init__(
        self,
        sqs: SQSClient,
        functions: LambdaClient,
        log: Log,
        *,
        uploads_to: str,
        at_once: int,
        results_queue: str,
        results_to: str,
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._log = log
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._poll, args=each)
            for each in (
                *((UPLOADS_QUEUE, self._measure, uploads_to) for _ in range(at_once)),
                (results_queue, self._recommend, results_to),
            )
        ]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def stop(self) -> None:
        """Take no more messages. A poll in flight ends when the queues do."""
        self._stopping.set()

    def _poll(self, queue: str, handle: Any, function: str) -> None:
        url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        while not self._stopping.is_set():
            try:
                messages = self._sqs.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=BATCH,
                    WaitTimeSeconds=POLL_S,
                    MessageSystemAttributeNames=["All"],
                ).get("Messages", [])
                if messages:
                    self._settle(url, messages, handle(function, messages))
            except (BotoCoreError, ClientError) as error:
                if not self._stopping.is_set():
                    self._log.write(f"{queue}: {error}")
                    self._stopping.wait(RETRY_AFTER_S)

    def _settle(self, url: str, messages: list[MessageTypeDef], failed: set[str]) -> None:
        """Delete what was handled; let the rest come again, and after three times to the DLQ."""
        for message in messages:
            receipt = message["ReceiptHandle"]
            if message["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
            else:
                self._log.write(f"{message['MessageId']} failed, will be tried again or set aside")
                self._sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=RETRY_AFTER_S
                )

    def _measure(self, function: str, messages: list[MessageTypeDef]) -> set[str]:
        """Invoke with one SQS event, wait, and answer the ids of the messages that failed."""
        everything = {message["MessageId"] for message in messages}
        event = json.dumps(_sqs_event(messages))
        # As AWS does when it is throttled: it waits with the message, which loses no attempt.
        while (answer := self._invoked(function, event)) is None:
            if self._stopping.wait(RETRY_AFTER_S):
                return everything
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            return everything
        failures = (payload or {}).get("batchItemFailures", [])
        return {failure["itemIdentifier"] for failure in failures}

    def _invoked(self, function: str, event: str) -> InvocationResponseTypeDef | None:
        """Answer of a function; None when it was throttled."""
        try:
            return self._functions.invoke(FunctionName=function, Payload=event)
        except self._functions.exceptions.TooManyRequestsException as error:
            self._log.write(f"{function}: {error}")
            return None

    def _recommend(self, function: str, messages: list[MessageTypeDef]) -> set[str]:
        """Hand each S3 event to the function and do not wait, as S3 does."""
        for message in messages:
            if "Records" in json.loads(message["Body"]):  # not S3's test event
                self._functions.invoke(
                    FunctionName=function, InvocationType="Event", Payload=message["Body"]
                )
        return set()


def _sqs_event(messages: list[MessageTypeDef]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn(UPLOADS_QUEUE),
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }
