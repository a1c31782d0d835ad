"""The warnings that a recommendation can carry, in English and Korean."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chalicelib.body_prior import Deviation
from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.rules import (
    BELLY_TO_RIM_MM,
    CHEST_TO_WHEEL_MM,
    HEAD_TO_ROOF_MM,
    TOLERANCE_MM,
    WHEEL_TO_THIGH_MM,
    Margins,
)
from chalicelib.carfit.settings import Setting
from chalicelib.carfit.types import FitWarning, Words

_SEGMENTS: Final = {
    "upper_arm": ("upper arm", "위팔"),
    "forearm": ("forearm", "아래팔"),
    "thigh": ("thigh", "허벅지"),
    "calf": ("calf", "종아리"),
    "torso": ("torso", "몸통"),
}


def unusual_proportions(deviations: Sequence[Deviation]) -> FitWarning:
    """Lengths that hardly anybody of that height has."""
    english = ", ".join(
        f"{_SEGMENTS[each.segment][0]} {each.off_cm:+.1f} cm ({each.off_sd:+.1f} SD)"
        for each in deviations
    )
    korean = ", ".join(
        f"{_SEGMENTS[each.segment][1]} {each.off_cm:+.1f} cm ({each.off_sd:+.1f} SD)"
        for each in deviations
    )
    return FitWarning(
        "UNUSUAL_PROPORTIONS",
        {
            "segments": [
                {
                    "segment": each.segment,
                    "length_cm": each.length_cm,
                    "expected_cm": each.expected_cm,
                    "off_cm": each.off_cm,
                    "off_sd": each.off_sd,
                }
                for each in deviations
            ]
        },
        {
            "en": f"Very unusual for this height: {english}. Check the measurement; lengths run"
            " between joint centres.",
            "ko": f"이 키에서 매우 드문 비율입니다: {korean}. 길이는 관절 중심 사이로 잽니다."
            " 측정값을 확인하세요.",
        },
    )


def body_outside_model(height_cm: float, low_cm: float, high_cm: float) -> FitWarning:
    """A stature that the model was not trained on."""
    return FitWarning(
        "BODY_OUTSIDE_MODEL",
        {"height_cm": height_cm, "low_cm": low_cm, "high_cm": high_cm},
        {
            "en": f"The model knows statures of {low_cm:.0f}-{high_cm:.0f} cm; these settings are"
            " those of the nearest. Adjust them by feel.",
            "ko": f"모델은 키 {low_cm:.0f}-{high_cm:.0f} cm까지 알고 있어 가장 가까운 체형의"
            " 설정을 제시합니다. 직접 조절해 맞추세요.",
        },
    )


def vehicle_outside_model(figures: Sequence[str]) -> FitWarning:
    """A package unlike those that the model was trained on."""
    listed = ", ".join(figures)
    return FitWarning(
        "VEHICLE_OUTSIDE_MODEL",
        {"figures": list(figures)},
        {
            "en": f"The model knows no car with such figures: {listed}. The nearest that it knows"
            " was taken; travels and safety rules are kept exactly all the same.",
            "ko": f"모델이 알지 못하는 차량 치수입니다: {listed}. 가장 가까운 값으로 계산했으며,"
            " 조절 범위와 안전 규칙은 그대로 지켰습니다.",
        },
    )


def limit_reached(
    setting: Setting, wanted: float, limit: float, chosen: Seated, free: Seated
) -> FitWarning:
    """A setting whose travel ends before the driver's best position.

    Parameters
    ----------
    setting : Setting
        Its row.
    wanted, limit : float
        What would suit best, and the end of the travel that it passes.
    chosen, free : Seated
        How the driver sits, and would if no travel ended: their difference is what is lost.
    """
    unit = setting.unit
    at, more = (_with_unit(each, unit) for each in (limit, abs(wanted - limit)))
    way = setting.more if wanted > limit else setting.less
    params: dict[str, object] = {
        "setting": setting.path,
        "wanted": wanted,
        "limit": limit,
        "unit": unit,
    }
    loss: Words = setting.loss or {"en": "", "ko": ""}
    if setting.joint is not None:
        joint = setting.joint
        change = getattr(chosen, f"{joint.id}_deg") - getattr(free, f"{joint.id}_deg")
        params |= {"joint": joint.id, "change_deg": change}
        if round(abs(change)) > 0:  # "0 deg more bent" says nothing
            bent_en, bent_ko = "more bent", "더 굽습니다"
            if change > 0.0:
                bent_en, bent_ko = "straighter", "더 펴집니다"
            loss = {
                "en": f"Your {joint.english} stays {abs(change):.0f}° {bent_en} than you like it.",
                "ko": f"{joint.korean} 가장 편한 각도보다 {abs(change):.0f}° {bent_ko}.",
            }
    return FitWarning(
        "LIMIT_REACHED",
        params,
        {
            "en": f"The {setting.name['en']} ends at {at}; {more} {way.english} would fit you best."
            f" {loss['en']}".rstrip(),
            "ko": f"{setting.name['ko']}의 조절 범위가 {at}에서 끝납니다. {more} {way.korean_if}"
            f" 가장 알맞습니다. {loss['ko']}".rstrip(),
        },
    )


def posture_not_kept(setting: Setting, wanted: float, value: float) -> FitWarning:
    """A setting that the other car's travels or a safety rule changed on the way there.

    Parameters
    ----------
    setting : Setting
        Its row.
    wanted, value : float
        What would keep the driver's posture, and what was set.
    """
    off = _with_unit(abs(value - wanted), setting.unit)
    way = setting.more if value > wanted else setting.less
    return FitWarning(
        "POSTURE_NOT_KEPT",
        {"setting": setting.path, "wanted": wanted, "value": value, "unit": setting.unit},
        {
            "en": f"The {setting.name['en']} is {off} {way.english} than what would keep your"
            " posture: this car's travel or a safety rule asks for it.",
            "ko": f"{setting.name['ko']}: 평소 자세를 지키는 위치보다 {off} {way.korean_noun}"
            " 설정입니다. 이 차의 조절 범위나 안전 규칙 때문입니다.",
        },
    )


def two_habits() -> FitWarning:
    """Kept settings that look like two drivers' under one name."""
    return FitWarning(
        "TWO_HABITS",
        {},
        {
            "en": "The settings that were kept look like those of two drivers, so nothing was"
            " learned from them. Give each driver a user_id of their own.",
            "ko": "저장된 설정이 두 사람의 것으로 보여 아무것도 반영하지 않았습니다. 운전자마다"
            " user_id를 따로 쓰세요.",
        },
    )


