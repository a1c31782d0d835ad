"""Calibrate what photos say of lengths, on rendered people of known skeleton and on real ones.

Reads folders that ``training.people`` wrote (photos and ``truth.jsonl``; persons that the skeleton
network was not trained on), looks at every person as the measure function would, with and without
the focal length and the pitch that a phone may tell. Then reads photos of real people of known
height (``--people``: the CSV files of ``hypermob validate``), whose lengths nobody knows. It
learns from what must hold for any population how wrong both witnesses are on them, and how to tell
such photos from those that the networks learned from. Writes
``container/bodyscan/calibration.json``. ``training/skeleton/README.md`` has the commands that the
committed one came from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bodyscan import lengths, skeleton
from bodyscan.lengths import (
    DISTRUST,
    LANDMARK_VARIANCE,
    LEAST_DOUBT,
    MOST_SHARED,
    SEGMENTS,
    SHIFT_SD,
    Observation,
    View,
)
from chalicelib import body_prior
from chalicelib.errors import HypermobError
from training import real, rendered
from training.real import RealPhoto, both_seen
from training.rendered import Truth

VERSION = "3"

GAP_QUANTILE = 0.99
"""Share of photos whose two witnesses differ less than the limit, beyond which they are refused."""
JOINT_QUANTILE = 0.95
"""Share of joints that two witnesses see less apart than the limit from which they are doubted."""
LEAST_ERROR_SCALE = 0.5
"""No witness is taken to be surer on real people than this share of its error on rendered ones."""
KNOWN_ODDS = 1 / 5
"""That a photo which tells nothing of itself is like those that the networks learned from: most
are not."""
FREEDOM = 1.0
"""Inverse of the L2 penalty on telling real photos from rendered ones by their traits."""
TOLD = ((False, False), (True, False), (False, True), (True, True))
"""Whether focal length and pitch are known."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One rendered photo: what was seen (by `Observation.kind`), or why it was refused."""

    truth: Truth
    observations: dict[str, Observation]
    refusal: str | None = None

    @property
    def view(self) -> View:
        """The view that the photo shows."""
        return rendered.view_of(self.truth)

    @property
    def true_cm(self) -> Array:
        """Lengths, shape (5,)."""
        return np.array([self.truth["lengths_cm"][s]["mean"] for s in SEGMENTS])

    @property
    def true_percent(self) -> Array:
        """Lengths in percent of the height, shape (5,)."""
        return 100 * self.true_cm / float(self.truth["height_cm"])

    @property
    def with_exif(self) -> Observation:
        """The observation with what the photo itself tells."""
        return self.observations[self.view + ("+focal" if self.truth["camera"]["exif"] else "")]


def look(folder: Path, truth: Truth) -> Case:
    """Look at one rendered photo as the measure function would."""
    try:
        # Edges would make a camera known that is told to nobody here.
        prepared = rendered.prepare(folder, truth).without_edges()
        log_focal = rendered.true_log_focal(truth, prepared)
        pitch_rad = rendered.told_pitch_rad(truth)
        skeletons = {
            focal: prepared.skeleton(log_focal if focal else None) for focal in (False, True)
        }
        observations = [
            prepared.observe(
                skeletons[focal], log_focal if focal else None, pitch_rad if pitch else None
            )
            for focal, pitch in TOLD
        ]
    except HypermobError as error:
        return Case(truth, {}, rendered.refusal(error))
    return Case(truth, {observation.kind: observation for observation in observations})


