import json

import numpy as np
import pytest

from chalicelib.body_prior import (
    SEGMENTS,
    SEXES,
    conditional,
    given_some,
    human_range_cm,
    probability_male,
    unusual_proportions,
)
from training.carfit import body_prior as training

GUIDE_EXAMPLE_CM = (31.0, 26.0, 51.0, 36.0, 61.0)


@pytest.mark.parametrize("sex", [None, *SEXES])
@pytest.mark.parametrize("height_cm", [100.0, 140.9, 160.0, 175.0, 199.3, 230.0])
def test_expected_lengths_are_a_plausible_share_of_stature(
    height_cm: float, sex: str | None
) -> None:
    prior = conditional(height_cm, sex)
    share = prior.mean_cm / height_cm
    # ANSUR II's shares moved to joint centres, mean of the sexes. (Drillis & Contini's upper arm,
    # .186, starts at the acromion, not at the joint's centre.)
    assert np.allclose(share, [0.162, 0.152, 0.239, 0.243, 0.276], atol=0.02)
    assert np.all(np.linalg.eigvalsh(prior.cov_cm2) > 0.0)


def test_without_a_sex_the_prior_mixes_both() -> None:
    assert probability_male(155.0) < 0.1 < 0.9 < probability_male(185.0)
    assert np.allclose(conditional(195.0).mean_cm, conditional(195.0, "male").mean_cm, atol=0.02)
    mixed, male, female = (conditional(168.0, sex) for sex in (None, *SEXES))
    first, *both = (
        each.cov_cm2 + np.outer(each.mean_cm, each.mean_cm) for each in (mixed, male, female)
    )
    share = probability_male(168.0)
    assert np.allclose(first, share * both[0] + (1.0 - share) * both[1])
    low, high = human_range_cm(170.0)
    for sex in SEXES:
        of_sex_low, of_sex_high = human_range_cm(170.0, sex)
        assert np.all(low <= of_sex_low) and np.all(of_sex_high <= high)


def test_prior_grows_with_height_without_a_jump_at_the_end_of_the_data() -> None:
    means = np.array([conditional(h).mean_cm for h in np.arange(100.0, 230.0, 0.1)])
    steps = np.diff(means, axis=0)
    assert np.all(steps > 0.0)
    assert np.all(steps < 0.06)
    for shorter, taller in ((110.0, 132.0), (200.0, 220.0)):  # of whom nobody was measured
        small, large = (conditional(height, "male").sd_cm for height in (shorter, taller))
        assert np.allclose(large / small, taller / shorter)


def test_ordinary_bodies_are_rarely_called_unusual() -> None:
    rng = np.random.default_rng(2)
    called = 0
    for sex in SEXES:
        people = training.population(sex)
        for body in rng.multivariate_normal(people.mean_cm, people.cov_cm2, size=1000):
            called += bool(unusual_proportions(body[0], body[1:], sex))
    assert called / 2000 < 0.01


def test_the_guides_example_names_thigh_calf_and_torso() -> None:
    deviations = unusual_proportions(175.0, GUIDE_EXAMPLE_CM)
    assert {each.segment for each in deviations} == {"thigh", "calf", "torso"}
    calf = next(each for each in deviations if each.segment == "calf")
    assert calf.off_cm == pytest.approx(-6.0, abs=0.1)
    assert calf.off_sd < -3.0


def test_a_body_possible_in_each_part_but_not_as_a_whole_is_unusual() -> None:
    prior = conditional(175.0, "male")
    # Upper arm and forearm go together: one long and the other short is rarer than either.
    lengths_cm = prior.mean_cm + prior.sd_cm * np.array([3.0, -3.0, 0.0, 0.0, 0.0])
    assert len(unusual_proportions(175.0, lengths_cm, "male")) == 1


@pytest.mark.parametrize("height_cm", [0.0, -170.0, float("nan"), float("inf")])
def test_a_height_that_is_none_is_refused(height_cm: float) -> None:
    with pytest.raises(ValueError, match="height_cm"):
        conditional(height_cm)


def test_a_sex_that_is_none_of_the_three_is_refused() -> None:
    with pytest.raises(ValueError, match="sex"):
        conditional(170.0, "other")


def test_the_committed_prior_is_what_training_makes() -> None:
    assert json.loads(training.TARGET.read_text()) == training.prior()
    assert training.prior()["segments"] == list(SEGMENTS)


def test_missing_lengths_are_those_that_the_known_ones_lead_to_expect() -> None:
    prior = conditional(175.0)
    none_known, cov = given_some(175.0, [None] * 5)
    assert np.allclose(none_known, prior.mean_cm)
    assert np.allclose(cov, prior.cov_cm2)

    # Long forearms go with long upper arms; the doubt about them shrinks.
    forearm_cm = prior.mean_cm[1] + 2.0
    filled, cov = given_some(175.0, [None, forearm_cm, None, None, None])
    assert filled[1] == forearm_cm
    assert filled[0] > prior.mean_cm[0] + 0.5
    assert np.all(cov[1] == 0.0) and np.all(cov[:, 1] == 0.0)
    assert cov[0, 0] < prior.cov_cm2[0, 0]
    assert np.all(np.linalg.eigvalsh(cov) > -1e-9)

    all_known, nothing = given_some(175.0, GUIDE_EXAMPLE_CM)
    assert all_known == GUIDE_EXAMPLE_CM
    assert not nothing.any()


def test_an_absurd_length_does_not_make_the_others_absurd() -> None:
    filled, _ = given_some(175.0, [None, None, 75.0, None, None])
    low, high = human_range_cm(175.0)
    others = np.array([0, 1, 3, 4])
    assert np.all(np.array(filled)[others] > low[others])
    assert np.all(np.array(filled)[others] < high[others])
