"""What a validation computes: people are the units, and height alone is always beside.

Deviations are lengths less those of height alone (`chalicelib.body_prior.conditional`), in cm of a
person of `REFERENCE_CM`: lengths are proportional to the height, so an assumed one does little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib import body_prior
from hypermob.tables import SUMS
from hypermob.validation.photos import LENGTHS, MEASURED, Photo

REFERENCE_CM: Final = 170.0
"""Deviations are told for a person of this height."""
NORMAL_95: Final = 1.96
FEW: Final = 3
"""Figures of fewer people than this are no evidence, and marked."""
DETECTED_SE: Final = 2.8
"""A bias of this many standard errors is found 4 times in 5 (two-sided test at 5 %)."""

Array = npt.NDArray[np.float64]

_PARTS: Final = {"arm": SUMS["arm"], "leg": SUMS["leg"]}
_SUM: Final = np.array(
    [[float(part in _PARTS.get(name, (name,))) for part in body_prior.SEGMENTS] for name in LENGTHS]
)
"""From five segments to all lengths, shape (7, 5)."""


@dataclass(frozen=True)
class Body:
    """One person: means over the photos that count, each of shape (7,), in the order of `LENGTHS`.

    ``tape_cm`` is NaN where no tape told. ``deviation_cm`` and ``population_sd_cm`` are at
    `REFERENCE_CM`.
    """

    photos: Sequence[Photo]
    measured_cm: Array
    alone_cm: Array
    alone_sd_cm: Array
    deviation_cm: Array
    population_sd_cm: Array
    tape_cm: Array


def lengths_cm(photo: Photo) -> Array:
    """Measured lengths, shape (7,)."""
    assert photo.answer is not None  # noqa: S101
    segments = photo.answer["segments"]
    lengths: Array = _SUM @ np.array([float(segments[name]) for name in body_prior.SEGMENTS])
    return lengths


def height_alone(photo: Photo) -> tuple[Array, Array]:
    """Mean and SD of the lengths of people of that height and sex, each of shape (7,)."""
    prior = body_prior.conditional(photo.height_cm, photo.sex)
    return _SUM @ prior.mean_cm, np.sqrt(np.diagonal(_SUM @ prior.cov_cm2 @ _SUM.T))


def deviation_cm(photo: Photo) -> Array:
    """Measured less height alone, at `REFERENCE_CM`, shape (7,)."""
    return (lengths_cm(photo) - height_alone(photo)[0]) * REFERENCE_CM / photo.height_cm


def bodies(photos: Sequence[Photo]) -> list[Body]:
    """People with at least one photo that counts."""
    of_person: dict[tuple[str, str], list[Photo]] = {}
    for photo in photos:
        of_person.setdefault((photo.collection, photo.person), []).append(photo)
    return [
        _body(taken, of_person[who])
        for who, every in of_person.items()
        if (taken := [photo for photo in every if photo.counts])
    ]


def _body(photos: Sequence[Photo], every: Sequence[Photo]) -> Body:
    alone = [height_alone(photo) for photo in photos]
    scale = np.array([REFERENCE_CM / photo.height_cm for photo in photos])[:, None]
    sd_cm = np.array([sd for _, sd in alone])
    tape = [[p.tape_cm[name] for p in every if name in p.tape_cm] for name in LENGTHS]
    return Body(
        photos=photos,
        measured_cm=np.mean([lengths_cm(photo) for photo in photos], axis=0),
        alone_cm=np.mean([mean for mean, _ in alone], axis=0),
        alone_sd_cm=sd_cm.mean(axis=0),
        deviation_cm=np.mean([deviation_cm(photo) for photo in photos], axis=0),
        population_sd_cm=(scale * sd_cm).mean(axis=0),
        tape_cm=np.array([np.mean(told) if told else np.nan for told in tape]),
    )


# --- one group of people ------------------------------------------------------------------------


def deviation(people: Sequence[Body]) -> dict[str, Any]:
    """Mean of the deviations with its standard error, and their spread beside the population's.

    ``detectable_cm`` is the least bias that so many people show 4 times in 5.
    """
    off = np.array([body.deviation_cm for body in people])
    population = np.array([body.population_sd_cm for body in people])
    found = {}
    for index, name in enumerate(LENGTHS):
        mean, se = mean_se(off[:, index])
        found[name] = {
            "people": len(people),
            "mean_cm": mean,
            "se_cm": se,
            "detectable_cm": None if se is None else DETECTED_SE * se,
            "spread_sd_cm": None if len(people) < 2 else float(off[:, index].std(ddof=1)),
            "population_sd_cm": float(np.sqrt(np.mean(population[:, index] ** 2))),
        }
    return found


def agreement(people: Sequence[Body]) -> dict[str, Any]:
    """How far two photos of one person are apart: in the same clothes and place, and in others.

    Pairs are averaged in each person first. Two measurements of one file are no pair.
    """

    def same(one: Photo, other: Photo) -> bool:
        return (one.clothes, one.place) == (other.clothes, other.place)

    found = {}
    for name, wanted in (("same", True), ("other", False)):
        apart, pairs = [], 0
        for body in people:
            each = [
                np.abs(deviation_cm(one) - deviation_cm(other))
                for one, other in combinations(body.photos, 2)
                if one.photo != other.photo and same(one, other) is wanted
            ]
            if each:
                apart.append(np.mean(each, axis=0))
                pairs += len(each)
        segments = np.array(apart).reshape(-1, len(LENGTHS))[:, : len(body_prior.SEGMENTS)]
        mean, se = mean_se(segments.mean(axis=1))
        found[name] = {
            "people": len(apart),
            "pairs": pairs,
            "mean_cm": mean,
            "se_cm": se,
            "by_length_cm": {
                length: mean_se(np.array([each[index] for each in apart]))[0]
                for index, length in enumerate(LENGTHS)
            },
        }
    return found


def against_tape(people: Sequence[Body]) -> dict[str, Any]:
    """Errors against a tape, by length: of the photo, and of height alone treated the same.

    ``raw``, and from `FEW` people on ``offset_removed``: a tape's ends are not joint centres, so
    each length has one offset, taken for each person from all others. ``correlation`` is of the
    deviations from height alone: measured ones with the tape's, with its 95 % interval (Fisher).
    """
    found = {}
    for index, name in enumerate(LENGTHS):
        taped = [body for body in people if np.isfinite(body.tape_cm[index])]
        if not taped:
            continue
        tape = np.array([body.tape_cm[index] for body in taped])
        measured = np.array([body.measured_cm[index] for body in taped])
        alone = np.array([body.alone_cm[index] for body in taped])
        scale = np.array([REFERENCE_CM / body.photos[0].height_cm for body in taped])
        photo_off, alone_off = measured - tape, alone - tape
        found[name] = {
            "people": len(taped),
            "photos": sum(len(body.photos) for body in taped),
            "raw": _errors(photo_off, alone_off)
            | {
                "inside": _inside(taped, index, name, np.zeros(len(taped))),
                "height_alone_inside": _inside_alone(taped, index, alone_off),
            },
            "offset_cm": float(photo_off.mean()),
            "height_alone_offset_cm": float(alone_off.mean()),
            "offset_removed": None,
            "correlation": correlation(scale * (measured - alone), scale * (tape - alone)),
        }
        if len(taped) >= FEW:
            offsets, alone_offsets = of_others(photo_off), of_others(alone_off)
            found[name]["offset_removed"] = _errors(
                photo_off - offsets, alone_off - alone_offsets
            ) | {
                "inside": _inside(taped, index, name, offsets),
                "height_alone_inside": _inside_alone(taped, index, alone_off - alone_offsets),
            }
    return found


def of_others(offsets: Array) -> Array:
    """For each person the mean of all others' offsets.

    Examples
    --------
    >>> of_others(np.array([1.0, 2.0, 6.0])).tolist()
    [4.0, 3.5, 1.5]
    """
    return (offsets.sum() - offsets) / (len(offsets) - 1)


def _errors(photo_off: Array, alone_off: Array) -> dict[str, Any]:
    photo, photo_se = mean_se(np.abs(photo_off))
    alone, alone_se = mean_se(np.abs(alone_off))
    less, less_se = mean_se(np.abs(photo_off) - np.abs(alone_off))
    return {
        "mae_cm": photo,
        "se_cm": photo_se,
        "height_alone_mae_cm": alone,
        "height_alone_se_cm": alone_se,
        "photo_less_alone_cm": less,
        "photo_less_alone_se_cm": less_se,
    }


def _inside(people: Sequence[Body], index: int, name: str, offsets: Array) -> float | None:
    """Share of tape values, each plus its offset, in the 95 % intervals; persons weigh the same."""
    shares = []
    for body, offset in zip(people, offsets, strict=True):
        true_cm = body.tape_cm[index] + offset
        intervals = [p.answer["interval_95"].get(name) for p in body.photos if p.answer]
        held = [low <= true_cm <= high for low, high in filter(None, intervals)]
        if held:
            shares.append(np.mean(held))
    return float(np.mean(shares)) if shares else None


def _inside_alone(people: Sequence[Body], index: int, off: Array) -> float:
    sd_cm = np.array([body.alone_sd_cm[index] for body in people])
    return float((np.abs(off) <= NORMAL_95 * sd_cm).mean())


def correlation(one: Array, other: Array) -> dict[str, Any]:
    """Pearson's correlation, and its 95 % interval where there are more than three people."""
    count = len(one)
    if count < FEW or one.std() == 0.0 or other.std() == 0.0:
        return {"people": count, "r": None, "interval_95": None}
    r = float(np.corrcoef(one, other)[0, 1])
    if count == FEW:
        return {"people": count, "r": r, "interval_95": None}
    z, half = np.arctanh(np.clip(r, -0.999999, 0.999999)), NORMAL_95 / np.sqrt(count - 3)
    return {"people": count, "r": r, "interval_95": np.tanh([z - half, z + half]).tolist()}


