"""A photo file to upright RGB pixels, within bounds of memory and time that no file exceeds.

Pillow and pillow-heif decode; what is here is what a service must add: which formats, how large,
how much reduced, and one error for everything that is no whole photo. Colour profiles are ignored:
the difference between Display P3 and sRGB moves no joint.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from chalicelib.contracts import MAX_PHOTO_BYTES
from chalicelib.errors import ImageTooLargeError, UnsupportedImageError

MAX_MEGAPIXELS: Final = {"JPEG": 50, "MPO": 50, "HEIF": 50, "PNG": 24, "WEBP": 16}
"""Phones make JPEG and HEIC of up to 50 MP. PNG and WebP decode to full size in memory, with alpha
and twice over: they get what a 12 MP photo needs, doubled."""

MAX_DEEP_HEIC_MEGAPIXELS: Final = 16
"""Of HEIC with more than 8 bits, finer chroma or alpha, which takes up to four times the memory."""

MAX_FINE_JPEG_MEGAPIXELS: Final = 24
"""Of JPEG in several scans with finer chroma than 4:2:0 or with ink: libjpeg holds two bytes of
each sample until the last scan, 300 to 400 MB at 50 MP."""

MAX_JPEG_SCANS: Final = 64
"""A progressive JPEG has about 10. Each costs a pass over all pixels: thousands are an attack."""

MAX_JPEG_SEGMENTS: Final = 512
"""Of the first picture. 20 MB are 320 segments of full size, and Pillow keeps each: millions of
empty ones took 30 s and 560 MB, and EXIF is copied anew for each that goes on with it."""

MAX_JPEG_FILL_BYTES: Final = 4096
"""Between two segments, which Pillow reads byte by byte: 20 MB took 13 s."""

MAX_PNG_CHUNKS: Final = 16_384
"""Encoders put some 8 KB of pixels in one: 20 MB are 2,500. Millions of empty ones took 12 s."""

DETECT_SIDE_PX: Final = 1280
"""Longer side of what is kept: the pose network sees 256 px, a phone's screen about 1,000."""

ENOUGH_SIDE_PX: Final = 960
"""A JPEG is decoded at 1/2, 1/4 or 1/8 while its longer side keeps this much."""

FOCAL_35MM_RANGE: Final = (8.0, 400.0)
"""35 mm equivalents that a phone or camera can have, its digital zoom included."""

FILM_DIAGONAL_MM: Final = 43.267
"""Of a 36 x 24 mm frame, which "35 mm equivalent" relates to (CIPA DCG-001)."""

BACKGROUND: Final = (128, 128, 128)
"""Behind transparent pixels: neither dark nor light clothes melt into mid-grey."""

# Of a segment or the picture's end: neither fill, nor what stands for itself, nor within a scan.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")

# What Pillow and its plugins raise for files that are damaged, cut short, or no photo.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, TypeError, struct.error)

# Broken EXIF is common, and nothing is lost with it; sizes are checked here.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True)
class Photo:
    """An upright photo, reduced to what detection needs.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        RGB, contiguous, longer side at most `DETECT_SIDE_PX`.
    source_width_px, source_height_px : int
        Upright size of the photo as it was sent.
    format : str
        By content, not by name: "jpeg", "png", "webp" or "heic".
    focal_35mm : float or None
        EXIF's 35 mm equivalent focal length; None if absent or impossible.
    """

    pixels: npt.NDArray[np.uint8]
    source_width_px: int
    source_height_px: int
    format: str
    focal_35mm: float | None

    @property
    def focal_px(self) -> float | None:
        """Focal length in pixels of what is kept; None when unknown."""
        if self.focal_35mm is None:
            return None
        height_px, width_px = self.pixels.shape[:2]
        return self.focal_35mm / FILM_DIAGONAL_MM * float(np.hypot(width_px, height_px))


