"""Lengths stay what a body can have, whatever a photo says, and say how sure they are."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bodyscan import lengths
from bodyscan.lengths import SEGMENTS, UNUSUAL, Observation
from bodyscan.scan import scan
from bodyscan.skeleton import POINTS, Skeleton
from chalicelib import body_prior
from chalicelib.errors import PhotoRefusedError, PoseUnsuitableError

ROOT = Path(__file__).parents[3]
PEOPLE = ROOT / "tests" / "fixtures" / "people"
TRUTH = {t["file"]: t for t in map(json.loads, (PEOPLE / "truth.jsonl").read_text().splitlines())}
TOLD = [(False, False), (True, False), (False, True), (True, True)]


@pytest.fixture(scope="module")
def model():
    return ROOT / "container" / "models" / "pose_landmarker_full.task"


def observation(values, view="front", told=(True, False), gap_sd=0.0):
    kind = view + ("+focal" if told[0] else "") + ("+pitch" if told[1] else "")
    known = lengths.calibration(kind)
    gap = known.gap_offset + gap_sd * known.gap_sd
    return Observation(
        view, *told, np.asarray(values, float), np.full(5, 0.6), np.zeros(4), np.full(4, 0.6), gap
    )


def seen(height_cm, off_cm=0.0, view="front", told=(True, False), gap_sd=0.0):
    """An observation that says the prior's lengths plus ``off_cm``."""
    true = (body_prior.conditional(height_cm).mean_cm + off_cm) * 100 / height_cm
    blank = observation(np.zeros(5), view, told)
    known = lengths.calibration(blank.kind)
    return observation(known.offset + known.slope @ true, view, told, gap_sd)


@settings(max_examples=300, deadline=None)
@given(
    height_cm=st.floats(100, 230),
    sex=st.sampled_from([None, "male", "female"]),
    photos=st.lists(
        st.tuples(
            st.lists(st.floats(-15, 15), min_size=5, max_size=5).map(np.array),
            st.sampled_from(["front", "side"]),
            st.sampled_from(TOLD),
            st.floats(0, 2),
        ),
        max_size=5,
    ),
)
@example(height_cm=175.0, sex="female", photos=[(np.full(5, 12.0), "front", TOLD[0], 0.0)] * 3)
def test_no_photo_yields_a_length_that_no_body_has(height_cm, sex, photos):
    try:
        found = lengths.estimate([seen(height_cm, *photo) for photo in photos], height_cm, sex)
    except PoseUnsuitableError:
        return
    mean_cm = body_prior.conditional(height_cm, sex).mean_cm
    low, high = body_prior.human_range_cm(height_cm, sex)
    assert np.all(found.mean_cm >= mean_cm + UNUSUAL * (low - mean_cm))
    assert np.all(found.mean_cm <= mean_cm + UNUSUAL * (high - mean_cm))
    assert np.all(np.linalg.eigvalsh(found.cov_cm2) > 0)


def test_without_evidence_of_the_unusual_a_body_stays_usual():
    rng = np.random.default_rng(1)
    low, high = body_prior.human_range_cm(170.0)
    for _ in range(50):
        found = lengths.estimate([seen(170.0, rng.normal(0, 1.0, 5))], 170.0)
        assert np.all(found.mean_cm > low) and np.all(found.mean_cm < high)


def test_a_photo_that_contradicts_every_body_is_refused():
    for off_cm in (-25.0, 25.0):
        with pytest.raises(PoseUnsuitableError):
            lengths.estimate([seen(175.0, off_cm)], 175.0)


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("second", ["front", "side"])
def test_a_photo_makes_the_interval_narrower_and_a_second_one_more_so(told, second):
    front, other = seen(175.0, told=told), seen(175.0, view=second)
    nothing, one, both = (
        np.diag(lengths.estimate(photos, 175.0).cov_cm2) for photos in ([], [front], [front, other])
    )
    assert np.all(one < nothing)
    assert np.all(both < one)


def test_a_longer_limb_in_the_photo_is_a_longer_limb():
    longer = np.zeros(5)
    longer[SEGMENTS.index("calf")] = 2.0
    usual, found = (lengths.estimate([seen(175.0, off)], 175.0) for off in (0.0, longer))
    gained = found.mean_cm - usual.mean_cm
    assert 0.2 < gained[SEGMENTS.index("calf")] < 2.0


def longer_calf(off_cm):
    """By how much a photo of a longer calf makes it longer, and how sure that is (SD)."""
    calf = SEGMENTS.index("calf")
    off = np.zeros(5)
    off[calf] = off_cm
    usual, found = (lengths.estimate([seen(175.0, each)], 175.0) for each in (0.0, off))
    return (found.mean_cm - usual.mean_cm)[calf], np.sqrt(found.cov_cm2[calf, calf])


