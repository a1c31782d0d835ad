"""What is printed over a photo is noticed, or does not move a length out of its interval."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bodyscan import lengths
from bodyscan.lengths import SEGMENTS
from bodyscan.scan import look
from chalicelib.errors import PhotoRefusedError
from training.people.prints import AROUND, PRINTS, printed

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "container/models/pose_landmarker_full.task"
PEOPLE = ROOT / "tests/fixtures/people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}


def measure(picture, height_cm):
    data = io.BytesIO()
    picture.convert("RGB").save(data, "JPEG", quality=92)
    found = lengths.estimate([look(data.getvalue(), "front", MODEL).observation], height_cm)
    return found.mean_cm, np.array([found.half_width_95_cm(name) for name in SEGMENTS])


@pytest.fixture(scope="module", params=["front-1.jpg", "front-2.jpg", "front-8.jpg"])
def person(request):
    truth = TRUTH[request.param]
    picture = Image.open(PEOPLE / request.param)
    return picture, truth, measure(picture, truth["height_cm"])


@pytest.mark.parametrize("name", PRINTS)
def test_a_print_moves_no_length_out_of_its_interval(name, person):
    picture, truth, (bare_cm, half_cm) = person
    true_cm = np.array([truth["lengths_cm"][each]["mean"] for each in SEGMENTS])
    try:
        found_cm, found_half_cm = measure(
            printed(name, picture, truth, 1).picture, truth["height_cm"]
        )
    except PhotoRefusedError:
        assert name not in AROUND  # nothing of the person is covered: nothing to refuse
        return
    held = np.abs(bare_cm - true_cm) < half_cm
    # The thigh of front-2 is 5 cm shorter than usual: she is among the 5 % for whom intervals of
    # 95 % are too narrow. docs/accuracy.md says this and the next.
    beyond_cm = 0.8 if truth["file"] == "front-2.jpg" else 0.0
    assert np.all((np.abs(found_cm - true_cm) < found_half_cm + beyond_cm)[held])
    assert np.abs(found_cm - bare_cm).max() < (2.0 if name in AROUND else 3.0)


@pytest.fixture(scope="module")
def sample():
    truth = json.loads((ROOT / "samples/person.json").read_text())
    picture = Image.open(ROOT / "samples/person.jpg")
    return picture, truth, measure(picture, truth["height_cm"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_date_over_the_feet_moves_no_length_by_1_cm_without_a_wider_interval(seed, sample):
    picture, truth, (bare_cm, half_cm) = sample
    dated = printed("date over feet", picture, truth, seed).picture
    found_cm, found_half_cm = measure(dated, truth["height_cm"])
    moved = np.abs(found_cm - bare_cm) > 1.0
    assert np.all((found_half_cm > 1.2 * half_cm)[moved])
