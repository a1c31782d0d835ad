"""Ray casting: meshes and planes, one soft main light, the surroundings' light, shadows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.people.looks import Shoe, bump, paint
from training.people.meshes import Mesh, vertex_normals
from training.people.rooms import Plane, Room, paint_plane

MAX_LAYERS = 7  # cut garments that one ray may pass through
SUN_RAYS, SKY_RAYS = 10, 20
SKY_REACH_M = 1.2  # surroundings' light is blocked by what is nearer than this
MAP_STEP_M, MAP_REACH_M = 0.025, 1.8  # grid of light on planes, around the person
EDGE_SAMPLES = ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes
    ----------
    position : (3,) metres
    axes : (3, 3) rows are the camera's right, down and forward in the world
    focal_px : focal length in pixels; the principal point is the middle of the picture
    """

    position: np.ndarray
    axes: np.ndarray
    focal_px: float
    width: int
    height: int

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixel coordinates (N, 2) of world points (N, 3); pixel centres are at .5."""
        p = (points - self.position) @ self.axes.T
        centre = np.array([self.width, self.height]) / 2
        return p[:, :2] / p[:, 2:] * self.focal_px + centre

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Unit directions (N, 3) through pixel coordinates (N, 2)."""
        centre = np.array([self.width, self.height]) / 2
        d = np.hstack([(pixels - centre) / self.focal_px, np.ones((len(pixels), 1))]) @ self.axes
        return d / np.linalg.norm(d, axis=1, keepdims=True)


