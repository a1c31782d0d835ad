"""Builds the Chalice Lambda's zip as ``chalice deploy`` would, and checks it: packaging only warns.

``python -m infra.package`` prints the sizes; it exits 1 when the zip would not run on Lambda.
(``chalice package`` itself refuses an app with S3 events, unless it packages for Terraform.)
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

from chalice.deploy.packager import (
    DependencyBuilder,
    LambdaDeploymentPackager,
    PipRunner,
    SubprocessPip,
)
from chalice.utils import UI, OSUtils
from rich.console import Console
from rich.table import Table

from infra.stage import REPOSITORY

BUILD = REPOSITORY / "build" / "chalice"
RUNTIME = "python3.12"
LIMIT_MIB = 35.0
"""Lambda takes 50 MB by direct upload; what is left is for the code to grow into."""
NEEDED = ("app", "aws_lambda_powertools", "chalice", "chalicelib", "msgspec", "numpy")
UNWANTED = ("boto3", "botocore", "cv2", "joblib", "mediapipe", "scipy", "sklearn")
TESTS = "/tests/"
"""Packages ship their tests here. Nobody imports them, and they are half of all byte code."""
TASK_ROOT = "/var/task"
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can name."""
MIB = 2**20

# With nothing but the zip and the standard library on the path; boto3 is the runtime's, and lazy.
IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import app; print(app.app.app_name)"


def copy_app(project: Path = REPOSITORY, build: Path = BUILD) -> Path:
    """Make the clean copy of the app that is packaged and deployed; return its folder.

    It leaves out what a checkout gathers (``__pycache__``), which Chalice would put in the zip, and
    what an earlier build compiled; it keeps what Chalice remembers in it: the packages of a build,
    the resources of a deployment.
    """
    source = build / "app"
    for made in ("chalicelib", "vendor"):
        shutil.rmtree(source / made, ignore_errors=True)
    shutil.copytree(
        project / "chalicelib",
        source / "chalicelib",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (source / ".chalice").mkdir(exist_ok=True)
    settings = [f".chalice/{path.name}" for path in (project / ".chalice").glob("*.json")]
    for name in ("app.py", "requirements.txt", *settings):
        shutil.copy2(project / name, source / name)
    if _users_prove_themselves(project):
        more = (project / "requirements-jwt.txt").read_text("utf-8")
        with (source / "requirements.txt").open("a", encoding="utf-8") as requirements:
            requirements.write(more)
    return source


def _users_prove_themselves(project: Path) -> bool:
    """Whether any stage has an issuer of tokens; the zip is the same for all stages."""
    stages = json.loads((project / ".chalice" / "config.json").read_text("utf-8"))["stages"]
    return any(one["environment_variables"].get("JWT_ISSUER") for one in stages.values())


def build_zip(project: Path = REPOSITORY, build: Path = BUILD) -> Path:
    """Package the app with its byte code; reuses the last zip when nothing in it has changed.

    ``chalice deploy`` in the app's copy then finds and deploys the same zip.
    """
    source = copy_app(project, build)
    add_byte_code(_packaged(source), source)
    package = _packaged(source)
    forget_times(package)
    return package


def forget_times(package: Path) -> None:
    """Give a zip's files one order and time: the same contents are the same zip in any checkout.

    By its digest Lambda, and `infra.deploy`, tell whether there is anything new to deploy.
    """
    with zipfile.ZipFile(package) as opened:
        files = sorted(opened.infolist(), key=lambda file: file.filename)
        if all(file.date_time == NO_TIME for file in files):
            return
        forgetful = package.with_suffix(".new")
        with zipfile.ZipFile(forgetful, "w", zipfile.ZIP_DEFLATED) as written:
            for file in files:
                content = opened.read(file)
                file.date_time = NO_TIME
                written.writestr(file, content)
    forgetful.replace(package)


def add_byte_code(package: Path, source: Path) -> None:
    """Compile what a zip holds into ``vendor``, which Chalice lays over the zip's root.

    Lambda cannot write byte code, so without it every cold start compiles all that it imports. It
    is of the kind that Python uses unasked (PEP 552, unchecked): a zip changes its files' times.
    """
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(package) as opened:
            opened.extractall(folder)
        # A process of its own, as what is interned already would show in the bytes.
        compiler = [sys.executable, "-I", "-S", "-m", "compileall", "-q", "-o", "0", "-x", TESTS]
        kind = ["--invalidation-mode", "unchecked-hash"]
        subprocess.run([*compiler, *kind, "-s", folder, "-p", TASK_ROOT, folder], check=True)
        for path in Path(folder).rglob("*.pyc"):
            name = path.relative_to(folder)
            # Chalice imports the app before it packages: here too, it finds and writes no other.
            target = source / ("" if name.parts[0] == "chalicelib" else "vendor") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def _packaged(source: Path) -> Path:
    files = OSUtils()
    pip = PipRunner(SubprocessPip(osutils=files), osutils=files)
    ui = UI(out=sys.stderr, err=sys.stderr)
    packager = LambdaDeploymentPackager(files, DependencyBuilder(files, pip), ui)
    return Path(packager.create_deployment_package(str(source), RUNTIME))


def problems(package: Path, unzipped: Path) -> list[str]:
    """Why a zip would not run on Lambda: nothing, if all is well. Unzips it into ``unzipped``."""
    found = []
    if sys.version_info[:2] != (3, 12):
        # Chalice picks the wheels of the interpreter that runs it.
        found.append(f"built under Python {sys.version.split()[0]}, not 3.12")
    size_mib = package.stat().st_size / MIB
    if size_mib > LIMIT_MIB:
        found.append(f"{size_mib:.1f} MiB is over {LIMIT_MIB:g} MiB")
    with zipfile.ZipFile(package) as opened:
        names = opened.namelist()
        opened.extractall(unzipped)
    there = {path.name.removesuffix(".py") for path in unzipped.iterdir()}
    found += [f"{name} is missing" for name in NEEDED if name not in there]
    found += [f"{name} does not belong there" for name in UNWANTED if name in there]
    modules = (name for name in names if name.endswith(".py") and TESTS not in name)
    bare = [name for name in modules if not _has_byte_code(unzipped / name)]
    if bare:
        more = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
        found.append(f"no byte code of this source: {bare[0]}{more}")
    imported = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT, str(unzipped)],
        capture_output=True,
        text=True,
        cwd=unzipped,
        check=False,
    )
    if imported.returncode != 0:
        found.append(f"app cannot be imported: {imported.stderr.strip().splitlines()[-1]}")
    return found


