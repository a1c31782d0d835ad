"""Body to car settings: where a driver of these lengths sits, and what that sets in a car.

Numpy and JSON only; nothing here knows of HTTP, AWS or an environment.
"""

from chalicelib.carfit.drawing import side_view
from chalicelib.carfit.fit import recommend
from chalicelib.carfit.model import Model, ModelError, bundled_model
from chalicelib.carfit.personal import Personal, Telling
from chalicelib.carfit.settings import SETTINGS, Setting
from chalicelib.carfit.transfer import Kept, Transfer, transfer
from chalicelib.carfit.types import (
    Body,
    DriveSide,
    FitWarning,
    Posture,
    PosturePreference,
    Recommendation,
    Settings,
    SideMirrorAim,
)
from chalicelib.carfit.vehicles import (
    DEFAULT_VEHICLE,
    Vehicle,
    VehicleError,
    catalogue,
    own_vehicle,
    vehicles,
)

__all__ = [
    "DEFAULT_VEHICLE",
    "SETTINGS",
    "Body",
    "DriveSide",
    "FitWarning",
    "Kept",
    "Model",
    "ModelError",
    "Personal",
    "Posture",
    "PosturePreference",
    "Recommendation",
    "Setting",
    "Settings",
    "SideMirrorAim",
    "Telling",
    "Transfer",
    "Vehicle",
    "VehicleError",
    "bundled_model",
    "catalogue",
    "own_vehicle",
    "recommend",
    "side_view",
    "transfer",
    "vehicles",
]
