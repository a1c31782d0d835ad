"""The processes of a stack that this process started, as the system sees them; those of ours."""

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path

PARTS = {
    b"handler.handle": "measure",
    b"app.on_measurement_stored": "recommend",
    b"local.moto_server": "S3 and SQS",
    b"local.api": "API",
}
"""An argument that tells a part's process from the others'."""


def arguments(process: int) -> list[bytes]:
    """Words of the command that started a process."""
    return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")


def children() -> dict[int, str]:
    """Parts of the stack by the ids of their processes."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = arguments(int(folder.name))
            # After the name in brackets come the state and the parent's id.
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        part = next((name for mark, name in PARTS.items() if mark in words), None)
        if parent == os.getpid() and part is not None:
            found[int(folder.name)] = part
    return found


def measure_processes() -> set[int]:
    """Ids of the measure processes."""
    return {process for process, part in children().items() if part == "measure"}


def cpu_s(process: int) -> float:
    """Processor time that a process has used, s."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(process: int) -> float:
    """Largest resident memory that a process ever had, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def resident_mb(process: int) -> float:
    """Resident memory of a process now, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def in_processes[**P, T](
    count: int, work: Callable[P, T], *arguments: P.args, **named: P.kwargs
) -> list[T]:
    """What so many new processes return that do the same side by side; Ctrl-C ends them."""
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
    # They inherit it: a terminal's Ctrl-C reaches this process, which ends them without their word.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        futures = [pool.submit(work, *arguments, **named) for _ in range(count)]
    finally:
        signal.signal(signal.SIGINT, handler)
    with pool:
        try:
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            for process in active_children():
                process.terminate()
            raise


def exit_status(main: Callable[[], int | None]) -> int:
    """Run a command; its exit status, or 130 after one line when Ctrl-C ends it."""
    try:
        return main() or 0
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
