"""Documents name what exists, and the README says the same in both languages."""

import ast
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chalicelib.contracts import AboutDriver
from hypermob.__main__ import _parser
from hypermob.people import Person

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CODE = re.compile(r"```\w*\n.*?```", re.DOTALL)
WRITTEN = re.compile(r"<!-- (\w+)[^>]*-->.*?<!-- /\1 -->", re.DOTALL)
"""What a command writes into a document."""
CITED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())


def test_the_security_page_cites_tests() -> None:
    assert len(CITED) > 25


@pytest.mark.parametrize(("path", "name"), CITED)
def test_a_cited_test_exists(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    prose = CODE.sub("", path.read_text("utf-8"))
    for target in re.findall(r"\]\((?!http)([^)]*)\)", prose):
        file, _, anchor = target.partition("#")
        linked = path.parent / file if file else path
        assert linked.exists(), target
        heads = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE) if anchor else []
        slugs = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]
        assert not anchor or anchor in slugs, target


def readme(name: str) -> str:
    return WRITTEN.sub("", (ROOT / name).read_text("utf-8"))


def same(pattern: str, *, flags: re.RegexFlag = re.MULTILINE) -> tuple[list[str], list[str]]:
    english, korean = (
        re.findall(pattern, CODE.sub("", readme(name)), flags)
        for name in ("README.md", "README.ko.md")
    )
    return english, korean


def test_both_readmes_have_the_same_headings_and_tables() -> None:
    english, korean = same(r"^(#+) ")
    assert english == korean
    rows = [[line.count("|") for line in found] for found in same(r"^\|.*$")]
    assert rows[0] == rows[1]


def test_both_readmes_have_the_same_code() -> None:
    def code(name: str) -> list[str]:
        return [re.sub(r" *#.*", "", block) for block in CODE.findall(readme(name))]

    assert code("README.md") == code("README.ko.md")


@pytest.mark.parametrize(
    "pattern",
    [r"\d[\d.,]*\d|\d", r"`([^`]+)`", r"\]\(([^)]+)\)"],
    ids=["figures", "code words", "links"],
)
def test_both_readmes_name_the_same(pattern: str) -> None:
    english, korean = (Counter(found) for found in same(pattern))
    assert english - Counter(["README.ko.md"]) == korean - Counter(["README.md"])


def test_the_readme_has_one_picture() -> None:
    assert [len(found) for found in same(r"!\[")] == [1, 1]


COMMANDS = [
    (path, line)
    for path in DOCUMENTS
    for block in CODE.findall(path.read_text("utf-8"))
    for line in block.splitlines()
]


def test_commands_that_documents_show_are_commands() -> None:
    shown = [
        command
        for _, line in COMMANDS
        for command in re.findall(r"(?:^|\| |\$ )(?:\.venv/bin/)?hypermob ([^|>#]*)", line)
    ]
    assert len(shown) > 10
    for command in shown:
        _parser().parse_args(shlex.split(command))


def test_targets_that_documents_show_are_made() -> None:
    targets = set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text(), re.M))
    made = {name for names in targets for name in names.split()}
    shown = {line.split()[1] for _, line in COMMANDS if line.startswith("make ")}
    assert len(shown) > 10
    assert shown <= made


def test_the_engines_snippet_shows_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / "docs" / "getting-started.md").read_text("utf-8")
    (snippet,) = re.findall(r"```python\n(from hypermob\.engines.*?)```", guide, re.DOTALL)
    *steps, shown = ast.parse(snippet).body
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(steps, []), "guide", "exec"), names)
    assert isinstance(shown, ast.Expr)
    report = eval(compile(ast.Expression(shown.value), "guide", "eval"), names)
    assert "Settings: Medium SUV" in report._repr_html_()


def test_the_api_guide_names_all_that_may_be_told_of_a_driver() -> None:
    guide = (ROOT / "docs" / "api.md").read_text("utf-8")
    for name in AboutDriver.__struct_fields__:
        assert re.search(rf"`{name}`|\b{name}\b", WRITTEN.sub("", guide)), name


def test_the_guide_of_batch_names_every_column() -> None:
    guide = (ROOT / "docs" / "getting-started.md").read_text("utf-8")
    needed, optional = re.findall(r"columns `([\w,]+)` and, as you like,\s`([\w,]+)`", guide)[0]
    assert {*needed.split(","), *optional.split(",")} == set(Person.__struct_fields__)


def test_contributing_names_files_that_exist() -> None:
    guide = CODE.sub("", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    named = {
        path
        for word in re.findall(r"`([^`\n]+)`", guide)
        for path in re.findall(r"^[.\w-]+/[\w./*-]*$|^[\w-]+\.(?:py|md)$", word)
    }
    made = {"out/screenshots", "out/real"}
    assert len(named) > 40
    for path in named - made:
        assert list(ROOT.glob(path.rstrip("/"))) or list(ROOT.glob(f"**/{path}")), path
