"""A validation's figures as tables of words, in English or Korean: console, page and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rich.table
from rich.cells import cell_len
from rich.markup import escape

from chalicelib.answers import LITTLE_EVIDENCE
from chalicelib.errors import Language
from hypermob.tables import LENGTHS as LENGTH_WORDS
from hypermob.validation.figures import FEW
from hypermob.validation.photos import LENGTHS

Words = Mapping[Language, str]

TITLES: Final[Mapping[str, Words]] = {
    "answers": {"en": "Measured and refused", "ko": "측정과 거절"},
    "deviation": {
        "en": "Measured less height alone, cm at 170",
        "ko": "측정값 - 키만으로 예상한 값, 170 cm 기준 cm",
    },
    "spread": {
        "en": "Spread of those deviations (population's own), cm at 170",
        "ko": "차이의 표준편차 (인구 자체의 값), 170 cm 기준 cm",
    },
    "agreement": {
        "en": "Two photos of one person, cm apart at 170",
        "ko": "같은 사람의 두 사진 사이 차이, 170 cm 기준 cm",
    },
    "tape": {"en": "Against a tape, cm: {group}", "ko": "줄자와 비교, cm: {group}"},
    "evidence": {
        "en": "Share of the doubt that the photo removed",
        "ko": "사진이 줄인 불확실성의 비율",
    },
}
NOTES: Final[Mapping[str, Words]] = {
    "answers": {
        "en": "Good and bad: photos whose answer was told beforehand (expected).",
        "ko": "좋은 사진과 나쁜 사진: 답을 미리 적어 둔 사진입니다 (expected).",
    },
    "deviation": {
        "en": "Mean ± standard error over people, each person's photos averaged first. Height "
        "alone is 0 by definition; the mean of many people should lie near it.",
        "ko": "사람 단위 평균 ± 표준오차입니다. 한 사람의 사진은 먼저 평균합니다. 키만으로 예상한 "
        "값은 정의상 0이고, 사람이 많으면 평균은 0에 가까워야 합니다.",
    },
    "spread": {
        "en": "Wider than the population's: noise. 0: the photo told nothing beyond the height.",
        "ko": "인구보다 넓으면 잡음이고, 0이면 사진이 키 외에 알려 준 것이 없습니다.",
    },
    "agreement": {
        "en": "Mean absolute difference of the five segments ± standard error over people. Height "
        "alone is always 0 apart: agreement is no proof of truth.",
        "ko": "다섯 길이의 절대 차이 평균 ± 사람 단위 표준오차입니다. 키만으로 예상한 값은 늘 "
        "0이므로, 서로 같다고 해서 맞는 것은 아닙니다.",
    },
    "tape": {
        "en": "Mean absolute error ± standard error over people. Offset removed: less the mean "
        "difference of all other people. Correlation: of deviations from height alone, measured "
        "with tape; its 95 % interval.",
        "ko": "평균 절대 오차 ± 사람 단위 표준오차입니다. 기준점 보정: 다른 모든 사람의 평균 "
        "차이를 뺀 값입니다. 상관: 키만으로 예상한 값과의 차이끼리의 상관과 95 % 구간입니다.",
    },
    "evidence": {
        "en": "0 %: the length is that of people of that height. 100 %: the photo alone. Below "
        f"{LITTLE_EVIDENCE:.0%} a length is mostly from the height.",
        "ko": "0 %: 그 키의 사람들 값입니다. 100 %: 사진만으로 정해진 값입니다. "
        f"{LITTLE_EVIDENCE:.0%}보다 작으면 주로 키로 추정한 값입니다.",
    },
    "few": {
        "en": f"* fewer than {FEW} people: no evidence.",
        "ko": f"* {FEW}명 미만: 근거가 되지 않습니다.",
    },
}
HEADS: Final[Mapping[str, Words]] = {
    "collection": {"en": "collection", "ko": "모음"},
    "group": {"en": "people", "ko": "사람"},
    "n": {"en": "n", "ko": "명"},
    "photos": {"en": "photos", "ko": "사진"},
    "measured": {"en": "measured", "ko": "측정"},
    "refused": {"en": "refused", "ko": "거절"},
    "not_tried": {"en": "not tried", "ko": "시도 못 함"},
    "good_refused": {"en": "good, refused", "ko": "좋은데 거절"},
    "bad_measured": {"en": "bad, measured", "ko": "나쁜데 측정"},
    "bad_other_code": {"en": "bad, other code", "ko": "나쁜데 다른 코드"},
    "same": {"en": "same clothes and place", "ko": "같은 옷과 장소"},
    "other": {"en": "other clothes or place", "ko": "다른 옷 또는 장소"},
    "pairs": {"en": "pairs", "ko": "쌍"},
    "length": {"en": "length", "ko": "길이"},
    "raw": {"en": "photo, raw", "ko": "사진, 그대로"},
    "raw_alone": {"en": "height alone, raw", "ko": "키만, 그대로"},
    "removed": {"en": "photo, offset removed", "ko": "사진, 기준점 보정"},
    "removed_alone": {"en": "height alone, offset removed", "ko": "키만, 기준점 보정"},
    "less": {"en": "photo less height alone", "ko": "사진 - 키만"},
    "inside": {"en": "in 95 %, raw", "ko": "95 % 구간 안, 그대로"},
    "inside_removed": {"en": "in 95 %, offset removed", "ko": "95 % 구간 안, 보정"},
    "r": {"en": "correlation", "ko": "상관"},
}
GROUPS: Final[Mapping[str, Words]] = {
    "all men": {"en": "all men", "ko": "남성 전체"},
    "all women": {"en": "all women", "ko": "여성 전체"},
    "everybody": {"en": "everybody", "ko": "전체"},
}
SHORT: Final = 24
"""Characters of the longest cell that holds figures alone."""
ASSUMED: Final = ", height assumed"
ASSUMED_WORDS: Final[Words] = {"en": ", height assumed", "ko": ", 키는 가정"}


@dataclass(frozen=True)
class Table:
    """One table in words; all columns but the first are numbers or short words."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str

    def for_console(self) -> rich.table.Table:
        """Return it for a `rich` console."""
        shown = rich.table.Table(title=self.title, title_justify="left")
        for number, (name, *cells) in enumerate(zip(self.head, *self.rows, strict=True)):
            width = max(map(cell_len, filter(is_short, cells)), default=0)  # the head may wrap
            shown.add_column(name, justify="right" if number else "left", min_width=width)
        for row in self.rows:
            shown.add_row(*map(escape, row))
        return shown


