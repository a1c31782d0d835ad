"""What a told pitch and a second shot do to the lengths of real people: they must do no harm.

``make real`` runs this on the photos that are to be measured. No phone told a pitch with them, so
one is told that is off by as much as phones are, or as the picture is about the phone (SD 2 and 4
degrees, `bodyscan.lengths`). Two photos of one person in the same clothes and
place are joined. Nobody's lengths are known here: what counts is how far a length moves beside its
interval, and that the interval does not grow.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from bodyscan import camera, lengths, scan
from bodyscan.lengths import SEGMENTS, Lengths
from bodyscan.scan import Look
from chalicelib.errors import HypermobError, PhotoError
from hypermob import batch, validation
from hypermob.people import Person, read_photo
from hypermob.validation.photos import MEASURED
from training.rendered import MODEL

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """A photo from the front: whose, in which clothes and place, and what it shows."""

    person: Person
    group: tuple[str, ...]
    look: Look


@dataclass(frozen=True)
class Effect:
    """What was done to photos of one person: how far lengths moved, and how intervals grew.

    ``moved``: in half-widths of the interval before, (5,); ``grown``: half-widths, after by before;
    None where the photos were refused afterwards.
    """

    moved: Array | None = None
    grown: Array | None = None


def photos(sources: Sequence[Path]) -> Iterator[Seen]:
    """See every photo that is to be measured and can be."""
    rows = [
        row
        for row in validation.sources(list(sources))
        if row.cells.get("expected", MEASURED) == MEASURED
    ]
    for row in tqdm(rows, unit="photo"):
        try:
            person = batch.person(row.cells)
            photo = read_photo(row.folder / person.photo, "photo")
            look = scan.look(photo, "front", MODEL)
        except HypermobError:  # `hypermob validate` has told why
            continue
        own = row.cells.get("person") or f"{row.collection} {row.number}"
        group = (own, row.cells.get("clothes", ""), row.cells.get("place", ""))
        yield Seen(person, group, look)


def shown_pitch_rad(look: Look) -> float:
    """Pitch of the camera as the picture shows it."""
    skeleton, prepared = look.skeleton, look.prepared
    told = prepared.log_focal
    focal = float(np.exp(skeleton.log_focal if told is None else told))
    ray = camera.ray_of(prepared.person_offset, focal)
    down = camera.down(ray, skeleton.elevation_rad, skeleton.roll_rad)
    return float(np.arcsin(-down[2]))


def effect(before: Lengths, looks: Sequence[Look], person: Person) -> Effect:
    """Compare the lengths of photos with those ``before``."""
    try:
        observations = [look.observation for look in looks]
        found = lengths.estimate(observations, person.height_cm, person.sex)
    except HypermobError:
        return Effect()
    half = np.array([before.half_width_95_cm(name) for name in SEGMENTS])
    after = np.array([found.half_width_95_cm(name) for name in SEGMENTS])
    return Effect((found.mean_cm - before.mean_cm) / half, after / half)


def effects(seen: Sequence[Seen]) -> dict[str, list[Effect]]:
    """What each of the ways does, photo by photo or pair by pair."""
    rng = np.random.default_rng(0)
    found: dict[str, list[Effect]] = {"pitch told, 2 deg off": [], "pitch told, 4 deg off": []}
    alone = [_alone(each) for each in seen]
    for each, before in zip(seen, alone, strict=True):
        if before is None:
            continue
        for sd_deg, name in zip((2.0, 4.0), tuple(found), strict=True):
            off_rad = float(np.radians(rng.normal(0, sd_deg)))
            try:
                told = scan.look_at(each.look.prepared, shown_pitch_rad(each.look) + off_rad)
            except PhotoError:
                found[name].append(Effect())
            else:
                found[name].append(effect(before, [told], each.person))
    pairs: list[Effect] = []
    for (one, first), (other, second) in combinations(zip(seen, alone, strict=True), 2):
        same = one.group == other.group and one.person.photo != other.person.photo
        if same and first is not None and second is not None:
            surer = min((first, second), key=lambda each: float(np.trace(each.cov_cm2)))
            pairs.append(effect(surer, [one.look, other.look], one.person))
    return found | {"two photos, same clothes and place": pairs}


def _alone(seen: Seen) -> Lengths | None:
    try:
        return lengths.estimate([seen.look.observation], seen.person.height_cm, seen.person.sex)
    except HypermobError:
        return None


def table(found: dict[str, list[Effect]]) -> Table:
    """The effects, a row each."""
    shown = Table(title="what a phone may bring, on real people: lengths beside one photo's")
    for head in ("", "compared", "refused", "moved, of ±", "most", "± grows to", "most"):
        shown.add_column(head, justify="right" if shown.columns else "left")
    for name, each in found.items():
        moved = np.array([e.moved for e in each if e.moved is not None])
        grown = np.array([e.grown for e in each if e.grown is not None])
        if len(moved):
            shown.add_row(
                name,
                f"{len(moved)}",
                f"{len(each) - len(moved)}",
                f"{np.abs(moved).mean():.2f}",
                f"{np.abs(moved).max():.2f}",
                f"{grown.mean():.2f}",
                f"{grown.max():.2f}",
            )
    return shown


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("people", type=Path, nargs="+", help="CSV files, or folders of them")
    seen = list(photos(parser.parse_args().people))
    Console(width=150 if not sys.stdout.isatty() else None).print(table(effects(seen)))


if __name__ == "__main__":
    main()
