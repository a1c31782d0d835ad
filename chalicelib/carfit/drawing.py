"""The driver in the car from the side, with the settings marked: one SVG, no dependencies.

Drawn in mm, x aft to the right, z up. Everything stands where the answer says: joints, seat, wheel,
head restraint, belt, sight lines. The car around them is only as true as its package.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, Literal

from chalicelib.carfit import linkage, rules
from chalicelib.carfit.linkage import Point
from chalicelib.carfit.rules import DOWN_VIEW_OVER_COWL_DEG
from chalicelib.carfit.settings import SETTINGS, travels
from chalicelib.carfit.types import Body, Recommendation
from chalicelib.carfit.vehicles import Vehicle

Language = Literal["en", "ko"]

LEFT_MM, RIGHT_MM = -420.0, 1560.0
BELOW_MM, ABOVE_MM = -190.0, 130.0
"""Picture edges: x, then below the heel point and above the roof."""
PANEL_MM: Final = 900.0
"""Width of the settings' bars at the right; the SVG says it too, for who shows them elsewhere."""

# Half-widths of a body of 175 cm, mm; they grow with stature.
LIMB_MM: Final = {"thigh": 72.0, "calf": 48.0, "upper_arm": 42.0, "forearm": 34.0, "foot": 34.0}
REFERENCE_HEIGHT_CM: Final = 175.0

SKIN, CLOTH, SLEEVE, TROUSERS = "#f2c9a8", "#3d6fb4", "#5b8bcc", "#2f5a96"
CAR, LINE, SEAT, GLASS = "#e3e6ea", "#8a929c", "#5b626b", "#9cc3e0"
MARK, BAND, TEXT = "#d6452b", "#f3b9a6", "#1c2126"


def side_view(
    found: Recommendation, body: Body, vehicle: Vehicle, language: Language = "en"
) -> str:
    """Draw a recommendation.

    Parameters
    ----------
    found : Recommendation
        What to draw.
    body : Body
        Whose it is: limbs are as thick as the stature makes them.
    vehicle : Vehicle
        The car that it is for.
    language : {"en", "ko"}
        Of the words in the picture.

    Returns
    -------
    str
        An SVG document; colours and letters are its own, so it can stand alone or in a page.
    """
    roof_z = float(rules.roof_z(vehicle))
    top = roof_z + ABOVE_MM
    width, height = RIGHT_MM - LEFT_MM + PANEL_MM, top - BELOW_MM
    car, height_cm = vehicle.name[language], f"{body.height_cm:.0f} cm"
    title = {
        "en": f"A driver of {height_cm}, seated, from the side: {car}",
        "ko": f"키 {height_cm} 운전자의 앉은 옆모습: {car}",
    }[language]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{LEFT_MM:.0f} {-top:.0f}'
        f' {width:.0f} {height:.0f}" data-panel-mm="{PANEL_MM:.0f}"'
        ' font-family="system-ui, sans-serif" font-size="40"'
        f' fill="{TEXT}"><title>{escape(title)}</title>',
        *_car(vehicle, roof_z),
        *_seat(found, vehicle),
        *_driver(found, body, vehicle),
        *_marks(found, body, vehicle),
        *_panel(found, vehicle, language, top),
        "</svg>",
    ]
    return "".join(parts)


def _car(vehicle: Vehicle, roof_z: float) -> Iterator[str]:
    cowl = vehicle.cowl_x_mm, vehicle.cowl_z_mm
    header = vehicle.header_x_mm, vehicle.header_z_mm
    ground_z = -min(vehicle.heel_to_ground_mm, -BELOW_MM - 20.0)
    wheel_x, wheel_z = vehicle.wheel_x_mm, vehicle.wheel_z_mm
    # Bonnet, glass, roof, tailgate.
    yield _path(
        [
            ("M", (LEFT_MM, cowl[1] - 90.0)),
            ("Q", (cowl[0] - 150.0, cowl[1] - 20.0), cowl),
            ("L", header),
            ("Q", (header[0] + 180.0, roof_z + 35.0), (header[0] + 520.0, roof_z + 35.0)),
            ("L", (RIGHT_MM, roof_z + 25.0)),
            ("L", (RIGHT_MM, ground_z)),
            ("L", (LEFT_MM, ground_z)),
        ],
        fill="#f7f8fa",
        stroke=LINE,
        width=10,
    )
    yield _line(cowl, header, GLASS, 16)
    # Dashboard and instrument hood.
    yield _path(
        [
            ("M", cowl),
            ("L", (wheel_x - 190.0, wheel_z + 165.0)),
            ("Q", (wheel_x - 120.0, wheel_z + 160.0), (wheel_x - 130.0, wheel_z + 60.0)),
            ("L", (wheel_x - 190.0, wheel_z - 120.0)),
            ("L", (cowl[0] + 60.0, wheel_z - 190.0)),
        ],
        fill=CAR,
        stroke=LINE,
        width=6,
    )
    # Floor and toe board: from the heel point up to the pedals and beyond.
    yield _path(
        [
            ("M", (RIGHT_MM - 60.0, -18.0)),
            ("L", (130.0, -18.0)),
            ("L", (-60.0, 230.0)),
            ("L", (-130.0, wheel_z - 190.0)),
        ],
        stroke=LINE,
        width=12,
    )


