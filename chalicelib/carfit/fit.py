"""From the position that a driver wants to the settings that a car can give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from chalicelib.body_prior import unusual_proportions
from chalicelib.carfit import comfort, linkage, rules, vhal, vss, warnings
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.model import (
    FEATURES,
    PACKAGE_FEATURES,
    POSTURES,
    Array,
    Model,
    bundled_model,
)
from chalicelib.carfit.own import Own
from chalicelib.carfit.reasons import Facts
from chalicelib.carfit.remedies import keep_rules
from chalicelib.carfit.settings import SETTINGS, Fitted, Setting, Spread, travels
from chalicelib.carfit.types import (
    Band,
    Body,
    DriveSide,
    FitWarning,
    Posture,
    PosturePreference,
    Recommendation,
    Settings,
    SideMirrorAim,
)
from chalicelib.carfit.vehicles import Vehicle

BAND_80_SD: Final = 1.2816
"""Half-width of the middle 80 % of a normal distribution, in SD."""
HEAD_CENTRE_BELOW_VERTEX_MM: Final = 90.0
"""Centre of gravity of the head under the vertex: a head restraint must not end below it."""
ORDERED: Final = 1e-9
"""What rounding may do to the order of postures."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What one setting becomes: the value, what was wanted, how drivers scatter, and the travel."""

    setting: Setting
    value: float
    wanted: float
    sd: float
    low: float
    high: float

    @property
    def band(self) -> Band:
        """Where 80 % of such drivers set it: a travel that ends gathers them at its end."""
        half = BAND_80_SD * self.sd
        low, high = (_clip(self.wanted + off, self.low, self.high) for off in (-half, half))
        return min(low, self.value), max(high, self.value)

    @property
    def limited(self) -> bool:
        """Whether the travel ends so far before the wish that the driver is told."""
        untold = self.setting.untold
        return not self.low - untold <= self.wanted <= self.high + untold

    @property
    def end(self) -> float:
        """End of the travel that the wish passes."""
        return self.low if self.wanted < self.low else self.high

    @property
    def off(self) -> float:
        """How far beyond the end of the travel the wish lies; negative below the lower end."""
        return self.wanted - self.end


