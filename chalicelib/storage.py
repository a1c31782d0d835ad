"""The buckets: which keys there are, who may name them, and all that is read and written there.

Keys: ``uploads/{user_id}/{measurement_id}.{ext}`` in the images bucket,
``results/{user_id}/{measurement_id}/{name}`` in the results bucket.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit

import msgspec

from chalicelib import sdk
from chalicelib.contracts import MAX_PHOTO_BYTES, PHOTO_EXTENSIONS
from chalicelib.errors import (
    BucketNotAllowedError,
    ImageNotFoundError,
    ImageTooLargeError,
    NoCredentialsError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chalicelib.settings import Settings

UPLOADS_PREFIX = "uploads/"
TEST_PREFIX = "test/"
"""Photos that an operator put there to try the service with; any user may name them."""
GUIDE_PHOTO = f"{TEST_PREFIX}full_body.jpg"
"""The photo that the guide's own call of POST /measure names, in the images bucket."""
GUIDE_IMAGES_BUCKET = "hypermob-images"
"""The deployment guide's name of the images bucket: in every stage, whatever it calls its own, the
guide's calls mean that one."""
RESULTS_PREFIX = "results/"
MEASUREMENT = "measurement.json"
OVERLAY = "overlay.jpg"
RECOMMENDATION = "recommendation.json"
ERROR = "error.json"
"""Why a measurement failed, when nobody waited for the answer."""
REQUEST = "request.json"
"""That a measurement was asked for, when nobody waits for the answer."""
DRIVER = "driver.json"
"""What a driver told, beside that driver's measurements: ``results/{user_id}/driver.json``."""
DELETED = "deleted"
"""Extension of the empty object beside a photo that says: whatever comes late is to be deleted.

It lies where photos lie, so that it expires as they do."""
MEASURE_TIMEOUT_S = 60
"""The measure function's time-out, as ``infra/`` and ``local/`` set it."""
MAX_RECEIVES = 5
"""How often SQS delivers an upload's event before the dead-letter queue gets it; ``infra/`` and
``local/`` set the queue so."""
VISIBILITY_TIMEOUTS = 6
"""How many of the measure function's time-outs pass before SQS delivers an unsettled event again:
what AWS asks of the queue's visibility time-out, as Lambda retries a throttled event within it."""
ATTEMPTS = 4
"""Attempts of each request to S3, the first included."""
READ_TIMEOUT_S = 5
"""How long a request waits for S3. All attempts end before API Gateway's 29 s, so that a client is
told that S3 is unreachable."""
MAX_KEY_BYTES = 1024
"""S3's limit of an object's key, in UTF-8."""
UPLOAD_EXPIRES_S = 600
DOWNLOAD_EXPIRES_S = 3600

_UPLOAD_KEY = re.compile(
    rf"{UPLOADS_PREFIX}(?P<user_id>[^/]+)/(?P<measurement_id>[0-9a-f]{{32}})\.[a-z]{{3,4}}\Z"
)
_RESULT_KEY = re.compile(
    rf"{RESULTS_PREFIX}(?P<user_id>[^/]+)/(?P<measurement_id>[0-9a-f]{{32}})/[a-z]+\.[a-z]+\Z"
)


class ModelMissingError(Exception):
    """The settings name a model that is not in the models bucket: no client can mend that."""


