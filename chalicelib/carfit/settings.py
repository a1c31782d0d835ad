"""Every setting of a car: one row each, with all that the engine knows of it.

A new setting is a row here and its field in `chalicelib.carfit.types.Settings`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Final, NamedTuple

import numpy as np

from chalicelib.carfit import linkage, mirrors, reasons, rules
from chalicelib.carfit.linkage import Point, Real, Seated
from chalicelib.carfit.reasons import Facts
from chalicelib.carfit.types import Band, DriveSide, SideMirrorAim, Words
from chalicelib.carfit.vehicles import Vehicle

CUSHION_PER_THIGH_DEG: Final = 0.5
"""How much of a steeper thigh the cushion should support (our judgement)."""
BELT_ABOVE_SHOULDER_MM: Final = 60.0
"""Upper anchor above the shoulder joint, so that the belt meets the collar bone (assumed)."""
HUD_LOOK_DOWN_DEG: Final = 5.0
"""The head-up display's image hangs so far below the horizon: an eye further aft meets its light
higher (assumed)."""

TOLERANCE: Final = {"mm": 10.0, "°": 1.5}
"""By how much a wish may miss before the driver is told that a travel ended, by unit."""
EYEBOX_HALF_HEIGHT_MM: Final = 25.0
"""Half of a head-up display's eyebox, 130 x 50 mm: within it the image is still seen."""
NECK_HALF_HEIGHT_MM: Final = 20.0
"""How far the belt's anchor may miss and the belt still lies on the shoulder (assumed)."""


@dataclass(frozen=True)
class Fitted:
    """A posture in a car: what a setting's ideal value is computed from.

    Joints are floats, or arrays of shape (n,) for many drivers in one car.
    """

    vehicle: Vehicle
    seated: Seated
    drive_side: DriveSide = "left"
    side_mirrors: SideMirrorAim = "classic"

    @cached_property
    def wheel(self) -> tuple[Real, Real]:
        """Telescope in mm and tilt in degrees."""
        return rules.wheel_setting(self.vehicle, self.seated.grip)

    @cached_property
    def mirrors(self) -> dict[str, tuple[Real, Real]]:
        """Yaw and pitch by mirror, degrees."""
        return self.mirrors_from(self.seated.eye)

    def mirrors_from(self, eye: Point) -> dict[str, tuple[Real, Real]]:
        """Yaw and pitch by mirror for an eye elsewhere."""
        return mirrors.aims(self.vehicle, eye, self.drive_side, self.side_mirrors)


@dataclass(frozen=True)
class Spread:
    """How drivers of one body differ: ``sd`` by the names of `chalicelib.carfit.model.SCATTER`."""

    fitted: Fitted
    sd: Mapping[str, float]

    @cached_property
    def wheel_mm(self) -> tuple[float, float]:
        """SD of the wheel's centre along the column and across it."""
        plane = math.radians(self.fitted.vehicle.wheel_plane_deg)
        x, z = self.sd["wheel_x_mm"], self.sd["wheel_z_mm"]
        return (
            math.hypot(x * math.cos(plane), z * math.sin(plane)),
            math.hypot(x * math.sin(plane), z * math.cos(plane)),
        )

    @cached_property
    def mirrors_deg(self) -> dict[str, tuple[float, float]]:
        """SD of each mirror's yaw and pitch."""
        # The eye as it is, one SD further aft, one SD higher.
        (x, z), x_sd, z_sd = self.fitted.seated.eye, self.sd["eye_x_mm"], self.sd["eye_z_mm"]
        eyes = np.array([x, x + x_sd, x]), np.array([z, z, z + z_sd])
        yaw_and_pitch = self.fitted.mirrors_from(eyes)
        return {
            name: (math.hypot(*(yaw[1:] - yaw[0])), math.hypot(*(pitch[1:] - pitch[0])))
            for name, (yaw, pitch) in yaw_and_pitch.items()
        }


class Way(NamedTuple):
    """A direction in words: "18 mm nearer to you"; in Korean as a condition and before a noun."""

    english: str
    korean_if: str
    korean_noun: str


class Joint(NamedTuple):
    """The joint that feels a setting's end most, by its name in `linkage` and in words."""

    id: str
    english: str
    korean: str


