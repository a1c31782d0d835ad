"""From a seed to a JPEG and the truth about it."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from training.people.body import Body, Pose, Posed, level_feet, pose_body
from training.people.collages import paste_side_by_side, with_inset
from training.people.drawing import chibi_body, chibi_posed, draw, make_chibi, moulded, stand
from training.people.dressed import dressed_outfit, dressed_shot, dressed_standing
from training.people.dressing import dress
from training.people.looks import Plain
from training.people.meshes import Mesh, box, make_mesh, tube
from training.people.painting import barefoot, paint_picture, painted_person
from training.people.phone import develop_as_phone
from training.people.places import full_room
from training.people.proportions import SEGMENTS, Proportions, Spread
from training.people.render import Camera, Picture, look, render
from training.people.rooms import Colour, Room
from training.people.scenes import (
    DRESSED,
    EXPECTED,
    Decor,
    Kind,
    Shot,
    make_body,
    make_outfit,
    make_pose,
    make_room,
    make_shot,
    outfit_for,
    stream,
)  # fmt: skip
from training.people.wardrobe import Outfit

NEAR_M = 1.5  # no phone is held nearer for a whole-body photo
PITCHED_DISTANCE_M = (1.4, 3.3)  # the same, from far below or above
CUT_DISTANCE_M = 1.1  # nearer than this nobody holds a phone for it
MARGIN = 0.015  # share of the picture that stays free around a whole body
FILM_DIAGONAL_MM = 43.267  # 36 x 24 mm; CIPA DCG-001 relates "35 mm focal length" to the diagonal
UNEVEN_FEET = ("sitting", "crouching", "bent", "walking", "jumping")
PAINTED: tuple[Kind, ...] = ("front", "side", "again")
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


def shot_for(seed: int, kind: Kind, long_side_px: int, decor: Decor) -> Shot:
    """The camera of a seed's photo of this kind, as the decor has it."""
    return (dressed_shot if decor in DRESSED else make_shot)(seed, kind, long_side_px)


def pose_for(seed: int, kind: Kind, decor: Decor) -> Pose:
    """The pose of a seed's photo of this kind, as the decor has it."""
    if decor in DRESSED and kind in ("front", "again"):
        return dressed_standing(stream(seed, "pose", "dressed " + kind))
    return make_pose(seed, kind)


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
    chibi = make_chibi(stream(seed, "body", kind)) if kind in ("cartoon", "figure") else None
    if chibi is not None:
        body = chibi_body(body, chibi)
    drawn = dressed_outfit if decor in DRESSED else make_outfit
    outfit = outfit_for(seed, kind, drawn(seed, body, want.sex, decor), body, decor)
    if decor == "painted":  # shoes are paint, too: they lift nobody
        outfit = barefoot(outfit)
    pose = pose or pose_for(seed, kind, decor)
    if kind not in UNEVEN_FEET:
        pose = level_feet(body, pose)
    if chibi is not None:
        outfit, posed = moulded(outfit), chibi_posed(body, pose, chibi)
    else:
        posed = pose_body(body, pose)
    meshes = (painted_person if decor == "painted" else dress)(body, outfit, posed)
    lowest_m = min(m.vertices[:, 2].min() for m in meshes)
    lift = np.array([*at_m, pose.above_floor_m - lowest_m])
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
        camera = Camera(position, axes, focal_px, shot.width, shot.height, shot.bend)
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


def _distance_of_pitch_m(shot: Shot, points: np.ndarray) -> float:
    """Where a camera has to stand to aim at the person with the shot's pitch: nearer is steeper."""
    near, distant = PITCHED_DISTANCE_M
    for _ in range(12):
        middle = (near + distant) / 2
        steeper = abs(_aim(shot, points, middle).pitch_deg) > abs(shot.pitch_deg or 0.0)
        near, distant = (middle, distant) if steeper else (near, middle)
    return near


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
    if shot.pitch_deg is None:
        distance_m = float(np.clip(distance_m, NEAR_M, shot.far_m))
    else:
        distance_m = _distance_of_pitch_m(shot, points)
    aim = _aim(shot, points, distance_m)
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
    soles = everything[everything[:, 2] < person.pose.above_floor_m + 0.03]
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


def clothes_of(outfit: Outfit) -> dict:
    """What is worn, as the truth has it."""
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


