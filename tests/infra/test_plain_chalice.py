"""Chalice's own commands, typed without our make; docs/deployment.md, "Only Chalice"."""

import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chalicelib import plain_chalice
from chalicelib.errors import NoCredentialsError
from chalicelib.settings import Settings
from chalicelib.storage import Storage
from infra.endpoints import Endpoints, aws_client
from infra.package import copy_app
from infra.stage import Stage
from local.config import REPOSITORY
from local.processes import Child, Log
from local.server import LOOPBACK, bind

CHALICE = Path(sys.executable).with_name("chalice")
BARE = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
"""An environment without credentials."""
GUIDE = {
    "height": 175.0,
    "upper_arm": 31.0,
    "forearm": 26.0,
    "thigh": 51.0,
    "calf": 36.0,
    "torso": 61.0,
    "user_id": "test_user",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's part that Chalice reads."""
    return copy_app(build=tmp_path_factory.mktemp("checkout"))


def chalice(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHALICE, *words],
        cwd=project,
        env={**BARE, "AWS_DEFAULT_REGION": "ap-northeast-2", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def local(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """`chalice local` as it is typed: its default stage, no credentials."""
    held = bind(0, listening=False)
    port = held.getsockname()[1]
    said = tmp_path_factory.mktemp("local") / "said.txt"
    with said.open("w") as output:
        process = subprocess.Popen(
            [CHALICE, "local", "--port", str(port), "--no-autoreload"],
            cwd=project,
            env=BARE,
            stdout=output,
            stderr=output,
        )
    url = f"http://{LOOPBACK}:{port}"
    end = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/health", trust_env=False, timeout=5)
            break
        except httpx.TransportError:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < end, said.read_text()
            time.sleep(0.1)
    yield url, said
    process.terminate()
    process.wait()
    held.close()


def post(url: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=30)


def test_chalice_local_says_that_it_checks_no_key(local: tuple[str, Path]) -> None:
    url, said = local
    assert "checks no API key" in said.read_text()
    assert "make run" in said.read_text()
    assert post(f"{url}/recommend", GUIDE).status_code == 200, "without a key"


def test_without_credentials_answers_are_typed(local: tuple[str, Path]) -> None:
    url, _ = local
    page = httpx.get(url, trust_env=False)
    assert page.status_code == 200
    assert "hypermob-dev-images.s3." in page.headers["Content-Security-Policy"]
    asked = {"user_id": "kim", "content_type": "image/jpeg"}
    answer = post(f"{url}/uploads", asked)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == NoCredentialsError.code
    korean = post(f"{url}/uploads", asked, **{"Accept-Language": "ko"})
    assert "자격 증명" in korean.json()["error"]["message"]
    known = httpx.get(f"{url}/measurements/kim/{'0' * 32}", trust_env=False, timeout=30)
    assert known.json()["error"]["code"] == NoCredentialsError.code


def test_the_default_stage_takes_the_guides_own_calls(local: tuple[str, Path]) -> None:
    url, _ = local
    assert post(f"{url}/recommend", GUIDE).json()["data"]["settings"]
    photo = {"image_url": "s3://hypermob-images/test/full_body.jpg", "height_cm": 175.0}
    answer = post(f"{url}/measure", {**photo, "user_id": "test_user"})
    # As far as it goes without credentials: the photo's address was none to refuse.
    assert answer.json()["error"]["code"] in ("MEASURE_UNAVAILABLE", NoCredentialsError.code)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_guides_bucket_is_each_stages_own(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGES_BUCKET", f"acme-{stage}-images")
    storage = Storage(Settings.from_environment())
    address = storage.allowed_image("s3://hypermob-images/test/full_body.jpg", "kim", "image_url")
    assert address.url == f"s3://acme-{stage}-images/test/full_body.jpg"


def test_chalice_packages_for_terraform(project: Path, tmp_path: Path) -> None:
    done = chalice(
        project, "package", "--pkg-format", "terraform", "--stage", "prod", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    described = json.loads((tmp_path / "chalice.tf.json").read_text())
    functions = described["resource"]["aws_lambda_function"]
    assert {one["function_name"] for one in functions.values()} == set(Stage.read("prod").functions)
    [notification] = described["resource"]["aws_s3_bucket_notification"].values()
    assert notification["bucket"] == Stage.read("prod").results
    with zipfile.ZipFile(tmp_path / "deployment.zip") as package:
        assert {"app.py", "numpy/__init__.py"} <= set(package.namelist())


def test_chalice_deploy_before_its_infrastructure_fails_at_once(
    project: Path, tmp_path: Path
) -> None:
    held = bind(0, listening=False)
    port = held.getsockname()[1]
    log = Log("aws", tmp_path)
    aws = Child(
        ["-m", "tests.infra.aws", str(port)],
        environment={"PYTHONPATH": str(REPOSITORY)},
        folder=tmp_path,
        log=log,
    )
    url = f"http://{LOOPBACK}:{port}"
    aws.wait_until_listening(LOOPBACK, port, 60)
    endpoints = Endpoints(s3=url, functions=url)
    try:
        named = {**endpoints.environment(), "AWS_ENDPOINT_URL": url}
        done = chalice(project, "deploy", "--stage", "prod", **named)
        roles = aws_client("iam", url).list_roles()["Roles"]
    finally:
        aws.stop()
        held.close()
        log.close()
    assert done.returncode != 0
    assert "make deploy STAGE=prod" in done.stderr
    assert "Traceback" not in done.stderr
    assert roles == [], "nothing is left behind"


def test_nothing_is_said_but_by_chalice_itself() -> None:
    names = Settings.from_environment()
    for arguments in ([], ["/var/runtime/bootstrap.py"], ["pytest", "local"], ["chalice", "url"]):
        assert plain_chalice.look(arguments, names) is None
    # "local" and "deploy" are names of stages and folders too.
    packaging = ["chalice", "--project-dir", "deploy", "package", "--stage", "local", "out"]
    assert plain_chalice.look(packaging, names) is None
    serving = ["chalice", "--debug", "--project-dir=x", "local", "--stage", "deploy"]
    assert plain_chalice.look(serving, names) == plain_chalice.NO_KEYS
    assert plain_chalice.stage_of(["chalice", "deploy"]) == "dev"
    assert plain_chalice.stage_of(["chalice", "deploy", "--stage=prod"]) == "prod"


def test_the_documents_commands_are_these() -> None:
    text = (REPOSITORY / "docs" / "deployment.md").read_text("utf-8")
    section = re.search(r"^### Only Chalice\n(.*?)^##", text, re.M | re.S)
    assert section
    told = re.findall(r"^chalice [^#\n]+", section[1], re.M)
    assert [command.strip() for command in told] == [
        "chalice local",
        "chalice package --pkg-format terraform --stage prod out/terraform",
        "chalice deploy --stage dev",
    ]


def test_what_ships_is_said_where_it_is_listed() -> None:
    text = (REPOSITORY / "requirements.txt").read_text("utf-8")
    for name in re.findall(r"[\w/.-]+\.(?:md|txt)", text):
        assert (REPOSITORY / name).exists(), name
