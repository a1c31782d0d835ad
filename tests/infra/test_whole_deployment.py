"""`make deploy`, again, failing, rolled back, and `make destroy`, in an account on this machine."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra import package, smoke
from infra.cloud import Stacks
from infra.deploy import Command, Deployment
from infra.destroy import Destruction
from infra.endpoints import Endpoints
from infra.gateway_responses import KEYLESS_ROUTES
from infra.rollback import Rollback
from infra.stage import DeployError, Stage
from local.config import ACCOUNT, REGION
from local.processes import Child, Log
from local.server import LOOPBACK, bind
from tests.infra.cloudformation import CloudFormation

STAGE = "dev"
BASE = "sha256:" + "1" * 64


class Account:
    """An AWS account on this machine, and commands that work in it."""

    def __init__(self, url: str, apis: str) -> None:
        self.url = url
        self.apis = apis
        self.stage = Stage.read(STAGE)
        self.cloudformation = CloudFormation(self.client, ACCOUNT, REGION)
        self.said: list[str] = []
        self.pushed: list[str] = []

    def client(self, service: str) -> Any:
        return Command(self.stage).aws.client(service)

    def into(self, command: Any) -> Any:
        """A command, with this account's CloudFormation; what it says is noted."""
        command.say = self.said.append
        command.stacks = Stacks(self.cloudformation, command.stage.tags, command.say, 0.01)
        return command

    def deployment(self, **options: Any) -> "LocalDeployment":
        stage = Stage.read(STAGE)
        made = LocalDeployment(self, stage, base_digest=BASE, poll_s=0.01, **options)
        return self.into(made)  # type: ignore[no-any-return]

    def deploy(self, **options: Any) -> list[str]:
        """Deploy; what was said."""
        self.said.clear()
        self.deployment(**options).deploy()
        return list(self.said)

    def live(self) -> str:
        function = self.stage.repository
        alias = self.client("lambda").get_alias(FunctionName=function, Name="live")
        return str(alias["FunctionVersion"])

    def rest_apis(self) -> list[str]:
        found = self.client("apigateway").get_rest_apis()["items"]
        return [api["id"] for api in found]


class LocalDeployment(Deployment):
    """Pushes an image's name only, and finds the API at its local address."""

    def __init__(self, account: Account, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.there = account

    def build_and_push(self, host: str, image: str, base: str) -> None:
        assert base.endswith(f"@{BASE}")
        self.there.pushed.append(image)
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        config = {"digest": "sha256:" + "a" * 64, "size": 1, "mediaType": "x"}
        # moto's digest of an image is that of its layers.
        layer = {"digest": f"sha256:{hashlib.sha256(image.encode()).hexdigest()}", "size": 1}
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}
        self.aws.client("ecr").put_image(
            repositoryName=self.stage.repository,
            imageTag=image.rpartition(":")[2],
            imageManifest=json.dumps(manifest),
        )

    def smoke(self) -> None:
        self.url = f"{self.there.apis}/{self.rest_api()}/{STAGE}"
        super().smoke()


@pytest.fixture(scope="module")
def account(
    tmp_path_factory: pytest.TempPathFactory, build_folder: Callable[[Path], Path]
) -> Iterator[Account]:
    """An account with nothing in it."""
    folder = tmp_path_factory.mktemp("aws")
    held = [bind(0, listening=False) for _ in range(2)]
    port, api_port = (one.getsockname()[1] for one in held)
    log = Log("aws", folder)
    aws = Child(
        ["-m", "tests.infra.aws", str(port), str(api_port)],
        environment={"PYTHONPATH": str(Path(__file__).parents[2])},
        folder=folder,
        log=log,
    )
    aws.wait_until_listening(LOOPBACK, port, 60)
    url = f"http://{LOOPBACK}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        named = Endpoints(s3=url, functions=url).environment()
        for name, value in {**named, "AWS_ENDPOINT_URL": url}.items():
            patch.setenv(name, value)
        patch.setattr(smoke, "PATIENCE_S", 30.0)
        build = build_folder(folder / "build")
        patch.setattr(package, "BUILD", build)
        patch.setattr(package.build_zip, "__defaults__", (package.REPOSITORY, build))
        patch.setattr(package.copy_app, "__defaults__", (package.REPOSITORY, build))
        yield Account(url, f"http://{LOOPBACK}:{api_port}")
    aws.stop()
    for one in held:
        one.close()
    log.close()


