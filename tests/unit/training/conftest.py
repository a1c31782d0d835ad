"""A body without skin: posing needs no torch."""

import numpy as np
import pytest

from training.people.body import PARTS, Body


@pytest.fixture
def skeleton() -> Body:
    """Arms 45 deg out with elbows a little bent, as Anny rests; metres."""
    joints = {
        "waist": (0.0, 0.0, 1.02),
        "neck": (0.0, 0.0, 1.48),
        "head": (0.0, -0.03, 1.6),
    }
    left = {
        "shoulder": (0.18, 0.0, 1.4),
        "elbow": (0.37, 0.0, 1.2),
        "wrist": (0.5, -0.15, 1.08),
        "hip": (0.1, 0.0, 0.92),
        "knee": (0.13, -0.02, 0.5),
        "ankle": (0.16, 0.0, 0.08),
        "eye": (0.03, -0.12, 1.65),
        "toe": (0.15, -0.15, 0.02),
    }
    for name, (x, y, z) in left.items():
        joints[name + ".L"] = (x, y, z)
        joints[name + ".R"] = (-x, y, z)
    nothing = np.zeros((0, 3))
    return Body(
        vertices=nothing,
        faces=nothing.astype(int),
        face_uv=np.zeros((0, 3, 2)),
        weights=np.zeros((0, len(PARTS))),
        joints={n: np.array(p, float) for n, p in joints.items()},
        eye_faces=np.zeros(0, bool),
        inner_faces=np.zeros(0, bool),
    )
