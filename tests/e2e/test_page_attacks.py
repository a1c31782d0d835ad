"""Texts that others wrote, on the page: shown as text, whatever they hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from local.stack import LocalStack
from tests.e2e.client import SAMPLE
from tests.e2e.page import PHONE, Open, fill, measure, visits

HOSTILE = '"><img src=x onerror="hacked=1"><script>hacked=1</script>{height}$&'
DRAWN = (
    '<script>hacked=1</script><image href="x" onerror="hacked=1"/><a href="javascript:hacked=1"/>'
    '<foreignObject><iframe srcdoc="x"/></foreignObject><g onload="hacked=1" id="drawn"/></svg>'
)
WORDS = ("en", "ko", "message", "part")


def hostile(value: Any, key: str = "") -> Any:
    """The same answer, with every text for people, and the drawing, turned against the reader."""
    if isinstance(value, dict):
        return {name: hostile(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, key) for each in value]
    if key == "drawing":
        return value.replace("<svg ", '<svg onload="hacked=1" ', 1).replace("</svg>", DRAWN)
    return HOSTILE if isinstance(value, str) and key in WORDS else value


def attack(page: Page) -> None:
    """Turn every answer of the API hostile, as a broken or a false one would be."""

    def turn_hostile(route: Route) -> None:
        real = route.fetch()
        route.fulfill(response=real, json=hostile(real.json()))

    for path in ("vehicles", "measure", "recommend"):
        page.route(f"**/{path}", turn_hostile)


def unharmed(page: Page) -> None:
    """Nothing ran, and nothing became an element of the page."""
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("img[src=x], iframe, foreignObject, main script").count() == 0
    handlers = "[...document.querySelectorAll('body *')].flatMap((e) => [...e.attributes])"
    assert not page.evaluate(f"{handlers}.some(({{ name }}) => name.startsWith('on'))")
    assert page.locator("#drivers a, #drivers image, #drivers script").count() == 0


@pytest.fixture
def visit(browser: Browser, stack: LocalStack) -> Iterator[Open]:
    """Where the policy has to stop something, its console may say so."""
    with visits(browser, stack, attacked=True) as visit:
        yield visit


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """The sample, under a name that would be a picture with a script."""
    path = tmp_path / "<img src=x onerror=hacked=1>.jpg"
    path.write_bytes(SAMPLE.read_bytes())
    return path


def test_answers_names_of_files_and_kept_results_stay_text(
    visit: Open, stack: LocalStack, photo: Path, tmp_path: Path
) -> None:
    page = visit(size=PHONE)
    attack(page)
    fill(page, stack, 181.9, photo)
    expect(page.locator("#photo-words")).to_contain_text(photo.name)
    measure(page)
    expect(page.locator("#settings")).to_contain_text(HOSTILE)
    expect(page.locator("#vehicle")).to_contain_text(HOSTILE)
    expect(page.locator("#drivers svg #drawn")).to_have_count(1)
    unharmed(page)

    with page.expect_download() as download:
        page.locator("#save-report").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    assert "<script" not in report.read_text("utf-8")
    reader = page.context.new_page()
    reader.goto(report.as_uri())
    expect(reader.locator("body")).to_contain_text(HOSTILE)
    unharmed(reader)
    # Nor would it run if it were in the file.
    script = "Object.assign(document.createElement('script'), { text: 'hacked=1' })"
    reader.evaluate(f"document.body.append({script})")
    assert reader.evaluate("typeof hacked") == "undefined"
    reader.close()

    page.locator("#keep-here").click()
    expect(page.locator("#said")).not_to_be_empty()
    page.reload()
    page.locator("#open-kept").click()
    expect(page.locator("#settings")).to_contain_text(HOSTILE)
    unharmed(page)


def test_a_refusals_words_and_marks_stay_text(visit: Open, stack: LocalStack) -> None:
    page = visit(size=PHONE)
    mark = {"part": HOSTILE, "line": [[0.1, 0.1], [HOSTILE, 0.9], [None, 2]]}
    told = {"code": "POSE_UNSUITABLE", "message": HOSTILE, "request_id": "x", "where": [mark]}
    page.route("**/measure", lambda route: route.fulfill(json={"status": "error", "error": told}))
    fill(page, stack, 181.9)
    page.locator("#go").click()
    expect(page.locator("#refusal")).to_contain_text(HOSTILE)
    expect(page.locator("#marked")).to_contain_text(HOSTILE)
    unharmed(page)


def test_what_stands_behind_the_hash_is_told_to_nobody(visit: Open, stack: LocalStack) -> None:
    asked: list[str] = []
    page = visit(
        "/#secret", before=lambda page: page.on("request", lambda each: asked.append(each.url))
    )
    fill(page, stack, 181.9)
    expect(page.locator("#vehicle")).to_have_value("medium_car")
    page.locator("#docs").click()
    expect(page.locator("h1")).to_contain_text("HYPERMOB API")
    hosts = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert hosts == {stack.url.split("/")[2]}
    # Playwright tells a document's own address with its hash; a referrer would have it, too.
    assert not [url for url in asked if "secret" in url and url.split("#")[0] != f"{stack.url}/"]
    assert page.evaluate("document.referrer") == ""
