"""From settings that a driver keeps in one car to settings for another: the posture stays."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from chalicelib.carfit import linkage, rules, vhal, warnings
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.fit import recommendation_at
from chalicelib.carfit.linkage import Real, Seated
from chalicelib.carfit.model import Array, Model, bundled_model
from chalicelib.carfit.settings import SETTINGS, position_settings
from chalicelib.carfit.types import (
    Body,
    DriveSide,
    FitWarning,
    Recommendation,
    SideMirrorAim,
)
from chalicelib.carfit.vehicles import Vehicle

OWN_SCATTER_SHARE: Final = 0.4
"""The share of the scatter between drivers of one body that is left once a driver's habit is known
(assumed)."""


LOST_MM: Final = 1.0
LOST_DEG: Final = 0.5
"""From what change on the driver is told that a setting did not come along; a driver who goes back
without having been told returns within 2 mm."""


class Kept(NamedTuple):
    """What a driver keeps in a car; units and zeros as in `chalicelib.carfit.types.Settings`."""

    fore_aft_mm: float
    height_mm: float
    backrest_recline_deg: float
    telescope_mm: float
    tilt_deg: float


class Transfer(NamedTuple):
    """Settings for the other car, and the joint angles that the driver brings along."""

    recommendation: Recommendation
    angles_before_deg: Mapping[str, float]


def transfer(
    body: Body,
    kept: Kept,
    from_vehicle: Vehicle,
    to_vehicle: Vehicle,
    *,
    drive_side: DriveSide = "left",
    side_mirrors: SideMirrorAim = "classic",
    model: Model | None = None,
    vhal_profile: Mapping[str, vhal.Range] | None = None,
) -> Transfer:
    """Carry a driver's own posture into another car.

    Knee, trunk, elbow and shoulder keep their angles; the eyes keep how much higher or lower than
    usual the driver likes them. What the other car's travels and the safety rules do not allow is
    warned of, as in `chalicelib.carfit.recommend`, and what they changed with
    ``POSTURE_NOT_KEPT``. In the same car the settings stay as they are, and only warnings are new.

    Parameters
    ----------
    body : Body
    kept : Kept
        The settings in ``from_vehicle``, each within its travel.
    from_vehicle, to_vehicle : Vehicle
    drive_side, side_mirrors, model, vhal_profile
        As in `chalicelib.carfit.recommend`, in the other car.
    """
    model = model or bundled_model()
    here, there = Driver(body, from_vehicle, model=model), Driver(body, to_vehicle, model=model)
    x = from_vehicle.seat_front_x_mm + kept.fore_aft_mm
    z = rules.track_z(from_vehicle, x) + kept.height_mm
    wheel = rules.wheel_at(from_vehicle, kept.telescope_mm, kept.tilt_deg)
    before = here.sit(np.array([[x, z, kept.backrest_recline_deg, *wheel]]))

    same_car = replace(from_vehicle, id=to_vehicle.id, name=to_vehicle.name) == to_vehicle
    if same_car:
        position = np.array([[x, z, kept.backrest_recline_deg, *wheel]])
    else:
        higher = z - here.wanted[0, 1]
        position = _held(before, there, there.wanted[0, 1] + higher)
    recommendation = recommendation_at(
        there,
        position,
        position,
        drive_side=drive_side,
        side_mirrors=side_mirrors,
        scatter_share=OWN_SCATTER_SHARE,
        as_it_is=same_car,
        vhal_profile=vhal_profile,
    )
    wished = position_settings(to_vehicle, there.sit(position))
    lost = tuple(_lost(recommendation, wished))
    recommendation = replace(recommendation, warnings=(*recommendation.warnings, *lost))
    names = recommendation.posture.angles_deg
    angles = {name: float(np.ravel(getattr(before, f"{name}_deg"))[0]) for name in names}
    return Transfer(recommendation, angles)


def _lost(found: Recommendation, wished: Mapping[str, Real]) -> Iterator[FitWarning]:
    """A warning for each setting that a travel or a rule took from the driver."""
    said = {each.params.get("setting") for each in found.warnings}
    values = found.settings.by_path()
    for path, wish in wished.items():
        wanted, setting = float(np.ravel(wish)[0]), SETTINGS[path]
        lost = LOST_MM if setting.unit == "mm" else LOST_DEG
        if path not in said and abs(values[path] - wanted) > lost:
            yield warnings.posture_not_kept(setting, wanted, values[path])


def _held(before: Seated, there: Driver, h_point_z: float) -> Array:
    """Position in the other car with the same knee, trunk, elbow and shoulder, shape (1, 5)."""
    links = there.links
    leg_mm = np.hypot(before.hip[0] - before.ankle[0], before.hip[1] - before.ankle[1])
    drop = h_point_z + links.hip_mm[1] - links.ankle[1]
    hip_x = links.ankle[0] + np.sqrt(np.maximum(leg_mm**2 - drop**2, 0.0))
    h_point = hip_x - links.hip_mm[0], np.full_like(hip_x, h_point_z)
    shoulder = linkage.along_torso(h_point, links.torso_mm, before.trunk_deg)
    wheel = (
        shoulder[0] + before.grip[0] - before.shoulder[0],
        shoulder[1] + before.grip[1] - before.shoulder[1],
    )
    return np.column_stack([*h_point, np.broadcast_to(before.trunk_deg, hip_x.shape), *wheel])
