"""Places with things in them: streets out of focus, doors, shelves, plants, beds, posters.

Pictures are painted from a seed, so that none has to be shipped: they have the colours, edges and
scales of photos, not their meaning.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.people.looks import Cloth, Plain, linear
from training.people.meshes import Mesh, box, make_mesh, tube
from training.people.rooms import Panel, Plane, Room
from training.people.scenes import (
    CLOTH_COLOURS,
    FLOOR_COLOURS,
    WALL_COLOURS,
    Decor,
    Kind,
    make_room,
    options_of,
    stream,
)

PX = (512, 384)  # of a painted picture


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _colour(rng: np.random.Generator, colours) -> tuple[int, int, int]:
    picked = np.array(colours[int(rng.integers(len(colours)))], float)
    r, g, b = (picked * rng.uniform(0.75, 1.15) + rng.normal(0, 8, 3)).clip(0, 255).astype(int)
    return int(r), int(g), int(b)


def _cloudy(rng: np.random.Generator, size: tuple[int, int], depth: float) -> np.ndarray:
    """Light and shade of all scales, (height, width) about 1."""
    total = np.zeros(size[::-1], np.float32)
    for k in (3, 6, 12, 24, 48, 96):
        small = Image.fromarray(rng.standard_normal((k, k)).astype(np.float32))
        total += np.asarray(small.resize(size, Image.Resampling.BICUBIC)) * (3 / k) ** 0.55
    return 1 + depth * total


def _leaves(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A mask of foliage, (height, width) 0..1."""
    field = _cloudy(rng, size, 1.0) - 1 + 0.6 * rng.standard_normal(size[::-1])
    return (field > rng.uniform(-0.2, 0.6)).astype(np.float32)


def _street(rng: np.random.Generator, decor: Decor) -> Image.Image:
    """Sky, fronts with windows, trees, cars, people far off; nothing of it sharp."""
    width, height = PX
    sky = (205 + int(rng.integers(40)), 215 + int(rng.integers(30)), 225 + int(rng.integers(30)))
    image = Image.new("RGB", PX, sky)
    pen = ImageDraw.Draw(image)
    walls = options_of(decor, WALL_COLOURS + CLOTH_COLOURS)
    x = -20.0
    while x < width:
        wide, top = _between(rng, 40, 170), _between(rng, -60, 0.7 * height)
        wall = _colour(rng, walls)
        pen.rectangle((x, top, x + wide, height), fill=wall)
        pane = _colour(rng, ((60, 70, 80), (30, 34, 40), (180, 200, 214), (230, 220, 180)))
        step_x, step_y = _between(rng, 14, 40), _between(rng, 16, 46)
        if rng.random() < 0.75:
            for wx in np.arange(x + 5, x + wide - 6, step_x):
                for wy in np.arange(top + 6, height - 30, step_y):
                    pen.rectangle((wx, wy, wx + 0.55 * step_x, wy + 0.6 * step_y), fill=pane)
        x += wide + (_between(rng, 0, 60) if rng.random() < 0.3 else 0)
    out = np.asarray(image, np.float32)
    for _ in range(int(rng.integers(0, 3))):  # trees, hedges
        mask = _leaves(rng, PX)
        left, right = sorted(rng.uniform(-0.1, 1.1, 2) * width)
        low = rng.uniform(0.4, 1.0) * height
        mask[:, : int(max(left, 0))] = mask[:, int(max(right, 0)) :] = mask[int(low) :] = 0
        green = np.array(_colour(rng, ((60, 84, 44), (40, 60, 34), (110, 124, 60), (150, 110, 60))))
        shade = _cloudy(rng, PX, 0.35)[..., None]
        out += (green * shade - out) * mask[..., None]
    image = Image.fromarray((out * _cloudy(rng, PX, 0.07)[..., None]).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 7))):  # cars, people, posts, bins
        x, tall = _between(rng, 0, width), _between(rng, 20, 110)
        wide = tall * float(rng.choice([0.1, 0.3, 2.2]))
        fill = _colour(rng, options_of(decor, CLOTH_COLOURS))
        pen.rounded_rectangle(
            (x, height - tall, x + wide, height), 0.25 * min(wide, tall), fill=fill
        )
    return image.filter(ImageFilter.GaussianBlur(_between(rng, 1.5, 9)))


