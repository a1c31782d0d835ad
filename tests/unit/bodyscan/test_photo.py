"""Photos of every format and fault: each is read upright and whole, or refused within bounds."""

import io
import re
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from random import Random

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bodyscan.photo import DETECT_SIDE_PX, read_photo
from chalicelib.contracts import MAX_PHOTO_BYTES
from chalicelib.errors import HypermobError, ImageTooLargeError, UnsupportedImageError
from tests.bad_photos import QUICK, STORED_AS

pillow_heif.register_heif_opener()  # for writing

WIDTH, HEIGHT = 120, 80
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 40), (20, 40, 210), (245, 245, 245)


@pytest.fixture(autouse=True)
def silent(capfd):
    """No photo, however bad, may print."""
    yield
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def corners(width=WIDTH, height=HEIGHT):
    """A picture that no turn leaves alike: red, green, blue, white from top left, clockwise."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, width // 2 :], pixels[height // 2 :, : width // 2] = BLUE, WHITE
    return Image.fromarray(pixels)


def noise(width=WIDTH, height=HEIGHT, mode="RGB"):
    pixels = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encoded(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def seen_corners(pixels):
    h, w = pixels.shape[:2]
    at = [(h // 5, w // 5), (h // 5, -w // 5), (-h // 5, -w // 5), (-h // 5, w // 5)]
    return np.array([pixels[y, x] for y, x in at], int)


def assert_upright(photo, tolerance=14):
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.c_contiguous
    assert np.abs(seen_corners(photo.pixels) - [RED, GREEN, BLUE, WHITE]).max() <= tolerance


def exif(orientation=None, focal=None):
    block = Image.Exif()
    if orientation is not None:
        block[0x0112] = orientation
    if focal is not None:
        block.get_ifd(0x8769)[0xA405] = focal
    return block.tobytes()


def png(header=None, rows=None, before=(), idat=None):
    """A PNG with chunks of one's own; valid checksums throughout."""
    header = header or struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    if idat is None:
        pixels = np.asarray(corners())
        whole = b"".join(b"\0" + row.tobytes() for row in pixels)
        idat = zlib.compress(whole if rows is None else whole[: rows * (1 + 3 * WIDTH)])
    chunks = [(b"IHDR", header), *before, (b"IDAT", idat), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


# --- formats and modes ----------------------------------------------------------------------------

FILES = {
    "jpeg": encoded(corners(), "JPEG", quality=92),
    "jpeg progressive": encoded(corners(), "JPEG", quality=92, progressive=True),
    "jpeg 4:4:4": encoded(corners(), "JPEG", quality=92, subsampling=0),
    "jpeg restart markers": encoded(corners(), "JPEG", quality=92, restart_marker_blocks=3),
    "jpeg cmyk": encoded(corners().convert("CMYK"), "JPEG", quality=92),
    "jpeg rgb": encoded(corners(), "JPEG", quality=92, keep_rgb=True),
    "jpeg icc": encoded(corners(), "JPEG", quality=92, icc_profile=b"\0" * 70_000),
    "mpo": encoded(corners(), "MPO", save_all=True, append_images=[noise()], quality=92),
    "png": png(),
    "png palette": encoded(corners().quantize(8), "PNG"),
    "png palette 2 bit": encoded(corners().quantize(4), "PNG", bits=2),
    "png rgba": encoded(corners().convert("RGBA"), "PNG"),
    "png 16 bit": cv2.imencode(".png", np.asarray(corners())[..., ::-1].astype(np.uint16) * 257)[
        1
    ].tobytes(),
    "png animated": encoded(corners(), "PNG", save_all=True, append_images=[noise()]),
    "png icc": png(before=[(b"iCCP", b"x\0\0" + zlib.compress(b"not a profile"))]),
    "webp": encoded(corners(), "WEBP", quality=92),
    "webp lossless": encoded(corners(), "WEBP", lossless=True),
    "webp rgba": encoded(corners().convert("RGBA"), "WEBP", quality=92),
    "webp animated": encoded(corners(), "WEBP", save_all=True, append_images=[noise()], quality=92),
    "heic": encoded(corners(), "HEIF", quality=90),
    "heic tiles": encoded(corners(400, 300), "HEIF", quality=90, tile_size=128),
    "heic rgba": encoded(corners().convert("RGBA"), "HEIF", quality=90),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_is_read_by_content(name):
    photo = read_photo(FILES[name])
    assert_upright(photo, tolerance=30 if "rgba" in name or "heic" in name else 14)
    assert photo.format == {"mpo": "jpeg"}.get(name, name.split()[0])
    size = (400, 300) if name == "heic tiles" else (WIDTH, HEIGHT)
    assert (photo.source_width_px, photo.source_height_px) == size
    assert photo.focal_35mm is None


def test_ten_bit_heic_is_read():
    pixels = np.asarray(corners()).astype(np.uint16) * 257
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), pixels.tobytes()).save(buffer, quality=90)
    assert_upright(read_photo(buffer.getvalue()), tolerance=30)