def _seat(found: Recommendation, vehicle: Vehicle) -> Iterator[str]:
    seat = found.settings.seat
    h_point = found.posture.h_point_mm
    cushion = math.radians(seat.cushion_tilt_deg)
    # The cushion's surface lies under the thighs, the backrest's behind the torso line.
    rear = _off(h_point, (60.0, -105.0))
    front = rear[0] - 520.0 * math.cos(cushion), rear[1] + 520.0 * math.sin(cushion)
    yield _capsule(_off(rear, (0.0, -45.0)), _off(front, (0.0, -45.0)), 60.0, SEAT)
    torso = _direction(seat.backrest_recline_deg)
    behind = torso[1], -torso[0]

    def on_back(along: float, back: float) -> Point:
        return (
            h_point[0] + along * torso[0] + back * behind[0],
            h_point[1] + along * torso[1] + back * behind[1],
        )

    yield _capsule(on_back(-60.0, 160.0), on_back(575.0, 150.0), 58.0, SEAT)
    restraint = vehicle.head_restraint_low_mm + found.settings.head_restraint.height_mm
    yield _line(on_back(590.0, 160.0), on_back(restraint - 120.0, 150.0), LINE, 18)
    yield _capsule(on_back(restraint - 150.0, 140.0), on_back(restraint - 45.0, 130.0), 45.0, SEAT)
    yield _path(
        [("M", (h_point[0] + 160.0, -18.0)), ("L", _off(rear, (60.0, -90.0)))],
        stroke=SEAT,
        width=26,
    )
    yield _path(
        [("M", (h_point[0] - 300.0, -18.0)), ("L", _off(front, (160.0, -100.0)))],
        stroke=SEAT,
        width=26,
    )


def _driver(found: Recommendation, body: Body, vehicle: Vehicle) -> Iterator[str]:
    joint = found.posture.joints_mm
    size = body.height_cm / REFERENCE_HEIGHT_CM
    thick = {name: half * size for name, half in LIMB_MM.items()}
    torso = _direction(found.settings.seat.backrest_recline_deg)
    forward = -torso[1], torso[0]
    shoulder, hip, h_point = joint["shoulder"], joint["hip"], joint["h_point"]
    torso_mm = math.dist(shoulder, h_point)

    def on_trunk(along: float, ahead: float) -> Point:
        return (
            h_point[0] + along * torso_mm * torso[0] + ahead * size * forward[0],
            h_point[1] + along * torso_mm * torso[1] + ahead * size * forward[1],
        )

    head, eye = joint["head"], joint["eye"]
    head_centre = head[0] - 8.0 * size, head[1] + 12.0 * size
    yield _capsule(on_trunk(1.02, 10.0), head_centre, 52.0 * size, SKIN)
    yield (
        f'<ellipse cx="{head_centre[0]:.0f}" cy="{-head_centre[1]:.0f}" rx="{98 * size:.0f}"'
        f' ry="{112 * size:.0f}" fill="{SKIN}"/>'
    )
    # Trunk: belly, chest, shoulder, back.
    yield _path(
        [
            ("M", on_trunk(-0.18, -100.0)),
            ("Q", on_trunk(0.3, -150.0), on_trunk(0.7, -125.0)),
            ("Q", on_trunk(1.05, -100.0), on_trunk(1.12, -10.0)),
            ("Q", on_trunk(1.0, 95.0), on_trunk(0.78, 112.0)),
            ("Q", on_trunk(0.4, 135.0), on_trunk(0.1, 130.0)),
            ("Q", on_trunk(-0.15, 80.0), on_trunk(-0.2, 0.0)),
        ],
        fill=CLOTH,
    )
    yield _capsule(hip, joint["knee"], thick["thigh"], TROUSERS, end_mm=thick["calf"] * 1.15)
    yield _capsule(
        joint["knee"], joint["ankle"], thick["calf"] * 1.15, TROUSERS, end_mm=thick["foot"]
    )
    toe = _beyond(joint["ankle"], joint["ball"], 70.0 * size)
    yield _capsule(joint["ankle"], toe, thick["foot"], "#2b2f36", end_mm=22.0)
    yield from _wheel(vehicle, joint["grip"])
    yield _capsule(shoulder, joint["elbow"], thick["upper_arm"] * 1.1, SLEEVE)
    yield _capsule(joint["elbow"], joint["grip"], thick["forearm"], SKIN, end_mm=26.0)
    yield _belt(found, vehicle)
    yield _dot(eye, 13.0, TEXT)
    for name in ("ankle", "knee", "hip", "shoulder", "elbow"):
        yield _dot(joint[name], 11.0, "#ffffff", stroke=TEXT)


