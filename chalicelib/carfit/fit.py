"""From the position that a driver wants to the settings that a car can give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, conditional, unusual_proportions
from chalicelib.carfit import comfort, linkage, mirrors, reasons, rules, vhal, vss, warnings
from chalicelib.carfit.linkage import MM_PER_CM, Links, Point, Seated
from chalicelib.carfit.model import (
    FEATURES,
    OUTPUTS,
    PACKAGE_FEATURES,
    POSTURES,
    SCATTER,
    Model,
    bundled_model,
    features,
    with_free_travels,
)
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
    PosturePreference,
    Recommendation,
    Seat,
    Settings,
    SideMirrorAim,
    SteeringWheel,
)
from chalicelib.carfit.vehicles import Vehicle

Array = npt.NDArray[np.float64]

BAND_80_SD: Final = 1.2816
"""Half-width of the middle 80 % of a normal distribution, in SD."""

CUSHION_PER_THIGH_DEG: Final = 0.5
"""How much of a steeper thigh the cushion should support (our judgement)."""

BELT_ABOVE_SHOULDER_MM: Final = 60.0
"""Upper anchor above the shoulder joint, so that the belt meets the collar bone (assumed)."""
HUD_LOOK_DOWN_DEG: Final = 5.0
"""The head-up display's image hangs so far below the horizon: an eye further aft meets its light
higher (assumed)."""

# By how much a wish may miss before the driver is told that a travel ended.
TOLERANCE_MM: Final = 10.0
TOLERANCE_DEG: Final = 1.5
EYEBOX_HALF_HEIGHT_MM: Final = 25.0
"""Half of a head-up display's eyebox, 130 x 50 mm: within it the image is still seen."""
NECK_HALF_HEIGHT_MM: Final = 20.0
"""How far the belt's anchor may miss and the belt still lies on the shoulder (assumed)."""

TOLERANCES: Final = {
    "belt.anchor_height_mm": NECK_HALF_HEIGHT_MM,
    "hud.height_mm": EYEBOX_HALF_HEIGHT_MM,
}
"""Where a miss matters more or less than `TOLERANCE_MM` and `TOLERANCE_DEG`."""

HEAD_CENTRE_BELOW_VERTEX_MM: Final = 90.0
"""Centre of gravity of the head under the vertex: a head restraint must not end below it."""

BELLY_NEAR_MM: Final = 20.0
"""A belly nearer than that beyond its rule keeps the wheel up."""
RULE_PASSES: Final = 12
SETTLED_MM: Final = 0.1
"""One remedy disturbs another's rule a little: done when nothing moves."""
ORDERED: Final = 1e-9
"""What rounding may do to the order of postures."""
BRAKE_PASSES: Final = 4
"""The track lifts a seat that moves forward by a fifteenth, and that moves the pedals' reach by a
quarter: settled to a thousandth by then."""


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
        """Where 80 % of such drivers set it: a travel that ends gathers them at its end."""
        half = BAND_80_SD * self.sd
        low, high = (_clip(self.wanted + off, self.low, self.high) for off in (-half, half))
        return min(low, self.value), max(high, self.value)

    @property
    def limited(self) -> bool:
        return not self.low - self.tolerance <= self.wanted <= self.high + self.tolerance

    @property
    def end(self) -> float:
        """End of the travel that the wish passes."""
        return self.low if self.wanted < self.low else self.high

    @property
    def off(self) -> float:
        """How far beyond the end of the travel the wish lies; negative below the lower end."""
        return self.wanted - self.end


