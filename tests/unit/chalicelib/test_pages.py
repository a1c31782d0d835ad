"""The pages: whole, small, and shut to anything that is not in them."""

import base64
import hashlib
import re

import pytest

from chalicelib.answers import LITTLE_EVIDENCE, Mark
from chalicelib.pages import WEB, file, page, version
from hypermob.report import WORDS

LARGEST_BYTES = 180_000
PAGES = sorted(path.name for path in WEB.glob("*.html"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_one_small_document(name: str) -> None:
    html = page(name).html
    assert len(html.encode()) < LARGEST_BYTES
    assert not re.findall(r"<(?:script|img|iframe)[^>]+src=", html)
    assert not re.findall(r"<link rel=\"stylesheet\"", html)


@pytest.mark.parametrize("name", PAGES)
def test_its_policy_names_exactly_what_is_inside(name: str) -> None:
    made = page(name)
    policy = dict(
        each.split(" ", 1)
        for each in made.headers(uploads="https://u.example", images="https://i.example")[
            "Content-Security-Policy"
        ].split("; ")
    )
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        contents = re.findall(rf"<{tag}>(.*?)</{tag}>", made.html, re.DOTALL)
        assert contents
        assert policy[directive].split() == [
            f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
            for each in contents
        ]
    assert policy["connect-src"] == "'self' https://u.example https://i.example"
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_in_it_needs_what_the_policy_forbids(name: str) -> None:
    html = page(name).html
    body = re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)
    assert not re.findall(r"\s(?:style|on\w+)=", body)


def test_page_and_tables_say_from_the_same_evidence_on_that_a_photo_told_little() -> None:
    found = re.findall(r"^const LITTLE_EVIDENCE = ([\d.]+);", page("index.html").html, re.MULTILINE)
    assert [float(each) for each in found] == [LITTLE_EVIDENCE]


def test_page_and_report_say_on_whom_the_interval_was_checked() -> None:
    page_words = re.findall(r'interval_words: "([^"]+)"', (WEB / "words.js").read_text("utf-8"))
    report_words = list(WORDS["interval_words"].values())
    assert len(page_words) == len(report_words) == 2
    for said in (page_words, report_words):
        assert "rendered people" in said[0]
        assert "렌더링" in said[1]


def test_the_page_has_a_name_in_both_languages_for_every_part_that_a_refusal_marks() -> None:
    words = (WEB / "words.js").read_text("utf-8")
    parts = re.findall(
        r"``(\w+)``", str(Mark.__doc__).partition("``part``")[2].partition("``line``")[0]
    )
    assert {"left_arm", "edge", "other_person"} <= set(parts)
    for part in parts:
        assert len(re.findall(rf"\b{part}: \"", words)) == 2, part


def test_the_page_says_what_a_further_photo_brings_as_the_document_does() -> None:
    told = dict(re.findall(r"(\w+): ([\d.]+)", (WEB / "brings.js").read_text("utf-8")))
    table = (WEB.parents[1] / "docs" / "accuracy.md").read_text("utf-8")
    for role, view in (("front", "front"), ("side", "front + side"), ("second", "two fronts")):
        # The first table is of people with real proportions.
        row = re.search(rf"^\| photo: {re.escape(view)} \|(.*)\|$", table, re.MULTILINE)
        assert row
        assert row[1].split("|")[-2].strip() == told[role]


def test_the_page_takes_photos_of_every_format_by_every_name_that_cameras_give_them() -> None:
    html = page("index.html").html
    accepted = [each.split(",") for each in re.findall(r'accept="([^"]+)"', html)]
    [types] = re.findall(r"^const TYPES = \{(.*)\};", html, re.MULTILINE)
    known = dict(re.findall(r'(\w+): "([^"]+)"', types))
    assert len(accepted) == 3, "from the front, once more, from the side"
    for formats in accepted:
        # Browsers know no type of HEIC: its names are listed too.
        assert set(known.values()) <= set(formats)
        assert {f".{name}" for name in ("heic", "heif", "hif")} <= set(formats)
    assert known["hif"] == known["heif"]


def test_page_and_worker_have_the_version_of_what_a_browser_keeps() -> None:
    [told] = re.findall(r'<body data-version="(\w{16})">', page("index.html").html)
    worker, headers = file("sw.js")
    assert re.findall(r'^const VERSION = "(\w+)";$', worker, re.MULTILINE) == [told] == [version()]
    assert headers["Cache-Control"] == "no-cache"
