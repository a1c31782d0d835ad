"""Whether seat and backrest go one way with stature from 136 to 214 cm, and what turns them round.

Average men and women, 2 cm apart, in every car. What turns a setting is found by leaving it out:
the ends of the travels first, then what the posture solver keeps a driver from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS, SEXES, conditional
from chalicelib.carfit.model import FREE_SEAT_MM, features, with_free_travels
from chalicelib.carfit.types import Sex
from chalicelib.carfit.vehicles import Vehicle
from training.carfit import drivers
from training.carfit.solver import CHOICES

Array = npt.NDArray[np.float64]
Rows = list[list[str]]

STATURES_CM: Final = np.arange(136.0, 215.0, 2.0)
USUAL_CM: Final = (150.0, 188.0)
"""From short women to tall men."""

BACK: Final = {"fore_aft_mm": 2.0, "height_mm": 2.0, "backrest_recline_deg": 0.5}
"""A setting turns round at a stature after which it goes back by more than that."""
SOLVED: Final = [CHOICES.index(name) for name in ("fore_aft_mm", "lift_mm", "recline_deg")]

HEAD: Final = [
    "positions",
    "travels",
    "left out",
    "fore-aft: turns, mm back",
    "height: turns, mm back",
    "recline: turns, deg back",
    f"recline, below {USUAL_CM[0]:.0f} cm",
    f"{USUAL_CM[0]:.0f}-{USUAL_CM[1]:.0f} cm",
    f"above {USUAL_CM[1]:.0f} cm",
]


def average(height_cm: float, sex: Sex) -> carfit.Body:
    """The mean body of a stature and sex."""
    mean_cm = conditional(height_cm, sex).mean_cm.tolist()
    named = {f"{name}_cm": cm for name, cm in zip(SEGMENTS, mean_cm, strict=True)}
    return carfit.Body(height_cm=height_cm, sex=sex, **named)


def turning_points(values: Array, back: float) -> list[int]:
    """Where a series turns round: its extremes after which it goes back by more than ``back``."""
    found: list[int] = []
    way, low, high = 0, 0, 0
    for i, value in enumerate(values):
        high = i if value > values[high] else high
        low = i if value < values[low] else low
        if way >= 0 and values[high] - value > back:
            found += [high] * way
            way, low = -1, i
        elif way <= 0 and value - values[low] > back:
            found += [low] * -way
            way, high = 1, i
    return found


def back_and_forth(values: Array) -> float:
    """How far a series goes back, taken as rising or as falling, the less; 0 is monotonic."""
    rise = np.max(values - np.minimum.accumulate(values))
    fall = np.max(np.maximum.accumulate(values) - values)
    return float(min(rise, fall))


def served(car: Vehicle, sex: Sex) -> Array:
    """Settings of `BACK` by stature, shape (statures, 3), as they are recommended."""
    seats = [
        carfit.recommend(average(height_cm, sex), car).settings.seat
        for height_cm in STATURES_CM.tolist()
    ]
    return np.array([[getattr(seat, name) for name in BACK] for seat in seats])


def solved(cars: Sequence[Vehicle], *, freed: bool, left_out: tuple[str, ...] = ()) -> Array:
    """The same as the posture solver has them, shape (cars and sexes, statures, 3).

    ``left_out`` are rules, and joints whose observed range is not kept.
    """
    rows = np.array(
        [
            features(average(height_cm, sex), car)
            for car in cars
            for sex in SEXES
            for height_cm in STATURES_CM.tolist()
        ]
    )
    found = drivers.solved(with_free_travels(rows) if freed else rows, untold=left_out)
    return found.choices[:, SOLVED].reshape(-1, len(STATURES_CM), len(SOLVED))


def ends(cars: list[Vehicle], free_cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """Turns of each setting: as served, then by the solver with ever less that stops a driver."""
    hip_and_chest = ("hip", "chest")
    swept = {
        ("served", "real", ""): np.array([served(car, sex) for car in cars for sex in SEXES]),
        ("served", "free", ""): np.array([served(car, sex) for car in free_cars for sex in SEXES]),
        ("solver", "real", ""): solved(cars, freed=False),
        ("solver", "free", ""): solved(cars, freed=True),
        ("solver", "free", "hip's range"): solved(cars, freed=True, left_out=("hip",)),
        ("solver", "free", "hip's range, chest rule"): solved(
            cars, freed=True, left_out=hip_and_chest
        ),
    }
    rows, facts = [], {}
    for label, sweeps in swept.items():
        known: dict[str, Any] = {}
        for i, (name, back) in enumerate(BACK.items()):
            at_cm = [STATURES_CM[e] for each in sweeps for e in turning_points(each[:, i], back)]
            most = max(back_and_forth(each[:, i]) for each in sweeps)
            known[name] = {"turns": len(at_cm), "back": most, "at_cm": at_cm}
        where = np.array(known["backrest_recline_deg"]["at_cm"])
        below, above = int(np.sum(where < USUAL_CM[0])), int(np.sum(where > USUAL_CM[1]))
        rows.append(
            [
                *label,
                *(f"{each['turns']}, {each['back']:.1f}" for each in known.values()),
                *(str(each) for each in (below, len(where) - below - above, above)),
            ]
        )
        facts[", ".join(filter(None, label))] = known
    return rows, facts


COLOURS: Final = {"male": "#0b7a75", "female": "#d9a441"}
LEFT, WIDTH, HEIGHT = 64, 520, 190
AT_END_MM: Final = {"fore_aft": 5.0, "telescope": 1.0}
"""A travel so near to its end has ended: the network errs by that much there."""


@dataclass(frozen=True)
class Curve:
    """A setting by stature as the figure draws it; at each stature a dot's fill, if it has one."""

    colour: str
    values: Array
    dashed: bool
    dots: Sequence[str | None]


