"""How right the centimetres are, on rendered people that nothing here was trained or tuned on.

``make accuracy`` renders them (other seeds, colours, cloth patterns and indoor walls than any that
train) and runs this. It prints, for bodies as they are ("real") and for bodies two to three times
as varied ("wide"): errors by view beside other ways of measuring the same photos, what each part
brings, how far two photos of one person agree, and which photos are refused. And, of people in
loose clothes and of people drawn by another renderer, how much of it is left.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bodyscan import lengths, pose, scan
from bodyscan.crop import Crop
from bodyscan.lengths import SEGMENTS, Lengths, Observation
from chalicelib import body_prior
from chalicelib.errors import HypermobError, PhotoRefusedError
from chalicelib.pages import WEB
from tools import document
from training import rendered
from training.rendered import Truth

SETS = ("real", "wide")
CAMERAS = ("low", "high")
"""Phones that stand near the floor, or are held overhead: bodies like those of the real set."""
LOOKS = {"dressed": "in loose clothes", "painted": "by another renderer"}
"""People who look in another way: one photo each, bodies like those of the real set."""
REFUSE = "refuse"
TOLD = ("told",)
BROUGHT = {
    "one photo": TOLD,
    "its pitch told": ("pitch",),
    "two shots": ("told", "shot"),
    "two shots, pitch told": ("pitch", "shot, pitch"),
}
"""What a phone may bring: which observations of a photo are then measured together."""

NOSE_TO_ANKLE = 0.888
"""Share of stature: Winter's eyes at .936 and ankle at .039, the nose about 1 cm below the eyes."""
UNKNOWN_HEIGHT_CM = 170.0
"""Height that is told of an empty room."""
WORSE_CM = 1.0
"""A length this much worse than by height alone is counted."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """One photo: what is true, what each method needs to know of it, or why it was refused.

    Attributes
    ----------
    observations : dict
        By what was told: "told" is what the photo itself tells, "focal" and "no focal" always and
        never the focal length, "pitch" also the phone's pitch, "no silhouette" a network that is
        not shown the person's outline; "shot" is a second shot a moment later, "shot, pitch" one
        that tells the phone's pitch.
    pixel_lengths, world_lengths : ndarray, shape (5,)
        From MediaPipe's landmarks: pixels, metres.
    landmarks : ndarray, shape (33, 2)
        In heights of the silhouette.
    """

    truth: Truth
    refusal: str | None = None
    observations: dict[str, Observation] | None = None
    pixel_lengths: Array | None = None
    world_lengths: Array | None = None
    landmarks: Array | None = None
    nose_to_ankle_px: float = 0.0
    silhouette_px: float = 0.0

    @property
    def height_cm(self) -> float:
        """The person's true height."""
        return float(self.truth["height_cm"])

    @property
    def true_cm(self) -> Array:
        """True lengths, shape (5,)."""
        return np.array([self.truth["lengths_cm"][name]["mean"] for name in SEGMENTS])


def observe(folder: Path, truth: Truth) -> Seen:
    """Look at one photo in every way that is compared."""
    try:
        prepared = rendered.prepare(folder, truth)
        told = scan.look_at(prepared).observation
        lengths.estimate([told], float(truth.get("height_cm", UNKNOWN_HEIGHT_CM)))
    except HypermobError as error:
        return Seen(truth, rendered.refusal(error))
    if "camera" not in truth:  # a collage, of several
        return Seen(truth, observations={"told": told})
    bare = replace(
        prepared,
        crop=_without_outline(prepared.crop),
        fine_crop=_without_outline(prepared.fine_crop),
    )
    log_focal, pitch_rad = rendered.true_log_focal(truth, prepared), rendered.told_pitch_rad(truth)
    ways = {
        "focal": (prepared, log_focal),
        "no focal": (prepared, None),
        "no silhouette": (bare, prepared.log_focal),
    }
    observations = {"told": told}
    for name, (seen, focal) in ways.items():
        with suppress(PhotoRefusedError):  # seen in this way, it would be refused
            observations[name] = seen.observe(seen.skeleton(focal), focal)
    if truth["kind"] in ("front", *CAMERAS):
        shot = rendered.shaken((folder / truth["file"]).read_bytes(), truth["seed"])
        with suppress(PhotoRefusedError):
            second = scan.prepare(shot, "front", model=rendered.MODEL)
            observations["shot"] = scan.look_at(second).observation
            observations["shot, pitch"] = scan.look_at(second, pitch_rad).observation
    with suppress(PhotoRefusedError):
        observations["pitch"] = scan.look_at(prepared, pitch_rad).observation
    person = prepared.person
    px, world = person.landmarks_px, person.world_m
    ankles = px[[pose.LEFT_ANKLE, pose.RIGHT_ANKLE]].mean(axis=0)
    return Seen(
        truth=truth,
        observations=observations,
        pixel_lengths=_between(px),
        world_lengths=_between(world),
        landmarks=(px - prepared.crop.centre_px) / prepared.outline.height_px,
        nose_to_ankle_px=float(np.linalg.norm(px[pose.NOSE] - ankles)),
        silhouette_px=prepared.outline.height_px,
    )


