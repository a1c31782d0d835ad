"""What a photo shows, drawn from its seed: person, clothes, pose, place, camera.

Every aspect has a random stream of its own, so that the same seed is the same person in the same
clothes whatever the kind of photo: a front view and a side view of one seed belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from training.people.body import (
    SKIN_DENSITY_KG_M3,
    ArmPose,
    Body,
    LegPose,
    Pose,
    build_body,
    rest_body,
    volume_m3,
)
from training.people.looks import Cloth, Hair, Plain, Shoe, Skin
from training.people.proportions import Proportions, Spread, sample_proportions
from training.people.rooms import Furniture, Panel, Plane, Room
from training.people.wardrobe import TO_THE_FLOOR, Bottom, Footwear, HairCut, Outfit, Top

Kind = Literal[
    "front", "side", "again", "low", "high",
    "cut_feet", "cut_head", "sitting", "crouching", "arms_crossed", "bent", "sideways", "behind",
    "two_people", "far", "empty",
    "turned", "walking", "jumping", "wide_squat", "lifting", "legs_crossed",
    "arms_forward", "hands_hidden", "gown", "water", "cartoon", "figure", "collage", "inset",
]  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """How a photo has to be refused: by any of ``codes``, the first of which says it best.

    Where that is POSE_UNSUITABLE, for any of ``reasons``; none named: whatever the reason.
    """

    codes: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def _pose(*reasons: str) -> Refusal:
    return Refusal(("POSE_UNSUITABLE",), reasons)


EXPECTED: dict[str, Refusal | None] = {
    "front": None,
    "side": None,
    "again": None,
    "low": None,
    "high": None,
    "cut_feet": Refusal(("BODY_CUT_OFF",)),
    "cut_head": Refusal(("BODY_CUT_OFF",)),
    "sitting": _pose(),
    "crouching": _pose(),
    "arms_crossed": _pose(),
    "bent": _pose(),
    "sideways": _pose(),
    "behind": _pose(),
    "two_people": Refusal(("SEVERAL_PEOPLE",)),
    "far": Refusal(("PERSON_TOO_SMALL",)),
    "empty": Refusal(("NO_PERSON",)),
    "turned": _pose("turned_away"),
    "walking": _pose("legs_bent", "legs_apart"),
    "jumping": _pose("legs_bent", "legs_apart", "arms_raised"),
    "wide_squat": _pose("legs_bent", "legs_apart"),
    "lifting": _pose("legs_bent", "arms_raised"),
    "legs_crossed": _pose("legs_crossed", "legs_bent", "legs_apart"),
    "arms_forward": _pose("arms_bent"),
    "hands_hidden": _pose("arms_bent"),
    "gown": _pose("legs_hidden"),
    "water": Refusal(("BODY_CUT_OFF", "POSE_UNSUITABLE"), ("legs_hidden",)),
    "cartoon": Refusal(("NO_PERSON", "SEVERAL_PEOPLE")),
    "figure": Refusal(("NO_PERSON", "SEVERAL_PEOPLE")),
    "collage": Refusal(("SEVERAL_PEOPLE",)),
    "inset": Refusal(("SEVERAL_PEOPLE",)),
}
"""What each kind of photo has to be answered; None: it is measured."""
REFUSED = tuple(k for k, refusal in EXPECTED.items() if refusal)
_STREAM = {"body": 1, "outfit": 2, "pose": 3, "room": 4, "camera": 5, "light": 6, "sensor": 7}


def stream(seed: int, name: str, kind: str = "") -> np.random.Generator:
    """The random stream of one aspect of one photo."""
    return np.random.default_rng([seed, _STREAM[name], *kind.encode()])


Decor = Literal["any", "training", "held_out", "dressed", "dressed_held_out", "painted"]
"""Which colours, cloth patterns and indoor walls are drawn from: all, or one of two halves.

