"""The zip that the Chalice Lambda runs: built by Chalice's own packager, never trusted unseen."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from infra.package import LIMIT_MIB, NO_TIME, build_zip, copy_app, forget_times, problems, sizes_mib
from infra.proxy_event import proxy_event
from local.config import REPOSITORY
from tests.infra.test_deploy import GUIDE_BODY

ANSWER = """
import json, sys
from types import SimpleNamespace
folder, event = sys.argv[1:]
compiled = []
def note(kind, details):
    if kind == "compile" and str(details[1]).startswith(folder):
        compiled.append(str(details[1]))
sys.addaudithook(note)
sys.path.insert(0, folder)
from app import app
context = SimpleNamespace(aws_request_id="1", invoked_function_arn="arn", function_name="app",
                          memory_limit_in_mb=1024, function_version="1")
print(json.dumps([app(json.loads(event), context)["statusCode"], compiled]))
"""


def test_the_zip_runs_with_nothing_else_on_the_path(package: Path, tmp_path: Path) -> None:
    assert problems(package, tmp_path) == []


def test_the_same_contents_are_the_same_zip_in_any_checkout(tmp_path: Path) -> None:
    """Or each of CI's deployments would have something new to shift, and undo a roll-back."""
    digests = set()
    for year in (2025, 2026):
        zipped = tmp_path / f"{year}.zip"
        with zipfile.ZipFile(zipped, "w") as opened:
            for name in ("a.py", "b.py") if year == 2025 else ("b.py", "a.py"):
                file = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
                file.external_attr = 0o644 << 16
                opened.writestr(file, f"# {name}")
        forget_times(zipped)
        digests.add(hashlib.sha256(zipped.read_bytes()).hexdigest())
        with zipfile.ZipFile(zipped) as opened:
            assert opened.read("b.py") == b"# b.py"
            assert opened.getinfo("a.py").external_attr == 0o644 << 16
    assert len(digests) == 1


def test_the_zip_names_no_time(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        assert {file.date_time for file in opened.infolist()} == {NO_TIME}


def test_the_zip_holds_the_app_its_data_and_its_few_dependencies(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        inside = set(opened.namelist())
    ours = {
        str(path.relative_to(REPOSITORY))
        for path in (REPOSITORY / "chalicelib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours | {"app.py", "chalice/app.py"} <= inside
    tops = {
        name for name in sizes_mib(package) if not name.endswith((".dist-info", ".data", ".libs"))
    }
    powertools = {"aws_lambda_powertools", "jmespath", "typing_extensions.py"}
    own = {"__pycache__", "app.py", "chalicelib"}
    assert tops == own | {"chalice", "msgspec", "numpy"} | powertools


def test_a_cold_start_from_the_zip_compiles_nothing(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        opened.extractall(tmp_path)
    event = json.dumps(proxy_event("POST", "/recommend", GUIDE_BODY, stage="prod"))

    def imported_sources() -> list[object]:
        ran = subprocess.run(
            # -B, as Lambda's folder of the code cannot be written.
            [sys.executable, "-I", "-S", "-B", "-c", ANSWER, str(tmp_path), event],
            capture_output=True,
            text=True,
            check=True,
        )
        found: list[object] = json.loads(ran.stdout.splitlines()[-1])
        return found

    assert imported_sources() == [200, []]
    [compiled] = tmp_path.glob("chalicelib/__pycache__/errors.*.pyc")
    compiled.unlink()
    assert imported_sources() == [200, [str(tmp_path / "chalicelib" / "errors.py")]]


def test_the_same_files_make_the_same_zip(package: Path, tmp_path: Path) -> None:
    again = build_zip(build=tmp_path)
    assert again.name == package.name
    assert (
        hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()
    )


def test_byte_code_of_another_source_is_found_out(package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(package) as whole, zipfile.ZipFile(other, "w") as changed:
        for name in whole.namelist():
            more = b"# changed\n" if name == "chalicelib/errors.py" else b""
            changed.writestr(name, whole.read(name) + more)
    found = problems(other, tmp_path / "unzipped")
    assert "no byte code of this source: chalicelib/errors.py" in found


def test_the_zip_leaves_room(package: Path) -> None:
    assert package.stat().st_size < LIMIT_MIB * 2**20


def test_a_zip_without_its_dependencies_is_found_out(package: Path, tmp_path: Path) -> None:
    """What Chalice ships, with a warning and exit status 0, when a wheel cannot be had."""
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(package) as whole, zipfile.ZipFile(bare, "w") as lacking:
        for name in whole.namelist():
            if not name.startswith(("numpy", "msgspec")):
                lacking.writestr(name, whole.read(name))
    found = problems(bare, tmp_path / "unzipped")
    assert "numpy is missing" in found
    assert "msgspec is missing" in found
    assert any("app cannot be imported" in problem for problem in found)


def test_what_checks_tokens_ships_where_a_stage_has_an_issuer(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(REPOSITORY / ".chalice", project / ".chalice")
    shutil.copytree(REPOSITORY / "chalicelib", project / "chalicelib")
    for name in ("app.py", "requirements.txt", "requirements-jwt.txt"):
        shutil.copy2(REPOSITORY / name, project / name)
    plain = copy_app(project, tmp_path / "plain") / "requirements.txt"
    assert plain.read_text() == (REPOSITORY / "requirements.txt").read_text()
    path = project / ".chalice" / "config.json"
    config = json.loads(path.read_text())
    config["stages"]["prod"]["environment_variables"]["JWT_ISSUER"] = "https://issuer.example"
    path.write_text(json.dumps(config))
    built = build_zip(project, tmp_path / "build")
    assert problems(built, tmp_path / "unzipped") == []
    assert {"joserfc", "cryptography"} <= sizes_mib(built).keys()
