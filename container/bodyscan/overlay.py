"""What a person sees of a measurement: the skeleton, each length at its limb, and the height."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, hypot

import cv2
import numpy as np
from numpy.typing import NDArray

XY = tuple[float, float]
Colour = tuple[int, int, int]

LONG_SIDE_PX = (960, 1280)
"""Longer side of the drawing: smaller photos are enlarged so that lines and text stay sharp."""

JPEG_QUALITY = 85

# Text is legible from 12 CSS px, where a phone shows the drawing 360 CSS px wide; and never so
# large that a very wide picture holds nothing else.
_EM_OF_WIDTH, _EM_OF_HEIGHT, _EM_AT_MOST_OF_HEIGHT = 12 / 360, 0.026, 0.06

# RGB. The outline keeps light lines readable on snow, and dark ones are not used.
_INK, _PAPER = (16, 20, 28), (255, 255, 255)
_LIMB, _BONE, _HEIGHT = (45, 220, 200), (214, 224, 236), (255, 198, 64)
_PILL_OPACITY = 0.82

# Rubik, which ships inside OpenCV 5: it has the plus-minus sign, and weights.
_FONT, _FONT_WEIGHT = "sans", 500


@dataclass(frozen=True)
class LimbLabel:
    """A length, and the limb that it belongs to."""

    text: str
    start_xy_px: XY
    end_xy_px: XY


@dataclass(frozen=True)
class OverlayDrawing:
    """What to draw, in pixels of the photo that it is drawn on.

    Attributes
    ----------
    bones
        Pairs of joints to connect.
    joints
        Where to put dots.
    labels
        Lengths; their limbs are drawn stronger than other bones.
    vertex_y_px, floor_y_px
        Ends of the height line.
    height_text
        What the height line says.
    person_box_px
        x0, y0, x1, y1 of the whole person.
    """

    bones: tuple[tuple[XY, XY], ...]
    joints: tuple[XY, ...]
    labels: tuple[LimbLabel, ...]
    vertex_y_px: float
    floor_y_px: float
    height_text: str
    person_box_px: tuple[float, float, float, float]


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float


def load() -> None:
    """Unpack the font, once in each thread that draws: 25 ms."""
    _pill_size("0", 12.0)


def draw_overlay(pixels_rgb: NDArray[np.uint8], drawing: OverlayDrawing) -> bytes:
    """Draw a measurement on its photo.

    Parameters
    ----------
    pixels_rgb
        (h, w, 3) RGB; it is not changed.
    drawing
        In pixels of ``pixels_rgb``.

    Returns
    -------
    bytes
        A JPEG without metadata, longer side within ``LONG_SIDE_PX``.
    """
    height, width = pixels_rgb.shape[:2]
    scale = float(np.clip(max(height, width), *LONG_SIDE_PX)) / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    canvas = np.ascontiguousarray(cv2.resize(pixels_rgb, size, interpolation=method), np.uint8)
    _draw(canvas, _scaled(drawing, scale))
    _, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    return jpeg.tobytes()


def _scaled(drawing: OverlayDrawing, scale: float) -> OverlayDrawing:
    def xy(point: XY) -> XY:
        return point[0] * scale, point[1] * scale

    x0, y0, x1, y1 = (edge * scale for edge in drawing.person_box_px)
    return replace(
        drawing,
        bones=tuple((xy(one), xy(other)) for one, other in drawing.bones),
        joints=tuple(xy(joint) for joint in drawing.joints),
        labels=tuple(
            LimbLabel(label.text, xy(label.start_xy_px), xy(label.end_xy_px))
            for label in drawing.labels
        ),
        vertex_y_px=drawing.vertex_y_px * scale,
        floor_y_px=drawing.floor_y_px * scale,
        person_box_px=(x0, y0, x1, y1),
    )


# --- layout ---------------------------------------------------------------------------------------

_CELLS_PER_EM = 2

# What a label pays per cell for covering a line, the body or the face, in em of distance from its
# limb: it rather moves far aside than lie across a chest.
_LINE_COST, _BODY_COST, _FACE_COST, _HEIGHT_COST = 1.0, 0.3, 1.5, 0.5

# And for touching the picture's edge.
_EDGE_COST = 0.5

# Of the height: how wide a limb is about, a hand long, and a head high and wide.
_LIMB_WIDTH, _HAND, _HEAD_HEIGHT, _HEAD_WIDTH = 0.07, 0.1, 0.13, 0.11

# The height line leaves room for a label between itself and the body, and for its own at the edge.
_HEIGHT_ASIDE_EM, _HEIGHT_MARGIN_EM = 9.0, 3.4
# Its label hangs from the upper end, beside the head, where no limb's label wants to be.
_HEIGHT_LABEL_EM = 1.7


@dataclass(frozen=True)
class Layout:
    """Where everything but the skeleton goes, in pixels.

    Attributes
    ----------
    em_px
        Text size, which all other sizes of the drawing follow.
    height_line
        Its upper and lower end.
    height_box
        The label of the height.
    anchors
        The middle of each label's limb.
    boxes
        Each label, or None where no room is left for it.
    """

    em_px: float
    height_line: tuple[XY, XY]
    height_box: Box
    anchors: tuple[XY, ...]
    boxes: tuple[Box | None, ...]


def lay_out(drawing: OverlayDrawing, width_px: int, height_px: int) -> Layout:
    """Choose the size of the text and a place for each label in a picture."""
    em = em_px(width_px, height_px)
    top, bottom = _height_line(drawing, width_px, em)
    hook = top[0], top[1] + _HEIGHT_LABEL_EM * em
    height_box = _inside(hook, _pill_size(drawing.height_text, em), width_px, height_px)
    anchors = tuple(
        ((x0 + x1) / 2, (y0 + y1) / 2)
        for (x0, y0), (x1, y1) in ((each.start_xy_px, each.end_xy_px) for each in drawing.labels)
    )
    sizes = [_pill_size(label.text, em) for label in drawing.labels]
    cost = _cost_of_covering(drawing, (top, bottom), (width_px, height_px), em)
    boxes = place_labels(sizes, anchors, cost, em, [height_box])
    return Layout(em, (top, bottom), height_box, anchors, tuple(boxes))


def em_px(width_px: int, height_px: int) -> float:
    """Text size for a picture."""
    legible = max(_EM_OF_WIDTH * width_px, _EM_OF_HEIGHT * height_px)
    return max(1.0, min(legible, _EM_AT_MOST_OF_HEIGHT * height_px))


def place_labels(
    sizes_px: Sequence[XY],
    anchors_px: Sequence[XY],
    cost: NDArray[np.float32],
    em: float,
    taken: Sequence[Box] = (),
) -> list[Box | None]:
    """Find a place for each label: near its anchor, off the drawing, apart from one another.

    Parameters
    ----------
    sizes_px
        Width and height of each label.
    anchors_px
        What each label wants to be near; the first labels choose first.
    cost
        (rows, columns): what covering each cell of ``em / 2`` px costs; covers the picture.
    em
        Text size in pixels.
    taken
        Where no label may lie.

    Returns
    -------
    list of Box or None
        Inside the picture and not overlapping; None where no room is left.
    """
    cell = em / _CELLS_PER_EM
    closed = np.zeros(cost.shape, np.float32)
    for box in taken:
        _close(closed, box, cell)
    places: list[Box | None] = []
    for (width, height), (anchor_x, anchor_y) in zip(sizes_px, anchors_px, strict=True):
        columns, rows = ceil(width / cell), ceil(height / cell)
        place = None
        if rows <= cost.shape[0] and columns <= cost.shape[1]:
            covered = _window_sums(cost, columns, rows)
            left = np.arange(covered.shape[1]) * cell
            top = np.arange(covered.shape[0])[:, np.newaxis] * cell
            # Two for above: a level leader line is easier to follow.
            aside = np.maximum(np.maximum(left - anchor_x, anchor_x - left - width), 0)
            above = np.maximum(np.maximum(top - anchor_y, anchor_y - top - height), 0)
            # The middle counts a little, so that a label is centred where it has the choice.
            off_centre = abs(left + width / 2 - anchor_x) + abs(top + height / 2 - anchor_y)
            total = covered + (aside + 2 * above + 0.1 * off_centre) / em
            total[_window_sums(closed, columns, rows) > 0] = np.inf
            row, column = divmod(int(total.argmin()), total.shape[1])
            if np.isfinite(total[row, column]):
                x0, y0 = column * cell, row * cell
                place = Box(x0, y0, x0 + width, y0 + height)
                _close(closed, place, cell)
        places.append(place)
    return places


def _close(closed: NDArray[np.float32], box: Box, cell: float) -> None:
    """Mark the cells under a box, and one around it as a gap."""
    top, left = max(0, floor(box.y0 / cell) - 1), max(0, floor(box.x0 / cell) - 1)
    closed[top : max(0, ceil(box.y1 / cell) + 1), left : max(0, ceil(box.x1 / cell) + 1)] = 1


def _window_sums(values: NDArray[np.float32], columns: int, rows: int) -> NDArray[np.float64]:
    """Sum of ``values`` under each window of a size, by the window's top left cell."""
    sums = np.asarray(cv2.integral(values), np.float64)
    below, above = sums[rows:], sums[:-rows]
    return below[:, columns:] - below[:, :-columns] - above[:, columns:] + above[:, :-columns]


