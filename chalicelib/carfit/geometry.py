"""The driver's limbs and lines of sight in the car: where reach, clearance and reflection lie.

Axes as in `chalicelib.carfit.types`. Plain floats: one call serves one driver.
"""

import math
from dataclasses import dataclass
from typing import Final

from chalicelib.carfit.types import Body

Point = tuple[float, float]
"""x, z in mm."""
Point3 = tuple[float, float, float]
"""x, y, z in mm, or a direction."""

MM_PER_CM: Final = 10.0

SHOE_PLANE_DEG: Final = (73.374, 4.644e-2, -3.961e-4, 2.522e-7)
"""SAE J4004 shoe plane angle A47 as a polynomial of H30 in mm."""
HEEL_TO_BALL_MM: Final = 203.0
"""SAE J4004: accelerator heel point to ball of foot, along the shoe plane."""
ANKLE_ALONG_SHOE_MM: Final = 40.0
"""Heel point to below the ankle, along the shoe plane (assumed)."""
ANKLE_SHARE: Final = 0.039
"""Ankle height as a share of stature (Drillis & Contini, by Winter)."""
SHOE_HEEL_MM: Final = 25.0
"""Height that a shoe adds (assumed)."""

BRAKE_FORWARD_MM: Final = 60.0
"""How far a fully pressed brake lies forward of the resting accelerator (assumed)."""
KNEE_AT_FULL_BRAKE_DEG: Final = 155.0
"""Straightest knee that still presses: 150-160 deg by the literature, from memory."""

THIGH_HALF_DEPTH_MM: Final = 85.0
"""Thigh line to its upper surface: half of ANSUR II thigh clearance, 174 mm mean of both sexes."""

WHEEL_TO_THIGH_MM: Final = 50.0
"""Clearance between thigh and rim, as in Virtual-Driver-Lua's driver checks."""
DOWN_VIEW_OVER_WHEEL_DEG: Final = 13.0
"""Downward view that the rim must leave, as there."""

BREASTBONE_SHARE: Final = 0.8
"""Middle of the breastbone, as a share of H-point to shoulder (assumed)."""
CHEST_FORWARD_MM: Final = 110.0
"""Torso line to the chest's surface at `CHEST_BMI_KG_M2`: chest depth, about 245 mm, less the
135 mm that the SAE J826 H-point lies before the backrest (from memory of the literature)."""
CHEST_FORWARD_MM_PER_BMI: Final = 5.0
"""How it grows with BMI (assumed)."""
CHEST_BMI_KG_M2: Final = 25.0

VERTEX_ABOVE_EYE_MM: Final = 111.0
"""ANSUR II sitting height less sitting eye height, mean of both sexes (114 and 109)."""
VERTEX_BEHIND_EYE_MM: Final = 90.0
"""Eye to below the vertex: under half of ANSUR II head length, 195 mm (assumed)."""


@dataclass(frozen=True, slots=True)
class Legs:
    """The right leg's links and the foot that it rests on."""

    thigh_mm: float
    calf_mm: float
    ankle: Point

    def knee(self, h_point: Point) -> Point:
        """Knee of a leg whose foot rests on the accelerator; straight when it does not reach."""
        span_x, span_z = self.ankle[0] - h_point[0], self.ankle[1] - h_point[1]
        distance = math.hypot(span_x, span_z)
        along = (distance**2 + self.thigh_mm**2 - self.calf_mm**2) / (2.0 * distance)
        along = min(max(along, -self.thigh_mm), self.thigh_mm)
        above = math.sqrt(self.thigh_mm**2 - along**2)
        unit_x, unit_z = span_x / distance, span_z / distance
        # The knee points up: to the right of the way from hip to ankle, seen with x aft.
        return (
            h_point[0] + along * unit_x + above * unit_z,
            h_point[1] + along * unit_z - above * unit_x,
        )

    def furthest_h_point_x(self, h_point_z: float) -> float:
        """Rearmost H-point from which the brake still reaches full travel."""
        reach = math.sqrt(
            self.thigh_mm**2
            + self.calf_mm**2
            - 2.0 * self.thigh_mm * self.calf_mm * math.cos(math.radians(KNEE_AT_FULL_BRAKE_DEG))
        )
        drop = h_point_z - self.ankle[1]
        return self.ankle[0] - BRAKE_FORWARD_MM + math.sqrt(max(reach**2 - drop**2, 0.0))


