"""What a driving position must keep in a car's package, and by how much it does.

The solver is held to these rules, the recommendation is checked by them, and the benchmark checks
the recommendation with them again. Floats or arrays, as in `chalicelib.carfit.linkage`.
"""

from typing import Final, NamedTuple

import numpy as np

from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import Links, Point, Real, Seated
from chalicelib.carfit.vehicles import Vehicle

CHEST_TO_WHEEL_MM: Final = 250.0
"""Breastbone to wheel centre at the least (NHTSA; carmakers' manuals). Kept along x, which is
never more than the true distance."""
BELLY_TO_RIM_MM: Final = 50.0
"""Belly to the rim's lower edge at the least, along x as Motozawa et al. 2008 measured it: the
clearance that a head gets. Nineteen of twenty of the pregnant drivers there kept more
(146 mm, SD 56)."""
HEAD_TO_ROOF_MM: Final = 50.0
"""Clearance above the head, as in Virtual-Driver-Lua's driver checks."""
WHEEL_TO_THIGH_MM: Final = 50.0
"""Clearance between thigh and rim, as there."""
DOWN_VIEW_OVER_WHEEL_DEG: Final = 13.0
"""Downward view that the rim must leave, as there: so low lie the instruments."""
DOWN_VIEW_OVER_COWL_DEG: Final = 4.0
"""Road ahead over the cowl; UN R125 keeps 4 deg below the eye clear (from memory)."""
UP_VIEW_DEG: Final = 4.0
"""Under the header: a signal 5 m high, seen from 50 m (our judgement)."""

SHOULDER_TRAVEL_MM: Final = 57.0
"""How far a shoulder comes forward when its arm stretches and the other shoulder stays on the
backrest: extended less plain functional reach, 58 mm (women, 5th percentile) and 56 mm (men, 95th)
by MIL-STD-1472G, as NUREG-0700 rev. 3 table 11.4 has it."""
WRIST_ALLOWANCE_MM: Final = SHOULDER_TRAVEL_MM + 20.0
"""What the wrist rule allows a straight arm to lack: that travel, and the 20 mm by which the middle
driver lacks more, where SAE J4004 and J941 have seat and eye and Reed 2013 the wheel. A teacher's
rule of thumb is not stricter than what drivers rate "just right"; a test holds it to that."""

TOLERANCE_MM: Final = {
    "brake": 1.0,
    "chest": 1.0,
    "belly": 5.0,
    "head": 1.0,
    "cowl": 1.0,
    "header": 1.0,
    "thigh": 5.0,
    "wrist": 5.0,
    "rim": 20.0,
}
"""By how much a rule is broken before the driver is told: less than a tape can tell, or for the rim
about three degrees of the instruments."""

HEADROOM_LINE_DEG: Final = 8.0
"""Effective headroom H61 is measured along a line this far behind vertical (SAE J1100)."""
HEADROOM_BELOW_H_POINT_MM: Final = 102.0
"""Effective headroom counts this much below the SgRP (SAE J1100)."""


class Margins(NamedTuple):
    """By how many mm each rule is kept; below 0 it is broken.

    ``brake``: the brake reaches its full travel with the knee still bent. ``chest``: breastbone to
    wheel. ``belly``: belly to the rim's lower edge. ``head``: vertex to roof. ``thigh``: thigh to
    rim. ``wrist``: with the back on the backrest, a straight arm lays its wrist on top of the rim.
    ``cowl``, ``rim``, ``header``: the eye's line over the cowl, over the rim, under the header.
    """

    brake: Real
    chest: Real
    belly: Real
    head: Real
    thigh: Real
    wrist: Real
    cowl: Real
    rim: Real
    header: Real


