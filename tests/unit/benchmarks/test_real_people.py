"""Checkouts of public collections laid out: made-up folders of the same shape, and no names."""

import csv
import hashlib
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import cv2
import numpy as np
import pytest

from benchmarks.models import real_figures, real_people
from chalicelib.errors import POSE_ADVICE
from hypermob.validation.photos import MEASURED, REFUSALS, REFUSED, sources

NAMES = ("adam", "bert", "carl", "dora")


def picture(path, seed, size=(48, 64)):
    """Blocks of colour: unlike any other seed's, also when it is made small."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.resize(blocks, size, interpolation=cv2.INTER_NEAREST))


def sheet(path, rows):
    """An .xlsx file with shared strings, as spreadsheets write it."""
    strings = list(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, str)))
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [
            f'<c r="{chr(65 + i)}{number}" t="s"><v>{strings.index(cell)}</v></c>'
            if isinstance(cell, str)
            else f'<c r="{chr(65 + i)}{number}"><v>{cell}</v></c>'
            for i, cell in enumerate(row)
        ]
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/sharedStrings.xml", f"<sst {space}>{shared}</sst>")
        file.writestr(
            "xl/worksheets/sheet1.xml",
            f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        )


def laid_out(name, checkout, tmp_path):
    path = real_people.lay_out(name, checkout, tmp_path / "out")
    text = path.read_text("utf-8")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, text


@pytest.fixture
def men(tmp_path):
    """Four men: one by his name, one by a part of it, one by equal figures, one who is left."""
    checkout = tmp_path / "men"
    figures = {name: [30 + i + j / 10 for j in range(11)] for i, name in enumerate(NAMES)}
    head = ["Name", *(f"girth {j}" for j in range(11))]
    sheet(
        (checkout / "Photos").mkdir(parents=True) or checkout / "measurements_file_updated.xlsx",
        [
            [*head, "Height"],
            ["Adam", *figures["adam"], 70],
            ["Old Bert", *figures["bert"], 68],
            ["Nick", *figures["carl"], 72],
            ["Somebody", *figures["dora"], 66],
        ],
    )
    sheet(checkout / "Measurements_file.xlsx", [head, ["carl", *figures["carl"]]])
    photos = checkout / "Photos"
    picture(photos / "Adam" / "1.jpg", 1)
    picture(photos / "Adam" / "2.jpg", 2)
    picture(photos / "bert" / "3.jpg", 3)
    picture(photos / "all_photos" / "adam.jpg", 2)  # a copy
    picture(photos / "all_photos" / "bert.jpg", 4)  # in other clothes
    picture(photos / "all_photos" / "carl.jpg", 5)
    picture(photos / "all_photos" / "dora.jpg", 6)
    picture(photos / "background_remove" / "carl.jpg", 5)
    return checkout


def test_men_are_matched_with_their_heights_and_lose_their_names(men, tmp_path):
    rows, _ = laid_out("men", men, tmp_path)
    assert [(r["person"], float(r["height_cm"]), r["clothes"]) for r in rows] == [
        ("man-01", 177.8, "a"),
        ("man-01", 177.8, "a"),
        ("man-02", 172.7, "a"),
        ("man-02", 172.7, "b"),
        ("man-03", 182.9, "a"),
        ("man-04", 167.6, "a"),
    ]
    assert {(r["sex"], r["expected"], r["height_assumed"]) for r in rows} == {
        ("male", "measured", "")
    }
    columns = [value for r in rows for name, value in r.items() if name != "photo"]
    assert not any(name in value.lower() for value in columns for name in NAMES)


def test_a_folder_without_a_row_is_an_error(men, tmp_path):
    picture(men / "Photos" / "emil" / "7.jpg", 7)
    with pytest.raises(real_people.LayoutError, match="no row of the sheet for 1 of 5"):
        laid_out("men", men, tmp_path)


def test_women_come_with_their_side_photos(tmp_path):
    checkout = tmp_path / "women"
    images = checkout / "data" / "images"
    names = ("9EF02_front_.jpg", "IMG_1928_front_.JPG", "IMG_1928_side_.JPG", "IMG_1930_front_.JPG")
    for seed, name in enumerate(("9EF02_side_.jpg", *names)):
        picture(images / name, seed)
    picture(checkout / "men measurement chart.jpg", 9)
    pairs = "9EF02_front_.jpg 9EF02_side_.jpg 165\nIMG_1928_front_.JPG IMG_1928_side_.JPG 163\n"
    (checkout / "data" / "front_side_pair.txt").write_text(pairs)
    rows, _ = laid_out("women", checkout, tmp_path)
    front = [r for r in rows if r["expected"] == "measured"]
    assert [(r["person"], r["height_cm"], bool(r["side_photo"])) for r in front] == [
        ("woman-1", "165.0", False),
        ("woman-1", "165.0", True),
        ("woman-2", "163.0", False),
        ("woman-2", "163.0", True),
        ("woman-2", "163.0", False),
    ]
    sides = [r for r in rows if r["expected"].endswith("turned_away")]
    assert len(sides) == 2
    assert rows[-1]["expected"] == real_people.NOBODY


def test_street_photos_have_an_assumed_height_and_what_eyes_found(tmp_path, monkeypatch):
    checkout = tmp_path / "street"
    for seed in (1, 2):
        picture(checkout / "photos" / f"000{seed}.jpg", seed)
    digest = hashlib.sha256((checkout / "photos" / "0001.jpg").read_bytes()).hexdigest()
    verdicts = tmp_path / "verdicts.csv"
    verdicts.write_text(
        f"collection,sha256,expected,sex\nstreet,{digest[:16]},POSE_UNSUITABLE,male\n"
    )
    known = real_people.verdicts(verdicts)
    monkeypatch.setattr(real_people, "verdicts", lambda: known)
    one, two = laid_out("street", checkout, tmp_path)[0]
    assert (one["expected"], one["sex"], one["height_cm"]) == ("POSE_UNSUITABLE", "male", "176.0")
    assert (two["expected"], two["sex"], two["height_cm"]) == ("", "", "170.0")
    assert {one["height_assumed"], two["height_assumed"]} == {"yes"}


def test_people_before_a_wall_are_numbered(tmp_path):
    checkout = tmp_path / "lab"
    for seed, name in enumerate(("emil1.jpeg", "emil2.jpeg", "fritz.png")):
        picture(checkout / "sample_data" / "input" / name, seed)
    rows, _ = laid_out("lab", checkout, tmp_path)
    assert [r["person"] for r in rows] == ["lab-1", "lab-1", "lab-2"]


def test_frames_of_cameras_know_how_far_the_camera_looks_down(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkout = tmp_path / "cameras"
    for demo in ("Demo_SinglePerson", "Demo_MultiPerson"):
        folder = checkout / "Pose2Sim" / demo
        (folder / "videos").mkdir(parents=True)
        (folder / "calibration").mkdir()
        (folder / "calibration" / "Calib.qca.txt").write_text(
            '<calibration><cameras><camera serial="cam01">'
            '<transform r13="0.15" r23="0.85" r33="0.5"/>'
            '<intrinsic focalLengthU="90" sensorMaxU="60" sensorMaxV="100"/></camera>'
            "</cameras></calibration>"
        )
        video = cv2.VideoWriter(
            str(folder / "videos" / "cam01.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48)
        )
        for shade in range(0, 100, 10):
            video.write(np.full((48, 64, 3), shade, np.uint8))
        video.release()
    picture(checkout / "Content" / "workflow.jpg", 1)
    rows, _ = laid_out("cameras", checkout, Path())
    frames = [r for r in rows if r["camera_pitch_deg"]]
    assert [r["expected"] for r in frames] == ["POSE_UNSUITABLE"] * 2 + ["SEVERAL_PEOPLE"]
    assert {float(r["camera_pitch_deg"]) for r in frames} == {-30.0}
    known = real_people.known_cameras(folder / "calibration" / "Calib.qca.txt")["cam01"]
    assert known.roll_deg == pytest.approx(-10.0, abs=0.1)
    assert known.focal == pytest.approx(0.9)
    assert all(cv2.imread(str(Path("out") / r["photo"])) is not None for r in frames)
    assert rows[-1]["expected"] == real_people.NOBODY


def test_a_mask_is_nobody_and_a_group_is_several(tmp_path):
    picture(tmp_path / "cut_out" / "sample_images" / "emil.png", 1)
    picture(tmp_path / "cut_out" / "sample_images" / "emil_mask.png", 2)
    rows, _ = laid_out("cut_out", tmp_path / "cut_out", tmp_path)
    assert [r["expected"] for r in rows] == ["measured", real_people.NOBODY]
    picture(tmp_path / "poses" / "examples" / "multi" / "1.jpg", 3)
    picture(tmp_path / "poses" / "examples" / "pose" / "2.jpg", 4)
    picture(tmp_path / "poses" / "assets" / "teaser.png", 5)
    rows, _ = laid_out("poses", tmp_path / "poses", tmp_path)
    assert [r["expected"] for r in rows] == ["SEVERAL_PEOPLE", "", real_people.NOBODY]


def test_all_lays_out_what_is_there_and_says_what_is_not(tmp_path, capsys):
    picture(tmp_path / "all" / "bearpaw+clothing-co-parsing" / "photos" / "0001.jpg", 1)
    out = tmp_path / "laid"
    assert real_people.main(["all", str(tmp_path / "all"), str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out / 'street.csv'}\n"
    assert "women: no checkout of amitbend/body_measure here" in printed.err
    assert len(sources([out])) == 1, "hypermob validate reads the folder"


def test_another_repository_is_one_line(tmp_path, capsys):
    assert real_people.main(["street", str(tmp_path), str(tmp_path / "out")]) == 2
    assert "expected a folder" in capsys.readouterr().err


def test_the_list_of_verdicts_holds_codes_that_exist_and_no_names():
    known = real_people.verdicts()
    assert len(known) > 300
    verdicts = [each for row in known.values() for each in row["expected"].split("|") if each]
    reasons = {f"POSE_UNSUITABLE {reason}" for reason in POSE_ADVICE}
    assert set(verdicts) <= {MEASURED, REFUSED, *REFUSALS, *reasons}
    assert {row["sex"] for row in known.values()} <= {"male", "female", ""}
    assert {row["collection"] for row in known.values()} <= set(real_people.COLLECTIONS)
    assert all(len(digest) == 16 and int(digest, 16) for digest in known)
    good = [row for row in known.values() if row["expected"] == MEASURED]
    assert len(good) > 60


def test_figures_become_a_section_of_markdown():
    counted = {"bad_measured": {"NO_PERSON | SEVERAL_PEOPLE": 1}, "bad": 2, "good": 1}
    empty = {"refused": {}, "not_tried": {}, "good_refused": {}, "bad_other_code": {}}
    answers = {"men": {"photos": 3, "measured": 2, **empty, **counted}}
    section = real_figures.section({"answers": answers, "groups": {}})
    assert section.startswith("**Measured and refused**\n\n| collection | photos |")
    assert "1 of 2: 1 NO_PERSON \\| SEVERAL_PEOPLE" in section
