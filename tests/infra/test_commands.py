"""``make deploy``, ``destroy``, ``configure``: the plan of a dry run, and what stops them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from infra.cloud import Stacks
from infra.configure import configure
from infra.deploy import Deployment, digest_of_base, image_tag
from infra.stage import DeployError, Stage
from local.config import REPOSITORY
from local.server import Server, bind


def command(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command where no AWS and no docker engine can be found."""
    return subprocess.run(
        [sys.executable, "-m", f"infra.{name}", *arguments],
        cwd=REPOSITORY,
        env={"PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def steps(plan: str) -> list[str]:
    """Its commands, shortened to what tells them apart."""
    found = re.findall(
        r"of infra/(\w+)\.yaml|delete the stack (\S+)|(docker push)|(build_image)"
        r"|infra.chalice_live --project-dir \S+ (deploy|delete)|(infra\.(?!chalice_live)\w+)",
        plan,
    )
    return [next(filter(None, groups)) for groups in found]


def test_a_dry_run_of_deploy_says_every_step_in_order() -> None:
    done = command("deploy", "prod", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert steps(done.stdout) == [
        "infra.package",
        "storage",
        "build_image",
        "docker push",
        "measure",
        "deploy",
        "infra.gateway_responses",
        "api",
        "storage",
        "infra.smoke",
    ]
    assert "ReservedConcurrency=10" in done.stdout


def test_a_dry_run_of_destroy_is_the_same_backwards() -> None:
    done = command("destroy", "dev", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert steps(done.stdout) == [
        "hypermob-dev-api",
        "infra.package",
        "delete",
        "hypermob-dev-measure",
        "hypermob-dev-storage",
    ]
    assert done.stdout.index("hypermob-dev-images") < done.stdout.index("hypermob-dev-storage")


@pytest.mark.parametrize("name", ["deploy", "destroy"])
def test_a_stage_that_is_not_configured_is_refused(name: str) -> None:
    done = command(name, "nowhere")
    assert done.returncode == 1
    assert "infra/nowhere.json" in done.stderr


def test_deploy_stops_at_the_first_thing_that_is_missing_and_says_where() -> None:
    done = command("deploy", "prod")
    assert done.returncode == 1
    assert "[2]" not in done.stdout
    assert "No AWS credentials that work" in done.stderr
    assert "Stopped in step 1, preflight" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stage_is_not_deployed_to_a_second_region() -> None:
    """Roles, dashboards and buckets have one name for all regions of an account."""
    done = command("deploy", "prod", AWS_REGION="eu-central-1")
    assert done.returncode == 1
    assert "the stage prod is in ap-northeast-2" in done.stderr
    assert "make configure STAGE=" in done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a stage is made of."""
    shutil.copytree(REPOSITORY / ".chalice", tmp_path / ".chalice")
    (tmp_path / "infra").mkdir()
    for path in (REPOSITORY / "infra").glob("*.json"):
        shutil.copy2(path, tmp_path / "infra")
    return tmp_path


def buckets_of(project: Path) -> dict[str, list[str]]:
    stages = json.loads((project / ".chalice" / "config.json").read_text())["stages"]
    return {
        stage: [
            config["environment_variables"][f"{kind}_BUCKET"]
            for kind in ("IMAGES", "MODELS", "RESULTS")
        ]
        for stage, config in stages.items()
    }


def test_bucket_names_of_ones_own_are_those_that_are_deployed(project: Path) -> None:
    """However often the command runs; the tests know the local stage's names."""
    local = buckets_of(project)["local"]
    for prefix in ("acme", "acme", "other", "acme"):
        configure(prefix, project)
        assert buckets_of(project) == {
            "local": local,
            "dev": [f"{prefix}-hypermob-dev-{kind}" for kind in ("images", "models", "results")],
            "prod": [f"{prefix}-hypermob-{kind}" for kind in ("images", "models", "results")],
        }
        for policy in (project / ".chalice").glob("policy-*.json"):
            text = policy.read_text()
            assert text.count(f"arn:aws:s3:::{prefix}-hypermob-") == text.count("arn:aws:s3:::")
    configure("", project)
    for path in sorted((REPOSITORY / ".chalice").glob("*.json")):
        assert (project / ".chalice" / path.name).read_text() == path.read_text()


def test_a_second_region_is_a_stage_with_names_of_its_own(project: Path) -> None:
    before = {path.name: path.read_text() for path in (project / ".chalice").glob("policy-*")}
    configure("acme", project, "tokyo", "ap-northeast-1")
    stage, prod = Stage.read("tokyo", project), Stage.read("prod", project)
    assert stage.region == "ap-northeast-1"
    for names in ("buckets", "functions", "roles"):
        assert set(getattr(stage, names)).isdisjoint(getattr(prod, names))
    assert (stage.name, stage.repository) == ("hypermob-tokyo", "hypermob-tokyo-measure")
    assert stage.tags == {"product": "hypermob", "stage": "tokyo"}
    config = json.loads((project / ".chalice" / "config.json").read_text())["stages"]["tokyo"]
    assert config["api_gateway_stage"] == "tokyo"
    assert config["tags"]["stage"] == "tokyo"
    for name in ("policy-tokyo.json", "policy-tokyo-on-measurement-stored.json"):
        text = (project / ".chalice" / name).read_text()
        arns = set(re.findall(r"arn:aws:\S+(?=\")", text))
        assert arns
        assert all("hypermob-tokyo" in arn for arn in arns), arns
    assert {name: (project / ".chalice" / name).read_text() for name in before} == before
    with pytest.raises(DeployError, match="a stage does not move"):
        configure("acme", project, "tokyo", "us-east-1")


@pytest.mark.parametrize("prefix", ["Acme", "a_b", "-a", "a" * 23, "a b"])
def test_a_prefix_that_no_bucket_can_have_is_refused(project: Path, prefix: str) -> None:
    before = buckets_of(project)
    with pytest.raises(DeployError, match="lower-case letters"):
        configure(prefix, project)
    assert buckets_of(project) == before


def test_the_images_tag_is_of_its_files_its_options_and_its_base() -> None:
    tags = {
        image_tag("", "base@1"),
        image_tag("", "base@2"),
        image_tag("--build-arg A=1", "base@1"),
    }
    assert len(tags) == 3
    assert image_tag("", "base@1") in tags


def test_the_base_is_asked_for_at_its_registry() -> None:
    """As the registry's own protocol has it: a token, then the digest of a tag."""
    asked = []

    def registry(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        asked.append((request.method, request.path, request.headers.get("Authorization")))
        if request.path == "/token":
            response = Response(json.dumps({"token": "t"}), content_type="application/json")
        else:
            response = Response(headers={"Docker-Content-Digest": "sha256:" + "a" * 64})
        return response(environ, start_response)

    server = Server(registry, bind(0))
    try:
        assert digest_of_base(server.url, "lambda/python", "3.12") == "sha256:" + "a" * 64
    finally:
        server.stop()
    assert asked == [
        ("GET", "/token", None),
        ("HEAD", "/v2/lambda/python/manifests/3.12", "Bearer t"),
    ]
    with pytest.raises(DeployError, match="BASE_DIGEST="):
        digest_of_base(server.url, "lambda/python", "3.12")


@pytest.mark.parametrize(
    ("limit", "unreserved", "own", "wanted", "refused"),
    [
        (1000, 1000, 0, "10", False),
        (10, 10, 0, "10", True),  # a new account
        (10, 10, 0, "0", False),  # none is reserved: the dev stage deploys there
        (1000, 105, 0, "10", True),  # another product has reserved the rest
        (1000, 105, 10, "10", False),  # its own, given back by the change
    ],
)
def test_what_is_unreserved_counts_not_the_limit(
    limit: int, unreserved: int, own: int, wanted: str, refused: bool
) -> None:
    stage = Stage.read("prod")
    stage.parameters["ReservedConcurrency"] = wanted
    deployment = Deployment(stage)

    class Lambda:
        def get_account_settings(self) -> Any:
            found = {
                "ConcurrentExecutions": limit,
                "UnreservedConcurrentExecutions": unreserved,
            }
            return {"AccountLimit": found}

    deployment.aws.client = lambda service: Lambda()  # type: ignore[method-assign]
    deployment.aws.reserved = lambda function: own  # type: ignore[method-assign]
    if refused:
        with pytest.raises(DeployError, match='"ReservedConcurrency": "0"'):
            deployment.check_concurrency()
    else:
        deployment.check_concurrency()


def test_a_change_set_that_fails_early_names_the_resource() -> None:
    """CloudFormation checks names and properties before it makes anything, and tells it apart."""

    class Client:
        def describe_stacks(self, **_: Any) -> Any:
            stack = {"StackName": "s", "StackId": "id", "StackStatus": "UPDATE_COMPLETE"}
            return {"Stacks": [stack]}

        def create_change_set(self, **_: Any) -> None: ...

        def delete_change_set(self, **_: Any) -> None: ...

        def describe_change_set(self, **_: Any) -> Any:
            reason = "The following hook(s)/validation failed: [AWS::EarlyValidation::...]"
            return {"Status": "FAILED", "StatusReason": reason, "ChangeSetId": "c"}

        def describe_events(self, **_: Any) -> Any:
            event = {
                "LogicalResourceId": "Images",
                "ValidationStatus": "FAILED",
                "ValidationPath": "/Resources/Images/Properties/BucketName",
                "ValidationStatusReason": "a bucket of this name exists",
            }
            return {"OperationEvents": [event, {"ValidationStatus": "SKIPPED"}]}

    stacks = Stacks(Client(), {}, lambda _: None, 0)
    with pytest.raises(DeployError, match=r"Images /Resources/Images/\S+: a bucket of this name"):
        stacks.put("s", "Parameters:\n  A:\n    Type: String\n", {})


def test_make_configure_without_a_prefix_renames_nothing() -> None:
    """Else it would take a prefix away, and with it the buckets that were deployed."""

    def planned(*variables: str) -> str:
        line = ["make", "--no-print-directory", "-n", "-o", ".venv/ready", "configure", *variables]
        return subprocess.run(
            line, cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout

    assert "--prefix" not in planned()
    assert '--prefix=""' in planned("PREFIX=")
    assert '--prefix="acme"' in planned("PREFIX=acme")
