"""Trains the car-fit pipeline and turns it into the arrays that the Lambda serves."""

import warnings
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from chalicelib.carfit.model import Model
from training.carfit.drivers import SimulatedDrivers, scattering, seated

Array = npt.NDArray[np.float64]

HIDDEN: Final = (192, 192)
BATCH: Final = 256
SCHEDULE: Final = ((2e-3, 20), (5e-4, 20), (1e-4, 15), (2e-5, 5))
"""Adam's step, and for how many passes over the rows."""


def fit(
    features: Array,
    positions: Array,
    seed: int,
    *,
    schedule: tuple[tuple[float, int], ...] = SCHEDULE,
    after_pass: Callable[[], object] = lambda: None,
) -> Pipeline:
    """Train the pipeline: rows of `FEATURES` in, rows of `OUTPUTS` out.

    The first step bounds each input to what it was trained on, so that an unknown body is treated
    as the nearest known one; the second is a network of rectified layers: what a driver chooses
    bends softly with the body, and has corners where a travel or a rule ends it.
    """
    bound = MinMaxScaler(feature_range=(-1.0, 1.0), clip=True).fit(features)
    # Single precision: what it rounds is far below what the network errs by, at half the time.
    inputs = bound.transform(features).astype(np.float32)
    scale = StandardScaler().fit(positions)
    targets = scale.transform(positions).astype(np.float32)
    network = MLPRegressor(
        hidden_layer_sizes=HIDDEN,
        activation="relu",
        alpha=0.0,
        batch_size=BATCH,
        max_iter=1,
        warm_start=True,
        random_state=seed,
    )
    for step, passes in schedule:
        network.set_params(learning_rate_init=step)
        with warnings.catch_warnings():
            # One pass of `fit` takes up the new step; it cannot have converged.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(inputs, targets)
        after_pass()
        for _ in range(passes - 1):
            network.partial_fit(inputs, targets)
            after_pass()
    network.coefs_ = [each.astype(np.float64) for each in network.coefs_]
    network.intercepts_ = [each.astype(np.float64) for each in network.intercepts_]
    # The last layer is linear: it can give millimetres and degrees itself.
    network.coefs_[-1] = network.coefs_[-1] * scale.scale_
    network.intercepts_[-1] = network.intercepts_[-1] * scale.scale_ + scale.mean_
    return Pipeline([("bound", bound), ("network", network)])


def scatter(pipeline: Pipeline, drivers: SimulatedDrivers) -> Array:
    """How far single drivers sit from the prediction, SD, shape (10,) in the order of `SCATTER`."""
    own = scattering(seated(drivers.rows, drivers.positions))
    predicted = scattering(seated(drivers.features, pipeline.predict(drivers.features)))
    return np.asarray(np.sqrt(np.mean((own - predicted) ** 2, axis=0)))


def exported(pipeline: Pipeline, driver_sd: Array, version: str) -> Model:
    """Arrays of a trained pipeline; ``driver_sd`` as in `chalicelib.carfit.model.Model`."""
    bound, network = pipeline["bound"], pipeline["network"]
    return Model(
        low=bound.data_min_,
        high=bound.data_max_,
        weights=tuple(network.coefs_),
        biases=tuple(network.intercepts_),
        driver_sd=driver_sd,
        version=version,
    )
