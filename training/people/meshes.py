"""Triangle meshes that a ray can meet, and the little geometry that clothes are cut with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mesh:
    """One surface of one material.

    Attributes
    ----------
    vertices : (V, 3) metres, in the world
    faces : (F, 3) indices
    rest : (V, 3) metres, where the vertex lies in the rest pose; textures live there
    keep : (V,) metres; a hit counts only where this, interpolated, is above 0. It gives hems,
        necklines and hairlines a clean edge that no triangle follows
    uv : (F, 3, 2) texture coordinates per corner, zeros when unused
    part : (F,) what the material should paint; the material says what the numbers mean
    material : painted by ``looks.paint``
    """

    vertices: np.ndarray
    faces: np.ndarray
    rest: np.ndarray
    keep: np.ndarray
    uv: np.ndarray
    part: np.ndarray
    material: object


def make_mesh(vertices, faces, material, *, rest=None, keep=None, uv=None, part=None) -> Mesh:
    """A mesh with defaults for what the material does not need."""
    return Mesh(
        vertices=np.asarray(vertices, float),
        faces=np.asarray(faces, np.int64),
        rest=np.asarray(vertices if rest is None else rest, float),
        keep=np.ones(len(vertices)) if keep is None else keep,
        uv=np.zeros((len(faces), 3, 2), np.float32) if uv is None else uv,
        part=np.zeros(len(faces), np.int64) if part is None else part,
        material=material,
    )


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals, (V, 3)."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    out = np.empty_like(vertices)
    for k in range(3):
        weights = np.repeat(face_normals[:, k], 3)
        out[:, k] = np.bincount(faces.ravel(), weights, minlength=len(vertices))
    return out / np.linalg.norm(out, axis=1, keepdims=True).clip(1e-12)


def smooth(vertices: np.ndarray, faces: np.ndarray, steps: int) -> np.ndarray:
    """Laplacian smoothing: each step moves every vertex to the mean of its neighbours."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    one, other = np.concatenate([edges, edges[:, ::-1]]).T
    degree = np.bincount(one, minlength=len(vertices)).clip(1)
    out = vertices
    for _ in range(steps):
        total = np.stack(
            [np.bincount(one, out[other, k], minlength=len(out)) for k in range(3)], axis=1
        )
        out = total / degree[:, None]
    return out


def submesh(faces: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and renumbered faces of the faces that ``wanted`` (F,) picks."""
    picked = faces[wanted]
    used, renumbered = np.unique(picked, return_inverse=True)
    return used, renumbered.reshape(picked.shape)


def loft(rings: np.ndarray) -> np.ndarray:
    """Faces between consecutive rings, shape (rings, points, 3), each ring closed."""
    count, points = rings.shape[:2]
    index = np.arange(count * points).reshape(count, points)
    a, b = index[:-1], index[1:]
    c, d = np.roll(a, -1, axis=1), np.roll(b, -1, axis=1)
    return np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([c, b, d], -1).reshape(-1, 3)]
    )


def outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces, turned round if most of them look inwards."""
    a, b, c = (vertices[faces[:, i]] - vertices.mean(0) for i in range(3))
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) > 0 else faces[:, ::-1]


def box(centre: np.ndarray, size: np.ndarray, yaw_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (24, 3) and faces (12, 3) of an upright box; no shared corners: hard edges."""
    angle = np.radians(yaw_deg)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    vertices, faces = [], []
    for axis in range(3):
        u, v = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
        for sign in (-1, 1):
            n = sign * np.eye(3)[axis]
            start = len(vertices)
            vertices += [(n + i * u + j * v) / 2 for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            order = [(0, 1, 2), (0, 2, 3)] if sign > 0 else [(0, 2, 1), (0, 3, 2)]
            faces += [tuple(start + k for k in f) for f in order]
    return (np.array(vertices) * size) @ turn.T + centre, np.array(faces)


def tube(a, b, radius_m: float, material: object, points: int = 32) -> Mesh:
    """A round bar or disc from ``a`` to ``b``, (3,) each, closed at both ends."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    axis = (b - a) / np.linalg.norm(b - a)
    side = np.cross(axis, [0, 0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0, 0])
    side /= np.linalg.norm(side)
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)[:, None]
    ring = radius_m * (np.cos(angles) * side + np.sin(angles) * np.cross(axis, side))
    # Rings are doubled where the surface turns a corner: else its normals would be rounded.
    rings = np.array([a + 0 * ring, a + ring, a + ring, b + ring, b + ring, b + 0 * ring])
    flat = rings.reshape(-1, 3)
    return make_mesh(flat, outward(flat, loft(rings)), material)
