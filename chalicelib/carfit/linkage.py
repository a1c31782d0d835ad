"""The driver as a chain of links in the car's side view, and how that chain sits.

Ball of the foot, ankle, knee, hip, H-point, shoulder, elbow, grip; neck and eye on top. Axes as in
`chalicelib.carfit.types`: x aft of the pedal reference point, z above the heel point, mm. Every
function takes floats, or arrays of one shape for many drivers at once: the trainer solves with the
same functions that the Lambda serves with.

Angles, in degrees (conventions differ between sources; these are ours):

ankle
    Between the shank and the line from ankle to ball of foot.
knee, elbow
    Included angle of the two links; 180 is straight.
hip
    Between thigh and torso line.
trunk
    Torso line (H-point to shoulder) behind vertical: the recline.
shoulder
    Upper arm forward of the torso line's downward end; 0 hangs along the trunk.
neck
    Line from shoulder to head centre forward of the torso line's upward end.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

MM_PER_CM: Final = 10.0

SHOE_PLANE_DEG: Final = (73.374, 4.644e-2, -3.961e-4, 2.522e-7)
"""SAE J4004 shoe plane angle A47 as a polynomial of H30 in mm."""
HEEL_TO_BALL_MM: Final = 203.0
"""SAE J4004: accelerator heel point to ball of foot, along the shoe plane."""
ACCELERATOR_PRESSED_MM: Final = 20.0
"""How far the ball of the foot holds the accelerator down while driving (assumed)."""
ANKLE_ALONG_SHOE_MM: Final = 40.0
"""Heel point to below the ankle, along the shoe plane (assumed)."""
ANKLE_SHARE: Final = 0.039
"""Ankle height as a share of stature (Drillis & Contini, by Winter)."""
SHOE_HEEL_MM: Final = 25.0
"""Height that a shoe adds under the ankle (assumed)."""
BALL_ABOVE_SHOE_MM: Final = 35.0
"""Joint of the ball of the foot above the shoe plane (assumed)."""

HIP_FORWARD_MM: Final = (-33.1, 2.10)
"""H-point to hip joint, forward: constant and per kg/m2. Park et al. 2016, as read in
Virtual-Driver-Lua, mean of both sexes at their mean proportions: flesh behind the hips moves the
seat back, and the hips hardly."""
HIP_BELOW_MM: Final = (-9.5, 0.29)
"""H-point to hip joint, downward: constant and per kg/m2 (the same source; mean of the sexes)."""

GRIP_SHARE: Final = 0.04
"""Wrist to the middle of the grip, as a share of stature (70 mm at 175 cm, assumed)."""

BRAKE_FORWARD_MM: Final = 30.0
"""How far a fully pressed brake lies forward of the resting accelerator: its pad stands some 50 mm
nearer and travels some 80 mm (assumed)."""
KNEE_AT_FULL_BRAKE_DEG: Final = 155.0
"""Straightest knee that still presses: 150-160 deg by the literature, from memory."""

THIGH_HALF_DEPTH_MM: Final = 85.0
"""Thigh line to its upper surface at the hip: half of ANSUR II thigh clearance, 174 mm mean of both
sexes."""
KNEE_HALF_DEPTH_MM: Final = 56.0
"""Thigh line to its upper surface at the knee: ANSUR II knee height sitting less lateral femoral
epicondyle height."""

BREASTBONE_SHARE: Final = 0.8
"""Middle of the breastbone, as a share of H-point to shoulder (assumed)."""
CHEST_FORWARD_MM: Final = 110.0
"""Torso line to the chest's surface at `CHEST_BMI_KG_M2`: chest depth, about 245 mm, less the
135 mm that the SAE J826 H-point lies before the backrest (from memory of the literature)."""
CHEST_FORWARD_MM_PER_BMI: Final = 5.0
"""How it grows with BMI (assumed)."""
CHEST_BMI_KG_M2: Final = 25.0

ABDOMEN_SHARE: Final = 0.35
"""Height of the belly's foremost point, as a share of H-point to shoulder (assumed)."""
ABDOMEN_FORWARD_MM: Final = 94.0
"""Torso line to the belly's surface at `CHEST_BMI_KG_M2`: ANSUR II abdominal extension depth
sitting, 255 mm for men of 27.7 kg/m2 and 230 for women of 25.5, less the 135 mm of
`CHEST_FORWARD_MM`."""
ABDOMEN_FORWARD_MM_PER_BMI: Final = 8.0
"""How that distance grows with BMI: the ratio of their SDs, 37 and 31 mm to 4.0 and 3.5 kg/m2, with
a correlation of about .9 (assumed)."""
PREGNANT_MM: Final = 105.0
"""What a pregnancy of `PREGNANT_AT_WEEKS` takes from the clearance to the rim (Motozawa et al.
2008: 20 pregnant women 146 mm, 20 others 251 mm, seats alike)."""
PREGNANT_AT_WEEKS: Final = 31.4
PREGNANT_FROM_WEEKS: Final = 12.0
"""The belly grows evenly from this week on (assumed; Klinich et al. 1999 saw it shrink month by
month)."""
PREGNANT_KG_PER_WEEK: Final = 0.42
"""How much of the told weight comes with each of those weeks (from memory). It is taken off, so
that the belly's growth does not count twice."""

