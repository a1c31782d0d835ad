"""From the position that a driver wants to the settings that a car can give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from chalicelib.body_prior import unusual_proportions
from chalicelib.carfit import geometry, warnings
from chalicelib.carfit.geometry import Point, Point3
from chalicelib.carfit.model import FEATURES, features, model, model_info
from chalicelib.carfit.types import (
    Band,
    Belt,
    Body,
    DriveSide,
    FitWarning,
    HeadRestraint,
    Hud,
    Mirror,
    Mirrors,
    Posture,
    Recommendation,
    Seat,
    Settings,
    SteeringWheel,
)
from chalicelib.carfit.vehicles import Vehicle

BAND_80_SD: Final = 1.2816
"""Half-width of the middle 80 % of a normal distribution, in SD."""

CHEST_TO_WHEEL_MM: Final = 250.0
"""Breastbone to wheel centre at the least (NHTSA; carmakers' manuals). Kept along x, which is
never more than the true distance."""
HEAD_TO_ROOF_MM: Final = 50.0
"""Clearance above the head, as in Virtual-Driver-Lua's driver checks."""
HEADROOM_LINE_DEG: Final = 8.0
"""Effective headroom H61 is measured along a line this far behind vertical (SAE J1100) ..."""
HEADROOM_BELOW_H_POINT_MM: Final = 102.0
"""... and counts this much below the SgRP."""

MEAN_DRIVER_RECLINE_DEG: Final = 24.0
"""Recline of the mean driver where the maker suggests none: the commonest A40 by class."""
DESIGN_RECLINE_SHARE: Final = 0.5
"""Drivers keep their trunk posture from car to car (Reed 1998), makers draw seat and roof for
theirs: half-way between (our judgement)."""
CUSHION_PER_THIGH_DEG: Final = 0.5
"""How much of a steeper thigh the cushion should support (our judgement)."""
EYE_PER_RECLINE: Final = 0.5
"""How far the eye turns about the H-point with the backrest; the neck makes up the rest
(assumed)."""

BRAKE_REACH_PASSES: Final = 3
"""The track rises forward, and from higher the legs reach less far: settled to 0.1 mm by then."""

BELT_ABOVE_SHOULDER_MM: Final = 60.0
"""Upper anchor above the shoulder joint, so that the belt meets the collar bone (assumed)."""
WHEEL_HEIGHT_SD_MM: Final = 15.0
"""How far drivers of one body differ in wheel height (assumed)."""

MIRROR_TARGET_AFT_MM: Final = 20_000.0
"""UN R46: how far behind the side mirrors' field is described ..."""
MIRROR_TARGET_OUT_MM: Final = 2_000.0
"""... and the middle of that field's 4 m width, outboard of the mirror."""

SAFETY_TOLERANCE_MM: Final = 0.5
"""Below what a tape can tell."""
# By how much a wish may miss before the driver is told that a travel ended.
TOLERANCE_MM: Final = 10.0
TOLERANCE_DEG: Final = 1.0
EYEBOX_HALF_HEIGHT_MM: Final = 25.0
"""Half of a head-up display's eyebox, 130 x 50 mm: within it the image is still seen."""
NECK_HALF_HEIGHT_MM: Final = 20.0
"""How far the belt's anchor may miss and the belt still lies on the shoulder (assumed)."""


class Position(NamedTuple):
    """The model's outputs by name; the same names carry their scatter."""

    h_point_x_mm: float
    h_point_z_mm: float
    eye_x_mm: float
    eye_z_mm: float
    trunk_deg: float
    thigh_deg: float
    torso_mm: float
    wheel_x_mm: float


@dataclass(frozen=True, slots=True)
class _Seated:
    """The driver in the car's seat: every limit and safety rule kept, where the car can."""

    h_point: Point
    eye: Point
    lift_mm: float
    wanted_lift_mm: float
    wanted_h_point_x: float
    wanted_recline_deg: float
    recline_deg: float
    wheel_x_mm: float


@dataclass(frozen=True, slots=True)
class _Setting:
    """One setting: the value, what was wanted, how drivers scatter, and the travel."""

    value: float
    wanted: float
    sd: float
    low: float
    high: float
    tolerance: float

    @property
    def band(self) -> Band:
        half = BAND_80_SD * self.sd
        return max(self.value - half, self.low), min(self.value + half, self.high)

    @property
    def limited(self) -> bool:
        return not self.low - self.tolerance <= self.wanted <= self.high + self.tolerance


def recommend(body: Body, vehicle: Vehicle, *, drive_side: DriveSide = "left") -> Recommendation:
    """Recommend a car's settings for a body.

    The learned model says where such a driver sits when every travel is free; the rest is
    geometry: that position in this car's travels, with its safety rules.

    Parameters
    ----------
    body : Body
        Lengths between joint centres, cm. Unusual bodies are served with a warning; the model
        bounds what it has not seen.
    vehicle : Vehicle
        From `chalicelib.carfit.vehicles`, or one's own.
    drive_side : {"left", "right"}
        Where the steering wheel is.

    Returns
    -------
    Recommendation
        Settings within the vehicle's travels, and the band that holds 80 % of such drivers.

    Examples
    --------
    >>> from chalicelib.carfit import vehicles
    >>> body = Body(175.0, 28.3, 26.8, 41.8, 42.0, 48.7)
    >>> recommend(body, vehicles()["medium_car"]).to_dict()["warnings"]
    []
    """
    row = features(body, vehicle)
    net = model()
    wanted = Position(*net.predict(row).tolist())
    scatter = Position(*net.output_sd.tolist())
    bmi = float(np.clip(row, net.low, net.high)[FEATURES.index("bmi_kg_m2")])

    found = list[FitWarning]()
    low_cm, high_cm = float(net.low[0]), float(net.high[0])
    if not low_cm <= body.height_cm <= high_cm:
        found.append(warnings.body_outside_model(body.height_cm, low_cm, high_cm))
    if deviations := unusual_proportions(body.height_cm, body.lengths_cm, body.sex):
        found.append(warnings.unusual_proportions(deviations))

    legs = geometry.legs(body, vehicle.h30_mm)
    seated = _seated(bmi, vehicle, wanted, legs)
    settings = _settings(vehicle, wanted, scatter, seated, legs, drive_side)

    found += _safety_warnings(bmi, vehicle, wanted, seated, legs)
    found += [
        warnings.limit_reached(path, each.wanted, each.value)
        for path, each in settings.items()
        if each.limited
    ]
    return Recommendation(
        vehicle=vehicle.id,
        drive_side=drive_side,
        settings=_assembled({path: each.value for path, each in settings.items()}),
        band_80=_assembled({path: each.band for path, each in settings.items()}),
        posture=Posture(h_point_mm=seated.h_point, eye_point_mm=seated.eye),
        warnings=tuple(found),
        model=model_info(),
    )


def _seated(bmi: float, vehicle: Vehicle, wanted: Position, legs: geometry.Legs) -> _Seated:
    """Seat the driver: travels first, then the chest's distance, then the head's room."""
    front_x, rear_x = vehicle.seat_front_x_mm, vehicle.seat_front_x_mm + vehicle.seat_travel_mm

    def wanted_lift(x: float) -> float:
        return wanted.h_point_z_mm - _track_z(vehicle, x)

    def seat_z(x: float) -> float:
        return _track_z(vehicle, x) + _clipped(wanted_lift(x), 0.0, vehicle.seat_lift_mm)

    wanted_x = wanted.h_point_x_mm
    for _ in range(BRAKE_REACH_PASSES):
        h_point_x = _clipped(wanted_x, front_x, rear_x)
        brake_x = legs.furthest_h_point_x(seat_z(h_point_x))
        wanted_x = min(wanted.h_point_x_mm, brake_x)
    h_point_x = _clipped(wanted_x, front_x, rear_x)

    design_share = DESIGN_RECLINE_SHARE
    mean_deg = (
        design_share * vehicle.back_angle_deg + (1.0 - design_share) * MEAN_DRIVER_RECLINE_DEG
    )
    safe_deg = min(vehicle.backrest_safe_deg, vehicle.backrest_max_deg)
    wanted_recline = min(mean_deg + wanted.trunk_deg, safe_deg)
    usual_recline = recline = max(wanted_recline, vehicle.backrest_min_deg)

    wheel_x = _clipped(wanted.wheel_x_mm, vehicle.wheel_front_x_mm, vehicle.wheel_rear_x_mm)

    # Remedies for a chest too close to the airbag, the one that costs the driver least first.
    def missing() -> float:
        chest = geometry.chest_x(h_point_x, wanted.torso_mm, bmi, recline)
        return max(wheel_x + CHEST_TO_WHEEL_MM - chest, 0.0)

    if missing():
        wheel_x = max(wheel_x - missing(), vehicle.wheel_front_x_mm)
    if missing():
        needed = geometry.recline_for_chest_x(
            wheel_x + CHEST_TO_WHEEL_MM, h_point_x, wanted.torso_mm, bmi
        )
        recline = max(recline, min(needed, safe_deg))
    if missing():
        h_point_x = max(h_point_x, min(h_point_x + missing(), brake_x, rear_x))

    # The eye moves with the seat and turns about the H-point with the backrest.
    turn = math.radians(EYE_PER_RECLINE * (recline - usual_recline))
    rise_x, rise_z = wanted.eye_x_mm - wanted.h_point_x_mm, wanted.eye_z_mm - wanted.h_point_z_mm
    eye_dx = rise_x * math.cos(turn) + rise_z * math.sin(turn)
    eye_dz = rise_z * math.cos(turn) - rise_x * math.sin(turn)

    # The seat goes down for a head too close to the roof.
    highest_z = _roof_z(vehicle) - HEAD_TO_ROOF_MM - geometry.VERTEX_ABOVE_EYE_MM - eye_dz
    track_z = _track_z(vehicle, h_point_x)
    h_point = (h_point_x, max(min(seat_z(h_point_x), highest_z), track_z))
    return _Seated(
        h_point=h_point,
        eye=(h_point_x + eye_dx, h_point[1] + eye_dz),
        lift_mm=h_point[1] - track_z,
        wanted_lift_mm=wanted_lift(h_point_x),
        wanted_h_point_x=wanted_x,
        wanted_recline_deg=wanted_recline,
        recline_deg=recline,
        wheel_x_mm=wheel_x,
    )


def _settings(
    vehicle: Vehicle,
    wanted: Position,
    scatter: Position,
    seated: _Seated,
    legs: geometry.Legs,
    drive_side: DriveSide,
) -> dict[str, _Setting]:
    """Every setting by its path, in the order of the answer."""
    front_x = vehicle.seat_front_x_mm
    settings = {
        "seat.fore_aft_mm": _Setting(
            value=seated.h_point[0] - front_x,
            wanted=seated.wanted_h_point_x - front_x,
            sd=scatter.h_point_x_mm,
            low=0.0,
            high=vehicle.seat_travel_mm,
            tolerance=TOLERANCE_MM,
        ),
        "seat.height_mm": _Setting(
            value=seated.lift_mm,
            wanted=seated.wanted_lift_mm,
            sd=scatter.h_point_z_mm,
            low=0.0,
            high=vehicle.seat_lift_mm,
            tolerance=TOLERANCE_MM,
        ),
        "seat.cushion_tilt_deg": _nearest(
            vehicle.cushion_design_deg + CUSHION_PER_THIGH_DEG * wanted.thigh_deg,
            CUSHION_PER_THIGH_DEG * scatter.thigh_deg,
            (vehicle.cushion_min_deg, vehicle.cushion_max_deg),
            TOLERANCE_DEG,
        ),
        "seat.backrest_recline_deg": _Setting(
            value=seated.recline_deg,
            wanted=seated.wanted_recline_deg,
            sd=scatter.trunk_deg,
            low=vehicle.backrest_min_deg,
            high=min(vehicle.backrest_safe_deg, vehicle.backrest_max_deg),
            tolerance=TOLERANCE_DEG,
        ),
    }

    top = geometry.vertex_along_torso_mm(seated.h_point, seated.eye, seated.recline_deg)
    settings["head_restraint.height_mm"] = _nearest(
        # A restraint higher than the head does no harm: only its upper end is a limit.
        max(top - vehicle.head_restraint_low_mm, 0.0),
        scatter.eye_z_mm,
        (0.0, vehicle.head_restraint_travel_mm),
        TOLERANCE_MM,
    )

    shoulder_z = geometry.shoulder_z(seated.h_point[1], wanted.torso_mm, seated.recline_deg)
    recline = math.radians(seated.recline_deg)
    settings["belt.anchor_height_mm"] = _nearest(
        shoulder_z + BELT_ABOVE_SHOULDER_MM - vehicle.belt_anchor_low_z_mm,
        math.hypot(
            scatter.h_point_z_mm,
            scatter.torso_mm * math.cos(recline),
            wanted.torso_mm * math.sin(recline) * math.radians(scatter.trunk_deg),
        ),
        (0.0, vehicle.belt_anchor_travel_mm),
        NECK_HALF_HEIGHT_MM,
    )

    settings["steering_wheel.telescope_mm"] = _Setting(
        value=seated.wheel_x_mm - vehicle.wheel_front_x_mm,
        wanted=wanted.wheel_x_mm - vehicle.wheel_front_x_mm,
        sd=scatter.wheel_x_mm,
        low=0.0,
        high=vehicle.wheel_telescope_travel_mm,
        tolerance=TOLERANCE_MM,
    )
    lowest, highest = geometry.wheel_height_limits(
        (seated.wheel_x_mm, vehicle.wheel_diameter_mm, vehicle.wheel_plane_deg),
        seated.eye,
        seated.h_point,
        legs.knee(seated.h_point),
    )
    above_mid = (lowest + highest) / 2 - vehicle.wheel_z_mm
    settings["steering_wheel.tilt_deg"] = _nearest(
        vehicle.wheel_tilt_travel_deg / 2 + math.degrees(above_mid / vehicle.wheel_tilt_radius_mm),
        math.degrees(WHEEL_HEIGHT_SD_MM / vehicle.wheel_tilt_radius_mm),
        (0.0, vehicle.wheel_tilt_travel_deg),
        TOLERANCE_DEG,
    )

    settings |= _mirrors(vehicle, seated.eye, scatter, drive_side)

    settings["hud.height_mm"] = _nearest(
        seated.eye[1] - vehicle.hud_low_eye_z_mm,
        scatter.eye_z_mm,
        (0.0, vehicle.hud_travel_mm),
        EYEBOX_HALF_HEIGHT_MM,
    )
    return settings


def _mirrors(
    vehicle: Vehicle, eye: Point, scatter: Position, drive_side: DriveSide
) -> dict[str, _Setting]:
    """Yaw and pitch of the three mirrors.

    The side mirrors show the road 20 m behind, at the middle of the field that UN R46 asks for;
    the interior mirror looks straight back.
    """
    eye_y = vehicle.lateral_mm if drive_side == "right" else -vehicle.lateral_mm
    side_z, road_z = vehicle.side_mirror_z_mm, -vehicle.heel_to_ground_mm
    pivots: dict[str, tuple[Point3, Point3]] = {}
    for name, sign in (("left", -1.0), ("right", 1.0)):
        x, y = vehicle.side_mirror_x_mm, sign * vehicle.side_mirror_y_mm
        target = (x + MIRROR_TARGET_AFT_MM, y + sign * MIRROR_TARGET_OUT_MM, road_z)
        pivots[name] = (x, y, side_z), target
    x, z = vehicle.interior_mirror_x_mm, vehicle.interior_mirror_z_mm
    pivots["interior"] = (x, 0.0, z), (x + MIRROR_TARGET_AFT_MM, 0.0, z)

    eyes = (
        (eye[0], eye_y, eye[1]),
        (eye[0] + scatter.eye_x_mm, eye_y, eye[1]),
        (eye[0], eye_y, eye[1] + scatter.eye_z_mm),
        (vehicle.design_eye_x_mm, eye_y, vehicle.design_eye_z_mm),
    )
    travels = (
        ("yaw_deg", vehicle.mirror_yaw_travel_deg),
        ("pitch_deg", vehicle.mirror_pitch_travel_deg),
    )
    settings = {}
    for name, (pivot, target) in pivots.items():
        aims = [geometry.mirror_aim_deg(each, pivot, target) for each in eyes]
        for i, (axis, travel) in enumerate(travels):
            here, aft, up, design = (aim[i] for aim in aims)
            settings[f"mirrors.{name}.{axis}"] = _nearest(
                here,
                math.hypot(aft - here, up - here),
                (design - travel, design + travel),
                TOLERANCE_DEG,
            )
    return settings


def _safety_warnings(
    bmi: float, vehicle: Vehicle, wanted: Position, seated: _Seated, legs: geometry.Legs
) -> list[FitWarning]:
    """What no adjuster could mend."""
    found = []
    chest = geometry.chest_x(seated.h_point[0], wanted.torso_mm, bmi, seated.recline_deg)
    distance = chest - seated.wheel_x_mm
    if distance < CHEST_TO_WHEEL_MM - SAFETY_TOLERANCE_MM:
        found.append(warnings.chest_to_wheel(distance, CHEST_TO_WHEEL_MM))
    too_far = seated.h_point[0] - legs.furthest_h_point_x(seated.h_point[1])
    if too_far > SAFETY_TOLERANCE_MM:
        found.append(warnings.pedal_reach(too_far))
    clearance = _roof_z(vehicle) - seated.eye[1] - geometry.VERTEX_ABOVE_EYE_MM
    if clearance < HEAD_TO_ROOF_MM - SAFETY_TOLERANCE_MM:
        found.append(warnings.head_to_roof(clearance, HEAD_TO_ROOF_MM))
    return found


def _track_z(vehicle: Vehicle, h_point_x: float) -> float:
    """H-point height at lift 0: the track falls toward the rear."""
    rise = math.tan(math.radians(vehicle.seat_track_rise_deg))
    return vehicle.seat_low_z_mm + (vehicle.sgrp_x_mm - h_point_x) * rise


def _roof_z(vehicle: Vehicle) -> float:
    """Height of the headlining, taken as level over the driver."""
    above_sgrp = vehicle.headroom_mm - HEADROOM_BELOW_H_POINT_MM
    return vehicle.h30_mm + above_sgrp * math.cos(math.radians(HEADROOM_LINE_DEG))


def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _nearest(wanted: float, sd: float, travel: Band, tolerance: float) -> _Setting:
    low, high = travel
    return _Setting(_clipped(wanted, low, high), wanted, sd, low, high, tolerance)


def _assembled[T](values: Mapping[str, T]) -> Settings[T]:
    """Put settings, by path, in the shape of the answer."""

    def mirror(name: str) -> Mirror[T]:
        return Mirror(values[f"mirrors.{name}.yaw_deg"], values[f"mirrors.{name}.pitch_deg"])

    return Settings(
        seat=Seat(
            fore_aft_mm=values["seat.fore_aft_mm"],
            height_mm=values["seat.height_mm"],
            cushion_tilt_deg=values["seat.cushion_tilt_deg"],
            backrest_recline_deg=values["seat.backrest_recline_deg"],
        ),
        head_restraint=HeadRestraint(values["head_restraint.height_mm"]),
        belt=Belt(values["belt.anchor_height_mm"]),
        steering_wheel=SteeringWheel(
            telescope_mm=values["steering_wheel.telescope_mm"],
            tilt_deg=values["steering_wheel.tilt_deg"],
        ),
        mirrors=Mirrors(mirror("left"), mirror("right"), mirror("interior")),
        hud=Hud(values["hud.height_mm"]),
    )