def test_between_two_ways_to_explain_a_photo_a_length_is_less_sure_than_by_either():
    (_, usual_sd), (_, between_sd), (_, unusual_sd) = map(longer_calf, (2.0, 6.0, 10.0))
    assert between_sd > max(usual_sd, unusual_sd)


def test_a_photo_far_from_every_body_is_believed_less():
    (odd, odd_sd), (absurd, absurd_sd) = map(longer_calf, (10.0, 16.0))
    assert absurd / 16.0 < 0.95 * odd / 10.0
    assert absurd_sd > odd_sd


def test_a_limb_that_is_hidden_hardly_counts():
    y = [-0.3, -0.3, -0.12, -0.12, 0.03, 0.03, -0.02, -0.02, 0.23, 0.23, 0.46, 0.46, -0.5, 0.5, 0.5]
    x = [0.1, -0.1] * 6 + [0.0, 0.1, -0.1]
    points, points_sd = np.column_stack([x, y]), np.full((15, 2), 0.005)
    wrist = POINTS.index("left_wrist")
    points[wrist, 1] += 0.1
    points_sd[wrist] = 0.1
    skeleton = Skeleton(points, points_sd, np.zeros(15), 0.0, 0.0, 1.0)
    forearm = lengths.observe(skeleton, points[:12], np.zeros(2), "front").lengths[1]
    assert forearm == pytest.approx(15.0, abs=0.3)


def test_two_networks_that_see_different_bodies_say_less_and_less():
    limit_sd = float(lengths.calibration("front+focal").gap_limit)
    nothing = lengths.estimate([], 175.0)
    agreed, apart = (
        lengths.estimate([seen(175.0, 1.5, gap_sd=gap)], 175.0) for gap in (0.0, 1.7 * limit_sd)
    )
    assert np.all(np.diag(apart.cov_cm2) > np.diag(agreed.cov_cm2))
    moved, less = (np.abs(found.mean_cm - nothing.mean_cm) for found in (agreed, apart))
    assert np.all(less < 0.9 * moved)
    with pytest.raises(PoseUnsuitableError) as refused:
        lengths.estimate([seen(175.0, gap_sd=1.8 * limit_sd)], 175.0)
    assert refused.value.details == {"reason": "unclear"}


def test_a_long_torso_on_short_thighs_is_doubted_more_than_other_odd_bodies():
    def gained(off_cm):
        usual, found = (lengths.estimate([seen(175.0, off)], 175.0) for off in (0.0, off_cm))
        return found.mean_cm - usual.mean_cm

    low_hip = gained(np.array([0.0, 0.0, -7.0, 0.0, 7.0]))
    long_trunk = gained(np.array([0.0, 0.0, 0.0, -7.0, 7.0]))
    torso = SEGMENTS.index("torso")
    assert 0.0 < low_hip[torso] < 0.8 * long_trunk[torso]


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


def test_rendered_people_say_how_their_sides_differ(model):
    truth = TRUTH["front-8.jpg"]
    photo = (PEOPLE / "front-8.jpg").read_bytes()
    found = scan(photo, truth["height_cm"], model=model).quality["front"]["left_minus_right"]
    for name, difference in found.items():
        low, high = difference["interval_95"]
        true = truth["lengths_cm"][name]["left"] - truth["lengths_cm"][name]["right"]
        assert low < difference["cm"] < high
        assert low - 2 < true < high + 2, name


def test_a_side_photo_and_a_second_front_photo_are_joined(model):
    front, side, other = (
        (PEOPLE / f"{name}.jpg").read_bytes() for name in ("front-8", "side-8", "front-1")
    )
    alone = scan(front, 158.2, model=model)
    both = scan(front, 158.2, model=model, side_photo=side)
    assert set(both.quality) == {"front", "side"}
    for name in SEGMENTS:
        assert both.lengths.half_width_95_cm(name) < alone.lengths.half_width_95_cm(name)
    three = scan(front, 158.2, model=model, side_photo=side, more_photos=[other])
    assert set(three.quality) == {"front", "front_2", "side"}


@pytest.mark.parametrize("file", [f for f, t in TRUTH.items() if t["expected_error"]])
def test_photos_to_refuse_are_refused_by_their_code(file, model):
    with pytest.raises(PhotoRefusedError) as refused:
        scan((PEOPLE / file).read_bytes(), 170.0, model=model)
    assert refused.value.code == TRUTH[file]["expected_error"]


def test_a_front_photo_is_no_side_photo(model):
    front = (PEOPLE / "front-8.jpg").read_bytes()
    with pytest.raises(PoseUnsuitableError):
        scan(front, 158.2, model=model, side_photo=front)
