"""The person, cut out of the photo at one size: what the skeleton network sees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bodyscan import pose
from bodyscan.pose import Person
from bodyscan.silhouette import Silhouette

Array = npt.NDArray[np.float64]

HEIGHT_PX, WIDTH_PX, PERSON_PX = 256, 224, 230
"""The whole person, who has so many rows from vertex to soles; arms 70 degrees out just fit."""
FINE_SIZE_PX, FINE_PERSON_PX = (416, 368), 345
"""The same from closer: what single joints are looked at in."""

GREY = 127.0
NOBODY = (GREY, GREY, GREY, 0.0)
"""A pixel outside the photo: grey, and surely nobody's."""

TRUNK = (pose.LEFT_SHOULDER, pose.RIGHT_SHOULDER, pose.LEFT_HIP, pose.RIGHT_HIP)


@dataclass(frozen=True)
class Crop:
    """A person at one size.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (h, w, 4)
        RGB, and how surely a pixel is the person; outside the photo grey and nobody.
    centre_px : ndarray, shape (2,)
        The photo's point that lies in the crop's middle: halfway down the person.
    scale : float
        Crop pixels per pixel of the photo.
    """

    pixels: npt.NDArray[np.uint8]
    centre_px: Array
    scale: float

    def to_photo(self, points: Array) -> Array:
        """Pixels of the photo at points, shape (..., 2), from the crop's middle."""
        return points / self.scale + self.centre_px


def body_centre_px(person: Person, outline: Silhouette) -> Array:
    """Halfway between vertex and soles, in the trunk's middle."""
    x = person.landmarks_px[list(TRUNK), 0].mean()
    return np.array([x, (outline.vertex_y_px + outline.sole_y_px) / 2])


def coarse_and_fine(
    photo: npt.NDArray[np.uint8], person: Person, outline: Silhouette
) -> tuple[Crop, Crop]:
    """Cut a person out of the photo, RGB of shape (h, w, 3), at the two sizes above."""
    pixels = with_mask(photo, person)
    whole = crop_person(pixels, person, outline)
    return whole, crop_person(pixels, person, outline, FINE_SIZE_PX, FINE_PERSON_PX)


def with_mask(pixels: npt.NDArray[np.uint8], person: Person) -> npt.NDArray[np.uint8]:
    """RGB, (h, w, 3), and how surely each pixel is the person: shape (h, w, 4)."""
    mask = (person.mask.clip(0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.merge([*cv2.split(pixels), mask]), np.uint8)


def crop_person(
    pixels: npt.NDArray[np.uint8],
    person: Person,
    outline: Silhouette,
    size_px: tuple[int, int] = (HEIGHT_PX, WIDTH_PX),
    person_px: int = PERSON_PX,
) -> Crop:
    """Cut a person out of the photo.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 4)
        The photo in which the person was found, `with_mask`.
    size_px : tuple of int
        Rows and columns.
    person_px : int
        Rows that the person is to have.
    """
    scale = person_px / outline.height_px
    centre = body_centre_px(person, outline)
    # Averaged down first: bilinear sampling alone would skip pixels and alias.
    factor = max(1, int(1 / scale))
    if factor > 1:
        height, width = (n // factor for n in pixels.shape[:2])
        whole = pixels[: height * factor, : width * factor]
        pixels = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
    # OpenCV counts from the middle of the first pixel, all else here from its corner.
    zoom = scale * factor
    offset = np.array([size_px[1], size_px[0]]) / 2 - 0.5 - zoom * (centre / factor - 0.5)
    matrix = np.array([[zoom, 0.0, offset[0]], [0.0, zoom, offset[1]]])
    warped = cv2.warpAffine(
        pixels,
        matrix,
        (size_px[1], size_px[0]),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=NOBODY,
    )
    return Crop(np.asarray(warped, np.uint8), centre, scale)
