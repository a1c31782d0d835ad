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
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from bodyscan import bars, focal
from bodyscan.focal import Dropped
from chalicelib.contracts import MAX_PHOTO_BYTES
from chalicelib.errors import HeicLimit, ImageTooLargeError, UnsupportedImageError

MAX_MEGAPIXELS: Final = {"JPEG": 50, "MPO": 50, "HEIF": 50, "PNG": 24, "WEBP": 16}
"""Phones make JPEG and HEIC of up to 50 MP. PNG and WebP decode to full size in memory, with alpha
and twice over: they get what a 12 MP photo needs, doubled."""

MAX_HEIC_MEGAPIXELS: Final = {(8, 420): 50, (8, 422): 33, (10, 420): 33, (10, 422): 24}
"""By bits (10 or more) and chroma, as cameras make it. Decoding takes 7, 10, 9 and 14 bytes a
pixel."""

MAX_OTHER_HEIC_MEGAPIXELS: Final = 16
"""The limit of HEIC with full chroma, alpha or in grey, which takes up to 20 bytes a pixel."""

MAX_FINE_JPEG_MEGAPIXELS: Final = 24
"""The limit of JPEG in several scans with finer chroma than 4:2:0 or with ink: libjpeg holds two
bytes of each sample until the last scan, 300 to 400 MB at 50 MP."""

MAX_JPEG_SCANS: Final = 64
"""A progressive JPEG has about 10. Each costs a pass over all pixels: thousands are an attack."""

MAX_JPEG_SEGMENTS: Final = 512
"""Most that the first picture may have. 20 MB are 320 segments of full size. Pillow keeps each:
millions of empty ones took 30 s and 560 MB. EXIF is copied anew for each that goes on with it."""

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
"""The diagonal of a 36 x 24 mm frame, which "35 mm equivalent" relates to (CIPA DCG-001)."""

BACKGROUND: Final = (128, 128, 128)
"""Behind transparent pixels: neither dark nor light clothes melt into mid-grey."""

JPEG_END: Final = b"\xff\xd9"

TAIL_BYTES: Final = 32
"""The end of a scan, which holds some blocks of the picture's last row."""

NOISE_BYTES: Final = 2048
"""Decodes to some rows of blocks."""

CHECKED_MEGAPIXELS: Final = 16
"""A larger JPEG without its end is looked at in half its size, for the memory's sake."""

# Of a segment or the picture's end: neither fill, nor what stands for itself, nor within a scan.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_JPEG_FRAMES = {bytes((0xFF, kind)) for kind in range(0xC0, 0xD0) if kind not in (0xC4, 0xC8, 0xCC)}

# Where Pillow puts EXIF that a picture has; the second is ImageMagick's, in PNG.
_EXIF_IN = ("exif", "Raw profile type exif")

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
        EXIF's 35 mm equivalent focal length; None if absent, impossible or not believed.
    focal_length_dropped : str or None
        Why it is not believed; see `bodyscan.focal`.
    """

    pixels: npt.NDArray[np.uint8]
    source_width_px: int
    source_height_px: int
    format: str
    focal_35mm: float | None
    focal_length_dropped: Dropped | None = None

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
        Another format, or a file that is damaged or cut short. A JPEG may lack its end marker.
    """
    if len(data) > MAX_PHOTO_BYTES:
        raise _too_large(MAX_MEGAPIXELS["JPEG"])
    try:
        jpeg = _jpeg_parts(data) if data[:2] == b"\xff\xd8" else None
        if data[:1] == b"\x89":
            _check_png_chunks(data)
        if jpeg is not None and not jpeg.has_end:
            data = _ended(data, jpeg)
        with _opened(data) as image:
            return _photo(image, data, 1 if jpeg is None else jpeg.scans)
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

    libheif takes a picture whose last tiles are missing for a good one. This code ignores what
    phones append behind the picture's data.

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


@dataclass(frozen=True)
class _JpegParts:
    """What the markers of a JPEG's first picture say.

    Attributes
    ----------
    scans : int
        How many begin.
    has_end : bool
        Whether the end marker is there.
    last_scan : int
        Where the last scan's data begins.
    whole : bool
        Whether the scans, if none is cut short, hold all of every coefficient.
    """

    scans: int
    has_end: bool
    last_scan: int
    whole: bool


