"""The zip that the Chalice Lambda runs: built by Chalice's own packager, never trusted unseen."""

import zipfile
from pathlib import Path

import pytest

from local.config import REPOSITORY
from local.package import LIMIT_MIB, build_zip, problems, sizes_mib


@pytest.fixture(scope="module")
def package() -> Path:
    return build_zip()


def test_the_zip_runs_with_nothing_else_on_the_path(package: Path, tmp_path: Path) -> None:
    assert problems(package, tmp_path) == []


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
    assert tops == {"app.py", "chalice", "chalicelib", "msgspec", "numpy"} | powertools
    assert not [name for name in inside if name.startswith("chalicelib") and name.endswith(".pyc")]


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
