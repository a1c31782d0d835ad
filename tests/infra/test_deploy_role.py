"""The role that deploys from GitHub: complete for what the templates hold, and no wider."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.permissions import types
from infra.stage import Stage
from local.config import REPOSITORY
from tests.infra.cloudformation import Template

PUBLISHED: dict[str, Any] = json.loads((REPOSITORY / "infra" / "permissions.json").read_text())
TEXT = (REPOSITORY / "infra" / "github.yaml").read_text("utf-8")
HERE = "arn:aws:{}:ap-northeast-2:123456789012"
IDS = {"OwnerId": "111", "RepositoryId": "222"}

NOT_USED = {
    # Of properties that no template has: keys of one's own, VPCs, file systems, layers, signing.
    *("kms:*", "ec2:*", "elasticfilesystem:*", "s3files:*", "s3tables:*"),
    *("lambda:GetLayerVersion", "lambda:GetCodeSigningConfig", "lambda:PassCapacityProvider"),
    # Code comes from the registry by digest, not from a bucket.
    *("s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:PutObjectAcl", "s3:REST.*"),
    "s3:*BucketMetadata*",  # S3 Metadata tables
    # Roles carry inline policies only: attaching would let it hand out any right of the account.
    *("iam:AttachRolePolicy", "iam:*PermissionsBoundary"),
    # Of log groups with keys, deliveries, indexes or policies of their own.
    *("logs:*KmsKey", "logs:CreateLogDelivery", "firehose:*", "logs:PutIndexPolicy"),
    *("logs:DeleteIndexPolicy", "logs:*DataProtectionPolicy", "logs:PutResourcePolicy"),
    *("logs:DeleteResourcePolicy", "logs:PutBearerTokenAuthentication"),
    "logs:PutLogGroupDeletionProtection",
    *("sns:PutDataProtectionPolicy", "codedeploy:RegisterOnPremisesInstance"),
    # CloudFront's tenants, VPC origins and staging; the action with tags is no action of IAM.
    *("cloudfront:*ConnectionGroup", "cloudfront:GetVpcOrigin"),
    *("cloudfront:UpdateDistributionWithStagingConfig", "cloudfront:CreateDistributionWithTags"),
    # A firewall's association for other services than API Gateway.
    *("amplify:*", "apprunner:*", "appsync:*", "bedrock-agentcore:*", "cognito-idp:*"),
    *("elasticloadbalancing:*", "wafv2:*PermissionPolicy", "payments:*", "billing:*"),
}
"""Published actions that these templates never cause, with why; patterns."""

BY_HAND = {
    # infra/deploy.py, destroy.py, rollback.py
    *("cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet"),
    *("cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet"),
    *("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"),
    *("cloudformation:DescribeEvents", "cloudformation:DeleteStack"),
    *("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    *("lambda:GetAccountSettings", "lambda:GetFunctionConcurrency", "lambda:GetAlias"),
    *("lambda:ListVersionsByFunction", "lambda:DeleteFunction", "lambda:UpdateAlias"),
    *("ecr:DescribeImages", "ecr:GetAuthorizationToken", "ecr:PutImage", "ecr:BatchGetImage"),
    *("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
    *("ecr:BatchCheckLayerAvailability", "apigateway:GET", "apigateway:PATCH", "apigateway:PUT"),
    *("apigateway:POST", "iam:TagRole", "lambda:PublishVersion", "lambda:CreateAlias"),
    "cloudwatch:GetMetricStatistics",
    # Chalice 1.34: `deploy` of two functions, their roles, a REST API and an S3 event
    *("iam:GetRole", "iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole", "iam:GetRolePolicy"),
    *("iam:ListRolePolicies", "iam:DeleteRolePolicy", "lambda:GetFunction", "lambda:AddPermission"),
    *("lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
    *("lambda:GetFunctionConfiguration", "lambda:GetPolicy", "lambda:RemovePermission"),
    *("lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"),
    *("s3:GetBucketNotification", "s3:PutBucketNotification"),
}
"""Actions that the commands and Chalice call themselves."""


def resolved(stage: str = "prod", **more: str) -> Template:
    names = Stage.read(stage)
    given = {
        "Repository": "acme/cars",
        "Stage": stage,
        "Name": names.name,
        "ImagesBucket": names.images,
        "ModelsBucket": names.models,
        "ResultsBucket": names.results,
        **more,
    }
    return Template(TEXT, given, "123456789012", "ap-northeast-2")


def statements(template: Template) -> list[dict[str, Any]]:
    found = []
    for resource in template.resources.values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            document = template.resolved(resource["Properties"]["PolicyDocument"], {})
            found += document["Statement"]
    return found


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def granted(action: str, arn: str | None = None, template: Template | None = None) -> bool:
    return any(
        any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and (arn is None or any(fnmatchcase(arn, one) for one in listed(statement["Resource"])))
        for statement in statements(template or resolved())
    )


def test_what_is_published_is_of_the_templates_and_dated() -> None:
    assert set(PUBLISHED["types"]) == types()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", PUBLISHED["dated"])


@pytest.mark.parametrize("kind", sorted(PUBLISHED["types"]))
def test_it_may_create_read_change_and_delete_what_the_templates_hold(kind: str) -> None:
    everything = resolved(RestApiId="abcdefghij", HostedZoneId="Z1")
    for handler, actions in PUBLISHED["types"][kind].items():
        lacking = [
            action
            for action in actions
            if not any(fnmatchcase(action, pattern) for pattern in NOT_USED)
            and not granted(action, template=everything)
        ]
        assert lacking == [], f"{handler} of {kind}"


def test_it_may_do_what_the_commands_and_chalice_call() -> None:
    assert [action for action in sorted(BY_HAND) if not granted(action)] == []


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("cloudformation:DeleteStack", f"{HERE.format('cloudformation')}:stack/{{}}-storage/1"),
        ("lambda:UpdateFunctionCode", f"{HERE.format('lambda')}:function:{{}}-measure"),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/{}-measure"),
        ("sqs:DeleteQueue", f"{HERE.format('sqs')}:{{}}-uploads"),
        ("s3:DeleteBucket", "arn:aws:s3:::{}-images"),
        ("ecr:DeleteRepository", f"{HERE.format('ecr')}:repository/{{}}-measure"),
        ("sns:DeleteTopic", f"{HERE.format('sns')}:{{}}-alarms"),
        ("cloudwatch:DeleteAlarms", f"{HERE.format('cloudwatch')}:alarm:{{}}-measure-errors"),
        ("logs:DeleteLogGroup", f"{HERE.format('logs')}:log-group:/aws/lambda/{{}}-measure"),
    ],
)
def test_prods_role_has_no_hand_in_dev_nor_devs_in_prod(action: str, arn: str) -> None:
    for own, other in (("prod", "dev"), ("dev", "prod")):
        template = resolved(own)
        assert granted(action, arn.format(Stage.read(own).name), template)
        assert not granted(action, arn.format(Stage.read(other).name), template)


def test_it_deletes_no_api_but_its_own() -> None:
    own, other = (f"arn:aws:apigateway:ap-northeast-2::/restapis/{x * 10}" for x in "ab")
    assert not granted("apigateway:DELETE", other)
    known = resolved(RestApiId="a" * 10)
    assert granted("apigateway:DELETE", own, known)
    for verb in ("DELETE", "PUT", "PATCH", "POST"):
        assert not granted(f"apigateway:{verb}", other, known)


def test_it_has_no_right_to_everything() -> None:
    for statement in statements(resolved()):
        actions, resources = listed(statement["Action"]), listed(statement["Resource"])
        assert not {"*", "iam:*", "s3:*"} & set(actions)
        if "*" in resources and "Condition" not in statement:
            for action in actions:
                reads = re.match(r"\w+:(Get|List|Describe)", action)
                assert reads or action.startswith("cloudfront:"), action


def test_mappings_are_of_its_own_function() -> None:
    [mappings] = [one for one in statements(resolved()) if one["Sid"] == "Mappings"]
    own = "arn:aws:lambda:ap-northeast-2:123456789012:function:hypermob-measure"
    wanted = {"StringEquals": {"lambda:FunctionArn": [own, f"{own}:live"]}}
    assert mappings["Condition"] == wanted


def test_the_policies_are_of_sizes_that_iam_takes() -> None:
    """IAM takes 6,144 characters of a managed policy, white space left out, and ten of them."""
    template = resolved(RestApiId="abcdefghij", HostedZoneId="Z1", **IDS)
    policies = [
        template.resolved(one["Properties"]["PolicyDocument"], {})
        for one in template.resources.values()
        if one["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    assert 1 <= len(policies) <= 10
    for policy in policies:
        assert len(re.sub(r"\s", "", json.dumps(policy))) < 6144


@pytest.mark.parametrize("ids", [{}, IDS])
def test_github_names_the_repository_in_two_forms(ids: dict[str, str]) -> None:
    template = resolved(**ids)
    role = template.resources["Role"]["Properties"]["AssumeRolePolicyDocument"]
    [statement] = role["Statement"]
    condition = template.resolved(statement["Condition"], {})["StringEquals"]
    assert condition["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    by_names = ["repo:acme/cars:environment:prod"]
    by_numbers = ["repo:acme@111/cars@222:environment:prod"] if ids else []
    assert condition["token.actions.githubusercontent.com:sub"] == by_names + by_numbers


def test_each_stage_has_its_own_stack_role_and_names() -> None:
    """Two stages in one account: nothing that the second would take from the first."""
    assert "OIDCProvider" not in TEXT
    names = []
    for stage in ("dev", "prod"):
        template = resolved(stage)
        for resource in template.resources.values():
            properties = template.resolved(
                {k: v for k, v in resource["Properties"].items() if k.endswith("Name")}, {}
            )
            names += properties.values()
    assert len(names) == len(set(names)) == 8