def _cost_of_covering(
    drawing: OverlayDrawing, height_line: tuple[XY, XY], size_px: tuple[int, int], em: float
) -> NDArray[np.float32]:
    """What a label pays for each cell of the picture that it covers; see ``place_labels``."""
    width, height = size_px
    cell = em / _CELLS_PER_EM
    cost = np.zeros((max(1, int(height / cell)), max(1, int(width / cell))), np.float32)
    person_px = abs(drawing.floor_y_px - drawing.vertex_y_px)

    def line(one: XY, other: XY, value: float, wide_px: float) -> None:
        layer = np.zeros_like(cost)
        cells = min(max(1, round(wide_px / cell)), max(cost.shape))
        cv2.line(layer, _cell(one, cell), _cell(other, cell), value, cells)
        np.maximum(cost, layer, out=cost)

    for one, other in drawing.bones:
        line(one, other, _BODY_COST, _LIMB_WIDTH * person_px)
        line(one, other, _LINE_COST, cell)
    line(*height_line, _HEIGHT_COST, cell)
    ends = Counter(joint for bone in drawing.bones for joint in bone)
    for wrist, elbow in [*drawing.bones, *(bone[::-1] for bone in drawing.bones)]:
        if ends[wrist] == 1:  # beyond a last joint lies a hand
            reach = _HAND * person_px / max(1.0, hypot(wrist[0] - elbow[0], wrist[1] - elbow[1]))
            tip = tuple(at + reach * (at - from_) for at, from_ in zip(wrist, elbow, strict=True))
            line(wrist, (tip[0], tip[1]), _BODY_COST, _LIMB_WIDTH * person_px)
    if drawing.joints:
        shoulders = sorted(drawing.joints, key=lambda joint: joint[1])[:2]
        neck_x = sum(joint[0] for joint in shoulders) / len(shoulders)
        crown = neck_x, drawing.vertex_y_px + _HEAD_WIDTH * person_px / 2
        chin = neck_x, drawing.vertex_y_px + _HEAD_HEIGHT * person_px
        line(crown, chin, _FACE_COST, _HEAD_WIDTH * person_px)
    cost[[0, -1]] += _EDGE_COST
    cost[:, [0, -1]] += _EDGE_COST
    return cost