def _poster(rng: np.random.Generator, decor: Decor) -> Image.Image:
    """A picture: fields of colour, a landscape or lines of writing."""
    form = rng.random()
    colours = options_of(decor, CLOTH_COLOURS + WALL_COLOURS)
    if form < 0.3:
        return _street(rng, decor)
    size = (192, 192)
    image = Image.new("RGB", size, _colour(rng, colours))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 14))):
        x, y, w, h = rng.uniform([-20, -20, 8, 4], [180, 180, 150, 90]).tolist()
        draw = pen.ellipse if rng.random() < 0.4 else pen.rectangle
        draw((x, y, x + w, y + h), fill=_colour(rng, colours))
    if form > 0.7:
        for y in np.arange(20, 180, 12):
            pen.line((15, y, _between(rng, 60, 178), y), fill=_colour(rng, colours), width=4)
    shaded = np.asarray(image, np.float32) * _cloudy(rng, size, 0.12)[..., None]
    return Image.fromarray(shaded.clip(0, 255).astype(np.uint8))


def _front(rng: np.random.Generator, decor: Decor) -> Image.Image:
    """A door's or a wardrobe's face: boards, fields, a handle, the grain of wood."""
    size = (160, 384)
    colour = _colour(rng, options_of(decor, FLOOR_COLOURS + WALL_COLOURS))
    grain = np.asarray(
        Image.fromarray(rng.standard_normal((24, 60)).astype(np.float32)).resize(
            size, Image.Resampling.BICUBIC
        )
    )
    flat = np.array(colour, np.float32) * (1 + _between(rng, 0, 0.12) * grain[..., None])
    image = Image.fromarray(flat.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    dark, light = (tuple(int(c * k) for c in colour) for k in (0.6, 1.2))
    for k in range(int(rng.integers(0, 4))):
        top = 24 + k * 120
        pen.rectangle((24, top, 136, top + 96), outline=dark, width=3)
        pen.rectangle((27, top + 3, 139, top + 99), outline=light, width=1)
    x = 10 if rng.random() < 0.5 else 140
    metal = _colour(rng, ((190, 190, 188), (60, 60, 62), (190, 160, 90)))
    pen.rounded_rectangle((x, 180, x + 10, 200 + 60 * rng.random()), 4, fill=metal)
    return image


def _panel(left: float, low: float, wide: float, tall: float, frame, frame_m: float,
           picture: Image.Image) -> Panel:  # fmt: skip
    pixels = linear(np.asarray(picture.convert("RGB"))).astype(np.float32)
    return Panel(left, left + wide, low, low + tall, (128, 128, 128), frame, frame_m, pixels)


def _hung(rng: np.random.Generator, wall: Plane, decor: Decor, span_m: float) -> tuple[Panel, ...]:
    """What hangs on and stands in a wall; often there is a door right behind the person."""
    out = list(wall.panels)
    frame = _colour(rng, ((240, 238, 232), (60, 50, 42), (150, 112, 78), (30, 30, 32)))
    if rng.random() < 0.45:
        left = -0.45 + _between(rng, -0.5, 0.5) if rng.random() < 0.6 else _between(rng, -2, 1.5)
        wide = float(rng.choice([0.85, 0.95, 1.7]))
        out.append(_panel(left, 0.0, wide, _between(rng, 1.98, 2.25), frame, 0.07,
                          _front(rng, decor)))  # fmt: skip
    for _ in range(int(rng.integers(0, 4))):
        left, low = _between(rng, -span_m, span_m), _between(rng, 0.8, 1.7)
        wide = _between(rng, 0.2, 1.0)
        out.append(_panel(left, low, wide, wide * _between(rng, 0.7, 1.4), frame,
                          float(rng.choice([0.0, 0.02, 0.04])), _poster(rng, decor)))  # fmt: skip
    if rng.random() < 0.3:  # sockets, switches, signs
        left, low = _between(rng, -1.5, 1.5), _between(rng, 0.2, 1.5)
        out.append(_panel(left, low, 0.12, 0.1, (200, 200, 200), 0.01, _poster(rng, decor)))
    return tuple(out)


def _block(rng, centre, size, yaw_deg: float, colour) -> Mesh:
    vertices, faces = box(np.array(centre), np.array(size), yaw_deg)
    return make_mesh(vertices, faces, Plain(colour, int(rng.integers(1000))))


def _lump(rng, centre, radii, colour, cloth: bool) -> Mesh:
    """A rounded heap: a cushion, a bag, clothes, a bush."""
    across, up = 22, 12
    a, b = np.meshgrid(np.linspace(0, 2 * np.pi, across, endpoint=False),
                       np.linspace(-np.pi / 2, np.pi / 2, up))  # fmt: skip
    bumpy = 1 + _between(rng, 0.03, 0.2) * rng.standard_normal(a.shape)
    ring = np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], -1)
    flat = (np.array(centre) + ring * bumpy[..., None] * np.array(radii)).reshape(-1, 3)
    index = np.arange(across * up).reshape(up, across)
    p, q = index[:-1], index[1:]
    r, s = np.roll(p, -1, 1), np.roll(q, -1, 1)
    faces = np.concatenate([np.stack([p, r, q], -1).reshape(-1, 3),
                            np.stack([r, s, q], -1).reshape(-1, 3)])  # fmt: skip
    seed = int(rng.integers(1000))
    stuff = Cloth(colour, colour, "plain", 0.05, seed, 0.0, 0.5) if cloth else Plain(colour, seed)
    return make_mesh(flat, faces, stuff)


