"""Where the work is done: in this process (`InProcessEngine`), or by an API (`ApiEngine`).

Both give the same.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import structs

from chalicelib import carfit, drivers
from chalicelib.answers import Measured
from chalicelib.contracts import (
    DriverPath,
    TellingRequest,
    TransferRequest,
    measured_segments,
    parse_recommend,
    validated,
)
from chalicelib.errors import Language
from chalicelib.recommending import recommend, recommend_measured, transfer
from hypermob.drivers import Files
from hypermob.people import Again, Person, read_photo
from hypermob_client import Client

USER = "me"


@dataclass(frozen=True)
class Found:
    """A measurement as JSON values, in the names of the API, and the way to its picture."""

    document: dict[str, Any]
    overlay_jpeg: Callable[[], bytes]


class Engine(Protocol):
    """What both can do. Each raises `HypermobError`."""

    def measure(self, person: Person, folder: Path = Path(), again: Sequence[Again] = ()) -> Found:
        """Lengths of a person; paths are relative to ``folder``."""

    def fit(
        self, person: Person, car: Mapping[str, Any], again: Sequence[Again] = ()
    ) -> tuple[Found, dict[str, Any]]:
        """Lengths, and the settings for them; the lengths' doubt widens the settings' bands."""

    def recommend(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Settings for the body of a ``POST /recommend``."""

    def transfer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Settings for the body of a ``POST /recommend/transfer``."""

    def vehicles(self) -> dict[str, Any]:
        """The catalogue."""

    def tell(self, user_id: str, telling: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what a driver keeps: the body of a ``POST /drivers/{user_id}/settings``."""

    def driver_settings(self, user_id: str) -> dict[str, Any]:
        """All that a driver told."""

    def forget(self, user_id: str) -> None:
        """Forget all that a driver told."""

    def workers(self, count: int) -> Executor:
        """Who measures several people at once."""


class InProcessEngine:
    """The engines themselves, in this process."""

    def measure(self, person: Person, folder: Path = Path(), again: Sequence[Again] = ()) -> Found:
        """As `Engine.measure`."""
        # MediaPipe and OpenCV cost a second: not for what measures nothing.
        from hypermob.measuring import measure, to_dict

        found = measure(person, folder, again)
        return Found(to_dict(person, found), lambda: found.overlay_jpeg)

    def fit(
        self, person: Person, car: Mapping[str, Any], again: Sequence[Again] = ()
    ) -> tuple[Found, dict[str, Any]]:
        """As `Engine.fit`."""
        found = self.measure(person, again=again)
        told = {"user_id": USER, **structs.asdict(person), **car}
        segments = measured_segments(found.document["segments"], told)
        intervals = found.document["interval_95"]
        return found, recommend_measured(segments, intervals, tellings=_tellings(segments))

    def recommend(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.recommend`."""
        request = parse_recommend(msgspec.json.encode({"user_id": USER, **body}))
        return recommend(request, tellings=_tellings(request))

    def transfer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.transfer`."""
        request = validated(TransferRequest, {"user_id": USER, **body})
        return transfer(request, tellings=_tellings(request))

    def tell(self, user_id: str, telling: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.tell`."""
        request = validated(TellingRequest, dict(telling))
        return drivers.tell(Files(), _checked(user_id), request, key=None)

    def driver_settings(self, user_id: str) -> dict[str, Any]:
        """As `Engine.driver_settings`."""
        return drivers.told_by(Files(), _checked(user_id))

    def forget(self, user_id: str) -> None:
        """As `Engine.forget`."""
        drivers.delete(Files(), _checked(user_id))

    def vehicles(self) -> dict[str, Any]:
        """As `Engine.vehicles`."""
        return carfit.catalogue()

    def workers(self, count: int) -> Executor:
        """Processes: spawned, not forked, for MediaPipe's threads do not survive a fork."""
        return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def _checked(user_id: str) -> str:
    return validated(DriverPath, {"user_id": user_id}).user_id


def _tellings(request: Any) -> list[carfit.Telling] | None:
    """What the driver of a request told on this machine, where that is asked for."""
    return drivers.tellings(Files(), request.user_id) if request.personal else None


class ApiEngine:
    """An API."""

    def __init__(self, url: str, key: str, language: Language) -> None:
        self._client = Client(url, key, user_id=USER, language=language)

    def measure(self, person: Person, folder: Path = Path(), again: Sequence[Again] = ()) -> Found:
        """As `Engine.measure`."""
        measured = self._client.measure(**_asked(person, folder, again))
        return self._found(measured)

    def fit(
        self, person: Person, car: Mapping[str, Any], again: Sequence[Again] = ()
    ) -> tuple[Found, dict[str, Any]]:
        """As `Engine.fit`."""
        fitted = self._client.fit(**{**_asked(person, Path(), again), **car})
        return self._found(fitted.measurement), _as_answered(fitted.recommendation)

    def recommend(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.recommend`."""
        return _as_answered(self._client.recommend(body))

    def transfer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.transfer`."""
        cars = {name: body[name] for name in ("from_vehicle", "to_vehicle")}
        personal = bool(body.get("personal"))
        return _as_answered(
            self._client.transfer(body, body["settings"], **cars, personal=personal)
        )

    def tell(self, user_id: str, telling: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.tell`."""
        return _as_answered(self._client.tell(user_id=user_id, **telling))

    def driver_settings(self, user_id: str) -> dict[str, Any]:
        """As `Engine.driver_settings`."""
        return _as_answered(self._client.driver_settings(user_id=user_id))

    def forget(self, user_id: str) -> None:
        """As `Engine.forget`."""
        self._client.forget(user_id=user_id)

    def vehicles(self) -> dict[str, Any]:
        """As `Engine.vehicles`."""
        catalogue: dict[str, Any] = msgspec.to_builtins(self._client.vehicles())
        return catalogue

    def workers(self, count: int) -> Executor:
        """Threads: the work is the API's."""
        return ThreadPoolExecutor(count)

    def _found(self, measured: Measured) -> Found:
        return Found(msgspec.to_builtins(measured), lambda: self._client.overlay(measured))


def _asked(person: Person, folder: Path, again: Sequence[Again]) -> dict[str, Any]:
    """What the client takes of a person."""
    asked = {name: value for name, value in structs.asdict(person).items() if value is not None}
    for name in ("photo", "side_photo"):
        if name in asked:
            asked[name] = read_photo(folder / asked[name], name)
    if again:
        asked["more_photos"] = [read_photo(folder / each.photo, "again") for each in again]
        pitches = [person.device_pitch_deg, *(each.device_pitch_deg for each in again)]
        asked |= {"device_pitch_deg": None, "device_pitches_deg": pitches}
    return asked


def _as_answered(answer: Any) -> dict[str, Any]:
    """An answer's JSON values, without what was not answered."""
    told: dict[str, Any] = msgspec.to_builtins(answer)
    return {name: value for name, value in told.items() if value is not None}
