"""The measure image that ``make image-check`` has built: its handler, run out of its own files."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.endpoints import Endpoints
from infra.lambda_base_dnf import FOLDERS, documented
from local.config import REGION, REPOSITORY, FunctionConfig
from local.functions import Function
from local.processes import Child, Log
from local.server import LOOPBACK, bind

IMAGE = "localhost/hypermob-measure:check"
BUILDAH = ("buildah", "--storage-driver", "vfs")
BUCKETS = ("hypermob-images", "hypermob-models", "hypermob-results")
MIB = 2**20
NAIVE_MIB = 681
"""Size of ``pip install mediapipe opencv-python-headless``, measured once; `make bench` measures
the current one."""

LIBRARIES = {
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1"),
    *("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libgcc_s.so.1", "libstdc++.so.6"),
    "libmvec.so.1",
    "libz.so.1",
    *("libEGL.so.1", "libGLESv2.so.2"),
}
"""Libraries that the packages may link against: Amazon Linux's glibc, libgcc, libstdc++ and zlib,
which its rpm needs, and the libglvnd that the Dockerfile installs."""


def buildah(*arguments: str) -> str:
    done = subprocess.run([*BUILDAH, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The image's file system."""
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed: `make image-check` installs it and builds the image")
    if subprocess.run([*BUILDAH, "inspect", IMAGE], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no {IMAGE}: `make image-check` builds it")
    container = buildah("from", IMAGE)
    root = Path(buildah("mount", container))
    if not _is_of_this_code(root):
        buildah("rm", container)
        pytest.skip(f"{IMAGE} is of other code: `make image-check` builds it anew")
    yield root
    buildah("rm", container)


def _is_of_this_code(root: Path) -> bool:
    """Whether the measurement in the image is that of this checkout."""
    here = REPOSITORY / "container" / "bodyscan"
    there = root / "var" / "task" / "bodyscan"
    return all(
        (there / file.name).is_file() and (there / file.name).read_bytes() == file.read_bytes()
        for file in (*here.glob("*.py"), *here.glob("*.onnx"), *here.glob("*.json"))
    )


@pytest.fixture
def measure(root: Path, tmp_path: Path) -> Iterator[Any]:
    """The image's handler, invoked as Lambda would, and the buckets it works on."""
    held = bind(0, listening=False)
    port = held.getsockname()[1]
    log = Log("image", tmp_path)
    moto = Child(
        ["-m", "moto.server", "-H", LOOPBACK, "-p", str(port)],
        environment={},
        folder=tmp_path,
        log=Log("moto", tmp_path),
    )
    moto.wait_until_listening(LOOPBACK, port, 60)
    url = f"http://{LOOPBACK}:{port}"
    endpoints = Endpoints(s3=url, functions=url)
    for bucket in BUCKETS:
        endpoints.s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    config = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
    [handler] = config["Cmd"]
    function = FunctionConfig(
        name="hypermob-measure",
        handler=handler,
        path=(tmp_path,),
        runtime=(str(REPOSITORY / "infra" / "image.py"), str(root)),
        environment={
            **dict(entry.split("=", 1) for entry in config["Env"]),
            "LAMBDA_TASK_ROOT": "/var/task",
            "PYTHONPATH": "/var/task",
        },
        timeout_s=60,
        memory_mb=3008,
    )
    running = Function(function, endpoints.environment(), log)

    def invoke(event: Any) -> Any:
        answer = running.invoke(json.dumps(event).encode(), "c6af9ac6-7b61-11e6-9a41-93e8deadbeef")
        assert not answer.is_error, (answer.payload, list(log.tail))
        return json.loads(answer.payload)

    yield invoke, endpoints.s3, log
    running.stop()
    log.close()
    moto.stop()
    held.close()


def test_the_image_measures_a_photo_as_lambda_would_have_it(root: Path, measure: Any) -> None:
    invoke, s3, log = measure
    sample = json.loads((REPOSITORY / "samples" / "person.json").read_text())
    photo = (REPOSITORY / "samples" / "person.jpg").read_bytes()
    s3.put_object(Bucket="hypermob-images", Key="test/full_body.jpg", Body=photo)
    answer = invoke(
        {
            "image_url": "s3://hypermob-images/test/full_body.jpg",
            "height_cm": sample["height_cm"],
            "user_id": "test_user",
        }
    )
    assert answer["status"] == "success", answer
    # Another build of the same code, on other C libraries: the same lengths as here.
    from bodyscan.scan import Shot, load, scan

    model = root / "var" / "task" / "models" / "pose_landmarker.task"
    load(model)
    here = scan([Shot(photo)], sample["height_cm"], model=model).lengths.rounded_cm()
    measured = answer["data"]["segments"]
    assert {name: measured[name] for name in here} == pytest.approx(here, abs=0.2)
    stored = s3.list_objects_v2(Bucket="hypermob-results")["Contents"]
    assert {item["Key"].rpartition("/")[2] for item in stored} == {
        "measurement.json",
        "overlay.jpg",
    }
    metrics = [json.loads(line) for line in log.path.read_text().splitlines() if "_aws" in line]
    assert {"ReadLatency", "ScanLatency", "StoreLatency"} <= metrics[-1].keys()


def test_the_packages_are_at_most_six_tenths_of_a_naive_install(root: Path) -> None:
    own = {"handler.py", "bodyscan", "chalicelib", "models"}
    packages = [path for path in (root / "var" / "task").iterdir() if path.name not in own]
    files = [file for path in packages for file in (path, *path.rglob("*")) if file.is_file()]
    assert len(files) > 1000
    assert sum(file.lstat().st_size for file in files) / MIB <= 0.6 * NAIVE_MIB


def test_the_image_holds_nothing_that_is_not_imported(root: Path) -> None:
    there = {path.name for path in (root / "var" / "task").iterdir()}
    assert there.isdisjoint({"matplotlib", "sounddevice.py", "scipy", "sklearn", "chalice"})
    assert {"handler.py", "bodyscan", "chalicelib", "models"} <= there
    task = root / "var" / "task"
    assert not [path for path in task.rglob("*") if path.name == "tests" or path.suffix == ".pyi"]


def test_the_stand_in_base_has_no_command_that_awss_lacks(root: Path) -> None:
    known = documented(
        (REPOSITORY / "infra" / "lambda_base.commands").read_text("utf-8"), with_installed=False
    )
    there = {path.name for folder in FOLDERS for path in (root / folder).glob("*")}
    assert {"sh", "mkdir", "dnf", "python"} <= there
    assert there <= known


def test_the_packages_need_no_library_that_awss_base_lacks(root: Path) -> None:
    """Whatever else Debian's base has, nothing links to it."""
    task = root / "var" / "task"
    own = {path.name for path in task.rglob("*.so*")}
    needed = {name for path in task.rglob("*.so*") for name in needs(path) if path.is_file()}
    assert "libc.so.6" in needed
    assert needed - own <= LIBRARIES


def needs(path: Path) -> list[str]:
    """Libraries that a shared library is linked against."""
    listed = subprocess.run(
        ["objdump", "-p", str(path)], capture_output=True, text=True, check=False
    ).stdout
    return [line.split()[1] for line in listed.splitlines() if line.split()[:1] == ["NEEDED"]]
