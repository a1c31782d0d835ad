"""Measure the people of a CSV file, one JSON line each, in order; a bad row stops nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from chalicelib.contracts import validated
from chalicelib.errors import FieldProblem, HypermobError, InvalidInputError, Language
from hypermob.engines import Engine
from hypermob.people import Person

REQUIRED = ("photo", "height_cm")
NUMBERS = ("height_cm", "weight_kg", "device_pitch_deg")
IN_FLIGHT = 8
"""Rows handed out ahead, per worker: the file may have millions."""


def run(
    rows: list[dict[str, str]],
    folder: Path,
    out: IO[str],
    workers: int,
    engine: Engine,
    language: Language = "en",
) -> int:
    """Write one line per row, whose paths are relative to ``folder``; return how many failed."""
    work = partial(measure_row, folder=folder, engine=engine, language=language)
    failed = 0
    for line in tqdm(_in_order(work, rows, workers, engine), total=len(rows), unit="photo"):
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        out.flush()
        failed += line["status"] == "error"
    return failed


def read(people_csv: Path) -> list[dict[str, str]]:
    """Rows of the file; a spreadsheet's byte-order mark is no part of the first name.

    Raises
    ------
    InvalidInputError
        When it is no CSV in UTF-8, or has no header with ``photo`` and ``height_cm``.
    OSError
        When it cannot be read.
    """
    with people_csv.open(newline="", encoding="utf-8-sig") as file:
        try:
            reader = csv.DictReader(file)
            names, rows = reader.fieldnames or (), list(reader)
        except (UnicodeDecodeError, csv.Error):  # a Korean Excel's plain "CSV" is CP949
            raise InvalidInputError(
                FieldProblem(
                    str(people_csv),
                    'a CSV file in UTF-8 (Excel: save as "CSV UTF-8")',
                    'UTF-8로 된 CSV 파일 (엑셀에서 "CSV UTF-8"로 저장)',
                )
            ) from None
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InvalidInputError(
            *(FieldProblem(name, "a column of that name", "그 이름의 열") for name in missing)
        )
    return rows


def measure_row(
    row: Mapping[str, str | None], folder: Path, engine: Engine, language: Language
) -> dict[str, Any]:
    """Measure one row; what goes wrong with it is its result."""
    photo = row.get("photo") or ""
    try:
        person = validated(Person, _values(row))
        return {"photo": photo, "status": "success", **engine.measure(person, folder).document}
    except HypermobError as error:
        return {"photo": photo, "status": "error", "error": error.to_dict(language)}


def _values(row: Mapping[str, str | None]) -> dict[str, Any]:
    # More cells than the header has stand under no name.
    values: dict[str, Any] = {name: text for name, text in row.items() if name and text}
    for name in NUMBERS:
        try:
            values[name] = float(values[name])
        except (KeyError, ValueError):
            continue  # missing, or text: the validation names it
    return values


def _in_order(
    work: Any, rows: list[dict[str, str]], workers: int, engine: Engine
) -> Iterator[dict[str, Any]]:
    if workers == 1:
        yield from map(work, rows)
        return
    with engine.workers(workers) as pool:
        waiting = iter(rows)
        running = [pool.submit(work, row) for row in islice(waiting, workers * IN_FLIGHT)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(work, row) for row in islice(waiting, 1)]
