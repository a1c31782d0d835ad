"""Writes the catalogue of vehicles: ``chalicelib/carfit/vehicles.json``.

What a source gives by class is read; the rest follows from formulas of the literature, typical
travels, or the wish that the mean driver finds every adjuster about its middle. Each figure says
which.
"""

import csv
import json
import math
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from chalicelib.carfit import linkage
from chalicelib.carfit.vehicles import CATALOGUE, FIGURES, Provenance, Vehicle, vehicle
from training.carfit.habit import mean_drivers
from training.carfit.solver import solve

PACKAGES: Final = Path(__file__).parent / "data" / "package_by_class.csv"

SOURCES: Final = {
    "read": "driver packages by vehicle class: a table of the H-Point book, as read for us",
    "typical": "SAE J1517 and Reed 2013 by formula, or travels typical of such cars",
    "assumed": "our assumption; replace by the maker's figure where you have it",
}

NAMES: Final = {
    "NEV": ("Neighbourhood electric vehicle", "근거리 전기차"),
    "sports": ("Sports car", "스포츠카"),
    "micro": ("Micro car", "초소형차"),
    "small_car": ("Small car", "소형차"),
    "medium_car": ("Medium car", "중형차"),
    "medium_coupe": ("Medium coupe", "중형 쿠페"),
    "large_car": ("Large car", "대형차"),
    "large_luxury": ("Large luxury car", "대형 고급차"),
    "minivan": ("Minivan", "미니밴"),
    "small_suv": ("Small SUV", "소형 SUV"),
    "medium_suv": ("Medium SUV", "중형 SUV"),
    "large_suv": ("Large SUV", "대형 SUV"),
    "small_truck": ("Small pickup truck", "소형 픽업트럭"),
    "large_4x4_truck": ("Large 4x4 pickup truck", "대형 4x4 픽업트럭"),
    "commercial_van": ("Commercial van", "상용 밴"),
}

J1517_X95: Final = (913.7, 0.672316, -0.0019553)
"""SgRP aft of the ball of the foot by H30: the 95th percentile of chosen seats, mm."""
SEAT_BEHIND_SGRP_MM: Final = 30.0
SEAT_BELOW_SGRP_MM: Final = 20.0
"""How much of the lift's travel lies below the SgRP."""

WHEEL_DIAMETER_MM: Final = (360.0, 385.0)
"""Smallest and largest wheel that is usual (from memory)."""
WHEEL_DIAMETER_BY_H30: Final = (370.0, 0.1)
"""Wheel at `H30_REFERENCE_MM`, and mm/mm of seat height (assumed): the lower the car, the less room
between thighs and instruments."""
BELT_ABOVE_SHOULDER_MM: Final = 60.0
"""Upper anchor above the mean driver's shoulder joint at mid travel (assumed)."""
EYELLIPSE_HEIGHT_MM: Final = 93.4
"""SAE J941-2010, 95 % (from memory): down vision is told from its lower end, up vision from its
upper."""
EYE_TO_COWL_MM: Final = 900.0
EYE_TO_HEADER_MM: Final = 350.0
"""Horizontally from the mean driver's eye (assumed)."""

SPORTS_BACK_ANGLE_DEG: Final = 27.0
"""From this design back angle on, the cap on recline is the sports car's."""

FREE_MM: Final = 2000.0
"""A travel without an end."""
WHEEL_ABOVE_H30_MM: Final = 370.0
"""Where the search for the mean driver's wheel begins."""

H30_REFERENCE_MM: Final = 270.0
"""A cushion of 14 deg and a wheel plane of 24 deg behind vertical belong to this seat height;
higher seats have a flatter cushion and a flatter wheel."""

_LEAF_OBJECT: Final = re.compile(r"\{[^{}]*\}")


def vehicles() -> dict[str, Any]:
    """Every class of the table, with all figures of `Vehicle`."""
    with PACKAGES.open(newline="") as rows:
        return {row["class"]: _vehicle(row) for row in csv.DictReader(rows)}


def cars() -> list[Vehicle]:
    """The same as the engine reads them."""
    return [vehicle(id_, row) for id_, row in vehicles().items()]


