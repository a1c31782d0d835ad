import hashlib
import json
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest

from chalicelib.carfit import ModelError, model_info, vehicles
from chalicelib.carfit.model import ARRAYS, CARD, FEATURES, OUTPUTS, Model, features, model
from tests.unit.carfit.bodies import average_body
from training.carfit import drivers, train
from training.carfit.__main__ import PIPELINE
from training.carfit.physics import ideal_positions

EQUALITY = 1e-6


def bodies_in_vehicles(count: int) -> np.ndarray:
    """Ordinary people in the catalogue's cars, and bodies far beyond what was trained on."""
    rng = np.random.default_rng(5)
    people = drivers.real_rows(count, list(vehicles().values()), rng)
    return np.vstack([people, people * rng.uniform(0.5, 1.6, people.shape)])


def test_the_arrays_that_ship_equal_the_pipeline_that_joblib_kept() -> None:
    rows = bodies_in_vehicles(2000)
    pipeline = joblib.load(PIPELINE)
    assert np.abs(model().predict(rows) - pipeline.predict(rows)).max() < EQUALITY


def test_any_trained_pipeline_exports_to_equal_arrays() -> None:
    rng = np.random.default_rng(6)
    rows = drivers.training_rows(1000, rng)
    pipeline = train.fit(rows, ideal_positions(rows), seed=6, schedule=((1e-3, 1), (1e-4, 2)))
    served = train.exported(pipeline, np.ones(len(OUTPUTS)))
    content = served.to_bytes()
    served = Model.from_bytes(content, hashlib.sha256(content).hexdigest())
    unseen = bodies_in_vehicles(1000)
    assert np.abs(served.predict(unseen) - pipeline.predict(unseen)).max() < EQUALITY


def test_the_model_has_learned_the_physics() -> None:
    rows = bodies_in_vehicles(2000)[:2000]
    off = np.abs(model().predict(rows) - ideal_positions(rows)).mean(axis=0)
    degrees = np.array([name.endswith("_deg") for name in OUTPUTS])
    assert np.all(off[degrees] < 0.3)
    assert np.all(off[~degrees] < 3.0)


def test_bands_hold_four_drivers_in_five() -> None:
    rng = np.random.default_rng(7)
    rows = drivers.real_rows(4000, list(vehicles().values()), rng)
    seated = drivers.simulated_drivers(rows, rng)
    off = np.abs(model().predict(seated.features) - seated.positions)
    inside = (off < 1.2816 * model().output_sd).mean(axis=0)
    assert np.all(np.abs(inside - 0.8) < 0.03)


def test_a_body_beyond_the_bounds_is_served_as_the_nearest_known() -> None:
    row = features(average_body(170.0), vehicles()["medium_car"])
    giant, tall = row.copy(), row.copy()
    giant[FEATURES.index("height_cm")] = 400.0
    tall[FEATURES.index("height_cm")] = model().high[FEATURES.index("height_cm")]
    assert np.array_equal(model().predict(giant), model().predict(tall))


def test_a_model_with_another_hash_is_refused() -> None:
    content = bytearray(ARRAYS.read_bytes())
    content[-1] ^= 1
    with pytest.raises(ModelError, match="SHA-256"):
        Model.from_bytes(bytes(content), model_info()["sha256"])


def test_the_card_names_the_arrays_beside_it() -> None:
    card = json.loads(CARD.read_text())
    assert card["sha256"] == hashlib.sha256(ARRAYS.read_bytes()).hexdigest()
    assert card["sha256"] in (Path(__file__).parents[3] / "docs" / "carfit.md").read_text()


def test_serving_imports_neither_scikit_learn_nor_anything_else_heavy() -> None:
    code = (
        "import sys, chalicelib.carfit as carfit; carfit.vehicles(); carfit.model_info();"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'sklearn', 'scipy', 'joblib', 'msgspec', 'boto3', 'chalice', 'training'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
