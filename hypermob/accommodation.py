"""Whom a car's driver package fits: a population of drivers, each with a taste, in one car.

For packaging engineers. Each driver has a wish for every adjuster; the car accommodates the driver
in it when the wish lies within its travel. Beside that stand the safety rules, and where H-points
and eyes come to lie against the car's SgRP and SAE's eyellipse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS, SEXES, conditional
from chalicelib.carfit import rules, standards
from chalicelib.carfit.drawing import Language
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.model import SCATTER
from chalicelib.carfit.settings import ideal_settings, travels
from chalicelib.carfit.types import Sex

Array = npt.NDArray[np.float64]
PopulationName = Literal["us", "kr", "mixed"]

DRIVERS: Final = 2000
SEED: Final = 1

STATURE_CM: Final = {
    "us": {"male": (175.6, 6.9), "female": (162.8, 6.4)},
    "kr": {"male": (172.5, 6.2), "female": (159.6, 5.7)},
}
"""Mean and SD. us: ANSUR II (US Army 2012). kr: Size Korea 8 (2020-21, age 20-69), SDs assumed."""
BMI_KG_M2: Final = {
    "us": {"male": (27.7, 4.0), "female": (25.5, 3.5)},
    "kr": {"male": (24.9, 3.4), "female": (22.6, 3.4)},
}
"""The same sources; Korean SDs assumed."""
KOREAN_SHARE: Final[Mapping[str, tuple[float, ...]]] = {
    "male": (-0.0056, -0.0060, -0.0065, -0.0102, 0.0053),
    "female": (-0.0054, -0.0094, -0.0036, -0.0116, 0.0118),
}
"""Share of stature by segment, Korea-born in ANSUR II (15 men, 17 women) less all of the sex."""
AGE_YEARS: Final = (20.0, 75.0)

LONGER: Final = {"mm": 10.0, "deg": 1.0}
"""By how much each end of a travel is moved, to see whom that would accommodate."""


def _apart(english: str, korean: str, needed_mm: float) -> tuple[str, str]:
    """A clearance in words."""
    return f"{english} {needed_mm:.0f} mm", f"{korean} {needed_mm:.0f} mm"


RULES: Final = {
    "PEDAL_REACH": ("brake at full travel", "브레이크 끝까지 밟기"),
    "CHEST_TO_WHEEL": _apart("chest to wheel", "가슴과 운전대", rules.CHEST_TO_WHEEL_MM),
    "BELLY_TO_RIM": _apart("belly to rim", "배와 운전대", rules.BELLY_TO_RIM_MM),
    "HEAD_TO_ROOF": _apart("head to roof", "머리와 지붕", rules.HEAD_TO_ROOF_MM),
    "THIGH_TO_WHEEL": _apart("thigh to rim", "허벅지와 운전대", rules.WHEEL_TO_THIGH_MM),
    "WHEEL_REACH": ("wrist on the rim", "손목이 운전대 위에 닿음"),
    "ROAD_VIEW": ("road over the cowl", "대시보드 너머 시야"),
    "INSTRUMENT_VIEW": ("instruments over the rim", "계기판 시야"),
    "SIGNAL_VIEW": ("signals under the header", "신호등 시야"),
    "HEAD_RESTRAINT_LOW": ("head restraint high enough", "헤드레스트 높이"),
}
"""Warnings that say a rule is broken, and the rule in words."""


@dataclass(frozen=True)
class Accommodation:
    """What n drivers of a population find in one car.

    ``wishes``: each adjuster's wish, shape (n,), by the setting's path. ``h_point_mm`` and
    ``eye_mm``: shape (n, 2), where they wish to sit. ``broken``: by a warning's code, how many are
    warned of it in the recommended settings.
    """

    vehicle: carfit.Vehicle
    population: PopulationName
    wishes: Mapping[str, Array]
    h_point_mm: Array
    eye_mm: Array
    broken: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many drivers."""
        return len(self.h_point_mm)

    def inside(
        self, ends: Mapping[str, tuple[float, float]]
    ) -> Mapping[str, npt.NDArray[np.bool_]]:
        """Which drivers each travel accommodates, by path."""
        return {
            path: (wish >= ends[path][0]) & (wish <= ends[path][1])
            for path, wish in self.wishes.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """The figures, as ``--json`` prints them: shares of drivers."""
        ends = travels(self.vehicle)
        inside = self.inside(ends)
        everything = np.all(list(inside.values()), axis=0)
        longer = {}
        for path, (low, high) in ends.items():
            if path not in inside:
                continue
            more = LONGER[path.rsplit("_", 1)[1]]
            wider = self.inside({**ends, path: (low - more, high + more)})
            longer[path] = float(np.mean(np.all(list(wider.values()), axis=0)) - everything.mean())
        first = max(longer, key=lambda path: longer[path])
        eye_x, eye_z = self.eye_mm.T
        h_point = self.h_point_mm
        sgrp = np.array([self.vehicle.sgrp_x_mm, self.vehicle.h30_mm])
        return {
            "vehicle": self.vehicle.id,
            "population": self.population,
            "drivers": self.count,
            "accommodated": float(everything.mean()),
            "travels": {
                path: {
                    "travel": list(ends[path]),
                    "accommodated": float(each.mean()),
                    "below": float(np.mean(self.wishes[path] < ends[path][0])),
                    "above": float(np.mean(self.wishes[path] > ends[path][1])),
                    "gained_by_longer_ends": longer[path],
                }
                for path, each in inside.items()
            },
            "lengthen_first": first if longer[first] > 0.0 else None,
            "rules": {code: 1.0 - self.broken.get(code, 0) / self.count for code in RULES},
            "h_point_less_sgrp_mm": {
                f"{p}%": [
                    round(float(each), 1) for each in np.percentile(h_point - sgrp, p, axis=0)
                ]
                for p in (2.5, 50, 97.5)
            },
            "behind_sgrp": float(np.mean(h_point[:, 0] > sgrp[0])),
            "eyes_in_eyellipse_95": float(
                np.mean(
                    standards.within_eyellipse(
                        eye_x, eye_z, self.vehicle.h30_mm, self.vehicle.wheel_x_mm
                    )
                )
            ),
        }


def accommodate(
    vehicle: carfit.Vehicle, population: PopulationName = "mixed", count: int = DRIVERS
) -> Accommodation:
    """Seat a population in a car.

    Half are women; every driver's taste lies about the body's own wish as far as drivers of one
    body differ.

    Parameters
    ----------
    vehicle : Vehicle
    population : {"us", "kr", "mixed"}
        Statures, BMI and proportions; mixed is half of each.
    count : int
        How many drivers; the answer is the same for the same number.
    """
    rng = np.random.default_rng(SEED)
    wishes: dict[str, list[float]] = {}
    h_points, eyes, broken = [], [], dict.fromkeys(RULES, 0)
    for i in range(count):
        people = ("us", "kr")[i // 2 % 2] if population == "mixed" else population
        body = _body(people, SEXES[i % 2], rng)
        driver = Driver(body, vehicle)
        own = driver.wanted[:1, :5].copy()
        sd, taste = driver.scatter, rng.standard_normal(len(SCATTER))
        known = dict(zip(SCATTER, taste, strict=True))
        names = ("h_point_x_mm", "h_point_z_mm", "recline_deg", "wheel_x_mm", "wheel_z_mm")
        own += np.array([[sd[name] * known[name] for name in names]])
        seated = driver.sit(own)
        for path, value in ideal_settings(vehicle, seated).items():
            if not path.startswith("mirrors."):
                wishes.setdefault(path, []).append(float(np.ravel(value)[0]))
        h_points.append([float(own[0, 0]), float(own[0, 1])])
        eyes.append([float(np.ravel(each)[0]) for each in seated.eye])
        for warning in carfit.recommend(body, vehicle).warnings:
            if warning.code in broken:
                broken[warning.code] += 1
    return Accommodation(
        vehicle,
        population,
        {path: np.array(each) for path, each in wishes.items()},
        np.array(h_points),
        np.array(eyes),
        broken,
    )


def page(found: Accommodation, language: Language = "en") -> str:
    """The report as one HTML page: shares, what to lengthen, and the clouds as a drawing."""
    facts, korean = found.to_dict(), language == "ko"
    name = found.vehicle.name[language]
    words = _WORDS[language]
    rows = "".join(
        f"<tr><td>{escape(carfit.SETTINGS[path].name[language])}</td>"
        f"<td>{each['accommodated']:.1%}</td><td>{each['below']:.1%}</td>"
        f"<td>{each['above']:.1%}</td><td>{each['gained_by_longer_ends']:+.1%}</td></tr>"
        for path, each in facts["travels"].items()
    )
    kept = "".join(
        f"<tr><td>{escape(RULES[code][int(korean)])}</td><td>{share:.1%}</td></tr>"
        for code, share in facts["rules"].items()
    )
    first = facts["lengthen_first"]
    advice = words["nothing"]
    if first is not None:
        unit = first.rsplit("_", 1)[1]
        advice = words["first"].format(
            setting=carfit.SETTINGS[first].name[language],
            more=f"{LONGER[unit]:.0f} {unit}",
            gain=f"{facts['travels'][first]['gained_by_longer_ends']:.1%}",
        )
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{escape(name)}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
table {{ border-collapse: collapse; margin: 1rem 0 }}
td, th {{ padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right }}
td:first-child, th:first-child {{ text-align: left }}
</style></head><body>
<h1>{escape(words["title"].format(car=name))}</h1>
<p>{escape(words["who"].format(count=found.count, population=words[found.population]))}</p>
<p><strong>{escape(words["share"].format(share=f"{facts['accommodated']:.1%}"))}</strong>
{escape(advice)}</p>
<table><tr>{"".join(f"<th>{escape(each)}</th>" for each in words["travel_head"])}</tr>{rows}</table>
<table><tr>{"".join(f"<th>{escape(each)}</th>" for each in words["rule_head"])}</tr>{kept}</table>
<p>{
        escape(
            words["clouds"].format(
                behind=f"{facts['behind_sgrp']:.1%}", eyes=f"{facts['eyes_in_eyellipse_95']:.1%}"
            )
        )
    }</p>
{_clouds(found)}
<p>{escape(words["limits"])}</p>
</body></html>
"""


_WORDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "en": {
        "title": "Accommodation: {car}",
        "who": "{count} simulated drivers, half women: {population}. Each has their own taste.",
        "us": "US statures and proportions (ANSUR II)",
        "kr": "Korean statures (Size Korea 8) and proportions",
        "mixed": "half US (ANSUR II), half Korean (Size Korea 8)",
        "share": "{share} find every adjuster's wish within its travel.",
        "first": "Lengthen first: {setting}; {more} at each end would add {gain} of drivers.",
        "nothing": "No single travel would add drivers by itself.",
        "travel_head": ("travel", "accommodated", "wish below", "wish above", "longer ends add"),
        "rule_head": ("safety rule", "kept"),
        "clouds": "{behind} sit behind the SgRP; {eyes} of eyes lie in SAE J941's 95 % eyellipse "
        "for this car's H30 and L6 (side view; a tangent to it has 95 % of eyes on one side, so "
        "fewer lie within).",
        "limits": "Simulated from published models; nobody was measured in this car.",
    },
    "ko": {
        "title": "수용률: {car}",
        "who": "모의 운전자 {count}명(절반은 여성): {population}. 운전자마다 선호가 다릅니다.",
        "us": "미국인 키와 비율(ANSUR II)",
        "kr": "한국인 키(사이즈코리아 8차)와 비율",
        "mixed": "미국인(ANSUR II) 절반, 한국인(사이즈코리아 8차) 절반",
        "share": "{share}가 모든 조절 장치에서 원하는 위치를 찾습니다.",
        "first": "먼저 늘릴 것: {setting}. 양쪽 끝을 {more}씩 늘리면 운전자 {gain}가 더 맞습니다.",
        "nothing": "한 가지 조절 범위만 늘려서는 맞는 운전자가 늘지 않습니다.",
        "travel_head": ("조절 범위", "수용", "아래쪽 초과", "위쪽 초과", "늘리면"),
        "rule_head": ("안전 규칙", "지켜짐"),
        "clouds": "{behind}가 SgRP보다 뒤에 앉고, 눈의 {eyes}가 이 차의 H30과 L6에 대한 SAE J941 "
        "95 % 아이립스 안에 있습니다(옆모습. 아이립스 접선의 한쪽에 눈의 95 %가 있으므로 안쪽은 "
        "그보다 적습니다).",
        "limits": "공개된 모델로 모의한 결과이며, 이 차에서 실제로 측정한 사람은 없습니다.",
    },
}

SHOWN: Final = 600
"""Dots of each cloud in the drawing."""


def _clouds(found: Accommodation) -> str:
    """H-points and eyes from the side, beside the seat's travel, SgRP and eyellipse."""
    car = found.vehicle
    eye_x, eye_z = standards.j941_eye_mm(car.h30_mm, car.wheel_x_mm)
    long_mm, upright_mm = standards.J941_AXES_95_MM
    left, right = car.seat_front_x_mm - 120.0, car.sgrp_x_mm + 250.0
    top = eye_z + 200.0
    dots = "".join(
        f'<circle cx="{x:.0f}" cy="{-z:.0f}" r="3" fill="{colour}" fill-opacity=".35"/>'
        for cloud, colour in ((found.h_point_mm, "#2f5a96"), (found.eye_mm, "#d6452b"))
        for x, z in cloud[:SHOWN]
    )
    front, rear = car.seat_front_x_mm, car.seat_front_x_mm + car.seat_travel_mm
    low_z = car.h30_mm - 80.0
    height = top - low_z + 60.0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:.0f} {-top:.0f}'
        f' {right - left:.0f} {height:.0f}" style="max-width:34rem" font-size="22">{dots}'
        f'<ellipse cx="0" cy="0" rx="{long_mm / 2:.1f}" ry="{upright_mm / 2:.1f}" fill="none"'
        f' stroke="#d6452b" stroke-width="3" transform="translate({eye_x:.0f} {-eye_z:.0f})'
        f' rotate({-standards.J941_TILT_DEG:.0f})"/>'
        f'<text x="{eye_x:.0f}" y="{-eye_z - 120:.0f}" text-anchor="middle">J941 95 %</text>'
        f'<line x1="{front:.0f}" x2="{rear:.0f}" y1="{-low_z:.0f}" y2="{-low_z:.0f}"'
        ' stroke="#5b626b" stroke-width="6"/>'
        f'<text x="{front:.0f}" y="{-low_z + 30:.0f}">{car.seat_travel_mm:.0f} mm</text>'
        f'<path d="M{car.sgrp_x_mm - 14:.0f} {-car.h30_mm:.0f}h28m-14 -14v28" stroke="#1c2126"'
        f' stroke-width="4"/><text x="{car.sgrp_x_mm + 20:.0f}" y="{-car.h30_mm + 8:.0f}">SgRP'
        "</text>"
        "</svg>"
    )


def _body(people: str, sex: Sex | str, rng: np.random.Generator) -> carfit.Body:
    """A body of a population: stature, BMI, age, and proportions about those of the stature."""
    told: Sex = "male" if sex == "male" else "female"
    height_cm = float(rng.normal(*STATURE_CM[people][told]))
    prior = conditional(height_cm, told)
    lengths = prior.mean_cm + np.linalg.cholesky(prior.cov_cm2) @ rng.standard_normal(len(SEGMENTS))
    if people == "kr":
        lengths = lengths + height_cm * np.array(KOREAN_SHARE[told])
    bmi = float(np.clip(rng.normal(*BMI_KG_M2[people][told]), 16.0, 45.0))
    upper_arm, forearm, thigh, calf, torso = lengths.tolist()
    return carfit.Body(
        height_cm,
        upper_arm,
        forearm,
        thigh,
        calf,
        torso,
        sex=told,
        weight_kg=bmi * (height_cm / 100.0) ** 2,
        age_years=float(rng.uniform(*AGE_YEARS)),
    )
