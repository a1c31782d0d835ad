"""CloudFormation over an AWS on this machine: order, conditions, change sets, failures, roll-backs.

moto's own makes resources in no order, never rolls back and drops what it does not know. This one
has the methods of boto3's client that ``infra/`` calls, and makes each resource by its service's
API. A type that is not in `KINDS` cannot be made.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-whatis-howdoesitwork.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
NOTHING = object()
"""``AWS::NoValue``."""
NO_CHANGES = (
    "The submitted information didn't contain changes. "
    "Submit different information to create a change set."
)


class Loader(yaml.SafeLoader):
    """Reads ``!Sub x`` as ``{"Sub": x}``."""


def _tagged(loader: Any, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {tag: node.value}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    return {tag: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", _tagged)


@dataclass
class Made:
    """A resource that is there."""

    kind: str
    id: str
    properties: dict[str, Any]
    attributes: dict[str, str]
    retained: str
    order: int


@dataclass
class Stack:
    """A stack and all that is in it."""

    name: str
    id: str
    status: str = "REVIEW_IN_PROGRESS"
    resources: dict[str, Made] = field(default_factory=dict)
    told: tuple[str, str] = ("", "")
    outputs: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    change_sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    def note(self, resource: str, status: str, reason: str = "") -> None:
        """Add an event, the newest first."""
        self.events.insert(
            0,
            {
                "EventId": str(uuid.uuid4()),
                "LogicalResourceId": resource,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            },
        )


class Template:
    """A template with its parameters put in."""

    def __init__(self, text: str, parameters: Mapping[str, str], account: str, region: str) -> None:
        document = Loader(text).get_single_data()
        declared = document.get("Parameters", {})
        unknown = parameters.keys() - declared.keys()
        if unknown:
            raise _error("ValidationError", f"Parameters: {sorted(unknown)} do not exist")
        self.values: dict[str, Any] = {
            "AWS::AccountId": account,
            "AWS::Region": region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NOTHING,
        }
        for name, described in declared.items():
            value = parameters.get(name, described.get("Default"))
            if value is None:
                raise _error("ValidationError", f"Parameters: [{name}] must have values")
            self._check(name, str(value), described)
            is_list = described["Type"] == "CommaDelimitedList"
            self.values[name] = str(value).split(",") if is_list else str(value)
        self.conditions = document.get("Conditions", {})
        self.resources: dict[str, Any] = {
            name: resource
            for name, resource in document["Resources"].items()
            if "Condition" not in resource or self.met(resource["Condition"])
        }
        self.outputs = document.get("Outputs", {})
        self._check_rules(document.get("Rules", {}))

    @staticmethod
    def _check(name: str, value: str, described: Mapping[str, Any]) -> None:
        pattern = described.get("AllowedPattern")
        if pattern and not re.fullmatch(pattern, value):
            raise _error("ValidationError", f"Parameter {name} failed to satisfy: {pattern}")
        allowed = described.get("AllowedValues")
        if allowed and value not in allowed:
            raise _error("ValidationError", f"Parameter {name} must be one of {allowed}")
        if "MinValue" in described and float(value) < described["MinValue"]:
            raise _error("ValidationError", f"Parameter {name} is under {described['MinValue']}")

    def _check_rules(self, rules: Mapping[str, Any]) -> None:
        for rule in rules.values():
            if self.resolved(rule.get("RuleCondition", {"Equals": [1, 1]}), {}):
                for one in rule["Assertions"]:
                    if not self.resolved(one["Assert"], {}):
                        raise _error("ValidationError", one["AssertDescription"])

    def met(self, condition: str) -> bool:
        """Whether a condition of the template is met."""
        return bool(self.resolved(self.conditions[condition], {}))

    def ordered(self) -> list[str]:
        """Resources, each after those that it names."""
        done: list[str] = []

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                raise _error("ValidationError", f"Circular dependency: {[*above, name]}")
            if name not in done:
                for other in sorted(self._named(self.resources[name])):
                    visit(other, (*above, name))
                done.append(name)

        for name in self.resources:
            visit(name, ())
        return done

    def _named(self, resource: Mapping[str, Any]) -> set[str]:
        wanted = resource.get("DependsOn", [])
        found = {wanted} if isinstance(wanted, str) else set(wanted)

        def walk(value: Any) -> Iterator[str]:
            match value:
                case {"If": [condition, yes, no]}:
                    yield from walk(yes if self.met(condition) else no)
                case {"Ref": name}:
                    yield name
                case {"GetAtt": name}:
                    yield (name if isinstance(name, str) else name[0]).split(".")[0]
                case {"Sub": str(text)}:
                    yield from (one.split(".")[0] for one in re.findall(r"\$\{([\w.:]+)\}", text))
                case dict():
                    for inner in value.values():
                        yield from walk(inner)
                case list():
                    for inner in value:
                        yield from walk(inner)

        found |= set(walk(resource.get("Properties", {})))
        return {name for name in found if name in self.resources}

    def resolved(self, value: Any, made: Mapping[str, Made]) -> Any:
        """A value with its functions worked out; ``made``: what it may name."""
        match value:
            case {"Ref": name}:
                return made[name].id if name in made else self.values[name]
            case {"GetAtt": name}:
                parts = name.split(".") if isinstance(name, str) else name
                return made[parts[0]].attributes[parts[1]]
            case {"Sub": str(text)}:
                return re.sub(
                    r"\$\{([\w.:]+)\}", lambda found: str(self._sub(found[1], made)), text
                )
            case {"Sub": [text, names]}:
                for name, inner in names.items():
                    text = text.replace(f"${{{name}}}", str(self.resolved(inner, made)))
                return self.resolved({"Sub": text}, made)
            case {"If": [condition, yes, no]}:
                return self.resolved(yes if self.met(condition) else no, made)
            case {"Condition": name} if isinstance(name, str):
                return self.met(name)
            case {"Equals": [left, right]}:
                return str(self.resolved(left, made)) == str(self.resolved(right, made))
            case {"Not": [inner]}:
                return not self.resolved(inner, made)
            case {"And": parts}:
                return all(self.resolved(part, made) for part in parts)
            case {"Join": [between, parts]}:
                return between.join(str(part) for part in self.resolved(parts, made))
            case {"Select": [index, parts]}:
                return self.resolved(parts, made)[int(index)]
            case {"Split": [between, text]}:
                return self.resolved(text, made).split(between)
            case dict():
                found = {key: self.resolved(inner, made) for key, inner in value.items()}
                return {key: inner for key, inner in found.items() if inner is not NOTHING}
            case list():
                items = [self.resolved(inner, made) for inner in value]
                return [item for item in items if item is not NOTHING]
        return value

    def _sub(self, name: str, made: Mapping[str, Made]) -> Any:
        return self.resolved({"GetAtt" if "." in name else "Ref": name}, made)


class CloudFormation:
    """The client, and the stacks of one account and region.

    Attributes
    ----------
    broken
        Resources (``stack/LogicalId``) that fail when they are made or changed: why.
    asked
        Names of the calls.
    """

    def __init__(self, clients: Clients, account: str, region: str) -> None:
        self._clients = clients
        self._account = account
        self._region = region
        self.stacks: dict[str, Stack] = {}
        self.broken: dict[str, str] = {}
        self.unreachable: list[str] = []

    # -- what boto3's client has ------------------------------------------------------------

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        """Describe a stack by its name or id."""
        if "describe_stacks" in self.unreachable:
            self.unreachable.remove("describe_stacks")
            raise _error("Throttling", "Rate exceeded", 400)
        stack = self._stack(StackName)
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in stack.outputs.items()]
        described = {"StackName": stack.name, "StackId": stack.id, "StackStatus": stack.status}
        return {"Stacks": [{**described, "Outputs": outputs, "Tags": stack.tags}]}

    def create_change_set(self, **asked: Any) -> dict[str, Any]:
        """Compare a template with what is there."""
        name = asked["StackName"]
        there = name in self.stacks and self.stacks[name].status != "REVIEW_IN_PROGRESS"
        if there != (asked["ChangeSetType"] == "UPDATE"):
            kind = "exists" if there else "does not exist"
            raise _error("ValidationError", f"Stack [{name}] {kind}")
        stack = self.stacks.setdefault(name, Stack(name, f"arn:aws:cloudformation:::stack/{name}"))
        if stack.status.startswith("ROLLBACK"):
            raise _error(
                "ValidationError",
                f"Stack:{stack.id} is in {stack.status} state and can not be updated.",
            )
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in asked["Parameters"]}
        template = Template(asked["TemplateBody"], parameters, self._account, self._region)
        told = (asked["TemplateBody"], json.dumps(parameters, sort_keys=True))
        change_set = {
            "ChangeSetId": f"{stack.id}/{asked['ChangeSetName']}",
            "Status": "FAILED" if told == stack.told else "CREATE_COMPLETE",
            "StatusReason": NO_CHANGES if told == stack.told else "",
            "template": template,
            "told": told,
            "tags": asked["Tags"],
        }
        stack.change_sets[asked["ChangeSetName"]] = change_set
        return {"Id": change_set["ChangeSetId"]}

    def describe_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803
        """What came of a change set."""
        return self._stack(StackName).change_sets[ChangeSetName]

    def delete_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        """Forget a change set."""
        del self._stack(StackName).change_sets[ChangeSetName]

    def execute_change_set(self, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        """Make and change what differs, in order; undo all of it if one fails."""
        stack = self._stack(StackName)
        change_set = stack.change_sets.pop(ChangeSetName)
        stack.tags = change_set["tags"]
        is_new = stack.status == "REVIEW_IN_PROGRESS"
        before = dict(stack.resources)
        template: Template = change_set["template"]
        try:
            for name in template.ordered():
                self._make(stack, name, template)
            for name in [one for one in before if one not in template.resources]:
                self._remove(stack, name, before[name])
        except _FailedError as failed:
            stack.note(failed.resource, "CREATE_FAILED" if is_new else "UPDATE_FAILED", failed.why)
            self._undo(stack, before, is_new=is_new)
            stack.status = "ROLLBACK_COMPLETE" if is_new else "UPDATE_ROLLBACK_COMPLETE"
            return
        stack.told = change_set["told"]
        stack.outputs = {
            name: template.resolved(output["Value"], stack.resources)
            for name, output in template.outputs.items()
            if "Condition" not in output or template.met(output["Condition"])
        }
        stack.status = "CREATE_COMPLETE" if is_new else "UPDATE_COMPLETE"

    def delete_stack(self, StackName: str) -> None:  # noqa: N803
        """Delete all that is not retained, the last first."""
        stack = self._stack(StackName)
        for name, made in sorted(stack.resources.items(), key=lambda item: -item[1].order):
            if made.retained not in ("Retain", "RetainExceptOnCreate"):
                self._delete(made)
            del stack.resources[name]
        del self.stacks[stack.name]

    def get_paginator(self, name: str) -> Any:
        """Only of events, in one page."""
        if name != "describe_stack_events":
            raise NotImplementedError(name)

        class Pages:
            paginate = staticmethod(
                lambda StackName: [{"StackEvents": list(self._stack(StackName).events)}]  # noqa: N803
            )

        return Pages()

    # -- inside -----------------------------------------------------------------------------

    def _stack(self, name: str) -> Stack:
        for stack in self.stacks.values():
            if name in (stack.name, stack.id):
                return stack
        raise _error("ValidationError", f"Stack with id {name} does not exist")

    def _make(self, stack: Stack, name: str, template: Template) -> None:
        resource = template.resources[name]
        kind = resource["Type"]
        properties = template.resolved(resource.get("Properties", {}), stack.resources)
        earlier = stack.resources.get(name)
        if earlier is not None and earlier.properties == properties:
            return
        try:
            if f"{stack.name}/{name}" in self.broken:
                raise _FailedError(name, self.broken[f"{stack.name}/{name}"])
            if kind not in KINDS:
                raise _FailedError(name, f"{kind} is not in the stand-in")
            make = KINDS[kind]
            if earlier is not None and kind not in REPLACED:
                id_, attributes = make.change(self._clients, earlier, properties)
            else:
                id_, attributes = make.create(self._clients, properties)
        except ClientError as error:
            raise _FailedError(name, str(error)) from error
        retained = resource.get("DeletionPolicy", "Delete")
        order = len(stack.resources) if earlier is None else earlier.order
        stack.resources[name] = Made(kind, id_, properties, attributes, retained, order)
        stack.note(name, "CREATE_COMPLETE" if earlier is None else "UPDATE_COMPLETE")

    def _undo(self, stack: Stack, before: dict[str, Made], *, is_new: bool) -> None:
        for name in reversed(list(stack.resources)):
            made, earlier = stack.resources[name], before.get(name)
            if earlier is None:
                if not (is_new and made.retained == "Retain"):
                    self._delete(made)
                    del stack.resources[name]
            elif earlier is not made:
                if made.kind not in REPLACED:
                    KINDS[made.kind].change(self._clients, made, earlier.properties)
                stack.resources[name] = earlier
        if is_new:
            stack.resources.clear()

    def _remove(self, stack: Stack, name: str, made: Made) -> None:
        if made.retained != "Retain":
            self._delete(made)
        del stack.resources[name]

    def _delete(self, made: Made) -> None:
        KINDS[made.kind].delete(self._clients, made)


class _FailedError(Exception):
    def __init__(self, resource: str, why: str) -> None:
        super().__init__(resource, why)
        self.resource = resource
        self.why = why


def _error(code: str, message: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "CloudFormation",
    )


# -- how each type is made -------------------------------------------------------------------

Result = tuple[str, dict[str, str]]


class Kind:
    """How a type of resource is made, changed and deleted by its service's API."""

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Make it; its id and attributes."""
        raise NotImplementedError

    def change(self, clients: Clients, made: Made, wanted: dict[str, Any]) -> Result:
        """Change it to what is wanted."""
        raise NotImplementedError

    def delete(self, clients: Clients, made: Made) -> None:
        """Delete it."""
        raise NotImplementedError


class Bucket(Kind):
    """AWS::S3::Bucket."""

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Make it; refused where it is there already."""
        s3, name = clients("s3"), wanted["BucketName"]
        region = {"LocationConstraint": s3.meta.region_name}
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=region)
        return self._set(s3, name, wanted)

    def change(self, clients: Clients, made: Made, wanted: dict[str, Any]) -> Result:
        """Set all of it again."""
        return self._set(clients("s3"), made.id, wanted)

    def delete(self, clients: Clients, made: Made) -> None:
        """Delete it, empty."""
        clients("s3").delete_bucket(Bucket=made.id)

    @staticmethod
    def _set(s3: Any, name: str, wanted: dict[str, Any]) -> Result:
        cors = wanted.get("CorsConfiguration")
        if cors:
            rules = [
                {
                    ("MaxAgeSeconds" if key == "MaxAge" else key): value
                    for key, value in rule.items()
                }
                for rule in cors["CorsRules"]
            ]
            s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
        if wanted.get("VersioningConfiguration"):
            s3.put_bucket_versioning(
                Bucket=name, VersioningConfiguration=wanted["VersioningConfiguration"]
            )
        return name, {"Arn": f"arn:aws:s3:::{name}"}


