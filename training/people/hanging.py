"""Clothes that hang: cloth falls straight down from where the body is widest, and folds.

``wardrobe`` cuts clothes from the skin and keeps them near it. Here a top is pushed off the skin to
a profile about the upright axis of the posed trunk, and goes on below the hips as a tube about both
legs; a trouser leg is pushed to a profile about the leg's own axis. A profile is a radius at each
height and angle: the skin's outline, with some share of what would hang straight from the widest
outline above it, and room. Arms press a top in; it never lies inside the skin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.people.body import PARTS, Posed
from training.people.looks import noise
from training.people.meshes import Mesh, loft, make_mesh, outward, smooth, submesh, vertex_normals
from training.people.wardrobe import (
    SPARE_M,
    Bottom,
    Measured,
    Tailor,
    Top,
    outline,
    top_cut,
    trousers_cut,
)

STEP_M, ANGLES = 0.015, 72  # the grid of a profile
NEAR_M = 0.004  # cloth is never nearer to the skin than this
JOIN = (0.1, 0.4)  # share of the torso above mid-hip where a top's tube takes over from the skin


@dataclass(frozen=True)
class LooseTop(Top):
    """A top that hangs. ``hem`` may lie far below the hips; ``ease_m`` is the least room.

    Attributes
    ----------
    hang : 0 the cloth follows the skin, 1 it falls straight from the widest place above
    width_m : more room all round at the hips and below; ``flare_m`` more still at the hem
    sleeve_m, cuff_m : room in the sleeve, and at its end
    cinch : 0 no belt, 1 drawn in to the skin at the waist; ``rib`` the same at the hem
    tails_m : how much lower front and back hang than the sides
    fold_m : depth of the folds at the hem
    hood, collar_m : what lies about the neck
    """

    hang: float = 0.8
    width_m: float = 0.03
    flare_m: float = 0.0
    sleeve_m: float = 0.02
    cuff_m: float = 0.02
    cinch: float = 0.0
    rib: float = 0.0
    tails_m: float = 0.0
    fold_m: float = 0.006
    hood: bool = False
    collar_m: float = 0.0


@dataclass(frozen=True)
class LooseBottom(Bottom):
    """Trousers or shorts that hang from the thighs: ``hang`` as a top's, ``fold_m`` too."""

    hang: float = 0.8
    fold_m: float = 0.004