@dataclass(frozen=True)
class ObjectAddress:
    """A bucket and a key in it."""

    bucket: str
    key: str

    @classmethod
    def from_url(cls, url: str) -> ObjectAddress:
        """Take ``s3://bucket/key`` apart."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return cls(bucket, key)

    @property
    def url(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class Owner:
    """Whose object a key names, and of which measurement."""

    user_id: str
    measurement_id: str


@dataclass(frozen=True)
class Stored:
    """An object as it was read: its bytes, its tag, and the metadata that it was stored with."""

    content: bytes
    tag: str
    metadata: dict[str, str]


def is_out_of_reach(error: Exception) -> bool:
    """Whether an error says that AWS did not answer, or could not: another try may succeed."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError  # what the SDK lets through where an answer breaks off

    if isinstance(error, ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        skewed = error.response["Error"]["Code"] == "RequestTimeTooSkewed"  # this process's clock
        return status >= 500 or status == 429 or skewed
    return isinstance(error, BotoCoreError | HTTPError)


def is_without_credentials(error: Exception) -> bool:
    """Whether an error says that nobody told the SDK who calls AWS, or where."""
    from botocore.exceptions import NoCredentialsError as NoneFound
    from botocore.exceptions import NoRegionError, PartialCredentialsError

    return isinstance(error, NoneFound | NoRegionError | PartialCredentialsError)


def _again_if_skewed(
    response: tuple[Any, Mapping[str, Any]] | None, attempts: int, **_: Any
) -> int | None:
    """Have botocore sign and send again what S3 found too old, which it does not by itself.

    A process that Lambda froze while it sent is such a case. The answer to a HEAD has no body that
    would tell this from another 403.
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    skewed = code in ("RequestTimeTooSkewed", "403")
    return 0 if skewed and attempts < ATTEMPTS else None


def _send_at_once(params: dict[str, Any], **_: Any) -> None:
    """Send without ``Expect: 100-continue``: asking S3 costs more than sending what it refuses."""
    params["headers"].pop("Expect", None)


def upload_owner(key: str) -> Owner | None:
    """Owner of an uploaded photo; None when the key is not one of an upload."""
    found = _UPLOAD_KEY.match(key)
    return Owner(**found.groupdict()) if found else None


def is_of_upload(owner: Owner, image_url: str) -> bool:
    """Whether a photo was uploaded under the id of this measurement."""
    return upload_owner(ObjectAddress.from_url(image_url).key) == owner


def result_owner(key: str) -> Owner | None:
    """Owner of a result; None when the key is not one of a result."""
    found = _RESULT_KEY.match(key)
    return Owner(**found.groupdict()) if found else None


def result_key(owner: Owner, name: str) -> str:
    """Key of the result ``name``, such as `MEASUREMENT`."""
    return f"{RESULTS_PREFIX}{owner.user_id}/{owner.measurement_id}/{name}"


def driver_key(user_id: str) -> str:
    """Key of a driver's stored settings."""
    return f"{RESULTS_PREFIX}{user_id}/{DRIVER}"


def event_objects(event: Mapping[str, Any]) -> list[tuple[ObjectAddress, float]]:
    """Objects that an S3 event tells of, and when each was stored: Unix time, s.

    There is none in S3's own test message.
    """
    return [
        (
            ObjectAddress(
                record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
            ),
            datetime.fromisoformat(record["eventTime"]).timestamp(),
        )
        for record in event.get("Records", [])
    ]


class Storage:
    """All that is read and written in the buckets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def s3(self) -> S3Client:
        """The SDK's client of S3."""
        from botocore.config import Config

        # Presigned addresses name the bucket at its region's host. By default the SDK has them name
        # S3's global host, which redirects for new buckets (no browser follows that with a form)
        # and knows no region made after 2019. An own S3, on this machine, has no names of buckets.
        client: S3Client = sdk.client(
            "s3",
            Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if self._settings.s3_endpoint else "virtual"},
                connect_timeout=2,
                read_timeout=READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            ),
        )
        # The stubs think that no handler answers.
        client.meta.events.register("needs-retry.s3", _again_if_skewed)  # type: ignore[arg-type]
        client.meta.events.register_last("before-call.s3", _send_at_once)
        return client

    def connect(self) -> None:
        """Make the client now, which takes 0.2 s, rather than when a bucket is first touched."""
        _ = self.s3

    # -- photos -----------------------------------------------------------------------------

    def new_upload(
        self, owner: Owner, content_type: str, metadata: Mapping[str, str]
    ) -> tuple[ObjectAddress, dict[str, Any]]:
        """Permit one photo to be posted: this key, type, size and metadata only, for 10 minutes.

        Returns
        -------
        tuple
            Where the photo will be, and the form to post: ``{"url": ..., "fields": {...}}``.

        Raises
        ------
        NoCredentialsError
            Nobody told the SDK who signs.
        """
        self._check_can_sign()
        extension = PHOTO_EXTENSIONS[content_type]
        key = f"{UPLOADS_PREFIX}{owner.user_id}/{owner.measurement_id}.{extension}"
        address = ObjectAddress(self._settings.images_bucket, key)
        fields = {
            "Content-Type": content_type,
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
        }
        form = self.s3.generate_presigned_post(
            address.bucket,
            address.key,
            Fields=dict(fields),
            Conditions=[
                ["content-length-range", 1, MAX_PHOTO_BYTES],
                *({name: value} for name, value in fields.items()),
            ],
            ExpiresIn=UPLOAD_EXPIRES_S,
        )
        return address, dict(form)

    def allowed_image(self, url: str, user_id: str, field: str) -> ObjectAddress:
        """Address of a photo that ``user_id`` may have measured: an own upload or a test photo.

        Raises
        ------
        BucketNotAllowedError
            For any other place.
        ImageNotFoundError
            Where no photo can be.
        """
        address = ObjectAddress.from_url(url)
        if address.bucket == GUIDE_IMAGES_BUCKET:
            address = ObjectAddress(self._settings.images_bucket, address.key)
        owner = upload_owner(address.key)
        own = owner is not None and owner.user_id == user_id
        test = address.key.startswith(TEST_PREFIX) and ".." not in address.key
        if address.bucket != self._settings.images_bucket or not (own or test):
            raise BucketNotAllowedError(field=field)
        if len(address.key.encode()) > MAX_KEY_BYTES:
            raise ImageNotFoundError(field=field)  # S3 would call it a bad request
        return address

    def upload_metadata(self, address: ObjectAddress) -> dict[str, str] | None:
        """Metadata that a photo was uploaded with; None when the photo is gone."""
        try:
            found = self.s3.head_object(Bucket=address.bucket, Key=address.key)
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return found["Metadata"]

    def read_image(self, address: ObjectAddress, field: str) -> tuple[bytes, dict[str, str]]:
        """Read a photo, at most `MAX_PHOTO_BYTES`, and the metadata that it was uploaded with.

        Raises
        ------
        ImageNotFoundError
            When nothing is stored there.
        ImageTooLargeError
            When it is larger; nothing of it is read then.
        """
        found = self._read(address, max_bytes=MAX_PHOTO_BYTES)
        if found is None:
            raise ImageNotFoundError(field=field)
        return found.content, found.metadata

    # -- results ----------------------------------------------------------------------------

    def write_result(self, owner: Owner, name: str, content: bytes | Any) -> None:
        """Store a result: bytes as they are (the overlay), anything else as JSON."""
        is_json = not isinstance(content, bytes)
        for last in (False, True):
            try:
                self.s3.put_object(
                    Bucket=self._settings.results_bucket,
                    Key=result_key(owner, name),
                    Body=msgspec.json.encode(content) if is_json else content,
                    ContentType="application/json" if is_json else "image/jpeg",
                )
            except Exception as error:
                # The SDK tries again by itself, but not after a broken answer.
                if last or not is_out_of_reach(error):
                    raise
            else:
                return

    def claim(self, owner: Owner, name: str, content: Any, replacing: str | None = None) -> bool:
        """Store a JSON result if none is there yet, or only the one with the tag ``replacing``.

        Where callers race, one gets True.
        """
        return self._claim(result_key(owner, name), content, replacing)

    def _claim(self, key: str, content: Any, replacing: str | None) -> bool:
        condition: Any = {"IfMatch": replacing} if replacing else {"IfNoneMatch": "*"}
        try:
            self.s3.put_object(
                Bucket=self._settings.results_bucket,
                Key=key,
                Body=msgspec.json.encode(content),
                ContentType="application/json",
                **condition,
            )
        except self.s3.exceptions.ClientError as error:
            # 409: another's write was under way; 404: what was to be replaced is gone.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
                return False
            raise
        return True

    def read_result(self, owner: Owner, name: str) -> Any | None:
        """Read a JSON result; None when it is not there."""
        return self.read_tagged(owner, name)[0]

    def read_tagged(self, owner: Owner, name: str) -> tuple[Any | None, str]:
        """Read a JSON result and its tag, which `claim` takes."""
        found = self._read(ObjectAddress(self._settings.results_bucket, result_key(owner, name)))
        return (None, "") if found is None else (msgspec.json.decode(found.content), found.tag)

    # -- drivers ----------------------------------------------------------------------------

    def read_driver(self, user_id: str) -> tuple[Any | None, str]:
        """Read a driver's stored settings, and their tag, which `write_driver` takes."""
        found = self._read(ObjectAddress(self._settings.results_bucket, driver_key(user_id)))
        return (None, "") if found is None else (msgspec.json.decode(found.content), found.tag)

    def write_driver(self, user_id: str, content: Any, replacing: str | None) -> bool:
        """Store a driver's settings if none are there yet, or those there have the tag
        ``replacing``.

        Where callers race, one gets True. Where the response is lost, the caller reads again.
        """
        return self._claim(driver_key(user_id), content, replacing)

    def overwrite_driver(self, user_id: str, content: Any) -> None:
        """Store a driver's settings unconditionally: a caller that read them before cannot
        write."""
        self.s3.put_object(
            Bucket=self._settings.results_bucket,
            Key=driver_key(user_id),
            Body=msgspec.json.encode(content),
            ContentType="application/json",
        )

    def drivers(self) -> Iterator[tuple[str, list[Owner]]]:
        """Yield every user with stored settings, and that user's measurements, the newest last."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._settings.results_bucket, Prefix=RESULTS_PREFIX
        )
        objects = (item for page in pages for item in page.get("Contents", []))
        for user_id, group in itertools.groupby(objects, lambda item: item["Key"].split("/")[1]):
            items = sorted(group, key=lambda item: item["LastModified"])
            keys = [item["Key"] for item in items]
            if driver_key(user_id) in keys:
                owners = [result_owner(key) for key in keys if key.endswith(f"/{MEASUREMENT}")]
                yield user_id, [owner for owner in owners if owner is not None]

    def overlay_url(self, owner: Owner) -> str:
        """Address at which the overlay can be read for an hour, without a key.

        Raises
        ------
        NoCredentialsError
            Nobody told the SDK who signs.
        """
        self._check_can_sign()
        return self.s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._settings.results_bucket, "Key": result_key(owner, OVERLAY)},
            ExpiresIn=DOWNLOAD_EXPIRES_S,
        )

    @staticmethod
    def _check_can_sign() -> None:
        if not sdk.has_credentials():  # the SDK fails with an AttributeError
            raise NoCredentialsError

    # -- deletion ---------------------------------------------------------------------------

    def uploaded(self, owner: Owner) -> list[ObjectAddress]:
        """Photos that were uploaded for a measurement (one at most, if clients behave)."""
        bucket = self._settings.images_bucket
        prefix = f"{UPLOADS_PREFIX}{owner.user_id}/{owner.measurement_id}."
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for item in found.get("Contents", [])]
        return [ObjectAddress(bucket, key) for key in keys if upload_owner(key)]

    def is_deleted(self, owner: Owner) -> bool:
        """Whether a measurement was deleted: what is still made of it must not stay."""
        return self.upload_metadata(self._mark(owner)) is not None

    def delete(self, owner: Owner) -> None:
        """Delete all that is stored of a measurement, and all that may still come of it.

        The mark comes first. Whoever stores something looks for the mark afterwards
        (`sweep_if_deleted`), so one of the two always sees the other.
        """
        mark = self._mark(owner)
        self.s3.put_object(Bucket=mark.bucket, Key=mark.key, Body=b"")
        self._delete_all(owner)

    def sweep_if_deleted(self, owner: Owner) -> bool:
        """Delete what was stored of a measurement that has been deleted; say whether it was."""
        deleted = self.is_deleted(owner)
        if deleted:
            self._delete_all(owner)
        return deleted

    def delete_results(self, owner: Owner, *names: str) -> None:
        """Delete results, in this order, where they exist."""
        for name in names:
            self.s3.delete_object(Bucket=self._settings.results_bucket, Key=result_key(owner, name))

    def _delete_all(self, owner: Owner) -> None:
        named = [self.read_result(owner, name) or {} for name in (MEASUREMENT, REQUEST)]
        urls = {one.get(field) for one in named for field in ("image_url", "side_image_url")}
        urls |= {url for one in named for url in one.get("image_urls") or ()}
        photos = [ObjectAddress.from_url(url) for url in urls if url]
        for address in [*photos, *self.uploaded(owner)]:
            uploader = upload_owner(address.key)
            if uploader is not None and uploader.user_id == owner.user_id:  # not a test photo
                self.s3.delete_object(Bucket=self._settings.images_bucket, Key=address.key)
        # What names the photos goes last: a deletion that breaks off can be repeated.
        self.delete_results(owner, OVERLAY, RECOMMENDATION, ERROR, MEASUREMENT, REQUEST)

    def _mark(self, owner: Owner) -> ObjectAddress:
        key = f"{UPLOADS_PREFIX}{owner.user_id}/{owner.measurement_id}.{DELETED}"
        return ObjectAddress(self._settings.images_bucket, key)

    # -- models and health ------------------------------------------------------------------

    def download_model(self, address: ObjectAddress) -> bytes:
        """Read a model from the models bucket.

        Raises
        ------
        ModelMissingError
            When the address is in another bucket, or nothing is stored there.
        """
        own = address.bucket == self._settings.models_bucket
        found = self._read(address) if own else None
        if found is None:
            raise ModelMissingError(f"no model at {address.url}")
        return found.content

    def _read(self, address: ObjectAddress, max_bytes: int | None = None) -> Stored | None:
        """Read an object; again where the body breaks off, which the SDK does not.

        None when there is no such object.
        """
        from botocore.exceptions import BotoCoreError

        attempt = 1
        while True:
            try:
                found = self.s3.get_object(Bucket=address.bucket, Key=address.key)
            except self.s3.exceptions.ClientError as error:
                # By its status: S3's own word, NoSuchKey, is lost where its answer breaks off.
                missing = error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
                if missing and error.response["Error"]["Code"] != "NoSuchBucket":
                    return None
                raise
            with closing(found["Body"]) as body:  # entered itself, it gives the bare stream
                if max_bytes is not None and found["ContentLength"] > max_bytes:
                    raise ImageTooLargeError(max_megabytes=max_bytes // 2**20, max_megapixels=50)
                try:
                    return Stored(body.read(), found["ETag"], found["Metadata"])
                except BotoCoreError:
                    if attempt == ATTEMPTS:
                        raise
            attempt += 1

    def origins(self) -> tuple[str, str]:
        """Origins that photos are posted to and overlays are read from; signs nothing."""
        own = _origin(self.s3.meta.endpoint_url)
        if self._settings.s3_endpoint:
            return own, own
        scheme, _, host = own.partition("://")
        images, results = self._settings.images_bucket, self._settings.results_bucket
        return f"{scheme}://{images}.{host}", f"{scheme}://{results}.{host}"

    def unreachable(self) -> list[str]:
        """Which of the buckets cannot be reached."""
        from botocore.exceptions import BotoCoreError, ClientError

        buckets = {
            "images_bucket": self._settings.images_bucket,
            "results_bucket": self._settings.results_bucket,
        }
        found = []
        for part, bucket in buckets.items():
            try:
                self.s3.head_bucket(Bucket=bucket)
            except (BotoCoreError, ClientError):
                found.append(part)
        return found


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