def _wheel(vehicle: Vehicle, centre: Point) -> Iterator[str]:
    plane = math.radians(vehicle.wheel_plane_deg)
    upper, lower = rules.rim(vehicle, centre)
    root = centre[0] - 330.0 * math.cos(plane), centre[1] - 330.0 * math.sin(plane)
    yield _line(centre, root, LINE, 34)
    yield _line(upper, lower, "#23272d", 30)


def _belt(found: Recommendation, vehicle: Vehicle) -> str:
    joint = found.posture.joints_mm
    anchor_z = vehicle.belt_anchor_low_z_mm + found.settings.belt.anchor_height_mm
    anchor = joint["shoulder"][0] + 290.0, anchor_z
    over = _off(joint["shoulder"], (-20.0, 62.0))
    buckle = _off(joint["hip"], (10.0, 40.0))
    chest = (over[0] + buckle[0]) / 2 - 105.0, (over[1] + buckle[1]) / 2
    return _path([("M", anchor), ("L", over), ("Q", chest, buckle)], stroke="#20242a", width=22)


def _marks(found: Recommendation, body: Body, vehicle: Vehicle) -> Iterator[str]:
    h_point, eye = found.posture.h_point_mm, found.posture.eye_point_mm
    front, rear = vehicle.seat_front_x_mm, vehicle.seat_front_x_mm + vehicle.seat_travel_mm
    low, high = float(rules.track_z(vehicle, front)), float(rules.track_z(vehicle, rear))
    lift = vehicle.seat_lift_mm
    yield _path(
        [
            ("M", (front, low)),
            ("L", (rear, high)),
            ("L", (rear, high + lift)),
            ("L", (front, low + lift)),
            ("Z",),
        ],
        fill="#ffffff55",
        stroke=MARK,
        width=5,
        dash="16 12",
    )
    yield _dot(h_point, 17.0, MARK)
    # What the eye sees over the cowl, and the least that it should.
    cowl = vehicle.cowl_x_mm, vehicle.cowl_z_mm
    least = eye[0] - LEFT_MM, (eye[0] - LEFT_MM) * math.tan(math.radians(DOWN_VIEW_OVER_COWL_DEG))
    yield _line(eye, _beyond(eye, cowl, 320.0), "#3f8a4f", 6, dash="24 14")
    yield _line(eye, (LEFT_MM, eye[1] - least[1]), "#9bb8a1", 4, dash="8 12")
    # The airbag's room: from the breastbone to the wheel, along the floor.
    grip, shoulder = found.posture.joints_mm["grip"], found.posture.joints_mm["shoulder"]
    bone = (
        h_point[0] + linkage.BREASTBONE_SHARE * (shoulder[0] - h_point[0]),
        h_point[1] + linkage.BREASTBONE_SHARE * (shoulder[1] - h_point[1]),
    )
    lean = math.radians(found.settings.seat.backrest_recline_deg)
    chest_x = bone[0] - linkage.chest_forward_mm(body.bmi_kg_m2) * math.cos(lean)
    level = grip[1] + 150.0
    for x, z in ((grip[0], grip[1]), (chest_x, bone[1])):
        yield _line((x, z), (x, level), MARK, 3, dash="6 8")
    yield _line((grip[0], level), (chest_x, level), MARK, 5)
    middle = (grip[0] + chest_x) / 2
    yield (
        f'<text x="{middle:.0f}" y="{-level - 16:.0f}" text-anchor="middle" font-size="36"'
        f' fill="{MARK}">{chest_x - grip[0]:.0f} mm</text>'
    )