@dataclass(frozen=True)
class Driver:
    """A body and a car as the engine sees them, and what the model says of them.

    Arrays have one row for the body and, after it, one for each way in which its lengths are
    uncertain.
    """

    body: Body
    vehicle: Vehicle
    posture: PosturePreference = "normal"
    lengths_cov_cm2: Array | None = None
    net: Model = field(default_factory=bundled_model)

    @cached_property
    def rows(self) -> Array:
        """Rows of `FEATURES`."""
        first = features(self.body, self.vehicle, self.posture)
        if self.lengths_cov_cm2 is None:
            return first[np.newaxis]
        # Each column of the root is one independent way to be wrong, by 1 SD.
        values, vectors = np.linalg.eigh(self.lengths_cov_cm2)
        ways = vectors * np.sqrt(np.maximum(values, 0.0))
        rows = np.tile(first, (1 + len(SEGMENTS), 1))
        start = FEATURES.index(f"{SEGMENTS[0]}_share")
        rows[1:, start : start + len(SEGMENTS)] += ways.T / self.body.height_cm
        return rows

    @cached_property
    def _predicted(self) -> tuple[Array, Array]:
        both = self.net.predict(np.vstack([self.rows, with_free_travels(self.rows)]))
        return both[: len(self.rows)], both[len(self.rows) :]

    @property
    def position(self) -> Array:
        """Rows of `OUTPUTS` in this car."""
        return self._predicted[0]

    @property
    def wanted(self) -> Array:
        """Rows of `OUTPUTS` in this car if its travels went further."""
        return self._predicted[1]

    @cached_property
    def links(self) -> Links:
        """The body's links, within what the model knows; the same whatever the posture."""
        column = dict(zip(FEATURES, self.net.bounded(self.rows).T, strict=True))
        found = self.position
        if self.posture != "normal":
            usual = self.rows.copy()
            usual[:, FEATURES.index("posture")] = POSTURES["normal"]
            found = self.net.predict(usual)
        output = dict(zip(OUTPUTS, found.T, strict=True))
        height_mm = MM_PER_CM * column["height_cm"]
        upper_arm, forearm, thigh, calf = (
            column[f"{name}_share"] * height_mm for name in SEGMENTS[:4]
        )
        mean_mm = MM_PER_CM * conditional(float(column["height_cm"][0]), self.body.sex).mean_cm
        thigh = linkage.believed_leg(thigh, mean_mm[SEGMENTS.index("thigh")])
        calf = linkage.believed_leg(calf, mean_mm[SEGMENTS.index("calf")])
        links = linkage.links(
            (upper_arm, forearm, thigh, calf),
            height_mm=height_mm,
            bmi_kg_m2=column["bmi_kg_m2"],
            torso_mm=output["torso_mm"],
            eye_mm=(output["eye_from_h_point_x_mm"], output["eye_from_h_point_z_mm"]),
            h30_mm=column["h30_mm"],
        )
        weeks, bmi = self.body.pregnancy_weeks, column["bmi_kg_m2"]
        if weeks is None:
            return links
        if self.body.weight_kg is not None:
            bmi = linkage.bmi_before_pregnancy(bmi, height_mm, weeks)
        return replace(links, abdomen_forward_mm=linkage.abdomen_forward_mm(bmi, weeks))

    @property
    def scatter(self) -> dict[str, float]:
        """How far single drivers of this body sit from `wanted`, SD by the names of `SCATTER`."""
        told = self.body.sex is not None and self.body.weight_kg is not None
        return dict(zip(SCATTER, self.net.driver_sd[int(told)].tolist(), strict=True))

    def sit(self, position: Array) -> Seated:
        """Posture at a position: rows of h-point x, z, recline, wheel x, z."""
        x, z, recline, wheel_x, wheel_z = position.T[:5]
        return linkage.sit(self.links, (x, z), recline, (wheel_x, wheel_z))