@dataclass(frozen=True)
class Profile:
    """Radii (K, A) about an upright axis through ``centre``, at ``heights`` (K,) going down."""

    centre: np.ndarray
    heights: np.ndarray
    radius: np.ndarray

    def at(self, z: np.ndarray, angle: np.ndarray) -> np.ndarray:
        """Radius at heights and angles, bilinear; beyond the ends the end's own."""
        k = ((self.heights[0] - z) / STEP_M).clip(0, len(self.heights) - 1.001)
        a = (angle / (2 * np.pi) * ANGLES) % ANGLES
        i, j = k.astype(int), a.astype(int) % ANGLES
        x, y = k - i, a - np.floor(a)
        r, right = self.radius, (j + 1) % ANGLES
        above = r[i, j] * (1 - y) + r[i, right] * y
        below = r[i + 1, j] * (1 - y) + r[i + 1, right] * y
        return above * (1 - x) + below * x

    def polar(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance from the axis, angle, and the outward direction (N, 3) of points."""
        d = points[:, :2] - self.centre
        far = np.linalg.norm(d, axis=1)
        out = np.hstack([d / far[:, None].clip(1e-6), np.zeros((len(points), 1))])
        return far, np.arctan2(d[:, 1], d[:, 0]), out


def _rise(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _level(radius: np.ndarray, times: int) -> np.ndarray:
    """Smoothed along heights and round the angles."""
    for _ in range(times):
        padded = np.pad(radius, ((1, 1), (0, 0)), mode="edge")
        radius = (padded[:-2] + 2 * radius + padded[2:]) / 4
        radius = (np.roll(radius, 1, 1) + 2 * radius + np.roll(radius, -1, 1)) / 4
    return radius


_TURN = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
_RAYS = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)


def _folds(heights: np.ndarray, radius: np.ndarray, seed: int) -> np.ndarray:
    """Upright folds, (K, A) in about -1..1: they run down and wander a little."""
    round_m = _RAYS[None] * radius.mean() + 0 * radius[:, :, None]
    down = np.broadcast_to(0.22 * heights[:, None, None], (*radius.shape, 1))
    points = np.concatenate([round_m, down], 2).reshape(-1, 3)
    wide, fine = noise(points, 0.075, seed), 0.4 * noise(points, 0.035, seed + 1)
    return (wide + fine).reshape(radius.shape)


def _reach(points: np.ndarray, centre: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Convex outline of points (N, 3) at each height, (K, A); empty heights repeat the last."""
    order = np.argsort(points[:, 2])
    z, flat = points[order, 2], points[order, :2]
    out = np.zeros((len(heights), ANGLES))
    for k, height in enumerate(heights):
        low, high = np.searchsorted(z, [height - STEP_M, height + STEP_M])
        if high - low >= 8:
            out[k] = outline(flat[low:high], centre, _TURN)
        elif k:
            out[k] = out[k - 1]
    return out


def _pressed(points: np.ndarray, profile: Profile) -> np.ndarray:
    """How near to the axis the arms' points come, (K, A); infinite where there is no arm."""
    far, angle, _ = profile.polar(points)
    k = np.round((profile.heights[0] - points[:, 2]) / STEP_M).astype(int)
    a = np.round(angle / (2 * np.pi) * ANGLES).astype(int)
    cap = np.full(profile.radius.shape, np.inf)
    for dk in (-1, 0, 1):
        for da in (-1, 0, 1):
            row = k + dk
            ok = (row >= 0) & (row < len(cap))
            np.minimum.at(cap, (row[ok], (a[ok] + da) % ANGLES), far[ok])
    return cap


def top_profile(
    t: Tailor, m: Measured, top: LooseTop, posed: Posed, inner: Profile | None, under: np.ndarray
) -> Profile:
    """Where a top hangs about the posed trunk and legs, outside an ``inner`` one.

    ``under`` (N, 3) are points of what is worn on the legs.
    """
    skin = posed.move(t.body.vertices, t.body.weights)
    shoulder, hip = (
        (posed.joints[n + ".L"] + posed.joints[n + ".R"]) / 2 for n in ("shoulder", "hip")
    )
    centre = (0.5 * shoulder + 0.5 * hip)[:2]
    hem_z = hip[2] + top.hem * t.torso_m - max(top.tails_m, 0)
    heights = np.arange(shoulder[2], min(hem_z, hip[2]) - 2 * STEP_M, -STEP_M)
    body = np.concatenate([skin[(m.arm < 0.1) & (m.head < 0.3)], under])
    reach = _reach(body, centre, heights)
    depth = (shoulder[2] - heights) / t.torso_m
    follow = reach + top.ease_m * _rise(depth / 0.3)[:, None]
    straight = np.maximum.accumulate(follow, axis=0)
    below = ((hip[2] - heights) / max(hip[2] - hem_z, 0.1)).clip(0, 1.2)
    room = top.width_m * _rise(depth / 0.9) + top.flare_m * below
    radius = _level(follow + top.hang * (straight - follow), 3) + room[:, None]
    drawn = np.zeros(len(heights))
    if top.cinch:
        drawn = top.cinch * np.exp(-(((depth - 0.68) / 0.09) ** 2))
    if top.rib:
        drawn = np.maximum(drawn, top.rib * _rise(1 - (heights - hem_z) / 0.07))
    radius = radius + drawn[:, None] * (reach + 0.012 - radius)
    # Above the join the skin's coarse triangles carry the cloth: folds begin there.
    deep = top.fold_m * (0.35 * _rise(depth / 0.5) + 0.65 * _rise((depth - 0.8) / 0.25))
    deep *= 1 - 0.6 * drawn
    radius = radius + deep[:, None] * _folds(heights, radius, top.cloth.seed)
    profile = Profile(centre, heights, radius)
    cap = _pressed(skin[m.arm > 0.6], profile)
    radius = np.minimum(radius, np.maximum(cap - 0.006, reach + 0.006))
    radius = np.maximum(_level(radius, 1), reach + NEAR_M)
    if inner is not None:
        k = min(len(radius), len(inner.radius))
        radius[:k] = np.maximum(radius[:k], inner.radius[:k] + 0.008)
    return replace(profile, radius=radius)


def loose_top(
    t: Tailor, m: Measured, top: LooseTop, posed: Posed, profile: Profile, covered: np.ndarray
) -> tuple[list[Mesh], np.ndarray]:
    """A top that hangs; and how far inside its edge each vertex of the body lies."""
    body = t.body
    low, high = JOIN  # another for each garment: no line of shade tells where the hips are
    hem = max(top.hem, low + (high - low) * (37 * top.cloth.seed % 101) / 101)
    cut = top_cut(t, replace(top, hem=hem, open_m=0.0))
    inside = cut(m)
    used, faces = submesh(body.faces, (inside[body.faces] > -SPARE_M).any(1))
    weights = body.weights[used]
    base = posed.move(body.vertices[used], weights)
    normals = vertex_normals(posed.move(body.vertices, body.weights), body.faces)[used]
    arm, arm_s = m.arm[used], m.arm_s[used]
    # A sleeve lies on the arm's upper side and hangs below the other.
    along = (arm_s / max(top.sleeve, 0.3)).clip(0, 1.1)
    room = top.sleeve_m * _rise(along / 0.5) * (1 - along**3) + top.cuff_m * along**3
    if top.sleeve < 1.2:  # a short one hangs straight from the widest of the shoulder
        room = top.sleeve_m + (top.cuff_m - top.sleeve_m) * along
        room = room + 0.012 * top.hang * _rise(arm_s / 0.6)
    down = 1 - 0.8 * normals[:, 2]
    wrinkle = 1 + 0.5 * noise(body.vertices[used], 0.06, top.cloth.seed + 3)
    ease = 0.5 * top.ease_m + 0.004 + (room * down * wrinkle) * _rise((arm - 0.2) / 0.5)
    out = base + normals * ease[:, None]
    far, angle, ray = profile.polar(out)
    shoulder_z = profile.heights[0]
    push = _rise((shoulder_z + 0.01 - out[:, 2]) / 0.12) * _rise((0.75 - arm) / 0.5)
    out = out + ray * (push * (profile.at(out[:, 2], angle) - far))[:, None]
    out = smooth(out, faces, 5)
    short = NEAR_M + 0.3 * top.ease_m - np.einsum("ij,ij->i", out - base, normals)
    out = out + normals * short.clip(0)[:, None]
    far, angle, ray = profile.polar(out)
    trunk = _rise((shoulder_z - 0.1 - out[:, 2]) / 0.08) * (arm < 0.05)
    out = out + ray * (trunk * (profile.at(out[:, 2], angle) - far))[:, None]
    hip_z = (posed.joints["hip.L"][2] + posed.joints["hip.R"][2]) / 2
    edge_z = hip_z + hem * t.torso_m
    if top.hem < hem:  # what is cut off below lies inside the tube, not in it
        out = out - ray * (0.008 * _rise((edge_z - out[:, 2]) / 0.025) * (arm < 0.05))[:, None]
    keep = np.where(inside[used] < -0.5, -1.0, cut(t.measure(body.vertices[used], used)))
    trunk_part = arm < 0.25
    above = out[:, 2] - edge_z + (0.003 if top.hem < hem else 0.0)
    keep = np.where(trunk_part & (keep > -0.5), np.minimum(keep + 0.03, above), keep)
    # What is seen up a wide sleeve or under a hem is not left out.
    hidden = inside - 0.02 - 1.5 * np.where(m.arm > 0.25, top.sleeve_m, top.width_m)
    if top.open_m:
        trunk_map = posed.maps[PARTS.index("trunk")]
        gap = _gap(t, top, (out - trunk_map[:, 3]) @ trunk_map[:, :3])
        front = body.vertices[used, 1] < body.joints["neck"][1] - 0.03
        keep = np.where(front & (keep > -0.5), np.minimum(keep, gap), keep)
        hidden = np.where(abs(m.points[:, 0]) < 2.5 * top.open_m + 0.05, -1.0, hidden)
    shown = (covered[used][faces] < 0.02).any(1)
    meshes = [make_mesh(out, faces[shown], top.cloth, rest=body.vertices[used], keep=keep)]
    if top.hem < hem:
        trunk_faces = faces[(arm[faces] < 0.05).all(1)]
        begin = _met(out, trunk_faces, profile, edge_z)
        meshes.append(_tube(t, top, posed, profile, edge_z, begin))
    if top.hood:
        meshes.append(_hood(t, top, posed))
    if top.collar_m:
        meshes.append(_collar(t, top, posed))
    hidden = np.where(m.torso < hem + 0.25, -1.0, hidden) if top.hem < hem else hidden
    return meshes, hidden


def _met(vertices: np.ndarray, faces: np.ndarray, profile: Profile, z: float) -> np.ndarray:
    """Radius (A,) at which rays from outside meet a mesh at a height; the profile's where none."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    scene = EmbreeScene(robust=True)
    TriangleMesh(scene, vertices.astype(np.float32), faces.astype(np.int32))
    rays = np.hstack([_RAYS, np.zeros((ANGLES, 1))]).astype(np.float32)
    eye = (np.array([*profile.centre, z]) + rays).astype(np.float32)  # a metre off the axis
    hit = scene.run(eye, -rays, output=True)
    own = profile.at(np.full(ANGLES, z), _TURN)
    met = 1 - hit["tfar"]
    return np.where((hit["primID"] >= 0) & (abs(met - own) < 0.05), met, own)


def _tube(
    t: Tailor, top: LooseTop, posed: Posed, profile: Profile, from_z: float, begin: np.ndarray
) -> Mesh:
    """The part of a top below the waist: one tube about hips and thighs, of radius ``begin`` (A,)
    where it takes over."""
    hip_z = (posed.joints["hip.L"][2] + posed.joints["hip.R"][2]) / 2
    pelvis, trunk = (posed.maps[PARTS.index(p)] for p in ("pelvis", "trunk"))
    ahead = trunk[:, :3] @ np.array([0, -1.0, 0])
    facing = np.cos(_TURN - np.arctan2(ahead[1], ahead[0]))
    uneven = 0.006 * noise(np.stack([_TURN, 0 * _TURN], 1), 0.8, top.cloth.seed)
    hem_z = hip_z + top.hem * t.torso_m - top.tails_m * (facing**2 - 0.4) + uneven
    rings = max(4, int((from_z - hem_z.min()) / STEP_M) + 1)
    share = np.linspace(0, 1, rings)[:, None]
    z = from_z + (hem_z - from_z) * share
    radius = profile.at(z.ravel(), np.tile(_TURN, rings)).reshape(z.shape)
    radius += (begin - radius[0]) * (1 - _rise((from_z - z) / 0.08))
    xy = profile.centre + _RAYS[None] * radius[:, :, None]
    ring = np.concatenate([xy, z[:, :, None]], 2)
    hem = ring[-1:] + np.array([0, 0, 0.004])  # turned in, so that the edge has some thickness
    hem[0, :, :2] -= 0.004 * _RAYS
    ring = np.concatenate([ring, hem])
    flat = ring.reshape(-1, 3)
    rest = (flat - pelvis[:, 3]) @ pelvis[:, :3]
    keep = np.ones(len(flat))
    if top.open_m:
        keep = np.where(np.tile(facing, len(ring)) > 0.2, _gap(t, top, rest), 1.0)
    return make_mesh(flat, outward(flat, loft(ring)), top.cloth, rest=rest, keep=keep)


def _gap(t: Tailor, top: LooseTop, rest: np.ndarray) -> np.ndarray:
    """How far beside the gap of an open front points (N, 3) of the cloth lie, metres."""
    torso = (rest[:, 2] - t.body.joints["hip.L"][2]) / t.torso_m
    return abs(rest[:, 0]) - top.open_m * (1 + 0.6 * (1 - torso).clip(0, 1.6))


def roll(
    path: np.ndarray, radii: np.ndarray, material: object, flat: float = 1.0, points: int = 14
) -> Mesh:
    """A roll along a path (N, 3) of radii (N,), squeezed upwards by ``flat``."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    up = np.array([0, 0, 1.0]) - along * along[:, 2:]
    up /= np.linalg.norm(up, axis=1, keepdims=True).clip(1e-6)
    across = np.cross(along, up)
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    ring = (
        path[:, None]
        + radii[:, None, None] * np.cos(angles)[None, :, None] * across[:, None]
        + flat * radii[:, None, None] * np.sin(angles)[None, :, None] * up[:, None]
    )
    vertices = ring.reshape(-1, 3)
    return make_mesh(vertices, outward(vertices, loft(ring)), material)


def _about_neck(t: Tailor, posed: Posed, degrees: np.ndarray, wide: float) -> np.ndarray:
    """Points (N, 3) round the neck's root, 0 behind, in the world; ``wide`` times its size."""
    neck = t.body.joints["neck"]
    size_x, size_y = 0.35 * abs(t.body.joints["shoulder.L"][0]), 0.062
    a = np.radians(degrees)
    local = np.stack(
        [
            size_x * wide * np.sin(a),
            size_y * wide * np.cos(a) - 0.005,
            -0.012 - 0.05 * (a / 3) ** 2,
        ],
        1,
    )
    trunk = posed.maps[PARTS.index("trunk")]
    return (neck + local) @ trunk[:, :3].T + trunk[:, 3]


def _hood(t: Tailor, top: LooseTop, posed: Posed) -> Mesh:
    """A hood that lies down: thick behind the neck, thin at the throat."""
    degrees = np.linspace(-155, 155, 33)
    thick = 0.018 + 0.032 * np.cos(np.radians(degrees / 2)) ** 4
    path = _about_neck(t, posed, degrees, 1.12) + np.stack([0 * thick, 0.5 * thick, 0.1 * thick], 1)
    return roll(path, thick, top.cloth, 1.1)


def _collar(t: Tailor, top: LooseTop, posed: Posed) -> Mesh:
    """A shirt's or a jacket's collar, or the thick neck of a jumper."""
    degrees = np.linspace(-150, 150, 33)
    return roll(
        _about_neck(t, posed, degrees, 1.0), np.full(33, 0.4 * top.collar_m), top.cloth, 1.6
    )


def loose_trousers(
    t: Tailor, m: Measured, bottom: LooseBottom, posed: Posed
) -> tuple[Mesh, np.ndarray]:
    """Trousers whose legs hang from the thighs; cut and carried as ``wardrobe``'s are."""
    body = t.body
    cut = trousers_cut(t, bottom)
    inside = cut(m)
    used, faces = submesh(body.faces, (inside[body.faces] > -SPARE_M).any(1))
    base, normals = body.vertices[used], t.normals[used]
    out = base + normals * (0.005 + 0.3 * bottom.ease_m)
    part_of = {s: body.weights[used][:, [PARTS.index(p + s) for p in ("thigh", "calf", "foot")]]
               for s in (".L", ".R")}  # fmt: skip
    for side in (".L", ".R"):
        share = part_of[side].sum(1)
        mine = np.flatnonzero(share > 0.3)
        hip, knee, ankle = (body.joints[n + side] for n in ("hip", "knee", "ankle"))

        def axis_at(z: np.ndarray, ends=(hip, knee, ankle)) -> np.ndarray:
            heights = [p[2] for p in ends[::-1]]
            return np.stack([np.interp(z, heights, [p[i] for p in ends[::-1]]) for i in (0, 1)], 1)

        points = base[mine].copy()
        points[:, :2] -= axis_at(points[:, 2])
        heights = np.arange(hip[2], ankle[2] - 0.03, -STEP_M)
        reach = _reach(points[share[mine] > 0.6], np.zeros(2), heights)
        filled = np.where(reach > 0, reach, reach[reach > 0].mean())
        down = ((hip[2] - heights) / (hip[2] - ankle[2])).clip(0, 1)
        follow = filled + 0.005 + 0.4 * bottom.ease_m
        # Hangs from the upper thigh, not from the hip: the groin's outline is no leg's.
        begin = int(0.16 * (hip[2] - knee[2]) / STEP_M) + 2
        straight = follow.copy()
        straight[begin:] = np.maximum.accumulate(follow[begin:], axis=0)
        room = bottom.ease_m * _rise(down / 0.35) + bottom.flare_m * down**2
        radius = _level(follow + bottom.hang * (straight - follow), 3) + room[:, None]
        deep = bottom.fold_m * _rise(down / 0.3) * (1 + _rise((down - 0.7) / 0.3))
        radius += deep[:, None] * _folds(heights, radius, bottom.cloth.seed + (side == ".R"))
        radius = np.maximum(radius, filled + NEAR_M)
        profile = Profile(np.zeros(2), heights, radius)
        moved = out[mine].copy()
        middle = axis_at(moved[:, 2])
        moved[:, :2] -= middle
        far, angle, ray = profile.polar(moved)
        push = _rise((share[mine] - 0.4) / 0.4) * _rise((hip[2] - moved[:, 2]) / 0.1)
        moved += ray * (push * (profile.at(moved[:, 2], angle) - far))[:, None]
        moved[:, :2] += middle
        out[mine] = moved
    out = smooth(out, faces, 3)
    short = NEAR_M - np.einsum("ij,ij->i", out - base, normals)
    out = out + normals * short.clip(0)[:, None]
    keep = np.where(inside[used] < -0.5, -1.0, cut(t.measure(base, used)))
    world = posed.move(out, body.weights[used])
    hidden = inside - 1.5 * np.where(m.leg > 0.5, bottom.ease_m + bottom.flare_m, 0.0)
    return make_mesh(world, faces, bottom.cloth, rest=out, keep=keep), hidden
