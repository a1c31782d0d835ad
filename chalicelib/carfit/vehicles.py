"""The catalogue of vehicles: package figures by class, each with where it comes from.

``vehicles.json`` holds them; ``training/carfit/catalogue.py`` writes it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

Provenance = Literal["read", "typical", "assumed"]
"""Read in a source; typical of such cars by literature or formula; or assumed by us."""

DEFAULT_VEHICLE: Final = "medium_car"

CATALOGUE: Final = Path(__file__).with_name("vehicles.json")


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A driver's package. Axes and origin: `chalicelib.carfit.types`."""

    id: str
    name: Mapping[str, str] = field(hash=False)

    # The package.
    h30_mm: float
    """Seating reference point (SgRP) above the heel point."""
    h5_mm: float
    """SgRP above the ground."""
    heel_to_ground_mm: float
    back_angle_deg: float
    """A40: the design torso line behind vertical."""
    headroom_mm: float
    """H61: effective headroom."""
    up_vision_deg: float
    down_vision_deg: float
    lateral_mm: float
    """W20: SgRP to the car's centreline."""

    # The seat: an H-point track that falls rearward by its rise, and a vertical lift above it.
    sgrp_x_mm: float
    seat_front_x_mm: float
    """The H-point's x at fore-aft 0."""
    seat_travel_mm: float
    seat_track_rise_deg: float
    seat_low_z_mm: float
    """The H-point's z at lift 0 and the SgRP's x."""
    seat_lift_mm: float
    cushion_design_deg: float
    design_thigh_deg: float
    """Thigh above horizontal, hip to knee, of the driver whom the design cushion supports."""
    cushion_min_deg: float
    cushion_max_deg: float
    backrest_min_deg: float
    backrest_max_deg: float
    backrest_safe_deg: float
    """Recommended at most: beyond it the body slides under the belt."""

    # The steering wheel: its centre at mid travel.
    wheel_x_mm: float
    wheel_z_mm: float
    wheel_plane_deg: float
    """Rim plane behind vertical."""
    wheel_diameter_mm: float
    wheel_telescope_travel_mm: float
    """Along the column, which stands across the rim plane."""
    wheel_tilt_travel_deg: float
    wheel_tilt_radius_mm: float
    """Tilt pivot to wheel centre."""

    # What the eye looks over and under: the cowl before the windscreen, the header above it.
    cowl_x_mm: float
    cowl_z_mm: float
    header_x_mm: float
    header_z_mm: float

    # Head restraint, belt, head-up display: lowest position and travel.
    head_restraint_low_mm: float
    """Top of the restraint from the H-point along the torso line, at height 0."""
    head_restraint_travel_mm: float
    belt_anchor_low_z_mm: float
    belt_anchor_travel_mm: float
    hud_low_eye_z_mm: float
    """Eye height that looks through the middle of the eyebox, at height 0."""
    hud_travel_mm: float

    # Mirrors: pivots, glass, and how far it turns each way from where the design eye needs it.
    half_width_mm: float
    """Centreline to the flank at its widest, without mirrors."""
    design_eye_x_mm: float
    design_eye_z_mm: float
    side_mirror_x_mm: float
    side_mirror_y_mm: float
    """From the centreline, to each side."""
    side_mirror_z_mm: float
    side_mirror_glass_width_mm: float
    side_mirror_glass_height_mm: float
    passenger_mirror_radius_mm: float
    """The radius of the convex glass on the passenger's side; the driver's glass is flat."""
    interior_mirror_x_mm: float
    interior_mirror_z_mm: float
    interior_mirror_glass_width_mm: float
    interior_mirror_glass_height_mm: float
    mirror_yaw_travel_deg: float
    mirror_pitch_travel_deg: float

    @property
    def recline_cap_deg(self) -> float:
        """Furthest recline that is recommended."""
        return min(self.backrest_safe_deg, self.backrest_max_deg)


FIGURES: Final = tuple(each.name for each in fields(Vehicle) if each.name not in ("id", "name"))
"""Names of a vehicle's figures, units in the names."""


