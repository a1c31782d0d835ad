"""What a driver's own settings teach: simulated drivers with habits that the engine must find.

``make carfit`` prints these tables after the others. Drivers are drawn anew, not as for the prior;
each has a habit, another leaning in each car and another day at each telling
(`training.carfit.own_habits`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks.models.carfit import body_of, free, real_drivers, show
from chalicelib import carfit
from chalicelib.carfit import fit, personal
from chalicelib.carfit.model import package_features
from chalicelib.carfit.personal import CHOSEN, LEARNED_FROM, Telling
from chalicelib.carfit.settings import ideal_settings, travels
from chalicelib.carfit.vehicles import Vehicle
from tools import document
from training.carfit import drivers, own_habits

Array = npt.NDArray[np.float64]
Rows = list[list[str]]

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "carfit.md"
FIGURE: Final = Path(__file__).parents[2] / "docs" / "carfit-personal.svg"

TELLINGS: Final = (0, 1, 3, 10)
ALL_TELLINGS: Final = (0, 1, 2, 3, 5, 10)
"""The numbers of tellings that the figure shows."""
FOREIGN_SHARE: Final = 0.1
SHOWN: Final = (
    "seat.fore_aft_mm",
    "seat.height_mm",
    "seat.backrest_recline_deg",
    "steering_wheel.telescope_mm",
    "steering_wheel.tilt_deg",
    "mirrors.left.yaw_deg",
    "mirrors.interior.pitch_deg",
    "hud.height_mm",
)
FORE_AFT: Final = SHOWN[0]
ROUNDING: Final = 0.05
"""Settings are told to 0.1, so each is up to this far off."""


@dataclass(frozen=True)
class Sample:
    """Drivers, what they kept in one car, and what they will keep next in it and in another.

    ``kept[i]`` are driver i's settings by telling, in ``cars[0]`` of that driver; ``next_[k][i]``
    what driver i keeps next, k = 0 in the same car, 1 in the other.
    """

    bodies: list[Any]
    cars: list[tuple[Vehicle, Vehicle]]
    kept: list[list[dict[str, float]]]
    next_: tuple[list[dict[str, float]], list[dict[str, float]]]


def sample(
    cars: Sequence[Vehicle],
    count: int,
    tellings: int,
    rng: np.random.Generator,
    *,
    freed: Callable[[Vehicle], Vehicle] = lambda car: car,
) -> Sample:
    """Draw drivers and let them sit; ``freed`` may widen the cars' travels."""
    people = own_habits.fleet(count, cars, rng)
    pairs = [rng.choice(len(cars), 2, replace=False) for _ in range(count)]
    both = [tuple(freed(cars[k]) for k in pair) for pair in pairs]
    settings: list[list[list[dict[str, float]]]] = []
    for k, times in ((0, tellings + 1), (1, 1)):
        package = np.array([package_features(pair[k]) for pair in both])
        rows = own_habits.in_car(people.rows, package)
        sat = own_habits.seat_positions(people, rows, own_habits.car_tastes(count, rng), rng, times)
        settings.append([_settings(rows, each, [pair[k] for pair in both], rng) for each in sat])
    here, there = settings
    return Sample(
        bodies=[body_of(row) for row in people.rows],
        cars=[(a, b) for a, b in both],
        kept=[[here[t][i] for t in range(tellings)] for i in range(count)],
        next_=(here[tellings], there[0]),
    )


def _settings(
    rows: Array, positions: Array, cars: Sequence[Vehicle], rng: np.random.Generator
) -> list[dict[str, float]]:
    """Settings of drivers at positions, within the travels, as finely as hands set them."""
    found = []
    for row, position, car in zip(rows, positions, cars, strict=True):
        seated = drivers.seated(row[np.newaxis], position[np.newaxis])
        ideal = ideal_settings(car, seated)
        ends = travels(car)
        told = {}
        for path, sd in LEARNED_FROM.items():
            # A position is solved as exactly as a seat is kept; the rest is aimed by hand.
            aimed = float(np.ravel(ideal[path])[0]) + (path not in CHOSEN) * sd * rng.normal()
            told[path] = float(np.clip(aimed, *ends[path]))
        found.append(told)
    return found


@dataclass(frozen=True)
class Held:
    """What came of answers to drivers: mean width of the fore-aft band as SD, RMSE of fore-aft, and
    the share of what they kept next inside the 80 % bands, by setting."""

    band_sd_mm: float
    rmse_mm: float
    inside: dict[str, float]