def read_photo(data: bytes) -> Photo:
    """Decode a photo, upright and reduced.

    Parameters
    ----------
    data : bytes
        A whole JPEG (of several pictures, the first), PNG, WebP (the first frame) or HEIC file.

    Raises
    ------
    ImageTooLargeError
        More bytes or pixels than the limits above; nothing is decoded then.
    UnsupportedImageError
        Another format, or a file that is damaged or cut short.
    """
    if len(data) > MAX_PHOTO_BYTES:
        raise _too_large(MAX_MEGAPIXELS["JPEG"])
    try:
        scans = _jpeg_scans(data) if data[:2] == b"\xff\xd8" else 1
        if scans > MAX_JPEG_SCANS:
            raise UnsupportedImageError
        if data[:1] == b"\x89":
            _check_png_chunks(data)
        with _opened(data) as image:
            return _photo(image, data, scans)
    except Image.DecompressionBombError:
        raise _too_large(MAX_MEGAPIXELS["JPEG"]) from None
    except _DAMAGED as error:
        raise UnsupportedImageError from error


def _opened(data: bytes) -> Image.Image:
    if data[4:8] == b"ftyp":
        import pillow_heif  # 40 ms that most photos, JPEG, need not wait for

        pillow_heif.register_heif_opener(thumbnails=False)
        formats = ["HEIF"]
        described = _description(data)
        if b"iovl" in described:  # pictures laid over each other, all of them decoded: no camera's
            raise UnsupportedImageError
        if _largest_item_px(described) > MAX_MEGAPIXELS["HEIF"] * 1_000_000:
            raise _too_large(MAX_MEGAPIXELS["HEIF"])
    else:
        formats = ["JPEG", "PNG", "WEBP"]
    return Image.open(io.BytesIO(data), formats=formats)


def _description(data: bytes) -> bytes:
    """Boxes of a HEIC file that describe its pictures (ISO/IEC 14496-12).

    libheif takes a picture whose last tiles are missing for a good one. What phones append behind
    the picture's data is none of ours.

    Raises
    ------
    UnsupportedImageError
        When the file does not hold all that its boxes promise.
    """
    position, described, holds_pixels = 0, [], False
    while position + 16 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, position + 8)
        elif length == 0:  # to the end of the file
            length = len(data) - position
        if length < 8 or position + length > len(data):
            break
        if name == b"meta":
            described.append(data[position : position + length])
        holds_pixels |= name == b"mdat"
        position += length
    if not (described and holds_pixels):
        raise UnsupportedImageError
    return b"".join(described)


def _largest_item_px(described: bytes) -> int:
    """Pixels of the largest picture in a HEIC file, of which the one shown may be a small cut.

    libheif decodes none that is larger than its ``ispe`` (ISO/IEC 23008-12) says.
    """
    largest = 0
    for found in re.finditer(b"ispe", described):
        long_size = described[found.start() - 4 : found.start()] == b"\0\0\0\1"
        width_px, height_px = struct.unpack_from(">II", described, found.end() + 4 + 8 * long_size)
        largest = max(largest, width_px * height_px)
    return largest


def _jpeg_scans(data: bytes) -> int:
    """Scans of the first picture in a JPEG file (ITU-T T.81); not of thumbnails or what follows.

    Raises
    ------
    UnsupportedImageError
        When it has more segments, or more between them, than a camera writes.
    """
    scans, position = 0, 2
    for _ in range(MAX_JPEG_SEGMENTS):
        # What a segment holds is skipped: a comment may look like the end of the picture.
        marker = _JPEG_MARKER.search(data, position)
        if marker is None or marker[0] == b"\xff\xd9":
            return scans
        if not scans and marker.start() - position > MAX_JPEG_FILL_BYTES:
            break
        scans += marker[0] == b"\xff\xda"
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    raise UnsupportedImageError


