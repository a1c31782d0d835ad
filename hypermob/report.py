"""One self-contained page of a person in a car: photo, lengths, settings, bands, reasons, warnings.

Notebooks show a `Report` as it is:

>>> from hypermob.engines import InProcessEngine
>>> from hypermob.people import Person
>>> engine = InProcessEngine()
>>> me = Person(photo="me.jpg", height_cm=175)
>>> report(*engine.fit(me, {"vehicle": "medium_suv"}), engine)  # doctest: +SKIP
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import msgspec

from chalicelib import carfit
from chalicelib.body_prior import SEGMENTS
from chalicelib.carfit.vehicles import vehicle
from chalicelib.errors import Language
from hypermob.engines import Engine, Found
from hypermob.tables import (
    NOTES,
    band,
    car_name,
    leaves,
    length_rows,
    quantity,
    setting_rows,
)

STYLE: Final = """
.hypermob { background: #fff; color: #14181f; font: 16px/1.5 system-ui, "Noto Sans KR",
  "Noto Sans CJK KR", "Apple SD Gothic Neo", sans-serif; }
.hypermob:lang(ko) { word-break: keep-all; }
body { background: #fff; margin: 0; }
body > .hypermob { margin: 0 auto; max-width: 68rem; padding: 2rem 1rem 3rem; }
.hypermob h1 { font-size: clamp(1.5rem, 4vw, 2.1rem); letter-spacing: -.01em; line-height: 1.2;
  margin: 0 0 1.5rem; }
.hypermob h1 small { color: #525c6b; display: block; font-size: .8rem; font-weight: 700;
  letter-spacing: .14em; margin-bottom: .4rem; }
.hypermob h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
.hypermob .two { align-items: start; display: grid; gap: 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
.hypermob .two > * { min-width: 0; } .hypermob .two h2 { margin-top: 0; }
.hypermob img, .hypermob svg { border: 1px solid #d8dde5; border-radius: 12px; display: block;
  height: auto; max-width: 100%; }
.hypermob img { max-height: 42rem; } .hypermob svg { width: 100%; }
.hypermob .car { margin-bottom: 1rem; overflow-x: auto; }
@media (max-width: 40rem) { .hypermob .car svg { max-width: none; width: 145%; } }
.hypermob table { border-collapse: collapse; width: 100%; }
.hypermob th { color: #525c6b; font-size: .85rem; text-align: left; }
.hypermob th, .hypermob td { border-bottom: 1px solid #d8dde5; padding: .4rem 1rem .4rem 0;
  vertical-align: top; }
.hypermob th + th, .hypermob td + td { font-variant-numeric: tabular-nums; padding-right: 0;
  text-align: right; white-space: nowrap; }
.hypermob td + td + td { color: #525c6b; padding-left: 1rem; }
.hypermob small { color: #525c6b; display: block; font-size: .85rem; font-weight: 400; }
.hypermob .note { background: #fdf5e2; border-left: 4px solid #7a4f00; border-radius: 8px;
  margin: 0 0 .75rem; padding: .6rem 1rem; }
.hypermob .soft { color: #525c6b; font-size: .85rem; }
@media print { .hypermob tr, .hypermob img, .hypermob svg { break-inside: avoid; } }
"""

WORDS: Final = {
    "settings_of": {"en": "Settings: {car}", "ko": "{car} 설정"},
    "lengths": {"en": "Lengths", "ko": "길이"},
    "length": {"en": "Length", "ko": "길이"},
    "interval": {"en": "95 % interval", "ko": "95 % 구간"},
    "interval_words": {
        "en": "Between joint centres, left and right averaged. The interval is to hold the true "
        "length 95 times in 100. That has been checked on rendered people, not yet on real ones "
        "with a tape.",
        "ko": "관절 중심 사이의 길이이며 좌우 평균입니다. 실제 길이가 100번 중 95번 들어가도록 "
        "정한 구간입니다. 렌더링한 사람으로 확인했으며, 실제 사람을 줄자로 재어 확인하지는 "
        "못했습니다.",
    },
    "height_words": {
        "en": "Mostly from the height: the photo says little of this length, so it is close to "
        "what people of that height have on average.",
        "ko": "주로 키로 추정: 사진이 이 길이에 대해 알려 주는 것이 적어, 그 키의 사람들 평균에 "
        "가까운 값입니다.",
    },
    "settings": {"en": "Settings", "ko": "설정"},
    "setting": {"en": "Setting", "ko": "설정값"},
    "band": {"en": "80 % of such drivers", "ko": "비슷한 운전자 80 %"},
    "overlay": {
        "en": "The photo with the measured lengths drawn on it",
        "ko": "측정한 길이를 그려 넣은 사진",
    },
}


@dataclass(frozen=True)
class Report:
    """A measurement and the settings for it; the photo with the one, the driver with the other.

    ``measurement`` and ``recommendation`` are JSON values in the names of the API.
    """

    measurement: Mapping[str, Any]
    recommendation: Mapping[str, Any]
    overlay_jpeg: bytes
    drawing_svg: str
    language: Language = "en"

    def html(self) -> str:
        """Return the whole page; it needs no network."""
        return (
            f'<!doctype html><html lang="{self.language}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>HYPERMOB: {self._title()}</title>{self._repr_html_()}</html>\n"
        )

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.overlay_jpeg).decode()
        words = {name: each[self.language] for name, each in WORDS.items()}
        rows = list(length_rows(self.measurement, self.language))
        lengths = (
            (
                escape(row.words) + "".join(f"<small>{escape(note)}</small>" for note in row.notes),
                f"{row.cm:.1f} cm",
                band(row.interval_95, "cm", self.language) if row.interval_95 else "",
            )
            for row in rows
        )
        from_height = any(NOTES["height"][self.language] in row.notes for row in rows)
        said = [words["interval_words"]] + [words["height_words"]] * from_height
        reasons = self._reasons()
        settings = (
            (
                f"{escape(name)}<small>{escape(reasons[path])}</small>",
                f"{quantity(value, unit)}<small>{band(low_high, unit, self.language)}</small>",
            )
            for path, name, value, low_high, unit in setting_rows(
                self.recommendation, self.language
            )
        )
        value_and_band = f"{words['setting']}<small>{words['band']}</small>"
        notes = "".join(
            f'<p class="note">{escape(warning["message"][self.language])}</p>'
            for warning in self.recommendation["warnings"]
        )
        return (
            f'<style>{STYLE}</style><div class="hypermob" lang="{self.language}">'
            f"<h1><small>HYPERMOB</small>{self._title()}</h1>"
            f'<div class="two"><img alt="{words["overlay"]}" '
            f'src="data:image/jpeg;base64,{picture}"><div><h2>{words["lengths"]}</h2>'
            f"{_table(('', words['length'], words['interval']), lengths)}"
            f"{''.join(f'<p class="soft">{each}</p>' for each in said)}</div></div>"
            f"<h2>{words['settings']}</h2>"
            f'<div class="car" tabindex="0">{self.drawing_svg}</div>{notes}'
            f"{_table(('', value_and_band), settings)}</div>"
        )

    def _title(self) -> str:
        car = car_name(self.recommendation["vehicle"], self.language)
        return escape(WORDS["settings_of"][self.language].format(car=car))

    def _reasons(self) -> dict[str, str]:
        language = f".{self.language}"
        return {
            path.removesuffix(language): words
            for path, words in leaves(self.recommendation["reasons"])
            if path.endswith(language)
        }


def report(
    found: Found, recommendation: Mapping[str, Any], engine: Engine, language: Language = "en"
) -> Report:
    """Put together what `Engine.fit` found, with its pictures."""
    name, segments = recommendation["vehicle"], found.document["segments"]
    drawing = carfit.side_view(
        msgspec.convert(recommendation, carfit.Recommendation),
        carfit.Body(**{f"{part}_cm": segments[part] for part in ("height", *SEGMENTS)}),
        vehicle(name, engine.vehicles()["vehicles"][name]),
        language,
    )
    return Report(found.document, recommendation, found.overlay_jpeg(), drawing, language)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def row(tag: str, cells: Iterable[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{row('th', heads)}{''.join(row('td', cells) for cells in rows)}</table>"
