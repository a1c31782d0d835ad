"""``hypermob drivers`` on this machine: told, followed, shown, forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import settings
from hypermob.__main__ import OK, REFUSED, main
from hypermob.drivers import Files

BODY = ("recommend", "--height", "175", "--estimate-missing")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HYPERMOB_DRIVERS", str(tmp_path / "drivers"))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == OK
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_what_is_told_of_one_car_moves_the_next(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = printed(capsys, *BODY)
    mine["settings"]["seat"]["fore_aft_mm"] += 30.0
    path = folder / "mine.json"
    path.write_text(json.dumps(mine))
    assert printed(capsys, "drivers", "tell", str(path))["tellings"] == 1
    was = printed(capsys, *BODY, "--vehicle", "minivan")
    own = printed(capsys, *BODY, "--vehicle", "minivan", "--personal")
    moved = own["settings"]["seat"]["fore_aft_mm"] - was["settings"]["seat"]["fore_aft_mm"]
    assert moved > 15.0
    assert len(printed(capsys, "drivers", "show")["tellings"]) == 1
    other = printed(capsys, *BODY, "--personal", "--user", "lee")
    assert other["personal"]["tellings"] == 0
    printed(capsys, "drivers", "forget")
    assert main(["drivers", "show"]) == REFUSED
    assert "NOT_FOUND" in capsys.readouterr().err
    assert main(["drivers", "tell", str(path)]) == REFUSED
    assert "DRIVER_DELETED" in capsys.readouterr().err
    assert main(["drivers", "tell", str(path), "--start-anew"]) == OK


def test_a_file_that_is_no_answer_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "none.json").write_text("{}")
    assert main(["drivers", "tell", str(folder / "none.json")]) == REFUSED
    assert "hypermob recommend --json" in capsys.readouterr().err


def test_a_name_cannot_leave_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drivers", "show", "--user", "../kim"]) == REFUSED
    assert "user_id" in capsys.readouterr().err


def test_of_writers_that_race_one_wins(folder: Path) -> None:
    files = Files(folder)
    assert files.write_driver("kim", {"version": 1}, None)
    _, tag = files.read_driver("kim")
    assert not files.write_driver("kim", {"version": 1}, None)
    assert files.write_driver("kim", {"version": 2}, tag)
    assert not files.write_driver("kim", {"version": 3}, tag)
    assert files.read_driver("kim")[0] == {"version": 2}


def test_nobody_else_on_this_machine_reads_what_was_told(folder: Path) -> None:
    Files(folder / "own").overwrite_driver("kim", {"version": 1})
    assert (folder / "own").stat().st_mode & 0o077 == 0