def held(drawn: Sample, tellings: Sequence[Sequence[Telling]], car: int) -> Held:
    """Answer each driver in the same car (0) or the other (1), and compare with what is kept."""
    inside: dict[str, list[bool]] = {path: [] for path in SHOWN}
    half, off = [], []
    for i, told in enumerate(tellings):
        found, _ = personal.recommend(drawn.bodies[i], drawn.cars[i][car], told)
        kept, band = drawn.next_[car][i], found.band_80.by_path()
        for path in SHOWN:
            low, high = band[path]
            inside[path].append(low - ROUNDING <= kept[path] <= high + ROUNDING)
        half.append((band[FORE_AFT][1] - band[FORE_AFT][0]) / 2.0)
        off.append(kept[FORE_AFT] - found.settings.seat.fore_aft_mm)
    return Held(
        band_sd_mm=float(np.mean(half)) / fit.BAND_80_SD,
        rmse_mm=float(np.sqrt(np.mean(np.square(off)))),
        inside={path: float(np.mean(each)) for path, each in inside.items()},
    )


def own_tellings(drawn: Sample, count: int) -> list[list[Telling]]:
    """The first ``count`` tellings of each driver, a day apart."""
    return [
        [Telling(cars[0], each, 1.0 + t) for t, each in enumerate(kept[:count])]
        for cars, kept in zip(drawn.cars, drawn.kept, strict=True)
    ]


def learning(cars: Sequence[Vehicle], count: int) -> tuple[Rows, dict[str, Any]]:
    """How wide the bands are, how far off, and what they hold, by the number of tellings."""
    facts: dict[str, Any] = {}
    rows: Rows = []
    for label, widened in (("free", free), ("real", lambda car: car)):
        drawn = sample(cars, count, max(TELLINGS), np.random.default_rng(210), freed=widened)
        for car, where in ((0, "same car"), (1, "another")):
            for n in tqdm(TELLINGS, desc=f"habits, {label} travels, {where}"):
                found = held(drawn, own_tellings(drawn, n), car)
                mean = float(np.mean(list(found.inside.values())))
                facts[f"{label}, {where}, {n}"] = {
                    "band_sd_mm": found.band_sd_mm,
                    "rmse_mm": found.rmse_mm,
                    "inside": found.inside,
                }
                rows.append(
                    [f"{label} travels, {where}", str(n), f"{found.band_sd_mm:.1f}",
                     f"{found.rmse_mm:.1f}", *(f"{x:.0%}" for x in found.inside.values()),
                     f"{mean:.0%}"]
                )  # fmt: skip
    return rows, facts


LEARNING_HEAD: Final = ["drivers in", "tellings", "band's SD, mm", "RMSE, mm", *SHOWN, "mean"]


def robustness(cars: Sequence[Vehicle], count: int) -> tuple[Rows, dict[str, Any]]:
    """Settings of somebody else among a driver's own, free travels, in the same car.

    Another driver, another body: a random one of the sample, in the same car as far as it goes.
    """
    rng = np.random.default_rng(211)
    drawn = sample(cars, count, 10, rng, freed=free)
    cases = {
        "1 foreign alone": (0, (0,)),
        "1 own, 1 foreign": (1, (0,)),
        "3 own": (3, ()),
        "3 own, then 1 foreign": (3, (0,)),
        "10 own": (10, ()),
        "9 own, 1 foreign (10 %)": (9, (4,)),
    }
    rows: Rows = []
    facts: dict[str, Any] = {}
    for name, (n, foreign_at) in cases.items():
        tellings = own_tellings(drawn, n)
        for i, told in enumerate(tellings):
            for at in foreign_at:
                other = drawn.kept[int(rng.integers(count))][0]
                ends = travels(drawn.cars[i][0])
                settings = {p: float(np.clip(v, *ends[p])) for p, v in other.items()}
                told.insert(at, Telling(drawn.cars[i][0], settings, 0.5))
        found = held(drawn, tellings, 0)
        warned = np.mean(
            [
                personal.habit_in(drawn.bodies[i], drawn.cars[i][0], told).two_habits
                for i, told in enumerate(tellings)
            ]
        )
        facts[name] = {
            "rmse_mm": found.rmse_mm,
            "inside": found.inside[FORE_AFT],
            "two_habits": float(warned),
        }
        rows.append(
            [name, f"{found.rmse_mm:.1f}", f"{found.inside[FORE_AFT]:.0%}", f"{warned:.1%}"]
        )
    return rows, facts


