"""``python -m hypermob.demo`` and ``hypermob serve`` as a person runs them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.service.processes import cpu_s
from local.config import REPOSITORY
from tests.e2e.client import people

DEMO = [sys.executable, "-m", "hypermob.demo"]
MEASURED_SOME_S = 2.0
"""Processor time of a process that has measured photos: its start takes about 1.2 s."""


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments], capture_output=True, text=True, cwd=REPOSITORY, timeout=120
    )


def test_the_demo_prints_one_json_document_and_nothing_else() -> None:
    ran = demo("--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["status"] == "success"
    assert document["data"]["measurement"]["segments"]["user_id"] == "demo"
    assert document["data"]["recommendation"]["settings"]["seat"]
    assert Path(document["data"]["overlay"]).read_bytes().startswith(b"\xff\xd8")
    assert "Measuring" in ran.stderr


def test_the_demo_reports_a_refused_photo_by_its_code(tmp_path: Path) -> None:
    photo = tmp_path / "empty.jpg"
    photo.write_bytes(people("NO_PERSON")[0][1])
    ran = demo("--photo", str(photo), "--height", "170", "--json")
    assert ran.returncode == 1
    document = json.loads(ran.stdout)
    assert document["status"] == "error"
    assert document["error"]["code"] == "NO_PERSON"


def test_make_hands_over_quotes_and_backticks_as_they_were_typed(tmp_path: Path) -> None:
    photo, height = tmp_path / 'my "own" `photo` 사진.jpg', "5'9\""
    ran = subprocess.run(
        ["make", "demo", f"PHOTO={photo}", f"HEIGHT={height}"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=120,
    )
    assert ran.returncode == 2
    assert f"PHOTO: no such file: {photo};" in ran.stderr
    assert f"got {height}." in ran.stderr


def test_the_demo_tells_a_photo_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    photo = tmp_path / "photo"
    photo.write_bytes(people("NO_PERSON")[0][1])
    assert "NO_PERSON" in demo("--photo", str(photo), "--height", "170").stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines are curl's")
def test_run_prints_three_lines_that_work_when_pasted_and_stops_at_ctrl_c() -> None:
    flags = ["--port", "0", "--s3-port", "0"]
    running = subprocess.Popen(
        [sys.executable, "-m", "hypermob", "serve", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "LOCAL_API_KEY": "mine"},
        # A shell's background job ignores Ctrl-C, and so would what these tests start in one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert running.stdout is not None
    try:
        lines: list[str] = []
        while len(lines) < 3:
            line = running.stdout.readline()
            assert line, "it ended early"
            lines += [line] if line.startswith("curl") else []
        for line in lines:
            assert "X-API-Key: mine" in line
            ran = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60)
            assert json.loads(ran.stdout)["status"] == "success", ran.stdout
    finally:
        children = _children(running.pid)
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("when", ["at the start", "under way"])
@pytest.mark.parametrize("name", ["load", "faults"])
def test_ctrl_c_ends_a_benchmark_with_one_line_and_all_it_started(name: str, when: str) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.service.{name}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
    )
    try:
        if when == "under way":
            wait_until(lambda: _busiest_s(running.pid) > MEASURED_SOME_S, 300)
        else:
            wait_until(lambda: bool(_children(running.pid)), 60)
            time.sleep(1.5)  # its stack starts
        children = _children(running.pid)
    finally:
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert said.endswith("\nInterrupted.\n")
    assert "Traceback" not in said
    assert children
    # multiprocessing's own ends when it sees that its parent has.
    wait_until(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()], 20)


def wait_until(condition: Callable[[], bool], within_s: float) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def _busiest_s(parent: int) -> float:
    """Processor time of the child that has used most, s."""
    used_s = [0.0]
    for child in _children(parent):
        with suppress(OSError):  # it has ended meanwhile
            used_s.append(cpu_s(child))
    return max(used_s)


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name in brackets come the state and the parent's id.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found