EYE_RECLINE_DEG: Final = 23.0
"""Recline at which the eye lies where the published regressions put it."""
EYE_PER_RECLINE: Final = 0.5
"""How far the eye turns about the H-point with the backrest; the neck makes up the rest
(assumed)."""
VERTEX_ABOVE_EYE_MM: Final = 111.0
"""ANSUR II sitting height less sitting eye height, mean of both sexes (114 and 109)."""
VERTEX_BEHIND_EYE_MM: Final = 90.0
"""Eye to below the vertex: under half of ANSUR II head length, 195 mm (assumed)."""

LEG_BELIEVED: Final = 0.6
"""The share of a measured thigh's or calf's excess over its stature's mean that is leg. The rest is
an error of where the hip was found (`training.carfit.gains.LEG_TO_SITTING_HEIGHT`, from ANSUR
II)."""

Real = Any
"""A float, or an array of one shape for many drivers."""
Point = tuple[Real, Real]
"""x, z in mm."""


@dataclass(frozen=True, slots=True)
class Links:
    """A seated body's links, mm; the foot rests on the accelerator of one package.

    ``torso_mm`` is H-point to shoulder joint as seated; ``eye_mm`` the eye from the H-point at a
    recline of `EYE_RECLINE_DEG`; ``chest_forward_mm`` the breastbone's surface before the torso
    line, ``abdomen_forward_mm`` the belly's; ``hip_mm`` the hip joint from the H-point.
    """

    thigh_mm: Real
    calf_mm: Real
    upper_arm_mm: Real
    forearm_mm: Real
    grip_mm: Real
    torso_mm: Real
    ball: Point
    ankle: Point
    hip_mm: Point
    eye_mm: Point
    chest_forward_mm: Real
    abdomen_forward_mm: Real


@dataclass(frozen=True, slots=True)
class Seated:
    """A posture: where each joint is, x and z in mm, and the angles of the module's head."""

    h_point: Point
    hip: Point
    knee: Point
    ankle: Point
    ball: Point
    shoulder: Point
    elbow: Point
    grip: Point
    eye: Point
    head: Point
    ankle_deg: Real
    knee_deg: Real
    hip_deg: Real
    trunk_deg: Real
    shoulder_deg: Real
    elbow_deg: Real
    neck_deg: Real


def links(
    lengths_mm: tuple[Real, Real, Real, Real],
    *,
    height_mm: Real,
    bmi_kg_m2: Real,
    torso_mm: Real,
    eye_mm: Point,
    h30_mm: Real,
) -> Links:
    """Links of a body in a package, its foot on the accelerator as held while driving.

    Parameters
    ----------
    lengths_mm : tuple
        Upper arm, forearm, thigh, calf.
    height_mm, bmi_kg_m2 : float or ndarray
        Stature and body mass index.
    torso_mm, eye_mm : float or ndarray
        As in `Links`.
    h30_mm : float or ndarray
        Seat height of the package: it sets the shoe's plane.
    """
    upper_arm, forearm, thigh, calf = lengths_mm
    resting_deg = sum(c * h30_mm**power for power, c in enumerate(SHOE_PLANE_DEG))
    heel_x = HEEL_TO_BALL_MM * np.cos(np.radians(resting_deg))
    shoe = np.radians(resting_deg) - ACCELERATOR_PRESSED_MM / HEEL_TO_BALL_MM
    along_x, along_z = -np.cos(shoe), np.sin(shoe)

    def over_shoe(along_mm: Real, above_mm: Real) -> Point:
        return (
            heel_x + along_mm * along_x + above_mm * along_z,
            along_mm * along_z - above_mm * along_x,
        )

    return Links(
        thigh_mm=thigh,
        calf_mm=calf,
        upper_arm_mm=upper_arm,
        forearm_mm=forearm,
        grip_mm=GRIP_SHARE * height_mm,
        torso_mm=torso_mm,
        ball=over_shoe(HEEL_TO_BALL_MM, BALL_ABOVE_SHOE_MM),
        ankle=over_shoe(ANKLE_ALONG_SHOE_MM, ANKLE_SHARE * height_mm + SHOE_HEEL_MM),
        hip_mm=(
            -(HIP_FORWARD_MM[0] + HIP_FORWARD_MM[1] * bmi_kg_m2),
            -(HIP_BELOW_MM[0] + HIP_BELOW_MM[1] * bmi_kg_m2),
        ),
        eye_mm=eye_mm,
        chest_forward_mm=chest_forward_mm(bmi_kg_m2),
        abdomen_forward_mm=abdomen_forward_mm(bmi_kg_m2),
    )