def look(position_m, yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """Camera axes: facing +y at zero; yaw to its left, pitch up, roll clockwise as it sees."""
    y, p, r = np.radians([yaw_deg, pitch_deg, roll_deg])
    forward = np.array([-np.sin(y) * np.cos(p), np.cos(y) * np.cos(p), np.sin(p)])
    right = np.array([np.cos(y), np.sin(y), 0.0])
    down = np.cross(forward, right)
    return np.stack(
        [np.cos(r) * right + np.sin(r) * down, -np.sin(r) * right + np.cos(r) * down, forward]
    )


class Caster:
    """All meshes of a picture in one embree scene."""

    def __init__(self, meshes: list[Mesh]):
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self.meshes = meshes
        starts = np.cumsum([0] + [len(m.vertices) for m in meshes])
        self.vertices = np.concatenate([m.vertices for m in meshes]).astype(np.float32)
        self.faces = np.concatenate(
            [m.faces + s for m, s in zip(meshes, starts, strict=False)]
        ).astype(np.int32)
        self.normals = np.concatenate([vertex_normals(m.vertices, m.faces) for m in meshes])
        self.rest = np.concatenate([m.rest for m in meshes])
        self.keep = np.concatenate([m.keep for m in meshes])
        self.uv = np.concatenate([m.uv for m in meshes])
        self.part = np.concatenate([m.part for m in meshes])
        self.mesh_of = np.repeat(np.arange(len(meshes)), [len(m.faces) for m in meshes])
        self.scene = EmbreeScene()
        TriangleMesh(self.scene, self.vertices, self.faces)
        # Cloth that is cut away must not shade: shadows see only faces that lie inside the cut.
        self.opaque = EmbreeScene()
        TriangleMesh(self.opaque, self.vertices, self.faces[(self.keep[self.faces] > 0).all(1)])

    def first(self, origins: np.ndarray, directions: np.ndarray):
        """Nearest uncut hit of each ray: face (-1 for none), barycentrics (N, 3), distance."""
        n = len(origins)
        face, bary, dist = np.full(n, -1), np.zeros((n, 3)), np.full(n, np.inf)
        live = np.arange(n)
        start = np.zeros(n)
        for _ in range(MAX_LAYERS):
            o = (origins[live] + directions[live] * start[live, None]).astype(np.float32)
            hit = self.scene.run(o, directions[live].astype(np.float32), output=True)
            ok = hit["primID"] >= 0
            live = live[ok]
            if not len(live):
                break
            f, u, v, t = (hit[k][ok] for k in ("primID", "u", "v", "tfar"))
            b = np.stack([1 - u - v, u, v], 1)
            t = t + start[live]
            solid = (self.keep[self.faces[f]] * b).sum(1) > 0
            done = live[solid]
            face[done], bary[done], dist[done] = f[solid], b[solid], t[solid]
            live = live[~solid]
            start[live] = t[~solid] + 1e-4
        return face, bary, dist

    def blocked(self, origins, directions, reach_m: float = 50.0) -> np.ndarray:
        """Whether each ray meets something within reach."""
        dists = np.full(len(origins), reach_m, np.float32)
        hit = self.opaque.run(
            origins.astype(np.float32), directions.astype(np.float32), dists, query="OCCLUDED"
        )
        return hit >= 0


def _basis(axis: np.ndarray) -> np.ndarray:
    """Two unit vectors across each axis, (N, 2, 3)."""
    helper = np.where(abs(axis[:, 2:]) < 0.9, [[0.0, 0, 1]], [[1.0, 0, 0]])
    a = np.cross(axis, helper)
    a /= np.linalg.norm(a, axis=1, keepdims=True).clip(1e-9)
    return np.stack([a, np.cross(axis, a)], 1)


def light_at(caster: Caster, room: Room, points, normals, rng) -> tuple[np.ndarray, np.ndarray]:
    """Share of the main light and of the surroundings that reach each point, (N,) and (N,)."""
    n = len(points)
    start = points + normals * 0.004
    across = _basis(room.sun[None])[0]
    sun = np.zeros(n)
    for k in range(SUN_RAYS):
        radius = np.tan(np.radians(room.sun_spread_deg)) * np.sqrt((k + rng.random(n)) / SUN_RAYS)
        angle = 2.399963 * k + 2 * np.pi * rng.random(n)  # golden angle, jittered
        d = room.sun + radius[:, None] * (
            np.cos(angle)[:, None] * across[0] + np.sin(angle)[:, None] * across[1]
        )
        sun += ~caster.blocked(start, d / np.linalg.norm(d, axis=1, keepdims=True))
    sky = np.zeros(n)
    basis = _basis(normals)
    for k in range(SKY_RAYS):
        r2 = (k + rng.random(n)) / SKY_RAYS  # cosine-weighted hemisphere
        angle = 2.399963 * k + 2 * np.pi * rng.random(n) / 3
        r = np.sqrt(r2)[:, None]
        d = (
            r * np.cos(angle)[:, None] * basis[:, 0]
            + r * np.sin(angle)[:, None] * basis[:, 1]
            + np.sqrt(1 - r2)[:, None] * normals
        )
        sky += ~caster.blocked(start, d, SKY_REACH_M)
    return sun / SUN_RAYS, sky / SKY_RAYS


class Picture:
    """A scene ready to be seen: meshes, room, and the light that falls where."""

    def __init__(self, meshes: list[Mesh], room: Room, rng: np.random.Generator):
        self.caster, self.room = Caster(meshes), room
        c = self.caster
        self.sun, self.sky = light_at(c, room, c.vertices.astype(float), c.normals, rng)
        self.maps = [self._plane_light(p, rng) for p in room.planes]

    def _plane_light(self, plane: Plane, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Light on a grid around where the person's shadow can fall: origin, sun, sky."""
        v = self.caster.vertices
        span = []
        for axis in (plane.u, plane.v):
            along = (v - plane.point) @ axis
            span.append((along.min() - MAP_REACH_M, along.max() + MAP_REACH_M))
        grid = [np.arange(lo, hi, MAP_STEP_M) for lo, hi in span]
        a, b = np.meshgrid(*grid, indexing="ij")
        points = plane.point + a.reshape(-1, 1) * plane.u + b.reshape(-1, 1) * plane.v
        normals = np.repeat(plane.normal[None], len(points), 0)
        if plane.finish == "sky" or abs((v - plane.point) @ plane.normal).min() > 4:
            sun, sky = np.ones(len(points)), np.ones(len(points))
        else:
            sun, sky = light_at(self.caster, self.room, points, normals, rng)
        origin = np.array([span[0][0], span[1][0]])
        return origin, _blur(sun.reshape(a.shape)), _blur(_blur(sky.reshape(a.shape)))

    def _ambient(self, normals: np.ndarray) -> np.ndarray:
        up = (0.5 + 0.5 * normals[:, 2])[:, None]
        return self.room.ground_colour + (self.room.sky_colour - self.room.ground_colour) * up

    def shade(self, camera: Camera, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Linear radiance (N, 3) at pixel coordinates, and which mesh or plane was met, (N,).

        Surfaces: 0.. the meshes, -1 nothing, -2.. the planes.
        """
        directions = camera.rays(pixels)
        origins = np.repeat(camera.position[None], len(pixels), 0)
        box = camera.project(self.caster.vertices.astype(float))
        near = ((pixels > box.min(0) - 2) & (pixels < box.max(0) + 2)).all(1)
        face, dist = np.full(len(pixels), -1), np.full(len(pixels), np.inf)
        bary = np.zeros((len(pixels), 3))
        if near.any():
            face[near], bary[near], dist[near] = self.caster.first(origins[near], directions[near])
        surface = np.full(len(pixels), -1)
        for i, plane in enumerate(self.room.planes):
            slope = directions @ plane.normal
            with np.errstate(divide="ignore", invalid="ignore"):
                t = ((plane.point - camera.position) @ plane.normal) / slope
            hit = (slope < -1e-6) & (t > 0) & (t < dist)
            dist[hit], surface[hit], face[hit] = t[hit], -2 - i, -1
        out = np.repeat(linear_backdrop(self.room)[None], len(pixels), 0)
        for i, plane in enumerate(self.room.planes):
            at = surface == -2 - i
            if at.any():
                points = origins[at] + directions[at] * dist[at, None]
                out[at] = self._shade_plane(i, plane, points)
        met = face >= 0
        surface[met] = self.caster.mesh_of[face[met]]
        for i, mesh in enumerate(self.caster.meshes):
            at = surface == i
            if at.any():
                out[at] = self._shade_mesh(mesh, face[at], bary[at], directions[at])
        return out, surface

    def _shade_plane(self, i: int, plane: Plane, points: np.ndarray) -> np.ndarray:
        colour = paint_plane(plane, points)
        if plane.finish == "sky":
            return colour * 1.6
        origin, sun, sky = self.maps[i]
        d = points - plane.point
        ab = (np.stack([d @ plane.u, d @ plane.v], 1) - origin) / MAP_STEP_M
        facing = max(0.0, float(self.room.sun @ plane.normal))
        lit = _sample(sun, ab)[:, None] * facing * self.room.sun_colour
        return colour * (lit + _sample(sky, ab)[:, None] * self._ambient(plane.normal[None]))

    def _shade_mesh(self, mesh: Mesh, face, bary, directions) -> np.ndarray:
        c, m = self.caster, mesh.material
        corner = c.faces[face]

        def at(values):
            return np.einsum("nk,nk...->n...", bary, values[corner])

        rest = at(c.rest)
        normals = at(c.normals) + bump(m, rest)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)
        back = (normals * directions).sum(1) > 0.3  # inside of a sleeve or a skirt
        normals[back] *= -1
        uv = np.einsum("nk,nki->ni", bary, c.uv[face])
        colour = paint(m, rest, uv, c.part[face])
        sun, sky = at(self.sun), at(self.sky)
        sky = np.where(back, 0.35 * sky + 0.1, sky)
        facing = normals @ self.room.sun
        wrap = 0.15  # light that scatters under skin and cloth softens the terminator
        lambert = ((facing + wrap) / (1 + wrap)).clip(0) * np.where(back, 0.2, 1.0)
        lit = (lambert * sun)[:, None] * self.room.sun_colour
        out = colour * (lit + sky[:, None] * self._ambient(normals))
        half = self.room.sun - directions
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        power = 60 if isinstance(m, Shoe) else 24
        shine = m.gloss * (normals * half).sum(1).clip(0) ** power * sun * ~back
        return out + shine[:, None] * self.room.sun_colour


def linear_backdrop(room: Room) -> np.ndarray:
    """Colour where a ray meets nothing."""
    from training.people.looks import linear

    return linear(room.backdrop)


def _blur(a: np.ndarray) -> np.ndarray:
    p = np.pad(a, 1, mode="edge")
    a = (p[:-2] + 2 * p[1:-1] + p[2:]) / 4
    return (a[:, :-2] + 2 * a[:, 1:-1] + a[:, 2:]) / 4


def _sample(grid: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Bilinear; outside the grid the edge's value, which is unshadowed."""
    hi = np.array(grid.shape) - 1
    ab = ab.clip(0, hi - 1e-6)
    i = np.floor(ab).astype(int).clip(0, hi - 1)
    t = ab - i
    a, b, x, y = i[:, 0], i[:, 1], t[:, 0], t[:, 1]
    return (
        grid[a, b] * (1 - x) * (1 - y)
        + grid[a + 1, b] * x * (1 - y)
        + grid[a, b + 1] * (1 - x) * y
        + grid[a + 1, b + 1] * x * y
    )


def render(picture: Picture, camera: Camera) -> np.ndarray:
    """Linear picture (height, width, 3); edges of meshes are seen four times and averaged."""
    rows, cols = np.mgrid[: camera.height, : camera.width]
    pixels = np.stack([cols.ravel() + 0.5, rows.ravel() + 0.5], 1)
    colour, surface = picture.shade(camera, pixels)
    s = surface.reshape(camera.height, camera.width)
    edge = np.zeros(s.shape, bool)
    for axis in (0, 1):
        differs = np.diff(s, axis=axis) != 0
        pad = [(0, 0), (0, 0)]
        pad[axis] = (0, 1)
        edge |= np.pad(differs, pad)
        pad[axis] = (1, 0)
        edge |= np.pad(differs, pad)
    at = np.flatnonzero(edge.ravel())
    colour[at] = np.mean([picture.shade(camera, pixels[at] + d)[0] for d in EDGE_SAMPLES], axis=0)
    return colour.reshape(camera.height, camera.width, 3)