``dressed`` and ``dressed_held_out`` are those halves with the clothes, poses, cameras and places of
``dressed.py``. ``painted`` is another renderer's look, ``painting.py``: never trained on.
"""
DRESSED: tuple[Decor, ...] = ("dressed", "dressed_held_out", "painted")


def options_of(decor: Decor, options: tuple) -> tuple:
    """The half of the options that belongs to a decor: no two halves share one."""
    if decor == "any":
        return options
    return options[1::2] if decor in ("held_out", "dressed_held_out", "painted") else options[::2]


# --- the person ---------------------------------------------------------------------------------

FULL_WEIGHT = {  # Anny's weight alone stops near BMI 25; these carry a body beyond it
    "stomach-pregnant-incr": 0.35,
    "torso-scale-depth-incr": 0.7,
    "torso-scale-horiz-incr": 0.55,
    "hip-scale-depth-incr": 0.7,
    "hip-scale-horiz-incr": 0.7,
    "buttocks-volume-incr": 0.5,
    "neck-double-incr": 0.6,
    "head-fat-incr": 0.5,
    **{f"{s}-{part}-fat-incr": 1.0 for s in "lr" for part in ("upperarm", "lowerarm")},
    **{f"{s}-{part}-fat-incr": 1.0 for s in "lr" for part in ("upperleg", "lowerleg")},
    **{f"{s}-{part}-scale-horiz-incr": 0.6 for s in "lr" for part in ("upperarm", "upperleg")},
    **{f"{s}-{part}-scale-depth-incr": 0.6 for s in "lr" for part in ("upperarm", "upperleg")},
}
VARIED = (  # shape that changes nobody's bone lengths
    "measure-shoulder-dist-incr", "torso-vshape-incr", "hip-scale-horiz-incr",
    "torso-muscle-pectoral-incr", "stomach-tone-incr", "head-fat-incr", "head-age-incr",
    "nose-scale-horiz-incr", "nose-scale-vert-incr", "chin-width-incr", "chin-height-incr",
    "mouth-scale-horiz-incr", "head-scale-horiz-incr", "neck-scale-horiz-incr",
    "l-foot-scale-incr", "r-foot-scale-incr",
)  # fmt: skip


def _phenotype(rng: np.random.Generator, want: Proportions) -> tuple[dict, dict]:
    female = want.sex == "female"
    origin = rng.dirichlet([0.6, 0.6, 0.6])
    stature_m = want.stature_cm / 100
    phenotype = {
        "gender": float(np.clip((0.97 if female else 0.03) + rng.normal(0, 0.06), 0, 1)),
        "age": float(rng.uniform(0.58, 0.92)),
        "muscle": float(np.clip(rng.normal(0.5, 0.15), 0.15, 0.9)),
        "weight": 0.5,
        # Anny's own stature at this setting comes near the one wanted: head and hands then fit.
        "height": float(np.clip((stature_m - (1.24 if female else 1.38)) / 1.09, 0.02, 0.98)),
        "proportions": float(rng.uniform(0.35, 0.75)),
        "cupsize": float(rng.uniform(0.3, 0.7)),
        "firmness": float(rng.uniform(0.4, 0.8)),
        "african": float(origin[0]),
        "asian": float(origin[1]),
        "caucasian": float(origin[2]),
    }
    local = {name: float(np.clip(rng.normal(0, 0.3), -0.7, 0.7)) for name in VARIED}
    local["r-foot-scale-incr"] = local["l-foot-scale-incr"] = 0.5 * local["l-foot-scale-incr"]
    return phenotype, local


def _with_weight(phenotype: dict, local: dict, heavy: float) -> Body:
    """The base body at a heaviness: -1 Anny's thinnest, 1 its fattest, -2 and 2.2 what we add."""
    kwargs = {**phenotype, "weight": float(np.clip((heavy + 1) / 2, 0, 1))}
    extra = float(np.clip(heavy - 1, 0, 1.3) + 0.6 * np.clip(heavy + 1, -1, 0))
    kwargs["muscle"] = phenotype["muscle"] * (1 - 0.3 * abs(extra))
    mixed = dict(local)
    for name, full in FULL_WEIGHT.items():
        mixed[name] = float(np.clip(mixed.get(name, 0.0) + extra * full, -1, 1))
    return rest_body(kwargs, mixed)


@lru_cache(maxsize=1)  # a second photo of the same person follows the first
def make_body(seed: int, spread: Spread) -> tuple[Proportions, Body]:
    """The body of a seed: its proportions, and the skin built to them."""
    rng = stream(seed, "body")
    want = sample_proportions(rng, spread)
    phenotype, local = _phenotype(rng, want)
    # Build against heaviness is nearly a line in pieces; a look at its ends and two steps do.
    knots = [-2.0, -1.0, 1.0, 2.2]
    bmis = [_bmi(_with_weight(phenotype, local, k), want) for k in knots]
    for _ in range(2):
        heavy = float(np.interp(want.bmi, bmis, knots))
        base = _with_weight(phenotype, local, heavy)
        at = int(np.searchsorted(knots, heavy))
        knots.insert(at, heavy)
        bmis.insert(at, _bmi(base, want))
    return want, build_body(base, want)


def _bmi(base: Body, want: Proportions) -> float:
    """Body mass index that a base body will have once it is scaled to the stature wanted."""
    height_m = float(np.ptp(base.vertices[:, 2]))
    scale = want.stature_cm / 100 / height_m
    return SKIN_DENSITY_KG_M3 * volume_m3(base) / height_m**2 * scale


SKIN_TONES = (
    (234, 200, 174), (226, 186, 156), (216, 172, 140), (204, 156, 122), (186, 138, 104),
    (162, 116, 82), (136, 94, 64), (108, 72, 50), (82, 56, 42),
)  # fmt: skip
HAIR_COLOURS = (
    (24, 20, 18), (38, 28, 22), (58, 40, 28), (88, 60, 38), (128, 92, 54), (176, 140, 88),
    (110, 50, 28), (150, 148, 146),
)  # fmt: skip
CLOTH_COLOURS = (
    (28, 30, 34), (52, 54, 60), (92, 96, 102), (158, 160, 160), (232, 232, 228), (246, 244, 238),
    (30, 42, 74), (48, 74, 122), (92, 132, 178), (150, 182, 206), (34, 74, 58), (94, 118, 82),
    (138, 140, 98), (196, 176, 132), (158, 116, 78), (98, 68, 48), (128, 30, 38), (186, 52, 48),
    (214, 118, 62), (226, 180, 74), (196, 128, 148), (120, 84, 132), (70, 128, 128),
)  # fmt: skip
TROUSER_COLOURS = (
    (26, 28, 32), (44, 46, 52), (34, 44, 68), (52, 70, 102), (84, 106, 140), (128, 146, 168),
    (88, 84, 78), (150, 136, 112), (184, 170, 142), (70, 72, 56), (98, 62, 46), (206, 202, 192),
)  # fmt: skip
SHOE_COLOURS = (
    (24, 24, 26),
    (236, 236, 234),
    (88, 60, 40),
    (150, 150, 152),
    (36, 50, 88),
    (170, 50, 46),
)