def _without_outline(crop: Crop) -> Crop:
    """The same crop, on which nobody is marked as the person."""
    pixels = crop.pixels.copy()
    pixels[..., 3] = 0
    return replace(crop, pixels=pixels)


def _between(points: Array) -> Array:
    """Five lengths between MediaPipe's landmarks, left and right averaged."""
    joints = points[list(scan.JOINT_LANDMARKS)]
    limbs = [
        np.mean([np.linalg.norm(joints[a] - joints[b]) for a, b in lengths.LIMB_POINTS[name]])
        for name in lengths.LIMBS
    ]
    shoulders, hips = (
        joints[list(ends)].mean(axis=0) for ends in (lengths.SHOULDERS, lengths.HIPS)
    )
    return np.array([*limbs, np.linalg.norm(shoulders - hips)])


# --- errors -------------------------------------------------------------------------------------


def errors(estimates: Array, true: Array, heights: Array) -> dict[str, Any]:
    """Errors of lengths, (n, 5) in cm: mean absolute, 95th percentile, bias, arm and leg.

    ``offset_removed_cm`` is the mean absolute error once each length's own bias is taken off.
    """
    off = estimates - true
    arm, leg = off[:, :2].sum(axis=1), off[:, 2:4].sum(axis=1)
    alone = np.array([body_prior.conditional(height).mean_cm for height in heights]) - true
    return {
        "mae_cm": float(np.abs(off).mean()),
        "offset_removed_cm": float(np.abs(off - off.mean(axis=0)).mean()),
        "by_segment_cm": dict(zip(SEGMENTS, np.abs(off).mean(axis=0).tolist(), strict=True)),
        "bias_cm": dict(zip(SEGMENTS, off.mean(axis=0).tolist(), strict=True)),
        "p95_cm": float(np.quantile(np.abs(off), 0.95)),
        "arm_cm": float(np.abs(arm).mean()),
        "leg_cm": float(np.abs(leg).mean()),
        "much_worse_than_height": float((np.abs(off) > np.abs(alone) + WORSE_CM).mean()),
    }


Group = Sequence[Seen]
"""Photos of one person, measured together."""


def measure_groups(groups: Sequence[Group], *told: str) -> tuple[list[Group], list[Lengths]]:
    """Lengths of persons, each seen in one photo or more; those refused together are left out."""
    kept, found = [], []
    for group in groups:
        observations = _observations(group, told)
        if len(observations) < len(group) * len(told or TOLD):
            continue
        try:
            found.append(lengths.estimate(observations, group[0].height_cm))
            kept.append(group)
        except HypermobError:
            continue
    return kept, found


def _observations(group: Group, told: Sequence[str]) -> list[Observation]:
    return [
        p.observations[way]
        for p in group
        for way in told or TOLD
        if p.observations and way in p.observations
    ]


def hypermob(groups: Sequence[Group], *told: str) -> dict[str, Any]:
    """Errors of the measurement, and how often its 95 % interval holds the truth.

    ``told`` names the observations of each photo that are joined: see `Seen`.
    """
    kept, found = measure_groups(groups, *told)
    means = np.array([each.mean_cm for each in found])
    sd = np.array([np.sqrt(np.diag(each.cov_cm2)) for each in found])
    true = np.array([group[0].true_cm for group in kept])
    heights = np.array([group[0].height_cm for group in kept])
    inside = np.abs(means - true) <= lengths.NORMAL_95 * sd
    return {
        **errors(means, true, heights),
        "measured": len(kept),
        "refused": len(groups) - len(kept),
        "coverage": float(inside.mean()),
        "coverage_by_segment": dict(zip(SEGMENTS, inside.mean(axis=0).tolist(), strict=True)),
        "half_width_cm": float(lengths.NORMAL_95 * sd.mean()),
        "networks_believed": float(
            np.mean([lengths.familiarity(_observations(group, told)) for group in kept])
        ),
    }