def believed_leg(measured: Real, mean: Real) -> Real:
    """Length of a thigh or calf that was measured, where its stature's mean is known."""
    return mean + LEG_BELIEVED * (measured - mean)


def sit(body: Links, h_point: Point, recline_deg: Real, wheel: Point) -> Seated:
    """Seat a body: feet on the accelerator, hands on the wheel at nine and three.

    A limb that does not reach is straight and ends short of its end.

    Parameters
    ----------
    body : Links
    h_point, wheel : Point
        The H-point and the wheel's centre.
    recline_deg : float or ndarray
        Torso line behind vertical.
    """
    hip = h_point[0] + body.hip_mm[0], h_point[1] + body.hip_mm[1]
    knee = _joint(hip, body.ankle, body.thigh_mm, body.calf_mm)
    shoulder = along_torso(h_point, body.torso_mm, recline_deg)
    reach_mm = body.forearm_mm + body.grip_mm
    elbow = _joint(wheel, shoulder, reach_mm, body.upper_arm_mm)
    eye = eye_point(body, h_point, recline_deg)
    head = eye[0] + VERTEX_BEHIND_EYE_MM, eye[1]
    up = np.pi / 2 - np.radians(recline_deg)
    return Seated(
        h_point=h_point,
        hip=hip,
        knee=knee,
        ankle=body.ankle,
        ball=body.ball,
        shoulder=shoulder,
        elbow=elbow,
        grip=wheel,
        eye=eye,
        head=head,
        ankle_deg=_between_deg(_heading(body.ankle, knee), _heading(body.ankle, body.ball)),
        knee_deg=_between_deg(_heading(knee, hip), _heading(knee, body.ankle)),
        hip_deg=_between_deg(up, _heading(hip, knee)),
        trunk_deg=recline_deg,
        shoulder_deg=_turn_deg(_heading(shoulder, elbow), up + np.pi),
        elbow_deg=_between_deg(_heading(elbow, shoulder), _heading(elbow, wheel)),
        neck_deg=_turn_deg(up, _heading(shoulder, head)),
    )


def along_torso(h_point: Point, along_mm: Real, recline_deg: Real) -> Point:
    """Point of the torso line at a distance from the H-point."""
    recline = np.radians(recline_deg)
    return h_point[0] + along_mm * np.sin(recline), h_point[1] + along_mm * np.cos(recline)


def eye_point(body: Links, h_point: Point, recline_deg: Real) -> Point:
    """Eye of a body: it moves with the seat and turns about the H-point with the backrest."""
    turn = np.radians(EYE_PER_RECLINE * (recline_deg - EYE_RECLINE_DEG))
    x, z = body.eye_mm
    return (
        h_point[0] + x * np.cos(turn) + z * np.sin(turn),
        h_point[1] + z * np.cos(turn) - x * np.sin(turn),
    )


def vertex(eye: Point) -> Point:
    """Top of the head above an eye that looks ahead."""
    return eye[0] + VERTEX_BEHIND_EYE_MM, eye[1] + VERTEX_ABOVE_EYE_MM


def head_along_torso_mm(posture: Seated) -> Real:
    """Top of the head from the H-point, along the backrest as a head restraint is measured."""
    top, h_point = vertex(posture.eye), posture.h_point
    lean = np.radians(posture.trunk_deg)
    return (top[0] - h_point[0]) * np.sin(lean) + (top[1] - h_point[1]) * np.cos(lean)


def chest_forward_mm(bmi_kg_m2: Real) -> Real:
    """Torso line to the chest's surface."""
    return CHEST_FORWARD_MM + CHEST_FORWARD_MM_PER_BMI * (bmi_kg_m2 - CHEST_BMI_KG_M2)


def abdomen_forward_mm(bmi_kg_m2: Real, pregnancy_weeks: float = 0.0) -> Real:
    """Torso line to the belly's surface."""
    grown = max(pregnancy_weeks - PREGNANT_FROM_WEEKS, 0.0)
    return (
        ABDOMEN_FORWARD_MM
        + ABDOMEN_FORWARD_MM_PER_BMI * (bmi_kg_m2 - CHEST_BMI_KG_M2)
        + PREGNANT_MM * grown / (PREGNANT_AT_WEEKS - PREGNANT_FROM_WEEKS)
    )


