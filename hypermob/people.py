"""Whom to measure, and the files that show them."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from chalicelib.contracts import DevicePitchDeg, HeightCm, Sex, WeightKg
from chalicelib.errors import ImageNotFoundError


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


def read_photo(path: Path, field: str) -> bytes:
    """Read a photo.

    Raises
    ------
    FileMissingError
        When there is none; names ``field``.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError):  # a NUL is in no path
        raise FileMissingError(field=field, path=str(path)) from None
