"""Clothes, shoes and hair, cut from the body's skin in the rest pose and carried by its bones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from training.people.body import PARTS, Body, Posed
from training.people.looks import Cloth, Hair, Shoe, Skin, noise
from training.people.meshes import Mesh, loft, make_mesh, outward, smooth, submesh

if TYPE_CHECKING:
    from training.people.accessories import Accessories

TO_THE_FLOOR = 2.2  # length of a skirt, as a share of the leg, that ends at the soles
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
    """Trousers, shorts or a skirt. ``length`` is a share of the leg: 1 knee, 2 ankle.

    A skirt may be longer, up to ``TO_THE_FLOOR``.
    """

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

    hair: Hair | Cloth
    volume_m: float
    fall_m: float
    fringe: float  # moves the hairline, in half eye distances


@dataclass(frozen=True)
class Outfit:
    """All that a person wears; ``over`` is a skirt over the rest: the lower half of a coat."""

    skin: Skin
    tops: tuple[Top, ...]
    bottom: Bottom
    footwear: Footwear | None
    hair: HairCut | None
    over: Bottom | None = None
    accessories: Accessories | None = None


@dataclass(frozen=True)
class Measured:
    """Coordinates that garments are cut by, of points that belong to a body's vertices.

    ``arm`` and ``leg`` are the shares of those limbs in the points' weights; ``arm_s`` runs along
    the arm, 0 shoulder, 1 elbow, 2 wrist, ``leg_s`` 0 hip, 1 knee, 2 ankle; ``torso`` 0 mid-hip to
    1 shoulders; all in the rest pose.
    """

    points: np.ndarray
    arm: np.ndarray
    arm_s: np.ndarray
    leg: np.ndarray
    leg_s: np.ndarray
    torso: np.ndarray
    head: np.ndarray


@dataclass(frozen=True)
class Tailor:
    """A body, ready to be measured."""

    body: Body
    normals: np.ndarray

    def measure(self, points: np.ndarray, index: np.ndarray) -> Measured:
        """Measure ``points`` (N, 3) that lie on or off the body's vertices ``index`` (N,)."""
        w, j = self.body.weights[index], self.body.joints
        share = {p: w[:, i] for i, p in enumerate(PARTS)}

        def along(first: str, second: str) -> np.ndarray:
            axis = j[second] - j[first]
            return (points - j[first]) @ axis / (axis @ axis)

        def chain(a: str, b: str, c: str, upper: str, lower: str, end: str):
            total, s = np.zeros(len(points)), np.zeros(len(points))
            for side in (".L", ".R"):
                wu, wl = share[upper + side], share[lower + side] + share[end + side]
                total += wu + wl
                s += wu * along(a + side, b + side) + wl * (1 + along(b + side, c + side))
            return total, np.where(total > 0.02, s / total.clip(1e-6), -1.0)

        arm, arm_s = chain("shoulder", "elbow", "wrist", "upper_arm", "forearm", "hand")
        leg, leg_s = chain("hip", "knee", "ankle", "thigh", "calf", "foot")
        torso = (points[:, 2] - j["hip.L"][2]) / self.torso_m
        return Measured(points, arm, arm_s, leg, leg_s, torso, share["head"])

    @property
    def torso_m(self) -> float:
        """Height of the shoulders over the hips in the rest pose."""
        j = self.body.joints
        return float(j["shoulder.L"][2] - j["hip.L"][2])

    def length_m(self, a: str, b: str) -> float:
        """Distance of two left-side joints."""
        j = self.body.joints
        return float(np.linalg.norm(j[a + ".L"] - j[b + ".L"]))


Cut = Callable[[Measured], np.ndarray]  # how far inside a garment's edge points lie, metres