def recommend(
    body: Body,
    vehicle: Vehicle,
    *,
    drive_side: DriveSide = "left",
    posture: PosturePreference = "normal",
    side_mirrors: SideMirrorAim = "classic",
    lengths_cov_cm2: Array | None = None,
    model: Model | None = None,
    vhal_profile: Mapping[str, vhal.Range] | None = None,
    own: Own | None = None,
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
    model : Model, optional
        Instead of the one that ships with the code.
    vhal_profile : mapping, optional
        How this car counts its Android VHAL properties, by name; see `chalicelib.carfit.vhal`.
    own : Own, optional
        What is known of this driver's habit in this car; see `chalicelib.carfit.personal`.

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
    model = model or bundled_model()
    driver = Driver(body, vehicle, posture, lengths_cov_cm2, model)
    position = driver.position[:, :5]
    if posture != "normal":
        normal = Driver(body, vehicle, "normal", lengths_cov_cm2, model)
        beyond = _beyond_normal(driver, normal, POSTURES[posture])
        driver, position = (normal, normal.position[:, :5]) if beyond is None else (driver, beyond)
    wanted = driver.wanted[:, :5]
    if own is not None:
        position, wanted = (own.moved(driver.links, each) for each in (position, wanted))
        driver = replace(driver, eye_off_mm=own.eye_off_mm)
    return recommendation_at(
        driver,
        position,
        wanted,
        drive_side=drive_side,
        side_mirrors=side_mirrors,
        vhal_profile=vhal_profile,
        own=own,
    )


def _beyond_normal(driver: Driver, normal: Driver, sign: float) -> Array | None:
    """Position of a driver who likes it relaxed (1) or upright (-1), as the posture is called.

    Neither nearer (further) nor more upright (reclined) than the same driver's normal position;
    None where the rules leave no room for that: the normal position is then the answer.
    """
    usual, _ = keep_rules(normal, normal.position[:, :5])
    position = driver.position[:, :5].copy()
    for column, floor in ((0, usual.h_point[0]), (2, usual.trunk_deg)):
        position[:, column] = sign * np.maximum(sign * position[:, column], sign * floor)
    kept, _ = keep_rules(driver, position)
    moved_mm = sign * (kept.h_point[0] - usual.h_point[0])[0]
    moved_deg = sign * (kept.trunk_deg - usual.trunk_deg)[0]
    return position if moved_mm >= -ORDERED and moved_deg >= -ORDERED else None


def recommendation_at(
    driver: Driver,
    position: Array,
    wanted: Array,
    *,
    drive_side: DriveSide,
    side_mirrors: SideMirrorAim,
    scatter_share: float = 1.0,
    as_it_is: bool = False,
    vhal_profile: Mapping[str, vhal.Range] | None = None,
    own: Own | None = None,
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
    vhal_profile, own : optional
        As in `recommend`.
    """
    vehicle = driver.vehicle
    own = own or Own.unknown()
    if as_it_is:
        seated = driver.sit(position)
        every_margin = rules.margins(driver.links, seated, vehicle)
    else:
        seated, every_margin = keep_rules(driver, position)
    kept = rules.Margins(*(float(np.ravel(margin)[0]) for margin in every_margin))
    choices = _choices(driver, seated, wanted, scatter_share, drive_side, side_mirrors, own)
    chosen = _first(seated)
    limited = {path: each for path, each in choices.items() if each.limited}
    free = _first(driver.sit(wanted)) if limited else chosen
    ends = travels(vehicle, drive_side)
    by_path = {path: each.value for path, each in choices.items()}
    values = Settings.of(by_path)
    facts = Facts(
        driver.body,
        vehicle,
        by_path,
        chosen,
        kept,
        {path: each.off for path, each in limited.items()},
    )
    return Recommendation(
        vehicle=vehicle.id,
        drive_side=drive_side,
        settings=values,
        band_80=Settings.of({path: each.band for path, each in choices.items()}),
        posture=_posture(chosen),
        reasons=Settings.of(
            own.with_own_reasons({path: row.reason(facts) for path, row in SETTINGS.items()})
        ),
        warnings=(
            *own.warnings,
            *_body_and_car_warnings(driver),
            *warnings.broken_rules(kept),
            *_head_restraint_warning(vehicle, values, chosen),
            *(
                warnings.limit_reached(each.setting, each.wanted, each.end, chosen, free)
                for each in limited.values()
            ),
        ),
        vss=vss.signals(values, vehicle, drive_side, ends),
        vss_private=vss.private_signals(values, ends),
        vss_attributes=vss.attributes(drive_side),
        vss_version=vss.VERSION,
        vhal=vhal.properties(values, drive_side, ends, vhal_profile),
        model=driver.model.info,
    )


def _choices(
    driver: Driver,
    seated: Seated,
    wanted: Array,
    scatter_share: float,
    drive_side: DriveSide,
    side_mirrors: SideMirrorAim,
    own: Own,
) -> dict[str, Choice]:
    """Every setting by its path, in the order of the answer."""
    vehicle = driver.vehicle
    here = Fitted(vehicle, seated, drive_side, side_mirrors)
    wished = Fitted(vehicle, driver.sit(wanted), drive_side, side_mirrors)
    spread = Spread(Fitted(vehicle, _first(seated), drive_side, side_mirrors), driver.scatter)
    found = {}
    for path, (low, high) in travels(vehicle, drive_side).items():
        row = SETTINGS[path]
        values = np.atleast_1d(row.ideal(here))
        # What follows from the position is wished for as the position allows it.
        wish = np.atleast_1d(row.ideal(wished))[0] if row.position else values[0]
        # Beside the drivers' scatter stands what the lengths' own doubt moves.
        doubt = float(np.linalg.norm(values[1:] - values[0]))
        found[path] = Choice(
            setting=row,
            value=_clip(float(values[0]), low, high),
            wanted=float(wish),
            # Lengths that are wrong by as much in every car are learned with the habit.
            sd=own.band_share.get(path, 1.0)
            * math.hypot(scatter_share * row.scatter(spread), doubt),
            low=low,
            high=high,
        )
    return found


def _body_and_car_warnings(driver: Driver) -> list[FitWarning]:
    """What the model does not know of this body or this car."""
    found = []
    body, row, model = driver.body, driver.rows[0], driver.model
    low_cm, high_cm = float(model.low[0]), float(model.high[0])
    if not low_cm <= body.height_cm <= high_cm:
        found.append(warnings.body_outside_model(body.height_cm, low_cm, high_cm))
    if deviations := unusual_proportions(body.height_cm, body.lengths_cm, body.sex):
        found.append(warnings.unusual_proportions(deviations))
    outside = [
        name
        for name in PACKAGE_FEATURES
        if not model.low[(i := FEATURES.index(name))] <= row[i] <= model.high[i]
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