@dataclass(frozen=True)
class Setting:
    """One setting of a car.

    ``path`` in `chalicelib.carfit.types.Settings`; ``name`` and ``unit`` in words; ``label`` in the
    drawing, which leaves out those without. ``travel`` is where its adjuster begins and ends.
    ``ideal`` is what a posture asks for before any travel ends. ``scatter`` is the SD of drivers of
    one body. A wish may miss a travel's end by ``tolerance`` without a warning. ``less`` and
    ``more`` say its directions, ``loss`` what the driver loses where it ends, unless a ``joint``
    tells it. ``reason`` says why it is what it is. The driving position itself is made of those
    that are ``position``; all others follow from it."""

    path: str
    name: Words
    unit: str
    travel: Callable[[Vehicle, DriveSide], Band]
    ideal: Callable[[Fitted], Real]
    scatter: Callable[[Spread], float]
    less: Way
    more: Way
    reason: Callable[[Facts], Words]
    loss: Words | None = None
    joint: Joint | None = None
    label: Words | None = None
    tolerance: float | None = None
    position: bool = False

    @property
    def untold(self) -> float:
        """By how much a wish may pass the end of the travel before the driver is told."""
        return TOLERANCE[self.unit] if self.tolerance is None else self.tolerance


def _words(english: str, korean: str) -> Words:
    return {"en": english, "ko": korean}


_LOWER: Final = Way("lower", "낮으면", "낮은")
_HIGHER: Final = Way("higher", "높으면", "높은")


def _mirror(name: str, english: str, korean: str, axis: str) -> Setting:
    yaws = axis == "yaw_deg"
    column = 0 if yaws else 1

    def travel(vehicle: Vehicle, drive_side: DriveSide) -> Band:
        design_eye = vehicle.design_eye_x_mm, vehicle.design_eye_z_mm
        middle = float(mirrors.aims(vehicle, design_eye, drive_side)[name][column])
        span = vehicle.mirror_yaw_travel_deg if yaws else vehicle.mirror_pitch_travel_deg
        return middle - span, middle + span

    return Setting(
        f"mirrors.{name}.{axis}",
        _words(
            f"{english}, {'sideways' if yaws else 'up and down'}",
            f"{korean} {'좌우' if yaws else '상하'} 각도",
        ),
        "°",
        travel=travel,
        ideal=lambda at: at.mirrors[name][column],
        scatter=lambda spread: spread.mirrors_deg[name][column],
        less=Way("further to the car's left", "차량 왼쪽을 향하면", "차량 왼쪽을 향한")
        if yaws
        else Way("further down", "아래를 향하면", "아래를 향한"),
        more=Way("further to the car's right", "차량 오른쪽을 향하면", "차량 오른쪽을 향한")
        if yaws
        else Way("further up", "위를 향하면", "위를 향한"),
        loss=_words(
            "This mirror cannot show all that it should: turn your head before you change lanes.",
            "이 미러로는 필요한 범위를 모두 볼 수 없습니다. 차로를 바꾸기 전에 고개를 돌려"
            " 확인하세요.",
        ),
        reason=partial(reasons.mirror, name, axis),
    )


