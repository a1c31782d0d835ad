"""Photos of real people, as the measure function sees them; calibrated on beside rendered ones.

The CSV files are those of ``hypermob validate``. Nobody's true lengths are known here, only the
height, and that the photo is one to be measured (``expected`` says ``measured``).
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bodyscan import scan
from bodyscan.lengths import LANDMARK_VARIANCE, NO_SIDES, Observation, Weighed, weighed
from chalicelib import body_prior
from chalicelib.errors import PhotoError
from hypermob import batch
from hypermob.people import read_photo
from training.rendered import MODEL

Array = npt.NDArray[np.float64]
MEASURED = "measured"


@dataclass(frozen=True)
class RealPhoto:
    """One person from the front, as seen; ``people`` names the file that the photo is of."""

    people: str
    person: str
    height_cm: float
    sex: str | None
    observation: Observation

    @property
    def usual_percent(self) -> Array:
        """Lengths that the height leads to expect, in percent of it, shape (5,)."""
        return 100 * body_prior.conditional(self.height_cm, self.sex).mean_cm / self.height_cm


def both_seen(observation: Observation) -> tuple[Weighed, Weighed]:
    """What the networks and the landmarks see of lengths, every side counted."""
    return (
        weighed(observation.networks, observation.joint_variance, NO_SIDES, None),
        weighed(observation.landmarks, LANDMARK_VARIANCE, NO_SIDES, None),
    )


def fronts(people_csv: Path, processes: int) -> list[RealPhoto]:
    """See every photo of the file that is to be measured and can be."""
    rows = [row for row in batch.read(people_csv) if row.get("expected") == MEASURED]
    # Spawned, not forked: MediaPipe's threads do not survive a fork.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        looks = pool.map(_look, [people_csv] * len(rows), rows, chunksize=4)
        seen = list(tqdm(looks, total=len(rows), desc=people_csv.name, unit="photo"))
    return [photo for photo in seen if photo is not None]


def _look(people_csv: Path, row: dict[str, str]) -> RealPhoto | None:
    try:
        person = batch.person(row)
        photo = read_photo(people_csv.parent / person.photo, "photo")
        observation = scan.look(photo, "front", MODEL).observation
    except PhotoError:
        return None  # a photo that is never measured needs no calibration
    return RealPhoto(
        people=people_csv.stem,
        person=row.get("person") or row["photo"],
        height_cm=person.height_cm,
        sex=person.sex,
        observation=observation,
    )
