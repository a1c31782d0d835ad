"""The figures of the accuracy benchmark mean what they say."""

import numpy as np
import pytest

from benchmarks.models import accuracy
from benchmarks.models.accuracy import Seen
from bodyscan.lengths import SEGMENTS
from chalicelib import body_prior

HEIGHTS = np.array([160.0, 175.0, 190.0])


def prior():
    return np.array([body_prior.conditional(height).mean_cm for height in HEIGHTS])


def test_errors_are_counted_by_segment_limb_and_against_the_height():
    true = prior() + 0.5
    found = true.copy()
    found[:, SEGMENTS.index("thigh")] += 2.0
    found[:, SEGMENTS.index("calf")] -= 1.0
    figures = accuracy.errors(found, true, HEIGHTS)
    assert figures["mae_cm"] == pytest.approx(3.0 / 5)
    assert figures["by_segment_cm"]["thigh"] == pytest.approx(2.0)
    assert figures["bias_cm"]["calf"] == pytest.approx(-1.0)
    assert (figures["arm_cm"], figures["leg_cm"]) == (pytest.approx(0), pytest.approx(1.0))
    # The same error on everybody is an offset.
    assert figures["offset_removed_cm"] == pytest.approx(0)
    # The height alone is 0.5 cm off: only 2 cm is over 1 cm worse than that.
    assert figures["much_worse_than_height"] == pytest.approx(1 / 5)


def photo(kind, expected, refusal):
    return Seen({"kind": kind, "expected_error": expected}, refusal)


def test_refusals_are_told_apart_by_what_the_photo_shows():
    figures = accuracy.refusals(
        [
            photo("far", "PERSON_TOO_SMALL", "PERSON_TOO_SMALL"),
            photo("far", "PERSON_TOO_SMALL", "NO_PERSON"),
            photo("behind", "POSE_UNSUITABLE", "POSE_UNSUITABLE from_behind"),
            photo("behind", "POSE_UNSUITABLE", None),
        ]
    )
    assert figures["refused_share"] == 0.75
    assert figures["right_code_share"] == 0.5
    assert figures["by_kind"]["behind"] == {"POSE_UNSUITABLE from_behind": 1, "measured": 1}


def test_a_photo_that_two_codes_fit_is_right_with_either():
    truth = {
        "kind": "cartoon",
        "expected_error": "NO_PERSON",
        "expected_errors": ["NO_PERSON", "SEVERAL_PEOPLE"],
    }
    answers = ("NO_PERSON", "SEVERAL_PEOPLE", "POSE_UNSUITABLE legs_bent", None)
    figures = accuracy.refusals([Seen(truth, answer) for answer in answers])
    assert figures["right_code_share"] == 0.5


def test_what_further_photos_bring_reaches_the_web_page(tmp_path):
    page = tmp_path / "brings.js"
    page.write_text(accuracy.BRINGS.read_text("utf-8"), "utf-8")
    half = {"front": 3.14, "front + side": 2.72, "two fronts": 1.41, "two fronts + side": 1.0}
    views = {view: {"half_width_cm": cm} for view, cm in half.items()}
    accuracy.write_brings(page, {"sets": {"real": {"views": views}}})
    lines = page.read_text("utf-8").splitlines()
    assert lines[-1] == "const HALF_95_CM = { front: 3.1, side: 2.7, second: 1.4 };"
    assert lines[:-1] == accuracy.BRINGS.read_text("utf-8").splitlines()[:-1]
