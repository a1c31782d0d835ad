"""Measure one person in this process, from files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bodyscan
from bodyscan.scan import Scan, Shot, scan
from chalicelib.errors import PhotoError
from chalicelib.settings import settings
from hypermob.people import Again, Person, read_photo


def pose_model() -> Path:
    """Path of the pose model bundle: ``POSE_MODEL``'s, or that which ``make models`` builds."""
    return Path(bodyscan.__file__).parents[1] / settings().pose_model


def measure(person: Person, folder: Path = Path(), again: Sequence[Again] = ()) -> Scan:
    """Measure a person; paths are relative to ``folder``.

    Raises
    ------
    HypermobError
        When a photo cannot be found, read or measured; ``field`` is "again" and ``path`` its own
        where it is one of ``again``.
    """
    side = None
    fronts = [Shot(read_photo(folder / person.photo, "photo"), person.device_pitch_deg)]
    if person.side_photo is not None:
        photo = read_photo(folder / person.side_photo, "side_photo")
        side = Shot(photo, person.side_device_pitch_deg)
    fronts += [Shot(read_photo(folder / a.photo, "again"), a.device_pitch_deg) for a in again]
    with _without_native_log():
        try:
            return scan(fronts, person.height_cm, model=pose_model(), side=side, sex=person.sex)
        except PhotoError as error:
            raise _named(error, again) from None


def _named(error: PhotoError, again: Sequence[Again]) -> PhotoError:
    """The error, with the file's own path where it is of one of ``again``."""
    details = dict(error.details)
    index = error.index
    if index is None:
        return error
    del details["field"]
    if index > 0:
        details |= {"field": "again", "path": again[index - 1].photo}
    return type(error)(**details)


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
