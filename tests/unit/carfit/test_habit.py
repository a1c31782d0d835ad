"""What is learned of a habit, on habits drawn from the prior itself."""

from dataclasses import replace

import numpy as np
import pytest

from chalicelib.carfit.habit import (
    HABIT,
    MOST_TELLINGS,
    Told,
    bundled_prior,
    learn,
    most_telling,
)

PRIOR = bundled_prior()
LEG = HABIT.index("leg_mm")


def telling(habit: np.ndarray, car: int = 0, days_ago: float = 0.0) -> Told:
    """Every offset told as it is."""
    n = len(HABIT)
    return Told(car, days_ago, np.eye(n), habit, np.full(n, 0.5), np.zeros(n))


def drawn(rng: np.random.Generator, count: int, cars: tuple[int, ...]) -> tuple[list[Told], dict]:
    """Tellings of one driver, and where the driver next sits in each of ``cars``."""
    zero = np.zeros(len(HABIT))
    habit = rng.multivariate_normal(zero, PRIOR.between)
    leaning = {car: rng.multivariate_normal(zero, PRIOR.car) for car in cars}

    def sits(car: int) -> np.ndarray:
        return habit + leaning[car] + rng.multivariate_normal(zero, PRIOR.within)

    return [telling(sits(0)) for _ in range(count)], {car: sits(car) for car in cars}


def test_nothing_told_is_the_prior() -> None:
    known = learn([], 0, PRIOR)
    assert not known.mean.any()
    assert known.next_cov == pytest.approx(PRIOR.total)


def test_one_telling_is_the_closed_form_of_a_normal_prior() -> None:
    habit = np.array([20.0, 2.0, 10.0, 5.0, -5.0, 3.0, -3.0])
    known = learn([telling(habit)], 0, PRIOR)
    signal = PRIOR.between + PRIOR.car
    trusted = (PRIOR.within + 0.25 * np.eye(len(HABIT))) / known.trust[0]
    assert known.mean == pytest.approx(signal @ np.linalg.solve(signal + trusted, habit))
    assert known.trust[0] > 0.9


@pytest.mark.parametrize("count", [0, 1, 3, 10])
@pytest.mark.parametrize("car", [0, 1])
def test_the_band_holds_80_percent_of_what_comes_next(count: int, car: int) -> None:
    rng = np.random.default_rng(count)
    inside = []
    for _ in range(100):
        tellings, next_ = drawn(rng, count, (0, 1))
        known = learn(tellings, car, PRIOR)
        sd = np.sqrt(np.diag(known.next_cov))
        inside.append(np.abs(next_[car] - known.mean) < 1.2816 * sd)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.06)


def test_the_band_narrows_with_every_telling_and_more_in_the_same_car() -> None:
    habit = np.array([25.0, 2.0, 15.0, 5.0, 0.0, 0.0, 0.0])
    sd = {
        car: [
            float(np.sqrt(learn([telling(habit)] * n, car, PRIOR).next_cov[LEG, LEG]))
            for n in (0, 1, 3, 10)
        ]
        for car in (0, 1)
    }
    for each in sd.values():
        assert each == sorted(each, reverse=True)
    assert sd[0][2] < 15.0 < sd[0][0]
    assert all(here < there for here, there in zip(sd[0][1:], sd[1][1:], strict=True))


def test_one_wrong_telling_is_doubted() -> None:
    own = np.array([20.0, 2.0, 10.0, 5.0, 0.0, 0.0, 0.0])
    foreign = np.array([-70.0, -6.0, -60.0, -20.0, 20.0, 0.0, 0.0])
    alone = learn([telling(own)] * 4, 0, PRIOR)
    known = learn([*[telling(own)] * 4, telling(foreign)], 0, PRIOR)
    assert known.trust[4] < 0.1 < 0.9 < min(known.trust[:4])
    assert known.mean == pytest.approx(alone.mean, abs=2.0)


def test_two_habits_are_no_habit() -> None:
    one = np.array([40.0, 4.0, 30.0, 12.0, 0.0, 0.0, 0.0])
    known = learn([telling(one), telling(-one)] * 3, 0, PRIOR)
    assert known.two_habits
    assert not known.mean.any()
    assert known.next_cov == pytest.approx(PRIOR.total)


def test_one_driver_in_two_cars_is_not_two() -> None:
    rng = np.random.default_rng(4)
    zero = np.zeros(len(HABIT))
    taken = 0
    for _ in range(15):
        habit = rng.multivariate_normal(zero, PRIOR.between)
        tellings = []
        for car in (0, 1):
            leaning = rng.multivariate_normal(zero, PRIOR.car)
            for _ in range(4):
                day = rng.multivariate_normal(zero, PRIOR.within)
                tellings.append(telling(habit + leaning + day, car))
        taken += learn(tellings, 0, PRIOR).two_habits
    assert taken == 0


def test_what_is_old_counts_less() -> None:
    habit = np.full(len(HABIT), 3.0)
    means = [learn([telling(habit, days_ago=days)], 0, PRIOR).mean[LEG] for days in (0, 365, 3650)]
    assert means == sorted(means, reverse=True)


def test_a_seat_at_the_end_of_its_travel_says_at_least() -> None:
    at_end = replace(
        telling(np.zeros(len(HABIT))),
        view=np.eye(len(HABIT))[:1],
        values=np.array([10.0]),
        noise_sd=np.array([0.5]),
        beyond=np.array([1.0]),
    )
    said = learn([at_end], 0, PRIOR)
    plain = learn([replace(at_end, beyond=np.zeros(1))], 0, PRIOR)
    assert said.mean[LEG] > plain.mean[LEG]
    assert said.next_cov[LEG, LEG] > plain.next_cov[LEG, LEG]


def test_what_was_expected_beyond_the_end_teaches_next_to_nothing() -> None:
    far_below = replace(
        telling(np.zeros(len(HABIT))),
        view=np.eye(len(HABIT))[:1],
        values=np.array([-150.0]),
        noise_sd=np.array([0.5]),
        beyond=np.array([1.0]),
    )
    assert abs(learn([far_below], 0, PRIOR).mean[LEG]) < 1.0


def test_many_tellings_are_cut_to_the_newest_of_each_car() -> None:
    cars = [0] * 100 + [1]
    chosen = most_telling(cars, [float(i) for i in range(100)] + [500.0])
    assert len(chosen) == MOST_TELLINGS
    assert 100 in chosen
    assert set(range(MOST_TELLINGS - 1)) <= set(chosen)
