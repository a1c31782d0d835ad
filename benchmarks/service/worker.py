"""``python benchmarks/service/worker.py {ours,guide,detect} PHOTO RUNS``: a handler in a process.

Calls it on one photo, S3 left out (objects are read from and written to this process's memory), and
prints JSON: seconds of import, milliseconds of the first call and of each one after it, peak memory
of the process. ``detect``: ours, and in turns with it MediaPipe alone on the same reduced photo, as
the product asks it (four people, masks) and as it comes (one person, no mask). Imports from
``PYTHONPATH`` alone: run it with ``-S``.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

EVENT = {"image_url": "s3://hypermob-images/test/photo.jpg", "height_cm": 175.0, "user_id": "bench"}
CONTEXT = SimpleNamespace(
    function_name="measure", memory_limit_in_mb=3008, invoked_function_arn="arn", aws_request_id="1"
)


class Memory:
    """S3's client, as far as the guide's handler uses it."""

    def __init__(self, photo: bytes) -> None:
        self._photo = photo

    def get_object(self, **_: Any) -> dict[str, io.BytesIO]:
        """Answer the photo."""
        return {"Body": io.BytesIO(self._photo)}

    def put_object(self, **_: Any) -> None:
        """Take what is written, and drop it."""


def guide(photo: bytes) -> dict[str, Callable[[], Any]]:
    """The guide's handler."""
    module: Any = importlib.import_module("benchmarks.service.guide.measure")
    module.s3 = Memory(photo)
    return {"handle_ms": lambda: module.lambda_handler(EVENT, CONTEXT)}


def ours(photo: bytes) -> dict[str, Callable[[], Any]]:
    """Our handler."""
    handler: Any = importlib.import_module("handler")

    class InMemory(handler.Storage):  # type: ignore[misc]
        def read_image(self, *_: Any) -> tuple[bytes, dict[str, str]]:
            return photo, {}

        def write_result(self, *_: Any) -> None:
            pass

        def is_deleted(self, *_: Any) -> bool:
            return False

    handler.measurer.storage = InMemory(handler.settings())
    return {"handle_ms": lambda: handler.handle(EVENT, CONTEXT)}


def detect(photo: bytes) -> dict[str, Callable[[], Any]]:
    """Our handler; and what MediaPipe alone does of it."""
    calls = ours(photo)
    from mediapipe.tasks.python.core.base_options import BaseOptions
    from mediapipe.tasks.python.vision.core.image import Image, ImageFormat
    from mediapipe.tasks.python.vision.pose_landmarker import PoseLandmarker, PoseLandmarkerOptions

    from bodyscan import pose
    from bodyscan.photo import read_photo

    handler: Any = importlib.import_module("handler")
    _, landmarker = pose._landmarker(handler.measurer.model)
    image = Image(ImageFormat.SRGB, read_photo(photo).pixels)
    options = PoseLandmarkerOptions(BaseOptions(model_asset_path=str(handler.measurer.model)))
    plain = PoseLandmarker.create_from_options(options)
    atexit.register(setattr, plain, "_handle", None)  # as bodyscan.pose does
    return calls | {
        "detect_ms": lambda: landmarker.detect(image),
        "detect_one_ms": lambda: plain.detect(image),
    }


def timed_ms(call: Callable[[], Any]) -> float:
    """Milliseconds of one call; what it prints, as Lambda's log would take, is dropped."""
    with contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        call()
        return 1000 * (time.perf_counter() - began)


def peak_mib() -> float:
    """Peak memory of this process alone; `getrusage` counts its parent at the fork."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Measure and print."""
    side, photo, runs = sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3])
    began = time.perf_counter()
    calls = {"ours": ours, "guide": guide, "detect": detect}[side](photo)
    found: dict[str, Any] = {"import_s": time.perf_counter() - began}
    found["first_ms"] = timed_ms(calls["handle_ms"])
    found["answer"] = calls["handle_ms"]()["status"]
    for call in calls.values():
        call()
    found |= {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            found[name].append(timed_ms(call))
    found["peak_mib"] = peak_mib()
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
