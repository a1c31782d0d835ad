"""S3 and SQS: a moto server in its own process, with the product's buckets, queues and events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from chalicelib.storage import GUIDE_PHOTO, MAX_RECEIVES, VISIBILITY_TIMEOUTS
from local.config import ACCOUNT, REGION, StackConfig

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef, QueueConfigurationTypeDef
    from mypy_boto3_sqs import SQSClient

UPLOADS_QUEUE = "hypermob-uploads"
UPLOADS_DEAD_LETTERS = "hypermob-uploads-dlq"
RESULTS_QUEUE = "hypermob-results-local"
"""Stands in for the results bucket's direct notification to the Chalice function."""
UPLOADS_PREFIX = "uploads/"
RESULTS_PREFIX = "results/"
RESULTS_SUFFIX = "measurement.json"


class Endpoints:
    """Where the stack's AWS is, for the SDK: as environment variables and as ready clients."""

    def __init__(self, *, s3: str, functions: str) -> None:
        self.s3_url = s3
        self.functions_url = functions

    def environment(self) -> Mapping[str, str]:
        """Variables that point any AWS SDK at the stack, and at nothing else."""
        return {
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "AWS_ENDPOINT_URL_SQS": self.s3_url,
            "AWS_ENDPOINT_URL_LAMBDA": self.functions_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    @cached_property
    def s3(self) -> S3Client:
        """A client of the stack's S3."""
        client: S3Client = aws_client("s3", self.s3_url)
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        """A client of the stack's SQS."""
        client: SQSClient = aws_client("sqs", self.s3_url)
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        """A client of the stack's Lambda. It waits as long as a function may take, once."""
        client: LambdaClient = aws_client("lambda", self.functions_url)
        return client


def aws_client(service: str, url: str) -> Any:
    """A client of one of AWS's services, at the address that stands in for it."""
    session = boto3.Session("local", "local", region_name=REGION)
    config = Config(
        proxies={},
        read_timeout=400,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
    )
    return session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


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
    _notify(s3, config.results_bucket, results, prefix=RESULTS_PREFIX, suffix=RESULTS_SUFFIX)
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
    told: QueueConfigurationTypeDef = {
        "QueueArn": queue,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {
            "Key": {
                "FilterRules": [
                    {"Name": "prefix" if name == "prefix" else "suffix", "Value": value}
                    for name, value in filters.items()
                ]
            }
        },
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [told]}
    )
