"""``make check``: the lints of changed files, and the tests nearest to them.

Changed is what git does not have on ``origin/main``, or, without one, in the last commit. ``make
test`` runs everything.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.stage import REPOSITORY

NEAREST = (
    ("chalicelib/carfit/", "tests/unit/carfit"),
    ("chalicelib/measurement/", "tests/functional/test_measurement.py"),
    ("chalicelib/", "tests/unit/chalicelib"),
    ("app.py", "tests/functional/test_recommend.py"),
    ("container/handler.py", "tests/functional/test_measure_handler.py"),
    ("container/bodyscan/", "tests/unit/bodyscan/test_quality.py"),
    ("hypermob_client/", "tests/unit/hypermob_client"),
    ("hypermob/", "tests/unit/hypermob/test_batch.py"),
    ("infra/", "tests/infra/test_templates.py"),
    ("local/", "tests/unit/local/test_gateway.py"),
    ("tools/", "tests/unit/tools"),
    ("benchmarks/", "tests/unit/benchmarks/test_performance.py"),
    ("training/carfit/", "tests/unit/carfit/test_catalogue.py"),
)
"""Tests of a file that none is named after, by the first place that it lies in."""


DESCRIPTION = "tests/unit/tools/test_openapi.py::test_the_committed_description_is_this_codes"
OPTIONS = (
    "tests/unit/hypermob/test_command_line.py::test_the_command_line_takes_the_fields_of_the_api"
)
REFUSALS = (
    "tests/e2e/test_refused_photos.py::"
    "test_every_refusal_of_a_photo_is_in_the_documents_list_and_is_drawn_here"
)
WORDS = ("tests/unit/carfit/test_words.py", "tests/unit/carfit/test_settings.py")
BESIDE: Mapping[str, tuple[str, ...]] = {
    "chalicelib/contracts.py": (DESCRIPTION, OPTIONS, "tests/unit/test_documents.py"),
    "chalicelib/answers.py": (DESCRIPTION, "tests/unit/chalicelib/test_contracts.py"),
    "chalicelib/errors.py": (DESCRIPTION, REFUSALS),
    "chalicelib/carfit/reasons.py": WORDS,
    "chalicelib/carfit/warnings.py": WORDS,
    "chalicelib/carfit/types.py": (*WORDS, DESCRIPTION, "tests/unit/carfit/test_carfit.py"),
    "chalicelib/carfit/vehicles.json": (
        DESCRIPTION,
        "tests/unit/carfit/test_catalogue.py",
        "tests/unit/carfit/test_words.py",
    ),
    "container/bodyscan/quality.py": (REFUSALS, "tests/unit/chalicelib/test_errors.py"),
    "docs/api.md": (REFUSALS,),
    "hypermob/__main__.py": (OPTIONS,),
}
"""Tests of a file, beside those that are named after it, which hold it to the other stops of a
change: CONTRIBUTING's table."""


def nearest_tests(changed: Iterable[str], tests: Iterable[str]) -> list[str]:
    """The tests nearest to changed files: ``test_{name}.py`` and `BESIDE`, or the place's.

    Examples
    --------
    >>> nearest_tests(["chalicelib/carfit/rules.py"], ["tests/unit/carfit/test_rules.py"])
    ['tests/unit/carfit/test_rules.py']
    >>> nearest_tests(["chalicelib/carfit/habit.json", "docs/page.md"], [])
    ['tests/unit/carfit', 'tests/unit/test_documents.py']
    """
    tests, found = list(tests), set()
    for path in changed:
        beside = set(BESIDE.get(path, ()))
        found |= beside
        if path in tests:
            found.add(path)
        elif path.endswith(".md"):
            found.add("tests/unit/test_documents.py")
        elif not path.startswith("tests/"):
            named = {test for test in tests if Path(test).name == f"test_{Path(path).stem}.py"}
            near = next((room for place, room in NEAREST if path.startswith(place)), None)
            found |= named or ({near} if near and not beside else set())
    # What a whole file or folder holds is not named a second time.
    return sorted(
        each
        for each in found
        if each.partition("::")[0] not in found - {each}
        and not {str(above) for above in Path(each).parents} & found
    )


def changed() -> list[str]:
    """Files that exist and differ from ``origin/main``, or are new."""
    known = _git("rev-parse", "--verify", "--quiet", "origin/main")
    base = _git("merge-base", "HEAD", "origin/main") if known else ["HEAD"]
    names = [
        *_git("diff", "--name-only", *base),
        *_git("ls-files", "--others", "--exclude-standard"),
    ]
    return sorted({name for name in names if (REPOSITORY / name).is_file()})


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()


def main() -> int:
    """Lint and test; the exit status is that of the first that fails."""
    files = changed()
    code = [name for name in files if name.endswith(".py")]
    tests = nearest_tests(files, _git("ls-files", "tests/**/test_*.py", "tests/test_*.py"))
    commands: list[list[str]] = []
    if code:
        commands = [["-m", "ruff", "check", *code], ["-m", "ruff", "format", "--check", *code]]
        commands += [["-m", "mypy"]]
    if written := [name for name in files if name.endswith((".md", ".py"))]:
        commands.append(["-m", "tools.prose", *written])
    if tests:
        commands.append(["-m", "pytest", "-q", *tests])
    for command in commands:
        print("$", " ".join(command[1:]), flush=True)
        status = subprocess.run([sys.executable, *command], cwd=REPOSITORY, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
