"""The committed description is the code's own, is valid, and keeps its promises."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.openapi import document
from tools.openapi import GUIDE, PROMISED, WRITTEN, as_yaml, breaking_changes, with_tables

Change = Callable[[dict[str, Any]], Any]


def test_the_committed_description_is_this_codes() -> None:
    stale = "stale: run python -m tools.openapi"
    assert WRITTEN.read_text("utf-8") == as_yaml(document()), stale


def test_the_tables_of_the_guide_are_this_codes() -> None:
    guide = GUIDE.read_text("utf-8")
    assert guide == with_tables(guide), "stale: run make openapi"
    assert "`POST /recommend/transfer`" in guide
    assert "| `POSE_UNSUITABLE` | 422 |" in guide


def test_the_description_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_nothing_that_clients_were_promised_is_broken() -> None:
    assert breaking_changes(yaml.safe_load(PROMISED.read_text("utf-8")), document()) == []


def test_every_example_is_as_its_schema_says() -> None:
    """An example that does not work is worse than none."""
    from openapi_schema_validator import OAS31Validator

    def check(schema: Any, example: Any) -> None:
        whole = {**schema, "components": document()["components"]}
        assert [error.message for error in OAS31Validator(whole).iter_errors(example)] == []

    for methods in document()["paths"].values():
        for operation in methods.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for content in body.get("content", {}).values():
                    if "example" in content:
                        check(content["schema"], content["example"])
                    for example in content.get("examples", {}).values():
                        check(content["schema"], example["value"])


def test_patterns_mean_the_same_in_every_language() -> None:
    patterns = re.findall(r"pattern: (.*)", as_yaml(document()))
    assert patterns
    assert not [pattern for pattern in patterns if r"\Z" in pattern]


def _schemas(description: dict[str, Any]) -> Any:
    return description["components"]["schemas"]


BREAKING: dict[str, Change] = {
    "GET /vehicles is gone": lambda d: d["paths"].pop("/vehicles"),
    "GET /health asks for a key": lambda d: d["paths"]["/health"]["get"].pop("security"),
    "POST /recommend: RecommendRequest.sex is required": lambda d: _schemas(d)["RecommendRequest"][
        "required"
    ].append("sex"),
    "POST /recommend: RecommendRequest.height takes less": lambda d: _schemas(d)[
        "RecommendRequest"
    ]["properties"]["height"].update(minimum=140),
    "POST /uploads: UploadRequest.content_type takes less": lambda d: _schemas(d)["UploadRequest"][
        "properties"
    ]["content_type"]["enum"].remove("image/webp"),
    "POST /measure: MeasureRequest.user_id takes less": lambda d: _schemas(d)["MeasureRequest"][
        "properties"
    ]["user_id"].update(pattern="^[a-z]+$"),
    "POST /measure: header Prefer is not read": lambda d: d["paths"]["/measure"]["post"][
        "parameters"
    ].pop(1),
    "POST /measure never answers 202": lambda d: d["paths"]["/measure"]["post"]["responses"].pop(
        "202"
    ),
    "POST /measure 200: body.data.arm_cm may be missing": lambda d: _schemas(d)["Measured"][
        "required"
    ].remove("arm_cm"),
    "POST /recommend 200: body.data.settings.seat.fore_aft_mm may be string": lambda d: _schemas(d)[
        "Seat"
    ]["properties"]["fore_aft_mm"].update(type="string"),
    "GET /measurements/{user_id}/{measurement_id} 200: Done.measurement may be missing": (
        lambda d: _schemas(d)["Done"]["properties"].pop("measurement")
    ),
}


@pytest.mark.parametrize("said", BREAKING)
def test_a_change_that_breaks_clients_is_found(said: str) -> None:
    changed = copy.deepcopy(document())
    BREAKING[said](changed)
    assert said in breaking_changes(document(), changed)


def test_what_is_added_breaks_nobody() -> None:
    added = copy.deepcopy(document())
    added["paths"]["/new"] = added["paths"]["/recommend"]
    _schemas(added)["RecommendRequest"]["properties"]["shoe_mm"] = {"type": "number"}
    _schemas(added)["RecommendRequest"]["properties"]["height"]["minimum"] = 90
    _schemas(added)["Recommended"]["properties"]["noise_db"] = {"type": "number"}
    _schemas(added)["Recommended"]["required"].append("noise_db")
    other = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    _schemas(added)["OtherRequest"] = other
    body = added["paths"]["/measure"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"anyOf": [body["schema"], {"$ref": "#/components/schemas/OtherRequest"}]}
    assert breaking_changes(document(), added) == []
