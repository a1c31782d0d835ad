"""The properties of ``infra/`` that matter; ``make infra-check`` says that it is well formed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from chalicelib.contracts import MAX_BODY_BYTES
from chalicelib.measurement.lifecycle import GIVEN_UP_S
from chalicelib.storage import MAX_RECEIVES, MEASURE_TIMEOUT_S, VISIBILITY_TIMEOUTS
from infra.deploy import KEPT_VERSIONS, revision
from infra.gateway_responses import RESPONSES
from infra.stage import Stage, declared
from local.config import REPOSITORY
from tests.infra.cloudformation import Loader
from tests.infra.cloudformation import Template as Resolved

Template = dict[str, Any]
STAGES = ("dev", "prod")


def template(name: str) -> Template:
    text = (REPOSITORY / "infra" / f"{name}.yaml").read_text("utf-8")
    loaded: Template = yaml.load(text, Loader)
    return loaded


def chalice_config() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((REPOSITORY / ".chalice" / "config.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def storage() -> Template:
    return template("storage")["Resources"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def measure() -> Template:
    return template("measure")["Resources"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def api() -> Template:
    return template("api")["Resources"]  # type: ignore[no-any-return]


def rules(bucket: Template) -> dict[str, Template]:
    return {rule["Id"]: rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]}


@pytest.mark.parametrize("name", ["Images", "Models", "Results"])
def test_a_bucket_is_private_encrypted_and_kept_when_its_stack_goes(
    storage: Template, name: str
) -> None:
    bucket = storage[name]
    properties = bucket["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    [encryption] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    # A creation that fails leaves nothing in the way of the next; later, what people stored stays.
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    [statement] = storage[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "s3:*"
    assert statement["Resource"] == [{"GetAtt": f"{name}.Arn"}, {"Sub": f"${{{name}.Arn}}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_photos_go_after_a_week_and_only_photos_that_were_uploaded(storage: Template) -> None:
    images = rules(storage["Images"])
    assert images["uploads-expire"] == {
        "Id": "uploads-expire",
        "Status": "Enabled",
        "Prefix": "uploads/",
        "ExpirationInDays": 7,
    }
    assert "ExpirationInDays" not in json.dumps(rules(storage["Results"]))


def test_results_get_cheaper_but_stay_readable_at_once(storage: Template) -> None:
    cool_down = rules(storage["Results"])["results-cool-down"]
    assert cool_down["Prefix"] == "results/"
    assert cool_down["Transitions"] == [
        {"StorageClass": "STANDARD_IA", "TransitionInDays": 30},
        {"StorageClass": "GLACIER_IR", "TransitionInDays": 90},
    ]


@pytest.mark.parametrize("name", ["Images", "Results"])
def test_what_a_person_deletes_is_gone(storage: Template, name: str) -> None:
    assert "VersioningConfiguration" not in storage[name]["Properties"]


def test_uploads_reach_the_queue_and_the_queue_takes_them_from_nobody_else(
    storage: Template,
) -> None:
    [notification] = storage["Images"]["Properties"]["NotificationConfiguration"][
        "QueueConfigurations"
    ]
    assert notification["Queue"] == {"GetAtt": "UploadsQueue.Arn"}
    [rule] = notification["Filter"]["S3Key"]["Rules"]
    assert rule == {"Name": "prefix", "Value": "uploads/"}
    allow, deny = storage["UploadsQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert allow["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allow["Action"] == "sqs:SendMessage"
    assert "${ImagesBucket}" in allow["Condition"]["ArnEquals"]["aws:SourceArn"]["Sub"]
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert deny["Effect"] == "Deny"


def test_a_photo_is_not_measured_twice_at_once_and_not_for_ever(
    storage: Template, measure: Template
) -> None:
    queue = storage["UploadsQueue"]["Properties"]
    assert measure["Function"]["Properties"]["Timeout"] == MEASURE_TIMEOUT_S
    assert queue["VisibilityTimeout"] == VISIBILITY_TIMEOUTS * MEASURE_TIMEOUT_S
    # AWS's own advice to a queue whose function may be throttled.
    assert VISIBILITY_TIMEOUTS >= 6
    assert MAX_RECEIVES >= 5
    # So long a client is told that its photo is pending.
    assert MAX_RECEIVES * queue["VisibilityTimeout"] <= GIVEN_UP_S
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"GetAtt": "UploadsDeadLetters.Arn"},
        "maxReceiveCount": MAX_RECEIVES,
    }
    mapping = measure["Uploads"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 1


def test_results_have_no_notification_that_chalice_would_fight_over(storage: Template) -> None:
    assert "NotificationConfiguration" not in storage["Results"]["Properties"]


def test_browsers_of_the_named_origins_only(storage: Template) -> None:
    for name, method in (("Images", "POST"), ("Results", "GET")):
        condition, cors, otherwise = storage[name]["Properties"]["CorsConfiguration"]["If"]
        assert condition == "HasOrigins"
        assert otherwise == {"Ref": "AWS::NoValue"}
        [rule] = cors["CorsRules"]
        assert rule["AllowedOrigins"] == {"Ref": "CorsOrigins"}
        assert rule["AllowedMethods"] == [method]


def test_logs_are_kept_for_the_days_that_the_stage_says() -> None:
    for resource in template("storage")["Resources"].values():
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}


def allowed(statements: list[Template]) -> dict[str, set[str]]:
    """Every action with the resources that it is allowed on."""
    granted: dict[str, set[str]] = {}
    for statement in statements:
        if "If" in statement:  # an option that is not set
            continue
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        resources = statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in resources if isinstance(resources, list) else [resources]:
                arn = resource["Sub"] if isinstance(resource, dict) else resource
                granted.setdefault(action, set()).add(arn.replace("${AWS::Partition}", "aws"))
    return granted


def test_the_measure_role_may_do_these_things_and_no_other(measure: Template) -> None:
    role = measure["Role"]["Properties"]
    assert "ManagedPolicyArns" not in role
    [policy] = role["Policies"]
    here = "${AWS::Region}:${AWS::AccountId}"
    logs = {f"arn:aws:logs:{here}:log-group:/aws/lambda/${{Name}}-measure:*"}
    uploads = {f"arn:aws:sqs:{here}:${{Name}}-uploads"}
    assert allowed(policy["PolicyDocument"]["Statement"]) == {
        "logs:CreateLogStream": logs,
        "logs:PutLogEvents": logs,
        "s3:GetObject": {
            "arn:aws:s3:::${ImagesBucket}/uploads/*",
            "arn:aws:s3:::${ImagesBucket}/test/*",
            "arn:aws:s3:::${ModelsBucket}/pose/*",
            "arn:aws:s3:::${ResultsBucket}/results/*",
        },
        # Of all three: without it S3 says 403 of what is not there, a missing model too.
        "s3:ListBucket": {
            f"arn:aws:s3:::${{{kind}Bucket}}" for kind in ("Images", "Models", "Results")
        },
        "s3:PutObject": {"arn:aws:s3:::${ResultsBucket}/results/*"},
        "s3:DeleteObject": {
            "arn:aws:s3:::${ResultsBucket}/results/*",
            "arn:aws:s3:::${ImagesBucket}/uploads/*",
        },
        "sqs:ReceiveMessage": uploads,
        "sqs:DeleteMessage": uploads,
        "sqs:GetQueueAttributes": uploads,
        "sqs:SendMessage": {f"arn:aws:sqs:{here}:${{Name}}-failures"},
    }


def chalice_policy(name: str) -> dict[str, set[str]]:
    policy = json.loads((REPOSITORY / ".chalice" / name).read_text())
    return allowed(policy["Statement"])


@pytest.mark.parametrize("stage", STAGES)
def test_the_api_may_do_these_things_and_no_other(stage: str) -> None:
    config = chalice_config()["stages"][stage]
    names = config["environment_variables"]
    logs = {f"arn:aws:logs:*:*:log-group:/aws/lambda/hypermob-{stage}:*"}
    photos = {f"arn:aws:s3:::{names['IMAGES_BUCKET']}/uploads/*"}
    results = {f"arn:aws:s3:::{names['RESULTS_BUCKET']}/results/*"}
    assert chalice_policy(config["iam_policy_file"]) == {
        "logs:CreateLogStream": logs,
        "logs:PutLogEvents": logs,
        "s3:GetObject": results
        | {
            f"arn:aws:s3:::{names['MODELS_BUCKET']}/car_fit/*",
            f"arn:aws:s3:::{names['IMAGES_BUCKET']}/uploads/*.deleted",
        },
        "s3:PutObject": photos | results,
        "s3:DeleteObject": photos | results,
        "s3:ListBucket": {
            f"arn:aws:s3:::{names[kind]}"
            for kind in ("IMAGES_BUCKET", "MODELS_BUCKET", "RESULTS_BUCKET")
        },
        "lambda:InvokeFunction": {f"arn:aws:lambda:*:*:function:{names['MEASURE_FUNCTION']}"},
    }


@pytest.mark.parametrize("stage", STAGES)
def test_the_handler_of_stored_measurements_may_do_these_things_and_no_other(stage: str) -> None:
    config = chalice_config()["stages"][stage]
    names = config["environment_variables"]
    own = config["lambda_functions"]["on_measurement_stored"]
    logs = {f"arn:aws:logs:*:*:log-group:/aws/lambda/hypermob-{stage}-on_measurement_stored:*"}
    results = {f"arn:aws:s3:::{names['RESULTS_BUCKET']}/results/*"}
    prefix = names["MEASURE_FUNCTION"].removesuffix("-measure:live")
    assert chalice_policy(own["iam_policy_file"]) == {
        "logs:CreateLogStream": logs,
        "logs:PutLogEvents": logs,
        "s3:GetObject": results
        | {
            f"arn:aws:s3:::{names['MODELS_BUCKET']}/car_fit/*",
            f"arn:aws:s3:::{names['IMAGES_BUCKET']}/uploads/*.deleted",
        },
        "s3:PutObject": results,
        "s3:DeleteObject": results | {f"arn:aws:s3:::{names['IMAGES_BUCKET']}/uploads/*"},
        "s3:ListBucket": {
            f"arn:aws:s3:::{names[kind]}"
            for kind in ("IMAGES_BUCKET", "MODELS_BUCKET", "RESULTS_BUCKET")
        },
        "sqs:SendMessage": {f"arn:aws:sqs:*:*:{prefix}-failures"},
    }


def test_callers_and_queue_go_through_the_alias(measure: Template) -> None:
    assert measure["Live"]["Properties"]["Name"] == "live"
    assert measure["Live"]["Properties"]["FunctionVersion"] == {"GetAtt": "Version.Version"}
    assert "ProvisionedConcurrencyConfig" in measure["Live"]["Properties"]
    assert measure["Uploads"]["Properties"]["FunctionName"] == {"Ref": "Live"}
    for stage in STAGES:
        names = chalice_config()["stages"][stage]["environment_variables"]
        assert names["MEASURE_FUNCTION"].endswith("-measure:live")


def test_a_new_version_for_whatever_a_version_fixes(measure: Template) -> None:
    """CloudFormation makes a version anew only when its description changes, Lambda only when the
    function does."""
    text = (REPOSITORY / "infra" / "measure.yaml").read_text("utf-8")
    described = json.dumps(measure["Version"]["Properties"]["Description"])
    assert "Revision" in described
    assert "Revision" in json.dumps(measure["Function"]["Properties"]["Description"])
    assert measure["Version"]["UpdateReplacePolicy"] == "Retain"
    named = set(re.findall(r'"(?:Ref|Sub)": "\$?\{?(\w+)', json.dumps(measure["Function"])))
    fixed = named & declared(text)
    assert {"ImageUri", "MemoryMb", "ImagesBucket", "ModelsBucket", "ResultsBucket"} <= fixed
    given = dict.fromkeys(declared(text) - {"Revision"}, "as it was")
    before = revision(text, given)
    for parameter in fixed:
        assert revision(text, given | {parameter: "another"}) != before, parameter
    assert revision(text + "#", given) != before
    assert re.fullmatch(template("measure")["Parameters"]["Revision"]["AllowedPattern"], before)


def test_the_image_is_named_by_digest() -> None:
    pattern = template("measure")["Parameters"]["ImageUri"]["AllowedPattern"]
    assert pattern.endswith("@sha256:[0-9a-f]{64}")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_sets_parameters_that_exist(stage: str) -> None:
    known = set().union(*(template(name)["Parameters"] for name in ("storage", "measure", "api")))
    parameters = Stage.read(stage).parameters
    assert set(parameters) <= known
    assert all(isinstance(value, str) for value in parameters.values())


def test_prod_has_the_guides_quota_and_concurrency() -> None:
    prod = Stage.read("prod").parameters
    assert (prod["RatePerSecond"], prod["Burst"], prod["MonthlyQuota"]) == ("100", "200", "10000")
    assert (prod["MemoryMb"], prod["ReservedConcurrency"]) == ("3008", "10")


def resolved(name: str, stage: str = "prod", **more: str) -> Resolved:
    """A template as a stage fills it in."""
    text = (REPOSITORY / "infra" / f"{name}.yaml").read_text("utf-8")
    told = {
        **Stage.read(stage).for_stacks(),
        "ImageUri": f"x@sha256:{'0' * 64}",
        "Revision": "0" * 12,
        "RestApiId": "abcdefghij",
        **more,
    }
    given = {key: value for key, value in told.items() if key in declared(text)}
    return Resolved(text, given, "123456789012", "ap-northeast-2")


def test_dev_deploys_into_an_account_that_can_reserve_nothing() -> None:
    """A new account may run 10 functions at once, of which AWS lets none be reserved."""
    for stage, reserved in (("dev", None), ("prod", "10")):
        template = resolved("measure", stage)
        properties = template.resources["Function"]["Properties"]
        wanted = template.resolved({"x": properties["ReservedConcurrentExecutions"]}, {})
        assert wanted == ({"x": reserved} if reserved else {})


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        (
            "measure",
            {"Canary": "LambdaCanary10Percent5Minutes", "ProvisionedConcurrency": "1"},
            "cannot be shifted by weight",
        ),
        ("api", {"Cdn": "true", "Waf": "true"}, "every request comes from one of its addresses"),
        ("api", {"DomainName": "api.example.com"}, "needs CertificateArn"),
        ("api", {"MonthlyBudgetUsd": "50"}, "needs AlarmEmail"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    name: str, options: dict[str, str], why: str
) -> None:
    with pytest.raises(ClientError, match=why):
        resolved(name, **options)


def test_a_canary_is_taken_back_by_its_alarm() -> None:
    assert not {"Shifting", "CanaryErrors"} & resolved("measure").resources.keys()
    template = resolved("measure", Canary="LambdaCanary10Percent5Minutes")
    group = template.resources["ShiftingLive"]["Properties"]
    config = template.resolved(group["DeploymentConfigName"], {})
    assert config == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert group["AlarmConfiguration"]["Alarms"] == [{"Name": {"Ref": "CanaryErrors"}}]
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    update = template.resources["Live"]["UpdatePolicy"]["If"]
    assert update[0] == "HasCanary"
    assert "CodeDeployLambdaAliasUpdate" in update[1]
    alarm = template.resources["CanaryErrors"]["Properties"]
    dimensions = template.resolved(alarm["Dimensions"], {})
    assert {"Name": "Resource", "Value": "hypermob-measure:live"} in dimensions
    assert (alarm["Period"], alarm["Threshold"]) == (60, 0)


def test_an_own_domain_leads_to_the_stage() -> None:
    options = {
        "DomainName": "api.example.com",
        "CertificateArn": "arn:aws:acm:ap-northeast-2:1:certificate/x",
        "HostedZoneId": "Z1",
    }
    assert "Domain" not in resolved("api").resources
    template = resolved("api", **options)
    at_api = template.resources["DomainAtApi"]["Properties"]
    assert "BasePath" not in at_api, "the stage is not seen in the address"
    assert template.resolved(at_api["Stage"], {}) == "prod"
    assert "DomainRecord" in template.resources
    elsewhere = resolved("api", **{**options, "HostedZoneId": ""})
    assert "DomainRecord" not in elsewhere.resources


@pytest.mark.parametrize("stage", STAGES)
def test_one_key_does_not_meet_the_firewalls_rate(stage: str) -> None:
    """The firewall counts five minutes of an address; a key's own rate is a second's."""
    template = resolved("api", stage, Waf="true")
    [rate, _, common] = template.resources["Firewall"]["Properties"]["Rules"]
    limit = int(template.resolved(rate["Statement"]["RateBasedStatement"]["Limit"], {}))
    assert limit > 300 * int(Stage.read(stage).parameters["RatePerSecond"])
    group = common["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"] for one in group["RuleActionOverrides"] if "Count" in one["ActionToUse"]}
    # It blocks bodies from 8 KB; the API takes 64.
    assert "SizeRestrictions_BODY" in counted
    assert MAX_BODY_BYTES == 64 * 1024
    inspected = template.resources["Firewall"]["Properties"]["AssociationConfig"]["RequestBody"]
    assert inspected == {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_64"}}
    assert "WAF_FILTERED" in RESPONSES


def test_tracing_is_an_option() -> None:
    for wanted, mode in (("false", "PassThrough"), ("true", "Active")):
        template = resolved("measure", Tracing=wanted)
        properties = template.resources["Function"]["Properties"]
        assert template.resolved(properties["TracingConfig"], {}) == {"Mode": mode}
        policy = template.resources["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
        sids = {one["Sid"] for one in template.resolved(policy, {})["Statement"]}
        assert ("Trace" in sids) == (wanted == "true")


def test_a_budget_tells_before_it_is_spent() -> None:
    options = {"MonthlyBudgetUsd": "50", "AlarmEmail": "ops@example.com"}
    budget = resolved("api", **options).resources["Budget"]["Properties"]
    told = {
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"])
        for one in budget["NotificationsWithSubscribers"]
    }
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}


def test_images_outlive_the_versions_that_are_kept(storage: Template) -> None:
    text = storage["ImageRepository"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
    [rule] = json.loads(text)["rules"]
    assert rule["selection"]["countNumber"] >= 2 * KEPT_VERSIONS


def test_the_key_is_metered(api: Template) -> None:
    plan = api["UsagePlan"]["Properties"]
    assert plan["Throttle"]["RateLimit"] == {"Ref": "RatePerSecond"}
    assert plan["Throttle"]["BurstLimit"] == {"Ref": "Burst"}
    assert plan["Quota"] == {"Limit": {"Ref": "MonthlyQuota"}, "Period": "MONTH"}
    assert api["UsagePlanKey"]["Properties"]["UsagePlanId"] == {"Ref": "UsagePlan"}


def alarms(api: Template) -> dict[str, Template]:
    return {
        name: resource["Properties"]
        for name, resource in api.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_every_alarm_tells_somebody_and_stands_in_the_runbook(api: Template) -> None:
    runbook = (REPOSITORY / "docs" / "operations.md").read_text("utf-8")
    for name, alarm in alarms(api).items():
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}], name
        assert alarm["TreatMissingData"] == "notBreaching", name
        suffix = alarm["AlarmName"]["Sub"].removeprefix("${Name}-")
        assert f"`{suffix}`" in runbook, f"docs/operations.md does not say what to do on {suffix}"


def test_the_guides_alarms_have_the_guides_thresholds(api: Template) -> None:
    for name in ("MeasureErrors", "ApiErrors", "RecommendErrors"):
        alarm = alarms(api)[name]
        assert (alarm["MetricName"], alarm["Statistic"]) == ("Errors", "Sum")
        assert (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"]) == (10, 300, 2)
    slow = alarms(api)["MeasureSlow"]
    assert (slow["MetricName"], slow["Threshold"]) == ("Duration", 30_000)


def test_the_dashboard_is_one_and_shows_what_somebody_would_look_for(api: Template) -> None:
    text = api["Dashboard"]["Properties"]["DashboardBody"]["Sub"]
    for parameter in ("AWS::Region", "MemoryMb", "Name", "Stage"):
        text = text.replace(f"${{{parameter}}}", "1" if parameter == "MemoryMb" else "x")
    widgets = json.loads(text)["widgets"]
    metrics = json.dumps([widget["properties"]["metrics"] for widget in widgets])
    wanted = "p50 p95 p99 Invocations Errors Throttles Refusals ScanLatency x-uploads-dlq"
    assert [name for name in wanted.split() if name not in metrics] == []
    assert any("USD" in widget["properties"]["title"] for widget in widgets)


def test_cloudfront_keeps_only_what_is_the_same_for_everybody(api: Template) -> None:
    config = api["Distribution"]["Properties"]["DistributionConfig"]
    caching_disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == caching_disabled
    kept = {behavior["PathPattern"] for behavior in config["CacheBehaviors"]}
    assert kept == {"/docs*", "/openapi.json"}
    policy = api["AsTheAppSays"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)
    # What is kept is kept for everybody: nothing of a visitor reaches the API.
    forwarded = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert forwarded["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert forwarded["CookiesConfig"] == {"CookieBehavior": "none"}
    assert not [one for one in config["CacheBehaviors"] if "OriginRequestPolicyId" in one]


@pytest.mark.parametrize("name", ["storage", "measure", "api"])
def test_nothing_is_public(name: str) -> None:
    for resource in template(name)["Resources"].values():
        document = resource.get("Properties", {}).get("PolicyDocument")
        for statement in document["Statement"] if document else []:
            assert statement["Principal"] != "*" or statement["Effect"] == "Deny"
    assert "AccessControl" not in Path(REPOSITORY / "infra" / f"{name}.yaml").read_text()
