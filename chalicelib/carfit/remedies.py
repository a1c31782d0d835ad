"""Keeping the rules of a car exactly: where one is broken, the remedy that costs least comes first.

Eyes, feet, hands, then chest and belly; one remedy disturbs another's rule a little, so that they
take turns until nothing moves.
"""

import math
from typing import Final

import numpy as np

from chalicelib.carfit import linkage, rules
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.linkage import Point, Seated
from chalicelib.carfit.model import Array

BELLY_NEAR_MM: Final = 20.0
"""A belly nearer than that beyond its rule keeps the wheel up."""
RULE_PASSES: Final = 12
SETTLED_MM: Final = 0.1
"""One remedy disturbs another's rule a little: done when nothing moves."""
BRAKE_PASSES: Final = 4
"""The track lifts a seat that moves forward by a fifteenth, and that moves the pedals' reach by a
quarter: settled to a thousandth by then."""


def keep_rules(driver: Driver, position: Array) -> tuple[Seated, rules.Margins]:
    """Seat the driver within every travel and, as far as the car allows, every rule.

    Parameters
    ----------
    driver : Driver
    position : ndarray
        Shape (n, 5): H-point x and z, recline, wheel x and z, one row for each of the driver's.

    Returns
    -------
    tuple of Seated and Margins
        Each field of shape (n,).
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

    def seated_with_margins() -> tuple[Seated, rules.Margins]:
        seated = linkage.sit(links, (x, z), recline, (wheel_x, wheel_z))
        return seated, rules.margins(links, seated, vehicle)

    def within_reach(x: Array, z: Array) -> tuple[Array, Array]:
        """The seat no further back than the brake is reached from."""
        for _ in range(BRAKE_PASSES):
            x, z = on_seat(np.minimum(x, linkage.furthest_h_point_x(links, z)), z)
        return x, z

    x, z = on_seat(x, z)
    wheel_x, wheel_z = on_column((wheel_x, wheel_z))
    seated, kept = seated_with_margins()
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
        _, kept = seated_with_margins()
        # A belly that needs the room may take of the instruments what is not yet worth a warning.
        seen = kept.rim + np.where(kept.belly < BELLY_NEAR_MM, rules.TOLERANCE_MM["rim"], 0.0)
        raised = np.maximum(np.minimum(wheel_z, wheel_z + seen), wheel_z - kept.thigh)
        room = np.maximum(np.minimum(kept.chest, kept.belly), 0.0)
        nearer = np.minimum(np.maximum(-kept.wrist, 0.0), room)
        wheel_x, wheel_z = on_column((wheel_x + nearer, raised))
        # Chest and belly: the remedy first that costs the driver least. The wheel in, ...
        _, kept = seated_with_margins()
        short = np.maximum(-np.minimum(kept.chest, kept.belly), 0.0)
        wheel_x, wheel_z = on_column((wheel_x - short, wheel_z))
        # ... up as far as the instruments allow, which takes the rim from the belly too, ...
        _, kept = seated_with_margins()
        room = np.maximum(kept.rim + rules.TOLERANCE_MM["rim"], 0.0)
        up = np.minimum(np.maximum(-kept.belly, 0.0) / math.sin(plane), room / math.cos(plane))
        wheel_x, wheel_z = on_column(
            (wheel_x - up * math.sin(plane), wheel_z + up * math.cos(plane))
        )
        # ... the backrest, ...
        limit = linkage.recline_for_chest_x(links, wheel_x + rules.CHEST_TO_WHEEL_MM, x)
        recline = np.maximum(recline, np.minimum(limit, vehicle.recline_cap_deg))
        # ... and the seat, as far as the brake is reached.
        _, kept = seated_with_margins()
        reach = np.maximum(linkage.furthest_h_point_x(links, z), x)
        short = np.maximum(-np.minimum(kept.chest, kept.belly), 0.0)
        x, z = on_seat(np.minimum(x + short, reach), z)
        seated, kept = seated_with_margins()
        if np.abs(np.array([x, z, recline, wheel_x, wheel_z]) - before).max() < SETTLED_MM:
            break
    x, z = within_reach(x, z)
    seated, kept = seated_with_margins()
    return seated, kept
