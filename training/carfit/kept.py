"""What a fleet's kept settings teach: habit terms and scatter, estimated again.

``python -m training.carfit --kept kept.jsonl`` reads one driver a line and estimates by EM how
drivers differ. A seat at the end of its travel tells "at least". It compares the estimate with the
shipped prior on drivers who were held out, and writes a candidate model. Drivers without consent
are left out, and no number rests on fewer than `LEAST_DRIVERS`."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from chalicelib import carfit, drivers
from chalicelib.body_prior import SEGMENTS
from chalicelib.carfit import own, personal
from chalicelib.carfit.driver import Driver
from chalicelib.carfit.fit import BAND_80_SD
from chalicelib.carfit.habit import HABIT, HabitPrior, Told, beyond_travels, learn
from chalicelib.carfit.model import OUTPUTS, SCATTER, Model

Array = npt.NDArray[np.float64]

LEAST_DRIVERS: Final = 20
"""Behind every number."""
HELD_OUT: Final = 0.25
"""Share of the drivers who are only compared with, chosen by their names."""
PRIOR_DRIVERS: Final = 20.0
"""So many drivers the shipped prior counts for."""
EM_PASSES: Final = 25
SECONDS_OF_A_DAY: Final = 86400.0


class KeptError(ValueError):
    """A file of kept settings that nothing may be learned from, and why."""


@dataclass(frozen=True)
class KeptDriver:
    """A driver's body and tellings, as linear views of the habit."""

    name: str
    body: carfit.Body
    tellings: tuple[personal.Telling, ...]
    told: tuple[Told, ...]

    @property
    def held_out(self) -> bool:
        """Whether this driver is only compared with: the same in every run."""
        return hashlib.sha256(self.name.encode()).digest()[0] < 256 * HELD_OUT


@dataclass(frozen=True)
class Fleet:
    """Estimated habit terms: the mean offset, shape (7,), and the covariances."""

    mean: Array
    prior: HabitPrior
    drivers: int


def read(path: Path, model: Model) -> list[KeptDriver]:
    """Read drivers who consented; one JSON document a line.

    Each has ``driver`` (a name, not a person's), ``consent``, ``body`` (as ``POST /recommend``
    takes it) and ``tellings`` (as ``GET /drivers/{user_id}/settings`` answers them).

    A setting that fewer than `LEAST_DRIVERS` told is left out.

    Raises
    ------
    KeptError
        When a line is not that, or fewer than `LEAST_DRIVERS` consented.
    """
    documents = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
            if document.get("consent") is True:
                documents.append(_parsed(document))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeptError(f"{path.name}, line {number}: {error!r}") from None
    tellers = Counter(
        setting
        for _, _, tellings in documents
        for setting in {each for telling in tellings for each in telling.settings}
    )
    told = {setting for setting, count in tellers.items() if count >= LEAST_DRIVERS}
    found = [_viewed(*each, told, model) for each in documents]
    found = [each for each in found if each.told]
    if len(found) < LEAST_DRIVERS:
        raise KeptError(
            f"{path.name}: {len(found)} drivers consented and told what can be learned from; "
            f"at least {LEAST_DRIVERS} are needed"
        )
    return found


def _parsed(document: dict[str, Any]) -> tuple[str, carfit.Body, list[personal.Telling]]:
    """Name, body and tellings that can be learned from."""
    told = document["body"]
    lengths: dict[str, Any] = {f"{name}_cm": float(told[name]) for name in SEGMENTS}
    more: dict[str, Any] = {name: told.get(name) for name in ("sex", "weight_kg", "age_years")}
    body = carfit.Body(height_cm=float(told["height"]), **lengths, **more)
    now = time.time()
    tellings = drivers.learnable([_stored(each, now) for each in document["tellings"]], now)
    return str(document["driver"]), body, [e for e in tellings if e.kind in personal.LOOSENESS]


def _viewed(
    name: str,
    body: carfit.Body,
    tellings: list[personal.Telling],
    told: Collection[str],
    model: Model,
) -> KeptDriver:
    """Tellings as linear views of the habit; of settings that are not among ``told``, nothing."""
    cars: list[carfit.Vehicle] = []
    views = []
    for each in tellings:
        car = replace(each.vehicle, id="", name={})
        if car not in cars:
            cars.append(car)
        settings = {path: value for path, value in each.settings.items() if path in told}
        driver = Driver(body, each.vehicle, model=model)
        seen = personal.view(driver, replace(each, settings=settings), cars.index(car))
        if len(seen.values):
            views.append(seen)
    return KeptDriver(name, body, tuple(tellings), tuple(views))


