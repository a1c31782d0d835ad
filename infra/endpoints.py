"""Where AWS is, when it is not AWS: addresses and clients of what stands in for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REGION: Final = "ap-northeast-2"


class Endpoints:
    """Addresses of S3 with SQS and of Lambda, as environment variables and as clients."""

    def __init__(self, *, s3: str, functions: str) -> None:
        self.s3_url = s3
        self.functions_url = functions

    def environment(self) -> Mapping[str, str]:
        """Variables that point any AWS SDK at them, and at nothing else."""
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
        """A client of that S3."""
        client: S3Client = aws_client("s3", self.s3_url)
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        """A client of that SQS."""
        client: SQSClient = aws_client("sqs", self.s3_url)
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        """A client of that Lambda. It waits as long as a function may take, once."""
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
