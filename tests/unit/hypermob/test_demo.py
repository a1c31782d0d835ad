"""The demo's own part: what was typed is checked before anything starts, and tables read well."""

import io
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from chalicelib.answers import LITTLE_EVIDENCE
from chalicelib.errors import Language
from hypermob.demo import Order, main
from hypermob.tables import LENGTHS, lengths_table, notes, settings_table


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
    monkeypatch.setattr("hypermob.demo.SAMPLE", tmp_path / "person.jpg")
    (tmp_path / "me.jpg").touch()
    assert run(monkeypatch, "--photo", str(tmp_path / "me.jpg")) == 1
    assert "HEIGHT" in capsys.readouterr().err


def test_a_folder_is_not_called_missing_and_a_height_in_metres_is_told_in_cm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "--photo", str(tmp_path), "--height", "1.75") == 1
    said = capsys.readouterr().err
    assert f"PHOTO: a folder, not a photo: {tmp_path}" in said
    assert "HEIGHT: expected a number from 100 to 230 (cm), in cm, not m: 175" in said


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


LITTLE, MUCH = LITTLE_EVIDENCE - 0.01, LITTLE_EVIDENCE
TOLD = {
    "evidence": {"upper_arm": LITTLE, "forearm": MUCH, "thigh": 0.0, "arm": 0.3, "leg": 1.0},
    "front": {
        "left_minus_right": {
            name: {"cm": 1.0, "interval_95": [0.0, 2.0], "counted": counted}
            for name, counted in (("upper_arm", "left"), ("thigh", "both"), ("calf", "right"))
        }
    },
    "side": {"visibility": 0.9},
}
SAID = {
    "en": {
        "height": "mostly from the height",
        "left": "left side only: the right one differs too much",
        "right": "right side only: the left one differs too much",
    },
    "ko": {
        "height": "주로 키로 추정",
        "left": "왼쪽만 사용: 오른쪽과 차이가 너무 큼",
        "right": "오른쪽만 사용: 왼쪽과 차이가 너무 큼",
    },
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_length_of_which_the_photo_told_little_or_one_side_says_so(language: Language) -> None:
    measurement = MEASUREMENT | {"quality": TOLD}
    head, *rows = lines(lengths_table(measurement, {"calf": 40.0}, language))
    assert head[-1] == {"en": "note", "ko": "참고"}[language]
    said = SAID[language]
    assert [row[-1] for row in rows] == [
        "",
        said["height"],
        said["left"],  # a second line of the upper arm's
        "",
        said["height"],
        said["right"],
        "",
        said["height"],
        "",
    ]


def test_nothing_is_said_where_nothing_is_to_be_said() -> None:
    told = {"evidence": dict.fromkeys(LENGTHS, MUCH), "front": {"visibility": 0.9}}
    head, *_ = lines(lengths_table(MEASUREMENT | {"quality": told}, {}))
    assert head == ["Body", "cm", "95 % interval"]


def test_of_several_photos_a_side_counts_that_counted_in_one() -> None:
    def photo(counted: str) -> dict[str, Any]:
        return {"left_minus_right": {"thigh": {"counted": counted}}}

    assert list(notes({"front": photo("left"), "front_2": photo("left")}, "thigh")) == ["left"]
    assert list(notes({"front": photo("left"), "front_2": photo("right")}, "thigh")) == []
    assert list(notes({"front": photo("left"), "front_2": photo("both")}, "thigh")) == []


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
