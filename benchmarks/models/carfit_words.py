"""Whether the words of a recommendation are true: reasons beside warnings, numbers, languages."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from chalicelib import carfit
from chalicelib.carfit.settings import travels
from chalicelib.carfit.vehicles import Vehicle

NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")

SAYS_ALL_IS_WELL: Final = {
    "PEDAL_REACH": ("seat.fore_aft_mm", "still reaches"),
    "CHEST_TO_WHEEL": ("seat.backrest_recline_deg", "keeps your chest"),
    "BELLY_TO_RIM": ("steering_wheel.tilt_deg", "Between your thighs"),
    "THIGH_TO_WHEEL": ("steering_wheel.tilt_deg", "Between your thighs"),
    "INSTRUMENT_VIEW": ("steering_wheel.tilt_deg", "Between your thighs"),
    "ROAD_VIEW": ("seat.height_mm", "point: over the dashboard"),
    "HEAD_RESTRAINT_LOW": ("head_restraint.height_mm", "level with"),
    "belt.anchor_height_mm": ("belt.anchor_height_mm", "collar bone"),
    "hud.height_mm": ("hud.height_mm", "Set to your eyes"),
    "seat.cushion_tilt_deg": ("seat.cushion_tilt_deg", "follows your thigh"),
    "head_restraint.height_mm": ("head_restraint.height_mm", "level with"),
    **{
        f"mirrors.{name}.{axis}": (f"mirrors.{name}.{axis}", " so that ")
        for name in ("left", "right", "interior")
        for axis in ("yaw_deg", "pitch_deg")
    },
}
"""By a warning's code, or the setting of a `LIMIT_REACHED`: the reason that would contradict it."""


def untruths(found: carfit.Recommendation, car: Vehicle) -> Iterator[str]:
    """What a recommendation says that is not so; nothing when all is."""
    reasons: dict[str, dict[str, str]] = dict(_leaves(asdict(found.reasons)))
    settings: dict[str, float] = dict(_leaves(asdict(found.settings)))
    ends = travels(car, found.drive_side)
    for warning in found.warnings:
        about = warning.params.get("setting", warning.code)
        path, well = SAYS_ALL_IS_WELL.get(about, ("", ""))
        if path and well in reasons[path]["en"]:
            yield f"{about}: {reasons[path]['en']}"
        if warning.code == "LIMIT_REACHED":
            wanted, limit = warning.params["wanted"], warning.params["limit"]
            low, high = ends[about]
            if limit != (high if wanted > limit else low):
                yield f"{about}: {limit} is no end of {low} to {high}"
            if re.search(r"\b0( mm|°)", warning.message["en"].split(";", 1)[1]):
                yield f"{about}: {warning.message['en']}"
    if {each.code for each in found.warnings} & {"PEDAL_REACH"} and settings["seat.fore_aft_mm"]:
        yield f"PEDAL_REACH with the seat at {settings['seat.fore_aft_mm']:.1f} mm"
    spoken: list[Mapping[Any, str]] = [*reasons.values(), *(e.message for e in found.warnings)]
    for said in spoken:
        if Counter(NUMBER.findall(said["en"])) != Counter(NUMBER.findall(said["ko"])):
            yield f"numbers differ: {said['en']} / {said['ko']}"
    yield from _other_numbers(found, car, reasons, settings)


def _other_numbers(
    found: carfit.Recommendation,
    car: Vehicle,
    reasons: dict[str, dict[str, str]],
    settings: dict[str, float],
) -> Iterator[str]:
    """Reasons that name another number than the answer."""
    angles, joints = found.posture.angles_deg, found.posture.joints_mm
    top_mm = car.head_restraint_low_mm + settings["head_restraint.height_mm"]
    expected = {
        "seat.fore_aft_mm": f"{angles['knee']:.0f}°",
        "seat.height_mm": f"{found.posture.eye_point_mm[1]:.0f} mm",
        "seat.cushion_tilt_deg": f"{angles['hip']:.0f}°",
        "seat.backrest_recline_deg": f"{settings['seat.backrest_recline_deg']:.0f}°",
        "head_restraint.height_mm": f"{top_mm:.0f} mm",
        "belt.anchor_height_mm": f"{joints['shoulder'][1]:.0f} mm",
        "steering_wheel.telescope_mm": f"{angles['elbow']:.0f}°",
        "hud.height_mm": f"{found.posture.eye_point_mm[1]:.0f} mm",
    }
    for path, number in expected.items():
        if number not in reasons[path]["en"] or number not in reasons[path]["ko"]:
            yield f"{path}: {number} is not in {reasons[path]['en']}"


def _leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Settings, or their words, by path."""
    for name, branch in tree.items():
        here = f"{path}.{name}".lstrip(".")
        if isinstance(branch, dict) and "en" not in branch:
            yield from _leaves(branch, here)
        else:
            yield here, branch
