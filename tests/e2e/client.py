"""What an app does with the API, in the words of the tests, and the photos it does it with."""

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image

from local.config import REPOSITORY
from local.stack import LocalStack

SAMPLE = REPOSITORY / "samples" / "person.jpg"
PEOPLE = REPOSITORY / "tests" / "fixtures" / "people"


@dataclass
class Client:
    """One user of the API."""

    stack: LocalStack
    http: httpx.Client
    user_id: str

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body, headers=headers)

    def upload(self, photo: bytes, content_type: str = "image/jpeg", **more: Any) -> dict[str, Any]:
        """Ask for an upload and post the photo to S3, as a browser would."""
        body = {"user_id": self.user_id, "content_type": content_type, **more}
        granted = data(self.post("/uploads", body))
        form = granted["upload"]
        stored = httpx.post(
            form["url"], data=form["fields"], files={"file": photo}, trust_env=False, timeout=60
        )
        assert stored.status_code == 204, stored.text
        return granted

    def measure(self, image_url: str, height_cm: Any = 175.0, **more: Any) -> httpx.Response:
        headers = {name: more.pop(name) for name in list(more) if name[0].isupper()}
        body = {"image_url": image_url, "height_cm": height_cm, "user_id": self.user_id, **more}
        return self.post("/measure", body, **headers)

    def state(self, measurement_id: str) -> dict[str, Any]:
        return data(self.http.get(f"/measurements/{self.user_id}/{measurement_id}"))

    def wait_for(
        self, measurement_id: str, ready: Callable[[dict[str, Any]], Any]
    ) -> dict[str, Any]:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            state = self.state(measurement_id)
            if ready(state):
                return state
            time.sleep(0.1)
        raise AssertionError(f"still {state}")

    def wait_for_recommendation(self, measurement_id: str) -> dict[str, Any]:
        return self.wait_for(measurement_id, lambda state: state.get("recommendation"))

    def results(self) -> set[str]:
        """Every key in the results bucket."""
        bucket = self.stack.config.results_bucket
        pages = self.stack.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}


def data(answer: httpx.Response) -> dict[str, Any]:
    """What a successful answer holds."""
    assert answer.status_code in (200, 202), answer.text
    assert answer.json()["status"] == "success"
    found: dict[str, Any] = answer.json()["data"]
    return found


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, whose envelope must be whole."""
    document = answer.json()
    assert document["status"] == "error", document
    assert document["error"]["message"]
    assert document["error"]["request_id"]
    return answer.status_code, document["error"]["code"]


def people(expected_error: str | None) -> list[tuple[dict[str, Any], bytes]]:
    """Fixture photos whose right answer is this error (None: lengths), with their truth."""
    lines = (PEOPLE / "truth.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        (row, (PEOPLE / row["file"]).read_bytes())
        for row in rows
        if row["expected_error"] == expected_error
    ]


def png(width: int, height: int) -> bytes:
    """A black PNG of any size, small as a file."""
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()
