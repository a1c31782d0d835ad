"""The learned model: a body and a car's package in, the driving position out.

scikit-learn trains it (``training/carfit``), numpy serves it: inputs bounded and scaled, then a
small network of rectified layers. ``model.npz`` holds arrays only and is read only when its SHA-256
is the one that ``model.json`` names.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chalicelib.body_prior import SEGMENTS, probability_male
from chalicelib.carfit.types import Body
from chalicelib.carfit.vehicles import Vehicle

Array = npt.NDArray[np.float64]

FEATURES: Final = (
    "height_cm",
    # Shares of stature, so that a bound on each is a bound on proportions at any height.
    *(f"{segment}_share" for segment in SEGMENTS),
    "probability_male",
    "bmi_kg_m2",
    "age_years",
    "h30_mm",
    "wheel_front_x_mm",
    "wheel_rear_x_mm",
)
"""Columns of the model's input."""

OUTPUTS: Final = (
    "h_point_x_mm",
    "h_point_z_mm",
    "eye_x_mm",
    "eye_z_mm",
    "trunk_deg",
    "thigh_deg",
    "torso_mm",
    "wheel_x_mm",
)
"""Columns of the model's output: the position with every travel free.

``trunk_deg`` and ``thigh_deg`` are more recline and more thigh angle than the mean driver of that
car has; ``torso_mm`` is H-point to shoulder joint as seated; ``wheel_x_mm`` is the wheel that the
driver prefers, which a short telescope may not reach.
"""

TYPICAL_BMI_KG_M2: Final = 25.0
"""Taken when no weight is told. Size Korea 8 (2020-21): men 24.9, women 22.6; ANSUR II: 27.0."""

TYPICAL_AGE_YEARS: Final = 45.0
"""Taken when no age is told: the middle of a driving life (assumed)."""

ARRAYS: Final = Path(__file__).with_name("model.npz")
CARD: Final = Path(__file__).with_name("model.json")


class ModelError(RuntimeError):
    """The model's files are not what they should be."""


@dataclass(frozen=True)
class Model:
    """Arrays of one trained network.

    ``low`` and ``high``, shape (12,), bound the inputs to what the network was trained on;
    ``weights[i]`` (in, out) and ``biases[i]`` (out,) are its layers; ``output_sd``, shape (8,), is
    how far single drivers of the same body sit from the prediction.
    """

    low: Array
    high: Array
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    output_sd: Array

    def predict(self, features: Array) -> Array:
        """Predict driving positions.

        Parameters
        ----------
        features : ndarray
            Shape (..., 12), columns as in `FEATURES`.

        Returns
        -------
        ndarray
            Shape (..., 8), columns as in `OUTPUTS`.
        """
        bounded = np.minimum(np.maximum(features, self.low), self.high)
        layer = (2.0 * bounded - (self.low + self.high)) / (self.high - self.low)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = np.maximum(layer @ weight + bias, 0.0)
        return np.asarray(layer @ self.weights[-1] + self.biases[-1])

    def to_bytes(self) -> bytes:
        """Write the arrays as an ``.npz``."""
        buffer = io.BytesIO()
        layers: dict[str, Any] = {f"weight_{i}": each for i, each in enumerate(self.weights)}
        layers |= {f"bias_{i}": each for i, each in enumerate(self.biases)}
        np.savez_compressed(
            buffer, low=self.low, high=self.high, output_sd=self.output_sd, **layers
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, sha256: str) -> "Model":
        """Read the arrays of an ``.npz``, nothing else, when its hash is the expected one.

        Raises
        ------
        ModelError
            When the hash differs.
        """
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise ModelError(f"expected a model of SHA-256 {sha256}, got {found}")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            depth = sum(name.startswith("weight_") for name in arrays.files)
            return cls(
                low=arrays["low"],
                high=arrays["high"],
                weights=tuple(arrays[f"weight_{i}"] for i in range(depth)),
                biases=tuple(arrays[f"bias_{i}"] for i in range(depth)),
                output_sd=arrays["output_sd"],
            )


@cache
def model_card() -> dict[str, Any]:
    """Return ``model.json``: version, SHA-256, features, outputs, metrics."""
    card: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))
    return card


@cache
def model_info() -> Mapping[str, str]:
    """Return which model answers: its ``version`` and ``sha256``."""
    return {"version": model_card()["version"], "sha256": model_card()["sha256"]}


@cache
def model() -> Model:
    """Return the bundled model, read once.

    Raises
    ------
    ModelError
        When its files do not belong together.
    """
    card = model_card()
    if (tuple(card["features"]), tuple(card["outputs"])) != (FEATURES, OUTPUTS):
        raise ModelError("model.json names other features or outputs than this code has")
    return Model.from_bytes(ARRAYS.read_bytes(), card["sha256"])


def features(body: Body, vehicle: Vehicle) -> Array:
    """Row of `FEATURES` for a body in a vehicle, shape (12,)."""
    male = probability_male(body.height_cm) if body.sex is None else float(body.sex == "male")
    bmi = TYPICAL_BMI_KG_M2
    if body.weight_kg is not None:
        bmi = body.weight_kg / (body.height_cm / 100.0) ** 2
    return np.array(
        (
            body.height_cm,
            *(length / body.height_cm for length in body.lengths_cm),
            male,
            bmi,
            TYPICAL_AGE_YEARS if body.age_years is None else body.age_years,
            vehicle.h30_mm,
            vehicle.wheel_front_x_mm,
            vehicle.wheel_rear_x_mm,
        )
    )