def legs(body: Body, h30_mm: float) -> Legs:
    """Legs of a body whose foot lies on the accelerator of a package."""
    shoe = math.radians(sum(c * h30_mm**power for power, c in enumerate(SHOE_PLANE_DEG)))
    along_x, along_z = -math.cos(shoe), math.sin(shoe)
    heel_x = HEEL_TO_BALL_MM * math.cos(shoe)
    above_mm = ANKLE_SHARE * body.height_cm * MM_PER_CM + SHOE_HEEL_MM
    return Legs(
        thigh_mm=body.thigh_cm * MM_PER_CM,
        calf_mm=body.calf_cm * MM_PER_CM,
        ankle=(
            heel_x + ANKLE_ALONG_SHOE_MM * along_x + above_mm * along_z,
            ANKLE_ALONG_SHOE_MM * along_z - above_mm * along_x,
        ),
    )


def thigh_top_z(h_point: Point, knee: Point, x: float) -> float:
    """Height of the thigh's upper surface at ``x``; beyond the knee, the knee's."""
    share = min(max((h_point[0] - x) / max(h_point[0] - knee[0], 1.0), 0.0), 1.0)
    return h_point[1] + share * (knee[1] - h_point[1]) + THIGH_HALF_DEPTH_MM


def chest_forward_mm(bmi_kg_m2: float) -> float:
    """Torso line to the chest's surface."""
    return CHEST_FORWARD_MM + CHEST_FORWARD_MM_PER_BMI * (bmi_kg_m2 - CHEST_BMI_KG_M2)


def chest_x(h_point_x: float, torso_mm: float, bmi_kg_m2: float, recline_deg: float) -> float:
    """x of the breastbone's surface."""
    recline = math.radians(recline_deg)
    along = BREASTBONE_SHARE * torso_mm
    return h_point_x + along * math.sin(recline) - chest_forward_mm(bmi_kg_m2) * math.cos(recline)


def recline_for_chest_x(
    wanted_x: float, h_point_x: float, torso_mm: float, bmi_kg_m2: float
) -> float:
    """Recline in degrees that brings the breastbone to ``wanted_x``; at most 90."""
    along = BREASTBONE_SHARE * torso_mm
    forward = chest_forward_mm(bmi_kg_m2)
    # along sin(r) - forward cos(r) is one sine, shifted.
    sine = (wanted_x - h_point_x) / math.hypot(along, forward)
    return math.degrees(math.asin(min(max(sine, -1.0), 1.0)) + math.atan2(forward, along))


def shoulder_z(h_point_z: float, torso_mm: float, recline_deg: float) -> float:
    """Height of the shoulder joint."""
    return h_point_z + torso_mm * math.cos(math.radians(recline_deg))


def vertex_along_torso_mm(h_point: Point, eye: Point, recline_deg: float) -> float:
    """Top of the head from the H-point, measured along the backrest as a head restraint is."""
    recline = math.radians(recline_deg)
    x = eye[0] + VERTEX_BEHIND_EYE_MM - h_point[0]
    z = eye[1] + VERTEX_ABOVE_EYE_MM - h_point[1]
    return x * math.sin(recline) + z * math.cos(recline)


def mirror_aim_deg(eye: Point3, mirror: Point3, target: Point3) -> tuple[float, float]:
    """Yaw and pitch, in degrees, of the mirror that shows ``target`` to ``eye``.

    The normal halves the angle between the two; signs as in `chalicelib.carfit.types.Mirror`.
    """
    to_eye, to_target = _unit(eye, mirror), _unit(target, mirror)
    normal = tuple(a + b for a, b in zip(to_eye, to_target, strict=True))
    yaw = math.atan2(normal[1], normal[0])
    pitch = math.atan2(normal[2], math.hypot(normal[0], normal[1]))
    return math.degrees(yaw), math.degrees(pitch)


def _unit(to: Point3, start: Point3) -> Point3:
    x, y, z = to[0] - start[0], to[1] - start[1], to[2] - start[2]
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


def wheel_height_limits(
    rim: tuple[float, float, float], eye: Point, h_point: Point, knee: Point
) -> tuple[float, float]:
    """Lowest wheel centre that spares the thighs, and highest that spares the view.

    They cross when a driver cannot have both.

    Parameters
    ----------
    rim : tuple of float
        The wheel's centre x in mm, diameter in mm, and plane in degrees behind vertical.
    eye, h_point, knee : tuple of float
        x, z in mm.

    Returns
    -------
    tuple of float
        z in mm: low, high.
    """
    wheel_x, diameter_mm, plane_deg = rim
    plane = math.radians(plane_deg)
    fore, up = diameter_mm / 2 * math.sin(plane), diameter_mm / 2 * math.cos(plane)
    low = thigh_top_z(h_point, knee, wheel_x + fore) + WHEEL_TO_THIGH_MM + up
    sight = math.tan(math.radians(DOWN_VIEW_OVER_WHEEL_DEG))
    high = eye[1] - (eye[0] - (wheel_x - fore)) * sight - up
    return low, high