def recommend(
    body: Body,
    vehicle: Vehicle,
    *,
    drive_side: DriveSide = "left",
    posture: PosturePreference = "normal",
    side_mirrors: SideMirrorAim = "classic",
    lengths_cov_cm2: Array | None = None,
    net: Model | None = None,
    vhal_profile: Mapping[str, vhal.Range] | None = None,
) -> Recommendation:
    """Recommend a car's settings for a body.

    The learned model says where such a driver sits in that car; geometry keeps every travel and
    safety rule exactly, and aims what belongs to the eye and the shoulder.

    Parameters
    ----------
    body : Body
        Lengths between joint centres, cm. Unusual bodies are served with a warning; the model
        bounds what it has not seen.
    vehicle : Vehicle
        From `chalicelib.carfit.vehicles`, or one's own.
    drive_side : {"left", "right"}
        Where the steering wheel is.
    posture : {"relaxed", "normal", "upright"}
        Further back and reclined, or nearer and upright.
    side_mirrors : {"classic", "blind_zone"}
        As in `chalicelib.carfit.mirrors.aims`.
    lengths_cov_cm2 : ndarray, optional
        Shape (5, 5): how unsure the lengths are, in the order of `chalicelib.body_prior.SEGMENTS`;
        the bands widen by what it moves.
    net : Model, optional
        Instead of the one that ships with the code.
    vhal_profile : mapping, optional
        How this car counts its Android VHAL properties, by name; see `chalicelib.carfit.vhal`.

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
    net = net or bundled_model()
    driver = Driver(body, vehicle, posture, lengths_cov_cm2, net)
    position = driver.position[:, :5]
    if posture != "normal":
        normal = Driver(body, vehicle, "normal", lengths_cov_cm2, net)
        beyond = _beyond_normal(driver, normal, POSTURES[posture])
        driver, position = (normal, normal.position[:, :5]) if beyond is None else (driver, beyond)
    return answer(
        driver,
        position,
        driver.wanted[:, :5],
        drive_side=drive_side,
        side_mirrors=side_mirrors,
        vhal_profile=vhal_profile,
    )


def _beyond_normal(driver: Driver, normal: Driver, sign: float) -> Array | None:
    """Position of a driver who likes it relaxed (1) or upright (-1), as the posture is called.

    Neither nearer (further) nor more upright (reclined) than the same driver's normal position;
    None where the rules leave no room for that: the normal position is then the answer.
    """
    usual, _ = _keep_rules(normal, normal.position[:, :5])
    position = driver.position[:, :5].copy()
    for column, floor in ((0, usual.h_point[0]), (2, usual.trunk_deg)):
        position[:, column] = sign * np.maximum(sign * position[:, column], sign * floor)
    kept, _ = _keep_rules(driver, position)
    moved_mm = sign * (kept.h_point[0] - usual.h_point[0])[0]
    moved_deg = sign * (kept.trunk_deg - usual.trunk_deg)[0]
    return position if moved_mm >= -ORDERED and moved_deg >= -ORDERED else None


def answer(
    driver: Driver,
    position: Array,
    wanted: Array,
    *,
    drive_side: DriveSide,
    side_mirrors: SideMirrorAim,
    scatter_share: float = 1.0,
    as_it_is: bool = False,
    vhal_profile: Mapping[str, vhal.Range] | None = None,
) -> Recommendation:
    """Turn a position into a recommendation that keeps every travel and rule.

    Parameters
    ----------
    driver : Driver
    position, wanted : ndarray
        Shape (n, 5): where the driver should sit, and would if no travel ended; H-point x and z,
        recline, wheel x and z.
    scatter_share : float
        Of the scatter between drivers that remains unknown.
    as_it_is : bool
        Leave the position as it is, and warn of what it breaks.
    vhal_profile : mapping, optional
        As in `recommend`.
    """
    vehicle = driver.vehicle
    if as_it_is:
        seated = driver.sit(position)
        kept = _first_margins(rules.margins(driver.links, seated, vehicle))
    else:
        seated, kept = _keep_rules(driver, position)
    settings = _settings(driver, seated, wanted[0], scatter_share, drive_side, side_mirrors)
    chosen = _first(seated)
    limited = {path: each for path, each in settings.items() if each.limited}
    free = _first(driver.sit(wanted)) if limited else chosen
    ends = travels(vehicle, drive_side)
    values = _assembled({path: each.value for path, each in settings.items()})
    return Recommendation(
        vehicle=vehicle.id,
        drive_side=drive_side,
        settings=values,
        band_80=_assembled({path: each.band for path, each in settings.items()}),
        posture=_posture(chosen),
        reasons=_assembled(
            reasons.sentences(
                driver.body,
                vehicle,
                values,
                chosen,
                kept,
                {path: each.off for path, each in limited.items()},
            )
        ),
        warnings=(
            *_body_and_car_warnings(driver),
            *warnings.broken_rules(kept),
            *_head_restraint_warning(vehicle, values, chosen),
            *(
                warnings.limit_reached(path, each.wanted, each.end, chosen, free)
                for path, each in limited.items()
            ),
        ),
        vss=vss.signals(values, vehicle, drive_side, ends),
        vss_private=vss.private_signals(values, ends),
        vss_attributes=vss.attributes(drive_side),
        vss_version=vss.VERSION,
        vhal=vhal.properties(values, drive_side, ends, vhal_profile),
        model=driver.net.info,
    )


def _keep_rules(driver: Driver, position: Array) -> tuple[Seated, rules.Margins]:
    """Seat the driver within every travel and, as far as the car allows, every rule.

    Returns the posture, and the margins of its first row.
    """
    vehicle, links = driver.vehicle, driver.links
    plane = math.radians(vehicle.wheel_plane_deg)
    front_x, rear_x = vehicle.seat_front_x_mm, vehicle.seat_front_x_mm + vehicle.seat_travel_mm
    x, z, recline, wheel_x, wheel_z = position.T
    recline = np.clip(recline, vehicle.backrest_min_deg, vehicle.recline_cap_deg)

    def on_seat(x: Array, z: Array) -> tuple[Array, Array]:
        x = np.clip(x, front_x, rear_x)
        low = rules.track_z(vehicle, x)
        return x, np.clip(z, low, low + vehicle.seat_lift_mm)

    def on_column(wheel: Point) -> Point:
        telescope, tilt = rules.wheel_setting(vehicle, wheel)
        return rules.wheel_at(
            vehicle,
            np.clip(telescope, 0.0, vehicle.wheel_telescope_travel_mm),
            np.clip(tilt, 0.0, vehicle.wheel_tilt_travel_deg),
        )

    def measured() -> tuple[Seated, rules.Margins]:
        seated = linkage.sit(links, (x, z), recline, (wheel_x, wheel_z))
        return seated, rules.margins(links, seated, vehicle)

    def within_reach(x: Array, z: Array) -> tuple[Array, Array]:
        """The seat no further back than the brake is reached from."""
        for _ in range(BRAKE_PASSES):
            x, z = on_seat(np.minimum(x, linkage.furthest_h_point_x(links, z)), z)
        return x, z

    x, z = on_seat(x, z)
    wheel_x, wheel_z = on_column((wheel_x, wheel_z))
    seated, kept = measured()
    for _ in range(RULE_PASSES):
        if not any(
            np.any(margin < -rules.TOLERANCE_MM[name]) for name, margin in kept._asdict().items()
        ):
            break
        before = np.array([x, z, recline, wheel_x, wheel_z])
        # Eyes: down for the roof and the header, but never so far that the road is lost.
        lower = np.maximum(-np.minimum(kept.head, kept.header), 0.0)
        z = np.maximum(z - lower, z - kept.cowl)
        # Feet: the brake before all that follows.
        x, z = within_reach(x, z)
        # Hands: the wheel over the thighs, under the eyes, within reach. What the wheel's own
        # travel does not give, the solver has weighed against the legs: the seat stays.
        _, kept = measured()
        # A belly that needs the room may take of the instruments what is not yet worth a warning.
        seen = kept.rim + np.where(kept.belly < BELLY_NEAR_MM, rules.TOLERANCE_MM["rim"], 0.0)
        raised = np.maximum(np.minimum(wheel_z, wheel_z + seen), wheel_z - kept.thigh)
        room = np.maximum(np.minimum(kept.chest, kept.belly), 0.0)
        nearer = np.minimum(np.maximum(-kept.wrist, 0.0), room)
        wheel_x, wheel_z = on_column((wheel_x + nearer, raised))
        # Chest and belly: the remedy first that costs the driver least. The wheel in, ...
        _, kept = measured()
        short = np.maximum(-np.minimum(kept.chest, kept.belly), 0.0)
        wheel_x, wheel_z = on_column((wheel_x - short, wheel_z))
        # ... up as far as the instruments allow, which takes the rim from the belly too, ...
        _, kept = measured()
        room = np.maximum(kept.rim + rules.TOLERANCE_MM["rim"], 0.0)
        up = np.minimum(np.maximum(-kept.belly, 0.0) / math.sin(plane), room / math.cos(plane))
        wheel_x, wheel_z = on_column(
            (wheel_x - up * math.sin(plane), wheel_z + up * math.cos(plane))
        )
        # ... the backrest, ...
        limit = linkage.recline_for_chest_x(links, wheel_x + rules.CHEST_TO_WHEEL_MM, x)
        recline = np.maximum(recline, np.minimum(limit, vehicle.recline_cap_deg))
        # ... and the seat, as far as the brake is reached.
        _, kept = measured()
        reach = np.maximum(linkage.furthest_h_point_x(links, z), x)
        short = np.maximum(-np.minimum(kept.chest, kept.belly), 0.0)
        x, z = on_seat(np.minimum(x + short, reach), z)
        seated, kept = measured()
        if np.abs(np.array([x, z, recline, wheel_x, wheel_z]) - before).max() < SETTLED_MM:
            break
    x, z = within_reach(x, z)
    seated, kept = measured()
    return seated, _first_margins(kept)


def _first_margins(kept: rules.Margins) -> rules.Margins:
    """Margins of the first row, in plain floats."""
    return rules.Margins(*(float(np.ravel(margin)[0]) for margin in kept))


def ideal_settings(
    vehicle: Vehicle,
    seated: Seated,
    drive_side: DriveSide = "left",
    side_mirrors: SideMirrorAim = "classic",
) -> dict[str, Array]:
    """Settings that a posture asks for, before any travel ends.

    Parameters
    ----------
    vehicle : Vehicle
        The car, one for all.
    seated : Seated
        Postures, each joint an array of shape (n,).
    drive_side, side_mirrors
        As in `recommend`.

    Returns
    -------
    dict
        By the setting's path, arrays of shape (n,).
    """
    eye_x, eye_z = seated.eye
    chosen = chosen_settings(vehicle, seated.h_point, seated.trunk_deg, seated.grip)
    top = linkage.head_along_torso_mm(seated)
    thigh_deg = linkage.thigh_deg(seated) - vehicle.design_thigh_deg
    down = math.tan(math.radians(HUD_LOOK_DOWN_DEG))
    return {
        **chosen,
        "seat.cushion_tilt_deg": vehicle.cushion_design_deg + CUSHION_PER_THIGH_DEG * thigh_deg,
        # A restraint higher than the head does no harm: only its upper end is a limit.
        "head_restraint.height_mm": np.maximum(top - vehicle.head_restraint_low_mm, 0.0),
        "belt.anchor_height_mm": seated.shoulder[1]
        + BELT_ABOVE_SHOULDER_MM
        - vehicle.belt_anchor_low_z_mm,
        **mirror_settings(vehicle, seated.eye, drive_side, side_mirrors),
        "hud.height_mm": eye_z
        - (eye_x - vehicle.design_eye_x_mm) * down
        - vehicle.hud_low_eye_z_mm,
    }


def chosen_settings(
    vehicle: Vehicle, h_point: Point, recline_deg: Any, wheel: Point
) -> dict[str, Any]:
    """Settings that a driving position itself is made of, by path; all others follow from it."""
    x, z = h_point
    telescope, tilt = rules.wheel_setting(vehicle, wheel)
    return {
        "seat.fore_aft_mm": x - vehicle.seat_front_x_mm,
        "seat.height_mm": z - rules.track_z(vehicle, x),
        "seat.backrest_recline_deg": recline_deg,
        "steering_wheel.telescope_mm": telescope,
        "steering_wheel.tilt_deg": tilt,
    }


def mirror_settings(
    vehicle: Vehicle,
    eye: Point,
    drive_side: DriveSide,
    side_mirrors: SideMirrorAim = "classic",
) -> dict[str, Any]:
    """Yaw and pitch of the three mirrors, by the setting's path."""
    return {
        f"mirrors.{name}.{axis}": angle
        for name, aim in mirrors.aims(vehicle, eye, drive_side, side_mirrors).items()
        for axis, angle in zip(("yaw_deg", "pitch_deg"), aim, strict=True)
    }


