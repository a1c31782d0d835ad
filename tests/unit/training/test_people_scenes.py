"""Held-out photos look like none that train; the same seed is the same person."""

import numpy as np
import pytest

from training.people.batch import plan
from training.people.scenes import (
    CAMERA_HEIGHT_M,
    CLOTH_COLOURS,
    FLOOR_COLOURS,
    PATTERNS,
    WALL_COLOURS,
    WALL_FINISHES,
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
