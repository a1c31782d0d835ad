"""Measure the people of a CSV file, one JSON line each, in order; a bad row stops nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from textwrap import shorten
from typing import IO, Any

from msgspec import structs
from tqdm import tqdm

from chalicelib.contracts import is_number, validated
from chalicelib.errors import FieldProblem, HypermobError, InvalidInputError, Language
from hypermob.engines import Engine
from hypermob.people import Person, number, sex

COLUMNS = structs.fields(Person)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)
NUMBERS = tuple(column.name for column in COLUMNS if is_number(column.type))
DELIMITERS = ",;\t"
BEYOND_HEADER = ""
"""No column is called so."""
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
    for line in tqdm(in_order(work, rows, workers, engine), total=len(rows), unit="photo"):
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        out.flush()
        failed += line["status"] == "error"
    return failed


def resume(results: Path, rows: Sequence[Mapping[str, str]]) -> tuple[int, int]:
    """How many rows an earlier run has written to a file, and how many of those failed.

    A last line that was broken off is cut away, so that the next run writes it again.

    Raises
    ------
    InvalidInputError
        The file is of other rows.
    OSError
        When it cannot be read or written; a file that is not there yet has no rows.
    """
    if not results.exists():
        return 0, 0
    content = results.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
        photos = [line["photo"] for line in lines]
        failed = sum(line["status"] == "error" for line in lines)
    except (ValueError, KeyError, TypeError):
        photos, failed = [None], 0
    if photos != [row.get("photo", "") for row in rows[: len(photos)]]:
        raise InvalidInputError(
            FieldProblem(
                "--resume",
                f"{results} to be what an earlier run of the same CSV file wrote",
                f"{results}은(는) 같은 CSV 파일로 먼저 실행한 결과여야 함",
            )
        )
    if len(whole) < len(content):
        results.write_bytes(whole)
    return len(photos), failed


def read(people_csv: Path) -> list[dict[str, str]]:
    """Rows of the file, their cells by column.

    Commas, semicolons or tabs may separate the cells. A column's name is made lower case, with "_"
    for whatever separates its words: "Height (cm)" is ``height_cm``. Cells that a row has beyond
    the header are joined under `BEYOND_HEADER`, where there are any.

    Raises
    ------
    InvalidInputError
        When it is no CSV in UTF-8, or its header lacks ``photo`` or ``height_cm``, or has a column
        of a person twice.
    OSError
        When it cannot be read.
    """
    try:
        text = people_csv.read_text(encoding="utf-8-sig")  # a spreadsheet's byte-order mark
        header, *rows = _cells(text, _delimiter(text)) or [[]]
    except (UnicodeDecodeError, csv.Error):  # a Korean Excel's plain "CSV" is CP949
        raise InvalidInputError(
            FieldProblem(
                str(people_csv),
                'a CSV file in UTF-8 (Excel: save as "CSV UTF-8")',
                'UTF-8로 된 CSV 파일 (엑셀에서 "CSV UTF-8"로 저장)',
            )
        ) from None
    names = [_column(cell) for cell in header]
    if problems := list(_header_problems(header, names)):
        raise InvalidInputError(*problems)
    return [_row(names, cells) for cells in rows]


def _delimiter(text: str) -> str:
    """The one that gives the header most of the columns that it must have.

    `csv.Sniffer` counts characters instead, and takes a comma in a name for one.
    """

    def found(delimiter: str) -> tuple[int, int]:
        header = next(_reader(text, delimiter), [])
        return len(set(REQUIRED) & {_column(cell) for cell in header}), len(header)

    return max(DELIMITERS, key=found)


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    return (cells for cells in rows if cells)


def _cells(text: str, delimiter: str) -> list[list[str]]:
    return [[cell.strip() for cell in cells] for cells in _reader(text, delimiter)]


def _column(cell: str) -> str:
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", cell)).strip("_").lower()


def _row(names: list[str], cells: list[str]) -> dict[str, str]:
    row = dict(zip_longest(names, cells[: len(names)], fillvalue=""))
    row.pop("", None)  # a column without a name
    beyond = [cell for cell in cells[len(names) :] if cell]
    return row | ({BEYOND_HEADER: ", ".join(beyond)} if beyond else {})


def _header_problems(header: list[str], names: list[str]) -> Iterator[FieldProblem]:
    seen = ", ".join(shorten(cell, 40, placeholder="...") for cell in header if cell)
    for name in REQUIRED:
        if name not in names:
            yield FieldProblem(
                name,
                f"a column of that name; the columns are: {seen or 'none'}",
                f"그 이름의 열; 파일에 있는 열: {seen or '없음'}",
            )
    for field in COLUMNS:
        if names.count(field.name) > 1:
            yield FieldProblem(
                field.name,
                f"one column of that name; the columns are: {seen}",
                f"그 이름의 열 하나; 파일에 있는 열: {seen}",
            )


def measure_row(
    row: Mapping[str, str], folder: Path, engine: Engine, language: Language
) -> dict[str, Any]:
    """Measure one row; what goes wrong with it is its result."""
    photo = row.get("photo", "")
    try:
        document = engine.measure(person(row), folder).document
        return {"photo": photo, "status": "success", **document}
    except HypermobError as error:
        return {"photo": photo, "status": "error", "error": error.to_dict(language)}


def person(row: Mapping[str, str]) -> Person:
    """The person of a row.

    Raises
    ------
    InvalidInputError
        Naming every cell that is missing or wrong, also where the row has more than the header.
    """
    if beyond := row.get(BEYOND_HEADER):
        raise InvalidInputError(
            FieldProblem(
                "row",
                f"no cells beyond the header, where this has {beyond}; a cell with a comma in it, "
                'such as "175,5", needs quotes',
                f"열 이름보다 많은 값({beyond})이 없어야 함; "
                '쉼표가 든 값은 "175,5"처럼 따옴표로 묶어 주세요',
            )
        )
    values: dict[str, Any] = {name: text for name, text in row.items() if text}
    for name in NUMBERS:
        if name in values:
            values[name] = number(values[name])  # text stays, and the validation names it
    if "sex" in values:
        values["sex"] = sex(values["sex"])
    return validated(Person, values)


def in_order[Row, Answer](
    work: Callable[[Row], Answer], rows: Sequence[Row], workers: int, engine: Engine
) -> Iterator[Answer]:
    """What ``work`` makes of every row, in order, of up to ``workers`` at once."""
    if workers == 1:
        yield from map(work, rows)
        return
    with engine.workers(workers) as pool:
        waiting = iter(rows)
        running = [pool.submit(work, row) for row in islice(waiting, workers * IN_FLIGHT)]
        while running:
            yield running.pop(0).result()
            running += [pool.submit(work, row) for row in islice(waiting, 1)]
