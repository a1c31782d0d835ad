"""How the camera was held, by the plumb edges of what stands around the person.

Door frames, the corners of walls and furniture are plumb. A camera that is tilted up or down sees
them converge: the further an edge is from the picture's middle, the more it leans. So the line of
lean over place tells the pitch by its slope and the roll by its offset. OpenCV finds the segments
(LSD: von Gioi et al. 2010); all cameras are tried, and nothing is said where few segments agree or
where they leave the pitch open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from bodyscan.pose import MASK_THRESHOLD

Array = npt.NDArray[np.float64]

LONGER_SIDE_PX: Final = 960
"""Longer side of the picture in which segments are sought."""
SQUEEZED: Final = 4
"""Rows of that picture that are averaged into one: plumb edges lose length by that, not place, and
the search takes a quarter of the time."""
LEAST_LENGTH: Final = 0.04
"""Least length of a segment, as a share of the longer side: shorter ones tell their lean to 2
degrees."""
MOST_LEAN_DEG: Final = 25.0
"""Lean that a plumb edge has in a picture at most."""
MOST_SEGMENTS: Final = 120
"""The longest are used."""
PERSON_MARGIN: Final = 0.03
"""About the person, as a share of the longer side: sleeves and trousers are no walls."""
MOST_ON_PERSON: Final = 0.1
"""Share of a segment that may lie on the person or in that margin."""
PERSON_GRID: Final = 128
"""Cells across and down in which that is looked up."""
FLOOR_SHARE: Final = 0.2
"""Share of the person's height, from below: boards and carpets are sooner seen there than walls."""

END_SD_PX: Final = 0.8
"""How far a segment's ends are off its edge."""
LEAN_SD_DEG: Final = 0.35
"""Lean of edges that are built to be plumb, through a lens that is not quite straight. In a
laboratory whose cameras are calibrated, windows and doors are off by 0.5 at the median."""
STRAY_SHARE: Final = 0.4
"""Share of segments that belong to nothing plumb and lean any way: a judgement."""
EDGE_WIDTH: Final = 0.025
"""Segments of one edge pass each other nearer than this, as a share of the longer side."""
EDGE_LEAN_DEG: Final = 2.0
"""Segments of one edge lean alike within this. They count as one: a door's frame is several."""

PITCHES_DEG: Final = np.arange(-45.0, 46.0, 1.0)
ROLLS_DEG: Final = np.arange(-12.0, 12.5, 0.75)
"""Cameras that are tried."""
STEP_SD_DEG: Final = 0.3
"""Steps between those cameras add this to the SD of a lean."""
HELD_SD_DEG: Final = 25.0
"""SD of the pitches of cameras."""
ROLL_SD_DEG: Final = 2.0
"""How wrong the networks' roll may be: 0.6 on rendered people, more on photos that they do not
know."""
REFINEMENTS: Final = 8

LEAST_EVIDENCE: Final = 6.0
"""By how much the best camera must explain the segments better than chance does, as a logarithm.
Of 300 pictures of random segments, in which some camera always fits best, one reached it."""
MOST_SD_DEG: Final = 5.0
"""Most SD of a pitch that is worth telling."""


@dataclass(frozen=True)
class Upright:
    """How a camera was held, in radians.

    Attributes
    ----------
    pitch_rad, pitch_sd_rad : float
        How far its axis points above the horizon, and how wrong that may be if the focal length is
        right.
    roll_rad : float
        Where a plumb line through the picture's middle leans; positive to the right.
    """

    pitch_rad: float
    pitch_sd_rad: float
    roll_rad: float


def upright_segments(pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.float32]) -> Array:
    """Find straight segments that may be of plumb edges.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Upright RGB.
    mask : ndarray, shape (h, w)
        Probability that a pixel is the person, whose own edges are left out.

    Returns
    -------
    ndarray, shape (n, 4)
        x and y of the upper end and of the lower one, from the picture's middle, in shares of its
        longer side; the longest first.
    """
    height_px, width_px = pixels.shape[:2]
    longer_px = max(height_px, width_px)
    scale = LONGER_SIDE_PX / longer_px
    size = round(width_px * scale), max(1, round(height_px * scale / SQUEEZED))
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(grey)[0]
    if found is None:
        return np.empty((0, 4))
    # OpenCV counts from the middle of the first pixel.
    ends = (np.asarray(found, np.float64).reshape(-1, 2, 2) + 0.5) / size
    downward = ends[:, 0, 1] <= ends[:, 1, 1]
    ends = np.where(downward[:, None, None], ends, ends[:, ::-1])
    places = (ends - 0.5) * [width_px, height_px] / longer_px
    right, down = (places[:, 1] - places[:, 0]).T
    length = np.hypot(right, down)
    kept = (
        (length >= LEAST_LENGTH)
        & (np.abs(right) <= np.tan(np.radians(MOST_LEAN_DEG)) * down)
        & _beside_person(ends, mask)
    )
    longest = np.argsort(-length[kept], kind="stable")[:MOST_SEGMENTS]
    return np.asarray(places[kept][longest].reshape(-1, 4))


