"""``hypermob redrive``: puts the messages of a dead-letter queue back where they came from.

The AWS SDK's own settings (profile, region, ``AWS_ENDPOINT_URL_SQS``) say in which account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""Most that SQS hands out at once."""


class NoSourceQueueError(Exception):
    """Not one queue, but none or several, send to this dead-letter queue."""


def redrive(sqs: SQSClient, dead_letters: str) -> int:
    """Send each message back to its queue, then delete it: some may come twice, none is lost.

    Parameters
    ----------
    dead_letters
        The dead-letter queue's name.

    Returns
    -------
    int
        Messages moved: at most as many as were there at the start, so that one that fails again
        at once is not moved for ever.

    Raises
    ------
    NoSourceQueueError
        When it is not clear where the messages came from.
    botocore.exceptions.ClientError
        When there is no such queue, or access is denied.
    """
    url = sqs.get_queue_url(QueueName=dead_letters)["QueueUrl"]
    sources = sqs.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"]
    if len(sources) != 1:
        raise NoSourceQueueError(f"{len(sources)} queues send to {dead_letters}, expected 1")
    attributes = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    waiting = int(attributes["ApproximateNumberOfMessages"])
    moved = 0
    with tqdm(total=waiting, unit="message", desc=f"to {sources[0].rpartition('/')[2]}") as bar:
        while moved < waiting:
            messages = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=min(BATCH, waiting - moved), WaitTimeSeconds=1
            ).get("Messages", [])
            if not messages:
                break
            for message in messages:
                sqs.send_message(QueueUrl=sources[0], MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
                bar.update()
    return moved
