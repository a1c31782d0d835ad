"""What an image file says of itself before anything in it is decoded.

A photo comes from a stranger. Each format's outer structure is walked here, in plain Python that
cannot be made to allocate much, to learn the size, the cost of decoding and two facts of EXIF, and
to keep of a JPEG or PNG only what makes its picture. Comments, colour profiles, thumbnails,
compressed text and second pictures never reach a decoder, so neither do bombs that hide in them.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.errors import UnsupportedImageError

Format = Literal["jpeg", "png", "webp", "heic"]

LIBRARY_ERRORS = (OSError, EOFError, SyntaxError, ValueError, RuntimeError)
"""What Pillow and pillow-heif raise for files that they cannot read."""


@dataclass(frozen=True)
class Exif:
    """The two facts of EXIF that change a measurement.

    Attributes
    ----------
    orientation
        1 to 8; 1 where EXIF says nothing or nonsense.
    focal_35mm
        The focal length that would see the same on 35 mm film, or None.
    """

    orientation: int
    focal_35mm: float | None


@dataclass(frozen=True)
class ImageFile:
    """An image file, looked at but not decoded.

    Attributes
    ----------
    format
        By content, never by name.
    width_px, height_px
        As decoded, before EXIF turns the picture upright.
    decode_bytes
        The most that its decoder holds at once to decode it, beside the file.
    exif
        What it says of orientation and focal length.
    picture
        The file, reduced to what makes its picture.
    """

    format: Format
    width_px: int
    height_px: int
    decode_bytes: int
    exif: Exif
    picture: bytes


def inspect(data: bytes) -> ImageFile:
    """Tell the format by content and walk the file's structure.

    Raises
    ------
    UnsupportedImageError
        Another format, or a structure that is damaged or cut short.
    """
    for recognised, walk in _WALKERS:
        if recognised(data):
            try:
                return walk(data)
            except (struct.error, IndexError) as error:
                raise UnsupportedImageError from error
    raise UnsupportedImageError


# --- JPEG (ITU-T T.81, annex B) ------------------------------------------------------------------

_SOI, _EOI, _SOS, _TEM, _APP0, _APP1, _APP14 = 0xD8, 0xD9, 0xDA, 0x01, 0xE0, 0xE1, 0xEE
_DHT, _DQT, _DRI = 0xC4, 0xDB, 0xDD
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; all Huffman
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {_DHT, 0xC8, 0xCC}  # lossless, arithmetic ...

# A marker is 0xFF and a code; within a scan FF 00 is a stuffed byte and FF D0-D7 a restart.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])", re.DOTALL)

# Encoders write about 10 scans. Each one walks over every block again, so thousands are an attack.
_MAX_SCANS = 64

# libjpeg keeps a 16-bit coefficient per sample of all components when scans refine one another.
_COEFFICIENT_BYTES = 2


def _walk_jpeg(data: bytes) -> ImageFile:
    view = memoryview(data)
    kept = [view[:2]]
    exif = b""
    width = height = samples = scans = 0
    position = 2
    while True:
        marker = _JPEG_MARKER.search(data, position)
        if marker is None:
            raise UnsupportedImageError  # no end of image: the file is cut
        start, code = marker.start(), marker[1][0]
        if code == _EOI:
            break
        if code in (_SOI, _TEM):
            position = marker.end()
            continue
        (length,) = struct.unpack_from(">H", data, start + 2)
        position = start + 2 + length
        body = view[start + 4 : position]
        if length < 2 or position > len(data) or code in _OTHER_FRAMES:
            raise UnsupportedImageError
        if code in _FRAMES:
            if samples:
                raise UnsupportedImageError  # a second frame
            width, height, samples = _jpeg_frame(body)
        elif code == _SOS:
            scans += 1
            if not samples or scans > _MAX_SCANS:
                raise UnsupportedImageError
            following = _JPEG_MARKER.search(data, position)
            position = following.start() if following else len(data)
        elif code == _APP1 and bytes(body[:6]) == b"Exif\0\0" and not exif:
            exif = bytes(body[6:])
            continue
        elif not (
            code in (_DHT, _DQT, _DRI)
            # These two say how colours are coded.
            or (code == _APP0 and bytes(body[:5]) == b"JFIF\0")
            or (code == _APP14 and bytes(body[:5]) == b"Adobe")
        ):
            continue
        kept.append(view[start:position])
    if not scans:
        raise UnsupportedImageError
    picture = b"".join([*kept, bytes((0xFF, _EOI))])
    return ImageFile("jpeg", width, height, samples * _COEFFICIENT_BYTES, read_exif(exif), picture)


def _jpeg_frame(body: memoryview) -> tuple[int, int, int]:
    """Width, height and number of samples of all components, from a frame header's body."""
    precision, height, width, components = struct.unpack_from(">BHHB", body)
    if precision != 8 or not width or not height or components not in (1, 3, 4):
        raise UnsupportedImageError
    sampling = [(body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(components)]
    widest, tallest = max(h for h, _ in sampling), max(v for _, v in sampling)
    if not all(1 <= h <= 4 and 1 <= v <= 4 for h, v in sampling):
        raise UnsupportedImageError
    blocks = -(-width // (8 * widest)) * -(-height // (8 * tallest))
    return width, height, blocks * 64 * sum(h * v for h, v in sampling)


# --- PNG (W3C PNG, third edition) ----------------------------------------------------------------

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})

