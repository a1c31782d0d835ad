"""One local stack for all end-to-end tests."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.stack import LocalStack
from tests.e2e.client import SAMPLE, Client


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


@pytest.fixture(scope="session")
def photo() -> bytes:
    """The sample person."""
    return SAMPLE.read_bytes()


@pytest.fixture(scope="session")
def height_cm() -> float:
    """The sample person's height."""
    height: float = json.loads(SAMPLE.with_suffix(".json").read_text())["height_cm"]
    return height
