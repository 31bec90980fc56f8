"""Images that cost a decoder what photographs do, for measurements."""

import numpy as np
from PIL import Image


def synthetic_photo(seed: int, height: int, width: int) -> Image.Image:
    """Noise with the spectrum of photographs, amplitude falling as 1 / frequency, with muted colors."""
    drawn = np.random.default_rng(seed).normal(size=(3, height, width))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    waves = np.fft.irfft2(np.fft.rfft2(drawn) / frequency, (height, width))
    waves /= waves.std(axis=(1, 2), keepdims=True)
    # One channel of light that all three share, two of color.
    light, warm, cool = waves
    pixels = np.stack([light + 0.3 * warm, light, light + 0.3 * cool], axis=-1) * 50 + 120
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
