"""What the app answers is what its description says."""

import re
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator

from chalicelib import openapi
from infra.gateway_responses import KEYLESS_ROUTES
from tests.functional.conftest import PEOPLE

USER = "test_user"
UNDESCRIBED = {
    ("HEAD", "/health"),
    *(("GET", path) for path in ("/", "/openapi.json", "/docs", "/vss/overlay.vspec")),
    *(("GET", path) for path in ("/sw.js", "/app.webmanifest", "/icon.svg")),
}
"""What is read by people, describes the rest, or is as GET."""


def test_every_route_is_described_and_no_other(api: Any) -> None:
    from app import app

    routes = {
        (method, path)
        for path, methods in app.routes.items()
        for method in methods
        if method != "OPTIONS"
    }
    described = {(each.method.upper(), each.path) for each in openapi.OPERATIONS}
    assert routes - UNDESCRIBED == described


def test_the_routes_that_need_a_key_are_described_so(api: Any) -> None:
    from app import app

    for each in openapi.OPERATIONS:
        route = app.routes[each.path][each.method.upper()]
        assert bool(route.api_key_required) == each.needs_key


def test_the_routes_that_need_no_key_are_throttled_by_themselves(api: Any) -> None:
    from app import app

    keyless = {
        (method, path)
        for path, methods in app.routes.items()
        for method, route in methods.items()
        if method != "OPTIONS" and not route.api_key_required
    }
    assert set(KEYLESS_ROUTES) == keyless


