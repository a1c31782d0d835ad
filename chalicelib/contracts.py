"""What clients send and get: the types, and the one function that checks a request against them.

Every number carries its unit and range here; the errors' words are made from them.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from chalicelib.errors import FieldProblem, InvalidInputError

# Ranges of single lengths, in cm, are wide on purpose: what no body can have is refused, what is
# only unusual for the height is served with a warning (chalicelib.body_prior).
HeightCm = Annotated[float, Meta(ge=100, le=230, extra={"unit": "cm"})]
UpperArmCm = Annotated[float, Meta(ge=12, le=60, extra={"unit": "cm"})]
ForearmCm = Annotated[float, Meta(ge=10, le=50, extra={"unit": "cm"})]
ThighCm = Annotated[float, Meta(ge=18, le=75, extra={"unit": "cm"})]
CalfCm = Annotated[float, Meta(ge=18, le=75, extra={"unit": "cm"})]
TorsoCm = Annotated[float, Meta(ge=25, le=90, extra={"unit": "cm"})]
WeightKg = Annotated[float, Meta(ge=25, le=300, extra={"unit": "kg"})]
DevicePitchDeg = Annotated[float, Meta(ge=-60, le=60, extra={"unit": "deg"})]
"""How far the camera looked up (positive) or down (negative) from the horizontal: for a phone held
upright, the web's ``DeviceOrientationEvent.beta - 90``."""
UserId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}\Z",
        extra={
            "en": "1 to 64 letters, digits, '_', '-' or '.', not starting with '.'",
            "ko": "영문자, 숫자, '_', '-', '.'로 된 1~64자 ('.'으로 시작할 수 없음)",
        },
    ),
]
MeasurementId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{32}\Z",
        extra={"en": "32 hexadecimal digits", "ko": "16진수 32자리"},
    ),
]
ImageUrl = Annotated[
    str,
    Meta(
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\x00-\x1f]{1,1024}\Z",
        extra={
            "en": "an address like s3://bucket/key, as POST /uploads answers it",
            "ko": "POST /uploads 응답과 같은 s3://bucket/key 형식의 주소",
        },
    ),
]
VehicleName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        extra={"en": "a name from GET /vehicles", "ko": "GET /vehicles에 있는 차량 이름"},
    ),
]
Sex = Literal["male", "female"]
DriveSide = Literal["left", "right"]
MAX_PHOTO_BYTES = 20 * 1024 * 1024
"""Largest photo that is taken; phones' 12 to 50 MP photos are 2 to 15 MB."""
PHOTO_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
}
PhotoType = Literal["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"]


class UploadRequest(Struct, kw_only=True, frozen=True):
    """``POST /uploads``: with a height, the photo is measured as soon as it is uploaded."""

    user_id: UserId
    content_type: PhotoType
    height_cm: HeightCm | None = None
    sex: Sex | None = None
    weight_kg: WeightKg | None = None
    device_pitch_deg: DevicePitchDeg | None = None
    vehicle: VehicleName | None = None
    drive_side: DriveSide | None = None


class MeasureRequest(Struct, kw_only=True, frozen=True):
    """``POST /measure`` and ``POST /fit``."""

    image_url: ImageUrl
    height_cm: HeightCm
    user_id: UserId
    side_image_url: ImageUrl | None = None
    sex: Sex | None = None
    weight_kg: WeightKg | None = None
    device_pitch_deg: DevicePitchDeg | None = None
    vehicle: VehicleName | None = None
    drive_side: DriveSide | None = None


class MeasureJob(MeasureRequest, kw_only=True, frozen=True):
    """What the measure function takes: a request, and where its result goes."""

    measurement_id: MeasurementId | None = None
    answer_by: float | None = None
    """Unix time, s, after which the caller no longer waits: a refusal is then stored."""