_ROWS: Final = (
    Setting(
        "seat.fore_aft_mm",
        _words("seat fore-aft", "좌석 앞뒤 위치"),
        "mm",
        position=True,
        travel=lambda vehicle, _: (0.0, vehicle.seat_travel_mm),
        ideal=lambda at: at.seated.h_point[0] - at.vehicle.seat_front_x_mm,
        scatter=lambda spread: spread.sd["h_point_x_mm"],
        less=Way("further forward", "앞이면", "앞쪽"),
        more=Way("further back", "뒤면", "뒤쪽"),
        joint=Joint("knee", "knee", "무릎이"),
        reason=reasons.fore_aft,
        label=_words("Seat fore-aft", "좌석 앞뒤"),
    ),
    Setting(
        "seat.height_mm",
        _words("seat height", "좌석 높이"),
        "mm",
        position=True,
        travel=lambda vehicle, _: (0.0, vehicle.seat_lift_mm),
        ideal=lambda at: at.seated.h_point[1] - rules.track_z(at.vehicle, at.seated.h_point[0]),
        scatter=lambda spread: spread.sd["h_point_z_mm"],
        less=_LOWER,
        more=_HIGHER,
        loss=_words(
            "You see less far over the bonnet, or have less room above your head.",
            "보닛 너머 시야나 머리 위 공간이 줄어듭니다.",
        ),
        reason=reasons.height,
        label=_words("Seat height", "좌석 높이"),
    ),
    Setting(
        "seat.cushion_tilt_deg",
        _words("cushion tilt", "쿠션 기울기"),
        "°",
        travel=lambda vehicle, _: (vehicle.cushion_min_deg, vehicle.cushion_max_deg),
        ideal=lambda at: (
            at.vehicle.cushion_design_deg
            + CUSHION_PER_THIGH_DEG * (linkage.thigh_deg(at.seated) - at.vehicle.design_thigh_deg)
        ),
        scatter=lambda spread: CUSHION_PER_THIGH_DEG * spread.sd["thigh_deg"],
        less=Way("lower at its front edge", "앞쪽이 낮으면", "앞쪽이 낮은"),
        more=Way("higher at its front edge", "앞쪽이 높으면", "앞쪽이 높은"),
        loss=_words("The cushion supports less of your thighs.", "쿠션이 허벅지를 덜 받쳐 줍니다."),
        reason=reasons.cushion,
        label=_words("Cushion tilt", "쿠션 기울기"),
    ),
    Setting(
        "seat.backrest_recline_deg",
        _words("backrest recline", "등받이 각도"),
        "°",
        position=True,
        travel=lambda vehicle, _: (vehicle.backrest_min_deg, vehicle.recline_cap_deg),
        ideal=lambda at: at.seated.trunk_deg,
        scatter=lambda spread: spread.sd["recline_deg"],
        less=Way("more upright", "세우면", "세운"),
        more=Way("more reclined", "젖히면", "젖힌"),
        loss=_words(
            "Your trunk sits at another angle than you like.",
            "상체 각도가 선호하는 각도와 달라집니다.",
        ),
        reason=reasons.recline,
        label=_words("Backrest recline", "등받이 각도"),
    ),
    Setting(
        "head_restraint.height_mm",
        _words("head restraint height", "헤드레스트 높이"),
        "mm",
        travel=lambda vehicle, _: (0.0, vehicle.head_restraint_travel_mm),
        # A restraint higher than the head does no harm: only its upper end is a limit.
        ideal=lambda at: np.maximum(
            linkage.head_along_torso_mm(at.seated) - at.vehicle.head_restraint_low_mm, 0.0
        ),
        scatter=lambda spread: spread.sd["head_along_torso_mm"],
        less=_LOWER,
        more=_HIGHER,
        loss=_words(
            "The top of your head stands above the restraint: it protects less in a rear impact.",
            "머리 윗부분이 헤드레스트보다 높아 후방 추돌 때 보호가 줄어듭니다.",
        ),
        reason=reasons.head_restraint,
        label=_words("Head restraint", "헤드레스트"),
    ),
    Setting(
        "belt.anchor_height_mm",
        _words("belt anchor height", "안전벨트 높이"),
        "mm",
        travel=lambda vehicle, _: (0.0, vehicle.belt_anchor_travel_mm),
        ideal=lambda at: (
            at.seated.shoulder[1] + BELT_ABOVE_SHOULDER_MM - at.vehicle.belt_anchor_low_z_mm
        ),
        scatter=lambda spread: spread.sd["shoulder_z_mm"],
        tolerance=NECK_HALF_HEIGHT_MM,
        less=_LOWER,
        more=_HIGHER,
        loss=_words(
            "The belt crosses your shoulder off its middle.",
            "벨트가 어깨 중앙을 벗어나 지나갑니다.",
        ),
        reason=reasons.belt,
        label=_words("Belt anchor", "안전벨트 높이"),
    ),
    Setting(
        "steering_wheel.telescope_mm",
        _words("steering wheel reach", "운전대 앞뒤 위치"),
        "mm",
        position=True,
        travel=lambda vehicle, _: (0.0, vehicle.wheel_telescope_travel_mm),
        ideal=lambda at: at.wheel[0],
        scatter=lambda spread: spread.wheel_mm[0],
        less=Way("further from you", "멀면", "먼"),
        more=Way("nearer to you", "가까우면", "가까운"),
        joint=Joint("elbow", "elbow", "팔꿈치가"),
        reason=reasons.telescope,
        label=_words("Wheel reach", "운전대 앞뒤"),
    ),
    Setting(
        "steering_wheel.tilt_deg",
        _words("steering wheel tilt", "운전대 기울기"),
        "°",
        position=True,
        travel=lambda vehicle, _: (0.0, vehicle.wheel_tilt_travel_deg),
        ideal=lambda at: at.wheel[1],
        scatter=lambda spread: math.degrees(
            spread.wheel_mm[1] / spread.fitted.vehicle.wheel_tilt_radius_mm
        ),
        less=_LOWER,
        more=_HIGHER,
        loss=_words(
            "The wheel comes closer to your thighs or hides more of the instruments.",
            "운전대가 허벅지에 가까워지거나 계기판을 더 가립니다.",
        ),
        reason=reasons.tilt,
        label=_words("Wheel tilt", "운전대 기울기"),
    ),
    *(
        _mirror(name, english, korean, axis)
        for name, english, korean in (
            ("left", "left mirror", "왼쪽 사이드미러"),
            ("right", "right mirror", "오른쪽 사이드미러"),
            ("interior", "interior mirror", "룸미러"),
        )
        for axis in ("yaw_deg", "pitch_deg")
    ),
    Setting(
        "hud.height_mm",
        _words("head-up display height", "헤드업 디스플레이 높이"),
        "mm",
        travel=lambda vehicle, _: (0.0, vehicle.hud_travel_mm),
        ideal=lambda at: (
            at.seated.eye[1]
            - (at.seated.eye[0] - at.vehicle.design_eye_x_mm)
            * math.tan(math.radians(HUD_LOOK_DOWN_DEG))
            - at.vehicle.hud_low_eye_z_mm
        ),
        scatter=lambda spread: spread.sd["eye_z_mm"],
        tolerance=EYEBOX_HALF_HEIGHT_MM,
        less=_LOWER,
        more=_HIGHER,
        loss=_words(
            "Part of the head-up display stays out of sight.",
            "헤드업 디스플레이 일부가 보이지 않습니다.",
        ),
        reason=reasons.hud,
        label=_words("Head-up display", "헤드업 디스플레이"),
    ),
)