@lru_cache(maxsize=64)
def travels(vehicle: Vehicle, drive_side: DriveSide = "left") -> dict[str, Band]:
    """Where each setting's travel begins and ends, by its path."""
    design_eye = vehicle.design_eye_x_mm, vehicle.design_eye_z_mm
    mirror_travels = {}
    for path, middle in mirror_settings(vehicle, design_eye, drive_side).items():
        yaws = path.endswith("yaw_deg")
        span = vehicle.mirror_yaw_travel_deg if yaws else vehicle.mirror_pitch_travel_deg
        mirror_travels[path] = float(middle) - span, float(middle) + span
    return {
        "seat.fore_aft_mm": (0.0, vehicle.seat_travel_mm),
        "seat.height_mm": (0.0, vehicle.seat_lift_mm),
        "seat.cushion_tilt_deg": (vehicle.cushion_min_deg, vehicle.cushion_max_deg),
        "seat.backrest_recline_deg": (vehicle.backrest_min_deg, vehicle.recline_cap_deg),
        "head_restraint.height_mm": (0.0, vehicle.head_restraint_travel_mm),
        "belt.anchor_height_mm": (0.0, vehicle.belt_anchor_travel_mm),
        "steering_wheel.telescope_mm": (0.0, vehicle.wheel_telescope_travel_mm),
        "steering_wheel.tilt_deg": (0.0, vehicle.wheel_tilt_travel_deg),
        **mirror_travels,
        "hud.height_mm": (0.0, vehicle.hud_travel_mm),
    }


