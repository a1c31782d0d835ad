"""DELETE takes all that is stored of a measurement, and all that may still come of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from chalicelib.measurement.function import MeasureFunction, StillMeasuringError
from chalicelib.settings import settings
from chalicelib.storage import MEASUREMENT, REQUEST, Owner, Storage
from tests.functional.conftest import PEOPLE, MeasureEndpoint, lambda_context
from tests.functional.test_measure import IMAGES, RESULTS, keys, stored_event
from tests.functional.test_measure_handler import message

PHOTO = (PEOPLE / "front-8.jpg").read_bytes()
HEIGHT_CM = 158.2


def upload(api, s3, photo=PHOTO, **more):
    _, answer = api.call(
        "POST", "/uploads", {"user_id": "kim", "content_type": "image/jpeg", **more}
    )
    url = answer["data"]["image_url"]
    metadata = {"height-cm": str(HEIGHT_CM)} if more else {}
    put(s3, url, photo, metadata)
    return url, answer["data"]["measurement_id"]


def put(s3, url, photo=PHOTO, metadata=None):
    key = url.removeprefix(f"s3://{IMAGES}/")
    s3.put_object(Bucket=IMAGES, Key=key, Body=photo, Metadata=metadata or {})


def measure(api, url, **headers):
    body = {"image_url": url, "height_cm": HEIGHT_CM, "user_id": "kim"}
    return api.call("POST", "/measure", body, **headers)


def photos(s3):
    return [key for key in keys(s3, IMAGES) if not key.endswith(".deleted")]


def uploaded_event(url):
    key = url.removeprefix(f"s3://{IMAGES}/")
    stored = {"bucket": {"name": IMAGES}, "object": {"key": key}}
    return {"Records": [{"s3": stored, "eventTime": "2026-11-26T12:00:00.500Z"}]}


def test_a_measurement_under_a_key_takes_its_photos_with_it(api, s3):
    """Its id is not the upload's: what was measured says which photos they are."""
    front, _ = upload(api, s3)
    side, _ = upload(api, s3, (PEOPLE / "side-8.jpg").read_bytes())
    again, _ = upload(api, s3)
    body = {
        "image_urls": [front, again],
        "side_image_url": side,
        "height_cm": HEIGHT_CM,
        "user_id": "kim",
    }
    status, answer = api.call("POST", "/measure", body, Idempotency_Key="k")
    assert status == 200, answer
    assert api.call("DELETE", f"/measurements/kim/{answer['data']['measurement_id']}")[0] == 200
    assert keys(s3) == []
    assert photos(s3) == []


def test_a_refused_measurement_takes_its_photos_with_it(api, s3):
    url, _ = upload(api, s3, b"not a photo")
    response = api.send(
        "POST",
        "/measure",
        {"image_url": url, "height_cm": HEIGHT_CM, "user_id": "kim"},
        Prefer="respond-async",
        Idempotency_Key="k",
    )
    assert api.call("GET", "/" + response.headers["Location"])[1]["data"]["state"] == "failed"
    assert api.call("DELETE", "/" + response.headers["Location"])[0] == 200
    assert keys(s3) == photos(s3) == []


def test_photos_of_the_operator_and_of_others_stay(api, s3):
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=PHOTO)
    others = f"uploads/lee/{'0' * 32}.jpg"
    s3.put_object(Bucket=IMAGES, Key=others, Body=PHOTO)
    mine, other = Owner("kim", "1" * 32), f"s3://{IMAGES}/{others}"
    storage = Storage(settings())
    storage.write_result(mine, "request.json", {"image_url": other, "given_up_at": time.time()})
    _, answer = measure(api, f"s3://{IMAGES}/test/full_body.jpg")
    for measurement_id in (mine.measurement_id, answer["data"]["measurement_id"]):
        assert api.call("DELETE", f"/measurements/kim/{measurement_id}")[0] == 200
    assert keys(s3) == []
    assert photos(s3) == ["test/full_body.jpg", others]


@pytest.mark.parametrize("call", ["sync", "key", "async", "upload"])
@pytest.mark.parametrize("photo", [PHOTO, b"not a photo"], ids=["good", "bad"])
def test_a_measurement_in_flight_leaves_nothing_behind(api, s3, monkeypatch, call, photo):
    """Deleted after the photo was read, before the result is written."""
    import handler

    height = {} if call == "key" else {"height_cm": HEIGHT_CM}
    url, measurement_id = upload(api, s3, photo, **height)
    scan = handler.scan

    def deleted_meanwhile(*arguments, **named):
        invoked = MeasureEndpoint.invocations[-1][1]["measurement_id"] if call == "key" else None
        Storage(settings()).delete(Owner("kim", invoked or measurement_id))
        return scan(*arguments, **named)

    monkeypatch.setattr(handler, "scan", deleted_meanwhile)
    if call == "upload":
        assert handler.handle(uploaded_event(url), lambda_context()) == {"status": "success"}
    elif call == "async":
        assert measure(api, url, Prefer="respond-async")[0] == 202
    else:
        status, answer = measure(api, url, **({"Idempotency_Key": "k"} if call == "key" else {}))
        expected = (410, "MEASUREMENT_DELETED") if photo is PHOTO else (415, "UNSUPPORTED_IMAGE")
        assert (status, answer["error"]["code"]) == expected
    assert keys(s3) == photos(s3) == []


