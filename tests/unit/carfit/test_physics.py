import numpy as np
import pytest

from chalicelib.carfit.model import FEATURES, OUTPUTS
from training.carfit.physics import expected_cm, ideal_positions, mean_driver, preferred_wheel_x_mm


def row(height_cm: float, sex: str, **beyond_cm: float) -> np.ndarray:
    """A mean body of 26 kg/m2 and 40 years at H30 = 270, its wheel at 540 mm."""
    values = mean_driver(np.array([270.0]), np.array([540.0]))[0]
    lengths_cm = expected_cm(sex, np.array([height_cm]))[0]
    for name, beyond in beyond_cm.items():
        lengths_cm[FEATURES.index(f"{name}_share") - 1] += beyond
    values[FEATURES.index("height_cm")] = height_cm
    values[1:6] = lengths_cm / height_cm
    values[FEATURES.index("probability_male")] = float(sex == "male")
    values[FEATURES.index("bmi_kg_m2")] = 26.0
    values[FEATURES.index("age_years")] = 40.0
    return values


def position(values: np.ndarray) -> dict[str, float]:
    return dict(zip(OUTPUTS, ideal_positions(values[np.newaxis])[0].tolist(), strict=True))


def test_an_average_man_sits_where_the_published_regression_says() -> None:
    found = position(row(175.0, "male"))
    # -48 + .56 S + 1.39 BMI + 7.53 A - .42 H30 + .505 L6re - .00398 S A
    fore_aft = -48 + 0.56 * 1750 + 1.39 * 26 + 7.53 * 40 - 0.42 * 270 - 0.505 * 60
    fore_aft -= 0.00398 * 1750 * 40
    assert found["h_point_x_mm"] == pytest.approx(fore_aft)
    assert found["h_point_z_mm"] == pytest.approx(123.1 - 0.05864 * 1750 + 0.945 * 270)
    shs = (20.5795 + 0.4057 * 175.0) / 175.0
    eye = -498 + 0.361 * 1750 + 845 * shs + 2.76 * 26 - 0.175 * 40
    assert found["eye_z_mm"] - found["h_point_z_mm"] == pytest.approx(eye)


def test_an_average_woman_sits_where_the_published_regression_says() -> None:
    found = position(row(165.0, "female"))
    shs = (21.583 + 0.3935 * 165.0) / 165.0
    fore_aft = 678 + 0.284 * 1650 - 494 * shs + 2.33 * 26 - 0.388 * 270 - 0.426 * 60
    assert found["h_point_x_mm"] == pytest.approx(fore_aft)


def test_the_preferred_wheel_is_reeds() -> None:
    assert preferred_wheel_x_mm(1756.0, np.array([270.0]))[0] == pytest.approx(540.0, abs=0.5)


def test_between_the_sexes_lies_their_mean() -> None:
    woman, man = row(170.0, "female"), row(170.0, "male")
    man[1:6] = woman[1:6]
    either = man.copy()
    either[FEATURES.index("probability_male")] = 0.25
    mixed = 0.25 * ideal_positions(man[np.newaxis]) + 0.75 * ideal_positions(woman[np.newaxis])
    assert np.allclose(ideal_positions(either[np.newaxis]), mixed, atol=1e-9)


@pytest.mark.parametrize("sex", ["male", "female"])
def test_each_limb_does_what_it_should(sex: str) -> None:
    plain = position(row(175.0, sex))
    legs = position(row(175.0, sex, thigh=1.0, calf=1.0))
    assert legs["h_point_x_mm"] - plain["h_point_x_mm"] == pytest.approx(20.0 * 0.6 * 0.6244)
    assert legs["eye_z_mm"] < plain["eye_z_mm"]
    arms = position(row(175.0, sex, upper_arm=1.0, forearm=1.0))
    assert arms["wheel_x_mm"] - plain["wheel_x_mm"] == pytest.approx(-10.0)
    torso = position(row(175.0, sex, torso=2.0))
    assert torso["torso_mm"] - plain["torso_mm"] == pytest.approx(0.97 * 0.6 * 20.0)


def test_what_no_body_has_adds_no_more_than_what_some_have() -> None:
    long, absurd = (position(row(175.0, "male", thigh=t)) for t in (10.0, 40.0))
    assert absurd == long


def test_short_drivers_raise_the_seat_until_they_see_over_the_bonnet() -> None:
    short, tall = position(row(148.0, "female")), position(row(185.0, "male"))
    lowest_eye = 270.0 + 638.0 - 93.4 / 2
    assert short["eye_z_mm"] == pytest.approx(lowest_eye)
    assert short["h_point_z_mm"] > tall["h_point_z_mm"] + 20.0