def peers(photos: Sequence[Seen]) -> dict[str, Any]:
    """Errors of other ways of measuring the same photos."""
    true = np.array([p.true_cm for p in photos])
    heights = np.array([p.height_cm for p in photos])
    pixels = np.array([p.pixel_lengths for p in photos])
    world = 100 * np.array([p.world_lengths for p in photos])
    silhouette = pixels * (heights / [p.silhouette_px for p in photos])[:, None]
    nose = pixels * (NOSE_TO_ANKLE * heights / [p.nose_to_ankle_px for p in photos])[:, None]
    features = np.column_stack(
        [
            [np.asarray(p.landmarks).ravel() for p in photos],
            silhouette / heights[:, None],
            world / heights[:, None],
        ]
    )
    # Learned on these very photos, other people's each time: the kindest case for a ridge.
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11)))
    people = np.array([p.truth["seed"] for p in photos])
    folds = GroupKFold(min(10, len(set(people.tolist()))))
    ratios = cross_val_predict(ridge, features, true / heights[:, None], groups=people, cv=folds)
    estimates = {
        "height alone": np.array([body_prior.conditional(h).mean_cm for h in heights]),
        "pixels, nose to ankle": nose,
        "pixels, silhouette": silhouette,
        "the same, a factor a segment": silhouette * (true.mean(axis=0) / silhouette.mean(axis=0)),
        "MediaPipe world landmarks": world,
        "ridge, learned on these photos": ratios * heights[:, None],
    }
    return {name: errors(found, true, heights) for name, found in estimates.items()}


def without_prior(photos: Sequence[Seen]) -> dict[str, Any]:
    """Errors of the networks' word alone: generalised least squares, no prior."""
    found = []
    for photo in photos:
        assert photo.observations is not None  # noqa: S101
        seen = photo.observations["told"]
        known = lengths.calibration(seen.kind)
        line, networks = known.networks, lengths.networks_seen(seen, known.gaps, known.sides)
        error_cov = networks.doubt[:, None] * line.error_cov * networks.doubt
        weighted = np.linalg.solve(error_cov, line.slope).T
        percent = np.linalg.solve(
            weighted @ line.slope, weighted @ (networks.lengths - line.offset)
        )
        found.append(percent * photo.height_cm / 100)
    return errors(
        np.array(found),
        np.array([p.true_cm for p in photos]),
        np.array([p.height_cm for p in photos]),
    )


def agreement(groups: Sequence[Group]) -> dict[str, Any]:
    """How far the lengths of one person differ between two photos."""
    pairs = [measure_groups([[photo] for photo in group])[1] for group in groups]
    apart = np.array([np.abs(one.mean_cm - other.mean_cm) for one, other in pairs])
    return {
        "people": len(apart),
        "mean_cm": float(apart.mean()),
        "p95_cm": float(np.quantile(apart, 0.95)),
        "within_1_5_cm": float((apart <= 1.5).mean()),
    }


def one_set(photos: Sequence[Seen]) -> dict[str, Any]:
    """All figures of one set of people."""
    kept = [photo for photo in photos if photo.refusal is None]
    of_person: dict[int, dict[str, Seen]] = {}
    for photo in kept:
        of_person.setdefault(photo.truth["seed"], {})[photo.truth["kind"]] = photo
    fronts = [photo for photo in kept if photo.truth["kind"] != "side"]
    alone = [[photo] for photo in fronts]
    pairs = {
        "front + side": ("front", "side"),
        "two fronts": ("front", "again"),
        "two fronts + side": ("front", "again", "side"),
    }
    groups = {
        name: [[p[k] for k in kinds] for p in of_person.values() if set(kinds) <= set(p)]
        for name, kinds in pairs.items()
    }
    taken = [photo for photo in photos if photo.truth["kind"] != "side"]
    ablation = {
        "everything the photo tells": hypermob(alone),
        "focal length never known": hypermob(alone, "no focal"),
        "focal length always known": hypermob(alone, "focal"),
        "and the phone's pitch": hypermob(alone, "pitch"),
        "network not shown the silhouette": hypermob(alone, "no silhouette"),
        "no prior": without_prior(fronts),
        "height alone": peers(fronts)["height alone"],
        **{name: hypermob(group) for name, group in groups.items()},
    }
    return {
        "people": len(of_person),
        "photos": len(fronts),
        "refused": Counter(photo.refusal for photo in taken if photo.refusal),
        "refused_share": sum(p.refusal is not None for p in taken) / len(taken),
        "brought": brought([p for p in fronts if p.truth["kind"] == "front"]),
        "views": {"front": hypermob(alone)}
        | {name: hypermob(group) for name, group in groups.items()},
        "peers": peers(fronts),
        "ablation": ablation,
        "agreement": agreement(groups["two fronts"]),
    }


