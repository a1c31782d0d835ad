"""What a client is told of a measurement: its state, and the numbers or the reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.contracts import Measurement
from chalicelib.errors import (
    HypermobError,
    ImageNotFoundError,
    Language,
    MeasureUnavailableError,
    NotFoundError,
    error_from_document,
)
from chalicelib.measurement.lifecycle import asked_at_s, phase
from chalicelib.storage import (
    ERROR,
    MEASUREMENT,
    RECOMMENDATION,
    REQUEST,
    Owner,
    Storage,
    is_of_upload,
)

EVENT_S = 60
"""By then the event of a measurement has brought its recommendation, or was lost."""


def state(
    storage: Storage,
    owner: Owner,
    language: Language,
    recommend: Callable[[Measurement], dict[str, Any]],
) -> dict[str, Any]:
    """Return what is known of a measurement: pending, done (with the numbers) or failed (why).

    ``recommend`` is asked where the event that brings a recommendation was lost, and where the
    recommendation is to be the driver's own.

    Raises
    ------
    NotFoundError
        When nothing is stored of it, not even a photo, or it was deleted.
    """
    if storage.is_deleted(owner):  # what is in flight may not have noticed yet
        raise NotFoundError
    request = storage.read_result(owner, REQUEST)
    measurement = storage.read_result(owner, MEASUREMENT)
    failed = storage.read_result(owner, ERROR)
    match phase(request, measurement, failed, time.time()):
        case "done" if measurement is not None:
            return _done(storage, owner, measurement, recommend)
        case "failed" if failed is not None:
            return {"state": "failed", "error": error_from_document(failed).to_dict(language)}
        case "given up" if request is not None:
            never_came = is_of_upload(owner, request["image_url"]) and not storage.uploaded(owner)
            error: HypermobError = MeasureUnavailableError()
            if never_came:
                error = ImageNotFoundError(field="image_url")
            return {"state": "failed", "error": error.to_dict(language)}
        case "none" if not storage.uploaded(owner):
            raise NotFoundError
        case _:
            return {"state": "pending"}


def _done(
    storage: Storage,
    owner: Owner,
    measurement: Mapping[str, Any],
    recommend: Callable[[Measurement], dict[str, Any]],
) -> dict[str, Any]:
    # What follows a driver's habit is never stored: the driver may have it forgotten.
    personal = measurement["segments"].get("personal")
    recommendation = None if personal else storage.read_result(owner, RECOMMENDATION)
    if asked_at_s(recommendation) != asked_at_s(measurement):
        recommendation = None
    age = datetime.now(UTC) - datetime.fromisoformat(measurement["created_at"])
    if recommendation is None and (personal or age.total_seconds() > EVENT_S):
        recommendation = recommend(msgspec.convert(measurement, Measurement))
    url = storage.overlay_url(owner)
    return {
        "state": "done",
        "measurement": _without_bookkeeping(measurement) | {"output_image_url": url},
        "recommendation": recommendation and _without_bookkeeping(recommendation),
    }


def _without_bookkeeping(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "asked_at"}
