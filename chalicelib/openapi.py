"""The API description (OpenAPI 3.1), made from the types that the routes themselves use.

A field that is added to a request or an answer appears by itself; a new route needs a row in
`OPERATIONS`, and the tests say so. ``python -m tools.openapi`` writes ``openapi.yml`` from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import msgspec

from chalicelib import VERSION, answers, carfit, contracts, errors

REFERENCE: Final = "#/components/schemas/{name}"
GENERIC: Final = {
    "_tuple_float__float__": "Band",
    "_float_": "",
    "_collections.abc.Mapping_typing.Literal__en____ko____str__": "Words",
}
"""What `carfit.Settings` is made of, as msgspec spells it: numbers, bands, sentences."""
UNITS: Final = ("cm", "mm", "deg", "kg", "s", "px", "bytes")
"""Units that names of fields end with."""

DESCRIPTION: Final = """\
A standing photo and a height become body segment lengths, and those the settings of a car.

A photo's way: `POST /uploads`, post the photo to the form that it answers, `POST /fit`.

Lengths are between joint centres, left and right averaged; height is from vertex to floor,
barefoot. To find the centres with a tape: the shoulder's lies under the bony tip of the shoulder.
The elbow's, wrist's and ankle's lie between their two bony bumps. The hip's is level with the bump
at the top of the thigh's outside, the knee's with the crease behind it. Torso is from the middle
between the shoulders to the middle between the hips.

Axes of a car: x aft, from the ball of the foot on the resting accelerator; y to the car's right;
z up, from the heel. Names end with their unit.

