"""What lengths are worth that are read as if rendered people were real."""

import numpy as np
import pytest

from benchmarks.models.as_if_real import errors_cm, row
from bodyscan import lengths
from bodyscan.lengths import ROWS
from tests.unit.bodyscan.test_lengths import seen

USUAL = np.random.default_rng(0).normal(0, 1, (50, 5))


def test_lengths_that_are_right_but_for_an_offset_follow_the_true_ones():
    spread, *follow = row(np.full((50, 5), 0.7), USUAL)
    assert spread == "0.00"
    assert follow == ["1.00"] * len(ROWS)


def test_lengths_that_know_nothing_of_the_true_ones_do_not_follow_them():
    noise = np.random.default_rng(1).normal(0, 1, (50, 5))
    _, *follow = row(USUAL + noise, USUAL)
    assert all(abs(float(each)) < 0.4 for each in follow)


def test_the_more_the_witnesses_are_doubted_the_nearer_lengths_are_to_height_alone():
    photo = seen(175.0, np.array([1.5, -1.0, 2.0, -1.5, 1.0]))
    front = [(photo, 175.0, lengths.estimate([], 175.0).mean_cm)] * 2
    near, far = (np.abs(errors_cm(front, factor)[0]).sum() for factor in (20.0, 1.0))
    assert near < 0.5 * far
    assert errors_cm(front, 1.0)[1] == pytest.approx(0.0)
