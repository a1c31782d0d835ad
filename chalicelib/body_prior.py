"""What height alone says about a body's segment lengths, and when a body contradicts it.

The measurement leans on it where a photo says little, and the recommendation warns by it. The
numbers come from ``body_prior.json``, which ``training/carfit/body_prior.py`` derives from ANSUR II
(US Army 2012, public domain), moved from landmarks on the skin to joint centres.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

SEGMENTS: Final = ("upper_arm", "forearm", "thigh", "calf", "torso")
"""The order of every array of lengths: joint centre to joint centre, in cm."""

SEXES: Final = ("male", "female")

RANGE_SD: Final = 3.29
"""Half-width in SD of the range that holds 99.9 % of bodies, for one segment."""

MAHALANOBIS_LIMIT: Final = 20.5
"""Squared distance that 99.9 % of bodies stay within (chi-square, five degrees of freedom)."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BodyPrior:
    """Lengths of the people of one height: mean, shape (5,), and covariance, shape (5, 5)."""

    mean_cm: Array
    cov_cm2: Array

    @property
    def sd_cm(self) -> Array:
        """Standard deviation of each length, shape (5,)."""
        return np.sqrt(np.diagonal(self.cov_cm2))


@dataclass(frozen=True)
class Deviation:
    """One length against what the height alone leads to expect."""

    segment: str
    length_cm: float
    expected_cm: float
    off_cm: float
    off_sd: float


@dataclass(frozen=True)
class _Regression:
    stature_mean_cm: float
    stature_sd_cm: float
    slope: Array
    intercept_cm: Array
    residual_cov_cm2: Array

    def log_density(self, height_cm: float) -> float:
        z = (height_cm - self.stature_mean_cm) / self.stature_sd_cm
        return -0.5 * z * z - float(np.log(self.stature_sd_cm))


@cache
def _regressions() -> tuple[dict[str, _Regression], tuple[float, float]]:
    document = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    regressions = {
        sex: _Regression(
            stature_mean_cm=document[sex]["stature_mean_cm"],
            stature_sd_cm=document[sex]["stature_sd_cm"],
            slope=np.array(document[sex]["slope"]),
            intercept_cm=np.array(document[sex]["intercept_cm"]),
            residual_cov_cm2=np.array(document[sex]["residual_cov_cm2"]),
        )
        for sex in SEXES
    }
    low, high = document["measured_stature_cm"]
    return regressions, (low, high)


def _of_one_sex(height_cm: float, sex: str) -> BodyPrior:
    regressions, (low, high) = _regressions()
    regression = regressions[sex]
    # Nobody outside these statures was measured: such a body is the nearest measured one, scaled.
    measured_cm = min(max(height_cm, low), high)
    scale = height_cm / measured_cm
    return BodyPrior(
        mean_cm=scale * (regression.intercept_cm + regression.slope * measured_cm),
        cov_cm2=scale * scale * regression.residual_cov_cm2,
    )


def probability_male(height_cm: float) -> float:
    """Share of men among people of one height, where men and women are equally many."""
    regressions, _ = _regressions()
    log_odds = regressions["male"].log_density(height_cm) - regressions["female"].log_density(
        height_cm
    )
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def conditional(height_cm: float, sex: str | None = None) -> BodyPrior:
    """Lengths that a height leads to expect.

    Parameters
    ----------
    height_cm : float
        Vertex to floor, barefoot. Outside the statures of ANSUR II (140.9-199.3 cm) the nearest
        measured body is scaled.
    sex : {"male", "female", None}
        None mixes the two by how likely each is at that height.

    Returns
    -------
    BodyPrior
        In the order of `SEGMENTS`.

    Raises
    ------
    ValueError
        When the height is not positive and finite, or the sex is none of the three.

    Examples
    --------
    >>> conditional(175.0, "male").mean_cm.round(1).tolist()
    [28.3, 27.0, 41.8, 41.7, 48.9]
    """
    if not (np.isfinite(height_cm) and height_cm > 0.0):
        raise ValueError(f"expected a height_cm above 0, got {height_cm}")
    if sex is not None:
        if sex not in SEXES:
            raise ValueError(f"expected sex 'male', 'female' or None, got {sex!r}")
        return _of_one_sex(height_cm, sex)

    male, female = (_of_one_sex(height_cm, each) for each in SEXES)
    share = probability_male(height_cm)
    gap_cm = male.mean_cm - female.mean_cm
    return BodyPrior(
        mean_cm=share * male.mean_cm + (1.0 - share) * female.mean_cm,
        cov_cm2=(
            share * male.cov_cm2
            + (1.0 - share) * female.cov_cm2
            + share * (1.0 - share) * np.outer(gap_cm, gap_cm)
        ),
    )


