"""Photos as attackers, old phones and broken networks send them, each with its right answer.

``python -m tests.bad_photos FOLDER`` writes them, and ``answers.json`` beside them.
"""

import argparse
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps

from chalicelib.contracts import MAX_PHOTO_BYTES

pillow_heif.register_heif_opener()

PEOPLE = Path(__file__).parent / "fixtures" / "people"
PERSON = "front-1.jpg"
QUICK = {"preset": "ultrafast"}
"""For x265, which takes seconds for a large picture: it searches less, and the file is as valid."""
HEIGHT_CM = 172.6
"""The height of the person in most of these photos."""

MEASURED, NO_PERSON = "measured", "NO_PERSON"
UNSUPPORTED, TOO_LARGE = "UNSUPPORTED_IMAGE", "IMAGE_TOO_LARGE"

Answer = str
"""`MEASURED`, or the code of the error."""

STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera stores an upright scene that it marks with each EXIF orientation."""


Kinds = dict[str, tuple[Callable[[], bytes], Answer]]


def corpus() -> Iterator[tuple[str, Callable[[], bytes], Answer]]:
    """Name, what makes the file, and right answer of each: some are large, and take seconds."""
    for kinds in (whole, exif_lies, cut_short, not_photos, bombs, empty_scenes, hybrids):
        for name, (make, answer) in kinds().items():
            yield name, make, answer


def person() -> Image.Image:
    """The person whom every good photo here shows."""
    with Image.open(PEOPLE / PERSON) as image:
        return image.convert("RGB")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG, with the right checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    width: int, height: int, idat: bytes, *, depth: int = 8, colour: int = 2, **more: Any
) -> bytes:
    """A PNG of chunks of one's own: ``before`` go between header and pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, more.get("interlace", 0))
    chunks = [(b"IHDR", header), *more.get("before", ()), (b"IDAT", idat), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def interlaced(image: Image.Image) -> bytes:
    """An Adam7 PNG, which Pillow reads but does not write."""
    pixels = np.asarray(image)
    passes = (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    )
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in passes
        for row in pixels[top::down, left::right]
    )
    return png(image.width, image.height, zlib.compress(rows, 1), interlace=1)


def jpeg_header(width: int, height: int) -> bytes:
    """A JPEG whose frame header is true to form and nothing else in it is."""
    body = struct.pack(">BHHB", 8, height, width, 3) + b"\x01\x22\0\x02\x11\0\x03\x11\0"
    frame = b"\xff\xc0" + struct.pack(">H", len(body) + 2) + body
    scan = bytes((0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0))
    return b"\xff\xd8" + frame + scan + b"\0" * 64 + b"\xff\xd9"


def webp_header(width: int, height: int) -> bytes:
    """A WebP's canvas, and nothing on it."""
    canvas = b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def exif(orientation: int | None = None, **directories: dict[int, Any]) -> bytes:
    """An EXIF block; ``gps`` and ``camera`` are directories in it."""
    block = Image.Exif()
    if orientation is not None:
        block[0x0112] = orientation
    for name, tag in (("camera", 0x8769), ("gps", 0x8825)):
        block.get_ifd(tag).update(directories.get(name, {}))
    return block.tobytes()


XMP_TURNED = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a tiff:Orientation=\"6\"/></x:xmpmeta>"


def ten_bit_heic(image: Image.Image) -> bytes:
    """As cameras write it into .HIF."""
    deep = np.asarray(image).astype(np.uint16) * 257
    out = io.BytesIO()
    picture = pillow_heif.from_bytes("RGB;16", image.size, deep.tobytes())
    picture.save(out, quality=30, enc_params=QUICK)
    return out.getvalue()


SEOUL = {1: "N", 2: (37.0, 33.0, 59.4), 3: "E", 4: (126.0, 58.0, 40.8)}


