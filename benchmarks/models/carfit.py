"""How well the settings fit: against published models of real drivers, the solver, and the rules.

``make carfit`` prints it all: where average bodies sit beside SAE J4004, Park 2016, Reed 2013 and
J941; joint angles against what was observed on the road; the served model against the solver that
it learned from; bands against simulated drivers; every safety rule on random bodies in random cars;
traced mirror rays; Korean against US proportions; what a centimetre of each length moves; and what
an answer costs beside the trained pipeline.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.models import carfit_ends
from benchmarks.models.carfit_words import untruths
from benchmarks.service.timing import median_ms
from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS, SEXES, conditional
from chalicelib.carfit import comfort, linkage, mirrors, rules, standards
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.model import (
    FEATURES,
    FREE_LIFT_MM,
    FREE_RECLINE_DEG,
    FREE_SEAT_MM,
    FREE_WHEEL_MM,
    POSTURES,
    TYPICAL_AGE_YEARS,
    bundled_model,
    features,
    with_free_travels,
)
from chalicelib.carfit.settings import ideal_settings, travels
from chalicelib.carfit.types import TYPICAL_BMI_KG_M2, Seat
from chalicelib.carfit.vehicles import Vehicle
from tools import document
from training.carfit import drivers, gains
from training.carfit.__main__ import PIPELINE
from training.carfit.body_prior import population
from training.carfit.habit import expected_cm
from training.carfit.regressions import mean_sitting_height_mm, regression
from training.carfit.solver import CHOICES

Array = npt.NDArray[np.float64]

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "carfit.md"
FIGURE: Final = Path(__file__).parents[2] / "docs" / "carfit-drivers.svg"
ENDS_FIGURE: Final = Path(__file__).parents[2] / "docs" / "carfit-ends.svg"

STATURES_CM: Final = np.arange(155.0, 191.0, 1.0)
H30_MM: Final = 270.0
BMI_KG_M2: Final = 25.0
AGE_YEARS: Final = 40.0

FOLLOWING: Final = {
    "seat.fore_aft_mm": "fore_aft_mm",
    "seat.height_mm": "lift_mm",
    "seat.backrest_recline_deg": "recline_deg",
    "steering_wheel.telescope_mm": "telescope_mm",
    "steering_wheel.tilt_deg": "tilt_deg",
}
"""Settings that the solver chooses, by its names."""

WARNING_OF: Final = {
    "brake": "PEDAL_REACH",
    "chest": "CHEST_TO_WHEEL",
    "belly": "BELLY_TO_RIM",
    "head": "HEAD_TO_ROOF",
    "thigh": "THIGH_TO_WHEEL",
    "wrist": "WHEEL_REACH",
    "cowl": "ROAD_VIEW",
    "rim": "INSTRUMENT_VIEW",
    "header": "SIGNAL_VIEW",
}

Rows = list[list[str]]


def published(cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """Average bodies of each stature, H30 = 270, all travel free, beside published models."""
    rows, facts = [], {}
    for sex in SEXES:
        features_ = average_bodies(sex, cars)
        stature = 10.0 * STATURES_CM
        told = {
            "S": stature,
            "BMI": np.full_like(stature, BMI_KG_M2),
            "A": np.full_like(stature, AGE_YEARS),
            "H30": np.full_like(stature, H30_MM),
        }
        by = {
            "model": bundled_model().predict(features_),
            "solver": drivers.positions(features_, drivers.solved(features_)),
        }
        for name, found in by.items():
            h_x, h_z, recline, wheel_x, _, _, eye_x, eye_z = found.T
            turn = np.radians(linkage.EYE_PER_RECLINE * (recline - linkage.EYE_RECLINE_DEG))
            eye_x, eye_z = (
                eye_x * np.cos(turn) + eye_z * np.sin(turn),
                eye_z * np.cos(turn) - eye_x * np.sin(turn),
            )
            told_wheel = told | {
                "L6re": wheel_x - 600.0,
                "SHS": mean_sitting_height_mm(sex, stature) / stature,
            }
            park = {
                key: regression(sex, key, told_wheel)
                for key in ("h_point_x_mm", "h_point_z_mm", "eye_x_mm", "eye_z_mm")
            }
            preferred = drivers.habits(features_).wheel_x_mm
            j4004 = standards.j4004_x_mm(H30_MM, wheel_x) + standards.J4004_STATURE * (
                stature - standards.J4004_STATURE_MM
            )
            _, j941_z = standards.j941_eye_mm(H30_MM, wheel_x)
            slope = float(np.polyfit(stature, h_x, 1)[0])
            off = {
                "J4004 fore-aft": h_x - j4004,
                "Park fore-aft": h_x - park["h_point_x_mm"],
                "Park height": h_z - park["h_point_z_mm"],
                "Park eye x": eye_x - park["eye_x_mm"],
                "Park eye z": eye_z - park["eye_z_mm"],
                "Reed wheel": wheel_x - preferred,
                "J941 eye z": h_z + eye_z - j941_z,
            }
            facts[f"{sex} {name}"] = {
                "slope": slope,
                **{key: [float(np.mean(each)), float(np.std(each))] for key, each in off.items()},
            }
            rows.append(
                [f"{name}, {'men' if sex == 'male' else 'women'}", f"{slope:.3f}"]
                + [f"{np.std(each):.1f} ({np.mean(each):+.0f})" for each in off.values()]
            )
    return rows, facts


PUBLISHED_HEAD: Final = [
    "average bodies 155-190 cm",
    "fore-aft mm/mm",
    "J4004 fore-aft",
    "Park fore-aft",
    "Park height",
    "Park eye x",
    "Park eye z",
    "Reed wheel",
    "J941 eye z",
]


CARS_OF_STANDARDS: Final = (200.0, 350.0)
"""H30 in mm of the cars in which the middle driver is held against the standards."""
POPULATION: Final = 4000
"""Simulated drivers of each car, for J1517's percentiles."""


