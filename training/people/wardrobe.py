"""Clothes, shoes and hair, cut from the body's own skin in the rest pose and carried by its bones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from training.people.body import PARTS, Body, Posed
from training.people.looks import EYE, SKIN, Cloth, Hair, Shoe, Skin
from training.people.meshes import Mesh, loft, make_mesh, smooth, submesh, vertex_normals

SPARE_M = 0.05  # cloth beyond the cut, so that the smoothing's rim is never seen
COVERED_M = 0.02  # skin this far inside a garment's edge is left out, so that none pokes through


@dataclass(frozen=True)
class Top:
    """Something worn on the trunk. ``sleeve`` is a share of the arm: 1 elbow, 2 wrist."""

    cloth: Cloth
    sleeve: float
    hem: float  # share of the torso above mid-hip; negative hangs below it
    ease_m: float
    neck_m: float = 0.0  # how much deeper than the neck's root the front is cut
    open_m: float = 0.0  # half width of the gap of an open jacket


@dataclass(frozen=True)
class Bottom:
    """Trousers, shorts or a skirt. ``length`` is a share of the leg: 1 knee, 2 ankle."""

    kind: Literal["trousers", "skirt"]
    cloth: Cloth
    length: float
    ease_m: float
    flare_m: float


@dataclass(frozen=True)
class Footwear:
    """Shoes or, with no sole, socks."""

    shoe: Shoe
    sole_m: float
    ease_m: float


@dataclass(frozen=True)
class HairCut:
    """A cap of hair, and how far it falls behind the ears (0: it does not)."""

    hair: Hair
    volume_m: float
    fall_m: float
    fringe: float  # moves the hairline, in half eye distances


@dataclass(frozen=True)
class Outfit:
    """All that a person wears."""

    skin: Skin
    tops: tuple[Top, ...]
    bottom: Bottom
    footwear: Footwear | None
    hair: HairCut | None


@dataclass(frozen=True)
class Tailor:
    """Coordinates of each vertex of a body that garments are cut by, in the rest pose."""

    body: Body
    normals: np.ndarray
    arm: np.ndarray
    arm_s: np.ndarray
    leg: np.ndarray
    leg_s: np.ndarray
    torso: np.ndarray

    @classmethod
    def of(cls, body: Body) -> Tailor:
        """Measure a body."""
        v, w, j = body.vertices, body.weights, body.joints
        share = {p: w[:, i] for i, p in enumerate(PARTS)}

        def along(first: str, second: str, side: str) -> tuple[np.ndarray, float]:
            axis = j[second + side] - j[first + side]
            return (v - j[first + side]) @ axis / (axis @ axis), float(np.linalg.norm(axis))

        def chain(a: str, b: str, c: str, upper: str, lower: str, end: str):
            total, s = np.zeros(len(v)), np.zeros(len(v))
            for side in (".L", ".R"):
                u, _ = along(a, b, side)
                f, _ = along(b, c, side)
                wu, wl = share[upper + side], share[lower + side] + share[end + side]
                total += wu + wl
                s += wu * u + wl * (1 + f)
            return total, s / total.clip(1e-6)

        arm, arm_s = chain("shoulder", "elbow", "wrist", "upper_arm", "forearm", "hand")
        leg, leg_s = chain("hip", "knee", "ankle", "thigh", "calf", "foot")
        hip_z = (j["hip.L"][2] + j["hip.R"][2]) / 2
        shoulder_z = (j["shoulder.L"][2] + j["shoulder.R"][2]) / 2
        return cls(
            body=body,
            normals=vertex_normals(v, body.faces),
            arm=arm,
            arm_s=np.where(arm > 0.02, arm_s, -1.0),
            leg=leg,
            leg_s=np.where(leg > 0.02, leg_s, -1.0),
            torso=(v[:, 2] - hip_z) / (shoulder_z - hip_z),
        )

    def length_m(self, a: str, b: str) -> float:
        """Distance of two left-side joints."""
        j = self.body.joints
        return float(np.linalg.norm(j[a + ".L"] - j[b + ".L"]))


def _drape(t: Tailor, keep: np.ndarray, ease_m: np.ndarray, steps: int, posed: Posed, material):
    """A garment over the region where ``keep`` > 0, ``ease_m`` off the skin, smoothed."""
    body = t.body
    used, faces = submesh(body.faces, (keep[body.faces] > -SPARE_M).any(1))
    base, normals, ease = body.vertices[used], t.normals[used], ease_m[used]
    out = smooth(base + normals * ease[:, None], faces, steps)
    inside = ease * 0.7 - np.einsum("ij,ij->i", out - base, normals)
    out = out + normals * inside.clip(0)[:, None]
    return make_mesh(
        posed.move(out, body.weights[used]), faces, material, rest=out, keep=keep[used]
    )


def _top(t: Tailor, top: Top, posed: Posed) -> tuple[Mesh, np.ndarray]:
    body = t.body
    v, j = body.vertices, body.joints
    torso_m = j["shoulder.L"][2] - j["hip.L"][2]
    hem = (t.torso - top.hem) * torso_m
    front = np.clip((j["neck"][1] - v[:, 1]) / 0.06, 0, 1)
    neck_root = j["neck"][2] + 0.012
    collar = neck_root - v[:, 2] + 0.55 * (v[:, 1] - j["neck"][1]) - top.neck_m * front
    collar = np.where(t.arm > 0.3, 1.0, collar)
    upper_m = t.length_m("shoulder", "elbow")
    sleeve = np.where(t.arm > 0.25, (top.sleeve - t.arm_s) * upper_m, 1.0)
    hem = np.where(t.arm > 0.25, 1.0, hem)
    keep = np.minimum(np.minimum(hem, collar), sleeve)
    keep = np.where(body.weights[:, PARTS.index("head")] > 0.5, -1.0, keep)
    # Loose cloth hangs from chest and shoulders: more room low on the trunk and at the cuffs.
    low = np.clip(1 - t.torso, 0, 1)
    ease = np.where(
        t.arm > 0.5,
        0.004 + top.ease_m * (0.5 + 0.25 * t.arm_s.clip(0, 1)),
        0.006 + top.ease_m * (0.3 + 0.9 * low),
    )
    mesh = _drape(t, keep, ease, int(4 + 500 * top.ease_m), posed, top.cloth)
    if top.open_m:
        gap = abs(mesh.rest[:, 0]) - top.open_m * (1 + 0.6 * (1 - np.clip(
            (mesh.rest[:, 2] - j["hip.L"][2]) / torso_m, 0, 1)))  # fmt: skip
        gap = np.where(mesh.rest[:, 1] < j["neck"][1] - 0.03, gap, 1.0)
        mesh = replace(mesh, keep=np.minimum(mesh.keep, gap))
        keep = np.where(v[:, 1] < j["neck"][1] - 0.03, np.minimum(keep, abs(v[:, 0]) - 0.12), keep)
    return mesh, keep


def _trousers(t: Tailor, bottom: Bottom, posed: Posed) -> tuple[Mesh, np.ndarray]:
    j = t.body.joints
    torso_m = j["shoulder.L"][2] - j["hip.L"][2]
    calf_m = t.length_m("knee", "ankle")
    waist = (0.30 - t.torso) * torso_m
    leg = np.where(t.leg > 0.5, (bottom.length - t.leg_s) * calf_m, 1.0)
    keep = np.where(t.arm > 0.1, -1.0, np.minimum(waist, leg))
    ease = 0.005 + np.where(
        t.leg > 0.5,
        bottom.ease_m * (0.4 + 0.4 * t.leg_s.clip(0, 2)) + bottom.flare_m * (t.leg_s / 2).clip(0, 1) ** 2,
        0.3 * bottom.ease_m,
    )
    return _drape(t, keep, ease, int(3 + 300 * bottom.ease_m), posed, bottom.cloth), keep


SKIRT_RINGS, SKIRT_POINTS = 24, 48


def _skirt(t: Tailor, bottom: Bottom, posed: Posed) -> Mesh:
    """A skirt hangs: rings about the posed hips and legs, never narrower further down."""
    body = t.body
    skin_points = posed.move(body.vertices, body.weights)[t.arm < 0.1]
    hip, knee, ankle = (
        (posed.joints[n + ".L"] + posed.joints[n + ".R"]) / 2 for n in ("hip", "knee", "ankle")
    )
    torso_m = body.joints["shoulder.L"][2] - body.joints["hip.L"][2]
    hem_z = np.interp(bottom.length, [0, 1, 2], [hip[2], knee[2], ankle[2]])
    heights = np.linspace(hip[2] + 0.26 * torso_m, hem_z, SKIRT_RINGS)
    angles = np.linspace(0, 2 * np.pi, SKIRT_POINTS, endpoint=False)
    rays = np.stack([np.cos(angles), np.sin(angles)], 1)
    radius = np.zeros(SKIRT_POINTS)
    rings = []
    for i, z in enumerate(heights):
        near = skin_points[abs(skin_points[:, 2] - z) < 0.03][:, :2] - hip[:2]
        reach = (near @ rays.T).max(0) if len(near) else radius
        down = i / (SKIRT_RINGS - 1)
        fold = 0.006 * down * np.sin(angles * 9 + bottom.cloth.seed)
        radius = np.maximum(radius * 0.995, reach + 0.008 + bottom.ease_m * down)
        ring = rays * (radius + fold + bottom.flare_m * down)[:, None]
        rings.append(np.hstack([ring + hip[:2], np.full((SKIRT_POINTS, 1), z)]))
    vertices = np.array(rings)
    return make_mesh(vertices.reshape(-1, 3), loft(vertices), bottom.cloth)


SHOE_POINTS, SHOE_RINGS = 48, 9


def _outline(points: np.ndarray, centre: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Radius of the convex outline of 2D points, seen from ``centre`` at each angle."""
    spread = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    support = ((points - centre) @ np.stack([np.cos(spread), np.sin(spread)])).max(0)
    facing = np.cos(angles[:, None] - spread)
    return np.where(facing > 0.15, support / facing.clip(0.15), np.inf).min(1)


