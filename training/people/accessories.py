"""What people wear and carry besides clothes: hats, glasses, bags, hair that falls in front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.people.body import PARTS, Posed
from training.people.hanging import Profile, roll
from training.people.looks import Cloth, Hair, Plain
from training.people.meshes import Mesh, box, loft, make_mesh, outward, tube
from training.people.wardrobe import HairCut, Measured, Tailor, hair

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Accessories:
    """None of each unless named. ``locks_m``: how far hair falls in front of the shoulders."""

    hat: Literal["beanie", "cap", "brim"] | None = None
    hat_cloth: Cloth | None = None
    glasses: Literal["clear", "sun"] | None = None
    glasses_size: float = 0.75  # radius of a lens, in half eye distances
    bag: Literal["across", "backpack"] | None = None
    bag_colour: Colour = (40, 40, 44)
    locks_m: float = 0.0
    side: int = 1  # 1: the bag hangs at the person's right, its strap over the left shoulder


def accessories_on(
    t: Tailor, m: Measured, worn: Accessories, cut: HairCut | None, posed: Posed,
    profile: Profile | None,
) -> list[Mesh]:  # fmt: skip
    """Meshes of what is worn over an outfit whose outermost top hangs as ``profile`` says."""
    out: list[Mesh] = []
    if worn.hat and worn.hat_cloth:
        out += _hat(t, m, worn.hat, worn.hat_cloth, posed)
    if worn.glasses:
        out += _glasses(t, worn, posed)
    if profile is not None:
        if worn.bag == "across":
            out += _bag(t, worn, posed, profile)
        elif worn.bag == "backpack":
            out += _backpack(t, worn, posed, profile)
        if worn.locks_m and cut is not None:
            out += _locks(t, worn.locks_m, cut.hair, posed, profile)
    return out


def _on_head(t: Tailor, posed: Posed, local: np.ndarray) -> np.ndarray:
    """World points of (..., 3) half eye distances from between the eyes, y backwards."""
    j = t.body.joints
    half = float(np.linalg.norm(j["eye.L"] - j["eye.R"]) / 2)
    carry = posed.maps[PARTS.index("head")]
    return ((j["eye.L"] + j["eye.R"]) / 2 + half * local) @ carry[:, :3].T + carry[:, 3]


def _plate(outline: np.ndarray, middle: np.ndarray, thick: np.ndarray, cloth: Cloth) -> Mesh:
    """A thin plate: its outline (N, 3) seen from ``middle``, and its thickness as a vector."""
    ring = np.array([0 * outline + middle, outline, outline + thick, 0 * outline + middle + thick])
    flat = ring.reshape(-1, 3)
    return make_mesh(flat, outward(flat, loft(ring)), cloth)


def _hat(t: Tailor, m: Measured, form: str, cloth: Cloth, posed: Posed) -> list[Mesh]:
    fringe = {"beanie": -0.45, "cap": 0.05, "brim": 0.0}[form]
    crown = HairCut(cloth, 0.026 if form == "beanie" else 0.022, 0.0, fringe)
    out = hair(t, m, crown, posed, covers_ears=form == "beanie")
    if form == "beanie":
        return out
    edge = 1.55 + fringe
    a = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    if form == "cap":  # the peak juts out in front
        ahead = np.cos(a).clip(0)
        reach_x, reach_y = 2.1 * np.sin(a), -0.2 - 2.3 * ahead - 2.0 * ahead**0.5
        outline = np.stack([reach_x, reach_y, edge - 0.35 * ahead], 1)
    else:
        wide = 4.1 + 0.15 * np.sin(2 * a)
        outline = np.stack(
            [0.92 * wide * np.sin(a), 2.0 - wide * np.cos(a), edge - 0.45 + 0 * a], 1
        )
    middle = np.array([0, 2.0 if form == "brim" else -0.2, edge])
    world, centre = _on_head(t, posed, outline), _on_head(t, posed, middle)
    up = _on_head(t, posed, middle + np.eye(3)[2]) - centre
    return [*out, _plate(world, centre, 0.006 * up / np.linalg.norm(up), cloth)]


def _glasses(t: Tailor, worn: Accessories, posed: Posed) -> list[Mesh]:
    dark = Plain((24, 24, 26), 3, gloss=0.4)
    size, front = worn.glasses_size, -0.72
    out = []
    for side in (-1.0, 1.0):
        middle = np.array([side * 1.02, front, -0.05])
        if worn.glasses == "sun":
            ends = _on_head(t, posed, np.array([middle, middle + 0.08 * np.eye(3)[1]]))
            half_m = float(np.linalg.norm(ends[1] - ends[0])) / 0.08
            out.append(tube(ends[0], ends[1], size * half_m, dark))
        else:
            a = np.linspace(0, 2 * np.pi, 25)
            rim = middle + size * np.stack([np.cos(a), 0 * a, 0.85 * np.sin(a)], 1)
            out.append(roll(_on_head(t, posed, rim), np.full(25, 0.0022), dark, points=6))
        arm = np.array([[side * (1 + size), front, 0.1], [side * 2.35, 2.4, 0.15]])
        out.append(roll(_on_head(t, posed, arm), np.full(2, 0.002), dark, points=6))
    bridge = np.array([[-1.02 + size, front, 0.1], [1.02 - size, front, 0.1]])
    return [*out, roll(_on_head(t, posed, bridge), np.full(2, 0.002), dark, points=6)]


def _facing(posed: Posed) -> float:
    ahead = posed.maps[PARTS.index("trunk")][:, :3] @ np.array([0, -1.0, 0])
    return float(np.arctan2(ahead[1], ahead[0]))


def _on_cloth(profile: Profile, angle: np.ndarray, z: np.ndarray, off_m: float) -> np.ndarray:
    """World points (N, 3) that lie ``off_m`` off the cloth."""
    radius = profile.at(z, angle) + off_m
    xy = profile.centre + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.hstack([xy, z[:, None]])


def _over_shoulder(t: Tailor, posed: Posed, side: float) -> np.ndarray:
    """The top of a shoulder, half-way between neck and arm, (3,) in the world."""
    j, v = t.body.joints, t.body.vertices
    x = side * 0.55 * abs(j["shoulder.L"][0])
    near = (abs(v[:, 0] - x) < 0.015) & (v[:, 2] > j["shoulder.L"][2])
    trunk = t.body.weights[:, PARTS.index("trunk")] > 0.5
    picked = np.flatnonzero(near & trunk)
    at = picked[np.argmax(v[picked, 2])]
    return posed.move(v[[at]], t.body.weights[[at]])[0] + [0, 0, 0.022]


def _strap(
    t: Tailor, posed: Posed, profile: Profile, side: float, turns: tuple[float, float],
    end_z: float, colour: Colour,
) -> Mesh:  # fmt: skip
    """From a shoulder's top down over the cloth: ``turns`` are degrees left of straight ahead."""
    top = _over_shoulder(t, posed, side)
    share = np.linspace(0, 1, 24)
    z = profile.heights[0] - 0.05 + (end_z - profile.heights[0] + 0.05) * share
    angle = _facing(posed) + np.radians(turns[0] + (turns[1] - turns[0]) * share)
    path = np.vstack([top, _on_cloth(profile, angle, z, 0.007)])
    return roll(path, np.full(len(path), 0.011), Plain(colour, 5, gloss=0.1), points=8)