def _jpeg_parts(data: bytes) -> _JpegParts:
    """Look through the first picture in a JPEG file (ITU-T T.81); not thumbnails or what follows.

    Raises
    ------
    UnsupportedImageError
        When it has more scans or segments, or more between them, than a camera writes.
    """
    scans, position, last_scan = 0, 2, 0
    missing: set[tuple[int, int]] = set()
    for _ in range(MAX_JPEG_SEGMENTS):
        # What a segment holds is skipped: a comment may look like the end of the picture.
        marker = _JPEG_MARKER.search(data, position)
        if marker is None or marker[0] == JPEG_END:
            return _JpegParts(scans, marker is not None, last_scan, bool(scans) and not missing)
        if not scans and marker.start() - position > MAX_JPEG_FILL_BYTES:
            break
        position = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
        segment = data[marker.end() + 2 : position]
        if marker[0] in _JPEG_FRAMES:
            missing = set(product(segment[6::3], range(64)))
        elif marker[0] == b"\xff\xda":
            scans, last_scan = scans + 1, position
            missing -= _completed_by(segment)
            if scans > MAX_JPEG_SCANS:
                break
    raise UnsupportedImageError


def _completed_by(scan_header: bytes) -> set[tuple[int, int]]:
    """Component and number of each coefficient of which this scan brings the last bit."""
    if len(scan_header) < 6:
        return set()
    components = scan_header[1:-3:2]
    first, last, bits = scan_header[-3:]
    return set(product(components, range(first, min(last, 63) + 1))) if bits & 15 == 0 else set()


def _ended(data: bytes, jpeg: _JpegParts) -> bytes:
    """A JPEG without its end marker, with one: where that alone is missing.

    libjpeg fills what is missing of a scan and tells nobody. So the picture is decoded with
    noise behind its data, which must change nothing, for the data suffices; and with noise instead
    of the end of its data, which must change something, for zeros may stand where data was lost.

    Raises
    ------
    UnsupportedImageError
        When more is missing.
    """
    data = data.rstrip(b"\xff")
    tail = max(jpeg.last_scan, len(data) - TAIL_BYTES)
    if not jpeg.whole or tail >= len(data):
        raise UnsupportedImageError
    ended = data + JPEG_END
    seen = _fingerprint(ended)
    noises = _noises()
    if seen == _fingerprint(data[:tail] + noises[0]):
        raise UnsupportedImageError
    if any(_fingerprint(data + noise) != seen for noise in noises):
        raise UnsupportedImageError
    return ended


