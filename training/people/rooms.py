"""The place around the person: floor, walls, what hangs on them, boxes that stand about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.people.looks import Plain, linear, noise
from training.people.meshes import Mesh

Finish = Literal[
    "paint", "stripes", "brick", "tiles", "planks", "carpet", "concrete", "grass", "sky", "water"
]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Panel:
    """A rectangle on a wall: a door, a window, a picture. Metres along the wall and up.

    ``image`` (height, width, 3) linear: what is painted within the frame, in place of ``colour``.
    """

    left_m: float
    right_m: float
    bottom_m: float
    top_m: float
    colour: Colour
    frame: Colour
    frame_m: float
    image: np.ndarray | None = None


@dataclass(frozen=True)
class Plane:
    """A flat surface. ``u`` and ``v`` are its in-plane axes; texture is measured along them."""

    point: np.ndarray
    normal: np.ndarray
    u: np.ndarray
    v: np.ndarray
    finish: Finish
    colour: Colour
    second: Colour
    pitch_m: float
    seed: int
    skirting_m: float = 0.0
    skirting: Colour = (230, 228, 222)
    panels: tuple[Panel, ...] = ()

    def along(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """In-plane coordinates of world points (N, 3): two of (N,), metres."""
        x, y, z = points.T  # by column: a product with a thin matrix is many times slower
        a, b = (
            (x * axis[0] + y * axis[1] + z * axis[2] - self.point @ axis).astype(points.dtype)
            for axis in (self.u.astype(points.dtype), self.v.astype(points.dtype))
        )
        return a, b


@dataclass(frozen=True)
class Furniture:
    """An upright box."""

    centre_m: tuple[float, float, float]
    size_m: tuple[float, float, float]
    yaw_deg: float
    material: Plain


@dataclass(frozen=True)
class Room:
    """What surrounds the person, and its light.

    Attributes
    ----------
    sun : unit vector towards the main light
    sun_spread_deg : half angle of that light; larger is softer
    sun_colour, sky_colour, ground_colour : linear RGB radiance of main light and surroundings
    """

    planes: tuple[Plane, ...]
    furniture: tuple[Furniture, ...]
    sun: np.ndarray
    sun_spread_deg: float
    sun_colour: np.ndarray
    sky_colour: np.ndarray
    ground_colour: np.ndarray
    backdrop: Colour
    things: tuple[Mesh, ...] = ()


def _line(x: np.ndarray, pitch: float, width: float, blur: float) -> np.ndarray:
    """1 on lines every ``pitch``; ``blur`` keeps them from aliasing far away."""
    off = np.abs((x / pitch + 0.5) % 1 - 0.5) * pitch
    return np.clip((width / 2 - off) / blur + 0.5, 0, 1)


def _hash(cells: np.ndarray, seed: int) -> np.ndarray:
    value = np.sin(cells @ np.array([12.9898, 78.233]) + seed % 1000) * 43758.5453
    return value - np.floor(value)


def _seen(image: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Colours (N, 3) of an image at shares of its width and height, bilinear."""
    height, width = image.shape[:2]
    x, y = (u * width - 0.5).clip(0, width - 1.001), (v * height - 0.5).clip(0, height - 1.001)
    i, j = x.astype(np.int32), y.astype(np.int32)
    x, y = (x - i)[:, None].astype(np.float32), (y - j)[:, None].astype(np.float32)
    above = image[j, i] * (1 - x) + image[j, i + 1] * x
    below = image[j + 1, i] * (1 - x) + image[j + 1, i + 1] * x
    return above * (1 - y) + below * y