def whole() -> Kinds:
    """Unusual and whole: each must be measured."""
    image = person()
    rgb16 = np.asarray(image).astype(">u2") * 257
    rows16 = b"".join(b"\0" + row.tobytes() for row in rgb16)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    clear = image.convert("RGBA")
    clear.putalpha(254)
    other = image.rotate(9)
    files: dict[str, Callable[[], bytes]] = {
        "jpeg": lambda: encoded(image, "JPEG", quality=90),
        "jpeg-quality-10": lambda: encoded(image, "JPEG", quality=10),
        "jpeg-progressive": lambda: encoded(image, "JPEG", quality=90, progressive=True),
        "jpeg-cmyk": lambda: encoded(image.convert("CMYK"), "JPEG", quality=90),
        "jpeg-grey": lambda: encoded(image.convert("L"), "JPEG", quality=90),
        "jpeg-444": lambda: encoded(image, "JPEG", quality=90, subsampling=0),
        "jpeg-restarts": lambda: encoded(image, "JPEG", quality=90, restart_marker_blocks=5),
        "jpeg-icc": lambda: encoded(image, "JPEG", quality=90, icc_profile=srgb),
        "jpeg-icc-broken": lambda: encoded(image, "JPEG", quality=90, icc_profile=b"\xff" * 70_000),
        "jpeg-gps": lambda: encoded(image, "JPEG", quality=90, exif=exif(gps=SEOUL)),
        "jpeg-several-pictures": lambda: encoded(
            image, "MPO", save_all=True, append_images=[other]
        ),
        "jpeg-12-megapixels": lambda: encoded(image.resize((3000, 4000)), "JPEG", quality=80),
        "jpeg-48-megapixels": lambda: encoded(image.resize((6000, 8000)), "JPEG", quality=60),
        "png": lambda: encoded(image, "PNG", compress_level=1),
        "png-interlaced": lambda: interlaced(image),
        "png-palette": lambda: encoded(image.quantize(256), "PNG"),
        "png-16-bit": lambda: png(*image.size, zlib.compress(rows16, 1), depth=16),
        "png-transparent": lambda: encoded(clear, "PNG", compress_level=1),
        "png-animated": lambda: encoded(image, "PNG", save_all=True, append_images=[other]),
        "webp": lambda: encoded(image, "WEBP", quality=85),
        "webp-lossless": lambda: encoded(image, "WEBP", lossless=True, quality=0, method=0),
        "webp-transparent": lambda: encoded(clear, "WEBP", quality=85),
        "webp-animated": lambda: encoded(image, "WEBP", save_all=True, append_images=[other]),
        "jpeg-without-its-end": lambda: encoded(image, "JPEG", quality=90)[:-2],
        "jpeg-progressive-without-its-end": lambda: encoded(
            image, "JPEG", quality=90, progressive=True
        )[:-2],
        "jpeg-turned-by-xmp-alone": lambda: encoded(image, "JPEG", quality=90, xmp=XMP_TURNED),
        "heic": lambda: encoded(image, "HEIF", quality=85),
        "heic-of-10-bits-24-megapixels": lambda: ten_bit_heic(image.resize((4000, 6000))),
        "heic-tiles": lambda: encoded(image, "HEIF", quality=85, tile_size=256),
        "heic-transparent": lambda: encoded(clear, "HEIF", quality=85),
    }  # fmt: skip
    for orientation, turn in STORED_AS.items():
        stored = image if turn is None else image.transpose(turn)
        files[f"jpeg-orientation-{orientation}"] = lambda stored=stored, o=orientation: encoded(
            stored, "JPEG", quality=90, exif=exif(o)
        )
    return {name: (make, MEASURED) for name, make in files.items()}


def exif_lies() -> Kinds:
    """EXIF that is wrong, broken or impossible."""
    image = person()

    def with_segment(block: bytes) -> Callable[[], bytes]:
        return lambda: encoded(image, "JPEG", quality=90, exif=block)

    return {
        "exif-turned-left": (with_segment(exif(8)), "POSE_UNSUITABLE"),
        "exif-upside-down": (with_segment(exif(3)), "POSE_UNSUITABLE"),
        "exif-orientation-9": (with_segment(exif(9)), MEASURED),
        "exif-orientation-65535": (with_segment(exif(65535)), MEASURED),
        "exif-focal-length-1": (with_segment(exif(camera={0xA405: 1})), MEASURED),
        "exif-focal-length-65535": (with_segment(exif(camera={0xA405: 65535})), MEASURED),
        "exif-size-of-another-photo": (with_segment(exif(camera={0xA002: 9, 0xA003: 9})), MEASURED),
        "exif-focal-length-of-a-wider-photo": (with_segment(exif(camera={0xA405: 14})), MEASURED),
        "exif-empty": (with_segment(b"Exif\0\0"), MEASURED),
        "exif-offset-beyond-end": (with_segment(b"Exif\0\0II*\0\xff\xff\xff\xff"), MEASURED),
        "exif-endless": (
            with_segment(b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 60_000),
            MEASURED,
        ),
        "exif-points-at-itself": (
            with_segment(b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 8)),
            MEASURED,
        ),
    }