def middle_drivers(cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """Mean of the mean man and the mean woman in each car, less SAE's middle driver; no offset.

    The served settings, in the car as it is: H-point beside J4004 with all its terms and beside
    J1517's median, eye beside J941.
    """
    rows, facts = [], {}
    for car in cars:
        found = [carfit.recommend(_mean_body(sex), car).posture for sex in SEXES]
        h_x = float(np.mean([each.h_point_mm[0] for each in found]))
        eye = np.mean([each.eye_point_mm for each in found], axis=0)
        l6 = float(np.mean([each.joints_mm["grip"][0] for each in found]))
        j4004 = standards.j4004_x_mm(car.h30_mm, l6)
        cushion = standards.J4004_CUSHION * (car.cushion_design_deg - standards.J4004_CUSHION_DEG)
        eye_x, eye_z = standards.j941_eye_mm(car.h30_mm, l6)
        off = {
            "J4004": h_x - j4004,
            "J4004 with A27": h_x - j4004 - cushion,
            "J1517 50 %": h_x - standards.j1517_x_mm(50.0, car.h30_mm),
            "J941 eye x": float(eye[0]) - eye_x,
            "J941 eye z": float(eye[1]) - eye_z,
        }
        facts[car.id] = {"h30_mm": car.h30_mm, **off}
        rows.append([car.id, f"{car.h30_mm:.0f}", *(f"{each:+.0f}" for each in off.values())])
    low, high = CARS_OF_STANDARDS
    worst = {
        name: max((facts[car.id][name] for car in cars if low <= car.h30_mm <= high), key=abs)
        for name in MIDDLE_HEAD[2:]
    }
    facts["worst"] = worst
    rows.append(["worst, H30 200-350", "", *(f"{each:+.0f}" for each in worst.values())])
    return rows, facts


MIDDLE_HEAD: Final = [
    "middle driver",
    "H30",
    "J4004",
    "J4004 with A27",
    "J1517 50 %",
    "J941 eye x",
    "J941 eye z",
]


def percentiles(cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """Where simulated drivers, half women, have the H-point beside J1517's seven percentiles."""
    rng = np.random.default_rng(106)
    rows, facts = [], {}
    for id_ in ("small_car", "large_luxury", "medium_suv", "minivan"):
        car = next(each for each in cars if each.id == id_)
        people = with_free_travels(drivers.people(POPULATION, [car], rng))
        x = drivers.simulated_drivers(people, rng, told=True).positions[:, 0]
        off = {
            f"{p:g} %": float(np.percentile(x, p)) - standards.j1517_x_mm(p, car.h30_mm)
            for p in standards.J1517_X
        }
        facts[id_] = off
        rows.append([id_, f"{car.h30_mm:.0f}", *(f"{each:+.0f}" for each in off.values())])
    return rows, facts


PERCENTILES_HEAD: Final = ["all travels free", "H30", *(f"{p:g} %" for p in standards.J1517_X)]


def real_drivers() -> tuple[Rows, dict[str, Any]]:
    """The 38 drivers of `training.carfit.gains`: leave-one-out RMSE at the hips, mm.

    ``gains`` are fitted anew without each driver. ``served`` is where the answer in the medium car
    with free travels has the hips, the offset fitted without each driver; its gains know all 38.
    """
    people = gains.seat_positions()
    car = free(carfit.vehicles()[carfit.DEFAULT_VEHICLE])
    told = {
        "height": gains.MEASURES[:1],
        "height, lengths": gains.MEASURES[:2],
        "height, lengths, weight": gains.MEASURES[:3],
        "height, lengths, weight, age": gains.MEASURES,
    }
    stature = people.measures[:, 0]
    facts: dict[str, Any] = {
        "J4004's slope": {
            "published": _one_offset(people.hips_aft_mm - standards.J4004_STATURE * stature),
        },
    }
    for name, measures in told.items():
        served = np.array(
            [
                carfit.recommend(_real_body(row, measures), car).posture.joints_mm["hip"][0]
                for row in people.measures
            ]
        )
        facts[name] = {
            "gains": float(np.sqrt(np.mean(gains.left_out_errors_mm(measures) ** 2))),
            "served": _one_offset(people.hips_aft_mm - served),
        }
    rows = [
        [
            name,
            *(f"{each[k]:.1f}" if k in each else "" for k in ("gains", "served", "published")),
        ]
        for name, each in facts.items()
    ]
    return rows, facts


def _one_offset(off: Array) -> float:
    """Leave-one-out RMSE when nothing but an offset is fitted."""
    return float(np.sqrt(np.mean(np.square((off - off.mean()) * len(off) / (len(off) - 1)))))


def gain_table() -> tuple[Rows, dict[str, Any]]:
    """What a unit of each measure moves: published, with the 38 drivers, and as it is solved."""
    before, after, agreed = gains.prior(), gains.gains(), gains.agreed(gains.seat_positions())
    units = ("mm of stature", "mm of leg at one stature", "kg/m2", "year")
    rows, facts = [], {}
    for i, (name, unit) in enumerate(zip(gains.MEASURES, units, strict=True)):
        facts[name] = {"prior": float(before.mm[i]), "posterior": float(after.mm[i])}
        rows.append(
            [
                unit,
                f"{before.mm[i]:+.2f} +- {before.sd_mm[i]:.2f}",
                f"{after.mm[i]:+.2f} +- {after.sd_mm[i]:.2f}"
                if name in agreed
                else "none: the sources contradict each other",
            ]
        )
    return rows, facts


NEAR_HUB_MM: Final = 254.0
"""10 inches."""
SHORT_WOMAN_CM: Final = 153.7


def near_the_hub(cars: list[Vehicle], count: int) -> tuple[Rows, dict[str, Any]]:
    """Share of simulated drivers whose breastbone lies within 254 mm of the wheel's centre.

    They sit where they like: nobody has told them of the chest rule. IIHS 1997 surveyed 587.
    """
    rng = np.random.default_rng(107)
    rows = drivers.people(count, cars, rng)
    women = rows[:, FEATURES.index("probability_male")] < 0.5
    own = drivers.simulated_drivers(rows, rng, told=True, untold_rules=("chest",))
    posture = drivers.seated(rows, own.positions)
    kept = rules.margins(drivers.habits(rows).links, posture, drivers.cars_of(rows))
    near = kept.chest + rules.CHEST_TO_WHEEL_MM < NEAR_HUB_MM
    short = women & (rows[:, 0] <= SHORT_WOMAN_CM)
    facts = {
        "women": float(near[women].mean()),
        f"women up to {SHORT_WOMAN_CM} cm": float(near[short].mean()),
        "men": float(near[~women].mean()),
    }
    surveyed = {"women": "about 5 %", f"women up to {SHORT_WOMAN_CM} cm": "35 %", "men": ""}
    return [[k, f"{share:.1%}", surveyed[k]] for k, share in facts.items()], facts


def _mean_body(sex: str) -> carfit.Body:
    """The mean body of a sex, of typical BMI and age."""
    mean_cm = population(sex).mean_cm
    weight_kg = TYPICAL_BMI_KG_M2 * (mean_cm[0] / 100.0) ** 2
    told = {"sex": sex, "weight_kg": weight_kg, "age_years": TYPICAL_AGE_YEARS}
    return _body(float(mean_cm[0]), mean_cm[1:], **told)


def _real_body(measures: Array, told: tuple[str, ...]) -> carfit.Body:
    """One of the 38 drivers, as far as told; both legs' links share what the leg has beyond."""
    known = dict(zip(gains.MEASURES, measures.tolist(), strict=True))
    height_cm = known["stature_mm"] / 10.0
    lengths = conditional(height_cm).mean_cm.copy()
    if "leg_mm" in told:
        lengths[[SEGMENTS.index("thigh"), SEGMENTS.index("calf")]] += known["leg_mm"] / 20.0
    more = {}
    if "bmi_kg_m2" in told:
        more["weight_kg"] = known["bmi_kg_m2"] * (height_cm / 100.0) ** 2
    if "age_years" in told:
        more["age_years"] = known["age_years"]
    return _body(height_cm, lengths, **more)


SWEPT_CM: Final = np.arange(150.0, 196.0, 3.0)


def postures(cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """Relaxed beside normal beside upright, average bodies 150-195 cm in every car."""
    rows, facts = [], {}
    for label, fleet in (("free", [free(car) for car in cars]), ("real", cars)):
        steps: dict[str, list[tuple[float, float]]] = {"relaxed": [], "upright": []}
        for car in fleet:
            for height_cm in SWEPT_CM.tolist():
                body = _body(height_cm, conditional(height_cm).mean_cm)
                seat: dict[str, Seat[float]] = {
                    name: carfit.recommend(body, car, posture=name).settings.seat
                    for name in POSTURES
                }
                for name, sign in (("relaxed", 1.0), ("upright", -1.0)):
                    steps[name].append(
                        (
                            sign * (seat[name].fore_aft_mm - seat["normal"].fore_aft_mm),
                            sign
                            * (
                                seat[name].backrest_recline_deg
                                - seat["normal"].backrest_recline_deg
                            ),
                        )
                    )
        for name, each in steps.items():
            moved = np.array(each)
            wrong = float(np.mean(np.any(moved < -1e-6, axis=1)))
            facts[f"{name}, {label}"] = {"mm": float(moved[:, 0].mean()), "wrong": wrong}
            rows.append(
                [
                    f"{name}, {label} travels",
                    f"{moved[:, 0].mean():.1f}",
                    f"{moved[:, 1].mean():.1f}",
                    f"{wrong:.1%}",
                ]
            )
    return rows, facts


def true_words(cars: list[Vehicle], count: int) -> tuple[Rows, dict[str, Any]]:
    """Random bodies in every car, all postures and sides: what is said that is not so."""
    rng = np.random.default_rng(108)
    found: Counter[str] = Counter()
    for i in tqdm(range(count), desc="words", unit="body"):
        body = _random_body(rng)
        for car in cars:
            side: carfit.DriveSide = "left" if i % 2 else "right"
            answer = carfit.recommend(body, car, posture=list(POSTURES)[i % 3], drive_side=side)
            said = list(untruths(answer, car))
            found["untrue"] += bool(said)
    total = count * len(cars)
    facts = {"answers": total, "untrue": found["untrue"]}
    return [[f"{total:,}", f"{found['untrue']:,}"]], facts


def angles(answers: list[tuple[float, carfit.Recommendation]]) -> tuple[Rows, dict[str, Any]]:
    """Joint angles of 5th to 95th percentile bodies beside what Wolf et al. observed."""
    rows, facts = [], {}
    inside_all = np.ones(len(answers), dtype=bool)
    for joint, known in comfort.RANGES.items():
        values = np.array([found.posture.angles_deg[joint] for _, found in answers])
        inside = (values >= known.observed_low) & (values <= known.observed_high)
        inside_all &= inside
        low, middle, high = np.percentile(values, [5, 50, 95])
        facts[joint] = float(inside.mean())
        rows.append(
            [
                joint,
                f"{known.observed_low:.0f} to {known.observed_high:.0f}",
                f"{low:.0f}, {middle:.0f}, {high:.0f}",
                f"{inside.mean():.1%}",
            ]
        )
    facts["all"] = float(inside_all.mean())
    rows.append(["all six at once", "", "", f"{inside_all.mean():.1%}"])
    return rows, facts


def warned(answers: list[tuple[float, carfit.Recommendation]]) -> tuple[Rows, dict[str, Any]]:
    """How often ordinary people are warned, by what of."""
    found: Counter[str] = Counter()
    for _, answer in answers:
        codes = {warning.code for warning in answer.warnings}
        found.update(codes or {"nothing"})
    facts = {code: count / len(answers) for code, count in found.most_common()}
    return [[code, f"{share:.1%}"] for code, share in facts.items()], facts


def against_solver(cars: list[Vehicle], count: int) -> tuple[Rows, dict[str, Any]]:
    """Served settings of unseen people in the catalogue's cars beside the solver's own."""
    rng = np.random.default_rng(101)
    off: dict[str, list[Array]] = {path: [] for path in FOLLOWING}
    for car in tqdm(cars, desc="model against solver", unit="car"):
        rows = drivers.people(count // len(cars), [car], rng)
        choices = drivers.solved(rows, passes=150).choices
        for row, ideal in zip(rows, choices, strict=True):
            settings = dict(leaves(asdict(carfit.recommend(body_of(row), car).settings)))
            for path, choice in FOLLOWING.items():
                off[path].append(settings[path] - ideal[CHOICES.index(choice)])
    table, facts = [], {}
    for path, each in off.items():
        miss = np.abs(each)
        facts[path] = {"mae": float(miss.mean()), "p99": float(np.percentile(miss, 99))}
        table.append([path, f"{miss.mean():.2f}", f"{np.percentile(miss, 99):.1f}"])
    return table, facts


def coverage(cars: list[Vehicle], count: int) -> tuple[Rows, dict[str, Any]]:
    """Share of simulated drivers, each with a taste of his or her own, inside the 80 % band.

    In the cars as they are, and with every travel so long that it stops hardly anybody: where a
    travel ends, drivers gather at its end and the band with them.
    """
    rng = np.random.default_rng(102)
    facts: dict[str, dict[str, float]] = {}
    for label, fleet in (("free", [free(car) for car in cars]), ("real", cars)):
        inside: dict[str, list[bool]] = {}
        for car in tqdm(fleet, desc=f"bands against drivers, {label} travels", unit="car"):
            ends = travels(car)
            for told in (False, True):
                rows = drivers.people(count // (2 * len(cars)), [car], rng)
                own_ways = drivers.simulated_drivers(rows, rng, told=told)
                wish = ideal_settings(car, drivers.seated(rows, own_ways.positions))
                own = {path: np.clip(each, *ends[path]) for path, each in wish.items()}
                for i, row in enumerate(rows):
                    found = carfit.recommend(body_of(row, told=told), car)
                    for path, (low, high) in leaves(asdict(found.band_80)):
                        holds = low - 1e-9 <= float(own[path][i]) <= high + 1e-9
                        inside.setdefault(path, []).append(holds)
        facts[label] = {path: float(np.mean(each)) for path, each in inside.items()}
        facts[label]["mean"] = float(np.mean(list(facts[label].values())))
    rows_ = [
        [path, f"{share:.1%}", f"{facts['real'][path]:.1%}"]
        for path, share in facts["free"].items()
    ]
    return rows_, facts


def free(car: Vehicle) -> Vehicle:
    """The same car with travels that stop hardly anybody."""
    along = 2.0 * FREE_WHEEL_MM
    across_deg = float(np.degrees(along / car.wheel_tilt_radius_mm))
    return replace(
        car,
        seat_front_x_mm=car.seat_front_x_mm - FREE_SEAT_MM,
        seat_travel_mm=car.seat_travel_mm + 2.0 * FREE_SEAT_MM,
        seat_low_z_mm=car.seat_low_z_mm - FREE_LIFT_MM,
        seat_lift_mm=car.seat_lift_mm + 2.0 * FREE_LIFT_MM,
        backrest_min_deg=car.backrest_min_deg - FREE_RECLINE_DEG,
        wheel_telescope_travel_mm=car.wheel_telescope_travel_mm + along,
        wheel_tilt_travel_deg=car.wheel_tilt_travel_deg + across_deg,
        cushion_min_deg=car.cushion_min_deg - FREE_RECLINE_DEG,
        cushion_max_deg=car.cushion_max_deg + FREE_RECLINE_DEG,
        head_restraint_low_mm=car.head_restraint_low_mm - FREE_SEAT_MM,
        head_restraint_travel_mm=car.head_restraint_travel_mm + 2.0 * FREE_SEAT_MM,
        belt_anchor_low_z_mm=car.belt_anchor_low_z_mm - FREE_SEAT_MM,
        belt_anchor_travel_mm=car.belt_anchor_travel_mm + 2.0 * FREE_SEAT_MM,
        hud_low_eye_z_mm=car.hud_low_eye_z_mm - FREE_SEAT_MM,
        hud_travel_mm=car.hud_travel_mm + 2.0 * FREE_SEAT_MM,
    )


def safety(count: int) -> tuple[Rows, dict[str, Any]]:
    """Random bodies in random cars: each broken rule must carry its warning."""
    sizes = [CHUNK] * (count // CHUNK) + [count % CHUNK]
    seeds = np.random.SeedSequence(103).spawn(len(sizes))
    total: Counter[str] = Counter()
    with (
        ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool,
        tqdm(total=count, desc="safety", unit="driver") as progress,
    ):
        for size, found in zip(sizes, pool.map(_count_broken, sizes, seeds), strict=True):
            total += found
            progress.update(size)
    rows = [
        [f"{name} ({code})", f"{total[name]:,}", f"{total[name] / count:.2%}"]
        for name, code in WARNING_OF.items()
    ]
    rows += [[name, f"{total[name]:,}", ""] for name in NEVER]
    return rows, {"draws": count, **{name: total[name] for name in (*WARNING_OF, *NEVER)}}


CHUNK: Final = 1000
NEVER: Final = (
    "broken without its warning",
    "a setting beyond its travel",
    "recline beyond what is safe",
)
"""What must not happen once."""


def _count_broken(count: int, seed: np.random.SeedSequence) -> Counter[str]:
    """What is broken in ``count`` draws.

    The answer's own settings are seated again, apart from the engine's way there, and measured.
    """
    rng = np.random.default_rng(seed)
    catalogue = list(carfit.vehicles().values())
    found: Counter[str] = Counter()
    for _ in range(count):
        car = _random_car(catalogue[rng.integers(len(catalogue))], rng)
        body = _random_body(rng)
        posture = list(POSTURES)[rng.integers(len(POSTURES))]
        side: carfit.DriveSide = "left" if rng.uniform() < 0.5 else "right"
        answer = carfit.recommend(body, car, posture=posture, drive_side=side)
        codes = {warning.code for warning in answer.warnings}
        kept = _measured_again(Driver(body, car, posture), answer)
        for name, margin in kept._asdict().items():
            # A thousandth of a millimetre: the way back through the settings rounds.
            if float(np.ravel(margin)[0]) < -rules.TOLERANCE_MM[name] - 1e-3:
                found[name] += 1
                found[NEVER[0]] += WARNING_OF[name] not in codes
        settings = dict(leaves(asdict(answer.settings)))
        found[NEVER[1]] += any(
            not low - 1e-9 <= settings[path] <= high + 1e-9
            for path, (low, high) in travels(car, side).items()
        )
        found[NEVER[2]] += settings["seat.backrest_recline_deg"] > car.backrest_safe_deg + 1e-9
    return found


def mirror_fields(
    answers: list[tuple[float, carfit.Recommendation]],
) -> tuple[Rows, dict[str, Any]]:
    """Trace rays from what each mirror must show, over its glass, to the eye.

    Side mirrors: FMVSS 111 S5.2.1, a line 2.4 m wide 10.7 m behind the eyes, and the horizon
    above its both ends. Interior: S5.1.1, 20 degrees wide, and the road from 61 m to the horizon.
    """
    cars = carfit.vehicles()
    shown: dict[str, list[bool]] = {name: [] for name in ("driver's", "passenger's", "interior")}
    for _, found in answers:
        car = cars[found.vehicle]
        eye_x, eye_z = found.posture.eye_point_mm
        eye = np.array([eye_x, mirrors.seat_y(car, found.drive_side), eye_z])
        for name in (*mirrors.SIDES, "interior"):
            aim = getattr(found.settings.mirrors, name)
            shows = _shows(car, name, (aim.yaw_deg, aim.pitch_deg), eye, found.drive_side)
            label = name
            if name != "interior":
                label = "driver's" if name == found.drive_side else "passenger's"
            shown[label].append(shows)
    facts = {name: float(np.mean(each)) for name, each in shown.items()}
    return [[name, f"{share:.1%}"] for name, share in facts.items()], facts


def korean_against_us(cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """What Korean proportions change at one stature, in the medium car."""
    car = carfit.vehicles()[carfit.DEFAULT_VEHICLE]
    rows, facts = [], {}
    for sex, height_cm in (("male", 172.5), ("female", 159.6)):
        lengths_cm = expected_cm(sex, np.array([height_cm]))[0]
        shift_cm = height_cm * np.array(drivers.KOREAN_SHARE[sex])
        answers = []
        for lengths in (lengths_cm, lengths_cm + shift_cm):
            body = _body(height_cm, lengths, sex=sex)
            answers.append(dict(leaves(asdict(carfit.recommend(body, car).settings))))
        change = {path: answers[1][path] - answers[0][path] for path in answers[0]}
        facts[sex] = change
        moved = [f"{change[path]:+.1f}" for path in SHOWN]
        rows.append([f"{'men' if sex == 'male' else 'women'} of {height_cm} cm", *moved])
    return rows, facts


def sensitivity(cars: list[Vehicle]) -> tuple[Rows, dict[str, Any]]:
    """What one centimetre more of each length moves; median of people in the catalogue's cars."""
    rng = np.random.default_rng(104)
    rows, facts = [], {}
    people = drivers.people(150, cars, rng)
    pairs = [(body_of(row), cars[rng.integers(len(cars))]) for row in people]
    for name in ("height", *SEGMENTS):
        moved: dict[str, list[float]] = {path: [] for path in SHOWN}
        for body, car in pairs:
            longer = replace(body, **{f"{name}_cm": getattr(body, f"{name}_cm") + 1.0})
            before, after = (
                dict(leaves(asdict(carfit.recommend(each, car).settings)))
                for each in (body, longer)
            )
            for path in SHOWN:
                moved[path].append(after[path] - before[path])
        facts[name] = {path: float(np.median(each)) for path, each in moved.items()}
        rows.append([name, *(f"{each:+.1f}" for each in facts[name].values())])
    return rows, facts


SHOWN: Final = (
    "seat.fore_aft_mm",
    "seat.height_mm",
    "seat.backrest_recline_deg",
    "head_restraint.height_mm",
    "belt.anchor_height_mm",
    "steering_wheel.telescope_mm",
    "hud.height_mm",
)


RUNS: Final = 400
"""How often each call is timed."""


def speed() -> tuple[Rows, dict[str, Any]]:
    """One answer's time beside one prediction of the trained pipeline."""
    body = carfit.Body(175.0, 28.3, 26.8, 41.8, 42.0, 48.7)
    car = carfit.vehicles()[carfit.DEFAULT_VEHICLE]
    row = features(body, car)[np.newaxis]
    pipeline, model = joblib.load(PIPELINE), bundled_model()
    took = {
        "pipeline's predict (scikit-learn)": median_ms(lambda: pipeline.predict(row), RUNS),
        "model's predict (numpy)": median_ms(lambda: model.predict(row), RUNS),
        "recommend, whole": median_ms(lambda: carfit.recommend(body, car), RUNS),
    }
    baseline = took["pipeline's predict (scikit-learn)"]
    rows = [[name, f"{each:.3f}", f"{each / baseline:.2f}"] for name, each in took.items()]
    return rows, took


def figure() -> str:
    """The shortest and the tallest driver in a small car and in a van, one picture."""
    width, gap = 1240, 20
    parts, y = [], 0
    for vehicle in ("small_car", "commercial_van"):
        car = carfit.vehicles()[vehicle]
        heights = []
        for column, height_cm in enumerate((150.0, 200.0)):
            body = _body(height_cm, conditional(height_cm).mean_cm)
            drawn = carfit.side_view(carfit.recommend(body, car), body, car)
            box = re.search(r'viewBox="[-\d]+ [-\d]+ (\d+) (\d+)"', drawn)
            if box is None:
                raise ValueError("expected a drawing with a viewBox")
            height = round(width * int(box[2]) / int(box[1]))
            heights.append(height)
            place = f'<svg x="{column * (width + gap)}" y="{y}" width="{width}" height="{height}"'
            parts.append(drawn.replace("<svg", place, 1))
        y += max(heights) + gap
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * width + gap} {y - gap}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Values of nested mappings by their paths."""
    for name, branch in tree.items():
        here = f"{path}.{name}".lstrip(".")
        if isinstance(branch, Mapping):
            yield from leaves(branch, here)
        else:
            yield here, branch


def body_of(row: Array, *, told: bool = True) -> carfit.Body:
    """Body of a row of `FEATURES`; without sex, weight and age where they are not told."""
    column = dict(zip(FEATURES, row.tolist(), strict=True))
    height_cm = column["height_cm"]
    lengths_cm = height_cm * np.array([column[f"{name}_share"] for name in SEGMENTS])
    if not told:
        return _body(height_cm, lengths_cm)
    return _body(
        height_cm,
        lengths_cm,
        sex="male" if column["probability_male"] > 0.5 else "female",
        weight_kg=column["bmi_kg_m2"] * (height_cm / 100.0) ** 2,
        age_years=column["age_years"],
    )


def _body(height_cm: float, lengths_cm: Array, **told: Any) -> carfit.Body:
    named = zip(SEGMENTS, lengths_cm.tolist(), strict=True)
    return carfit.Body(height_cm=height_cm, **told, **{f"{name}_cm": cm for name, cm in named})


def some_people(cars: list[Vehicle], count: int) -> list[tuple[float, carfit.Recommendation]]:
    """Stature percentile and answer of ANSUR II bodies in the catalogue's cars, both sides."""
    rng = np.random.default_rng(105)
    found = []
    for car in tqdm(cars, desc="people", unit="car"):
        rows = drivers.people(count // len(cars), [car], rng)
        for row in rows:
            side: carfit.DriveSide = "left" if rng.uniform() < 0.5 else "right"
            found.append((float(row[0]), carfit.recommend(body_of(row), car, drive_side=side)))
    return found


def average_bodies(sex: str, cars: list[Vehicle]) -> Array:
    """Rows of the mean body of each stature in the medium car, raised to H30 = 270, free."""
    car = next(each for each in cars if each.id == carfit.DEFAULT_VEHICLE)
    raised = H30_MM - car.h30_mm
    heights = ("h30_mm", "seat_low_z_mm", "wheel_z_mm", "cowl_z_mm", "header_z_mm")
    car = replace(car, **{name: getattr(car, name) + raised for name in heights})
    rows = []
    for height_cm in STATURES_CM:
        lengths = expected_cm(sex, np.array([height_cm]))[0]
        weight_kg = BMI_KG_M2 * (height_cm / 100.0) ** 2
        body = _body(height_cm, lengths, sex=sex, weight_kg=weight_kg, age_years=AGE_YEARS)
        rows.append(features(body, car))
    return with_free_travels(np.array(rows))


def _measured_again(driver: Driver, found: carfit.Recommendation) -> rules.Margins:
    car, links = driver.vehicle, driver.links
    seat, wheel = found.settings.seat, found.settings.steering_wheel
    x = car.seat_front_x_mm + seat.fore_aft_mm
    h_point = x, rules.track_z(car, x) + seat.height_mm
    posture = linkage.sit(
        links,
        h_point,
        seat.backrest_recline_deg,
        rules.wheel_at(car, wheel.telescope_mm, wheel.tilt_deg),
    )
    return rules.margins(links, posture, car)


def _random_body(rng: np.random.Generator) -> carfit.Body:
    """Any body that the contract lets in, most of them about human."""
    height_cm = rng.uniform(130.0, 215.0)
    prior = conditional(height_cm)
    spread = rng.choice([1.0, 2.0, 4.0])
    lengths = prior.mean_cm + spread * np.linalg.cholesky(prior.cov_cm2) @ rng.standard_normal(5)
    sex = ("male", "female", None)[rng.integers(3)]
    weight_kg = None if rng.uniform() < 0.3 else rng.uniform(17, 42) * (height_cm / 100.0) ** 2
    return _body(height_cm, np.maximum(lengths, 10.0), sex=sex, weight_kg=weight_kg)


def _random_car(car: Vehicle, rng: np.random.Generator) -> Vehicle:
    """A car of the catalogue, every second one with a maker's own figures."""
    if rng.uniform() < 0.5:
        return car
    figures = {
        name: getattr(car, name) + rng.normal(0.0, sd)
        for name, sd in {
            "seat_front_x_mm": 25.0,
            "seat_low_z_mm": 12.0,
            "wheel_x_mm": 20.0,
            "wheel_z_mm": 15.0,
            "headroom_mm": 30.0,
            "cowl_z_mm": 20.0,
            "header_z_mm": 20.0,
        }.items()
    }
    figures |= {
        "seat_travel_mm": rng.uniform(150.0, 300.0),
        "seat_lift_mm": rng.uniform(0.0, 80.0),
        "wheel_telescope_travel_mm": rng.uniform(0.0, 70.0),
        "wheel_tilt_travel_deg": rng.uniform(0.0, 8.0),
    }
    try:
        return carfit.own_vehicle(car, figures)
    except carfit.VehicleError:
        return _random_car(car, rng)


RAYS: Final = 5
"""Sampled each way over what must be seen, and over the glass."""
FIELD_DEG: Final = 20.0


def _shows(
    car: Vehicle,
    name: str,
    aim_deg: tuple[float, float],
    eye: Array,
    drive_side: str,
) -> bool:
    """Whether the glass sends each sampled ray of the required field to one eye or the other."""
    pivot = np.array(mirrors.pivot(car, name))
    normal = _facing(*aim_deg)
    across = np.cross([0.0, 0.0, 1.0], normal)
    across /= np.linalg.norm(across)
    up = np.cross(normal, across)
    width, height, radius = (
        (car.interior_mirror_glass_width_mm, car.interior_mirror_glass_height_mm, np.inf)
        if name == "interior"
        else (
            car.side_mirror_glass_width_mm,
            car.side_mirror_glass_height_mm,
            np.inf if name == drive_side else car.passenger_mirror_radius_mm,
        )
    )
    # Directions in which the glass shows something, over a fine grid of it.
    a, b = np.meshgrid(np.linspace(-0.5, 0.5, 81) * width, np.linspace(-0.5, 0.5, 81) * height)
    points = pivot + a[..., np.newaxis] * across + b[..., np.newaxis] * up
    bent = normal + (a[..., np.newaxis] * across + b[..., np.newaxis] * up) / radius
    bent /= np.linalg.norm(bent, axis=-1, keepdims=True)
    seen = np.stack([_reflected(points - (eye + off), bent) for off in EYES_MM])
    azimuth = np.degrees(np.arctan2(seen[..., 1], seen[..., 0]))
    elevation = np.degrees(np.arctan2(seen[..., 2], np.hypot(seen[..., 0], seen[..., 1])))
    road_z = -car.heel_to_ground_mm
    if name == "interior":
        down = np.degrees(np.arctan2(road_z - pivot[2], mirrors.INTERIOR_FIELD_MM))
        level = np.abs(elevation) < 1.0
        wide = azimuth[level].max() - azimuth[level].min() if level.any() else 0.0
        return bool(wide >= FIELD_DEG and elevation.min() <= down and elevation.max() >= 0.0)
    outward = -1.0 if name == "left" else 1.0
    behind = eye[0] + mirrors.FIELD_BEHIND_EYE_MM
    for share in np.linspace(0.0, 1.0, RAYS):
        y = outward * (car.half_width_mm + share * mirrors.FIELD_WIDTH_MM)
        to = np.array([behind, y, road_z]) - pivot
        wanted = np.degrees(np.arctan2(to[1], to[0]))
        column = np.abs(azimuth - wanted) < 0.5
        down = np.degrees(np.arctan2(to[2], np.hypot(to[0], to[1])))
        if not column.any():
            return False
        if elevation[column].min() > down or elevation[column].max() < 0.0:
            return False
    return True


EYES_MM: Final = np.array([[0.0, -32.0, 0.0], [0.0, 32.0, 0.0]])
"""Left and right eye from between them: FMVSS 111 counts what either sees."""


def _reflected(sight: Array, normal: Array) -> Array:
    sight = sight / np.linalg.norm(sight, axis=-1, keepdims=True)
    return np.asarray(sight - 2.0 * np.sum(sight * normal, axis=-1, keepdims=True) * normal)


def _facing(yaw_deg: float, pitch_deg: float) -> Array:
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    return np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])


def evidence(
    count: int, draws: int, swept: int
) -> Iterable[tuple[str, list[str], Rows, dict[str, Any]]]:
    """Every table: title, head, rows, and the facts behind it."""
    cars = list(carfit.vehicles().values())
    yield (
        "Published models: RMSE after one offset, mm (the offset)",
        PUBLISHED_HEAD,
        *published(cars),
    )
    yield (
        "Middle driver less SAE's, absolute, mm",
        MIDDLE_HEAD,
        *middle_drivers(cars),
    )
    yield (
        "Simulated drivers' H-points less J1517's percentiles, absolute, mm",
        PERCENTILES_HEAD,
        *percentiles(cars),
    )
    yield (
        "38 real drivers: leave-one-out RMSE of fore-aft at the hips, mm",
        ["told", "gains", "served", "published"],
        *real_drivers(),
    )
    yield (
        "What moves the H-point aft: mm for a unit",
        ["one more", "published models", "with the 38 drivers"],
        *gain_table(),
    )
    yield (
        "Drivers within 254 mm of the hub, nobody told of the chest rule",
        ["who", "simulated", "IIHS 1997, 587 drivers"],
        *near_the_hub(cars, count),
    )
    yield (
        "Posture: step from normal in its own direction, mean",
        ["", "fore-aft, mm", "recline, deg", "the wrong way"],
        *postures(cars),
    )
    yield (
        "Where settings turn round from 136 to 214 cm: men and women in every car",
        carfit_ends.HEAD,
        *carfit_ends.ends(cars, [free(car) for car in cars]),
    )
    yield (
        "Reasons and warnings held against their answer",
        ["answers", "say what is not so"],
        *true_words(cars, swept),
    )
    answers = some_people(cars, count)
    low, high = np.percentile([height for height, _ in answers], [5, 95])
    middle = [each for each in answers if low <= each[0] <= high]
    yield (
        "Joint angles of 5th to 95th percentile statures, deg",
        ["joint", "observed (Wolf 2022)", "5, 50, 95 %", "inside"],
        *angles(middle),
    )
    yield (
        "Warnings that ANSUR II people get in the catalogue's cars",
        ["warned of", "of people"],
        *warned(answers),
    )
    yield (
        "Served settings against the solver, unseen people",
        ["setting", "MAE", "99 %"],
        *against_solver(cars, count),
    )
    yield (
        "Simulated drivers inside their 80 % band",
        ["setting", "free travels", "real travels"],
        *coverage(cars, count),
    )
    yield f"Safety rules, {draws:,} random draws", ["rule", "broken", "share"], *safety(draws)
    yield "Mirrors: required field shown", ["mirror", "of people"], *mirror_fields(answers)
    yield (
        "Korean proportions at one stature: change of settings, mm or deg",
        ["", *SHOWN],
        *korean_against_us(cars),
    )
    yield (
        "One centimetre more: change of settings, mm or deg, median",
        ["of", *SHOWN],
        *sensitivity(cars),
    )
    yield "Time of one call", ["call", "ms, median", "of the pipeline's"], *speed()


def show(tables: Iterable[tuple[str, list[str], Rows, dict[str, Any]]], *, as_json: bool) -> str:
    """Print tables as they are found, or at the end their facts; return them as Markdown."""
    console, pages, found = Console(), [], {}
    for title, head, rows, facts in tables:
        found[title] = facts
        if not as_json:
            table = Table(*head, title=title, title_justify="left")
            for row in rows:
                table.add_row(*row)
            console.print(table)
        pages.append(f"**{title}**\n\n{document.table(head, rows)}")
    if as_json:
        print(json.dumps(found))
    return "\n\n".join(pages)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--draws", type=int, default=100_000, help="of the safety rules")
    parser.add_argument("--swept", type=int, default=3000, help="bodies whose words are read")
    parser.add_argument("--json", action="store_true", help="one JSON document, no tables")
    parser.add_argument("--docs", action="store_true", help="write the tables and the figures")
    options = parser.parse_args()
    sections = show(evidence(options.people, options.draws, options.swept), as_json=options.json)
    if options.docs:
        FIGURE.write_text(figure(), encoding="utf-8")
        car = carfit.vehicles()[carfit.DEFAULT_VEHICLE]
        ENDS_FIGURE.write_text(carfit_ends.figure(car, free(car)), encoding="utf-8")
        document.write("evidence", sections, DOCUMENT)


if __name__ == "__main__":
    main()