def bmi_before_pregnancy(bmi_kg_m2: Real, height_mm: Real, pregnancy_weeks: float) -> Real:
    """BMI without what a pregnancy has added to the weight."""
    gained_kg = PREGNANT_KG_PER_WEEK * max(pregnancy_weeks - PREGNANT_FROM_WEEKS, 0.0)
    return bmi_kg_m2 - gained_kg / (height_mm / 1000.0) ** 2


def chest_x(body: Links, h_point_x: Real, recline_deg: Real) -> Real:
    """x of the breastbone's surface."""
    recline = np.radians(recline_deg)
    along = BREASTBONE_SHARE * body.torso_mm
    return h_point_x + along * np.sin(recline) - body.chest_forward_mm * np.cos(recline)


def abdomen(body: Links, h_point: Point, recline_deg: Real) -> Point:
    """The belly's foremost point."""
    recline = np.radians(recline_deg)
    x, z = along_torso(h_point, ABDOMEN_SHARE * body.torso_mm, recline_deg)
    forward = body.abdomen_forward_mm
    return x - forward * np.cos(recline), z + forward * np.sin(recline)


def recline_for_chest_x(body: Links, wanted_x: Real, h_point_x: Real) -> Real:
    """Recline in degrees that brings the breastbone to ``wanted_x``; at most 90."""
    along, forward = BREASTBONE_SHARE * body.torso_mm, body.chest_forward_mm
    # along sin(r) - forward cos(r) is one sine, shifted.
    sine = np.clip((wanted_x - h_point_x) / np.hypot(along, forward), -1.0, 1.0)
    return np.degrees(np.arcsin(sine) + np.arctan2(forward, along))


def furthest_h_point_x(body: Links, h_point_z: Real) -> Real:
    """Rearmost H-point from which the brake still reaches full travel with the knee bent."""
    bent = np.cos(np.radians(KNEE_AT_FULL_BRAKE_DEG))
    reach2 = body.thigh_mm**2 + body.calf_mm**2 - 2.0 * body.thigh_mm * body.calf_mm * bent
    drop = h_point_z + body.hip_mm[1] - body.ankle[1]
    across = np.sqrt(np.maximum(reach2 - drop**2, 0.0))
    return body.ankle[0] - BRAKE_FORWARD_MM + across - body.hip_mm[0]


def thigh_top_z(posture: Seated, x: Real) -> Real:
    """Height of the thigh's upper surface at ``x``; beyond the knee, the knee's."""
    (hip_x, hip_z), (knee_x, knee_z) = posture.hip, posture.knee
    share = np.clip((hip_x - x) / np.maximum(hip_x - knee_x, 1.0), 0.0, 1.0)
    half_depth = THIGH_HALF_DEPTH_MM + share * (KNEE_HALF_DEPTH_MM - THIGH_HALF_DEPTH_MM)
    return hip_z + share * (knee_z - hip_z) + half_depth


def thigh_deg(posture: Seated) -> Real:
    """Thigh above horizontal, from hip to knee; negative when the knee is lower."""
    return _turn_deg(_heading(posture.hip, posture.knee), np.pi)


def _joint(start: Point, end: Point, first_mm: Real, second_mm: Real) -> Point:
    """Middle joint of two links from ``start`` to ``end``.

    It bends to the right of the way, seen with x aft and z up: a knee goes up, an elbow that is
    asked for from grip to shoulder goes down.
    """
    span_x, span_z = end[0] - start[0], end[1] - start[1]
    distance = np.maximum(np.hypot(span_x, span_z), 1e-6)
    along = (distance**2 + first_mm**2 - second_mm**2) / (2.0 * distance)
    along = np.clip(along, -first_mm, first_mm)
    above = np.sqrt(first_mm**2 - along**2)
    unit_x, unit_z = span_x / distance, span_z / distance
    return start[0] + along * unit_x + above * unit_z, start[1] + along * unit_z - above * unit_x


def _heading(start: Point, end: Point) -> Real:
    """Direction from one point to another, radians, from x aft toward z up."""
    return np.arctan2(end[1] - start[1], end[0] - start[0])


def _turn_deg(start: Real, end: Real) -> Real:
    """Turn from one heading to another, degrees in -180..180."""
    return np.degrees(np.arctan2(np.sin(end - start), np.cos(end - start)))


def _between_deg(first: Real, second: Real) -> Real:
    """Angle between two headings, degrees in 0..180."""
    return np.abs(_turn_deg(first, second))
