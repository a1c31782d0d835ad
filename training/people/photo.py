"""From a seed to a JPEG and the truth about it."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from training.people.body import Body, Pose, Posed, level_feet, pose_body
from training.people.looks import Plain
from training.people.meshes import Mesh, box, make_mesh
from training.people.proportions import SEGMENTS, Proportions, Spread
from training.people.render import Camera, Picture, look, render
from training.people.scenes import (
    EXPECTED_ERROR,
    Decor,
    Kind,
    Shot,
    make_body,
    make_outfit,
    make_pose,
    make_room,
    make_shot,
    stream,
)  # fmt: skip
from training.people.wardrobe import Outfit, dress

DISTANCE_M = (1.5, 4.0)  # how far a phone is held for a whole-body photo
CUT_DISTANCE_M = 1.1  # nearer than this nobody holds a phone for it
MARGIN = 0.015  # share of the picture that stays free around a whole body
FILM_DIAGONAL_MM = 43.267  # 36 x 24 mm; CIPA DCG-001 relates "35 mm focal length" to the diagonal
JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "toe")


@dataclass(frozen=True)
class Person:
    """A posed, dressed person who stands on the floor."""

    want: Proportions
    body: Body
    outfit: Outfit
    pose: Pose
    posed: Posed
    meshes: tuple[Mesh, ...]

    @property
    def skin(self) -> np.ndarray:
        """The skin's vertices in the world, (V, 3)."""
        return self.meshes[0].vertices


def make_person(
    seed: int,
    spread: Spread,
    kind: Kind,
    at_m: tuple[float, float],
    pose: Pose | None = None,
    decor: Decor = "any",
) -> Person:
    """The person of a seed, posed for this kind of photo, at a place on the floor."""
    want, body = make_body(seed, spread)
    outfit = make_outfit(seed, body, want.sex, decor)
    if kind in ("sitting", "crouching", "bent") and outfit.bottom.kind == "skirt":
        outfit = replace(outfit, bottom=replace(outfit.bottom, kind="trousers"))
    pose = pose or make_pose(seed, kind)
    if kind not in ("sitting", "crouching", "bent"):
        pose = level_feet(body, pose)
    posed = pose_body(body, pose)
    meshes = dress(body, outfit, posed)
    lift = np.array([*at_m, -min(m.vertices[:, 2].min() for m in meshes)])
    return Person(
        want, body, outfit, pose, posed.shifted(lift),
        tuple(replace(m, vertices=m.vertices + lift) for m in meshes),
    )  # fmt: skip


# --- aiming -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aim:
    """Where the camera ended up."""

    camera: Camera
    distance_m: float
    pitch_deg: float
    yaw_deg: float


def _aim(
    shot: Shot, points: np.ndarray, distance_m: float, anchor: tuple[float, float] | None = None
) -> Aim:
    """Turn the camera until the points' box lies where ``shot.place`` wants it.

    ``anchor`` overrides that upwards: (share of the box from its top, row as a share of the
    picture) that are to meet.
    """
    focal_px = max(shot.width, shot.height) / 2 / np.tan(np.radians(shot.long_fov_deg) / 2)
    middle = (points.min(0) + points.max(0)) / 2
    position = np.array([middle[0], middle[1] - distance_m, shot.camera_height_m])
    pitch = yaw = 0.0
    size = np.array([shot.width, shot.height])
    for _ in range(7):
        axes = look(position, yaw, pitch, shot.roll_deg)
        camera = Camera(position, axes, focal_px, shot.width, shot.height)
        px = camera.project(points)
        low, span = px.min(0), np.ptp(px, axis=0)
        off = low + span / 2 - size / 2 - np.array(shot.place) * (size - span).clip(0) / 2
        if anchor is not None:
            off[1] = low[1] + anchor[0] * span[1] - anchor[1] * shot.height
        yaw -= float(np.degrees(np.arctan(off[0] / focal_px)))
        pitch -= float(np.degrees(np.arctan(off[1] / focal_px)))
    return Aim(camera, distance_m, pitch, yaw)


