"""Each refusal of a photo in docs/api.md, drawn on its photo by the page."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chalicelib.answers import Mark
from chalicelib.errors import (
    ERRORS,
    POSE_ADVICE,
    ImageTooLargeError,
    PhotoRefusedError,
    PoseUnsuitableError,
)
from local.config import REPOSITORY
from local.stack import LocalStack
from tests.e2e.client import PEOPLE, SAMPLE
from tests.e2e.page import DESKTOP, EMPTY, HANGUL, MEASURED_MS, PHONE, Open, fill, keep, serious

HEIGHT_CM = "170"
PERSON = Mark(part="person", box=(0.22, 0.07, 0.77, 0.95))
"""The sample person."""
type Make = Callable[[Path], Path]


def resized(share: float) -> Make:
    """The sample, of fewer pixels."""

    def make(folder: Path) -> Path:
        photo, path = cv2.imread(str(SAMPLE)), folder / "small.jpg"
        cv2.imwrite(str(path), cv2.resize(photo, None, fx=share, fy=share))
        return path

    return make


def leaning(folder: Path) -> Path:
    """The sample, as a phone takes it that lies on its side by a third of the way."""
    photo, path = cv2.imread(str(SAMPLE)), folder / "leaning.jpg"
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 30, 0.85)
    turned = cv2.warpAffine(photo, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    cv2.imwrite(str(path), turned)
    return path


def broken(folder: Path) -> Path:
    """Half of the sample's file."""
    path = folder / "half.jpg"
    path.write_bytes(SAMPLE.read_bytes()[: SAMPLE.stat().st_size // 2])
    return path


@dataclass(frozen=True)
class Refused:
    """A photo that the engine refuses, and the parts that the page marks on it.

    ``error`` is given where no photo is surely refused so: it answers in the engine's place.
    """

    code: str
    parts: tuple[str, ...]
    photo: Path | Make = SAMPLE
    reason: str | None = None
    side: bool = False
    error: Any = None

    @property
    def name(self) -> str:
        return "-".join([self.reason or self.code.lower(), *([] if self.parts else ["unmarked"])])


def pose(
    reason: str, photo: str | Make, *parts: str, side: bool = False, error: Any = None
) -> Refused:
    made = PEOPLE / photo if isinstance(photo, str) else photo
    return Refused("POSE_UNSUITABLE", parts, made, reason, side, error)


ARMS, LEGS, ACROSS = ("left_arm", "right_arm"), ("left_leg", "right_leg"), ("shoulders", "hips")
CASES = (
    Refused("BODY_CUT_OFF", ("edge",), PEOPLE / "cut_feet-4.jpg"),
    Refused("SEVERAL_PEOPLE", ("person", "other_person"), PEOPLE / "two_people-5.jpg"),
    Refused("PERSON_TOO_SMALL", ("person",), resized(0.12)),
    Refused("PERSON_TOO_SMALL", (), PEOPLE / "far-9.jpg"),
    Refused("NO_PERSON", (), EMPTY),
    Refused("NO_PERSON", ("person",), PEOPLE / "figure-22.jpg"),
    Refused("UNSUPPORTED_IMAGE", (), broken),
    Refused(
        "IMAGE_TOO_LARGE", (), error=ImageTooLargeError(max_megabytes=20, max_megapixels=50)
    ),
    pose("arms_bent", "hands_hidden-18.jpg", *ARMS),
    pose("arms_raised", "arms_raised-61.jpg", ARMS[0]),
    pose("legs_bent", "wide_squat-14.jpg", LEGS[0]),
    pose("legs_apart", "legs_apart-62.jpg", LEGS[0]),
    pose("legs_crossed", "legs_crossed-16.jpg", *LEGS),
    pose("legs_hidden", "gown-19.jpg", *LEGS),
    pose("turned_away", "turned-33.jpg", *ACROSS),
    pose("from_behind", "behind-12.jpg", *ACROSS),
    pose("not_from_the_side", "front-1.jpg", *ACROSS, side=True),
    pose("leaning", leaning, "trunk"),
    *(
        pose(reason, lambda _: SAMPLE, "person", error=PoseUnsuitableError(
            reason=reason, where=[{"part": PERSON.part, "box": PERSON.box}]
        ))
        for reason in ("unclear", "impossible_body")
    ),
)  # fmt: skip
"""At least one for each row of the table, and for each error of a photo that has no place in it."""


def table() -> dict[str, set[str]]:
    """By code or reason of docs/api.md's table of refusals: the parts that may be marked."""
    text = (REPOSITORY / "docs" / "api.md").read_text("utf-8")
    [rows] = re.findall(r"\| refusal \| marks \|\n\| --- \| --- \|\n((?:\|.*\n)+)", text)
    found = {}
    for row in rows.splitlines():
        refusals, marked = row.strip("| ").split(" | ")
        for name in set(re.findall(r"`(\w+)`", refusals)) - {"POSE_UNSUITABLE"}:
            found[name] = set(re.findall(r"`(\w+)`", marked))
    return found


def test_every_refusal_of_a_photo_is_in_the_documents_list_and_is_drawn_here() -> None:
    refusals = {code for code, error in ERRORS.items() if issubclass(error, PhotoRefusedError)}
    listed = table()
    assert set(listed) == (refusals - {"POSE_UNSUITABLE"}) | set(POSE_ADVICE)
    drawn: dict[str, set[str]] = {name: set() for name in listed}
    for case in CASES:
        if (case.reason or case.code) in drawn:
            drawn[case.reason or case.code] |= set(case.parts)
    for name, parts in listed.items():
        # Of a limb, the one that is wrong.
        assert drawn[name], f"{name} is drawn nowhere"
        assert drawn[name] <= parts, name
        assert {part.split("_")[-1] for part in drawn[name]} == {
            part.split("_")[-1] for part in parts
        }, name


def inside(drawn: Locator, picture: Locator) -> bool:
    box, frame = drawn.bounding_box(), picture.bounding_box()
    assert box
    assert frame
    return (
        frame["x"] <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"]
        and frame["y"] <= box["y"] <= box["y"] + box["height"] <= frame["y"] + frame["height"]
        and max(box["width"], box["height"]) > 8
    )


def refuse_with(page: Page, error: Any) -> None:
    """Have the API answer with an error of the engine's own class."""

    def document(route: Route) -> dict[str, Any]:
        language = route.request.headers["accept-language"]
        return {**error.to_dict(language), "request_id": "none"}

    def refused(route: Route) -> None:
        body = {"status": "error", "error": document(route)}
        route.fulfill(status=error.status, json=body)

    def found(route: Route) -> None:
        body = {"status": "success", "data": {"state": "failed", "error": document(route)}}
        route.fulfill(json=body)

    page.route("**/measure", refused)
    page.route("**/measurements/**", found)


def check(page: Page, case: Refused, message: str, name: str, *, hangul: bool) -> None:
    """The message, what is marked on the photo, and its words."""
    shown = page.locator("#refusal")
    expect(shown).to_contain_text(message)
    expect(shown.get_by_role("button")).to_be_visible()
    marks = shown.locator("svg path:not(.halo)")
    expect(marks).to_have_count(len(case.parts))
    for mark, part in zip(marks.all(), case.parts, strict=True):
        assert mark.get_attribute("data-part") == part
        assert inside(mark, shown.locator("img"))
    said = page.locator("#marked").inner_text()
    names = page.evaluate("WORDS[state.language].names")
    wrong = [part for part in case.parts if "other_person" not in case.parts or part != "person"]
    for part in wrong:
        assert names["figure" if case.code == "NO_PERSON" else part] in said
    if not wrong:
        assert said == page.evaluate("t('unmarked')")
    assert bool(HANGUL.search(message)) == bool(HANGUL.search(said)) == hangul
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown.evaluate("node => node.scrollIntoView()")
    keep(page, f"refused-{case.name}-{name}", whole=False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_is_drawn_on_the_refused_photo_or_said_to_be_nowhere(
    visit: Open, stack: LocalStack, tmp_path: Path, case: Refused
) -> None:
    page = visit(size=PHONE)
    photo = case.photo if isinstance(case.photo, Path) else case.photo(tmp_path)
    if case.error is not None:
        refuse_with(page, case.error)
    fill(page, stack, HEIGHT_CM, SAMPLE if case.side else photo)
    if case.side:
        page.locator("#side-photo").set_input_files(photo)
    with page.expect_response("**/measure", timeout=MEASURED_MS) as answered:
        page.locator("#go").click()
    error = answered.value.json()["error"]
    assert (error["code"], error.get("reason")) == (case.code, case.reason)
    assert [mark["part"] for mark in error.get("where", [])] == list(case.parts)
    expect(page.locator("#refusal")).to_be_focused()
    check(page, case, error["message"], "en-GB-360", hangul=False)
    # The language is switched while the refusal is read.
    page.set_viewport_size(DESKTOP)
    with page.expect_response("**/measurements/**") as told:
        page.get_by_role("button", name="한국어").click()
    check(page, case, told.value.json()["data"]["error"]["message"], "ko-KR-1280", hangul=True)
