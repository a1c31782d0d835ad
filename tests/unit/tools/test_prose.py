"""The prose linter finds what this project decided not to write, and lets plain sentences pass."""

import pytest

from tools import prose

PLAIN = '''"""The client retries the request if the connection fails."""

LIMIT = 3
"""Attempts of each request, the first included."""

raise ValueError(f"The photo {1} is too large. Send one of at most 20 MB.")
'''


def rules(path: str, source: str) -> set[str]:
    passages = prose.python_passages if path.endswith(".py") else prose.markdown_passages
    found = prose.findings(list(passages(path, source)))
    return {line.split(": ")[1] for line in found}


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ('LIMIT = 3\n"""Of each request, the first included."""\n', "house.start"),
        (
            'def f():\n    """Load it.\n\n    Of callers that race, one wins.\n    """\n',
            "house.start",
        ),
        ('x = 1\n"""... and how far it goes."""\n', "house.start"),
        (f'"""{"word " * (prose.MAX_WORDS + 1)}."""\n', "house.length"),
        ('"""A result that is none of those that come later."""\n', "house.words"),
        ('raise ValueError(f"Storage {name} is out of reach now.")\n', "house.words"),
        ('"""It reads the the photo."""\n', "lexical_illusions"),
        ('raise ValueError("Your request can possibly be first of all.")\n', "redundancy"),
    ],
)
def test_a_bad_sentence_of_code_is_found(source: str, rule: str) -> None:
    assert any(found.startswith(rule) for found in rules("a.py", source)), rules("a.py", source)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("It is refused. What cannot be measured\nis refused and says so.\n", "house.subject"),
        ("- Whoever holds the address can read it.\n", "house.subject"),
        ("| a | counts once more |\n", "house.words"),
    ],
)
def test_a_bad_sentence_of_a_document_is_found(source: str, rule: str) -> None:
    assert rule in rules("a.md", source)


def test_plain_sentences_pass() -> None:
    assert rules("a.py", PLAIN) == set()
    assert (
        rules("a.md", "# What it costs\n\nOf 250 photos, 90 % are refused. See [api](a.md).\n")
        == set()
    )


def test_code_is_not_read() -> None:
    assert (
        rules("a.md", "```sh\nWhoever types this here is out of reach.\n```\nRun `once more`.\n")
        == set()
    )
    assert rules("a.py", "# Whoever reads this comment once more.\nx = 'once more'\n") == set()


def test_a_finding_stands_on_the_line_of_its_passage() -> None:
    source = '"""Module.\n\nOf the third line.\n"""\n'
    (passage,) = [each for each in prose.python_passages("a.py", source) if "third" in each.text]
    assert passage.line == 3
    (passage,) = [
        each
        for each in prose.markdown_passages("a.md", "One.\n\nThree.\nFour.\n")
        if "Three" in each.text
    ]
    assert (passage.line, passage.text) == (3, "Three. Four.")


def test_a_rule_of_proselint_names_the_line_of_its_passage_and_reads_no_two_as_one() -> None:
    texts = ("It reads the photo.", "The", "the", "It waits for for S3.", "It ends.")
    (found,) = prose.findings([prose.Passage("a.md", i, text) for i, text in enumerate(texts, 1)])
    assert found.startswith("a.md:4: lexical_illusions: ")


def test_a_function_is_not_named_by_a_recycled_word() -> None:
    found = prose.recycled_names("a.py", "class A:\n    def _told(self): ...\ndef tell(): ...\n")
    assert [line.split(":")[1] for line in found] == ["2"]


def test_the_command_fails_on_a_bad_file(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(prose, "REPOSITORY", tmp_path)
    (tmp_path / "good.md").write_text("The client retries.\n")
    (tmp_path / "bad.md").write_text("It is out of reach.\n")
    (tmp_path / "bad.ko.md").write_text("once more\n")
    assert prose.main(["good.md", "bad.ko.md"]) == 0
    assert prose.main(["good.md", "bad.md", "gone.md"]) == 1
    assert "bad.md:1: house.words: 'out of reach'" in capsys.readouterr().out
