"""What drivers tell of how they sit: one document for each driver, in S3 beside the measurements.

The document is the one thing that is read and written, by conditional writes: of writers that race
one wins, and the others read again. Deletion puts a mark in its place, so that whoever read before
can no longer write, and what comes late is refused.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from chalicelib import carfit
from chalicelib.carfit import personal, told
from chalicelib.carfit.settings import kept_travels
from chalicelib.contracts import TellingRequest, VehicleFigures
from chalicelib.errors import (
    DriverDeletedError,
    FieldProblem,
    IdempotencyKeyReusedError,
    InvalidInputError,
    NotFoundError,
    TooManyRequestsError,
)
from chalicelib.recommending import asked_profile, asked_vehicle
from chalicelib.storage import is_out_of_reach

MAX_TELLINGS: Final = 200
"""Most settings that are stored of one driver. The oldest are deleted first; the response counts
them in ``forgotten``."""
EARLY_S: Final = 300.0
"""A client's clock may be so far ahead of ours."""
MAX_AGE_S: Final = 20 * 365.25 * 86400.0
"""Older than that no car tells anything."""
WRITES: Final = 24
"""Attempts of one telling against others that race it."""
WAIT_S: Final = 0.02
PATIENCE_S: Final = 5.0
"""So long a write that S3 did not answer is tried again beside the SDK's own attempts: with them it
ends before API Gateway does, which waits 29 s."""
ROUNDING: Final = 0.1
"""An answer's settings are rounded: its own must pass."""
ROUNDING_OF_SIGNALS: Final = 0.6
"""VSS has whole millimetres."""
SECONDS_OF_A_DAY: Final = 86400.0


class Storage(Protocol):
    """Where a driver's document lies; `chalicelib.storage.Storage` has it in S3."""

    def read_driver(self, user_id: str) -> tuple[Any | None, str]:
        """Read a document and its tag."""

    def write_driver(self, user_id: str, content: Any, replacing: str | None) -> bool:
        """Store it if nothing is there, or only what has the tag; say whether it was stored."""

    def overwrite_driver(self, user_id: str, content: Any) -> None:
        """Store it whatever is there."""