def _has_byte_code(path: Path) -> bool:
    """Whether a module has byte code that Python uses unasked, made of just this source."""
    compiled = Path(cache_from_source(str(path), optimization=""))
    unchecked = MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(path.read_bytes())
    return compiled.exists() and compiled.read_bytes()[:16] == unchecked


def sizes_mib(package: Path) -> dict[str, tuple[float, float]]:
    """Zipped and unzipped size of each top-level folder and file, largest first."""
    zipped: Counter[str] = Counter()
    unzipped: Counter[str] = Counter()
    with zipfile.ZipFile(package) as opened:
        for entry in opened.infolist():
            top = entry.filename.split("/")[0]
            zipped[top] += entry.compress_size
            unzipped[top] += entry.file_size
    return {top: (size / MIB, unzipped[top] / MIB) for top, size in zipped.most_common()}


def build_and_check() -> tuple[Path, list[str]]:
    """Build the zip and look inside: its path, and why it would not run on Lambda."""
    package = build_zip()
    unzipped = BUILD / "unzipped"
    shutil.rmtree(unzipped, ignore_errors=True)
    return package, problems(package, unzipped)


def main() -> int:
    """Build, check, print."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    package, found = build_and_check()
    sizes = sizes_mib(package)
    total = tuple(sum(size[i] for size in sizes.values()) for i in (0, 1))
    if options.json:
        document = {"zipped_mib": total[0], "unzipped_mib": total[1], "problems": found}
        print(json.dumps(document, indent=2))
    else:
        table = Table("Chalice zip")
        table.add_column("MiB zipped", justify="right")
        table.add_column("MiB unzipped", justify="right")
        for top, (zipped, plain) in {**sizes, "total": total}.items():
            table.add_row(top, f"{zipped:.2f}", f"{plain:.2f}")
        Console(highlight=False).print(table)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