def document() -> dict[str, Any]:
    """The catalogue that ``chalicelib.carfit.vehicles`` reads."""
    return {"made_by": "python -m training.carfit", "sources": SOURCES, "vehicles": vehicles()}


def write(target: Path = CATALOGUE) -> None:
    """Write the catalogue, one line a figure, so that a change shows as one."""
    text = json.dumps(document(), ensure_ascii=False, indent=1)
    target.write_text(_LEAF_OBJECT.sub(lambda leaf: " ".join(leaf[0].split()), text) + "\n")


def _vehicle(row: dict[str, str]) -> dict[str, Any]:
    h30 = float(row["H30"])
    back_angle = float(row["A40"])
    # Where the table gives a range, its middle.
    lateral = float(np.mean([float(each) for each in row["W20"].split("-")]))
    read = {
        "h30_mm": h30,
        "h5_mm": float(row["H5"]),
        "heel_to_ground_mm": float(row["heel_to_ground"]),
        "back_angle_deg": back_angle,
        "headroom_mm": float(row["H61"]),
        "up_vision_deg": float(row["up_vision"]),
        "down_vision_deg": float(row["down_vision"]),
        "lateral_mm": lateral,
    }

    above_reference = h30 - H30_REFERENCE_MM
    cushion = _within(14.0 - 0.03 * above_reference, 10.0, 18.0)
    wheel_plane = _within(24.0 + 0.05 * above_reference, 20.0, 30.0)
    diameter, per_h30 = WHEEL_DIAMETER_BY_H30
    wheel_diameter = _within(diameter + per_h30 * above_reference, *WHEEL_DIAMETER_MM)
    design = _mean_driver(h30, back_angle, wheel_plane, wheel_diameter)
    sgrp_x = sum(c * h30**power for power, c in enumerate(J1517_X95))
    seat_travel = 260.0
    typical = {
        "sgrp_x_mm": sgrp_x,
        "seat_front_x_mm": sgrp_x + SEAT_BEHIND_SGRP_MM - seat_travel,
        "seat_travel_mm": seat_travel,
        "seat_lift_mm": 60.0,
        "cushion_design_deg": cushion,
        "wheel_x_mm": design.wheel[0],
        "wheel_plane_deg": wheel_plane,
        "wheel_diameter_mm": wheel_diameter,
        "wheel_telescope_travel_mm": 50.0,
        "head_restraint_low_mm": 750.0,  # UN R17: never lower, from memory
        "head_restraint_travel_mm": 70.0,
        "belt_anchor_travel_mm": 80.0,
        "backrest_safe_deg": 34.0 if back_angle >= SPORTS_BACK_ANGLE_DEG else 30.0,
    }

    eye_x, eye_z = design.eye
    half_eyellipse = EYELLIPSE_HEIGHT_MM / 2
    hud_travel = 100.0
    side_mirror_y = lateral + 590.0
    assumed = {
        "seat_track_rise_deg": 4.0,
        "seat_low_z_mm": h30 - SEAT_BELOW_SGRP_MM,
        "design_thigh_deg": design.thigh_deg,
        "cushion_min_deg": cushion - 4.0,
        "cushion_max_deg": cushion + 4.0,
        "backrest_min_deg": back_angle - 10.0,
        "backrest_max_deg": back_angle + 20.0,
        "wheel_z_mm": design.wheel[1],
        "wheel_tilt_travel_deg": math.degrees(45.0 / 450.0),  # 45 mm at the wheel's centre
        "wheel_tilt_radius_mm": 450.0,
        "cowl_x_mm": eye_x - EYE_TO_COWL_MM,
        "cowl_z_mm": eye_z - half_eyellipse - _fall(EYE_TO_COWL_MM, read["down_vision_deg"]),
        "header_x_mm": eye_x - EYE_TO_HEADER_MM,
        "header_z_mm": eye_z + half_eyellipse + _fall(EYE_TO_HEADER_MM, read["up_vision_deg"]),
        "belt_anchor_low_z_mm": design.shoulder_z
        + BELT_ABOVE_SHOULDER_MM
        - typical["belt_anchor_travel_mm"] / 2,
        "hud_low_eye_z_mm": eye_z - hud_travel / 2,
        "hud_travel_mm": hud_travel,
        "half_width_mm": side_mirror_y - 100.0,
        "design_eye_x_mm": eye_x,
        "design_eye_z_mm": eye_z,
        "side_mirror_x_mm": eye_x - 480.0,
        "side_mirror_y_mm": side_mirror_y,
        "side_mirror_z_mm": eye_z - 180.0,
        "side_mirror_glass_width_mm": 190.0,
        "side_mirror_glass_height_mm": 130.0,
        "passenger_mirror_radius_mm": 1260.0,
        "interior_mirror_x_mm": eye_x - 430.0,
        "interior_mirror_z_mm": eye_z + 60.0,
        "interior_mirror_glass_width_mm": 250.0,
        "interior_mirror_glass_height_mm": 65.0,
        "mirror_yaw_travel_deg": 10.0,
        "mirror_pitch_travel_deg": 8.0,
    }

    by_provenance: tuple[tuple[Provenance, dict[str, float]], ...] = (
        ("read", read),
        ("typical", typical),
        ("assumed", assumed),
    )
    figures = {
        name: {"value": round(float(value), 1), "provenance": provenance}
        for provenance, group in by_provenance
        for name, value in group.items()
    }
    english, korean = NAMES[row["class"]]
    return {
        "name": {"en": english, "ko": korean},
        "figures": {name: figures[name] for name in FIGURES},
    }


