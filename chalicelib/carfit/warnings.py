"""The warnings that a recommendation can carry, in English and Korean."""

from collections.abc import Sequence
from typing import Final

from chalicelib.body_prior import Deviation
from chalicelib.carfit.types import FitWarning

_SEGMENTS: Final = {
    "upper_arm": ("upper arm", "위팔"),
    "forearm": ("forearm", "아래팔"),
    "thigh": ("thigh", "넓적다리"),
    "calf": ("calf", "종아리"),
    "torso": ("torso", "몸통"),
}

_SETTINGS: Final = {
    "seat.fore_aft_mm": ("seat fore-aft", "좌석 앞뒤 위치", "mm"),
    "seat.height_mm": ("seat height", "좌석 높이", "mm"),
    "seat.cushion_tilt_deg": ("cushion tilt", "쿠션 기울기", "°"),
    "seat.backrest_recline_deg": ("backrest recline", "등받이 각도", "°"),
    "head_restraint.height_mm": ("head restraint height", "머리지지대 높이", "mm"),
    "belt.anchor_height_mm": ("belt anchor height", "안전벨트 높이", "mm"),
    "steering_wheel.telescope_mm": ("steering wheel reach", "운전대 앞뒤 위치", "mm"),
    "steering_wheel.tilt_deg": ("steering wheel tilt", "운전대 기울기", "°"),
    "mirrors.left.yaw_deg": ("left mirror, sideways", "왼쪽 거울 좌우 각도", "°"),
    "mirrors.left.pitch_deg": ("left mirror, up and down", "왼쪽 거울 상하 각도", "°"),
    "mirrors.right.yaw_deg": ("right mirror, sideways", "오른쪽 거울 좌우 각도", "°"),
    "mirrors.right.pitch_deg": ("right mirror, up and down", "오른쪽 거울 상하 각도", "°"),
    "mirrors.interior.yaw_deg": ("interior mirror, sideways", "실내 거울 좌우 각도", "°"),
    "mirrors.interior.pitch_deg": ("interior mirror, up and down", "실내 거울 상하 각도", "°"),
    "hud.height_mm": ("head-up display height", "헤드업 디스플레이 높이", "mm"),
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


def limit_reached(setting: str, wanted: float, limit: float) -> FitWarning:
    """A setting whose travel ends before the driver's best position; ``setting`` is its path."""
    english, korean, unit = _SETTINGS[setting]
    missing = abs(wanted - limit)
    return FitWarning(
        "LIMIT_REACHED",
        {"setting": setting, "wanted": wanted, "limit": limit, "unit": unit},
        {
            "en": f"The {english} ends at {limit:.0f} {unit}; {missing:.0f} {unit} more would fit"
            " you best.",
            "ko": f"{korean}의 조절 범위가 {limit:.0f} {unit}에서 끝납니다. {missing:.0f} {unit} 더"
            " 움직이면 가장 알맞습니다.",
        },
    )


def chest_to_wheel(distance_mm: float, required_mm: float) -> FitWarning:
    """The airbag is closer to the chest than is safe, whatever the adjusters do."""
    return FitWarning(
        "CHEST_TO_WHEEL",
        {"distance_mm": distance_mm, "required_mm": required_mm},
        {
            "en": f"Only {distance_mm:.0f} mm from the chest to the middle of the steering wheel;"
            f" the airbag needs {required_mm:.0f} mm. Consider pedal extensions or another car.",
            "ko": f"가슴에서 운전대 중심까지 {distance_mm:.0f} mm뿐입니다. 에어백에는"
            f" {required_mm:.0f} mm가 필요합니다. 페달 연장 장치나 다른 차량을 고려하세요.",
        },
    )


def pedal_reach(short_mm: float) -> FitWarning:
    """Even the frontmost seat leaves the fully pressed brake out of reach."""
    return FitWarning(
        "PEDAL_REACH",
        {"short_mm": short_mm},
        {
            "en": f"With the seat fully forward the brake still lies {short_mm:.0f} mm too far to"
            " be pressed to the floor with a bent knee. Do not drive this car so.",
            "ko": f"좌석을 맨 앞으로 옮겨도 무릎을 굽힌 채 브레이크를 끝까지 밟기에"
            f" {short_mm:.0f} mm 부족합니다. 이 상태로 운전하지 마세요.",
        },
    )


def head_to_roof(clearance_mm: float, required_mm: float) -> FitWarning:
    """Less room above the head than it needs, with the seat at its lowest."""
    return FitWarning(
        "HEAD_TO_ROOF",
        {"clearance_mm": clearance_mm, "required_mm": required_mm},
        {
            "en": f"{clearance_mm:.0f} mm between head and roof with the seat at its lowest;"
            f" {required_mm:.0f} mm is wanted.",
            "ko": f"좌석을 가장 낮춰도 머리와 지붕 사이가 {clearance_mm:.0f} mm입니다."
            f" {required_mm:.0f} mm가 필요합니다.",
        },
    )