def _pick(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def _vary(rng: np.random.Generator, colour) -> tuple[float, float, float]:
    varied = np.array(colour) * rng.uniform(0.88, 1.1) + rng.normal(0, 4, 3)
    r, g, b = varied.clip(4, 252).tolist()
    return r, g, b


PATTERNS = ("stripes", "check", "print", "panel", "melange")
WALL_FINISHES = ("paint", "stripes", "brick", "tiles", "planks", "concrete")
WALL_FINISH_SHARES = (0.62, 0.1, 0.08, 0.05, 0.05, 0.1)


def make_cloth(rng, decor: Decor, body: Body, colours, patterned: float, bump=(0.12, 0.4)) -> Cloth:
    """Cloth of a decor's colours and, with a chance of ``patterned``, of one of its patterns."""
    pattern = _pick(rng, options_of(decor, PATTERNS)) if rng.random() < patterned else "plain"
    return Cloth(
        colour=_vary(rng, _pick(rng, options_of(decor, colours))),
        second=_vary(rng, _pick(rng, options_of(decor, CLOTH_COLOURS))),
        pattern=pattern,
        pitch_m=float(rng.uniform(0.02, 0.09)),
        seed=int(rng.integers(1000)),
        chest_m=float(0.7 * body.joints["shoulder.L"][2] + 0.3 * body.joints["hip.L"][2]),
        bump=float(rng.uniform(*bump)),
    )


def make_outfit(seed: int, body: Body, sex: str, decor: Decor = "any") -> Outfit:
    """Clothes, shoes, hair and skin of a seed."""
    rng = stream(seed, "outfit")
    eye_l, eye_r = body.joints["eye.L"], body.joints["eye.R"]
    eye_mid, eye_half = (eye_l + eye_r) / 2, float(np.linalg.norm(eye_l - eye_r) / 2)
    tone = _vary(rng, _pick(rng, SKIN_TONES))
    dark = np.array(tone)
    hair_colour = _vary(rng, _pick(rng, HAIR_COLOURS[:4] if tone[0] < 165 else HAIR_COLOURS))
    beard = float(rng.uniform(0.25, 0.9)) if sex == "male" and rng.random() < 0.35 else 0.0
    skin = Skin(
        tone=tone,
        lips=tuple(float(v) for v in dark * [0.86, 0.58, 0.56]),
        brow=tuple(float(v) for v in np.array(hair_colour) * 0.8),
        iris=_pick(rng, ((58, 38, 24), (74, 50, 30), (96, 110, 120), (84, 96, 64))),
        beard=beard,
        eye_mid_m=eye_mid,
        eye_half_m=eye_half,
        seed=int(rng.integers(1000)),
    )
    ease = float(rng.choice([0.004, 0.012, 0.022, 0.034], p=[0.25, 0.35, 0.28, 0.12]))
    sleeve = float(rng.choice([0.12, 0.5, 0.62, 1.3, 1.93], p=[0.08, 0.32, 0.2, 0.08, 0.32]))
    tops = [
        Top(
            cloth=make_cloth(rng, decor, body, CLOTH_COLOURS, 0.45),
            sleeve=sleeve + float(rng.normal(0, 0.03)),
            hem=float(rng.uniform(-0.16, 0.08)),
            ease_m=ease,
            neck_m=float(rng.uniform(-0.005, 0.05)),
        )
    ]
    if rng.random() < 0.22:  # an open jacket or a cardigan
        tops.append(
            Top(
                cloth=make_cloth(rng, decor, body, CLOTH_COLOURS, 0.25),
                sleeve=1.93,
                hem=float(rng.uniform(-0.2, 0.05)),
                ease_m=ease + float(rng.uniform(0.012, 0.022)),
                neck_m=0.0,
                open_m=float(rng.uniform(0.02, 0.09)),
            )
        )
    if sex == "female" and rng.random() < 0.3:
        tops[0] = replace(tops[0], ease_m=min(ease, 0.008))  # tucked in
        cloth = make_cloth(rng, decor, body, CLOTH_COLOURS, 0.35)
        bottom = Bottom(
            "skirt", tops[0].cloth if rng.random() < 0.35 else cloth,
            float(rng.uniform(0.55, 1.75)),
            float(rng.uniform(0.0, 0.03)), float(rng.uniform(0.0, 0.10)),
        )  # fmt: skip
    else:
        loose = float(rng.choice([0.003, 0.012, 0.026], p=[0.35, 0.4, 0.25]))
        length = float(rng.choice([0.35, 0.8, 1.5, 1.95], p=[0.06, 0.18, 0.06, 0.7]))
        bottom = Bottom(
            "trousers", make_cloth(rng, decor, body, TROUSER_COLOURS, 0.15, (0.1, 0.3)),
            length + float(rng.normal(0, 0.03)), loose,
            float(rng.uniform(0, 0.02)) if length > 1.8 and loose > 0.01 else 0.0,
        )  # fmt: skip
    footwear: Footwear | None = None
    worn = rng.random()
    if worn < 0.78:
        shoe = Shoe(
            _vary(rng, _pick(rng, options_of(decor, SHOE_COLOURS))),
            _vary(rng, _pick(rng, ((236, 236, 232), (30, 30, 32), (190, 180, 160)))),
            0.002,
            int(rng.integers(1000)),
        )
        footwear = Footwear(shoe, float(rng.uniform(0.010, 0.040)), 0.008)
    elif worn < 0.9:
        sock = _vary(rng, _pick(rng, ((235, 235, 232), (40, 40, 44), (120, 120, 126))))
        footwear = Footwear(Shoe(sock, sock, -1.0, int(rng.integers(1000)), gloss=0.02), 0.0, 0.004)
    hair: HairCut | None = None
    if rng.random() > (0.08 if sex == "male" else 0.0):
        long_hair = rng.random() < (0.7 if sex == "female" else 0.06)
        hair = HairCut(
            Hair(
                hair_colour, eye_mid + eye_half * np.array([0, 2.4, 2.2]), int(rng.integers(1000))
            ),
            volume_m=float(rng.uniform(0.006, 0.03)),
            fall_m=float(rng.uniform(0.10, 0.34)) if long_hair else 0.0,
            fringe=float(rng.uniform(-0.5, 0.25)),
        )
    return Outfit(skin, tuple(tops), bottom, footwear, hair)


MOVING = ("sitting", "crouching", "bent", "walking", "jumping", "wide_squat", "lifting",
          "legs_crossed", "water")  # fmt: skip
"""Kinds for which a skirt would be in the way."""


def outfit_for(seed: int, kind: Kind, outfit: Outfit, body: Body, decor: Decor) -> Outfit:
    """The seed's outfit with what this kind of photo needs changed."""
    rng = stream(seed, "outfit", kind)
    bottom = outfit.bottom
    if kind in MOVING and bottom.kind == "skirt":
        return replace(outfit, bottom=replace(bottom, kind="trousers"))
    if kind == "gown":
        return _gown(rng, outfit, body, decor)
    if kind in ("low", "high") and rng.random() < 0.5:  # barefoot in leggings
        leggings = replace(
            bottom,
            kind="trousers",
            length=float(rng.uniform(1.75, 1.93)),
            ease_m=0.003,
            flare_m=0.0,
        )
        return replace(outfit, bottom=leggings, footwear=None)
    if kind in ("cartoon", "figure") and outfit.hair is not None:
        return replace(outfit, hair=replace(outfit.hair, fall_m=0.0))
    return outfit


def _gown(rng: np.random.Generator, outfit: Outfit, body: Body, decor: Decor) -> Outfit:
    """A skirt or dress to the floor, or a long coat: the knees lie somewhere inside."""
    form = rng.choice(["skirt", "dress", "coat"])
    if form == "coat":
        coat = Top(
            cloth=make_cloth(rng, decor, body, CLOTH_COLOURS, 0.2),
            sleeve=1.93,
            hem=-0.12,
            ease_m=float(rng.uniform(0.03, 0.045)),
            open_m=0.0,
        )
        bottom = replace(outfit.bottom, kind="trousers", length=1.9, ease_m=0.012, flare_m=0.0)
        lower = Bottom(
            "skirt", coat.cloth, float(rng.uniform(1.35, 1.75)), float(rng.uniform(0.02, 0.035)),
            float(rng.uniform(0.02, 0.08)),
        )  # fmt: skip
        return replace(outfit, tops=(outfit.tops[0], coat), bottom=bottom, over=lower)
    cloth = make_cloth(rng, decor, body, CLOTH_COLOURS, 0.3)
    tops = outfit.tops
    if form == "dress":
        tops = (replace(tops[0], cloth=cloth, hem=0.1), *tops[1:])
    skirt = Bottom(
        "skirt", cloth, float(rng.uniform(1.95, TO_THE_FLOOR)), float(rng.uniform(0.01, 0.04)),
        float(rng.uniform(0.03, 0.22)),
    )  # fmt: skip
    return replace(outfit, tops=tops, bottom=skirt)


# --- the pose -----------------------------------------------------------------------------------


def _arm(rng: np.random.Generator, out_deg: float) -> ArmPose:
    return ArmPose(
        out_deg=float(np.clip(out_deg + rng.normal(0, 3), 3, 74)),
        forward_deg=float(np.clip(rng.normal(2, 6), -10, 18)),
        elbow_deg=float(np.clip(abs(rng.normal(0, 12)) + 2, 2, 35)),
        inward_deg=float(rng.uniform(0, 50)),
        palm_deg=float(rng.uniform(-30, 40)),
    )


def _leg(rng: np.random.Generator, out_deg: float) -> LegPose:
    knee = float(np.clip(abs(rng.normal(0, 4)), 0, 12))
    return LegPose(
        out_deg=float(np.clip(out_deg + rng.normal(0, 1), 0.5, 14)),
        forward_deg=0.5 * knee,
        knee_deg=knee,
        turn_deg=float(np.clip(rng.normal(10, 7), -5, 30)),
    )


def standing_pose(rng: np.random.Generator) -> Pose:
    """A person who stands for a photo: arms 0-70 deg out, a little bent, turned up to 20 deg."""
    out = float(
        rng.choice(
            [rng.uniform(4, 15), rng.uniform(12, 40), rng.uniform(40, 70)], p=[0.4, 0.4, 0.2]
        )
    )
    stance = float(np.clip(rng.gamma(2.2, 1.8), 0.5, 12))
    return Pose(
        yaw_deg=float(np.clip(rng.normal(0, 8), -20, 20)),
        lean_forward_deg=float(rng.normal(0, 1.2)),
        bend_forward_deg=float(rng.normal(0.5, 2)),
        bend_side_deg=float(rng.normal(0, 1.2)),
        twist_deg=float(rng.normal(0, 2.5)),
        head_turn_deg=float(np.clip(rng.normal(0, 8), -22, 22)),
        head_nod_deg=float(np.clip(rng.normal(2, 5), -10, 16)),
        head_tilt_deg=float(rng.normal(0, 2.5)),
        arm_left=_arm(rng, out),
        arm_right=_arm(rng, out),
        leg_left=_leg(rng, stance),
        leg_right=_leg(rng, stance),
    )


def make_pose(seed: int, kind: Kind) -> Pose:
    """The pose of a seed's photo of this kind."""
    rng = stream(seed, "pose", kind)
    pose = standing_pose(rng)
    sign = 1.0 if rng.random() < 0.5 else -1.0
    if kind == "side":
        return replace(
            pose,
            yaw_deg=sign * float(rng.uniform(82, 98)),
            arm_left=ArmPose(6, float(rng.normal(2, 4)), 8, 10, 0),
            arm_right=ArmPose(6, float(rng.normal(2, 4)), 8, 10, 0),
        )
    if kind == "sideways":
        return replace(pose, yaw_deg=sign * float(rng.uniform(60, 110)))
    if kind == "behind":
        return replace(pose, yaw_deg=180 + float(rng.normal(0, 10)))
    if kind == "sitting":
        turn = float(rng.uniform(75, 95))
        legs = [
            LegPose(float(rng.uniform(3, 14)), turn, turn + float(rng.normal(0, 5)), 8)
            for _ in "LR"
        ]
        arms = [
            ArmPose(8, float(rng.uniform(20, 40)), float(rng.uniform(40, 75)), 25) for _ in "LR"
        ]
        return replace(
            pose, yaw_deg=sign * float(rng.uniform(0, 50)), arm_left=arms[0], arm_right=arms[1],
            leg_left=legs[0], leg_right=legs[1], bend_forward_deg=float(rng.uniform(-4, 8)),
        )  # fmt: skip
    if kind == "crouching":
        up = float(rng.uniform(70, 100))
        leg = LegPose(float(rng.uniform(6, 22)), up, up + float(rng.uniform(25, 40)), 18)
        arm = ArmPose(12, float(rng.uniform(25, 60)), float(rng.uniform(20, 70)), 30)
        return replace(
            pose, bend_forward_deg=float(rng.uniform(15, 35)), lean_forward_deg=12,
            leg_left=leg, leg_right=leg, arm_left=arm, arm_right=arm,
        )  # fmt: skip
    if kind == "arms_crossed":
        return replace(
            pose,
            arm_left=ArmPose(4, float(rng.uniform(24, 34)), 100, 82, 20),
            arm_right=ArmPose(4, float(rng.uniform(34, 44)), 96, 82, 20),
        )
    if kind == "bent":
        if rng.random() < 0.5:
            return replace(
                pose, bend_forward_deg=float(rng.uniform(25, 45)),
                lean_forward_deg=float(rng.uniform(25, 40)),
                arm_left=ArmPose(10, 60, 15, 10), arm_right=ArmPose(10, 60, 15, 10),
            )  # fmt: skip
        leg = LegPose(24, 45, 80, 35)
        return replace(
            pose, bend_side_deg=sign * float(rng.uniform(22, 35)), leg_left=leg,
            leg_right=LegPose(30, 0, 5, 20), lean_forward_deg=0.0,
        )  # fmt: skip
    if kind in _POSE_OF_KIND:
        return _POSE_OF_KIND[kind](rng, pose, sign)
    return pose


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _turned(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    return replace(pose, yaw_deg=sign * _between(rng, 40, 60))


def _walking(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """A stride towards the camera: the rear leg pushes off or swings, the arms swing against it."""
    if rng.random() < 0.5:  # both feet on the floor
        rear_knee = _between(rng, 14, 32)
        forward, back, knee = _between(rng, 9, 17), _between(rng, 8, 16), _between(rng, 3, 8)
    else:
        rear_knee = _between(rng, 30, 65)
        forward, back, knee = _between(rng, 16, 28), _between(rng, 4, 18), _between(rng, 4, 14)
    ahead = LegPose(1.5, forward, knee, 6, -_between(rng, 0, 12))
    behind = LegPose(1.5, -back, rear_knee, 6, rear_knee * _between(rng, 0.6, 0.9))
    swing = _between(rng, 14, 32)
    arms = [
        ArmPose(_between(rng, 6, 14), swing * way, _between(rng, 12, 45), _between(rng, 5, 30))
        for way in (1, -1)
    ]
    legs = [ahead, behind]
    if sign < 0:
        arms, legs = arms[::-1], legs[::-1]
    return replace(
        pose, lean_forward_deg=_between(rng, 0, 5), twist_deg=-sign * _between(rng, 2, 8),
        leg_left=legs[1], leg_right=legs[0], arm_left=arms[0], arm_right=arms[1],
    )  # fmt: skip


def _jumping(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    apart, knee = _between(rng, 2, 24), _between(rng, 25, 85)
    legs = [
        LegPose(
            apart, 0.5 * knee + _between(rng, -12, 4), knee + _between(rng, -8, 8),
            _between(rng, 5, 30), _between(rng, 10, 40),
        )
        for _ in "LR"
    ]  # fmt: skip
    out = _between(rng, 30, 130)
    arms = [
        ArmPose(out + _between(rng, -6, 6), _between(rng, -5, 15), _between(rng, 3, 35), 60)
        for _ in "LR"
    ]
    return replace(
        pose, above_floor_m=_between(rng, 0.1, 0.4), arm_left=arms[0], arm_right=arms[1],
        leg_left=legs[0], leg_right=legs[1],
    )  # fmt: skip


def _wide_squat(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """Feet wide, thighs out to the sides over them, shins upright, trunk upright."""
    out = _between(rng, 32, 55)
    leg = LegPose(out, _between(rng, 8, 24), out + _between(rng, 0, 15), _between(rng, 55, 75))
    arm = [
        ArmPose(_between(rng, 20, 60), _between(rng, -5, 15), _between(rng, 4, 25), 30),
        ArmPose(28, -8, 70, 75),  # hands on the thighs
        ArmPose(8, 30, 25, 45),  # hands together in front
    ][int(rng.integers(3))]
    return replace(
        pose, lean_forward_deg=_between(rng, 0, 6), bend_forward_deg=0.0,
        arm_left=arm, arm_right=arm, leg_left=leg, leg_right=leg,
    )  # fmt: skip


def _lifting(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """A weightlifter: a bar overhead, knees half bent or nearly straight."""
    knee, out = _between(rng, 20, 90), _between(rng, 8, 22)
    leg = LegPose(out, 0.5 * knee, knee, _between(rng, 30, 50))
    arm = ArmPose(_between(rng, 140, 158), _between(rng, -4, 6), _between(rng, 4, 18), 60)
    return replace(
        pose, yaw_deg=0.6 * pose.yaw_deg, lean_forward_deg=_between(rng, 0, 6),
        arm_left=arm, arm_right=arm, leg_left=leg, leg_right=leg,
    )  # fmt: skip


def _legs_crossed(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """One leg before the other, ankles crossed."""
    before = LegPose(
        -_between(rng, 10, 15), _between(rng, 7, 12), _between(rng, 6, 16), _between(rng, 0, 15)
    )
    rear = LegPose(-_between(rng, 5, 9), -_between(rng, 3, 7), 2, _between(rng, 0, 15))
    left, right = (before, rear) if sign > 0 else (rear, before)
    return replace(pose, leg_left=left, leg_right=right)


def _arms_forward(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """Forearms, or whole arms, point at the camera: straight arms in the picture, but short."""
    arms = []
    for _ in "LR":
        if rng.random() < 0.7:
            arm = ArmPose(
                _between(rng, 4, 16), _between(rng, -14, 4), _between(rng, 45, 78),
                _between(rng, -8, 12), _between(rng, -30, 40),
            )  # fmt: skip
        else:
            arm = ArmPose(
                _between(rng, 5, 18), _between(rng, 38, 55), _between(rng, 4, 22),
                _between(rng, 0, 20), _between(rng, -30, 40),
            )  # fmt: skip
        arms.append(arm)
    if rng.random() < 0.5:
        arms[1] = arms[0]
    return replace(pose, arm_left=arms[0], arm_right=arms[1])


def _hands_hidden(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """Hands in the pockets, or behind the back."""
    if rng.random() < 0.5:
        arm = ArmPose(
            _between(rng, 20, 28), -_between(rng, 21, 28), _between(rng, 62, 70),
            _between(rng, 40, 52), 30,
        )  # fmt: skip
    else:
        arm = ArmPose(
            _between(rng, 9, 15), -_between(rng, 20, 32), _between(rng, 42, 62),
            _between(rng, 105, 125), 0,
        )  # fmt: skip
    return replace(pose, arm_left=arm, arm_right=arm)


def _in_a_gown(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """Arms clear of the skirt."""
    out = _between(rng, 17, 45)
    left, right = (
        replace(a, out_deg=out, forward_deg=3.0) for a in (pose.arm_left, pose.arm_right)
    )
    return replace(pose, arm_left=left, arm_right=right)


def _phone_on_something(rng: np.random.Generator, pose: Pose, sign: float) -> Pose:
    """Good poses that were refused: palms turned forward, elbows a little turned with them."""
    if rng.random() < 0.35:
        return pose
    out, palm = _between(rng, 6, 38), -_between(rng, 60, 95)
    arms = [
        ArmPose(
            out + _between(rng, -3, 3), _between(rng, -8, 4), _between(rng, 3, 14),
            _between(rng, -60, 20), palm,
        )
        for _ in "LR"
    ]  # fmt: skip
    return replace(pose, arm_left=arms[0], arm_right=arms[1])


_POSE_OF_KIND: dict[str, Callable[[np.random.Generator, Pose, float], Pose]] = {
    "turned": _turned,
    "walking": _walking,
    "jumping": _jumping,
    "wide_squat": _wide_squat,
    "lifting": _lifting,
    "legs_crossed": _legs_crossed,
    "arms_forward": _arms_forward,
    "hands_hidden": _hands_hidden,
    "gown": _in_a_gown,
    "low": _phone_on_something,
    "high": _phone_on_something,
}


# --- the place ----------------------------------------------------------------------------------

WALL_COLOURS = (
    (236, 234, 228), (224, 220, 210), (205, 208, 210), (186, 196, 200), (214, 200, 178),
    (168, 180, 168), (196, 176, 168), (150, 160, 172), (232, 222, 196), (112, 120, 128),
    (240, 240, 240),
)  # fmt: skip
FLOOR_COLOURS = (
    (176, 140, 104), (142, 106, 74), (206, 180, 146), (104, 78, 58), (170, 168, 164),
    (128, 128, 126),
    (196, 192, 184), (92, 96, 104), (148, 126, 110),
)  # fmt: skip


def _panels(rng: np.random.Generator, span_m: float, decor: Decor) -> tuple[Panel, ...]:
    out = []
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.35, 0.3, 0.22, 0.13]))):
        left = float(rng.uniform(-span_m, span_m))
        frame = _vary(
            rng, _pick(rng, ((240, 238, 232), (60, 50, 42), (150, 112, 78), (30, 30, 32)))
        )
        colour = _vary(rng, _pick(rng, options_of(decor, CLOTH_COLOURS + WALL_COLOURS)))
        form = rng.random()
        if form < 0.3:  # door
            out.append(Panel(left, left + 0.85, 0.0, 2.03, colour, frame, 0.06))
        elif form < 0.55:  # window
            out.append(
                Panel(
                    left,
                    left + float(rng.uniform(0.8, 1.6)),
                    0.9,
                    2.1,
                    (225, 235, 244),
                    frame,
                    0.05,
                )
            )
        else:  # picture
            w, h, b = rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.7), rng.uniform(1.1, 1.6)
            out.append(Panel(left, float(left + w), float(b), float(b + h), colour, frame, 0.025))
    return tuple(out)


def _wall(rng, point, yaw_deg: float, finish, colour, second, skirting_m, panels) -> Plane:
    a = np.radians(yaw_deg)
    pitches_m = {
        "brick": 0.22, "tiles": rng.uniform(0.15, 0.6), "planks": rng.uniform(0.1, 0.2),
    }  # fmt: skip
    return Plane(
        point=np.asarray(point, float),
        normal=np.array([np.sin(a), -np.cos(a), 0.0]),
        u=np.array([np.cos(a), np.sin(a), 0.0]),
        v=np.array([0, 0, 1.0]),
        finish=finish,
        colour=colour,
        second=second,
        pitch_m=float(pitches_m.get(finish, rng.uniform(0.06, 0.35))),
        seed=int(rng.integers(1000)),
        skirting_m=skirting_m,
        skirting=_vary(rng, _pick(rng, ((238, 236, 230), (110, 80, 56), (60, 58, 56)))),
        panels=panels,
    )


def make_room(seed: int, kind: Kind, decor: Decor = "any") -> Room:
    """Place and light of a seed's photo of this kind; for a side view that of the front view."""
    rng = stream(seed, "room", "front" if kind == "side" else kind)
    outdoors = rng.random() < 0.15
    behind_m = float(rng.uniform(0.4, 2.6)) if not outdoors else float(rng.uniform(3, 12))
    if kind == "far":
        behind_m = max(behind_m, 1.5)
    z = np.array([0, 0, 1.0])
    floor_finish = _pick(rng, ("concrete", "grass", "tiles") if outdoors else
                         ("planks", "planks", "tiles", "carpet", "carpet", "concrete"))  # fmt: skip
    floor_colour = _vary(
        rng,
        (86, 110, 56) if floor_finish == "grass" else _pick(rng, options_of(decor, FLOOR_COLOURS)),
    )
    a = np.radians(rng.uniform(-45, 45))
    floor = Plane(
        point=np.zeros(3), normal=z, u=np.array([np.cos(a), np.sin(a), 0]),
        v=np.array([-np.sin(a), np.cos(a), 0]), finish=floor_finish, colour=floor_colour,
        second=_vary(rng, np.array(floor_colour) * rng.choice([0.6, 0.8, 1.15])),
        pitch_m=float({"planks": rng.uniform(0.09, 0.2), "tiles": rng.uniform(0.3, 0.7)}
                      .get(floor_finish, rng.choice([0.5, 1.5], p=[0.75, 0.25]))),
        seed=int(rng.integers(1000)),
    )  # fmt: skip
    wall_colour = _vary(rng, _pick(rng, options_of(decor, WALL_COLOURS)))
    if outdoors:
        finish = _pick(rng, ("brick", "concrete", "sky", "planks"))
    else:
        shares = np.array(options_of(decor, WALL_FINISH_SHARES))
        finish = rng.choice(options_of(decor, WALL_FINISHES), p=shares / shares.sum())
    if finish == "brick":
        wall_colour = _vary(rng, _pick(rng, ((150, 84, 66), (200, 196, 190), (128, 100, 84))))
    second = _vary(rng, np.array(wall_colour) * rng.choice([0.8, 0.9, 1.06]))
    if finish == "sky":
        wall_colour, second = (206, 214, 220), (134, 172, 216)
    yaw = float(rng.normal(0, 9))
    skirting = float(rng.uniform(0.05, 0.14)) if not outdoors and rng.random() < 0.7 else 0.0
    panels = () if finish == "sky" else _panels(rng, 1.8 + behind_m / 2, decor)
    planes = [
        floor,
        _wall(rng, [0, behind_m, 0], yaw, str(finish), wall_colour, second, skirting, panels),
    ]
    if not outdoors and rng.random() < 0.35:  # a corner
        side = 1 if rng.random() < 0.5 else -1
        at = [side * float(rng.uniform(1.0, 2.2)), 0, 0]
        planes.append(
            _wall(rng, at, yaw - side * 90, "paint", _vary(rng, wall_colour), second, skirting, ())
        )
    furniture = []
    if not outdoors:
        for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.33, 0.17]))):
            side = 1 if rng.random() < 0.5 else -1
            size = (
                float(rng.uniform(0.3, 0.9)),
                float(rng.uniform(0.3, 0.6)),
                float(rng.uniform(0.35, 1.9)),
            )
            x = side * float(rng.uniform(0.95, 1.7))
            y = float(min(behind_m - 0.35, rng.uniform(-0.1, 1.2)))
            if y < 0.1:
                x = side * max(abs(x), 1.25)
            colour = _vary(rng, _pick(rng, options_of(decor, FLOOR_COLOURS + WALL_COLOURS)))
            furniture.append(
                Furniture((x, y, size[2] / 2), size, yaw, Plain(colour, int(rng.integers(1000))))
            )
    elevation = np.radians(rng.uniform(28, 72))
    azimuth = np.radians(rng.uniform(-75, 75))  # from behind the camera, either side
    sun = np.array([
        np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)
    ])  # fmt: skip
    strength = float(rng.uniform(0.35, 0.75)) if not outdoors else float(rng.uniform(0.4, 1.1))
    warm = float(rng.normal(0, 0.05))
    tint = np.array([1 + warm, 1.0, 1 - warm])
    sky = (1.0 - 0.5 * strength) * np.array([1 - warm / 2, 1.0, 1 + warm / 2])
    return Room(
        planes=tuple(planes), furniture=tuple(furniture), sun=sun,
        sun_spread_deg=float(rng.uniform(1.5, 4) if outdoors else rng.uniform(4, 22)),
        sun_colour=strength * tint * 1.1, sky_colour=sky,
        ground_colour=sky * rng.uniform(0.55, 0.8), backdrop=wall_colour,
    )  # fmt: skip


