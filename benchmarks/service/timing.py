"""How long a call takes."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def median_ms(call: Callable[[], Any], runs: int) -> float:
    """Median time of a call, after one that is not counted."""
    call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)
