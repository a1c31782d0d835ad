"""One local stack for all end-to-end tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from local.stack import LocalStack
from tests.e2e.client import SAMPLE, Client
from tests.e2e.page import Open, chromium, visits


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(logs=tmp_path_factory.mktemp("logs")) as stack:
        yield stack


@pytest.fixture(scope="session")
def session_http(stack: LocalStack) -> Iterator[httpx.Client]:
    with stack.http() as http:
        yield http


@pytest.fixture
def client(stack: LocalStack, session_http: httpx.Client, request: pytest.FixtureRequest) -> Client:
    """A client with a user of its own, named after the test."""
    name = request.node.originalname.removeprefix("test_")[:64]
    return Client(stack, session_http, name)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a file."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, stack: LocalStack) -> Iterator[Open]:
    """Opens the page as a new visitor."""
    with visits(browser, stack) as visit:
        yield visit


@pytest.fixture(scope="session")
def photo() -> bytes:
    """The sample person."""
    return SAMPLE.read_bytes()


@pytest.fixture(scope="session")
def height_cm() -> float:
    """The sample person's height."""
    height: float = json.loads(SAMPLE.with_suffix(".json").read_text())["height_cm"]
    return height