# Channels after decoding, by colour type: grey, RGB, palette, grey + alpha, RGBA.
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 4, 6: 4}

# Tried: OpenCV holds the picture twice while it decodes a PNG or a still WebP.
_OPENCV_COPIES = 2


def _walk_png(data: bytes) -> ImageFile:
    view = memoryview(data)
    kept = [view[: len(_PNG_SIGNATURE)]]
    exif = b""
    width = height = channels = depth = 0
    position = len(_PNG_SIGNATURE)
    name = b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        start, position = position, position + length + 12
        body = view[start + 8 : start + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position - 4)
        if name not in _PNG_PICTURE_CHUNKS and name not in (b"eXIf", b"IEND"):
            continue
        if zlib.crc32(view[start + 4 : start + 8 + length]) != checksum:
            raise UnsupportedImageError
        if name == b"eXIf":
            exif = bytes(body)
            continue
        if (name == b"IHDR") != (len(kept) == 1):
            raise UnsupportedImageError  # the header comes first, and once
        if name == b"IHDR":
            width, height, depth, colour_type = struct.unpack_from(">IIBB", body)
            channels = _PNG_CHANNELS.get(colour_type, 0)
            if not width or not height or not channels:
                raise UnsupportedImageError
        elif name == b"tRNS" and channels == 3:
            channels = 4
        kept.append(view[start:position])
    if len(kept) == 1:
        raise UnsupportedImageError
    decode_bytes = width * height * channels * (2 if depth == 16 else 1) * _OPENCV_COPIES
    return ImageFile("png", width, height, decode_bytes, read_exif(exif), b"".join(kept))


# --- WebP (RFC 9649) -----------------------------------------------------------------------------

_WEBP_ANIMATED, _WEBP_ALPHA = 0x02, 0x10

# Tried: two canvases of the animation decoder and the frame, twice.
_WEBP_ANIMATION_BYTES = 16


