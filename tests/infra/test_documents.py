"""Deployment and operations in both languages: the same parts, and checks that exist."""

import re
from pathlib import Path

import pytest

from local.config import REPOSITORY

DOCS = REPOSITORY / "docs"
CODE = re.compile(r"```\w*\n.*?```", re.DOTALL)


def cited(path: Path) -> list[tuple[str, str]]:
    """Files of tests with the test that is named in them; '' where none is."""
    found: list[tuple[str, str]] = []
    file = ""
    for named, test in re.findall(r"`([\w/]*test_\w+\.py)?(?:::(\w+))?`", path.read_text("utf-8")):
        if named:
            file = named if "/" in named else f"tests/infra/{named}"
        if named or test:
            found.append((file, test))
    return found


@pytest.mark.parametrize("name", ["deployment.md", "deployment.ko.md"])
def test_each_check_that_is_named_exists(name: str) -> None:
    checks = cited(DOCS / name)
    assert len(checks) > 25
    for file, test in checks:
        text = (REPOSITORY / file).read_text("utf-8")
        assert f"def {test}(" in text or not test, f"{file}::{test}"


@pytest.mark.parametrize("name", ["deployment", "operations"])
def test_both_languages_have_the_same_parts(name: str) -> None:
    english, korean = ((DOCS / f"{name}{kind}.md").read_text("utf-8") for kind in ("", ".ko"))
    assert CODE.findall(english) == CODE.findall(korean)
    prose = [CODE.sub("", text) for text in (english, korean)]
    for pattern in (r"^#+ ", r"^\d\. ", r"^- "):
        counts = [len(re.findall(pattern, text, re.M)) for text in prose]
        assert counts[0] == counts[1], pattern
    rows = [[row.count("|") for row in re.findall(r"^\|.*$", text, re.M)] for text in prose]
    assert rows[0] == rows[1]
    firsts = [re.findall(r"^\| `([\w-]+)` \|", text, re.M) for text in prose]
    assert firsts[0] == firsts[1]


@pytest.mark.parametrize("name", ["deployment", "operations"])
def test_korean_is_korean(name: str) -> None:
    text = CODE.sub("", (DOCS / f"{name}.ko.md").read_text("utf-8"))
    hangul = len(re.findall(r"[가-힣]", text))
    assert hangul > 1500
