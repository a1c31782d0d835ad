"""The timed handler touches nothing but the photo that it is given."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.service.handlers import measure_environment
from local.config import REPOSITORY

WORKER = REPOSITORY / "benchmarks" / "service" / "worker.py"
PHOTO = REPOSITORY / "samples" / "person.jpg"


@pytest.mark.parametrize("side", ["ours", "detect"])
def test_a_photo_is_measured_without_s3(side):
    """No credentials and no endpoint: a call to S3 would fail."""
    imports = ":".join(map(str, (REPOSITORY, REPOSITORY / "container")))
    done = subprocess.run(
        [sys.executable, str(WORKER), side, str(PHOTO), "1"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": imports, **measure_environment("ours")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["answer"] == "success"
    assert len(found["handle_ms"]) == 1
