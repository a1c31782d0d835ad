"""Why each setting is what it is: one plain sentence, in English and Korean.

What a sentence says is chosen by what is true of the answer: a rule that is broken, or a travel
that ends, is said here as its warning says it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from chalicelib.carfit import linkage
from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.rules import (
    CHEST_TO_WHEEL_MM,
    HEAD_TO_ROOF_MM,
    TOLERANCE_MM,
    Margins,
)
from chalicelib.carfit.types import Body, Words
from chalicelib.carfit.vehicles import Vehicle

_MIRRORS: Final = {
    "left": ("left lane", "왼쪽 차로가"),
    "right": ("right lane", "오른쪽 차로가"),
    "interior": ("road straight behind", "바로 뒤 도로가"),
}

LEVEL_MM: Final = 10.0
"""Within which the head restraint's top counts as level with the head's."""


class Facts(NamedTuple):
    """What a sentence is chosen by.

    ``settings`` by path; ``seated``, how the driver then sits, in plain numbers; ``kept``, what is
    left of each safety rule; ``ended``, the settings whose travel ends before the wish, by path,
    and by how much: negative where the wish lies below.
    """

    body: Body
    vehicle: Vehicle
    settings: Mapping[str, float]
    seated: Seated
    kept: Margins
    ended: Mapping[str, float]

    @property
    def broken(self) -> frozenset[str]:
        """Names of the rules that are broken by more than is told."""
        return frozenset(
            name for name, margin in self.kept._asdict().items() if margin < -TOLERANCE_MM[name]
        )


def fore_aft(facts: Facts) -> Words:
    """The knee, and what the brake has to spare."""
    body, seated, kept = facts.body, facts.seated, facts.kept
    leg_cm = body.thigh_cm + body.calf_cm
    if "brake" in facts.broken:
        return _words(
            f"With legs of {leg_cm:.0f} cm the knee bends to {seated.knee_deg:.0f}°, and the brake"
            f" still lies {-kept.brake:.0f} mm too far.",
            f"다리 길이 {leg_cm:.0f} cm에서 무릎 각도가 {seated.knee_deg:.0f}°이지만, 브레이크가"
            f" {-kept.brake:.0f} mm 더 멀리 있습니다.",
        )
    return _words(
        f"With legs of {leg_cm:.0f} cm the knee bends to {seated.knee_deg:.0f}° and the brake"
        f" still reaches the floor with {max(kept.brake, 0.0):.0f} mm to spare.",
        f"다리 길이 {leg_cm:.0f} cm에서 무릎 각도가 {seated.knee_deg:.0f}°이고, 브레이크를"
        f" 끝까지 밟아도 {max(kept.brake, 0.0):.0f} mm의 여유가 있습니다.",
    )


def height(facts: Facts) -> Words:
    """The eyes, the road over the dashboard and the room above the head."""
    seated, kept, broken = facts.seated, facts.kept, facts.broken
    eye_z, head_mm = seated.eye[1], HEAD_TO_ROOF_MM + kept.head
    road_en, road_ko = "over the dashboard", "대시보드 너머가 보이고"
    if "cowl" in broken:
        road_en = f"{-kept.cowl:.0f} mm too low for the road over the dashboard"
        road_ko = f"대시보드 너머를 보기에 {-kept.cowl:.0f} mm 낮고"
    room_en = f"{head_mm:.0f} mm of room above your head"
    room_ko = f"머리 위 공간은 {head_mm:.0f} mm입니다"
    if "head" in broken:
        room_en = f"only {max(head_mm, 0.0):.0f} mm of room above your head"
        room_ko = f"머리 위 공간은 {max(head_mm, 0.0):.0f} mm뿐입니다"
    return _words(
        f"Your eyes are {eye_z:.0f} mm above the heel point: {road_en}, and {room_en}.",
        f"눈높이가 발뒤꿈치 기준 {eye_z:.0f} mm로 {road_ko}, {room_ko}.",
    )


def cushion(facts: Facts) -> Words:
    """The slope of the thigh."""
    seated, off = facts.seated, facts.ended.get("seat.cushion_tilt_deg")
    angle = f"{seated.hip_deg:.0f}°"
    if off is None:
        return _words(
            "The cushion follows your thigh, so that it is supported along its length"
            f" (thigh and trunk stand at {angle}).",
            f"쿠션이 허벅지를 따라 고르게 받쳐 줍니다 (허벅지와 상체 사이 {angle}).",
        )
    return _words(
        f"As near to your thigh's slope as the cushion tilts (thigh and trunk stand at {angle}).",
        f"쿠션이 기울어지는 한 허벅지 각도에 맞췄습니다 (허벅지와 상체 사이 {angle}).",
    )


def recline(facts: Facts) -> Words:
    """The trunk, and the chest's distance from the wheel."""
    seated, kept = facts.seated, facts.kept
    chest_mm = CHEST_TO_WHEEL_MM + kept.chest
    trunk, needed = f"{seated.trunk_deg:.0f}°", f"{CHEST_TO_WHEEL_MM:.0f}"
    if "chest" in facts.broken:
        return _words(
            f"{trunk} behind vertical leaves {max(chest_mm, 0.0):.0f} mm between chest and wheel:"
            f" less than the {needed} mm that the airbag needs.",
            f"수직에서 {trunk} 젖혀도 가슴과 운전대 사이가 {max(chest_mm, 0.0):.0f} mm로, 에어백에"
            f" 필요한 {needed} mm보다 가깝습니다.",
        )
    # 249.6 mm is within the rule's tolerance, and the rule's number is what it is held against.
    chest_mm = max(chest_mm, CHEST_TO_WHEEL_MM)
    return _words(
        f"{trunk} behind vertical rests your back and keeps your chest {chest_mm:.0f} mm from the"
        f" wheel (the airbag needs {needed}).",
        f"수직에서 {trunk} 젖혀 등이 편하고, 가슴과 운전대 사이가 {chest_mm:.0f} mm입니다"
        f" (에어백에는 {needed} mm 필요).",
    )


