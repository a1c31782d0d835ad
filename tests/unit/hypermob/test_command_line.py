"""The command line as a person and a program use it: real photos, and the installed script where
processes, pipes and MediaPipe's own lines matter."""

import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import msgspec
import pytest

from chalicelib import contracts
from hypermob.__main__ import main
from hypermob.report import Report

ROOT = Path(__file__).parents[3]
PEOPLE = ROOT / "tests" / "fixtures" / "people"
SCRIPT = Path(sys.executable).with_name("hypermob")
SEGMENTS = {"height", "upper_arm", "forearm", "thigh", "calf", "torso"}


def script(*arguments, cwd=ROOT):
    """Run the installed script; its exit code and what it wrote."""
    done = subprocess.run(
        [SCRIPT, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, check=False
    )
    return done.returncode, done.stdout, done.stderr


def hypermob(*arguments, stdin=""):
    """Run the same in this process, which has the models loaded."""
    out, err = io.StringIO(), io.StringIO()
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(sys, "stdin", io.StringIO(stdin))
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse
            code = ended.code
    return code, out.getvalue(), err.getvalue()


def test_measure_prints_a_table_and_writes_the_overlay(tmp_path):
    overlay = tmp_path / "out.jpg"
    code, out, err = script(
        "measure", PEOPLE / "front-8.jpg", "--height", 158.2, "--overlay", overlay
    )
    assert (code, err) == (0, ""), "MediaPipe's own lines are for nobody"
    assert "Upper arm" in out
    assert overlay.read_bytes().startswith(b"\xff\xd8")


def test_measure_as_json_is_one_document():
    side = PEOPLE / "side-8.jpg"
    code, out, _ = hypermob(
        "measure", PEOPLE / "front-8.jpg", "--height", 158.2, "--side", side, "--json"
    )
    document = json.loads(out)
    assert code == 0
    assert set(document["segments"]) == SEGMENTS
    assert set(document["quality"]) == {"front", "side", "evidence"}
    assert set(document["quality"]["evidence"]) == {*SEGMENTS - {"height"}, "arm", "leg"}
    low, high = document["interval_95"]["leg"]
    assert low < document["segments"]["thigh"] + document["segments"]["calf"] < high


def test_measure_takes_a_second_front_photo_and_what_the_phone_told():
    def half_widths(*more):
        photo = PEOPLE / "front-1.jpg"
        code, out, _ = hypermob("measure", photo, "--height", 172.6, "--json", *more)
        assert code == 0
        document = json.loads(out)
        intervals = document["interval_95"]
        return document, [high - low for low, high in intervals.values()]

    _, alone = half_widths()
    _, pitched = half_widths("--pitch", -13.2, "--sex", "female", "--weight", 68)
    document, twice = half_widths("--again", PEOPLE / "front-1.jpg", "--again-pitch", -13.2)
    assert set(document["quality"]) == {"front", "front_2", "evidence"}
    assert document["quality"]["front_2"]["pitch_known"]
    assert sum(pitched) < sum(alone)
    assert sum(twice) < sum(alone)


@pytest.mark.parametrize(
    ("photo", "height_cm", "code"),
    [
        ("two_people-5.jpg", "170", "SEVERAL_PEOPLE"),
        ("front-8.jpg", "70", "INVALID_INPUT"),
        ("front-8.jpg", "nan", "INVALID_INPUT"),
        ("nobody.jpg", "170", "IMAGE_NOT_FOUND"),
        ("truth.jsonl", "170", "UNSUPPORTED_IMAGE"),
    ],
)
def test_a_refusal_is_one_typed_line_and_exit_code_1(photo, height_cm, code):
    status, out, err = hypermob("measure", PEOPLE / photo, "--height", height_cm)
    assert (status, out) == (1, "")
    assert re.fullmatch(f"{code}: .+\n", err)
    status, out, _ = hypermob("measure", PEOPLE / photo, "--height", height_cm, "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == code


def test_a_height_and_a_sex_are_taken_as_people_type_them():
    asked = ("recommend", "--estimate-missing", "--json")
    typed = hypermob(*asked, "--height", "175,5", "--sex", "Male")
    assert typed[0] == 0
    assert typed == hypermob(*asked, "--height", "175.5", "--sex", "male")
    code, out, _ = hypermob(*asked, "--height", "1.755")
    assert code == 1
    assert "in cm, not m: 175.5" in out
    code, _, err = hypermob(*asked, "--height", "tall")
    assert code == 2
    assert "a number such as 175 or 175.5" in err


@pytest.mark.parametrize(
    ("photo", "code", "advice"),
    [
        ("front-8.jpg", "POSE_UNSUITABLE", "from the side"),
        ("two_people-5.jpg", "SEVERAL_PEOPLE", "nobody else"),
    ],
)
def test_a_refused_side_photo_is_named_and_not_told_to_face_the_camera(photo, code, advice):
    arguments = ("measure", PEOPLE / "front-8.jpg", "--height", 158.2, "--side", PEOPLE / photo)
    status, _, err = hypermob(*arguments)
    assert status == 1
    assert err.startswith(f"{code}: Side photo: ")
    assert advice in err
    assert "facing" not in err
    refused = json.loads(hypermob(*arguments, "--json", "--language", "ko")[1])["error"]
    assert refused["field"] == "side_image_url"
    assert refused["message"].startswith("옆모습 사진: ")


def test_a_refused_second_front_photo_is_named_and_the_first_is_not():
    good, bad, side = (PEOPLE / f"{name}.jpg" for name in ("front-8", "two_people-5", "side-8"))
    asked = ("--height", 158.2, "--side", side, "--again", good, "--again")
    code, _, err = hypermob("measure", good, *asked, bad)
    assert code == 1
    assert err.startswith(f"SEVERAL_PEOPLE: {bad}: More than one")
    refused = json.loads(hypermob("measure", good, *asked, bad, "--json")[1])["error"]
    assert (refused["field"], refused["path"]) == ("again", str(bad))
    code, _, err = hypermob("measure", bad, *asked, side)
    assert code == 1
    assert err.startswith("SEVERAL_PEOPLE: More than one")


def test_help_is_quick_to_read_and_shows_examples():
    code, out, err = script("--help")
    assert code == 0
    assert "hypermob batch people.csv" in out
    assert err == ""


@pytest.mark.parametrize("processes", [1, 2])
def test_batch_answers_every_row_in_order(tmp_path, processes):
    people = tmp_path / "people.csv"
    rows = [
        ("front-8.jpg", "158.2", "side-8.jpg", "female", "", "-2.6"),
        ("two_people-5.jpg", "170", "", "", "", ""),
        ("front-7.jpg", "tall", "", "", "", ""),
        ("missing.jpg", "170", "", "", "", ""),
        ("front-1.jpg", "172.5", "", "", "68.8", ""),
    ]
    lines = [
        "photo,height_cm,side_photo,sex,weight_kg,device_pitch_deg",
        *(",".join(row) for row in rows),
    ]
    people.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    for name in ("front-8.jpg", "side-8.jpg", "two_people-5.jpg", "front-7.jpg", "front-1.jpg"):
        (tmp_path / name).write_bytes((PEOPLE / name).read_bytes())
    code, out, err = script("batch", people, "-j", processes, cwd=ROOT.parent)
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [a["photo"] for a in answers] == [row[0] for row in rows]
    codes = [a["error"]["code"] if a["status"] == "error" else None for a in answers]
    assert codes == [None, "SEVERAL_PEOPLE", "INVALID_INPUT", "IMAGE_NOT_FOUND", None]
    assert set(answers[0]["quality"]) == {"front", "side", "evidence"}
    assert set(answers[4]["segments"]) == SEGMENTS
    assert "5/5" in err
    assert "3 of the rows" in err


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "photo: a column"),
        (b"name,height_cm\n", "photo: a column"),
        (b"photo\na.jpg\n", "height_cm: a column"),
        ("photo,height_cm\n김.jpg,170\n".encode("cp949"), "people.csv: a CSV file in UTF-8"),
    ],
)
def test_a_table_that_is_none_or_lacks_a_column_is_refused(tmp_path, content, named):
    people = tmp_path / "people.csv"
    people.write_bytes(content)
    code, out, err = hypermob("batch", people)
    assert (code, out) == (1, "")
    assert re.fullmatch(f"INVALID_INPUT: .*{named}.*\n", err)


