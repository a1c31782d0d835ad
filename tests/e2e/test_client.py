"""The Python client against the running stack, as an app's back end uses it."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from chalicelib.answers import Done
from chalicelib.errors import (
    DriverDeletedError,
    ForbiddenError,
    InvalidInputError,
    NoPersonError,
    NotFoundError,
    UnsupportedImageError,
)
from hypermob_client import AsyncClient, Client
from local.config import REPOSITORY
from local.stack import LocalStack
from tests.e2e.client import SAMPLE, people

LENGTHS = {
    "height": 175,
    "upper_arm": 32,
    "forearm": 25.5,
    "thigh": 42,
    "calf": 41,
    "torso": 51,
}


@pytest.fixture
def hypermob(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Client]:
    user_id = request.node.originalname.removeprefix("test_")[:64]
    with Client(stack.url, stack.api_key, user_id=user_id) as client:
        yield client


def test_a_photo_becomes_settings_and_can_be_forgotten(hypermob: Client, height_cm: float) -> None:
    fitted = hypermob.fit(SAMPLE, height_cm=height_cm, vehicle="medium_suv", drive_side="right")
    assert fitted.recommendation.vehicle == "medium_suv"
    assert fitted.recommendation.drive_side == "right"
    low, high = fitted.recommendation.band_80.seat.fore_aft_mm
    assert low <= fitted.recommendation.settings.seat.fore_aft_mm <= high
    measured = fitted.measurement
    assert hypermob.overlay(measured).startswith(b"\xff\xd8")
    assert isinstance(hypermob.measurement(measured.measurement_id), Done)
    hypermob.delete(measured.measurement_id)
    with pytest.raises(NotFoundError):
        hypermob.measurement(measured.measurement_id)


def test_measured_lengths_fit_any_car(hypermob: Client, photo: bytes, height_cm: float) -> None:
    measured = hypermob.measure(photo, height_cm=height_cm, sex="female")
    assert measured.segments.height_cm == height_cm
    assert measured.segments.sex == "female"
    for vehicle in ("minivan", "sports"):
        assert hypermob.recommend(measured.segments, vehicle=vehicle).vehicle == vehicle
    relaxed = hypermob.recommend(measured.segments, posture="relaxed", drawing="ko")
    assert relaxed.drawing is not None
    assert relaxed.drawing.startswith("<svg")
    kept = hypermob.transfer(
        measured.segments, relaxed.settings, from_vehicle="medium_car", to_vehicle="minivan"
    )
    assert kept.vehicle == "minivan"
    assert kept.angles_before_deg["knee"] > 90
    assert {"minivan", "sports"} <= hypermob.vehicles().vehicles.keys()


def test_a_side_photo_narrows_the_intervals(hypermob: Client) -> None:
    (truth, front), *_ = [each for each in people(None) if each[0]["file"] == "front-8.jpg"]
    (_, side), *_ = [each for each in people(None) if each[0]["file"] == "side-8.jpg"]
    height_cm = truth["height_cm"]
    alone = hypermob.measure(front, height_cm=height_cm)
    both = hypermob.measure(front, height_cm=height_cm, side_photo=side)
    assert alone.quality.side is None
    assert both.quality.side is not None
    assert set(both.quality.evidence or {}) == set(both.interval_95)
    widths = [sum(high - low for low, high in each.interval_95.values()) for each in (alone, both)]
    assert widths[1] < widths[0]


def test_refusals_are_typed_and_say_what_to_do(hypermob: Client, tmp_path: Path) -> None:
    empty = people("NO_PERSON")[0][1]
    with pytest.raises(NoPersonError, match="Take a bright photo"):
        hypermob.measure(empty, height_cm=170)
    with pytest.raises(InvalidInputError) as refused:
        hypermob.recommend({**LENGTHS, "height": 20, "thigh": None})
    assert {problem.field for problem in refused.value.problems} == {"height", "thigh"}
    with pytest.raises(UnsupportedImageError):
        hypermob.measure(b"no photo", height_cm=170)
    with pytest.raises(FileNotFoundError):
        hypermob.measure(tmp_path / "none.jpg", height_cm=170)


def test_a_wrong_key_is_said_in_the_users_language(stack: LocalStack) -> None:
    with (
        Client(stack.url, "wrong", language="ko") as client,
        pytest.raises(ForbiddenError) as refused,
    ):
        client.vehicles()
    assert refused.value.details["request_id"]
    assert "API 키" in refused.value.message("ko")


def test_photos_that_are_sent_at_once_get_the_same_lengths(
    stack: LocalStack, height_cm: float
) -> None:
    async def three() -> list[float]:
        async with AsyncClient(stack.url, stack.api_key, user_id="several") as client:
            assert (await client.health(deep=True)).deep
            assert "sports" in (await client.vehicles()).vehicles
            calls = (client.fit(SAMPLE, height_cm=height_cm) for _ in range(3))
            fitted = await asyncio.gather(*calls)
            state = await client.measurement(fitted[0].measurement.measurement_id)
            assert isinstance(state, Done)
            assert (await client.overlay(state.measurement)).startswith(b"\xff\xd8")
            await client.delete(fitted[0].measurement.measurement_id)
            measured = await client.measure(SAMPLE, height_cm=height_cm)
            recommended = await client.recommend(measured.segments)
            assert recommended.settings == fitted[0].recommendation.settings
            return [each.measurement.arm_cm for each in fitted]

    assert len(set(asyncio.run(three()))) == 1


def test_the_readmes_snippet_runs(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(REPOSITORY)
    assert '"http://127.0.0.1:8000", "my-key"' in snippet
    pointed = snippet.replace(
        '"http://127.0.0.1:8000", "my-key"', f"{stack.url!r}, {stack.api_key!r}"
    )
    exec(pointed, {})  # as the reader would paste it
    said = capsys.readouterr().out
    assert "Segments(height_cm=" in said
    assert "Seat(fore_aft_mm=" in said


def test_the_command_line_has_an_api_do_it(
    stack: LocalStack, tmp_path: Path, height_cm: float
) -> None:
    def hypermob(*arguments: str | Path) -> tuple[int, str, str]:
        done = subprocess.run(
            [Path(sys.executable).with_name("hypermob"), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "HYPERMOB_API": stack.url, "HYPERMOB_API_KEY": stack.api_key},
        )
        return done.returncode, done.stdout, done.stderr

    overlay = tmp_path / "overlay.jpg"
    code, out, err = hypermob(
        *("fit", SAMPLE, "--height", f"{height_cm}", "--vehicle", "minivan", "--json"),
        *("--overlay", overlay),
    )
    assert code == 0, err
    document = json.loads(out)
    assert document["measurement"]["measurement_id"]
    assert document["recommendation"]["vehicle"] == "minivan"
    assert overlay.read_bytes().startswith(b"\xff\xd8")

    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(document))
    for asked in (
        ("transfer", kept, "--to", "small_car", "--drive-side", "right", "--json"),
        ("recommend", kept, "--drive-side", "right", "--json"),
        ("recommend", "--height=175", "--estimate-missing", "--drive-side=right", "--json"),
    ):
        code, there, err = hypermob(*asked)
        assert code == 0, err
        # The same as in this process: numbers to the last digit, in whatever order of names.
        here = subprocess.run(
            [Path(sys.executable).with_name("hypermob"), *asked], capture_output=True, check=True
        ).stdout
        assert json.loads(there) == json.loads(here)
        assert json.loads(there)["drive_side"] == "right"

    people_csv = tmp_path / "people.csv"
    rows = [f"{SAMPLE},{height_cm}", f"{SAMPLE},70", f"{tmp_path}/none.jpg,170"]
    people_csv.write_text("\n".join(["photo,height_cm", *rows]))
    code, out, _ = hypermob("batch", people_csv, "-j", "3")
    assert code == 1
    lines = [json.loads(line) for line in out.splitlines()]
    alone = {**lines[0]["segments"], "vehicle": "minivan"}
    assert alone == document["measurement"]["segments"]
    assert [line["error"]["code"] for line in lines[1:]] == ["INVALID_INPUT", "IMAGE_NOT_FOUND"]

    page = tmp_path / "validation.html"
    code, out, _ = hypermob("validate", people_csv, "-j", "3", "--json", "--report", page)
    assert code == 1
    assert json.loads(out)["rows"][0]["segments"] == lines[0]["segments"]
    assert page.read_text("utf-8").count("data:image/jpeg;base64,") == 1

    code, _, err = hypermob("vehicles", "--key", "wrong")
    assert code == 1
    assert err.startswith("FORBIDDEN: ")
    code, out, err = hypermob("measure", SAMPLE, "--height", "170", "--again", SAMPLE, "--json")
    assert code == 0, err
    assert json.loads(out)["quality"]["front_2"]["photo_px"]


def test_a_driver_tells_and_the_next_car_follows(stack: LocalStack) -> None:
    body = {"height": 175.0, "estimate_missing": True}
    with Client(stack.url, stack.api_key, user_id="who-tells") as client:
        was = client.recommend(body, vehicle="minivan").settings.seat.fore_aft_mm
        mine = msgspec.to_builtins(client.recommend(body).settings)
        mine["seat"]["fore_aft_mm"] += 30.0
        assert client.tell(mine, vehicle="medium_car").tellings == 1
        own = client.recommend(body, vehicle="minivan", personal=True)
        assert own.settings.seat.fore_aft_mm > was + 15.0
        assert own.personal is not None
        assert own.personal.tellings == 1
        assert len(client.driver_settings().tellings) == 1
        client.forget()
        with pytest.raises(DriverDeletedError):
            client.tell(mine, vehicle="medium_car")