def evidence(people: Sequence[Body]) -> dict[str, float] | None:
    """Mean share of each interval's variance that the photos removed; None where none is told."""
    told: dict[str, list[float]] = {}
    for body in people:
        each = [_evidence_of(photo) for photo in body.photos]
        for name in LENGTHS:
            shares = [float(shares[name]) for shares in each if name in shares]
            if shares:
                told.setdefault(name, []).append(float(np.mean(shares)))
    return {name: float(np.mean(shares)) for name, shares in told.items()} or None


def _evidence_of(photo: Photo) -> Mapping[str, Any]:
    assert photo.answer is not None  # noqa: S101
    return photo.answer["quality"].get("evidence") or {}


# --- all of them --------------------------------------------------------------------------------


def figures(photos: Sequence[Photo]) -> dict[str, Any]:
    """Every figure of a validation, as JSON values; figures are rounded to .001."""
    found = {
        "photos": len(photos),
        "people": len(bodies(photos)),
        "reference_cm": REFERENCE_CM,
        "answers": {name: verdict_counts(group) for name, group in _collections(photos).items()},
        "groups": {
            name: {
                "people": len(people),
                "photos": sum(len(body.photos) for body in people),
                "height_assumed": all(p.height_assumed for body in people for p in body.photos),
                "deviation": deviation(people),
                "agreement": agreement(people),
                "tape": against_tape(people),
                "evidence": evidence(people),
            }
            for name, group in _groups(photos).items()
            if (people := bodies(group))
        },
    }
    rounded: dict[str, Any] = _rounded(found)
    return rounded | {"rows": [_row(photo) for photo in photos]}  # answers as they came