def _scatter(
    vehicle: Vehicle,
    seated: Seated,
    sd: Mapping[str, float],
    drive_side: DriveSide,
    side_mirrors: SideMirrorAim,
) -> dict[str, float]:
    """How far drivers of one body differ in each setting, SD by path.

    ``seated`` is in plain numbers, ``sd`` by the names of `SCATTER`.
    """
    plane = math.radians(vehicle.wheel_plane_deg)
    along = math.hypot(sd["wheel_x_mm"] * math.cos(plane), sd["wheel_z_mm"] * math.sin(plane))
    across = math.hypot(sd["wheel_x_mm"] * math.sin(plane), sd["wheel_z_mm"] * math.cos(plane))
    # The eye as it is, one SD further aft, one SD higher.
    (x, z), eye_x_sd, eye_z_sd = seated.eye, sd["eye_x_mm"], sd["eye_z_mm"]
    eyes = np.array([x, x + eye_x_sd, x]), np.array([z, z, z + eye_z_sd])
    seen = mirror_settings(vehicle, eyes, drive_side, side_mirrors)
    return {
        "seat.fore_aft_mm": sd["h_point_x_mm"],
        "seat.height_mm": sd["h_point_z_mm"],
        "seat.cushion_tilt_deg": CUSHION_PER_THIGH_DEG * sd["thigh_deg"],
        "seat.backrest_recline_deg": sd["recline_deg"],
        "head_restraint.height_mm": sd["head_along_torso_mm"],
        "belt.anchor_height_mm": sd["shoulder_z_mm"],
        "steering_wheel.telescope_mm": along,
        "steering_wheel.tilt_deg": math.degrees(across / vehicle.wheel_tilt_radius_mm),
        **{path: math.hypot(*(each[1:] - each[0])) for path, each in seen.items()},
        "hud.height_mm": eye_z_sd,
    }