class Recorded(Kind):
    """What is checked on the template alone: the AWS of this machine has no use for it."""

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Do nothing."""
        return str(uuid.uuid4()), {}

    def change(self, clients: Clients, made: Made, wanted: dict[str, Any]) -> Result:
        """Do nothing."""
        return made.id, made.attributes

    def delete(self, clients: Clients, made: Made) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Simple(Kind):
    """A type that one call makes and another deletes, as most do.

    Attributes
    ----------
    service
        Of the client.
    make, remove
        Names of the calls.
    arguments
        Those of ``make``, from the properties.
    id, attributes
        From the answer to ``make`` and the properties.
    by
        The argument of ``remove``, which takes the id.
    modify
        Changes one, given the client, what is made and the properties; by default ``make`` again.
    """

    service: str
    make: str
    remove: str
    arguments: Callable[[dict[str, Any]], dict[str, Any]]
    id: Callable[[dict[str, Any], dict[str, Any]], str]
    by: Callable[[Made], dict[str, Any]]
    attributes: Callable[[dict[str, Any], dict[str, Any]], dict[str, str]] = lambda _, __: {}
    modify: Callable[[Any, Made, dict[str, Any]], object] | None = None

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Call ``make``."""
        answer = getattr(clients(self.service), self.make)(**self.arguments(wanted))
        return self.id(answer, wanted), self.attributes(answer, wanted)

    def change(self, clients: Clients, made: Made, wanted: dict[str, Any]) -> Result:
        """Call ``modify``, or ``make`` again."""
        if self.modify is None:
            return self.create(clients, wanted)
        self.modify(clients(self.service), made, wanted)
        return made.id, made.attributes

    def delete(self, clients: Clients, made: Made) -> None:
        """Call ``remove``."""
        getattr(clients(self.service), self.remove)(**self.by(made))