def _check_png_chunks(data: bytes) -> None:
    position = 8
    for _ in range(MAX_PNG_CHUNKS):
        length, name = data[position : position + 4], data[position + 4 : position + 8]
        if name in (b"IEND", b""):
            return
        position += 12 + int.from_bytes(length)
    raise UnsupportedImageError


def _samples_per_pixel(image: Image.Image) -> float:
    """Of a JPEG: 3 without subsampling, 1.5 at 4:2:0."""
    areas = [across * down for _, across, down, _ in image.layer]  # type: ignore[attr-defined]
    return float(sum(areas) / max(areas))


def _photo(image: Image.Image, data: bytes, scans: int) -> Photo:
    format = str(image.format)
    width_px, height_px = image.size
    megapixels = MAX_MEGAPIXELS[format]
    if format == "HEIF" and (
        image.mode != "RGB" or image.info.get("bit_depth", 8) > 8 or image.info.get("chroma") == 444
    ):
        megapixels = MAX_DEEP_HEIC_MEGAPIXELS
    if format in ("JPEG", "MPO") and scans > 1 and _samples_per_pixel(image) > 1.5:
        megapixels = MAX_FINE_JPEG_MEGAPIXELS
    if width_px * height_px > megapixels * 1_000_000:
        raise _too_large(megapixels)
    longer_px = max(image.size)
    divisor = next((d for d in (8, 4, 2) if longer_px >= d * ENOUGH_SIDE_PX), 1)
    # Decodes a JPEG at a fraction of its size; other formats ignore it.
    image.draft(None, (max(1, width_px // divisor), max(1, height_px // divisor)))
    decoded = image
    if format == "HEIF" and image.mode == "RGB" and longer_px > DETECT_SIDE_PX:
        decoded = _reduced_heic(data, image.size)
    decoded.load()
    orientation, focal_35mm = _exif(image)
    upright = _upright(_reduced(decoded), orientation)
    if orientation >= 5:
        width_px, height_px = height_px, width_px
    name = {"MPO": "jpeg", "HEIF": "heic"}.get(format, format.lower())
    return Photo(np.ascontiguousarray(upright), width_px, height_px, name, focal_35mm)


def _exif(image: Image.Image) -> tuple[int, float | None]:
    """Orientation (1 where EXIF says nothing or nonsense) and 35 mm focal length."""
    orientation, focal_35mm = 1, 0.0
    with suppress(*_DAMAGED, ZeroDivisionError):  # what was read before the damage stands
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        block = exif.get_ifd(ExifTags.IFD.Exif)
        focal_35mm = float(block.get(ExifTags.Base.FocalLengthIn35mmFilm, 0.0))
    low, high = FOCAL_35MM_RANGE
    return (
        orientation if orientation in range(1, 9) else 1,
        focal_35mm if low <= focal_35mm <= high else None,
    )


def _reduced_heic(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Decode a large HEIC at its kept size: Pillow would hold a second copy, four bytes a pixel."""
    import pillow_heif

    pixels = np.asarray(pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True))
    if pixels.shape != (size[1], size[0], 3):
        raise UnsupportedImageError
    scale = DETECT_SIDE_PX / max(size)
    kept = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    return Image.fromarray(cv2.resize(pixels, kept, interpolation=cv2.INTER_AREA))


def _reduced(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow's own conversion would clip
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((DETECT_SIDE_PX, DETECT_SIDE_PX), Image.Resampling.BOX, reducing_gap=None)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.new("RGB", image.size, BACKGROUND)
        image.paste(rgba, mask=rgba.getchannel("A"))
    return image.convert("RGB")


def _upright(image: Image.Image, orientation: int) -> npt.NDArray[np.uint8]:
    """Undo EXIF orientation 1 to 8."""
    pixels: npt.NDArray[np.uint8] = np.asarray(image)
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _too_large(max_megapixels: int) -> ImageTooLargeError:
    return ImageTooLargeError(max_megabytes=MAX_PHOTO_BYTES // 2**20, max_megapixels=max_megapixels)
