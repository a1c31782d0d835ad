"""A deployment brings another page: no visitor keeps the old one beside the new API."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib import pages
from tests.e2e.page import PHONE, Open, keep, serious, visits, wait_until


@dataclass
class Deployment:
    """Serves the page as the API does, and as the next deployment of it would."""

    version: str = field(default_factory=pages.version)
    up: bool = True
    url: str = ""

    def document(self, path: str) -> tuple[str, dict[str, str]] | None:
        if path == "/":
            page = pages.page("index.html")
            body, headers = page.html, page.headers()
        elif path.lstrip("/") in ("sw.js", "app.webmanifest", "icon.svg"):
            body, headers = pages.file(path.lstrip("/"))
        else:
            return None
        return body.replace(pages.version(), self.version), headers


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    found = Deployment()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served = found.document(self.path) if found.up else None
            body, headers = served or ("", {})
            self.send_response(200 if served else 503)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()


@pytest.fixture
def visit(browser: Browser, deployment: Deployment) -> Iterator[Open]:
    with visits(browser, deployment) as visit:
        yield visit


def cache_names(page: Page) -> list[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return names


def shown(page: Page) -> str:
    version: str = page.evaluate("document.body.dataset.version")
    return version


def come_back(page: Page) -> None:
    """As a phone that shows the page again after it was put away."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


@pytest.mark.parametrize("locale", ["en-GB", "ko-KR"])
def test_an_open_page_says_that_a_new_one_is_there_and_the_old_one_is_kept_nowhere(
    visit: Open, deployment: Deployment, locale: str
) -> None:
    page = visit(size=PHONE, locale=locale, worker=True)
    first = deployment.version
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    wait_until(page, "navigator.serviceWorker.controller")
    assert cache_names(page) == [f"hypermob-page-{first}"]
    expect(page.locator("#newer")).to_be_hidden()

    deployment.version = "0123456789abcdef"
    come_back(page)
    expect(page.locator("#newer")).to_be_visible()
    assert cache_names(page) == ["hypermob-page-0123456789abcdef"]
    assert serious(page) == []
    keep(page, f"newer-{locale}-360", whole=False)
    page.locator("#load-newer").click()
    wait_until(page, "document.body.dataset.version === '0123456789abcdef'")
    expect(page.locator("#newer")).to_be_hidden()

    page.context.set_offline(True)
    page.reload()
    assert shown(page) == "0123456789abcdef"
    expect(page.locator("#offline")).to_be_visible()


def test_who_loads_the_page_after_a_deployment_has_the_new_one_and_is_told_nothing(
    visit: Open, deployment: Deployment
) -> None:
    listen = """navigator.serviceWorker.addEventListener("message", ({ data }) => {
        document.body.dataset.told = data.version; });"""
    page = visit(worker=True, before=lambda page: page.add_init_script(listen))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    wait_until(page, "navigator.serviceWorker.controller")
    deployment.version = "fedcba9876543210"
    page.reload()
    assert shown(page) == deployment.version
    told = "document.body.dataset.told === document.body.dataset.version"
    wait_until(page, told)
    assert cache_names(page) == ["hypermob-page-fedcba9876543210"]
    expect(page.locator("#newer")).to_be_hidden()
