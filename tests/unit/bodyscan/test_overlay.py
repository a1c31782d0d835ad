"""The overlay: a whole JPEG, every label readable, in the picture, and apart from the others."""

import io
from itertools import combinations
from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image

from bodyscan.overlay import Box, LimbLabel, OverlayDrawing, draw_overlay, em_px, lay_out

# Joints of a body that stands, in widths and heights of the person's box.
JOINTS = {
    "left_shoulder": (0.74, 0.18),
    "right_shoulder": (0.26, 0.18),
    "left_elbow": (0.88, 0.36),
    "right_elbow": (0.12, 0.36),
    "left_wrist": (0.96, 0.5),
    "right_wrist": (0.04, 0.5),
    "left_hip": (0.63, 0.49),
    "right_hip": (0.37, 0.49),
    "left_knee": (0.65, 0.72),
    "right_knee": (0.35, 0.72),
    "left_ankle": (0.66, 0.94),
    "right_ankle": (0.34, 0.94),
}
BONES = [(f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (
    ("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"),
    ("knee", "ankle"))]  # fmt: skip
BONES += [("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")]
LABELS = {
    "31.0 ±1.2 cm": ("left_shoulder", "left_elbow"),
    "26.0 ±1.1 cm": ("left_elbow", "left_wrist"),
    "42.4 ±1.6 cm": ("right_hip", "right_knee"),
    "39.1 ±1.4 cm": ("right_knee", "right_ankle"),
    "51.7 ±2.2 cm": ("right_shoulder", "right_hip"),
}


def drawing(x0, y0, x1, y1):
    def at(name):
        x, y = JOINTS[name]
        return x0 + x * (x1 - x0), y0 + y * (y1 - y0)

    return OverlayDrawing(
        bones=tuple((at(one), at(other)) for one, other in BONES),
        joints=tuple(at(name) for name in JOINTS),
        labels=tuple(LimbLabel(text, at(a), at(b)) for text, (a, b) in LABELS.items()),
        vertex_y_px=y0,
        floor_y_px=y1,
        height_text="175.0 cm",
        person_box_px=(x0, y0, x1, y1),
    )


PICTURES = {
    "portrait": (960, 1280, (330, 150, 630, 1200)),
    "landscape": (1280, 960, (560, 40, 760, 930)),
    "square": (512, 512, (156, 35, 347, 472)),
    "narrow": (420, 1280, (40, 60, 380, 1240)),
    "wide": (1280, 400, (600, 10, 690, 390)),
    "at the left edge": (960, 1280, (-20, 20, 240, 1270)),
    "beyond the right edge": (960, 1280, (700, -20, 990, 1300)),
    "far away": (960, 1280, (470, 600, 500, 700)),
    "fills the picture": (960, 1280, (0, 0, 960, 1280)),
}


def read(jpeg):
    return np.asarray(Image.open(io.BytesIO(jpeg)))


@pytest.mark.parametrize("name", PICTURES)
def test_labels_lie_in_the_picture_and_apart(name):
    width, height, box = PICTURES[name]
    layout = lay_out(drawing(*box), width, height)
    boxes = [*layout.boxes, layout.height_box]
    assert None not in boxes
    assert all(inside(each, width, height) for each in boxes)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("name", ["portrait", "square", "landscape"])
def test_labels_leave_body_lines_and_face_free_where_there_is_room(name):
    width, height, box = PICTURES[name]
    drawn = drawing(*box)
    layout = lay_out(drawn, width, height)
    lines = [np.linspace(one, other, 50) for one, other in drawn.bones]
    face = np.array([[(box[0] + box[2]) / 2, box[1] + 0.07 * (box[3] - box[1])]])
    for label in layout.boxes:
        for points in [*lines, face]:
            covered = (points > [label.x0, label.y0]) & (points < [label.x1, label.y1])
            assert not covered.all(axis=1).any()


def test_labels_stay_near_their_limbs_where_there_is_room():
    width, height, box = PICTURES["portrait"]
    layout = lay_out(drawing(*box), width, height)
    for (x, y), label in zip(layout.anchors, layout.boxes, strict=True):
        aside = max(label.x0 - x, x - label.x1, 0)
        above = max(label.y0 - y, y - label.y1, 0)
        assert np.hypot(aside, above) < 0.25 * width


def test_the_height_line_runs_from_vertex_to_floor_beside_the_person():
    for name in ("portrait", "landscape", "square"):
        width, height, (x0, y0, x1, y1) = PICTURES[name]
        (x, top), (same_x, bottom) = lay_out(drawing(x0, y0, x1, y1), width, height).height_line
        assert (top, bottom) == (y0, y1)
        assert x == same_x
        assert x1 < x < width or 0 < x < x0


@pytest.mark.parametrize("width, height", [(960, 1280), (1280, 960), (720, 1280), (1280, 720)])
def test_text_is_legible_on_a_phone_360_px_wide(width, height):
    em = em_px(width, height)
    assert em >= 0.022 * height
    assert em * 360 / width >= 11.9


@pytest.mark.parametrize("seed", range(20))
def test_random_limbs_never_make_labels_overlap(seed):
    random = Random(seed)
    width, height = random.randrange(40, 1281), random.randrange(40, 1281)

    def point():
        return random.uniform(-0.3, 1.3) * width, random.uniform(-0.3, 1.3) * height

    labels = tuple(LimbLabel("188.8 ±88.8 cm", point(), point()) for _ in range(9))
    bones = tuple((label.start_xy_px, label.end_xy_px) for label in labels)
    drawn = OverlayDrawing(bones, (), labels, point()[1], point()[1], "175.0 cm", (*point(), 9, 9))
    layout = lay_out(drawn, width, height)
    boxes = [box for box in (*layout.boxes, layout.height_box) if box is not None]
    assert all(inside(box, width, height) for box in boxes)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))