def _walk_webp(data: bytes) -> ImageFile:
    (riff_bytes,) = struct.unpack_from("<I", data, 4)
    end = 8 + riff_bytes
    if end > len(data):
        raise UnsupportedImageError
    exif = b""
    sizes: set[tuple[int, int]] = set()
    alpha = animated = False
    position = 12
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        start, position = position + 8, position + 8 + length + length % 2
        if start + length > end:
            raise UnsupportedImageError
        if name == b"VP8X":
            flags, wide, high = struct.unpack("<B3x3s3s", data[start : start + 10])
            alpha, animated = bool(flags & _WEBP_ALPHA), bool(flags & _WEBP_ANIMATED)
            sizes.add((int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1))
        elif name == b"VP8 ":
            width, height = struct.unpack_from("<HH", data, start + 6)
            sizes.add((width & 0x3FFF, height & 0x3FFF))
        elif name == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, start + 1)
            sizes.add(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
            alpha = True  # lossless decodes through four channels in any case
        elif name == b"EXIF" and not exif:
            exif = data[start : start + length].removeprefix(b"Exif\0\0")
    if len(sizes) != 1:
        raise UnsupportedImageError  # no picture, or a canvas that is not the picture's size
    ((width, height),) = sizes
    if not width or not height:
        raise UnsupportedImageError
    pixel_bytes = _WEBP_ANIMATION_BYTES if animated else (4 if alpha else 3) * _OPENCV_COPIES
    decode_bytes = width * height * pixel_bytes
    return ImageFile("webp", width, height, decode_bytes, read_exif(exif), data[:end])


# --- HEIC (ISO/IEC 23008-12) ----------------------------------------------------------------------

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

# Tried: libheif holds 5 bytes a pixel for what phones write, 8 bits and 4:2:0, planes and RGB
# together; at most twice that each for more bits, finer chroma, and alpha.
_HEIC_TILED_BYTES = 5
# The header may lie about bits and chroma. Of small tiles the first one gives that away; a picture
# in one piece has been decoded by then, so it counts as the worst: 10 bits, 4:4:4, alpha.
_HEIC_WHOLE_BYTES = 20
_HEIC_TILE_PX = 2048


def _walk_heic(data: bytes) -> ImageFile:
    import pillow_heif  # 30-50 ms that most photos, JPEG, need not wait for

    # An overlay may ask for the same picture thousands of times over. No camera writes one.
    if b"iovl" in _heic_meta(data):
        raise UnsupportedImageError
    try:
        heif = pillow_heif.open_heif(data)  # reads boxes, decodes nothing
    except LIBRARY_ERRORS as error:
        raise UnsupportedImageError from error
    width, height = heif.size
    tiles = heif.info.get("tiling")
    pixel_bytes = _HEIC_WHOLE_BYTES
    if tiles and max(tiles["tile_width"], tiles["tile_height"]) <= _HEIC_TILE_PX:
        across, down = tiles["num_columns"], tiles["num_rows"]
        last_x, last_y = tiles["tile_width"] * (across - 1), tiles["tile_height"] * (down - 1)
        if last_x >= width or last_y >= height:
            raise UnsupportedImageError  # tiles that would be decoded and never seen
        pixel_bytes = _HEIC_TILED_BYTES
        pixel_bytes *= 2 if heif.info["bit_depth"] > 8 else 1
        pixel_bytes *= 2 if heif.info.get("chroma", 420) != 420 else 1
        pixel_bytes *= 2 if heif.has_alpha else 1
    # The container's own turns come with decoding, and make EXIF's void.
    tiff = (heif.info.get("exif") or b"").removeprefix(b"Exif\0\0")
    exif = replace(read_exif(tiff), orientation=1)
    return ImageFile("heic", width, height, width * height * pixel_bytes, exif, data)


def _heic_meta(data: bytes) -> bytes:
    """The box that describes the items of the file, if that and their data are there and whole.

    libheif takes a picture whose last tiles are missing for a good one.
    """
    found: dict[bytes, bytes] = {}
    position = 0
    while not found.keys() >= {b"meta", b"mdat"}:
        length, name = struct.unpack_from(">I4s", data, position)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, position + 8)
        elif length == 0:
            length = len(data) - position
        if length < 8 or position + length > len(data):
            raise UnsupportedImageError
        found[name] = data[position : position + length] if name == b"meta" else b""
        position += length
    return found[b"meta"]


_WALKERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], ImageFile]], ...] = (
    (lambda data: data.startswith(b"\xff\xd8\xff"), _walk_jpeg),
    (lambda data: data.startswith(_PNG_SIGNATURE), _walk_png),
    (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP", _walk_webp),
    (lambda data: data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS, _walk_heic),
)


# --- EXIF (CIPA DC-008; TIFF 6.0) ----------------------------------------------------------------

_ORIENTATION, _EXIF_DIRECTORY, _FOCAL_35MM = 0x0112, 0x8769, 0xA405
_SHORT, _LONG = 3, 4

# 35 mm equivalents that a phone or camera can have, its digital zoom included.
_FOCAL_35MM_RANGE = (8, 400)


def read_exif(tiff: bytes) -> Exif:
    """Read orientation and focal length; whatever is broken or impossible is ignored."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return Exif(1, None)
    tags: dict[int, int] = {}
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        tags.update(_directory(tiff, order, first))
        if _EXIF_DIRECTORY in tags:
            tags.update(_directory(tiff, order, tags[_EXIF_DIRECTORY]))
    except struct.error:
        pass  # keep what was read before the damage
    orientation = tags.get(_ORIENTATION, 1)
    focal = tags.get(_FOCAL_35MM, 0)
    shortest, longest = _FOCAL_35MM_RANGE
    return Exif(
        orientation=orientation if 1 <= orientation <= 8 else 1,
        focal_35mm=float(focal) if shortest <= focal <= longest else None,
    )


def _directory(tiff: bytes, order: str, offset: int) -> Iterator[tuple[int, int]]:
    """Tags of one image file directory that hold a single whole number."""
    (entries,) = struct.unpack_from(order + "H", tiff, offset)
    for entry in range(offset + 2, offset + 2 + 12 * entries, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, entry)
        if count == 1 and kind in (_SHORT, _LONG):
            (value,) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), tiff, entry + 8)
            yield tag, value