def _settings(
    driver: Driver,
    seated: Seated,
    wanted: Array,
    scatter_share: float,
    drive_side: DriveSide,
    side_mirrors: SideMirrorAim,
) -> dict[str, _Setting]:
    """Every setting by its path, in the order of the answer."""
    vehicle = driver.vehicle
    ideal = ideal_settings(vehicle, seated, drive_side, side_mirrors)
    x, z, recline, wheel_x, wheel_z = wanted.tolist()
    wished = chosen_settings(vehicle, (x, z), recline, (wheel_x, wheel_z))
    sd = _scatter(vehicle, _first(seated), driver.scatter, drive_side, side_mirrors)
    found = {}
    for path, (low, high) in travels(vehicle, drive_side).items():
        values = ideal[path]
        # What follows from the position is wished for as the position allows it.
        wish = wished.get(path, values[0])
        # Beside the drivers' scatter stands what the lengths' own doubt moves.
        doubt = float(np.linalg.norm(values[1:] - values[0]))
        unit = TOLERANCE_MM if path.endswith("_mm") else TOLERANCE_DEG
        found[path] = _Setting(
            value=_clip(float(values[0]), low, high),
            wanted=float(wish),
            sd=math.hypot(scatter_share * sd[path], doubt),
            low=low,
            high=high,
            tolerance=TOLERANCES.get(path, unit),
        )
    return found