def _drape(
    t: Tailor,
    all_over: Measured,
    cut: Cut,
    ease_m: np.ndarray,
    steps: int,
    posed: Posed,
    material: Cloth | Shoe | Hair,
    covered: np.ndarray,
) -> tuple[Mesh, np.ndarray]:
    """A garment over the region that ``cut`` keeps, ``ease_m`` off the skin, smoothed.

    What outer garments cover, ``covered`` (V,) metres inside their edges, is left out. Returns the
    garment and how far inside its edge each vertex of the body lies.
    """
    body = t.body
    inside = cut(all_over)
    used, faces = submesh(body.faces, (inside[body.faces] > -SPARE_M).any(1))
    base, normals, ease = body.vertices[used], t.normals[used], ease_m[used]
    out = smooth(base + normals * ease[:, None], faces, steps)
    short = ease * 0.7 - np.einsum("ij,ij->i", out - base, normals)
    out = out + normals * short.clip(0)[:, None]
    # The edge is cut where the cloth lies, not where the skin does: else it would ripple.
    keep = np.where(inside[used] < -0.5, -1.0, cut(t.measure(out, used)))
    world = posed.move(out, body.weights[used])
    faces = faces[(covered[used][faces] < COVERED_M).any(1)]
    return make_mesh(world, faces, material, rest=out, keep=keep), inside


def top_cut(t: Tailor, top: Top) -> Cut:
    """How far inside a top's collar, hem, cuffs and opening points lie."""
    j = t.body.joints
    neck = j["neck"]
    upper_m = t.length_m("shoulder", "elbow")

    def cut(m: Measured) -> np.ndarray:
        hem = np.where(m.arm > 0.25, 1.0, (m.torso - top.hem) * t.torso_m)
        back_m = m.points[:, 1] - neck[1]
        front = np.clip(-back_m / 0.06, 0, 1)
        collar = neck[2] + 0.012 - m.points[:, 2] + 0.55 * back_m - top.neck_m * front
        collar = 2.5 * collar + m.arm  # steeper, as skin pokes through a collar first
        sleeve = np.where(m.arm > 0.25, (top.sleeve - m.arm_s) * upper_m, 1.0)
        keep = np.minimum(np.minimum(hem, collar), sleeve)
        if top.open_m:
            low = np.clip(1 - m.torso, 0, 1)
            gap = abs(m.points[:, 0]) - top.open_m * (1 + 0.6 * low)
            keep = np.where(back_m < -0.03, np.minimum(keep, gap), keep)
        return np.where(m.head > 0.5, -1.0, keep)

    return cut


def fitted_top(
    t: Tailor, m: Measured, top: Top, posed: Posed, covered: np.ndarray
) -> tuple[Mesh, np.ndarray]:
    cut = top_cut(t, top)
    # Loose cloth hangs from chest and shoulders: more room low on the trunk and at the cuffs.
    low = np.clip(1 - m.torso, 0, 1)
    ease = np.where(
        m.arm > 0.5,
        0.004 + top.ease_m * (0.25 + 0.35 * m.arm_s.clip(0, 1.5)),
        0.006 + top.ease_m * (0.3 + 0.9 * low),
    )
    return _drape(t, m, cut, ease, int(12 + 500 * top.ease_m), posed, top.cloth, covered)


def trousers_cut(t: Tailor, bottom: Bottom) -> Cut:
    """How far inside the waist and hems of trousers points lie."""
    calf_m = t.length_m("knee", "ankle")

    def cut(m: Measured) -> np.ndarray:
        waist = (0.30 - m.torso) * t.torso_m
        leg = np.where(m.leg > 0.5, (bottom.length - m.leg_s) * calf_m, 1.0)
        return np.where(m.arm > 0.1, -1.0, np.minimum(waist, leg))

    return cut


def fitted_trousers(
    t: Tailor, m: Measured, bottom: Bottom, posed: Posed, covered: np.ndarray
) -> tuple[Mesh, np.ndarray]:
    cut = trousers_cut(t, bottom)
    down = (m.leg_s / 2).clip(0, 1)
    ease = 0.005 + np.where(
        m.leg > 0.5,
        bottom.ease_m * (0.4 + 0.8 * down) + bottom.flare_m * down**2,
        0.3 * bottom.ease_m,
    )
    return _drape(t, m, cut, ease, int(3 + 300 * bottom.ease_m), posed, bottom.cloth, covered)


