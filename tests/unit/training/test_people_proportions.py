import numpy as np
import pytest

from training.people.proportions import (
    ASYMMETRY_MAX,
    SEGMENTS,
    STATURE_CM,
    WIDE_FACTOR,
    link_model,
    sample_lengths_cm,
    sample_proportions,
)

# Drillis & Contini, joint centres, as a share of stature (Winter).
WINTER = {"upper_arm": 0.186, "forearm": 0.146, "thigh": 0.245, "calf": 0.246, "torso": 0.288}
PEOPLE = 4000


def residuals_cm(sex, spread, stature_cm=170.0):
    rng = np.random.default_rng(5)
    drawn = [sample_lengths_cm(rng, sex, stature_cm, spread) for _ in range(PEOPLE)]
    return np.array(drawn) - link_model(sex).expected_cm(stature_cm)


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("segment", [s for s in SEGMENTS if s != "upper_arm"])
def test_mean_lengths_are_winters_to_a_centimetre_or_two(sex, segment):
    model = link_model(sex)
    share = model.mean_cm[SEGMENTS.index(segment)] / model.mean_stature_cm
    assert share == pytest.approx(WINTER[segment], abs=0.016)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_the_upper_arm_starts_at_the_humeral_head_not_at_the_acromion(sex):
    model = link_model(sex)
    shorter_cm = (WINTER["upper_arm"] * model.mean_stature_cm) - model.mean_cm[0]
    assert 3.0 < shorter_cm < 5.0


@pytest.mark.parametrize("sex", ["female", "male"])
def test_real_people_differ_as_ansurs_do(sex):
    off_cm = residuals_cm(sex, "real")
    model = link_model(sex)
    sd_cm = np.sqrt(np.diag(model.residual_cov_cm2))
    np.testing.assert_allclose(off_cm.mean(0), 0, atol=0.15)
    np.testing.assert_allclose(off_cm.std(0), sd_cm, rtol=0.06)
    expected = model.residual_cov_cm2 / np.outer(sd_cm, sd_cm)
    np.testing.assert_allclose(np.corrcoef(off_cm.T), expected, atol=0.06)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_wide_people_differ_two_to_three_times_as_much(sex):
    ratio = residuals_cm(sex, "wide").std(0) / residuals_cm(sex, "real").std(0)
    assert (ratio > WIDE_FACTOR[0]).all()
    assert (ratio < WIDE_FACTOR[1]).all()


@pytest.mark.parametrize("spread", ["real", "wide"])
def test_what_the_stack_of_segments_leaves_fits_a_neck_and_a_head(spread):
    off_cm = residuals_cm("male", spread)
    stack_cm = off_cm[:, [SEGMENTS.index(s) for s in ("thigh", "calf", "torso")]].sum(1)
    assert abs(stack_cm).max() < 5


def test_people_are_in_range_nearly_symmetric_and_the_same_for_the_same_seed():
    people = [sample_proportions(np.random.default_rng(seed), "wide") for seed in range(300)]
    for person in people:
        assert STATURE_CM[0] <= person.stature_cm <= STATURE_CM[1]
        assert person.asymmetry["torso"] == 0
        assert max(abs(a) for a in person.asymmetry.values()) <= ASYMMETRY_MAX
        assert min(person.lengths_cm.values()) > 12
    assert {p.sex for p in people} == {"female", "male"}
    assert people[7] == sample_proportions(np.random.default_rng(7), "wide")


def test_the_two_sides_average_to_the_length():
    person = sample_proportions(np.random.default_rng(1), "real")
    sides_cm = [person.side_length_cm("thigh", side) for side in ("L", "R")]
    assert np.mean(sides_cm) == pytest.approx(person.lengths_cm["thigh"])
    assert sides_cm[0] != sides_cm[1]
