"""Whom to measure, and the files that show them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from chalicelib.contracts import AboutPerson, DevicePitchDeg, HeightCm
from chalicelib.errors import ImageNotFoundError


class FileMissingError(ImageNotFoundError):
    """A path at which no file can be read."""

    en = "{field}: no file can be read at {path}."
    ko = "{field}: {path}에서 파일을 읽을 수 없습니다."


class Person(AboutPerson, kw_only=True, frozen=True):
    """Whom to measure: a row of a batch, or the arguments of ``hypermob measure``."""

    photo: str
    height_cm: HeightCm
    side_photo: str | None = None
    device_pitch_deg: DevicePitchDeg | None = None
    side_device_pitch_deg: DevicePitchDeg | None = None


@dataclass(frozen=True)
class Again:
    """One more photo of a person from the front; ``device_pitch_deg`` as of `Person`."""

    photo: str
    device_pitch_deg: float | None = None


SEXES = {"m": "male", "남": "male", "남성": "male", "남자": "male"} | {
    "f": "female",
    "여": "female",
    "여성": "female",
    "여자": "female",
}
"""What people type beside the API's own words."""


def number(typed: str) -> float | str:
    """A number as people type it: "175", "175.5", "175,5"; what is none, as it is.

    A comma is a decimal one where up to two digits follow: "1,755" may be either.
    """
    text = typed.strip()
    if re.fullmatch(r"[+-]?\d+,\d{1,2}", text):
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return typed


def sex(typed: str) -> str:
    """The API's word for a sex as people type it: "Male", " F ", "여"; what is none, as it is."""
    text = unicodedata.normalize("NFC", typed).strip().lower()
    return SEXES.get(text, text)


def read_photo(path: Path, field: str) -> bytes:
    """Read a photo, whichever of Unicode's forms its name has.

    Korean names are stored decomposed (NFD) by macOS and typed composed (NFC) everywhere else.

    Raises
    ------
    FileMissingError
        When there is none; names ``field``.
    """
    try:
        return (path if path.exists() else _same_name(path)).read_bytes()
    except (OSError, ValueError):  # a NUL is in no path
        raise FileMissingError(field=field, path=str(path)) from None


def _same_name(path: Path) -> Path:
    """The path as it is on the disk, where a part of it is written in another form."""
    found = Path(path.anchor)
    for part in path.parts[len(found.parts) :]:
        exact = found / part
        if not exact.exists() and found.is_dir():
            name = unicodedata.normalize("NFC", part)
            alike = (p for p in found.iterdir() if unicodedata.normalize("NFC", p.name) == name)
            exact = next(alike, exact)
        found = exact
    return found