def _barbell(person: Person) -> list[Mesh]:
    """What a weightlifter holds up: a bar between the hands, a disc at either end."""
    j = person.posed.joints
    hands = [j["wrist" + s] + 0.09 * _unit(j["wrist" + s] - j["elbow" + s]) for s in (".L", ".R")]
    along = _unit(hands[0] - hands[1])
    middle, half_m = (hands[0] + hands[1]) / 2, 0.75
    ends = [middle + half_m * along, middle - half_m * along]
    metal, disc = Plain((150, 152, 156), 1, gloss=0.4), Plain((34, 36, 40), 2)
    radius_m = 0.11 + 0.1 * float(person.pose.leg_left.out_deg % 1)
    plates = [tube(e - 0.12 * w * along, e - 0.04 * w * along, radius_m, disc)
              for e, w in zip(ends, (1, -1), strict=True)]  # fmt: skip
    return [tube(ends[0], ends[1], 0.014, metal), *plates]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _shin_m(seed: int, person: Person) -> tuple[np.ndarray, np.random.Generator]:
    """Where on the shins something begins that hides what is below, (3,) metres."""
    rng = stream(seed, "pose", "hidden")
    knee, ankle = (
        (person.posed.joints[n + ".L"] + person.posed.joints[n + ".R"]) / 2
        for n in ("knee", "ankle")
    )
    return knee + float(rng.uniform(0.2, 0.85)) * (ankle - knee), rng


HIDING_FINISHES: dict[str, tuple[Colour, ...]] = {
    "water": ((58, 88, 96), (70, 104, 120), (96, 120, 112), (40, 66, 84)),
    "grass": ((86, 110, 56), (120, 128, 70)),
    "snow": ((236, 240, 246),),
}


def _flood(room: Room, seed: int, person: Person) -> Room:
    """The room with water, snow or tall grass up to the person's shins."""
    at, rng = _shin_m(seed, person)
    form = str(rng.choice(list(HIDING_FINISHES), p=[0.6, 0.2, 0.2]))
    colours = HIDING_FINISHES[form]
    colour = colours[int(rng.integers(len(colours)))]
    light = tuple(min(255, round(1.3 * c) + 12) for c in colour)
    finish = {"water": "water", "grass": "grass", "snow": "concrete"}[form]
    floor = replace(
        room.planes[0], point=np.array([0, 0, at[2]]), finish=finish, colour=colour,
        second=light if form != "snow" else colour, pitch_m=0.12,
    )  # fmt: skip
    return replace(room, planes=(floor, *room.planes[1:]))


def _obstacle(seed: int, person: Person, camera: Camera) -> Mesh:
    """A hedge, a wall or a table's side before the person, as high as hides the feet and shins."""
    at, rng = _shin_m(seed, person)
    deep = float(rng.uniform(0.15, 0.6))
    near = at[1] - float(rng.uniform(0.3, 0.5))
    eye = camera.position
    # The box's rear edge hides what is behind it from a camera above it, its front edge from below.
    edge = near if eye[2] > at[2] else near - deep
    share = (at[1] - edge) / (at[1] - eye[1])
    top_m = float(at[2] + share * (eye[2] - at[2]))
    colour = ((62, 92, 48), (150, 140, 124), (120, 86, 58), (222, 220, 214))[int(rng.integers(4))]
    vertices, faces = box(
        np.array([at[0], near - deep / 2, top_m / 2]), np.array([3.5, deep, top_m]),
        float(rng.normal(0, 3)),
    )  # fmt: skip
    return make_mesh(vertices, faces, Plain(colour, int(rng.integers(1000))))


@dataclass(frozen=True)
class Taken:
    """A picture of one person, before it is a JPEG."""

    image: Image.Image
    aim: Aim
    person: Person
    sensor: np.random.Generator


def _take(
    seed: int, kind: Kind, spread: Spread, decor: Decor, shot: Shot, pose: Pose | None
) -> Taken:
    """Put the scene of a photo together and look at it."""
    if decor == "painted" and kind not in PAINTED:
        raise ValueError(f"decor painted has {', '.join(PAINTED)}; got {kind}")
    sensor = stream(seed, "sensor", kind)
    room = (full_room if decor in DRESSED else make_room)(seed, kind, decor)
    person = make_person(seed, spread, kind, (0.0, 0.0), pose, decor)
    people = [person]
    if kind == "two_people":
        rng = stream(seed, "pose", "second")
        side = 1 if rng.random() < 0.5 else -1
        spot = (side * float(rng.uniform(0.6, 0.95)), float(rng.uniform(-0.25, 0.3)))
        people.append(make_person(seed + 500_000_000, spread, "front", spot, None, decor))
    held = _barbell(person) if kind == "lifting" else []
    points = np.concatenate(
        [m.vertices for p in people for m in p.meshes] + [m.vertices for m in held]
    )
    aim = aim_at(shot, points, kind)
    meshes = [] if kind == "empty" else [m for p in people for m in p.meshes]
    if kind == "cartoon":
        eyes = np.array([person.posed.joints["eye" + side] for side in (".L", ".R")])
        image = draw(meshes, eyes, aim.camera, stream(seed, "light", kind))
        return Taken(image, aim, person, sensor)
    if decor == "painted":
        rng = stream(seed, "light", kind)
        image = paint_picture(person.body, person.outfit, list(person.meshes), aim.camera, rng)
        return Taken(image, aim, person, sensor)
    for piece in room.furniture:
        vertices, faces = box(np.array(piece.centre_m), np.array(piece.size_m), piece.yaw_deg)
        meshes.append(make_mesh(vertices, faces, piece.material))
    meshes += room.things
    if kind == "sitting":
        meshes.append(_seat(person))
    meshes += held
    if kind == "figure":
        meshes.append(stand(person.posed, 0.012, person.outfit.bottom.cloth.colour))
    if kind == "water":
        if stream(seed, "pose", "flood").random() < 0.6:
            room = _flood(room, seed, person)
        else:
            meshes.append(_obstacle(seed, person, aim.camera))
    if not meshes:  # an empty room still needs something for rays to miss
        vertices, faces = box(np.array([0, 0, -5.0]), np.ones(3), 0.0)
        meshes.append(make_mesh(vertices, faces, Plain((128, 128, 128), 0)))
    radiance = render(Picture(meshes, room, stream(seed, "light", kind)), aim.camera)
    developed = (develop_as_phone if decor in DRESSED else develop)(radiance, sensor)
    return Taken(developed, aim, person, sensor)


