"""Lays out public collections of photos of real people as CSV files for ``hypermob validate``.

The photos are private people's: they stay in the checkouts, and nobody's name comes into this
repository. Persons are numbered from the checkout when it is laid out.

    git clone --depth 1 https://github.com/bearpaw/clothing-co-parsing checkouts/street
    python -m benchmarks.models.real_people street checkouts/street out/real
    python -m benchmarks.models.real_people all checkouts out/real   # each in a folder of its name
    make real PEOPLE=out/real

``benchmarks/models/real_people.csv`` says of photos, by the SHA-256 of the file, what eyes found:
whether the product should measure them or why it should refuse them, and the sex where it tells.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import cv2
import numpy as np
import numpy.typing as npt

Row = dict[str, str | float]
"""One photo, in the columns of ``hypermob validate``; ``photo`` and ``side_photo`` are paths."""

COLUMNS: Final = (
    "photo", "height_cm", "height_assumed", "side_photo", "sex", "person", "clothes", "place",
    "expected", "camera_pitch_deg",
)  # fmt: skip

VERDICTS: Final = Path(__file__).with_suffix(".csv")
HASH_DIGITS: Final = 16
"""Digits of a file's SHA-256 in the list of verdicts."""

CM_PER_INCH: Final = 2.54
ASSUMED_CM: Final = {"male": 176.0, "female": 163.0, "": 170.0}
"""Where no height is told: ANSUR II's means. Lengths in shares of the height hold all the same."""
MAN, WOMAN, UNKNOWN = "male", "female", ""

PHOTOS: Final = {".jpg", ".jpeg", ".png", ".webp"}
NOBODY: Final = "NO_PERSON|SEVERAL_PEOPLE"
"""What a drawing, a figure, a collage or a diagram is to be answered."""

DEMOS: Final = (
    ("Demo_SinglePerson", 8, "POSE_UNSUITABLE"),  # he walks, leans and turns
    ("Demo_MultiPerson", 33, "SEVERAL_PEOPLE"),
)
"""Folder, every how many frames are taken, and the verdict on each."""

SAME_SHOT: Final = 4.0
"""Mean difference, of 255, between two copies of one shot at 32x32 pixels; shots differ by more."""
THUMBNAIL_PX: Final = 32


# --- collections --------------------------------------------------------------------------------


def men(checkout: Path) -> Iterator[Row]:
    """15 men in T-shirts before a door: codemaster0407/Human_Body_Measurements.

    Heights are in a sheet, in inches, by names that differ from those of the folders; see `_match`.
    """
    photos = checkout / "Photos"
    rows = _sheet(checkout / "measurements_file_updated.xlsx")
    known = {str(row["Name"]): row for row in rows if row.get("Height")}
    earlier = {str(row["Name"]): row for row in _sheet(checkout / "Measurements_file.xlsx")}
    folders = _files_by_person(photos)
    names = _match(sorted(folders), known, earlier)
    for number, (folder, files) in enumerate(sorted(folders.items()), 1):
        for clothes, path in files:
            inches = float(known[names[folder]]["Height"])
            yield {
                "photo": path,
                "height_cm": round(CM_PER_INCH * inches, 1),
                "sex": MAN,
                "person": f"man-{number:02d}",
                "clothes": clothes,
                "place": clothes,  # who changed his clothes was somewhere else
                "expected": "measured",
            }


def _files_by_person(photos: Path) -> dict[str, list[tuple[str, str]]]:
    """Each man's shots, as (clothes, path); copies of one shot count once."""
    own: dict[str, list[Path]] = defaultdict(list)
    for path in _pictures(photos):
        folder = path.parent.name.lower()
        if folder != "background_remove" and not path.stem.endswith("preview"):
            own[path.stem.lower() if folder == "all_photos" else folder].append(path)
    found = {}
    for person, paths in own.items():
        shots: list[tuple[str, str, Array]] = []
        # The folder's own before the selection of all men.
        for path in sorted(paths, key=lambda path: path.parent.name == "all_photos"):
            small = _thumbnail(path)
            if all(float(np.abs(small - other).mean()) > SAME_SHOT for *_, other in shots):
                # Who stands in the selection in another shot stands in other clothes elsewhere.
                clothes = "b" if shots and path.parent.name == "all_photos" else "a"
                shots.append((clothes, str(path), small))
        found[person] = [(clothes, path) for clothes, path, _ in shots]
    return found


