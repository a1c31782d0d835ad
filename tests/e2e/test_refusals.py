"""What must be refused, with which code, and that no more comes of it than why."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.client import Client, data, people, png, refusal

HANGUL = re.compile("[가-힣]")
GUIDE_PHOTO = "s3://hypermob-images/test/full_body.jpg"
BODY = {
    "height": 175.0,
    "upper_arm": 32.0,
    "forearm": 25.5,
    "thigh": 42.0,
    "calf": 41.0,
    "torso": 51.0,
    "user_id": "refused",
}


@pytest.fixture(autouse=True)
def at_most_why_is_written_and_the_next_request_works(client: Client) -> Iterator[None]:
    before = {key for key in client.results() if client.user_id in key}
    yield
    after = {key for key in client.results() if client.user_id in key}
    assert [key for key in after - before if not key.endswith("/error.json")] == []
    data(client.post("/recommend", BODY))


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({}, "/vehicles"),
        ({"X-API-Key": "wrong"}, "/vehicles"),
        ({}, "/measurements/a/b"),
    ],
)
def test_a_call_without_the_right_key_is_refused(
    client: Client, headers: dict[str, str], path: str
) -> None:
    answer = httpx.get(client.stack.url + path, headers=headers, trust_env=False)
    assert refusal(answer) == (403, "FORBIDDEN")


def test_an_unknown_path_is_unknown_without_a_key_too(client: Client) -> None:
    answer = httpx.get(f"{client.stack.url}/nowhere", trust_env=False)
    assert refusal(answer) == (404, "NOT_FOUND")


def test_health_needs_no_key(client: Client) -> None:
    assert httpx.head(f"{client.stack.url}/health", trust_env=False).status_code == 200
    assert data(httpx.get(f"{client.stack.url}/health", trust_env=False))["version"]
    assert data(httpx.get(f"{client.stack.url}/health?deep=1", trust_env=False))["deep"] is True


@pytest.mark.parametrize(
    "expected",
    ["NO_PERSON", "SEVERAL_PEOPLE", "BODY_CUT_OFF", "PERSON_TOO_SMALL", "POSE_UNSUITABLE"],
)
def test_a_photo_that_cannot_be_measured_is_refused_in_the_language_asked_for(
    client: Client, expected: str
) -> None:
    truth, photo = people(expected)[0]
    image_url = client.upload(photo)["image_url"]
    height_cm = truth.get("height_cm", 175.0)
    english = client.measure(image_url, height_cm)
    assert refusal(english) == (422, expected)
    korean = client.measure(image_url, height_cm, **{"Accept-Language": "ko-KR,ko;q=0.9"})
    assert refusal(korean) == (422, expected)
    assert HANGUL.search(korean.json()["error"]["message"])
    assert not HANGUL.search(english.json()["error"]["message"])


def test_a_file_that_is_no_photo_is_unsupported(client: Client, photo: bytes) -> None:
    for content in (b"a shopping list", photo[: len(photo) // 2], b"\xff\xd8\xff\xe0"):
        image_url = client.upload(content)["image_url"]
        assert refusal(client.measure(image_url)) == (415, "UNSUPPORTED_IMAGE")


def test_an_empty_file_is_unsupported(client: Client) -> None:
    granted = data(
        client.post("/uploads", {"user_id": client.user_id, "content_type": "image/jpeg"})
    )
    bucket, _, key = granted["image_url"].removeprefix("s3://").partition("/")
    client.stack.s3().put_object(Bucket=bucket, Key=key, Body=b"")
    assert refusal(client.measure(granted["image_url"])) == (415, "UNSUPPORTED_IMAGE")


def test_a_photo_of_200_megapixels_is_too_large(client: Client) -> None:
    image_url = client.upload(png(20_000, 10_000), "image/png")["image_url"]
    assert refusal(client.measure(image_url)) == (413, "IMAGE_TOO_LARGE")


def test_a_photo_that_is_not_there_is_not_found(client: Client) -> None:
    granted = data(
        client.post("/uploads", {"user_id": client.user_id, "content_type": "image/jpeg"})
    )
    assert refusal(client.measure(granted["image_url"])) == (404, "IMAGE_NOT_FOUND")


@pytest.mark.parametrize(
    "image_url",
    [
        "s3://somebody-elses-bucket/test/full_body.jpg",
        "s3://hypermob-results/results/a/b/overlay.jpg",
        "s3://hypermob-images/uploads/another_user/0123456789abcdef0123456789abcdef.jpg",
        "s3://hypermob-images/test/../uploads/x.jpg",
    ],
)
def test_a_photo_in_another_place_is_not_read(client: Client, image_url: str) -> None:
    assert refusal(client.measure(image_url)) == (403, "BUCKET_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("height_cm", None),
        ("height_cm", "175"),
        ("height_cm", float("nan")),
        ("height_cm", float("inf")),
        ("height_cm", -175.0),
        ("height_cm", 99.9),
        ("height_cm", 230.1),
        ("height_cm", True),
        ("height_cm", [175]),
        ("image_url", None),
        ("image_url", 7),
        ("image_url", "https://example.com/photo.jpg"),
        ("user_id", None),
        ("user_id", ""),
        ("user_id", "a/b"),
        ("user_id", "../../etc"),
        ("user_id", "x" * 65),
        ("sex", "other"),
        ("weight_kg", float("nan")),
        ("vehicle", "batmobile"),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named(client: Client, field: str, value: Any) -> None:
    body = {"image_url": GUIDE_PHOTO, "height_cm": 175.0, "user_id": client.user_id, field: value}
    if value is None:
        del body[field]
    for language in ("en", "ko"):
        answer = client.http.post(
            "/measure",
            content=json.dumps(body),
            headers={"Content-Type": "application/json", "Accept-Language": language},
        )
        assert refusal(answer) == (400, "INVALID_INPUT")
        assert [problem["field"] for problem in answer.json()["error"]["fields"]] == [field]
        assert field in answer.json()["error"]["message"]
        assert bool(HANGUL.search(answer.json()["error"]["message"])) == (language == "ko")


@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b"null", b"{", b"\xff\xfe", b"NaN"])
def test_a_body_that_is_not_an_object_is_refused(client: Client, content: bytes) -> None:
    for path in ("/measure", "/recommend", "/uploads", "/fit"):
        answer = client.http.post(
            path, content=content, headers={"Content-Type": "application/json"}
        )
        assert refusal(answer) == (400, "INVALID_INPUT")


def test_a_body_that_is_not_declared_as_json_is_refused(client: Client) -> None:
    answer = client.http.post(
        "/recommend", content=json.dumps(BODY), headers={"Content-Type": "text/plain"}
    )
    assert refusal(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("megabytes", [1, 7, 11])
def test_a_large_body_is_refused(client: Client, megabytes: int) -> None:
    body = {**BODY, "note": "x" * (megabytes * 2**20)}
    for language, hangul in (("en", False), ("ko", True)):
        answer = client.post("/recommend", body, **{"Accept-Language": language})
        assert refusal(answer) == (413, "REQUEST_TOO_LARGE")
        assert bool(HANGUL.search(answer.json()["error"]["message"])) == hangul


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "NOT_FOUND")),
        ("GET", "/measurements/someone/0123456789abcdef0123456789abcdef", (404, "NOT_FOUND")),
        ("GET", "/measurements/someone/else/0123456789abcdef0123456789abcdef", (404, "NOT_FOUND")),
        ("GET", "/measurements/someone/1", (400, "INVALID_INPUT")),
        (
            "GET",
            "/measurements/some%2Fone/0123456789abcdef0123456789abcdef",
            (400, "INVALID_INPUT"),
        ),
        ("GET", "/measure", (405, "METHOD_NOT_ALLOWED")),
        ("TRACE", "/measure", (404, "NOT_FOUND")),
    ],
)
def test_an_address_where_nothing_is_is_not_found(
    client: Client, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert refusal(client.http.request(method, path)) == expected