def _beside_person(ends: Array, mask: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which segments, (n, 2, 2) in shares of width and height, are of walls: not on the person or
    close, nor on the floor before them."""
    rows = np.flatnonzero((mask > MASK_THRESHOLD).any(axis=1)) / len(mask)
    if not len(rows):
        return np.ones(len(ends), np.bool_)
    above_floor = ends[..., 1].mean(axis=1) < rows[-1] - FLOOR_SHARE * (rows[-1] - rows[0])
    cells = cv2.resize(mask, (PERSON_GRID, PERSON_GRID), interpolation=cv2.INTER_AREA)
    reach_y, reach_x = np.ceil(
        PERSON_GRID * PERSON_MARGIN * max(mask.shape) / np.array(mask.shape)
    ).astype(int)
    near = cv2.dilate(cells, np.ones((2 * reach_y + 1, 2 * reach_x + 1), np.uint8))
    along = np.linspace(0, 1, 9)[:, None]
    points = ends[:, None, 0] * (1 - along) + ends[:, None, 1] * along
    x, y = np.moveaxis(np.clip((points * PERSON_GRID).astype(int), 0, PERSON_GRID - 1), -1, 0)
    on_person = (near[y, x] > MASK_THRESHOLD).mean(axis=1)
    return np.asarray(above_floor & (on_person <= MOST_ON_PERSON))


def find_upright(segments: Array, focal: float, roll_rad: float = 0.0) -> Upright | None:
    """Find the camera before which most segments would be plumb.

    Parameters
    ----------
    segments : ndarray, shape (n, 4)
        As `upright_segments` returns them.
    focal : float
        Focal length, in shares of the picture's longer side.
    roll_rad : float
        About what the roll is: with it, edges on one side of the picture tell the pitch.

    Returns
    -------
    Upright or None
        None where the segments do not tell.
    """
    if not len(segments):
        return None
    middles = (segments[:, :2] + segments[:, 2:]) / 2 / focal
    right, down = (segments[:, 2:] - segments[:, :2]).T
    leans = np.arctan2(right, down)
    end_sd = np.sqrt(2) * END_SD_PX / LONGER_SIDE_PX / np.hypot(right, down)
    sd = np.hypot(end_sd, np.radians(LEAN_SD_DEG))
    counted = 1 / _of_one_edge(segments, leans)
    usual = np.array([0.0, roll_rad])
    usual_sd = np.radians([HELD_SD_DEG, ROLL_SD_DEG])

    pitches, rolls = np.radians(np.meshgrid(PITCHES_DEG, ROLLS_DEG, indexing="ij"))
    cameras = np.column_stack([pitches.ravel(), roll_rad + rolls.ravel()])
    rough = np.hypot(sd, np.radians(STEP_SD_DEG))
    fits = np.log(STRAY_SHARE + _plumb(leans - _leans(middles, cameras), rough)) @ counted
    score = fits - 0.5 * (((cameras - usual) / usual_sd) ** 2).sum(axis=1)
    best = int(np.argmax(score))
    if fits[best] < LEAST_EVIDENCE:
        return None
    likely = np.exp(score - score[best])
    likely /= likely.sum()

    found = cameras[best]
    for step in range(REFINEMENTS):
        # From as wide as the grid's steps to as narrow as an edge.
        spread = np.hypot(sd, np.radians(2 * STEP_SD_DEG) * 0.5**step)
        off = leans - _leans(middles, found[None])[0]
        plumb = _plumb(off, spread)
        weights = counted * plumb / (plumb + STRAY_SHARE) / spread**2
        slope = _slope(middles, found)
        information = (slope * weights[:, None]).T @ slope + np.diag(usual_sd**-2)
        gradient = slope.T @ (weights * off) - (found - usual) / usual_sd**2
        found = found + np.linalg.solve(information, gradient)
    # The grid has also seen how well any other camera explains the segments.
    of_others = float(likely @ (cameras[:, 0] - found[0]) ** 2)
    variance = max(of_others, float(np.linalg.inv(information)[0, 0]))
    if variance > np.radians(MOST_SD_DEG) ** 2:
        return None
    return Upright(float(found[0]), float(np.sqrt(variance)), float(found[1]))


def _leans(middles: Array, cameras: Array) -> npt.NDArray[np.float32]:
    """How plumb lines through places lean, (n, 2) in focal lengths, before cameras of pitch and
    roll, (m, 2): shape (m, n)."""
    # Single precision: the grid of cameras is what takes time.
    x, y = middles.T.astype(np.float32)
    pitch, roll = cameras.T.astype(np.float32)[..., None]
    right = np.sin(roll) * np.cos(pitch) + x * np.sin(pitch)
    down = np.cos(roll) * np.cos(pitch) + y * np.sin(pitch)
    return np.asarray(np.arctan2(right, down))


def _slope(middles: Array, camera: Array) -> Array:
    """What each lean gains with a camera's pitch and roll, shape (n, 2)."""
    step = np.radians(0.5)
    pitched, back, rolled, over = _leans(
        middles, camera + step * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    )
    return np.asarray(np.column_stack([pitched - back, rolled - over]) / (2 * step), np.float64)


def _plumb(off: npt.NDArray[np.floating], sd: Array) -> npt.NDArray[np.floating]:
    """Likelihood of plumb edges that are off by so much, where that of any lean is 1."""
    height = (1 - STRAY_SHARE) * 2 * np.radians(MOST_LEAN_DEG) / (np.sqrt(2 * np.pi) * sd)
    narrow = (1 / sd).astype(np.float32)
    return np.asarray(
        height.astype(np.float32) * np.exp(-0.5 * (off.astype(np.float32) * narrow) ** 2)
    )


def _of_one_edge(segments: Array, leans: Array) -> Array:
    """How many segments are of each one's edge, itself included; (n,)."""
    middles = (segments[:, :2] + segments[:, 2:]) / 2
    # Where each, prolonged, passes the middles of the others.
    rise = middles[None, :, 1] - middles[:, None, 1]
    passes = middles[:, None, 0] + rise * np.tan(leans)[:, None]
    near = np.abs(passes - middles[None, :, 0]) < EDGE_WIDTH
    alike = np.abs(leans[:, None] - leans) < np.radians(EDGE_LEAN_DEG)
    return np.asarray((near & near.T & alike).sum(axis=1))