def _stored(told: dict[str, Any], now: float) -> drivers.Telling:
    """A telling as the API answers it, as it is stored."""
    from datetime import datetime

    at = datetime.fromisoformat(told["at"]).timestamp() if "at" in told else now
    return drivers.Telling(
        telling_id="",
        fingerprint="",
        at=at,
        told_at=at,
        kind=told["kind"],
        vehicle=told["vehicle"],
        settings=dict(drivers.paths(told["settings"])),
        drive_side=told.get("drive_side", "left"),
        side_mirrors=told.get("side_mirrors", "classic"),
    )


def estimate(people: Sequence[KeptDriver], shipped: HabitPrior) -> Fleet:
    """Estimate the habit terms by EM; the shipped prior counts for `PRIOR_DRIVERS`.

    Terms that nobody tells of follow the others as they do in the shipped prior.
    """
    mean = np.zeros(len(HABIT))
    prior = shipped
    for _ in range(EM_PASSES):
        sums = {name: np.zeros((len(HABIT), len(HABIT))) for name in ("between", "car", "within")}
        counts = dict.fromkeys(sums, 0.0)
        habits, spread = [], np.zeros((len(HABIT), len(HABIT)))
        for each in people:
            shifted = [_about(told, mean) for told in each.told]
            known = beyond_travels(shifted, prior)
            parts = _parts(known, prior)
            habits.append(parts["between"][0][0] + mean)
            spread += parts["between"][0][1]
            for name in ("car", "within"):
                for found, cov in parts[name]:
                    sums[name] += np.outer(found, found) + cov
                    counts[name] += 1.0
        all_habits = np.array(habits)
        weight = len(people) / (len(people) + PRIOR_DRIVERS)
        mean = weight * all_habits.mean(axis=0)
        off = all_habits - mean
        sums["between"], counts["between"] = off.T @ off + spread, float(len(people))
        prior = HabitPrior(
            **{
                name: (sums[name] + PRIOR_DRIVERS * getattr(shipped, name))
                / (counts[name] + PRIOR_DRIVERS)
                for name in sums
            }
        )
    return Fleet(mean, prior, len(people))


def _about(told: Told, mean: Array) -> Told:
    """The same telling, of a habit told from the fleet's mean."""
    return replace(told, values=told.values - told.view @ mean)


def _parts(told: Sequence[Told], prior: HabitPrior) -> dict[str, list[tuple[Array, Array]]]:
    """Mean and covariance of a driver's habit, of each car's leaning, and of each day's."""
    view = np.vstack([each.view for each in told])
    values = np.concatenate([each.values for each in told])
    rows = np.repeat(np.arange(len(told)), [len(each.values) for each in told])
    cars = np.array([each.car for each in told])[rows]
    covariance: Array = view @ prior.between @ view.T
    covariance += (cars[:, np.newaxis] == cars) * (view @ prior.car @ view.T)
    loose = np.array([each.looseness for each in told])[rows]
    covariance += (rows[:, np.newaxis] == rows) * loose * (view @ prior.within @ view.T)
    covariance += np.diag(np.concatenate([each.noise_sd for each in told]) ** 2)
    inverse = np.linalg.inv(covariance)

    def part(before: Array, of: Array) -> tuple[Array, Array]:
        cross = (of[:, np.newaxis] * view) @ before
        gain = cross.T @ inverse
        return gain @ values, before - gain @ cross

    everywhere = np.ones(len(values))
    days = []
    for i, each in enumerate(told):
        found, cov = part(each.looseness * prior.within, (rows == i).astype(float))
        days.append((found / np.sqrt(each.looseness), cov / each.looseness))
    return {
        "between": [part(prior.between, everywhere)],
        "car": [part(prior.car, (cars == k).astype(float)) for k in sorted(set(cars.tolist()))],
        "within": days,
    }


def compare(
    people: Sequence[KeptDriver], fleet: Fleet, shipped: HabitPrior
) -> list[dict[str, float]]:
    """Shipped beside candidate: each held-out driver's last telling by those before it.

    By the number of tellings before: RMSE of the first setting told (fore-aft), mm, and the share
    of all settings inside their 80 % band.
    """
    rows = []
    nothing = np.zeros(len(HABIT))
    for before in (0, 1, 3):
        row: dict[str, float] = {"tellings": before}
        some = [each for each in people if len(each.told) > before]
        row["drivers"] = len(some)
        for name, mean, prior in (
            ("shipped", nothing, shipped),
            ("candidate", fleet.mean, fleet.prior),
        ):
            off, inside = [], []
            for each in some:
                *earlier, last = [_about(told, mean) for told in each.told]
                known = learn(earlier[len(earlier) - before :], last.car, prior)
                free = last.beyond == 0.0
                error = (last.values - last.view @ known.mean)[free]
                variance = np.einsum("ij,jk,ik->i", last.view, known.next_cov, last.view)
                sd = np.sqrt(variance + last.noise_sd**2)[free]
                inside += (np.abs(error) < BAND_80_SD * sd).tolist()
                if free[0]:
                    off.append(error[0])
            row[f"{name}_rmse_mm"] = float(np.sqrt(np.mean(np.square(off)))) if off else np.nan
            row[f"{name}_inside"] = float(np.mean(inside)) if inside else np.nan
        rows.append(row)
    return rows