COLLAGES: tuple[tuple[Kind, ...], ...] = (
    ("front", "front"), ("front", "again"), ("front", "side"), ("front", "behind"),
    ("front", "again", "side", "behind"), ("front", "front", "front", "front"),
)  # fmt: skip
INSET_SHARE = (0.25, 0.36)  # of the picture's height


def _collage(seed: int, kind: Kind, spread: Spread, long_side_px: int, decor: Decor) -> Image.Image:
    """Photos of one person in one picture."""
    rng = stream(seed, "camera", kind)
    if kind == "inset":
        kinds: tuple[Kind, ...] = (("front", "front"), ("front", "again"))[int(rng.integers(2))]
    else:
        kinds = COLLAGES[int(rng.integers(len(COLLAGES)))]
    each_px = long_side_px if kind == "inset" else round(0.75 * long_side_px)
    taken = {
        k: _take(seed, k, spread, decor, shot_for(seed, k, each_px, decor), None)
        for k in dict.fromkeys(kinds)
    }
    images = [taken[k].image for k in kinds]
    if kind == "inset":
        front = taken["front"]
        middle_px = front.aim.camera.project(front.person.skin)[:, 0].mean()
        right, top = middle_px < images[0].width / 2, rng.random() < 0.5  # beside the person
        return with_inset(
            images[0], images[1], float(rng.uniform(*INSET_SHARE)), bool(right), bool(top),
            round(0.004 * long_side_px),
        )  # fmt: skip
    return paste_side_by_side(images, long_side_px, rng)


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
    shot = shot or shot_for(seed, kind, long_side_px, decor)
    truth = {"seed": seed, "kind": kind, "set": spread, "decor": decor, **_expected(kind)}
    if kind in ("collage", "inset"):
        image = _collage(seed, kind, spread, long_side_px, decor)
        quality = quality or int(stream(seed, "sensor", kind).integers(70, 96))
        data = encode(image, replace(shot, exif=False, orientation=1), 0, quality)
        height_cm = make_body(seed, spread)[1].stature_cm
        width, height = image.size
        truth |= {"width": width, "height": height, "height_cm": height_cm, "jpeg_quality": quality}
        return data, _rounded(truth, 4)
    taken = _take(seed, kind, spread, decor, shot, pose)
    aim, person = taken.aim, taken.person
    diagonal_px = np.hypot(shot.width, shot.height)
    focal_35mm = aim.camera.focal_px * FILM_DIAGONAL_MM / diagonal_px
    quality = quality or int(taken.sensor.integers(70, 96))
    data = encode(taken.image, shot, round(focal_35mm), quality)
    nobody = kind in ("empty", "cartoon", "figure")
    truth |= {
        "width": shot.width,
        "height": shot.height,
        **({} if nobody else _person_truth(person, aim)),
        "camera": {
            "height_m": shot.camera_height_m, "pitch_deg": aim.pitch_deg, "roll_deg": shot.roll_deg,
            "yaw_deg": aim.yaw_deg, "distance_m": aim.distance_m, "focal_px": aim.camera.focal_px,
            "focal_35mm": focal_35mm, "exif": shot.exif, "orientation": shot.orientation,
            "position_m": list(aim.camera.position), "axes": [list(a) for a in aim.camera.axes],
            **({"bend": shot.bend} if shot.bend else {}),
        },
        "pose": {} if nobody else asdict(person.pose),
        "clothes": {} if nobody else clothes_of(person.outfit),
        "jpeg_quality": quality,
    }  # fmt: skip
    return data, _rounded(truth, 4)


def _expected(kind: Kind) -> dict:
    """The answers that are right for a kind of photo, as the truth has them."""
    refusal = EXPECTED[kind]
    return {
        "expected_error": refusal and refusal.codes[0],
        "expected_errors": [] if refusal is None else list(refusal.codes),
        "expected_reasons": [] if refusal is None else list(refusal.reasons),
    }


def write_photo(folder: Path, name: str, data: bytes) -> None:
    """Write a JPEG so that an interrupted run leaves no half file."""
    part = folder / (name + ".part")
    part.write_bytes(data)
    part.rename(folder / name)