def cameras(photos: Sequence[Seen]) -> dict[str, Any]:
    """Errors of people seen by phones at unusual heights, one photo each."""
    alone = [[photo] for photo in photos if photo.refusal is None]
    kept = [photo for group in alone for photo in group]
    return {"photos": len(photos), **hypermob(alone), "brought": brought(kept)}


def brought(photos: Sequence[Seen]) -> dict[str, Any]:
    """Errors with what a phone may bring, on the photos that can be measured in each way."""
    ways = {way for told in BROUGHT.values() for way in told}
    groups = [[p] for p in photos if p.observations and ways <= set(p.observations)]
    return {name: hypermob(groups, *told) for name, told in BROUGHT.items()}


def looks(photos: Sequence[Seen]) -> dict[str, Any]:
    """Errors of people who look in another way, beside height alone on the same photos."""
    kept = [photo for photo in photos if photo.refusal is None]
    return {
        "photos": len(photos),
        "photo": hypermob([[photo] for photo in kept]),
        "height alone": peers(kept)["height alone"],
    }


def refusals(photos: Sequence[Seen]) -> dict[str, Any]:
    """What photos that must be refused are answered, by what they show."""
    kinds: dict[str, Counter[str]] = {}
    for photo in photos:
        kinds.setdefault(photo.truth["kind"], Counter())[photo.refusal or "measured"] += 1
    right = [(p.refusal or "").split(" ")[0] in _right_codes(p.truth) for p in photos]
    return {
        "photos": len(photos),
        "refused_share": sum(p.refusal is not None for p in photos) / len(photos),
        "right_code_share": sum(right) / len(photos),
        "by_kind": kinds,
    }


def _right_codes(truth: Truth) -> list[str]:
    """Codes that a photo may be refused with; of some kinds more than one says it."""
    return truth.get("expected_errors") or [truth["expected_error"]]


def points(photos: Sequence[Seen]) -> list[dict[str, Any]]:
    """What the plots show: a row for every front photo."""
    fronts = [p for p in photos if p.refusal is None and p.truth["kind"] != "side"]
    _, found = measure_groups([[photo] for photo in fronts])
    return [
        {
            "true_cm": photo.true_cm.tolist(),
            "measured_cm": each.mean_cm.tolist(),
            "height_alone_cm": body_prior.conditional(photo.height_cm).mean_cm.tolist(),
            "pixels_cm": (
                np.asarray(photo.pixel_lengths) * photo.height_cm / photo.silhouette_px
            ).tolist(),
            "pitch_deg": photo.truth["camera"]["pitch_deg"],
        }
        for photo, each in zip(fronts, found, strict=True)
    ]


# --- printing -----------------------------------------------------------------------------------