# --- the camera ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shot:
    """How the phone was held, before it is aimed at the person.

    ``fill`` is the share of the picture's height that the person should take; ``place`` where the
    middle of the person should lie, as a share of the free room either side of the centre.
    """

    width: int
    height: int
    long_fov_deg: float
    camera_height_m: float
    roll_deg: float
    fill: float
    place: tuple[float, float]
    exif: bool
    orientation: int  # EXIF: 1 upright, 6 stored turned by a quarter
    pitch_deg: float | None = None  # upwards; when given, the distance follows from it
    far_m: float = 4.0  # no farther than this, if the person then fits
    bend: float = 0.0  # radial distortion that the phone left: see Camera


CAMERA_HEIGHT_M = (0.6, 1.8)
LOW_M, HIGH_M = (0.05, 0.30), (1.75, 2.15)  # a phone that leans on something; one above the head
LOW_PITCH_DEG, HIGH_PITCH_DEG = (12.0, 25.0), (-25.0, -15.0)
SIZES = ((1080, 1440), (1080, 1440), (1080, 1440), (1080, 1440), (810, 1440), (1080, 1350))


def make_shot(seed: int, kind: Kind, long_side_px: int) -> Shot:
    """The camera of a seed's photo of this kind."""
    rng = stream(seed, "camera", kind)
    width, height = _pick(rng, SIZES)
    if rng.random() < 0.04 and kind in ("front", "again", "two_people", "empty"):
        width, height = height, width
    shrink = long_side_px / max(width, height)
    exif = bool(rng.random() < 0.65)
    # Half as most people hold a phone, half at any height from the knee to above the head.
    held_m = rng.normal(1.25, 0.27) if rng.random() < 0.5 else rng.uniform(*CAMERA_HEIGHT_M)
    fill = {
        "far": (0.08, 0.14), "sitting": (0.45, 0.8), "crouching": (0.4, 0.7),
        "cut_feet": (1.05, 1.4), "cut_head": (1.05, 1.25),
        "wide_squat": (0.4, 0.75), "cartoon": (0.6, 0.92), "figure": (0.5, 0.9),
    }.get(kind, (0.45, 0.92))  # fmt: skip
    shot = Shot(
        width=round(width * shrink),
        height=round(height * shrink),
        long_fov_deg=float(rng.uniform(45, 75)),
        camera_height_m=float(np.clip(held_m, *CAMERA_HEIGHT_M)),
        roll_deg=float(np.clip(rng.normal(0, 1.4), -4, 4)),
        fill=float(rng.uniform(*fill)),
        place=(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.7, 0.7))),
        exif=exif,
        orientation=6 if exif and rng.random() < 0.3 else 1,
    )
    if kind in ("low", "high"):
        if kind == "low":  # so near that only a wide lens holds the whole person
            held_m, pitch_deg, fov_deg = LOW_M, LOW_PITCH_DEG, (60, 78)
        else:
            held_m, pitch_deg, fov_deg = HIGH_M, HIGH_PITCH_DEG, (46, 66)
        return replace(
            shot,
            camera_height_m=float(rng.uniform(*held_m)),
            pitch_deg=float(rng.uniform(*pitch_deg)),
            long_fov_deg=float(rng.uniform(*fov_deg)),
            place=(shot.place[0], float(rng.uniform(-0.3, 0.5))),
        )
    if kind != "side":
        return shot
    front = make_shot(seed, "front", long_side_px)  # the same phone, held once more
    return replace(
        shot,
        width=front.width,
        height=front.height,
        long_fov_deg=front.long_fov_deg,
        exif=front.exif,
        orientation=front.orientation,
    )