def _thing(rng: np.random.Generator, x: float, y: float, decor: Decor) -> list[Mesh]:
    """A piece of furniture or clutter that stands at a place on the floor."""
    wood = _colour(rng, options_of(decor, FLOOR_COLOURS + WALL_COLOURS))
    bright = _colour(rng, options_of(decor, CLOTH_COLOURS))
    yaw = float(rng.choice([0.0, 90.0])) + float(rng.normal(0, 6))
    form = rng.choice(["table", "chair", "shelf", "sofa", "plant", "heap", "shoes", "box", "lamp"])
    if form == "table":
        tall, wide, deep = (
            _between(rng, 0.45, 0.78),
            _between(rng, 0.5, 1.1),
            _between(rng, 0.4, 0.7),
        )
        legs = [
            _block(
                rng, (x + i * 0.4 * wide, y + j * 0.4 * deep, tall / 2), (0.05, 0.05, tall), 0, wood
            )
            for i in (-1, 1)
            for j in (-1, 1)
        ]
        top = _block(rng, (x, y, tall), (wide, deep, 0.04), 0, wood)
        stuff = _block(rng, (x, y, tall + 0.1), (0.2, 0.2, 0.16), yaw, bright)
        return [top, *legs, stuff]
    if form == "chair":
        legs = [
            _block(rng, (x + i * 0.18, y + j * 0.18, 0.22), (0.04, 0.04, 0.44), 0, wood)
            for i in (-1, 1)
            for j in (-1, 1)
        ]
        seat = _block(rng, (x, y, 0.45), (0.42, 0.42, 0.05), 0, bright)
        return [seat, *legs, _block(rng, (x, y + 0.2, 0.7), (0.42, 0.04, 0.5), 0, wood)]
    if form == "shelf":
        wide, tall = _between(rng, 0.5, 1.1), _between(rng, 0.8, 1.9)
        out = [
            _block(rng, (x + i * wide / 2, y, tall / 2), (0.03, 0.3, tall), 0, wood)
            for i in (-1, 1)
        ]
        for z in np.arange(0.05, tall, 0.36):
            out.append(_block(rng, (x, y, z), (wide, 0.3, 0.03), 0, wood))
            for _ in range(int(rng.integers(0, 4))):
                size = rng.uniform([0.03, 0.15, 0.12], [0.2, 0.25, 0.28])
                at = (x + _between(rng, -0.35, 0.35) * wide, y, z + size[2] / 2)
                colour = _colour(rng, options_of(decor, CLOTH_COLOURS))
                out.append(_block(rng, at, size, 0, colour))
        return out
    if form == "sofa":
        wide = _between(rng, 0.9, 1.7)
        return [
            _block(rng, (x, y, 0.22), (wide, 0.75, 0.4), 0, bright),
            _block(rng, (x, y + 0.3, 0.5), (wide, 0.2, 0.6), 0, bright),
            _lump(rng, (x, y, 0.5), (0.22, 0.12, 0.18), wood, True),
        ]
    if form == "plant":
        green = _colour(rng, ((50, 84, 44), (70, 110, 60), (92, 110, 50)))
        pot, tall = _between(rng, 0.1, 0.2), _between(rng, 0.3, 1.2)
        crown = np.array([x, y, tall])
        bushes = [
            _lump(rng, crown + rng.normal(0, 0.12, 3), rng.uniform(0.08, 0.25, 3), green, True)
            for _ in range(4)
        ]
        stem = tube((x, y, 0.1), (x, y, tall), 0.015, Plain((80, 62, 44), 1))
        return [tube((x, y, 0), (x, y, 0.25), pot, Plain(wood, 1)), stem, *bushes]
    if form == "lamp":
        tall = _between(rng, 0.9, 1.7)
        return [
            tube((x, y, 0), (x, y, tall), 0.015, Plain((50, 50, 52), 1)),
            tube((x, y, tall), (x, y, tall + 0.25), 0.16, Plain((236, 226, 200), 1)),
        ]
    if form == "shoes":
        return [
            _lump(
                rng,
                (x + k * 0.12, y + rng.normal(0, 0.04), 0.04),
                (0.045, 0.13, 0.045),
                bright,
                False,
            )
            for k in (-0.5, 0.5, 2)
        ]
    if form == "box":
        size = rng.uniform([0.2, 0.2, 0.2], [0.6, 0.5, 0.9])
        return [_block(rng, (x, y, size[2] / 2), size, yaw, wood)]
    radii = rng.uniform([0.12, 0.12, 0.08], [0.3, 0.25, 0.25])
    return [_lump(rng, (x, y, 0.8 * radii[2]), radii, bright, True)]


