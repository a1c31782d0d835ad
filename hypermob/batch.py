"""Measure the people of a CSV file, one JSON line each, in order; a bad row stops nothing."""

from __future__ import annotations

import csv
import json
import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from chalicelib.contracts import validated
from chalicelib.errors import FieldProblem, HypermobError, InvalidInputError
from hypermob.measuring import Person, measure, to_dict

REQUIRED = ("photo", "height_cm")
NUMBERS = ("height_cm", "weight_kg", "device_pitch_deg")
IN_FLIGHT = 8
"""Rows handed out ahead, per process: the file may have millions."""


def run(people_csv: Path, out: IO[str], processes: int) -> int:
    """Write one line per row; return how many rows failed.

    Raises
    ------
    InvalidInputError
        When the file has no header with ``photo`` and ``height_cm``.
    """
    rows = read(people_csv)
    work = partial(measure_row, folder=people_csv.parent)
    failed = 0
    for line in tqdm(_in_order(work, rows, processes), total=len(rows), unit="photo"):
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        out.flush()
        failed += line["status"] == "error"
    return failed


def read(people_csv: Path) -> list[dict[str, str]]:
    """Rows of the file; a spreadsheet's byte-order mark is no part of the first name."""
    with people_csv.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInputError(
                *(FieldProblem(name, "a column of that name", "그 이름의 열") for name in missing)
            )
        return list(reader)


def measure_row(row: Mapping[str, str | None], folder: Path) -> dict[str, Any]:
    """Measure one row; what goes wrong with it is its result."""
    photo = row.get("photo") or ""
    try:
        person = validated(Person, _values(row))
        return {"photo": photo, "status": "success", **to_dict(person, measure(person, folder))}
    except HypermobError as error:
        return {"photo": photo, "status": "error", "error": error.to_dict()}


def _values(row: Mapping[str, str | None]) -> dict[str, Any]:
    values: dict[str, Any] = {name: text for name, text in row.items() if text}
    for name in NUMBERS:
        try:
            values[name] = float(values[name])
        except (KeyError, ValueError):
            continue  # missing, or text: the validation names it
    return values


def _in_order(work: Any, rows: list[dict[str, str]], processes: int) -> Iterator[dict[str, Any]]:
    if processes == 1:
        yield from map(work, rows)
        return
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting = iter(rows)
        running = [pool.submit(work, row) for row in islice(waiting, processes * IN_FLIGHT)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(work, row) for row in islice(waiting, 1)]
