"""People as they dress, stand and are photographed: the outfits, poses and shots of ``dressed``.

``scenes`` draws clothes that lie near the body, phones between knee and head, arms to 70 degrees.
Here clothes hang, arms bend and turn, the weight is on one leg, phones are held from the floor to
overhead and have the lenses that phones have.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.people.accessories import Accessories
from training.people.body import ArmPose, Body, LegPose, Pose
from training.people.hanging import LooseBottom, LooseTop
from training.people.looks import Cloth
from training.people.scenes import (
    CLOTH_COLOURS,
    TROUSER_COLOURS,
    Decor,
    Kind,
    Shot,
    make_cloth,
    make_outfit,
    make_shot,
    standing_pose,
    stream,
)
from training.people.wardrobe import Bottom, Outfit, Top


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _cloth(rng: np.random.Generator, decor: Decor, body: Body, colours, patterned: float) -> Cloth:
    cloth = make_cloth(rng, decor, body, colours, patterned, (0.08, 0.3))
    return replace(cloth, drape=_between(rng, 0.3, 1.3))


def _room_m(rng: np.random.Generator, low: float, high: float) -> float:
    """Room in cloth: more often little than much."""
    return low + (high - low) * float(rng.beta(1.3, 1.8))


# --- tops ---------------------------------------------------------------------------------------


def _shirt_to_pull_over(rng, decor: Decor, body: Body, long: bool) -> LooseTop:
    """A T-shirt, a jumper, a hoodie."""
    width = _room_m(rng, 0.0, 0.075)
    if long:
        sleeve, sleeve_m = _between(rng, 1.5, 2.0), _room_m(rng, 0.008, 0.04)
        cuff_m = float(rng.choice([0.004, sleeve_m], p=[0.6, 0.4]))
    else:
        sleeve, sleeve_m = _between(rng, 0.32, 1.05), _room_m(rng, 0.004, 0.035)
        cuff_m = sleeve_m * _between(rng, 0.8, 1.4)
    ribbed = long and rng.random() < 0.4
    return LooseTop(
        cloth=_cloth(rng, decor, body, CLOTH_COLOURS, 0.45),
        sleeve=sleeve,
        hem=-_between(rng, -0.06, 0.5) if not ribbed else -_between(rng, -0.06, 0.22),
        ease_m=_room_m(rng, 0.004, 0.02),
        neck_m=_between(rng, -0.005, 0.06),
        hang=_between(rng, 0.25, 1.0),
        width_m=width,
        flare_m=_between(rng, 0, 0.03) if rng.random() < 0.3 else 0.0,
        sleeve_m=sleeve_m,
        cuff_m=cuff_m,
        rib=_between(rng, 0.4, 0.9) if ribbed else 0.0,
        fold_m=_between(rng, 0.002, 0.004) + 0.12 * width,
        hood=bool(long and rng.random() < 0.4),
        collar_m=0.03 if long and rng.random() < 0.15 else 0.0,
    )


def _shirt(rng, decor: Decor, body: Body) -> LooseTop:
    """A shirt or blouse with a collar, out of the trousers."""
    pulled = _shirt_to_pull_over(rng, decor, body, bool(rng.random() < 0.65))
    return replace(
        pulled,
        hem=-_between(rng, 0.0, 0.4),
        rib=0.0,
        tails_m=_between(rng, 0, 0.07),
        hood=False,
        collar_m=0.022,
    )


def _tank(rng, decor: Decor, body: Body) -> LooseTop:
    return replace(
        _shirt_to_pull_over(rng, decor, body, False),
        sleeve=_between(rng, 0.08, 0.16), sleeve_m=0.004, cuff_m=0.004,
        neck_m=_between(rng, 0.02, 0.08),
    )  # fmt: skip


def _jacket(rng, decor: Decor, body: Body, inner: LooseTop) -> LooseTop:
    """A jacket, cardigan, coat or open shirt over something."""
    is_open = rng.random() < 0.7
    coat = rng.random() < 0.35
    width = max(inner.width_m, _room_m(rng, 0.0, 0.06)) + 0.012
    return LooseTop(
        cloth=_cloth(rng, decor, body, CLOTH_COLOURS, 0.25),
        sleeve=_between(rng, 1.5, 2.0),
        hem=-_between(rng, 0.4, 0.85) if coat else -_between(rng, -0.08, 0.42),
        ease_m=inner.ease_m + _between(rng, 0.008, 0.018),
        neck_m=0.0 if is_open else _between(rng, 0, 0.12),
        open_m=_between(rng, 0.012, 0.1) if is_open else 0.0,
        hang=max(inner.hang, _between(rng, 0.5, 1.0)),
        width_m=width,
        flare_m=max(inner.flare_m, _between(rng, 0, 0.04) if coat else 0.0),
        sleeve_m=inner.sleeve_m + 0.008,
        cuff_m=_room_m(rng, 0.008, 0.03),
        rib=0.0 if coat or rng.random() < 0.7 else _between(rng, 0.3, 0.7),
        cinch=_between(rng, 0.4, 0.9) if coat and not is_open and rng.random() < 0.5 else 0.0,
        fold_m=0.003 + 0.1 * width,
        hood=bool(rng.random() < 0.25),
        collar_m=float(rng.choice([0.0, 0.025, 0.04], p=[0.3, 0.5, 0.2])),
    )


def _dress(rng, decor: Decor, body: Body) -> LooseTop:
    shape = _shirt_to_pull_over(rng, decor, body, bool(rng.random() < 0.4))
    return replace(
        shape,
        hem=-_between(rng, 0.35, 1.15),
        rib=0.0,
        cinch=_between(rng, 0.4, 1.0) if rng.random() < 0.6 else 0.0,
        flare_m=_between(rng, 0, 0.13),
        hood=False,
        collar_m=0.0,
        fold_m=_between(rng, 0.004, 0.014),
    )


def _tops(rng, decor: Decor, body: Body, sex: str) -> tuple[Top, ...]:
    worn = rng.random()
    if worn < 0.42:
        first = _shirt_to_pull_over(rng, decor, body, False)
    elif worn < 0.68:
        first = _shirt_to_pull_over(rng, decor, body, True)
    elif worn < 0.84:
        first = _shirt(rng, decor, body)
    else:
        first = _tank(rng, decor, body)
    if rng.random() < 0.26:
        return first, _jacket(rng, decor, body, first)
    return (first,)


# --- below --------------------------------------------------------------------------------------


def _bottom(rng, decor: Decor, body: Body) -> Bottom:
    form = rng.choice(["shorts", "cropped", "long"], p=[0.27, 0.15, 0.58])
    tight = rng.random() < (0.1 if form == "shorts" else 0.3)
    room = 0.004 if tight else _room_m(rng, 0.008, 0.06)
    length = {
        "shorts": _between(rng, 0.35, 1.15), "cropped": _between(rng, 1.3, 1.8),
        "long": _between(rng, 1.86, 2.03),
    }[str(form)]  # fmt: skip
    return LooseBottom(
        "trousers",
        _cloth(rng, decor, body, TROUSER_COLOURS, 0.15),
        length,
        room,
        0.0 if tight or rng.random() < 0.6 else _between(rng, 0, 0.07),
        hang=_between(rng, 0.0, 0.3) if tight else _between(rng, 0.2, 1.0),
        fold_m=0.001 if tight else 0.003 + 0.1 * room,
    )


def _accessories(rng, decor: Decor, body: Body, base: Outfit) -> Accessories:
    hat = rng.choice(["none", "beanie", "cap", "brim"], p=[0.78, 0.08, 0.09, 0.05])
    glasses = rng.choice(["none", "clear", "sun"], p=[0.68, 0.22, 0.10])
    bag = rng.choice(["none", "across", "backpack"], p=[0.82, 0.11, 0.07])
    falls = base.hair is not None and base.hair.fall_m > 0 and rng.random() < 0.6
    return Accessories(
        hat=None if hat == "none" else str(hat),
        hat_cloth=make_cloth(rng, decor, body, CLOTH_COLOURS, 0.1),
        glasses=None if glasses == "none" else str(glasses),
        glasses_size=_between(rng, 0.6, 0.9),
        bag=None if bag == "none" else str(bag),
        bag_colour=CLOTH_COLOURS[int(rng.integers(len(CLOTH_COLOURS)))],
        locks_m=_between(rng, 0.05, 0.3) if falls else 0.0,
        side=1 if rng.random() < 0.5 else -1,
    )


def dressed_outfit(seed: int, body: Body, sex: str, decor: Decor) -> Outfit:
    """Clothes of a seed, most of them loose; skin, hair and the rest as ``make_outfit`` draws."""
    base = make_outfit(seed, body, sex, decor)
    worn = _accessories(stream(seed, "outfit", "accessories"), decor, body, base)
    if worn.hat and base.hair is not None:  # a hat presses hair down
        base = replace(base, hair=replace(base.hair, volume_m=0.004))
    base = replace(base, accessories=worn)
    if base.footwear is not None and base.footwear.sole_m:
        high = stream(seed, "outfit", "soles")
        sole_m = _between(high, 0.03, 0.06) if high.random() < 0.35 else _between(high, 0.008, 0.03)
        base = replace(base, footwear=replace(base.footwear, sole_m=sole_m))
    rng = stream(seed, "outfit", "dressed")
    if rng.random() < 0.1:  # clothes that lie near the body stay among them
        return base
    if sex == "female" and rng.random() < 0.18:
        bottom = replace(base.bottom, kind="trousers", ease_m=0.003, flare_m=0.0, length=1.9)
        if rng.random() < 0.6:  # bare legs
            bottom = replace(bottom, length=0.3)
        return replace(base, tops=(_dress(rng, decor, body),), bottom=bottom)
    if base.bottom.kind == "skirt" and rng.random() < 0.5:
        return base
    return replace(base, tops=_tops(rng, decor, body, sex), bottom=_bottom(rng, decor, body))


# --- how they stand -----------------------------------------------------------------------------


def _arm(rng: np.random.Generator, out_deg: float) -> ArmPose:
    return ArmPose(
        out_deg=float(np.clip(out_deg + rng.normal(0, 3), 2, 75)),
        forward_deg=float(np.clip(rng.normal(2, 7), -12, 20)),
        elbow_deg=float(np.clip(abs(rng.normal(0, 16)) + 2, 2, 40)),
        inward_deg=_between(rng, -40, 70),
        palm_deg=_between(rng, -95, 60),
    )


def _leg(rng: np.random.Generator, out_deg: float, knee_deg: float) -> LegPose:
    return LegPose(
        out_deg=float(np.clip(out_deg + rng.normal(0, 1.2), 0.5, 15)),
        forward_deg=0.5 * knee_deg + float(rng.normal(0, 1)),
        knee_deg=knee_deg,
        turn_deg=float(np.clip(rng.normal(12, 10), -8, 40)),
    )


def dressed_standing(rng: np.random.Generator) -> Pose:
    """A person who stands for a photo at ease: see ``ArmPose`` for what the ranges mean."""
    pose = standing_pose(rng)
    form = rng.random()
    low, high = (3, 14) if form < 0.45 else (12, 45) if form < 0.9 else (45, 72)
    out = [_between(rng, low, high)] * 2
    if rng.random() < 0.3:
        out[1] = _between(rng, low, high)
    knees = [float(np.clip(abs(rng.normal(0, 4)), 0, 12)) for _ in "LR"]
    sway = 0.0
    if rng.random() < 0.3:  # the weight on one leg
        k = int(rng.integers(2))
        knees[k], knees[1 - k] = _between(rng, 8, 22), _between(rng, 0, 3)
        sway = (1, -1)[k] * _between(rng, 0, 3.5)
    stance = float(np.clip(rng.gamma(2.2, 1.8), 0.5, 13))
    return replace(
        pose,
        bend_side_deg=pose.bend_side_deg + sway,
        bend_forward_deg=float(rng.normal(0.5, 2.5)),
        arm_left=_arm(rng, out[0]),
        arm_right=_arm(rng, out[1]),
        leg_left=_leg(rng, stance, knees[0]),
        leg_right=_leg(rng, stance, knees[1]),
    )


# --- how they are photographed ------------------------------------------------------------------

LENSES_35MM = ((24.0, 30.0), (30.0, 52.0), (52.0, 77.0))  # phones' wide, normal and tele lenses
LENS_SHARES = (0.62, 0.25, 0.13)
FILM_DIAGONAL_MM = 43.267


def dressed_shot(seed: int, kind: Kind, long_side_px: int) -> Shot:
    """The camera of a seed: from the floor to overhead, with a phone's lens."""
    shot = make_shot(seed, kind, long_side_px)
    if kind not in ("front", "again", "side"):
        return shot
    phone = stream(seed, "camera", "dressed phone" if kind != "again" else "dressed again")
    low, high = LENSES_35MM[int(phone.choice(3, p=LENS_SHARES))]
    focal_mm = _between(phone, low, high)
    long_share = max(shot.width, shot.height) / np.hypot(shot.width, shot.height)
    fov_deg = 2 * np.degrees(np.arctan(long_share * FILM_DIAGONAL_MM / 2 / focal_mm))
    bent = float(phone.normal(0, 0.012)) if phone.random() < 0.5 else 0.0
    shot = replace(shot, long_fov_deg=float(fov_deg), bend=bent)
    rng = stream(seed, "camera", "dressed " + kind)
    held = rng.random()
    if focal_mm > 32:
        held = max(held, 0.2)  # nobody is near enough for a steep view with a long lens
    if held < 0.12:
        height_m, pitch = _between(rng, 0.05, 0.5), _between(rng, 4, 25)
    elif held < 0.2:
        height_m, pitch = _between(rng, 1.75, 2.3), -_between(rng, 8, 25)
    else:
        height_m, pitch = float(np.clip(rng.normal(1.3, 0.3), 0.4, 1.85)), None
    edge = 0.95 if rng.random() < 0.3 else 0.5
    rise = _between(rng, -min(edge, 0.7), min(edge, 0.7))
    return replace(
        shot,
        camera_height_m=height_m,
        pitch_deg=pitch,
        roll_deg=float(np.clip(rng.normal(0, 1.6), -5, 5)),
        fill=_between(rng, 0.5, 0.95),
        place=(_between(rng, -edge, edge), _between(rng, -0.4, 0.6) if pitch else rise),
        far_m=6.5 if focal_mm > 32 else 4.0,
    )