class Telling(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One telling as it is stored; ``settings`` by path, ``at`` and ``told_at`` in Unix time, s."""

    telling_id: str
    fingerprint: str
    at: float
    told_at: float
    kind: personal.Kind
    vehicle: str | dict[str, Any]
    settings: dict[str, float]
    drive_side: str = "left"
    side_mirrors: str = "classic"
    discomfort: dict[str, str] | None = None


class Document(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """``driver.json``.

    Attributes
    ----------
    version
        Raised by every write, deletion included.
    begun_at
        Unix time, s: what was kept before is of a driver who was deleted since.
    consent_at
        When the settings were kept that ``fleet_consent`` came with: what comes late does not
        change it.
    deleted_at
        Where this is set, nothing else is known of the driver.
    forgotten
        How many of the oldest tellings gave way.
    """

    version: int
    begun_at: float = 0.0
    tellings: list[Telling] = []
    fleet_consent: bool = False
    consent_at: float = 0.0
    forgotten: int = 0
    deleted_at: float | None = None


def tell(
    storage: Storage, user_id: str, request: TellingRequest, key: str | None
) -> dict[str, Any]:
    """Store what a driver kept, once, however often and by however many it is told.

    Raises
    ------
    InvalidInputError
        When the car, the time or a setting cannot be.
    IdempotencyKeyReusedError
        The key came with another telling before.
    DriverDeletedError
        The driver was deleted, and this does not begin anew.
    TooManyRequestsError
        Others kept writing first.
    """
    now = time.time()
    telling = _telling(user_id, request, key, now)
    for attempt in range(WRITES):
        if attempt:
            time.sleep(secrets.SystemRandom().uniform(0.0, WAIT_S * attempt))
        found, tag = _read(storage, user_id)
        known = found or Document(version=0)
        if known.deleted_at is not None:
            if not request.start_anew or telling.at < known.deleted_at:
                raise DriverDeletedError
            known = Document(version=known.version, begun_at=known.deleted_at)
        elif telling.at < known.begun_at:
            raise DriverDeletedError
        earlier = next((e for e in known.tellings if e.telling_id == telling.telling_id), None)
        if earlier is not None:
            if earlier.fingerprint != telling.fingerprint:
                raise IdempotencyKeyReusedError
            after = _consented(known, earlier, request.fleet_consent)
            if after == known:
                return _stored_response(user_id, known, earlier)
            after = msgspec.structs.replace(after, version=known.version + 1)
        else:
            _check_not_too_old(known, telling)
            after = _with(known, telling, request.fleet_consent)
        try:
            stored = storage.write_driver(user_id, after, tag or None)
        except Exception as error:
            # It may be stored: reading tells. The SDK has tried again by itself.
            if not is_out_of_reach(error) or time.time() - now > PATIENCE_S:
                raise
            continue
        if stored:
            return _stored_response(user_id, after, earlier or telling)
    raise TooManyRequestsError


def told_by(storage: Storage, user_id: str) -> dict[str, Any]:
    """All that a driver told, the newest last.

    Raises
    ------
    NotFoundError
        When nothing is stored, or it was deleted.
    """
    found, _ = _read(storage, user_id)
    if found is None or found.deleted_at is not None:
        raise NotFoundError
    return {
        "user_id": user_id,
        "version": found.version,
        "fleet_consent": found.fleet_consent,
        "forgotten": found.forgotten,
        "tellings": [_telling_document(each) for each in found.tellings],
    }


def delete(storage: Storage, user_id: str) -> None:
    """Forget a driver: nothing but the time of this is left, and what comes late is refused."""
    begun = time.time()
    found, _ = _read(storage, user_id)
    mark = Document(version=(found.version if found else 0) + 1, deleted_at=time.time())
    for last in (False, True):
        try:
            storage.overwrite_driver(user_id, mark)
        except Exception as error:
            # The SDK tries again by itself, but not after a broken answer.
            if last or not is_out_of_reach(error) or time.time() - begun > PATIENCE_S:
                raise
        else:
            return


def tellings(storage: Storage, user_id: str) -> list[personal.Telling]:
    """What a driver told, as the engine learns from it; empty when nothing is stored."""
    found, _ = _read(storage, user_id)
    return [] if found is None else learnable(found.tellings, time.time())


def learnable(stored: list[Telling], now: float) -> list[personal.Telling]:
    """Tellings as the engine takes them; of cars that are no longer known, none."""
    learned = []
    for each in stored:
        try:
            vehicle = asked_vehicle(each.vehicle)
        except InvalidInputError:  # a class that left the catalogue since
            continue
        learned.append(
            personal.Telling(
                vehicle=vehicle,
                settings=each.settings,
                days_ago=max(now - each.at, 0.0) / SECONDS_OF_A_DAY,
                kind=each.kind,
                drive_side="right" if each.drive_side == "right" else "left",
                side_mirrors="blind_zone" if each.side_mirrors == "blind_zone" else "classic",
            )
        )
    return learned


def _read(storage: Storage, user_id: str) -> tuple[Document | None, str]:
    content, tag = storage.read_driver(user_id)
    return (None, "") if content is None else (msgspec.convert(content, Document), tag)


def _with(known: Document, telling: Telling, consent: bool | None) -> Document:
    """The document with one more telling, in the order of their times."""
    everything = sorted([*known.tellings, telling], key=lambda each: (each.at, each.told_at))
    return msgspec.structs.replace(
        _consented(known, telling, consent),
        version=known.version + 1,
        tellings=everything[-MAX_TELLINGS:],
        forgotten=known.forgotten + max(len(everything) - MAX_TELLINGS, 0),
        deleted_at=None,
    )


def _consented(known: Document, telling: Telling, consent: bool | None) -> Document:
    """The document with what a telling says of consent, unless a later one said otherwise."""
    if consent is None or telling.at < known.consent_at:
        return known
    # Of two that were kept at once a no stands.
    if consent and telling.at == known.consent_at:
        return known
    return msgspec.structs.replace(known, fleet_consent=consent, consent_at=telling.at)


def _check_not_too_old(known: Document, telling: Telling) -> None:
    """Refuse what would be the first to give way: nobody is told that it is stored."""
    if len(known.tellings) >= MAX_TELLINGS and telling.at < known.tellings[0].at:
        oldest = datetime.fromtimestamp(known.tellings[0].at, UTC).isoformat(timespec="seconds")
        raise InvalidInputError(
            FieldProblem(
                "at",
                f"expected a time from {oldest} on: of a driver the newest {MAX_TELLINGS} settings "
                "are stored",
                f"{oldest} 이후의 시각이 필요합니다. 운전자마다 최근 {MAX_TELLINGS}건만 저장합니다",
            )
        )


def _stored_response(user_id: str, document: Document, telling: Telling) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "version": document.version,
        "tellings": len(document.tellings),
        "forgotten": document.forgotten,
        "fleet_consent": document.fleet_consent,
        "telling": _telling_document(telling),
    }


def _telling_document(telling: Telling) -> dict[str, Any]:
    """A telling as a client reads it."""
    settings: dict[str, Any] = {}
    for path, value in telling.settings.items():
        inner = settings
        *groups, name = path.split(".")
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = round(value, 1) + 0.0
    found: dict[str, Any] = {
        "telling_id": telling.telling_id,
        "at": datetime.fromtimestamp(telling.at, UTC).isoformat(timespec="seconds"),
        "kind": telling.kind,
        "vehicle": telling.vehicle,
        "drive_side": telling.drive_side,
        "side_mirrors": telling.side_mirrors,
        "settings": settings,
    }
    return found | ({} if telling.discomfort is None else {"discomfort": telling.discomfort})


def _telling(user_id: str, request: TellingRequest, key: str | None, now: float) -> Telling:
    """Check a request, and put its settings in our own words."""
    at = _time(request.at, now)
    named: str | dict[str, Any] = (
        {k: v for k, v in msgspec.to_builtins(request.vehicle).items() if v is not None}
        if isinstance(request.vehicle, VehicleFigures)
        else request.vehicle
    )
    vehicle = asked_vehicle(named)
    side: carfit.DriveSide = request.drive_side or "left"
    settings = _settings(request, vehicle, side)
    if problems := [
        *_contradictions(request, settings),
        *_beyond(request, settings, vehicle, side),
    ]:
        raise InvalidInputError(*problems)
    content = {
        "at": request.at,
        "kind": request.kind,
        "vehicle": named,
        "settings": settings,
        "drive_side": side,
        "side_mirrors": request.side_mirrors or "classic",
        "discomfort": msgspec.to_builtins(request.discomfort),
    }
    fingerprint = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
    # Without a key, and with a time, the same words are the same telling.
    name = f"key\0{key}" if key else f"words\0{fingerprint}\0{at if request.at is None else ''}"
    return Telling(
        telling_id=hashlib.sha256(f"{user_id}\0{name}".encode()).hexdigest()[:32],
        fingerprint=fingerprint,
        at=at,
        told_at=now,
        kind=request.kind,
        vehicle=named,
        settings=settings,
        drive_side=side,
        side_mirrors=request.side_mirrors or "classic",
        discomfort=msgspec.to_builtins(request.discomfort),
    )


def _time(told_at: str | None, now: float) -> float:
    if told_at is None:
        return now
    try:
        at = datetime.fromisoformat(told_at)
        if at.tzinfo is None:
            raise ValueError
        seconds = at.timestamp()
    except (ValueError, OverflowError):
        raise InvalidInputError(
            FieldProblem(
                "at",
                "expected a time with its zone, such as 2026-11-30T08:15:00+09:00",
                "시간대가 있는 시각이 필요합니다 (예: 2026-11-30T08:15:00+09:00)",
            )
        ) from None
    if seconds > now + EARLY_S:
        raise InvalidInputError(
            FieldProblem(
                "at",
                "expected a time that has passed: it lies in the future. Check the car's clock",
                "지난 시각이 필요합니다. 미래 시각이니 차량의 시계를 확인해 주세요",
            )
        )
    if seconds < now - MAX_AGE_S:
        raise InvalidInputError(
            FieldProblem("at", "expected a time of the last 20 years", "최근 20년 안의 시각")
        )
    return min(seconds, now)


def _settings(
    request: TellingRequest, vehicle: carfit.Vehicle, side: carfit.DriveSide
) -> dict[str, float]:
    given = [name for name in ("settings", "vss", "vhal") if getattr(request, name) is not None]
    if len(given) > 1 or (not given and request.kind != "discomfort"):
        raise InvalidInputError(
            FieldProblem(
                given[1] if given else "settings",
                "expected the settings once: as settings, as vss or as vhal, not as several",
                "설정은 settings, vss, vhal 가운데 하나로만 보내야 합니다",
            )
        )
    try:
        if request.vss is not None:
            return told.from_vss(request.vss, vehicle, side)
        if request.vhal is not None:
            values = [(each.property, each.area_id, each.value) for each in request.vhal]
            profile = asked_profile(request.vehicle, "vehicle")
            return told.from_vhal(values, vehicle, side, profile)
    except told.SignalError as error:
        raise InvalidInputError(
            FieldProblem(
                f"{given[0]}.{error.signal}",
                f"expected {error.expected['en']}",
                f"필요한 값: {error.expected['ko']}",
            )
        ) from None
    return {} if request.settings is None else dict(paths(msgspec.to_builtins(request.settings)))


def paths(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """Settings by their paths, of settings in the answer's shape; what is not told is left out."""
    for name, branch in settings.items():
        if isinstance(branch, Mapping):
            yield from paths(branch, f"{path}{name}.")
        elif branch is not None:
            yield f"{path}{name}", float(branch)


def _contradictions(
    request: TellingRequest, settings: Mapping[str, float]
) -> Iterator[FieldProblem]:
    """What a telling's kind asks for and does not have, or has and may not."""
    if request.kind == "discomfort" and request.discomfort is None:
        yield FieldProblem(
            "discomfort",
            "is required with kind discomfort (an object with body_part and side)",
            "kind가 discomfort이면 필수 항목 (body_part와 side가 있는 객체)",
        )
    if request.kind != "discomfort" and request.discomfort is not None:
        yield FieldProblem(
            "discomfort",
            'expected only with "kind": "discomfort"',
            '"kind": "discomfort"일 때만 보낼 수 있습니다',
        )
    if request.kind != "discomfort" and not settings:
        yield FieldProblem(
            "settings", "expected at least one setting", "설정이 하나 이상 있어야 합니다"
        )


def _beyond(
    request: TellingRequest,
    settings: Mapping[str, float],
    vehicle: carfit.Vehicle,
    side: carfit.DriveSide,
) -> Iterator[FieldProblem]:
    """Settings that the car cannot have, by the name and zero that they were told with."""
    ends = kept_travels(vehicle, side)
    for path, value in settings.items():
        low, high = ends[path]
        slack = ROUNDING_OF_SIGNALS if path.endswith("_mm") else ROUNDING + 0.05
        if not low - slack <= value <= high + slack:
            field = f"settings.{path}"
            if request.vss is not None and path in told.SIGNAL_OF:
                field = f"vss.{told.SIGNAL_OF[path]}"
                if path == "seat.backrest_recline_deg":  # VSS measures it from the cushion
                    from_cushion = settings["seat.cushion_tilt_deg"]
                    low, high, value = (each - from_cushion for each in (low, high, value))
            yield FieldProblem(
                field,
                f"expected from {low:g} to {high:g}, the car's travel, got {value:g}",
                f"이 차의 조절 범위인 {low:g}에서 {high:g} 사이여야 합니다 (받은 값 {value:g})",
            )
