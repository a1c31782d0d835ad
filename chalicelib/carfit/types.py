"""What goes into a recommendation and what comes out.

Axes of the car: x aft, from the pedal reference point (PRP, the ball of the foot on the resting
accelerator); y to the car's right, from its centreline; z up, from the accelerator heel point
(AHP). Lengths in mm, angles in degrees, the body in cm.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_origin

Sex = Literal["male", "female"]
DriveSide = Literal["left", "right"]
PosturePreference = Literal["relaxed", "normal", "upright"]
SideMirrorAim = Literal["classic", "blind_zone"]
Band = tuple[float, float]

TYPICAL_BMI_KG_M2: Final = 25.0
"""Taken when no weight is told. Size Korea 8 (2020-21): men 24.9, women 22.6; ANSUR II: 27.0."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body: stature from vertex to floor, barefoot, and lengths between joint centres.

    Parameters
    ----------
    height_cm, upper_arm_cm, forearm_cm, thigh_cm, calf_cm, torso_cm : float
        Shoulder-elbow, elbow-wrist, hip-knee, knee-ankle and mid-shoulder to mid-hip.
    sex : {"male", "female", None}
        None mixes both by how likely each is at that height.
    weight_kg, age_years : float or None
        None takes a typical adult; the 80 % bands hold that uncertainty.
    pregnancy_weeks : float or None
        The belly grows with them; None is not pregnant.

    Raises
    ------
    ValueError
        When a number is not positive and finite.
    """

    height_cm: float
    upper_arm_cm: float
    forearm_cm: float
    thigh_cm: float
    calf_cm: float
    torso_cm: float
    sex: Sex | None = None
    weight_kg: float | None = None
    age_years: float | None = None
    pregnancy_weeks: float | None = None

    def __post_init__(self) -> None:
        if self.sex not in (None, "male", "female"):
            raise ValueError(f"expected sex 'male', 'female' or None, got {self.sex!r}")
        for field in fields(self):
            value = getattr(self, field.name)
            # Written so that NaN fails too.
            if isinstance(value, int | float) and not 0.0 < value < math.inf:
                raise ValueError(f"expected {field.name} above 0, got {value}")

    @property
    def bmi_kg_m2(self) -> float:
        """Body mass index; a typical adult's when no weight is told."""
        if self.weight_kg is None:
            return TYPICAL_BMI_KG_M2
        return self.weight_kg / (self.height_cm / 100.0) ** 2

    @property
    def lengths_cm(self) -> tuple[float, float, float, float, float]:
        """Lengths in the order of `chalicelib.body_prior.SEGMENTS`."""
        return self.upper_arm_cm, self.forearm_cm, self.thigh_cm, self.calf_cm, self.torso_cm


@dataclass(frozen=True, slots=True)
class Seat[T]:
    """Driver's seat.

    ``fore_aft_mm``: 0 = frontmost, + rearward, along the car's floor.
    ``height_mm``: lift, 0 = lowest at that fore-aft, + up.
    ``cushion_tilt_deg``: cushion above the car's x axis, + = front edge up.
    ``backrest_recline_deg``: torso line behind vertical, + = backward (absolute, not relative to
    the cushion; COVESA VSS ``Backrest.Recline`` is this less the cushion tilt).
    """

    fore_aft_mm: T
    height_mm: T
    cushion_tilt_deg: T
    backrest_recline_deg: T


@dataclass(frozen=True, slots=True)
class HeadRestraint[T]:
    """``height_mm``: along the backrest, 0 = lowest, + up."""

    height_mm: T


@dataclass(frozen=True, slots=True)
class Belt[T]:
    """``anchor_height_mm``: shoulder belt's upper anchor, 0 = lowest, + up."""

    anchor_height_mm: T


@dataclass(frozen=True, slots=True)
class SteeringWheel[T]:
    """``telescope_mm``: 0 = closest to the dashboard, + toward the driver.

    ``tilt_deg``: of the column, 0 = lowest, + up.
    """

    telescope_mm: T
    tilt_deg: T


@dataclass(frozen=True, slots=True)
class Mirror[T]:
    """Where the mirror's glass faces: 0, 0 is straight aft.

    ``yaw_deg``: + = turned toward the car's right; ``pitch_deg``: + = turned up.
    """

    yaw_deg: T
    pitch_deg: T


