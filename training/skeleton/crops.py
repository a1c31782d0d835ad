"""Rendered photos to what the skeleton network learns from: crops, and the truth about them.

``python -m training.skeleton.crops FOLDER OUT.npz``, in the project's own environment: the people
are found and cut out by the code that will do it in production.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bodyscan.camera import ray_of
from bodyscan.crop import (
    FINE_PERSON_PX,
    FINE_SIZE_PX,
    HEIGHT_PX,
    PERSON_PX,
    WIDTH_PX,
    crop_person,
    with_mask,
)
from bodyscan.lengths import SEGMENTS
from bodyscan.skeleton import POINTS
from chalicelib.errors import HypermobError
from training import rendered
from training.rendered import Truth

MARGIN_PX = 16
"""More on every side than the network sees: room to turn, shift and zoom."""
HIPS = [POINTS.index("left_hip"), POINTS.index("right_hip")]

Array = npt.NDArray[np.float64]


def points_m(truth: Truth) -> Array:
    """`POINTS` in the world, (15, 3) metres."""
    joints = {name: np.array(place) for name, place in truth["joints_m"].items()}
    rows = []
    for point in POINTS:
        if point == "vertex":
            rows.append(_vertex_m(truth, joints))
        elif point.endswith("_floor"):
            ankle = joints[rendered.joint_name(point.replace("floor", "ankle"))]
            rows.append(np.array([*ankle[:2], truth["shoe_sole_cm"] / 100]))
        else:
            rows.append(joints[rendered.joint_name(point)])
    return np.array(rows)


def _vertex_m(truth: dict[str, Any], joints: dict[str, Array]) -> Array:
    """The vertex is told in pixels; it lies as far away as the ears."""
    camera = truth["camera"]
    eye, axes = np.array(camera["position_m"]), np.array(camera["axes"])
    middle = np.array([truth["width"], truth["height"]]) / 2
    ray = np.array([*(np.array(truth["vertex_px"]) - middle), camera["focal_px"]]) @ axes
    away = (joints["ear.L"][1] + joints["ear.R"][1]) / 2 - eye[1]
    return np.asarray(eye + ray * away / ray[1])


def example(folder: Path, truth: Truth) -> dict[str, Any] | str:
    """One photo's crop and truth; or why the photo is refused."""
    try:
        prepared = rendered.prepare(folder, truth)
    except HypermobError as error:
        return rendered.refusal(error)
    size = (HEIGHT_PX + 2 * MARGIN_PX, WIDTH_PX + 2 * MARGIN_PX)
    pixels = with_mask(prepared.picture.pixels, prepared.person)
    crop = crop_person(pixels, prepared.person, prepared.outline, size)
    fine_crop = crop_person(pixels, prepared.person, prepared.outline, FINE_SIZE_PX, FINE_PERSON_PX)
    camera, height_m = truth["camera"], truth["height_cm"] / 100
    eye, axes = np.array(camera["position_m"]), np.array(camera["axes"])
    points = points_m(truth)
    seen = (points - eye) @ axes.T
    log_focal = rendered.true_log_focal(truth, prepared)
    focal = np.exp(log_focal)
    ray = ray_of(prepared.person_offset, focal)
    ahead = ray @ axes
    level = np.array([ahead[0], ahead[1], 0.0]) / np.hypot(ahead[0], ahead[1])
    down = axes @ [0.0, 0.0, -1.0]
    x, y = ray[:2] / ray[2]
    return {
        "pixels": crop.pixels,
        "close_pixels": fine_crop.pixels,
        "points": PERSON_PX * (seen[:, :2] / seen[:, 2:] * focal - prepared.person_offset),
        "depth": (points - points[HIPS].mean(axis=0)) @ level / height_m,
        "elevation_deg": np.degrees(np.arcsin(ahead[2])),
        "roll_deg": np.degrees(np.arctan2(down[0] - x * down[2], down[1] - y * down[2])),
        "log_focal": log_focal,
        "focal_known": prepared.log_focal is not None,
        "place": np.concatenate([prepared.person_offset, prepared.picture_size]),
        "lengths": np.array([truth["lengths_cm"][name]["mean"] for name in SEGMENTS])
        / truth["height_cm"],
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("-j", type=int, default=2, dest="processes", help="processes")
    arguments = parser.parse_args()
    made = rendered.every(arguments.folder, example, arguments.processes)
    examples = [each for each in made if not isinstance(each, str)]
    refused = Counter(each for each in made if isinstance(each, str))
    print(f"{len(examples)} photos; refused: {dict(refused) or 'none'}")
    stacked = {name: np.array([each[name] for each in examples]) for name in examples[0]}
    np.savez(arguments.out, **stacked)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
