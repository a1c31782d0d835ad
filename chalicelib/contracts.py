"""What clients send and get: the types, and the one function that checks a request against them.

Every number carries its unit and range here; the errors' words are made from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from chalicelib.errors import FieldProblem, InvalidInputError, Language, PoseUnsuitableError


def _number(low: float, high: float, unit: str, description: str, example: float) -> Meta:
    return Meta(
        ge=low,
        le=high,
        extra={"unit": unit},
        extra_json_schema={"x-unit": unit},
        description=description,
        examples=[example],
    )


# Ranges of single lengths are wide on purpose: what no body can have is refused, what is only
# unusual for the height is served with a warning (chalicelib.body_prior).
HeightCm = Annotated[
    float, _number(100, 230, "cm", "Stature from vertex to floor, barefoot.", 175.0)
]
UpperArmCm = Annotated[float, _number(12, 60, "cm", "Shoulder to elbow, joint centres.", 31.0)]
ForearmCm = Annotated[float, _number(10, 50, "cm", "Elbow to wrist, joint centres.", 26.0)]
ThighCm = Annotated[float, _number(18, 75, "cm", "Hip to knee, joint centres.", 51.0)]
CalfCm = Annotated[float, _number(18, 75, "cm", "Knee to ankle, joint centres.", 36.0)]
TorsoCm = Annotated[float, _number(25, 90, "cm", "Mid-shoulder to mid-hip.", 61.0)]
WeightKg = Annotated[float, _number(25, 300, "kg", "Body weight.", 70.0)]
MAX_PITCH_DEG = 60.0
DevicePitchDeg = Annotated[
    float,
    _number(
        -MAX_PITCH_DEG,
        MAX_PITCH_DEG,
        "deg",
        "How far the camera looked up (positive) or down (negative) from the horizontal: for a "
        "phone held upright, the web's DeviceOrientationEvent.beta - 90.",
        -2.5,
    ),
]
AgeYears = Annotated[float, _number(16, 110, "years", "Age.", 40.0)]
PregnancyWeeks = Annotated[
    float, _number(1, 45, "weeks", "Weeks of pregnancy: the wheel leaves the belly its room.", 30.0)
]
MM: dict[str, str] = {"unit": "mm"}
DEG: dict[str, str] = {"unit": "deg"}
UserId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}\Z",
        extra={
            "en": "1 to 64 letters, digits, '_', '-' or '.', not starting with '.'",
            "ko": "영문자, 숫자, '_', '-', '.'로 된 1~64자 ('.'으로 시작할 수 없음)",
        },
        description="Whose photo: your own name for a user. Your back end vouches for it.",
        examples=["test_user"],
    ),
]
MeasurementId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{32}\Z",
        extra={"en": "32 hexadecimal digits", "ko": "16진수 32자리"},
        description="As POST /uploads, POST /measure or POST /fit answered it.",
        examples=["0123456789abcdef0123456789abcdef"],
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
        description="A photo that was uploaded, as POST /uploads answered it.",
        examples=["s3://hypermob-images/test/full_body.jpg"],
    ),
]
MAX_FRONTS = 3
ImageUrls = Annotated[
    list[ImageUrl],
    Meta(
        min_length=1,
        max_length=MAX_FRONTS,
        extra={
            "en": f"1 to {MAX_FRONTS} addresses like s3://bucket/key, as POST /uploads answers "
            "them, each of another photo",
            "ko": f"POST /uploads 응답과 같은 s3://bucket/key 형식의 서로 다른 사진 주소 1~"
            f"{MAX_FRONTS}개",
        },
        description="Photos of one person from the front, taken a moment apart: in place of "
        "image_url. They are measured together.",
        examples=[["s3://hypermob-images/test/1.jpg", "s3://hypermob-images/test/2.jpg"]],
    ),
]
DevicePitchesDeg = Annotated[
    list[DevicePitchDeg | None],
    Meta(
        max_length=MAX_FRONTS,
        extra={
            "en": "a number from -60 to 60 (deg), or null, for each of image_urls",
            "ko": "image_urls의 사진마다 -60에서 60 사이의 숫자(deg) 또는 null",
        },
        description="device_pitch_deg of each of image_urls; null where it is not known.",
        examples=[[-2.5, None]],
    ),
]
IdempotencyKey = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{1,255}\Z",
        extra={
            "en": "1 to 255 printable ASCII characters without spaces, such as a UUID",
            "ko": "공백 없는 ASCII 문자 1~255자 (예: UUID)",
        },
    ),
]
VehicleName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        extra={"en": "a name from GET /vehicles", "ko": "GET /vehicles에 있는 차량 이름"},
        description="A name from GET /vehicles; medium_car where none is given.",
        examples=["medium_car"],
    ),
]
Sex = Literal["male", "female"]
DriveSide = Literal["left", "right"]
PosturePreference = Literal["relaxed", "normal", "upright"]
SideMirrorAim = Literal["classic", "blind_zone"]


Personal = Annotated[
    bool,
    Meta(
        description="true: with the habit that this user_id's kept settings tell "
        "(POST /drivers/{user_id}/settings)."
    ),
]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


class VhalRange(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How a car counts one Android VHAL property: its int32 ends, its step, its direction."""

    min: Int32
    max: Int32
    step: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    inverted: bool = False