def prior_width() -> tuple[Rows, dict[str, Any]]:
    """The prior's width beside the 38 real drivers, whose habit nobody told."""
    body, car = carfit.Body(172.0, 28.0, 26.4, 41.2, 41.2, 48.1), carfit.vehicles()["medium_car"]
    found, _ = personal.recommend(body, free(car), [])
    low, high = found.band_80.seat.fore_aft_mm
    assumed = (high - low) / (2.0 * fit.BAND_80_SD)
    _, real = real_drivers()
    measured = real["height, lengths"]["served"]
    facts = {"prior_mm": assumed, "real_mm": measured}
    return [["fore-aft", f"{assumed:.1f}", f"{measured:.1f}"]], facts


def figure(cars: Sequence[Vehicle], count: int) -> str:
    """Width of the fore-aft band and error by tellings, as SVG: same car and another."""
    drawn = sample(cars, count, max(ALL_TELLINGS), np.random.default_rng(212), freed=free)
    curves = {
        where: [held(drawn, own_tellings(drawn, n), car) for n in ALL_TELLINGS]
        for car, where in ((0, "same car"), (1, "another car"))
    }
    left, top, width, height, most = 64, 24, 460, 240, 40.0
    x = [left + width * n / max(ALL_TELLINGS) for n in ALL_TELLINGS]

    def y(mm: float) -> float:
        return top + height * (1.0 - mm / most)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 150} '
        f'{top + height + 52}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    parts += [
        f'<path d="M{left} {y(mm):.1f}h{width}" stroke="#d9dee3"/>'
        f'<text x="{left - 8}" y="{y(mm) + 4:.1f}" text-anchor="end">{mm}</text>'
        for mm in range(0, int(most) + 1, 10)
    ]
    parts.append(
        f'<path d="M{left} {y(15):.1f}h{width}" stroke="#b3261e" stroke-dasharray="4 4"/>'
        f'<text x="{left + width + 6}" y="{y(15) + 4:.1f}" fill="#b3261e">target, 15 mm</text>'
    )
    for n, at in zip(ALL_TELLINGS, x, strict=True):
        parts.append(f'<text x="{at:.1f}" y="{top + height + 18}" text-anchor="middle">{n}</text>')
    for (where, found), colour, label_y in zip(
        curves.items(), ("#0b7a75", "#d9a441"), (28, -8), strict=True
    ):
        line = " ".join(f"{a:.1f},{y(h.band_sd_mm):.1f}" for a, h in zip(x, found, strict=True))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{a:.1f}" cy="{y(h.rmse_mm):.1f}" r="4" fill="{colour}"/>'
            for a, h in zip(x, found, strict=True)
        ]
        end = y(found[-1].band_sd_mm) + (16 if label_y > 0 else -6)
        parts.append(
            f'<text x="{left + width + 6}" y="{end:.1f}" fill="{colour}" font-weight="600">'
            f"{where}</text>"
        )
    parts.append(
        f'<text x="{left}" y="14">Seat fore-aft, mm: line, SD of the band; dot, RMSE of what '
        "drivers keep next</text>"
        f'<text x="{left + width / 2}" y="{top + height + 40}" text-anchor="middle">'
        "settings that the driver kept before, in one car</text></svg>"
    )
    return "\n".join(parts)


def evidence(count: int) -> Iterable[tuple[str, list[str], Rows, dict[str, Any]]]:
    """Every table: title, head, rows, and the facts behind it."""
    cars = list(carfit.vehicles().values())
    yield (
        "Simulated drivers with a habit of their own: what is kept next",
        LEARNING_HEAD,
        *learning(cars, count),
    )
    yield (
        "Somebody else's settings among a driver's own: fore-aft in the same car",
        ["tellings", "RMSE, mm", "inside 80 %", "two habits warned of"],
        *robustness(cars, count),
    )
    yield (
        "The prior's width, SD in mm",
        ["of", "prior", "38 real drivers, by height and lengths"],
        *prior_width(),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=400, help="simulated drivers")
    parser.add_argument("--json", action="store_true", help="one JSON document, no tables")
    parser.add_argument("--docs", action="store_true", help="write the tables and the figure")
    options = parser.parse_args()
    sections = show(evidence(options.people), as_json=options.json)
    if options.docs:
        cars = list(carfit.vehicles().values())
        FIGURE.write_text(figure(cars, options.people), encoding="utf-8")
        document.write("personal", sections, DOCUMENT)


if __name__ == "__main__":
    main()
