"""A part of an image, decoded no finer than needed and brought to a square of pixels."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cowmask_worker.data.image_file import Channels, converted, orientation, pixels
from cowmask_worker.data.large.crops import Box

type Resample = Literal["antialias", "reference"]

# Camera orientations (EXIF) that swap the axes, and those whose upright x or y counts from the stored far end.
_SIDEWAYS = frozenset({5, 6, 7, 8})
_FROM_RIGHT = frozenset({2, 3, 6, 7})
_FROM_BOTTOM = frozenset({3, 4, 7, 8})
_MOST_SHRINK = 8
_TAPS = 4


def shrink(image: Image.Image, box: Box, size: int, resample: Resample) -> int:
    """By how much the decoder may shrink the image (1, 2, 4 or 8) while the box keeps at least `size` pixels an axis.

    More than 1 only for JPEG, whose decoder does that for less work than decoding everything takes, and only for
    "antialias": "reference" takes single pixels of the image as it is stored.
    """
    if image.format != "JPEG" or resample == "reference":
        return 1
    factor = min(box.height // size, box.width // size, _MOST_SHRINK)
    return 1 << max(0, factor.bit_length() - 1)


class Decoded:
    """An upright image with its pixels, maybe smaller than its file says, that boxes can be taken from."""

    def __init__(self, image: Image.Image, channels: Channels, shrunk: int = 1) -> None:
        """`image`: as `image_file.opened` gives it, its pixels not yet decoded; `shrunk`: what `shrink` allows.

        Raises what Pillow raises for damaged files: call it within `opened`.
        """
        turned = orientation(image)
        width, height = image.size
        if shrunk > 1:
            # Pillow takes a size and finds the factor itself: this size stands for exactly ours.
            image.draft(None, (width // shrunk, height // shrunk))
        # The last pixel of a shrunk axis may be cut short; an orientation can turn it to the start.
        x, y = image.width - width / shrunk, image.height - height / shrunk
        if turned in _SIDEWAYS:
            x, y = y, x
        self._start = (x if turned in _FROM_RIGHT else 0.0, y if turned in _FROM_BOTTOM else 0.0)
        self._shrunk = shrunk
        self._image = converted(image, channels)

    def resized(self, box: Box, size: int, resample: Resample) -> NDArray[np.uint8]:
        """The box, given in pixels of the whole upright image, as uint8 [size, size, channels].

        "antialias": Pillow's bicubic, whose kernel widens with the image's reduction; colors are weighted by alpha.
        "reference": bicubic over the four nearest pixels an axis however much the image is reduced, as the authors'
        pipeline does it; every channel for itself; rounded half to even and clipped to 0..255.
        """
        if resample == "reference":
            if self._shrunk != 1:
                raise ValueError("A shrunk image has lost the pixels that the reference takes.")
            corner = (box.left, box.top, box.left + box.width, box.top + box.height)
            return bicubic(pixels(self._image.crop(corner)), size)
        (x, y), scale = self._start, self._shrunk
        right = min(x + (box.left + box.width) / scale, self._image.width)
        bottom = min(y + (box.top + box.height) / scale, self._image.height)
        corners = (x + box.left / scale, y + box.top / scale, right, bottom)
        return pixels(self._image.resize((size, size), Image.Resampling.BICUBIC, box=corners))


def bicubic(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """uint8 [h, w, c] to [size, size, c] without anti-aliasing, as `jax.image.resize(..., "cubic", antialias=False)`.

    Keys' kernel with a = -0.5, pixel centers at halves; taps outside the image are left out and the others scaled to a
    sum of 1.
    """
    rows, row_weights = _taps(image.shape[0], size)
    columns, column_weights = _taps(image.shape[1], size)
    # Rows first, so that of a large image only those are ever touched that count.
    tall = np.zeros((size, *image.shape[1:]), np.float32)
    both = np.zeros((size, size, image.shape[2]), np.float32)
    for tap in range(_TAPS):
        tall += row_weights[:, tap, None, None] * image[rows[:, tap]]
    for tap in range(_TAPS):
        both += column_weights[:, tap, None] * tall[:, columns[:, tap]]
    return np.rint(both).clip(0, 255).astype(np.uint8)


def _taps(length: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """[size, 4] each: which pixels of an axis make a new one, and their weights."""
    center = (np.arange(size) + 0.5) * (length / size) - 0.5
    index = np.floor(center).astype(np.int64)[:, None] + np.arange(_TAPS) - 1
    weights = _keys(np.abs(center[:, None] - index)) * ((index >= 0) & (index < length))
    weights /= weights.sum(axis=1, keepdims=True)
    return index.clip(0, length - 1), weights.astype(np.float32)


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic convolution kernel of R. Keys, 1981, for distances of 0..2."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
