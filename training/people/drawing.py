"""A person that was never there: bodies with a big head, and a drawing of flat colours and lines.

Such pictures have to be refused: a drawing or a toy has no lengths to measure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from training.people.body import PARTS, Body, Pose, Posed, pose_body, reshape_to, side_of
from training.people.looks import Cloth, Hair, Plain, Shoe, Skin
from training.people.meshes import Mesh, tube
from training.people.render import Camera, Caster
from training.people.wardrobe import Outfit

OVERSAMPLING = 2
LIGHT = np.array([-0.45, -0.7, 0.55])
SHADED = 0.78  # a drawing's second tone, as a share of its first
PAPERS = (
    (250, 250, 248), (244, 232, 206), (196, 222, 240), (214, 236, 212), (248, 214, 222),
    (226, 218, 244), (120, 176, 214), (252, 226, 130),
)  # fmt: skip


@dataclass(frozen=True)
class Chibi:
    """How far a figure's proportions are from a person's: its head's scale, its limbs'."""

    head: float
    limbs: float


def make_chibi(rng: np.random.Generator) -> Chibi:
    """The proportions of a drawn or moulded figure: three to five heads tall."""
    return Chibi(float(rng.uniform(1.55, 2.1)), float(rng.uniform(0.62, 0.82)))


def chibi_body(body: Body, chibi: Chibi) -> Body:
    """The body with shorter limbs and trunk; the head is scaled once it is posed."""
    j, lengths = body.joints, {}
    shoulder, hip = ((j[n + ".L"] + j[n + ".R"]) / 2 for n in ("shoulder", "hip"))
    lengths["torso"] = 100 * float(np.linalg.norm(shoulder - hip)) * (0.5 + 0.5 * chibi.limbs)
    ends = {
        "upper_arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist"),
        "thigh": ("hip", "knee"), "calf": ("knee", "ankle"),
    }  # fmt: skip
    for name, (a, b) in ends.items():
        for side in (".L", ".R"):
            lengths[name + side] = 100 * float(np.linalg.norm(j[a + side] - j[b + side]))
            lengths[name + side] *= chibi.limbs
    return reshape_to(body, lengths, 1.0, 1.0)


def chibi_posed(body: Body, pose: Pose, chibi: Chibi) -> Posed:
    """The posed body with its head scaled about the neck."""
    posed = pose_body(body, pose)
    maps, joints = posed.maps.copy(), dict(posed.joints)
    at, head = body.joints["head"], PARTS.index("head")
    linear = maps[head, :, :3]
    target = linear @ at + maps[head, :, 3]
    scaled = chibi.head * linear
    maps[head] = np.hstack([scaled, (target - scaled @ at)[:, None]])
    for name in joints:
        if name.removesuffix(side_of(name)) == "eye":
            joints[name] = target + chibi.head * (joints[name] - target)
    return Posed(maps, joints)


def moulded(outfit: Outfit) -> Outfit:
    """The outfit as a toy's paint: smooth, shiny, of one colour each."""

    def smooth(cloth: Cloth) -> Cloth:
        return replace(cloth, pattern="plain", bump=0.0, gloss=0.3)

    hair, bottom = outfit.hair, outfit.bottom
    return replace(
        outfit,
        skin=replace(outfit.skin, gloss=0.35, beard=0.0),
        tops=tuple(replace(top, cloth=smooth(top.cloth)) for top in outfit.tops),
        bottom=replace(bottom, cloth=smooth(bottom.cloth)),
        hair=hair and replace(hair, hair=replace(hair.hair, bump=0.0, gloss=0.3)),
    )


def stand(posed: Posed, floor_m: float, colour: tuple[float, float, float]) -> Mesh:
    """The round base that a toy stands on."""
    feet = (posed.joints["ankle.L"] + posed.joints["ankle.R"]) / 2
    middle = np.array([feet[0], feet[1] - 0.05, floor_m])
    radius = 0.2 + float(np.linalg.norm(posed.joints["ankle.L"] - feet))
    return tube(middle - [0, 0, 0.03], middle, radius, Plain(colour, 1, gloss=0.3))


def _colour(material: object) -> np.ndarray:
    if isinstance(material, Skin):
        return np.array(material.tone)
    if isinstance(material, Cloth | Hair | Shoe | Plain):
        return np.array(material.colour)
    raise TypeError(f"no colour of a {type(material).__name__}")


