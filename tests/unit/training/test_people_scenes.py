"""Held-out photos look like none that train; the same seed is the same person; what has to be
refused shows what its name says."""

import json
from pathlib import Path

import numpy as np
import pytest

from training.people.batch import plan
from training.people.body import level_feet, pose_body
from training.people.scenes import (
    CAMERA_HEIGHT_M,
    CLOTH_COLOURS,
    EXPECTED,
    FLOOR_COLOURS,
    HIGH_M,
    LOW_M,
    PATTERNS,
    REFUSED,
    WALL_COLOURS,
    WALL_FINISHES,
    Refusal,
    make_pose,
    make_room,
    make_shot,
    options_of,
)


@pytest.mark.parametrize(
    "options", [CLOTH_COLOURS, FLOOR_COLOURS, PATTERNS, WALL_COLOURS, WALL_FINISHES]
)
def test_what_is_measured_on_shares_no_look_with_what_trains(options):
    training, held_out = (set(options_of(decor, options)) for decor in ("training", "held_out"))
    assert training and held_out
    assert not training & held_out
    assert training | held_out == set(options_of("any", options)) == set(options)


def test_walls_are_of_the_decor_asked_for():
    finishes = {str(make_room(seed, "front", "held_out").planes[1].finish) for seed in range(80)}
    outdoors = {"concrete", "planks", "sky", "brick"}
    assert finishes - outdoors <= set(options_of("held_out", WALL_FINISHES))


def test_phones_are_held_from_knee_to_above_the_head():
    heights = [make_shot(seed, "front", 960).camera_height_m for seed in range(300)]
    low, high = CAMERA_HEIGHT_M
    assert low <= min(heights) < 0.7 and 1.7 < max(heights) <= high
    assert 1.1 < np.mean(heights) < 1.35


def test_a_person_photographed_three_times_is_three_jobs_side_by_side():
    jobs = plan(2, 7, "three", "real", 960, "training")
    assert [(job.seed, job.kind) for job in jobs] == [
        (7, "front"), (7, "side"), (7, "again"), (8, "front"), (8, "side"), (8, "again"),
    ]  # fmt: skip
    assert len({job.file_name for job in jobs}) == len(jobs)
    assert make_shot(7, "again", 960) != make_shot(7, "front", 960)


@pytest.mark.parametrize(("kind", "span"), [("low", LOW_M), ("high", HIGH_M)])
def test_phones_on_the_floor_look_up_and_those_above_the_head_look_down(kind, span):
    shots = [make_shot(seed, kind, 960) for seed in range(60)]
    assert all(span[0] <= shot.camera_height_m <= span[1] for shot in shots)
    pitches = np.array([shot.pitch_deg for shot in shots])
    assert (abs(pitches) >= 12).all() and (abs(pitches) <= 25).all()
    assert (pitches > 0).all() if kind == "low" else (pitches < 0).all()


# --- what has to be refused ---------------------------------------------------------------------

PEOPLE = Path(__file__).parents[2] / "fixtures/people"
SEEDS = range(40)
AHEAD = np.array([0.0, -1.0, 0.0])


def test_photos_to_refuse_are_of_each_kind_in_turn():
    jobs = plan(2 * len(REFUSED), 7, "refuse", "real", 960, "held_out")
    assert [job.kind for job in jobs] == [*REFUSED, *REFUSED]


def test_fixtures_say_which_answers_are_right():
    truths = [json.loads(line) for line in (PEOPLE / "truth.jsonl").read_text().splitlines()]
    for truth in truths:
        # A pose that no kind of photo is sure to show has the name of the reason for its refusal.
        posed = Refusal(("POSE_UNSUITABLE",), (truth["kind"],))
        refusal = EXPECTED.get(truth["kind"], posed)
        assert truth["expected_error"] == (refusal.codes[0] if refusal else None)
        # Photos from before there were more answers than one have none of these.
        if "expected_errors" in truth:
            assert truth["expected_errors"] == (list(refusal.codes) if refusal else [])
            assert truth["expected_reasons"] == (list(refusal.reasons) if refusal else [])
        assert (PEOPLE / truth["file"]).exists()
    assert {"turned", "gown", "water", "cartoon", "collage", "low"} <= {t["kind"] for t in truths}


def angle_deg(a, b):
    return np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def joints(skeleton, seed, kind):
    return pose_body(skeleton, make_pose(seed, kind)).joints


def test_who_is_turned_is_turned_by_about_half_a_right_angle_to_either_side(skeleton):
    yaws = []
    for seed in SEEDS:
        j = joints(skeleton, seed, "turned")
        across = j["hip.L"] - j["hip.R"]
        yaws.append(np.degrees(np.arctan2(across[1], across[0])))
    assert min(yaws) < -40 and max(yaws) > 40
    assert all(40 <= abs(yaw) <= 60 for yaw in yaws)


def test_who_walks_has_one_foot_ahead_and_the_other_raised(skeleton):
    for seed in SEEDS:
        j = joints(skeleton, seed, "walking")
        low, high = sorted((j["ankle.L"], j["ankle.R"]), key=lambda ankle: ankle[2])
        assert high[2] - low[2] > 0.015
        assert low[1] < high[1] - 0.2


def test_who_jumps_has_both_feet_off_the_floor_and_bent_knees(skeleton):
    for seed in SEEDS:
        pose = make_pose(seed, "jumping")
        assert pose.above_floor_m >= 0.1
        assert min(pose.leg_left.knee_deg, pose.leg_right.knee_deg) > 15


def test_who_squats_wide_has_low_hips_between_feet_far_apart(skeleton):
    for seed in SEEDS:
        j = joints(skeleton, seed, "wide_squat")
        assert j["hip.L"][2] - j["ankle.L"][2] < 0.8
        assert j["ankle.L"][0] - j["ankle.R"][0] > 0.45


def test_who_lifts_has_hands_overhead_and_knees_bent(skeleton):
    for seed in SEEDS:
        pose = make_pose(seed, "lifting")
        j = pose_body(skeleton, pose).joints
        assert min(j["wrist.L"][2], j["wrist.R"][2]) > j["head"][2]
        assert pose.leg_left.knee_deg >= 20


def test_crossed_legs_have_the_left_foot_on_the_right(skeleton):
    for seed in SEEDS:
        pose = level_feet(skeleton, make_pose(seed, "legs_crossed"))
        j = pose_body(skeleton, pose).joints
        left, right = (j["ankle" + side] @ (j["hip.L"] - j["hip.R"]) for side in (".L", ".R"))
        assert left < right


def test_arms_that_point_at_the_camera_look_straight_and_short(skeleton):
    for seed in SEEDS:
        pose = make_pose(seed, "arms_forward")
        j = pose_body(skeleton, pose).joints
        for side in (".L", ".R"):
            upper, lower = (j[b + side] - j[a + side]
                            for a, b in (("shoulder", "elbow"), ("elbow", "wrist")))  # fmt: skip
            out_of_picture = 90 - angle_deg(lower, AHEAD)
            assert out_of_picture > 25
            assert angle_deg(upper[[0, 2]], lower[[0, 2]]) < 60


def test_hidden_hands_are_at_the_hips_or_behind_the_back(skeleton):
    for seed in SEEDS:
        j = joints(skeleton, seed, "hands_hidden")
        for side in (".L", ".R"):
            assert abs(j["wrist" + side] - j["hip" + side])[0] < 0.2
            assert j["elbow" + side][1] > 0  # elbows point backwards
