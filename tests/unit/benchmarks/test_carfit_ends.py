import numpy as np
import pytest

from benchmarks.models import carfit_ends
from benchmarks.models.carfit import free
from benchmarks.models.carfit_ends import BACK, back_and_forth, turning_points
from chalicelib.body_prior import SEXES
from chalicelib.carfit import DEFAULT_VEHICLE, vehicles
from chalicelib.carfit.types import Sex

CARS = list(vehicles().values())
CAR = vehicles()[DEFAULT_VEHICLE]


@pytest.mark.parametrize(
    ("values", "turns"),
    [
        ([0.0, 1.0, 2.0, 3.0], []),
        ([3.0, 2.0, 2.0, 0.0], []),
        ([0.0, 0.4, 0.0, 0.4, 0.8, 1.2], []),
        ([0.0, 1.0, 2.0, 1.0, 0.0, 3.0], [2, 4]),
        ([2.0, 1.8, 1.6, 1.4, 1.6, 1.8, 2.0], [3]),
    ],
    ids=["up", "down", "a wobble", "up, down, up", "slowly"],
)
def test_a_series_turns_round_where_it_then_goes_back(
    values: list[float], turns: list[int]
) -> None:
    assert turning_points(np.array(values), 0.5) == turns


def test_what_goes_back_is_counted_by_the_way_that_goes_back_less() -> None:
    assert back_and_forth(np.array([0.0, 2.0, 1.5, 4.0])) == pytest.approx(0.5)
    assert back_and_forth(np.array([4.0, 1.5, 2.0, 0.0])) == pytest.approx(0.5)
    assert back_and_forth(np.array([4.0, 3.0, 3.0])) == 0.0


def test_nothing_turns_round_but_by_an_end_a_rule_or_a_joint() -> None:
    """In every car, of what the solver wants: travels free, the hip's range and the chest rule
    left out."""
    for sweep in carfit_ends.solved(CARS, freed=True, left_out=("hip", "chest")):
        for i, back in enumerate(BACK.values()):
            assert turning_points(sweep[:, i], back) == []


@pytest.mark.parametrize("sex", SEXES)
def test_the_backrest_turns_round_where_the_seats_track_ends(sex: Sex) -> None:
    real, freed = (carfit_ends.served(car, sex) for car in (CAR, free(CAR)))
    fore_aft, height, recline = real.T
    assert turning_points(fore_aft, BACK["fore_aft_mm"]) == []
    assert turning_points(height, BACK["height_mm"]) == []
    (turn,) = turning_points(recline, BACK["backrest_recline_deg"])
    assert fore_aft[turn] > CAR.seat_travel_mm - 10.0
    assert turning_points(freed[:, 2], BACK["backrest_recline_deg"]) == []
