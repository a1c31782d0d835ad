"""`Client` and `AsyncClient`: the API as Python calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self, Unpack

import httpx

from chalicelib.answers import (
    Catalogue,
    DriverSettings,
    Fitted,
    Health,
    Measured,
    MeasurementState,
    Recommended,
    Told,
    Transferred,
)
from chalicelib.contracts import TellingKind
from hypermob_client.conversation import (
    About,
    Conversation,
    Kept,
    Lengths,
    Options,
    Photo,
    Reply,
    Send,
    Steps,
    Telling,
)

TIMEOUT = httpx.Timeout(35.0, connect=5.0)
"""API Gateway answers within 29 s."""


class Client:
    """The API, call by call.

    Parameters
    ----------
    url, key
        The API's address, its stage included, and the API key.
    user_id
        Whose photos these are, where a call does not say.
    language
        Of the errors' messages: "en" or "ko".
    wait_s
        How long to wait for a measurement.

    Every call raises `chalicelib.errors.HypermobError`: the API's own error by its class, or one
    of `hypermob_client.errors`. Busy and broken connections are tried again, with growing pauses,
    where that can do nothing twice.

    Examples
    --------
    >>> client = Client("http://127.0.0.1:8000", "key", user_id="kim")  # doctest: +SKIP
    >>> fitted = client.fit("me.jpg", height_cm=175)  # doctest: +SKIP
    >>> fitted.recommendation.settings.seat.fore_aft_mm  # doctest: +SKIP
    164.2
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        user_id: str = "me",
        language: str = "en",
        wait_s: float = 120.0,
    ) -> None:
        self._say = Conversation(url, key, user_id, language, wait_s)
        self._http = httpx.Client(timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def measure(
        self,
        photo: Photo,
        *,
        height_cm: float,
        more_photos: Sequence[Photo] = (),
        side_photo: Photo | None = None,
        **about: Unpack[About],
    ) -> Measured:
        """Lengths of the person in a photo, in cm; uploads it first.

        ``more_photos`` are others from the front, taken a moment apart.
        """
        return self._do(self._say.measure(photo, height_cm, more_photos, side_photo, about))

    def fit(
        self,
        photo: Photo,
        *,
        height_cm: float,
        more_photos: Sequence[Photo] = (),
        side_photo: Photo | None = None,
        **about: Unpack[About],
    ) -> Fitted:
        """Lengths of the person in a photo, and the settings of a car for them."""
        return self._do(self._say.fit(photo, height_cm, more_photos, side_photo, about))

    def recommend(self, lengths: Lengths, **options: Unpack[Options]) -> Recommended:
        """Settings of a car for lengths: a measurement's ``segments``, or a mapping like them."""
        return self._do(self._say.recommend(lengths, options))

    def transfer(
        self,
        lengths: Lengths,
        settings: Kept,
        *,
        from_vehicle: str,
        to_vehicle: str,
        personal: bool = False,
    ) -> Transferred:
        """Settings of another car that keep the posture that the first car's settings give.

        ``personal``: with all that the driver told before, too.
        """
        steps = self._say.transfer(lengths, settings, from_vehicle, to_vehicle, personal=personal)
        return self._do(steps)

    def tell(
        self,
        settings: Kept | None = None,
        *,
        vehicle: str | Mapping[str, Any],
        kind: TellingKind = "kept",
        user_id: str | None = None,
        **more: Unpack[Telling],
    ) -> Told:
        """Tell what a driver keeps in a car: answers with ``personal=True`` then follow."""
        return self._do(self._say.tell(settings, vehicle, kind, user_id, more))

    def driver_settings(self, *, user_id: str | None = None) -> DriverSettings:
        """All that a driver told."""
        return self._do(self._say.driver_settings(user_id))

    def forget(self, *, user_id: str | None = None) -> None:
        """Forget all that a driver told."""
        self._do(self._say.forget(user_id))

    def vehicles(self) -> Catalogue:
        """Every vehicle, each figure with where it comes from."""
        return self._do(self._say.vehicles())

    def measurement(self, measurement_id: str, *, user_id: str | None = None) -> MeasurementState:
        """State of a measurement: ``Pending``, ``Done`` or ``Failed``."""
        return self._do(self._say.measurement(measurement_id, user_id))

    def delete(self, measurement_id: str, *, user_id: str | None = None) -> None:
        """Remove a measurement's photo, overlay and numbers."""
        self._do(self._say.delete(measurement_id, user_id))

    def overlay(self, measured: Measured) -> bytes:
        """Return the photo with the measurement drawn on it, a JPEG; for an hour."""
        return self._do(self._say.overlay(measured))

    def health(self, *, deep: bool = False) -> Health:
        """Versions of the API; ``deep`` also tries what it needs."""
        return self._do(self._say.health(deep=deep))

    def _do[T](self, steps: Steps[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                found: T = end.value
                return found
            reply = None
            if isinstance(step, Send):
                try:
                    reply = self._http.send(_timed(step.request))
                except httpx.TransportError as error:
                    reply = error
            else:
                time.sleep(step.seconds)


class AsyncClient:
    """`Client`, each call awaited; the parameters are the same."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        user_id: str = "me",
        language: str = "en",
        wait_s: float = 120.0,
    ) -> None:
        self._say = Conversation(url, key, user_id, language, wait_s)
        self._http = httpx.AsyncClient(timeout=TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give back the connections."""
        await self._http.aclose()

    async def measure(
        self,
        photo: Photo,
        *,
        height_cm: float,
        more_photos: Sequence[Photo] = (),
        side_photo: Photo | None = None,
        **about: Unpack[About],
    ) -> Measured:
        """As `Client.measure`."""
        return await self._do(self._say.measure(photo, height_cm, more_photos, side_photo, about))

    async def fit(
        self,
        photo: Photo,
        *,
        height_cm: float,
        more_photos: Sequence[Photo] = (),
        side_photo: Photo | None = None,
        **about: Unpack[About],
    ) -> Fitted:
        """As `Client.fit`."""
        return await self._do(self._say.fit(photo, height_cm, more_photos, side_photo, about))

    async def recommend(self, lengths: Lengths, **options: Unpack[Options]) -> Recommended:
        """As `Client.recommend`."""
        return await self._do(self._say.recommend(lengths, options))

    async def transfer(
        self,
        lengths: Lengths,
        settings: Kept,
        *,
        from_vehicle: str,
        to_vehicle: str,
        personal: bool = False,
    ) -> Transferred:
        """As `Client.transfer`."""
        steps = self._say.transfer(lengths, settings, from_vehicle, to_vehicle, personal=personal)
        return await self._do(steps)

    async def tell(
        self,
        settings: Kept | None = None,
        *,
        vehicle: str | Mapping[str, Any],
        kind: TellingKind = "kept",
        user_id: str | None = None,
        **more: Unpack[Telling],
    ) -> Told:
        """As `Client.tell`."""
        return await self._do(self._say.tell(settings, vehicle, kind, user_id, more))

    async def driver_settings(self, *, user_id: str | None = None) -> DriverSettings:
        """As `Client.driver_settings`."""
        return await self._do(self._say.driver_settings(user_id))

    async def forget(self, *, user_id: str | None = None) -> None:
        """As `Client.forget`."""
        await self._do(self._say.forget(user_id))

    async def vehicles(self) -> Catalogue:
        """As `Client.vehicles`."""
        return await self._do(self._say.vehicles())

    async def measurement(
        self, measurement_id: str, *, user_id: str | None = None
    ) -> MeasurementState:
        """As `Client.measurement`."""
        return await self._do(self._say.measurement(measurement_id, user_id))

    async def delete(self, measurement_id: str, *, user_id: str | None = None) -> None:
        """As `Client.delete`."""
        await self._do(self._say.delete(measurement_id, user_id))

    async def overlay(self, measured: Measured) -> bytes:
        """As `Client.overlay`."""
        return await self._do(self._say.overlay(measured))

    async def health(self, *, deep: bool = False) -> Health:
        """As `Client.health`."""
        return await self._do(self._say.health(deep=deep))

    async def _do[T](self, steps: Steps[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                found: T = end.value
                return found
            reply = None
            if isinstance(step, Send):
                try:
                    reply = await self._http.send(_timed(step.request))
                except httpx.TransportError as error:
                    reply = error
            else:
                await asyncio.sleep(step.seconds)


def _timed(request: httpx.Request) -> httpx.Request:
    # A request that a client did not build has no time-out of its own.
    request.extensions.setdefault("timeout", TIMEOUT.as_dict())
    return request