def _match(
    folders: Sequence[str],
    known: dict[str, dict[str, str]],
    earlier: dict[str, dict[str, str]],
) -> dict[str, str]:
    """Which name of the sheet each folder means.

    The same name; else the name in an earlier sheet whose figures are the same; else a part of the
    name; and where one of each is left, those.
    """
    found: dict[str, str] = {}
    left = dict(known)

    def take(folder: str, names: Iterable[str]) -> None:
        candidates = [name for name in names if name in left]
        if folder not in found and len(candidates) == 1:
            found[folder] = candidates[0]
            del left[candidates[0]]

    figures = {name.lower(): list(row.values())[1:11] for name, row in earlier.items()}
    for folder in folders:
        take(folder, [name for name in known if name.lower() == folder])
    for folder in folders:
        same = figures.get(folder)
        take(
            folder,
            [n for n, row in known.items() if same and _agree(list(row.values())[1:11], same)],
        )
    for folder in folders:
        take(folder, [name for name in known if folder in name.lower().split()])
    for folder in folders:
        if folder not in found:
            take(folder, list(left))
    missing = [folder for folder in folders if folder not in found]
    if missing:
        raise LayoutError(f"no row of the sheet for {len(missing)} of {len(folders)} folders")
    return found


def _agree(one: list[str], other: list[str]) -> bool:
    return sum(a == b for a, b in zip(one, other, strict=False)) >= 8


def women(checkout: Path) -> Iterator[Row]:
    """3 women from the front and the side: amitbend/body_measure; heights in cm in a list."""
    images = checkout / "data" / "images"
    lines = (checkout / "data" / "front_side_pair.txt").read_text("utf-8").splitlines()
    pairs = [line.split() for line in lines if line.strip()]
    heads = {front: float(height) for front, _, height in pairs}
    sides = {front: side for front, side, _ in pairs}
    starts = sorted(heads)
    for path in _pictures(images):
        # Photos are in the order in which they were taken: a woman's follow her first one.
        head = [name for name in starts if name[:8] <= path.name[:8]][-1]
        side = "side" in path.name
        row: Row = {
            "photo": str(path),
            "height_cm": heads[head],
            "sex": WOMAN,
            "person": f"woman-{starts.index(head) + 1}",
            "clothes": "a",
            "place": "a",
            "expected": "POSE_UNSUITABLE turned_away" if side else "measured",
        }
        yield row
        if path.name in sides:
            yield row | {"side_photo": str(images / sides[path.name])}
    yield from _nobody(
        [*_pictures(checkout, deep=False), *_pictures(checkout / "data", deep=False)]
    )


def street(checkout: Path) -> Iterator[Row]:
    """2,098 street photos: bearpaw/clothing-co-parsing. No heights, and shoes with heels."""
    for path in _pictures(checkout / "photos"):
        yield {
            "photo": str(path),
            "person": f"street-{path.stem}",
            "clothes": "a",
            "place": "a",
        }


def lab(checkout: Path) -> Iterator[Row]:
    """A few people before a wall: farazBhatti/Human-Body-Measurements-using-Computer-Vision."""
    photos = _pictures(checkout / "sample_data" / "input")
    stems = sorted({path.stem.rstrip("0123456789") for path in photos})
    for path in photos:
        yield {
            "photo": str(path),
            "person": f"lab-{stems.index(path.stem.rstrip('0123456789')) + 1}",
            "clothes": "a",
            "place": "a",
        }


