"""The measure Lambda: a photo and a height become ``measurement.json`` and ``overlay.jpg``.

It takes a direct invocation (`chalicelib.contracts.MeasureJob`), an S3 event of the images bucket,
or a batch of such events from SQS. A direct call is answered in the API's envelope, an error by its
code and details (`chalicelib.errors.error_to_document`); an event's result is found in the results
bucket.
"""

from __future__ import annotations

import gc
import hashlib
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bodyscan import lengths
from bodyscan.scan import Scan, Shot, load, scan
from chalicelib.contracts import (
    MAX_PITCH_DEG,
    AboutDriver,
    MeasureJob,
    Measurement,
    from_metadata,
    measured_segments,
    validated,
)
from chalicelib.errors import (
    DeletedError,
    FieldProblem,
    HypermobError,
    InvalidInputError,
    MeasureUnavailableError,
    error_to_document,
)
from chalicelib.measurement.lifecycle import asked_at_s, failure, measurement_id
from chalicelib.settings import Settings, settings
from chalicelib.storage import (
    ERROR,
    MAX_RECEIVES,
    MEASUREMENT,
    OVERLAY,
    VISIBILITY_TIMEOUTS,
    ObjectAddress,
    Owner,
    Storage,
    event_objects,
    upload_owner,
)
from chalicelib.telemetry import telemetry

ANSWER_MARGIN_S = 1.0
"""A refusal this near the end of the caller's wait is stored too: it may come too late."""

log = telemetry().log


class ModelChecksumError(Exception):
    """The pose model in the bucket is not the one that the settings name."""


def pose_model(names: Settings, storage: Storage) -> Path:
    """Path of the pose model bundle that the settings name: in the image, or fetched from S3.

    Raises
    ------
    ModelChecksumError
        When a model from the bucket does not have the SHA-256 of the settings.
    """
    if not names.pose_model.startswith("s3://"):
        # A relative path is one inside the image, beside this file.
        return Path(__file__).parent / names.pose_model
    bundle = storage.download_model(ObjectAddress.from_url(names.pose_model))
    if hashlib.sha256(bundle).hexdigest() != names.pose_model_sha256:
        raise ModelChecksumError(f"{names.pose_model} does not have POSE_MODEL_SHA256")
    with tempfile.NamedTemporaryFile(suffix=".task", delete=False) as file:
        file.write(bundle)
    return Path(file.name)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Measurer:
    """Measures photos, and stores what comes of them.

    Made while Lambda initialises, which nobody waits for where concurrency is provisioned.
    """

    def __init__(self, names: Settings) -> None:
        self.storage = Storage(names)
        self.model = pose_model(names, self.storage)
        aside = ThreadPoolExecutor(max_workers=1)
        # The SDK takes as long as the networks, which leave the interpreter to it.
        connected = aside.submit(self.storage.connect)
        load(self.model)
        connected.result()
        self._model_sha256 = aside.submit(sha256_of, self.model)  # while the first photo is read

    def measure(self, job: MeasureJob) -> Measurement:
        """Measure one photo and store the result.

        Raises
        ------
        HypermobError
            When the photo cannot be had, read or measured, or was deleted meanwhile; nothing is
            stored then.
        """
        images = [
            self.storage.allowed_image(url, job.user_id, job.front_field(index))
            for index, url in enumerate(job.front_urls)
        ]
        owner = Owner(
            job.user_id, job.measurement_id or measurement_id(job.user_id, images[0], None)
        )
        telemetry().describe(measurement_id=owner.measurement_id)
        side = None
        with telemetry().step("Read"):
            fronts = [
                self._shot(image, job.front_field(index), pitch_deg)
                for index, (image, pitch_deg) in enumerate(
                    zip(images, job.front_pitches_deg, strict=True)
                )
            ]
            if job.side_image_url is not None:
                image = self.storage.allowed_image(
                    job.side_image_url, job.user_id, "side_image_url"
                )
                side = self._shot(image, "side_image_url", job.side_device_pitch_deg)
        with telemetry().step("Scan"):
            found = scan(fronts, job.height_cm, model=self.model, side=side, sex=job.sex)
        measurement = _measurement(job, owner, found, self._model_sha256.result())
        # The measurement last: its arrival is what the recommendation waits for.
        with telemetry().step("Store"):
            self.storage.write_result(owner, OVERLAY, found.overlay_jpeg)
            asked = {"asked_at": job.asked_at}
            self.storage.write_result(owner, MEASUREMENT, msgspec.to_builtins(measurement) | asked)
            if self.storage.sweep_if_deleted(owner):
                raise DeletedError
        telemetry().describe(model=measurement.model)
        return measurement

    def _shot(self, image: ObjectAddress, field: str, pitch_deg: float | None) -> Shot:
        photo, metadata = self.storage.read_image(image, field)
        if pitch_deg is None:
            # Checked when the upload was granted; an operator's own photo may have any metadata.
            told = from_metadata(metadata).get("device_pitch_deg")
            pitch_deg = told if isinstance(told, float) and abs(told) <= MAX_PITCH_DEG else None
        return Shot(photo, pitch_deg)

    def measure_now(self, event: Any) -> dict[str, Any]:
        """Answer a direct invocation, with the error's document where the photo is refused."""
        try:
            if not isinstance(event, dict):
                raise InvalidInputError(FieldProblem("event", "a JSON object", "JSON 객체"))
            job = validated(MeasureJob, event)
            try:
                measurement = self.measure(job)
            except HypermobError as error:
                late = job.answer_by is not None and time.time() > job.answer_by - ANSWER_MARGIN_S
                if late and job.measurement_id is not None:
                    self._store_error(Owner(job.user_id, job.measurement_id), error, job.asked_at)
                raise
        except HypermobError as error:
            telemetry().count_refusal(error.code)
            return {"status": "error", "error": error_to_document(error)}
        return {"status": "success", "data": msgspec.to_builtins(measurement)}

    def measure_batch(self, records: list[Mapping[str, Any]], left_s: float) -> dict[str, Any]:
        """Measure the uploads of SQS's messages; name those that SQS has to deliver again."""
        failures = []
        for record in records:
            try:
                received = int(record["attributes"]["ApproximateReceiveCount"])
                to_come = max(MAX_RECEIVES - received, 0)
                tries_end = time.time() + left_s * (1 + to_come * VISIBILITY_TIMEOUTS)
                event = msgspec.json.decode(record["body"])
                self.measure_uploads(event, tries_end, is_last_try=to_come == 0)
            except Exception:
                # One message that fails must not have the others measured again; SQS redelivers it.
                log.exception("message %s failed", record["messageId"])
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    def measure_uploads(
        self, event: Mapping[str, Any], tries_end: float | None = None, *, is_last_try: bool = False
    ) -> None:
        """Measure the uploads that an S3 event tells of, where the upload came with a height.

        What fails the last time goes to the dead-letter queue, and leaves why beside the photo:
        from ``tries_end`` on (Unix time, s), by which SQS has delivered the event as often as it
        does.
        """
        for address, uploaded_at in event_objects(event):
            owner = upload_owner(address.key)
            if owner is None:
                log.info("not an upload: left alone")
                continue
            telemetry().describe(measurement_id=owner.measurement_id)
            if self.storage.sweep_if_deleted(owner):  # the form outlived its measurement
                continue
            metadata = self.storage.upload_metadata(address)
            # Gone: deleted meanwhile. Without a height: its owner will ask by POST /measure.
            if metadata is not None and "height-cm" in metadata:
                if tries_end is not None:
                    # Before each attempt: a process that is killed in it writes nothing more, and
                    # the deliveries after it may be lost before they reach one.
                    self._explain(owner, uploaded_at, since=tries_end)
                try:
                    self._measure_upload(address, owner, metadata, uploaded_at)
                except Exception:
                    if is_last_try:
                        self._explain(owner, uploaded_at)
                    raise

    def _measure_upload(
        self, address: ObjectAddress, owner: Owner, metadata: Mapping[str, str], uploaded_at: float
    ) -> None:
        values = from_metadata(metadata) | {
            "image_url": address.url,
            "user_id": owner.user_id,
            "measurement_id": owner.measurement_id,
            "asked_at": uploaded_at,
        }
        try:
            self.measure(validated(MeasureJob, values))
        except HypermobError as error:
            telemetry().count_refusal(error.code)
            self._store_error(owner, error, uploaded_at)
        else:
            self.storage.delete_results(owner, ERROR)  # of attempts before this one

    def _explain(self, owner: Owner, asked_at: float, since: float = 0.0) -> None:
        """Store that it could not be measured, unless an event that came twice brought an end."""
        earlier = self.storage.read_result(owner, ERROR)
        if earlier is None or earlier["since"] > 0 or asked_at_s(earlier) < asked_at:
            self._store_error(owner, MeasureUnavailableError(), asked_at, since)

    def _store_error(
        self, owner: Owner, error: HypermobError, asked_at: float, since: float = 0.0
    ) -> None:
        """Store why; until ``since`` (Unix time, s) the measurement may still succeed."""
        self.storage.write_result(owner, ERROR, failure(error, asked_at, since))
        self.storage.sweep_if_deleted(owner)