def test_a_measurement_that_is_deleted_while_its_caller_waits_leaves_no_request(
    api, s3, monkeypatch
):
    url, measurement_id = upload(api, s3)

    def deleted_meanwhile(*_, **__):
        Storage(settings()).delete(Owner("kim", measurement_id))
        raise StillMeasuringError

    monkeypatch.setattr(MeasureFunction, "measure", deleted_meanwhile)
    assert measure(api, url)[0] == 202
    assert keys(s3) == photos(s3) == []


def test_a_deleted_measurement_cannot_be_seen_before_it_is_swept(api, s3):
    url, measurement_id = upload(api, s3)
    assert measure(api, url)[0] == 200
    path = f"/measurements/kim/{measurement_id}"
    written = s3.get_object(Bucket=RESULTS, Key=f"results/kim/{measurement_id}/measurement.json")[
        "Body"
    ].read()
    assert api.call("DELETE", path)[0] == 200
    s3.put_object(
        Bucket=RESULTS, Key=f"results/kim/{measurement_id}/measurement.json", Body=written
    )
    assert api.call("GET", path)[0] == 404
    api.client.lambda_.invoke(
        "on_measurement_stored", stored_event(f"results/kim/{measurement_id}/measurement.json")
    )
    assert keys(s3) == []


def test_a_form_that_outlives_its_measurement_uploads_for_nothing(api, s3):
    import handler

    url, measurement_id = upload(api, s3, height_cm=HEIGHT_CM)
    assert api.call("DELETE", f"/measurements/kim/{measurement_id}")[0] == 200
    put(s3, url, metadata={"height-cm": str(HEIGHT_CM)})
    event = message(uploaded_event(url)["Records"][0], "m")
    assert handler.handle({"Records": [event]}, lambda_context()) == {"batchItemFailures": []}
    assert keys(s3) == photos(s3) == []


def test_a_late_repeat_does_not_bring_back_what_was_deleted(api, s3):
    s3.put_object(Bucket=IMAGES, Key="test/full_body.jpg", Body=PHOTO)
    url = f"s3://{IMAGES}/test/full_body.jpg"
    _, answer = measure(api, url, Idempotency_Key="k")
    assert api.call("DELETE", f"/measurements/kim/{answer['data']['measurement_id']}")[0] == 200
    status, answer = measure(api, url, Idempotency_Key="k")
    assert (status, answer["error"]["code"]) == (410, "MEASUREMENT_DELETED")
    assert len(MeasureEndpoint.invocations) == 1
    assert keys(s3) == []


def test_a_deletion_that_broke_off_can_be_repeated(api, s3, monkeypatch):
    url, _ = upload(api, s3)
    _, answer = measure(api, url, Idempotency_Key="k")
    path = f"/measurements/kim/{answer['data']['measurement_id']}"

    def broken(*_):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "delete_results", broken)
        assert api.call("DELETE", path)[0] == 500
    assert api.call("DELETE", path)[0] == 200
    assert keys(s3) == photos(s3) == []


def test_the_mark_comes_first_and_what_names_the_photos_last(api, s3):
    url, measurement_id = upload(api, s3)
    assert measure(api, url)[0] == 200
    storage, changed = Storage(settings()), []

    def note(request, **_):
        if request.method in ("PUT", "DELETE"):
            changed.append((request.method, urlsplit(request.url).path.rpartition("/")[2]))

    storage.s3.meta.events.register("before-send.s3", note)
    storage.delete(Owner("kim", measurement_id))
    assert changed[0] == ("PUT", f"{measurement_id}.deleted")
    assert ("DELETE", f"{measurement_id}.jpg") in changed
    assert changed[-2:] == [("DELETE", MEASUREMENT), ("DELETE", REQUEST)]


def test_deletions_that_race_all_succeed(api, s3):
    url, measurement_id = upload(api, s3)
    assert measure(api, url)[0] == 200
    storage, owner = Storage(settings()), Owner("kim", measurement_id)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(storage.delete, [owner] * 4))
    assert keys(s3) == photos(s3) == []
