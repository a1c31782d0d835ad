"""Child processes that never outlive the stack, and where their output goes."""

from __future__ import annotations

import collections
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
STOP_GRACE_S = 2.0
KEPT_FROM_OUTSIDE = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
"""All that a child sees of the developer's environment: no AWS profile, proxy or setting leaks."""


class StackError(Exception):
    """The stack cannot start; the message is one line for a person."""


class Log:
    """One part's output: a file and, if asked, standard error with the part's name before it.

    Parameters
    ----------
    name
        The part's name, and the file's.
    folder
        Where ``{name}.log`` is written; made if need be.
    echo
        Also write each line to standard error.
    """

    def __init__(self, name: str, folder: Path, *, echo: bool = False) -> None:
        self.name = name
        self.path = folder / f"{name}.log"
        self.tail: collections.deque[str] = collections.deque(maxlen=20)
        self._echo = echo
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8")

    def write(self, line: str) -> None:
        """Write one line."""
        with self._lock:
            if self._file.closed:
                return
            self.tail.append(line)
            self._file.write(line + "\n")
            self._file.flush()
            if self._echo:
                print(f"{self.name:>9} | {line}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        with self._lock:
            self._file.close()


class Child:
    """A Python process, started at once, whose output goes to a log.

    Parameters
    ----------
    arguments
        A script's path or ``-m`` and a module's name, then its arguments.
    environment
        Its environment, beside ``PATH`` and the like.
    folder
        Its working folder.
    log
        Takes its standard output and standard error, line by line.
    on_exit
        Called from a thread with the exit status (negative: a signal), however it ends.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Log,
        on_exit: Callable[[int], None] = lambda status: None,
    ) -> None:
        self.log = log
        outside = {name: os.environ[name] for name in KEPT_FROM_OUTSIDE if name in os.environ}
        # A session of its own: a terminal's Ctrl-C reaches the stack, which then ends its children
        # in order, instead of all of them printing tracebacks at once.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(TETHER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**outside, "PYTHONUNBUFFERED": "1", **environment},
            cwd=folder,
            start_new_session=True,
        )
        self._watcher = threading.Thread(target=self._watch, args=(on_exit,), daemon=True)
        self._watcher.start()

    def _watch(self, on_exit: Callable[[int], None]) -> None:
        for line in self._process.stdout or ():
            # awslambdaric ends the lines of a traceback with "\r", so that it stays one log event.
            for part in line.decode("utf-8", "replace").rstrip("\r\n").split("\r"):
                self.log.write(part)
        on_exit(self._process.wait())

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """End the process and wait for it: politely, then not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watcher.join(STOP_GRACE_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def wait_until_listening(self, host: str, port: int, timeout_s: float) -> None:
        """Return when the child accepts connections on ``port``.

        Raises
        ------
        StackError
            The child ended first, or the time passed; names the log and quotes its last line.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.status is not None:
                self._watcher.join(STOP_GRACE_S)
                last = next((line for line in reversed(self.log.tail) if line.strip()), "no output")
                raise StackError(f"{self.log.name} ended at start: {last} (see {self.log.path})")
            try:
                with socket.create_connection((host, port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise StackError(
            f"{self.log.name} did not listen on port {port} within {timeout_s:g} s "
            f"(see {self.log.path})"
        )