def _cell(point: XY, cell: float) -> tuple[int, int]:
    return int(point[0] // cell), int(point[1] // cell)


def _height_line(drawing: OverlayDrawing, width_px: int, em: float) -> tuple[XY, XY]:
    """Vertex to floor, on the side of the person that has more room."""
    left, _, right, _ = drawing.person_box_px
    aside, margin = _HEIGHT_ASIDE_EM * em, min(_HEIGHT_MARGIN_EM * em, width_px / 2)
    x = left - aside if left > width_px - right else right + aside
    x = min(max(x, margin), width_px - margin)
    return (x, drawing.vertex_y_px), (x, drawing.floor_y_px)


def _pill_size(text: str, em: float) -> XY:
    font = cv2.FontFace(_FONT)
    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), font, round(em), _FONT_WEIGHT)
    return width + 1.2 * em, 1.6 * em


def _inside(center: XY, size: XY, width_px: int, height_px: int) -> Box:
    """A box about a point, moved into the picture."""
    wide, high = min(size[0], width_px), min(size[1], height_px)
    x0 = min(max(center[0] - wide / 2, 0.0), width_px - wide)
    y0 = min(max(center[1] - high / 2, 0.0), height_px - high)
    return Box(x0, y0, x0 + wide, y0 + high)


# --- drawing, all in RGB --------------------------------------------------------------------------

