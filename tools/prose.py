"""``python -m tools.prose``: plain words in documents, docstrings, messages and names.

proselint checks English prose with its own rules and with `HOUSE_STYLE`. `RECYCLED` are words that
mean too many things to name a function. Korean is left to readers.
"""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from proselint import checks
from proselint.registry.checks import Check, CheckResult, types

from infra.stage import REPOSITORY

MAX_WORDS: Final = 34
"""Words of the longest sentence."""
LEAST_WORDS: Final = 5
"""A string with fewer words is no sentence."""

Kind = Literal["paragraph", "cell", "docstring", "message"]
ALL: Final = frozenset[Kind](("paragraph", "cell", "docstring", "message"))

PROSELINT: Final = (
    *("archaism", "cliches", "hedging", "industrial_language", "lexical_illusions"),
    *("malapropisms", "mixed_metaphors", "mondegreens", "needless_variants", "nonwords"),
    *("oxymorons", "redundancy", "uncomparables"),
)
"""Modules of proselint that apply to technical English."""

RECYCLED: Final = frozenset(
    ("answer", "answered", "answers", "believed", "joined", "kept", "measured", "said", "told")
)
"""Each of these once named several functions that did different things."""

UNCHECKED: Final = ("tests/unit/tools/test_prose.py",)
"""It has bad sentences on purpose."""


@dataclass(frozen=True)
class Passage:
    """A paragraph or a cell of a document, a paragraph of a docstring, or a message."""

    path: str
    line: int
    text: str
    kind: Kind = "paragraph"


def _long_sentences(text: str, check: Check) -> Iterator[CheckResult]:
    for sentence in re.finditer(r"(?:[^.!?:;]|[.!?:;](?=\S))+", text):
        words = sentence.group().split()
        if len(words) > MAX_WORDS:
            message = check.message.format(" ".join(words[:6]), len(words))
            yield CheckResult(check.path, message, sentence.span(), None)


HOUSE_STYLE: Final[tuple[tuple[Check, frozenset[Kind]], ...]] = (
    (
        Check(
            types.ExistenceSimple(r"\A\s*(?:Of|\.\.\.) [^.]*"),
            path="house.start",
            message="'{}' has no subject. Begin with what it is.",
        ),
        frozenset(("docstring",)),
    ),
    (
        Check(
            types.ExistenceSimple(r"(?:\A\s*|[.;] )(?:What|Whom?|Whose|Whoever) [a-z][^.?:]*\.\s"),
            path="house.subject",
            message="'{}' hides who does what. Name the subject.",
        ),
        frozenset(("paragraph", "message")),
    ),
    (
        Check(
            types.Existence(
                (
                    r"(?:is|are|be) none of (?:the|that|those|them|which|its|ours)",
                    r"of whom",
                    r"whom (?:it|overload)",
                    r"by whichever",
                    r"turned away by overload",
                    r"out of reach",
                    r"once more",
                    r"be it",
                    r"at once nor",
                )
            ),
            path="house.words",
            message="'{}': write the usual words (not one of, refused, unreachable, again).",
        ),
        ALL,
    ),
    (
        Check(
            _long_sentences,
            path="house.length",
            message=f"'{{}} ...' has {{}} words, at most {MAX_WORDS}. Make it two sentences.",
        ),
        ALL,
    ),
)
"""Rules of this project, and the kinds of passages that each applies to."""

CHECKS: Final = tuple(
    check for check in checks.__register__ if check.path.split(".")[0] in PROSELINT
)

BREAK: Final = "\n\N{PILCROW SIGN}\n"
"""Between passages: no rule of proselint matches across it."""


def findings(passages: Sequence[Passage]) -> list[str]:
    """Return what the rules say of a file's passages, as ``path:line: rule: message``.

    Examples
    --------
    >>> findings([Passage("a.py", 3, "Of the photo.", "docstring")])
    ["a.py:3: house.start: 'Of the photo' has no subject. Begin with what it is."]
    """
    # proselint takes its time for each text: it gets one for all passages.
    text = "\n" + BREAK.join(passage.text for passage in passages) + "\n"
    ends = list(itertools.accumulate(len(passage.text) + len(BREAK) for passage in passages))
    found = [
        (passages[bisect_right(ends, result.span[0] - 1)], result)
        for check in CHECKS
        for result in check.check_with_flags(text)
    ]
    found += [
        (passage, result)
        for passage in passages
        for check, kinds in HOUSE_STYLE
        if passage.kind in kinds
        for result in check.check_with_flags(f"\n{passage.text}\n")
    ]
    return [
        f"{passage.path}:{passage.line}: {result.check_path}: {' '.join(result.message.split())}"
        for passage, result in found
    ]