class _MeanDriver(NamedTuple):
    """Where the mean driver has wheel, eye, shoulder and thigh when every travel is free."""

    wheel: tuple[float, float]
    eye: tuple[float, float]
    shoulder_z: float
    thigh_deg: float


def _mean_driver(
    h30_mm: float, back_angle_deg: float, wheel_plane_deg: float, wheel_diameter_mm: float
) -> _MeanDriver:
    """Solve the mean man and the mean woman in a car without walls; the mean of both."""
    drivers = mean_drivers(h30_mm)
    count = len(drivers.trunk_deg)
    wheel_x = float(np.mean(drivers.wheel_x_mm))
    values = dict.fromkeys(FIGURES, np.nan) | {
        "h30_mm": h30_mm,
        "back_angle_deg": back_angle_deg,
        "headroom_mm": FREE_MM,
        "sgrp_x_mm": FREE_MM / 2,
        "seat_front_x_mm": 0.0,
        "seat_travel_mm": FREE_MM,
        "seat_track_rise_deg": 0.0,
        "seat_low_z_mm": 0.0,
        "seat_lift_mm": FREE_MM,
        "backrest_min_deg": 0.0,
        "backrest_max_deg": 90.0,
        "backrest_safe_deg": 90.0,
        "wheel_x_mm": wheel_x,
        "wheel_z_mm": h30_mm + WHEEL_ABOVE_H30_MM,
        "wheel_plane_deg": wheel_plane_deg,
        "wheel_diameter_mm": wheel_diameter_mm,
        "wheel_telescope_travel_mm": FREE_MM,
        "wheel_tilt_travel_deg": 90.0,
        "wheel_tilt_radius_mm": FREE_MM / 2,
        "cowl_x_mm": 0.0,
        "cowl_z_mm": 0.0,
        "header_x_mm": 0.0,
        "header_z_mm": FREE_MM,
    }
    figures: dict[str, Any] = {name: np.full(count, value) for name, value in values.items()}
    car = Vehicle(id="", name={}, **figures)
    posture = solve(drivers, car, np.zeros(count)).posture
    return _MeanDriver(
        wheel=(float(np.mean(posture.grip[0])), float(np.mean(posture.grip[1]))),
        eye=(float(np.mean(posture.eye[0])), float(np.mean(posture.eye[1]))),
        shoulder_z=float(np.mean(posture.shoulder[1])),
        thigh_deg=float(np.mean(linkage.thigh_deg(posture))),
    )


def _fall(distance_mm: float, angle_deg: float) -> float:
    return distance_mm * math.tan(math.radians(angle_deg))


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


if __name__ == "__main__":
    write()