def verdict_counts(photos: Sequence[Photo]) -> dict[str, Any]:
    """How many are measured, refused and why, beside what was expected."""
    tried = [photo for photo in photos if photo.tried]
    told = [photo for photo in tried if photo.right is not None]
    good = [photo for photo in told if photo.expected == (MEASURED,)]
    bad = [photo for photo in told if MEASURED not in photo.expected]
    refused = [photo for photo in bad if photo.verdict != MEASURED]
    return {
        "photos": len(photos),
        "tried": len(tried),
        "measured": sum(photo.verdict == MEASURED for photo in tried),
        "refused": _counted(photo.verdict for photo in tried if photo.verdict != MEASURED),
        "not_tried": _counted(photo.verdict for photo in photos if not photo.tried),
        "expected": len(told),
        "good": len(good),
        "good_refused": _counted(photo.verdict for photo in good if photo.verdict != MEASURED),
        "bad": len(bad),
        "bad_measured": _counted(
            " | ".join(photo.expected) for photo in bad if photo.verdict == MEASURED
        ),
        "bad_other_code": _counted(
            f"{' | '.join(photo.expected)}: {photo.verdict}" for photo in refused if not photo.right
        ),
    }


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _collections(photos: Sequence[Photo]) -> dict[str, list[Photo]]:
    found: dict[str, list[Photo]] = {}
    for photo in photos:
        found.setdefault(photo.collection, []).append(photo)
    return found


