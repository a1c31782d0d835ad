"""``python -m benchmarks.image``: the measure image's packages beside a plain ``pip install``.

Installs both into temporary folders and prints their sizes, byte code included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "container" / "requirements.txt"
PLAIN = ("mediapipe", "opencv-python-headless")
MIB = 2**20


def installed_mib(*requirements: str) -> float:
    """Size of a folder with ``pip install REQUIREMENTS``."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--target", folder]
        subprocess.run([*pip, *requirements], check=True)  # noqa: S603
        files = (path for path in Path(folder).rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files) / MIB


def pinned(name: str) -> str:
    """The requirement of ``name`` as the image's lock has it, without hashes."""
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    return next(line.rstrip(" \\") for line in lines if line.startswith(f"{name}=="))


def main() -> None:
    """Print the two sizes and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    plain_mib = installed_mib(*(pinned(name) for name in PLAIN))
    image_mib = installed_mib("--no-deps", "--require-hashes", "-r", str(REQUIREMENTS))
    sizes = {
        "plain_mib": round(plain_mib),
        "image_mib": round(image_mib),
        "ratio": round(image_mib / plain_mib, 2),
    }
    if options.json:
        print(json.dumps(sizes))
    else:
        print(f"pip install {' '.join(PLAIN)}: {plain_mib:.0f} MiB")
        print(f"the measure image's packages: {image_mib:.0f} MiB, {sizes['ratio']:.0%} of it")


if __name__ == "__main__":
    main()
