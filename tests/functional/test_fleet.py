"""``hypermob drivers export`` writes what ``python -m training.carfit --kept`` reads."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chalicelib import openapi
from chalicelib.carfit.model import bundled_model
from chalicelib.settings import settings
from chalicelib.storage import MEASUREMENT, Owner, Storage
from hypermob.__main__ import main
from tests.functional.conftest import Api
from training.carfit import kept

LENGTHS = {"upper_arm": 31.0, "forearm": 26.0, "thigh": 44.0, "calf": 41.0, "torso": 51.0}


def tell(api: Api, user: str, *, consent: bool) -> None:
    telling = openapi.TELLING_REQUEST | {"fleet_consent": consent}
    status, answer = api.call("POST", f"/drivers/{user}/settings", telling)
    assert status == 200, answer


def measure(user: str, number: int, height: float) -> None:
    segments = {"user_id": user, "height": height, "sex": "female", "drawing": "en", **LENGTHS}
    Storage(settings()).write_result(
        Owner(user, f"{number:032x}"), MEASUREMENT, {"segments": segments}
    )


@pytest.fixture
def fleet(api: Api) -> None:
    """kim may be learned from; lee does not consent, park has no body, choi was deleted."""
    for user in ("kim", "kim-2", "lee", "park", "choi"):
        tell(api, user, consent=user != "lee")
    assert api.call("DELETE", "/drivers/choi/settings")[0] == 200
    measure("kim", 2, 170.0)
    time.sleep(1.1)  # S3 tells times in whole seconds
    measure("kim", 1, 168.0)  # the newest, though its id is the smaller
    measure("kim-2", 3, 181.0)
    for user in ("lee", "choi", "never-told"):
        measure(user, 4, 175.0)


def test_drivers_who_consented_are_exported_with_their_newest_body(
    fleet: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kept.jsonl"
    assert main(["drivers", "export", str(out), "--bucket", settings().results_bucket]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(line["body"]["height"] for line in lines) == [168.0, 181.0]
    for line in lines:
        assert line["body"] == LENGTHS | {"height": line["body"]["height"], "sex": "female"}
        assert (line["consent"], len(line["tellings"])) == (True, 1)
    assert "kim" not in out.read_text()
    assert capsys.readouterr().out == (
        "2 drivers written. Left out: 1 without consent, 1 without a measurement.\n"
    )


def test_the_training_reads_every_line(
    fleet: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "kept.jsonl"
    main(["drivers", "export", str(out)])
    monkeypatch.setattr(kept, "LEAST_DRIVERS", 2)
    read = kept.read(out, bundled_model())
    assert sorted(driver.body.height_cm for driver in read) == [168.0, 181.0]


def test_a_bucket_that_is_not_there_is_named(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drivers", "export", str(tmp_path / "k"), "--bucket", "no-such-bucket"]) == 2
    assert "NoSuchBucket" in capsys.readouterr().err


def test_the_command_line_starts_where_there_is_no_fcntl() -> None:
    """As on Windows."""
    code = "import sys; sys.modules['fcntl'] = None; import hypermob.__main__"
    subprocess.run([sys.executable, "-c", code], check=True)
