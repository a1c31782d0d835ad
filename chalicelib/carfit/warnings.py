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
from chalicelib.carfit.types import FitWarning

_SEGMENTS: Final = {
    "upper_arm": ("upper arm", "위팔"),
    "forearm": ("forearm", "아래팔"),
    "thigh": ("thigh", "허벅지"),
    "calf": ("calf", "종아리"),
    "torso": ("torso", "몸통"),
}

SETTING_WORDS: Final = {
    "seat.fore_aft_mm": ("seat fore-aft", "좌석 앞뒤 위치", "mm"),
    "seat.height_mm": ("seat height", "좌석 높이", "mm"),
    "seat.cushion_tilt_deg": ("cushion tilt", "쿠션 기울기", "°"),
    "seat.backrest_recline_deg": ("backrest recline", "등받이 각도", "°"),
    "head_restraint.height_mm": ("head restraint height", "헤드레스트 높이", "mm"),
    "belt.anchor_height_mm": ("belt anchor height", "안전벨트 높이", "mm"),
    "steering_wheel.telescope_mm": ("steering wheel reach", "운전대 앞뒤 위치", "mm"),
    "steering_wheel.tilt_deg": ("steering wheel tilt", "운전대 기울기", "°"),
    "mirrors.left.yaw_deg": ("left mirror, sideways", "왼쪽 사이드미러 좌우 각도", "°"),
    "mirrors.left.pitch_deg": ("left mirror, up and down", "왼쪽 사이드미러 상하 각도", "°"),
    "mirrors.right.yaw_deg": ("right mirror, sideways", "오른쪽 사이드미러 좌우 각도", "°"),
    "mirrors.right.pitch_deg": ("right mirror, up and down", "오른쪽 사이드미러 상하 각도", "°"),
    "mirrors.interior.yaw_deg": ("interior mirror, sideways", "룸미러 좌우 각도", "°"),
    "mirrors.interior.pitch_deg": ("interior mirror, up and down", "룸미러 상하 각도", "°"),
    "hud.height_mm": ("head-up display height", "헤드업 디스플레이 높이", "mm"),
}
"""English, Korean and unit of each setting, by its path."""


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
    setting: str, wanted: float, limit: float, chosen: Seated, free: Seated
) -> FitWarning:
    """A setting whose travel ends before the driver's best position.

    Parameters
    ----------
    setting : str
        Its path.
    wanted, limit : float
        What would suit best, and the end of the travel that it passes.
    chosen, free : Seated
        How the driver sits, and would if no travel ended: their difference is what is lost.
    """
    english, korean, unit = SETTING_WORDS[setting]
    at, more = (_measured(each, unit) for each in (limit, abs(wanted - limit)))
    way_en, way_ko = _WAYS[setting][int(wanted > limit)]
    params: dict[str, object] = {"setting": setting, "wanted": wanted, "limit": limit, "unit": unit}
    loss_en, loss_ko = _LOSSES.get(setting, ("", ""))
    if setting in _JOINTS:
        joint, joint_en, joint_ko = _JOINTS[setting]
        change = getattr(chosen, f"{joint}_deg") - getattr(free, f"{joint}_deg")
        params |= {"joint": joint, "change_deg": change}
        if round(abs(change)) > 0:  # "0 deg more bent" says nothing
            more_en, more_ko = "more bent", "더 굽습니다"
            if change > 0.0:
                more_en, more_ko = "straighter", "더 펴집니다"
            loss_en = f"Your {joint_en} stays {abs(change):.0f}° {more_en} than you like it."
            loss_ko = f"{joint_ko} 가장 편한 각도보다 {abs(change):.0f}° {more_ko}."
    return FitWarning(
        "LIMIT_REACHED",
        params,
        {
            "en": f"The {english} ends at {at}; {more} {way_en} would fit you best."
            f" {loss_en}".rstrip(),
            "ko": f"{korean}의 조절 범위가 {at}에서 끝납니다. {more} {way_ko} 가장 알맞습니다."
            f" {loss_ko}".rstrip(),
        },
    )


def posture_not_kept(setting: str, wanted: float, value: float) -> FitWarning:
    """A setting that the other car's travels or a safety rule changed on the way there.

    Parameters
    ----------
    setting : str
        Its path.
    wanted, value : float
        What would keep the driver's posture, and what was set.
    """
    english, korean, unit = SETTING_WORDS[setting]
    off = _measured(abs(value - wanted), unit)
    way_en, way_ko = _WAYS[setting][int(value > wanted)]
    return FitWarning(
        "POSTURE_NOT_KEPT",
        {"setting": setting, "wanted": wanted, "value": value, "unit": unit},
        {
            "en": f"The {english} is {off} {way_en} than what would keep your posture: this car's"
            " travel or a safety rule asks for it.",
            "ko": f"{korean}: 평소 자세를 지키는 위치보다 {off} {_MOVED_KO[way_ko]} 설정입니다."
            " 이 차의 조절 범위나 안전 규칙 때문입니다.",
        },
    )


