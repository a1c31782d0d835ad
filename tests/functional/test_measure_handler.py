"""The measure Lambda by itself: its model, its events, and what it leaves behind."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.errors import error_from_document
from chalicelib.settings import settings
from chalicelib.storage import ModelMissingError
from tests.functional.conftest import PEOPLE, ROOT, lambda_context

IMAGES, RESULTS, MODELS = "hypermob-images", "hypermob-results", "hypermob-models"
ID = "0123456789abcdef" * 2
UPLOADED_AT = datetime(2026, 11, 26, 12, 0, 0, 500_000, UTC).timestamp()


def uploaded(s3, name, user_id="kim", **metadata):
    key = f"uploads/{user_id}/{ID}.jpg"
    body = name if isinstance(name, bytes) else (PEOPLE / name).read_bytes()
    s3.put_object(Bucket=IMAGES, Key=key, Body=body, Metadata=metadata)
    return {
        "eventSource": "aws:s3",
        "eventTime": "2026-11-26T12:00:00.500Z",
        "s3": {"bucket": {"name": IMAGES}, "object": {"key": key}},
    }


def message(record, message_id, received=1):
    return {
        "eventSource": "aws:sqs",
        "messageId": message_id,
        "attributes": {"ApproximateReceiveCount": str(received)},
        "body": json.dumps({"Records": [record]}),
    }


def result(s3, name, user_id="kim"):
    key = f"results/{user_id}/{ID}/{name}"
    return json.loads(s3.get_object(Bucket=RESULTS, Key=key)["Body"].read())


def keys(s3):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=RESULTS).get("Contents", [])]


def test_an_upload_with_a_height_is_measured(handler, s3):
    told = {"sex": "female", "vehicle": "minivan", "posture": "relaxed"}
    metadata = {"height-cm": "158.2", "weight-kg": "61.5", "age-years": "34"} | told
    handler.handle({"Records": [uploaded(s3, "front-8.jpg", **metadata)]}, None)
    measurement = result(s3, "measurement.json")
    assert measurement["measurement_id"] == ID
    assert measurement["asked_at"] == UPLOADED_AT
    assert (told | {"weight_kg": 61.5, "age_years": 34.0}).items() <= measurement[
        "segments"
    ].items()


def test_a_phone_may_tell_how_it_was_tilted(handler, s3):
    found = []
    for pitch in ({}, {"device-pitch-deg": "-2.6"}, {"device-pitch-deg": "-12"}):
        metadata = {"height-cm": "158.2"} | pitch
        handler.handle({"Records": [uploaded(s3, "front-8.jpg", **metadata)]}, None)
        measurement = result(s3, "measurement.json")
        found.append((measurement["segments"]["calf"], measurement["interval_95"]))
    untold, near, tilted = found
    assert untold != near
    assert tilted[0] > near[0]  # the further down it looks, the further away are the shins


def test_an_upload_without_a_height_waits_for_its_owner(handler, s3):
    handler.handle({"Records": [uploaded(s3, "front-8.jpg")]}, None)
    assert keys(s3) == []


@pytest.mark.parametrize(
    ("photo", "metadata", "code"),
    [
        ("two_people-5.jpg", {"height-cm": "170"}, "SEVERAL_PEOPLE"),
        (b"text", {"height-cm": "170"}, "UNSUPPORTED_IMAGE"),
        ("front-8.jpg", {"height-cm": "tall"}, "INVALID_INPUT"),
        ("front-8.jpg", {"height-cm": "nan"}, "INVALID_INPUT"),
        ("front-8.jpg", {"height-cm": "170", "device-pitch-deg": "95"}, "INVALID_INPUT"),
    ],
)
def test_an_upload_that_cannot_be_measured_leaves_why(handler, s3, photo, metadata, code):
    handler.handle({"Records": [uploaded(s3, photo, **metadata)]}, None)
    assert result(s3, "error.json")["code"] == code
    assert len(keys(s3)) == 1


def test_one_bad_message_does_not_hold_up_the_others(handler, s3):
    good = message(uploaded(s3, "front-8.jpg", **{"height-cm": "158"}), "good")
    bad = good | {"messageId": "bad", "body": "{"}
    foreign = message(
        {"s3": {"bucket": {"name": "elsewhere"}, "object": {"key": f"uploads/kim/{ID}.jpg"}}},
        "foreign",
    )
    answer = handler.handle({"Records": [bad, foreign, good]}, None)
    failed = [f["itemIdentifier"] for f in answer["batchItemFailures"]]
    assert "bad" in failed
    assert "good" not in failed
    assert f"results/kim/{ID}/measurement.json" in keys(s3)


class KilledError(Exception):
    """What stands for a signal here: nothing of the handler catches it."""


def test_what_fails_leaves_why_for_the_time_when_no_attempt_can_come(handler, s3, monkeypatch):
    seen = []

    def killed(*_, **__):
        seen.append(result(s3, "error.json")["since"] - time.time())
        raise KilledError

    record = uploaded(s3, "front-8.jpg", **{"height-cm": "158"})
    monkeypatch.setattr(handler, "scan", killed)
    for received in (1, 2, 3, 4, 5):
        answer = handler.handle(
            {"Records": [message(record, "m", received)]}, lambda_context(300.0)
        )
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
        assert keys(s3) == [f"results/kim/{ID}/error.json"]
    # Whoever polls while another attempt may come is not told that it failed; who polls when none
    # can come is, also if the last ones never reached a process.
    assert seen == [pytest.approx(300 + left * 1800, abs=20) for left in (4, 3, 2, 1, 0)]
    unavailable = {"code": "MEASURE_UNAVAILABLE", "details": {}, "since": 0.0}
    assert result(s3, "error.json") == unavailable | {"asked_at": UPLOADED_AT}
    monkeypatch.undo()
    answer = handler.handle({"Records": [message(record, "m")]}, lambda_context())
    assert answer == {"batchItemFailures": []}
    assert f"results/kim/{ID}/measurement.json" in keys(s3)
    assert f"results/kim/{ID}/error.json" not in keys(s3)


@pytest.mark.parametrize("photo", ["front-8.jpg", "empty-6.jpg", b"text", None])
def test_what_happened_to_a_measurement_is_found_by_its_id(handler, s3, capsys, photo, monkeypatch):
    """Docs/operations.md: measured, refused or failed, its lines of the log carry the id."""

    def killed(*_, **__):
        raise KilledError

    monkeypatch.setattr(handler.log.registered_handler, "stream", sys.stdout)
    if photo is None:
        monkeypatch.setattr(handler, "scan", killed)
    record = uploaded(s3, photo or "front-8.jpg", **{"height-cm": "158"})
    handler.handle({"Records": [message(record, "m")]}, lambda_context())
    written = capsys.readouterr().out.splitlines()
    lines = [json.loads(line) for line in written if line.startswith("{")]
    found = json.dumps([line for line in lines if line.get("measurement_id") == ID])
    said = {"front-8.jpg": "StoreLatency", "empty-6.jpg": "NO_PERSON", b"text": "UNSUPPORTED_IMAGE"}
    assert said.get(photo, "KilledError") in found


def test_an_event_that_comes_twice_does_not_hide_why_the_photo_was_refused(
    handler, s3, monkeypatch
):
    record = uploaded(s3, "empty-6.jpg", **{"height-cm": "158"})
    handler.handle({"Records": [message(record, "m")]}, lambda_context())
    assert result(s3, "error.json")["code"] == "NO_PERSON"

    def killed(*_, **__):
        raise KilledError

    monkeypatch.setattr(handler, "scan", killed)
    handler.handle({"Records": [message(record, "m", 3)]}, lambda_context())
    assert result(s3, "error.json")["code"] == "NO_PERSON"


def test_a_field_that_is_wrong_is_still_named_when_the_error_is_read_later(handler, s3):
    handler.handle({"Records": [uploaded(s3, "front-8.jpg", **{"height-cm": "tall"})]}, None)
    error = error_from_document(result(s3, "error.json"))
    assert "height_cm" in error.message("en")
    assert "height_cm" in error.message("ko")


def test_a_model_from_the_bucket_is_loaded_after_its_checksum_matched(
    handler, s3, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    s3.put_object(Bucket=MODELS, Key="pose/heavy.task", Body=b"a model")
    named = replace(
        settings(),
        pose_model=f"s3://{MODELS}/pose/heavy.task",
        pose_model_sha256=hashlib.sha256(b"a model").hexdigest(),
    )
    assert handler.pose_model(named, handler.measurer.storage).read_bytes() == b"a model"
    for wrong in ("", "0" * 64):
        with pytest.raises(handler.ModelChecksumError):
            handler.pose_model(replace(named, pose_model_sha256=wrong), handler.measurer.storage)
    assert len(list(tmp_path.iterdir())) == 1, "what does not match is not kept"
    for missing in ("elsewhere/pose/heavy.task", f"{MODELS}/pose/none.task"):
        with pytest.raises(ModelMissingError, match=missing):
            handler.pose_model(
                replace(named, pose_model=f"s3://{missing}"), handler.measurer.storage
            )


def test_without_its_model_the_last_line_says_how_to_make_it(aws):
    missing = {**os.environ, "POSE_MODEL": "/nowhere/pose.task"}
    done = subprocess.run(
        [sys.executable, "-c", "import handler"],
        env=missing,
        cwd=ROOT / "container",
        capture_output=True,
        text=True,
    )
    last = done.stderr.splitlines()[-1]
    assert last == "FileNotFoundError: no pose model at /nowhere/pose.task: make models"


@pytest.mark.parametrize("event", [None, [], "text", {}, {"image_url": 7}, {"Records": []}])
def test_a_direct_call_with_nonsense_gets_a_typed_error(handler, s3, event):
    answer = handler.handle(event, None)
    assert answer["status"] == "error"
    assert answer["error"]["code"] == "INVALID_INPUT"
    assert keys(s3) == []