def candidate(
    people: Sequence[KeptDriver], fleet: Fleet, model: Model, shipped: HabitPrior, version: str
) -> Model:
    """The served model with the fleet's habit terms: its positions moved by the mean offset of
    these drivers, its scatter by how much wider or narrower they differ."""
    moved, before, after = [], [], []
    for each in people:
        driver = Driver(each.body, each.tellings[0].vehicle, model=model)
        known = own.Own(fleet.mean)
        position = driver.wanted[:1, :5]
        moved.append((known.moved(driver.links, position) - position)[0])
        jacobian = np.array(
            [
                (own.Own(step).moved(driver.links, position) - position)[0] / personal.STEPS[i]
                for i, step in enumerate(np.diag(personal.STEPS))
            ]
        ).T
        before.append(np.diag(jacobian @ shipped.total @ jacobian.T))
        after.append(np.diag(jacobian @ fleet.prior.total @ jacobian.T))
    shift = np.zeros(len(OUTPUTS))
    shift[:5] = np.mean(moved, axis=0)
    shift[6:] = fleet.mean[own.POSTURE :]
    wider = np.ones(len(SCATTER))
    wider[:5] = np.sqrt(np.mean(after, axis=0) / np.mean(before, axis=0))
    return replace(
        model,
        biases=(*model.biases[:-1], model.biases[-1] + shift),
        driver_sd=model.driver_sd * wider,
        version=version,
        sha256="",
        habit=fleet.prior,
    )


def run(path: Path, target: Path, model: Model, shipped: HabitPrior) -> str:
    """Read, estimate, compare, and write the candidate beside its card; return the report."""
    everybody = read(path, model)
    taught = [each for each in everybody if not each.held_out]
    held_out = [each for each in everybody if each.held_out]
    if len(taught) < LEAST_DRIVERS:
        raise KeptError(f"{len(taught)} drivers to learn from; at least {LEAST_DRIVERS} are needed")
    fleet = estimate(taught, shipped)
    compared = compare(held_out, fleet, shipped) if len(held_out) >= LEAST_DRIVERS else []
    version = f"{model.version}+kept.{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
    found = candidate(taught, fleet, model, shipped, version)
    content = found.to_bytes()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    card = {
        "version": version,
        "sha256": hashlib.sha256(content).hexdigest(),
        "made_by": "python -m training.carfit --kept",
        "drivers": {"taught": len(taught), "held_out": len(held_out)},
        "mean_offset": dict(zip(HABIT, np.round(fleet.mean, 2).tolist(), strict=True)),
        "held_out": compared,
    }
    target.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(card)))
    return report(fleet, compared, card, shipped)


def report(
    fleet: Fleet, compared: list[dict[str, float]], card: dict[str, Any], shipped: HabitPrior
) -> str:
    """Tables for people: the terms, then the held-out drivers."""
    lines = [
        f"{card['drivers']['taught']} drivers taught, {card['drivers']['held_out']} held out.",
        "",
        "| offset | mean | SD of drivers | shipped | from day to day | shipped |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for i, name in enumerate(HABIT):
        terms = (
            np.sqrt(fleet.prior.between[i, i]),
            np.sqrt(shipped.between[i, i]),
            np.sqrt(fleet.prior.within[i, i]),
            np.sqrt(shipped.within[i, i]),
        )
        lines.append(
            f"| `{name}` | {fleet.mean[i]:+.1f} | " + " | ".join(f"{x:.1f}" for x in terms) + " |"
        )
    lines.append("")
    if not compared:
        return "\n".join(
            [*lines, f"Fewer than {LEAST_DRIVERS} drivers held out: nothing is compared."]
        )
    lines += [
        "| held out, tellings before | drivers | fore-aft RMSE, shipped | candidate "
        "| inside 80 %, shipped | candidate |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {row['tellings']:.0f} | {row['drivers']:.0f} | {row['shipped_rmse_mm']:.1f} | "
        f"{row['candidate_rmse_mm']:.1f} | {row['shipped_inside']:.0%} | "
        f"{row['candidate_inside']:.0%} |"
        for row in compared
    ]
    return "\n".join(lines)
