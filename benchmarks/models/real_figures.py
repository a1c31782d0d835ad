"""Writes the figures of ``hypermob validate --json`` into docs/accuracy.md: no photo, no name.

make real PEOPLE=out/real DOCS=1
python -m benchmarks.models.real_figures out/real.json          # prints the same section
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypermob import validation
from local.config import REPOSITORY
from tools import document

ACCURACY = REPOSITORY / "docs" / "accuracy.md"


def section(figures: Mapping[str, Any]) -> str:
    """Return all tables of a validation as Markdown."""
    return "\n\n".join(
        f"**{table.title}**\n\n{document.table(table.head, _escaped(table))}\n\n{_note(table)}"
        for table in validation.tables(figures)
    )


def _escaped(table: validation.Table) -> list[list[str]]:
    return [[cell.replace("|", "\\|").replace("*", "\\*") for cell in row] for row in table.rows]


def _note(table: validation.Table) -> str:
    return table.note.replace("*", "\\*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the section, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", type=Path, help="what hypermob validate --json printed")
    parser.add_argument("--docs", action="store_true", help=f"write {ACCURACY.name}")
    options = parser.parse_args(arguments)
    figures = json.loads(options.figures.read_text("utf-8"))
    if figures["status"] != "success":
        print(figures["error"]["message"], file=sys.stderr)
        return 1
    found = section(figures)
    if options.docs:
        document.write("real", found, ACCURACY)
    else:
        print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