def _shoe(t: Tailor, wear: Footwear, side: str, posed: Posed) -> Mesh:
    """One shoe: the foot's outline, drawn in towards the ankle, on a flat sole."""
    body, v = t.body, t.body.vertices
    part = PARTS.index("foot" + side)
    ankle = body.joints["ankle" + side]
    foot = v[(body.weights[:, part] > 0.4) & (v[:, 2] < ankle[2] + 0.03)]
    top = ankle[2] + 0.004
    angles = np.linspace(0, 2 * np.pi, SHOE_POINTS, endpoint=False)
    rays = np.stack([np.cos(angles), np.sin(angles)], 1)
    middle = (foot[:, :2].min(0) + foot[:, :2].max(0)) / 2
    heights = np.linspace(0.012, top, SHOE_RINGS)
    rings = [np.hstack([0 * rays + middle, np.full((SHOE_POINTS, 1), -wear.sole_m)])]
    ground = _outline(foot[:, :2], middle, angles)
    for z, ease in ((-wear.sole_m, 0.005), (-0.001, 0.007), (0.0, 0.004)):
        rings.append(np.hstack([rays * (ground + ease)[:, None] + middle, np.full((SHOE_POINTS, 1), z)]))
    for z in heights:
        above = foot[foot[:, 2] > z - 0.004, :2]
        share = (z - heights[0]) / (top - heights[0])
        centre = middle + (ankle[:2] - middle) * share  # the rings move back to the ankle
        radius = _outline(above, centre, angles) + wear.ease_m * (1 - 0.4 * share)
        rings.append(np.hstack([rays * radius[:, None] + centre, np.full((SHOE_POINTS, 1), z)]))
    rest = np.array(rings)
    flat = rest.reshape(-1, 3)
    faces = loft(rest)
    faces = faces if np.cross(*(flat[faces[200, k]] - flat[faces[200, 0]] for k in (1, 2))) @ (
        flat[faces[200, 0]] - [*middle, 0.03]) > 0 else faces[:, ::-1]  # fmt: skip
    carry = posed.maps[part]
    return make_mesh(flat @ carry[:, :3].T + carry[:, 3], faces, wear.shoe, rest=flat)


