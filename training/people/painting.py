"""Another renderer's people, never trained on: clothes are paint on the skin, light is drawn.

A network that reads our shading, our cloth or our places fails here first. Bodies, poses, cameras
and truth are those of the other decors; nothing else is: no cloth stands off, no light is cast, no
lens, sensor or room is simulated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from training.people.body import PARTS, Body, Posed
from training.people.dressing import skin_of
from training.people.looks import paint
from training.people.meshes import Mesh, vertex_normals
from training.people.render import Camera, Caster
from training.people.wardrobe import Outfit, Tailor, top_cut, trousers_cut

OVERSAMPLING = 2
STYLES = ("flat", "cel", "clay", "bands")
GROUNDS = (
    (250, 250, 248), (236, 232, 222), (210, 220, 228), (120, 128, 134), (196, 214, 196),
    (232, 206, 188), (70, 76, 84), (160, 176, 200),
)  # fmt: skip


def barefoot(outfit: Outfit) -> Outfit:
    """The outfit with shoes that have no sole and nothing worn over clothes."""
    shoes = outfit.footwear and replace(outfit.footwear, sole_m=0.0, ease_m=0.0)
    return replace(outfit, footwear=shoes, accessories=None)


def painted_person(body: Body, outfit: Outfit, posed: Posed) -> list[Mesh]:
    """The skin alone, whole: what is painted on it is decided where it is drawn."""
    return [skin_of(body, outfit, posed, ~body.inner_faces)]


def _inside(body: Body, outfit: Outfit) -> dict[str, np.ndarray]:
    """How far inside each thing's painted edge the body's vertices lie, (V,) metres."""
    t = Tailor(body, vertex_normals(body.vertices, body.faces))
    m = t.measure(body.vertices, np.arange(len(body.vertices)))
    top, bottom = outfit.tops[0], outfit.bottom
    j, v = body.joints, body.vertices
    eye = (j["eye.L"] + j["eye.R"]) / 2
    half = float(np.linalg.norm(j["eye.L"] - j["eye.R"]) / 2)
    back = (v[:, 1] - eye[1]) / half
    line = np.where(back < 1.8, 1.9 - 0.3 * back.clip(0), 0.4 - 0.8 * (back - 1.8))
    head = body.weights[:, PARTS.index("head")] > 0.5
    ankle = j["ankle.L"][2]
    return {
        "shoe": np.where(m.leg_s > 1.5, ankle + 0.01 - v[:, 2], -1.0),
        "top": top_cut(t, replace(top, hem=max(top.hem, -0.1), open_m=0.0))(m),
        "bottom": trousers_cut(t, bottom)(m),
        "hair": np.where(head, (v[:, 2] - eye[2]) - line * half, -1.0)
        if outfit.hair is not None
        else np.full(len(v), -1.0),
    }


def _ground(rng: np.random.Generator, rays: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """What is behind: one colour, a gradient, or a plain floor and wall, (N, 3) 0..255."""
    first, second = (np.array(GROUNDS[int(i)], float) for i in rng.integers(len(GROUNDS), size=2))
    form = rng.random()
    if form < 0.25:
        return np.repeat(first[None], len(rays), 0)
    if form < 0.5:
        up = rays[:, 2] / np.linalg.norm(rays, axis=1)
        share = ((up - up.min()) / max(np.ptp(up), 1e-6))[:, None]
        return first + (second - first) * share
    wall_m = 0.8 + 2.5 * rng.random()
    down = rays[:, 2] < -1e-4
    reach = np.where(down, -eye[2] / np.minimum(rays[:, 2], -1e-4), np.inf)
    at = eye[None, :2] + rays[:, :2] * np.where(np.isfinite(reach), reach, 0)[:, None]
    floor = down & (at[:, 1] < wall_m)
    out = np.where(floor[:, None], second, first)
    if form < 0.75:  # a floor of squares
        squares = (np.floor(at[:, 0] / 0.5) + np.floor(at[:, 1] / 0.5)) % 2
        out = np.where((floor & (squares > 0))[:, None], 0.88 * out, out)
    return out


def _tone(style: str, normals: np.ndarray, rays: np.ndarray, rng: np.random.Generator):
    """Light (N,) 0..1 as this style draws it."""
    light = np.array([rng.uniform(-0.8, 0.8), -0.7, rng.uniform(0.1, 0.9)])
    light /= np.linalg.norm(light)
    facing = normals @ light
    if style == "flat":
        return np.ones(len(normals))
    if style == "cel":
        return np.where(facing > rng.uniform(-0.1, 0.3), 1.0, 0.72)
    if style == "bands":
        return 0.55 + 0.15 * np.floor((facing.clip(-1, 1) + 1) * 1.999)
    unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    return 0.35 + 0.75 * np.abs((normals * unit).sum(1)) ** rng.uniform(0.6, 1.4)


def paint_picture(
    body: Body, outfit: Outfit, meshes: list[Mesh], camera: Camera, rng: np.random.Generator
) -> Image.Image:
    """Draw one painted person: colours by region, an outline, a plain ground."""
    k = OVERSAMPLING
    fine = replace(
        camera, focal_px=k * camera.focal_px, width=k * camera.width, height=k * camera.height
    )
    (skin,) = meshes
    caster = Caster(meshes)
    rows, cols = np.mgrid[: fine.height, : fine.width]
    pixels = np.stack([cols.ravel(), rows.ravel()], 1).astype(np.float32) + np.float32(0.5)
    rays = fine.rays(pixels)
    face, bary, depth = caster.first(fine.position.astype(np.float32), rays)
    met = np.flatnonzero(face >= 0)
    corner, bary = skin.faces[face[met]], bary[met]

    def at(values: np.ndarray) -> np.ndarray:
        return np.einsum("nk,nk...->n...", bary, values[corner])

    style = str(rng.choice(STYLES))
    out = _ground(rng, rays, fine.position)
    faced = rng.random() < 0.7
    uv = np.einsum("nk,nki->ni", bary, skin.uv[face[met]])
    if faced:
        linear = paint(outfit.skin, at(skin.rest), uv, skin.part[face[met]]).clip(0, 1)
        colour = 255 * linear ** (1 / 2.2)
    else:
        colour = np.repeat(np.array(outfit.skin.tone, float)[None], len(met), 0)
    shoe, hair = outfit.footwear, outfit.hair
    paints = {
        "bottom": outfit.bottom.cloth.colour,
        "top": outfit.tops[0].cloth.colour,
        "shoe": shoe.shoe.colour if shoe else None,
        "hair": hair.hair.colour if hair else None,
    }
    edges = _inside(body, outfit)
    region = np.zeros(len(met), np.int64)
    for i, (name, painted) in enumerate(paints.items()):
        if painted is None:
            continue
        here = at(edges[name]) > 0
        colour[here] = painted
        region[here] = i + 1
    normals = at(caster.normals)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-6)
    out[met] = colour * _tone(style, normals, rays[met], rng)[:, None]
    shape = (fine.height, fine.width)
    drawn = np.full(fine.height * fine.width, -1)
    drawn[met] = region
    if rng.random() < 0.6:
        _outline(out.reshape(*shape, 3), drawn.reshape(shape), depth.reshape(shape), rng)
    image = Image.fromarray(out.reshape(*shape, 3).clip(0, 255).astype(np.uint8))
    return image.resize((camera.width, camera.height), Image.Resampling.LANCZOS)


def _outline(
    out: np.ndarray, region: np.ndarray, depth: np.ndarray, rng: np.random.Generator
) -> None:
    """Draw lines where the region or the depth jumps."""
    depth = np.where(np.isfinite(depth), depth, 99.0)
    line = np.zeros(region.shape, bool)
    for axis in (0, 1):
        step = (np.diff(region, axis=axis) != 0) | (abs(np.diff(depth, axis=axis)) > 0.05)
        pad = [(0, 0), (0, 0)]
        pad[axis] = (0, 1)
        line |= np.pad(step, pad)
    width = max(1, round(region.shape[0] * float(rng.uniform(0.0005, 0.0015))))
    thick = line.copy()
    for dy in range(-width, width + 1):
        for dx in range(-width, width + 1):
            thick |= np.roll(line, (dy, dx), (0, 1))
    out[thick] = (30, 28, 32)
