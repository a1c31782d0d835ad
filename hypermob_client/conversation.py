"""What is said to the API, step by step, without sending anything.

Each call is a generator that yields what to do next, a request to send or a time to wait, and is
given what came of it. `Client` and `AsyncClient` do the steps; the order, the retries and the
reading of answers are here, once.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, TypedDict

import httpx
import msgspec

from chalicelib import carfit
from chalicelib.answers import (
    Catalogue,
    Deleted,
    Done,
    DriverDeleted,
    DriverSettings,
    Failed,
    Fitted,
    Health,
    Measured,
    MeasurementState,
    Pending,
    Recommended,
    Told,
    Transferred,
    UploadGrant,
)
from chalicelib.contracts import (
    MAX_PHOTO_BYTES,
    DriveSide,
    PhotoType,
    PosturePreference,
    RecommendRequest,
    Segments,
    Sex,
    SideMirrorAim,
    TellingKind,
)
from chalicelib.errors import (
    HypermobError,
    ImageTooLargeError,
    Language,
    QuotaExceededError,
    UnsupportedImageError,
)
from hypermob_client.errors import (
    InvalidAddressError,
    StillMeasuringError,
    UnexpectedAnswerError,
    UnreachableError,
    error_from,
)

Photo = str | Path | bytes
"""A path, or the bytes of a JPEG, PNG, WebP or HEIC file."""
Lengths = Segments | RecommendRequest | Mapping[str, Any]
"""What ``POST /recommend`` takes: a measurement's ``segments``, or a mapping of the same names."""
Kept = carfit.Settings[float] | Mapping[str, Any]
"""Settings that a driver keeps: a recommendation's, or a mapping of the same names."""

ATTEMPTS: Final = 4
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
"""Between attempts: doubled each time, and shortened by chance so that clients spread out."""
POLL_S: Final = 1.0
TRY_AGAIN: Final = {429, 502, 503}
"""Nothing was done: the same call may be made again."""
LOST: Final = 504
"""It may have been done: the result is looked for, not asked for a second time."""


class AboutDriver(TypedDict, total=False):
    """What may be told of a driver; see ``MeasureRequest`` in the API description."""

    user_id: str
    sex: Sex
    weight_kg: float
    age_years: float
    pregnancy_weeks: float
    personal: bool
    drive_side: DriveSide
    posture: PosturePreference
    side_mirrors: SideMirrorAim
    drawing: Language


class Telling(TypedDict, total=False):
    """What else may be told; see ``TellingRequest`` in the API description."""

    vss: Mapping[str, float]
    vhal: Sequence[Mapping[str, Any]]
    at: str
    drive_side: DriveSide
    side_mirrors: SideMirrorAim
    discomfort: Mapping[str, str]
    fleet_consent: bool
    start_anew: bool


class About(AboutDriver, total=False):
    """What else may be said of a photo; see ``MeasureRequest`` in the API description."""

    vehicle: str
    device_pitch_deg: float | None
    device_pitches_deg: Sequence[float | None]
    side_device_pitch_deg: float


class Options(AboutDriver, total=False):
    """What else ``POST /recommend`` takes; see ``RecommendRequest`` in the API description."""

    vehicle: str | Mapping[str, Any]
    estimate_missing: bool


@dataclass(frozen=True)
class Send:
    """Send this; give back the response, or the transport's error."""

    request: httpx.Request


@dataclass(frozen=True)
class Wait:
    """Wait this long."""

    seconds: float


type Reply = httpx.Response | httpx.TransportError | None
type Steps[T] = Generator[Send | Wait, Reply, T]