def human_range_cm(height_cm: float, sex: str | None = None) -> tuple[Array, Array]:
    """Shortest and longest length that a body of one height can have.

    The range of 99.9 % of people per segment; without a sex, whatever either sex reaches.

    Parameters
    ----------
    height_cm : float
        As in `conditional`.
    sex : {"male", "female", None}
        As in `conditional`.

    Returns
    -------
    tuple of ndarray
        Low and high, each shape (5,), cm, in the order of `SEGMENTS`.
    """
    priors = [conditional(height_cm, each) for each in (SEXES if sex is None else (sex,))]
    lows = [prior.mean_cm - RANGE_SD * prior.sd_cm for prior in priors]
    highs = [prior.mean_cm + RANGE_SD * prior.sd_cm for prior in priors]
    return np.min(lows, axis=0), np.max(highs, axis=0)


def unusual_proportions(
    height_cm: float, lengths_cm: npt.ArrayLike, sex: str | None = None
) -> tuple[Deviation, ...]:
    """Lengths that hardly anybody of that height has; empty for an ordinary body.

    A length is named when it leaves `human_range_cm`. When each length is possible by itself but
    all together are not, the one furthest from expectation is named.

    Parameters
    ----------
    height_cm : float
        As in `conditional`.
    lengths_cm : array_like
        Shape (5,), in the order of `SEGMENTS`.
    sex : {"male", "female", None}
        As in `conditional`.

    Returns
    -------
    tuple of Deviation
        Furthest first, in SD of the people of that height.
    """
    lengths = np.asarray(lengths_cm, dtype=np.float64)
    if lengths.shape != (len(SEGMENTS),):
        raise ValueError(f"expected lengths_cm of shape ({len(SEGMENTS)},), got {lengths.shape}")
    prior = conditional(height_cm, sex)
    off_cm = lengths - prior.mean_cm
    off_sd = off_cm / prior.sd_cm
    low, high = human_range_cm(height_cm, sex)
    named = np.flatnonzero((lengths < low) | (lengths > high))
    if not named.size and off_cm @ np.linalg.solve(prior.cov_cm2, off_cm) > MAHALANOBIS_LIMIT:
        named = np.array([np.argmax(np.abs(off_sd))])
    return tuple(
        Deviation(
            segment=SEGMENTS[i],
            length_cm=float(lengths[i]),
            expected_cm=float(prior.mean_cm[i]),
            off_cm=float(off_cm[i]),
            off_sd=float(off_sd[i]),
        )
        for i in sorted(named, key=lambda i: -abs(off_sd[i]))
    )


def given_some(
    height_cm: float, lengths_cm: Sequence[float | None], sex: str | None = None
) -> tuple[tuple[float, ...], Array]:
    """Fill in the lengths of a body of which only some are known.

    Parameters
    ----------
    height_cm, sex
        As in `conditional`.
    lengths_cm : sequence of float or None
        In the order of `SEGMENTS`; None is unknown.

    Returns
    -------
    tuple
        All five lengths, cm, and the covariance of what is not known of them, cm2, shape (5, 5);
        rows and columns of known lengths are zero.
    """
    prior = conditional(height_cm, sex)
    known = np.array([each is not None for each in lengths_cm])
    filled = np.where(known, [each or 0.0 for each in lengths_cm], prior.mean_cm)
    cov = np.zeros_like(prior.cov_cm2)
    if not known.all():
        cross = prior.cov_cm2[np.ix_(~known, known)]
        gain = np.linalg.solve(prior.cov_cm2[np.ix_(known, known)], cross.T).T
        # A length that nobody of that height has says no more of the others than the rarest does.
        low, high = human_range_cm(height_cm, sex)
        off_cm = np.clip(filled, low, high)[known] - prior.mean_cm[known]
        filled[~known] += gain @ off_cm
        cov[np.ix_(~known, ~known)] = prior.cov_cm2[np.ix_(~known, ~known)] - gain @ cross.T
    return tuple(float(each) for each in filled), cov