def head_restraint(facts: Facts) -> Words:
    """Its top beside the head's."""
    height_mm = facts.settings["head_restraint.height_mm"]
    top_mm = facts.vehicle.head_restraint_low_mm + height_mm
    below_mm = linkage.head_along_torso_mm(facts.seated) - top_mm
    where_en, where_ko = "level with the top of your head", "머리 꼭대기와 같은 높이입니다"
    if below_mm > LEVEL_MM:
        where_en = f"its highest, {below_mm:.0f} mm below the top of your head"
        where_ko = f"가장 높은 위치이며, 머리 꼭대기보다 {below_mm:.0f} mm 낮습니다"
    elif below_mm < -LEVEL_MM:
        where_en = f"its lowest, {-below_mm:.0f} mm above the top of your head"
        where_ko = f"가장 낮은 위치이며, 머리 꼭대기보다 {-below_mm:.0f} mm 높습니다"
    return _words(
        f"Its top stands {top_mm:.0f} mm up the backrest: {where_en}.",
        f"헤드레스트 윗면이 등받이를 따라 {top_mm:.0f} mm 높이로, {where_ko}.",
    )


def belt(facts: Facts) -> Words:
    """The shoulder."""
    off = facts.ended.get("belt.anchor_height_mm")
    shoulder = f"{facts.seated.shoulder[1]:.0f} mm"
    if off is None:
        return _words(
            f"Your shoulder is {shoulder} above the heel point; the belt then lies on the collar"
            " bone, not on the neck.",
            f"어깨 높이가 발뒤꿈치 기준 {shoulder}이므로 벨트가 목이 아닌 쇄골 위를 지나갑니다.",
        )
    end_en, end_ko = ("highest", "높은") if off > 0.0 else ("lowest", "낮은")
    return _words(
        f"Your shoulder is {shoulder} above the heel point; the anchor's {end_en} position is the"
        " nearest to it.",
        f"어깨 높이가 발뒤꿈치 기준 {shoulder}이며, 가장 {end_ko} 위치가 어깨에 가장 가깝습니다.",
    )