def _footwear(t: Tailor, wear: Footwear, posed: Posed) -> tuple[list[Mesh], np.ndarray]:
    body, v = t.body, t.body.vertices
    foot = body.weights[:, [PARTS.index("foot.L"), PARTS.index("foot.R")]].sum(1)
    ankle_z = body.joints["ankle.L"][2]
    if wear.sole_m:
        keep = np.where(foot > 0.4, ankle_z + 0.004 - v[:, 2], -1.0)
        return [_shoe(t, wear, side, posed) for side in (".L", ".R")], keep
    keep = np.where(t.leg_s > 1.5, ankle_z + 0.08 - v[:, 2], -1.0)
    sock = _drape(t, keep, np.full(len(v), wear.ease_m), 6, posed, wear.shoe)
    return [sock], keep


def _hair(t: Tailor, cut: HairCut, posed: Posed) -> list[Mesh]:
    body = t.body
    v = body.vertices
    eye = (body.joints["eye.L"] + body.joints["eye.R"]) / 2
    half = np.linalg.norm(body.joints["eye.L"] - body.joints["eye.R"]) / 2
    q = (v - eye) / half
    line = 1.75 + cut.fringe - 0.62 * (q[:, 1] + 0.3).clip(0) - 0.18 * (q[:, 0] ** 2).clip(0, 4)
    keep = (q[:, 2] - line) * half
    keep = np.where(body.weights[:, PARTS.index("head")] > 0.3, keep, -0.05)
    ear_y = v[body.ear_vertices[0], 1]
    for ear in body.ear_vertices:
        if cut.fall_m == 0:
            near = np.linalg.norm((v - v[ear] - [0, 0.0, -0.2 * half]) / half, axis=1)
            keep = np.minimum(keep, (near - 1.05) * half)
    strand = 0.25 * cut.volume_m * np.sin(23 * q[:, 0] + 3 * q[:, 1])
    ease = cut.volume_m * np.clip(0.35 + keep / 0.05, 0.35, 1) + strand * 0.2
    cap = _drape(t, keep, ease, 4, posed, cut.hair)
    if cut.fall_m == 0:
        return [cap]
    # Long hair: a shell around the back of the head that hangs straight down.
    head = posed.maps[PARTS.index("head")]
    centre = np.array([0, ear_y + 0.6 * half, eye[2]])
    world = head[:, :3] @ centre + head[:, 3]
    ahead = head[:, :3] @ np.array([0, -1.0, 0])
    yaw = np.arctan2(ahead[0], -ahead[1])
    rings, rest = [], []
    angles = np.radians(np.linspace(-118, 118, 49))
    for i, down in enumerate(np.linspace(-0.07, cut.fall_m, 20)):
        s = i / 19
        wave = 1 + 0.03 * np.sin(angles * 14 + 3 * s)
        reach_x = (2.55 * half + cut.volume_m * 0.8 + 0.02 * s) * wave
        reach_y = (2.45 * half + cut.volume_m * 0.8 + 0.035 * s) * wave
        shut = np.clip((down + 0.07) / 0.09, 0.55, 1)
        x, y = np.sin(angles) * reach_x * shut, np.cos(angles) * reach_y * shut
        c, k = np.cos(yaw), np.sin(yaw)
        offset = np.stack([c * x - k * y, k * x + c * y, np.full_like(x, -down)], 1)
        inner = 0.965
        rings.append(np.concatenate([world + offset, (world + offset * [inner, inner, 1])[::-1]]))
        flat = np.stack([x, y, np.full_like(x, -down)], 1)
        rest.append(np.concatenate([flat, flat[::-1]]) + centre)
    shell = np.array(rings)
    mesh = make_mesh(
        shell.reshape(-1, 3), loft(shell), cut.hair, rest=np.array(rest).reshape(-1, 3)
    )
    return [cap, mesh]