def test_a_first_creation_that_fails_is_no_dead_end(account: Account) -> None:
    """And a bucket that its creation had made does not stand in the way of the next."""
    account.cloudformation.broken["hypermob-dev-storage/UploadsQueue"] = "no such right"
    with pytest.raises(DeployError, match=r"ROLLBACK_COMPLETE(.|\n)*UploadsQueue: no such right"):
        account.deploy()
    assert account.client("s3").list_buckets()["Buckets"] == []
    account.cloudformation.broken.clear()
    deployment = account.deployment()
    deployment.preflight()
    deployment.put_storage(())
    assert any("its first creation failed" in words for words in account.said)
    names = {bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]}
    assert names == set(account.stage.buckets)


def test_from_an_account_to_an_api_that_answers_as_users_ask(account: Account) -> None:
    said = "\n".join(account.deploy())
    for words in ("upload form: taken", "Location: leads", "overlay:", "DELETE: gone"):
        assert words in said
    assert "POST /recommend without a key: refused" in said
    assert len(account.pushed) == 1
    assert account.live() == "1"


def test_where_users_prove_who_they_are_the_smoke_test_needs_no_token(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tokens(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/measure"):
            return httpx.Response(401, json={"error": {"code": "UNAUTHORIZED"}})
        return httpx.Response(200, json={"data": {"version": "1"}})

    def refused(*_: Any, **__: Any) -> httpx.Response:
        request = httpx.Request("POST", "http://api/recommend")
        return httpx.Response(403, json={"error": {"code": "FORBIDDEN"}}, request=request)

    client = httpx.Client
    with_tokens = httpx.MockTransport(tokens)
    monkeypatch.setattr(httpx, "Client", lambda **how: client(**how, transport=with_tokens))
    monkeypatch.setattr(httpx, "post", refused)
    deployment = account.deployment()
    deployment.stage.variables["JWT_ISSUER"] = "https://issuer.example"
    account.said.clear()
    Deployment.smoke(deployment)
    assert any("without a user's token: refused" in words for words in account.said)


def test_a_second_run_makes_nothing_new(account: Account) -> None:
    apis = account.rest_apis()
    said = "\n".join(account.deploy())
    assert said.count("nothing to change") >= 3
    assert len(account.pushed) == 1
    assert account.rest_apis() == apis
    assert account.live() == "1"


@pytest.mark.parametrize("lost", ["look-up", "record"])
def test_one_failed_look_up_makes_no_second_api(
    account: Account, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apis = account.rest_apis()
    if lost == "look-up":
        account.cloudformation.unreachable.append("describe_stacks")
        with pytest.raises(ClientError, match="Rate exceeded"):
            account.deploy()
        deployment = account.deployment()
        deployment.check_zip()

        def unreachable(**_: Any) -> Any:
            raise ClientError(
                {
                    "Error": {"Code": "SlowDown", "Message": "Reduce your request rate."},
                    "ResponseMetadata": {"HTTPStatusCode": 503},  # type: ignore[typeddict-item]
                },
                "GetObject",
            )

        monkeypatch.setattr(deployment.aws.client("s3"), "get_object", unreachable)
        with pytest.raises(ClientError, match="SlowDown"):
            deployment.deploy_app()
    else:  # Chalice was stopped before it wrote down what it had made
        key = account.deployment().record_key
        account.client("s3").delete_object(Bucket=account.stage.models, Key=key)
        said = account.deploy()
        assert any("taken over" in words for words in said)
    assert account.rest_apis() == apis


def test_two_apis_that_could_be_the_stages_are_told(account: Account) -> None:
    apigateway = account.client("apigateway")
    other = apigateway.create_rest_api(name="hypermob")["id"]
    root = apigateway.get_resources(restApiId=other)["items"][0]["id"]
    apigateway.put_method(
        restApiId=other, resourceId=root, httpMethod="GET", authorizationType="NONE"
    )
    apigateway.put_integration(restApiId=other, resourceId=root, httpMethod="GET", type="MOCK")
    apigateway.create_deployment(restApiId=other, stageName=STAGE)
    key = account.deployment().record_key
    record = account.client("s3").get_object(Bucket=account.stage.models, Key=key)["Body"].read()
    account.client("s3").delete_object(Bucket=account.stage.models, Key=key)
    with pytest.raises(DeployError, match=rf"2 APIs are called hypermob(.|\n)*{other}"):
        account.deployment().fetch_record()
    account.client("s3").put_object(Bucket=account.stage.models, Key=key, Body=record)
    apigateway.delete_rest_api(restApiId=other)


def test_the_record_is_kept_whatever_became_of_chalice(account: Account) -> None:
    deployment = account.deployment()

    def stopped(_command: str) -> None:
        deployment.record_path.write_text('{"resources": [], "schema_version": "2.0"}')
        raise DeployError("stopped")

    key = deployment.record_key
    before = deployment.aws.read_object(account.stage.models, key)
    deployment.chalice = stopped  # type: ignore[method-assign]
    with pytest.raises(DeployError, match="stopped"):
        deployment.deploy_app()
    assert deployment.aws.read_object(account.stage.models, key) != before
    account.client("s3").put_object(Bucket=account.stage.models, Key=key, Body=before)


def test_a_change_that_fails_names_what_failed_and_leaves_what_was(account: Account) -> None:
    account.cloudformation.broken["hypermob-dev-measure/Live"] = "no such version"
    with pytest.raises(DeployError, match=r"UPDATE_ROLLBACK_COMPLETE(.|\n)*Live: no such version"):
        account.deploy(image_args="--build-arg A=1")
    account.cloudformation.broken.clear()
    assert account.live() == "1"


def test_a_new_image_is_a_new_version_and_is_rolled_back_in_one_call(account: Account) -> None:
    account.deploy(image_args="--build-arg A=2")
    newest = account.live()
    assert int(newest) > 1
    rollback = account.into(Rollback(account.stage))
    target = rollback.measure()
    assert account.live() == target != newest
    # The alias stays where it was put: CloudFormation sees no change of it.
    said = account.deploy(image_args="--build-arg A=2")
    assert account.live() == target
    assert any("rolled back by hand" in words for words in said)
    rollback.measure(newest)
    assert account.live() == newest


def test_a_version_without_its_image_is_not_rolled_back_to(account: Account) -> None:
    live = account.live()
    ecr, repository = account.client("ecr"), account.stage.repository
    function = account.client("lambda").get_function(FunctionName=repository, Qualifier="1")
    digest = function["Code"]["ImageUri"].partition("@")[2]
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    with pytest.raises(DeployError, match="no longer in the repository"):
        account.into(Rollback(account.stage)).measure("1")
    assert account.live() == live


def test_a_renamed_bucket_is_a_new_version(account: Account) -> None:
    image = "x@sha256:" + "0" * 64
    deployment = account.deployment()
    before = deployment.measure_parameters(image)["Revision"]
    object.__setattr__(deployment.stage, "images", "other-images")
    assert deployment.measure_parameters(image)["Revision"] != before


def test_what_is_no_part_of_a_version_may_change_too(account: Account) -> None:
    """Lambda makes no version of a function that is as it was, and CloudFormation fails then."""
    before = account.live()
    function = account.client("lambda").get_function(FunctionName=account.stage.repository)
    deployment = account.deployment()
    deployment.stage.parameters["QueueConcurrency"] = "3"
    deployment.put("measure", deployment.measure_parameters(function["Code"]["ImageUri"]))
    assert int(account.live()) > int(before)


def api_alias(account: Account) -> Any:
    function = account.stage.functions[0]
    return account.client("lambda").get_alias(FunctionName=function, Name="live")


def change_the_app(
    account: Account, content: str = "app = None", functions: Sequence[str] = ()
) -> None:
    """As a deployment of other code leaves the functions, before the alias is shifted."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package_:
        package_.writestr("app.py", content)
    for name in functions or account.stage.functions:
        account.client("lambda").update_function_code(FunctionName=name, ZipFile=code.getvalue())


def test_the_api_calls_its_alias_and_goes_back_with_it(account: Account) -> None:
    lambdas = account.client("lambda")
    function, on_stored = account.stage.functions
    before = api_alias(account)["FunctionVersion"]
    change_the_app(account)
    deployment = account.deployment()
    deployment.account = ACCOUNT
    deployment.shift_app()
    assert api_alias(account)["FunctionVersion"] != before
    url = f"{account.apis}/{deployment.rest_api()}/{STAGE}/health"
    assert httpx.get(url, timeout=60).status_code == 500, "the new code is what answers"
    assert account.into(Rollback(account.stage)).api() == before
    assert httpx.get(url, timeout=60).status_code == 200
    stored = lambdas.get_function_configuration(FunctionName=on_stored)["CodeSha256"]
    old = lambdas.get_function_configuration(FunctionName=function, Qualifier=before)
    assert stored == old["CodeSha256"], "the code of one version is in both functions"
    # It stays so when the same is deployed once more, and not when other code is.
    change_the_app(account, functions=[on_stored])
    deployment.shift_app()
    assert api_alias(account)["FunctionVersion"] == before
    stored = lambdas.get_function_configuration(FunctionName=on_stored)["CodeSha256"]
    assert stored == old["CodeSha256"]
    assert any("rolled back by hand" in words for words in account.said)
    change_the_app(account, "another = None")
    deployment.shift_app()
    assert api_alias(account)["FunctionVersion"] != before
    account.into(Rollback(account.stage)).api(before)


@pytest.mark.parametrize("failed", [0, 3])
def test_a_canary_of_the_api_has_a_part_of_the_calls_first(account: Account, failed: int) -> None:
    before = api_alias(account)["FunctionVersion"]
    change_the_app(account, f"failed = {failed}")
    deployment = account.deployment()
    deployment.account, deployment.minute_s = ACCOUNT, 0.0
    deployment.stage.parameters["Canary"] = "LambdaCanary10Percent5Minutes"
    weights = []

    def errors(_function: str, _alias: str, version: str, _minutes: int) -> int:
        weights.append(api_alias(account)["RoutingConfig"]["AdditionalVersionWeights"][version])
        return failed

    deployment.aws.errors_of = errors  # type: ignore[method-assign]
    if failed:
        with pytest.raises(DeployError, match="failed 3 calls while it had 10 %"):
            deployment.shift_app()
        assert api_alias(account)["FunctionVersion"] == before
    else:
        deployment.shift_app()
        assert api_alias(account)["FunctionVersion"] != before
        account.into(Rollback(account.stage)).api(before)
    assert weights == [0.1]
    assert not api_alias(account).get("RoutingConfig", {}).get("AdditionalVersionWeights")


def test_everything_has_the_stages_tags(account: Account) -> None:
    tags = {"product": "hypermob", "stage": STAGE}
    [api] = account.client("apigateway").get_rest_apis()["items"]
    assert tags.items() <= api["tags"].items()
    lambdas, iam = account.client("lambda"), account.client("iam")
    for name in account.stage.functions:
        arn = lambdas.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
        assert tags.items() <= lambdas.list_tags(Resource=arn)["Tags"].items()
    for role in account.stage.roles:
        found = iam.list_role_tags(RoleName=role)["Tags"]
        assert tags.items() <= {one["Key"]: one["Value"] for one in found}.items()
    for name in ("storage", "measure", "api"):
        [stack] = account.cloudformation.describe_stacks(f"hypermob-dev-{name}")["Stacks"]
        assert {one["Key"]: one["Value"] for one in stack["Tags"]} == tags


def test_routes_without_a_key_are_throttled(account: Account) -> None:
    [api] = account.rest_apis()
    stage = account.client("apigateway").get_stage(restApiId=api, stageName=STAGE)
    settings = stage["methodSettings"]
    keyless = [settings[where] for where in settings if where != "*/*"]
    assert len(keyless) == len(KEYLESS_ROUTES)
    assert {one["throttlingRateLimit"] for one in keyless} == {10.0}
    assert settings["*/*"]["throttlingRateLimit"] == 10.0


def test_a_bucket_of_ones_own_without_its_stack_is_told_from_anothers(account: Account) -> None:
    deployment = account.deployment()
    [stack] = [s for s in account.cloudformation.stacks.values() if s.name.endswith("-storage")]
    status, stack.status = stack.status, "ROLLBACK_COMPLETE"
    with pytest.raises(DeployError, match="this account's own, but no stack"):
        deployment.preflight()
    # Imported as the guide says; or a deployment that was interrupted goes on.
    for stack.status in ("IMPORT_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"):
        deployment.preflight()
    stack.status = status

    def foreign(bucket: str, _account: str) -> str:
        return "foreign" if bucket == deployment.stage.results else "own"

    deployment.aws.bucket_is = foreign  # type: ignore[method-assign]
    with pytest.raises(DeployError, match=r"another account's(.|\n)*make configure PREFIX="):
        deployment.preflight()


def test_destroying_leaves_nothing(account: Account) -> None:
    """The last test of this module: the others need what it deletes."""
    destruction = account.into(Destruction(account.stage))
    destruction.destroy(delete_data=True)
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("iam").list_roles()["Roles"] == []
    assert account.client("sqs").list_queues().get("QueueUrls", []) == []
    assert account.client("ecr").describe_repositories()["repositories"] == []
    assert account.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert account.client("logs").describe_log_groups()["logGroups"] == []
    assert account.rest_apis() == []
    # And again, with nothing there.
    account.into(Destruction(account.stage)).delete_stack("api")


def test_the_local_front_refuses_as_deployed(account: Account) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{account.apis}/none/dev/health", timeout=5).raise_for_status()
