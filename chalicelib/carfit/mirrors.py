"""Where the mirrors must face: the law of reflection, from the eye to what it has to see.

Axes as in `chalicelib.carfit.types`. Floats, or arrays for many eyes at once.
"""

from typing import Final

import numpy as np

from chalicelib.carfit.linkage import Point, Real
from chalicelib.carfit.types import DriveSide, SideMirrorAim
from chalicelib.carfit.vehicles import Vehicle

Point3 = tuple[Real, Real, Real]
"""x, y, z in mm, or a direction."""

SIDES: Final = ("left", "right")

FIELD_BEHIND_EYE_MM: Final = 10_700.0
"""FMVSS 111 S5.2.1: the side mirror's field is told on a line so far behind the eyes."""
FIELD_WIDTH_MM: Final = 2_400.0
"""That field reaches this far out from the flank, and from the road to the horizon."""
INTERIOR_FIELD_MM: Final = 61_000.0
"""FMVSS 111 S5.1.1: the interior mirror shows the road from at most so far behind."""

HEAD_TO_FLANK_MM: Final = 250.0
"""Blind-zone setting (Platzer, SAE 950601): the driver leans to the side window until the eye is
about so far from the flank (assumed), and to the car's centreline for the other mirror."""


def aims(
    vehicle: Vehicle, eye: Point, drive_side: DriveSide, side_mirrors: SideMirrorAim = "classic"
) -> dict[str, tuple[Real, Real]]:
    """Yaw and pitch in degrees of the three mirrors, by name.

    Classic: the side mirrors look at the middle of the field that FMVSS 111 requires. Blind zone:
    they do so for a driver who leans to each side, which turns them outward until their view
    begins where the interior mirror's ends.

    Parameters
    ----------
    vehicle : Vehicle
    eye : Point
        x and z of the eye; it sits at the car's W20 to one side.
    drive_side : {"left", "right"}
    side_mirrors : {"classic", "blind_zone"}
    """
    eye_y = seat_y(vehicle, drive_side)
    road_z = -vehicle.heel_to_ground_mm
    found = {}
    for side in SIDES:
        outward = -1.0 if side == "left" else 1.0
        mirror = pivot(vehicle, side)
        looks_from = eye_y
        if side_mirrors == "blind_zone":
            at_window = outward * (vehicle.half_width_mm - HEAD_TO_FLANK_MM)
            looks_from = at_window if side == drive_side else 0.0
        field_y = outward * (vehicle.half_width_mm + FIELD_WIDTH_MM / 2)
        target = eye[0] + FIELD_BEHIND_EYE_MM, field_y, (mirror[2] + road_z) / 2
        found[side] = aim_deg((eye[0], looks_from, eye[1]), mirror, target)
    mirror = pivot(vehicle, "interior")
    target = mirror[0] + INTERIOR_FIELD_MM, 0.0, (mirror[2] + road_z) / 2
    found["interior"] = aim_deg((eye[0], eye_y, eye[1]), mirror, target)
    return found


def pivot(vehicle: Vehicle, name: str) -> Point3:
    """Where the middle of a mirror's glass is."""
    if name == "interior":
        return vehicle.interior_mirror_x_mm, 0.0, vehicle.interior_mirror_z_mm
    y = vehicle.side_mirror_y_mm
    return vehicle.side_mirror_x_mm, -y if name == "left" else y, vehicle.side_mirror_z_mm


def seat_y(vehicle: Vehicle, drive_side: DriveSide) -> float:
    """The driver's place across the car."""
    return vehicle.lateral_mm if drive_side == "right" else -vehicle.lateral_mm


def aim_deg(eye: Point3, mirror: Point3, target: Point3) -> tuple[Real, Real]:
    """Yaw and pitch, in degrees, of the mirror that shows ``target`` to ``eye``.

    The normal halves the angle between the two; signs as in `chalicelib.carfit.types.Mirror`.
    """
    to_eye, to_target = _unit(eye, mirror), _unit(target, mirror)
    x, y, z = (a + b for a, b in zip(to_eye, to_target, strict=True))
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def _unit(to: Point3, start: Point3) -> Point3:
    x, y, z = to[0] - start[0], to[1] - start[1], to[2] - start[2]
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length
