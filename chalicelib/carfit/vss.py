"""The settings as COVESA Vehicle Signal Specification (VSS) actuators: their units, their signs.

VSS has no signal for the head-up display's height nor for the interior mirror's angle: those two
stand on a private branch, which `OVERLAY` adds to the catalogue. A broker refuses a batch that
names one signal it does not know, so they are kept apart from the standard ones.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chalicelib.carfit.types import DriveSide, Settings
from chalicelib.carfit.vehicles import Vehicle

SEAT: Final = "Vehicle.Cabin.Seat.Row1.DriverSide"
WHEEL: Final = "Vehicle.Chassis.SteeringWheel"
MIRRORS: Final = "Vehicle.Body.Mirrors"
PRIVATE: Final = "Vehicle.Private.Hypermob"

VERSION: Final = "6.0"
"""The version of VSS whose signals these are. Newer versions have the same signals so far."""
OVERLAY: Final = Path(__file__).with_name("overlay.vspec")
"""The private branch, for `vspec export ... --overlays overlay.vspec`."""
DRIVER_POSITION: Final = "Vehicle.Cabin.DriverPosition"
"""Attribute: which side DriverSide is. A car knows it; it is no actuator to set."""


def signals(
    settings: Settings[float],
    vehicle: Vehicle,
    drive_side: DriveSide,
    ends: Mapping[str, tuple[float, float]],
) -> dict[str, float]:
    """Values by VSS path, every one an actuator of the standard catalogue.

    ``ends`` are the settings' travels, by path. Whole numbers where the signal is an integer.
    ``Backrest.Recline`` is relative to the seat's tilt, so their sum is the recline. Percent of
    travel: 0..100 for the wheel; -100..100 for the mirrors, 0 where the design eye needs them.
    """
    seat, wheel = settings.seat, settings.steering_wheel
    tilt, recline = round(seat.cushion_tilt_deg, 1), round(seat.backrest_recline_deg, 1)
    found: dict[str, float] = {
        f"{SEAT}.Position": round(seat.fore_aft_mm),
        f"{SEAT}.Height": round(seat.height_mm),
        f"{SEAT}.Tilt": tilt,
        # Of the rounded two, so that they add up to the recline as it is answered.
        f"{SEAT}.Backrest.Recline": round(recline - tilt, 1),
        f"{SEAT}.Headrest.Height": round(settings.head_restraint.height_mm),
        f"{SEAT}.SeatBeltHeight": round(settings.belt.anchor_height_mm),
        f"{WHEEL}.Extension": _percent(wheel.telescope_mm, vehicle.wheel_telescope_travel_mm),
        f"{WHEEL}.Tilt": _percent(wheel.tilt_deg, vehicle.wheel_tilt_travel_deg),
    }
    for name in ("left", "right"):
        side = "DriverSide" if name == drive_side else "PassengerSide"
        yaw, pitch = _mirror_percent(settings, name, ends)
        found |= {f"{MIRRORS}.{side}.Yaw": yaw, f"{MIRRORS}.{side}.Tilt": pitch}
    return found


def private_signals(
    settings: Settings[float], ends: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """Values by path of what the standard catalogue lacks and `OVERLAY` adds."""
    yaw, pitch = _mirror_percent(settings, "interior", ends)
    return {
        f"{PRIVATE}.InteriorMirror.Yaw": yaw,
        f"{PRIVATE}.InteriorMirror.Tilt": pitch,
        f"{PRIVATE}.HUD.Height": round(settings.hud.height_mm),
    }


def attributes(drive_side: DriveSide) -> dict[str, str]:
    """What the signals take for granted of the car, by VSS path."""
    return {DRIVER_POSITION: drive_side.upper()}


def _mirror_percent(
    settings: Settings[float], name: str, ends: Mapping[str, tuple[float, float]]
) -> tuple[int, int]:
    """Yaw and pitch of a mirror, percent of the way to either end."""
    aim = getattr(settings.mirrors, name)
    yaw, pitch = (
        _between(getattr(aim, axis), ends[f"mirrors.{name}.{axis}"])
        for axis in ("yaw_deg", "pitch_deg")
    )
    return yaw, pitch


def _percent(value: float, travel: float) -> int:
    return round(100.0 * value / travel) if travel else 0


def _between(value: float, ends: tuple[float, float]) -> int:
    """Percent of the way from the middle of a travel to its end."""
    low, high = ends
    return _percent(value - (low + high) / 2, (high - low) / 2)