def _with_unit(value: float, unit: str) -> str:
    """A number with its unit; never "-0"."""
    return f"{value + 0.0:.0f}{'' if unit == '°' else ' '}{unit}".replace("-0", "0")


def head_restraint_low(below_mm: float, allowed_mm: float) -> FitWarning:
    """The restraint at its highest still ends under the head's centre of gravity."""
    return FitWarning(
        "HEAD_RESTRAINT_LOW",
        {"below_vertex_mm": below_mm, "allowed_mm": allowed_mm},
        {
            "en": f"Even at its highest the head restraint ends {below_mm:.0f} mm below the top of"
            f" your head; it must not be more than {allowed_mm:.0f} mm. It cannot protect your neck"
            " in this car.",
            "ko": f"헤드레스트를 가장 높여도 머리 꼭대기보다 {below_mm:.0f} mm 낮습니다."
            f" {allowed_mm:.0f} mm 이내여야 합니다. 이 차에서는 목을 보호할 수 없습니다.",
        },
    )


def broken_rules(kept: Margins) -> tuple[FitWarning, ...]:
    """A warning for each rule that no adjuster could keep, the most dangerous first."""
    return tuple(
        _RULES[name](-margin)
        for name, margin in kept._asdict().items()
        if margin < -TOLERANCE_MM[name]
    )


def _pedal_reach(short_mm: float) -> FitWarning:
    return FitWarning(
        "PEDAL_REACH",
        {"short_mm": short_mm},
        {
            "en": f"The brake lies {short_mm:.0f} mm too far from this seat to be pressed to the"
            " floor with a bent knee. Do not drive this car so.",
            "ko": f"무릎을 굽힌 채 브레이크를 끝까지 밟기에 {short_mm:.0f} mm 부족합니다."
            " 이 상태로 운전하지 마세요.",
        },
    )


def _chest_to_wheel(short_mm: float) -> FitWarning:
    distance_mm = max(CHEST_TO_WHEEL_MM - short_mm, 0.0)
    return FitWarning(
        "CHEST_TO_WHEEL",
        {"distance_mm": distance_mm, "required_mm": CHEST_TO_WHEEL_MM},
        {
            "en": f"Only {distance_mm:.0f} mm from the chest to the middle of the steering wheel;"
            f" the airbag needs {CHEST_TO_WHEEL_MM:.0f} mm. Consider pedal extensions or another"
            " car.",
            "ko": f"가슴에서 운전대 중심까지 {distance_mm:.0f} mm뿐입니다. 에어백에는"
            f" {CHEST_TO_WHEEL_MM:.0f} mm가 필요합니다. 페달 연장 장치나 다른 차량을 고려하세요.",
        },
    )


