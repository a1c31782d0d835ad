"""A driver's own offsets from the mean driver of that body, laid onto a driving position."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import Links
from chalicelib.carfit.types import FitWarning, Words

Array = npt.NDArray[np.float64]

POSTURE: Final = 5
"""How many of `chalicelib.carfit.habit.HABIT` make a position; the other two are the eye."""


@dataclass(frozen=True)
class Own:
    """What is known of one driver in one car, as `chalicelib.carfit.recommend` takes it.

    Attributes
    ----------
    offset : ndarray
        Shape (7,), columns as in `chalicelib.carfit.habit.HABIT`.
    band_share : mapping of str to float
        By the setting's path: how much of the band of an unknown driver is left.
    said : mapping of str to Words
        By the setting's path: a sentence on what was learned, added to its reason.
    warnings : tuple of FitWarning
    """

    offset: Array
    band_share: Mapping[str, float] = field(default_factory=dict)
    said: Mapping[str, Words] = field(default_factory=dict)
    warnings: tuple[FitWarning, ...] = ()

    @classmethod
    def unknown(cls) -> "Own":
        """A driver who told nothing."""
        return cls(np.zeros(POSTURE + 2))

    @property
    def eye_off_mm(self) -> tuple[float, float]:
        """How far the eye lies further aft and higher than the mean driver's of that body."""
        return float(self.offset[POSTURE]), float(self.offset[POSTURE + 1])

    def moved(self, links: Links, position: Array) -> Array:
        """Positions of the mean driver, rows of h-point x, z, recline, wheel x, z, as own ones."""
        return seated_at(links, posture(links, position) + self.offset[:POSTURE])

    def with_own_reasons(self, reasons: Mapping[str, Words]) -> dict[str, Words]:
        """Reasons, each with what was learned after it."""
        return {
            path: {"en": f"{words['en']} {own['en']}", "ko": f"{words['ko']} {own['ko']}"}
            if (own := self.said.get(path))
            else words
            for path, words in reasons.items()
        }


def posture(links: Links, position: Array) -> Array:
    """What of a position drivers keep from car to car; the inverse of `seated_at`.

    Parameters
    ----------
    links : Links
    position : ndarray
        Shape (n, 5): H-point x and z, recline, wheel x and z.

    Returns
    -------
    ndarray
        Shape (n, 5), the first columns of `chalicelib.carfit.habit.HABIT`: hip to ankle, recline,
        shoulder to wheel, H-point's height, wheel's height above the H-point.
    """
    x, z, recline, wheel_x, wheel_z = position.T[:5]
    hip_x, hip_z = x + links.hip_mm[0], z + links.hip_mm[1]
    shoulder = linkage.along_torso((x, z), links.torso_mm, recline)
    return np.column_stack(
        [
            np.hypot(hip_x - links.ankle[0], hip_z - links.ankle[1]),
            recline,
            np.hypot(shoulder[0] - wheel_x, shoulder[1] - wheel_z),
            z,
            wheel_z - z,
        ]
    )


def seated_at(links: Links, kept: Array) -> Array:
    """Position that has a posture, as `posture` describes it; shapes (n, 5)."""
    leg, recline, arm, z, wheel_above = kept.T[:5]
    drop = z + links.hip_mm[1] - links.ankle[1]
    x = links.ankle[0] + np.sqrt(np.maximum(leg**2 - drop**2, 0.0)) - links.hip_mm[0]
    shoulder = linkage.along_torso((x, z), links.torso_mm, recline)
    wheel_z = z + wheel_above
    forward = np.sqrt(np.maximum(arm**2 - (shoulder[1] - wheel_z) ** 2, 0.0))
    return np.column_stack([x, z, recline, shoulder[0] - forward, wheel_z])
