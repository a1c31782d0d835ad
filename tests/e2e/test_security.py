"""What the running stack tells, and to whom."""

import base64
import io
import json
import re
import time
from collections.abc import Iterator
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from tests.e2e.client import Client, data, people, refusal

HEIGHT_CM, WEIGHT_KG, PITCH_DEG = 172.6173, 68.7391, 2.3917
BODY_CM = {
    "height": 171.2839,
    "upper_arm": 30.8713,
    "forearm": 25.6417,
    "thigh": 41.2791,
    "calf": 39.1837,
    "torso": 52.7319,
}
CAMERA, LATITUDE_N = "Camera-of-this-test", (37.0, 33.0, 59.41)
FACTS = {
    *("level", "location", "message", "timestamp", "service", "cold_start", "correlation_id"),
    *("function_name", "function_memory_size", "function_arn", "function_request_id"),
    *("code", "exception", "exception_name", "stack_trace"),
    *("_aws", "measurement_id", "model", "Refusals"),
}
"""All that a line of the product's log may tell, beside how long its steps took."""


def test_logs_hold_no_secret_photo_key_or_length(client: Client, photo: bytes) -> None:
    """Every route, event and refusal, with values that can be told from all that a log may hold."""
    key = "idempotency-key-of-this-test"
    about = {"height_cm": HEIGHT_CM, "weight_kg": WEIGHT_KG, "sex": "female"}
    taken = with_place(photo)
    granted = client.upload(taken, **about, device_pitch_deg=PITCH_DEG)
    stored = client.wait_for_recommendation(granted["measurement_id"])
    url = granted["image_url"]
    called = {**about, "device_pitch_deg": PITCH_DEG, "Idempotency-Key": key}
    body = {"image_url": url, "user_id": client.user_id, **about}
    found = [
        stored,
        data(client.measure(url, **called)),
        data(client.post("/fit", body)),
        data(client.post("/recommend", {**BODY_CM, "user_id": client.user_id})),
    ]
    answer = client.post("/measure", body, Prefer="respond-async")
    client.wait_for_recommendation(data(answer)["measurement_id"])
    for bad in (people("NO_PERSON")[0][1], b"not a photo"):
        refused = client.upload(bad, height_cm=HEIGHT_CM)  # by its event, and when asked
        client.wait_for(refused["measurement_id"], lambda state: state["state"] == "failed")
        client.measure(refused["image_url"], **called | {"Idempotency-Key": key + "-2"})
    client.measure("s3://elsewhere/x.jpg", **called)
    client.post("/measure", {**body, "height_cm": str(HEIGHT_CM), "user_id": "a/b"})
    client.post("/recommend", {**BODY_CM, "thigh": 141.2791, "user_id": client.user_id})
    request_id = break_measurement(client, stored["measurement"])
    data(client.http.delete(f"/measurements/{client.user_id}/{granted['measurement_id']}"))

    written = {path.stem: path.read_text("utf-8") for path in client.stack.logs.glob("*.log")}
    del written["s3"]  # it stands for S3 itself, whose access log is not the product's
    assert set(written) == {"measure", "api", "recommend", "functions", "relay"}
    assert granted["measurement_id"] in written["api"], "the logs are of these calls"
    secrets = {
        *(client.stack.api_key, key, CAMERA, "JFIF", "Exif", "GPS"),
        *granted["upload"]["fields"].values(),
        *(found[1]["output_image_url"].partition("?")[2].split("&")),
        base64.b64encode(taken)[:40].decode(),
        repr(taken)[2:20],
        *BODY_CM,
    } - {"height", client.user_id, granted["upload"]["fields"]["Content-Type"]}
    sizes = {*numbers(found), HEIGHT_CM, WEIGHT_KG, PITCH_DEG, *BODY_CM.values(), *LATITUDE_N}
    spelled = {f"{size:.{places}f}" for size in sizes for places in (1, 2, 3)}
    spelled = {each for each in {*spelled, *map(repr, sizes)} if telling(each)}
    assert {"172.6173", "172.6", "30.87", "59.41"} < spelled
    for part, text in written.items():
        assert {secret for secret in secrets if secret in text} == set(), f"in {part}.log"
        assert set(NUMBER.findall(text)) & spelled == set(), f"in {part}.log"

    lines = [json.loads(line) for text in written.values() for line in JSON_LINE.findall(text)]
    for line in lines:
        assert {name for name in line if not name.endswith("Latency")} <= FACTS, line
        assert "function_request_id" in line or "Refusals" in line, line
        assert client.user_id not in json.dumps(line)
    errors = [line for line in lines if line.get("level") == "ERROR"]
    assert request_id in {line["function_request_id"] for line in errors}
    assert "invocation failed" in {line["message"] for line in errors}
    # Lambda's runtime words an error that ends an invocation by itself.
    for told in re.findall(r"^\[ERROR\].*", written["recommend"], re.MULTILINE):
        assert re.fullmatch(r"\[ERROR\] FailedError: \w+: see the log of this request", told)


NUMBER = re.compile(r"(?<![\d.])(?<!\d:)\d+\.\d+(?!\.?\d)")
"""No version, no address, and no second of a line's time: 21:50:11.400."""
JSON_LINE = re.compile(r"^{.*", re.MULTILINE)


def telling(number: str) -> bool:
    """Whether a number is long enough not to be there by chance: versions and the like are not."""
    return len(number.replace(".", "").strip("0")) >= 3


def numbers(answer: Any) -> Iterator[float]:
    """Every number in an answer that is no whole one."""
    if isinstance(answer, dict | list):
        for each in answer.values() if isinstance(answer, dict) else answer:
            yield from numbers(each)
    elif isinstance(answer, float) and answer != round(answer):
        yield answer


def with_place(photo: bytes) -> bytes:
    """The photo as a phone stores it that tells where it is."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        exif = image.getexif()
        exif[Base.Model] = CAMERA
        exif.get_ifd(IFD.GPSInfo).update({GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: LATITUDE_N})
        image.save(out, "JPEG", exif=exif, quality=95)
    assert CAMERA.encode() in out.getvalue()
    return out.getvalue()


def break_measurement(client: Client, measurement: dict[str, Any]) -> str:
    """Store a measurement that nothing can read; the request id of the 500 that it ends in."""
    measurement_id = "0" * 32
    client.stack.s3().put_object(
        Bucket=client.stack.config.results_bucket,
        Key=f"results/{client.user_id}/{measurement_id}/measurement.json",
        Body=json.dumps(
            measurement | {"created_at": "2026-01-01T00:00:00+00:00", "segments": str(HEIGHT_CM)}
        ).encode(),
    )
    recommend = client.stack.logs / "recommend.log"
    end = time.monotonic() + 20
    while "[ERROR]" not in recommend.read_text():  # its event
        assert time.monotonic() < end
        time.sleep(0.1)
    answer = client.http.get(f"/measurements/{client.user_id}/{measurement_id}")
    assert refusal(answer) == (500, "INTERNAL_ERROR")
    return str(answer.json()["error"]["request_id"])


def test_an_overlay_is_read_by_its_signed_address_alone(client: Client, photo: bytes) -> None:
    measured = data(client.measure(client.upload(photo)["image_url"], 175))
    address = measured["output_image_url"]
    assert "X-Amz-Expires=3600" in address
    assert f"/results/{client.user_id}/{measured['measurement_id']}/overlay.jpg?" in address