def _groups(photos: Sequence[Photo]) -> dict[str, list[Photo]]:
    """Collections, those of told and of assumed height apart; then men, women and everybody."""
    found: dict[str, list[Photo]] = {}
    for name, group in _collections(photos).items():
        found[name] = [photo for photo in group if not photo.height_assumed]
        found[f"{name}, height assumed"] = [photo for photo in group if photo.height_assumed]
    for name, sex in (("men", "male"), ("women", "female")):
        found[f"all {name}"] = [photo for photo in photos if photo.sex == sex]
    found["everybody"] = list(photos)
    filled = {name: group for name, group in found.items() if any(p.counts for p in group)}
    seen: set[frozenset[int]] = set()
    kept = {}
    for name, group in filled.items():
        counted = frozenset(id(photo) for photo in group if photo.counts)
        if counted not in seen:  # a group of the same photos says nothing new
            seen.add(counted)
            kept[name] = group
    return kept


def _row(photo: Photo) -> dict[str, Any]:
    row = {
        "collection": photo.collection,
        "person": photo.person,
        "photo": photo.photo,
        "verdict": photo.verdict,
        "expected": list(photo.expected),
        "right": photo.right,
    }
    if photo.answer is None:
        return row | {"error": dict(photo.error or {})}
    off = dict(zip(LENGTHS, deviation_cm(photo).tolist(), strict=True))
    told = {name: photo.answer[name] for name in ("segments", "interval_95", "quality")}
    return row | told | {"deviation_cm": _rounded(off), "tape_cm": dict(photo.tape_cm)}


def mean_se(values: Array) -> tuple[float | None, float | None]:
    """Mean and its standard error; None where there are too few values."""
    count = len(values)
    mean = float(np.mean(values)) if count else None
    return mean, float(np.std(values, ddof=1) / np.sqrt(count)) if count > 1 else None


def people_needed(bias_cm: float, sd_cm: float) -> int:
    """How many people show a bias of that size 4 times in 5, where deviations spread by ``sd_cm``.

    Examples
    --------
    >>> [people_needed(bias, 2.0) for bias in (2.0, 1.0, 0.5)]
    [8, 32, 126]
    """
    return ceil((DETECTED_SE * sd_cm / bias_cm) ** 2)


def _rounded(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _rounded(each) for name, each in tree.items()}
    if isinstance(tree, list | tuple):
        return [_rounded(each) for each in tree]
    return round(tree, 3) if isinstance(tree, float) else tree