def inside(box: Box, width, height):
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width + 1e-6 and box.y1 <= height + 1e-6


def overlap(one: Box, other: Box):
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


@pytest.mark.parametrize(
    "size, drawn_size",
    [
        ((960, 1280), (960, 1280)),
        ((1280, 853), (1280, 853)),
        ((2000, 1500), (1280, 960)),
        ((512, 512), (960, 960)),
        ((64, 64), (960, 960)),
        ((1, 1), (960, 960)),
        ((1280, 3), (1280, 3)),
        ((3, 1280), (3, 1280)),
    ],
)
def test_the_jpeg_has_a_size_that_a_phone_can_show(size, drawn_size):
    width, height = size
    pixels = np.full((height, width, 3), 90, np.uint8)
    box = (0.35 * width, 0.1 * height, 0.65 * width, 0.95 * height)
    jpeg = draw_overlay(pixels, drawing(*box))
    assert read(jpeg).shape[1::-1] == drawn_size


def test_the_jpeg_carries_no_metadata_and_the_photo_stays_as_it_is():
    pixels = np.random.default_rng(1).integers(0, 256, (1280, 960, 3), np.uint8)
    before = pixels.copy()
    jpeg = draw_overlay(pixels, drawing(*PICTURES["portrait"][2]))
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    assert not image.getexif()
    assert b"Exif" not in jpeg[:4096]
    assert "icc_profile" not in image.info
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_what_is_drawn_differs_from_any_background(shade):
    pixels = np.full((1280, 960, 3), shade, np.uint8)
    drawn = drawing(*PICTURES["portrait"][2])
    seen = read(draw_overlay(pixels, drawn)).astype(int)
    layout = lay_out(drawn, 960, 1280)
    for box in (*layout.boxes, layout.height_box):
        label = seen[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)]
        assert np.ptp(label.mean(axis=2)) > 120  # text on its pill
    for one, other in drawn.bones:
        x, y = (round((a + b) / 2) for a, b in zip(one, other, strict=True))
        spot = seen[y - 12 : y + 13, x - 12 : x + 13]
        assert np.abs(spot - shade).max() > 60


def test_colours_are_those_of_the_photo():
    pixels = np.zeros((1280, 960, 3), np.uint8)
    pixels[:, :, 0] = 200
    red, green, blue = read(draw_overlay(pixels, drawing(400, 300, 500, 900)))[1270, 5]
    assert red > 180
    assert max(green, blue) < 30


def test_the_font_has_the_plus_minus_sign():
    font = cv2.FontFace("sans")
    signs = []
    for text in ("±", "\u2603"):  # a snowman is one that no text font has
        canvas = np.zeros((64, 64, 3), np.uint8)
        cv2.putText(canvas, text, (8, 48), (255, 255, 255), font, 40, 500)
        signs.append(canvas)
    assert signs[0].any()
    assert not np.array_equal(*signs)


def test_nothing_to_draw_is_the_photo():
    empty = OverlayDrawing((), (), (), 0.0, 0.0, "", (0.0, 0.0, 0.0, 0.0))
    assert read(draw_overlay(np.zeros((960, 960, 3), np.uint8), empty)).shape == (960, 960, 3)