def draw(
    meshes: list[Mesh], eyes_m: np.ndarray, camera: Camera, rng: np.random.Generator
) -> Image.Image:
    """Draw meshes as a cartoon: two tones, outlines, big eyes at ``eyes_m`` (2, 3), plain paper."""
    k = OVERSAMPLING
    fine = replace(
        camera, focal_px=k * camera.focal_px, width=k * camera.width, height=k * camera.height
    )
    caster = Caster(meshes)
    rows, cols = np.mgrid[: fine.height, : fine.width]
    pixels = np.stack([cols.ravel(), rows.ravel()], 1).astype(np.float32) + np.float32(0.5)
    face, bary, depth = caster.first(fine.position.astype(np.float32), fine.rays(pixels))
    met = face >= 0
    surface = np.where(met, caster.mesh_of[face], -1).reshape(fine.height, fine.width)
    depth = np.where(met, depth, 99.0).reshape(surface.shape)
    normals = np.einsum("nk,nki->ni", bary[met], caster.normals[caster.faces[face[met]]])
    lit = normals @ LIGHT > float(rng.uniform(-0.1, 0.25))
    colours = np.array([_colour(mesh.material) for mesh in meshes])
    out = _paper(rng, fine)
    flat = out.reshape(-1, 3)
    flat[met] = colours[surface.ravel()[met]] * np.where(lit, 1.0, SHADED)[:, None]
    line = np.zeros(surface.shape, bool)
    for axis in (0, 1):
        step = (np.diff(surface, axis=axis) != 0) | (abs(np.diff(depth, axis=axis)) > 0.04)
        pad = [(0, 0), (0, 0)]
        pad[axis] = (0, 1)
        line |= np.pad(step, pad)
    width = max(1, round(fine.height * float(rng.uniform(0.0008, 0.0022))))
    thick = line.copy()
    for dy in range(-width, width + 1):
        for dx in range(-width, width + 1):
            if dx * dx + dy * dy <= width * width:
                thick |= np.roll(line, (dy, dx), (0, 1))
    out[thick] = (28, 24, 30)
    image = Image.fromarray(out.clip(0, 255).astype(np.uint8))
    _face(image, fine.project(eyes_m), rng)
    return image.resize((camera.width, camera.height), Image.Resampling.LANCZOS)


def _paper(rng: np.random.Generator, camera: Camera) -> np.ndarray:
    """What a cartoon stands before: one colour, a gradient, or a wall and a ground."""
    first, second = (np.array(PAPERS[int(i)], float) for i in rng.integers(len(PAPERS), size=2))
    share = np.linspace(0, 1, camera.height)[:, None, None]
    form = rng.random()
    if form < 0.4:
        share = 0 * share
    elif form < 0.7:
        share = (share > rng.uniform(0.6, 0.85)).astype(float)
    return np.broadcast_to(
        first + (second - first) * share, (camera.height, camera.width, 3)
    ).copy()


def _face(image: Image.Image, eyes_px: np.ndarray, rng: np.random.Generator) -> None:
    """Eyes, brows and a mouth, as large as cartoons have them."""
    pen = ImageDraw.Draw(image)
    apart = float(np.linalg.norm(eyes_px[0] - eyes_px[1]))
    wide, tall = apart * float(rng.uniform(0.26, 0.36)), apart * float(rng.uniform(0.34, 0.6))
    iris = ((70, 120, 60), (60, 90, 170), (110, 70, 40), (30, 26, 30))[int(rng.integers(4))]
    line = max(2, round(0.06 * apart))

    def oval(x: float, y: float, rx: float, ry: float, fill) -> None:
        pen.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)

    for x, y in eyes_px:
        oval(x, y, wide + line, tall + line, (28, 24, 30))
        oval(x, y, wide, tall, (252, 252, 252))
        oval(x, y + 0.1 * tall, 0.72 * wide, 0.78 * tall, iris)
        oval(x, y + 0.15 * tall, 0.4 * wide, 0.45 * tall, (16, 14, 18))
        oval(x + 0.25 * wide, y - 0.3 * tall, 0.22 * wide, 0.22 * tall, (252, 252, 252))
        pen.arc(
            (x - 1.2 * wide, y - 1.9 * tall, x + 1.2 * wide, y - 0.6 * tall), 200, 340,
            fill=(40, 30, 30), width=line,
        )  # fmt: skip
    middle = eyes_px.mean(0)
    mouth = middle + np.array([0, 1.15 * apart])
    w, h = 0.32 * apart, 0.2 * apart
    pen.arc((mouth[0] - w, mouth[1] - h, mouth[0] + w, mouth[1] + h), 20, 160,
            fill=(120, 40, 40), width=line)  # fmt: skip
