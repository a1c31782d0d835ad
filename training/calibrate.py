"""Calibrate what photos say of lengths against rendered people of known skeleton.

Reads folders that ``training.people`` wrote (photos and ``truth.jsonl``; persons that the skeleton
network was not trained on), looks at every person as the measure function would, with and without
the focal length and the pitch that a phone may tell, and writes
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

from bodyscan import lengths, skeleton
from bodyscan.lengths import SEGMENTS, Observation, View
from chalicelib.errors import HypermobError
from training import rendered
from training.rendered import Truth

VERSION = "2"

GAP_QUANTILE = 0.99
"""Of photos whose two networks differ less than the limit from which they are trusted less."""
MOST_SHARED = 0.9
"""Most that the errors of two photos are taken to share."""
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
    def told(self) -> Observation:
        """The observation with what the photo itself tells."""
        return self.observations[self.view + ("+focal" if self.truth["camera"]["exif"] else "")]


def look(folder: Path, truth: Truth) -> Case:
    """Look at one rendered photo as the measure function would."""
    try:
        sight = rendered.see(folder, truth)
    except HypermobError as error:
        return Case(truth, {}, rendered.refusal(error))
    log_focal = rendered.true_log_focal(truth, sight)
    pitch_rad = rendered.told_pitch_rad(truth)
    skeletons = {focal: sight.skeleton(log_focal if focal else None) for focal in (False, True)}
    observations = [
        sight.observe(skeletons[focal], log_focal if focal else None, pitch_rad if pitch else None)
        for focal, pitch in TOLD
    ]
    return Case(truth, {observation.kind: observation for observation in observations})


def calibrate(cases: list[Case]) -> dict[str, Any]:
    """Offset, slope and error of every kind of observation; what two photos' errors share."""
    kinds: dict[str, Any] = {}
    whitened: dict[View, dict[int, list[Array]]] = {"front": {}, "side": {}}
    for kind in sorted({kind for case in cases for kind in case.observations}):
        of_kind = [case for case in cases if kind in case.observations]
        observations = [case.observations[kind] for case in of_kind]
        doubt = np.array([o.doubt for o in observations])
        offset, slope, error = _line(
            np.array([o.lengths for o in observations]),
            np.array([case.true_percent for case in of_kind]),
            doubt,
        )
        error_cov = error.T @ error / (len(error) - len(SEGMENTS) - 1)
        sides = np.array([_side_error(case, kind) for case in of_kind])
        side_offset = np.median(sides, axis=0)
        side_doubt = np.array([o.side_doubt for o in observations])
        gaps = np.array([o.gap for o in observations])
        gap_in_sd = np.sqrt(np.mean(((gaps - gaps.mean(axis=0)) / gaps.std(axis=0)) ** 2, (1, 2)))
        kinds[kind] = {
            "photos": len(of_kind),
            "offset": offset.round(4).tolist(),
            "slope": slope.round(4).tolist(),
            "error_cov": error_cov.round(5).tolist(),
            "side_offset": side_offset.round(4).tolist(),
            "side_sd": ((sides - side_offset) / side_doubt).std(axis=0).round(4).tolist(),
            "gap_offset": gaps.mean(axis=0).round(3).tolist(),
            "gap_sd": gaps.std(axis=0).round(3).tolist(),
            "gap_limit": round(float(np.quantile(gap_in_sd, GAP_QUANTILE)), 3),
        }
        if kind.endswith("+focal"):
            root = np.linalg.cholesky(error_cov)
            for case, row in zip(of_kind, np.linalg.solve(root, error.T).T, strict=True):
                whitened[case.view].setdefault(case.truth["seed"], []).append(row)
    return {"kinds": kinds, "shared_error": _shared(whitened)}


def _line(seen: Array, true: Array, doubt: Array) -> tuple[Array, Array, Array]:
    """Weighted least squares: offset (5,), slope (5, 5), and the errors in units of doubt."""
    design = np.column_stack([np.ones(len(true)), true])
    fitted = np.column_stack(
        [
            np.linalg.lstsq(design / doubt[:, [k]], seen[:, k] / doubt[:, k], rcond=None)[0]
            for k in range(len(SEGMENTS))
        ]
    )
    return fitted[0], fitted[1:].T, (seen - design @ fitted) / doubt


def _side_error(case: Case, kind: str) -> Array:
    """Left minus right as seen, less the true difference, in percent of the height."""
    true_cm = [case.truth["lengths_cm"][name] for name in lengths.LIMBS]
    true = np.array([limb["left"] - limb["right"] for limb in true_cm])
    seen = case.observations[kind].left_minus_right
    return np.asarray(seen - 100 * true / float(case.truth["height_cm"]))


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
                found.append(lengths.estimate([case.told], case.truth["height_cm"]))
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
    files = (skeleton.SKELETON_NETWORK, skeleton.JOINT_NETWORK)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def write(document: dict[str, Any]) -> None:
    """Write the calibration, and have this process read it."""
    lengths.CALIBRATION.write_text(json.dumps(document) + "\n")
    lengths.forget_calibration()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("renders", nargs="+", type=Path)
    parser.add_argument("-j", type=int, default=1, dest="processes", help="processes")
    arguments = parser.parse_args()
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