def test_the_description_is_served_without_a_key(api: Any) -> None:
    response = api.send("GET", "/openapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert msgspec.json.decode(response.body) == msgspec.to_builtins(openapi.document())


def test_answers_are_as_described(api: Any, s3: Any) -> None:
    key = "test/front.jpg"
    s3.put_object(Bucket="hypermob-images", Key=key, Body=(PEOPLE / "front-8.jpg").read_bytes())
    s3.put_object(Bucket="hypermob-images", Key="test/none.jpg", Body=b"no photo")
    photo = {"image_url": f"s3://hypermob-images/{key}", "height_cm": 158.2, "user_id": USER}
    side = photo | {"side_image_url": photo["image_url"], "sex": "female", "drive_side": "right"}
    s3.put_object(
        Bucket="hypermob-images", Key="test/2.jpg", Body=(PEOPLE / "two_people-5.jpg").read_bytes()
    )
    urls = [f"s3://hypermob-images/{each}" for each in (key, "test/2.jpg")]
    several = {"image_urls": urls, "height_cm": 158.2, "user_id": USER}
    damaged = photo | {"image_url": "s3://hypermob-images/test/none.jpg"}
    own = {"base": "sports", "h30_mm": 200}
    known = {"user_id": USER, "height": 170, "calf": 40, "estimate_missing": True, "drawing": "ko"}
    seen = {
        conform(api, "POST", "/recommend", openapi.LENGTHS_REQUEST | {"vehicle": own}),
        conform(api, "GET", "/health"),
        conform(api, "GET", "/health?deep=1"),
        conform(api, "GET", "/vehicles"),
        conform(api, "POST", "/recommend", openapi.LENGTHS_REQUEST),
        conform(api, "POST", "/recommend", openapi.LENGTHS_REQUEST | {"vehicle": "minivan"}),
        conform(api, "POST", "/recommend", {"height": "tall"}),
        conform(api, "POST", "/recommend", known),
        conform(api, "POST", "/recommend/transfer", openapi.TRANSFER_REQUEST),
        conform(api, "POST", "/uploads", {"user_id": USER, "content_type": "image/jpeg"}),
        conform(api, "POST", "/measure", photo, Idempotency_Key="a"),
        conform(api, "POST", "/measure", photo, Prefer="respond-async"),
        conform(api, "POST", "/measure", side),
        conform(api, "POST", "/measure", several),
        conform(api, "POST", "/measure", damaged),
        conform(api, "POST", "/measure", photo | {"image_url": "s3://hypermob-images/test/no"}),
        conform(api, "POST", "/measure", photo | {"image_url": "s3://elsewhere/test/a.jpg"}),
        conform(api, "POST", "/fit", photo | {"vehicle": "medium_suv"}),
        conform(api, "GET", f"/measurements/{USER}/{'0' * 32}"),
        conform(api, "GET", f"/measurements/{USER}/nonsense"),
        conform(api, "DELETE", f"/measurements/{USER}/{'0' * 32}"),
    }
    assert {status for _, status in seen} == {200, 202, 400, 403, 404, 415, 422}


@pytest.mark.parametrize("state", ["pending", "done", "failed"])
def test_every_state_of_a_measurement_is_as_described(api: Any, s3: Any, state: str) -> None:
    body = {"user_id": USER, "content_type": "image/jpeg"}
    _, granted = api.call("POST", "/uploads", body)
    content = {"failed": b"no photo"}.get(state, (PEOPLE / "front-8.jpg").read_bytes())
    bucket, _, key = granted["data"]["image_url"].removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    if state != "pending":
        measured = {"image_url": granted["data"]["image_url"], "height_cm": 158.2, "user_id": USER}
        api.call("POST", "/measure", measured, Prefer="respond-async")
    path = f"/measurements/{USER}/{granted['data']['measurement_id']}"
    conform(api, "GET", path)
    assert api.call("GET", path)[1]["data"]["state"] == state


def conform(api: Any, method: str, path: str, body: Any = None, **headers: str) -> tuple[str, int]:
    """Call, and hold the answer against the schema of its status; return path and status."""
    response = api.send(method, path, body, **headers)
    status, answer = response.status_code, response.json_body
    document = openapi.document()
    template = next(each for each in document["paths"] if _matches(each, path))
    described = document["paths"][template][method.lower()]["responses"]
    assert str(status) in described, f"{method} {path} answers {status}: {answer}"
    schema = described[str(status)]["content"]["application/json"]["schema"]
    whole = {**schema, "components": document["components"]}
    errors = [f"{e.json_path}: {e.message}" for e in OAS31Validator(whole).iter_errors(answer)]
    assert errors == [], f"{method} {path}"
    undescribed = list(_undescribed(schema, answer, document["components"]["schemas"], "$"))
    assert undescribed == [], f"{method} {path}"
    for name in described[str(status)].get("headers", {}):
        assert name in response.headers
    return template, status


def _undescribed(schema: Any, value: Any, components: Any, where: str) -> Any:
    """Fields of an answer of which the description says nothing."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        branches = [each for each in schema["anyOf"] if each.get("type") != "null"]
        found = [list(_undescribed(each, value, components, where)) for each in branches]
        yield from min(found, key=len)
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name not in schema["properties"]:
                yield f"{where}.{name}"
            else:
                below = schema["properties"][name]
                yield from _undescribed(below, inner, components, f"{where}.{name}")


def _matches(template: str, path: str) -> bool:
    return bool(re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path.partition("?")[0]))


def test_what_drivers_tell_and_their_own_answers_are_as_described(api: Any) -> None:
    path, telling = "/drivers/kim/settings", openapi.TELLING_REQUEST
    hurts = {"kind": "discomfort", "discomfort": {"body_part": "knee"}, "vehicle": "minivan"}
    own = {"vehicle": {"base": "minivan", "seat_travel_mm": 300.0}}
    personal = {"user_id": "kim", "personal": True}
    transfer = openapi.TRANSFER_REQUEST | personal
    statuses = [
        conform(api, "GET", path),
        conform(api, "POST", path, telling, Idempotency_Key="a"),
        conform(api, "POST", path, telling | {"kind": "adjusted"}, Idempotency_Key="a"),
        conform(api, "POST", path, telling | own),
        conform(api, "POST", path, hurts),
        conform(api, "POST", path, {"kind": "kept"}),
        conform(api, "GET", path),
        conform(api, "POST", "/recommend", openapi.LENGTHS_REQUEST | personal),
        conform(api, "POST", "/recommend/transfer", transfer),
        conform(api, "DELETE", path),
        conform(api, "POST", path, telling),
    ]
    assert [status for _, status in statuses] == [
        404, 200, 409, 200, 200, 400, 200, 200, 200, 200, 410,
    ]  # fmt: skip
