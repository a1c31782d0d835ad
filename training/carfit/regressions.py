"""Published regressions of driving posture, as ``data/posture_models.json`` keeps them."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

DATA: Final = Path(__file__).parent / "data"

L6_REFERENCE_MM: Final = 600.0
"""Park et al. 2016 centre L6 on it."""


@cache
def models() -> dict[str, Any]:
    """The published regressions: coefficients by sex, output and term."""
    document: dict[str, Any] = json.loads((DATA / "posture_models.json").read_text())
    return document


def regression(sex: str, output: str, values: dict[str, Array]) -> Array:
    """Evaluate one published regression; ``values`` by the names of its terms."""
    terms = values | {"1": np.ones_like(values["S"])}
    total = np.zeros_like(values["S"])
    for term, coefficient in models()[sex][output].items():
        total = total + coefficient * np.prod([terms[n] for n in term.split("*")], axis=0)
    return np.asarray(total)


def mean_sitting_height_mm(sex: str, stature_mm: Array) -> Array:
    """Sitting height of the mean body of a stature (ANSUR II)."""
    line = models()["sitting_height_cm"][sex]
    return np.asarray(10.0 * line["intercept"] + line["slope"] * stature_mm)
