"""From a checked request to the car-fit engine and back to what a client reads."""

from __future__ import annotations

from typing import Any

from chalicelib import carfit
from chalicelib.contracts import RecommendRequest, Segments
from chalicelib.errors import FieldProblem, InvalidInputError
from chalicelib.telemetry import telemetry


def recommend(request: RecommendRequest | Segments) -> dict[str, Any]:
    """Settings of a car for a body; the shape is that of `carfit.Recommendation`.

    Raises
    ------
    InvalidInputError
        When the catalogue has no such vehicle.
    """
    body = carfit.Body(
        height_cm=request.height,
        upper_arm_cm=request.upper_arm,
        forearm_cm=request.forearm,
        thigh_cm=request.thigh,
        calf_cm=request.calf,
        torso_cm=request.torso,
        sex=request.sex,
        weight_kg=request.weight_kg,
    )
    name = request.vehicle or carfit.DEFAULT_VEHICLE
    check_vehicle(name)
    vehicle = carfit.vehicles()[name]
    with telemetry().step("Recommend"):
        return carfit.recommend(body, vehicle, drive_side=request.drive_side or "left").to_dict()


def check_vehicle(name: str | None) -> None:
    """Raise `InvalidInputError` when the catalogue has no vehicle of that name."""
    names = list(carfit.vehicles())
    if name is not None and name not in names:
        listed = ", ".join(names)
        raise InvalidInputError(
            FieldProblem("vehicle", f"expected one of {listed}", f"다음 중 하나: {listed}")
        )
