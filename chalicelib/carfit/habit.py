"""A driver's own habit: what the settings that a driver kept tell of it, in any car.

Two drivers of one body differ in where they sit. The habit is a vector of seven offsets
(`HABIT`) from the mean driver of that body. It is normal between drivers (``between``); in each car
it lies a little elsewhere (``car``), and from one day to the next too (``within``). A told setting
is a linear view of the sum of the three, so the update is the closed form of a Gaussian process:
inspectable, and numpy alone.

- *Outliers*: each telling is the driver's own or, with `FOREIGN_SHARE`, somebody else's. How likely
  each is, given all the others, is the telling's trust, and divides its noise.
- *Forgetting*: a habit drifts; what was told ``FORGETTING_DAYS`` ago counts for little.
- *Travels*: a seat at the end of its travel tells "at least this".
- *Two habits*: where two groups of tellings explain each other far better apart, nobody is guessed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from math import erfc, exp, pi, sqrt
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

HABIT: Final = (
    "leg_mm",
    "trunk_deg",
    "arm_mm",
    "seat_height_mm",
    "wheel_height_mm",
    "eye_x_mm",
    "eye_z_mm",
)
"""The offsets from the mean driver of that body, in that car: hip to ankle (the knee), recline,
shoulder to wheel (the elbow), H-point's height and wheel's height above the H-point. The last two
are how far the eye lies aft and above on the same trunk, which mirrors and head-up display
follow."""

FOREIGN_SHARE: Final = 0.05
"""The share of tellings that come from another person, a car wash or a slip (assumed)."""
FOREIGN_SPREAD: Final = 2.0
"""How much wider than a driver's own such tellings lie, in variance: they have other bodies too
(36 mm of habit beside some 30 mm of stature; assumed)."""
FORGETTING_DAYS: Final = 3650.0
"""A habit a year old still correlates .9 with today's: it has moved by some 15 mm (assumed)."""
TRUST_PASSES: Final = 8
LEAST_TRUST: Final = 1e-3
MOST_TELLINGS: Final = 24
"""So many are learned from, the newest of each car first: enough to know a habit to its daily
scatter."""
TWO_HABITS_LOG_ODDS: Final = 6.0
"""From how much evidence on (natural logarithm, about 400 to 1) two groups are two habits."""
LEAST_OF_A_HABIT: Final = 2
LEAST_SHARE_OF_A_HABIT: Final = 0.2
"""Fewer tellings, or a smaller share of all, are outliers, not a second driver."""

FILE: Final = Path(__file__).with_name("habit.json")


@dataclass(frozen=True)
class HabitPrior:
    """How drivers differ, each matrix shape (7, 7), columns as in `HABIT`.

    ``between`` drivers; of one driver from ``car`` to car; and ``within`` a driver and car from one
    telling to the next.
    """

    between: Array
    car: Array
    within: Array

    @property
    def total(self) -> Array:
        """The covariance of single settings of many drivers: the 80 % bands of an unknown
        driver."""
        return self.between + self.car + self.within

    def arrays(self) -> dict[str, Array]:
        """As a model's file holds them."""
        return {f"habit_{name}": getattr(self, name) for name in ("between", "car", "within")}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> "HabitPrior | None":
        """Read the prior from a model's file; None where the file holds none."""
        names = [f"habit_{name}" for name in ("between", "car", "within")]
        return cls(*(arrays[name] for name in names)) if names[0] in arrays else None


@dataclass(frozen=True)
class Told:
    """One telling as a linear view of the habit: ``values`` = ``view`` @ habit + noise.

    Attributes
    ----------
    car : int
        Tellings of one car share its number.
    days_ago : float
    view, values, noise_sd : ndarray
        Shapes (m, 7), (m,), (m,): how each setting follows from the habit, what it tells, and its
        own error beside the driver's.
    beyond : ndarray
        Shape (m,): 1 where the setting stands at the high end of its travel and tells "at least",
        -1 at the low end, else 0.
    looseness : float
        Times the driver's own variance from telling to telling: 1 for what was kept.
    """

    car: int
    days_ago: float
    view: Array
    values: Array
    noise_sd: Array
    beyond: Array
    looseness: float = 1.0


@dataclass(frozen=True)
class Learned:
    """What is known of a driver's habit in one car.

    Attributes
    ----------
    mean : ndarray
        Shape (7,), columns as in `HABIT`: where the driver will sit.
    habit_cov, next_cov : ndarray
        Shape (7, 7): what is not known of the habit in that car, and of where the driver next
        sits there: with the daily scatter.
    trust : tuple of float
        Of each telling, 0 to 1: how likely it is the driver's own.
    two_habits : bool
        The tellings look like those of two drivers: ``mean`` is then 0 and nothing is learned.
    """

    mean: Array
    habit_cov: Array
    next_cov: Array
    trust: tuple[float, ...]
    two_habits: bool = False