def _belly_to_rim(short_mm: float) -> FitWarning:
    clearance_mm = max(BELLY_TO_RIM_MM - short_mm, 0.0)
    return FitWarning(
        "BELLY_TO_RIM",
        {"clearance_mm": clearance_mm, "required_mm": BELLY_TO_RIM_MM},
        {
            "en": f"{clearance_mm:.0f} mm between belly and the steering wheel's lower rim;"
            f" {BELLY_TO_RIM_MM:.0f} mm is wanted. Wear the lap belt below the belly, and consider"
            " another car.",
            "ko": f"배와 운전대 아래쪽 테두리 사이가 {clearance_mm:.0f} mm입니다."
            f" {BELLY_TO_RIM_MM:.0f} mm가 필요합니다. 골반 벨트를 배 아래로 매고, 다른 차량도"
            " 고려하세요.",
        },
    )


def _head_to_roof(short_mm: float) -> FitWarning:
    clearance_mm = max(HEAD_TO_ROOF_MM - short_mm, 0.0)
    return FitWarning(
        "HEAD_TO_ROOF",
        {"clearance_mm": clearance_mm, "required_mm": HEAD_TO_ROOF_MM},
        {
            "en": f"{clearance_mm:.0f} mm between head and roof; {HEAD_TO_ROOF_MM:.0f} mm is"
            " wanted.",
            "ko": f"머리와 지붕 사이가 {clearance_mm:.0f} mm입니다."
            f" {HEAD_TO_ROOF_MM:.0f} mm가 필요합니다.",
        },
    )


def _thigh_to_wheel(short_mm: float) -> FitWarning:
    clearance_mm = max(WHEEL_TO_THIGH_MM - short_mm, 0.0)
    return FitWarning(
        "THIGH_TO_WHEEL",
        {"clearance_mm": clearance_mm, "required_mm": WHEEL_TO_THIGH_MM},
        {
            "en": f"{clearance_mm:.0f} mm between thigh and steering wheel; legs move freely from"
            f" {WHEEL_TO_THIGH_MM:.0f} mm. Make sure that you can lift your foot to the brake.",
            "ko": f"허벅지와 운전대 사이가 {clearance_mm:.0f} mm입니다."
            f" {WHEEL_TO_THIGH_MM:.0f} mm 이상이어야 다리가 자유롭습니다."
            " 발을 브레이크로 옮길 수 있는지 확인하세요.",
        },
    )


def _wheel_reach(short_mm: float) -> FitWarning:
    return FitWarning(
        "WHEEL_REACH",
        {"short_mm": short_mm},
        {
            "en": f"The top of the steering wheel lies {short_mm:.0f} mm beyond your wrist with a"
            " straight arm: in a quick turn your back leaves the backrest.",
            "ko": f"팔을 곧게 뻗어도 운전대 위쪽이 손목보다 {short_mm:.0f} mm 멉니다."
            " 급히 돌릴 때 등이 등받이에서 떨어집니다.",
        },
    )


def _road_view(short_mm: float) -> FitWarning:
    return FitWarning(
        "ROAD_VIEW",
        {"short_mm": short_mm},
        {
            "en": f"Your eyes are {short_mm:.0f} mm too low to see the road over the dashboard as"
            " they should. Use a firm seat cushion or another car.",
            "ko": f"대시보드 너머로 도로를 보기에 눈높이가 {short_mm:.0f} mm 낮습니다."
            " 단단한 방석을 쓰거나 다른 차량을 고려하세요.",
        },
    )


def _instrument_view(short_mm: float) -> FitWarning:
    return FitWarning(
        "INSTRUMENT_VIEW",
        {"short_mm": short_mm},
        {
            "en": f"The steering wheel's rim stands {short_mm:.0f} mm into your view of the"
            " instruments.",
            "ko": f"운전대 테두리가 계기판 시야를 {short_mm:.0f} mm 가립니다.",
        },
    )


def _signal_view(short_mm: float) -> FitWarning:
    return FitWarning(
        "SIGNAL_VIEW",
        {"short_mm": short_mm},
        {
            "en": f"The windscreen's upper edge lies {short_mm:.0f} mm too low for your eyes: stop"
            " further before traffic lights to see them.",
            "ko": f"앞유리 위쪽이 눈높이에 비해 {short_mm:.0f} mm 낮습니다. 신호등이 보이도록"
            " 정지선에서 여유를 두고 멈추세요.",
        },
    )


_RULES: Final[Mapping[str, Callable[[float], FitWarning]]] = {
    "brake": _pedal_reach,
    "chest": _chest_to_wheel,
    "belly": _belly_to_rim,
    "head": _head_to_roof,
    "thigh": _thigh_to_wheel,
    "wrist": _wheel_reach,
    "cowl": _road_view,
    "rim": _instrument_view,
    "header": _signal_view,
}
"""What to say of each of `chalicelib.carfit.rules.Margins`, by how much it is missed."""