def test_a_row_of_nonsense_stops_no_other(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("photo,height_cm\na\0.jpg,170\nnone.jpg,170,more,cells\n,\nnone.jpg,170\n")
    code, out, _ = hypermob("batch", people)
    codes = [json.loads(line)["error"]["code"] for line in out.splitlines()]
    assert code == 1
    assert codes == ["IMAGE_NOT_FOUND", "INVALID_INPUT", "INVALID_INPUT", "IMAGE_NOT_FOUND"]


def test_a_reader_that_has_enough_is_no_mistake(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("photo,height_cm\n" + "none.jpg,170\n" * 300)
    command = [SCRIPT, "batch", people]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as batch:
        assert batch.stdout.readline()
        batch.stdout.close()
        assert b"Broken pipe" not in batch.stderr.read()
    assert batch.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [("--print-completion", "bash"), ("cost", "--requests=1", "--measure-seconds=1", "--json")],
)
def test_a_reader_that_is_gone_is_no_mistake_of_any_command(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [SCRIPT, *arguments],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # as in a shell: written at the end
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_table_in_another_encoding_is_refused(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("photo,height_cm\n사진.jpg,175\n", encoding="cp949")  # as Korean Excel does
    code, out, err = hypermob("batch", people, "--language", "ko")
    assert (code, out) == (1, "")
    assert re.fullmatch("INVALID_INPUT: .*people.csv: .*UTF-8.*\n", err)


@pytest.mark.parametrize("processes", [1, 2])
def test_cells_beyond_the_header_stop_nothing_and_the_answers_speak_korean(tmp_path, processes):
    people = tmp_path / "people.csv"
    people.write_text("photo,height_cm\nnone.jpg,175,,\nnone.jpg\n")
    code, out, err = script("batch", people, "--language", "ko", "-j", processes)
    errors = [json.loads(line)["error"] for line in out.splitlines()]
    assert code == 1
    assert [error["code"] for error in errors] == ["IMAGE_NOT_FOUND", "INVALID_INPUT"]
    assert all(re.search("[가-힣]", error["message"]) for error in errors)
    assert err.endswith("2개 행을 측정하지 못했습니다\n")


def test_a_table_that_is_not_there_is_said(tmp_path):
    code, _, err = hypermob("batch", tmp_path / "none.csv")
    assert code == 2
    assert "none.csv" in err


def test_fit_prints_both_tables_and_writes_one_page_that_needs_no_network(tmp_path):
    report = tmp_path / "out.html"
    photo = PEOPLE / "front-8.jpg"
    code, out, _ = hypermob(
        "fit", photo, "--height", 158.2, "--vehicle", "medium_suv", "--report", report
    )
    assert code == 0
    assert "Upper arm" in out
    assert "Seat fore-aft" in out
    page = report.read_text("utf-8")
    assert "data:image/jpeg;base64," in page
    assert "Seat fore-aft" in page
    assert "Settings: Medium SUV" in page
    assert "the knee bends" in page
    assert "<svg" in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


def test_a_measurement_can_be_piped_into_recommend(tmp_path):
    code, measured, _ = hypermob("measure", PEOPLE / "front-8.jpg", "--height", 158.2, "--json")
    assert code == 0
    command = [SCRIPT, "recommend", "-", "--vehicle", "minivan", "--json"]
    done = subprocess.run(command, input=measured, capture_output=True, text=True, check=True)
    piped = json.loads(done.stdout)
    assert piped["vehicle"] == "minivan"
    saved = tmp_path / "me.json"
    saved.write_text(measured)
    code, out, _ = hypermob("recommend", saved, "--vehicle", "minivan", "--json")
    assert json.loads(out) == piped
    code, out, _ = hypermob("recommend", saved, "--height", 190, "--json")
    assert json.loads(out)["settings"] != piped["settings"]


@pytest.mark.parametrize("command", [("recommend", "-"), ("transfer", "-", "--to", "minivan")])
@pytest.mark.parametrize(("photo", "height_cm"), [("none.jpg", 158), ("front-8.jpg", 1.58)])
def test_a_refusal_goes_through_the_pipe(command, photo, height_cm):
    asked = ("--height", height_cm, "--language", "ko", "--json")
    code, refused, _ = hypermob("measure", PEOPLE / photo, *asked)
    assert code == 1
    error = json.loads(refused)["error"]

    assert hypermob(*command, stdin=refused) == (1, "", f"{error['code']}: {error['message']}\n")
    code, out, _ = hypermob(*command, "--json", stdin=refused)
    assert (code, json.loads(out)["error"]) == (1, error)


LENGTHS = "--height 175 --upper-arm 32 --forearm 25.5 --thigh 42 --calf 41 --torso 51".split()  # noqa: SIM905


def test_recommend_takes_lengths_and_prints_settings():
    code, out, _ = hypermob("recommend", *LENGTHS, "--drive-side", "right")
    assert code == 0
    assert "Steering wheel reach" in out
    code, out, err = hypermob("recommend", *LENGTHS[:-2])
    assert (code, out) == (1, "")
    assert err.startswith("INVALID_INPUT: ")
    assert "torso: is required" in err
    estimated = (*LENGTHS[:-2], "--estimate-missing", "--posture", "relaxed", "--json")
    code, out, _ = hypermob("recommend", *estimated)
    assert json.loads(out)["body"]["estimated"] == ["torso"]


def test_what_is_kept_in_one_car_is_carried_to_another(tmp_path):
    def kept_in(document):
        saved = tmp_path / "kept.json"
        saved.write_text(json.dumps(document))
        return saved

    photo = PEOPLE / "front-8.jpg"
    _, out, _ = hypermob("fit", photo, "--height", 158.2, "--vehicle", "small_car", "--json")
    fitted = json.loads(out)
    code, out, err = hypermob("transfer", kept_in(fitted), "--to", "minivan", "--json")
    assert (code, err) == (0, "")
    usual = json.loads(out)
    assert usual["vehicle"] == "minivan"
    before, after = usual["angles_before_deg"], usual["posture"]["angles_deg"]
    assert after["knee"] == pytest.approx(before["knee"], abs=3)
    fitted["recommendation"]["settings"]["seat"]["fore_aft_mm"] += 20
    _, out, _ = hypermob("transfer", kept_in(fitted), "--to", "minivan", "--json")
    further = json.loads(out)["settings"]["seat"]["fore_aft_mm"]
    assert further - usual["settings"]["seat"]["fore_aft_mm"] == pytest.approx(20, abs=8)

    _, out, _ = hypermob("recommend", *LENGTHS, "--vehicle", "small_car", "--json")
    alone = kept_in(json.loads(out))
    code, out, _ = hypermob("transfer", alone, "--to", "commercial_van")
    assert code == 0
    assert "Commercial van" in out
    without = json.loads(alone.read_text())
    del without["body"]
    code, out, err = hypermob("transfer", kept_in(without), "--to", "commercial_van")
    assert (code, out) == (1, "")
    assert "torso: is required" in err
    code, _, err = hypermob("transfer", alone, *LENGTHS, "--to", "minivan", "--from", "tank")
    assert code == 1
    assert "from_vehicle: expected one of" in err


def test_the_command_line_takes_the_fields_of_the_api():
    """Each field of a request is an option of its command; what is left out says why."""
    not_here = {
        "user_id",  # one user: oneself
        "drawing",  # fit's --report draws
        "settings",  # in FILE
    }
    for command, request in (
        ("fit", contracts.AboutDriver),
        ("recommend", contracts.RecommendRequest),
        ("transfer", contracts.TransferRequest),
    ):
        _, helped, _ = hypermob(command, "--help")
        named = {
            "height_cm": "height",
            "weight_kg": "weight",
            "age_years": "age",
            "from_vehicle": "from",
            "to_vehicle": "to",
        }
        for field in msgspec.structs.fields(request):
            if field.name not in not_here:
                option = named.get(field.name, field.name).replace("_", "-")
                assert f"--{option}" in helped, (command, field.name)


def test_weight_and_age_that_are_told_change_the_answer():
    _, plain, _ = hypermob("recommend", *LENGTHS, "--json")
    _, heavy, _ = hypermob("recommend", *LENGTHS, "--weight", 120, "--age", 70, "--json")
    assert json.loads(plain)["settings"] != json.loads(heavy)["settings"]


def test_a_packaging_engineer_sees_whom_a_car_fits(tmp_path):
    page, own = tmp_path / "out.html", tmp_path / "own.json"
    asked = ("accommodate", "--drivers", 60, "--json")
    code, out, err = hypermob(*asked, "--vehicle", "minivan", "--report", page)
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts["drivers"] == 60
    assert 0.0 <= facts["accommodated"] <= 1.0
    shown = page.read_text("utf-8")
    assert "<svg" in shown and "SgRP" in shown and f"{facts['accommodated']:.1%}" in shown
    # A travel without an end has every wish within it.
    own.write_text('{"base": "minivan", "seat_front_x_mm": 600, "seat_travel_mm": 500}')
    _, out, _ = hypermob(*asked, "--vehicle", own)
    assert json.loads(out)["travels"]["seat.fore_aft_mm"]["accommodated"] == 1.0
    own.write_text('{"base": "minivan", "seat_travel_mm": -5}')
    code, _, err = hypermob("accommodate", "--vehicle", own)
    assert code == 1 and "seat_travel_mm" in err


def test_people_are_answered_in_korean_when_they_ask(tmp_path):
    page = tmp_path / "out.html"
    asked = ("--height", 158.2, "--language", "ko")
    code, out, _ = hypermob("fit", PEOPLE / "front-8.jpg", *asked, "--report", page)
    assert code == 0
    shown = re.sub('<style>.*?</style>|base64,[^"]*', "", page.read_text("utf-8"), flags=re.DOTALL)
    for words in ("위팔", "좌석 앞뒤 위치", "중형차"):
        assert words in out
        assert words in shown
    assert 'lang="ko"' in shown
    assert not re.findall(r"[A-Za-z]{4,} [a-z]{3,}", re.sub("<[^>]*>", " ", shown))
    code, _, err = hypermob("measure", PEOPLE / "two_people-5.jpg", *asked)
    assert code == 1
    assert re.fullmatch("SEVERAL_PEOPLE: .*[가-힣].*\n", err)


def test_vehicles_are_listed_in_both_languages_and_as_json():
    code, out, _ = hypermob("vehicles")
    assert code == 0
    assert "minivan" in out
    assert "한국어" in out
    assert "seat above" in out
    code, out, _ = hypermob("vehicles", "--language", "ko")
    assert code == 0
    assert "좌석" in out
    assert not re.search("seat|Vehicle", out)
    _, document, _ = hypermob("vehicles", "--json")
    vehicles = json.loads(document)["vehicles"]
    assert vehicles["minivan"]["figures"]["h30_mm"]["value"] > 0
    assert [name for name in vehicles if f" {name} " not in out] == [], "they are to be typed"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["fit", PEOPLE / "front-8.jpg", "--height", 158, "--vehicle", "tank"], "--vehicle"),
        (["recommend", "none.json"], "none.json"),
        (["transfer", "none.json", "--to", "minivan"], "none.json"),
        (["transfer", PEOPLE / "truth.jsonl", "--to", "minivan"], "truth.jsonl"),
        (["vehicles", "--api", "http://127.0.0.1:9"], "--key"),
        (["measure", PEOPLE / "front-8.jpg", "--height", 158, "--overlay", "/no/x.jpg"], "--over"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(arguments, named):
    code, out, err = hypermob(*arguments)
    assert (code, out) == (1, "")
    assert [
        line for line in err.splitlines() if line.startswith("INVALID_INPUT: ") and named in line
    ]


def test_an_api_that_is_not_there_has_an_exit_code_of_its_own():
    code, out, err = hypermob("vehicles", "--api", "http://127.0.0.1:9", "--key", "k")
    assert (code, out) == (3, "")
    assert err.startswith("UNREACHABLE: http://127.0.0.1:9 cannot be reached")


def test_an_api_that_is_no_address_is_a_misuse():
    asked = ("measure", PEOPLE / "front-8.jpg", "--height", 158, "--api", "nonsense", "--key", "k")
    code, out, err = hypermob(*asked)
    assert (code, out) == (2, "")
    assert re.fullmatch("INVALID_ADDRESS: nonsense is not .* http:// or https://.*\n", err)
    code, out, _ = hypermob(*asked, "--json", "--language", "ko")
    assert code == 2
    assert json.loads(out)["error"]["address"] == "nonsense"


def test_shells_can_complete_the_commands():
    for shell in ("bash", "zsh"):
        code, out, _ = hypermob("--print-completion", shell)
        assert code == 0
        assert "recommend" in out
        assert "--overlay" in out


def test_a_report_shows_in_a_notebook_and_lets_no_markup_in():
    recommendation = {
        "vehicle": "<script>",
        "settings": {"seat": {"fore_aft_mm": 120.0}},
        "band_80": {"seat": {"fore_aft_mm": (80.0, 160.0)}},
        "reasons": {"seat": {"fore_aft_mm": {"en": "A <b>reason</b>.", "ko": "이유"}}},
        "warnings": [{"message": {"en": "A <b>note</b>."}}],
    }
    segments = dict.fromkeys(SEGMENTS, 40.0)
    measurement = {"segments": segments, "interval_95": {"calf": (38.0, 42.0)}}
    shown = Report(measurement, recommendation, b"jpeg", "<svg/>")._repr_html_()
    assert "120 mm" in shown
    assert "80 to 160 mm" in shown
    assert "38.0 to 42.0 cm" in shown
    assert "<script>" not in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("language", "height", "side", "why"),
    [
        ("en", "mostly from the height", "right side only", "close to what people of that height"),
        ("ko", "주로 키로 추정", "오른쪽만 사용", "그 키의 사람들 평균에 가까운"),
    ],
)
def test_the_report_says_where_the_photo_told_little_and_why(language, height, side, why):
    nothing = {"vehicle": "medium_suv", "settings": {}, "band_80": {}, "reasons": {}}
    counted = {"calf": {"counted": "right"}}
    measurement = {"segments": dict.fromkeys(SEGMENTS, 40.0), "interval_95": {}}

    def shown(**evidence):
        quality = {"evidence": evidence, "front": {"left_minus_right": counted}}
        recommendation = nothing | {"warnings": []}
        return Report(measurement | {"quality": quality}, recommendation, b"", "", language).html()

    little, much = shown(thigh=0.1, calf=0.9), shown(thigh=0.9, calf=0.9)
    assert little.count(f"<small>{height}</small>") == 1
    assert why in little
    assert height not in much
    assert why not in much
    assert little.count(f"<small>{side}: ") == much.count(f"<small>{side}: ") == 1


@pytest.mark.parametrize("command", ["batch", "validate"])
@pytest.mark.parametrize("workers", ["0", "-1", "1.5", "two"])
def test_no_number_of_workers_is_named(command, workers):
    code, _, err = hypermob(command, "people.csv", f"-j={workers}")
    assert code == 2
    assert "a whole number from 1" in err
