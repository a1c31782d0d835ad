"""``python -m infra.smoke URL IMAGES_BUCKET``: does a deployed API answer to ``HYPERMOB_API_KEY``?

Does what a user does: uploads the sample photo by the form, has it measured, follows ``Location``,
reads the overlay, deletes. A new key takes up to a minute to be known everywhere, and the first
photo waits for the measure function to start.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx

from chalicelib.errors import UnauthorizedError
from chalicelib.openapi import LENGTHS_REQUEST
from chalicelib.storage import GUIDE_PHOTO
from infra.stage import REPOSITORY

PERSON = REPOSITORY / "samples" / "person.json"
PHOTO = REPOSITORY / "samples" / "person.jpg"
USER = "smoke_test"
PATIENCE_S = 180.0
EVERY_S = 2.0


class SmokeError(Exception):
    """The API does not answer as it should; says what it answered last."""


def call_until_success(client: httpx.Client, method: str, path: str, **body: Any) -> Any:
    """Data of a route's success, asked for again until ``PATIENCE_S`` has passed.

    Raises
    ------
    SmokeError
        No success in that time.
    """
    return _awaited(client, method, path, lambda answer: answer.status_code == 200, **body).json()[
        "data"
    ]


def _awaited(
    client: httpx.Client,
    method: str,
    path: str,
    enough: Callable[[httpx.Response], bool],
    **body: Any,
) -> httpx.Response:
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = client.request(method, path, **body)
        if enough(answer):
            return answer
        if time.monotonic() > end:
            raise SmokeError(f"{method} {path}: {answer.status_code} {answer.text}")
        time.sleep(EVERY_S)


def _expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    if answer.status_code not in statuses:
        request = answer.request
        raise SmokeError(f"{request.method} {request.url}: {answer.status_code} {answer.text}")
    return answer


def check(url: str, key: str, images_bucket: str, say: Callable[[str], None]) -> None:
    """Do all of it, and say one line for each part.

    Parameters
    ----------
    url
        Of the API, its stage included, without a slash at its end.
    images_bucket
        Where `GUIDE_PHOTO` lies.

    Raises
    ------
    SmokeError, httpx.HTTPError
        It does not answer as it should, or not at all.
    """
    height_cm = json.loads(PERSON.read_text("utf-8"))["height_cm"]
    with _client(url, key) as client:
        _check_lengths(client, say)
        measured = call_until_success(
            client, "POST", "/measure", json=_guide(images_bucket, height_cm)
        )
        say(f"POST /measure: arm {measured['arm_cm']} cm, leg {measured['leg_cm']} cm")
        _check_upload(client, height_cm, say)
        _expect(client.delete(f"/measurements/{USER}/{measured['measurement_id']}"), 200)
    _check_key(url, say)


def check_without_users(url: str, key: str, images_bucket: str, say: Callable[[str], None]) -> None:
    """Check an API whose users prove who they are: all that needs no token, and that photos do.

    Parameters and errors are those of `check`.
    """
    height_cm = json.loads(PERSON.read_text("utf-8"))["height_cm"]
    with _client(url, key) as client:
        _check_lengths(client, say)
        guide = _guide(images_bucket, height_cm)
        _expect(client.post("/measure", json=guide), UnauthorizedError.status)
        say("POST /measure without a user's token: refused. With one: yours to try")
    _check_key(url, say)


def _client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30)


def _guide(images_bucket: str, height_cm: float) -> dict[str, Any]:
    url = f"s3://{images_bucket}/{GUIDE_PHOTO}"
    return {"image_url": url, "height_cm": height_cm, "user_id": USER}


def _check_lengths(client: httpx.Client, say: Callable[[str], None]) -> None:
    health = call_until_success(client, "GET", "/health", params={"deep": 1})
    say(f"GET /health?deep=1: version {health['version']}")
    call_until_success(client, "POST", "/recommend", json=LENGTHS_REQUEST)
    say("POST /recommend: settings")


def _check_key(url: str, say: Callable[[str], None]) -> None:
    bare = _expect(httpx.post(f"{url}/recommend", json=LENGTHS_REQUEST, timeout=30), 403)
    if bare.json().get("error", {}).get("code") != "FORBIDDEN":
        raise SmokeError(f"POST /recommend without a key: not in our words: {bare.text}")
    say("POST /recommend without a key: refused")


def _check_upload(client: httpx.Client, height_cm: float, say: Callable[[str], None]) -> None:
    asked = {"user_id": USER, "content_type": "image/jpeg"}
    granted = call_until_success(client, "POST", "/uploads", json=asked)
    form = granted["upload"]
    # A redirect here is S3's global host: a browser would not follow it with the form.
    sent = httpx.post(
        form["url"], data=form["fields"], files={"file": PHOTO.read_bytes()}, timeout=60
    )
    _expect(sent, 204)
    say(f"upload form: taken by {sent.request.url.host}")
    body = {"image_url": granted["image_url"], "height_cm": height_cm, "user_id": USER}
    wait = {"Prefer": "respond-async"}
    started = _expect(client.post("/measure", json=body, headers=wait), 202)
    # Joined as any client joins it, so that a stage or a CDN in the way is found out.
    where = urljoin(str(started.request.url), started.headers["Location"])
    state = _awaited(client, "GET", where, _has_ended).json()["data"]
    if state["state"] != "done":
        raise SmokeError(f"GET {where}: {state}")
    say("Location: leads to the measurement")
    overlay = _expect(httpx.get(state["measurement"]["output_image_url"], timeout=60), 200)
    if not overlay.content.startswith(b"\xff\xd8"):
        raise SmokeError(f"the overlay is no JPEG: {overlay.content[:20]!r}")
    say(f"overlay: {len(overlay.content) // 1024} KB")
    _expect(client.delete(where), 200)
    _expect(client.get(where), 404)
    say("DELETE: gone")


def _has_ended(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json()["data"]["state"] != "pending"


def main() -> int:
    """Ask, and print a line for each answer."""
    url, images_bucket = sys.argv[1:]
    try:
        check(url.rstrip("/"), os.environ["HYPERMOB_API_KEY"], images_bucket, print)
    except (SmokeError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
