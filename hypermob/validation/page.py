"""A validation on one self-contained page: its tables, and everybody's photos side by side."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from chalicelib.body_prior import SEGMENTS
from chalicelib.errors import Language
from hypermob.report import STYLE
from hypermob.tables import LENGTHS as LENGTH_WORDS
from hypermob.tables import NOTES, notes
from hypermob.validation.figures import height_alone, lengths_cm
from hypermob.validation.photos import MEASURED, Photo
from hypermob.validation.tables import Table, is_short, tables

LARGE_PX, SMALL_PX = 480, 260
"""Height of a picture: of few photos, and of more than `FEW_PHOTOS`."""
FEW_PHOTOS: Final = 200

VALIDATION_STYLE: Final = """
body > .hypermob { max-width: 96rem; }
.hypermob .wide { overflow-x: auto; }
.hypermob .wide td, .hypermob .wide th { padding-right: 1rem; }
.hypermob .wide th + th, .hypermob .wide td + td { white-space: normal; }
.hypermob .wide td.whole { white-space: nowrap; }
.hypermob .people { align-items: start; border-top: 1px solid #d8dde5; display: grid; gap: 1rem;
  grid-template-columns: 9rem 1fr; padding: 1rem 0; }
.hypermob .photos { display: flex; flex-wrap: wrap; gap: 1rem; }
.hypermob figure { margin: 0; max-width: 20rem; }
.hypermob figure img { max-height: 30rem; }
.hypermob figcaption { font-size: .8rem; font-variant-numeric: tabular-nums; max-width: 18rem; }
.hypermob figcaption table { font-size: .8rem; }
.hypermob figcaption th, .hypermob figcaption td { padding: .1rem .5rem .1rem 0; }
.hypermob .wrong img { border: 4px solid #b42318; }
.hypermob .wrong strong { color: #b42318; }
@media (max-width: 40rem) { .hypermob .people { grid-template-columns: 1fr; } }
"""

WORDS: Final = {
    "title": {"en": "Validation on people", "ko": "실제 사람으로 검증"},
    "private": {
        "en": "This page holds photos of people. Do not publish it. Keep it no longer than the "
        "people in it agreed to, and delete it with their photos.",
        "ko": "이 페이지에는 사람의 사진이 들어 있습니다. 공개하지 마세요. 사진 속 사람이 동의한 "
        "기간만 보관하고, 사진을 지울 때 함께 지우세요.",
    },
    "count": {
        "en": "{photos} photos, {people} people measured.",
        "ko": "사진 {photos}장, 측정된 사람 {people}명.",
    },
    "people": {"en": "Photos, a person a row", "ko": "사진 (한 사람이 한 줄)"},
    "wrong": {
        "en": "Answers that are not the expected ones",
        "ko": "예상과 다른 답",
    },
    "expected": {"en": "expected: {words}", "ko": "예상: {words}"},
    "measured": {"en": "measured", "ko": "측정"},
    "alone": {"en": "height alone", "ko": "키만"},
    "no_picture": {"en": "(no picture)", "ko": "(그림 없음)"},
    "assumed": {"en": "{height} cm, assumed", "ko": "{height} cm, 가정"},
    "clothes": {"en": "clothes {words}", "ko": "옷 {words}"},
    "place": {"en": "place {words}", "ko": "장소 {words}"},
    "alt": {"en": "Photo of {person}", "ko": "{person}의 사진"},
}


def page(photos: Sequence[Photo], figures: Mapping[str, Any], language: Language = "en") -> str:
    """Return the whole page; it needs no network.

    ``photos`` bring their pictures (`hypermob.validation.measure_rows` with ``picture_px``).
    """
    words = {name: each[language] for name, each in WORDS.items()}
    wrong = sorted((photo for photo in photos if photo.right is False), key=_harm)
    title = escape(words["title"])
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>HYPERMOB: {title}</title><style>{STYLE}{VALIDATION_STYLE}</style>"
        f'<div class="hypermob" lang="{language}"><h1><small>HYPERMOB</small>{title}</h1>'
        f'<p class="note">{words["private"]}</p>'
        f"<p>{words['count'].format(photos=figures['photos'], people=figures['people'])}</p>"
        f"{''.join(map(_table, tables(figures, language)))}"
        f"{_wrong(wrong, language, words) if wrong else ''}"
        f"{_people(photos, language, words)}</div></html>\n"
    )


def picture_px(count: int) -> int:
    """Height of each picture on a page of so many photos."""
    return LARGE_PX if count <= FEW_PHOTOS else SMALL_PX


def _table(table: Table) -> str:
    heads = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    rows = "".join(f"<tr>{''.join(map(_cell, cells))}</tr>" for cells in table.rows)
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide" tabindex="0"><table>'
        f'<tr>{heads}</tr>{rows}</table></div><p class="soft">{escape(table.note)}</p>'
    )


def _harm(photo: Photo) -> tuple[bool, bool]:
    """Order of wrong answers: a wrong length, then a good photo refused, then another code."""
    return photo.verdict != MEASURED, MEASURED not in photo.expected


def _cell(text: str) -> str:
    return f"<td{' class="whole"' if is_short(text) else ''}>{escape(text)}</td>"


def _wrong(photos: Sequence[Photo], language: Language, words: Mapping[str, str]) -> str:
    figures = "".join(_figure(photo, language, words, named=True) for photo in photos)
    return f'<h2>{escape(words["wrong"])}</h2><div class="photos">{figures}</div>'


def _people(photos: Sequence[Photo], language: Language, words: Mapping[str, str]) -> str:
    of_person: dict[tuple[str, str], list[Photo]] = {}
    for photo in photos:
        of_person.setdefault((photo.collection, photo.person), []).append(photo)
    rows = "".join(
        f'<section class="people"><div><strong>{escape(person)}</strong>'
        f"<small>{escape(collection)}</small></div>"
        f'<div class="photos">{"".join(_figure(p, language, words) for p in taken)}</div></section>'
        for (collection, person), taken in of_person.items()
    )
    return f"<h2>{escape(words['people'])}</h2>{rows}"


def _figure(photo: Photo, language: Language, words: Mapping[str, str], named: bool = False) -> str:
    picture = f"<p>{words['no_picture']}</p>"
    if photo.picture_jpeg is not None:
        data = base64.b64encode(photo.picture_jpeg).decode()
        alt = escape(words["alt"].format(person=photo.person), quote=True)
        picture = f'<img loading="lazy" alt="{alt}" src="data:image/jpeg;base64,{data}">'
    told = [
        photo.person if named else "",
        _height(photo, words),
        *(
            words[name].format(words=label) if label else ""
            for name, label in (("clothes", photo.clothes), ("place", photo.place))
        ),
    ]
    caption = f"<small>{escape(', '.join(each for each in told if each))}</small>"
    if photo.error is not None:
        caption += f"<strong>{escape(photo.verdict)}</strong> {escape(photo.error['message'])}"
    else:
        caption += _lengths(photo, language, words)
    if photo.right is False:
        shown = " | ".join(photo.expected)
        caption += f"<br><strong>{escape(words['expected'].format(words=shown))}</strong>"
    kind = ' class="wrong"' if photo.right is False else ""
    return f"<figure{kind}>{picture}<figcaption>{caption}</figcaption></figure>"


def _height(photo: Photo, words: Mapping[str, str]) -> str:
    if not photo.height_cm:
        return ""
    height = f"{photo.height_cm:.1f}"
    return words["assumed"].format(height=height) if photo.height_assumed else f"{height} cm"


def _lengths(photo: Photo, language: Language, words: Mapping[str, str]) -> str:
    assert photo.answer is not None  # noqa: S101
    means, (alone, _) = lengths_cm(photo), height_alone(photo)
    rows = ""
    for index, name in enumerate(SEGMENTS):
        low, high = photo.answer["interval_95"][name]
        length = f"{means[index]:.1f} ± {(high - low) / 2:.1f}"
        said = [NOTES[note][language] for note in notes(photo.answer["quality"], name)]
        label = escape(LENGTH_WORDS[name][language])
        label += "".join(f"<small>{escape(note)}</small>" for note in said)
        cells = (label, escape(length), f"{alone[index]:.1f}")
        rows += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    head = "".join(f"<th>{each}</th>" for each in ("", words["measured"], words["alone"]))
    return f"<table><tr>{head}</tr>{rows}</table>"
