"""Rows of a validation's CSV, and what the product answers to the photo of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from chalicelib.body_prior import SEGMENTS
from chalicelib.errors import (
    ERRORS,
    POSE_ADVICE,
    FieldProblem,
    HypermobError,
    InvalidInputError,
    Language,
    PhotoError,
    PoseUnsuitableError,
)
from hypermob import batch
from hypermob.engines import Engine, Found
from hypermob.people import number
from hypermob.people import read_photo as read_file
from hypermob.tables import SUMS
from hypermob_client.errors import NewError

LENGTHS: Final = (*SEGMENTS, *SUMS)
"""The five segments, the arm and the leg: the order of every array of a validation."""

TAPE: Final = {f"{name}_tape_cm": name for name in LENGTHS}
"""Columns of a CSV that hold what a tape said; docs/validation.md says where its ends lie."""
TAPE_RANGE_CM: Final = (5.0, 150.0)

MEASURED, REFUSED = "measured", "refused"
"""Values of ``expected``: the photo must be measured; it must be refused, with any code."""
REFUSALS: Final = tuple(code for code, error in ERRORS.items() if issubclass(error, PhotoError))
POSE: Final = PoseUnsuitableError.code
YES: Final = ("yes", "true", "1")


@dataclass(frozen=True)
class Source:
    """A row of a CSV file, where it is from, and the folder that its paths are relative to."""

    collection: str
    folder: Path
    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Photo:
    """One row and its answer.

    Attributes
    ----------
    collection, person, clothes, place : str
        Two photos of a person agree in "the same" where clothes and place are the same words.
    expected : tuple of str
        Each "measured", "refused" or a code, with its reason where that is meant; empty: not told.
    tape_cm : dict
        By names of `LENGTHS`.
    answer : dict or None
        ``segments``, ``interval_95`` and ``quality``, where the photo was measured.
    error : dict or None
        ``code``, ``message`` and details, where it was not.
    tried : bool
        Whether the photo was looked at: not so where the row is wrong, or the API out of reach.
    picture_jpeg : bytes or None
        The overlay, or the refused photo; reduced.
    """

    collection: str
    person: str
    photo: str
    height_cm: float = 0.0
    height_assumed: bool = False
    sex: str | None = None
    clothes: str = ""
    place: str = ""
    expected: tuple[str, ...] = ()
    tape_cm: Mapping[str, float] = field(default_factory=dict)
    answer: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    tried: bool = True
    picture_jpeg: bytes | None = None

    @property
    def verdict(self) -> str:
        """``measured``, or the code and reason of the refusal."""
        if self.error is None:
            return MEASURED
        return f"{self.error['code']} {self.error.get('reason') or ''}".strip()

    @property
    def right(self) -> bool | None:
        """Whether the answer is one of those expected; None where none is told."""
        if not (self.expected and self.tried):
            return None
        return any(
            self.verdict == each
            or self.verdict.startswith(f"{each} ")
            or (each == REFUSED and self.verdict != MEASURED)
            for each in self.expected
        )

    @property
    def counts(self) -> bool:
        """Whether its lengths are compared: measured, and not where it should be refused."""
        return self.answer is not None and self.right is not False


def sources(paths: Sequence[Path]) -> list[Source]:
    """Rows of CSV files, or of all CSV files in a folder.

    Raises
    ------
    InvalidInputError
        As `hypermob.batch.read`; and when a folder has no CSV file.
    OSError
        When a file cannot be read.
    """
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not found:
            raise InvalidInputError(
                FieldProblem(str(path), "a folder with CSV files", "CSV 파일이 있는 폴더")
            )
        files += found
    return [
        Source(file.stem, file.parent, number, cells)
        for file in files
        for number, cells in enumerate(batch.read(file), 1)
    ]


def measure_rows(
    rows: Sequence[Source],
    engine: Engine,
    workers: int = 1,
    language: Language = "en",
    picture_px: int | None = None,
) -> Iterator[Photo]:
    """Measure the photo of every row, in order; what goes wrong with one is its answer.

    With ``picture_px`` each brings its picture, reduced to that height.
    """
    work: Callable[[Source], Photo] = partial(
        _look, engine=engine, language=language, picture_px=picture_px
    )
    return batch.in_order(work, rows, workers, engine)


def _look(source: Source, engine: Engine, language: Language, picture_px: int | None) -> Photo:
    cells = source.cells
    row: dict[str, Any] = {
        "collection": source.collection,
        "person": cells.get("person") or f"{source.collection} {source.number}",
        "photo": cells.get("photo", ""),
        "clothes": cells.get("clothes", ""),
        "place": cells.get("place", ""),
        "height_assumed": cells.get("height_assumed", "").lower() in YES,
    }
    found: Found | None = None
    error: HypermobError | None = None
    try:
        person = batch.person(cells)
        row |= {"height_cm": person.height_cm, "sex": person.sex}
        row |= {"expected": _expected(cells.get("expected", "")), "tape_cm": _tape_cm(cells)}
        found = engine.measure(person, source.folder)
    except HypermobError as refusal:
        error = refusal
    # An API that is newer than this client may refuse with a code that is not known here.
    tried = error is None or isinstance(error, PhotoError | NewError)
    return Photo(
        **row,
        answer=found.document if found else None,
        error=error.to_dict(language) if error else None,
        tried=tried,
        picture_jpeg=_picture(found, source, picture_px) if picture_px and tried else None,
    )


def _expected(text: str) -> tuple[str, ...]:
    verdicts = tuple(" ".join(each.split()) for each in text.split("|") if each.strip())
    known = {MEASURED, REFUSED, *REFUSALS, *(f"{POSE} {reason}" for reason in POSE_ADVICE)}
    if not known.issuperset(verdicts):
        listed, reasons = ", ".join((MEASURED, REFUSED, *REFUSALS)), ", ".join(POSE_ADVICE)
        raise InvalidInputError(
            FieldProblem(
                "expected",
                f"one of {listed}, or several between |; {POSE} may have a reason: {reasons}",
                f"{listed} 중 하나, 여러 개는 |로 구분; {POSE}에는 이유를 붙일 수 있음: {reasons}",
            )
        )
    return verdicts


def _tape_cm(cells: Mapping[str, str]) -> dict[str, float]:
    """What the tape said, by length; an arm or a leg that has no column is the sum of its parts."""
    found = {}
    low, high = TAPE_RANGE_CM
    for column, name in TAPE.items():
        if text := cells.get(column, ""):
            length_cm = number(text)
            if isinstance(length_cm, str) or not low <= length_cm <= high:
                raise InvalidInputError(
                    FieldProblem(
                        column,
                        f"a length in cm from {low:.0f} to {high:.0f}",
                        f"{low:.0f}~{high:.0f} cm의 길이",
                    )
                )
            found[name] = length_cm
    for name, parts in SUMS.items():
        if name not in found and set(parts) <= found.keys():
            found[name] = sum(found[part] for part in parts)
    return found


def _picture(found: Found | None, source: Source, height_px: int) -> bytes | None:
    """The overlay, or the photo itself where it was refused; none where it cannot be read."""
    import cv2

    from bodyscan.photo import read_photo

    try:
        data = found.overlay_jpeg() if found else None
        if data is None:
            data = read_file(source.folder / source.cells["photo"], "photo")
        pixels = read_photo(data).pixels
    except HypermobError:
        return None
    scale = min(1.0, height_px / pixels.shape[0])
    size = (max(1, round(scale * pixels.shape[1])), max(1, round(scale * pixels.shape[0])))
    small = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])
    return encoded.tobytes()
