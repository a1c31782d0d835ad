"""Measure one person in this process, from files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

import bodyscan
from bodyscan.scan import Scan, scan
from chalicelib.contracts import DevicePitchDeg, HeightCm, Sex, WeightKg
from chalicelib.errors import ImageNotFoundError
from chalicelib.settings import settings


class FileMissingError(ImageNotFoundError):
    """A path at which no file can be read."""

    en = "{field}: no file can be read at {path}."
    ko = "{field}: {path}에서 파일을 읽을 수 없습니다."


class Person(Struct, kw_only=True, frozen=True):
    """Whom to measure: a row of a batch, or the arguments of ``hypermob measure``."""

    photo: str
    height_cm: HeightCm
    side_photo: str | None = None
    sex: Sex | None = None
    weight_kg: WeightKg | None = None
    device_pitch_deg: DevicePitchDeg | None = None


@cache
def pose_model() -> bytes:
    """Read the pose model bundle that ``POSE_MODEL`` names, or the one that ``make models`` built.

    Raises
    ------
    FileNotFoundError
        When it was not built yet.
    """
    container = Path(bodyscan.__file__).parents[1]
    return (container / settings().pose_model).read_bytes()


def measure(person: Person, folder: Path = Path(), again: Sequence[str] = ()) -> Scan:
    """Measure a person; paths are relative to ``folder``.

    ``again`` names more photos of the same person from the front.

    Raises
    ------
    HypermobError
        When a photo cannot be found, read or measured.
    """
    photo = _read(folder / person.photo, "photo")
    side = None
    if person.side_photo is not None:
        side = _read(folder / person.side_photo, "side_photo")
    return scan(
        photo,
        person.height_cm,
        model=pose_model(),
        side_photo=side,
        more_photos=[_read(folder / path, "again") for path in again],
        sex=person.sex,
        device_pitch_deg=person.device_pitch_deg,
    )


def to_dict(person: Person, found: Scan) -> dict[str, Any]:
    """Segments, intervals and quality as plain JSON values: cm, rounded to 1 mm."""
    return {
        "segments": {"height": person.height_cm, **found.lengths.rounded_cm()},
        "interval_95": found.lengths.intervals_95_cm(),
        "quality": found.quality,
    }


def _read(path: Path, field: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise FileMissingError(field=field, path=str(path)) from None
