"""``dnf`` of the stand-in base: Debian's packages for the few names that the Dockerfile installs.

Debian's tools that AWS's base lacks lie hidden, and are in their places only while this installs
(``dnf hide-tools`` puts them away). `infra/lambda_base` copies this file to ``/usr/bin/dnf``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = Path("/usr/lib/stand-in/commands")
HIDDEN = Path("/usr/lib/stand-in/hidden")
FOLDERS = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "var/lang/bin")
"""All that ``PATH`` names; ``/bin`` and ``/sbin`` are links to the first two."""
PACKAGES = {
    ("libglvnd-egl", "libglvnd-gles"): ("libegl1", "libgles2"),
    ("binutils",): ("binutils",),
}
INSTALLED = "installed by dnf"
"""What marks a section of the list as commands of a package that is not in the base itself."""


def documented(text: str, *, with_installed: bool) -> set[str]:
    """Names of the commands that the list documents, in its sections of ``[package]``."""
    found: set[str] = set()
    wanted = False
    for line in text.splitlines():
        section = re.fullmatch(r"\[(\S.*)\]", line)
        if section:
            wanted = with_installed or INSTALLED not in section[1]
        elif wanted and not line.startswith("#"):
            found |= set(line.split())
    return found


def hide(root: Path, commands: set[str]) -> None:
    """Put away every command below ``root`` that is not one of ``commands``.

    Debian's ``strip`` and ``awk`` are links to other names: what stays becomes the program itself.
    """
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*")):
            if path.name in commands and path.is_symlink() and path.exists():
                program = path.resolve()
                if program.name not in commands:
                    path.unlink()
                    shutil.copy2(program, path)
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*")):
            if path.name not in commands:
                to = root / HIDDEN.relative_to("/") / folder / path.name
                to.parent.mkdir(parents=True, exist_ok=True)
                path.rename(to)


def restore(root: Path) -> None:
    """Put every hidden command back."""
    for folder in FOLDERS:
        for path in (root / HIDDEN.relative_to("/") / folder).glob("*"):
            path.rename(root / folder / path.name)


def main() -> int:
    """Do what the Dockerfile asks of dnf, and nothing else."""
    text = COMMANDS.read_text()
    root = Path("/")
    match sys.argv[1:]:
        case ["hide-tools"]:
            hide(root, documented(text, with_installed=False))
        case ["install", "-y", *names] if tuple(names) in PACKAGES:
            restore(root)
            apt = ["apt-get", "-qq"]
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            more = ["install", "-y", "--no-install-recommends", *PACKAGES[tuple(names)]]
            for arguments in (["update"], more):
                subprocess.run([*apt, *arguments], env=environment, check=True)
            hide(root, documented(text, with_installed=True))
        case ["clean", "all"]:
            for folder in ("var/lib/apt/lists", "var/cache/apt/archives"):
                shutil.rmtree(root / folder, ignore_errors=True)
        case other:
            print(f"dnf {' '.join(other)}: not in the stand-in base", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