@dataclass(frozen=True)
class Conversation:
    """Whom to talk to, and as whom.

    Attributes
    ----------
    url
        The API's address, its stage included.
    key
        The API key. It is sent to the API only, never to storage.
    user_id
        Whose measurements these are, where a call does not say.
    language
        Of the errors' messages: "en" or "ko".
    wait_s
        How long to wait for a measurement, from when it is asked for: it is looked for once
        more when this is over.

    Raises
    ------
    InvalidAddressError
        When ``url`` is no address of HTTP.
    """

    url: str
    key: str = field(repr=False)
    user_id: str
    language: str
    wait_s: float

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL:
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host:
            raise InvalidAddressError(address=self.url)

    def health(self, *, deep: bool) -> Steps[Health]:
        """``GET /health``."""
        data = yield from self._call("GET", "/health?deep=1" if deep else "/health")
        return self._read(data, Health)

    def vehicles(self) -> Steps[Catalogue]:
        """``GET /vehicles``."""
        return self._read((yield from self._call("GET", "/vehicles")), Catalogue)

    def recommend(self, lengths: Lengths, options: Options) -> Steps[Recommended]:
        """``POST /recommend``."""
        body = {"user_id": self.user_id, **msgspec.to_builtins(lengths), **options}
        return self._read((yield from self._call("POST", "/recommend", body)), Recommended)

    def transfer(
        self, lengths: Lengths, kept: Kept, from_vehicle: str, to_vehicle: str, *, personal: bool
    ) -> Steps[Transferred]:
        """``POST /recommend/transfer``."""
        body = {
            "user_id": self.user_id,
            **msgspec.to_builtins(lengths),
            "settings": msgspec.to_builtins(kept),
            "from_vehicle": from_vehicle,
            "to_vehicle": to_vehicle,
            **({"personal": True} if personal else {}),
        }
        return self._read((yield from self._call("POST", "/recommend/transfer", body)), Transferred)

    def measure(
        self,
        photo: Photo,
        height_cm: float,
        more_photos: Sequence[Photo],
        side_photo: Photo | None,
        about: About,
    ) -> Steps[Measured]:
        """Upload and ``POST /measure``; wait for the lengths."""
        body = yield from self._uploaded(photo, height_cm, more_photos, side_photo, about)
        began_s = time.monotonic()
        data = yield from self._photo_call("/measure", body)
        if data is not None:
            return self._read(data, Measured)
        return (yield from self._wait_for(body, began_s)).measurement

    def fit(
        self,
        photo: Photo,
        height_cm: float,
        more_photos: Sequence[Photo],
        side_photo: Photo | None,
        about: About,
    ) -> Steps[Fitted]:
        """Upload and ``POST /fit``; wait for lengths and settings."""
        body = yield from self._uploaded(photo, height_cm, more_photos, side_photo, about)
        began_s = time.monotonic()
        data = yield from self._photo_call("/fit", body)
        if data is not None:
            return self._read(data, Fitted)
        done = yield from self._wait_for(body, began_s, recommended=True)
        return self._read(msgspec.to_builtins(done), Fitted)

    def measurement(self, measurement_id: str, user_id: str | None) -> Steps[MeasurementState]:
        """``GET /measurements/...``."""
        path = f"/measurements/{user_id or self.user_id}/{measurement_id}"
        data = yield from self._call("GET", path)
        kinds: dict[str, type[MeasurementState]] = {"done": Done, "failed": Failed}
        return self._read(data, kinds.get(data["state"], Pending))

    def delete(self, measurement_id: str, user_id: str | None) -> Steps[None]:
        """``DELETE /measurements/...``."""
        path = f"/measurements/{user_id or self.user_id}/{measurement_id}"
        self._read((yield from self._call("DELETE", path)), Deleted)

    def tell(
        self,
        settings: Kept | None,
        vehicle: str | Mapping[str, Any],
        kind: TellingKind,
        user_id: str | None,
        more: Telling,
    ) -> Steps[Told]:
        """``POST /drivers/.../settings``; a repeat after a broken answer tells nothing twice."""
        body: dict[str, Any] = {"kind": kind, "vehicle": vehicle, **more}
        if settings is not None:
            body["settings"] = msgspec.to_builtins(settings)
        request = self._request("POST", self._driver(user_id), body)
        request.headers["Idempotency-Key"] = str(uuid.uuid4())
        return self._read(self._data((yield from self._send(request))), Told)

    def driver_settings(self, user_id: str | None) -> Steps[DriverSettings]:
        """``GET /drivers/.../settings``."""
        return self._read((yield from self._call("GET", self._driver(user_id))), DriverSettings)

    def forget(self, user_id: str | None) -> Steps[None]:
        """``DELETE /drivers/.../settings``."""
        self._read((yield from self._call("DELETE", self._driver(user_id))), DriverDeleted)

    def _driver(self, user_id: str | None) -> str:
        return f"/drivers/{user_id or self.user_id}/settings"

    def overlay(self, measured: Measured) -> Steps[bytes]:
        """Get the picture of a measurement."""
        request = httpx.Request("GET", measured.output_image_url)
        response = yield from self._send(request)
        if response.status_code != 200:
            raise _unexpected(response)
        return response.content

    def upload(self, photo: Photo, user_id: str) -> Steps[UploadGrant]:
        """``POST /uploads``, and the photo to the form that it answers."""
        content = photo if isinstance(photo, bytes) else Path(photo).read_bytes()
        if len(content) > MAX_PHOTO_BYTES:
            raise ImageTooLargeError(max_megabytes=MAX_PHOTO_BYTES // 2**20, max_megapixels=50)
        body = {"user_id": user_id, "content_type": photo_type(content)}
        granted = self._read((yield from self._call("POST", "/uploads", body)), UploadGrant)
        form = granted.upload
        request = httpx.Request("POST", form.url, data=form.fields, files={"file": content})
        stored = yield from self._send(request)
        if not stored.is_success:
            raise _unexpected(stored)
        return granted

    def _uploaded(
        self,
        photo: Photo,
        height_cm: float,
        more_photos: Sequence[Photo],
        side_photo: Photo | None,
        about: About,
    ) -> Steps[dict[str, Any]]:
        """Return the body of ``/measure`` and ``/fit``, its photos uploaded."""
        body: dict[str, Any] = {"user_id": self.user_id, "height_cm": height_cm, **about}
        urls = []
        for each in (photo, *more_photos):
            granted = yield from self.upload(each, body["user_id"])
            urls.append(granted.image_url)
        if more_photos:
            body["image_urls"] = urls
            first = body.pop("device_pitch_deg", None)
            if first is not None:
                body.setdefault("device_pitches_deg", [first, *(None for _ in more_photos)])
        else:
            body["image_url"] = urls[0]
        if side_photo is not None:
            side = yield from self.upload(side_photo, body["user_id"])
            body["side_image_url"] = side.image_url
        return body

    def _photo_call(self, path: str, body: dict[str, Any]) -> Steps[Any]:
        """Return the answer's data; None when the result is to be looked for."""
        try:
            response = yield from self._send(self._request("POST", path, body), may_be_done=True)
        except httpx.TransportError:
            return None
        return None if response.status_code in (202, LOST) else self._data(response)

    def _wait_for(
        self, body: Mapping[str, Any], began_s: float, *, recommended: bool = False
    ) -> Steps[Done]:
        first = body["image_urls"][0] if "image_urls" in body else body["image_url"]
        measurement_id = Path(first).stem
        while True:
            state = yield from self.measurement(measurement_id, body["user_id"])
            if isinstance(state, Failed):
                raise error_from(msgspec.to_builtins(state.error))
            if isinstance(state, Done) and (state.recommendation or not recommended):
                return state
            waited_s = time.monotonic() - began_s
            if waited_s >= self.wait_s:
                raise StillMeasuringError(
                    waited_s=round(waited_s, 1), measurement_id=measurement_id
                )
            yield Wait(min(POLL_S, self.wait_s - waited_s))

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Steps[Any]:
        return self._data((yield from self._send(self._request(method, path, body))))

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Request:
        headers = {"X-API-Key": self.key, "Accept-Language": self.language}
        return httpx.Request(method, self.url.rstrip("/") + path, headers=headers, json=body)

    def _send(self, request: httpx.Request, *, may_be_done: bool = False) -> Steps[httpx.Response]:
        """Send until there is an answer to read.

        Every call but a measurement may be repeated whatever became of it: it reads, deletes, or
        stores the same again. A measurement is repeated only when it surely was not begun.
        """
        for attempt in count(1):
            reply = yield Send(request)
            asked_s = None
            if isinstance(reply, httpx.Response):
                # A month's quota is there again next month, not after a pause.
                over = f'"{QuotaExceededError.code}"' in reply.text
                if reply.status_code not in TRY_AGAIN or over or attempt == ATTEMPTS:
                    return reply
                asked_s = reply.headers.get("Retry-After")
            elif isinstance(reply, httpx.TransportError):
                unsent = isinstance(reply, httpx.ConnectError | httpx.ConnectTimeout)
                if may_be_done and not unsent:
                    raise reply
                if attempt == ATTEMPTS:
                    raise UnreachableError(address=_origin(request.url), reason=_reason(reply))
            yield Wait(_pause_s(attempt, asked_s))
        raise AssertionError  # count() does not end

    @staticmethod
    def _data(response: httpx.Response) -> Any:
        try:
            document = msgspec.json.decode(response.content)
            if document["status"] == "error":
                raise error_from(document["error"])
            return document["data"]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise _unexpected(response) from None

    def _read[T](self, data: Any, kind: type[T]) -> T:
        try:
            return msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            raise UnexpectedAnswerError(address=self.url, status_code=str(error)) from error


def photo_type(content: bytes) -> PhotoType:
    """Tell a photo's type by its first bytes.

    Raises
    ------
    UnsupportedImageError
        When it is none of those that the API takes.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heim"):
        return "image/heic"
    raise UnsupportedImageError


def _pause_s(attempt: int, retry_after: str | None) -> float:
    longest: float = min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S)
    asked = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
    return max(asked, longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreads, hides nothing


def _unexpected(response: httpx.Response) -> HypermobError:
    return UnexpectedAnswerError(
        address=_origin(response.url) + response.url.path, status_code=response.status_code
    )


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
