"""Carries S3's events to the functions, as AWS's event source mapping and S3 itself would.

One message at a time: in a batch, a photo that kills the process would take others with it.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.config import REGION, StackConfig
from local.storage import RESULTS_QUEUE, UPLOADS_QUEUE, queue_arn

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from local.processes import Log

POLL_S = 10
RETRY_AFTER_S = 1
"""How soon a failed message is tried again; on AWS the queue's visibility time-out passes first."""


class Relay:
    """Threads that carry photos to the measure function, and one to the recommend function.

    As many photos are under way as the measure function has processes: the event source mapping's
    maximum concurrency.
    """

    def __init__(
        self, config: StackConfig, sqs: SQSClient, functions: LambdaClient, log: Log
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._log = log
        self._stopping = threading.Event()
        uploads = (UPLOADS_QUEUE, self._measure, config.measure.name)
        results = (RESULTS_QUEUE, self._recommend, config.on_result.name)
        for each in (*[uploads] * config.measure.concurrency, results):
            threading.Thread(target=self._poll, args=each, daemon=True).start()

    def stop(self) -> None:
        """Take no more messages. A poll in flight ends when the queues do."""
        self._stopping.set()

    def _poll(self, queue: str, handle: Any, function: str) -> None:
        url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        while not self._stopping.is_set():
            try:
                messages = self._sqs.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=1,
                    WaitTimeSeconds=POLL_S,
                    MessageSystemAttributeNames=["All"],
                ).get("Messages", [])
                for message in messages:
                    self._settle(url, message, handled=handle(function, message))
            except (BotoCoreError, ClientError) as error:
                if not self._stopping.is_set():
                    self._log.write(f"{queue}: {error}")
                    self._stopping.wait(RETRY_AFTER_S)

    def _settle(self, url: str, message: MessageTypeDef, *, handled: bool) -> None:
        """Delete a message that was handled; SQS delivers another again, or gives it to the DLQ."""
        receipt = message["ReceiptHandle"]
        if handled:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)
        else:
            self._log.write(f"{message['MessageId']} failed, will be tried again or set aside")
            self._sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=RETRY_AFTER_S
            )

    def _measure(self, function: str, message: MessageTypeDef) -> bool:
        """Invoke with an SQS event and wait; whether the photo was handled."""
        event = json.dumps(_sqs_event(message))
        # As AWS does when it is throttled: it waits with the message, which loses no attempt.
        while (answer := self._invoked(function, event)) is None:
            if self._stopping.wait(RETRY_AFTER_S):
                return False
        payload = json.loads(answer["Payload"].read() or b"null") or {}
        return "FunctionError" not in answer and not payload.get("batchItemFailures")

    def _invoked(self, function: str, event: str) -> InvocationResponseTypeDef | None:
        """Answer of a function; None when it was throttled."""
        try:
            return self._functions.invoke(FunctionName=function, Payload=event)
        except self._functions.exceptions.TooManyRequestsException as error:
            self._log.write(f"{function}: {error}")
            return None

    def _recommend(self, function: str, message: MessageTypeDef) -> bool:
        """Hand an S3 event to the function and do not wait, as S3 does."""
        if "Records" in json.loads(message["Body"]):  # not S3's test event
            self._functions.invoke(
                FunctionName=function, InvocationType="Event", Payload=message["Body"]
            )
        return True


def _sqs_event(message: MessageTypeDef) -> dict[str, Any]:
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
        ]
    }