def cameras(checkout: Path, out: Path) -> Iterator[Row]:
    """Walk on a beam before four cameras whose elevation is known: perfanalytics/pose2sim.

    Frames go to ``out``. ``camera_pitch_deg`` is how far the camera looks up: below zero, down.
    """
    for demo, step, expected in DEMOS:
        folder = checkout / "Pose2Sim" / demo
        known = known_cameras(folder / "calibration" / "Calib.qca.txt")
        for video in sorted((folder / "videos").glob("*.mp4")):
            for path in _frames(video, step, out / demo):
                yield {
                    "photo": str(path),
                    "person": "cameras-1",
                    "sex": MAN,
                    "clothes": "a",
                    "place": video.stem,
                    "expected": expected,
                    "camera_pitch_deg": round(known[video.stem].pitch_deg, 1),
                }
    yield from _nobody(_pictures(checkout / "Content"))


@dataclass(frozen=True)
class KnownCamera:
    """A camera that was calibrated.

    Attributes
    ----------
    pitch_deg, roll_deg : float
        How far it looks up; where a plumb line leans in its picture, positive to the right.
    focal : float
        Focal length, in shares of the picture's longer side.
    """

    pitch_deg: float
    roll_deg: float
    focal: float


def known_cameras(calibration: Path) -> dict[str, KnownCamera]:
    """Cameras of a Qualisys calibration (z up) by name."""
    found = {}
    for camera in _xml(calibration.read_bytes()).iter("camera"):
        transform, intrinsic = camera.find("transform"), camera.find("intrinsic")
        if transform is not None and intrinsic is not None:
            right, above, behind = (float(transform.attrib[f"r{row}3"]) for row in (1, 2, 3))
            longer = max(float(intrinsic.attrib[f"sensorMax{axis}"]) for axis in "UV")
            found[camera.attrib["serial"]] = KnownCamera(
                pitch_deg=float(np.degrees(np.arcsin(-behind))),
                roll_deg=float(np.degrees(np.arctan2(-right, above))),
                focal=float(intrinsic.attrib["focalLengthU"]) / longer,
            )
    return found


def _frames(video: Path, step: int, out: Path) -> Iterator[Path]:
    out.mkdir(parents=True, exist_ok=True)
    capture = cv2.VideoCapture(str(video))
    number = 0
    while True:
        read, pixels = capture.read()
        if not read:
            break
        if number % step == 0:
            path = out / f"{video.stem}-{number:03d}.png"
            cv2.imwrite(str(path), pixels)
            yield path
        number += 1
    capture.release()


def cut_out(checkout: Path) -> Iterator[Row]:
    """One man cut out on black, and his mask: shunsukesaito/PIFu."""
    for path in _pictures(checkout / "sample_images"):
        mask = path.stem.endswith("mask")
        yield {
            "photo": str(path),
            "sex": MAN,
            "person": "cut-out-1",
            "clothes": "a",
            "place": "a",
            "expected": NOBODY if mask else "measured",
        }


def poses(checkout: Path) -> Iterator[Row]:
    """Odd poses, long clothes, groups and collages: YuliangXiu/ECON."""
    for path in _pictures(checkout / "examples"):
        several = path.parent.name == "multi"
        yield {
            "photo": str(path),
            "person": f"poses-{_digest(path)[:6]}",
            "clothes": "a",
            "place": "a",
            "expected": "SEVERAL_PEOPLE" if several else "",
        }
    yield from _nobody(_pictures(checkout / "assets"))


def _nobody(paths: Iterable[Path]) -> Iterator[Row]:
    """Drawings, diagrams and collages of a repository's own pages."""
    for path in paths:
        yield {"photo": str(path), "person": f"none-{_digest(path)[:6]}", "expected": NOBODY}


COLLECTIONS: Final[dict[str, tuple[str, Callable[..., Iterator[Row]]]]] = {
    "men": ("codemaster0407/Human_Body_Measurements", men),
    "women": ("amitbend/body_measure", women),
    "street": ("bearpaw/clothing-co-parsing", street),
    "lab": ("farazBhatti/Human-Body-Measurements-using-Computer-Vision", lab),
    "cameras": ("perfanalytics/pose2sim", cameras),
    "cut_out": ("shunsukesaito/PIFu", cut_out),
    "poses": ("YuliangXiu/ECON", poses),
}
"""By name: the repository, and what lays its checkout out."""


