"""What people, phones and apps put over a good photo: dates, stickers, bars, captions, frames.

Each function of ``PRINTS`` takes a photo, where the person is in it, and a random generator. What
it returns also says where the photo's pixels went: the person in them is the same, and lengths
measured from both have to agree, or the print has to be noticed. Needs only NumPy and Pillow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
AMBER: Colour = (255, 168, 36)
CAPTIONS = ("SUNDAY AFTERNOON", "BEST DAY EVER", "my new jacket", "Trip 2026 - day 3")


@dataclass(frozen=True)
class Printed:
    """A photo with something over or around it.

    A point at ``p`` px in the photo lies at ``scale * p + offset_px`` in ``picture``.
    """

    picture: Image.Image
    scale: float = 1.0
    offset_px: tuple[float, float] = (0.0, 0.0)

    def at(self, points_px: np.ndarray) -> np.ndarray:
        """Where points of the photo, (..., 2) px, are in the picture."""
        return self.scale * np.asarray(points_px, float) + np.array(self.offset_px)


@dataclass(frozen=True)
class Marks:
    """Where the parts of a person are that a print may cover, px in the upright photo.

    ``top`` and ``bottom`` are rows: of the hair, of the soles. ``feet``, ``head`` and ``hand`` are
    points (2,); ``height_px`` is the person's height.
    """

    top: float
    bottom: float
    feet: np.ndarray
    head: np.ndarray
    hand: np.ndarray

    @property
    def height_px(self) -> float:
        """Rows from hair to soles."""
        return self.bottom - self.top


def marks_of(truth: Mapping) -> Marks:
    """The marks of a rendered photo, from its line of ``truth.jsonl``."""
    px = {name: np.array(point) for name, point in truth["joints_px"].items()}
    feet = (px["ankle.L"] + px["ankle.R"]) / 2
    return Marks(
        top=truth["top_row_px"],
        bottom=truth["sole_row_px"],
        feet=np.array([feet[0], (feet[1] + truth["sole_row_px"]) / 2]),
        head=np.array(px["nose"]),
        hand=px["wrist.L"] + 0.3 * (px["wrist.L"] - px["elbow.L"]),
    )


def _font(size_px: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8.0, size_px))


def _text(
    picture: Image.Image,
    text: str,
    centre: Sequence[float],
    size_px: float,
    colour: tuple[int, ...],
    outline: Colour | None = None,
) -> None:
    """Write a line of text about a point."""
    ImageDraw.Draw(picture).text(
        tuple(centre), text, fill=colour, font=_font(size_px), anchor="mm",
        stroke_width=0 if outline is None else max(1, round(size_px / 14)), stroke_fill=outline,
    )  # fmt: skip


def _date(rng: np.random.Generator) -> str:
    year, month, day = (int(rng.integers(*span)) for span in ((2001, 2027), (1, 13), (1, 29)))
    return (f"{year}/{month:02}/{day:02}", f"'{year % 100:02} {month} {day}")[int(rng.integers(2))]


# --- over the photo -----------------------------------------------------------------------------


def date_over_feet(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """The amber date of a camera, across the feet."""
    out = photo.copy()
    size_px = float(rng.uniform(0.05, 0.08)) * marks.height_px
    at = marks.feet + rng.normal(0, 0.01, 2) * marks.height_px
    _text(out, _date(rng), at, size_px, AMBER)
    return Printed(out)


def date_in_corner(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """The same date where it covers nothing, bottom right."""
    out = photo.copy()
    size_px = 0.026 * photo.height
    ImageDraw.Draw(out).text(
        (0.97 * photo.width, 0.985 * photo.height), _date(rng), fill=AMBER,
        font=_font(size_px), anchor="rs",
    )  # fmt: skip
    return Printed(out)


def _sticker(part: str, photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """A smiling face or a star over a part of the body."""
    out = photo.copy()
    x, y = getattr(marks, part)
    if part == "head":
        y -= 0.01 * marks.height_px
    r = {"feet": 0.085, "head": 0.085, "hand": 0.05}[part] * marks.height_px
    r *= float(rng.uniform(0.9, 1.2))
    pen = ImageDraw.Draw(out)
    dark, line = (60, 40, 10), max(2, round(0.09 * r))
    if rng.random() < 0.6:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(255, 206, 60))
        for side in (-1, 1):
            ex, ey, e = x + 0.38 * side * r, y - 0.22 * r, 0.13 * r
            pen.ellipse((ex - e, ey - 1.4 * e, ex + e, ey + 1.4 * e), fill=dark)
        pen.arc((x - 0.55 * r, y - 0.5 * r, x + 0.55 * r, y + 0.6 * r), 20, 160, dark, line)
    else:
        colour = ((236, 64, 122), (66, 165, 245), (102, 187, 106))[int(rng.integers(3))]
        angles = np.pi / 2 + np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2 == 0, 1.25, 0.6) * r
        star = np.stack([x + reach * np.cos(angles), y - reach * np.sin(angles)], 1)
        pen.polygon([tuple(p) for p in star], fill=colour, outline=(255, 255, 255), width=line)
    return Printed(out)


def _band(picture: Image.Image, top: float, bottom: float, colour: Colour, opacity: float) -> None:
    """Lay an opaque or translucent band across the picture."""
    top_px, bottom_px = (int(np.clip(round(y), 0, picture.height)) for y in (top, bottom))
    if bottom_px > top_px:
        strip = picture.crop((0, top_px, picture.width, bottom_px))
        fill = Image.new("RGB", strip.size, colour)
        picture.paste(Image.blend(strip, fill, opacity), (0, top_px))


def _caption(part: str, photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """A bar with a line of text across feet or head."""
    out = photo.copy()
    middle = marks.feet[1] if part == "feet" else marks.head[1]
    half = float(rng.uniform(0.035, 0.06)) * marks.height_px
    dark = rng.random() < 0.6
    ground, ink = ((0, 0, 0), (255, 255, 255)) if dark else ((255, 255, 255), (20, 20, 20))
    _band(out, middle - half, middle + half, ground, float(rng.choice([0.6, 0.85, 1.0])))
    text = CAPTIONS[int(rng.integers(len(CAPTIONS)))]
    _text(out, text, (photo.width / 2, middle), 1.1 * half, ink)
    return Printed(out)


def text_over_body(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """Large outlined letters over trunk or thighs, as memes have them."""
    out = photo.copy()
    y = marks.top + float(rng.uniform(0.3, 0.6)) * marks.height_px
    text = CAPTIONS[int(rng.integers(len(CAPTIONS)))].upper()
    _text(out, text, (photo.width / 2, y), 0.06 * photo.height, (255, 255, 255), (0, 0, 0))
    return Printed(out)


def watermark(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """A faint line of text all over the photo, aslant."""
    side = round(1.5 * float(np.hypot(*photo.size)))
    layer = Image.new("RGBA", (side, side), (255, 255, 255, 0))
    size_px = float(rng.uniform(0.022, 0.035)) * photo.height
    opacity = int(rng.integers(50, 110))
    pen, row = ImageDraw.Draw(layer), ("sample photo    " * 40)
    for y in np.arange(0, side, 7 * size_px):
        pen.text((0, y), row, fill=(255, 255, 255, opacity), font=_font(size_px))
    layer = layer.rotate(float(rng.uniform(20, 40)), Image.Resampling.BILINEAR)
    left, top = (side - photo.width) // 2, (side - photo.height) // 2
    layer = layer.crop((left, top, left + photo.width, top + photo.height))
    return Printed(Image.alpha_composite(photo.convert("RGBA"), layer).convert("RGB"))


# --- around the photo ---------------------------------------------------------------------------


def _bars(form: str, photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """Bars above and below, or left and right: black, white, or the photo itself, blurred."""
    flat = rng.random() < 0.5  # letterbox, else pillars
    share = float(rng.uniform(0.1, 0.35))
    size = (
        (photo.width, round(photo.height * (1 + 2 * share)))
        if flat
        else (round(photo.width * (1 + 2 * share)), photo.height)
    )
    if form == "blurred":
        scale = max(size[0] / photo.width, size[1] / photo.height)
        large = photo.resize((round(photo.width * scale) + 1, round(photo.height * scale) + 1))
        left, top = (large.width - size[0]) // 2, (large.height - size[1]) // 2
        out = large.crop((left, top, left + size[0], top + size[1]))
        out = out.filter(ImageFilter.GaussianBlur(0.03 * photo.height))
    else:
        out = Image.new("RGB", size, (0, 0, 0) if form == "black" else (255, 255, 255))
    at = ((size[0] - photo.width) // 2, (size[1] - photo.height) // 2)
    out.paste(photo, at)
    return Printed(out, 1.0, (float(at[0]), float(at[1])))


def caption_below(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """A strip with a line of text under the photo, as on an instant picture."""
    strip = round(float(rng.uniform(0.08, 0.16)) * photo.height)
    out = Image.new("RGB", (photo.width, photo.height + strip), (250, 250, 246))
    out.paste(photo, (0, 0))
    text = CAPTIONS[int(rng.integers(len(CAPTIONS)))]
    _text(out, text, (photo.width / 2, photo.height + strip / 2), 0.4 * strip, (40, 40, 44))
    return Printed(out)


def screenshot(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """A phone's screen that shows the photo: status bar above, buttons below."""
    width, height = photo.width, round(photo.width * float(rng.uniform(1.95, 2.17)))
    dark = rng.random() < 0.5
    ground, ink = ((0, 0, 0), (240, 240, 240)) if dark else ((255, 255, 255), (30, 30, 34))
    out = Image.new("RGB", (width, max(height, round(1.22 * photo.height))), ground)
    height = out.height
    top = (height - photo.height) // 2
    out.paste(photo, (0, top))
    pen = ImageDraw.Draw(out)
    pen.text((0.06 * width, 0.012 * height), "9:41", fill=ink, font=_font(0.02 * height))
    x, y, w, h = 0.87 * width, 0.016 * height, 0.07 * width, 0.014 * height
    pen.rounded_rectangle((x, y, x + w, y + h), h / 3, outline=ink, width=2)
    pen.rectangle((x + 3, y + 3, x + 0.7 * w, y + h - 3), fill=ink)
    _text(out, "IMG_2041", (width / 2, 0.06 * height), 0.02 * height, ink)
    for i in range(4):
        cx, cy, r = width * (0.14 + 0.24 * i), 0.95 * height, 0.016 * height
        pen.ellipse((cx - r, cy - r, cx + r, cy + r), outline=ink, width=3)
    return Printed(out, 1.0, (0.0, float(top)))


