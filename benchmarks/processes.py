"""The measure processes of a stack that this process started, as the system sees them."""

import os
from pathlib import Path


def measure_processes() -> set[int]:
    """Ids of the measure processes that are children of this one."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            # After the name in brackets come the state and the parent's id.
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid() and b"handler.handle" in arguments:
            found.add(int(folder.name))
    return found


def peak_mb(process: int) -> float:
    """Largest resident memory that a process ever had, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def resident_mb(process: int) -> float:
    """Resident memory of a process now, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
