"""Why each setting is what it is: one plain sentence, in English and Korean."""

from typing import Final

from chalicelib.carfit.linkage import Seated
from chalicelib.carfit.rules import CHEST_TO_WHEEL_MM, HEAD_TO_ROOF_MM, Margins
from chalicelib.carfit.types import Body, Settings, Words
from chalicelib.carfit.vehicles import Vehicle

_MIRRORS: Final = {
    "left": ("left lane", "왼쪽 차로"),
    "right": ("right lane", "오른쪽 차로"),
    "interior": ("road straight behind", "바로 뒤 도로"),
}


def sentences(
    body: Body, vehicle: Vehicle, settings: Settings[float], seated: Seated, kept: Margins
) -> dict[str, Words]:
    """A sentence for each setting, by its path.

    Parameters
    ----------
    body, vehicle, settings
        Whose, where and what.
    seated : Seated
        How the driver then sits, in plain numbers.
    kept : Margins
        What is left of each safety rule.
    """
    leg_cm = body.thigh_cm + body.calf_cm
    arm_cm = body.upper_arm_cm + body.forearm_cm
    chest_mm = CHEST_TO_WHEEL_MM + kept.chest
    head_mm = HEAD_TO_ROOF_MM + kept.head
    eye_z = seated.eye[1]
    restraint_mm = vehicle.head_restraint_low_mm + settings.head_restraint.height_mm
    found = {
        "seat.fore_aft_mm": _words(
            f"With legs of {leg_cm:.0f} cm the knee bends to {seated.knee_deg:.0f}° and the brake"
            f" still reaches the floor with {max(kept.brake, 0.0):.0f} mm to spare.",
            f"다리 길이 {leg_cm:.0f} cm에서 무릎 각도가 {seated.knee_deg:.0f}°이고, 브레이크를"
            f" 끝까지 밟아도 {max(kept.brake, 0.0):.0f} mm의 여유가 있습니다.",
        ),
        "seat.height_mm": _words(
            f"Your eyes are {eye_z:.0f} mm above the heel point: over the dashboard, and"
            f" {head_mm:.0f} mm of room above your head.",
            f"눈높이가 발뒤꿈치 기준 {eye_z:.0f} mm로 대시보드 너머가 보이고, 머리 위 공간은"
            f" {head_mm:.0f} mm입니다.",
        ),
        "seat.cushion_tilt_deg": _words(
            f"The cushion follows your thigh, so that it is supported along its length"
            f" (thigh and trunk stand at {seated.hip_deg:.0f}°).",
            f"쿠션이 허벅지를 따라 고르게 받쳐 줍니다 (허벅지와 상체 사이 {seated.hip_deg:.0f}°).",
        ),
        "seat.backrest_recline_deg": _words(
            f"{seated.trunk_deg:.0f}° behind vertical rests your back and keeps your chest"
            f" {chest_mm:.0f} mm from the wheel (the airbag needs {CHEST_TO_WHEEL_MM:.0f}).",
            f"수직에서 {seated.trunk_deg:.0f}° 젖혀 등이 편하고, 가슴과 운전대 사이가"
            f" {chest_mm:.0f} mm입니다 (에어백에는 {CHEST_TO_WHEEL_MM:.0f} mm 필요).",
        ),
        "head_restraint.height_mm": _words(
            f"Its top stands {restraint_mm:.0f} mm up the backrest, where the top of your head is,"
            " as far as it reaches.",
            f"머리지지대 윗면이 등받이를 따라 {restraint_mm:.0f} mm 높이로, 조절 범위 안에서 머리"
            " 꼭대기에 맞춥니다.",
        ),
        "belt.anchor_height_mm": _words(
            f"Your shoulder is {seated.shoulder[1]:.0f} mm above the heel point; the belt then lies"
            " on the collar bone, not on the neck.",
            f"어깨 높이가 발뒤꿈치 기준 {seated.shoulder[1]:.0f} mm이므로 벨트가 목이 아닌 쇄골"
            " 위를 지나갑니다.",
        ),
        "steering_wheel.telescope_mm": _words(
            f"With arms of {arm_cm:.0f} cm the elbow bends to {seated.elbow_deg:.0f}° at nine and"
            " three.",
            f"팔 길이 {arm_cm:.0f} cm에서 9시-3시 방향을 잡으면 팔꿈치 각도가"
            f" {seated.elbow_deg:.0f}°입니다.",
        ),
        "steering_wheel.tilt_deg": _words(
            "Between your thighs and your view of the instruments.",
            "허벅지와 계기판 시야 사이의 가운데 높이입니다.",
        ),
        "hud.height_mm": _words(
            f"Raised to your eyes, {eye_z:.0f} mm above the heel point.",
            f"발뒤꿈치 기준 {eye_z:.0f} mm인 눈높이에 맞췄습니다.",
        ),
    }
    for name, (english, korean) in _MIRRORS.items():
        found[f"mirrors.{name}.yaw_deg"] = _words(
            f"Turned so that your eyes meet the {english} in the middle of the glass.",
            f"거울 한가운데에 {korean}가 보이도록 돌렸습니다.",
        )
        found[f"mirrors.{name}.pitch_deg"] = _words(
            "Tilted so that the horizon and the road both show.",
            "지평선과 도로가 함께 보이도록 기울였습니다.",
        )
    return found


def _words(english: str, korean: str) -> Words:
    return {"en": english, "ko": korean}
