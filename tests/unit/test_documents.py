"""Documents that name tests name such as exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CITED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())


def test_the_security_page_cites_tests() -> None:
    assert len(CITED) > 25


@pytest.mark.parametrize(("path", "name"), CITED)
def test_a_cited_test_exists(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")
