"""Body to car settings: where a driver of these lengths sits, and what that sets in a car.

Numpy and JSON only; nothing here knows of HTTP, AWS or an environment.
"""

from chalicelib.carfit.fit import recommend
from chalicelib.carfit.model import ModelError, model_info
from chalicelib.carfit.types import (
    Body,
    DriveSide,
    FitWarning,
    Posture,
    Recommendation,
    Settings,
)
from chalicelib.carfit.vehicles import DEFAULT_VEHICLE, Vehicle, catalogue, vehicles

__all__ = [
    "DEFAULT_VEHICLE",
    "Body",
    "DriveSide",
    "FitWarning",
    "ModelError",
    "Posture",
    "Recommendation",
    "Settings",
    "Vehicle",
    "catalogue",
    "model_info",
    "recommend",
    "vehicles",
]