def margins(body: Links, posture: Seated, vehicle: Vehicle) -> Margins:
    """Measure a posture in a car against every rule."""
    eye_x, eye_z = posture.eye
    upper, lower = rim(vehicle, posture.grip)
    return Margins(
        brake=linkage.furthest_h_point_x(body, posture.h_point[1]) - posture.h_point[0],
        chest=linkage.chest_x(body, posture.h_point[0], posture.trunk_deg)
        - posture.grip[0]
        - CHEST_TO_WHEEL_MM,
        belly=linkage.abdomen(body, posture.h_point, posture.trunk_deg)[0]
        - lower[0]
        - BELLY_TO_RIM_MM,
        head=roof_z(vehicle) - linkage.vertex(posture.eye)[1] - HEAD_TO_ROOF_MM,
        thigh=lower[1] - linkage.thigh_top_z(posture, lower[0]) - WHEEL_TO_THIGH_MM,
        wrist=body.upper_arm_mm
        + body.forearm_mm
        + WRIST_ALLOWANCE_MM
        - np.hypot(upper[0] - posture.shoulder[0], upper[1] - posture.shoulder[1]),
        cowl=eye_z - vehicle.cowl_z_mm - _fall(eye_x - vehicle.cowl_x_mm, DOWN_VIEW_OVER_COWL_DEG),
        rim=eye_z - upper[1] - _fall(eye_x - upper[0], DOWN_VIEW_OVER_WHEEL_DEG),
        header=vehicle.header_z_mm - eye_z - _fall(eye_x - vehicle.header_x_mm, UP_VIEW_DEG),
    )


def rim(vehicle: Vehicle, wheel: Point) -> tuple[Point, Point]:
    """Top and bottom of the rim about a wheel centre; its few degrees of tilt are neglected."""
    plane = np.radians(vehicle.wheel_plane_deg)
    fore = vehicle.wheel_diameter_mm / 2 * np.sin(plane)
    up = vehicle.wheel_diameter_mm / 2 * np.cos(plane)
    return (wheel[0] - fore, wheel[1] + up), (wheel[0] + fore, wheel[1] - up)


def wheel_z_limits(body: Links, posture: Seated, vehicle: Vehicle) -> tuple[Real, Real]:
    """Lowest wheel centre that spares the thighs, and highest that spares the view.

    They cross when a driver cannot have both.
    """
    found = margins(body, posture, vehicle)
    return posture.grip[1] - found.thigh, posture.grip[1] + found.rim


def roof_z(vehicle: Vehicle) -> Real:
    """Height of the headlining, taken as level over the driver."""
    above_sgrp = vehicle.headroom_mm - HEADROOM_BELOW_H_POINT_MM
    return vehicle.h30_mm + above_sgrp * np.cos(np.radians(HEADROOM_LINE_DEG))


def track_z(vehicle: Vehicle, h_point_x: Real) -> Real:
    """H-point height at lift 0: the track falls toward the rear."""
    rise = np.tan(np.radians(vehicle.seat_track_rise_deg))
    return vehicle.seat_low_z_mm + (vehicle.sgrp_x_mm - h_point_x) * rise


def wheel_at(vehicle: Vehicle, telescope_mm: Real, tilt_deg: Real) -> Point:
    """Wheel centre at a setting: the telescope slides along the column, the tilt across."""
    plane = np.radians(vehicle.wheel_plane_deg)
    along = telescope_mm - vehicle.wheel_telescope_travel_mm / 2
    across = tilt_mm(vehicle, tilt_deg - vehicle.wheel_tilt_travel_deg / 2)
    return (
        vehicle.wheel_x_mm + along * np.cos(plane) - across * np.sin(plane),
        vehicle.wheel_z_mm + along * np.sin(plane) + across * np.cos(plane),
    )


def tilt_mm(vehicle: Vehicle, tilt_deg: Real) -> Real:
    """How far the wheel's centre moves across the column when it tilts."""
    return vehicle.wheel_tilt_radius_mm * np.radians(tilt_deg)


def wheel_setting(vehicle: Vehicle, wheel: Point) -> tuple[Real, Real]:
    """Telescope in mm and tilt in degrees that bring the wheel's centre there."""
    plane = np.radians(vehicle.wheel_plane_deg)
    x, z = wheel[0] - vehicle.wheel_x_mm, wheel[1] - vehicle.wheel_z_mm
    along = x * np.cos(plane) + z * np.sin(plane)
    across = z * np.cos(plane) - x * np.sin(plane)
    return (
        vehicle.wheel_telescope_travel_mm / 2 + along,
        vehicle.wheel_tilt_travel_deg / 2 + np.degrees(across / vehicle.wheel_tilt_radius_mm),
    )


def _fall(distance_mm: Real, angle_deg: float) -> Real:
    return distance_mm * np.tan(np.radians(angle_deg))
