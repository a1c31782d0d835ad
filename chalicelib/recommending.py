"""From a checked request to the car-fit engine and back to what a client reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS, given_some
from chalicelib.carfit import personal, vhal
from chalicelib.carfit.settings import kept_travels
from chalicelib.carfit.types import rounded
from chalicelib.contracts import (
    AboutPerson,
    EstimateRequest,
    Lengths,
    RecommendRequest,
    Segments,
    TransferRequest,
    VehicleFigures,
    validated,
)
from chalicelib.errors import FieldProblem, InvalidInputError
from chalicelib.telemetry import telemetry

HALF_95_SD = 1.96
"""Half-width of a 95 % interval of a normal distribution, in SD."""


Tellings = Sequence[personal.Telling] | None
"""What a driver told, where the answer is to be that driver's own; None: any driver's."""


def recommend(
    request: RecommendRequest | EstimateRequest,
    model: carfit.Model | None = None,
    tellings: Tellings = None,
) -> dict[str, Any]:
    """Settings of a car for a body; the shape is that of `carfit.Recommendation`.

    Lengths that an `EstimateRequest` leaves out are estimated from the others; ``body`` says which
    lengths were taken. ``model`` as in `carfit.recommend`. With ``tellings`` the settings are the
    driver's own, and ``personal`` says what was learned.

    Raises
    ------
    InvalidInputError
        When the catalogue has no such vehicle, or an own one contradicts itself.
    """
    told = {name: getattr(request, name) for name in SEGMENTS}
    estimated = sorted(name for name, length in told.items() if length is None)
    lengths_cm, cov = tuple(told.values()), None
    if estimated:
        lengths_cm, cov = given_some(request.height_cm, lengths_cm, request.sex)
    answer = _recommend(request, lengths_cm, cov, model, tellings)
    taken = dict(zip(SEGMENTS, (round(each, 1) for each in lengths_cm), strict=True))
    return answer | {"body": {"height": request.height_cm, **taken, "estimated": estimated}}


def compare(served: Mapping[str, Any], shadow: Callable[[], Mapping[str, Any]]) -> None:
    """Answer again with the shadow model, and record how far the two answers differ.

    Metrics: ``ShadowForeAft``, mm that the shadow's seat lies further back, and ``ShadowFailures``.
    An error of the shadow model never reaches a client.
    """
    try:
        other = shadow()
        off_mm = (
            other["settings"]["seat"]["fore_aft_mm"] - served["settings"]["seat"]["fore_aft_mm"]
        )
        telemetry().add_metric("ShadowForeAft", off_mm)
    except Exception:
        telemetry().log.exception("the shadow model failed")
        telemetry().add_metric("ShadowFailures", 1.0)


def recommend_measured(
    segments: Segments,
    interval_95: Mapping[str, tuple[float, float]],
    model: carfit.Model | None = None,
    tellings: Tellings = None,
) -> dict[str, Any]:
    """Settings for a measured body: how unsure its lengths are widens the bands.

    ``tellings`` as in `recommend`.
    """
    sd_cm = [
        (high - low) / (2.0 * HALF_95_SD) for low, high in (interval_95[name] for name in SEGMENTS)
    ]
    lengths_cm = tuple(getattr(segments, name) for name in SEGMENTS)
    return _recommend(segments, lengths_cm, np.diag(np.square(sd_cm)), model, tellings)


def _recommend(
    told: RecommendRequest | EstimateRequest | Segments,
    lengths_cm: tuple[float, ...],
    lengths_cov_cm2: npt.NDArray[np.float64] | None,
    model: carfit.Model | None,
    tellings: Tellings,
) -> dict[str, Any]:
    body, vehicle = _body(told, lengths_cm), _vehicle(told.vehicle, "vehicle")
    with telemetry().step("Recommend"):
        found, own = _found(
            body,
            vehicle,
            tellings,
            drive_side=told.drive_side or "left",
            posture=told.posture or "normal",
            side_mirrors=told.side_mirrors or "classic",
            lengths_cov_cm2=lengths_cov_cm2,
            model=model,
            vhal_profile=asked_profile(told.vehicle, "vehicle"),
        )
    answer = found.to_dict() | own
    if told.drawing is not None:
        answer["drawing"] = carfit.side_view(found, body, vehicle, told.drawing)
    return answer


def _found(
    body: carfit.Body, vehicle: carfit.Vehicle, tellings: Tellings, **options: Any
) -> tuple[carfit.Recommendation, dict[str, Any]]:
    """A recommendation, and ``personal`` where it is one driver's own."""
    if tellings is None:
        return carfit.recommend(body, vehicle, **options), {}
    found, own = personal.recommend(body, vehicle, tellings, **options)
    return found, {"personal": rounded(asdict(own)) | {"band_share": round(own.band_share, 2)}}


