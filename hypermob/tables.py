"""Lengths, settings and vehicles as tables for people, in English or Korean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

from chalicelib import carfit
from chalicelib.answers import LITTLE_EVIDENCE
from chalicelib.errors import LANGUAGES, Language

LENGTHS: Final = {
    "height": {"en": "Height (given)", "ko": "키 (입력값)"},
    "upper_arm": {"en": "Upper arm", "ko": "위팔"},
    "forearm": {"en": "Forearm", "ko": "아래팔"},
    "thigh": {"en": "Thigh", "ko": "허벅지"},
    "calf": {"en": "Calf", "ko": "종아리"},
    "torso": {"en": "Torso", "ko": "몸통"},
    "arm": {"en": "Arm", "ko": "팔"},
    "leg": {"en": "Leg", "ko": "다리"},
}
SUMS: Final = {"arm": ("upper_arm", "forearm"), "leg": ("thigh", "calf")}
HEADS: Final = {
    "body": {"en": "Body", "ko": "몸"},
    "interval": {"en": "95 % interval", "ko": "95 % 구간"},
    "true": {"en": "true", "ko": "참값"},
    "notes": {"en": "note", "ko": "참고"},
    "car": {"en": "Car", "ko": "차량"},
    "setting": {"en": "setting", "ko": "설정값"},
    "band": {"en": "80 % band", "ko": "80 % 범위"},
    "accommodated": {"en": "fits", "ko": "맞음"},
    "below": {"en": "wish below", "ko": "아래쪽 초과"},
    "above": {"en": "wish above", "ko": "위쪽 초과"},
    "longer": {"en": "10 mm or 1° more adds", "ko": "10 mm·1° 늘리면"},
    "vehicle": {"en": "Vehicle", "ko": "차량"},
    "seat_height": {"en": "seat above heel", "ko": "발뒤꿈치 위 좌석 높이"},
    "seat_travel": {"en": "seat travel", "ko": "좌석 이동 거리"},
}

NOTES: Final = {
    "height": {"en": "mostly from the height", "ko": "주로 키로 추정"},
    "left": {
        "en": "left side only: the right one differs too much",
        "ko": "왼쪽만 사용: 오른쪽과 차이가 너무 큼",
    },
    "right": {
        "en": "right side only: the left one differs too much",
        "ko": "오른쪽만 사용: 왼쪽과 차이가 너무 큼",
    },
}
"""What is said of a length where the photo told little, or one side of the body did not count."""


@dataclass(frozen=True)
class LengthRow:
    """One length of a measurement; ``interval_95`` is None for the height, which was given."""

    name: str
    words: str
    cm: float
    interval_95: tuple[float, float] | None
    notes: tuple[str, ...]


def lengths_table(
    measurement: Mapping[str, Any], true_cm: Mapping[str, float], language: Language = "en"
) -> Table:
    """Lengths in cm, each with the interval that holds the true one 95 times in 100.

    Where the photo told little of a length, or one side of a limb did not count, a note says so.
    """
    table = Table(HEADS["body"][language])
    table.add_column("cm", justify="right", style="bold cyan")
    table.add_column(HEADS["interval"][language], justify="right")
    if true_cm:
        table.add_column(HEADS["true"][language], justify="right")
    rows = list(length_rows(measurement, language))
    noted = any(row.notes for row in rows)
    if noted:
        table.add_column(HEADS["notes"][language])
    for row in rows:
        interval = band(row.interval_95, "", language) if row.interval_95 else ""
        cells = [row.words, f"{row.cm:.1f}", interval]
        if true_cm:
            cells.append(f"{true_cm[row.name]:.1f}" if row.name in true_cm else "")
        if noted:
            cells.append("\n".join(row.notes))
        table.add_row(*cells)
    return table


def length_rows(measurement: Mapping[str, Any], language: Language) -> Iterator[LengthRow]:
    """Each length of a measurement, in JSON values, with what is to be said of it."""
    segments, quality = measurement["segments"], measurement.get("quality", {})
    for name, words in LENGTHS.items():
        length_cm = sum(segments[part] for part in SUMS.get(name, (name,)))
        said = [NOTES[note][language] for note in notes(quality, name)]
        interval = measurement["interval_95"].get(name)
        yield LengthRow(name, words[language], length_cm, interval, tuple(said))


def notes(quality: Mapping[str, Any], name: str) -> Iterator[str]:
    """Which of `NOTES` a measurement's ``quality`` asks for at a length."""
    if (quality.get("evidence") or {}).get(name, 1.0) < LITTLE_EVIDENCE:
        yield "height"
    # Several photos may each have counted another side.
    counted = {
        photo["left_minus_right"][name].get("counted", "both")  # an older API does not tell
        for photo in quality.values()
        if name in (photo.get("left_minus_right") or {})
    }
    if counted in ({"left"}, {"right"}):
        yield from counted


