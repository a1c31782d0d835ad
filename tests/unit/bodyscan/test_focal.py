"""A focal length that EXIF tells of another picture is not believed, and a true one is."""

import io
import json
import math
from pathlib import Path

import pytest
from PIL import Image

from bodyscan.focal import contradicted_by_perspective
from bodyscan.scan import Shot, scan
from hypermob.measuring import pose_model

PEOPLE = Path(__file__).parents[2] / "fixtures" / "people"
TRUTH = {
    truth["file"]: truth
    for truth in map(json.loads, (PEOPLE / "truth.jsonl").open(encoding="utf-8"))
}


def measure(name, focal_35mm):
    """The person of a photo whose EXIF tells this, rounded as phones do; and the true lengths."""
    block = Image.Exif()
    block.get_ifd(0x8769)[0xA405] = round(focal_35mm)
    out = io.BytesIO()
    with Image.open(PEOPLE / name) as image:
        image.save(out, "JPEG", quality=92, exif=block.tobytes())
    truth = TRUTH[name]
    return scan([Shot(out.getvalue())], truth["height_cm"], model=pose_model()), truth["lengths_cm"]


@pytest.mark.parametrize("name", ["front-1.jpg", "front-2.jpg"])
def test_a_cut_picture_s_focal_length_is_dropped_and_the_lengths_are_right(name):
    """Cut to half its sides, a picture keeps the perspective and says half of the focal length."""
    focal_35mm = TRUTH[name]["camera"]["focal_35mm"]
    found, true_cm = measure(name, focal_35mm / 2)
    assert found.quality["front"]["focal_length_dropped"] == "perspective"
    assert not found.quality["front"]["focal_length_known"]
    low, high = found.lengths.intervals_95_cm()["calf"]
    assert low < true_cm["calf"]["mean"] < high
    found, _ = measure(name, focal_35mm)
    assert found.quality["front"]["focal_length_known"]
    assert "focal_length_dropped" not in found.quality["front"]


@pytest.mark.parametrize("focal_35mm", [13, 26, 77])
def test_an_answer_pulled_towards_the_usual_contradicts_nothing(focal_35mm):
    pulled = -0.35 * math.log(focal_35mm / 32)
    assert not contradicted_by_perspective(0.5, 0.5 + pulled, focal_35mm)
    assert contradicted_by_perspective(0.5, 0.5 + pulled + 0.2, focal_35mm)
    assert not contradicted_by_perspective(0.5, 0.5 - 1.0, focal_35mm)
