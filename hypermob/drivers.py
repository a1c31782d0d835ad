"""``hypermob drivers``: what a driver keeps, told, shown and forgotten.

Without an API it lies in files of this machine, one for each driver, in the form that the API
stores.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
from rich.table import Table

from chalicelib.carfit import SETTINGS
from chalicelib.errors import Language
from chalicelib.settings import settings

HEADS = {
    "at": {"en": "Kept (UTC)", "ko": "저장 시각 (UTC)"},
    "kind": {"en": "how", "ko": "종류"},
    "vehicle": {"en": "car", "ko": "차량"},
}
KINDS = {
    "kept": {"en": "kept", "ko": "유지"},
    "adjusted": {"en": "adjusted", "ko": "조절"},
    "discomfort": {"en": "discomfort", "ko": "불편"},
}
SHOWN = ("seat.fore_aft_mm", "seat.height_mm", "seat.backrest_recline_deg")
OWN = {"en": "own figures", "ko": "직접 입력"}


class Files:
    """Drivers' documents as files, with the calls of `chalicelib.storage.Storage`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(settings().drivers_folder).expanduser()

    def read_driver(self, user_id: str) -> tuple[Any | None, str]:
        """As `chalicelib.storage.Storage.read_driver`."""
        try:
            content = self._path(user_id).read_bytes()
        except FileNotFoundError:
            return None, ""
        return msgspec.json.decode(content), hashlib.sha256(content).hexdigest()

    def write_driver(self, user_id: str, content: Any, replacing: str | None) -> bool:
        """As `chalicelib.storage.Storage.write_driver`."""
        with self._locked():
            _, tag = self.read_driver(user_id)
            if tag != (replacing or ""):
                return False
            self._write(user_id, content)
        return True

    def overwrite_driver(self, user_id: str, content: Any) -> None:
        """As `chalicelib.storage.Storage.overwrite_driver`."""
        with self._locked():
            self._write(user_id, content)

    def _path(self, user_id: str) -> Path:
        return self._folder / f"{user_id}.json"

    def _write(self, user_id: str, content: Any) -> None:
        path = self._path(user_id)
        half = path.with_suffix(".part")
        half.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1))
        half.replace(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # nobody else's to read
        with (self._folder / ".lock").open("w") as lock:
            _lock(lock)
            yield


def _lock(file: IO[str]) -> None:
    """Wait for the file's lock, which ends when the file is closed."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def table(told: Mapping[str, Any], language: Language) -> Table:
    """All that a driver told, one line each."""
    found = Table(*(head[language] for head in HEADS.values()))
    for path in SHOWN:
        row = SETTINGS[path]
        found.add_column(f"{row.name[language]}, {row.unit}", justify="right")
    for each in told["tellings"]:
        car = each["vehicle"] if isinstance(each["vehicle"], str) else OWN[language]
        values = (_value(each["settings"], path) for path in SHOWN)
        found.add_row(each["at"][:16], KINDS[each["kind"]][language], car, *values)
    return found


def _value(settings_: Mapping[str, Any], path: str) -> str:
    group, name = path.split(".")
    value = (settings_.get(group) or {}).get(name)
    return "" if value is None else f"{value:.0f}"
