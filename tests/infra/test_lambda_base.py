"""The stand-in for AWS's base image has no tool that AWS's lacks, and the Dockerfile needs none."""

import re
from pathlib import Path

import pytest

from infra.lambda_base_dnf import FOLDERS, documented, hide, restore
from local.config import REPOSITORY

LIST = (REPOSITORY / "infra" / "lambda_base.commands").read_text("utf-8")
SHELL = {
    "if",
    "then",
    "else",
    "fi",
    "for",
    "do",
    "done",
    "export",
    "cd",
    "set",
    "exec",
    "test",
    "[",
}
"""Words of the shell itself, which need no command."""


def commands_of(dockerfile: str) -> set[str]:
    """Names of the commands that the Dockerfile's RUN steps start."""
    joined = re.sub(r"\\\n(\s*#.*\n)*", " ", dockerfile)
    found = set()
    for step in re.findall(r"^RUN (.*)$", joined, re.M):
        without_options = re.sub(r"^(--\S+\s+)+", "", step.strip())
        for part in re.split(r"&&|\|\||[;|]", without_options):
            words = part.split()
            while words and (words[0] in SHELL or "=" in words[0].split('"')[0]):
                if words[0] in ("for", "export", "if"):
                    words = []
                words = words[1:]
            if words:
                found.add(words[0])
    return found


def test_the_dockerfile_runs_what_awss_base_has_or_what_it_installed_itself() -> None:
    dockerfile = (REPOSITORY / "container" / "Dockerfile").read_text("utf-8")
    used = commands_of(dockerfile)
    assert {"dnf", "pip", "python", "mkdir", "echo"} <= used
    assert used <= documented(LIST, with_installed=False)


def test_commands_are_found_behind_mounts_and_in_lines_that_go_on() -> None:
    assert commands_of("RUN --mount=type=secret,id=ca \\\n    if [ -f x ]; then find /; fi") == {
        "find"
    }
    assert commands_of("RUN dnf clean all \\\n    && ./slim /packages") == {"dnf", "./slim"}


def test_what_the_image_is_built_of_is_python_but_for_the_dockerfile() -> None:
    """A shell script among it would call what nobody has looked for."""
    folder = REPOSITORY / "container"
    kinds = {path.name for path in folder.iterdir() if path.is_file() and not path.suffix}
    assert kinds == {"Dockerfile", "build_image"}, "build_image runs outside the image"


@pytest.mark.parametrize(
    "name", ["find", "xargs", "tar", "gzip", "perl", "which", "apt-get", "dpkg"]
)
def test_the_list_has_what_awss_base_has(name: str) -> None:
    assert name not in documented(LIST, with_installed=True)
    assert {"sh", "mkdir", "dnf", "pip", "["} <= documented(LIST, with_installed=False)
    assert "strip" not in documented(LIST, with_installed=False)
    assert "strip" in documented(LIST, with_installed=True)


def test_tools_are_hidden_and_come_back(tmp_path: Path) -> None:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
        for name in ("sh", "find"):
            (tmp_path / folder / name).write_text(name)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    hide(tmp_path, {"sh"})
    assert not [folder for folder in FOLDERS if (tmp_path / folder / "find").exists()]
    assert all((tmp_path / folder / "sh").exists() for folder in FOLDERS)
    restore(tmp_path)
    after = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert after == before


def test_a_link_that_stays_does_not_lose_its_program(tmp_path: Path) -> None:
    folder = tmp_path / "usr" / "bin"
    folder.mkdir(parents=True)
    (folder / "x86_64-linux-gnu-strip").write_text("program")
    (folder / "strip").symlink_to("x86_64-linux-gnu-strip")
    hide(tmp_path, {"strip"})
    assert [path.name for path in folder.iterdir()] == ["strip"]
    assert (folder / "strip").read_text() == "program"
