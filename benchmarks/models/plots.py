"""Draw what ``benchmarks.models.accuracy --points`` wrote: true, measured, error against pitch.

Runs in the renderer's environment, which has matplotlib: ``make accuracy DOCS=1`` calls it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

SEGMENTS = ("upper arm", "forearm", "thigh", "calf", "torso")
PHOTO, ALONE, PIXELS = "#0b7a75", "#d9a441", "#9aa5b1"
PITCH_EDGES_DEG = np.arange(-24, 17, 4)


def true_against_measured(rows: dict[str, list[dict]], path: Path) -> None:
    """One panel a segment: every front photo's length, and the height's guess for it."""
    figure, axes = plt.subplots(2, 5, figsize=(15, 6.6), layout="constrained")
    for line, (name, photos) in zip(axes, rows.items(), strict=True):
        true, found, alone = (
            np.array([photo[key] for photo in photos])
            for key in ("true_cm", "measured_cm", "height_alone_cm")
        )
        for k, axis in enumerate(line):
            low, high = true[:, k].min() - 1, true[:, k].max() + 1
            axis.plot([low, high], [low, high], color="#444", lw=0.8)
            axis.scatter(true[:, k], alone[:, k], s=7, color=ALONE, alpha=0.6, lw=0)
            axis.scatter(true[:, k], found[:, k], s=7, color=PHOTO, alpha=0.7, lw=0)
            maes = [np.abs(x[:, k] - true[:, k]).mean() for x in (found, alone)]
            axis.set_title(
                f"{SEGMENTS[k]}: {maes[0]:.2f} cm (height alone {maes[1]:.2f})", fontsize=9
            )
            axis.set(xlim=(low, high), ylim=(low, high), aspect="equal")
            axis.tick_params(labelsize=8)
        line[0].set_ylabel(f"{name} set: measured, cm")
    for axis in axes[1]:
        axis.set_xlabel("true, cm")
    figure.legend(
        handles=[
            plt.Line2D([], [], marker="o", ls="", color=PHOTO, label="photo and height"),
            plt.Line2D([], [], marker="o", ls="", color=ALONE, label="height alone"),
        ],
        loc="outside upper right", ncols=2, frameon=False,
    )  # fmt: skip
    figure.savefig(path, dpi=110)


def error_against_pitch(rows: dict[str, list[dict]], path: Path) -> None:
    """Mean error of calf and torso by how the phone was tilted: the camera's own signature."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
    photos = [photo for of_set in rows.values() for photo in of_set]
    pitch = np.array([photo["pitch_deg"] for photo in photos])
    bins = np.digitize(pitch, PITCH_EDGES_DEG)
    true = np.array([photo["true_cm"] for photo in photos])
    for axis, k in zip(axes, (3, 4), strict=True):
        for key, colour, label in (
            ("pixels_cm", PIXELS, "silhouette pixels"),
            ("height_alone_cm", ALONE, "height alone"),
            ("measured_cm", PHOTO, "photo and height"),
        ):
            off = np.array([photo[key] for photo in photos])[:, k] - true[:, k]
            axis.scatter(pitch, off, s=5, color=colour, alpha=0.35, lw=0)
            at = [b for b in range(1, len(PITCH_EDGES_DEG)) if (bins == b).sum() >= 5]
            middle = PITCH_EDGES_DEG[np.array(at) - 1] + 2
            axis.plot(middle, [off[bins == b].mean() for b in at], color=colour, lw=2, label=label)
        axis.axhline(0, color="#444", lw=0.8)
        axis.set(xlabel="camera pitch, deg (negative: tilted down)", title=SEGMENTS[k])
        axis.set_ylim(-9, 9)
    axes[0].set_ylabel("error, cm")
    axes[1].legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """``python benchmarks/models/plots.py POINTS.json FOLDER``."""
    points, folder = Path(sys.argv[1]), Path(sys.argv[2])
    rows = json.loads(points.read_text())
    true_against_measured(rows, folder / "accuracy.png")
    error_against_pitch(rows, folder / "accuracy-pitch.png")


if __name__ == "__main__":
    main()
