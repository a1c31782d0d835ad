"""``python container/slim.py FOLDER``: takes from installed packages what nothing imports.

Their tests, their types, and the symbols of MediaPipe's library: 29 MB that only a debugger reads.
Python does the work because AWS's base image has neither ``find`` nor ``xargs``. Needs binutils.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

LIBRARY = "mediapipe/tasks/c/libmediapipe.so"


def slim(packages: Path) -> None:
    """Delete the tests and type stubs below ``packages``, and strip MediaPipe's library.

    Raises
    ------
    FileNotFoundError, subprocess.CalledProcessError
        ``strip`` is not installed, or the library is not there.
    """
    for tests in [path for path in packages.rglob("tests") if path.is_dir()]:
        if tests.exists():  # not inside one that has just gone
            shutil.rmtree(tests)
    for stub in list(packages.rglob("*.pyi")):
        stub.unlink()
    subprocess.run(["strip", "--strip-unneeded", packages / LIBRARY], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
