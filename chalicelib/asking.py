"""Asks for a measurement: at once or later, and once for each ``Idempotency-Key``.

The request document beside the results is the claim on a key: S3 lets one writer create it. Who
comes later with the same request gets the result of the first, or waits for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from chalicelib.contracts import MeasureJob, Measurement, MeasureRequest
from chalicelib.errors import (
    DeletedError,
    HypermobError,
    IdempotencyKeyReusedError,
    ImageNotFoundError,
    MeasureUnavailableError,
    TooManyRequestsError,
    restored,
)
from chalicelib.measurements import CALL_ENDS_S, GIVEN_UP_S
from chalicelib.measuring import MeasureFunction, StillMeasuringError
from chalicelib.storage import ERROR, MEASUREMENT, REQUEST, Owner, Storage, is_of_upload

if TYPE_CHECKING:
    from collections.abc import Mapping

POLL_S = 0.25
LEAST_WAIT_S = 0.5
"""Shorter waits are not worth a connection that holds a measure process's answer."""

MAY_PASS = (ImageNotFoundError, TooManyRequestsError, MeasureUnavailableError)
"""Refusals that a repeat of the same request may not meet: they free its key again."""


class Request(msgspec.Struct, kw_only=True, frozen=True):
    """``request.json``: that a measurement was asked for, and by which request.

    Attributes
    ----------
    given_up_at
        Unix time, s, from which on no attempt can bring a result any more.
    image_url, image_urls, side_image_url
        The photos, which are deleted with the measurement: the first from the front, all from
        the front, and one from the side.
    fingerprint
        Of all fields of the request: what a repeat must share.
    asked_at
        Unix time, s; results of requests before are none of it. 0: there are no others.
    token
        Tells this call from every other: S3 may have stored a claim whose answer was lost.
    """

    given_up_at: float
    image_url: str
    image_urls: list[str]
    side_image_url: str | None
    fingerprint: str
    asked_at: float
    token: str


def wait_s(prefer: str | None, longest_s: float) -> float:
    """How long a client will wait for an answer, by its ``Prefer`` header (RFC 7240).

    Examples
    --------
    >>> wait_s("respond-async", 25), wait_s("respond-async, wait=10", 25), wait_s("wait=99", 25)
    (0.0, 10.0, 25)
    """
    preferences: dict[str, str] = {}
    for part in (prefer or "").split(","):
        name, _, value = part.partition(";")[0].partition("=")
        preferences.setdefault(name.strip().lower(), value.strip().strip('"'))
    if re.fullmatch(r"[0-9]{1,9}", preferences.get("wait", "")):
        return min(float(preferences["wait"]), longest_s)
    return 0.0 if "respond-async" in preferences else longest_s


def note(storage: Storage, owner: Owner, image_url: str) -> None:
    """Note that an upload is to be measured, so that one which never is can be told from that."""
    request = {"given_up_at": time.time() + GIVEN_UP_S, "image_url": image_url}
    storage.write_result(owner, REQUEST, request)


def ask(
    storage: Storage, function: MeasureFunction, owner: Owner, job: MeasureJob, wait_s: float
) -> Measurement | None:
    """Have a photo measured; None when the wait ended first: the result will be stored.

    Raises
    ------
    HypermobError
        What the measure function says of the photo, or that it cannot be reached.
    """
    job = msgspec.structs.replace(job, asked_at=time.time())
    request = _request(job, wait_s)
    if wait_s < LEAST_WAIT_S:
        storage.write_result(owner, REQUEST, request)
        try:
            function.start(job)
        except HypermobError:
            storage.delete_results(owner, REQUEST)  # nothing is under way
            raise
    else:
        # Who uploaded the photo knows the measurement's id, and may look there.
        known = is_of_upload(owner, job.front_urls[0])
        try:
            return function.measure(job, wait_s, store_refusal=known)
        except StillMeasuringError:
            storage.write_result(owner, REQUEST, request)
    storage.sweep_if_deleted(owner)
    return None


def ask_once(
    storage: Storage, function: MeasureFunction, owner: Owner, job: MeasureJob, wait_s: float
) -> Measurement | None:
    """As `ask`, but only the first of equal requests measures, however many race.

    Raises
    ------
    IdempotencyKeyReusedError
        The key came with another request before.
    DeletedError
        What the key stands for was deleted.
    HypermobError
        As in `ask`; a repeat gets the same again, unless it is one of `MAY_PASS`.
    """
    end = time.monotonic() + wait_s
    request, replacing = _request(job, wait_s), None
    while not storage.claim(owner, REQUEST, request, replacing):
        earlier, tag = storage.read_tagged(owner, REQUEST)
        replacing = None
        if earlier is None:  # freed meanwhile
            continue
        if earlier["token"] == request.token:
            break
        if earlier["fingerprint"] != request.fingerprint:
            raise IdempotencyKeyReusedError
        found = _result(storage, owner)
        if found is not None:
            return found
        if time.time() > earlier["given_up_at"]:
            replacing = tag
        elif time.monotonic() >= end:
            return None
        else:
            time.sleep(POLL_S)
    try:
        if storage.is_deleted(owner):
            raise DeletedError
        # An earlier call may have freed the key without knowing that it was measured.
        left_s = max(end - time.monotonic(), min(wait_s, LEAST_WAIT_S))  # in the way claimed
        return _result(storage, owner) or _measure(function, job, left_s)
    except HypermobError as error:
        if isinstance(error, (*MAY_PASS, DeletedError)):
            _free(storage, owner)
        raise
    except Exception:
        _free(storage, owner)
        raise


def _measure(function: MeasureFunction, job: MeasureJob, wait_s: float) -> Measurement | None:
    if wait_s < LEAST_WAIT_S:
        function.start(job)
        return None
    try:
        return function.measure(job, wait_s, store_refusal=True)  # a repeat gets it again
    except StillMeasuringError:
        return None


def _free(storage: Storage, owner: Owner) -> None:
    storage.delete_results(owner, ERROR, REQUEST)


def _result(storage: Storage, owner: Owner) -> Measurement | None:
    measurement = storage.read_result(owner, MEASUREMENT)
    if measurement is not None:
        return msgspec.convert(measurement, Measurement)
    failed = storage.read_result(owner, ERROR)
    if failed is not None:
        raise restored(failed)
    return None


def _request(job: MeasureJob, wait_s: float) -> Request:
    asked: Mapping[str, object] = {
        name: value
        for name in MeasureRequest.__struct_fields__
        if (value := getattr(job, name)) is not None
    }
    return Request(
        given_up_at=time.time() + (GIVEN_UP_S if wait_s < LEAST_WAIT_S else wait_s + CALL_ENDS_S),
        image_url=job.front_urls[0],
        image_urls=job.front_urls,
        side_image_url=job.side_image_url,
        fingerprint=hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest(),
        asked_at=job.asked_at,
        token=secrets.token_hex(16),
    )
