import numpy as np
import pytest

from chalicelib.carfit import standards
from training.carfit import gains


def rmse_mm(*told: str) -> float:
    return float(np.sqrt(np.mean(gains.left_out_errors_mm(told) ** 2)))


def test_there_are_38_drivers_and_their_line_on_stature_is_j4004s() -> None:
    people = gains.seat_positions()
    assert people.measures.shape == (38, len(gains.MEASURES))
    slope = np.polyfit(people.measures[:, 0], people.hips_aft_mm, 1)[0]
    assert slope == pytest.approx(standards.J4004_STATURE, abs=0.02)


def test_lengths_told_the_left_out_driver_is_found_no_worse_than_without() -> None:
    """Gains and offset are fitted without the driver who is then predicted."""
    without, told = rmse_mm("stature_mm"), rmse_mm("stature_mm", "leg_mm")
    assert told <= without
    assert told <= 36.5


def test_weight_told_the_left_out_driver_is_found_no_worse_than_by_height_alone() -> None:
    """At the hips, where these drivers were measured: they lie further forward the heavier."""
    heavier = rmse_mm(*gains.MEASURES[:3])
    assert heavier <= rmse_mm("stature_mm")
    assert heavier <= 36.5


def test_a_gain_on_which_the_sources_contradict_each_other_is_left_out() -> None:
    """Age: .5 mm/year in Park's men, none in the women, -.6 in the 38."""
    assert gains.agreed(gains.seat_positions()) == ("stature_mm", "leg_mm", "bmi_kg_m2")
    age = gains.MEASURES.index("age_years")
    assert gains.prior().mm[age] > 0.2
    assert gains.gains().mm[age] == gains.gains().sd_mm[age] == 0.0


def test_a_gain_lies_between_what_is_published_and_what_the_drivers_say() -> None:
    people, before, after = gains.seat_positions(), gains.prior(), gains.gains()
    used = [0, 1, 2]
    inputs = np.column_stack([np.ones(38), people.measures[:, used]])
    at_hips = np.linalg.lstsq(inputs, people.hips_aft_mm, rcond=None)[0][1:]
    alone = at_hips + gains.HIPS_FORWARD[used]
    # Stature shares its say with BMI and leg; the others stand each between the two.
    for i in used[1:]:
        low, high = sorted((before.mm[i], alone[i]))
        assert low - 0.1 <= after.mm[i] <= high + 0.1, gains.MEASURES[i]
    assert np.all(after.sd_mm[used] < before.sd_mm[used])


def test_hips_lie_further_before_the_h_point_the_heavier_the_driver() -> None:
    """Park et al. 2016: 1.8 mm for a kg/m2 (women) and 2.4 (men)."""
    assert gains.HIPS_FORWARD.tolist() == [0.0, 0.0, pytest.approx(2.1, abs=0.05), 0.0]


def test_what_is_not_told_has_no_gain() -> None:
    found, _ = gains.posterior(gains.seat_positions(), ("stature_mm",))
    assert found.mm[1:].tolist() == [0.0, 0.0, 0.0]
    assert found.mm[0] > 0.3