# --- files --------------------------------------------------------------------------------------

Array = npt.NDArray[np.float64]


class LayoutError(Exception):
    """A checkout is not what is expected of that collection."""


def _pictures(folder: Path, deep: bool = True) -> list[Path]:
    if not folder.is_dir():
        raise LayoutError(f"expected a folder {folder}")
    paths = folder.rglob("*") if deep else folder.glob("*")
    return sorted(path for path in paths if path.suffix.lower() in PHOTOS)


def _thumbnail(path: Path) -> Array:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise LayoutError(f"expected a picture: {path}")
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float64)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _xml(data: bytes) -> ElementTree.Element:
    # Expat bounds what entities grow to since 2.4.1, and resolves none from outside.
    return ElementTree.fromstring(data)  # noqa: S314  # nosec B314


def _sheet(path: Path) -> list[dict[str, str]]:
    """Rows of the first sheet of an .xlsx file, by the names in its first row."""
    if not path.is_file():
        raise LayoutError(f"expected a file {path}")
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as file:
        strings = [
            "".join(text.text or "" for text in item.iter(f"{space}t"))
            for item in _xml(file.read("xl/sharedStrings.xml"))
        ]
        tree = _xml(file.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in tree.iter(f"{space}row"):
        cells = {}
        for cell in row:
            value = cell.find(f"{space}v")
            if value is not None and value.text:
                column = cell.attrib["r"].rstrip("0123456789")
                shared = cell.attrib.get("t") == "s"
                cells[column] = strings[int(value.text)] if shared else value.text
        rows.append(cells)
    head = rows[0]
    return [
        {head[column]: text for column, text in row.items() if column in head} for row in rows[1:]
    ]


# --- verdicts -----------------------------------------------------------------------------------


def verdicts(path: Path = VERDICTS) -> dict[str, dict[str, str]]:
    """What eyes found, by the first digits of the SHA-256 of the file."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["sha256"]: row for row in csv.DictReader(file)}


def judged(row: Row, known: dict[str, dict[str, str]]) -> Row:
    """A row with what eyes found of its photo, and with a height: an assumed one where none is."""
    verdict = known.get(_digest(Path(str(row["photo"])))[:HASH_DIGITS], {})
    told: Row = {name: text for name in ("sex", "expected") if (text := verdict.get(name, ""))}
    row = row | told
    sex = str(row.get("sex", ""))
    if "height_cm" not in row:
        row |= {"height_cm": ASSUMED_CM[sex], "height_assumed": "yes"}
    return row


def lay_out(name: str, checkout: Path, out: Path) -> Path:
    """Write ``out/NAME.csv`` for the checkout of a collection; return its path.

    Raises
    ------
    LayoutError
        The checkout is not that of this collection.
    """
    out = out.resolve()  # what the file names must not depend on where it is read from
    out.mkdir(parents=True, exist_ok=True)
    layout = COLLECTIONS[name][1]
    rows = (
        layout(checkout.resolve(), out / name) if name == "cameras" else layout(checkout.resolve())
    )
    known = verdicts()
    path = out / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(judged(row, known) for row in rows)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay out one collection or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.models.real_people",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=("all", *COLLECTIONS))
    parser.add_argument("checkout", type=Path, help="of the repository; with all, of all of them")
    parser.add_argument("out", type=Path, help="folder for the CSV files, outside the repository")
    options = parser.parse_args(arguments)
    for name in COLLECTIONS if options.name == "all" else (options.name,):
        checkout = options.checkout
        if options.name == "all":
            repository = COLLECTIONS[name][0]
            places = (name, repository.replace("/", "+"), repository.split("/")[1])
            found = [checkout / place for place in places if (checkout / place).is_dir()]
            if not found:
                print(f"{name}: no checkout of {repository} here", file=sys.stderr)
                continue
            checkout = found[0]
        try:
            print(lay_out(name, checkout, options.out))
        except LayoutError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
