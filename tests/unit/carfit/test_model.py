import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest

from chalicelib.carfit import ModelError, bundled_model, recommend, vehicles
from chalicelib.carfit.model import (
    ARRAYS,
    CARD,
    FEATURES,
    OUTPUTS,
    PACKAGE_FEATURES,
    SCATTER,
    Model,
    features,
    package_features,
    with_free_travels,
)
from tests.unit.carfit.bodies import average_body
from training.carfit import drivers, train
from training.carfit.__main__ import PIPELINE

EQUALITY = 1e-6
CARS = list(vehicles().values())


def bodies_in_vehicles(count: int) -> np.ndarray:
    """Ordinary people in the catalogue's cars, and bodies far beyond what was trained on."""
    rng = np.random.default_rng(5)
    people = drivers.people(count, CARS, rng)
    return np.vstack([people, people * rng.uniform(0.5, 1.6, people.shape)])


def test_the_arrays_that_ship_equal_the_pipeline_that_joblib_kept() -> None:
    rows = bodies_in_vehicles(2000)
    pipeline = joblib.load(PIPELINE)
    assert np.abs(bundled_model().predict(rows) - pipeline.predict(rows)).max() < EQUALITY


def test_any_trained_pipeline_exports_to_equal_arrays() -> None:
    rng = np.random.default_rng(6)
    rows = drivers.training_rows(1000, CARS, rng)
    targets = drivers.positions(rows, drivers.solved(rows, passes=5))
    pipeline = train.fit(rows, targets, seed=6, schedule=((1e-3, 1), (1e-4, 2)))
    served = train.exported(pipeline, np.ones((2, len(SCATTER))), "test")
    content = served.to_bytes()
    served = Model.from_bytes(content, hashlib.sha256(content).hexdigest())
    unseen = bodies_in_vehicles(1000)
    assert np.abs(served.predict(unseen) - pipeline.predict(unseen)).max() < EQUALITY


def test_the_model_has_learned_the_solver() -> None:
    rows = drivers.people(1500, CARS, np.random.default_rng(8))
    off = bundled_model().predict(rows) - drivers.positions(rows, drivers.solved(rows))
    off = np.abs(off).mean(axis=0)
    degrees = np.array([name.endswith("_deg") for name in OUTPUTS])
    assert np.all(off[degrees] < 0.3)
    assert np.all(off[~degrees] < 3.0)


def test_bands_hold_four_drivers_in_five() -> None:
    rng = np.random.default_rng(7)
    for told in (False, True):
        rows = with_free_travels(drivers.people(2500, CARS, rng))
        own = drivers.simulated_drivers(rows, rng, told=told)
        predicted = drivers.seated(own.features, bundled_model().predict(own.features))
        off = drivers.scattering(predicted) - drivers.scattering(
            drivers.seated(rows, own.positions)
        )
        off = np.abs(off)
        inside = (off < 1.2816 * bundled_model().driver_sd[int(told)]).mean(axis=0)
        assert np.all(np.abs(inside - 0.8) < 0.04)


def test_a_body_beyond_the_bounds_is_served_as_the_nearest_known() -> None:
    row = features(average_body(170.0), vehicles()["medium_car"])
    giant, tall = row.copy(), row.copy()
    giant[FEATURES.index("height_cm")] = 400.0
    tall[FEATURES.index("height_cm")] = bundled_model().high[FEATURES.index("height_cm")]
    assert np.array_equal(bundled_model().predict(giant), bundled_model().predict(tall))


def test_a_model_with_another_hash_is_refused() -> None:
    content = bytearray(ARRAYS.read_bytes())
    content[-1] ^= 1
    with pytest.raises(ModelError, match="SHA-256"):
        Model.from_bytes(bytes(content), bundled_model().sha256)


def test_the_card_names_the_arrays_beside_it() -> None:
    card = json.loads(CARD.read_text())
    assert card["sha256"] == hashlib.sha256(ARRAYS.read_bytes()).hexdigest()
    assert card["sha256"] in (Path(__file__).parents[3] / "docs" / "carfit.md").read_text()


def test_serving_imports_neither_scikit_learn_nor_anything_else_heavy() -> None:
    code = (
        "import sys, chalicelib.carfit as carfit; carfit.vehicles(); carfit.bundled_model();"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'sklearn', 'scipy', 'joblib', 'msgspec', 'boto3', 'chalice', 'training'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_free_travels_move_the_ends_and_nothing_else() -> None:
    car = vehicles()["medium_car"]
    row = features(average_body(170.0), car)
    free = dict(zip(FEATURES, with_free_travels(row) - row, strict=True))
    moved = {name for name, change in free.items() if change}
    assert moved == {
        "seat_front_x_mm",
        "seat_travel_mm",
        "seat_front_low_z_mm",
        "seat_lift_mm",
        "wheel_telescope_travel_mm",
        "wheel_tilt_travel_mm",
        "backrest_min_deg",
    }
    assert free["seat_travel_mm"] == -2.0 * free["seat_front_x_mm"]


def test_a_package_reads_back_as_the_car_it_came_from() -> None:
    car = vehicles()["minivan"]
    row = np.concatenate([np.zeros(10), package_features(car)])[np.newaxis]
    again = package_features(drivers.cars_of(row))[:, 0]
    assert np.allclose(again, package_features(car))
    assert len(again) == len(PACKAGE_FEATURES)


def test_a_model_for_other_features_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.carfit import model

    content = ARRAYS.read_bytes()
    monkeypatch.setattr(model, "FEATURES", (*FEATURES[:-1], "something_else"))
    with pytest.raises(ModelError, match="features"):
        Model.from_bytes(content, hashlib.sha256(content).hexdigest())


def test_another_model_answers_when_it_is_given() -> None:
    own = bundled_model()
    shifted = (*own.biases[:-1], own.biases[-1] + np.eye(len(OUTPUTS))[0] * 25.0)
    other = replace(own, biases=shifted, version="9", sha256="0" * 64)
    body, car = average_body(170.0), vehicles()["medium_car"]
    before, after = recommend(body, car), recommend(body, car, model=other)
    moved = after.settings.seat.fore_aft_mm - before.settings.seat.fore_aft_mm
    assert moved == pytest.approx(25.0, abs=3.0)
    assert after.model == {"version": "9", "sha256": "0" * 64}
