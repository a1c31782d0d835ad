"""Where the camera was, and with it where in space the points of a photo are.

A phone held high and tilted down sees the shins from above and further away: pixels alone make them
15 % short. What is needed to undo that is little: the focal length, and the direction of gravity in
the camera's axes. The distance follows from the height of the person, which is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def ray_of(person_offset: Array, focal: float) -> Array:
    """Unit vector in the camera's axes through a point of the picture, given from its middle."""
    ray = np.array([*person_offset, focal])
    return np.asarray(ray / np.linalg.norm(ray))


def down(ray: Array, elevation_rad: float, roll_rad: float) -> Array:
    """Direction of gravity in the camera's axes (right, down, forward), shape (3,).

    Parameters
    ----------
    ray : ndarray, shape (3,)
        Unit vector through the person's middle.
    elevation_rad : float
        Of that ray above the horizon: negative where the camera looks down on the middle.
    roll_rad : float
        Where a plumb line through the middle leans in the picture; positive to the right.
    """
    across = _across(ray, roll_rad)
    return np.asarray(np.cos(elevation_rad) * across - np.sin(elevation_rad) * ray)


def elevation_of_pitch(ray: Array, pitch_rad: float, roll_rad: float) -> float:
    """Elevation of a ray whose camera's axis is pitched up by ``pitch_rad``."""
    across = _across(ray, roll_rad)
    # sin(pitch) = -down_z = sin(e) ray_z - cos(e) across_z
    size = float(np.hypot(ray[2], across[2]))
    lean = float(np.arctan2(across[2], ray[2]))
    return float(np.arcsin(np.clip(np.sin(pitch_rad) / size, -1, 1))) + lean


@dataclass(frozen=True)
class Witness:
    """One word on the elevation of the person's middle, in radians.

    Attributes
    ----------
    elevation_rad, sd_rad : float
        What it says, and how wrong that usually is.
    wrong_share, wrong_sd_rad : float
        How often it is misled, and how wrong it is then.
    """

    elevation_rad: float
    sd_rad: float
    wrong_share: float
    wrong_sd_rad: float


def join_witnesses(witnesses: Sequence[Witness]) -> tuple[float, float]:
    """Elevation on which witnesses agree, and its SD, in radians.

    Where they agree, each counts by its inverse variance. Where they do not, one of them is misled:
    what is likelier of each then counts, and the SD tells of the doubt.
    """
    said = np.array([each.elevation_rad for each in witnesses])
    middles, variances, shares = [], [], []
    for misled in product((False, True), repeat=len(witnesses)):
        variance = np.array(
            [
                each.wrong_sd_rad**2 if wrong else each.sd_rad**2
                for each, wrong in zip(witnesses, misled, strict=True)
            ]
        )
        share = np.prod(
            [
                each.wrong_share if wrong else 1 - each.wrong_share
                for each, wrong in zip(witnesses, misled, strict=True)
            ]
        )
        together = 1 / np.sum(1 / variance)
        middle = together * np.sum(said / variance)
        # How likely it is that they differ as they do, whatever the elevation is.
        fit = np.sqrt(together / np.prod(variance)) * np.exp(
            -0.5 * np.sum((said - middle) ** 2 / variance)
        )
        middles.append(middle)
        variances.append(together)
        shares.append(share * fit)
    weights = np.array(shares) / np.sum(shares)
    elevation = float(weights @ middles)
    spread = weights @ (np.array(variances) + (np.array(middles) - elevation) ** 2)
    return elevation, float(np.sqrt(spread))


def points_in_space(
    points: Array,
    depth: Array,
    focal: float,
    person_offset: Array,
    elevation_rad: float,
    roll_rad: float,
) -> Array:
    """Places of a person's points, in shares of the person's height.

    Parameters
    ----------
    points : ndarray, shape (15, 2)
        From the person's middle in the picture, in shares of the person's height there. The last
        three are the vertex and the barefoot floor under the left and the right ankle, which are
        one height apart.
    depth : ndarray, shape (15,)
        Horizontally away from the camera, behind the hips, in shares of the height.
    focal : float
        Focal length, in the same unit as ``points``.
    person_offset : ndarray, shape (2,)
        The person's middle from the picture's middle, in the same unit.

    Returns
    -------
    ndarray, shape (15, 3)
        To the right of, away from, and above the camera.
    """
    ray = ray_of(person_offset, focal)
    g = down(ray, elevation_rad, roll_rad)
    ahead = ray - (ray @ g) * g
    ahead /= np.linalg.norm(ahead)
    right = np.cross(g, ahead)
    seen = np.column_stack([points + person_offset, np.full(len(points), focal)])
    forward = seen @ ahead
    rise, shift = -(seen @ g) / forward, (seen @ right) / forward
    vertex, floor, floor_depth = rise[12], rise[13:].mean(), depth[13:].mean()
    distance = (1.0 - depth[12] * vertex + floor_depth * floor) / (vertex - floor)
    away = distance + depth
    return np.column_stack([away * shift, away, away * rise])


def _across(ray: Array, roll_rad: float) -> Array:
    """Unit vector across the ray along which a plumb line through its point is seen."""
    along = np.array([np.sin(roll_rad), np.cos(roll_rad), 0.0])
    across = along - (along @ ray) * ray
    return np.asarray(across / np.linalg.norm(across))
