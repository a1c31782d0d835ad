"""The workflows: what is deployed was tested, by hand too, on actions that GitHub still runs."""

import re
from typing import Any

import pytest
import yaml

from local.config import REPOSITORY

FOLDER = REPOSITORY / ".github" / "workflows"
ON_NODE_24 = {
    "actions/checkout": 5,
    "actions/setup-python": 6,
    "aws-actions/configure-aws-credentials": 6,
}
"""First major versions on Node 24; GitHub's runners have had no Node 20 since 2026-09-16 (GitHub's
changelog, 2025-09-19)."""


def workflow(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
    return loaded


def test_only_what_passed_the_tests_is_deployed() -> None:
    jobs = workflow("deploy")["jobs"]
    assert jobs["tests"]["uses"] == "./.github/workflows/test.yml"
    assert (jobs["dev"]["needs"], jobs["prod"]["needs"]) == ("tests", "dev")
    assert "workflow_call" in workflow("test")[True]  # YAML reads "on" so


def test_it_is_deployed_by_hand_and_when_the_base_has_changed() -> None:
    triggers = workflow("deploy")[True]
    assert "workflow_dispatch" in triggers
    assert triggers["schedule"]
    paths = triggers["push"]["paths"]
    for path in ("container/**", "chalicelib/**", "infra/**", ".chalice/**", "requirements.txt"):
        assert path in paths


def test_each_stage_has_its_environment_and_only_it_gets_a_token() -> None:
    deploy = workflow("deploy")
    assert deploy["permissions"] == {"contents": "read"}
    for stage in ("dev", "prod"):
        job = deploy["jobs"][stage]
        assert job["environment"] == stage
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        assert job["steps"][-1]["run"] == f"make deploy STAGE={stage}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.name)
def test_actions_are_pinned_and_run_on_a_node_that_is_there(path: Any) -> None:
    used = re.findall(r"uses: (\S+)@(\S+)(?: # v(\d+))?", path.read_text("utf-8"))
    assert used
    for action, pin, major in used:
        assert re.fullmatch(r"[0-9a-f]{40}", pin), action
        assert int(major) >= ON_NODE_24[action], action
