"""``python -m local.smoke URL IMAGES_BUCKET``: does a deployed API answer to ``HYPERMOB_API_KEY``?

Asks for health, for the settings of a body and for the lengths on the sample photo. A new key takes
up to a minute to be known everywhere, and the first photo waits for the measure function to start.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import httpx

from chalicelib.openapi import LENGTHS_REQUEST
from local.config import REPOSITORY
from local.storage import GUIDE_PHOTO

SAMPLE = REPOSITORY / "samples" / "person.json"
PATIENCE_S = 180.0
EVERY_S = 5.0


class SmokeError(Exception):
    """The API does not answer as it should; says what it answered last."""


def answered(client: httpx.Client, method: str, path: str, **body: Any) -> Any:
    """Data of a route's success, asked for again until ``PATIENCE_S`` has passed.

    Raises
    ------
    SmokeError
        No success in that time.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = client.request(method, path, **body)
        if answer.status_code == 200:
            return answer.json()["data"]
        if time.monotonic() > end:
            raise SmokeError(f"{method} {path}: {answer.status_code} {answer.text}")
        time.sleep(EVERY_S)


def main() -> int:
    """Ask, and print a line for each answer."""
    url, images_bucket = sys.argv[1:]
    key = {"X-API-Key": os.environ["HYPERMOB_API_KEY"]}
    photo = {
        "image_url": f"s3://{images_bucket}/{GUIDE_PHOTO}",
        "height_cm": json.loads(SAMPLE.read_text("utf-8"))["height_cm"],
        "user_id": LENGTHS_REQUEST["user_id"],
    }
    try:
        with httpx.Client(base_url=url, headers=key, timeout=30) as client:
            health = answered(client, "GET", "/health", params={"deep": 1})
            print(f"    GET /health?deep=1: version {health['version']}")
            answered(client, "POST", "/recommend", json=LENGTHS_REQUEST)
            print("    POST /recommend: settings")
            measured = answered(client, "POST", "/measure", json=photo)
            print(f"    POST /measure: arm {measured['arm_cm']} cm, leg {measured['leg_cm']} cm")
        bare = httpx.post(f"{url}/recommend", json=LENGTHS_REQUEST, timeout=30)
        if bare.status_code != 403:
            raise SmokeError(f"POST /recommend without a key: {bare.status_code}, not 403")
    except (SmokeError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
