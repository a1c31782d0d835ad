"""Writes what a benchmark found into documents, between the marks that name its command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.config import REPOSITORY

READMES: Final = (REPOSITORY / "README.md", REPOSITORY / "README.ko.md")


def write(name: str, section: str, *paths: Path, command: str | None = None) -> None:
    """Replace the section of that name, which ``make {command} DOCS=1`` writes.

    Parameters
    ----------
    name, section : str
        Which section, and what it says from now on.
    *paths : Path
        Documents that have it; the README in both languages where none is named.
    command : str, optional
        What make calls it, where not by the section's name.

    Raises
    ------
    ValueError
        A document has no marks for it.
    """
    begin, end = f"<!-- {name}: written by make {command or name} DOCS=1 -->", f"<!-- /{name} -->"
    for path in paths or READMES:
        before, mark, rest = path.read_text("utf-8").partition(begin)
        _, closing, after = rest.partition(end)
        if not (mark and closing):
            raise ValueError(f"expected {begin} and {end} in {path}")
        path.write_text(f"{before}{begin}\n{section}\n{end}{after}", "utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as a Markdown table; all columns but the first are numbers.

    Examples
    --------
    >>> print(table(["fate", "photos"], [["lost", 0]]))
    | fate | photos |
    | --- | --: |
    | lost | 0 |
    """
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