def full_room(seed: int, kind: Kind, decor: Decor) -> Room:
    """The place of a seed's photo: ``make_room``'s with things in it, or a street."""
    room = make_room(seed, kind, decor)
    rng = stream(seed, "room", "dressed " + ("front" if kind == "side" else kind))
    floor, wall, *rest = room.planes
    behind_m = float(wall.point[1])
    if rng.random() < 0.3:  # outdoors: what is far is a picture out of focus
        far_m = _between(rng, 5, 14)
        wide = 2.6 * far_m + 8
        view = _panel(-wide / 2, 0.0, wide, 0.62 * wide, (0, 0, 0), 0.0, _street(rng, decor))
        wall = replace(
            wall, point=np.array([0, far_m, 0.0]), finish="concrete", panels=(view,), skirting_m=0.0
        )
        strength = _between(rng, 0.3, 1.15)
        sky = (1.05 - 0.5 * strength) * np.array([0.96, 1.0, 1.06])
        ground = _colour(rng, ((128, 128, 126), (160, 156, 150), (96, 96, 98), (170, 150, 124)))
        floor = replace(
            floor, colour=ground, finish=str(rng.choice(["concrete", "tiles", "concrete", "grass"]))
        )
        return replace(
            room, planes=(floor, wall), furniture=(), sun_colour=room.sun_colour * strength * 1.6,
            sun_spread_deg=_between(rng, 1.0, 6.0), sky_colour=sky, ground_colour=0.7 * sky,
            backdrop=(214, 222, 228),
        )  # fmt: skip
    wall = replace(wall, panels=_hung(rng, wall, decor, 1.8 + behind_m / 2))
    things: list[Mesh] = []
    if floor.finish == "grass":  # no shelves on a lawn
        return replace(room, planes=(floor, wall, *rest), furniture=())
    for _ in range(int(rng.choice([0, 1, 2, 3, 4], p=[0.25, 0.25, 0.22, 0.16, 0.12]))):
        side = 1 if rng.random() < 0.5 else -1
        deep = _between(rng, 0.0, max(0.1, behind_m - 0.35))
        x = side * _between(rng, 1.15 if deep < 0.6 else 0.3, 2.0)
        things += _thing(rng, x, deep, decor)
    return replace(room, planes=(floor, wall, *rest), things=tuple(things))