def transfer(
    request: TransferRequest, model: carfit.Model | None = None, tellings: Tellings = None
) -> dict[str, Any]:
    """Settings of another car that keep a driver's posture.

    With ``tellings`` the settings that are kept in the first car are one telling more, unless they
    are among them, and the answer is what all of them together say.

    Raises
    ------
    InvalidInputError
        As `recommend`, and when a kept setting lies beyond the first car's travel.
    """
    here = _vehicle(request.from_vehicle, "from_vehicle")
    there = _vehicle(request.to_vehicle, "to_vehicle")
    seat, wheel = request.settings.seat, request.settings.steering_wheel
    told = {
        "seat.fore_aft_mm": seat.fore_aft_mm,
        "seat.height_mm": seat.height_mm,
        "seat.backrest_recline_deg": seat.backrest_recline_deg,
        "steering_wheel.telescope_mm": wheel.telescope_mm,
        "steering_wheel.tilt_deg": wheel.tilt_deg,
    }
    ends = kept_travels(here)
    problems = [
        FieldProblem(
            f"settings.{name}",
            f"expected from {low:g} to {high:g}, the travel of from_vehicle",
            f"from_vehicle의 조절 범위인 {low:g}에서 {high:g} 사이",
        )
        for name, value in told.items()
        for low, high in (ends[name],)
        # An answer's settings are rounded: its own must pass.
        if not low - 0.1 <= value <= high + 0.1
    ]
    if problems:
        raise InvalidInputError(*problems)
    body = _body(request, tuple(getattr(request, name) for name in SEGMENTS))
    kept = carfit.Kept(*told.values())
    found = carfit.transfer(
        body,
        kept,
        here,
        there,
        drive_side=request.drive_side or "left",
        side_mirrors=request.side_mirrors or "classic",
        model=model,
        vhal_profile=asked_profile(request.to_vehicle, "to_vehicle"),
    )
    own: dict[str, Any] = {}
    recommendation = found.recommendation
    if tellings is not None:
        now = personal.Telling(
            here,
            told,
            drive_side=request.drive_side or "left",
        )
        # What was told as it stands here says nothing new.
        known = any(
            each.vehicle == here
            and each.kind == now.kind
            and all(each.settings.get(path) == value for path, value in now.settings.items())
            for each in tellings
        )
        recommendation, own = _found(
            body,
            there,
            tellings if known else [*tellings, now],
            drive_side=request.drive_side or "left",
            side_mirrors=request.side_mirrors or "classic",
            model=model,
            vhal_profile=asked_profile(request.to_vehicle, "to_vehicle"),
        )
    before = {name: round(angle, 1) for name, angle in found.angles_before_deg.items()}
    return recommendation.to_dict() | {"angles_before_deg": before} | own


def check_vehicle(name: str | None) -> None:
    """Raise `InvalidInputError` when the catalogue has no vehicle of that name."""
    _vehicle(name, "vehicle")


def asked_vehicle(asked: str | dict[str, Any]) -> carfit.Vehicle:
    """A car as a request names it: one of the catalogue, or one's own figures.

    Raises
    ------
    InvalidInputError
        When there is no such car.
    """
    if isinstance(asked, dict):
        return _vehicle(validated(VehicleFigures, asked), "vehicle")
    return _vehicle(asked, "vehicle")


def _vehicle(asked: str | VehicleFigures | None, field: str) -> carfit.Vehicle:
    if isinstance(asked, VehicleFigures):
        figures = {k: v for k, v in msgspec.structs.asdict(asked).items() if v is not None}
        base = _vehicle(figures.pop("base", None), f"{field}.base")
        figures.pop("profile", None)
        try:
            return carfit.own_vehicle(base, figures)
        except carfit.VehicleError as error:
            raise InvalidInputError(
                FieldProblem(
                    f"{field}.{error.figure}",
                    f"expected {error.expected['en']}",
                    f"필요한 값: {error.expected['ko']}",
                )
            ) from None
    known = carfit.vehicles()
    name = asked or carfit.DEFAULT_VEHICLE
    if name not in known:
        listed = ", ".join(known)
        raise InvalidInputError(
            FieldProblem(field, f"expected one of {listed}", f"다음 중 하나: {listed}")
        )
    return known[name]


def asked_profile(asked: str | VehicleFigures | None, field: str) -> dict[str, vhal.Range] | None:
    """How an own car counts its Android VHAL properties."""
    if not isinstance(asked, VehicleFigures) or asked.profile is None:
        return None
    found: dict[str, vhal.Range] = {}
    for name, told in msgspec.structs.asdict(asked.profile).items():
        if told is None:
            continue
        if told.min >= told.max:
            raise InvalidInputError(
                FieldProblem(
                    f"{field}.profile.{name}",
                    "expected min below max",
                    "min은 max보다 작아야 합니다",
                )
            )
        found[name] = vhal.Range(**msgspec.structs.asdict(told))
    return found


def _body(told: Lengths | EstimateRequest, lengths_cm: tuple[float, ...]) -> carfit.Body:
    facts: dict[str, Any] = {
        f"{name}_cm": length for name, length in zip(SEGMENTS, lengths_cm, strict=True)
    }
    facts |= {name: getattr(told, name) for name in AboutPerson.__struct_fields__}
    return carfit.Body(height_cm=told.height_cm, **facts)