def is_short(cell: str) -> bool:
    """Whether a cell stays on one line."""
    return len(cell) <= SHORT


def tables(figures: Mapping[str, Any], language: Language = "en") -> list[Table]:
    """All tables of what `hypermob.validation.figures` returned; without empty ones."""
    groups = figures["groups"]
    found = [
        _verdicts(figures["answers"], language),
        _by_group("deviation", groups, _deviation, language),
        _by_group("spread", groups, _spread, language),
        _agreement(groups, language),
        *(_tape(name, group, language) for name, group in groups.items() if group["tape"]),
        _evidence(groups, language),
    ]
    return [table for table in found if table.rows]


def group_words(name: str, language: Language) -> str:
    """A group of people, in words."""
    plain = name.removesuffix(ASSUMED)
    words = GROUPS[plain][language] if plain in GROUPS else plain
    return words + (ASSUMED_WORDS[language] if name.endswith(ASSUMED) else "")


def _table(
    name: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    language: Language,
    few: bool = False,
    **filled: str,
) -> Table:
    note = NOTES[name][language] + (f" {NOTES['few'][language]}" if few else "")
    return Table(TITLES[name][language].format(**filled), head, rows, note)


def _heads(language: Language, *names: str) -> list[str]:
    return [HEADS[name][language] for name in names]


def _lengths(language: Language) -> list[str]:
    return [LENGTH_WORDS[name][language] for name in LENGTHS]


def _verdicts(collections: Mapping[str, Any], language: Language) -> Table:
    names = ("refused", "not_tried", "good_refused", "bad_measured", "bad_other_code")
    rows = []
    for name, found in collections.items():
        listed = [_listed(found[kind]) for kind in names]
        listed[2] = _of(found["good_refused"], found["good"], language)
        listed[3] = _of(found["bad_measured"], found["bad"], language)
        rows.append([name, str(found["photos"]), str(found["measured"]), *listed])
    head = _heads(language, "collection", "photos", "measured", *names)
    return _table("answers", head, rows, language)