def calibrate(cases: list[Case]) -> dict[str, Any]:
    """Offset, slope and error of every kind of observation; what two photos' errors share."""
    kinds: dict[str, Any] = {}
    whitened: dict[View, dict[int, list[Array]]] = {"front": {}, "side": {}}
    for kind in sorted({kind for case in cases for kind in case.observations}):
        of_kind = [case for case in cases if kind in case.observations]
        observations = [case.observations[kind] for case in of_kind]
        true = np.array([case.true_percent for case in of_kind])
        gaps = _gaps(np.array([o.gap for o in observations]))
        seen_by = [both_seen(observation) for observation in observations]
        networks = [each for each, _ in seen_by]
        doubt = np.sqrt(np.array([each.doubt for each in networks]) ** 2 + LEAST_DOUBT**2)
        line, error = _line(np.array([each.lengths for each in networks]), true, doubt)
        seen = np.array([each.lengths for _, each in seen_by])
        landmark_line, _ = _line(seen, true, np.ones_like(seen))
        kinds[kind] = {
            "photos": len(of_kind),
            "networks": line,
            "landmarks": landmark_line,
            "gaps": gaps,
            **_sides("side", of_kind, [o.networks.limbs for o in observations], observations),
            **_sides("landmark_side", of_kind, [o.landmarks.limbs for o in observations], None),
        }
        if kind.endswith("+focal"):
            root = np.linalg.cholesky(np.array(line["error_cov"]))
            for case, row in zip(of_kind, np.linalg.solve(root, error.T).T, strict=True):
                whitened[case.view].setdefault(case.truth["seed"], []).append(row)
    return {"kinds": kinds, "shared_error": _shared(whitened)}


def _gaps(gaps: Array) -> dict[str, Any]:
    """How two witnesses differ, (n, 12, 2), on photos that are good."""
    offset, sd = gaps.mean(axis=0), gaps.std(axis=0)
    in_sd = ((gaps - offset) / sd) ** 2
    joints = np.quantile(np.sqrt(in_sd.mean(axis=2)), JOINT_QUANTILE, axis=0)
    return {
        "offset": offset.round(3).tolist(),
        "sd": sd.round(3).tolist(),
        "joint_limit": joints.round(3).tolist(),
        "limit": round(float(np.quantile(np.sqrt(in_sd.mean(axis=(1, 2))), GAP_QUANTILE)), 3),
    }


def _sides(
    name: str, cases: list[Case], limbs: list[Array], observations: list[Observation] | None
) -> dict[str, Any]:
    """Left less right as a witness sees it, less the truth: its middle, and its SD in doubts."""
    true_cm = np.array(
        [
            [case.truth["lengths_cm"][limb][side] for limb in lengths.LIMBS for side in SIDES]
            for case in cases
        ]
    ).reshape(len(cases), len(lengths.LIMBS), len(SIDES))
    heights = np.array([float(case.truth["height_cm"]) for case in cases])
    true = 100 * (true_cm[..., 0] - true_cm[..., 1]) / heights[:, None]
    off = np.array(limbs)[..., 0] - np.array(limbs)[..., 1] - true
    variances = [LANDMARK_VARIANCE] * len(cases)
    if observations is not None:
        variances = [o.joint_variance for o in observations]
    doubt = np.sqrt([lengths.limb_variances(each).sum(axis=1) for each in variances])
    middle = np.median(off, axis=0)
    return {
        f"{name}_offset": middle.round(4).tolist(),
        f"{name}_sd": ((off - middle) / doubt).std(axis=0).round(4).tolist(),
    }


SIDES = ("left", "right")


def _line(seen: Array, true: Array, doubt: Array) -> tuple[dict[str, Any], Array]:
    """Weighted least squares: offset, slope and error covariance; the errors in units of doubt."""
    design = np.column_stack([np.ones(len(true)), true])
    fitted = np.column_stack(
        [
            np.linalg.lstsq(design / doubt[:, [k]], seen[:, k] / doubt[:, k], rcond=None)[0]
            for k in range(len(SEGMENTS))
        ]
    )
    error = (seen - design @ fitted) / doubt
    return {
        "offset": fitted[0].round(4).tolist(),
        "slope": fitted[1:].T.round(4).tolist(),
        "error_cov": (error.T @ error / (len(error) - len(SEGMENTS) - 1)).round(5).tolist(),
    }, error