def _bag(t: Tailor, worn: Accessories, posed: Posed, profile: Profile) -> list[Mesh]:
    hip_z = (posed.joints["hip.L"][2] + posed.joints["hip.R"][2]) / 2
    end_z, side = max(hip_z - 0.02, profile.heights[-2]), float(worn.side)
    straps = [
        _strap(t, posed, profile, side, (side * start, -side * 92.0), end_z, worn.bag_colour)
        for start in (35.0,)
    ]
    straps.append(
        _strap(t, posed, profile, side, (side * 145.0, side * 268.0), end_z, worn.bag_colour)
    )
    angle = np.array([_facing(posed) - np.radians(side * 75.0)])
    at = _on_cloth(profile, angle, np.array([end_z - 0.06]), 0.05)[0]
    vertices, faces = box(at, np.array([0.1, 0.26, 0.2]), float(np.degrees(angle[0])))
    return [*straps, make_mesh(vertices, faces, Plain(worn.bag_colour, 6, gloss=0.12))]


def _backpack(t: Tailor, worn: Accessories, posed: Posed, profile: Profile) -> list[Mesh]:
    end_z = profile.heights[0] - 0.55 * t.torso_m
    out = [
        _strap(t, posed, profile, s, (s * 38.0, s * 82.0), end_z, worn.bag_colour)
        for s in (-1.0, 1.0)
    ]
    angle = np.array([_facing(posed) + np.pi])
    at = _on_cloth(profile, angle, np.array([profile.heights[0] - 0.5 * t.torso_m]), 0.07)[0]
    vertices, faces = box(at, np.array([0.13, 0.3, 0.44]), float(np.degrees(angle[0])))
    return [*out, make_mesh(vertices, faces, Plain(worn.bag_colour, 6))]


def _locks(
    t: Tailor, fall_m: float, strands: Hair | Cloth, posed: Posed, profile: Profile
) -> list[Mesh]:
    """Hair that falls from the temples in front of the shoulders."""
    out = []
    rng = np.random.default_rng(strands.seed)
    for side in (1.0, -1.0):
        for k in range(3):
            top = _on_head(t, posed, np.array([side * (2.15 + 0.1 * k), 1.2 + 0.5 * k, 1.0]))
            chin = _on_head(t, posed, np.array([side * (2.3 + 0.15 * k), 0.9 + 0.4 * k, -3.6]))
            end_z = profile.heights[0] - fall_m * (1 - 0.1 * k)
            z = np.linspace(profile.heights[0] - 0.01, end_z, 8)
            turn = np.radians(side * (24 + 13 * k + 6 * np.linspace(0, 1, 8)))
            low = _on_cloth(profile, _facing(posed) + turn, z, 0.012)
            low[:2] = 0.5 * low[:2] + 0.5 * np.array([chin[0], chin[1], 0])
            low[:2, 2] = z[:2]
            path = np.vstack([top, (top + chin) / 2, chin, low])
            path = path + 0.004 * rng.standard_normal(path.shape)
            radii = 0.021 * np.interp(np.linspace(0, 1, len(path)), [0, 0.6, 1], [1, 1.0, 0.35])
            out.append(roll(path, radii, strands, points=10))
    return out
