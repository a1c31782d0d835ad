"""The settings as COVESA Vehicle Signal Specification (VSS v6) actuators: their units, their signs.

VSS has no signal for the head-up display's height nor for the interior mirror's angle: those two
stand on a private branch, as VSS overlays are meant to.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.carfit.types import DriveSide, Settings
from chalicelib.carfit.vehicles import Vehicle

SEAT: Final = "Vehicle.Cabin.Seat.Row1.DriverSide"
WHEEL: Final = "Vehicle.Chassis.SteeringWheel"
MIRRORS: Final = "Vehicle.Body.Mirrors"
PRIVATE: Final = "Vehicle.Private.Hypermob"


def signals(
    settings: Settings[float],
    vehicle: Vehicle,
    drive_side: DriveSide,
    ends: Mapping[str, tuple[float, float]],
) -> dict[str, float]:
    """Values by VSS path.

    ``ends`` are the settings' travels, by path. Whole numbers where the signal is an integer.
    ``Backrest.Recline`` is relative to the seat's tilt, so their sum is the recline. Percent of
    travel: 0..100 for the wheel; -100..100 for the mirrors, 0 where the design eye needs them.
    """
    seat, wheel, mirrors = settings.seat, settings.steering_wheel, settings.mirrors

    def mirror_percent(name: str) -> tuple[int, int]:
        aim = getattr(mirrors, name)
        yaw, pitch = (
            _between(getattr(aim, axis), ends[f"mirrors.{name}.{axis}"])
            for axis in ("yaw_deg", "pitch_deg")
        )
        return yaw, pitch

    found: dict[str, float] = {
        f"{SEAT}.Position": round(seat.fore_aft_mm),
        f"{SEAT}.Height": round(seat.height_mm),
        f"{SEAT}.Tilt": round(seat.cushion_tilt_deg, 1),
        f"{SEAT}.Backrest.Recline": round(seat.backrest_recline_deg - seat.cushion_tilt_deg, 1),
        f"{SEAT}.Headrest.Height": round(settings.head_restraint.height_mm),
        f"{SEAT}.SeatBeltHeight": round(settings.belt.anchor_height_mm),
        f"{WHEEL}.Extension": _percent(wheel.telescope_mm, vehicle.wheel_telescope_travel_mm),
        f"{WHEEL}.Tilt": _percent(wheel.tilt_deg, vehicle.wheel_tilt_travel_deg),
    }
    for name in ("left", "right"):
        side = "DriverSide" if name == drive_side else "PassengerSide"
        yaw, pitch = mirror_percent(name)
        found |= {f"{MIRRORS}.{side}.Yaw": yaw, f"{MIRRORS}.{side}.Tilt": pitch}
    yaw, pitch = mirror_percent("interior")
    return found | {
        f"{PRIVATE}.InteriorMirror.Yaw": yaw,
        f"{PRIVATE}.InteriorMirror.Tilt": pitch,
        f"{PRIVATE}.HUD.Height": round(settings.hud.height_mm),
    }


def _percent(value: float, travel: float) -> int:
    return round(100.0 * value / travel) if travel else 0


def _between(value: float, ends: tuple[float, float]) -> int:
    """Percent of the way from the middle of a travel to its end."""
    low, high = ends
    return _percent(value - (low + high) / 2, (high - low) / 2)