def _fingerprint(jpeg: bytes) -> int:
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        _check_pixels(image, MAX_MEGAPIXELS["JPEG"])
        width_px, height_px = image.size
        if width_px * height_px > CHECKED_MEGAPIXELS * 1_000_000:
            image.draft(None, (width_px // 2, height_px // 2))
        image.load()
        # In bands: a copy of all pixels is not needed.
        bands = range(0, image.height, 256)
        checksum = 0
        for top in bands:
            band = image.crop((0, top, image.width, min(top + 256, image.height)))
            checksum = zlib.crc32(band.tobytes(), checksum)
        return checksum


@cache
def _noises() -> tuple[bytes, ...]:
    """Bytes that decode to anything, then such behind every restart marker, and an end.

    Several, which begin with other bits: those of one may happen to say that a block ends.
    """
    parts = np.random.default_rng(0).integers(0, 255, (17, NOISE_BYTES), np.uint8)

    def noise(begin: int) -> bytes:
        parts[:, 0] = begin
        restarts = (
            bytes((0xFF, 0xD0 + i % 8)) + part.tobytes() for i, part in enumerate(parts[1:])
        )
        return bytes(parts[0].tobytes()) + b"".join(restarts) + JPEG_END

    return tuple(noise(begin) for begin in (0b11111110, 0b01010101, 0b00000001))


def _check_png_chunks(data: bytes) -> None:
    position = 8
    for _ in range(MAX_PNG_CHUNKS):
        length, name = data[position : position + 4], data[position + 4 : position + 8]
        if name in (b"IEND", b""):
            return
        position += 12 + int.from_bytes(length)
    raise UnsupportedImageError


def _samples_per_pixel(image: Image.Image) -> float:
    """Samples a pixel of a JPEG: 3 without subsampling, 1.5 at 4:2:0."""
    areas = [across * down for _, across, down, _ in image.layer]  # type: ignore[attr-defined]
    return float(sum(areas) / max(areas))


def _photo(image: Image.Image, data: bytes, scans: int) -> Photo:
    format = str(image.format)
    width_px, height_px = size_px = image.size
    megapixels, limits = MAX_MEGAPIXELS[format], None
    if format == "HEIF":
        megapixels, limits = _heic_megapixels(image)
    if format in ("JPEG", "MPO") and scans > 1 and _samples_per_pixel(image) > 1.5:
        megapixels = MAX_FINE_JPEG_MEGAPIXELS
    _check_pixels(image, megapixels, limits)
    longer_px = max(image.size)
    divisor = next((d for d in (8, 4, 2) if longer_px >= d * ENOUGH_SIDE_PX), 1)
    # Decodes a JPEG at a fraction of its size; other formats ignore it.
    image.draft(None, (max(1, width_px // divisor), max(1, height_px // divisor)))
    decoded = image
    if format == "HEIF" and image.mode == "RGB" and longer_px > DETECT_SIDE_PX:
        decoded = _reduced_heic(data, image.size)
    decoded.load()
    box = bars.photo_within(decoded) if decoded.mode in ("RGB", "L") else None
    if box is not None:
        decoded = decoded.crop(box)
    orientation, focal_35mm, told_sizes_px = _exif(image)
    upright = _upright(_reduced(decoded), orientation)
    dropped = None
    if focal_35mm is not None:
        dropped = focal.contradicted_by_shape(size_px, told_sizes_px) if box is None else "bars"
    if orientation >= 5:
        width_px, height_px = height_px, width_px
    return Photo(
        pixels=np.ascontiguousarray(upright),
        source_width_px=width_px,
        source_height_px=height_px,
        format={"MPO": "jpeg", "HEIF": "heic"}.get(format, format.lower()),
        focal_35mm=None if dropped else focal_35mm,
        focal_length_dropped=dropped,
    )


def _heic_megapixels(image: Image.Image) -> tuple[int, HeicLimit | None]:
    """How large a HEIC may be, and for what in it where that is less than of others."""
    bits = 10 if image.info.get("bit_depth", 8) > 8 else 8
    kind = (bits, image.info.get("chroma"))
    if image.mode != "RGB" or kind not in MAX_HEIC_MEGAPIXELS:
        return MAX_OTHER_HEIC_MEGAPIXELS, "fine_heic"
    if kind == (8, 420):
        return MAX_HEIC_MEGAPIXELS[kind], None
    return MAX_HEIC_MEGAPIXELS[kind], "fine_heic" if bits == 8 else "deep_heic"


def _check_pixels(image: Image.Image, max_megapixels: int, limits: HeicLimit | None = None) -> None:
    if image.width * image.height > max_megapixels * 1_000_000:
        raise _too_large(max_megapixels, limits)


def _exif(image: Image.Image) -> tuple[int, float | None, list[tuple[int, int]]]:
    """Orientation (1 where EXIF says nothing or nonsense), 35 mm focal length, sizes it tells.

    Pillow also takes an orientation from XMP, where EXIF has none. Viewers do not, and editors
    that turn the pixels leave it there: so EXIF is read from a picture that has nothing else.
    """
    orientation, focal_35mm = 1, 0.0
    sizes: list[tuple[int, int]] = []
    alone = Image.new("L", (1, 1))
    alone.info = {name: image.info[name] for name in _EXIF_IN if name in image.info}
    with suppress(*_DAMAGED, ZeroDivisionError):  # what was read before the damage stands
        exif = alone.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        block = exif.get_ifd(ExifTags.IFD.Exif)
        sizes = focal.told_sizes(
            (exif.get(ExifTags.Base.ImageWidth), exif.get(ExifTags.Base.ImageLength)),
            (block.get(ExifTags.Base.ExifImageWidth), block.get(ExifTags.Base.ExifImageHeight)),
        )
        focal_35mm = float(block.get(ExifTags.Base.FocalLengthIn35mmFilm, 0.0))
    low, high = FOCAL_35MM_RANGE
    return (
        orientation if orientation in range(1, 9) else 1,
        focal_35mm if low <= focal_35mm <= high else None,
        sizes,
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


def _too_large(max_megapixels: int, limits: HeicLimit | None = None) -> ImageTooLargeError:
    facts: dict[str, Any] = {"max_megabytes": MAX_PHOTO_BYTES // 2**20}
    if limits is not None:
        facts["limits"] = limits
    return ImageTooLargeError(max_megapixels=max_megapixels, **facts)
