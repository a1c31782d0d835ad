"""One self-contained page of a person in a car: photo, lengths, settings, bands, warnings.

Notebooks show a `Report` as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from hypermob.tables import band, length_rows, quantity, setting_rows

STYLE = """
.hypermob { color: #14181f; font: 16px/1.5 system-ui, sans-serif; }
body > .hypermob { margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
.hypermob h1 { font-size: 1.6rem; } .hypermob h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; }
.hypermob .two { display: flex; flex-wrap: wrap; gap: 2rem; }
.hypermob .two > * { flex: 1 1 20rem; min-width: 0; }
.hypermob img { border-radius: 12px; max-height: 40rem; max-width: 100%; }
.hypermob table { border-collapse: collapse; width: 100%; }
.hypermob th { color: #525c6b; font-size: .85rem; text-align: left; }
.hypermob th, .hypermob td { border-bottom: 1px solid #d8dde5; padding: .35rem .75rem .35rem 0; }
.hypermob td + td, .hypermob th + th { font-variant-numeric: tabular-nums; text-align: right; }
.hypermob .note { background: #fdf5e2; border-radius: 8px; padding: .6rem 1rem; }
@media print { .hypermob .two { display: block; } }
"""


@dataclass(frozen=True)
class Report:
    """A measurement and the settings for it; the photo with the one, the driver with the other.

    ``measurement`` and ``recommendation`` are JSON values in the names of the API.
    """

    measurement: Mapping[str, Any]
    recommendation: Mapping[str, Any]
    overlay_jpeg: bytes
    drawing_svg: str

    def html(self) -> str:
        """Return the whole page; it needs no network."""
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>HYPERMOB: {self._car()}</title>{self._repr_html_()}</html>\n"
        )

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.overlay_jpeg).decode()
        lengths = (
            (words, f"{cm:.1f} cm", band(low_high, "cm") if low_high else "")
            for _, words, cm, low_high in length_rows(self.measurement)
        )
        settings = (
            (words, quantity(value, unit), band(low_high, unit))
            for words, value, low_high, unit in setting_rows(self.recommendation)
        )
        notes = "".join(
            f'<p class="note">{escape(warning["message"]["en"])}</p>'
            for warning in self.recommendation["warnings"]
        )
        return (
            f'<style>{STYLE}</style><div class="hypermob"><h1>Settings: {self._car()}</h1>'
            f'<div class="two"><div><img alt="The photo with the measured lengths drawn on it" '
            f'src="data:image/jpeg;base64,{picture}"></div><div>{notes}'
            f"<h2>Lengths</h2>{_table(('', 'Length', '95 % interval'), lengths)}</div></div>"
            f"<h2>Settings</h2>{self.drawing_svg}"
            f"{_table(('', 'Setting', '80 % of such drivers'), settings)}</div>"
        )

    def _car(self) -> str:
        return escape(self.recommendation["vehicle"].replace("_", " "))


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def row(tag: str, cells: Iterable[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{row('th', heads)}{''.join(row('td', cells) for cells in rows)}</table>"
