"""Which tests belong to a changed file."""

import subprocess

import pytest

from infra.stage import REPOSITORY
from tools.check import BESIDE, DESCRIPTION, NEAREST, nearest_tests

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
        (
            "chalicelib/carfit/vehicles.json",
            ["tests/unit/carfit/test_catalogue.py", "tests/unit/carfit/test_words.py", DESCRIPTION],
        ),
    ],
)
def test_the_tests_of_a_file_are_found_by_its_name_or_its_place(changed, tests):
    assert nearest_tests([changed], ALL) == tests


@pytest.mark.parametrize(("place", "room"), NEAREST)
def test_each_place_and_its_tests_exist(place, room):
    assert (REPOSITORY / place).exists()
    assert (REPOSITORY / room).exists()


@pytest.mark.parametrize("place", BESIDE)
def test_what_stands_beside_a_file_exists(place):
    assert (REPOSITORY / place).is_file()
    for test in BESIDE[place]:
        file, _, name = test.partition("::")
        assert not name or f"def {name}(" in (REPOSITORY / file).read_text("utf-8")
        assert file in ALL


def test_a_test_is_not_run_a_second_time_beside_its_file_or_folder():
    changed = ["chalicelib/carfit/vehicles.json", "chalicelib/carfit/habit.json"]
    assert nearest_tests(changed, []) == ["tests/unit/carfit", DESCRIPTION]
    assert nearest_tests(["hypermob/__main__.py", ALL[-1]], ALL) == sorted(
        [BESIDE["hypermob/__main__.py"][0], ALL[-1]]
    )