@cache
def bundled_prior() -> HabitPrior:
    """Return the prior that ships with the code, read once."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return HabitPrior(*(np.array(found[name]) for name in ("between", "car", "within")))


def learn(told: Sequence[Told], car: int, prior: HabitPrior) -> Learned:
    """Learn a driver's habit in a car from all that was told.

    Parameters
    ----------
    told : sequence of Told
    car : int
        The car that is asked for; a number that no telling has is a new car.
    prior : HabitPrior

    Returns
    -------
    Learned
        With nothing told, the prior: mean 0, ``next_cov`` the prior's total.
    """
    if not told:
        habit_cov = prior.between + prior.car
        return Learned(np.zeros(len(HABIT)), habit_cov, prior.total, ())
    told = beyond_travels(told, prior)
    views = [_condensed(each) for each in told]
    trust = _trust(views, prior)
    if _are_two_habits(views, prior):
        habit_cov = prior.between + prior.car
        nothing = (0.0,) * len(told)
        return Learned(np.zeros(len(HABIT)), habit_cov, prior.total, nothing, two_habits=True)
    mean, cov = _posterior(views, trust, car, prior)
    return Learned(mean, cov, cov + prior.within, tuple(float(each) for each in trust))


def most_telling(cars: Sequence[int], days_ago: Sequence[float]) -> list[int]:
    """Which tellings to learn from, at most `MOST_TELLINGS`: of each car the newest first."""
    newest = sorted(range(len(cars)), key=lambda i: days_ago[i])
    seen: dict[int, int] = {}
    ranked = []
    for i in newest:
        seen[cars[i]] = seen.get(cars[i], 0) + 1
        ranked.append((seen[cars[i]], days_ago[i], i))
    return sorted(i for _, _, i in sorted(ranked)[:MOST_TELLINGS])


def _condensed(told: Told) -> Told:
    """The same telling in at most seven rows of unit noise: nothing of the habit is lost."""
    scaled = np.column_stack([told.view, told.values]) / told.noise_sd[:, np.newaxis]
    if len(scaled) > len(HABIT):
        scaled = np.linalg.qr(scaled, mode="r")[: len(HABIT)]
    rows = len(scaled)
    return replace(
        told,
        view=scaled[:, :-1],
        values=scaled[:, -1],
        noise_sd=np.ones(rows),
        beyond=np.zeros(rows),
    )


def _starts(told: Sequence[Told]) -> list[slice]:
    ends = np.cumsum([0, *(len(each.values) for each in told)]).tolist()
    return [slice(a, b) for a, b in pairwise(ends)]


def _own(told: Told, trust: float, prior: HabitPrior) -> Array:
    """Covariance of what is a telling's own: the day's scatter and the settings' errors."""
    within = told.looseness * prior.within
    return np.asarray(
        (told.view @ within @ told.view.T + np.diag(told.noise_sd**2)) / max(trust, LEAST_TRUST)
    )


def _covariance(told: Sequence[Told], trust: Array, prior: HabitPrior) -> Array:
    """Covariance of all that was told, under one driver."""
    view = np.vstack([each.view for each in told])
    rows = [len(each.values) for each in told]
    days = np.repeat([each.days_ago for each in told], rows)
    cars = np.repeat([each.car for each in told], rows)
    kept = np.exp(-np.abs(days[:, np.newaxis] - days) / FORGETTING_DAYS)
    found: Array = kept * (view @ prior.between @ view.T)
    found += (cars[:, np.newaxis] == cars) * (view @ prior.car @ view.T)
    for each, at, share in zip(told, _starts(told), trust, strict=True):
        found[at, at] += _own(each, float(share), prior)
    return found


def _posterior(
    told: Sequence[Told], trust: Array, car: int, prior: HabitPrior
) -> tuple[Array, Array]:
    """Mean and covariance of the habit in a car today."""
    covariance = _covariance(told, trust, prior)
    cross = np.vstack(
        [
            each.view
            @ (
                exp(-each.days_ago / FORGETTING_DAYS) * prior.between
                + (each.car == car) * prior.car
            )
            for each in told
        ]
    )
    gain = np.linalg.solve(covariance, cross).T
    mean = gain @ np.concatenate([each.values for each in told])
    cov = prior.between + prior.car - gain @ cross
    return mean, (cov + cov.T) / 2.0


