"""S3 and SQS: a moto server in its own process, with the product's buckets, queues and events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.storage import (
    GUIDE_PHOTO,
    MAX_RECEIVES,
    MEASUREMENT,
    RESULTS_PREFIX,
    UPLOADS_PREFIX,
    VISIBILITY_TIMEOUTS,
)
from infra.endpoints import Endpoints
from local.config import ACCOUNT, REGION, StackConfig

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef
    from mypy_boto3_sqs import SQSClient

UPLOADS_QUEUE = "hypermob-uploads"
UPLOADS_DEAD_LETTERS = "hypermob-uploads-dlq"
RESULTS_QUEUE = "hypermob-results-local"
"""Stands in for the results bucket's direct notification to the Chalice function."""


def make_storage(config: StackConfig, endpoints: Endpoints) -> None:
    """Make buckets and queues, connect them, and store the sample photo."""
    s3, sqs = endpoints.s3, endpoints.sqs
    for bucket in (config.images_bucket, config.models_bucket, config.results_bucket):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    if config.origins:
        # As infra/storage.yaml has it: photos are posted by pages, overlays and results are read.
        for bucket, method in ((config.images_bucket, "POST"), (config.results_bucket, "GET")):
            rule: CORSRuleTypeDef = {
                "AllowedOrigins": config.origins,
                "AllowedMethods": [method],
                "AllowedHeaders": ["*"],
                "MaxAgeSeconds": 600,
            }
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    dead_letters = _make_queue(sqs, UPLOADS_DEAD_LETTERS)
    uploads = _make_queue(
        sqs,
        UPLOADS_QUEUE,
        VisibilityTimeout=str(round(config.measure.timeout_s) * VISIBILITY_TIMEOUTS),
        RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": dead_letters, "maxReceiveCount": MAX_RECEIVES}
        ),
    )
    results = _make_queue(sqs, RESULTS_QUEUE)
    _notify(s3, config.images_bucket, uploads, prefix=UPLOADS_PREFIX)
    _notify(s3, config.results_bucket, results, prefix=RESULTS_PREFIX, suffix=MEASUREMENT)
    if config.sample_photo.exists():
        s3.put_object(
            Bucket=config.images_bucket,
            Key=GUIDE_PHOTO,
            Body=config.sample_photo.read_bytes(),
            ContentType="image/jpeg",
        )


def queue_arn(name: str) -> str:
    """A queue's ARN."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def _make_queue(sqs: SQSClient, name: str, **attributes: str) -> str:
    sqs.create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]
    return queue_arn(name)


def _notify(s3: S3Client, bucket: str, queue: str, **filters: str) -> None:
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    told = {
        "QueueArn": queue,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [told]},  # type: ignore[list-item]
    )
