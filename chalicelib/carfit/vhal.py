"""The settings as Android Automotive VHAL properties: name, area and the car's own int32.

A vehicle HAL counts each actuator in steps of its own between its own ends, so each property takes
the car's `Range`; `RANGES` are what is taken where the car tells none. Directions are AOSP's
(VehicleProperty.aidl): SEAT_FORE_AFT_POS is largest nearest the wheel, SEAT_BACKREST_ANGLE_1_POS
largest upright and STEERING_WHEEL_DEPTH_POS largest furthest from the driver, all three against
ours; mirrors are as ours, + to the right and up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.carfit.types import DriveSide, Settings, VhalProperty


@dataclass(frozen=True, slots=True)
class Range:
    """How a car counts one actuator.

    ``min`` and ``max`` are its int32 ends as the car's own property configuration tells them;
    ``step`` what it can be set by; ``inverted`` when it counts against AOSP's direction.
    """

    min: int
    max: int
    step: int = 1
    inverted: bool = False

    def __post_init__(self) -> None:
        if self.min >= self.max or self.step < 1:
            raise ValueError(f"expected min below max and a step from 1, got {self}")


@dataclass(frozen=True, slots=True)
class _Actuator:
    """Path of the setting, AOSP's name, and whether AOSP counts against us."""

    path: str
    property: str
    against: bool = False


SEAT_AREAS: Final = {"left": ("ROW_1_LEFT", 0x1), "right": ("ROW_1_RIGHT", 0x4)}
"""VehicleAreaSeat."""
MIRROR_AREAS: Final = {
    "left": ("DRIVER_LEFT", 0x1),
    "right": ("DRIVER_RIGHT", 0x2),
    "interior": ("DRIVER_CENTER", 0x4),
}
"""VehicleAreaMirror."""
GLOBAL: Final = ("GLOBAL", 0x0)

_SEAT: Final = (
    _Actuator("seat.fore_aft_mm", "SEAT_FORE_AFT_POS", against=True),
    _Actuator("seat.height_mm", "SEAT_HEIGHT_POS"),
    _Actuator("seat.cushion_tilt_deg", "SEAT_TILT_POS"),
    _Actuator("seat.backrest_recline_deg", "SEAT_BACKREST_ANGLE_1_POS", against=True),
    _Actuator("head_restraint.height_mm", "SEAT_HEADREST_HEIGHT_POS_V2"),
    _Actuator("belt.anchor_height_mm", "SEAT_BELT_HEIGHT_POS"),
)
_WHEEL: Final = (
    _Actuator("steering_wheel.telescope_mm", "STEERING_WHEEL_DEPTH_POS", against=True),
    _Actuator("steering_wheel.tilt_deg", "STEERING_WHEEL_HEIGHT_POS"),
)
_MIRROR: Final = (("yaw_deg", "MIRROR_Y_POS"), ("pitch_deg", "MIRROR_Z_POS"))

RANGES: Final[Mapping[str, Range]] = {
    **{each.property: Range(0, 100) for each in (*_SEAT, *_WHEEL)},
    **{name: Range(-100, 100) for _, name in _MIRROR},
}
"""Percent of travel: taken for a property that a car's profile does not name."""


def properties(
    settings: Settings[float],
    drive_side: DriveSide,
    ends: Mapping[str, tuple[float, float]],
    profile: Mapping[str, Range] | None = None,
) -> tuple[VhalProperty, ...]:
    """Every property to set.

    Parameters
    ----------
    settings : Settings
    drive_side : {"left", "right"}
        Whose seat it is.
    ends : mapping
        The settings' travels, by path; the full travel is the property's range.
    profile : mapping, optional
        The car's own ranges, by property; `RANGES` for those that it does not name.
    """
    ranges = {**RANGES, **(profile or {})}
    values = settings.by_path()

    def of(path: str, name: str, area: tuple[str, int], *, against: bool = False) -> VhalProperty:
        return VhalProperty(name, *area, _counted(values[path], ends[path], ranges[name], against))

    return (
        *(of(e.path, e.property, SEAT_AREAS[drive_side], against=e.against) for e in _SEAT),
        *(of(e.path, e.property, GLOBAL, against=e.against) for e in _WHEEL),
        *(
            of(f"mirrors.{mirror}.{axis}", name, area)
            for mirror, area in MIRROR_AREAS.items()
            for axis, name in _MIRROR
        ),
    )


def _counted(value: float, ends: tuple[float, float], known: Range, against: bool) -> int:
    """A setting within its travel as the car counts it: the nearest step from ``min``."""
    low, high = ends
    share = (value - low) / (high - low) if high > low else 0.0
    if against != known.inverted:
        share = 1.0 - share
    steps = round(share * (known.max - known.min) / known.step)
    most = (known.max - known.min) // known.step
    return known.min + known.step * min(max(steps, 0), most)
