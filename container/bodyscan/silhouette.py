"""Where a person begins and ends in the photo: the rows of the vertex and of the soles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bodyscan.pose import (
    LEFT_ANKLE,
    LEFT_EAR,
    LEFT_FOOT_INDEX,
    LEFT_HEEL,
    MASK_THRESHOLD,
    NOSE,
    RIGHT_ANKLE,
    RIGHT_EAR,
    RIGHT_FOOT_INDEX,
    RIGHT_HEEL,
    Person,
)

HEAD = (NOSE, LEFT_EAR, RIGHT_EAR)
FEET = (LEFT_ANKLE, RIGHT_ANKLE, LEFT_HEEL, RIGHT_HEEL, LEFT_FOOT_INDEX, RIGHT_FOOT_INDEX)
WINDOW_SHARE = 0.06
"""Half-width of the columns looked at about head and feet, as a share of the landmarks' height."""


@dataclass(frozen=True)
class Silhouette:
    """Rows in pixels, y down: the top of the head (with hair) and the lowest point of the shoes."""

    vertex_y_px: float
    sole_y_px: float

    @property
    def height_px(self) -> float:
        """From vertex to soles."""
        return self.sole_y_px - self.vertex_y_px


def silhouette(person: Person) -> Silhouette | None:
    """Find the vertex and the soles in a person's mask; None when the mask misses head or feet."""
    rows_px = person.landmarks_px[:, 1]
    reach_px = WINDOW_SHARE * float(np.ptp(rows_px))
    # Only the columns about head and feet: a raised hand or a chair's leg is neither.
    vertex = _edge(person, HEAD, reach_px, from_top=True)
    sole = _edge(person, FEET, reach_px, from_top=False)
    if vertex is None or sole is None or sole <= vertex:
        return None
    return Silhouette(vertex, sole)


def _edge(
    person: Person, landmarks: tuple[int, ...], reach_px: float, *, from_top: bool
) -> float | None:
    points = person.landmarks_px[list(landmarks)]
    height, width = person.mask.shape
    left = int(np.clip(points[:, 0].min() - reach_px, 0, width))
    right = int(np.clip(points[:, 0].max() + reach_px, 0, width))
    if right <= left:
        return None
    profile = person.mask[:, left:right].max(axis=1)
    # The run of person rows that holds the landmarks: a mask's specks elsewhere do not count.
    anchor = int(np.clip(points[:, 1].mean(), 0, height - 1))
    if profile[anchor] < MASK_THRESHOLD:
        return None
    step = -1 if from_top else 1
    row = anchor
    while 0 <= row + step < height and profile[row + step] >= MASK_THRESHOLD:
        row += step
    if not 0 <= row + step < height:
        return float(row + 0.5)
    inside, outside = float(profile[row]), float(profile[row + step])
    # Where the probability crosses the threshold between the two rows' centres.
    share = (inside - MASK_THRESHOLD) / max(inside - outside, 1e-6)
    return float(row + 0.5 + step * share)
