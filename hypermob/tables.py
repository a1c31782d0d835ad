"""Lengths, settings and vehicles as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

LENGTHS = {
    "height": "Height (given)",
    "upper_arm": "Upper arm",
    "forearm": "Forearm",
    "thigh": "Thigh",
    "calf": "Calf",
    "torso": "Torso",
    "arm": "Arm",
    "leg": "Leg",
}
SUMS = {"arm": ("upper_arm", "forearm"), "leg": ("thigh", "calf")}
UNITS = {"mm": "mm", "deg": "°"}
SPELLED = {"fore_aft": "fore-aft", "hud": "HUD", "mirrors": "mirror"}
"""Words of the settings' names that read better in a table than in JSON."""


def lengths_table(measurement: Mapping[str, Any], true_cm: Mapping[str, float]) -> Table:
    """Lengths in cm, each with the interval that holds the true one 95 times in 100."""
    table = Table("Body")
    table.add_column("cm", justify="right", style="bold cyan")
    table.add_column("95 % interval", justify="right")
    if true_cm:
        table.add_column("true", justify="right")
    for name, words, length_cm, low_high in length_rows(measurement):
        row = [words, f"{length_cm:.1f}", band(low_high, "") if low_high else ""]
        if true_cm:
            row.append(f"{true_cm[name]:.1f}" if name in true_cm else "")
        table.add_row(*row)
    return table


def length_rows(
    measurement: Mapping[str, Any],
) -> Iterator[tuple[str, str, float, tuple[float, float] | None]]:
    """Name, words, cm and 95 % interval of each length."""
    segments = measurement["segments"]
    for name, words in LENGTHS.items():
        length_cm = sum(segments[part] for part in SUMS.get(name, (name,)))
        yield name, words, length_cm, measurement["interval_95"].get(name)


def settings_table(recommendation: Mapping[str, Any]) -> Table:
    """Settings with their units, each with the band that suits 80 of 100 such drivers."""
    table = Table(f"Car ({recommendation['vehicle'].replace('_', ' ')})")
    table.add_column("setting", justify="right", style="bold cyan")
    table.add_column("80 % band", justify="right")
    for words, value, low_high, unit in setting_rows(recommendation):
        table.add_row(words, quantity(value, unit), band(low_high, unit))
    return table


def setting_rows(
    recommendation: Mapping[str, Any],
) -> Iterator[tuple[str, float, tuple[float, float], str]]:
    """Words, value, 80 % band and unit of each setting."""
    bands = dict(_leaves(recommendation["band_80"]))
    for path, value in _leaves(recommendation["settings"]):
        *parts, last = path
        name, _, unit = last.rpartition("_")
        words = " ".join(SPELLED.get(part, part) for part in (*parts, name))
        yield words[0].upper() + words[1:].replace("_", " "), value, bands[path], UNITS[unit]


def vehicles_table(catalogue: Mapping[str, Any]) -> Table:
    """Names of the vehicles, and how high and how far a driver sits in each."""
    table = Table("Vehicle", "English", "한국어")
    table.add_column("seat above heel", justify="right")
    table.add_column("seat travel", justify="right")
    for id_, vehicle in catalogue["vehicles"].items():
        figures = vehicle["figures"]
        lengths = (figures[name]["value"] for name in ("h30_mm", "seat_travel_mm"))
        names = (vehicle["name"][language] for language in ("en", "ko"))
        table.add_row(id_, *names, *(f"{length_mm:.0f} mm" for length_mm in lengths))
    return table


def quantity(value: float, unit: str) -> str:
    """A setting with its unit: mm whole, degrees to 0.1."""
    return f"{value:.1f}°" if unit == "°" else f"{value:.0f} {unit}"


def band(low_high: tuple[float, float], unit: str) -> str:
    """An interval with its unit."""
    digits = 0 if unit == "mm" else 1
    low, high = (f"{value:.{digits}f}" for value in low_high)
    return f"{low} to {high}{'' if unit in ('', '°') else ' '}{unit}"


def _leaves(tree: Mapping[str, Any], *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, *path, name)
        else:
            yield (*path, name), value
