"""A photo's way through the product: S3, both functions, the event between them, the API."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from local.storage import RESULTS_QUEUE
from tests.e2e.client import Client, data, people, refusal


def test_upload_measure_and_the_event_brings_the_recommendation(
    client: Client, photo: bytes, height_cm: float
) -> None:
    granted = client.upload(photo)
    measured = data(client.measure(granted["image_url"], height_cm))
    assert measured["measurement_id"] == granted["measurement_id"]
    assert measured["segments"]["height"] == height_cm

    overlay = httpx.get(measured["output_image_url"], trust_env=False)
    assert overlay.headers["Content-Type"] == "image/jpeg"
    assert overlay.content.startswith(b"\xff\xd8")

    state = client.wait_for_recommendation(granted["measurement_id"])
    assert state["state"] == "done"
    assert state["measurement"]["segments"] == measured["segments"]
    by_hand = data(client.post("/recommend", measured["segments"]))
    # What the photo left in doubt widens the bands; it moves nothing.
    assert state["recommendation"]["settings"] == by_hand["settings"]


def test_an_upload_with_a_height_is_measured_without_being_asked(
    client: Client, photo: bytes, height_cm: float
) -> None:
    granted = client.upload(photo, height_cm=height_cm, sex="female", weight_kg=61.5)
    state = client.wait_for_recommendation(granted["measurement_id"])
    segments = state["measurement"]["segments"]
    assert (segments["height"], segments["sex"], segments["weight_kg"]) == (
        height_cm,
        "female",
        61.5,
    )


def test_an_upload_that_cannot_be_measured_says_why_later(client: Client) -> None:
    granted = client.upload(b"not a photo", height_cm=170)
    state = client.wait_for(granted["measurement_id"], lambda state: state["state"] != "pending")
    assert state["state"] == "failed"
    assert state["error"]["code"] == "UNSUPPORTED_IMAGE"


def test_the_vehicle_of_the_call_is_the_events_too(
    client: Client, photo: bytes, height_cm: float
) -> None:
    default = data(client.post("/recommend", {**BODY, "user_id": client.user_id}))["vehicle"]
    catalogue = data(client.http.get("/vehicles"))
    other = next(name for name in vehicle_names(catalogue) if name != default)
    granted = client.upload(photo)
    data(client.measure(granted["image_url"], height_cm, vehicle=other, drive_side="right"))
    recommendation = client.wait_for_recommendation(granted["measurement_id"])["recommendation"]
    assert recommendation["vehicle"] == other
    assert recommendation["drive_side"] == "right"


BODY = {
    "height": 175.0,
    "upper_arm": 32.0,
    "forearm": 25.5,
    "thigh": 42.0,
    "calf": 41.0,
    "torso": 51.0,
}


def vehicle_names(catalogue: dict[str, Any]) -> list[str]:
    vehicles = catalogue["vehicles"]
    return list(vehicles) if isinstance(vehicles, dict) else [v["name"] for v in vehicles]


def test_fit_answers_both_at_once(client: Client, photo: bytes, height_cm: float) -> None:
    granted = client.upload(photo)
    body = {
        "image_url": granted["image_url"],
        "height_cm": height_cm,
        "user_id": client.user_id,
    }
    fitted = data(client.post("/fit", body))
    assert fitted["measurement"]["measurement_id"] == granted["measurement_id"]
    assert fitted["recommendation"]["settings"]["seat"]["fore_aft_mm"] > 0


def test_a_client_that_will_not_wait_is_told_where_to_look(
    client: Client, photo: bytes, height_cm: float
) -> None:
    granted = client.upload(photo)
    answer = client.measure(granted["image_url"], height_cm, Prefer="respond-async")
    assert answer.status_code == 202
    where = str(answer.url.join(answer.headers["Location"]))
    assert where.endswith(f"/measurements/{client.user_id}/{granted['measurement_id']}")
    assert client.wait_for_recommendation(granted["measurement_id"])["state"] == "done"


def test_the_same_idempotency_key_measures_once(
    client: Client, photo: bytes, height_cm: float
) -> None:
    granted = client.upload(photo)
    first, second = (
        data(client.measure(granted["image_url"], height_cm, **{"Idempotency-Key": "k1"}))
        for _ in range(2)
    )
    assert first["measurement_id"] == second["measurement_id"]
    assert first["created_at"] == second["created_at"]
    other = data(client.measure(granted["image_url"], height_cm, **{"Idempotency-Key": "k2"}))
    assert other["measurement_id"] != first["measurement_id"]


def test_two_people_at_once_get_their_own_lengths(client: Client) -> None:
    (first, photo_1), (second, photo_2) = [
        (truth, photo) for truth, photo in people(None) if truth["kind"] == "front"
    ][:2]
    calls = [(photo_1, first["height_cm"]), (photo_2, second["height_cm"])] * 2

    def measure(call: tuple[bytes, float]) -> Any:
        photo, height_cm = call
        return data(client.measure(client.upload(photo)["image_url"], height_cm))["segments"]

    with ThreadPoolExecutor() as pool:
        a1, b1, a2, b2 = pool.map(measure, calls)
    assert a1 == a2
    assert b1 == b2
    assert a1["height"] == first["height_cm"]
    assert a1 != b1


def test_an_event_that_comes_twice_writes_the_same_again(
    client: Client, photo: bytes, height_cm: float
) -> None:
    granted = client.upload(photo)
    data(client.measure(granted["image_url"], height_cm))
    before = client.wait_for_recommendation(granted["measurement_id"])
    stack = client.stack
    key = f"results/{client.user_id}/{granted['measurement_id']}/measurement.json"
    event = {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventTime": "2026-11-26T12:00:00.500Z",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": stack.config.results_bucket}, "object": {"key": key}},
            }
        ]
    }
    for _ in range(2):
        answer = stack.functions().invoke(
            FunctionName=stack.config.on_result.name, Payload=json.dumps(event)
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
    assert client.state(granted["measurement_id"])["recommendation"] == before["recommendation"]
    queue = stack.sqs().get_queue_url(QueueName=RESULTS_QUEUE)["QueueUrl"]
    assert "Messages" not in stack.sqs().receive_message(QueueUrl=queue)


def test_what_is_deleted_is_gone_and_a_late_event_brings_nothing_back(
    client: Client, photo: bytes, height_cm: float
) -> None:
    granted = client.upload(photo)
    data(client.measure(granted["image_url"], height_cm))
    client.wait_for_recommendation(granted["measurement_id"])
    address = f"/measurements/{client.user_id}/{granted['measurement_id']}"
    data(client.http.delete(address))
    assert refusal(client.http.get(address)) == (404, "NOT_FOUND")
    assert refusal(client.measure(granted["image_url"], height_cm)) == (404, "IMAGE_NOT_FOUND")
    assert not [key for key in client.results() if granted["measurement_id"] in key]
