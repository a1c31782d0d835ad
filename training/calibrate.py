"""Calibrate the lengths that a photo gives against rendered people of known skeleton.

Reads folders that ``training.people`` wrote (photos and ``truth.jsonl``), measures every person in
them as the measure function would, writes ``container/bodyscan/calibration.json``, and prints how
well the result does beside the height alone, on the photos of ``--check`` that it never saw. The
committed calibration and the README's figures come from::

    people=".venv-render/bin/python -m training.people"
    $people --count 400 --seed 100000 --out out/people/front
    $people --count 60 --seed 100000 --kind side --out out/people/side
    $people --count 60 --seed 500000 --out out/people/check
    .venv/bin/python -m training.calibrate out/people/front out/people/side \\
        --check out/people/check
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "container"))

from bodyscan import lengths, pose, quality  # noqa: E402
from bodyscan.lengths import SEGMENTS, Lengths, Observation, View  # noqa: E402
from bodyscan.photo import read_photo  # noqa: E402
from chalicelib import body_prior  # noqa: E402
from chalicelib.errors import HypermobError  # noqa: E402

MODEL = ROOT / "container" / "models" / "pose_landmarker_full.task"
VERSION = "1"

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One rendered photo: what was seen, what is true (shape (5,), cm), or why it was refused."""

    truth: dict[str, Any]
    true_cm: Array
    observation: Observation | None
    refusal: str | None


def look(folder: Path) -> list[Case]:
    """Run the front end of the measurement on every photo of a folder."""
    model = MODEL.read_bytes()
    lines = (folder / "truth.jsonl").read_text().splitlines()
    cases = []
    for line in tqdm(lines, desc=folder.name, unit="photo"):
        truth = json.loads(line)
        true = truth["lengths_cm"] or {}
        true_cm = np.array([true[s]["mean"] if s in true else np.nan for s in SEGMENTS])
        try:
            people = pose.find_people(
                read_photo((folder / truth["file"]).read_bytes()).pixels, model
            )
            person = quality.only_person(people)
            view: View = "side" if truth["kind"] == "side" else "front"
            check = quality.measurable_side if view == "side" else quality.measurable_front
            seen = lengths.observe(person, check(person), truth["height_cm"], view)
            cases.append(Case(truth, true_cm, seen, None))
        except HypermobError as error:
            reason = error.details.get("reason", "")
            cases.append(Case(truth, true_cm, None, f"{error.code} {reason}".strip()))
    return cases


def calibrate(cases: list[Case]) -> dict[str, Any]:
    """Factor per segment (ratio of means) and second moments of what is left, cm^2."""
    seeds = [c.truth["seed"] for c in cases]
    raw = np.array([c.observation.raw_cm for c in cases if c.observation])
    true = np.array([c.true_cm for c in cases if c.observation])
    factor = true.mean(axis=0) / raw.mean(axis=0)
    error = factor * raw - true
    cov = error.T @ error / len(error)
    unseen = ~np.isfinite(factor)
    factor[unseen], cov[unseen], cov[:, unseen] = 1.0, 0.0, 0.0
    return {
        "photos": len(raw),
        "seeds": [min(seeds), max(seeds)],
        "renderer": sorted({c.truth["renderer"] for c in cases}),
        "factor": factor.round(4).tolist(),
        "error_cov_cm2": cov.round(4).tolist(),
    }


def joined(cases: list[Case]) -> tuple[list[Case], list[Lengths], dict[str, int]]:
    """Estimate each case from its one photo: those measured, their lengths, refusals by code."""
    measured, found = [], []
    refused: dict[str, int] = {}
    for case in cases:
        code = case.refusal
        if case.observation is not None:
            try:
                found.append(lengths.estimate([case.observation], case.truth["height_cm"]))
                measured.append(case)
            except HypermobError as error:
                code = f"{error.code} (lengths)"
        if code is not None:
            refused[code] = refused.get(code, 0) + 1
    return measured, found, refused


def interval_scale(cases: list[Case]) -> float:
    """How much wider than stated the errors are: their 95 % quantile over the interval's."""
    measured, found, _ = joined(cases)
    true = np.array([c.true_cm for c in measured])
    sd = np.array([np.sqrt(np.diag(f.cov_cm2)) for f in found])
    deviations = np.abs(np.array([f.mean_cm for f in found]) - true) / sd
    return round(float(np.quantile(deviations, 0.95)) / lengths.NORMAL_95, 3)


def report(cases: list[Case], console: Console) -> None:
    """Print errors beside the height alone, interval coverage, and refusals."""
    measured, found, refused = joined(cases)
    if measured:
        true = np.array([c.true_cm for c in measured])
        photo = np.array([f.mean_cm for f in found])
        prior = np.array([body_prior.conditional(c.truth["height_cm"]).mean_cm for c in measured])
        half = lengths.NORMAL_95 * np.array([np.sqrt(np.diag(f.cov_cm2)) for f in found])
        covered = (np.abs(photo - true) <= half).mean(axis=0)
        title = f"{len(true)} photos, mean absolute error, cm"
        table = Table("", *SEGMENTS, "mean", title=title)
        for name, estimate in (("photo + height", photo), ("height alone", prior)):
            mae = np.abs(estimate - true).mean(axis=0)
            table.add_row(name, *(f"{e:.2f}" for e in mae), f"{mae.mean():.2f}")
        for name, estimate in (("bias", photo), ("bias, height alone", prior)):
            table.add_row(name, *(f"{e:+.2f}" for e in (estimate - true).mean(axis=0)))
        table.add_row("in 95 % interval", *(f"{c:.0%}" for c in covered), f"{covered.mean():.0%}")
        console.print(table)
    console.print("refused:", refused or "none")


def write(document: dict[str, Any]) -> None:
    """Write the calibration, and have this process read it."""
    lengths.CALIBRATION.write_text(json.dumps(document, indent=1) + "\n")
    lengths.forget_calibration()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("renders", nargs="+", type=Path)
    parser.add_argument("--check", nargs="*", type=Path, default=[])
    parser.add_argument("--dry-run", action="store_true", help="do not write the calibration")
    arguments = parser.parse_args()
    cases = [case for folder in arguments.renders for case in look(folder)]
    if not arguments.dry_run:
        views = {}
        for view, kind in (("front", "front"), ("side", "side")):
            of_view = [c for c in cases if c.truth["kind"] == kind and c.observation]
            if of_view:
                views[view] = calibrate(of_view)
        document = {
            "version": VERSION,
            "segments": list(SEGMENTS),
            "interval_scale": 1.0,
            "views": views,
        }
        write(document)
        fronts = [c for c in cases if c.truth["kind"] == "front"]
        write(document | {"interval_scale": interval_scale(fronts)})
    console = Console()
    for folder in arguments.check:
        report(look(folder), console)


if __name__ == "__main__":
    main()
