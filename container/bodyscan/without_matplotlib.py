"""Import mediapipe without matplotlib.

mediapipe's package imports its drawing helpers, and they matplotlib, whatever is used of it.
Nothing here draws with them, and matplotlib costs 0.35 s of a cold start and 30 MB of image, so it
is not installed; this stands in for it while mediapipe is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without_matplotlib() -> Iterator[None]:
    """Let ``import matplotlib.pyplot`` succeed inside the block, with an empty module."""
    names = ("matplotlib", "matplotlib.pyplot")
    stand_ins = {name: ModuleType(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
