"""Folders of packages that are measured: what the product ships, and what the guide would have.

Each is made once, by pip and outside ``.venv``, under ``build/bench``; made again when what it
holds has changed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "bench"
MIB: Final = 2**20
IMAGE_LOCK: Final = ROOT / "container" / "requirements.txt"
LOCK: Final = ROOT / "requirements-dev.txt"
SLIM: Final = ROOT / "container" / "slim.py"


def measure_image() -> Path:
    """Packages of the measure image, as the Dockerfile leaves them, beside Lambda's own."""
    requirements = ["--no-deps", "--require-hashes", "-r", str(IMAGE_LOCK)]
    return _installed("measure", requirements, IMAGE_LOCK.read_text() + SLIM.read_text(), SLIM)


def default_measure() -> Path:
    """``pip install mediapipe``, of the image's version, with all that it asks for."""
    return _installed("default_measure", list(_pinned("mediapipe", lock=IMAGE_LOCK)))


def default_recommend() -> Path:
    """``pip install scikit-learn joblib``, with numpy and scipy; not compiled, as for a zip."""
    pinned = _pinned("scikit-learn", "joblib", "numpy", "scipy")
    return _installed("default_recommend", ["--no-compile", *pinned])


def runtime() -> Path:
    """What Lambda's base has of its own: the runtime client and boto3."""
    return _installed("runtime", list(_pinned("awslambdaric", "boto3")))


def size_mib(folder: Path) -> float:
    """Size of all files in a folder, byte code included."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MIB


def _pinned(*names: str, lock: Path = LOCK) -> Iterator[str]:
    """Requirements as the lock has them, without hashes."""
    lines = lock.read_text("utf-8").splitlines()
    for name in names:
        yield next(line.rstrip(" \\") for line in lines if line.startswith(f"{name}=="))


def _installed(
    name: str, requirements: list[str], also: str = "", slim: Path | None = None
) -> Path:
    folder, stamp = FOLDER / name, FOLDER / f"{name}.made_of"
    made_of = "\n".join([*requirements, also])
    if not (stamp.exists() and stamp.read_text() == made_of):
        print(f"Installing {name} into {folder} (once) ...", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--target", str(folder)]
        subprocess.run([*pip, *requirements], check=True)  # noqa: S603
        if slim is not None:
            subprocess.run([sys.executable, slim, folder], check=True)  # noqa: S603
        stamp.write_text(made_of)
    return folder
