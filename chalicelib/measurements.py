"""One measurement from the outside: its id, its state, and the words for both."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.contracts import Measurement
from chalicelib.errors import (
    ImageNotFoundError,
    Language,
    MeasureUnavailableError,
    NotFoundError,
    restored,
)
from chalicelib.storage import (
    ERROR,
    MEASURE_TIMEOUT_S,
    MEASUREMENT,
    RECOMMENDATION,
    REQUEST,
    ObjectAddress,
    Owner,
    Storage,
    is_of_upload,
    upload_owner,
)

EVENT_S = 60
"""By then the event of a measurement has brought its recommendation, or was lost."""
GIVEN_UP_S = 30 * 60
"""After this all attempts have passed: Lambda's three of a call, SQS's five of an upload."""
CALL_ENDS_S = MEASURE_TIMEOUT_S + 30
"""After this a call that somebody waited for has ended: it is one attempt."""


def new_measurement_id() -> str:
    """128 random bits: a measurement's address cannot be guessed."""
    return secrets.token_hex(16)


def measurement_id(user_id: str, image: ObjectAddress, idempotency_key: str | None) -> str:
    """Id under which a photo's measurement is stored.

    The same user and ``Idempotency-Key`` give the same id. Without a key an upload keeps the id
    that it was given, and any other photo gets a new one.
    """
    if idempotency_key is not None:
        return hashlib.sha256(f"{user_id}\0{idempotency_key}".encode()).hexdigest()[:32]
    upload = upload_owner(image.key)
    return upload.measurement_id if upload else new_measurement_id()


def state(
    storage: Storage,
    owner: Owner,
    language: Language,
    recommend: Callable[[Measurement], dict[str, Any]],
) -> dict[str, Any]:
    """Return what is known of a measurement: pending, done (with the numbers) or failed (why).

    ``recommend`` is asked where the event that brings a recommendation was lost.

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
    if failed is not None and failed["since"] > time.time():
        failed = None
    # The photo may have been measured before, for another height: what counts is the last request.
    asked_at, measured_at, failed_at = map(asked_at_s, (request, measurement, failed))
    if measurement is not None and measured_at >= max(asked_at, failed_at):
        recommendation = storage.read_result(owner, RECOMMENDATION)
        if asked_at_s(recommendation) != measured_at:
            recommendation = None
        age = datetime.now(UTC) - datetime.fromisoformat(measurement["created_at"])
        if recommendation is None and age.total_seconds() > EVENT_S:
            recommendation = recommend(msgspec.convert(measurement, Measurement))
        return {
            "state": "done",
            "measurement": _told(measurement) | {"output_image_url": storage.overlay_url(owner)},
            "recommendation": recommendation and _told(recommendation),
        }
    if failed is not None and failed_at >= asked_at:
        return {"state": "failed", "error": restored(failed).to_dict(language)}
    if request is None:
        if not storage.uploaded(owner):
            raise NotFoundError
        return {"state": "pending"}
    if time.time() <= request["given_up_at"]:
        return {"state": "pending"}
    never_came = is_of_upload(owner, request["image_url"]) and not storage.uploaded(owner)
    error = ImageNotFoundError(field="image_url") if never_came else MeasureUnavailableError()
    return {"state": "failed", "error": error.to_dict(language)}


def asked_at_s(document: Mapping[str, Any] | None) -> float:
    """When what is stored was asked for, Unix time, s; before all time where nothing is stored."""
    return -1.0 if document is None else float(document.get("asked_at", 0.0))


def _told(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a client is told of what is stored."""
    return {name: value for name, value in document.items() if name != "asked_at"}
