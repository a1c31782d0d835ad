"""Writes the catalogue of vehicles: ``chalicelib/carfit/vehicles.json``.

What a source gives by class is read; the rest follows from formulas of the literature, typical
travels, or the wish that the mean driver finds every adjuster about its middle. Each figure says
which.
"""

import csv
import json
import math
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from chalicelib.body_prior import SEGMENTS
from chalicelib.carfit import geometry
from chalicelib.carfit.fit import (
    BELT_ABOVE_SHOULDER_MM,
    DESIGN_RECLINE_SHARE,
    MEAN_DRIVER_RECLINE_DEG,
)
from chalicelib.carfit.model import FEATURES, OUTPUTS
from chalicelib.carfit.types import Body
from chalicelib.carfit.vehicles import CATALOGUE, Provenance, Vehicle, vehicle
from training.carfit.physics import ideal_positions, mean_driver

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
"""Of the lift's travel, how much lies below the SgRP."""

SPORTS_BACK_ANGLE_DEG: Final = 27.0
"""From this design back angle on, the cap on recline is the sports car's."""

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
    driver = mean_driver(np.array([h30]))[0]
    position = dict(zip(OUTPUTS, ideal_positions(driver[np.newaxis])[0], strict=True))
    wheel_x = position["wheel_x_mm"]
    sgrp_x = sum(c * h30**power for power, c in enumerate(J1517_X95))
    seat_travel = 260.0
    typical = {
        "sgrp_x_mm": sgrp_x,
        "seat_front_x_mm": sgrp_x + SEAT_BEHIND_SGRP_MM - seat_travel,
        "seat_travel_mm": seat_travel,
        "seat_lift_mm": 60.0,
        "cushion_design_deg": cushion,
        "wheel_x_mm": wheel_x,
        "wheel_plane_deg": wheel_plane,
        "wheel_diameter_mm": 370.0,
        "wheel_telescope_travel_mm": 50.0,
        "head_restraint_low_mm": 750.0,  # UN R17: never lower, from memory
        "head_restraint_travel_mm": 70.0,
        "belt_anchor_travel_mm": 80.0,
        "backrest_safe_deg": 34.0 if back_angle >= SPORTS_BACK_ANGLE_DEG else 30.0,
    }

    values = dict(zip(FEATURES, driver, strict=True))
    body = Body(
        values["height_cm"], *(values[f"{name}_share"] * values["height_cm"] for name in SEGMENTS)
    )
    h_point = (position["h_point_x_mm"], position["h_point_z_mm"])
    eye = (position["eye_x_mm"], position["eye_z_mm"])
    recline = (
        DESIGN_RECLINE_SHARE * back_angle + (1.0 - DESIGN_RECLINE_SHARE) * MEAN_DRIVER_RECLINE_DEG
    )
    knee = geometry.legs(body, h30).knee(h_point)
    rim = (wheel_x, typical["wheel_diameter_mm"], wheel_plane)
    wheel_z = np.mean(geometry.wheel_height_limits(rim, eye, h_point, knee))
    belt_z = geometry.shoulder_z(h_point[1], position["torso_mm"], recline) + BELT_ABOVE_SHOULDER_MM
    hud_travel = 100.0
    assumed = {
        "seat_track_rise_deg": 4.0,
        "seat_low_z_mm": h30 - SEAT_BELOW_SGRP_MM,
        "cushion_min_deg": cushion - 4.0,
        "cushion_max_deg": cushion + 4.0,
        "backrest_min_deg": back_angle - 10.0,
        "backrest_max_deg": back_angle + 20.0,
        "wheel_z_mm": wheel_z,
        "wheel_tilt_travel_deg": math.degrees(45.0 / 450.0),  # 45 mm at the wheel's centre
        "wheel_tilt_radius_mm": 450.0,
        "belt_anchor_low_z_mm": belt_z - typical["belt_anchor_travel_mm"] / 2,
        "hud_low_eye_z_mm": eye[1] - hud_travel / 2,
        "hud_travel_mm": hud_travel,
        "design_eye_x_mm": eye[0],
        "design_eye_z_mm": eye[1],
        "side_mirror_x_mm": eye[0] - 480.0,
        "side_mirror_y_mm": lateral + 590.0,
        "side_mirror_z_mm": eye[1] - 180.0,
        "interior_mirror_x_mm": eye[0] - 430.0,
        "interior_mirror_z_mm": eye[1] + 60.0,
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
    order = [each.name for each in fields(Vehicle) if each.name in figures]
    return {
        "name": {"en": english, "ko": korean},
        "figures": {name: figures[name] for name in order},
    }


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