Answers are `{"status": "success", "data": ...}` or `{"status": "error", "error": ...}`. Fields and
error codes may be added without notice: ignore what you do not know.
"""

VEHICLE_NAME: Final = msgspec.json.schema(contracts.VehicleName)
PHOTO_REQUEST: Final = {
    "image_url": "s3://hypermob-images/test/full_body.jpg",
    "height_cm": 175.0,
    "user_id": "test_user",
}
LENGTHS_REQUEST: Final = {
    "height": 175.0,
    "upper_arm": 31.0,
    "forearm": 26.0,
    "thigh": 51.0,
    "calf": 36.0,
    "torso": 61.0,
    "user_id": "test_user",
}
TRANSFER_REQUEST: Final = LENGTHS_REQUEST | {
    "from_vehicle": "medium_car",
    "to_vehicle": "minivan",
    "settings": {
        "seat": {"fore_aft_mm": 150.0, "height_mm": 20.0, "backrest_recline_deg": 23.0},
        "steering_wheel": {"telescope_mm": 40.0, "tilt_deg": 3.0},
    },
}

TELLING_REQUEST: Final = {
    "kind": "kept",
    "vehicle": "medium_car",
    "settings": {
        "seat": {"fore_aft_mm": 180.0, "height_mm": 24.0, "backrest_recline_deg": 25.0},
        "steering_wheel": {"telescope_mm": 40.0, "tilt_deg": 3.0},
    },
}

OF_EVERY_CALL: Final = (
    errors.TooManyRequestsError,
    errors.RequestBlockedError,
    errors.HypermobError,
    errors.ServiceUnavailableError,
)
OF_A_KEY: Final = (errors.ForbiddenError, errors.QuotaExceededError)
OF_A_USER: Final = (errors.UnauthorizedError, errors.UserNotAllowedError)
"""Only where a deployment has an issuer of tokens."""
OF_A_BODY: Final = (
    errors.InvalidInputError,
    errors.RequestTooLargeError,
    errors.UnsupportedMediaTypeError,
)
OF_A_PHOTO: Final = (
    *(error for error in errors.ERRORS.values() if issubclass(error, errors.MeasuringError)),
    *OF_A_USER,
)

IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same user and key measure once: a repeat answers the stored result, and "
    "another body under the same key is a 409.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "order-4711",
}
TELLING_KEY: Final = IDEMPOTENCY_KEY | {
    "description": "The same user and key tell once: a repeat answers what is stored, and another "
    "telling under the same key is a 409.",
}
PREFER: Final = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async` answers 202 at once instead of waiting for the measurement; "
    "`wait=N` after N seconds (RFC 7240).",
    "schema": {"type": "string"},
    "example": "respond-async",
}
DEEP: Final = {
    "name": "deep",
    "in": "query",
    "description": "1 also tries the buckets and the measure function.",
    "schema": {"type": "string", "enum": ["0", "1"]},
}


@dataclass(frozen=True)
class Operation:
    """One method of one route.

    Attributes
    ----------
    answers
        Type of ``data`` by status.
    takes
        Types that the request's body may have.
    example
        A body that works.
    errors
        What it may answer beside what every call may.
    parameters
        Headers and query parameters of its own.
    needs_key
        Whether it asks for the API key.
    """

    method: str
    path: str
    name: str
    summary: str
    answers: Mapping[int, Any]
    takes: tuple[type[msgspec.Struct], ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[type[errors.HypermobError], ...] = ()
    parameters: tuple[Mapping[str, Any], ...] = ()
    needs_key: bool = True


OPERATIONS: Final = (
    Operation(
        "get",
        "/health",
        "health",
        "Alive, and which versions. HEAD answers the same without a body",
        {200: answers.Health},
        errors=(errors.InvalidInputError,),
        parameters=(DEEP,),
        needs_key=False,
    ),
    Operation(
        "post",
        "/uploads",
        "createUpload",
        "Permit one photo to be uploaded straight to storage. "
        "With a height, it is measured as soon as it is there",
        {200: answers.UploadGrant},
        takes=(contracts.UploadRequest,),
        errors=OF_A_USER,
        example={"user_id": "test_user", "content_type": "image/jpeg"},
    ),
    Operation(
        "post",
        "/measure",
        "measure",
        "Photo and height in, lengths out",
        {200: answers.Measured, 202: answers.Accepted},
        takes=(contracts.MeasureRequest,),
        example=PHOTO_REQUEST,
        errors=OF_A_PHOTO,
        parameters=(IDEMPOTENCY_KEY, PREFER),
    ),
    Operation(
        "post",
        "/fit",
        "fit",
        "Photo and height in, settings out: measure, then recommend",
        {200: answers.Fitted, 202: answers.Accepted},
        takes=(contracts.MeasureRequest,),
        example=PHOTO_REQUEST | {"vehicle": "medium_suv"},
        errors=OF_A_PHOTO,
        parameters=(IDEMPOTENCY_KEY, PREFER),
    ),
    Operation(
        "post",
        "/recommend",
        "recommend",
        "Lengths in, settings out: values, 80 % bands, warnings",
        {200: answers.Recommended},
        takes=(contracts.RecommendRequest, contracts.EstimateRequest),
        example=LENGTHS_REQUEST,
        errors=OF_A_USER,
    ),
    Operation(
        "post",
        "/recommend/transfer",
        "transfer",
        "Settings that a driver keeps in one car in, settings for another out",
        {200: answers.Transferred},
        takes=(contracts.TransferRequest,),
        example=TRANSFER_REQUEST,
        errors=OF_A_USER,
    ),
    Operation(
        "post",
        "/drivers/{user_id}/settings",
        "tellSettings",
        "Settings that a driver kept in a car: the next car follows",
        {200: answers.Told},
        takes=(contracts.TellingRequest,),
        example=TELLING_REQUEST,
        errors=(errors.IdempotencyKeyReusedError, errors.DriverDeletedError, *OF_A_USER),
        parameters=(TELLING_KEY,),
    ),
    Operation(
        "get",
        "/drivers/{user_id}/settings",
        "driverSettings",
        "All that a driver told",
        {200: answers.DriverSettings},
        errors=(errors.InvalidInputError, errors.NotFoundError, *OF_A_USER),
    ),
    Operation(
        "delete",
        "/drivers/{user_id}/settings",
        "deleteDriverSettings",
        "Forget all that a driver told",
        {200: answers.DriverDeleted},
        errors=(errors.InvalidInputError, *OF_A_USER),
    ),
    Operation(
        "get",
        "/vehicles",
        "vehicles",
        "The catalogue, each figure with where it comes from",
        {200: answers.Catalogue},
    ),
    Operation(
        "get",
        "/measurements/{user_id}/{measurement_id}",
        "measurement",
        "Pending, done (with its recommendation) or failed (why)",
        {200: answers.MeasurementState},
        errors=(errors.InvalidInputError, errors.NotFoundError, *OF_A_USER),
    ),
    Operation(
        "delete",
        "/measurements/{user_id}/{measurement_id}",
        "deleteMeasurement",
        "Remove photo, overlay and numbers",
        {200: answers.Deleted},
        errors=(errors.InvalidInputError, *OF_A_USER),
    ),
)


@cache
def document() -> dict[str, Any]:
    """Return the description, as plain JSON values."""
    kinds = [answers.Failure, contracts.MeasurementPath]
    kinds += [kind for operation in OPERATIONS for kind in operation.takes]
    kinds += [kind for operation in OPERATIONS for kind in operation.answers.values()]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    by_kind = dict(zip(kinds, schemas, strict=True))
    for component in components.values():
        _describe_fields(component)
        _name_the_vehicles(component)
    path_fields = components.pop("MeasurementPath")["properties"]
    components["ErrorBody"]["properties"]["code"]["enum"] = sorted(errors.ERRORS)
    for name in ("ErrorBody", "StoredError"):
        text, _ = components[name]["properties"]["reason"]["anyOf"]
        text["enum"] = list(errors.POSE_ADVICE)
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        described = _operation(operation, by_kind, path_fields)
        paths.setdefault(operation.path, {})[operation.method] = described
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "HYPERMOB Platform AI",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ".", "description": "Where this description is served."}],
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "Meters a client; it authenticates no user.",
                }
            },
        },
    }
    plain: dict[str, Any] = _readable(whole)
    return plain


def _operation(
    operation: Operation, schemas: Mapping[Any, Any], path_fields: Mapping[str, Any]
) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": path_fields[name]}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    language = {
        "name": "Accept-Language",
        "in": "header",
        "description": "Language of an error's message: English or Korean.",
        "schema": {"type": "string"},
        "example": "ko",
    }
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*parameters, *operation.parameters, language],
        "responses": {
            str(status): _success_response(status, schemas[kind])
            for status, kind in operation.answers.items()
        },
    }
    if not operation.needs_key:
        described["security"] = []
    if operation.takes:
        kinds = [schemas[kind] for kind in operation.takes]
        schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
        body = {"schema": schema, "example": operation.example}
        described["requestBody"] = {"required": True, "content": {"application/json": body}}
    described["responses"] |= _failures(operation, schemas[answers.Failure])
    return described


def _success_response(status: int, data: Mapping[str, Any]) -> dict[str, Any]:
    envelope = {
        "type": "object",
        "properties": {"status": {"const": "success"}, "data": data},
        "required": ["status", "data"],
    }
    answer: dict[str, Any] = {
        "description": "Success" if status == 200 else "Accepted: ask at `Location`",
        "content": {"application/json": {"schema": envelope}},
    }
    if status == 202:
        answer["headers"] = {
            "Location": _header(
                "Where the measurement will be, relative to the address of this request.", "string"
            ),
            "Retry-After": _header("Seconds to wait before asking.", "integer"),
        }
    return answer


def _failures(operation: Operation, schema: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {
        *OF_EVERY_CALL,
        *operation.errors,
        *(OF_A_KEY if operation.needs_key else ()),
        *(OF_A_BODY if operation.takes else ()),
    }
    failures: dict[str, Any] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
        failure = failures.setdefault(
            str(kind.status),
            {
                "description": "",
                "headers": {"Content-Language": _header("`en` or `ko`.", "string")},
                "content": {"application/json": {"schema": schema, "examples": {}}},
            },
        )
        codes = [part for part in (failure["description"], f"`{kind.code}`") if part]
        failure["description"] = ", ".join(codes)
        if kind.retry_after_s is not None:
            failure["headers"]["Retry-After"] = _header("Seconds to wait.", "integer")
        failure["content"]["application/json"]["examples"][kind.code] = {
            "summary": (kind.__doc__ or "").partition("\n")[0],
            "value": {
                "status": "error",
                "error": {**_example(kind), "request_id": "6c8f1f5e-0f5f-4a53-9a5c-0b8a6fb2ad6d"},
            },
        }
    return failures


def _example(kind: type[errors.HypermobError]) -> dict[str, Any]:
    if kind is errors.InvalidInputError:
        missing = "is required (a number from 100 to 230 (cm))"
        problem = errors.FieldProblem(
            "height_cm", missing, "필수 항목(100에서 230 사이의 숫자(cm))"
        )
        return errors.InvalidInputError(problem).to_dict()
    facts: dict[type[errors.HypermobError], dict[str, Any]] = {
        errors.BucketNotAllowedError: {"field": "image_url"},
        errors.ImageNotFoundError: {"field": "image_url"},
        errors.ImageTooLargeError: {"max_megabytes": 20, "max_megapixels": 50},
        errors.PoseUnsuitableError: {"reason": "legs_bent"},
        errors.RequestTooLargeError: {"max_bytes": 65536},
        errors.ServiceUnavailableError: {"parts": "images_bucket"},
    }
    return kind(**facts.get(kind, {})).to_dict()


def _header(description: str, kind: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def _describe_fields(component: dict[str, Any]) -> None:
    """Give fields their units, and the words of the type's docstring (```name``: words``)."""
    name = component.pop("title")
    text = " ".join(component.get("description", "").split())
    head, *rest = re.split(r"(?:^|(?<=[.;] ))``(\w+)``: ", text)
    words = dict(zip(rest[::2], rest[1::2], strict=True))
    if words.keys() <= component.get("properties", {}).keys():
        component["description"] = head.strip() or name.partition("[")[0]
    for name, schema in component.get("properties", {}).items():
        if name in words:
            schema["description"] = words[name].strip().rstrip(";.") + "."
        unit = name.rpartition("_")[2]
        if unit in UNITS:
            schema.setdefault("x-unit", unit)


def _name_the_vehicles(component: dict[str, Any]) -> None:
    for schema in component.get("properties", {}).values():
        for branch in (schema, *schema.get("anyOf", ())):
            if branch.get("description") == VEHICLE_NAME["description"]:
                branch["enum"] = list(carfit.vehicles())


def _readable(node: Any) -> Any:
    """Without Python's spelling: of generic types, of the end of a text, of code in docstrings."""
    if isinstance(node, Mapping):
        return {
            # ECMA-262 has no \\Z; its $ is the very end of the text.
            _name(key): value.removesuffix(r"\Z") + "$" if key == "pattern" else _readable(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [_readable(each) for each in node]
    if not isinstance(node, str):
        return node
    return _name(node) if node.startswith("#/") else node.replace("``", "`")


def _name(component: str) -> str:
    """Return a component's name without what it is generic over, which `GENERIC` has words for."""
    for suffix, words in GENERIC.items():
        component = component.replace(suffix, words)
    return component