SETTINGS: Final[Mapping[str, Setting]] = {row.path: row for row in _ROWS}
"""Every setting by its path, in the order of the answer."""


@lru_cache(maxsize=64)
def travels(vehicle: Vehicle, drive_side: DriveSide = "left") -> dict[str, Band]:
    """Where each setting's travel begins and ends, by its path."""
    return {path: each.travel(vehicle, drive_side) for path, each in SETTINGS.items()}


def kept_travels(vehicle: Vehicle, drive_side: DriveSide = "left") -> dict[str, Band]:
    """Where a setting that a driver kept may lie: `travels`, and a backrest as far as it goes,
    further than is recommended."""
    backrest = (vehicle.backrest_min_deg, vehicle.backrest_max_deg)
    return travels(vehicle, drive_side) | {"seat.backrest_recline_deg": backrest}


def ideal_settings(
    vehicle: Vehicle,
    seated: Seated,
    drive_side: DriveSide = "left",
    side_mirrors: SideMirrorAim = "classic",
) -> dict[str, Real]:
    """Settings that a posture asks for, before any travel ends, by path.

    Parameters
    ----------
    vehicle : Vehicle
        The car, one for all.
    seated : Seated
        Postures, each joint a float or an array of shape (n,).
    drive_side, side_mirrors
        As in `chalicelib.carfit.recommend`.
    """
    at = Fitted(vehicle, seated, drive_side, side_mirrors)
    return {path: each.ideal(at) for path, each in SETTINGS.items()}


def position_settings(vehicle: Vehicle, seated: Seated) -> dict[str, Real]:
    """Settings that the driving position itself is made of, by path; all others follow from it."""
    at = Fitted(vehicle, seated)
    return {path: each.ideal(at) for path, each in SETTINGS.items() if each.position}