def learn_world(cases: list[Case], photos: list[RealPhoto]) -> dict[str, Any]:
    """What photos of real people are like, by what must hold for any population.

    On average people of one height measure what their height says (but for a shift of their own,
    `SHIFT_SD`), and they vary as people do; the rest of what is seen is the witness's error. A
    person's photos count as one.
    """
    by_people: dict[str, dict[str, list[RealPhoto]]] = {}
    for photo in photos:
        by_people.setdefault(photo.people, {}).setdefault(photo.person, []).append(photo)
    off = [
        np.array([np.mean([_off(p) for p in each], axis=0) for each in persons.values()])
        for persons in by_people.values()
    ]
    means = [each.mean(axis=0) for each in off]
    apart = np.concatenate([each - mean for each, mean in zip(off, means, strict=True)])
    cov = apart.T @ apart / (len(apart) - len(off))
    # A collection's own shift is as much a part of its mean's doubt as the scatter of its persons.
    weights = [1 / (SHIFT_SD**2 + np.diag(cov) / len(each)) for each in off]
    gaps = np.array([p.observation.gap for p in photos])
    return {
        "people": {name: len(persons) for name, persons in by_people.items()},
        "photos": len(photos),
        "offset": np.average(means, axis=0, weights=weights).round(3).tolist(),
        "offset_by_people": {
            name: mean.round(2).tolist() for name, mean in zip(by_people, means, strict=True)
        },
        "spread": np.sqrt(np.diag(cov)).round(3).tolist(),
        "usual_doubt": _usual_doubt(photos).round(4).tolist(),
        "error_cov": _error_cov(cov, photos).round(5).tolist(),
        "gaps": _gaps(gaps),
        **_tell_apart(cases, photos),
    }


def _off(photo: RealPhoto) -> Array:
    """What both witnesses see, (10,), less what they would of an ordinary body if rendered."""
    known = lengths.calibration(photo.observation.kind)
    return np.concatenate(
        [
            seen.lengths - line.offset - line.slope @ photo.usual_percent
            for seen, line in zip(
                both_seen(photo.observation), (known.networks, known.landmarks), strict=True
            )
        ]
    )


def _usual_doubt(photos: list[RealPhoto]) -> Array:
    """The networks' doubt of each length on real people, (5,)."""
    doubt = np.array([both_seen(photo.observation)[0].doubt for photo in photos])
    return np.asarray(np.sqrt(np.median(doubt, axis=0) ** 2 + LEAST_DOUBT**2))


def _error_cov(cov: Array, photos: list[RealPhoto]) -> Array:
    """The witnesses' errors, (10, 10): of what is seen, ``cov``, the rest beside people's spread.

    People's own spread and the camera's misjudged height make up a part of it. No error is taken
    to be smaller than `LEAST_ERROR_SCALE` of that on rendered people.
    """
    size = len(SEGMENTS)
    own = np.zeros_like(cov)
    least = np.zeros_like(cov)
    usual_doubt = _usual_doubt(photos)
    for photo in photos:
        known = lengths.calibration(photo.observation.kind)
        usual = body_prior.conditional(photo.height_cm, photo.sex)
        slope = np.vstack([known.networks.slope, known.landmarks.slope])
        tilt = photo.observation.camera_sd_deg * np.tile(photo.observation.tilt, 2)
        spread = usual.cov_cm2 * (100 / photo.height_cm) ** 2
        own += (slope @ spread @ slope.T + np.outer(tilt, tilt)) / len(photos)
        networks = usual_doubt[:, None] * known.networks.error_cov * usual_doubt
        least[:size, :size] += networks / len(photos)
        least[size:, size:] += known.landmarks.error_cov / len(photos)
    root = np.linalg.cholesky(least)
    whitened = np.linalg.solve(root, np.linalg.solve(root, cov - own).T)
    values, vectors = np.linalg.eigh((whitened + whitened.T) / 2)
    vectors = root @ vectors
    left = (vectors * np.maximum(values, LEAST_ERROR_SCALE**2)) @ vectors.T
    return np.asarray(DISTRUST**2 * left)


def _tell_apart(cases: list[Case], photos: list[RealPhoto]) -> dict[str, Any]:
    """Weights of `Observation.traits` in the log odds that the networks know such a photo."""
    known = [case.with_exif.traits for case in cases if case.view == "front" and not case.refusal]
    traits = np.array([*known, *(photo.observation.traits for photo in photos)])
    is_known = np.arange(len(traits)) < len(known)
    # Rendered and real weigh the same, and of the real ones every collection.
    people = [photo.people for photo in photos]
    share = [1 / (len(set(people)) * people.count(name)) for name in people]
    weight = len(photos) * np.array([*np.full(len(known), 1 / len(known)), *share])
    telling = make_pipeline(StandardScaler(), LogisticRegression(C=FREEDOM, max_iter=5000))
    telling.fit(traits, is_known, logisticregression__sample_weight=weight)
    scaler, logistic = telling[0], telling[1]
    weights = logistic.coef_[0] / scaler.scale_
    bias = logistic.intercept_[0] - weights @ scaler.mean_ + np.log(KNOWN_ODDS)
    return {"weights": weights.round(4).tolist(), "bias": round(float(bias), 4)}