class VhalProfile(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How a car counts its Android VHAL properties, by their AOSP names.

    Where one is not told, 0 to 100 percent of travel, mirrors -100 to 100.
    """

    SEAT_FORE_AFT_POS: VhalRange | None = None
    SEAT_HEIGHT_POS: VhalRange | None = None
    SEAT_TILT_POS: VhalRange | None = None
    SEAT_BACKREST_ANGLE_1_POS: VhalRange | None = None
    SEAT_HEADREST_HEIGHT_POS_V2: VhalRange | None = None
    SEAT_BELT_HEIGHT_POS: VhalRange | None = None
    STEERING_WHEEL_DEPTH_POS: VhalRange | None = None
    STEERING_WHEEL_HEIGHT_POS: VhalRange | None = None
    MIRROR_Y_POS: VhalRange | None = None
    MIRROR_Z_POS: VhalRange | None = None


class VehicleFigures(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A car of one's own: a class of the catalogue, and the figures that differ from it.

    What each figure is: ``chalicelib.carfit.vehicles.Vehicle``. Axes: x aft of the ball of the foot
    on the resting accelerator, z above the heel point, mm.
    """

    base: VehicleName | None = None
    profile: VhalProfile | None = None
    h30_mm: Annotated[float, Meta(ge=100, le=500, extra=MM)] | None = None
    h5_mm: Annotated[float, Meta(ge=200, le=1300, extra=MM)] | None = None
    heel_to_ground_mm: Annotated[float, Meta(ge=100, le=900, extra=MM)] | None = None
    back_angle_deg: Annotated[float, Meta(ge=8, le=35, extra=DEG)] | None = None
    headroom_mm: Annotated[float, Meta(ge=850, le=1300, extra=MM)] | None = None
    up_vision_deg: Annotated[float, Meta(ge=0, le=45, extra=DEG)] | None = None
    down_vision_deg: Annotated[float, Meta(ge=0, le=45, extra=DEG)] | None = None
    lateral_mm: Annotated[float, Meta(ge=0, le=800, extra=MM)] | None = None
    sgrp_x_mm: Annotated[float, Meta(ge=500, le=1200, extra=MM)] | None = None
    seat_front_x_mm: Annotated[float, Meta(ge=400, le=1000, extra=MM)] | None = None
    seat_travel_mm: Annotated[float, Meta(ge=0, le=500, extra=MM)] | None = None
    seat_track_rise_deg: Annotated[float, Meta(ge=-5, le=20, extra=DEG)] | None = None
    seat_low_z_mm: Annotated[float, Meta(ge=50, le=500, extra=MM)] | None = None
    seat_lift_mm: Annotated[float, Meta(ge=0, le=150, extra=MM)] | None = None
    cushion_design_deg: Annotated[float, Meta(ge=0, le=35, extra=DEG)] | None = None
    design_thigh_deg: Annotated[float, Meta(ge=-10, le=40, extra=DEG)] | None = None
    cushion_min_deg: Annotated[float, Meta(ge=-10, le=35, extra=DEG)] | None = None
    cushion_max_deg: Annotated[float, Meta(ge=0, le=45, extra=DEG)] | None = None
    backrest_min_deg: Annotated[float, Meta(ge=-5, le=30, extra=DEG)] | None = None
    backrest_max_deg: Annotated[float, Meta(ge=15, le=90, extra=DEG)] | None = None
    backrest_safe_deg: Annotated[float, Meta(ge=15, le=35, extra=DEG)] | None = None
    wheel_x_mm: Annotated[float, Meta(ge=200, le=800, extra=MM)] | None = None
    wheel_z_mm: Annotated[float, Meta(ge=400, le=1000, extra=MM)] | None = None
    wheel_plane_deg: Annotated[float, Meta(ge=5, le=70, extra=DEG)] | None = None
    wheel_diameter_mm: Annotated[float, Meta(ge=280, le=550, extra=MM)] | None = None
    wheel_telescope_travel_mm: Annotated[float, Meta(ge=0, le=150, extra=MM)] | None = None
    wheel_tilt_travel_deg: Annotated[float, Meta(ge=0, le=25, extra=DEG)] | None = None
    wheel_tilt_radius_mm: Annotated[float, Meta(ge=100, le=1000, extra=MM)] | None = None
    cowl_x_mm: Annotated[float, Meta(ge=-600, le=500, extra=MM)] | None = None
    cowl_z_mm: Annotated[float, Meta(ge=400, le=1300, extra=MM)] | None = None
    header_x_mm: Annotated[float, Meta(ge=0, le=1000, extra=MM)] | None = None
    header_z_mm: Annotated[float, Meta(ge=600, le=1700, extra=MM)] | None = None
    head_restraint_low_mm: Annotated[float, Meta(ge=500, le=900, extra=MM)] | None = None
    head_restraint_travel_mm: Annotated[float, Meta(ge=0, le=200, extra=MM)] | None = None
    belt_anchor_low_z_mm: Annotated[float, Meta(ge=400, le=1300, extra=MM)] | None = None
    belt_anchor_travel_mm: Annotated[float, Meta(ge=0, le=200, extra=MM)] | None = None
    hud_low_eye_z_mm: Annotated[float, Meta(ge=500, le=1400, extra=MM)] | None = None
    hud_travel_mm: Annotated[float, Meta(ge=0, le=300, extra=MM)] | None = None
    half_width_mm: Annotated[float, Meta(ge=500, le=1400, extra=MM)] | None = None
    design_eye_x_mm: Annotated[float, Meta(ge=400, le=1300, extra=MM)] | None = None
    design_eye_z_mm: Annotated[float, Meta(ge=500, le=1500, extra=MM)] | None = None
    side_mirror_x_mm: Annotated[float, Meta(ge=-200, le=900, extra=MM)] | None = None
    side_mirror_y_mm: Annotated[float, Meta(ge=500, le=1600, extra=MM)] | None = None
    side_mirror_z_mm: Annotated[float, Meta(ge=300, le=1400, extra=MM)] | None = None
    side_mirror_glass_width_mm: Annotated[float, Meta(ge=80, le=400, extra=MM)] | None = None
    side_mirror_glass_height_mm: Annotated[float, Meta(ge=60, le=400, extra=MM)] | None = None
    passenger_mirror_radius_mm: Annotated[float, Meta(ge=400, le=20000, extra=MM)] | None = None
    interior_mirror_x_mm: Annotated[float, Meta(ge=-100, le=900, extra=MM)] | None = None
    interior_mirror_z_mm: Annotated[float, Meta(ge=500, le=1600, extra=MM)] | None = None
    interior_mirror_glass_width_mm: Annotated[float, Meta(ge=100, le=400, extra=MM)] | None = None
    interior_mirror_glass_height_mm: Annotated[float, Meta(ge=30, le=150, extra=MM)] | None = None
    mirror_yaw_travel_deg: Annotated[float, Meta(ge=1, le=40, extra=DEG)] | None = None
    mirror_pitch_travel_deg: Annotated[float, Meta(ge=1, le=40, extra=DEG)] | None = None


MAX_BODY_BYTES = 64 * 1024
"""Every request is a few hundred bytes; photos travel by presigned upload."""
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


class AboutPerson(Struct, kw_only=True, frozen=True):
    """What may be told of a person beside a height: nothing of it is needed."""

    sex: Sex | None = None
    weight_kg: WeightKg | None = None
    age_years: AgeYears | None = None
    pregnancy_weeks: PregnancyWeeks | None = None


class AboutDriver[Vehicle](AboutPerson, kw_only=True, frozen=True):
    """Facts about a driver whose lengths are not known yet.

    `Segments` are the same facts where the lengths are known. A struct of msgspec has one base, so
    a test holds the two together.
    """

    user_id: UserId
    vehicle: Vehicle | None = None
    drive_side: DriveSide | None = None
    posture: PosturePreference | None = None
    side_mirrors: SideMirrorAim | None = None
    personal: Personal | None = None
    drawing: Language | None = None
    """Also draw the driver in the car, with words in this language."""


class UploadRequest(AboutDriver[VehicleName], kw_only=True, frozen=True):
    """``POST /uploads``: with a height, the photo is measured as soon as it is uploaded."""

    content_type: PhotoType
    height_cm: HeightCm | None = None
    device_pitch_deg: DevicePitchDeg | None = None


METADATA = tuple(
    name for name in UploadRequest.__struct_fields__ if name not in ("user_id", "content_type")
)
"""Fields of an upload that are stored as the photo's metadata, for the event that measures it."""


class MeasureRequest(AboutDriver[VehicleName], kw_only=True, frozen=True):
    """``POST /measure`` and ``POST /fit``: ``image_url`` or ``image_urls``, and a height.

    Where the pitch of a photo is not given here, the pitch that came with its upload is used.
    """

    image_url: ImageUrl | None = None
    image_urls: ImageUrls | None = None
    height_cm: HeightCm
    side_image_url: ImageUrl | None = None
    device_pitch_deg: DevicePitchDeg | None = None
    device_pitches_deg: DevicePitchesDeg | None = None
    side_device_pitch_deg: DevicePitchDeg | None = None

    @property
    def front_urls(self) -> list[str]:
        """The photos from the front, in the order of the request."""
        return self.image_urls or ([self.image_url] if self.image_url else [])

    @property
    def front_pitches_deg(self) -> list[float | None]:
        """The pitch of each of `front_urls`; None where it is not known."""
        return self.device_pitches_deg or [self.device_pitch_deg] * len(self.front_urls)

    def front_field(self, index: int) -> str:
        """What an error calls the photo ``front_urls[index]``."""
        return "image_url" if self.image_urls is None else f"image_urls[{index}]"

    def contradictions(self) -> Iterator[FieldProblem]:
        """What is wrong with fields that are right one by one."""
        urls, pitches = self.image_urls, self.device_pitches_deg
        if self.image_url is None and urls is None:
            yield _problem("image_url", ImageUrl, missing=True)
        elif self.image_url is not None and urls is not None:
            yield FieldProblem(
                "image_urls",
                "expected image_url or image_urls, not both",
                "image_url과 image_urls 중 하나만 필요합니다",
            )
        elif urls is not None and len(set(urls)) < len(urls):
            yield _problem("image_urls", ImageUrls, missing=False)
        if pitches is not None and len(pitches) != len(urls or ()):
            yield _problem("device_pitches_deg", DevicePitchesDeg, missing=False)
        if self.device_pitch_deg is not None and urls is not None:
            yield FieldProblem(
                "device_pitch_deg",
                "expected device_pitches_deg, beside image_urls",
                "image_urls에는 device_pitches_deg를 사용해 주세요",
            )


class MeasureHeaders(Struct, kw_only=True, frozen=True):
    """Headers of ``POST /measure`` and ``POST /fit`` that must be right to be used."""

    idempotency_key: IdempotencyKey | None = msgspec.field(default=None, name="Idempotency-Key")


class MeasureJob(MeasureRequest, kw_only=True, frozen=True):
    """What the measure function takes: a request, and where its result goes."""

    measurement_id: MeasurementId | None = None
    answer_by: float | None = None
    """Unix time, s, after which the caller no longer waits: a refusal is then stored."""
    asked_at: float = 0.0
    """Unix time of the request, s. It is stored with the result, which answers no later request."""


class Lengths(AboutPerson, kw_only=True, frozen=True):
    """A body: lengths between joint centres, in cm, and what else is told of the person."""

    height_cm: HeightCm = msgspec.field(name="height")
    upper_arm: UpperArmCm
    forearm: ForearmCm
    thigh: ThighCm
    calf: CalfCm
    torso: TorsoCm


class SeatedBody[Vehicle](Lengths, kw_only=True, frozen=True):
    """A body that is to sit in a car; what may be told of it: `AboutDriver`."""

    user_id: UserId
    vehicle: Vehicle | None = None
    drive_side: DriveSide | None = None
    posture: PosturePreference | None = None
    side_mirrors: SideMirrorAim | None = None
    personal: Personal | None = None
    drawing: Language | None = None


class Segments(
    SeatedBody[VehicleName],
    kw_only=True,
    frozen=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    """Measured lengths in cm; exactly a body for ``POST /recommend``."""


class RecommendRequest(SeatedBody[VehicleName | VehicleFigures], kw_only=True, frozen=True):
    """``POST /recommend``: lengths between joint centres, in cm."""

    estimate_missing: bool | None = None


class EstimateRequest(AboutDriver[VehicleName | VehicleFigures], kw_only=True, frozen=True):
    """``POST /recommend`` with ``estimate_missing``: a height, and what else is known.

    The rest is what people of that height have, and the bands widen by how much they differ.
    """

    height_cm: HeightCm = msgspec.field(name="height")
    upper_arm: UpperArmCm | None = None
    forearm: ForearmCm | None = None
    thigh: ThighCm | None = None
    calf: CalfCm | None = None
    torso: TorsoCm | None = None
    estimate_missing: Literal[True] = True


class KeptSeat(Struct, kw_only=True, frozen=True):
    """Where a driver keeps the seat; as in the answer's ``settings.seat``."""

    fore_aft_mm: Annotated[float, Meta(ge=0, le=500, extra=MM)]
    height_mm: Annotated[float, Meta(ge=0, le=150, extra=MM)]
    backrest_recline_deg: Annotated[float, Meta(ge=-5, le=90, extra=DEG)]


class KeptWheel(Struct, kw_only=True, frozen=True):
    """Where a driver keeps the wheel; as in the answer's ``settings.steering_wheel``."""

    telescope_mm: Annotated[float, Meta(ge=0, le=150, extra=MM)]
    tilt_deg: Annotated[float, Meta(ge=0, le=25, extra=DEG)]


class KeptSettings(Struct, kw_only=True, frozen=True):
    """Settings as an answer of ``POST /recommend`` has them; mirrors and the like are ignored."""

    seat: KeptSeat
    steering_wheel: KeptWheel


class TransferRequest(Lengths, kw_only=True, frozen=True):
    """``POST /recommend/transfer``: settings that a driver keeps in one car, for another."""

    user_id: UserId
    settings: KeptSettings
    from_vehicle: VehicleName | VehicleFigures
    to_vehicle: VehicleName | VehicleFigures
    drive_side: DriveSide | None = None
    side_mirrors: SideMirrorAim | None = None
    personal: Personal | None = None


ToldMm = Annotated[float, Meta(ge=-50, le=500, extra=MM)]
ToldDeg = Annotated[float, Meta(ge=-90, le=90, extra=DEG)]


class ToldSeat(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As in the answer's ``settings.seat``; what the car does not tell may be left out."""

    fore_aft_mm: ToldMm | None = None
    height_mm: ToldMm | None = None
    cushion_tilt_deg: ToldDeg | None = None
    backrest_recline_deg: ToldDeg | None = None


class ToldWheel(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As in the answer's ``settings.steering_wheel``."""

    telescope_mm: ToldMm | None = None
    tilt_deg: ToldDeg | None = None


class ToldMirror(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As in the answer's ``settings.mirrors.left``."""

    yaw_deg: ToldDeg | None = None
    pitch_deg: ToldDeg | None = None


class ToldMirrors(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As in the answer's ``settings.mirrors``."""

    left: ToldMirror | None = None
    right: ToldMirror | None = None
    interior: ToldMirror | None = None


class ToldHeight(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As in the answer's ``settings.head_restraint`` and ``settings.hud``."""

    height_mm: ToldMm | None = None


class ToldBelt(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As in the answer's ``settings.belt``."""

    anchor_height_mm: ToldMm | None = None


class ToldSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Settings as an answer of ``POST /recommend`` has them, all or some."""

    seat: ToldSeat | None = None
    steering_wheel: ToldWheel | None = None
    mirrors: ToldMirrors | None = None
    head_restraint: ToldHeight | None = None
    belt: ToldBelt | None = None
    hud: ToldHeight | None = None


class VhalValue(Struct, kw_only=True, frozen=True):
    """One Android VHAL property as the car has it."""

    property: Annotated[str, Meta(max_length=64)]
    area_id: Int32
    value: Int32


TellingKind = Literal["kept", "adjusted", "discomfort"]
BodyPart = Literal[
    "head",
    "neck",
    "shoulder",
    "upper_back",
    "lower_back",
    "hip",
    "thigh",
    "knee",
    "calf",
    "foot",
    "arm",
    "hand",
    "eyes",
]


class Discomfort(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Where it hurts; no text."""

    body_part: BodyPart
    side: Literal["left", "right", "both"] = "both"


class TellingRequest(Struct, kw_only=True, frozen=True):
    """``POST /drivers/{user_id}/settings``: what a driver kept in a car.

    The settings are told once: in our own words, as VSS signals, or as Android VHAL values.
    """

    kind: TellingKind
    vehicle: VehicleName | VehicleFigures
    settings: ToldSettings | None = None
    vss: (
        Annotated[
            dict[str, float],
            Meta(
                max_length=64,
                extra={
                    "en": "an object of VSS paths and numbers, as an answer's vss",
                    "ko": "응답의 vss처럼 VSS 경로와 숫자로 된 객체",
                },
                examples=[{"Vehicle.Cabin.Seat.Row1.DriverSide.Position": 180}],
            ),
        ]
        | None
    ) = None
    vhal: (
        Annotated[
            list[VhalValue],
            Meta(
                max_length=64,
                extra={
                    "en": "a list of objects with property, area_id and value, as an answer's vhal",
                    "ko": "응답의 vhal처럼 property, area_id, value가 있는 객체의 목록",
                },
            ),
        ]
        | None
    ) = None
    at: (
        Annotated[
            str,
            Meta(
                max_length=40,
                extra={
                    "en": "a time with its zone, such as 2026-11-30T08:15:00+09:00",
                    "ko": "시간대가 있는 시각 (예: 2026-11-30T08:15:00+09:00)",
                },
                description="When the settings were kept; now where it is not told.",
                examples=["2026-11-30T08:15:00+09:00"],
            ),
        ]
        | None
    ) = None
    drive_side: DriveSide | None = None
    side_mirrors: SideMirrorAim | None = None
    discomfort: Discomfort | None = None
    fleet_consent: bool | None = None
    start_anew: bool | None = None


class TellingHeaders(Struct, kw_only=True, frozen=True):
    """Headers of ``POST /drivers/{user_id}/settings`` that must be right to be used."""

    idempotency_key: IdempotencyKey | None = msgspec.field(default=None, name="Idempotency-Key")


class DriverPath(Struct, kw_only=True, frozen=True):
    """The address of what one driver told."""

    user_id: UserId


class HealthQuery(Struct, kw_only=True, frozen=True):
    """``GET /health``."""

    deep: Literal["0", "1"] | None = None


class MeasurementPath(Struct, kw_only=True, frozen=True):
    """The address of one measurement."""

    user_id: UserId
    measurement_id: MeasurementId


Cm = Annotated[float, Meta(extra_json_schema={"x-unit": "cm"})]


class Measurement(Struct, kw_only=True, frozen=True):
    """``measurement.json``: what the measure function writes and ``/measure`` answers."""

    measurement_id: str
    user_id: str
    created_at: str
    image_url: str
    """The first from the front."""
    segments: Segments
    arm_cm: float
    leg_cm: float
    torso_cm: float
    interval_95: dict[str, tuple[float, float]]
    quality: Any
    model: dict[str, str]
    image_urls: list[str] | None = None
    """All from the front, where they are several."""
    side_image_url: str | None = None


def parse[T: Struct](kind: type[T], body: bytes) -> T:
    """Check a request's JSON body.

    Raises
    ------
    InvalidInputError
        Naming every field that is missing or wrong, and what was expected of it.
    """
    return validated(kind, _json_object(body))


def parse_recommend(body: bytes) -> RecommendRequest | EstimateRequest:
    """Check the body of ``POST /recommend``, which tells itself whether lengths may be missing."""
    values = _json_object(body)
    if values.get("estimate_missing") is True:
        return validated(EstimateRequest, values)
    return validated(RecommendRequest, values)


def validated[T: Struct](kind: type[T], values: dict[str, Any]) -> T:
    """Check the fields of a request; unknown ones are ignored. Errors as in `parse`."""
    if problems := list(_problems(kind, values)):
        raise InvalidInputError(*problems)
    found = msgspec.convert(values, kind)
    if isinstance(found, MeasureRequest) and (problems := list(found.contradictions())):
        raise InvalidInputError(*problems)
    return found


def measured_segments(lengths_cm: Mapping[str, float], told: Mapping[str, Any]) -> Segments:
    """Return measured lengths with what was ``told`` of the person and the car, as checked before.

    Raises
    ------
    PoseUnsuitableError
        When ``POST /recommend`` would not take such lengths: no body has them.
    """
    try:
        return validated(Segments, {**told, **lengths_cm})
    except InvalidInputError:
        raise PoseUnsuitableError(reason="impossible_body") from None


def to_metadata(request: UploadRequest) -> dict[str, str]:
    """Return the metadata that a photo is uploaded with: all that the request tells of it."""
    told = msgspec.structs.asdict(request)
    return {name.replace("_", "-"): str(told[name]) for name in METADATA if told[name] is not None}


def from_metadata(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that `to_metadata` wrote, to be `validated`: text that should be a number
    and is none stays text, so that the field can be named."""
    told = {name: metadata.get(name.replace("_", "-")) for name in METADATA}
    kinds = {field.name: field.type for field in msgspec.structs.fields(UploadRequest)}
    return {name: _read(text, kinds[name]) for name, text in told.items() if text is not None}


def is_number(kind: Any) -> bool:
    """Whether a field of this type holds a number, if anything."""
    return isinstance(_kind_of(kind)[0], msgspec.inspect.FloatType)


def _read(text: str, kind: Any) -> float | bool | str:
    if isinstance(_kind_of(kind)[0], msgspec.inspect.BoolType):
        return {"True": True, "False": False}.get(text, text)
    try:
        return float(text) if is_number(kind) else text
    except ValueError:
        return text


def _problems(kind: type[Struct], values: dict[str, Any], path: str = "") -> Iterator[FieldProblem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if kind.__struct_config__.forbid_unknown_fields:
        for name in sorted(set(values) - set(fields)):
            yield FieldProblem(f"{path}{name}", "no such field here", "이런 항목은 없습니다")
    for name, field in fields.items():
        value = values.get(name)
        inner = _struct_in(field.type)
        if value is None:
            if field.required:
                yield _problem(f"{path}{name}", field.type, missing=True)
        elif inner is not None and isinstance(value, dict):
            yield from _problems(inner, value, f"{path}{name}.")
        else:
            try:
                if isinstance(value, float) and not math.isfinite(value):
                    raise msgspec.ValidationError
                msgspec.convert(value, field.type)
            except (msgspec.ValidationError, OverflowError):
                problem = _problem(f"{path}{name}", field.type, missing=False)
                yield _with_hint(problem, field.type, value)


def _struct_in(kind: Any) -> type[Struct] | None:
    """The object type that a field may hold, if any."""
    candidates = get_args(kind) or (kind,)
    for each in candidates:
        if isinstance(each, type) and issubclass(each, Struct):
            return each
    return None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        # The standard library's parser takes NaN and Infinity, which JSON lacks but clients send:
        # so their field can be named.
        values = json.loads(body)
        # Half a surrogate pair, "\ud800", is JSON and no character: nothing can store it.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise InvalidInputError(
            FieldProblem("body", "one JSON object, in UTF-8", "UTF-8로 된 JSON 객체 하나")
        )
    return values


def _problem(name: str, kind: Any, *, missing: bool) -> FieldProblem:
    english, korean = _expected(kind)
    if missing:
        english, korean = f"is required ({english})", f"필수 항목({korean})"
    else:
        english, korean = f"expected {english}", f"필요한 값: {korean}"
    return FieldProblem(name, english, korean)


def _kind_of(kind: Any) -> tuple[msgspec.inspect.Type, dict[str, str]]:
    """What a field holds, beside null where it is optional, and what is noted beside its type."""
    info, extra = msgspec.inspect.type_info(kind), dict[str, str]()
    while isinstance(info, msgspec.inspect.UnionType | msgspec.inspect.Metadata):
        if isinstance(info, msgspec.inspect.Metadata):
            extra |= info.extra or {}
            info = info.type
        else:
            info = next(t for t in info.types if not isinstance(t, msgspec.inspect.NoneType))
    return info, extra


def _with_hint(problem: FieldProblem, kind: Any, value: Any) -> FieldProblem:
    """Say what a value was meant to be, where that is plain: metres, "Male", "175,5"."""
    info, extra = _kind_of(kind)
    english = korean = ""
    if isinstance(info, msgspec.inspect.LiteralType) and isinstance(value, str):
        meant = value.strip().lower()
        if meant in info.values:
            english, korean = f'exactly "{meant}"', f'정확히 "{meant}"'
    elif isinstance(info, msgspec.inspect.FloatType) and info.ge is not None:
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            return problem
        if isinstance(value, str):
            english = "without quotes, with a decimal point"
            korean = "따옴표 없이, 소수점은 마침표로"
        elif extra.get("unit") == "cm" and info.ge <= 100 * value <= (info.le or math.inf):
            english, korean = f"in cm, not m: {100 * value:g}", f"m가 아니라 cm로: {100 * value:g}"
    if not english:
        return problem
    return FieldProblem(
        problem.field, f"{problem.expected_en}, {english}", f"{problem.expected_ko}, {korean}"
    )


def _expected(kind: Any) -> tuple[str, str]:
    """Put a field's type in words, English and Korean."""
    info, extra = _kind_of(kind)
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
    if isinstance(info, msgspec.inspect.BoolType):
        return "true or false", "true 또는 false"
    if isinstance(info, msgspec.inspect.StructType):
        names = ", ".join(field.encode_name for field in info.fields if field.required)
        return f"an object with {names}", f"다음 항목이 있는 객체({names})"
    return "a number", "숫자"
