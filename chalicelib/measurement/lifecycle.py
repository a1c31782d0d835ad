"""The life of a measurement: asked for, then done or failed; and once for each ``Idempotency-Key``.

::

    no request --- ask, or upload with a height ---> pending
    pending ------ measurement.json is written ----> done
    pending ------ error.json is written ----------> failed, by the refusal
    pending ------ given_up_at has passed ---------> failed, MEASURE_UNAVAILABLE
    done, failed - another request for the photo --> pending
    any ---------- DELETE -------------------------> no request

The documents beside the photo say which state it is in (`phase`). What was asked for last counts:
each carries ``asked_at`` of its request. ``request.json`` is also the claim on an Idempotency-Key,
as S3 lets one writer create it: whoever comes later with the same request gets the result of the
first, or waits for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from chalicelib.contracts import MeasureJob, Measurement, MeasureRequest
from chalicelib.errors import (
    DeletedError,
    HypermobError,
    IdempotencyKeyReusedError,
    ImageNotFoundError,
    MeasureUnavailableError,
    TooManyRequestsError,
    error_from_document,
    error_to_document,
)
from chalicelib.measurement.function import MeasureFunction, StillMeasuringError
from chalicelib.storage import (
    ERROR,
    MEASURE_TIMEOUT_S,
    MEASUREMENT,
    REQUEST,
    ObjectAddress,
    Owner,
    Storage,
    is_of_upload,
    upload_owner,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN_UP_S = 30 * 60
"""After this all attempts have passed: Lambda's three of a call, SQS's five of an upload."""
CALL_ENDS_S = MEASURE_TIMEOUT_S + 30
"""After this a call that somebody waited for has ended: it is one attempt."""
POLL_S = 0.25
LEAST_WAIT_S = 0.5
"""Shorter waits are not worth a connection that holds a measure process's answer."""
MAY_PASS = (ImageNotFoundError, TooManyRequestsError, MeasureUnavailableError)
"""Refusals that a repeat of the same request may not meet: they free its key again."""

Phase = Literal["none", "pending", "done", "failed", "given up"]


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

    @classmethod
    def of(cls, job: MeasureJob, wait_s: float) -> Request:
        """Request that a job stands for, by a caller who waits so long for the answer."""
        fields: Mapping[str, object] = {
            name: value
            for name in MeasureRequest.__struct_fields__
            if (value := getattr(job, name)) is not None
        }
        ends_s = wait_s + CALL_ENDS_S if is_waited_for(wait_s) else GIVEN_UP_S
        return cls(
            given_up_at=time.time() + ends_s,
            image_url=job.front_urls[0],
            image_urls=job.front_urls,
            side_image_url=job.side_image_url,
            fingerprint=hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest(),
            asked_at=job.asked_at,
            token=secrets.token_hex(16),
        )


def failure(error: HypermobError, asked_at: float, since: float = 0.0) -> dict[str, Any]:
    """``error.json``: why the request of ``asked_at`` failed; true from ``since`` on.

    Both are Unix times, s. Until ``since`` another attempt may still measure the photo.
    """
    return error_to_document(error) | {"asked_at": asked_at, "since": since}


def asked_at_s(document: Mapping[str, Any] | None) -> float:
    """When what is stored was asked for, Unix time, s; before all time where nothing is stored."""
    return -1.0 if document is None else float(document.get("asked_at", 0.0))


def phase(
    request: Mapping[str, Any] | None,
    measurement: Mapping[str, Any] | None,
    failed: Mapping[str, Any] | None,
    now: float,
) -> Phase:
    """State of a measurement by its documents, at a Unix time, s."""
    if failed is not None and failed["since"] > now:
        failed = None
    # The photo may have been measured before, for another height: what counts is the last request.
    asked_at, measured_at, failed_at = map(asked_at_s, (request, measurement, failed))
    if measurement is not None and measured_at >= max(asked_at, failed_at):
        return "done"
    if failed is not None and failed_at >= asked_at:
        return "failed"
    if request is None:
        return "none"
    return "pending" if now <= request["given_up_at"] else "given up"


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


def is_waited_for(wait_s: float) -> bool:
    """Whether a caller who waits so long gets the answer itself, not only where it will be."""
    return wait_s >= LEAST_WAIT_S


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
    request = Request.of(job, wait_s)
    if not is_waited_for(wait_s):
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
    request, replacing = Request.of(job, wait_s), None
    while not storage.claim(owner, REQUEST, request, replacing):
        earlier, tag = storage.read_tagged(owner, REQUEST)
        replacing = None
        if earlier is None:  # freed meanwhile
            continue
        if earlier["token"] == request.token:
            break
        if earlier["fingerprint"] != request.fingerprint:
            raise IdempotencyKeyReusedError
        found = result(storage, owner)
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
        return result(storage, owner) or _measure(function, job, left_s)
    except HypermobError as error:
        if isinstance(error, (*MAY_PASS, DeletedError)):
            _free(storage, owner)
        raise
    except Exception:
        _free(storage, owner)
        raise


def _measure(function: MeasureFunction, job: MeasureJob, wait_s: float) -> Measurement | None:
    if not is_waited_for(wait_s):
        function.start(job)
        return None
    try:
        return function.measure(job, wait_s, store_refusal=True)  # a repeat gets it again
    except StillMeasuringError:
        return None


def _free(storage: Storage, owner: Owner) -> None:
    storage.delete_results(owner, ERROR, REQUEST)


def result(storage: Storage, owner: Owner) -> Measurement | None:
    """The measurement that is stored; None where neither it nor a refusal is.

    Raises
    ------
    HypermobError
        The refusal that is stored.
    """
    measurement = storage.read_result(owner, MEASUREMENT)
    if measurement is not None:
        return msgspec.convert(measurement, Measurement)
    failed = storage.read_result(owner, ERROR)
    if failed is not None:
        raise error_from_document(failed)
    return None