def dress(body: Body, outfit: Outfit, posed: Posed) -> list[Mesh]:
    """Everything of one person that a camera can see, posed: skin first."""
    t = Tailor.of(body)
    out: list[Mesh] = []
    covered = np.full(len(body.vertices), -1.0)
    for top in outfit.tops:
        mesh, keep = _top(t, top, posed)
        out.append(mesh)
        covered = np.maximum(covered, keep)
    if outfit.bottom.kind == "skirt":
        out.append(_skirt(t, outfit.bottom, posed))
    else:
        mesh, keep = _trousers(t, outfit.bottom, posed)
        out.append(mesh)
        covered = np.maximum(covered, keep)
    if outfit.footwear is not None:
        worn, keep = _footwear(t, outfit.footwear, posed)
        out += worn
        covered = np.maximum(covered, keep)
    if outfit.hair is not None:
        out += _hair(t, outfit.hair, posed)
    shown = (covered[body.faces] < COVERED_M).any(1) & ~body.inner_faces
    skin_mesh = make_mesh(
        posed.move(body.vertices, body.weights),
        body.faces[shown],
        outfit.skin,
        rest=body.vertices,
        uv=body.face_uv[shown],
        part=np.where(body.eye_faces[shown], EYE, SKIN),
    )
    return [skin_mesh, *out]
