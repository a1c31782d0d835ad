"""Import parts of mediapipe without the rest of it.

mediapipe's packages import every task that it has, and for its drawing helpers matplotlib, whatever
is used of them: 0.4 s of a cold start, and 30 MB of image. These packages are entered without
running their own code, so that a module in them brings what it imports itself and nothing else.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec

PACKAGES = (
    "mediapipe",
    "mediapipe.tasks.python",
    "mediapipe.tasks.python.components.containers",
    "mediapipe.tasks.python.vision",
)


def enter() -> None:
    """Let ``import mediapipe.tasks.python.vision.X`` bring X alone, from now on."""
    for name in PACKAGES:
        if name not in sys.modules:
            spec = find_spec(name)
            if spec is None:
                raise ModuleNotFoundError(f"no {name}: is mediapipe installed?", name=name)
            sys.modules[name] = module_from_spec(spec)