def _shared(whitened: dict[View, dict[int, list[Array]]]) -> dict[str, Any]:
    fronts, sides = whitened["front"], whitened["side"]
    pairs = [np.outer(a, b) for rows in fronts.values() for a, b in combinations(rows, 2)]
    same = np.mean(pairs, axis=0)
    # Symmetric, and between none and most, so that any number of photos has a valid covariance.
    values, vectors = np.linalg.eigh((same + same.T) / 2)
    same = (vectors * values.clip(0.0, MOST_SHARED)) @ vectors.T
    pairs = [np.outer(a, b) for seed in sides for a in fronts.get(seed, []) for b in sides[seed]]
    left, values, right = np.linalg.svd(np.mean(pairs, axis=0))
    across = (left * values.clip(0.0, MOST_SHARED)) @ right
    # Nobody here has two side photos: they are taken to tell as little more as can be.
    twice = MOST_SHARED * np.eye(len(SEGMENTS))
    return {
        "front front": same.round(4).tolist(),
        "front side": across.round(4).tolist(),
        "side side": twice.tolist(),
    }


def figures(cases: list[Case]) -> dict[str, float]:
    """How wrong front photos are on the people that were calibrated on, and their intervals.

    ``interval_scale`` is how much wider than stated the errors are: their 95 % quantile over the
    interval's half-width.
    """
    found, true = [], []
    for case in cases:
        if case.view == "front" and case.refusal is None:
            try:
                found.append(lengths.estimate([case.with_exif], case.truth["height_cm"]))
                true.append(case.true_cm)
            except HypermobError:
                continue  # refused after all: it has no interval
    sd = np.array([np.sqrt(np.diag(f.cov_cm2)) for f in found])
    errors = np.abs(np.array([f.mean_cm for f in found]) - true)
    quantile = float(np.quantile(errors / sd, 0.95))
    return {
        "fronts": len(found),
        "mean_absolute_error_cm": round(float(errors.mean()), 3),
        "interval_scale": round(quantile / lengths.NORMAL_95, 3),
    }


def networks() -> dict[str, str]:
    """SHA-256 of the networks that were looked through."""
    files = skeleton.SKELETON_NETWORK, skeleton.JOINT_NETWORK
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def write(document: dict[str, Any]) -> None:
    """Write the calibration, and have this process read it."""
    lengths.CALIBRATION.write_text(json.dumps(document) + "\n")
    lengths.forget_calibration()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("renders", nargs="+", type=Path)
    parser.add_argument("--people", nargs="+", type=Path, required=True, help="CSV of real people")
    parser.add_argument("-j", type=int, default=1, dest="processes", help="processes")
    arguments = parser.parse_args()
    known_world = json.loads(lengths.CALIBRATION.read_text())["world"]
    cases = [
        case
        for folder in arguments.renders
        for case in rendered.every(folder, look, arguments.processes)
    ]
    seeds = sorted({case.truth["seed"] for case in cases})
    document = {
        "version": VERSION,
        "segments": list(SEGMENTS),
        "renderer": sorted({case.truth["renderer"] for case in cases}),
        "people": len(seeds),
        "seeds": [seeds[0], seeds[-1]],
        "networks": networks(),
        "interval_scale": 1.0,
        **calibrate(cases),
    }
    # Which real photos are clear enough to learn from is judged by what was known of them before.
    write(document | {"world": known_world})
    photos = [p for people in arguments.people for p in real.fronts(people, arguments.processes)]
    document["world"] = learn_world(cases, photos)
    write(document)
    found = figures(cases)
    write(document | {"interval_scale": found.pop("interval_scale"), "figures": found})
    refused = [case for case in cases if case.refusal]
    Console().print(
        f"{len(cases) - len(refused)} photos of {len(seeds)} people, {len(refused)} refused;",
        found,
    )


if __name__ == "__main__":
    main()