def _measured(value: float, unit: str) -> str:
    """A number with its unit; never "-0"."""
    return f"{value + 0.0:.0f}{'' if unit == '°' else ' '}{unit}".replace("-0", "0")


_FORE_AFT: Final = (("further forward", "앞이면"), ("further back", "뒤면"))
_HEIGHT: Final = (("lower", "낮으면"), ("higher", "높으면"))
_SIDEWAYS: Final = (
    ("further to the car's left", "차량 왼쪽을 향하면"),
    ("further to the car's right", "차량 오른쪽을 향하면"),
)
_PITCH: Final = (("further down", "아래를 향하면"), ("further up", "위를 향하면"))
_WAYS: Final = {
    "seat.fore_aft_mm": _FORE_AFT,
    "seat.height_mm": _HEIGHT,
    "seat.cushion_tilt_deg": (
        ("lower at its front edge", "앞쪽이 낮으면"),
        ("higher at its front edge", "앞쪽이 높으면"),
    ),
    "seat.backrest_recline_deg": (
        ("more upright", "세우면"),
        ("more reclined", "젖히면"),
    ),
    "head_restraint.height_mm": _HEIGHT,
    "belt.anchor_height_mm": _HEIGHT,
    "steering_wheel.telescope_mm": (
        ("further from you", "멀면"),
        ("nearer to you", "가까우면"),
    ),
    "steering_wheel.tilt_deg": _HEIGHT,
    "hud.height_mm": _HEIGHT,
} | {
    f"mirrors.{name}.{axis}": ways
    for name in ("left", "right", "interior")
    for axis, ways in (("yaw_deg", _SIDEWAYS), ("pitch_deg", _PITCH))
}
"""Less and more of each setting, in words: "18 mm nearer to you"."""
_MOVED_KO: Final = {
    "앞이면": "앞쪽",
    "뒤면": "뒤쪽",
    "낮으면": "낮은",
    "높으면": "높은",
    "앞쪽이 낮으면": "앞쪽이 낮은",
    "앞쪽이 높으면": "앞쪽이 높은",
    "세우면": "세운",
    "젖히면": "젖힌",
    "멀면": "먼",
    "가까우면": "가까운",
}
"""The same, before a noun."""

_JOINTS: Final = {
    "seat.fore_aft_mm": ("knee", "knee", "무릎이"),
    "steering_wheel.telescope_mm": ("elbow", "elbow", "팔꿈치가"),
}
"""Settings whose end one joint feels most."""

_LOSSES: Final = {
    "seat.height_mm": (
        "You see less far over the bonnet, or have less room above your head.",
        "보닛 너머 시야나 머리 위 공간이 줄어듭니다.",
    ),
    "seat.cushion_tilt_deg": (
        "The cushion supports less of your thighs.",
        "쿠션이 허벅지를 덜 받쳐 줍니다.",
    ),
    "seat.backrest_recline_deg": (
        "Your trunk sits at another angle than you like.",
        "상체 각도가 선호하는 각도와 달라집니다.",
    ),
    "head_restraint.height_mm": (
        "The top of your head stands above the restraint: it protects less in a rear impact.",
        "머리 윗부분이 헤드레스트보다 높아 후방 추돌 때 보호가 줄어듭니다.",
    ),
    "belt.anchor_height_mm": (
        "The belt crosses your shoulder off its middle.",
        "벨트가 어깨 중앙을 벗어나 지나갑니다.",
    ),
    "steering_wheel.tilt_deg": (
        "The wheel comes closer to your thighs or hides more of the instruments.",
        "운전대가 허벅지에 가까워지거나 계기판을 더 가립니다.",
    ),
    "hud.height_mm": (
        "Part of the head-up display stays out of sight.",
        "헤드업 디스플레이 일부가 보이지 않습니다.",
    ),
} | {
    f"mirrors.{name}.{axis}": (
        "This mirror cannot show all that it should: turn your head before you change lanes.",
        "이 미러로는 필요한 범위를 모두 볼 수 없습니다. 차로를 바꾸기 전에 고개를 돌려 확인하세요.",
    )
    for name in ("left", "right", "interior")
    for axis in ("yaw_deg", "pitch_deg")
}


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
