"""Ray casting: meshes and planes, one soft main light, the surroundings' light, shadows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.people.looks import Shoe, bump, linear, paint
from training.people.meshes import Mesh, vertex_normals
from training.people.rooms import Plane, Room, paint_plane

MAX_LAYERS = 16  # cut garments that one ray may pass through
SUN_RAYS, SKY_RAYS = 8, 16
SKY_REACH_M = 1.2  # surroundings' light is blocked by what is nearer than this
MAP_STEP_M, MAP_REACH_M = 0.03, 1.3  # grid of light on planes, around the person
EDGE_SAMPLES = ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, with what a phone leaves of its lens's distortion.

    Attributes
    ----------
    position : (3,) metres
    axes : (3, 3) rows are the camera's right, down and forward in the world
    focal_px : focal length in pixels; the principal point is the middle of the picture
    bend : at half a diagonal from the middle, points lie farther out by this share (barrel: below
        zero); in between it grows with the square
    """

    position: np.ndarray
    axes: np.ndarray
    focal_px: float
    width: int
    height: int
    bend: float = 0.0

    @property
    def _centre(self) -> np.ndarray:
        return np.array([self.width, self.height]) / 2

    def _bent(self, offset: np.ndarray) -> np.ndarray:
        """Offsets (N, 2) from the middle, pixels, after the distortion."""
        share = (offset**2).sum(1) / (self._centre**2).sum()
        return offset * (1 + self.bend * share)[:, None]

    def _straight(self, offset: np.ndarray) -> np.ndarray:
        """Offsets before the distortion: ``_bent`` undone, to 0.01 pixels."""
        out = offset
        for _ in range(4):
            out = offset - (self._bent(out) - out)
        return out

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixel coordinates (N, 2) of world points (N, 3); pixel centres are at .5."""
        p = (points - self.position) @ self.axes.T
        offset = p[:, :2] / p[:, 2:] * self.focal_px
        return (self._bent(offset) if self.bend else offset) + self._centre

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Directions (N, 3) float32 through pixel coordinates (N, 2), one metre deep each."""
        centre = self._centre
        if self.bend:
            pixels = (self._straight(pixels - centre.astype(np.float32)) + centre).astype(
                np.float32
            )
        right, down = (self.axes[:2] / self.focal_px).astype(np.float32)
        offset = (self.axes[2] - centre @ self.axes[:2] / self.focal_px).astype(np.float32)
        x, y = pixels.astype(np.float32).T
        out = np.empty((len(pixels), 3), np.float32)
        for k in range(3):  # by column: a product with a thin matrix is many times slower
            out[:, k] = x * right[k] + y * down[k] + offset[k]
        return out


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
        normals = [vertex_normals(m.vertices, m.faces) for m in meshes]
        self.normals = np.concatenate(normals).astype(np.float32)
        self.rest = np.concatenate([m.rest for m in meshes]).astype(np.float32)
        self.keep = np.concatenate([m.keep for m in meshes]).astype(np.float32)
        self.uv = np.concatenate([m.uv for m in meshes])
        self.part = np.concatenate([m.part for m in meshes])
        self.mesh_of = np.repeat(np.arange(len(meshes)), [len(m.faces) for m in meshes])
        self.scene = EmbreeScene(robust=True)
        TriangleMesh(self.scene, self.vertices, self.faces)
        # Cloth that is cut away must not shade: shadows see only faces that lie inside the cut.
        self.opaque = EmbreeScene(robust=True)
        TriangleMesh(self.opaque, self.vertices, self.faces[(self.keep[self.faces] > 0).all(1)])

    def first(self, eye: np.ndarray, directions: np.ndarray):
        """Nearest uncut hit of each ray: face (-1: none), barycentrics (N, 3), depth; float32."""
        n = len(directions)
        face, bary = np.full(n, -1, np.int32), np.zeros((n, 3), np.float32)
        depth = np.full(n, np.inf, np.float32)
        live, start = np.arange(n), np.zeros(n, np.float32)
        for _ in range(MAX_LAYERS):
            origins = eye + directions[live] * start[live, None]
            hit = self.scene.run(origins, directions[live], output=True)
            ok = hit["primID"] >= 0
            live = live[ok]
            if not len(live):
                break
            f, u, v, t = (hit[k][ok] for k in ("primID", "u", "v", "tfar"))
            b = np.stack([1 - u - v, u, v], 1)
            t = t + start[live]
            solid = (self.keep[self.faces[f]] * b).sum(1) > 0
            done = live[solid]
            face[done], bary[done], depth[done] = f[solid], b[solid], t[solid]
            live = live[~solid]
            start[live] = t[~solid] + np.float32(1e-4)
        return face, bary, depth

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
        radius = np.tan(np.radians(room.sun_spread_deg)) * np.sqrt(
            (k + rng.random(n, np.float32)) / SUN_RAYS
        )
        angle = 2.399963 * k + 2 * np.pi * rng.random(n, np.float32)  # golden angle, jittered
        d = room.sun + radius[:, None] * (
            np.cos(angle)[:, None] * across[0] + np.sin(angle)[:, None] * across[1]
        )
        sun += ~caster.blocked(start, d / np.linalg.norm(d, axis=1, keepdims=True))
    sky = np.zeros(n)
    basis = _basis(normals)
    for k in range(SKY_RAYS):
        r2 = (k + rng.random(n, np.float32)) / SKY_RAYS  # cosine-weighted hemisphere
        angle = 2.399963 * k + 2 * np.pi * rng.random(n, np.float32) / 3
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
        self.sun, self.sky = light_at(c, room, c.vertices, c.normals, rng)
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
        origin = np.array([span[0][0], span[1][0]], np.float32)
        sun, sky = (x.astype(np.float32).reshape(a.shape) for x in (sun, sky))
        return origin, _blur(sun), _blur(_blur(sky))

    def _ambient(self, normals: np.ndarray) -> np.ndarray:
        up = (0.5 + 0.5 * normals[:, 2])[:, None]
        return self.room.ground_colour + (self.room.sky_colour - self.room.ground_colour) * up

    def shade(self, camera: Camera, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Linear radiance (N, 3) at pixel coordinates, and which mesh or plane was met, (N,).

        Surfaces: 0.. the meshes, -1 nothing, -2.. the planes.
        """
        directions = camera.rays(pixels)
        eye = camera.position.astype(np.float32)
        box = camera.project(self.caster.vertices.astype(float))
        (x0, y0), (x1, y1) = box.min(0) - 2, box.max(0) + 2
        x, y = pixels.T
        near = np.flatnonzero((x > x0) & (x < x1) & (y > y0) & (y < y1))
        depth = np.full(len(pixels), np.inf, np.float32)
        surface = np.full(len(pixels), -1, np.int16)
        face, bary, depth[near] = self.caster.first(eye, directions[near])
        met = face >= 0
        surface[near[met]] = self.caster.mesh_of[face[met]]
        for i, plane in enumerate(self.room.planes):
            slope = directions @ plane.normal.astype(np.float32)
            gap = np.float32((plane.point - camera.position) @ plane.normal)
            if gap >= 0:
                continue  # seen from behind
            t = gap / np.minimum(slope, np.float32(-1e-6))
            hit = (slope < -1e-6) & (t < depth)
            depth[hit], surface[hit] = t[hit], -2 - i
        out = np.empty((len(pixels), 3), np.float32)
        out[surface == -1] = linear(self.room.backdrop)
        for i, plane in enumerate(self.room.planes):
            at = np.flatnonzero(surface == -2 - i)
            if len(at):
                out[at] = self._shade_plane(i, plane, eye + directions[at] * depth[at, None])
        seen = surface[near]
        for i, mesh in enumerate(self.caster.meshes):
            at = np.flatnonzero(seen == i)
            if len(at):
                d = directions[near[at]]
                d /= np.linalg.norm(d, axis=1, keepdims=True)
                out[near[at]] = self._shade_mesh(mesh, face[at], bary[at], d)
        return out, surface

    def _shade_plane(self, i: int, plane: Plane, points: np.ndarray) -> np.ndarray:
        a, b = plane.along(points)
        colour = paint_plane(plane, a, b)
        if plane.finish == "sky":
            return colour * 1.6
        origin, sun, sky = self.maps[i]
        ab = (np.stack([a, b], 1) - origin) * np.float32(1 / MAP_STEP_M)
        facing = max(0.0, float(self.room.sun @ plane.normal))
        sun_colour = (facing * self.room.sun_colour).astype(np.float32)
        sky_colour = self._ambient(plane.normal[None])[0].astype(np.float32)
        sun_at, sky_at = _sample(np.stack([sun, sky], -1), ab).T
        return colour * (sun_at[:, None] * sun_colour + sky_at[:, None] * sky_colour)

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


def _blur(a: np.ndarray) -> np.ndarray:
    p = np.pad(a, 1, mode="edge")
    a = (p[:-2] + 2 * p[1:-1] + p[2:]) / 4
    return (a[:, :-2] + 2 * a[:, 1:-1] + a[:, 2:]) / 4


def _sample(grid: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Bilinear (N, 2); outside the grid the edge's value, which is unshadowed."""
    wide = grid.shape[1]
    flat = grid.reshape(-1, 2)
    hi = np.array(grid.shape[:2], np.float32) - 1
    ab = ab.clip(0, hi - np.float32(1e-3))
    i = ab.astype(np.int32)
    x, y = (ab - i).astype(np.float32).T[:, :, None]
    at = i[:, 0] * wide + i[:, 1]
    low = flat[at] * (1 - x) + flat[at + wide] * x
    high = flat[at + 1] * (1 - x) + flat[at + wide + 1] * x
    return low * (1 - y) + high * y


def render(picture: Picture, camera: Camera) -> np.ndarray:
    """Linear picture (height, width, 3); edges of meshes are seen four times and averaged."""
    rows, cols = np.mgrid[: camera.height, : camera.width]
    pixels = np.stack([cols.ravel(), rows.ravel()], 1).astype(np.float32) + np.float32(0.5)
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
    finer = np.concatenate([pixels[at] + np.array(d, np.float32) for d in EDGE_SAMPLES])
    colour[at] = picture.shade(camera, finer)[0].reshape(len(EDGE_SAMPLES), -1, 3).mean(0)
    return colour.reshape(camera.height, camera.width, 3)