def _fits(aim: Aim, points: np.ndarray) -> bool:
    px, size = aim.camera.project(points), np.array([aim.camera.width, aim.camera.height])
    return bool((px > MARGIN * size).all() and (px < (1 - MARGIN) * size).all())


def aim_at(shot: Shot, points: np.ndarray, kind: Kind) -> Aim:
    """Place and turn the camera for this kind of photo."""
    tall_m = float(np.ptp(points[:, 2]))
    view = np.tan(np.radians(shot.long_fov_deg) / 2) * shot.height / max(shot.width, shot.height)
    distance_m = tall_m / shot.fill / (2 * view)
    if kind == "far":
        return _aim(shot, points, distance_m)
    if kind in ("cut_feet", "cut_head"):  # too near: what shot.fill exceeds 1 by is lost
        margin = 0.06 * (1 + shot.place[1])
        kept = (1 - margin) / shot.fill
        share, row = (kept, 1.0) if kind == "cut_feet" else (1 - kept, 0.0)
        return _aim(shot, points, max(distance_m, CUT_DISTANCE_M), (share, row))
    aim = _aim(shot, points, float(np.clip(distance_m, *DISTANCE_M)))
    while not _fits(aim, points):
        aim = _aim(shot, points, aim.distance_m * 1.04)
    return aim


# --- the sensor ---------------------------------------------------------------------------------


_CURVE = np.linspace(0, 1.5, 4097)  # linear radiance that a sensor's curve is tabulated at


