"""What ships holds no unsafe call, and nothing that is installed is unpinned."""

import ast
import re
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SHIPPED = [
    ROOT / "app.py",
    ROOT / "container" / "handler.py",
    *sorted((ROOT / "chalicelib").rglob("*.py")),
    *sorted((ROOT / "container" / "bodyscan").rglob("*.py")),
]
RUNS_WHAT_IT_READS = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "yaml", "torch"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_can_run(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & RUNS_WHAT_IT_READS
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in RUNS_WHAT_IT_READS
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("eval", "exec", "compile", "__import__", "os.system")
            if called == "np.load":
                arguments = {one.arg: ast.unparse(one.value) for one in node.keywords}
                assert arguments.get("allow_pickle", "False") == "False"


def test_bandit_finds_nothing_in_what_ships() -> None:
    names = (str(path) for path in SHIPPED)
    ran = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", *names],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stdout


def test_bandit_finds_nothing_that_matters_in_the_tools() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-ll", "-r", "hypermob", "local", "benchmarks"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", ["requirements-dev.txt", "container/requirements.txt"])
def test_every_dependency_is_pinned_by_hash(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    assert len(lines) > 5
    for line in lines:
        assert re.match(r"^[A-Za-z0-9_.\[\],-]+==\S+.* --hash=sha256:[0-9a-f]{64}", line), line


def test_the_lambda_zips_dependencies_are_pinned() -> None:
    """And what they depend on, which pip would otherwise choose on the day of a deployment."""
    files = ("requirements.txt", "requirements-jwt.txt")
    lines = [line for name in files for line in (ROOT / name).read_text().splitlines()]
    pinned = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    names = {canonicalize_name(each.name) for each in pinned}
    assert names
    for each in pinned:
        assert re.fullmatch(r"==[0-9.]+", str(each.specifier)), each
        assert version(each.name) in each.specifier, "what is tested is what ships"
        needed = (Requirement(line) for line in requires(each.name) or [])
        needs = {
            canonicalize_name(one.name)
            for one in needed
            if one.marker is None or one.marker.evaluate({"extra": ""})
        }
        assert needs <= names, each
