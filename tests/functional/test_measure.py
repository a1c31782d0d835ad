"""From an upload to a recommendation, through the routes and the real measure handler."""

import base64
import json
from urllib.parse import urljoin

import pytest

from chalicelib import openapi
from tests.functional.conftest import PEOPLE, MeasureEndpoint

IMAGES, RESULTS = "hypermob-images", "hypermob-results"
GUIDE = {
    "image_url": "s3://hypermob-images/test/full_body.jpg",
    "height_cm": 175.0,
    "user_id": "test_user",
}


@pytest.fixture
def photo():
    truth = [json.loads(line) for line in (PEOPLE / "truth.jsonl").read_text().splitlines()]
    return next(PEOPLE / t["file"] for t in truth if t["kind"] == "front").read_bytes()


@pytest.fixture
def stored(s3, photo):
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=photo)
    return s3


def keys(s3, bucket=RESULTS):
    return sorted(o["Key"] for o in s3.list_objects_v2(Bucket=bucket).get("Contents", []))


def stored_event(key):
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventTime": "2026-11-26T12:00:00.500Z",
                "s3": {"bucket": {"name": RESULTS}, "object": {"key": key}},
            }
        ]
    }


def test_the_guides_call_measures(api, stored):
    status, answer = api.call("POST", "/measure", GUIDE)
    assert status == 200
    data = answer["data"]
    segments = data["segments"]
    assert data["arm_cm"] == pytest.approx(segments["upper_arm"] + segments["forearm"])
    assert data["leg_cm"] == pytest.approx(segments["thigh"] + segments["calf"])
    assert data["torso_cm"] == segments["torso"]
    assert data["segments"]["height"] == 175.0
    for name in ("upper_arm", "forearm", "thigh", "calf", "torso"):
        low, high = data["interval_95"][name]
        assert low < data["segments"][name] < high
    assert "X-Amz-Signature" in data["output_image_url"]
    results = f"results/test_user/{data['measurement_id']}/"
    assert keys(stored) == [results + "measurement.json", results + "overlay.jpg"]


def test_segments_are_exactly_a_recommend_body(api, stored):
    _, measured = api.call("POST", "/measure", GUIDE)
    status, answer = api.call("POST", "/recommend", measured["data"]["segments"])
    assert status == 200
    assert answer["data"]["settings"]["seat"]


def test_fit_answers_both(api, stored):
    status, answer = api.call("POST", "/fit", GUIDE | {"vehicle": "minivan"})
    assert status == 200
    assert answer["data"]["measurement"]["segments"]["vehicle"] == "minivan"
    assert answer["data"]["recommendation"]["vehicle"] == "minivan"


def test_fit_takes_what_recommend_takes_of_a_driver(api, stored):
    told = {
        "weight_kg": 110.0,
        "age_years": 71.0,
        "posture": "upright",
        "side_mirrors": "blind_zone",
    }
    _, plain = api.call("POST", "/fit", GUIDE)
    _, answer = api.call("POST", "/fit", GUIDE | told | {"drawing": "ko"})
    data = answer["data"]
    assert told.items() <= data["measurement"]["segments"].items()
    assert data["recommendation"]["drawing"].startswith("<svg")
    assert data["recommendation"]["settings"] != plain["data"]["recommendation"]["settings"]
    widths = [high - low for low, high in data["measurement"]["interval_95"].values()]
    same = [high - low for low, high in plain["data"]["measurement"]["interval_95"].values()]
    assert widths == same, "of lengths they say nothing"


def test_photos_from_the_front_are_measured_together(api, stored, photo):
    urls = [GUIDE["image_url"], "s3://hypermob-images/test/again.jpg"]
    stored.put_object(Bucket=IMAGES, Key="test/again.jpg", Body=photo)
    body = {"height_cm": 175.0, "user_id": "test_user", "image_urls": urls}
    status, answer = api.call(
        "POST", "/measure", body | {"device_pitches_deg": [None, -3.0]}, Idempotency_Key="k"
    )
    assert status == 200, answer
    data = answer["data"]
    assert (data["image_url"], data["image_urls"]) == (urls[0], urls)
    assert not data["quality"]["front"]["pitch_known"]
    assert data["quality"]["front_2"]["pitch_known"]
    assert len(MeasureEndpoint.invocations) == 1
    repeat = api.call(
        "POST", "/measure", body | {"device_pitches_deg": [None, -3.0]}, Idempotency_Key="k"
    )
    assert repeat[1]["data"]["measurement_id"] == data["measurement_id"]
    assert len(MeasureEndpoint.invocations) == 1
    for other in ({"device_pitches_deg": [-3.0, None]}, {"image_urls": urls[::-1]}):
        assert api.call("POST", "/measure", body | other, Idempotency_Key="k")[0] == 409
    stored.put_object(Bucket=IMAGES, Key="test/again.jpg", Body=b"none")
    _, refused = api.call("POST", "/measure", body, Accept_Language="ko")
    assert refused["error"]["field"] == "image_urls[1]"
    assert refused["error"]["message"].startswith("2번 사진: ")
    stored.delete_object(Bucket=IMAGES, Key="test/again.jpg")
    _, missing = api.call("POST", "/measure", body)
    assert (missing["error"]["code"], missing["error"]["field"]) == (
        "IMAGE_NOT_FOUND",
        "image_urls[1]",
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"image_url": None}, "image_url"),
        ({"image_urls": [GUIDE["image_url"]]}, "image_urls"),
        ({"image_url": None, "image_urls": []}, "image_urls"),
        ({"image_url": None, "image_urls": [GUIDE["image_url"]] * 2}, "image_urls"),
        ({"image_url": None, "image_urls": [f"s3://bkt/{n}" for n in range(4)]}, "image_urls"),
        ({"image_url": None, "image_urls": ["http://x"]}, "image_urls"),
        ({"device_pitches_deg": [1.0]}, "device_pitches_deg"),
        ({"side_device_pitch_deg": 61}, "side_device_pitch_deg"),
    ],
)
def test_fields_that_contradict_each_other_are_named(api, stored, change, named):
    status, answer = api.call("POST", "/measure", GUIDE | change)
    assert status == 400
    assert [p["field"] for p in answer["error"]["fields"]] == [named]
    assert MeasureEndpoint.invocations == []