def lower(value: Any) -> Any:
    """CloudFormation's names of properties as API Gateway's API spells them."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: lower(inner) for name, inner in value.items()}
    return [lower(inner) for inner in value] if isinstance(value, list) else value


def _queue_attributes(wanted: dict[str, Any]) -> dict[str, str]:
    return {
        key: json.dumps(value) if isinstance(value, dict) else str(value)
        for key, value in wanted.items()
        if key not in ("QueueName", "SqsManagedSseEnabled")
    }


def _arn_of_queue(answer: dict[str, Any], wanted: dict[str, Any]) -> dict[str, str]:
    account, name = answer["QueueUrl"].split("/")[-2:]
    return {"Arn": f"arn:aws:sqs:ap-northeast-2:{account}:{name}"}


def _function(wanted: dict[str, Any]) -> dict[str, Any]:
    asked = {key: value for key, value in wanted.items() if key != "ReservedConcurrentExecutions"}
    return {
        **asked,
        "MemorySize": int(wanted["MemorySize"]),
        "Timeout": int(wanted["Timeout"]),
    }


def _change_function(client: Any, made: Made, wanted: dict[str, Any]) -> None:
    names = ("Role", "Description", "Environment")
    client.update_function_configuration(
        FunctionName=made.id,
        MemorySize=int(wanted["MemorySize"]),
        Timeout=int(wanted["Timeout"]),
        **{name: wanted[name] for name in names},
    )
    client.update_function_code(FunctionName=made.id, ImageUri=wanted["Code"]["ImageUri"])


def _role(clients: Clients, made: Made | None, wanted: dict[str, Any]) -> Result:
    iam, name = clients("iam"), wanted["RoleName"]
    trust = json.dumps(wanted["AssumeRolePolicyDocument"])
    if made is None:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    else:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    for policy in wanted["Policies"]:
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    return name, {"Arn": iam.get_role(RoleName=name)["Role"]["Arn"]}


class Role(Kind):
    """AWS::IAM::Role."""

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Make it with its policies."""
        return _role(clients, None, wanted)

    def change(self, clients: Clients, made: Made, wanted: dict[str, Any]) -> Result:
        """Set its policies again."""
        return _role(clients, made, wanted)

    def delete(self, clients: Clients, made: Made) -> None:
        """Delete its policies, then it."""
        iam = clients("iam")
        for name in iam.list_role_policies(RoleName=made.id)["PolicyNames"]:
            iam.delete_role_policy(RoleName=made.id, PolicyName=name)
        iam.delete_role(RoleName=made.id)


