"""Draw what ``benchmarks.service.performance`` found of growth: one panel a question.

Runs in the default environment, to which mediapipe brings matplotlib.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

OURS, GUIDE, OTHER = "#0b7a75", "#d9a441", "#9aa5b1"


def curve(axis, points, x, *lines):
    """Lines of (key, colour, label) over ``points[x]``, from zero, with room for the legend."""
    for key, colour, label in lines:
        at = [point[x] for point in points]
        axis.plot(at, [point[key] for point in points], "o-", color=colour, ms=4, label=label)
    axis.set_ylim(0, 1.2 * axis.dataLim.y1)
    axis.legend(frameon=False, fontsize=8)


def main() -> None:
    """``python benchmarks/service/growth_plots.py FOUND.json TARGET.png``."""
    found, target = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    figure, axes = plt.subplots(2, 3, figsize=(14, 7.4), layout="constrained")
    (pixels, people, memory), (rows, recommend, measure) = axes
    both = (("guide_ms", GUIDE, "the guide's handler"), ("ours_ms", OURS, "ours"))

    curve(pixels, found["pixels"], "megapixels", *both)
    pixels.set(title="a photo by its pixels", xlabel="megapixels", ylabel="ms")
    curve(people, found["people"], "people", *both)
    people.set(
        title="a photo by the people in it (ours refuses several)", xlabel="people", ylabel="ms"
    )
    people.set_xticks([point["people"] for point in found["people"]])

    if found["memory"]:
        curve(memory, found["memory"], "memory_mb", ("warm_ms", OURS, "ms a photo"))
        price = memory.twinx()
        curve(price, found["memory"], "memory_mb", ("usd_per_1000", GUIDE, "USD a 1,000 photos"))
        price.legend(frameon=False, fontsize=8, loc="lower right")
        memory.legend(frameon=False, fontsize=8, loc="lower left")
    memory.set(title="a photo by the memory given", xlabel="MB", ylabel="ms")

    for key, colour, label in (
        ("ours_per_s", OURS, "ours (numpy)"),
        ("pipeline_per_s", OTHER, "its pipeline in scikit-learn"),
        ("forest_per_s", GUIDE, "random forest"),
    ):
        at = [point["rows"] for point in found["rows_in_batch"]]
        values = [point[key] for point in found["rows_in_batch"]]
        rows.loglog(at, values, "o-", color=colour, ms=4, label=label)
    rows.set(title="predictions a second by batch", xlabel="rows", ylabel="a second")
    rows.legend(frameon=False, fontsize=8)

    for axis, route in ((recommend, "recommend"), (measure, "measure")):
        points = [point for point in found["clients"] if point["route"] == route]
        curve(axis, points, "clients", ("per_s", OURS, "answers a second"))
        waiting = axis.twinx()
        curve(waiting, points, "clients", ("median_ms", OTHER, "ms, median"))
        waiting.legend(frameon=False, fontsize=8, loc="lower right")
        axis.legend(frameon=False, fontsize=8, loc="upper left")
        axis.set_xticks([point["clients"] for point in points])
        axis.set(title=f"/{route} of the local stack by clients", xlabel="clients at once")
    figure.savefig(target, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