def _body_and_car_warnings(driver: Driver) -> list[FitWarning]:
    """What the model does not know of this body or this car."""
    found = []
    body, row, net = driver.body, driver.rows[0], driver.net
    low_cm, high_cm = float(net.low[0]), float(net.high[0])
    if not low_cm <= body.height_cm <= high_cm:
        found.append(warnings.body_outside_model(body.height_cm, low_cm, high_cm))
    if deviations := unusual_proportions(body.height_cm, body.lengths_cm, body.sex):
        found.append(warnings.unusual_proportions(deviations))
    outside = [
        name
        for name in PACKAGE_FEATURES
        if not net.low[(i := FEATURES.index(name))] <= row[i] <= net.high[i]
    ]
    if outside:
        found.append(warnings.vehicle_outside_model(outside))
    return found


def _head_restraint_warning(
    vehicle: Vehicle, settings: Settings[float], seated: Seated
) -> list[FitWarning]:
    """A restraint that ends below the head's centre throws the head back over it."""
    head_mm = float(linkage.head_along_torso_mm(seated))
    restraint_mm = vehicle.head_restraint_low_mm + settings.head_restraint.height_mm
    below_mm = head_mm - restraint_mm
    if below_mm > HEAD_CENTRE_BELOW_VERTEX_MM:
        return [warnings.head_restraint_low(below_mm, HEAD_CENTRE_BELOW_VERTEX_MM)]
    return []


def _posture(seated: Seated) -> Posture:
    joints = ("ball", "ankle", "knee", "hip", "h_point", "shoulder", "elbow", "grip", "head", "eye")
    return Posture(
        h_point_mm=seated.h_point,
        eye_point_mm=seated.eye,
        joints_mm={name: getattr(seated, name) for name in joints},
        angles_deg={name: getattr(seated, f"{name}_deg") for name in (*comfort.RANGES, "neck")},
        comfort=float(comfort.comfort(seated)),
    )


def _first(seated: Seated) -> Seated:
    """Posture of the first row, in plain floats."""

    def first(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(first(each) for each in value)
        return float(value[0] if isinstance(value, np.ndarray) else value)

    return Seated(*(first(getattr(seated, name)) for name in Seated.__slots__))


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


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
