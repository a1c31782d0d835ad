"""Writes what a command found into documents, between the marks that carry its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.stage import REPOSITORY

RELIABILITY: Final = REPOSITORY / "docs" / "reliability.md"


def write(name: str, section: str, path: Path) -> None:
    """Replace the section of that name in a document.

    Raises
    ------
    ValueError
        It has no marks for it.
    """
    try:
        text = replaced(path.read_text("utf-8"), name, section)
    except ValueError as error:
        raise ValueError(f"{error} in {path}") from None
    path.write_text(text, "utf-8")


def replaced(text: str, name: str, section: str) -> str:
    """Return a document's text with another section of that name.

    Raises
    ------
    ValueError
        It has no marks for it.

    Examples
    --------
    >>> replaced("<!-- a: written by make a -->\\nold\\n<!-- /a -->", "a", "new")
    '<!-- a: written by make a -->\\nnew\\n<!-- /a -->'
    """
    marks = re.compile(rf"(<!-- {name}\b[^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not marks.search(text):
        raise ValueError(f"expected <!-- {name} --> and <!-- /{name} -->")
    return marks.sub(lambda found: f"{found[1]}{section}\n{found[2]}", text)


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
