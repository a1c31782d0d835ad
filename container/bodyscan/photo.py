"""A photo file to upright RGB pixels, within bounds of memory and time that no file can exceed.

Each format is read by the decoder that tried best for it: JPEG by Pillow, which decodes at a
fraction of the size and never hands out a picture that is cut short; PNG and WebP by OpenCV, whose
libraries refuse missing data; HEIC by pillow-heif. Colour profiles are ignored: the difference
between Display P3 and sRGB moves no joint.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from bodyscan.image_file import LIBRARY_ERRORS, Format, ImageFile, inspect
from chalicelib.errors import ImageTooLargeError, UnsupportedImageError

MAX_BYTES = 20 * 1024 * 1024
"""What API users may upload: a 50 MP phone JPEG is 10-18 MB."""

MAX_PIXELS = 50_000_000
"""What phones make at most by default: 50 MP."""

MAX_DECODE_BYTES = 320_000_000
"""What a decoder may hold; with file and result the process stays 350 MB above where it was."""

DETECT_SIDE_PX = 1280
"""The longer side of what is kept: the pose models see 256 px, a phone's screen about 1000."""

ENOUGH_SIDE_PX = 960
"""A JPEG is decoded at 1/2, 1/4 or 1/8 while its longer side keeps this much."""

# A damaged file is an answer to its sender, not a line in our log.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_BACKGROUND = 128
"""Mid-grey behind transparent pixels: neither dark nor light clothes melt into it."""


@dataclass(frozen=True)
class Photo:
    """An upright photo, reduced to what detection needs.

    Attributes
    ----------
    pixels
        (height, width, 3) RGB, C-contiguous, longer side at most ``DETECT_SIDE_PX``.
    source_width_px, source_height_px
        The upright size of the photo as it was sent.
    format
        By content: "jpeg", "png", "webp" or "heic".
    focal_35mm
        EXIF's 35 mm equivalent focal length, or None if absent or impossible.
    """

    pixels: NDArray[np.uint8]
    source_width_px: int
    source_height_px: int
    format: Format
    focal_35mm: float | None


def read_photo(data: bytes) -> Photo:
    """Decode a photo, upright and reduced.

    Parameters
    ----------
    data
        A whole JPEG (of several pictures, the first), PNG, WebP (the first frame) or HEIC file.

    Raises
    ------
    ImageTooLargeError
        More bytes, pixels or decoding memory than the limits above.
    UnsupportedImageError
        Another format, or a file that is damaged or cut short.
    """
    if len(data) > MAX_BYTES:
        _refuse_size()
    file = inspect(data)
    if file.width_px * file.height_px > MAX_PIXELS:
        _refuse_size()
    if file.decode_bytes > MAX_DECODE_BYTES:
        _refuse_size(file.width_px * file.height_px * MAX_DECODE_BYTES // file.decode_bytes)
    try:
        pixels = _DECODERS[file.format](file)
    except (*LIBRARY_ERRORS, cv2.error) as error:
        raise UnsupportedImageError from error
    upright = np.ascontiguousarray(_turn_upright(pixels, file.exif.orientation))
    width_px, height_px = file.width_px, file.height_px
    if file.exif.orientation >= 5:
        width_px, height_px = height_px, width_px
    return Photo(upright, width_px, height_px, file.format, file.exif.focal_35mm)


def _refuse_size(max_pixels: int = MAX_PIXELS) -> NoReturn:
    raise ImageTooLargeError(
        max_megabytes=MAX_BYTES // 1024**2, max_megapixels=max_pixels // 1_000_000
    )


# --- decoders: file to reduced RGB ------------------


def _decode_jpeg(file: ImageFile) -> NDArray[np.uint8]:
    longer = max(file.width_px, file.height_px)
    divisor = next((d for d in (8, 4, 2) if longer >= d * ENOUGH_SIDE_PX), 1)
    image = _decode_jpeg_at(file, file.picture, divisor)
    # Where a scan ends early, libjpeg paints neutral grey and says nothing. A photo may end in that
    # grey too: then more data in place of the end changes a scan that is cut, and no whole one.
    corner = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    if np.isin(np.asarray(corner), _NEUTRAL).all():
        filled = file.picture[:-2] + _MORE_SCAN + file.picture[-2:]
        small, same = (_decode_jpeg_at(file, data, 8) for data in (file.picture, filled))
        if small.tobytes() != same.tobytes():
            raise UnsupportedImageError
    return _reduce(np.asarray(image if image.mode == "RGB" else image.convert("RGB")))


_NEUTRAL = (127, 128)  # 127 where an inverted channel is turned back
_MORE_SCAN = b"\0" + b"\x5a" * 4096


def _decode_jpeg_at(file: ImageFile, picture: bytes, divisor: int) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(picture))
    image.draft(None, (max(1, file.width_px // divisor), max(1, file.height_px // divisor)))
    image.load()
    return image


def _decode_with_opencv(file: ImageFile) -> NDArray[np.uint8]:
    encoded = np.frombuffer(file.picture, np.uint8)
    # EXIF is applied here, by one rule for all formats.
    pixels = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise UnsupportedImageError
    return _reduce(_flatten(pixels))[..., ::-1]  # OpenCV's order is BGR


def _decode_heic(file: ImageFile) -> NDArray[np.uint8]:
    import pillow_heif  # see image_file.py

    return _reduce(_flatten(np.asarray(pillow_heif.open_heif(file.picture))))


_DECODERS: dict[Format, Callable[[ImageFile], NDArray[np.uint8]]] = {
    "jpeg": _decode_jpeg,
    "png": _decode_with_opencv,
    "webp": _decode_with_opencv,
    "heic": _decode_heic,
}


# --- whatever was decoded to reduced, upright 8-bit RGB -------------------------------------

_ROWS = 64


def _flatten(pixels: NDArray[Any]) -> NDArray[Any]:
    """Composite transparent pixels on mid-grey, in place by strips; drop the alpha channel."""
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    most = np.iinfo(pixels.dtype).max
    if pixels[..., 3].min() < most:
        if not pixels.flags.writeable:
            pixels = pixels.copy()
        background = _BACKGROUND * (most // 255)
        for top in range(0, len(pixels), _ROWS):
            strip = pixels[top : top + _ROWS]
            opacity = strip[..., 3:].astype(np.float32) / most
            strip[..., :3] = background + (strip[..., :3] - np.float32(background)) * opacity + 0.5
    return pixels[..., :3]


def _reduce(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """(h, w) or (h, w, 3) of 8 or 16 bits to (h, w, 3) of 8, longer side ``DETECT_SIDE_PX``."""
    height, width = pixels.shape[:2]
    scale = DETECT_SIDE_PX / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels


def _turn_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo EXIF orientation 1 to 8: where the stored first row and column belong."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
