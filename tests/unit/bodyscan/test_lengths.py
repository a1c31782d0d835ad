"""Lengths stay what a body can have, whatever a photo says, and say how sure they are."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodyscan import lengths
from bodyscan.lengths import SEGMENTS, Observation
from bodyscan.scan import scan
from chalicelib import body_prior
from chalicelib.errors import PoseUnsuitableError

ROOT = Path(__file__).parents[3]
PEOPLE = ROOT / "tests" / "fixtures" / "people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}


@pytest.fixture(scope="module")
def model():
    return (ROOT / "container" / "models" / "pose_landmarker_full.task").read_bytes()


def seen(height_cm, off_cm=0.0, view="front"):
    """An observation that says the prior's lengths plus ``off_cm``."""
    prior = body_prior.conditional(height_cm)
    return Observation(view, (prior.mean_cm + off_cm) / lengths.calibration(view).factor)


@settings(max_examples=300, deadline=None)
@given(
    height_cm=st.floats(100, 230),
    sex=st.sampled_from([None, "male", "female"]),
    raw=st.lists(st.floats(0, 300), min_size=5, max_size=5),
    view=st.sampled_from(["front", "side"]),
)
def test_no_photo_yields_a_length_that_no_body_has(height_cm, sex, raw, view):
    raw_cm = np.array(raw)
    if view == "side":
        raw_cm[:2] = np.nan
    try:
        found = lengths.estimate([Observation(view, raw_cm)], height_cm, sex)
    except PoseUnsuitableError:
        return
    low, high = body_prior.human_range_cm(height_cm, sex)
    assert np.all(found.mean_cm >= low) and np.all(found.mean_cm <= high)
    assert np.all(np.linalg.eigvalsh(found.cov_cm2) > 0)


def test_a_photo_that_contradicts_every_body_is_refused():
    for off_cm in (-15.0, 15.0):
        with pytest.raises(PoseUnsuitableError):
            lengths.estimate([seen(175.0, off_cm)], 175.0)


def test_a_photo_makes_the_interval_narrower_and_a_second_one_more_so():
    front, side = seen(175.0), seen(175.0, view="side")
    side.raw_cm[:2] = np.nan
    prior = body_prior.conditional(175.0)
    one = lengths.estimate([front], 175.0)
    both = lengths.estimate([front, side], 175.0)
    scale = lengths.estimate([], 175.0).cov_cm2[0, 0] / prior.cov_cm2[0, 0]
    assert np.all(np.diag(one.cov_cm2) < scale * np.diag(prior.cov_cm2))
    assert np.all(np.diag(both.cov_cm2)[2:] < np.diag(one.cov_cm2)[2:])


def test_a_longer_limb_in_the_photo_is_a_longer_limb():
    longer = np.zeros(5)
    longer[SEGMENTS.index("calf")] = 2.0
    usual, found = (lengths.estimate([seen(175.0, off)], 175.0) for off in (0.0, longer))
    gained = found.mean_cm - usual.mean_cm
    assert 0.05 < gained[SEGMENTS.index("calf")] < 2.0


def test_segments_in_a_row_add_up():
    found = lengths.estimate([seen(175.0)], 175.0)
    parts = found.length_cm("thigh") + found.length_cm("calf")
    assert found.length_cm("thigh", "calf") == pytest.approx(parts)
    assert found.half_width_95_cm("thigh", "calf") < (
        found.half_width_95_cm("thigh") + found.half_width_95_cm("calf")
    )


@pytest.mark.parametrize("file", [f for f, t in TRUTH.items() if t["kind"] == "front"])
def test_rendered_people_are_measured_within_twice_their_interval(file, model):
    truth = TRUTH[file]
    found = scan((PEOPLE / file).read_bytes(), truth["height_cm"], model=model)
    for name in SEGMENTS:
        error_cm = abs(found.lengths.length_cm(name) - truth["lengths_cm"][name]["mean"])
        assert error_cm < 2 * found.lengths.half_width_95_cm(name), name
    assert found.overlay_jpeg.startswith(b"\xff\xd8")


def test_a_side_photo_is_joined(model):
    front, side = ((PEOPLE / f"{view}-8.jpg").read_bytes() for view in ("front", "side"))
    alone = scan(front, 158.2, model=model)
    both = scan(front, 158.2, model=model, side_photo=side)
    assert set(both.quality) == {"front", "side"}
    for name in ("thigh", "calf", "torso"):
        assert both.lengths.half_width_95_cm(name) < alone.lengths.half_width_95_cm(name)


@pytest.mark.parametrize("file", [f for f, t in TRUTH.items() if t["expected_error"]])
def test_photos_to_refuse_are_refused_by_their_code(file, model):
    from chalicelib.errors import PhotoRefusedError

    with pytest.raises(PhotoRefusedError) as refused:
        scan((PEOPLE / file).read_bytes(), 170.0, model=model)
    assert refused.value.code == TRUTH[file]["expected_error"]


def test_a_front_photo_is_no_side_photo(model):
    front = (PEOPLE / "front-8.jpg").read_bytes()
    with pytest.raises(PoseUnsuitableError):
        scan(front, 158.2, model=model, side_photo=front)