# OpenCV takes coordinates in 1/16 px, which keeps thin lines where they belong.
_SHIFT = 4


def _draw(canvas: NDArray[np.uint8], drawing: OverlayDrawing) -> None:
    height, width = canvas.shape[:2]
    layout = lay_out(drawing, width, height)
    em = layout.em_px
    hair, thin, thick = (max(1, round(of_em * em)) for of_em in (0.06, 0.09, 0.17))
    halo = max(1, round(0.08 * em))

    limbs = [(label.start_xy_px, label.end_xy_px) for label in drawing.labels]
    for bone_colour, limb_colour, more in ((_INK, _INK, 2 * halo), (_BONE, _LIMB, 0)):
        for one, other in drawing.bones:
            _line(canvas, one, other, bone_colour, thin + more)
        for one, other in limbs:
            _line(canvas, one, other, limb_colour, thick + more)
    for joint in drawing.joints:
        _dot(canvas, joint, _INK, 0.2 * em + halo)
        _dot(canvas, joint, _PAPER, 0.2 * em)

    tick = 0.6 * em
    for colour, more in ((_INK, 2 * halo), (_HEIGHT, 0)):
        _line(canvas, *layout.height_line, colour, thin + more)
        for x, y in layout.height_line:
            _line(canvas, (x - tick, y), (x + tick, y), colour, thin + more)

    placed = [
        (label.text, anchor, box)
        for label, anchor, box in zip(drawing.labels, layout.anchors, layout.boxes, strict=True)
        if box is not None
    ]
    for _, anchor, box in placed:
        end = _rim(box, anchor)
        _line(canvas, anchor, end, _INK, hair + halo)
        _line(canvas, anchor, end, _LIMB, hair)
        _dot(canvas, anchor, _INK, 0.14 * em + halo)
        _dot(canvas, anchor, _LIMB, 0.14 * em)
    _pill(canvas, layout.height_box, drawing.height_text, _HEIGHT, em)
    for text, _, box in placed:
        _pill(canvas, box, text, _PAPER, em)


def _line(canvas: NDArray[np.uint8], one: XY, other: XY, colour: Colour, thickness: int) -> None:
    cv2.line(canvas, _fixed(one), _fixed(other), colour, thickness, cv2.LINE_AA, _SHIFT)


def _dot(canvas: NDArray[np.uint8], center: XY, colour: Colour, radius_px: float) -> None:
    radius = round(radius_px * (1 << _SHIFT))
    cv2.circle(canvas, _fixed(center), radius, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _fixed(point: XY) -> tuple[int, int]:
    return round(point[0] * (1 << _SHIFT)), round(point[1] * (1 << _SHIFT))


def _rim(pill: Box, point: XY) -> XY:
    """Where a pill begins, seen from a point; its ends are round."""
    radius = (pill.y1 - pill.y0) / 2
    x, y = min(max(point[0], pill.x0 + radius), pill.x1 - radius), pill.y0 + radius
    away = hypot(point[0] - x, point[1] - y)
    if away <= radius:
        return point
    return x + (point[0] - x) * radius / away, y + (point[1] - y) * radius / away


def _pill(canvas: NDArray[np.uint8], box: Box, text: str, colour: Colour, em: float) -> None:
    x0, y0, x1, y1 = round(box.x0), round(box.y0), round(box.x1), round(box.y1)
    under = canvas[y0:y1, x0:x1]
    shade = under.copy()
    radius = (y1 - y0) / 2
    _line(shade, (radius, radius), (x1 - x0 - radius, radius), _INK, y1 - y0)  # round caps
    cv2.addWeighted(shade, _PILL_OPACITY, under, 1 - _PILL_OPACITY, 0, under)
    baseline = x0 + round(0.6 * em), round((y0 + y1) / 2 + 0.36 * em)
    font = cv2.FontFace(_FONT)
    cv2.putText(canvas, text, baseline, colour, font, round(em), _FONT_WEIGHT)