def paint_plane(plane: Plane, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Linear colour (N, 3) of a plane at in-plane coordinates (N,) and (N,), metres."""
    p = np.stack([a, b], 1)
    base, second = (linear(c).astype(np.float32) for c in (plane.colour, plane.second))
    share = np.zeros(len(a), np.float32)
    grain = 0.03 * noise(p, 0.5, plane.seed) + 0.02 * noise(p, 0.03, plane.seed + 1)
    pitch = plane.pitch_m
    if plane.finish == "stripes":
        share = np.clip(np.sin(2 * np.pi * a / pitch) * 4 + 0.5, 0, 1)
    elif plane.finish == "brick":
        row = np.floor(b / (pitch / 3))
        shifted = a + 0.5 * pitch * (row % 2)
        share = np.maximum(_line(b, pitch / 3, 0.012, 0.01), _line(shifted, pitch, 0.012, 0.01))
        grain = grain + 0.25 * (
            _hash(np.stack([row, np.floor(shifted / pitch)], 1), plane.seed) - 0.5
        )
    elif plane.finish == "tiles":
        share = np.maximum(_line(a, pitch, 0.006, 0.01), _line(b, pitch, 0.006, 0.01))
        cells = np.stack([np.floor(a / pitch), np.floor(b / pitch)], 1)
        grain = grain + 0.08 * (_hash(cells, plane.seed) - 0.5)
    elif plane.finish == "planks":
        row = np.floor(a / pitch)
        along = b + 3.1 * _hash(np.stack([row, row * 0], 1), plane.seed)
        share = np.maximum(_line(a, pitch, 0.004, 0.008), _line(along, 1.4, 0.004, 0.008))
        cells = np.stack([row, np.floor(along / 1.4)], 1)
        wood = noise(np.stack([a * 14 + 9 * row, b], 1), 0.35, plane.seed)
        grain = grain + 0.25 * (_hash(cells, plane.seed) - 0.5) + 0.1 * wood
    elif plane.finish == "carpet":
        grain = grain + 0.18 * noise(p, 0.012, plane.seed + 2)
        if pitch > 1:
            share = 0.5 + 0.5 * np.sign(noise(p, 0.25, plane.seed + 3))
    elif plane.finish == "concrete":
        grain = grain + 0.12 * noise(p, 0.25, plane.seed + 2) + 0.05 * noise(p, 0.06, plane.seed)
    elif plane.finish == "grass":
        share = 0.5 + 0.5 * noise(p, 0.3, plane.seed)
        grain = grain + 0.35 * noise(p, 0.02, plane.seed + 2)
    elif plane.finish == "water":  # ripples, longer across than along
        swell = noise(p * [0.5, 1.0], 0.35, plane.seed) + 0.5 * noise(p * [0.6, 1.0], pitch, 3)
        share = np.clip(0.35 + 0.6 * swell, 0, 1)
    elif plane.finish == "sky":
        share = np.clip(b / 8 + 0.2 * noise(p, 3.0, plane.seed), 0, 1)
    out = (base + (second - base) * share[:, None]) * (1 + grain)[:, None]
    for panel in plane.panels:
        inside = (a > panel.left_m) & (a < panel.right_m) & (b > panel.bottom_m) & (b < panel.top_m)
        if not inside.any():
            continue
        edge = np.minimum.reduce(
            [a - panel.left_m, panel.right_m - a, b - panel.bottom_m, panel.top_m - b]
        )[inside]
        pick = np.where((edge < panel.frame_m)[:, None], linear(panel.frame), linear(panel.colour))
        if panel.image is not None:
            u = (a[inside] - panel.left_m) / (panel.right_m - panel.left_m)
            v = (panel.top_m - b[inside]) / (panel.top_m - panel.bottom_m)
            seen = _seen(panel.image, u, v)
            out[inside] = np.where((edge < panel.frame_m)[:, None], linear(panel.frame), seen)
            continue
        mottle = 1 + 0.25 * noise(p[inside], 0.15, plane.seed + 5) * (edge >= panel.frame_m)
        out[inside] = pick * mottle[:, None]
    if plane.skirting_m:
        low = b < plane.skirting_m
        out[low] = linear(plane.skirting)
        out[low & (b > plane.skirting_m - 0.006)] *= 0.6
    return out
