"""The page in a real browser, as the tests of it use it."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserType,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from local.config import REPOSITORY
from local.stack import LocalStack
from tests.e2e.client import PEOPLE, SAMPLE

SCREENSHOTS = REPOSITORY / "out" / "screenshots"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
HANGUL = re.compile("[가-힣]")
MEASURED_MS = 60_000
EMPTY = PEOPLE / "empty-6.jpg"
# A busy machine answers late, and nothing here is about speed.
expect.set_options(timeout=20_000)
TAPPED = (
    "button, summary, select, label.quiet, label:has([type=radio]), a:not(.skip), "
    "input:not([type=file], [type=radio])"
)
type Open = Callable[..., Page]


class Served(Protocol):
    """Where the page is: `LocalStack`, or a small server of a test."""

    url: str


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser, started with more arguments; the test is skipped where there is none."""
    # Debian's, or the one that `playwright install chromium` brought.
    installed = shutil.which("chromium")
    with sync_playwright() as playwright:
        if installed is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no browser: apt-get install chromium, or playwright install chromium")
        browser = launch(playwright.chromium, *more)
        yield browser
        browser.close()


def launch(kind: BrowserType, *more: str) -> Browser:
    """Start one more browser of a kind that runs already."""
    return kind.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", *more])


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression of the page's scripts is true.

    Playwright's own ``wait_for_function`` evaluates in the page, which its policy forbids.
    """
    end = time.monotonic() + 40
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(100)


@contextmanager
def visits(browser: Browser, stack: Served, *, attacked: bool = False) -> Iterator[Open]:
    """Open pages, each as a new visitor; nothing may go wrong in their consoles.

    ``attacked``: their policy may say there that it stopped something.
    """
    contexts, troubles = [], []

    def heard(said: ConsoleMessage) -> None:
        if "Security Policy" in said.text and not attacked:
            troubles.append(said.text)

    def opened(
        path: str = "/",
        *,
        size: Any = DESKTOP,
        locale: str = "en-GB",
        motion: Literal["reduce", "no-preference"] = "reduce",
        worker: bool = False,
        permissions: tuple[str, ...] = (),
        before: Callable[[Page], object] = lambda page: None,
    ) -> Page:
        context = browser.new_context(
            viewport=size,
            locale=locale,
            reduced_motion=motion,
            # What a worker answers, no route of a test sees.
            service_workers="allow" if worker else "block",
            permissions=list(permissions),
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", heard)
        before(page)
        page.goto(stack.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == [], troubles


def fill(page: Page, stack: LocalStack, height_cm: Any, photo: Path = SAMPLE) -> None:
    """Fill the form with a chosen photo."""
    page.locator("#key").fill(stack.api_key)
    page.locator("#key").press("Tab")
    page.locator("#photo").set_input_files(photo)
    page.locator("#height").fill(str(height_cm))


def measure(page: Page) -> None:
    """Press the button and wait for the result."""
    page.locator("#go").click()
    expect(page.locator("#result")).to_be_visible(timeout=MEASURED_MS)
    expect(page.locator("#go")).to_be_enabled()


def keep(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture of the page, or of what its window shows."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    if whole:
        page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


def serious(page: Page) -> list[str]:
    """What axe finds that stands in somebody's way."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def too_small(page: Page) -> list[str]:
    """What a finger misses: less than 44 px wide or high."""
    found: list[str] = page.evaluate(
        """([tapped, least]) => {
            const shown = document.querySelector("dialog[open]") ?? document.body;
            return [...shown.querySelectorAll(tapped)]
                .filter((node) => node.checkVisibility())
                .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
                .filter(([, { width, height }]) => width < least || height < least)
                .map(([node, { width, height }]) => `${node} ${width} x ${height}`);
        }""",
        [TAPPED, 43.9],
    )
    return found


def setting(page: Page, label: str, car: int = 0) -> Locator:
    """A cell of the table of settings."""
    row = page.locator("#settings tbody tr", has=page.get_by_role("rowheader", name=label))
    return row.first.locator("td").nth(car)


def focused(page: Page) -> Locator:
    """What has the focus."""
    return page.locator("*:focus")


def tab_to(page: Page, selector: str) -> Locator:
    """Go there by the keyboard."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page).count() and focused(page).evaluate(
            "(node, selector) => node.matches(selector)", selector
        ):
            return focused(page)
    raise AssertionError(f"{selector} cannot be reached")
