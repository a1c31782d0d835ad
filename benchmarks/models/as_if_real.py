"""How right the lengths of rendered people in loose clothes are, read as if the people were real.

``python -m benchmarks.models.as_if_real FOLDER ...`` looks at the front photos of each folder that
``training.people`` wrote, takes the networks to know none of them (`lengths.familiarity`), and
prints what `lengths.DISTRUST` is judged by: a row for each factor by which both witnesses may be
more wrong than they look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from bodyscan import lengths, scan
from bodyscan.lengths import DISTRUST, ROWS, SEGMENTS, Observation
from chalicelib.errors import HypermobError, PoseUnsuitableError
from training import rendered
from training.rendered import Truth

Array = npt.NDArray[np.float64]
Front = tuple[Observation, float, Array]
"""What a photo says, the person's height and true lengths, in cm."""

FACTORS = (1.0, 2.0, 4.0, DISTRUST, 6.0)
UNSURE = 1e3
"""Percent of the height: networks that doubt their joints so much say nothing."""


def look(folder: Path, truth: Truth) -> Front | None:
    """Look at a photo from the front; None for others, and where it is refused."""
    if rendered.view_of(truth) != "front":
        return None
    try:
        observation = scan.look_at(rendered.prepare(folder, truth)).observation
    except HypermobError:
        return None
    true_cm = np.array([truth["lengths_cm"][segment]["mean"] for segment in SEGMENTS])
    return observation, float(truth["height_cm"]), true_cm


def errors_cm(fronts: Sequence[Front], factor: float) -> tuple[Array, Array]:
    """Errors of the lengths, and of height alone: each (n, 5), where no photo is refused."""
    known = lengths.world()
    wider = replace(known, error_cov=(factor / DISTRUST) ** 2 * known.error_cov)
    found = []
    with (
        patch.object(lengths, "world", lambda: wider),
        patch.object(lengths, "familiarity", lambda _: 0.0),
    ):
        for observation, height_cm, true_cm in fronts:
            try:
                measured = lengths.estimate([observation], height_cm)
            except PoseUnsuitableError:
                continue
            usual = lengths.estimate([], height_cm)
            found.append((measured.mean_cm - true_cm, usual.mean_cm - true_cm))
    measured, usual = np.array(found).swapaxes(0, 1)
    return measured, usual


def row(measured: Array, usual: Array) -> list[str]:
    """Mean error without its offset; how measured and true deviations from the usual correlate."""
    spread = np.abs(measured - measured.mean(axis=0)).mean()
    follow = []
    for parts in ROWS.values():
        index = [SEGMENTS.index(part) for part in parts]
        seen, true = (of[:, index].sum(axis=1) for of in (measured - usual, -usual))
        follow.append(f"{np.corrcoef(seen, true)[0, 1]:.2f}")
    return [f"{spread:.2f}", *follow]


def main() -> None:
    """Command line."""
    for folder, fronts in rendered.on_command_line(__doc__, look):
        of_landmarks = [
            (
                replace(observation, joint_sd=np.full_like(observation.joint_sd, UNSURE)),
                height,
                true,
            )
            for observation, height, true in fronts
        ]
        names = (f"r {name}" for name in ROWS)
        title = f"{folder}: {len(fronts)} photos"
        table = Table("as many times as wrong", "mean error, cm", *names, title=title)
        for factor in sorted(set(FACTORS)):
            table.add_row(f"{factor:g}", *row(*errors_cm(fronts, factor)))
        table.add_row(f"{DISTRUST:g}, landmarks alone", *row(*errors_cm(of_landmarks, DISTRUST)))
        usual = errors_cm(fronts, DISTRUST)[1]
        off = np.abs(usual - usual.mean(axis=0)).mean()
        table.add_row("height alone", f"{off:.2f}", *["-"] * len(ROWS))
        Console().print(table)


if __name__ == "__main__":
    main()
