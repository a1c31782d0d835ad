"""What the networks and MediaPipe's landmarks see of real people whose lengths nobody measured.

``python -m training.witnesses PEOPLE.csv ...`` prints, in percent of the height and for each
length: how far what each sees is from what the height leads to expect, on average and as an SD
among people; how much people themselves vary; how the two agree; and how much each varies among
photos of one person. A good witness varies about as much as people do, and little on one person.
The files are those of ``hypermob validate``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from bodyscan.lengths import ROWS, SEGMENTS
from chalicelib import body_prior
from training import real
from training.real import RealPhoto

Array = npt.NDArray[np.float64]
SUMS = np.array([[float(name in parts) for name in SEGMENTS] for parts in ROWS.values()])
"""Lengths to rows: shape (7, 5)."""


def beyond_expected(photo: RealPhoto) -> Array:
    """What both see less what the height leads to expect, in percent of it: shape (2, 7)."""
    both = real.both_seen(photo.observation)
    return np.array([SUMS @ (each.lengths - photo.usual_percent) for each in both])


def own_variance(photo: RealPhoto) -> Array:
    """How much people of that height vary, in percent of it, squared: shape (7,)."""
    cov = body_prior.conditional(photo.height_cm, photo.sex).cov_cm2
    return np.diag(SUMS @ cov @ SUMS.T) * (100 / photo.height_cm) ** 2


def table(photos: list[RealPhoto]) -> Table:
    """The figures, a row for each length."""
    persons: dict[tuple[str, str], list[Array]] = {}
    for photo in photos:
        seen = beyond_expected(photo)
        persons.setdefault((photo.people, photo.person), []).append(seen)
    means = np.array([np.mean(each, axis=0) for each in persons.values()])
    own = np.sqrt(np.mean([own_variance(photo) for photo in photos], axis=0))
    several = [np.var(each, axis=0, ddof=1) for each in persons.values() if len(each) > 1]
    within = np.sqrt(np.mean(several, axis=0)) if several else np.full((2, len(ROWS)), np.nan)
    out = Table(
        *("length", "networks: mean", "SD", "on one person", "landmarks: mean", "SD"),
        *("on one person", "people's SD", "r of the two"),
        title=f"{len(persons)} people, {len(several)} of them in several photos; % of height",
    )
    for k, name in enumerate(ROWS):
        cells = [name.replace("_", " ")]
        for witness in (0, 1):
            column = means[:, witness, k]
            cells += [f"{column.mean():+.2f}", f"{column.std():.2f}", f"{within[witness, k]:.2f}"]
        agree = np.corrcoef(means[:, 0, k], means[:, 1, k])[0, 1]
        out.add_row(*cells, f"{own[k]:.2f}", f"{agree:+.2f}")
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("people", nargs="+", type=Path, metavar="PEOPLE.csv")
    parser.add_argument("-j", type=int, default=1, dest="processes", help="processes")
    arguments = parser.parse_args()
    photos = [p for each in arguments.people for p in real.fronts(each, arguments.processes)]
    Console().print(table(photos))


if __name__ == "__main__":
    main()
