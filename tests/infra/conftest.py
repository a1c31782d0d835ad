"""The Chalice zip, whose packages are fetched and compiled once for all tests of a process."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.package import build_zip


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of this checkout, in the folder that it was built in."""
    return build_zip(build=tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="session")
def build_folder(package: Path) -> Callable[[Path], Path]:
    """Makes a folder as a build left it, which the next build continues."""
    built = package.parents[3]

    def make(folder: Path) -> Path:
        return Path(shutil.copytree(built, folder, symlinks=True))

    return make