def settings_table(recommendation: Mapping[str, Any], language: Language = "en") -> Table:
    """Settings with their units, each with the band that suits 80 of 100 such drivers."""
    table = Table(f"{HEADS['car'][language]} ({car_name(recommendation['vehicle'], language)})")
    table.add_column(HEADS["setting"][language], justify="right", style="bold cyan")
    table.add_column(HEADS["band"][language], justify="right")
    for _, words, value, low_high, unit in setting_rows(recommendation, language):
        table.add_row(words, quantity(value, unit), band(low_high, unit, language))
    return table


def setting_rows(
    recommendation: Mapping[str, Any], language: Language
) -> Iterator[tuple[str, str, float, tuple[float, float], str]]:
    """Path, words, value, 80 % band and unit of each setting."""
    bands = dict(leaves(recommendation["band_80"]))
    for path, value in leaves(recommendation["settings"]):
        setting = carfit.SETTINGS[path]
        yield path, _headed(setting.name[language]), value, bands[path], setting.unit


def _headed(words: str) -> str:
    """Words that begin a row."""
    return words[0].upper() + words[1:]


def vehicles_table(catalogue: Mapping[str, Any], language: Language = "en") -> Table:
    """Names of the vehicles, and how high and how far a driver sits in each."""
    table = Table()
    table.add_column(HEADS["vehicle"][language], no_wrap=True)  # to be typed as it stands
    for name in ("English", "한국어"):
        table.add_column(name)
    for name in ("seat_height", "seat_travel"):
        table.add_column(HEADS[name][language], justify="right")
    for id_, vehicle in catalogue["vehicles"].items():
        figures = vehicle["figures"]
        lengths = (figures[name]["value"] for name in ("h30_mm", "seat_travel_mm"))
        names = (vehicle["name"][each] for each in LANGUAGES)
        table.add_row(id_, *names, *(f"{length_mm:.0f} mm" for length_mm in lengths))
    return table


def accommodation_table(facts: Mapping[str, Any], language: Language = "en") -> Table:
    """Share of drivers whose wish each travel holds, and whom longer ends would add."""
    share = f"{facts['accommodated']:.1%}"
    title = {"en": f"{share} find all they wish", "ko": f"{share}가 모두 맞음"}[language]
    table = Table(f"{HEADS['car'][language]} ({car_name(facts['vehicle'], language)}): {title}")
    for name in ("accommodated", "below", "above", "longer"):
        table.add_column(HEADS[name][language], justify="right")
    for path, each in facts["travels"].items():
        words = _headed(carfit.SETTINGS[path].name[language])
        shares = (each[name] for name in ("accommodated", "below", "above"))
        gained = f"{each['gained_by_longer_ends']:+.1%}"
        table.add_row(words, *(f"{value:.1%}" for value in shares), gained)
    return table


def car_name(id_: str, language: Language) -> str:
    """Return a vehicle's name for people; an API may know vehicles that are not known here."""
    known = carfit.vehicles().get(id_)
    return known.name[language] if known else id_.replace("_", " ")


def quantity(value: float, unit: str) -> str:
    """A setting with its unit: mm whole, degrees to 0.1."""
    return f"{value:.1f}°" if unit == "°" else f"{value:.0f} {unit}"


def band(low_high: tuple[float, float], unit: str, language: Language) -> str:
    """An interval with its unit."""
    digits = 0 if unit == "mm" else 1
    low, high = (f"{value:.{digits}f}" for value in low_high)
    between = "~" if language == "ko" else " to "
    return f"{low}{between}{high}{'' if unit in ('', '°') else ' '}{unit}"


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Path (``seat.fore_aft_mm``) and value of each leaf of a tree of settings."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