def test_the_pitch_that_an_upload_told_is_taken_where_the_call_tells_none(api, s3, photo):
    found = []
    for told in ({}, {"device_pitch_deg": -4.0}):
        upload = {"user_id": "kim", "content_type": "image/jpeg", **told}
        url = api.call("POST", "/uploads", upload)[1]["data"]["image_url"]
        metadata = {"device-pitch-deg": "-4.0"} if told else {}
        key = url.removeprefix(f"s3://{IMAGES}/")
        s3.put_object(Bucket=IMAGES, Key=key, Body=photo, Metadata=metadata)
        body = {"image_url": url, "height_cm": 175.0, "user_id": "kim"}
        found.append(api.call("POST", "/measure", body)[1]["data"]["quality"]["front"])
    assert [each["pitch_known"] for each in found] == [False, True]


def test_a_stored_measurement_gets_its_recommendation_however_often_it_is_told(api, stored):
    _, measured = api.call("POST", "/measure", GUIDE)
    mid = measured["data"]["measurement_id"]
    key = f"results/test_user/{mid}/measurement.json"
    written = []
    for _ in range(2):
        api.client.lambda_.invoke("on_measurement_stored", stored_event(key))
        body = stored.get_object(Bucket=RESULTS, Key=key.replace("measurement", "recommendation"))
        written.append(body["Body"].read())
    assert written[0] == written[1]
    status, answer = api.call("GET", f"/measurements/test_user/{mid}")
    assert status == 200
    assert answer["data"]["state"] == "done"
    stored_recommendation = json.loads(written[0])
    del stored_recommendation["asked_at"]  # which tells whether it is of the last measurement
    assert answer["data"]["recommendation"] == stored_recommendation


def test_what_follows_a_habit_is_not_stored_so_that_it_is_forgotten_with_it(api, stored):
    _, measured = api.call("POST", "/measure", GUIDE | {"personal": True})
    telling = openapi.TELLING_REQUEST
    assert api.call("POST", "/drivers/test_user/settings", telling)[0] == 200
    place = f"test_user/{measured['data']['measurement_id']}"
    event = stored_event(f"results/{place}/measurement.json")
    api.client.lambda_.invoke("on_measurement_stored", event)
    assert f"results/{place}/recommendation.json" not in keys(stored)

    def followed():
        found = api.call("GET", f"/measurements/{place}")[1]["data"]["recommendation"]
        return found["personal"]["tellings"]

    assert followed() == 1
    api.call("DELETE", "/drivers/test_user/settings")
    assert followed() == 0


def test_an_event_of_a_deleted_measurement_writes_nothing(api, stored):
    key = f"results/test_user/{'0' * 32}/measurement.json"
    api.client.lambda_.invoke("on_measurement_stored", stored_event(key))
    assert keys(stored) == []


def test_upload_permits_one_photo_of_one_user_only(api, s3):
    status, answer = api.call(
        "POST",
        "/uploads",
        {"user_id": "kim", "content_type": "image/jpeg", "height_cm": 168.5},
    )
    assert status == 200
    data = answer["data"]
    assert data["image_url"] == f"s3://{IMAGES}/uploads/kim/{data['measurement_id']}.jpg"
    fields = data["upload"]["fields"]
    policy = json.loads(base64.b64decode(fields["policy"]))
    key = f"uploads/kim/{data['measurement_id']}.jpg"
    assert ["content-length-range", 1, 20 * 2**20] in policy["conditions"]
    assert {"key": key} in policy["conditions"]
    assert {"Content-Type": "image/jpeg"} in policy["conditions"]
    assert {"x-amz-meta-height-cm": "168.5"} in policy["conditions"]
    assert {"bucket": IMAGES} in policy["conditions"]