def _trust(told: Sequence[Told], prior: HabitPrior) -> Array:
    """How likely each telling is the driver's own, given all the others."""
    values = np.concatenate([each.values for each in told])
    trust = np.ones(len(told))
    for _ in range(TRUST_PASSES):
        inverse = np.linalg.inv(_covariance(told, trust, prior))
        pulled = inverse @ values
        for i, (each, at) in enumerate(zip(told, _starts(told), strict=True)):
            left_out = np.linalg.inv(inverse[at, at])
            off = left_out @ pulled[at]
            own = _own(each, 1.0, prior)
            expected = left_out - _own(each, float(trust[i]), prior) + own
            anybody = own + FOREIGN_SPREAD * each.view @ (prior.between + prior.car) @ each.view.T
            odds = FOREIGN_SHARE / (1.0 - FOREIGN_SHARE)
            odds *= exp(min(_log_density(each.values, anybody) - _log_density(off, expected), 50.0))
            # Half-way: two that contradict each other would else be trusted in turns.
            trust[i] = 0.5 * (trust[i] + 1.0 / (1.0 + odds))
    return trust


def _are_two_habits(told: Sequence[Told], prior: HabitPrior) -> bool:
    """Whether two drivers explain the tellings far better than one."""
    if len(told) < 2 * LEAST_OF_A_HABIT:
        return False
    everything = np.ones(len(told))
    whole = _log_density(
        np.concatenate([each.values for each in told]), _covariance(told, everything, prior)
    )
    # Where each telling alone puts the habit: the two furthest apart start the groups.
    alone = np.array([_posterior([each], np.ones(1), each.car, prior)[0] for each in told])
    scale = np.linalg.inv(np.linalg.cholesky(prior.within + 0.1 * prior.car))
    points = alone @ scale.T
    apart = np.linalg.norm(points[:, np.newaxis] - points, axis=2)
    middles = points[list(np.unravel_index(np.argmax(apart), apart.shape))]
    group = np.zeros(len(told), dtype=int)
    for _ in range(TRUST_PASSES):
        group = np.argmin(np.linalg.norm(points[:, np.newaxis] - middles, axis=2), axis=1)
        if len(set(group.tolist())) < 2:
            return False
        middles = np.array([points[group == k].mean(axis=0) for k in (0, 1)])
    counts = np.bincount(group, minlength=2)
    if counts.min() < max(LEAST_OF_A_HABIT, LEAST_SHARE_OF_A_HABIT * len(told)):
        return False
    split = 0.0
    for k in (0, 1):
        some = [each for each, of in zip(told, group, strict=True) if of == k]
        values = np.concatenate([each.values for each in some])
        split += _log_density(values, _covariance(some, np.ones(len(some)), prior))
    # Who belongs to which group was chosen by looking: each choice costs a factor of two.
    return bool(split - whole - len(told) * np.log(2.0) > TWO_HABITS_LOG_ODDS)


def beyond_travels(told: Sequence[Told], prior: HabitPrior) -> list[Told]:
    """Put the wish in place of a setting that its travel ended.

    What the other settings lead to expect, beyond the end, is the wish; how unsure that is becomes
    the setting's error.
    """
    if not any(np.any(each.beyond) for each in told):
        return list(told)
    free = []
    for each in told:
        inside = each.beyond == 0.0
        free.append(
            replace(
                each,
                view=each.view[inside],
                values=each.values[inside],
                noise_sd=each.noise_sd[inside],
                beyond=each.beyond[inside],
            )
        )
    known = [_condensed(each) for each in free if len(each.values)]
    found = []
    for each in told:
        mean, cov = np.zeros(len(HABIT)), prior.between + prior.car
        if known:
            mean, cov = _posterior(known, np.ones(len(known)), each.car, prior)
        cov = cov + prior.within
        values, noise = each.values.copy(), each.noise_sd.copy()
        for i in np.flatnonzero(each.beyond).tolist():
            side, row = float(each.beyond[i]), each.view[i]
            expected, sd = float(row @ mean), sqrt(float(row @ cov @ row) + noise[i] ** 2)
            wish, spread = _truncated(side * (expected - values[i]) / sd)
            values[i] += side * sd * wish
            noise[i] = sqrt(noise[i] ** 2 + (sd * spread) ** 2)
        found.append(replace(each, values=values, noise_sd=noise))
    return found


def _truncated(ahead: float) -> tuple[float, float]:
    """Mean and SD, in SD, beyond 0 of a normal whose mean lies ``ahead`` of 0."""
    if ahead < -6.0:  # beyond it nobody is expected: the end itself
        return 0.0, 0.0
    density = exp(-0.5 * ahead**2) / sqrt(2.0 * pi)
    hazard = density / (0.5 * erfc(-ahead / sqrt(2.0)))
    variance = 1.0 - hazard * (hazard + ahead)
    return ahead + hazard, sqrt(max(variance, 0.0))


def _log_density(values: Array, covariance: Array) -> float:
    root = np.linalg.cholesky(covariance)
    scaled = np.linalg.solve(root, values)
    return float(
        -0.5 * scaled @ scaled - np.log(np.diag(root)).sum() - 0.5 * len(values) * np.log(2.0 * pi)
    )
