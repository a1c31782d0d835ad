"""Measure one person in this process, from files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bodyscan
from bodyscan.scan import Scan, scan
from chalicelib.errors import PhotoError
from chalicelib.settings import settings
from hypermob.people import Person, read_photo


def pose_model() -> Path:
    """Path of the pose model bundle: ``POSE_MODEL``'s, or that which ``make models`` builds."""
    return Path(bodyscan.__file__).parents[1] / settings().pose_model


def measure(person: Person, folder: Path = Path(), again: Sequence[str] = ()) -> Scan:
    """Measure a person; paths are relative to ``folder``.

    ``again`` names more photos of the same person from the front.

    Raises
    ------
    HypermobError
        When a photo cannot be found, read or measured; ``field`` is "again" and ``path`` its own
        where it is one of ``again``.
    """
    photo = read_photo(folder / person.photo, "photo")
    side = None
    if person.side_photo is not None:
        side = read_photo(folder / person.side_photo, "side_photo")
    more = [read_photo(folder / path, "again") for path in again]
    with _without_native_log():
        try:
            return scan(
                photo,
                person.height_cm,
                model=pose_model(),
                side_photo=side,
                more_photos=more,
                sex=person.sex,
                device_pitch_deg=person.device_pitch_deg,
            )
        except PhotoError as error:
            if error.details.get("field") != "again":
                raise
            details = dict(error.details)
            path = again[details.pop("index")]
            raise type(error)(**details, path=path) from None


@contextmanager
def _without_native_log() -> Iterator[None]:
    """MediaPipe's library tells its start-up to the terminal, and has no switch for it."""
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def to_dict(person: Person, found: Scan) -> dict[str, Any]:
    """Segments, intervals and quality as plain JSON values: cm, rounded to 1 mm."""
    return {
        "segments": {"height": person.height_cm, **found.lengths.rounded_cm()},
        "interval_95": found.lengths.intervals_95_cm(),
        "quality": found.quality,
    }
