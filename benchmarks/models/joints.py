"""How far above or below their places the networks see joints of rendered people.

``python -m benchmarks.models.joints FOLDER ...`` prints a row a joint for each folder that
``training.people`` wrote, left and right together, in centimetres on the person.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from bodyscan import scan
from bodyscan.crop import PERSON_PX
from bodyscan.skeleton import JOINTS, POINTS
from chalicelib.errors import HypermobError
from training import rendered
from training.rendered import Truth

Array = npt.NDArray[np.float64]


def below_cm(folder: Path, truth: Truth) -> Array | None:
    """How far below its place each joint is seen, shape (12,); None where a photo is refused."""
    try:
        look = scan.look_at(rendered.prepare(folder, truth))
    except HypermobError:
        return None
    prepared = look.prepared
    seen_px = prepared.crop.to_photo(look.skeleton.points[:JOINTS] * PERSON_PX)
    off_px = seen_px - rendered.true_joints_px(truth, prepared)
    return np.asarray(off_px[:, 1] * truth["height_cm"] / prepared.outline.height_px)


def main() -> None:
    """Command line."""
    for folder, looks in rendered.on_command_line(__doc__, below_cm):
        found = np.array(looks)
        pairs = found.reshape(len(found), JOINTS // 2, 2).mean(axis=2)
        table = Table("joint", "mean, cm", "SD", "90 % within", title=f"{folder}: {len(found)}")
        for k, errors in enumerate(pairs.T):
            name = POINTS[2 * k].removeprefix("left_")
            near = np.quantile(np.abs(errors), 0.9)
            table.add_row(name, f"{errors.mean():+.1f}", f"{errors.std():.1f}", f"{near:.1f}")
        Console().print(table)


if __name__ == "__main__":
    main()
