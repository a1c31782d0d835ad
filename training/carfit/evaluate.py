"""Measures the trained model: against the physics, against published models, against drivers."""

from typing import Final

import numpy as np
import numpy.typing as npt

from chalicelib.carfit.fit import BAND_80_SD
from chalicelib.carfit.model import FEATURES, OUTPUTS, Model
from training.carfit.drivers import SimulatedDrivers
from training.carfit.physics import expected_cm, ideal_positions, mean_driver

Array = npt.NDArray[np.float64]

STATURES_CM: Final = np.arange(155.0, 191.0, 1.0)
H30_MM: Final = 270.0

J4004_PER_STATURE: Final = 0.433
J4004_PER_L6: Final = 0.41
"""SAE J4004, from memory: fore-aft by stature and wheel; all else is constant at one H30."""


def error(model: Model, rows: Array) -> dict[str, dict[str, float]]:
    """Model against the physics that it learned, by output: mean and largest absolute error."""
    off = np.abs(model.predict(rows) - ideal_positions(rows))
    return {
        name: {"mae": round(float(off[:, i].mean()), 3), "max": round(float(off[:, i].max()), 2)}
        for i, name in enumerate(OUTPUTS)
    }


def coverage(model: Model, drivers: SimulatedDrivers) -> dict[str, float]:
    """Share of drivers inside the model's 80 % band, by output."""
    off = np.abs(model.predict(drivers.features) - drivers.positions)
    inside = off <= BAND_80_SD * model.output_sd
    return {name: round(float(inside[:, i].mean()), 3) for i, name in enumerate(OUTPUTS)}


def fore_aft_by_stature(model: Model) -> dict[str, float]:
    """Slope of the H-point on stature, average bodies at H30 = 270, and its distance to J4004.

    Returns
    -------
    dict
        ``slope_male``, ``slope_female`` with all travel free, mm/mm; ``slope_fixed_wheel`` of both
        sexes; ``rmse_j4004_mm`` after one constant offset, mean of both sexes.
    """
    x = OUTPUTS.index("h_point_x_mm")
    slopes, positions, fixed = [], [], []
    for sex, male in (("male", 1.0), ("female", 0.0)):
        rows = _average_bodies(sex, male)
        wheel = model.predict(rows)[:, OUTPUTS.index("wheel_x_mm")]
        fixed.append(np.polyfit(10.0 * STATURES_CM, model.predict(rows)[:, x], 1)[0])
        free = rows.copy()
        free[:, FEATURES.index("wheel_front_x_mm")] = wheel
        free[:, FEATURES.index("wheel_rear_x_mm")] = wheel
        position = model.predict(free)[:, x]
        slopes.append(np.polyfit(10.0 * STATURES_CM, position, 1)[0])
        positions.append((position, wheel))
    off = []
    for position, wheel in positions:
        j4004 = J4004_PER_STATURE * 10.0 * STATURES_CM + J4004_PER_L6 * wheel
        difference = position - j4004
        off.append(np.std(difference))
    return {
        "slope_male": round(float(slopes[0]), 3),
        "slope_female": round(float(slopes[1]), 3),
        "slope_fixed_wheel": round(float(np.mean(fixed)), 3),
        "rmse_j4004_mm": round(float(np.mean(off)), 1),
    }


def _average_bodies(sex: str, male: float) -> Array:
    """Rows of the mean body of each stature, with the mean driver's wheel held."""
    rows = np.repeat(mean_driver(np.array([H30_MM])), len(STATURES_CM), axis=0)
    rows[:, FEATURES.index("height_cm")] = STATURES_CM
    first = FEATURES.index("height_cm") + 1
    rows[:, first : first + 5] = expected_cm(sex, STATURES_CM) / STATURES_CM[:, np.newaxis]
    rows[:, FEATURES.index("probability_male")] = male
    return rows