def show(figures: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    for name in SETS:
        of_set = figures["sets"][name]
        title = f"{name} set: {of_set['people']} people, {of_set['photos']} front photos; cm"
        table = Table(title=title)
        for heading in ("mean absolute error", *SEGMENTS, "mean", "P95", "arm", "leg"):
            table.add_column(
                heading.replace("_", " "), justify="right" if table.columns else "left"
            )
        for heading in ("in 95 %", "±", "> 1 cm worse"):
            table.add_column(heading, justify="right")
        for label, row in of_set["views"].items():
            _row(table, f"photo: {label}", row)
        table.add_section()
        for label, row in of_set["peers"].items():
            _row(table, label, row)
        console.print(table)
        bias = of_set["views"]["front"]["bias_cm"]
        console.print("bias, front:", ", ".join(f"{s} {b:+.2f}" for s, b in bias.items()))
        agree = of_set["agreement"]
        console.print(
            f"two photos of one person ({agree['people']} people): {agree['mean_cm']:.2f} cm apart,"
            f" P95 {agree['p95_cm']:.2f}; {agree['within_1_5_cm']:.1%} within 1.5 cm"
        )
        console.print(
            f"good photos refused: {of_set['refused_share']:.1%} {dict(of_set['refused'])}"
        )
    table = Table("what each part brings: mean absolute error, front, cm", *SETS)
    for label in figures["sets"]["real"]["ablation"]:
        maes = (figures["sets"][name]["ablation"][label]["mae_cm"] for name in SETS)
        table.add_row(label, *(f"{mae:.2f}" for mae in maes))
    console.print(table)
    table = Table("phone, mean error (bias), cm", "photos", *SEGMENTS, "mean", "in 95 %")
    for row in _camera_rows(figures):
        table.add_row(*row)
    console.print(table)
    table = Table("look, mean error (bias), cm", "photos", *SEGMENTS, "mean", "offset removed")
    for row in _look_rows(figures):
        table.add_row(*row)
    console.print(table)
    table = Table(*BROUGHT_HEADS)
    for row in _brought_rows(figures):
        table.add_row(*row)
    console.print(table)
    refused = figures["refusals"]
    table = Table("photos to refuse", "answers")
    for kind, codes in refused["by_kind"].items():
        table.add_row(kind, ", ".join(f"{count} {code}" for code, count in codes.items()))
    console.print(table)
    console.print(
        f"{refused['photos']} photos to refuse: {refused['refused_share']:.0%} refused,"
        f" {refused['right_code_share']:.0%} with the code that was meant"
    )


def _row(table: Table, label: str, row: dict[str, Any]) -> None:
    table.add_row(label, *_cells(row))


def _camera_rows(figures: dict[str, Any]) -> list[list[str]]:
    return [
        [
            f"held {name}",
            f"{row['measured']} of {row['photos']}",
            *(f"{row['by_segment_cm'][s]:.1f} ({row['bias_cm'][s]:+.1f})" for s in SEGMENTS),
            f"{row['mae_cm']:.2f}",
            f"{row['coverage']:.0%}",
        ]
        for name, row in figures["cameras"].items()
    ]


def _look_rows(figures: dict[str, Any]) -> list[list[str]]:
    rows = []
    for name, found in figures["looks"].items():
        for way in ("photo", "height alone"):
            row = found[way]
            rows.append(
                [
                    f"{LOOKS[name]}: {way}",
                    f"{found['photo']['measured']} of {found['photos']}",
                    *(
                        f"{row['by_segment_cm'][s]:.1f} ({row['bias_cm'][s]:+.1f})"
                        for s in SEGMENTS
                    ),
                    f"{row['mae_cm']:.2f}",
                    f"{row['offset_removed_cm']:.2f}",
                ]
            )
    return rows


BROUGHT_HEADS = ("", *SEGMENTS, "mean", "in 95 %", "±")


def _brought_rows(figures: dict[str, Any]) -> list[list[str]]:
    sets = {
        f"{name}, {of['brought']['one photo']['measured']} photos": of["brought"]
        for name, of in (figures["sets"] | figures["cameras"]).items()
    }
    return [
        [
            f"{name}: {way}",
            *(f"{row['by_segment_cm'][s]:.2f}" for s in SEGMENTS),
            f"{row['mae_cm']:.2f}",
            f"{row['coverage']:.1%}",
            f"{row['half_width_cm']:.1f}",
        ]
        for name, ways in sets.items()
        for way, row in ways.items()
    ]


def _cells(row: dict[str, Any]) -> list[str]:
    numbers = [*row["by_segment_cm"].values(), row["mae_cm"], row["p95_cm"]]
    told = "coverage" in row
    return [
        *(f"{number:.2f}" for number in (*numbers, row["arm_cm"], row["leg_cm"])),
        f"{row['coverage']:.1%}" if told else "",
        f"{row['half_width_cm']:.1f}" if told else "",
        f"{row['much_worse_than_height']:.1%}",
    ]


def page(figures: dict[str, Any]) -> dict[str, str]:
    """Sections of docs/accuracy.md, in Markdown."""
    sections = []
    for name in SETS:
        of_set = figures["sets"][name]
        heads = (
            f"**{name}**, {of_set['people']} people, {of_set['photos']} front photos",
            *(segment.replace("_", " ") for segment in SEGMENTS),
            *("mean", "P95", "arm", "leg", "in 95 %", "±", "> 1 cm worse"),
        )
        rows = [[f"photo: {label}", *_cells(row)] for label, row in of_set["views"].items()] + [
            [label, *_cells(row)] for label, row in of_set["peers"].items()
        ]
        bias = ", ".join(
            f"{segment.replace('_', ' ')} {off:+.2f}"
            for segment, off in of_set["views"]["front"]["bias_cm"].items()
        )
        believed = of_set["views"]["front"]["networks_believed"]
        sections.append(
            f"{document.table(heads, rows)}\n\nMean error (bias), front, cm: {bias}. The networks'"
            f" share of what is believed: {believed:.0%}."
        )
    real, wide = (figures["sets"][name] for name in SETS)
    ablation = [
        [label, f"{real['ablation'][label]['mae_cm']:.2f}", f"{row['mae_cm']:.2f}"]
        for label, row in wide["ablation"].items()
    ]
    agree = [
        [
            name,
            *(f"{figures['sets'][name]['agreement'][key]:.2f}" for key in ("mean_cm", "p95_cm")),
            f"{figures['sets'][name]['agreement']['within_1_5_cm']:.1%}",
        ]
        for name in SETS
    ]
    refused = figures["refusals"]
    kinds = [
        [kind.replace("_", " "), ", ".join(f"{count} `{code}`" for code, count in codes.items())]
        for kind, codes in refused["by_kind"].items()
    ]
    good = " and ".join(f"{figures['sets'][n]['refused_share']:.1%} ({n})" for n in SETS)
    heads = ("phone", "measured", *(s.replace("_", " ") for s in SEGMENTS), "mean", "in 95 %")
    return {
        "table": "\n\n".join(sections),
        "cameras": document.table(heads, _camera_rows(figures)),
        "looks": document.table(("people", *heads[1:-1], "offset removed"), _look_rows(figures)),
        "brought": document.table(
            ("mean absolute error, cm", *(head.replace("_", " ") for head in BROUGHT_HEADS[1:])),
            _brought_rows(figures),
        ),
        "ablation": document.table(("mean absolute error, front, cm", *SETS), ablation),
        "agreement": document.table(("set", "mean, cm", "P95, cm", "within 1.5 cm"), agree),
        "refusals": f"{document.table(('photo of', 'answers'), kinds)}\n\n"
        f"Of {refused['photos']} photos to refuse, {refused['refused_share']:.0%} are refused,"
        f" {refused['right_code_share']:.0%} with the code that was meant. Of good photos from the"
        f" front, {good} are refused.",
    }


BRINGS = WEB / "brings.js"
"""Where the web page has from what a further photo brings."""


def write_brings(path: Path, figures: dict[str, Any]) -> None:
    """Put the intervals' half widths into the web page."""
    views = figures["sets"]["real"]["views"]
    of_role = {"front": "front", "side": "front + side", "second": "two fronts"}
    told = ", ".join(
        f"{role}: {views[view]['half_width_cm']:.1f}" for role, view in of_role.items()
    )
    lines = [
        f"const HALF_95_CM = {{ {told} }};" if line.startswith("const HALF_95_CM") else line
        for line in path.read_text("utf-8").splitlines()
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def write_page(path: Path, figures: dict[str, Any]) -> None:
    """Put the figures between the page's markers."""
    for name, section in page(figures).items():
        document.write(name, section, path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="with a folder for each set")
    parser.add_argument("--json", action="store_true", help="one JSON document, no tables")
    parser.add_argument("--points", type=Path, help="also write what the plots show")
    parser.add_argument("--page", type=Path, help="also put the figures into this page")
    parser.add_argument("-j", type=int, default=2, dest="processes", help="processes")
    arguments = parser.parse_args()
    seen = {
        name: rendered.every(arguments.folder / name, observe, arguments.processes)
        for name in (*SETS, *CAMERAS, *LOOKS, REFUSE)
    }
    figures = {
        "calibration": lengths.calibration_version(),
        "sets": {name: one_set(seen[name]) for name in SETS},
        "cameras": {name: cameras(seen[name]) for name in CAMERAS},
        "looks": {name: looks(seen[name]) for name in LOOKS},
        "refusals": refusals(seen[REFUSE]),
    }
    if arguments.points:
        rows = {name: points(seen[name]) for name in SETS}
        arguments.points.write_text(json.dumps(rows))
    if arguments.page:
        write_page(arguments.page, figures)
        write_brings(BRINGS, figures)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        show(figures, Console(width=150 if not sys.stdout.isatty() else None))


if __name__ == "__main__":
    main()
