"""Fit how the skeleton network answers when it is told a true focal length.

``python -m training.focal FOLDER`` prints the constants of ``bodyscan.focal`` from rendered people,
and how often a true focal length, and one of a picture that was cut, is dropped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bodyscan.focal import LEAST_CONTRADICTION, TYPICAL_35MM
from bodyscan.scan import prepare
from chalicelib.errors import PhotoError
from hypermob.measuring import pose_model

CUTS = (1.0, 1.3, 1.5, 2.0)
"""By what a picture's sides were divided; its EXIF tells the focal length divided by that."""


def log_focal_errors(folder: Path) -> np.ndarray:
    """What was told, and the answer less that: shape (people, cuts, 2), logarithms."""
    rows = []
    for line in (folder / "truth.jsonl").read_text("utf-8").splitlines():
        truth = json.loads(line)
        if truth["kind"] != "front" or truth["expected_error"]:
            continue
        try:
            prepared = prepare((folder / truth["file"]).read_bytes(), "front", model=pose_model())
        except PhotoError:
            continue
        scale = max(prepared.picture.pixels.shape) / max(truth["width"], truth["height"])
        focal = truth["camera"]["focal_px"] * scale / prepared.outline.height_px
        told = np.log(focal) - np.log(CUTS)
        said = [prepared.skeleton(float(each)).log_focal for each in told]
        of_35mm = np.log(truth["camera"]["focal_35mm"] / TYPICAL_35MM) - np.log(CUTS)
        rows.append(np.column_stack([of_35mm, said - told]))
    return np.array(rows)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    found = log_focal_errors(parser.parse_args().folder)
    slope, at_typical = np.polyfit(found[:, 0, 0], found[:, 0, 1], 1)
    off = found[..., 1] - at_typical - slope * found[..., 0]
    scatter = off[:, 0].std()
    print(f"{len(found)} people: PULL {-slope:.2f}, PULLED_AT_TYPICAL {at_typical:.3f}", end=", ")
    print(f"SCATTER {scatter:.3f}")
    for cut, share in zip(CUTS, (off > LEAST_CONTRADICTION * scatter).mean(axis=0), strict=True):
        print(f"sides divided by {cut}: {share:.0%} dropped")


if __name__ == "__main__":
    main()