def figure(car: Vehicle, free_car: Vehicle) -> str:
    """Fore-aft and recline against stature, as SVG; what has ended has a dot."""
    fore_aft, recline = [], []
    none = [None] * len(STATURES_CM)
    for sex in SEXES:
        colour, real, freed = COLOURS[sex], served(car, sex), served(free_car, sex)
        wheel_mm = np.array(
            [
                carfit.recommend(average(cm, sex), car).settings.steering_wheel.telescope_mm
                for cm in STATURES_CM.tolist()
            ]
        )
        seat = _ended(real[:, 0], car.seat_travel_mm, AT_END_MM["fore_aft"])
        wheel = _ended(wheel_mm, car.wheel_telescope_travel_mm, AT_END_MM["telescope"])
        dots = [
            colour if by_seat else "#fff" if by_wheel else None
            for by_seat, by_wheel in zip(seat, wheel, strict=True)
        ]
        fore_aft += [
            Curve(colour, freed[:, 0] - FREE_SEAT_MM, True, none),
            Curve(colour, real[:, 0], False, dots),
        ]
        recline += [
            Curve(colour, freed[:, 2], True, none),
            Curve(colour, real[:, 2], False, dots),
        ]
    name = car.name["en"].lower()
    legend = [
        f'<text x="{LEFT + WIDTH + 12}" y="{40 + 20 * i}" fill="{colour}">{said}</text>'
        for i, (said, colour) in enumerate(
            [
                ("men", COLOURS["male"]),
                ("women", COLOURS["female"]),
                ("dashed: free travels", "#1f2933"),
                ("ring: wheel's reach ended", "#1f2933"),
                ("dot: seat's track ended too", "#1f2933"),
            ]
        )
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 190} '
            f'{2 * HEIGHT + 130}" font-family="system-ui, sans-serif" font-size="13" '
            'fill="#1f2933"><rect width="100%" height="100%" fill="#fff"/>',
            *_panel(f"Seat fore-aft in a {name}, mm", 28, range(-100, 401, 100), fore_aft),
            *_panel("Backrest recline, deg", 28 + HEIGHT + 60, range(20, 31, 2), recline),
            *legend,
            f'<text x="{LEFT + WIDTH / 2}" y="{2 * HEIGHT + 122}" text-anchor="middle">'
            "stature of an average body, cm</text></svg>\n",
        ]
    )


def _panel(title: str, top: float, ticks: range, curves: list[Curve]) -> list[str]:
    def x(cm: float) -> float:
        first, last = float(STATURES_CM[0]), float(STATURES_CM[-1])
        return LEFT + WIDTH * (cm - first) / (last - first)

    def y(value: float) -> float:
        return top + HEIGHT * (ticks[-1] - value) / (ticks[-1] - ticks[0])

    parts = [f'<text x="{LEFT}" y="{top - 12}">{title}</text>']
    parts += [
        f'<path d="M{LEFT} {y(tick):.1f}h{WIDTH}" stroke="#d9dee3"/>'
        f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>'
        for tick in ticks
    ]
    parts += [
        f'<text x="{x(cm):.1f}" y="{top + HEIGHT + 18}" text-anchor="middle">{cm}</text>'
        for cm in range(140, 211, 10)
    ]
    for curve in curves:
        at = [(x(cm), y(value)) for cm, value in zip(STATURES_CM, curve.values, strict=True)]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in at)
        dash = "5 4" if curve.dashed else "none"
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{curve.colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
        parts += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{fill}" stroke="{curve.colour}" '
            'stroke-width="1.5"/>'
            for (a, b), fill in zip(at, curve.dots, strict=True)
            if fill
        ]
    return parts


def _ended(values: Array, travel: float, near: float) -> npt.NDArray[np.bool_]:
    return (values <= near) | (values >= travel - near)
