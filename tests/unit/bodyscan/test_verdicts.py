"""Every committed photo is measured, or refused with an answer that is right for what it shows."""

import json
from pathlib import Path

import msgspec
import pytest

from bodyscan import lengths, scan
from chalicelib.answers import Mark
from chalicelib.errors import HypermobError

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "container/models/pose_landmarker_full.task"
PEOPLE = ROOT / "tests/fixtures/people"
TRUTHS = [json.loads(line) for line in (PEOPLE / "truth.jsonl").read_text().splitlines()]


NO_PLACE = {"NO_PERSON", "UNSUPPORTED_IMAGE", "PERSON_TOO_SMALL"}
"""Nobody was found, or only in a part of the photo: there may be nothing to draw."""


def verdict(truth: dict) -> tuple[str | None, str]:
    """Code (None: measured) and reason that the photo is answered with."""
    view = "side" if truth["kind"] == "side" else "front"
    try:
        found = scan.look((PEOPLE / truth["file"]).read_bytes(), view, MODEL)
        if view == "front":  # a side photo alone is never measured
            lengths.estimate([found.observation], float(truth.get("height_cm", 170)))
    except HypermobError as error:
        marks = msgspec.convert(error.details.get("where", []), list[Mark])
        assert marks or error.code in NO_PLACE or error.details.get("reason") == "impossible_body"
        for mark in marks:
            assert all(0 <= share <= 1 for point in mark.line or [mark.box] for share in point)
        return error.code, str(error.details.get("reason", ""))
    return None, ""


@pytest.mark.parametrize("truth", TRUTHS, ids=[truth["file"] for truth in TRUTHS])
def test_a_photo_is_answered_as_what_it_shows_asks(truth):
    code, reason = verdict(truth)
    assert code in (truth.get("expected_errors") or [truth["expected_error"]])
    if code == "POSE_UNSUITABLE" and truth.get("expected_reasons"):
        assert reason in truth["expected_reasons"]


def test_a_side_photo_sent_as_a_front_one_is_told_so_and_not_to_step_back():
    [side] = [truth for truth in TRUTHS if truth["kind"] == "side"]
    assert verdict(side | {"kind": "front"}) == ("POSE_UNSUITABLE", "turned_away")
