"""``make deploy`` and ``make destroy``: the plan that a dry run prints, and what stops them."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.config import REPOSITORY


def command(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script where neither AWS's command line nor a docker engine can be found."""
    return subprocess.run(
        [REPOSITORY / "infra" / name, *arguments],
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def steps(plan: str) -> list[str]:
    """Its commands, shortened to what tells them apart."""
    found = re.findall(
        r"--template-file infra/(\w+)\.yaml|delete-stack --stack-name (\S+)|(docker push)"
        r"|(build_image)|chalice --project-dir \S+ (deploy|delete)|(local\.\w+)",
        plan,
    )
    return [next(filter(None, groups)) for groups in found]


def test_a_dry_run_of_deploy_says_every_step_in_order() -> None:
    done = command("deploy", "prod", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert steps(done.stdout) == [
        "local.package",
        "storage",
        "build_image",
        "docker push",
        "measure",
        "deploy",
        "local.gateway_responses",
        "api",
        "storage",
        "local.smoke",
    ]
    assert "ReservedConcurrency=10" in done.stdout


def test_a_dry_run_of_destroy_is_the_same_backwards() -> None:
    done = command("destroy", "dev", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert steps(done.stdout) == [
        "hypermob-dev-api",
        "local.package",
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
    assert done.returncode != 0
    assert "[2]" not in done.stdout
    assert re.search(r"missing|Stopped in step 1|Neither a docker engine", done.stderr)


def test_bucket_names_of_ones_own_are_those_that_are_deployed(tmp_path: Path) -> None:
    """As docs/deployment.md and a deployment that stopped say it; the tests know the local ones."""
    [told] = re.findall(r"sed -i .*", (REPOSITORY / "docs" / "deployment.md").read_text("utf-8"))
    script = (REPOSITORY / "infra" / "deploy").read_text("utf-8")
    assert told in script.replace('\\"', '"').replace("\\\\", "\\")
    shutil.copytree(REPOSITORY / ".chalice", tmp_path / ".chalice")
    subprocess.run(["sh", "-c", told], cwd=tmp_path, check=True)
    stages = json.loads((tmp_path / ".chalice" / "config.json").read_text())["stages"]
    for stage, config in stages.items():
        names = config["environment_variables"]
        buckets = [names[f"{kind}_BUCKET"] for kind in ("IMAGES", "MODELS", "RESULTS")]
        assert all(name.startswith("acme-") == (stage != "local") for name in buckets)
    for policy in (tmp_path / ".chalice").glob("policy-*.json"):
        text = policy.read_text()
        assert text.count("arn:aws:s3:::acme-hypermob-") == text.count("arn:aws:s3:::")
