"""AWS as the deployment uses it. Where it asks whether something is there, "no" and "I could not
find out" are two answers: taken for the first, the second would make everything a second time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from infra.stage import DeployError, declared

POLL_S: Final = 2.0
FAILED_FIRST: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
"""States of a stack that can only be deleted: its first creation failed, or its deletion."""
NEVER_MADE: Final = (*FAILED_FIRST, "REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS")
"""States of a stack that has nothing, or is about to. In all others it has its resources: also
imported, or while a deployment that was interrupted goes on in it."""
NOTHING_TO_DO: Final = ("didn't contain changes", "No updates are to be performed")

ROLLED_BACK: Final = "rolled back from "
"""Begins the description of an alias that was rolled back by hand; the version follows."""

Say = Callable[[str], None]


def error_code(error: ClientError) -> str:
    """AWS's own name of an error."""
    return str(error.response["Error"]["Code"])


def status_of(error: ClientError) -> int:
    """HTTP status of an error."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


class Aws:
    """Clients of one account and region."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._session = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    def account(self) -> str:
        """Number of the account."""
        return str(self.client("sts").get_caller_identity()["Account"])

    # -- S3 ---------------------------------------------------------------------------------

    def read_object(self, bucket: str, key: str) -> bytes | None:
        """An object's content; None when there is none.

        Raises
        ------
        ClientError
            S3 did not say whether there is one.
        """
        try:
            content: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error_code(error) in ("NoSuchKey", "NoSuchBucket"):
                return None
            raise
        return content

    def bucket_is(self, bucket: str, account: str) -> str:
        """Whose a bucket's name is: ``free``, ``own``, ``foreign`` or ``elsewhere``.

        ``elsewhere``: it is in another region.
        """
        try:
            self.client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
        except ClientError as error:
            found = {404: "free", 403: "foreign", 301: "elsewhere"}.get(status_of(error))
            if found is None:
                raise
            return found
        return "own"

    # -- Chalice's API ----------------------------------------------------------------------

    def rest_apis(self, name: str, stage: str) -> list[str]:
        """Ids of the REST APIs of this name that have this stage."""
        client = self.client("apigateway")
        pages = client.get_paginator("get_rest_apis").paginate()
        ids = [api["id"] for page in pages for api in page["items"] if api["name"] == name]
        return [one for one in ids if stage in self._stages(one)]

    def _stages(self, rest_api_id: str) -> set[str]:
        found = self.client("apigateway").get_stages(restApiId=rest_api_id)["item"]
        return {stage["stageName"] for stage in found}

    # -- the measure function ---------------------------------------------------------------

    def image_digest(self, repository: str, **image: str) -> str | None:
        """Digest of an image (``imageTag=`` or ``imageDigest=``); None when it is not there."""
        try:
            found = self.client("ecr").describe_images(repositoryName=repository, imageIds=[image])
        except ClientError as error:
            if error_code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
                return None
            raise
        return str(found["imageDetails"][0]["imageDigest"])

    def versions(self, function: str) -> list[dict[str, Any]]:
        """Published versions of a function, the newest first."""
        pages = self.client("lambda").get_paginator("list_versions_by_function")
        found = [
            version
            for page in pages.paginate(FunctionName=function)
            for version in page["Versions"]
            if version["Version"] != "$LATEST"
        ]
        return sorted(found, key=lambda version: -int(version["Version"]))

    def is_function(self, function: str) -> bool:
        """Whether there is a function of this name."""
        return self._found("get_function_configuration", FunctionName=function) is not None

    def alias(self, function: str, name: str = "live") -> str | None:
        """The version that an alias is at; None when there is no such alias."""
        found = self._found("get_alias", FunctionName=function, Name=name)
        return None if found is None else str(found["FunctionVersion"])

    def is_rolled_back_from(self, function: str, version: str, name: str = "live") -> bool:
        """Whether an alias was taken back from what a version is: its code and variables."""
        described = (self._found("get_alias", FunctionName=function, Name=name) or {}).get(
            "Description", ""
        )
        left = described.removeprefix(ROLLED_BACK) if described.startswith(ROLLED_BACK) else None
        is_of = {
            one["Version"]: (one["CodeSha256"], one.get("Environment"))
            for one in self.versions(function)
        }
        return left in is_of and is_of[left] == is_of.get(version)

    def _found(self, call: str, **asked: Any) -> dict[str, Any] | None:
        try:
            return dict(getattr(self.client("lambda"), call)(**asked))
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return None
            raise

    def errors_of(self, function: str, alias: str, version: str, minutes: int) -> int:
        """How many calls of an alias a version has failed in the last minutes."""
        now = datetime.now(UTC)
        named = {
            "FunctionName": function,
            "Resource": f"{function}:{alias}",
            "ExecutedVersion": version,
        }
        found = self.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": key, "Value": value} for key, value in named.items()],
            StartTime=now - timedelta(minutes=minutes),
            EndTime=now,
            Period=60,
            Statistics=["Sum"],
        )
        return int(sum(point["Sum"] for point in found["Datapoints"]))

    def reserved(self, function: str) -> int:
        """Concurrency that a function has reserved; 0 for none, or no function."""
        found = self._found("get_function_concurrency", FunctionName=function) or {}
        return int(found.get("ReservedConcurrentExecutions", 0))