@dataclass(frozen=True, slots=True)
class Mirrors[T]:
    """The car's left, right and interior mirror, whatever side the driver sits on."""

    left: Mirror[T]
    right: Mirror[T]
    interior: Mirror[T]


@dataclass(frozen=True, slots=True)
class Hud[T]:
    """``height_mm``: of the head-up display's eyebox, 0 = lowest, + up."""

    height_mm: T


@dataclass(frozen=True, slots=True)
class Settings[T]:
    """Every setting; ``T`` is a number, or a band of two."""

    seat: Seat[T]
    head_restraint: HeadRestraint[T]
    belt: Belt[T]
    steering_wheel: SteeringWheel[T]
    mirrors: Mirrors[T]
    hud: Hud[T]

    @classmethod
    def of(cls, values: Mapping[str, T]) -> "Settings[T]":
        """Put values by their paths, as ``seat.fore_aft_mm``, in this shape."""
        built: Settings[T] = _built(cls, values, "")
        return built

    def by_path(self) -> dict[str, T]:
        """Every value by its path, in the order of the answer."""
        return dict(_leaves(self, ""))


@dataclass(frozen=True, slots=True)
class Posture:
    """How the driver then sits.

    ``h_point_mm``, ``eye_point_mm`` and each of ``joints_mm`` are [x aft of the PRP, z above the
    AHP]. ``angles_deg`` are those of `chalicelib.carfit.linkage`; ``comfort`` is 100 with every
    joint where drivers like it best, 50 with all at the ends of their comfortable range.
    """

    h_point_mm: tuple[float, float]
    eye_point_mm: tuple[float, float]
    joints_mm: Mapping[str, tuple[float, float]]
    angles_deg: Mapping[str, float]
    comfort: float


Words = Mapping[Literal["en", "ko"], str]
"""One sentence in each language."""


@dataclass(frozen=True, slots=True)
class FitWarning:
    """Something that the driver should know: a code, its facts, and a sentence per language."""

    code: str
    params: Mapping[str, Any]
    message: Words


@dataclass(frozen=True, slots=True)
class VhalProperty:
    """One Android VHAL property to set: its AOSP name, the area's name and number, the int32."""

    property: str
    area: str
    area_id: int
    value: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Settings of one car for one body, and the band that holds 80 % of such drivers.

    ``reasons`` has a sentence for each setting. ``vss`` holds the settings as actuators of COVESA
    VSS ``vss_version``, which a broker takes as one batch; ``vss_private`` those that the standard
    catalogue lacks, and ``vss_attributes`` which side DriverSide is. ``vhal`` holds them as Android
    VHAL properties.
    """

    vehicle: str
    drive_side: DriveSide
    settings: Settings[float]
    band_80: Settings[Band]
    posture: Posture
    reasons: Settings[Words]
    warnings: tuple[FitWarning, ...]
    vss: Mapping[str, float]
    vss_private: Mapping[str, float]
    vss_attributes: Mapping[str, str]
    vss_version: str
    vhal: tuple[VhalProperty, ...]
    model: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; numbers rounded to 0.1, finer than any seat can be set."""
        plain: dict[str, Any] = rounded(asdict(self))
        return plain


def _built(kind: type, values: Mapping[str, Any], path: str) -> Any:
    """A tree of dataclasses whose leaves are ``values`` by path."""
    found = {}
    for field in fields(kind):
        below = get_origin(field.type)
        here = f"{path}{field.name}"
        found[field.name] = values[here] if below is None else _built(below, values, f"{here}.")
    return kind(**found)


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Values of a tree of dataclasses by path."""
    for field in fields(tree):
        value, here = getattr(tree, field.name), f"{path}{field.name}"
        if get_origin(field.type) is None:
            yield here, value
        else:
            yield from _leaves(value, f"{here}.")


def rounded(value: Any) -> Any:
    """Plain JSON values, numbers rounded to 0.1."""
    if isinstance(value, float):
        return round(value, 1) + 0.0  # -0.0 reads as an error
    if isinstance(value, Mapping):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [rounded(each) for each in value]
    return value