class RecommendRequest(Struct, kw_only=True, frozen=True):
    """``POST /recommend``: lengths between joint centres, in cm."""

    height: HeightCm
    upper_arm: UpperArmCm
    forearm: ForearmCm
    thigh: ThighCm
    calf: CalfCm
    torso: TorsoCm
    user_id: UserId
    sex: Sex | None = None
    weight_kg: WeightKg | None = None
    vehicle: VehicleName | None = None
    drive_side: DriveSide | None = None


class MeasurementPath(Struct, kw_only=True, frozen=True):
    """The address of one measurement."""

    user_id: UserId
    measurement_id: MeasurementId


class Segments(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Measured lengths in cm; exactly a body for ``POST /recommend``."""

    height: float
    upper_arm: float
    forearm: float
    thigh: float
    calf: float
    torso: float
    user_id: str
    sex: Sex | None = None
    weight_kg: float | None = None
    vehicle: str | None = None
    drive_side: DriveSide | None = None


class Measurement(Struct, kw_only=True, frozen=True):
    """``measurement.json``: what the measure function writes and ``/measure`` answers."""

    measurement_id: str
    user_id: str
    created_at: str
    image_url: str
    segments: Segments
    arm_cm: float
    leg_cm: float
    torso_cm: float
    interval_95: dict[str, tuple[float, float]]
    quality: dict[str, Any]
    model: dict[str, str]
    side_image_url: str | None = None


def parse[T: Struct](kind: type[T], body: bytes) -> T:
    """Check a request's JSON body.

    Raises
    ------
    InvalidInputError
        Naming every field that is missing or wrong, and what was expected of it.
    """
    return validated(kind, _json_object(body))


def validated[T: Struct](kind: type[T], values: dict[str, Any]) -> T:
    """Check the fields of a request; unknown ones are ignored. Errors as in `parse`."""
    problems = []
    for field in msgspec.structs.fields(kind):
        value = values.get(field.encode_name)
        if value is None:
            if field.required:
                problems.append(_problem(field.encode_name, field.type, missing=True))
            continue
        try:
            if isinstance(value, float) and not math.isfinite(value):
                raise msgspec.ValidationError
            msgspec.convert(value, field.type)
        except (msgspec.ValidationError, OverflowError):
            problems.append(_problem(field.encode_name, field.type, missing=False))
    if problems:
        raise InvalidInputError(*problems)
    return msgspec.convert({k: v for k, v in values.items() if v is not None}, kind)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        # The standard library's parser takes NaN and Infinity, which JSON lacks but clients send:
        # so their field can be named.
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise InvalidInputError(
            FieldProblem("body", "one JSON object, in UTF-8", "UTF-8로 된 JSON 객체 하나")
        )
    return values


def _problem(name: str, kind: Any, *, missing: bool) -> FieldProblem:
    english, korean = _expected(msgspec.inspect.type_info(kind))
    if missing:
        english, korean = f"is required ({english})", f"필수 항목({korean})"
    else:
        english, korean = f"expected {english}", f"필요한 값: {korean}"
    return FieldProblem(name, english, korean)


def _expected(info: msgspec.inspect.Type) -> tuple[str, str]:
    """Put a field's type in words, English and Korean."""
    extra: dict[str, str] = {}
    while isinstance(info, msgspec.inspect.UnionType | msgspec.inspect.Metadata):
        if isinstance(info, msgspec.inspect.Metadata):
            extra |= info.extra or {}
            info = info.type
        else:  # an optional field: what it may be beside null
            info = next(t for t in info.types if not isinstance(t, msgspec.inspect.NoneType))
    if "en" in extra:
        return extra["en"], extra["ko"]
    if isinstance(info, msgspec.inspect.FloatType) and info.ge is not None:
        bounds = f"{info.ge:g}", f"{info.le:g}", extra["unit"]
        return (
            "a number from {} to {} ({})".format(*bounds),
            "{}에서 {} 사이의 숫자({})".format(*bounds),
        )
    if isinstance(info, msgspec.inspect.LiteralType):
        values = ", ".join(str(value) for value in info.values)
        return f"one of {values}", f"다음 중 하나({values})"
    if isinstance(info, msgspec.inspect.StrType):
        return "text", "문자열"
    return "a number", "숫자"