def rounded_frame(photo: Image.Image, marks: Marks, rng: np.random.Generator) -> Printed:
    """A broad border, the photo's corners rounded, smaller than it was."""
    scale = float(rng.uniform(0.75, 0.95))
    small = photo.resize((round(photo.width * scale), round(photo.height * scale)))
    border = round(float(rng.uniform(0.03, 0.08)) * photo.height)
    colour = ((255, 255, 255), (24, 24, 28), (236, 214, 196))[int(rng.integers(3))]
    out = Image.new("RGB", (small.width + 2 * border, small.height + 2 * border), colour)
    mask = Image.new("L", small.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *small.size), 0.05 * small.height, fill=255)
    out.paste(small, (border, border), mask)
    return Printed(out, small.height / photo.height, (float(border), float(border)))


Print = Callable[[Image.Image, Marks, np.random.Generator], Printed]
PRINTS: dict[str, Print] = {
    "date over feet": date_over_feet,
    "date in a corner": date_in_corner,
    "sticker on feet": partial(_sticker, "feet"),
    "sticker on head": partial(_sticker, "head"),
    "sticker on a hand": partial(_sticker, "hand"),
    "caption over feet": partial(_caption, "feet"),
    "caption over head": partial(_caption, "head"),
    "text over the body": text_over_body,
    "watermark": watermark,
    "black bars": partial(_bars, "black"),
    "white bars": partial(_bars, "white"),
    "blurred bars": partial(_bars, "blurred"),
    "caption below": caption_below,
    "screenshot": screenshot,
    "rounded frame": rounded_frame,
}
AROUND = ("date in a corner", "black bars", "white bars", "blurred bars", "caption below",
          "screenshot", "rounded frame")  # fmt: skip
"""Prints that cover nothing of the person: lengths stay the same."""


def printed(name: str, photo: Image.Image, truth: Mapping, seed: int) -> Printed:
    """Put the named print on a rendered photo, upright, of which ``truth`` is the line.

    Raises
    ------
    KeyError
        If there is no print of that name.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    return PRINTS[name](photo.convert("RGB"), marks_of(truth), rng)
