"""``hypermob drivers export``: the settings of a fleet's drivers, for ``training.carfit --kept``.

It reads the results bucket. The AWS SDK's own settings (profile, region, ``AWS_ENDPOINT_URL_S3``)
say in which account.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Any, Final

from chalicelib import drivers
from chalicelib.body_prior import SEGMENTS
from chalicelib.errors import NotFoundError
from chalicelib.storage import MEASUREMENT, Owner, Storage

BODY: Final = ("height", *SEGMENTS, "sex", "weight_kg", "age_years")
"""Fields of a measurement's ``segments`` that the training reads."""


@dataclass
class Exported:
    """How many drivers were written, and why others were left out."""

    drivers: int = 0
    without_consent: int = 0
    without_measurement: int = 0


def export(storage: Storage, out: IO[str]) -> Exported:
    """Write one JSON line for each driver who consented and was measured.

    A line has ``driver`` (a number instead of the ``user_id``), ``consent``, ``body`` (the newest
    measurement's lengths) and ``tellings`` as ``GET /drivers/{user_id}/settings`` has them.
    Deleted drivers are not counted.

    Raises
    ------
    botocore.exceptions.ClientError
        When there is no such bucket, or access is denied.
    """
    count = Exported()
    for user_id, measurements in storage.drivers():
        try:
            stored = drivers.told_by(storage, user_id)
        except NotFoundError:
            continue
        if not stored["fleet_consent"]:
            count.without_consent += 1
            continue
        body = _newest_body(storage, measurements)
        if body is None:
            count.without_measurement += 1
            continue
        count.drivers += 1
        line = {
            "driver": f"driver-{count.drivers}",
            "consent": True,
            "body": body,
            "tellings": stored["tellings"],
        }
        out.write(json.dumps(line) + "\n")
    return count


def _newest_body(storage: Storage, measurements: list[Owner]) -> dict[str, Any] | None:
    for owner in reversed(measurements):
        measurement = storage.read_result(owner, MEASUREMENT)
        if measurement is not None:  # else it was deleted meanwhile
            segments = measurement["segments"]
            return {name: segments[name] for name in BODY if segments.get(name) is not None}
    return None
