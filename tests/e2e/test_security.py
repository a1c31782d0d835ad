"""What the running stack tells, and to whom."""

import json

from tests.e2e.client import Client, data, people

HEIGHT_CM, WEIGHT_KG = 172.6173, 68.7391
"""Numbers that no time or count in a log looks like."""


def test_logs_hold_no_secret_photo_key_or_length(client: Client, photo: bytes) -> None:
    key = "idempotency-key-of-this-test"
    more = {"weight_kg": WEIGHT_KG, "sex": "female"}
    granted = client.upload(photo, height_cm=HEIGHT_CM, **more)
    client.wait_for_recommendation(granted["measurement_id"])
    measured = data(
        client.measure(granted["image_url"], HEIGHT_CM, **more, **{"Idempotency-Key": key})
    )
    data(client.post("/recommend", measured["segments"]))
    for bad in (people("NO_PERSON")[0][1], b"not a photo"):
        client.measure(client.upload(bad)["image_url"], HEIGHT_CM)
    client.measure("s3://elsewhere/x.jpg", HEIGHT_CM)
    client.post("/measure", {"height_cm": HEIGHT_CM, "user_id": "a/b"})
    data(client.http.delete(f"/measurements/{client.user_id}/{granted['measurement_id']}"))

    secrets = {
        "API key": client.stack.api_key,
        "idempotency key": key,
        "signature": "X-Amz-Signature",
        "form's signature": granted["upload"]["fields"]["x-amz-signature"],
        "form's policy": granted["upload"]["fields"]["policy"][:40],
        "height": str(HEIGHT_CM),
        "weight": str(WEIGHT_KG),
        "segments": "upper_arm",
        "lengths": json.dumps(measured["interval_95"])[1:30],
        "photo": "JFIF",
    }
    # moto stands for S3 itself, whose access log is not the product's.
    logs = [path for path in client.stack.logs.glob("*.log") if path.stem != "moto"]
    written = {path.stem: path.read_text("utf-8") for path in logs}
    assert {"measure", "chalice", "recommend", "gateway", "relay"} <= set(written)
    assert granted["measurement_id"] in written["gateway"], "the logs are of these calls"
    for name, secret in secrets.items():
        for part, text in written.items():
            assert secret not in text, f"{name} in {part}.log"


def test_an_overlay_is_read_by_its_signed_address_alone(client: Client, photo: bytes) -> None:
    measured = data(client.measure(client.upload(photo)["image_url"], 175))
    address = measured["output_image_url"]
    assert "X-Amz-Expires=3600" in address
    assert f"/results/{client.user_id}/{measured['measurement_id']}/overlay.jpg?" in address