def cut_short() -> Kinds:
    """Uploads that broke off, at every stage, in every format."""
    image = person()
    formats: dict[str, bytes] = {
        "jpeg": encoded(image, "JPEG", quality=90, exif=exif(1)),
        "jpeg-progressive": encoded(image, "JPEG", quality=90, progressive=True),
        "png": encoded(image, "PNG", compress_level=1),
        "webp": encoded(image, "WEBP", quality=85),
        "heic": encoded(image, "HEIF", quality=85, tile_size=256),
    }
    kinds: Kinds = {}
    for name, data in formats.items():
        for percent in (0.1, 1, 25, 50, 90, 99):
            end = max(5, int(len(data) * percent / 100))
            kinds[f"cut-{name}-at-{percent}-percent"] = (lambda d=data, e=end: d[:e], UNSUPPORTED)
    zeros = bytearray(formats["jpeg"])
    zeros[len(zeros) // 3 :] = bytes(len(zeros) - len(zeros) // 3)
    flipped = bytearray(formats["png"])
    flipped[len(flipped) // 2] ^= 1
    kinds["jpeg-zeros-from-a-third"] = (lambda: bytes(zeros), UNSUPPORTED)
    kinds["png-one-bit-flipped"] = (lambda: bytes(flipped), UNSUPPORTED)
    return kinds


def not_photos() -> Kinds:
    """Files that are something else, whatever their name says."""
    image = person()
    files: dict[str, bytes] = {
        "empty": b"",
        "one-byte": b"\xff",
        "text": "키 175cm".encode(),
        "html": b"<!doctype html><script>alert(1)</script>",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "svg-bomb": b"<!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><svg>&b;</svg>",
        "pdf": encoded(image, "PDF"),
        "zip": b"PK\x03\x04" + b"\0" * 4096,
        "gif": encoded(image.quantize(64), "GIF"),
        "bmp": encoded(image, "BMP"),
        "tiff": encoded(image, "TIFF"),
        "jpeg-2000": encoded(image.resize((90, 120)), "JPEG2000"),
        "ico": encoded(image.resize((64, 64)), "ICO"),
        "ppm": encoded(image.resize((90, 120)), "PPM"),
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd)(r)file\n",
        "avif-brand-only": b"\0\0\0\x18ftypavif" + b"\0" * 256,
        "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\4\0mdat" + b"\0" * 1016,
        "elf": b"\x7fELF" + b"\0" * 4096,
        "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "zeros": bytes(65536),
        "jpeg-magic-only": b"\xff\xd8\xff\xe0",
        "jpeg-magic-then-noise": b"\xff\xd8\xff\xe0" + np.random.default_rng(1).bytes(50_000),
        "jpeg-of-fill-bytes": b"\xff\xd8" + b"\xff" * 100_000,
        "png-magic-only": b"\x89PNG\r\n\x1a\n",
        "png-magic-then-jpeg": b"\x89PNG\r\n\x1a\n" + encoded(image, "JPEG"),
        "webp-magic-only": b"RIFF\0\0\0\0WEBP",
        "heic-magic-only": b"\0\0\0\x18ftypheic",
        "lossless-jpeg": encoded(image, "JPEG").replace(b"\xff\xc0", b"\xff\xc3", 1),
    }
    return {name: (lambda data=data: data, UNSUPPORTED) for name, data in files.items()}


def bombs() -> Kinds:
    """Small files that want to become large, and files over the limits."""
    image = person()
    noughts = zlib.compress(bytes(30_000_000), 9)

    def text_bomb(name: bytes, head: bytes) -> Callable[[], bytes]:
        pixels = zlib.compress(b"\0\0\0\0", 1)
        return lambda: png(1, 1, pixels, before=[(name, head + noughts)] * 20)

    def scans() -> bytes:
        data = encoded(image.resize((90, 120)), "JPEG", progressive=True)
        last = data.rindex(b"\xff\xda")
        return data[:-2] + data[last:-2] * 2000 + data[-2:]

    def hidden_scans() -> bytes:
        """As above, behind a comment that holds the bytes of an end."""
        data = scans()
        second = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
        return data[:second] + b"\xff\xfe\0\x04\xff\xd9" + data[second:]

    def filled(head: int, filling: bytes, photo: bytes) -> Callable[[], bytes]:
        count = (MAX_PHOTO_BYTES - len(photo)) // len(filling)
        return lambda: photo[:head] + filling * count + photo[head:]

    def said_to_be(width: int, height: int) -> Callable[[], bytes]:
        def make() -> bytes:
            data = bytearray(encoded(image, "HEIF", quality=50))
            at = data.index(b"ispe") + 8
            data[at : at + 8] = struct.pack(">II", width, height)
            return bytes(data)

        return make

    def black(width: int, height: int, kind: str, **options: Any) -> Callable[[], bytes]:
        return lambda: encoded(Image.new("RGB", (width, height)), kind, **options)

    row16 = 1 + 8 * 6000
    jpeg, picture = encoded(image, "JPEG"), encoded(image, "PNG", compress_level=1)
    told = b"\xff\xe1" + struct.pack(">H", 65_008) + b"Exif\0\0" + bytes(65_000)
    told_on = jpeg[:2] + told * 150 + jpeg[2:]
    deep = zlib.compressobj(1)
    deep_idat = b"".join([*(deep.compress(bytes(row16)) for _ in range(4000)), deep.flush()])
    return {
        "png-bomb-text": (text_bomb(b"zTXt", b"k\0\0"), UNSUPPORTED),
        "png-bomb-unicode-text": (text_bomb(b"iTXt", b"k\0\1\0\0\0"), UNSUPPORTED),
        "png-bomb-profile": (text_bomb(b"iCCP", b"k\0\0"), UNSUPPORTED),
        "png-bomb-pixels": (lambda: png(9, 9, noughts), NO_PERSON),
        "png-200-megapixels": (black(20_000, 10_000, "PNG", compress_level=1), TOO_LARGE),
        "png-2-to-the-31-wide": (lambda: png(2**31 - 1, 2**31 - 1, b""), TOO_LARGE),
        "png-24-megapixels-16-bit-alpha": (
            lambda: png(6000, 4000, deep_idat, depth=16, colour=6),
            NO_PERSON,
        ),
        "png-25-megapixels": (lambda: png(5000, 5001, b""), TOO_LARGE),
        "jpeg-65535-wide": (black(65_500, 8, "JPEG"), NO_PERSON),
        "jpeg-65535-square": (lambda: jpeg_header(65535, 65535), TOO_LARGE),
        "jpeg-51-megapixels": (lambda: jpeg_header(8500, 6000), TOO_LARGE),
        "jpeg-50-megapixels-progressive": (
            black(8160, 6120, "JPEG", progressive=True, subsampling=2, quality=30),
            NO_PERSON,
        ),
        "jpeg-50-megapixels-progressive-fine": (
            black(8160, 6120, "JPEG", progressive=True, subsampling=0, quality=30),
            TOO_LARGE,
        ),
        "jpeg-50-megapixels-progressive-ink": (
            lambda: encoded(Image.new("CMYK", (8160, 6120)), "JPEG", progressive=True, quality=30),
            TOO_LARGE,
        ),
        "jpeg-2000-scans": (scans, UNSUPPORTED),
        "jpeg-2000-scans-hidden": (hidden_scans, UNSUPPORTED),
        "jpeg-of-empty-segments": (filled(2, b"\xff\xe1\0\x02", jpeg), UNSUPPORTED),
        "jpeg-of-endless-exif": (
            filled(2 + 150 * len(told), b"\xff\xe1\0\x09Exif\0\0\0", told_on),
            UNSUPPORTED,
        ),
        "jpeg-with-fill-bytes": (filled(2, b"\xff", jpeg), UNSUPPORTED),
        "jpeg-with-restarts-before-its-scan": (filled(2, b"\xff\xd0", jpeg), UNSUPPORTED),
        "png-of-empty-chunks": (filled(33, chunk(b"prVt", b""), picture), UNSUPPORTED),
        "webp-268-megapixels": (lambda: webp_header(16383, 16383), TOO_LARGE),
        "webp-16-megapixels-animated": (
            lambda: encoded(
                Image.new("RGBA", (4000, 4000)),
                "WEBP",
                lossless=True,
                quality=0,
                method=0,
                save_all=True,
                append_images=[Image.new("RGBA", (4000, 4000), (9, 9, 9, 9))] * 3,
            ),
            NO_PERSON,
        ),
        "heic-said-to-be-larger": (said_to_be(8500, 6000), TOO_LARGE),
        "heic-said-to-be-smaller": (said_to_be(64, 64), UNSUPPORTED),
        "heic-50-megapixels": (black(8160, 6120, "HEIF", quality=30, enc_params=QUICK), NO_PERSON),
        "over-20-megabytes": (
            lambda: encoded(image, "JPEG") + bytes(MAX_PHOTO_BYTES),
            TOO_LARGE,
        ),
        "just-20-megabytes": (
            lambda: (encoded(image, "JPEG", quality=90) + bytes(MAX_PHOTO_BYTES))[:MAX_PHOTO_BYTES],
            MEASURED,
        ),
    }


def empty_scenes() -> Kinds:
    """Whole pictures with nobody to be measured in them."""
    noise = np.random.default_rng(2).integers(0, 256, (1200, 900, 3), np.uint8)
    hidden = person().convert("RGBA")
    hidden.putalpha(0)
    stripe = person().resize((900, 12))
    pictures = {
        "1x1": Image.new("RGB", (1, 1), "white"),
        "1-wide": Image.new("RGB", (1, 2000), "white"),
        "1-high": Image.new("RGB", (2000, 1), "white"),
        "grey": Image.new("RGB", (900, 1200), (128, 128, 128)),
        "black": Image.new("RGB", (900, 1200)),
        "white": Image.new("RGB", (900, 1200), "white"),
        "noise": Image.fromarray(noise),
        "all-transparent": hidden,
        "squeezed-flat": stripe,
        "negative-of-nobody": ImageOps.invert(Image.open(PEOPLE / "empty-6.jpg").convert("RGB")),
    }
    kinds: Kinds = {
        name: (lambda image=image: encoded(image, "PNG", compress_level=1), NO_PERSON)
        for name, image in pictures.items()
    }
    return kinds


def hybrids() -> Kinds:
    """Photos that are something else too: what is appended or smuggled in must not matter."""
    image = person()
    jpeg = encoded(image, "JPEG", quality=90)
    picture = encoded(image, "PNG", compress_level=1)
    script = b"<?php system($_GET['c']); ?><script>alert(1)</script>"
    comment = b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
    return {
        "jpeg-and-zip": (lambda: jpeg + b"PK\x03\x04" + bytes(4096), MEASURED),
        "jpeg-and-motion-video": (
            lambda: jpeg + b"\0\0\0\x18ftypmp42" + b"\xff\xda\xff\xd8\xff\xc0" * 5000,
            MEASURED,
        ),
        "jpeg-with-script-in-comment": (lambda: jpeg[:2] + comment + jpeg[2:], MEASURED),
        "png-and-pdf": (lambda: picture + b"%PDF-1.7\n" + bytes(4096), MEASURED),
        "png-with-script-in-text": (
            lambda: picture[:33] + chunk(b"tEXt", b"Comment\0" + script) + picture[33:],
            MEASURED,
        ),
        "pdf-before-jpeg": (lambda: b"%PDF-1.7\n" + jpeg, UNSUPPORTED),
        "gif-header-then-script": (lambda: b"GIF89a/*" + script + b"*/", UNSUPPORTED),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    answers = {}
    for name, make, answer in corpus():
        (folder / name).write_bytes(make())
        answers[name] = answer
    (folder / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    print(f"{len(answers)} photos in {folder}")


if __name__ == "__main__":
    main()
