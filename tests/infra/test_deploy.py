"""`chalice deploy`, `chalice delete` and what was deployed, at an AWS on this machine."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.storage import MEASUREMENT, RESULTS_PREFIX
from infra.endpoints import Endpoints
from infra.package import build_zip, problems
from infra.proxy_event import proxy_event
from local.config import REGION, REPOSITORY
from local.processes import Child, Log
from local.server import LOOPBACK, bind
from tests.infra.test_templates import chalice_config, template

STAGE = "dev"  # whose buckets have other names than the code's defaults
API, ON_STORED = f"hypermob-{STAGE}", f"hypermob-{STAGE}-on_measurement_stored"
NAMES = chalice_config()["stages"][STAGE]["environment_variables"]
GUIDE_BODY = {
    "height": 175.0,
    "upper_arm": 31.0,
    "forearm": 26.0,
    "thigh": 51.0,
    "calf": 36.0,
    "torso": 61.0,
    "user_id": "test_user",
}


LIST_ROUTES = """
import json
from app import app
print(json.dumps([
    (path, method, bool(view.api_key_required))
    for path, views in app.routes.items()
    for method, view in views.items()
]))
"""


class Account:
    """An AWS account on this machine, and `chalice` working in it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.package = build_zip(build=folder)
        self.project = folder / "app"
        self.environment = {
            **Endpoints(s3=url, functions=url).environment(),
            "AWS_ENDPOINT_URL": url,
        }

    def client(self, service: str) -> Any:
        return boto3.Session("local", "local", region_name=REGION).client(
            service, endpoint_url=self.url
        )

    def chalice(self, command: str) -> str:
        done = subprocess.run(
            [Path(sys.executable).with_name("chalice"), command, "--stage", STAGE],
            cwd=self.project,
            env={"PATH": "/usr/bin:/bin", **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deployed(self) -> dict[str, Any]:
        recorded = json.loads((self.project / f".chalice/deployed/{STAGE}.json").read_text())
        return {resource["name"]: resource for resource in recorded["resources"]}

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """What API Gateway would send the function, and what it would answer."""
        answer = self.invoke(API, proxy_event(method, path, body, stage=STAGE))
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture(scope="module")
def account(
    tmp_path_factory: pytest.TempPathFactory, build_folder: Callable[[Path], Path]
) -> Iterator[Account]:
    """An account with the three buckets and nothing else."""
    folder = tmp_path_factory.mktemp("aws")
    held = bind(0, listening=False)
    port = held.getsockname()[1]
    log = Log("aws", folder)
    aws = Child(
        ["-m", "tests.infra.aws", str(port)],
        environment={"PYTHONPATH": str(Path(__file__).parents[2])},
        folder=folder,
        log=log,
    )
    aws.wait_until_listening(LOOPBACK, port, 60)
    account = Account(f"http://{LOOPBACK}:{port}", build_folder(folder / "build"))
    for bucket in ("IMAGES_BUCKET", "MODELS_BUCKET", "RESULTS_BUCKET"):
        account.client("s3").create_bucket(
            Bucket=NAMES[bucket], CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    yield account
    aws.stop()
    held.close()
    log.close()


@pytest.fixture(scope="module")
def deployed(account: Account) -> Account:
    account.chalice("deploy")
    return account


def test_the_functions_have_their_sizes_names_and_roles(deployed: Account) -> None:
    functions = deployed.client("lambda")
    for name, timeout_s in ((API, 29), (ON_STORED, 60)):
        config = functions.get_function_configuration(FunctionName=name)
        assert (config["MemorySize"], config["Timeout"]) == (1024, timeout_s)
        assert config["Runtime"] == "python3.12"
        assert config["Environment"]["Variables"] == NAMES
    roles = {role["RoleName"] for role in deployed.client("iam").list_roles()["Roles"]}
    assert roles == {f"hypermob-{STAGE}-api_handler", ON_STORED}


def test_each_role_has_its_written_policy(deployed: Account) -> None:
    iam = deployed.client("iam")
    config = chalice_config()["stages"][STAGE]
    written = {
        f"hypermob-{STAGE}-api_handler": config["iam_policy_file"],
        ON_STORED: config["lambda_functions"]["on_measurement_stored"]["iam_policy_file"],
    }
    for role, name in written.items():
        [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
        attached = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        assert attached == json.loads((deployed.project / ".chalice" / name).read_text())


def test_the_api_is_regional_and_asks_for_a_key_where_the_app_says(deployed: Account) -> None:
    apis = deployed.client("apigateway")
    [api] = apis.get_rest_apis()["items"]
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    [stage] = apis.get_stages(restApiId=api["id"])["item"]
    assert stage["stageName"] == STAGE
    resources = apis.get_resources(restApiId=api["id"], embed=["methods"])["items"]
    found = {
        (resource["path"], method): described["apiKeyRequired"]
        for resource in resources
        for method, described in resource.get("resourceMethods", {}).items()
    }
    assert found == routes()
    assert found["/health", "GET"] is False
    assert found["/measure", "POST"] is True


def test_stored_measurements_and_only_those_reach_their_handler(deployed: Account) -> None:
    s3 = deployed.client("s3")
    config = s3.get_bucket_notification_configuration(Bucket=NAMES["RESULTS_BUCKET"])
    [notification] = config["LambdaFunctionConfigurations"]
    assert notification["LambdaFunctionArn"].endswith(f":function:{ON_STORED}")
    assert notification["Events"] == ["s3:ObjectCreated:*"]
    rules = notification["Filter"]["Key"]["FilterRules"]
    assert {rule["Name"].lower(): rule["Value"] for rule in rules} == {
        "prefix": RESULTS_PREFIX,
        "suffix": MEASUREMENT,
    }
    policy = json.loads(deployed.client("lambda").get_policy(FunctionName=ON_STORED)["Policy"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert NAMES["RESULTS_BUCKET"] in json.dumps(statement["Condition"])


def test_the_deployed_zip_answers_a_request(deployed: Account) -> None:
    status, body = deployed.request("POST", "/recommend", GUIDE_BODY)
    assert status == 200
    assert body["status"] == "success"
    assert body["data"]["settings"]
    status, body = deployed.request("POST", "/recommend", {**GUIDE_BODY, "height": "tall"})
    assert status == 400
    assert body["error"]["code"] == "INVALID_INPUT"


def test_a_measurement_that_arrives_gets_its_recommendation(deployed: Account) -> None:
    s3 = deployed.client("s3")
    folder = f"results/test_user/{'0a' * 16}"
    measurement = {
        "measurement_id": "0a" * 16,
        "user_id": "test_user",
        "created_at": "2026-01-01T00:00:00Z",
        "image_url": "s3://images/test/full_body.jpg",
        "segments": GUIDE_BODY,
        "arm_cm": 57.0,
        "leg_cm": 87.0,
        "torso_cm": 61.0,
        "interval_95": {
            name: [GUIDE_BODY[name] - 2.0, GUIDE_BODY[name] + 2.0]
            for name in ("upper_arm", "forearm", "thigh", "calf", "torso")
        },
        "quality": {},
        "model": {},
    }
    for name in ("overlay.jpg", "measurement.json"):
        s3.put_object(
            Bucket=NAMES["RESULTS_BUCKET"], Key=f"{folder}/{name}", Body=json.dumps(measurement)
        )
    waiter = s3.get_waiter("object_exists")
    wanted = {"Bucket": NAMES["RESULTS_BUCKET"], "Key": f"{folder}/recommendation.json"}
    waiter.wait(**wanted, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    stored = s3.get_object(**wanted)
    recommendation = json.loads(stored["Body"].read())
    _, answered = deployed.request("POST", "/recommend", GUIDE_BODY)
    assert recommendation["settings"] == answered["data"]["settings"]


def test_the_deployed_zip_is_the_checked_one(deployed: Account, tmp_path: Path) -> None:
    assert problems(deployed.package, tmp_path) == []
    checked = base64.b64encode(hashlib.sha256(deployed.package.read_bytes()).digest()).decode()
    for name in (API, ON_STORED):
        config = deployed.client("lambda").get_function_configuration(FunctionName=name)
        assert config["CodeSha256"] == checked


def test_deploying_again_makes_nothing_new(deployed: Account) -> None:
    def made() -> Any:
        config = deployed.client("s3").get_bucket_notification_configuration(
            Bucket=NAMES["RESULTS_BUCKET"]
        )
        roles = deployed.client("iam").list_roles()["Roles"]
        functions = deployed.client("lambda").list_functions()["Functions"]
        return (
            deployed.deployed(),
            len(config["LambdaFunctionConfigurations"]),
            {role["RoleId"] for role in roles},
            {function["FunctionName"]: function["CodeSha256"] for function in functions},
        )

    before = made()
    deployed.chalice("deploy")
    assert made() == before


def test_deploying_again_changes_what_changed_and_nothing_else(deployed: Account) -> None:
    functions = deployed.client("lambda")
    before = deployed.deployed()
    path = deployed.project / ".chalice" / "config.json"
    original = path.read_text()
    config = json.loads(original)
    config["stages"][STAGE]["environment_variables"]["CORS_ORIGINS"] = "https://app.example"
    config["lambda_functions"]["on_measurement_stored"]["lambda_memory_size"] = 512
    path.write_text(json.dumps(config))
    code = functions.get_function_configuration(FunctionName=API)["CodeSha256"]
    deployed.chalice("deploy")
    path.write_text(original)
    assert deployed.deployed() == before
    changed = functions.get_function_configuration(FunctionName=API)
    assert changed["Environment"]["Variables"]["CORS_ORIGINS"] == "https://app.example"
    assert (changed["MemorySize"], changed["CodeSha256"]) == (1024, code)
    stored = functions.get_function_configuration(FunctionName=ON_STORED)
    assert stored["MemorySize"] == 512


def test_the_gateways_own_refusals_are_in_our_words(deployed: Account) -> None:
    rest_api_id = deployed.deployed()["rest_api"]["rest_api_id"]
    subprocess.run(
        [sys.executable, "-m", "infra.gateway_responses", rest_api_id, STAGE],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", **deployed.environment},
        check=True,
    )
    found = deployed.client("apigateway").get_gateway_responses(restApiId=rest_api_id)["items"]
    codes, come_back = {}, set()
    for response in found:
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Cache-Control"] == "'no-store'"
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
        assert headers["gatewayresponse.header.X-Content-Type-Options"] == "'nosniff'"
        if "gatewayresponse.header.Retry-After" in headers:
            come_back.add(response["responseType"])
        body = json.loads(response["responseTemplates"]["application/json"])
        assert body["error"]["request_id"] == "$context.requestId"
        codes[response["responseType"]] = (response["statusCode"], body["error"]["code"])
    assert codes["INVALID_API_KEY"] == ("403", "FORBIDDEN")
    assert codes["THROTTLED"] == ("429", "TOO_MANY_REQUESTS")
    assert codes["QUOTA_EXCEEDED"] == ("429", "QUOTA_EXCEEDED")
    assert codes["WAF_FILTERED"] == ("403", "REQUEST_BLOCKED")
    assert codes["MISSING_AUTHENTICATION_TOKEN"] == ("404", "NOT_FOUND")
    assert codes["INTEGRATION_TIMEOUT"] == ("504", "GATEWAY_TIMEOUT")
    # Where Lambda throttles the app; where the app itself fails is another type.
    assert codes["INTEGRATION_FAILURE"] == ("503", "SERVICE_UNAVAILABLE")
    assert codes["DEFAULT_5XX"] == ("500", "INTERNAL_ERROR")
    # A quota is there again next month, not in 10 s.
    assert come_back == {"THROTTLED", "INTEGRATION_FAILURE"}


def test_key_quota_alarms_and_dashboard_are_what_their_services_take(deployed: Account) -> None:
    """moto's CloudFormation would drop them, so each goes to its service as the template has it."""
    declared = template("api")["Parameters"]
    parameters = {
        **{name: parameter.get("Default") for name, parameter in declared.items()},
        "Name": "hypermob",
        "Stage": STAGE,
        "RestApiId": deployed.deployed()["rest_api"]["rest_api_id"],
        "AWS::Region": REGION,
        "Alarms": f"arn:aws:sns:{REGION}:123456789012:hypermob-alarms",
    }
    resources = {
        name: resolved(resource["Properties"], parameters)
        for name, resource in template("api")["Resources"].items()
        if not resource.get("Condition")
    }
    apis, cloudwatch = deployed.client("apigateway"), deployed.client("cloudwatch")
    limits = {name: resources["UsagePlan"][name] for name in ("ApiStages", "Throttle", "Quota")}
    plan = apis.create_usage_plan(name="hypermob", **lower(limits))
    assert (plan["throttle"]["rateLimit"], plan["throttle"]["burstLimit"]) == (100, 200)
    assert plan["quota"] == {"limit": 10000, "period": "MONTH"}
    key = apis.create_api_key(**lower(resources["ApiKey"]))
    apis.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    kinds = {name: r["Type"] for name, r in template("api")["Resources"].items()}
    alarms = [p for name, p in resources.items() if kinds[name] == "AWS::CloudWatch::Alarm"]
    for alarm in alarms:
        cloudwatch.put_metric_alarm(**alarm)
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == len(alarms) == 10
    cloudwatch.put_dashboard(**resources["Dashboard"])
    stored = cloudwatch.get_dashboard(DashboardName="hypermob")["DashboardBody"]
    assert len(json.loads(stored)["widgets"]) == 10


def test_deleting_leaves_nothing(deployed: Account) -> None:
    """The last test of this module: the others need what it deletes."""
    deployed.chalice("delete")
    assert deployed.client("lambda").list_functions()["Functions"] == []
    assert deployed.client("iam").list_roles()["Roles"] == []
    assert deployed.client("apigateway").get_rest_apis()["items"] == []
    config = deployed.client("s3").get_bucket_notification_configuration(
        Bucket=NAMES["RESULTS_BUCKET"]
    )
    assert "LambdaFunctionConfigurations" not in config


def routes() -> dict[tuple[str, str], bool]:
    """The app's routes and whether each asks for a key; read where no other test has set it up."""
    listed = subprocess.run(
        [sys.executable, "-c", LIST_ROUTES],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return {(path, method): keyed for path, method, keyed in json.loads(listed.stdout)}


def resolved(value: Any, parameters: dict[str, Any]) -> Any:
    """A template's value with its parameters put in."""
    match value:
        case {"Ref": name}:
            return parameters.get(name, name)
        case {"Sub": text}:
            for name, parameter in parameters.items():
                text = text.replace(f"${{{name}}}", str(parameter))
            return text
        case dict():
            return {name: resolved(inner, parameters) for name, inner in value.items()}
        case list():
            return [resolved(inner, parameters) for inner in value]
        case _:
            return value


def lower(value: Any) -> Any:
    """CloudFormation's property names as API Gateway's API spells them."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: lower(inner) for name, inner in value.items()}
    return [lower(inner) for inner in value] if isinstance(value, list) else value
