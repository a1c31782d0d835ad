"""Only the part of mediapipe that finds people is imported."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "container" / "models" / "pose_landmarker_full.task"


def test_the_landmarker_brings_no_other_task_and_no_plotting():
    program = (
        "import json, pathlib, sys; from bodyscan import pose; "
        f"pose.load(pathlib.Path({str(MODEL)!r})); print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "container",
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(json.loads(ran.stdout))
    assert "mediapipe.tasks.python.vision.pose_landmarker" in modules
    others = ("mediapipe.tasks.python.audio", "mediapipe.tasks.python.text", "matplotlib")
    assert modules.isdisjoint({*others, "mediapipe.tasks.python.vision.drawing_utils"})