def _panel(
    found: Recommendation, vehicle: Vehicle, language: Language, top: float
) -> Iterator[str]:
    """Each setting on its travel: value, and the band that suits 80 % of such drivers."""
    settings, bands = found.settings.by_path(), found.band_80.by_path()
    rows = [(row, row.label) for row in SETTINGS.values() if row.label is not None]
    ends = travels(vehicle, found.drive_side)
    left, right = RIGHT_MM + 60.0, RIGHT_MM + PANEL_MM - 60.0
    step = (top - BELOW_MM - 60.0) / len(rows)
    for i, (row, label) in enumerate(rows):
        value, band = settings[row.path], bands[row.path]
        low, high = ends[row.path]
        span = max(high - low, 1e-6)
        y = -top + 90.0 + i * step
        number = f"{value:.0f} mm" if row.unit == "mm" else f"{value:.1f}°"

        def at(each: float, low: float = low, span: float = span) -> float:
            return left + (right - left) * min(max((each - low) / span, 0.0), 1.0)

        yield f'<text x="{left:.0f}" y="{y:.0f}">{label[language]}</text>'
        yield (
            f'<text x="{right:.0f}" y="{y:.0f}" text-anchor="end" font-weight="600">{number}</text>'
        )
        bar = y + 26.0
        yield _bar(left, right, bar, CAR)
        yield _bar(at(band[0]), at(band[1]), bar, BAND)
        yield f'<circle cx="{at(value):.0f}" cy="{bar + 7:.0f}" r="15" fill="{MARK}"/>'


def _bar(left: float, right: float, y: float, colour: str) -> str:
    return (
        f'<rect x="{left:.0f}" y="{y:.0f}" width="{max(right - left, 14.0):.0f}" height="14" rx="7"'
        f' fill="{colour}"/>'
    )


def _direction(recline_deg: float) -> Point:
    return math.sin(math.radians(recline_deg)), math.cos(math.radians(recline_deg))


def _off(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]


def _beyond(start: Point, end: Point, by_mm: float) -> Point:
    share = 1.0 + by_mm / max(math.dist(start, end), 1.0)
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _capsule(
    start: Point, end: Point, half_mm: float, colour: str, *, end_mm: float | None = None
) -> str:
    """A limb: round at both ends, and as thick there as told."""
    tip = half_mm if end_mm is None else end_mm
    length = max(math.dist(start, end), 1.0)
    across = -(end[1] - start[1]) / length, (end[0] - start[0]) / length

    def side(point: Point, half: float, sign: float) -> Point:
        return point[0] + sign * half * across[0], point[1] + sign * half * across[1]

    hull = _path(
        [
            ("M", side(start, half_mm, 1.0)),
            ("L", side(end, tip, 1.0)),
            ("L", side(end, tip, -1.0)),
            ("L", side(start, half_mm, -1.0)),
            ("Z",),
        ],
        fill=colour,
    )
    return hull + _dot(start, half_mm, colour) + _dot(end, tip, colour)


def _dot(centre: Point, radius: float, colour: str, stroke: str | None = None) -> str:
    line = f' stroke="{stroke}" stroke-width="5"' if stroke else ""
    x, y = centre[0], -centre[1]
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{colour}"{line}/>'


def _line(start: Point, end: Point, colour: str, width: float, dash: str = "") -> str:
    return _path([("M", start), ("L", end)], stroke=colour, width=width, dash=dash)


Step = tuple[str, *tuple[Point, ...]]
"""A command of an SVG path and its points."""


def _path(
    steps: Sequence[Step],
    *,
    fill: str = "none",
    stroke: str = "none",
    width: float = 0.0,
    dash: str = "",
) -> str:
    """An SVG path through points given in mm, z up."""
    words = [
        command + " ".join(f"{point[0]:.0f},{-point[1]:.0f}" for point in points)
        for command, *points in steps
    ]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{" ".join(words)}" fill="{fill}" stroke="{stroke}" stroke-width="{width:.0f}"'
        f' stroke-linecap="round" stroke-linejoin="round"{dashes}/>'
    )
