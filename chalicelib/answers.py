"""What clients get beside the measurement itself: the types that the API description is made from.

`chalicelib.openapi` turns them into schemas; ``tests/functional/test_openapi.py`` holds the app's
real answers against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct, field

from chalicelib import carfit
from chalicelib.contracts import (
    Cm,
    Discomfort,
    DriveSide,
    Measurement,
    SideMirrorAim,
    TellingKind,
    ToldSettings,
    VehicleFigures,
    VehicleName,
)

LITTLE_EVIDENCE: Final = 0.5
"""Below this `Quality.evidence` a length is mostly from the height. The evidence is about the
weight that the photos' own word has in the length: below one half, the height weighs more."""


class FieldExpectation(Struct, kw_only=True, frozen=True):
    """One field that was not as expected, and what was expected of it."""

    field: str
    expected: str


class Mark(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Where in a photo something is wrong, to be drawn on it: a line or a box.

    Places are [x, y] in shares of the photo's width and height, from its upper left corner, as it
    is seen upright: [0.5, 1] is the middle of the lower edge.

    ``part``: what is there: ``left_arm``, ``right_arm``, ``left_leg``, ``right_leg``, ``trunk``,
    ``shoulders``, ``hips``, ``person``, ``other_person``, or ``edge``, where the photo ends. Left
    and right are the person's own; parts may be added.
    ``line``: through these points.
    ``box``: [left, top, right, bottom].
    """

    part: str
    line: list[tuple[float, float]] | None = None
    box: tuple[float, float, float, float] | None = None


class ErrorBody(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What went wrong and what to do about it.

    ``code``: for programs; codes may be added.
    ``message``: for people, English or Korean by ``Accept-Language``.
    ``request_id``: name it when you ask us.
    ``fields``: with ``INVALID_INPUT``, every field that is missing or wrong.
    ``field``: which image URL an image error speaks of: ``image_url``, ``image_urls[1]`` (the
    second of them), ``side_image_url``; none is the only photo from the front.
    ``where``: with a refused photo, what is wrong in it, where it has a place.
    ``reason``: with ``POSE_UNSUITABLE``, which check failed; the message says what to do, and
    reasons may be added.
    """

    code: str
    message: str
    request_id: str
    fields: list[FieldExpectation] | None = None
    field: str | None = None
    reason: str | None = None
    where: list[Mark] | None = None
    parts: str | None = None
    max_bytes: int | None = None
    max_megabytes: int | None = None
    max_megapixels: int | None = None


class Failure(Struct, kw_only=True, frozen=True):
    """The envelope of every error."""

    status: Literal["error"]
    error: ErrorBody


class Health(Struct, kw_only=True, frozen=True):
    """Alive, and which versions.

    ``deep``: whether the buckets and the measure function were tried too.
    """

    version: str
    car_fit_model: dict[str, str]
    deep: bool


class PostForm(Struct, kw_only=True, frozen=True):
    """A presigned S3 form.

    ``url``: where to POST it, as ``multipart/form-data``.
    ``fields``: send each as it is, then the photo as ``file``, which comes last.
    """

    url: str
    fields: dict[str, str]


class UploadGrant(Struct, kw_only=True, frozen=True):
    """Permission to upload one photo.

    ``image_url``: for ``POST /measure`` and ``POST /fit``, once the photo is uploaded.
    ``measurement_id``: under which its measurement will be found.
    """

    measurement_id: str
    image_url: str
    upload: PostForm
    expires_in_s: int
    max_bytes: int


class LeftMinusRight(Struct, kw_only=True, frozen=True):
    """How much longer the left limb looks than the right.

    ``interval_95``: [low, high] that holds the true difference 95 times in 100.
    ``counted``: the sides that the length was taken from. Where the two differ by more than
    people do, one of them is wrong: the length is the other one's.
    """

    cm: float
    interval_95: tuple[float, float]
    counted: Literal["both", "left", "right"] = "both"


class PhotoQuality(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How good one photo was.

    ``photo_px``: [width, height] as it was sent.
    ``pitch_known``: whether the phone told its pitch (``device_pitch_deg``) and it was used.
    ``pitch_dropped``: why a told pitch was not used: the person in the picture contradicts it.
    ``focal_length_known``: whether its EXIF tells the focal length; such photos measure better.
    ``focal_length_dropped``: why that was not believed, as of a photo that was cut: it has bars,
    EXIF has the size of another shape, no camera makes this shape, or the person's perspective
    contradicts it.
    ``visibility``: mean visibility of the landmarks, 0 to 1.
    ``left_minus_right``: by limb; front photos only.
    """

    photo_px: tuple[int, int]
    format: str
    focal_length_known: bool
    pitch_known: bool = False
    pitch_dropped: Literal["perspective"] | None = None
    person_height_px: int
    visibility: float
    focal_length_dropped: Literal["bars", "other_size", "unusual_shape", "perspective"] | None = (
        None
    )
    left_minus_right: dict[str, LeftMinusRight] | None = None


class Quality(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How good the photos were, and how much they told.

    ``front_2``, ``front_3``: of the second and third of ``image_urls``.

    ``evidence``: by length, the share of the doubt that the photos removed: 0 where the length is
    what people of that height have on average, 1 where it is all the photos' word. Below 0.5 the
    length is mostly from the height.
    """

    front: PhotoQuality
    front_2: PhotoQuality | None = None
    front_3: PhotoQuality | None = None
    side: PhotoQuality | None = None
    evidence: dict[str, float] | None = None


class Measured(Measurement, kw_only=True, frozen=True):
    """Lengths between joint centres; ``segments`` is exactly a body for ``POST /recommend``.

    ``arm_cm``: upper arm and forearm.
    ``leg_cm``: thigh and calf.
    ``interval_95``: by length, [low, high] in cm that is to hold the true length 95 times in 100.
    That has been checked on rendered people, not yet on real ones with a tape.
    ``output_image_url``: the photo with the measurement drawn on it, a JPEG; no key, for an hour.
    """

    quality: Quality
    output_image_url: str


class Accepted(Struct, kw_only=True, frozen=True):
    """Measuring goes on; the result will be at ``Location``."""

    state: Literal["pending"]
    measurement_id: str
    user_id: str


class TakenBody(Struct, kw_only=True, frozen=True):
    """Lengths in cm that were taken.

    ``estimated``: which of them were estimated, with ``estimate_missing``.
    """

    height_cm: Cm = field(name="height")
    upper_arm: Cm
    forearm: Cm
    thigh: Cm
    calf: Cm
    torso: Cm
    estimated: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended(carfit.Recommendation):
    """Settings of one car for one body, and the band that holds 80 % of such drivers.

    ``reasons``: a sentence for each setting.
    ``vss``: the settings as COVESA VSS signals.
    ``body``: the lengths that were taken: enough for ``POST /recommend/transfer``.
    ``drawing``: with ``drawing``, the driver in the car as one SVG document.
    ``personal``: with ``personal``, what the driver's own settings taught.
    """

    body: TakenBody | None = None
    drawing: str | None = None
    personal: carfit.Personal | None = None


class Fitted(Struct, kw_only=True, frozen=True):
    """A measurement and the settings for it."""

    measurement: Measured
    recommendation: Recommended


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred(carfit.Recommendation):
    """Settings of the other car that keep the posture.

    ``reasons``: a sentence for each setting.
    ``vss``: the settings as COVESA VSS signals.
    ``angles_before_deg``: the joints' angles in the first car.
    ``personal``: with ``personal``, what the driver's own settings taught.
    """

    angles_before_deg: Mapping[str, float]
    personal: carfit.Personal | None = None


class StoredError(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Why a photo was not measured, as in an error's body."""

    code: str
    message: str
    fields: list[FieldExpectation] | None = None
    field: str | None = None
    reason: str | None = None
    where: list[Mark] | None = None
    max_megabytes: int | None = None
    max_megapixels: int | None = None


class Pending(Struct, kw_only=True, frozen=True, tag_field="state", tag="pending"):
    """Not measured yet: ask again in a second or two."""


class Done(Struct, kw_only=True, frozen=True, tag_field="state", tag="done"):
    """Measured.

    ``recommendation``: null for the moment until it is stored too.
    """

    measurement: Measured
    recommendation: Recommended | None


class Failed(Struct, kw_only=True, frozen=True, tag_field="state", tag="failed"):
    """Not measurable, and why."""

    error: StoredError


MeasurementState = Pending | Done | Failed


class Deleted(Struct, kw_only=True, frozen=True):
    """Nothing of the measurement is stored any more."""

    deleted: Literal[True]


class StoredTelling(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One thing that a driver told.

    ``at``: when the settings were kept, UTC.
    ``vehicle``: as it was told: a name, or a car's own figures.
    ``settings``: in the words of ``POST /recommend``, also where they came as VSS or VHAL.
    """

    telling_id: str
    at: str
    kind: TellingKind
    vehicle: VehicleName | VehicleFigures
    drive_side: DriveSide
    side_mirrors: SideMirrorAim
    settings: ToldSettings
    discomfort: Discomfort | None = None


class Told(Struct, kw_only=True, frozen=True):
    """The telling is stored, now or by an earlier call that this one repeats.

    ``version``: of all that the driver told; every change raises it.
    ``tellings``: how many are stored. ``forgotten``: how many of the oldest gave way.
    ``fleet_consent``: whether these settings may teach the model for all drivers.
    """

    user_id: str
    version: int
    tellings: int
    forgotten: int
    fleet_consent: bool
    telling: StoredTelling


class DriverSettings(Struct, kw_only=True, frozen=True):
    """All that a driver told, the newest last; fields as in the answer of POST."""

    user_id: str
    version: int
    fleet_consent: bool
    forgotten: int
    tellings: list[StoredTelling]


class DriverDeleted(Struct, kw_only=True, frozen=True):
    """Nothing of what the driver told is stored any more."""

    deleted: Literal[True]


class Figure(Struct, kw_only=True, frozen=True):
    """One figure of a vehicle's package.

    ``value``: in the unit that the figure's name ends with.
    """

    value: float
    provenance: Literal["read", "typical", "assumed"]


class CatalogueVehicle(Struct, kw_only=True, frozen=True):
    """A vehicle's name by language, and its figures by name."""

    name: dict[str, str]
    figures: dict[str, Figure]


class Catalogue(Struct, kw_only=True, frozen=True):
    """Every vehicle, by the name that requests call it.

    ``made_by``: the command that writes the catalogue.
    ``sources``: what each provenance means.
    """

    made_by: str
    sources: dict[str, str]
    vehicles: dict[str, CatalogueVehicle]
