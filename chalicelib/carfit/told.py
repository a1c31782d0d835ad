"""Settings as a car tells them, VSS signals or Android VHAL values, back to ours, by path.

The inverse of `chalicelib.carfit.vss` and `chalicelib.carfit.vhal`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from chalicelib.carfit import vhal, vss
from chalicelib.carfit.settings import travels
from chalicelib.carfit.types import DriveSide, Settings, Words
from chalicelib.carfit.vehicles import Vehicle

_SEAT: Final = {
    f"{vss.SEAT}.Position": "seat.fore_aft_mm",
    f"{vss.SEAT}.Height": "seat.height_mm",
    f"{vss.SEAT}.Tilt": "seat.cushion_tilt_deg",
    f"{vss.SEAT}.Headrest.Height": "head_restraint.height_mm",
    f"{vss.SEAT}.SeatBeltHeight": "belt.anchor_height_mm",
    f"{vss.PRIVATE}.HUD.Height": "hud.height_mm",
}
"""Signals in our own unit, from our own zero."""
_RECLINE: Final = f"{vss.SEAT}.Backrest.Recline"
SIGNAL_OF: Final[Mapping[str, str]] = {path: signal for signal, path in _SEAT.items()} | {
    "seat.backrest_recline_deg": _RECLINE
}
"""VSS signals, by the setting's path, that can tell more than the car's travel."""
_TILT: Final = f"{vss.SEAT}.Tilt"
_PERCENT: Final = {
    f"{vss.WHEEL}.Extension": "steering_wheel.telescope_mm",
    f"{vss.WHEEL}.Tilt": "steering_wheel.tilt_deg",
}
"""Percent of travel."""


class SignalError(ValueError):
    """A signal that is not a driver's setting, or a value that it cannot have.

    Attributes
    ----------
    signal : str
    expected : Words
    """

    def __init__(self, signal: str, english: str, korean: str) -> None:
        super().__init__(f"{signal}: expected {english}")
        self.signal = signal
        self.expected: Words = {"en": english, "ko": korean}


def from_vss(
    signals: Mapping[str, float], vehicle: Vehicle, drive_side: DriveSide
) -> dict[str, float]:
    """Settings, by path, of VSS signals as an answer's ``vss`` and ``vss_private`` hold them.

    Raises
    ------
    SignalError
        For a signal that is no setting, a percentage beyond its end, or a backrest that is told
        without the cushion that VSS measures it from.
    """
    ends = travels(vehicle, drive_side)
    sides = {
        "left": "DriverSide" if drive_side == "left" else "PassengerSide",
        "right": "DriverSide" if drive_side == "right" else "PassengerSide",
    }
    mirrors = {
        f"{stem}.{signal}": f"mirrors.{name}.{axis}"
        for name, stem in (
            *((name, f"{vss.MIRRORS}.{side}") for name, side in sides.items()),
            ("interior", f"{vss.PRIVATE}.InteriorMirror"),
        )
        for signal, axis in (("Yaw", "yaw_deg"), ("Tilt", "pitch_deg"))
    }
    found = {}
    for signal, value in signals.items():
        if signal in _SEAT:
            found[_SEAT[signal]] = value
        elif signal == _RECLINE:
            if _TILT not in signals:
                raise SignalError(
                    signal,
                    f"{_TILT} beside it, from which VSS measures it",
                    f"함께 보낸 {_TILT} (VSS는 이 각도를 기준으로 잽니다)",
                )
            found["seat.backrest_recline_deg"] = value + signals[_TILT]
        elif signal in _PERCENT:
            low, high = ends[_PERCENT[signal]]
            found[_PERCENT[signal]] = low + _share(signal, value, 0.0) * (high - low)
        elif signal in mirrors:
            low, high = ends[mirrors[signal]]
            found[mirrors[signal]] = low + _share(signal, value, -100.0) * (high - low)
        else:
            listed = ", ".join((*_SEAT, _RECLINE, *_PERCENT, *mirrors))
            raise SignalError(signal, f"one of {listed}", f"다음 중 하나: {listed}")
    return found


def from_vhal(
    values: Iterable[tuple[str, int, int]],
    vehicle: Vehicle,
    drive_side: DriveSide,
    profile: Mapping[str, vhal.Range] | None = None,
) -> dict[str, float]:
    """Settings, by path, of Android VHAL values: triples of property, area's number and int32.

    Raises
    ------
    SignalError
        For a property or area that is no setting of this driver or comes twice, or a value beyond
        its range.
    """
    ends = travels(vehicle, drive_side)
    known = _counts(drive_side, ends, profile)
    found: dict[str, float] = {}
    seen: set[tuple[str, int]] = set()
    for name, area_id, value in values:
        if (name, area_id) not in known:
            listed = ", ".join(f"{each} ({area:#x})" for each, area in known)
            raise SignalError(
                f"{name} ({area_id:#x})", f"one of {listed}", f"다음 중 하나: {listed}"
            )
        if (name, area_id) in seen:
            raise SignalError(f"{name} ({area_id:#x})", "it once", "한 번만 보낸 값")
        seen.add((name, area_id))
        path, at_low, at_high = known[name, area_id]
        low, high = ends[path]
        if not min(at_low, at_high) <= value <= max(at_low, at_high):
            bounds = f"{min(at_low, at_high)}", f"{max(at_low, at_high)}"
            raise SignalError(
                f"{name} ({area_id:#x})",
                "a value from {} to {}".format(*bounds),
                "{}에서 {} 사이의 값".format(*bounds),
            )
        share = (value - at_low) / (at_high - at_low) if at_high != at_low else 0.0
        found[path] = low + share * (high - low)
    return found


def _counts(
    drive_side: DriveSide,
    ends: Mapping[str, tuple[float, float]],
    profile: Mapping[str, vhal.Range] | None,
) -> dict[tuple[str, int], tuple[str, int, int]]:
    """Path of each property in each area, and how the car counts the ends of its travel.

    A travel without length counts as one of a millimetre or degree: its ends must differ here.
    """
    lows = {path: low for path, (low, _) in ends.items()}
    wide = {path: (low, max(high, low + 1.0)) for path, (low, high) in ends.items()}

    def counted(values: Mapping[str, float]) -> dict[tuple[str, int], int]:
        settings = Settings.of(values)
        return {
            (each.property, each.area_id): each.value
            for each in vhal.properties(settings, drive_side, wide, profile)
        }

    at_low = counted(lows)
    found = {}
    for path, (_, high) in wide.items():
        for key, value in counted({**lows, path: high}).items():
            if value != at_low[key]:
                found[key] = path, at_low[key], value
    return found


def _share(signal: str, percent: float, least: float) -> float:
    """Share of the travel that a percentage stands for."""
    if not least <= percent <= 100.0:
        raise SignalError(
            signal,
            f"percent of travel from {least:g} to 100",
            f"조절 범위의 백분율 {least:g}에서 100",
        )
    return (percent - least) / (100.0 - least)
