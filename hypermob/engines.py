"""Where the work is done: in this process (`Here`), or by an API (`There`). Both give the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from chalicelib import carfit
from chalicelib.contracts import RecommendRequest, validated
from chalicelib.errors import FieldProblem, InvalidInputError
from chalicelib.recommending import recommend
from hypermob.people import Person, read_photo
from hypermob_client import Client

USER = "me"


@dataclass(frozen=True)
class Found:
    """A measurement as JSON values, in the names of the API, and the way to its picture."""

    document: dict[str, Any]
    overlay_jpeg: Callable[[], bytes]


class Engine(Protocol):
    """What both can do. Each raises `HypermobError`."""

    def measure(self, person: Person, folder: Path = Path(), again: Sequence[str] = ()) -> Found:
        """Lengths of a person; paths are relative to ``folder``."""

    def recommend(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Settings for the body of a ``POST /recommend``."""

    def vehicles(self) -> dict[str, Any]:
        """The catalogue."""

    def workers(self, count: int) -> Executor:
        """Who measures several people at once."""


class Here:
    """The engines themselves, in this process."""

    def measure(self, person: Person, folder: Path = Path(), again: Sequence[str] = ()) -> Found:
        """As `Engine.measure`."""
        # MediaPipe and OpenCV cost a second: not for what measures nothing.
        from hypermob.measuring import measure, to_dict

        found = measure(person, folder, again)
        return Found(to_dict(person, found), lambda: found.overlay_jpeg)

    def recommend(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.recommend`."""
        return recommend(validated(RecommendRequest, {"user_id": USER, **body}))

    def vehicles(self) -> dict[str, Any]:
        """As `Engine.vehicles`."""
        return carfit.catalogue()

    def workers(self, count: int) -> Executor:
        """Processes: spawned, not forked, for MediaPipe's threads do not survive a fork."""
        return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


class There:
    """An API."""

    def __init__(self, url: str, key: str) -> None:
        self._client = Client(url, key, user_id=USER)

    def measure(self, person: Person, folder: Path = Path(), again: Sequence[str] = ()) -> Found:
        """As `Engine.measure`."""
        if again:
            alone = "one photo from the front, or the command without --api"
            raise InvalidInputError(
                FieldProblem("again", alone, "정면 사진 한 장, 또는 --api 없이 실행")
            )
        about = msgspec.to_builtins(person)
        photo = read_photo(folder / about.pop("photo"), "photo")
        side = about.pop("side_photo")
        measured = self._client.measure(
            photo,
            side_photo=None if side is None else read_photo(folder / side, "side_photo"),
            **{name: value for name, value in about.items() if value is not None},
        )
        return Found(msgspec.to_builtins(measured), lambda: self._client.overlay(measured))

    def recommend(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `Engine.recommend`."""
        return self._client.recommend(body).to_dict()

    def vehicles(self) -> dict[str, Any]:
        """As `Engine.vehicles`."""
        catalogue: dict[str, Any] = msgspec.to_builtins(self._client.vehicles())
        return catalogue

    def workers(self, count: int) -> Executor:
        """Threads: the work is the API's."""
        return ThreadPoolExecutor(count)