def outline(points: np.ndarray, centre: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Radius of the convex outline of 2D points, seen from ``centre`` at each angle."""
    spread = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    support = ((points - centre) @ np.stack([np.cos(spread), np.sin(spread)])).max(0)
    facing = np.cos(angles[:, None] - spread)
    return np.where(facing > 0.15, support / facing.clip(0.15), np.inf).min(1)


SKIRT_RINGS, SKIRT_POINTS = 24, 48
SKIRT_OFF_M = 0.02  # off the skin at the waist: a top is tucked in


def skirt(t: Tailor, m: Measured, bottom: Bottom, posed: Posed) -> Mesh:
    """A skirt hangs: rings about the posed hips and legs, never narrower further down."""
    body = t.body
    skin_points = posed.move(body.vertices, body.weights)[m.arm < 0.1]
    hip, knee, ankle = (
        (posed.joints[n + ".L"] + posed.joints[n + ".R"]) / 2 for n in ("hip", "knee", "ankle")
    )
    floor_z = skin_points[:, 2].min()
    hem_z = np.interp(bottom.length, [0, 1, 2, TO_THE_FLOOR], [hip[2], knee[2], ankle[2], floor_z])
    heights = np.linspace(hip[2] + 0.38 * t.torso_m, hem_z, SKIRT_RINGS)
    angles = np.linspace(0, 2 * np.pi, SKIRT_POINTS, endpoint=False)
    rays = np.stack([np.cos(angles), np.sin(angles)], 1)
    radius = np.zeros(SKIRT_POINTS)
    rings = []
    for i, z in enumerate(heights):
        near = skin_points[abs(skin_points[:, 2] - z) < 0.02][:, :2]
        reach = outline(near, hip[:2], angles) if len(near) else radius
        down = i / (SKIRT_RINGS - 1)
        fold = 0.006 * down * np.sin(angles * 9 + bottom.cloth.seed)
        radius = np.maximum(radius * 0.995, reach + SKIRT_OFF_M + bottom.ease_m * down)
        ring = rays * (radius + fold + bottom.flare_m * down)[:, None]
        rings.append(np.hstack([ring + hip[:2], np.full((SKIRT_POINTS, 1), z)]))
    vertices = np.array(rings)
    flat = vertices.reshape(-1, 3)
    return make_mesh(flat, outward(flat, loft(vertices)), bottom.cloth)


SHOE_POINTS, SHOE_RINGS = 48, 9


def _shoe(t: Tailor, wear: Footwear, side: str, posed: Posed) -> Mesh:
    """One shoe: the foot's outline, drawn in towards the ankle, on a flat sole."""
    body, v = t.body, t.body.vertices
    part = PARTS.index("foot" + side)
    ankle = body.joints["ankle" + side]
    floor = np.array([0, 0, v[body.weights[:, part] > 0.9, 2].min()])  # each foot has its own
    v, ankle = v - floor, ankle - floor
    leg = body.weights[:, [part, PARTS.index("calf" + side)]].sum(1)
    foot = v[(leg > 0.9) & (v[:, 2] < ankle[2] + 0.03)]
    top = ankle[2] + 0.004
    angles = np.linspace(0, 2 * np.pi, SHOE_POINTS, endpoint=False)
    rays = np.stack([np.cos(angles), np.sin(angles)], 1)
    middle = (foot[:, :2].min(0) + foot[:, :2].max(0)) / 2
    heights = np.linspace(0.012, top, SHOE_RINGS)
    rings = [np.hstack([0 * rays + middle, np.full((SHOE_POINTS, 1), -wear.sole_m)])]
    ground = outline(foot[:, :2], middle, angles)
    for z, ease in ((-wear.sole_m, 0.005), (-0.001, 0.007), (0.0, 0.004)):
        rings.append(
            np.hstack([rays * (ground + ease)[:, None] + middle, np.full((SHOE_POINTS, 1), z)])
        )
    for z in heights:
        above = foot[foot[:, 2] > z - 0.004, :2]
        share = (z - heights[0]) / (top - heights[0])
        centre = (above.min(0) + above.max(0)) / 2  # moves back to the ankle on the way up
        radius = outline(above, centre, angles) + wear.ease_m * (1 - 0.4 * share)
        rings.append(np.hstack([rays * radius[:, None] + centre, np.full((SHOE_POINTS, 1), z)]))
    rest = np.array(rings)
    flat = rest.reshape(-1, 3)
    faces = outward(flat, loft(rest))
    carry = posed.maps[part]
    world = (flat + floor) @ carry[:, :3].T + carry[:, 3]
    return make_mesh(world, faces, wear.shoe, rest=flat)


def footwear(t: Tailor, m: Measured, wear: Footwear, posed: Posed) -> tuple[list[Mesh], np.ndarray]:
    ankle_z = t.body.joints["ankle.L"][2]
    if not wear.sole_m:

        def cut(m: Measured) -> np.ndarray:
            return np.where(m.leg_s > 1.5, ankle_z + 0.08 - m.points[:, 2], -1.0)

        ease = np.full(len(m.points), wear.ease_m)
        bare = np.full(len(m.points), -1.0)
        sock, inside = _drape(t, m, cut, ease, 6, posed, wear.shoe, bare)
        return [sock], inside
    foot = t.body.weights[:, [PARTS.index("foot.L"), PARTS.index("foot.R")]].sum(1)
    # A shoe is stiff, so the foot in it is left out almost up to its edge.
    inside = np.where(foot > 0.4, 4 * (ankle_z + 0.002 - m.points[:, 2]), -1.0)
    return [_shoe(t, wear, side, posed) for side in (".L", ".R")], inside


def hair(
    t: Tailor, m: Measured, style: HairCut, posed: Posed, covers_ears: bool = False
) -> list[Mesh]:
    """A head of hair; of cloth, the crown of a hat."""
    body, v = t.body, t.body.vertices
    eye = (body.joints["eye.L"] + body.joints["eye.R"]) / 2
    half = np.linalg.norm(body.joints["eye.L"] - body.joints["eye.R"]) / 2
    ears = v[list(body.ear_vertices)]

    def cut(m: Measured) -> np.ndarray:
        q = (m.points - eye) / half
        line = (
            1.75 + style.fringe - 0.62 * (q[:, 1] + 0.3).clip(0) - 0.18 * (q[:, 0] ** 2).clip(0, 4)
        )
        keep = (q[:, 2] - line) * half + 0.004 * noise(m.points, 0.013, style.hair.seed)
        if style.fall_m == 0 and not covers_ears:
            for ear in ears:
                near = np.linalg.norm((m.points - ear) / half + [0, 0, 0.2], axis=1)
                keep = np.minimum(keep, (near - 1.05) * half)
        return np.where(m.head > 0.3, keep, -1.0)

    smoothly = isinstance(style.hair, Cloth)
    lock = (
        0.0
        if smoothly
        else 0.35 * noise(v, 0.05, style.hair.seed) + 0.15 * noise(v, 0.02, style.hair.seed)
    )
    ease = style.volume_m * (np.clip(0.35 + cut(m) / 0.05, 0.35, 1) + lock).clip(0.25)
    cap, _ = _drape(t, m, cut, ease, 4, posed, style.hair, np.full(len(v), -1.0))
    if style.fall_m == 0:
        return [cap]
    # Long hair: a shell around the back of the head that hangs straight down.
    head = posed.maps[PARTS.index("head")]
    centre = np.array([0, ears[0, 1] + 0.6 * half, eye[2]])
    world = head[:, :3] @ centre + head[:, 3]
    ahead = head[:, :3] @ np.array([0, -1.0, 0])
    yaw = np.arctan2(ahead[0], -ahead[1])
    rings, rest = [], []
    angles = np.radians(np.linspace(-118, 118, 49))
    for i, down in enumerate(np.linspace(-0.07, style.fall_m, 20)):
        s = i / 19
        wave = 1 + 0.03 * np.sin(angles * 14 + 3 * s)
        reach_x = (2.55 * half + style.volume_m * 0.8 + 0.02 * s) * wave
        reach_y = (2.45 * half + style.volume_m * 0.8 + 0.035 * s) * wave
        shut = np.clip((down + 0.07) / 0.09, 0.55, 1)
        x, y = np.sin(angles) * reach_x * shut, np.cos(angles) * reach_y * shut
        c, k = np.cos(yaw), np.sin(yaw)
        offset = np.stack([c * x - k * y, k * x + c * y, np.full_like(x, -down)], 1)
        inner = 0.965
        rings.append(np.concatenate([world + offset, (world + offset * [inner, inner, 1])[::-1]]))
        flat = np.stack([x, y, np.full_like(x, -down)], 1)
        rest.append(np.concatenate([flat, flat[::-1]]) + centre)
    shell = np.array(rings)
    flat = shell.reshape(-1, 3)
    faces = outward(flat, loft(shell))
    mesh = make_mesh(flat, faces, style.hair, rest=np.array(rest).reshape(-1, 3))
    return [cap, mesh]
