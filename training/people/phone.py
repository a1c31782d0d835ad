"""What a phone and an app make of the light: noise and its removal, HDR, sharpening, JPEG twice."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

CURVE_TO = 1.6  # linear radiance at which the sensor's curve ends
_CURVE_AT = np.linspace(0, CURVE_TO, 4097)


def _curve(contrast: float, shoulder: float) -> np.ndarray:
    """Linear radiance to sRGB 0..255, tabulated: a shoulder from where highlights are pressed."""
    over = (_CURVE_AT - shoulder) / (1 - shoulder)
    x = np.where(shoulder < _CURVE_AT, shoulder + (1 - shoulder) * np.tanh(over), _CURVE_AT)
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clip(1e-9) ** (1 / 2.4) - 0.055)
    return (((srgb - 0.5) * contrast + 0.5).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _noise(out: np.ndarray, rng: np.random.Generator, dark: float) -> np.ndarray:
    """Shot and read noise; in the dark also blotches of colour."""
    height, width = out.shape[:2]
    shot, read = np.float32(10 ** rng.uniform([-4.4, -6.0], [-3.1 + dark, -4.6 + dark]))
    out = out + rng.standard_normal(out.shape, np.float32) * np.sqrt(shot * out.clip(0) + read)
    if dark > 0.3:
        small = rng.standard_normal((height // 4 + 1, width // 4 + 1, 3), np.float32)
        blotch = np.repeat(np.repeat(small, 4, 0), 4, 1)[:height, :width]
        out += 0.6 * np.sqrt(shot * out.clip(0) + read) * (blotch - blotch.mean(2, keepdims=True))
    return out


def _smeared(image: Image.Image, share: float, radius: float) -> Image.Image:
    """Noise removal: detail goes where there is little of it, edges stay."""
    soft = image.filter(ImageFilter.GaussianBlur(radius))
    edges = np.abs(np.asarray(image, np.int16) - np.asarray(soft, np.int16)).max(2)
    flat = ((28 - edges.astype(np.int16)) * 9).clip(0, 255).astype(np.uint8)
    mask = Image.fromarray((flat * share).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
    return Image.composite(soft, image, mask)


def _hdr(image: Image.Image, strength: float, radius: float) -> Image.Image:
    """Local tone mapping: shadows lifted, and a halo where dark meets bright."""
    luma = image.convert("L")
    small = luma.resize((max(1, luma.width // 8), max(1, luma.height // 8)), Image.Resampling.BOX)
    base = small.filter(ImageFilter.GaussianBlur(radius / 8)).resize(
        luma.size, Image.Resampling.BICUBIC
    )
    table = np.arange(256) / 255
    lift = (1 + strength * (0.55 - table)).clip(0.4, 2)  # per level of the surroundings
    gain = lift[np.asarray(base)].astype(np.float32)[:, :, None]
    return Image.fromarray((np.asarray(image, np.float32) * gain).clip(0, 255).astype(np.uint8))


def _again(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What a messaging app does: smaller, JPEG, and back to size."""
    scale = float(rng.uniform(0.45, 1.0))
    size = (max(8, round(image.width * scale)), max(8, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BILINEAR) if scale < 0.97 else image
    packed = io.BytesIO()
    small.save(packed, "JPEG", quality=int(rng.integers(35, 88)))
    out = Image.open(packed)
    out.load()
    return out.resize(image.size, Image.Resampling.BICUBIC) if scale < 0.97 else out


def develop_as_phone(radiance: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """A phone's picture of linear radiance (height, width, 3): not one pixel is moved."""
    height, width = radiance.shape[:2]
    dark = float(rng.choice([0.0, 0.5, 1.0], p=[0.65, 0.22, 0.13]))
    warm = rng.normal(0, 0.09)
    tint = np.array([1 + warm, 1 + rng.normal(0, 0.03), 1 - warm])
    gain = rng.uniform(0.6, 1.3) * (1 - 0.15 * dark) * tint
    x, y = (np.arange(n, dtype=np.float32) - n / 2 for n in (width, height))
    r2 = (x**2 + (y**2)[:, None]) / np.float32((width**2 + height**2) / 4)
    out = radiance * gain.astype(np.float32) * (1 - np.float32(rng.uniform(0, 0.3)) * r2)[..., None]
    if rng.random() < 0.25:  # haze: light that the lens scatters
        out = out + np.float32(rng.uniform(0.005, 0.05)) * out.mean((0, 1))
    out = _noise(out, rng, dark)
    index = (out * np.float32(4096 / CURVE_TO)).clip(0, 4096).astype(np.int16)
    image = Image.fromarray(_curve(rng.uniform(0.92, 1.18), rng.uniform(0.55, 0.8))[index])
    unit = max(width, height) / 1000
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3) * unit))
    if dark or rng.random() < 0.3:
        image = _smeared(image, rng.uniform(0.4, 1.0), rng.uniform(1.0, 3.0) * unit)
    if rng.random() < 0.35:
        image = _hdr(image, rng.uniform(0.15, 0.65), rng.uniform(15, 70) * unit)
    if rng.random() < 0.08:  # beauty filter
        image = _smeared(image, 1.0, rng.uniform(2.5, 4.5) * unit)
    if rng.random() < 0.6:
        image = image.filter(
            ImageFilter.UnsharpMask(rng.uniform(0.8, 2.2) * unit, int(rng.uniform(40, 190)), 2)
        )
    if rng.random() < 0.5:
        image = ImageEnhance.Color(image).enhance(rng.uniform(0.7, 1.35))
    if rng.random() < 0.02:
        image = image.convert("L").convert("RGB")
    return _again(image, rng) if rng.random() < 0.35 else image
