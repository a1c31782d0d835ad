"""The demo's own part: what was typed is checked before anything starts, and tables read well."""

import io
import json
from argparse import Namespace
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from local.demo import Order, lengths_table, main, settings_table


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["demo", *arguments])
    return main()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--height", "tall"], "HEIGHT"),
        (["--height", "nan"], "HEIGHT"),
        (["--height", "1.75"], "HEIGHT"),
        (["--height", "0"], "HEIGHT"),
        (["--photo", "nobody.jpg", "--height", "170"], "PHOTO"),
        (["--photo", "/", "--height", "170"], "PHOTO"),
        (["--photo", __file__], "HEIGHT"),
        (["--side", "nobody.jpg"], "SIDE"),
    ],
)
def test_a_slip_of_the_keyboard_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    field: str,
) -> None:
    assert run(monkeypatch, *arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert field in printed.err

    assert run(monkeypatch, *arguments, "--json") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "INVALID_INPUT"
    assert [problem["field"] for problem in error["fields"]] == [field]


def test_of_a_photo_put_beside_the_samples_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("local.demo.SAMPLE", tmp_path / "person.jpg")
    (tmp_path / "me.jpg").touch()
    assert run(monkeypatch, "--photo", str(tmp_path / "me.jpg")) == 1
    assert "HEIGHT" in capsys.readouterr().err


def test_a_folder_is_not_called_missing_and_a_height_in_metres_is_told_in_cm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "--photo", str(tmp_path), "--height", "1.75") == 1
    said = capsys.readouterr().err
    assert f"PHOTO: a folder, not a photo: {tmp_path}" in said
    assert "HEIGHT: expected a number from 100 to 230 (cm), such as 175, got 1.75" in said


@pytest.mark.parametrize(("height", "told"), [(None, True), ("181.9", True), ("175", False)])
def test_the_true_lengths_are_those_of_the_true_height(height: str | None, told: bool) -> None:
    options = Namespace(photo=None, height=height, side=None, vehicle=None)
    assert bool(Order.from_options(options).true_cm) == told


def lines(table: Table) -> list[list[str]]:
    out = io.StringIO()
    Console(file=out, width=120).print(table)
    rows = [line for line in out.getvalue().splitlines() if "\u2502" in line or "\u2503" in line]
    return [[cell.strip() for cell in row.strip("\u2502\u2503").split(row[0])] for row in rows]


MEASUREMENT = {
    "segments": {
        "height": 175.0,
        "upper_arm": 31.04,
        "forearm": 26.0,
        "thigh": 43.0,
        "calf": 40.0,
        "torso": 52.0,
        "user_id": "demo",
    },
    "arm_cm": 57.0,
    "leg_cm": 83.0,
    "torso_cm": 52.0,
    "interval_95": {
        name: [1.0, 99.94]
        for name in ("upper_arm", "forearm", "thigh", "calf", "torso", "arm", "leg")
    },
}


def test_lengths_come_with_their_interval() -> None:
    head, height, upper_arm, *_, leg = lines(lengths_table(MEASUREMENT, {}))
    assert head == ["Body", "cm", "95 % interval"]
    assert height == ["Height (given)", "175.0", ""]
    assert upper_arm == ["Upper arm", "31.0", "1.0 to 99.9"]
    assert leg == ["Leg", "83.0", "1.0 to 99.9"]


def test_a_sample_persons_lengths_stand_beside_the_true_ones() -> None:
    head, height, upper_arm, *_ = lines(lengths_table(MEASUREMENT, {"upper_arm": 30.96}))
    assert head[-1] == "true"
    assert height[-1] == ""
    assert upper_arm[-1] == "31.0"


def test_settings_come_with_units_and_bands() -> None:
    recommendation = {
        "vehicle": "medium_car",
        "settings": {
            "seat": {"fore_aft_mm": 131.2},
            "mirrors": {"left": {"yaw_deg": -30.9}},
            "hud": {"height_mm": 79.0},
        },
        "band_80": {
            "seat": {"fore_aft_mm": [84.0, 178.0]},
            "mirrors": {"left": {"yaw_deg": [-32.2, -29.6]}},
            "hud": {"height_mm": [52.0, 100.0]},
        },
    }
    assert lines(settings_table(recommendation)) == [
        ["Car (Medium car)", "setting", "80 % band"],
        ["Seat fore-aft", "131 mm", "84 to 178 mm"],
        ["Left mirror, sideways", "-30.9°", "-32.2 to -29.6°"],
        ["Head-up display height", "79 mm", "52 to 100 mm"],
    ]