def _measurement(job: MeasureJob, owner: Owner, found: Scan, pose_sha256: str) -> Measurement:
    rounded = found.lengths.rounded_cm()
    told = {name: getattr(job, name) for name in AboutDriver.__struct_fields__}
    return Measurement(
        measurement_id=owner.measurement_id,
        user_id=owner.user_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        image_url=job.front_urls[0],
        image_urls=job.image_urls,
        side_image_url=job.side_image_url,
        segments=measured_segments({"height": job.height_cm, **rounded}, told),
        # Sums of the rounded parts, as a reader would add them up.
        arm_cm=round(sum(rounded[name] for name in lengths.ARM), 1),
        leg_cm=round(sum(rounded[name] for name in lengths.LEG), 1),
        torso_cm=rounded["torso"],
        interval_95=found.lengths.intervals_95_cm(),
        quality=found.quality,
        model={
            "pose_sha256": pose_sha256,
            "calibration": lengths.calibration_version(),
        },
    )


gc.disable()  # 20 ms spent on what is imported and stays
sys.setswitchinterval(0.001)  # s; by default threads that need each other wait 5 ms, many times
measurer = Measurer(settings())
gc.freeze()
gc.enable()


@telemetry().watch
def handle(event: Any, context: Any) -> dict[str, Any]:
    """Lambda entry: see the module's description."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not records:
        return measurer.measure_now(event)
    if records[0].get("eventSource") == "aws:sqs":
        return measurer.measure_batch(records, context.get_remaining_time_in_millis() / 1000)
    measurer.measure_uploads(event)
    return {"status": "success"}