def _listed(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {words}" for words, count in counted.items()) or "0"


def _of(counted: Mapping[str, int], whole: int, language: Language) -> str:
    if not whole:
        return "-"
    count = sum(counted.values())
    share = f"{whole}장 중 {count}" if language == "ko" else f"{count} of {whole}"
    return share + (f": {_listed(counted)}" if counted else "")


def _by_group(name: str, groups: Mapping[str, Any], cell: Any, language: Language) -> Table:
    rows = []
    for group, found in groups.items():
        people = found["people"]
        cells = [cell(found["deviation"][length]) for length in LENGTHS]
        rows.append([group_words(group, language), _number(people), *cells])
    few = any(found["people"] < FEW for found in groups.values())
    head = [*_heads(language, "group", "n"), *_lengths(language)]
    return _table(name, head, rows, language, few)


def _number(people: int) -> str:
    return f"{people}*" if people < FEW else str(people)


def _deviation(found: Mapping[str, Any]) -> str:
    return _mean(found["mean_cm"], found["se_cm"], signed=True)


def _spread(found: Mapping[str, Any]) -> str:
    return f"{_cm(found['spread_sd_cm'])} ({_cm(found['population_sd_cm'])})"


def _agreement(groups: Mapping[str, Any], language: Language) -> Table:
    rows, few = [], False
    for group, found in groups.items():
        kinds = [found["agreement"][kind] for kind in ("same", "other")]
        if any(kind["people"] for kind in kinds):
            cells = [
                cell
                for kind in kinds
                for cell in (
                    _number(kind["people"]) if kind["people"] else "0",
                    str(kind["pairs"]),
                    _mean(kind["mean_cm"], kind["se_cm"]),
                )
            ]
            rows.append([group_words(group, language), *cells])
            few |= any(0 < kind["people"] < FEW for kind in kinds)
    head = _heads(language, "group", "n", "pairs", "same", "n", "pairs", "other")
    return _table("agreement", head, rows, language, few)


def _tape(name: str, group: Mapping[str, Any], language: Language) -> Table:
    rows = []
    for length, found in group["tape"].items():
        raw, removed = found["raw"], found["offset_removed"] or {}
        r = found["correlation"]
        interval = r["interval_95"]
        less = _mean(
            removed.get("photo_less_alone_cm"), removed.get("photo_less_alone_se_cm"), signed=True
        )
        rows.append(
            [
                LENGTH_WORDS[length][language],
                _number(found["people"]),
                _mean(raw["mae_cm"], raw["se_cm"]),
                _mean(raw["height_alone_mae_cm"], raw["height_alone_se_cm"]),
                _mean(removed.get("mae_cm"), removed.get("se_cm")),
                _mean(removed.get("height_alone_mae_cm"), removed.get("height_alone_se_cm")),
                less,
                _percent(raw["inside"]),
                _percent(removed.get("inside")),
                "-"
                if r["r"] is None
                else f"{r['r']:+.2f}"
                + (f" ({interval[0]:+.2f}, {interval[1]:+.2f})" if interval else ""),
            ]
        )
    few = any(found["people"] < FEW for found in group["tape"].values())
    names = ("raw", "raw_alone", "removed", "removed_alone", "less", "inside", "inside_removed")
    head = _heads(language, "length", "n", *names, "r")
    return _table("tape", head, rows, language, few, group=group_words(name, language))


def _evidence(groups: Mapping[str, Any], language: Language) -> Table:
    rows = [
        [
            group_words(group, language),
            _number(found["people"]),
            *(_percent(found["evidence"].get(length)) for length in LENGTHS),
        ]
        for group, found in groups.items()
        if found["evidence"]
    ]
    few = any(found["people"] < FEW for found in groups.values() if found["evidence"])
    head = [*_heads(language, "group", "n"), *_lengths(language)]
    return _table("evidence", head, rows, language, few)


def _cm(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _mean(mean: float | None, se: float | None, signed: bool = False) -> str:
    if mean is None:
        return "-"
    shown = f"{mean:+.1f}" if signed else f"{mean:.1f}"
    return shown if se is None else f"{shown} ± {se:.1f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