class UsagePlan(Kind):
    """AWS::ApiGateway::UsagePlan."""

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Make it."""
        asked = {key: value for key, value in wanted.items() if key != "UsagePlanName"}
        asked["Throttle"] = {
            "RateLimit": float(wanted["Throttle"]["RateLimit"]),
            "BurstLimit": int(wanted["Throttle"]["BurstLimit"]),
        }
        asked["Quota"] = {**wanted["Quota"], "Limit": int(wanted["Quota"]["Limit"])}
        name = wanted["UsagePlanName"]
        plan = clients("apigateway").create_usage_plan(name=name, **lower(asked))
        return plan["id"], {}

    def change(self, clients: Clients, made: Made, wanted: dict[str, Any]) -> Result:
        """Only its throttle and quota change."""
        paths = {
            "/throttle/rateLimit": wanted["Throttle"]["RateLimit"],
            "/throttle/burstLimit": wanted["Throttle"]["BurstLimit"],
            "/quota/limit": wanted["Quota"]["Limit"],
        }
        clients("apigateway").update_usage_plan(
            usagePlanId=made.id,
            patchOperations=[
                {"op": "replace", "path": path, "value": str(value)}
                for path, value in paths.items()
            ],
        )
        return made.id, {}

    def delete(self, clients: Clients, made: Made) -> None:
        """Take it from its stages, then delete it."""
        clients("apigateway").delete_usage_plan(usagePlanId=made.id)


class Version(Kind):
    """AWS::Lambda::Version."""

    def create(self, clients: Clients, wanted: dict[str, Any]) -> Result:
        """Publish one; Lambda publishes none of a function that is as its last version was."""
        client = clients("lambda")
        listed = client.list_versions_by_function(FunctionName=wanted["FunctionName"])["Versions"]
        made = client.publish_version(**wanted)
        if made["Version"] in [version["Version"] for version in listed]:
            raise _error(
                "AlreadyExists",
                f"A version for this Lambda function exists ( {made['Version']} ). "
                "Modify the function to create a new version.",
            )
        return made["FunctionArn"], {"Version": made["Version"]}

    def delete(self, clients: Clients, made: Made) -> None:
        """Delete it."""
        clients("lambda").delete_function(
            FunctionName=made.properties["FunctionName"], Qualifier=made.attributes["Version"]
        )


REPLACED = {"AWS::Lambda::Version"}
"""Types that are made anew when a property differs; the old one is retained."""
KINDS: dict[str, Kind] = {
    "AWS::S3::Bucket": Bucket(),
    # moto looks at no condition: its "only by TLS" would refuse everything.
    "AWS::S3::BucketPolicy": Recorded(),
    "AWS::SQS::QueuePolicy": Recorded(),
    "AWS::Lambda::EventSourceMapping": Recorded(),  # needs a poller; the local stack has one
    "AWS::Lambda::EventInvokeConfig": Simple(
        "lambda",
        "put_function_event_invoke_config",
        "delete_function_event_invoke_config",
        lambda wanted: {
            "FunctionName": wanted["FunctionName"].split(":")[0],
            "MaximumRetryAttempts": wanted["MaximumRetryAttempts"],
        },
        lambda _, wanted: wanted["FunctionName"],
        lambda made: {"FunctionName": made.id},
    ),
    "AWS::SQS::Queue": Simple(
        "sqs",
        "create_queue",
        "delete_queue",
        lambda wanted: {"QueueName": wanted["QueueName"], "Attributes": _queue_attributes(wanted)},
        lambda answer, _: answer["QueueUrl"],
        lambda made: {"QueueUrl": made.id},
        _arn_of_queue,
        lambda client, made, wanted: client.set_queue_attributes(
            QueueUrl=made.id, Attributes=_queue_attributes(wanted)
        ),
    ),
    "AWS::ECR::Repository": Simple(
        "ecr",
        "create_repository",
        "delete_repository",
        lambda wanted: {"repositoryName": wanted["RepositoryName"]},
        lambda _, wanted: wanted["RepositoryName"],
        lambda made: {"repositoryName": made.id, "force": True},
        lambda answer, _: {"RepositoryUri": answer["repository"]["repositoryUri"]},
        lambda *_: None,
    ),
    "AWS::Logs::LogGroup": Simple(
        "logs",
        "create_log_group",
        "delete_log_group",
        lambda wanted: {"logGroupName": wanted["LogGroupName"]},
        lambda _, wanted: wanted["LogGroupName"],
        lambda made: {"logGroupName": made.id},
        modify=lambda *_: None,
    ),
    "AWS::IAM::Role": Role(),
    "AWS::Lambda::Function": Simple(
        "lambda",
        "create_function",
        "delete_function",
        _function,
        lambda _, wanted: wanted["FunctionName"],
        lambda made: {"FunctionName": made.id},
        lambda answer, _: {"Arn": answer["FunctionArn"]},
        _change_function,
    ),
    "AWS::Lambda::Version": Version(),
    "AWS::Lambda::Alias": Simple(
        "lambda",
        "create_alias",
        "delete_alias",
        lambda wanted: {key: wanted[key] for key in ("Name", "FunctionName", "FunctionVersion")},
        lambda answer, _: answer["AliasArn"],
        lambda made: {key: made.properties[key] for key in ("Name", "FunctionName")},
        modify=lambda client, made, wanted: client.update_alias(
            **{key: wanted[key] for key in ("Name", "FunctionName", "FunctionVersion")}
        ),
    ),
    "AWS::ApiGateway::UsagePlan": UsagePlan(),
    "AWS::ApiGateway::ApiKey": Simple(
        "apigateway",
        "create_api_key",
        "delete_api_key",
        lower,
        lambda answer, _: answer["id"],
        lambda made: {"apiKey": made.id},
        modify=lambda *_: None,
    ),
    "AWS::ApiGateway::UsagePlanKey": Simple(
        "apigateway",
        "create_usage_plan_key",
        "delete_usage_plan_key",
        lower,
        lambda answer, _: answer["id"],
        lambda made: {
            "usagePlanId": made.properties["UsagePlanId"],
            "keyId": made.properties["KeyId"],
        },
    ),
    "AWS::SNS::Topic": Simple(
        "sns",
        "create_topic",
        "delete_topic",
        lambda wanted: {"Name": wanted["TopicName"]},
        lambda answer, _: answer["TopicArn"],
        lambda made: {"TopicArn": made.id},
    ),
    "AWS::CloudWatch::Alarm": Simple(
        "cloudwatch",
        "put_metric_alarm",
        "delete_alarms",
        lambda wanted: wanted,
        lambda _, wanted: wanted["AlarmName"],
        lambda made: {"AlarmNames": [made.id]},
    ),
    "AWS::CloudWatch::Dashboard": Simple(
        "cloudwatch",
        "put_dashboard",
        "delete_dashboards",
        lambda wanted: wanted,
        lambda _, wanted: wanted["DashboardName"],
        lambda made: {"DashboardNames": [made.id]},
    ),
}