def _curve(contrast: float) -> np.ndarray:
    """Linear radiance to sRGB 0..255 with a shoulder and some contrast, tabulated on ``_CURVE``."""
    x = np.where(_CURVE > 0.7, 0.7 + 0.3 * np.tanh((_CURVE - 0.7) / 0.3), _CURVE)
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clip(1e-9) ** (1 / 2.4) - 0.055)
    return (((srgb - 0.5) * contrast + 0.5).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def develop(radiance: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """What a phone makes of linear radiance: exposure, white balance, vignette, noise, blur."""
    height, width = radiance.shape[:2]
    gain = rng.uniform(0.7, 1.12) * (1 + rng.normal(0, 0.03, 3))
    x, y = (np.arange(n, dtype=np.float32) - n / 2 for n in (width, height))
    r2 = (x**2 + (y**2)[:, None]) / np.float32((width**2 + height**2) / 4)
    vignette = 1 - np.float32(rng.uniform(0, 0.25)) * r2
    out = radiance * gain.astype(np.float32) * vignette[:, :, None]
    if rng.random() < 0.5:
        out = _soften(out, rng)
    shot_noise, read_noise = np.float32(10 ** rng.uniform([-4.6, -6.2], [-3.2, -4.6]))
    out += rng.standard_normal(out.shape, np.float32) * np.sqrt(shot_noise * out + read_noise)
    index = (out * np.float32(4096 / 1.5)).clip(0, 4096).astype(np.int16)
    return Image.fromarray(_curve(rng.uniform(0.95, 1.12))[index])


def _soften(out: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slight defocus, or a shake of the hand along one direction."""
    step = int(rng.integers(1, 3))
    axes = (int(rng.integers(2)),) if rng.random() < 0.4 else (0, 1)
    for axis in axes:
        out = (np.roll(out, step, axis) + 2 * out + np.roll(out, -step, axis)) / 4
    return out


def encode(image: Image.Image, shot: Shot, focal_35mm: int, quality: int) -> bytes:
    """JPEG bytes, with EXIF when the shot carries it."""
    exif = Image.Exif()
    if shot.exif:
        exif[0x010F], exif[0x0110] = "Rendered", "Rendered phone"
        exif[0x0112] = shot.orientation
        exif.get_ifd(0x8769)[0xA405] = focal_35mm
    if shot.orientation == 6:  # a viewer turns it clockwise, so it is stored turned back
        image = image.transpose(Image.Transpose.ROTATE_90)
    out = io.BytesIO()
    extra = {"exif": exif.tobytes()} if shot.exif else {}
    image.save(out, "JPEG", quality=quality, **extra)
    return out.getvalue()


# --- the truth ----------------------------------------------------------------------------------


def lengths_cm(posed: Posed) -> dict[str, dict[str, float]]:
    """Joint-centre lengths of a posed skeleton, cm: left, right and their mean."""
    j = posed.joints
    ends = {
        "upper_arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist"),
        "thigh": ("hip", "knee"), "calf": ("knee", "ankle"),
    }  # fmt: skip
    out = {}
    for name in SEGMENTS:
        if name == "torso":
            shoulder, hip = ((j[n + ".L"] + j[n + ".R"]) / 2 for n in ("shoulder", "hip"))
            out[name] = {"mean": 100 * float(np.linalg.norm(shoulder - hip))}
            continue
        a, b = ends[name]
        left, right = (100 * float(np.linalg.norm(j[a + s] - j[b + s])) for s in (".L", ".R"))
        out[name] = {"left": left, "right": right, "mean": (left + right) / 2}
    return out


def _rounded(value, digits: int = 3):
    if isinstance(value, dict):
        return {k: _rounded(v, digits) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_rounded(v, digits) for v in value]
    return round(float(value), digits) if isinstance(value, float | np.floating) else value


def _person_truth(person: Person, aim: Aim) -> dict:
    j, camera = person.posed.joints, aim.camera
    names = [n + s for n in JOINTS for s in (".L", ".R")]
    points = {n: j[n] for n in names}
    points["nose"] = person.posed.move(
        person.body.vertices[[person.body.nose_vertex]],
        person.body.weights[[person.body.nose_vertex]],
    )[0]
    for side, vertex in zip((".L", ".R"), person.body.ear_vertices, strict=True):
        points["ear" + side] = person.posed.move(
            person.body.vertices[[vertex]], person.body.weights[[vertex]]
        )[0]
    px = camera.project(np.array(list(points.values())))
    crown = person.skin[np.argmax(person.skin[:, 2])]
    everything = np.concatenate([m.vertices for m in person.meshes])
    soles = everything[everything[:, 2] < 0.03]
    rows = camera.project(everything)[:, 1]
    return {
        "sex": person.want.sex,
        "height_cm": person.body.stature_cm,
        "weight_kg": person.body.weight_kg,
        "lengths_cm": lengths_cm(person.posed),
        "joints_m": {n: list(p) for n, p in points.items()},
        "joints_px": {n: list(p) for n, p in zip(points, px, strict=True)},
        "vertex_px": list(camera.project(crown[None])[0]),
        "top_row_px": float(rows.min()),
        "sole_row_px": float(camera.project(soles)[:, 1].max()),
        "shoe_sole_cm": 100 * person.outfit.footwear.sole_m if person.outfit.footwear else 0.0,
    }


def _clothes(outfit: Outfit) -> dict:
    shoes, hair, bottom = outfit.footwear, outfit.hair, outfit.bottom
    return {
        "tops": [
            {
                "sleeve": t.sleeve, "hem": t.hem, "ease_cm": 100 * t.ease_m,
                "open": t.open_m > 0, "pattern": t.cloth.pattern,
            }
            for t in outfit.tops
        ],
        "bottom": {"kind": bottom.kind, "length": bottom.length, "ease_cm": 100 * bottom.ease_m},
        "footwear": "bare" if shoes is None else "shoes" if shoes.sole_m else "socks",
        "hair": "none" if hair is None else "long" if hair.fall_m else "short",
        "beard": outfit.skin.beard > 0,
    }  # fmt: skip


# --- the whole ----------------------------------------------------------------------------------


def _seat(person: Person) -> Mesh:
    """What a sitting person sits on."""
    hip = (person.posed.joints["hip.L"] + person.posed.joints["hip.R"]) / 2
    skin = person.skin
    near = skin[np.linalg.norm(skin[:, :2] - hip[:2], axis=1) < 0.12]
    top = float(near[:, 2].min()) + 0.015
    vertices, faces = box(
        np.array([hip[0], hip[1] + 0.03, top / 2]), np.array([0.44, 0.42, top]), 12.0
    )
    return make_mesh(vertices, faces, Plain((112, 84, 62), 3))


def take_photo(
    seed: int,
    kind: Kind,
    spread: Spread,
    long_side_px: int = 1440,
    decor: Decor = "any",
    *,
    shot: Shot | None = None,
    pose: Pose | None = None,
    quality: int | None = None,
) -> tuple[bytes, dict]:
    """Render one photo; ``shot``, ``pose`` and JPEG ``quality`` are the seed's own unless given.

    Returns
    -------
    JPEG bytes, and the truth as JSON-ready values.
    """
    shot = shot or make_shot(seed, kind, long_side_px)
    room = make_room(seed, kind, decor)
    person = make_person(seed, spread, kind, (0.0, 0.0), pose, decor)
    people = [person]
    if kind == "two_people":
        rng = stream(seed, "pose", "second")
        side = 1 if rng.random() < 0.5 else -1
        spot = (side * float(rng.uniform(0.6, 0.95)), float(rng.uniform(-0.25, 0.3)))
        people.append(make_person(seed + 500_000_000, spread, "front", spot, None, decor))
    points = np.concatenate([m.vertices for p in people for m in p.meshes])
    aim = aim_at(shot, points, kind)
    meshes = [] if kind == "empty" else [m for p in people for m in p.meshes]
    for piece in room.furniture:
        vertices, faces = box(np.array(piece.centre_m), np.array(piece.size_m), piece.yaw_deg)
        meshes.append(make_mesh(vertices, faces, piece.material))
    if kind == "sitting":
        meshes.append(_seat(person))
    if not meshes:  # an empty room still needs something for rays to miss
        vertices, faces = box(np.array([0, 0, -5.0]), np.ones(3), 0.0)
        meshes.append(make_mesh(vertices, faces, Plain((128, 128, 128), 0)))
    radiance = render(Picture(meshes, room, stream(seed, "light", kind)), aim.camera)
    rng = stream(seed, "sensor", kind)
    image = develop(radiance, rng)
    diagonal_px = np.hypot(shot.width, shot.height)
    focal_35mm = aim.camera.focal_px * FILM_DIAGONAL_MM / diagonal_px
    quality = quality or int(rng.integers(70, 96))
    data = encode(image, shot, round(focal_35mm), quality)
    truth = {
        "seed": seed,
        "kind": kind,
        "set": spread,
        "decor": decor,
        "expected_error": EXPECTED_ERROR[kind],
        "width": shot.width,
        "height": shot.height,
        **({} if kind == "empty" else _person_truth(person, aim)),
        "camera": {
            "height_m": shot.camera_height_m, "pitch_deg": aim.pitch_deg, "roll_deg": shot.roll_deg,
            "yaw_deg": aim.yaw_deg, "distance_m": aim.distance_m, "focal_px": aim.camera.focal_px,
            "focal_35mm": focal_35mm, "exif": shot.exif, "orientation": shot.orientation,
            "position_m": list(aim.camera.position), "axes": [list(a) for a in aim.camera.axes],
        },
        "pose": {} if kind == "empty" else asdict(person.pose),
        "clothes": {} if kind == "empty" else _clothes(person.outfit),
        "jpeg_quality": quality,
    }  # fmt: skip
    return data, _rounded(truth, 4)


def write_photo(folder: Path, name: str, data: bytes) -> None:
    """Write a JPEG so that an interrupted run leaves no half file."""
    part = folder / (name + ".part")
    part.write_bytes(data)
    part.rename(folder / name)