def recycled_names(path: str, source: str) -> list[str]:
    """Return the functions of a module that a recycled word names.

    Examples
    --------
    >>> recycled_names("a.py", "def _told(): ...")
    ["a.py:1: house.names: '_told' means too many things. Name what it returns or does."]
    """
    return [
        f"{path}:{node.lineno}: house.names: '{node.name}' means too many things. "
        "Name what it returns or does."
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.strip("_") in RECYCLED
    ]


def markdown_passages(path: str, source: str) -> Iterator[Passage]:
    """Yield the paragraphs, list items and table cells of a document, without its code."""
    source = re.sub(r"<!--.*?-->", lambda it: "\n" * it.group().count("\n"), source, flags=re.S)
    in_code, paragraph, began = False, list[str](), 0
    for number, line in enumerate([*source.splitlines(), ""], 1):
        fence = line.lstrip().startswith("```")
        in_code ^= fence
        text = "" if fence or in_code else line.strip()
        if paragraph and (not text or re.match(r"(?:[-*]|\d+\.|#+|\|)\s", text)):
            yield Passage(path, began, _plain(" ".join(paragraph)))
            paragraph = []
        if text.startswith("|"):
            for cell in text.strip("|").split("|"):
                yield Passage(path, number, _plain(cell.strip()), "cell")
        elif text:
            began = began if paragraph else number
            paragraph.append(re.sub(r"^(?:[-*]|\d+\.|#+)\s+", "", text))


def python_passages(path: str, source: str) -> Iterator[Passage]:
    """Yield the docstrings of a module, and the English sentences among its strings."""
    inside: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if node in inside:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(node.value)
            if isinstance(node.value.value, str):
                yield from _docstring_passages(path, node.lineno, node.value.value)
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            inside |= set(ast.walk(node))
            text = _literal(node).strip()
            if len(text.split()) >= LEAST_WORDS and re.fullmatch(r"[A-Z\"'].*\.", text, re.S):
                yield Passage(path, node.lineno, _plain(text), "message")


def _docstring_passages(path: str, line: int, docstring: str) -> Iterator[Passage]:
    for block in re.split(r"(\n\s*\n)", docstring):
        text = block.strip()
        if text.startswith(("Examples", ">>>")):
            return
        is_drawing = "::" in text or "---" in text
        if text and not is_drawing:
            yield Passage(path, line, _plain(" ".join(text.split())), "docstring")
        line += block.count("\n")


def _literal(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (each.value if isinstance(each, ast.Constant) else "`x`" for each in node.values)
    return "".join(map(str, parts))


def _plain(text: str) -> str:
    """Text without Markdown: each piece of code is a word of its own, a link is its words."""
    numbers = itertools.count()
    text = re.sub(r"``?[^`]+``?|https?://\S+", lambda _: f"X{next(numbers)}", text)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("**", "")


def check_file(path: str) -> list[str]:
    """Return the findings of a file of the repository."""
    source = (REPOSITORY / path).read_text("utf-8")
    is_python = path.endswith(".py")
    passages = python_passages if is_python else markdown_passages
    found = findings(list(passages(path, source)))
    return found + (recycled_names(path, source) if is_python else [])


def main(paths: Sequence[str]) -> int:
    """Print every finding of the files, by default all; 1 where there is one."""
    if not paths:
        command = ["git", "ls-files", "-co", "--exclude-standard", "*.md", "*.py"]
        listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        paths = listed.stdout.splitlines()
    read = [
        path
        for path in paths
        if path.endswith((".md", ".py"))
        and not path.endswith(".ko.md")
        and not path.startswith(UNCHECKED)
        and Path(REPOSITORY, path).is_file()
    ]
    found = [finding for path in read for finding in check_file(path)]
    print(*found, f"{len(found)} findings in the prose of {len(read)} files.", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
