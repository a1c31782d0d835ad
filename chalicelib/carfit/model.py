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

from chalicelib.body_prior import SEGMENTS, human_range_cm, probability_male
from chalicelib.carfit import rules
from chalicelib.carfit.habit import HabitPrior
from chalicelib.carfit.types import Body, PosturePreference
from chalicelib.carfit.vehicles import Vehicle

Array = npt.NDArray[np.float64]

BODY_FEATURES: Final = (
    "height_cm",
    # Shares of stature, so that a bound on each is a bound on proportions at any height.
    *(f"{segment}_share" for segment in SEGMENTS),
    "probability_male",
    "bmi_kg_m2",
    "age_years",
    # 1 relaxed, 0 normal, -1 upright.
    "posture",
)
PACKAGE_FEATURES: Final = (
    "h30_mm",
    "back_angle_deg",
    "seat_front_x_mm",
    "seat_travel_mm",
    "seat_track_rise_deg",
    "seat_front_low_z_mm",
    "seat_lift_mm",
    "backrest_min_deg",
    "recline_cap_deg",
    "wheel_x_mm",
    "wheel_z_mm",
    "wheel_plane_deg",
    "wheel_diameter_mm",
    "wheel_telescope_travel_mm",
    "wheel_tilt_travel_mm",
    "roof_z_mm",
    "cowl_x_mm",
    "cowl_z_mm",
    "header_x_mm",
    "header_z_mm",
)
FEATURES: Final = BODY_FEATURES + PACKAGE_FEATURES
"""Columns of the model's input."""

OUTPUTS: Final = (
    "h_point_x_mm",
    "h_point_z_mm",
    "recline_deg",
    "wheel_x_mm",
    "wheel_z_mm",
    "torso_mm",
    "eye_from_h_point_x_mm",
    "eye_from_h_point_z_mm",
)
"""Columns of the model's output: the driving position in that car, then the seated body's torso and
eye as `chalicelib.carfit.linkage.Links` takes them."""

SCATTER: Final = (
    "h_point_x_mm",
    "h_point_z_mm",
    "recline_deg",
    "wheel_x_mm",
    "wheel_z_mm",
    "eye_x_mm",
    "eye_z_mm",
    "shoulder_z_mm",
    "head_along_torso_mm",
    "thigh_deg",
)
"""In what single drivers of one body differ, as far as a setting follows from it."""

POSTURES: Final[Mapping[PosturePreference, float]] = {
    "relaxed": 1.0,
    "normal": 0.0,
    "upright": -1.0,
}

FREE_SEAT_MM: Final = 120.0
FREE_LIFT_MM: Final = 80.0
FREE_WHEEL_MM: Final = 80.0
FREE_RECLINE_DEG: Final = 8.0
"""How much further each travel goes, at either end, in a car whose travels are called free: what a
driver would choose there is what he or she wants."""

TYPICAL_AGE_YEARS: Final = 45.0
"""Taken when no age is told: the middle of a driving life (assumed)."""

ROWS_AT_ONCE: Final = 512
"""Many rows are predicted so many at a time: their layers stay in the processor's cache."""

ARRAYS: Final = Path(__file__).with_name("model.npz")
CARD: Final = Path(__file__).with_name("model.json")


class ModelError(RuntimeError):
    """The model's files are not what they should be."""


