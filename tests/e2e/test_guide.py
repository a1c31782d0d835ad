"""The calls that guides show, as written there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hypermob.serve import curl_lines
from local.config import REPOSITORY
from tests.e2e.client import SAMPLE, Client, data

MEASURE = {
    "image_url": "s3://hypermob-images/test/full_body.jpg",
    "height_cm": 175.0,
    "user_id": "test_user",
}
RECOMMEND = {
    "height": 175.0,
    "upper_arm": 31.0,
    "forearm": 26.0,
    "thigh": 51.0,
    "calf": 36.0,
    "torso": 61.0,
    "user_id": "test_user",
}


def test_the_guides_call_measures_and_its_lengths_get_settings(client: Client) -> None:
    measured = data(client.post("/measure", MEASURE))
    segments = measured["segments"]
    assert segments["user_id"] == "test_user"
    arm_cm = segments["upper_arm"] + segments["forearm"]
    assert measured["arm_cm"] == pytest.approx(arm_cm, abs=0.11)  # each is rounded to 0.1
    assert measured["torso_cm"] == segments["torso"]
    for name, (low, high) in measured["interval_95"].items():
        length = segments.get(name) or measured[f"{name}_cm"]
        assert low < length < high
    assert data(client.post("/recommend", segments))["settings"]


def test_the_guides_lengths_get_settings_and_a_warning(client: Client) -> None:
    recommended = data(client.post("/recommend", RECOMMEND))
    assert recommended["settings"]["seat"]["fore_aft_mm"] > 0
    assert recommended["warnings"], "an unusual body is served with a warning"


def test_curl_lines_of_make_run_are_these_calls() -> None:
    vehicles, recommend, measure = curl_lines("http://x", "k", "hypermob-images")
    assert "/vehicles" in vehicles
    assert '"torso": 61.0' in recommend
    assert "s3://hypermob-images/test/full_body.jpg" in measure


def in_the_shell(client: Client, folder: Path, about: str) -> list[dict[str, Any]]:
    """What the lines of docs/api.md about something print, run as they stand there."""
    guide = (REPOSITORY / "docs" / "api.md").read_text("utf-8")
    (lines,) = [each for each in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) if about in each]
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "URL": client.stack.url, "KEY": client.stack.api_key},
    )
    printed = ran.stdout.replace("}{", "}\n{").splitlines()
    answers = [json.loads(each) for each in printed]
    assert [answer["status"] for answer in answers] == ["success"] * len(answers), ran
    return answers


needs_curl = pytest.mark.skipif(
    not (shutil.which("jq") and shutil.which("curl")), reason="the lines are theirs"
)


@needs_curl
def test_the_guides_shell_lines_take_a_photo_to_settings(client: Client, tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path / "me.jpg")
    (answer,) = in_the_shell(client, tmp_path, "/uploads")
    assert answer["data"]["measurement"]["segments"]["user_id"] == "kim"
    assert answer["data"]["recommendation"]["settings"]["seat"]


@needs_curl
def test_the_guides_shell_lines_tell_a_kept_setting_and_use_it(
    client: Client, tmp_path: Path
) -> None:
    told, recommended = in_the_shell(client, tmp_path, "/drivers/kim/settings")
    assert told["data"]["tellings"] == 1
    assert recommended["data"]["personal"]["tellings"] == 1
