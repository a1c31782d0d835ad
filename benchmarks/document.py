"""Writes what a benchmark found into the README, between the marks that name its command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from local.config import REPOSITORY

README: Final = REPOSITORY / "README.md"


def write(name: str, section: str) -> None:
    """Replace the section of ``make {name} DOCS=1``.

    Raises
    ------
    ValueError
        The README has no marks for it.
    """
    begin, end = f"<!-- {name}: written by make {name} DOCS=1 -->", f"<!-- /{name} -->"
    before, mark, rest = README.read_text("utf-8").partition(begin)
    _, closing, after = rest.partition(end)
    if not (mark and closing):
        raise ValueError(f"expected {begin} and {end} in {README}")
    README.write_text(f"{before}{begin}\n{section}\n{end}{after}", "utf-8")


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