@dataclass(frozen=True)
class Model:
    """Arrays of one trained network, its version and its file's SHA-256.

    ``low`` and ``high``, shape (30,), bound the inputs to what the network was trained on;
    ``weights[i]`` (in, out) and ``biases[i]`` (out,) are its layers; ``driver_sd``, shape
    (2, 10), columns as in `SCATTER`, is how far single drivers of the same body sit from the
    prediction where no travel stops them: first those whose sex and weight are not told, then
    those who told them. ``habit`` is how drivers differ where a fleet taught it; else
    `chalicelib.carfit.habit.bundled_prior` holds.
    """

    low: Array
    high: Array
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    driver_sd: Array
    version: str
    sha256: str = ""
    habit: HabitPrior | None = None

    @property
    def info(self) -> Mapping[str, str]:
        """Which model answers, as an answer says it."""
        return {"version": self.version, "sha256": self.sha256}

    def bounded(self, features: Array) -> Array:
        """Nearest features that the network knows, same shape."""
        return np.minimum(np.maximum(features, self.low), self.high)

    def predict(self, features: Array) -> Array:
        """Predict driving positions.

        Parameters
        ----------
        features : ndarray
            Shape (..., 30), columns as in `FEATURES`.

        Returns
        -------
        ndarray
            Shape (..., 8), columns as in `OUTPUTS`.
        """
        if features.ndim == 2 and len(features) > ROWS_AT_ONCE:
            starts = range(0, len(features), ROWS_AT_ONCE)
            return np.concatenate([self.predict(features[i : i + ROWS_AT_ONCE]) for i in starts])
        bounded = self.bounded(features)
        layer = (2.0 * bounded - (self.low + self.high)) / (self.high - self.low)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = layer @ weight
            layer += bias
            np.maximum(layer, 0.0, out=layer)
        return np.asarray(layer @ self.weights[-1] + self.biases[-1])

    def to_bytes(self) -> bytes:
        """Write the arrays as an ``.npz``."""
        buffer = io.BytesIO()
        layers: dict[str, Any] = {f"weight_{i}": each for i, each in enumerate(self.weights)}
        layers |= {} if self.habit is None else self.habit.arrays()
        layers |= {f"bias_{i}": each for i, each in enumerate(self.biases)}
        np.savez_compressed(
            buffer,
            version=np.array(self.version),
            features=np.array(FEATURES),
            outputs=np.array(OUTPUTS),
            scatter=np.array(SCATTER),
            low=self.low,
            high=self.high,
            driver_sd=self.driver_sd,
            **layers,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, sha256: str) -> "Model":
        """Read the arrays of an ``.npz``, nothing else, when its hash is the expected one.

        Raises
        ------
        ModelError
            When the hash differs, or the model has other features or outputs than this code.
        """
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise ModelError(f"expected a model of SHA-256 {sha256}, got {found}")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            names = tuple(
                tuple(arrays[each].tolist()) for each in ("features", "outputs", "scatter")
            )
            if names != (FEATURES, OUTPUTS, SCATTER):
                raise ModelError("the model has other features or outputs than this code")
            depth = sum(name.startswith("weight_") for name in arrays.files)
            return cls(
                low=arrays["low"],
                high=arrays["high"],
                weights=tuple(arrays[f"weight_{i}"] for i in range(depth)),
                biases=tuple(arrays[f"bias_{i}"] for i in range(depth)),
                driver_sd=arrays["driver_sd"],
                version=str(arrays["version"]),
                sha256=sha256,
                habit=HabitPrior.of_arrays(arrays),
            )


@cache
def bundled_model() -> Model:
    """Return the model that ships with the code, read once.

    Raises
    ------
    ModelError
        When it is not the one that ``model.json`` names.
    """
    card = json.loads(CARD.read_text(encoding="utf-8"))
    return Model.from_bytes(ARRAYS.read_bytes(), card["sha256"])


def features(body: Body, vehicle: Vehicle, posture: PosturePreference = "normal") -> Array:
    """Row of `FEATURES` for a body in a vehicle, shape (30,).

    A length outside the range of 99.9 % of people of that height is taken as the range's end.
    """
    male = probability_male(body.height_cm) if body.sex is None else float(body.sex == "male")
    low_cm, high_cm = human_range_cm(body.height_cm, body.sex)
    lengths_cm = np.clip(body.lengths_cm, low_cm, high_cm)
    return np.array(
        (
            body.height_cm,
            *(lengths_cm / body.height_cm),
            male,
            body.bmi_kg_m2,
            TYPICAL_AGE_YEARS if body.age_years is None else body.age_years,
            POSTURES[posture],
            *package_features(vehicle),
        )
    )


def package_features(vehicle: Vehicle) -> Array:
    """Row of `PACKAGE_FEATURES`, shape (20,)."""
    derived = {
        "seat_front_low_z_mm": rules.track_z(vehicle, vehicle.seat_front_x_mm),
        "wheel_tilt_travel_mm": rules.tilt_mm(vehicle, vehicle.wheel_tilt_travel_deg),
        "roof_z_mm": rules.roof_z(vehicle),
    }
    return np.array(
        [derived[name] if name in derived else getattr(vehicle, name) for name in PACKAGE_FEATURES]
    )


def with_free_travels(rows: Array) -> Array:
    """The same bodies and cars, shape (..., 30), but every travel goes further."""
    free = rows.copy()
    for name, more in (
        ("seat_front_x_mm", -FREE_SEAT_MM),
        ("seat_travel_mm", 2.0 * FREE_SEAT_MM),
        ("seat_front_low_z_mm", -FREE_LIFT_MM),
        ("seat_lift_mm", 2.0 * FREE_LIFT_MM),
        ("wheel_telescope_travel_mm", 2.0 * FREE_WHEEL_MM),
        ("wheel_tilt_travel_mm", 2.0 * FREE_WHEEL_MM),
        ("backrest_min_deg", -FREE_RECLINE_DEG),
    ):
        free[..., FEATURES.index(name)] += more
    # The track rises toward the front by as much as before.
    rise = np.tan(np.radians(rows[..., FEATURES.index("seat_track_rise_deg")]))
    free[..., FEATURES.index("seat_front_low_z_mm")] += FREE_SEAT_MM * rise
    return free