def telescope(facts: Facts) -> Words:
    """The elbow, and the wrist on top of the rim."""
    body, seated, kept = facts.body, facts.seated, facts.kept
    arm_cm = body.upper_arm_cm + body.forearm_cm
    english = f"With arms of {arm_cm:.0f} cm the elbow bends to {seated.elbow_deg:.0f}° at 9"
    korean = f"팔 길이 {arm_cm:.0f} cm에서 9시-3시 방향을 잡으면 팔꿈치 각도가"
    if "wrist" in facts.broken:
        return _words(
            f"{english} and 3 o'clock; the top of the rim lies {-kept.wrist:.0f} mm beyond your"
            " wrist.",
            f"{korean} {seated.elbow_deg:.0f}°이고, 운전대 위쪽은 손목보다"
            f" {-kept.wrist:.0f} mm 멉니다.",
        )
    return _words(f"{english} and 3 o'clock.", f"{korean} {seated.elbow_deg:.0f}°입니다.")


def tilt(facts: Facts) -> Words:
    """The lap below and the instruments above."""
    broken = facts.broken
    near = {"thigh", "belly"} & broken
    if near and "rim" in broken:
        return _words(
            "Neither lap nor view of the instruments has all its room: the wheel stands between.",
            "다리 공간과 계기판 시야가 모두 부족해 그 사이에 맞췄습니다.",
        )
    if near:
        return _words(
            "As high as your view of the instruments and the column allow; your lap has less room"
            " than it needs.",
            "계기판 시야와 조절 범위 안에서 높였지만 다리와 배의 공간이 부족합니다.",
        )
    if "rim" in broken:
        return _words(
            "As low as your thighs and the column allow; the rim hides part of the instruments.",
            "허벅지와 조절 범위 안에서 낮췄지만 테두리가 계기판 일부를 가립니다.",
        )
    return _words(
        "Between your thighs and your view of the instruments.",
        "허벅지와 계기판 시야 사이의 높이입니다.",
    )


def hud(facts: Facts) -> Words:
    """The eyes."""
    off = facts.ended.get("hud.height_mm")
    eye = f"{facts.seated.eye[1]:.0f} mm"
    if off is None:
        return _words(
            f"Set to your eyes, {eye} above the heel point.",
            f"발뒤꿈치 기준 {eye}인 눈높이에 맞췄습니다.",
        )
    end_en, end_ko = ("highest", "높은") if off > 0.0 else ("lowest", "낮은")
    return _words(
        f"Its {end_en} position is the nearest to your eyes, {eye} above the heel point.",
        f"가장 {end_ko} 위치가 발뒤꿈치 기준 {eye}인 눈높이에 가장 가깝습니다.",
    )


def mirror(name: str, axis: str, facts: Facts) -> Words:
    """What the glass shows; ``name`` and ``axis`` are bound by the setting's row."""
    english, korean = _MIRRORS[name]
    if f"mirrors.{name}.{axis}" in facts.ended:
        return _words(
            f"Turned as far towards the {english} as the mirror goes.",
            f"{korean} 보이는 쪽으로 끝까지 돌렸습니다.",
        )
    if axis == "yaw_deg":
        return _words(
            f"Turned so that your eyes meet the {english} in the middle of the glass.",
            f"거울 한가운데에 {korean} 보이도록 돌렸습니다.",
        )
    return _words(
        "Tilted so that the horizon and the road both show.",
        "지평선과 도로가 함께 보이도록 기울였습니다.",
    )


def _words(english: str, korean: str) -> Words:
    return {"en": english, "ko": korean}