class Stacks:
    """The stacks of a stage."""

    def __init__(self, client: Any, tags: Mapping[str, str], say: Say, poll_s: float) -> None:
        self._client = client
        self._tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._say = say
        self._poll_s = poll_s

    def described(self, name: str) -> dict[str, Any] | None:
        """What CloudFormation says of a stack; None when there is none.

        Raises
        ------
        ClientError
            It did not say whether there is one.
        """
        try:
            [stack] = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            absent = error_code(error) == "ValidationError" and "does not exist" in str(error)
            if absent:
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else dict(stack)

    def is_in_use(self, name: str) -> bool:
        """Whether there is a stack that has, or is being given, what its template names."""
        stack = self.described(name)
        return stack is not None and stack["StackStatus"] not in NEVER_MADE

    def outputs(self, name: str) -> dict[str, str]:
        """A stack's outputs; none of a stack that is not there."""
        stack = self.described(name)
        return {one["OutputKey"]: one["OutputValue"] for one in (stack or {}).get("Outputs", [])}

    def put(self, name: str, template: str, parameters: Mapping[str, str]) -> None:
        """Make a stack, or change what differs.

        Raises
        ------
        DeployError
            It cannot be; names each resource that failed and why.
        """
        kind = self._kind_of_change(name)
        known = declared(template)
        change_set = f"deploy-{time.strftime('%Y%m%d-%H%M%S')}"
        self._client.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in parameters.items()
                if key in known
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=self._tags,
        )
        changes = self._changes(name, change_set)
        if changes["Status"] == "FAILED":
            self._refused(name, change_set, changes, kind)
            return
        began = self._events(name)
        seen = {event["EventId"] for event in began}
        self._client.execute_change_set(StackName=name, ChangeSetName=change_set)
        status = self._ended(name)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reasons = [
                f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
                for event in reversed(self._events(name))
                if event["EventId"] not in seen
                and event["ResourceStatus"].endswith("FAILED")
                and "cancelled" not in event.get("ResourceStatusReason", "")
            ]
            raise DeployError(
                f"The stack {name} ended in {status}, as it was before. Why:\n" + "\n".join(reasons)
            )
        self._say(f"{name}: {status}")

    def delete(self, name: str) -> None:
        """Delete a stack and wait; what its template retains stays.

        Raises
        ------
        DeployError
            Something of it cannot be deleted; names each resource and why.
        """
        stack = self.described(name)
        if stack is None:
            self._say(f"{name}: not there")
            return
        by_id = stack["StackId"]  # the name is nobody's once it is deleted
        self._client.delete_stack(StackName=name)
        status = self._ended(by_id)
        if status == "DELETE_FAILED":
            reasons = [
                f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
                for event in self._events(by_id)
                if event["ResourceStatus"] == "DELETE_FAILED"
            ]
            raise DeployError(f"The stack {name} could not be deleted:\n" + "\n".join(reasons))
        self._say(f"{name}: deleted")

    def _kind_of_change(self, name: str) -> str:
        stack = self.described(name)
        status = stack["StackStatus"] if stack else None
        if status == "REVIEW_IN_PROGRESS" or status is None:
            return "CREATE"
        if status.endswith("_IN_PROGRESS"):
            self._say(f"{name}: {status}, waiting for its end")
            status = self._ended(name)
        if status == "UPDATE_ROLLBACK_FAILED":
            raise DeployError(
                f"The stack {name} is in UPDATE_ROLLBACK_FAILED: a change failed, and so did its "
                f"undoing. aws cloudformation continue-update-rollback --stack-name {name}, then "
                "again."
            )
        if status in FAILED_FIRST:
            self._say(f"{name}: {status}: its first creation failed; deleted, to be made anew")
            self.delete(name)
            return "CREATE"
        return "CREATE" if self.described(name) is None else "UPDATE"

    def _changes(self, name: str, change_set: str) -> dict[str, Any]:
        while True:
            found = self._client.describe_change_set(StackName=name, ChangeSetName=change_set)
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return dict(found)
            time.sleep(self._poll_s)

    def _refused(self, name: str, change_set: str, changes: Mapping[str, Any], kind: str) -> None:
        reason = changes.get("StatusReason", "")
        nothing = any(words in reason for words in NOTHING_TO_DO)
        found = [] if nothing else list(self._early_failures(name, changes["ChangeSetId"]))
        self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
        if nothing:
            self._say(f"{name}: nothing to change")
            return
        if kind == "CREATE":
            self.delete(name)  # an empty one, made for the change set
        raise DeployError("\n".join([f"The stack {name} cannot be changed: {reason}", *found]))

    def _early_failures(self, name: str, change_set: str) -> Iterator[str]:
        """Which resources fail CloudFormation's checks before anything is made, and why."""
        try:
            events = self._client.describe_events(StackName=name, ChangeSetName=change_set)
        except ClientError as error:
            yield f"  (its events could not be read: {error})"
            return
        for event in events["OperationEvents"]:
            if event.get("ValidationStatus") == "FAILED":
                where = event.get("ValidationPath", "")
                why = event.get("ValidationStatusReason", "")
                yield f"  {event.get('LogicalResourceId', '')} {where}: {why}"

    def _events(self, name: str) -> list[dict[str, Any]]:
        """Events of a stack, the newest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]]

    def _ended(self, name: str) -> str:
        """Wait until nothing is under way; the state then."""
        while True:
            try:
                [stack] = self._client.describe_stacks(StackName=name)["Stacks"]
            except ClientError as error:
                if "does not exist" in str(error):
                    return "DELETE_COMPLETE"
                raise
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return str(stack["StackStatus"])
            time.sleep(self._poll_s)
