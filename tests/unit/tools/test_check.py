"""Which tests belong to a changed file."""

import subprocess

import pytest

from infra.stage import REPOSITORY
from tools.check import NEAREST, nearest_tests

ALL = subprocess.run(
    ["git", "ls-files", "tests/**/test_*.py"],
    cwd=REPOSITORY,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("chalicelib/carfit/linkage.py", ["tests/unit/carfit/test_linkage.py"]),
        ("chalicelib/measurement/function.py", ["tests/functional/test_measurement.py"]),
        ("tests/unit/carfit/test_rules.py", ["tests/unit/carfit/test_rules.py"]),
        ("README.ko.md", ["tests/unit/test_documents.py"]),
        ("tests/unit/carfit/bodies.py", []),
    ],
)
def test_the_tests_of_a_file_are_found_by_its_name_or_its_place(changed, tests):
    assert nearest_tests([changed], ALL) == tests


@pytest.mark.parametrize(("place", "room"), NEAREST)
def test_each_place_and_its_tests_exist(place, room):
    assert (REPOSITORY / place).exists()
    assert (REPOSITORY / room).exists()