GREY_FILES = {
    "jpeg L": encoded(noise(mode="L"), "JPEG"),
    "png 1": encoded(noise(mode="1"), "PNG"),
    "png L": encoded(noise(mode="L"), "PNG"),
    "png LA": encoded(noise(mode="LA"), "PNG"),
    "png I;16": encoded(Image.fromarray(np.full((HEIGHT, WIDTH), 40_000, np.uint16)), "PNG"),
    "heic L": encoded(noise(mode="L"), "HEIF"),
}


@pytest.mark.parametrize("name", GREY_FILES)
def test_grey_pictures_become_rgb(name):
    pixels = read_photo(GREY_FILES[name]).pixels
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.ptp(pixels, axis=2).max() == 0
    if name == "png I;16":
        assert (pixels == 40_000 >> 8).all()


def test_ycck_is_read():
    data = bytearray(FILES["jpeg cmyk"])
    data[data.index(b"Adobe") + 11] = 2  # the colour transform that makes it YCCK
    assert read_photo(bytes(data)).pixels.shape == (HEIGHT, WIDTH, 3)


def half_clear(format, mode="RGBA", **options):
    """The left half red and opaque, the right half clear with green hidden under it."""
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pixels[:, : WIDTH // 2], pixels[:, WIDTH // 2 :] = (*RED, 255), (*GREEN, 0)
    return encoded(Image.fromarray(pixels).convert(mode), format, **options)


@pytest.mark.parametrize(
    "data",
    [
        half_clear("PNG"),
        half_clear("WEBP", lossless=True, exact=True),
        half_clear("HEIF", quality=95),
        encoded(corners().quantize(4), "PNG", transparency=bytes((0, 0, 0, 0))),
        cv2.imencode(".png", np.full((8, 8, 4), (9, 9, 9, 0), np.uint16))[1].tobytes(),
    ],
    ids=["png", "webp", "heic", "palette", "16 bit"],
)
def test_transparent_pixels_lie_on_mid_grey(data):
    pixels = read_photo(data).pixels
    assert np.abs(pixels[4:, -2].astype(int) - 128).max() <= 3


# --- orientation and focal length -----------------------------------------------------------------


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_all_eight_orientations_come_out_upright(format, orientation):
    turn = STORED_AS[orientation]
    stored = corners() if turn is None else corners().transpose(turn)
    photo = read_photo(encoded(stored, format, exif=exif(orientation), quality=92))
    assert_upright(photo, tolerance=30)
    assert photo.pixels.shape == (HEIGHT, WIDTH, 3)
    assert (photo.source_width_px, photo.source_height_px) == (WIDTH, HEIGHT)


def test_a_heic_that_its_container_turns_is_not_turned_again_by_exif():
    """Phones write both; ISO/IEC 23008-12 says which one counts."""
    stored = corners().transpose(Image.Transpose.ROTATE_90)
    data = encoded(stored, "HEIF", exif=exif(6), quality=92)
    assert b"irot" in data
    assert struct.pack(">HHIH", 0x0112, 3, 1, 6) in data
    assert_upright(read_photo(data), tolerance=30)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_focal_length_is_read(format):
    assert read_photo(encoded(corners(), format, exif=exif(1, 26))).focal_35mm == 26.0


@pytest.mark.parametrize("focal", ["26 mm", (26, 27), b"\0"])
def test_a_focal_length_that_is_none_does_not_hide_the_orientation(focal):
    stored = corners().transpose(Image.Transpose.ROTATE_90)
    photo = read_photo(encoded(stored, "JPEG", exif=exif(6, focal), quality=92))
    assert photo.focal_35mm is None
    assert_upright(photo, tolerance=30)


XMP = (
    b"<x:xmpmeta xmlns:tiff='http://ns.adobe.com/tiff/1.0/'><a tiff:Orientation=\"6\"/></x:xmpmeta>"
)


def with_xmp(format, exif=b""):
    if format == "JPEG":
        return encoded(corners(), format, quality=92, xmp=XMP, exif=exif)
    if format == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return encoded(corners(), format, pnginfo=text, exif=exif)
    if format == "WEBP":
        return encoded(corners(), format, quality=92, xmp=XMP, exif=exif)
    # What XMP says would be written as a turn of the container's own.
    upright = XMP.replace(b'"6"', b'"1"')
    data = encoded(corners(), format, quality=92, xmp=upright, exif=exif or None)
    return data.replace(b'tiff:Orientation="1"', b'tiff:Orientation="6"')


@pytest.mark.parametrize("told", [b"", exif(1), exif(None, 26)], ids=["none", "upright", "other"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_xmp_turns_no_photo(format, told):
    data = with_xmp(format, told)
    assert b"tiff:Orientation" in data
    assert_upright(read_photo(data), tolerance=30)


def test_exif_that_imagemagick_wrote_into_a_png_is_read():
    block = exif(6, 26).removeprefix(b"Exif\0\0")
    lines = (b"Exif\0\0" + block).hex()
    text = PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(lines) // 2:8d}\n{lines}\n", zip=True)
    photo = read_photo(encoded(corners().transpose(STORED_AS[6]), "PNG", pnginfo=text))
    assert_upright(photo)
    assert photo.focal_35mm == 26.0


def camera(size, told=(), ifd0=(), orientation=1):
    """A picture of a camera whose EXIF tells a focal length, and sizes."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x0100], block[0x0101] = ifd0 or (None, None)
    if not ifd0:
        del block[0x0100], block[0x0101]
    block.get_ifd(0x8769).update({0xA405: 26, **dict(zip((0xA002, 0xA003), told, strict=False))})
    return read_photo(encoded(Image.new("RGB", size), "JPEG", quality=1, exif=block.tobytes()))


@pytest.mark.parametrize(
    ("size", "told", "more"),
    [
        ((403, 302), (4032, 3024), {}),  # reduced as a whole, its sides rounded
        ((302, 403), (4032, 3024), {}),  # turned, as editors do who leave the size
        ((403, 302), (302, 403), {"orientation": 6}),
        ((400, 300), (400, 300), {"ifd0": (4000, 3000)}),
        ((464, 347), (4624, 3472), {}),  # in blocks of 16
        ((400, 225), (), {}),
        ((225, 400), (), {}),
        ((360, 240), (), {}),
        ((300, 300), (3000, 3000), {}),  # cut by the camera itself
        ((400, 180), (4000, 1800), {}),
        ((400, 300), (0, 0), {}),
        ((400, 300), ("x", 3.5), {}),
    ],
)
def test_the_focal_length_of_a_camera_s_picture_is_believed(size, told, more):
    photo = camera(size, told, **more)
    assert (photo.focal_35mm, photo.focal_length_dropped) == (26.0, None)


@pytest.mark.parametrize(
    ("size", "told", "more", "reason"),
    [
        ((300, 302), (4032, 3024), {}, "other_size"),
        ((300, 300), (4032, 3024), {}, "other_size"),
        ((400, 225), (4032, 3024), {}, "other_size"),
        ((400, 300), (4000, 3000), {"ifd0": (4000, 2250)}, "other_size"),
        ((225, 300), (9, 16), {"orientation": 6}, "other_size"),
        ((300, 351), (3000, 3510), {}, "unusual_shape"),  # cut, and its size corrected
        ((300, 351), (), {}, "unusual_shape"),
        ((300, 300), (), {}, "unusual_shape"),
        ((400, 180), (), {}, "unusual_shape"),
        ((400, 50), (4000, 500), {}, "unusual_shape"),  # a panorama
    ],
)
def test_the_focal_length_of_a_picture_that_was_cut_is_not(size, told, more, reason):
    photo = camera(size, told, **more)
    assert (photo.focal_35mm, photo.focal_length_dropped) == (None, reason)
    assert photo.focal_px is None


@pytest.mark.parametrize("focal", [0, 1, 65535])
def test_impossible_focal_lengths_are_none(focal):
    assert read_photo(encoded(corners(), "JPEG", exif=exif(1, focal))).focal_35mm is None


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"XX*\0\x08\0\0\0\0\0",
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 3, 1, 9) + b"\0" * 4,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 3, 1, 0) + b"\0" * 4,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 2, 1, 6) + b"\0" * 4,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0112, 3, 9, 6) + b"\0" * 4,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + b"\0" * 4,
    ],
)
def test_broken_exif_is_ignored(block):
    photo = read_photo(encoded(corners(), "JPEG", exif=b"Exif\0\0" + block, quality=92))
    assert_upright(photo)
    assert photo.focal_35mm is None


# --- size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("size", [(2100, 1400), (1500, 1000), (640, 480)])
def test_large_pictures_are_reduced_and_small_ones_kept(format, size):
    photo = read_photo(encoded(corners(*size), format))
    height, width = photo.pixels.shape[:2]
    assert (photo.source_width_px, photo.source_height_px) == size
    assert min(size[0], 960) <= width <= DETECT_SIDE_PX
    assert width / height == pytest.approx(1.5 if size[0] > 640 else 4 / 3, rel=0.01)
    assert_upright(photo, tolerance=30)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (16_000, 2), (2, 16_000)])
def test_tiny_and_extreme_shapes_are_read(format, size):
    photo = read_photo(encoded(Image.new("RGB", size, RED), format))
    assert (photo.source_width_px, photo.source_height_px) == size
    assert np.abs(photo.pixels.reshape(-1, 3).astype(int) - RED).max() <= 8


@pytest.mark.parametrize("shade", [0, 127, 128, 129, 255])
def test_plain_grey_is_a_whole_picture(shade):
    """Grey 128 is also what libjpeg paints where a scan is cut short."""
    for options in ({}, {"progressive": True}, {"restart_marker_blocks": 2}):
        data = encoded(Image.new("RGB", (WIDTH, HEIGHT), (shade,) * 3), "JPEG", **options)
        assert np.abs(read_photo(data).pixels.astype(int) - shade).max() <= 1


# --- other formats, damage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypavif" + b"\0" * 99,
        b"hello, world",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + b"\0" * 99,
        b"\0" * 4096,
        b"\xff" * 4096,
        b"\xff\xd8" + b"\xff" * 4096,
        *(encoded(corners(), other) for other in ("GIF", "TIFF", "BMP", "PPM", "JPEG2000")),
    ],
)
def test_anything_else_is_unsupported(data):
    with pytest.raises(UnsupportedImageError):
        read_photo(data)


WHOLE = {
    "jpeg": encoded(noise(), "JPEG", exif=exif(1, 26)),
    "jpeg progressive": encoded(noise(), "JPEG", progressive=True),
    "jpeg L": encoded(noise(mode="L"), "JPEG"),
    "jpeg cmyk": encoded(noise(mode="CMYK"), "JPEG"),
    "jpeg restart": encoded(noise(), "JPEG", restart_marker_rows=1),
    "png": encoded(noise(), "PNG"),
    "png rgba": encoded(noise(mode="RGBA"), "PNG"),
    "webp": encoded(noise(), "WEBP"),
    "webp lossless": encoded(noise(), "WEBP", lossless=True),
    "webp animated": encoded(noise(), "WEBP", save_all=True, append_images=[corners()]),
    "heic": encoded(noise(), "HEIF"),
    "heic tiles": encoded(noise(), "HEIF", tile_size=64),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_is_cut_anywhere_is_refused_or_lost_nothing_that_is_seen(name):
    data = WHOLE[name]
    whole = read_photo(data).pixels
    ends = {*range(0, min(len(data), 700), 13), *range(700, len(data), len(data) // 60 + 1)}
    for end in sorted(ends | {len(data) - 1, len(data) - 2, len(data) - 5}):
        try:
            cut = read_photo(data[:end]).pixels
        except UnsupportedImageError:
            continue
        assert end > 0.9 * len(data)
        assert np.array_equal(cut, whole)


JPEGS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restart markers": {"restart_marker_blocks": 7},
    "restart rows": {"restart_marker_rows": 1},
    "optimized": {"optimize": True, "subsampling": 0},
}


@pytest.mark.parametrize("picture", ["noise", "flat below"])
@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_may_lack_its_end_and_nothing_else(name, picture):
    image = noise(160, 120)
    if picture == "flat below":
        image.paste(RED, (0, 40, 160, 120))
    data = encoded(image, "JPEG", quality=85, **JPEGS[name])
    whole = read_photo(data).pixels
    for end in (-1, -2):
        assert np.array_equal(read_photo(data[:end]).pixels, whole)
    first = data.index(b"\xff\xda") + 10
    cuts = {
        *range(first, len(data) - 2, max(1, len(data) // 40)),
        *range(len(data) - 40, len(data) - 3),
    }
    accepted = []
    for end in sorted(cuts):
        try:
            cut = read_photo(data[:end]).pixels
        except UnsupportedImageError:
            continue
        accepted.append(len(data) - end)
        assert np.array_equal(cut, whole)
    assert max(accepted, default=0) <= 6, "bits that fill the last byte, and blocks that end early"


@pytest.mark.parametrize("name", JPEGS)
@pytest.mark.parametrize("filling", [b"\0", b"\x55", b"<html>"])
def test_a_jpeg_with_something_else_in_place_of_its_rest_is_refused(name, filling):
    data = encoded(noise(160, 120), "JPEG", quality=85, **JPEGS[name])
    for share in (0.3, 0.6, 0.9):
        kept = int(len(data) * share)
        for length in (len(data) - kept, 20 * len(data)):
            with pytest.raises(UnsupportedImageError):
                read_photo(data[:kept] + (filling * length)[:length])


def test_a_progressive_jpeg_that_lacks_scans_is_refused():
    data = encoded(noise(), "JPEG", progressive=True)
    starts = [found.start() for found in re.finditer(rb"\xff\xda", data)]
    assert len(starts) > 5
    for start in starts[1:]:
        # What stands before a scan is its table of codes.
        table = data.rfind(b"\xff\xc4", 0, start)
        with pytest.raises(UnsupportedImageError):
            read_photo(data[:table])


@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_jpeg_may_lack_its_end(progressive):
    """It is decoded at a fraction of its size, where its last bits show least."""
    image = noise(400, 300).resize((4000, 3000))
    data = encoded(image, "JPEG", quality=60, progressive=progressive)
    whole = read_photo(data).pixels
    assert np.array_equal(read_photo(data[:-2]).pixels, whole)
    with pytest.raises(UnsupportedImageError):
        read_photo(data[: int(0.99 * len(data))])


@pytest.mark.parametrize("name", WHOLE)
def test_random_damage_is_a_picture_or_a_typed_error(name, capfd):
    random = Random(name)
    for _ in range(60):
        data = bytearray(WHOLE[name])
        for _ in range(random.choice((1, 3, 12))):
            data[int(random.random() ** 3 * len(data))] = random.randrange(256)
        try:
            photo = read_photo(bytes(data))
        except HypermobError as error:
            assert error.code in ("UNSUPPORTED_IMAGE", "IMAGE_TOO_LARGE")
        else:
            assert photo.pixels.ndim == 3


def test_a_flipped_bit_in_a_png_is_refused():
    data = bytearray(png())
    data[data.index(b"IDAT") + 40] ^= 1
    with pytest.raises(UnsupportedImageError):
        read_photo(bytes(data))


@pytest.mark.parametrize("tail", [b"\0" * 5000, b"MotionPhoto\xff\xda\xff\xd8\xff\xc0" * 500])
@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "heic", "heic tiles"])
def test_what_phones_append_to_a_photo_is_ignored(name, tail):
    assert_upright(read_photo(FILES[name] + tail), tolerance=30)


def test_a_thumbnail_is_not_taken_for_the_photo():
    block = exif(1) + encoded(noise(32, 32), "JPEG")
    assert_upright(read_photo(encoded(corners(), "JPEG", exif=block, quality=92)))


def test_photos_are_read_in_parallel():
    files = [FILES[name] for name in ("jpeg", "png", "webp", "heic")] * 8
    with ThreadPoolExecutor(8) as pool:
        for photo in pool.map(read_photo, files):
            assert_upright(photo, tolerance=30)


# --- limits and bombs -----------------------------------------------------------------------------


def jpeg_header(width, height, sampling=(0x22, 0x11, 0x11), kind=0xC0):
    """A JPEG whose frame header is true to form and nothing else in it is."""
    body = struct.pack(">BHHB", 8, height, width, len(sampling))
    body += b"".join(bytes((i + 1, s, 0)) for i, s in enumerate(sampling))
    frame = bytes((0xFF, kind)) + struct.pack(">H", len(body) + 2) + body
    scan = bytes((0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0))
    return b"\xff\xd8" + frame + scan + b"\0" * 64 + b"\xff\xd9"


def webp_header(width, height):
    flags = struct.pack("<I", 0)
    canvas = flags + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def png_header(width, height, depth=8, colour=2):
    return png(header=struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def heic_said_to_be(width, height):
    data = bytearray(FILES["heic"])
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


TOO_LARGE = {
    "bytes": FILES["jpeg"] + b"\0" * MAX_PHOTO_BYTES,
    "jpeg 51 MP": jpeg_header(8500, 6000),
    "jpeg 25 MP, fine, in scans": encoded(
        Image.new("RGB", (5000, 5001)), "JPEG", progressive=True, subsampling=0, quality=1
    ),
    "jpeg 65535 x 65535": jpeg_header(65535, 65535),
    "png 200 MP": png_header(20_000, 10_000),
    "png 2^31": png_header(2**31 - 1, 2**31 - 1),
    "png 25 MP": png_header(5000, 5001),
    "webp 200 MP": webp_header(16_000, 12_500),
    "heic 51 MP": heic_said_to_be(8500, 6000),
}


def said_to_be_deep(width, height, chroma):
    """A HEIC of 10 bits whose size is said, not made."""
    pixels = np.asarray(corners()).astype(np.uint16) * 257
    buffer = io.BytesIO()
    made = pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), pixels.tobytes())
    made.save(buffer, quality=90, chroma=chroma)
    data = bytearray(buffer.getvalue())
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "megapixels", "words"),
    [
        (said_to_be_deep(7008, 4710, 420), 33, "more than 8 bits"),
        (said_to_be_deep(6000, 4008, 422), 24, "more than 8 bits"),
        (said_to_be_deep(4000, 4008, 444), 16, "finer chroma"),
    ],
)
def test_a_heic_whose_kind_has_a_limit_of_its_own_is_told_so(data, megapixels, words):
    with pytest.raises(ImageTooLargeError) as refused:
        read_photo(data)
    assert refused.value.details["max_megapixels"] == megapixels
    for language in ("en", "ko"):
        assert f" {megapixels} " in refused.value.message(language)
        assert "JPEG" in refused.value.message(language)
    assert words in refused.value.message("en")


@pytest.mark.parametrize("name", TOO_LARGE)
def test_over_a_limit_is_too_large(name):
    with pytest.raises(ImageTooLargeError) as refused:
        read_photo(TOO_LARGE[name])
    assert refused.value.details["max_megabytes"] == 20
    assert 16 <= refused.value.details["max_megapixels"] <= 50


def text_bomb(name, head):
    packed = zlib.compress(b"\0" * 30_000_000)
    return png(before=[(name, head + packed)] * 20)


def test_bombs_in_png_text_and_profiles_are_refused():
    for name, head in ((b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")):
        with pytest.raises(UnsupportedImageError):
            read_photo(text_bomb(name, head))


def test_thousands_of_jpeg_scans_are_refused():
    data = encoded(noise(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(UnsupportedImageError):
        read_photo(data[:-2] + data[last:-2] * 2000 + data[-2:])


def test_jpeg_scans_hide_behind_no_comment():
    """A comment may hold the bytes that end a picture; a fill byte may stand before a marker."""
    data = encoded(noise(), "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    second, last = data.index(b"\xff\xc4", first), data.rindex(b"\xff\xda")
    comment = b"\xff\xfe\0\x04\xff\xd9"
    more = data[last:-2] * 2000 + data[-2:]
    for hidden in (
        data[:second] + comment + data[second:-2] + more,
        data[:2] + b"\xff" + data[2:-2] + more,
    ):
        with pytest.raises(UnsupportedImageError):
            read_photo(hidden)
    assert read_photo(data[:2] + b"\xff" + data[2:second] + comment + data[second:])


@pytest.mark.parametrize(
    ("name", "filling"),
    [
        ("jpeg", b"\xff\xe1\0\x02"),
        ("jpeg", b"\xff\xe1\0\x09Exif\0\0\0"),
        ("jpeg", b"\xff"),
        ("jpeg", b"\xff\xd0"),
        ("png", chunk(b"prVt", b"")),
        ("png", chunk(b"IDAT", b"")),
    ],
)
def test_files_of_endless_parts_are_refused(name, filling):
    data, head = FILES[name], {"jpeg": 2, "png": 33}[name]
    assert read_photo(data[:head] + filling + data[head:])
    with pytest.raises(UnsupportedImageError):
        read_photo(data[:head] + filling * 20_000 + data[head:])


def test_a_heic_whose_header_understates_its_picture_is_refused():
    data = bytearray(encoded(corners(1600, 1200), "HEIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", 64, 64)
    with pytest.raises(UnsupportedImageError):
        read_photo(bytes(data))


def test_a_heic_that_cuts_a_little_out_of_a_huge_picture_is_too_large():
    """Its shown size is that of a grid of one tile, which is far larger."""
    with pytest.raises(ImageTooLargeError):
        read_photo(heic_grid_of_one(WIDTH, HEIGHT, 10_000, 10_000))
    with pytest.raises(ImageTooLargeError):
        read_photo(heic_grid_of_one(WIDTH, HEIGHT, 10_000, 10_000, long_size=True))
    assert read_photo(heic_grid_of_one(WIDTH, HEIGHT, *corners().size))


@pytest.mark.parametrize("first", [b"meta", b"mdat"])
def test_a_heic_may_describe_its_picture_behind_it(first):
    """ISO/IEC 14496-12 leaves the order free."""
    assert read_photo(heic_grid_of_one(WIDTH, HEIGHT, *corners().size, first=first))
    with pytest.raises(ImageTooLargeError):
        read_photo(heic_grid_of_one(WIDTH, HEIGHT, 10_000, 10_000, first=first))


def test_a_heic_of_pictures_laid_over_each_other_is_refused():
    """Each may be of 50 megapixels, and one picture many of them."""
    with pytest.raises(UnsupportedImageError):
        read_photo(heic_grid_of_one(WIDTH, HEIGHT, *corners().size, kind=b"iovl"))


def heic_grid_of_one(
    width, height, tile_width, tile_height, *, long_size=False, kind=b"grid", first=b"meta"
):
    """A HEIC that shows a part of a tile; the tile's size is said, not made."""

    def box(name, body, version=None, flags=0):
        head = b"" if version is None else struct.pack(">I", version << 24 | flags)
        return struct.pack(">I4s", 8 + len(head + body), name) + head + body

    made = encoded(corners(), "HEIF")
    pixels = made[made.index(b"mdat") + 4 :]
    at = made.index(b"hvcC") - 4
    coding = made[at : at + int.from_bytes(made[at : at + 4])]
    grey, place = (1, 1, 1, 0), (0, 0)
    shown = (
        struct.pack(">BBBBHH", 0, 0, 0, 0, width, height)
        if kind == b"grid"
        else struct.pack(">BB4H2H2h", 0, 0, *grey, width, height, *place)
    )
    tile = box(b"ispe", struct.pack(">II", tile_width, tile_height), 0)
    if long_size:
        tile = struct.pack(">I4sQ", 1, b"ispe", 28) + tile[8:]
    properties = box(
        b"iprp",
        box(b"ipco", box(b"ispe", struct.pack(">II", width, height), 0) + tile + coding)
        + box(b"ipma", bytes((0, 0, 0, 2, 0, 1, 1, 1, 0, 2, 2, 2, 0x83)), 0),
    )
    items = [
        box(b"infe", struct.pack(">HH4sx", 1, 0, kind), 2),
        box(b"infe", struct.pack(">HH4sx", 2, 0, b"hvc1"), 2, 1),
    ]

    def head(start):
        places = struct.pack(">HHHII", 1, 0, 1, start, len(shown))
        places += struct.pack(">HHHII", 2, 0, 1, start + len(shown), len(pixels))
        described = box(b"hdlr", struct.pack(">I4s13x", 0, b"pict"), 0)
        described += box(b"pitm", struct.pack(">H", 1), 0)
        described += box(b"iloc", struct.pack(">BBH", 0x44, 0, 2) + places, 0)
        described += box(b"iinf", struct.pack(">H", 2) + b"".join(items), 0)
        described += box(b"iref", box(b"dimg", struct.pack(">HHH", 1, 1, 2)), 0) + properties
        return box(b"meta", described, 0)

    kinds = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    data = box(b"mdat", shown + pixels)
    if first == b"mdat":
        return kinds + data + head(len(kinds) + 8)
    return kinds + head(len(kinds + head(0)) + 8) + data


MEMORY_PROBE = """
import sys
sys.path[:0] = [".", "container"]
from bodyscan.photo import read_photo
from chalicelib.errors import HypermobError
import pathlib
def peak_mb():
    # Not ru_maxrss, which begins with what the parent had.
    status = dict(line.split(":") for line in pathlib.Path("/proc/self/status").open())
    return int(status["VmHWM"].split()[0]) / 1024
before = peak_mb()
for name in sys.argv[1:]:
    try:
        read_photo(pathlib.Path(name).read_bytes())
    except HypermobError as error:
        print(name, error.code)
print(peak_mb() - before)
"""


def grown_mb(folder, files):
    """How much the peak memory of a process grows that reads these files one after another."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    probe = subprocess.run(
        [sys.executable, "-c", MEMORY_PROBE, *(str(folder / name) for name in files)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(probe.stdout.splitlines()[-1]), probe.stdout


def test_refusals_cost_little_memory(tmp_path):
    files = {str(i): data for i, (name, data) in enumerate(TOO_LARGE.items()) if name != "bytes"}
    files["bomb"] = text_bomb(b"zTXt", b"k\0\0")
    mb, said = grown_mb(tmp_path, files)
    assert said.count("IMAGE_TOO_LARGE") == len(TOO_LARGE) - 1
    assert mb < 60


def test_a_phone_photo_costs_little_memory(tmp_path):
    mb, said = grown_mb(tmp_path, {"a": encoded(corners(4000, 3000), "JPEG")})
    assert len(said.splitlines()) == 1
    assert mb < 40


def deep_heic(width, height):
    """10 bits and 4:2:0, as cameras write into .HIF."""
    buffer = io.BytesIO()
    pixels = np.full((height, width, 3), 40_000, np.uint16)
    picture = pillow_heif.from_bytes("RGB;16", (width, height), pixels.tobytes())
    picture.save(buffer, quality=30, enc_params=QUICK)
    return buffer.getvalue()


def test_the_costliest_files_that_are_accepted_stay_within_300_mb(tmp_path):
    side = (6000, 4000)
    grey = zlib.compress(b"\0" * (1 + 3 * side[0]) * side[1], 1)
    header = struct.pack(">IIBBBBB", *side, 8, 2, 0, 0, 0)
    files = {
        "progressive": encoded(
            Image.new("RGB", (8160, 6120), RED), "JPEG", progressive=True, quality=30
        ),
        "heic": encoded(Image.new("RGB", (8160, 6120), RED), "HEIF", quality=30, enc_params=QUICK),
        "deep heic": deep_heic(7008, 4700),
        "without its end": encoded(
            noise(408, 306).resize((8160, 6120)), "JPEG", progressive=True, quality=30
        )[:-2],
        "png": png(header=header, idat=grey),
        "webp animated": encoded(
            Image.new("RGB", (4000, 4000), RED),
            "WEBP",
            lossless=True,
            quality=0,
            method=0,
            save_all=True,
            append_images=[Image.new("RGB", (4000, 4000), BLUE)],
        ),
    }
    mb, said = grown_mb(tmp_path, files)
    assert len(said.splitlines()) == 1  # all accepted
    assert mb < 300
