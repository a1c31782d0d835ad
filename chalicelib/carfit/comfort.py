"""How comfortable a posture is: each joint against the angles that drivers like.

Targets are the Dreyfuss modes, 1 is the end of the Dreyfuss range on that side; Wolf et al. 2022
observed the outer ranges in 127 real drivers.
"""

from typing import Final, NamedTuple

import numpy as np

from chalicelib.carfit.linkage import Real, Seated


class Range(NamedTuple):
    """Degrees: the comfortable range with its mode, and what was observed on the road."""

    low: float
    mode: float
    high: float
    observed_low: float
    observed_high: float


RANGES: Final = {
    "ankle": Range(85.0, 97.5, 110.0, 85.0, 113.0),
    "knee": Range(95.0, 115.0, 135.0, 93.0, 137.0),
    "hip": Range(95.0, 107.5, 120.0, 78.0, 118.0),
    "trunk": Range(10.0, 20.0, 30.0, 5.0, 34.0),
    "shoulder": Range(-15.0, 10.0, 35.0, 5.0, 45.0),
    "elbow": Range(80.0, 122.5, 165.0, 77.0, 155.0),
}
"""Dreyfuss 3D and Wolf et al. 2022, both as read in Virtual-Driver-Lua. The neck has no range in
either for the line that we measure; it is told, not judged."""


def discomfort(posture: Seated) -> dict[str, Real]:
    """Each joint's distance from its mode; -1 and 1 are the ends of the comfortable range."""
    found = {}
    for joint, (low, mode, high, _, _) in RANGES.items():
        off = getattr(posture, f"{joint}_deg") - mode
        found[joint] = np.where(off < 0.0, off / (mode - low), off / (high - mode))
    return found


def comfort(posture: Seated) -> Real:
    """0 to 100: 100 with every joint at its mode, 50 with all at the ends of their range."""
    return 100.0 * 0.5 ** np.mean([each**2 for each in discomfort(posture).values()], axis=0)