def test_the_same_idempotency_key_measures_once(api, stored):
    answers = [api.call("POST", "/measure", GUIDE, Idempotency_Key="k1")[1] for _ in range(2)]
    assert answers[0]["data"]["measurement_id"] == answers[1]["data"]["measurement_id"]
    assert len(MeasureEndpoint.invocations) == 1
    other = api.call("POST", "/measure", GUIDE, Idempotency_Key="k2")[1]
    assert other["data"]["measurement_id"] != answers[0]["data"]["measurement_id"]


def test_respond_async_answers_where_the_result_will_be(api, stored):
    response = api.send("POST", "/measure", GUIDE, Prefer="respond-async")
    assert response.status_code == 202
    location = response.headers["Location"]
    mid = response.json_body["data"]["measurement_id"]
    # Below a stage, behind an own domain and behind a CDN that adds the stage itself.
    for base in (
        "https://x.execute-api.example/prod",
        "https://api.example",
        "https://cdn.example",
    ):
        assert urljoin(f"{base}/measure", location) == f"{base}/measurements/test_user/{mid}"
        assert urljoin(f"{base}/fit", location) == f"{base}/measurements/test_user/{mid}"
    assert MeasureEndpoint.invocations[-1][0] == "Event"
    assert api.call("GET", urljoin("/measure", location))[1]["data"]["state"] == "done"


def test_a_refusal_that_nobody_waited_for_is_found_later(api, s3):
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=b"text")
    response = api.send("POST", "/measure", GUIDE, Prefer="respond-async")
    _, answer = api.call("GET", f"/{response.headers['Location']}", Accept_Language="ko")
    assert answer["data"]["state"] == "failed"
    assert answer["data"]["error"]["code"] == "UNSUPPORTED_IMAGE"
    assert "사진" in answer["data"]["error"]["message"]


def test_delete_removes_all_and_may_be_repeated(api, stored, photo):
    _, upload = api.call("POST", "/uploads", {"user_id": "kim", "content_type": "image/jpeg"})
    url, mid = upload["data"]["image_url"], upload["data"]["measurement_id"]
    stored.put_object(Bucket=IMAGES, Key=url.removeprefix(f"s3://{IMAGES}/"), Body=photo)
    path = f"/measurements/kim/{mid}"
    assert api.call("GET", path)[1]["data"]["state"] == "pending"
    assert api.call("POST", "/measure", GUIDE | {"image_url": url, "user_id": "kim"})[0] == 200
    for _ in range(2):
        assert api.call("DELETE", path)[0] == 200
    assert keys(stored) == []
    assert keys(stored, IMAGES) == ["test/full_body.jpg", f"uploads/kim/{mid}.deleted"]
    assert api.call("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("url", "user_id"),
    [
        ("s3://someone-elses/test/full_body.jpg", "kim"),
        ("s3://hypermob-results/results/kim/0/overlay.jpg", "kim"),
        (f"s3://hypermob-images/uploads/lee/{'0' * 32}.jpg", "kim"),
        ("s3://hypermob-images/test/../uploads/lee/x.jpg", "kim"),
        ("s3://hypermob-images/private/full_body.jpg", "kim"),
    ],
)
def test_photos_of_others_and_other_buckets_are_not_read(api, stored, url, user_id):
    status, answer = api.call("POST", "/measure", GUIDE | {"image_url": url, "user_id": user_id})
    assert status == 403
    assert answer["error"]["code"] == "BUCKET_NOT_ALLOWED"
    assert MeasureEndpoint.invocations == []


@pytest.mark.parametrize(
    ("body", "code", "expected"),
    [
        (None, "IMAGE_NOT_FOUND", 404),
        (b"", "UNSUPPORTED_IMAGE", 415),
        (b"just text", "UNSUPPORTED_IMAGE", 415),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "UNSUPPORTED_IMAGE", 415),
    ],
)
def test_a_photo_that_is_none_writes_nothing(api, s3, photo, body, code, expected):
    if body is not None:
        s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=body)
    status, answer = api.call("POST", "/measure", GUIDE)
    assert (status, answer["error"]["code"]) == (expected, code)
    assert keys(s3) == []
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=photo)
    assert api.call("POST", "/measure", GUIDE)[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "a/b"},
        {"user_id": "../kim"},
        {"user_id": ""},
        {"user_id": 7},
        {"height_cm": None},
        {"height_cm": "175"},
        {"height_cm": float("nan")},
        {"height_cm": 99},
        {"image_url": "https://example.com/me.jpg"},
        {"image_url": "s3://hypermob-images/"},
        {"sex": "x"},
        {"weight_kg": -5},
        {"device_pitch_deg": 75},
        {"vehicle": "tank"},
    ],
)
def test_wrong_fields_are_named_before_anything_is_measured(api, stored, change):
    status, answer = api.call("POST", "/measure", GUIDE | change)
    assert status == 400
    assert [p["field"] for p in answer["error"]["fields"]] == list(change)
    assert MeasureEndpoint.invocations == []
    assert keys(stored) == []