@cache
def catalogue() -> dict[str, Any]:
    """Return the catalogue as stored: each figure's value and provenance, and the sources.

    Returns
    -------
    dict
        ``sources`` says what each provenance means; ``vehicles`` holds, by id, ``name`` and
        ``figures``: ``{"h30_mm": {"value": 250, "provenance": "read"}, ...}``.
    """
    document: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return document


@cache
def vehicles() -> dict[str, Vehicle]:
    """Return every vehicle of the catalogue, by id."""
    return {id_: vehicle(id_, row) for id_, row in catalogue()["vehicles"].items()}


def vehicle(id_: str, row: Mapping[str, Any]) -> Vehicle:
    """Return a vehicle from its row of the catalogue."""
    figures = row["figures"]
    return Vehicle(
        id=id_, name=row["name"], **{name: float(figures[name]["value"]) for name in FIGURES}
    )


class VehicleError(ValueError):
    """A car whose figures contradict each other.

    ``figure`` is the one to look at, ``expected`` what it should be, by language.
    """

    def __init__(self, figure: str, english: str, korean: str) -> None:
        super().__init__(figure, english, korean)
        self.figure = figure
        self.expected: Mapping[Literal["en", "ko"], str] = {"en": english, "ko": korean}

    def __str__(self) -> str:
        return f"{self.figure}: {self.expected['en']}"


def own_vehicle(base: Vehicle, figures: Mapping[str, float]) -> Vehicle:
    """Return a car of one's own: a class of the catalogue with other figures.

    Parameters
    ----------
    base : Vehicle
        Where the figures that are not given come from.
    figures : mapping of str to float
        By the names of `FIGURES`. Where ``seat_front_x_mm`` is not among them, the track keeps its
        rear end as far behind the SgRP as in the base: a longer travel goes further forward, and
        an SgRP of one's own takes the track along; ``seat_low_z_mm`` likewise follows ``h30_mm``.

    Raises
    ------
    VehicleError
        When no such car can be: ends of a travel out of order, a wheel behind the seat, a roof
        under the windscreen.
    """
    told = dict(figures)
    if "seat_front_x_mm" not in told and {"sgrp_x_mm", "seat_travel_mm"} & told.keys():
        rear_x_mm = (
            base.seat_front_x_mm
            + base.seat_travel_mm
            + told.get("sgrp_x_mm", base.sgrp_x_mm)
            - base.sgrp_x_mm
        )
        told["seat_front_x_mm"] = rear_x_mm - told.get("seat_travel_mm", base.seat_travel_mm)
    if "seat_low_z_mm" not in told and "h30_mm" in told:
        told["seat_low_z_mm"] = base.seat_low_z_mm + told["h30_mm"] - base.h30_mm
    car = replace(base, id="own", name={"en": "Your car", "ko": "내 차"}, **told)
    for lower, higher in _ASCENDING:
        if getattr(car, lower) > getattr(car, higher):
            at_most = getattr(car, higher)
            raise VehicleError(
                lower,
                f"at most {higher} ({at_most:g})",
                f"{higher}({at_most:g}) 이하",
            )
    gap = car.seat_front_x_mm - car.wheel_x_mm
    if gap < SEAT_TO_WHEEL_MM:
        raise VehicleError(
            "wheel_x_mm",
            f"at least {SEAT_TO_WHEEL_MM:g} mm before seat_front_x_mm",
            f"seat_front_x_mm보다 {SEAT_TO_WHEEL_MM:g} mm 이상 앞",
        )
    return car


SEAT_TO_WHEEL_MM: Final = 50.0
"""Nobody fits between a wheel and an H-point nearer than this, however far forward the seat."""

_ASCENDING: Final = (
    ("cushion_min_deg", "cushion_max_deg"),
    ("backrest_min_deg", "backrest_max_deg"),
    ("backrest_min_deg", "backrest_safe_deg"),
    ("seat_low_z_mm", "wheel_z_mm"),
    ("wheel_z_mm", "design_eye_z_mm"),
    ("cowl_x_mm", "header_x_mm"),
    ("cowl_z_mm", "header_z_mm"),
    ("header_x_mm", "design_eye_x_mm"),
    ("side_mirror_x_mm", "design_eye_x_mm"),
    ("interior_mirror_x_mm", "design_eye_x_mm"),
    ("lateral_mm", "half_width_mm"),
)
"""Figures of which the first is never above the second."""
