"""``python benchmarks/service/start.py PHOTO``: what the measure function's cold start is made of.

Does in one thread, one after another, what the runtime client and `handler` do, of which `handler`
does some at once; prints JSON: milliseconds of each step. Imports from ``PYTHONPATH`` alone: run it
with ``-S``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

MODULES = {
    "Python, the runtime client": ("awslambdaric.bootstrap",),
    "numpy": ("numpy",),
    "OpenCV, Pillow": ("cv2", "PIL.Image"),
    "msgspec, Powertools": ("msgspec", "aws_lambda_powertools.metrics"),
    "our own modules": ("bodyscan.scan", "chalicelib.storage", "chalicelib.telemetry"),
    "the SDK": ("botocore.session",),
}


def since_process_start_ms() -> float:
    """Milliseconds since the kernel made this process."""
    started = int(Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()[19])
    now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return 1000 * (now_s - started / os.sysconf("SC_CLK_TCK"))


def main() -> None:
    """Measure and print."""
    found: dict[str, float] = {}
    before = 0.0

    def done(step: str) -> None:
        nonlocal before
        now = since_process_start_ms()
        found[step], before = now - before, now

    for step, names in MODULES.items():
        for name in names:
            importlib.import_module(name)
        done(step)

    from bodyscan import overlay, pose, scan, skeleton
    from chalicelib.settings import settings
    from chalicelib.storage import Storage

    photo, model = Path(sys.argv[1]).read_bytes(), Path(settings().pose_model)
    Storage(settings()).connect()
    done("S3's client")
    pose.load(model)
    done("MediaPipe, its graph")
    skeleton.load()
    done("two networks")
    overlay.load()
    done("the overlay's font")
    scan.scan([scan.Shot(photo)], 175.0, model=model)
    done("a first photo, without S3")
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
