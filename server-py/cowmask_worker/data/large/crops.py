"""Which part of an image is shown: a pure function of its size and, for training, of random numbers."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ATTEMPTS = 100
_LEAST_COVERED = 0.1
_EVALUATION_MARGIN = 32


class Box(NamedTuple):
    """A part of an image, in whole pixels of the upright image."""

    top: int
    left: int
    height: int
    width: int


def random_resized_crop(
    uniforms: NDArray[np.float64],
    height: int,
    width: int,
    *,
    area: tuple[float, float] = (0.05, 1.0),
    aspect: tuple[float, float] = (0.75, 1.33),
) -> Box:
    """A random box of an image of `height` x `width`, as TensorFlow's `sample_distorted_bounding_box` chooses one.

    `uniforms`: [attempts, 4] of 0 <= u < 1; an attempt takes aspect, height, top and left from its row. The aspect
    (width / height) is uniform in `aspect`. The height is then uniform over the whole numbers that keep the box in the
    image and its share of the image in `area`; so neither the area nor its logarithm is uniform. An attempt fails if
    rounding leaves no such height or if the box covers less than 0.1 of the image. If all fail, it is the whole image.
    """
    for row in uniforms:
        box = _attempt(row.tolist(), height, width, area, aspect)
        if box is not None and box.height * box.width >= _LEAST_COVERED * height * width:
            return box
    return Box(0, 0, height, width)


def _attempt(
    uniforms: list[float], height: int, width: int, area: tuple[float, float], aspect: tuple[float, float]
) -> Box | None:
    least, most = (share * height * width for share in area)
    ratio = aspect[0] + uniforms[0] * (aspect[1] - aspect[0])
    highest = round(math.sqrt(most / ratio))
    if round(highest * ratio) > width:
        highest = int((width + 0.5) / ratio)
        highest -= round(highest * ratio) > width
    highest = min(highest, height)
    lowest = min(round(math.sqrt(least / ratio)), highest)
    tall = lowest + _below(highest - lowest + 1, uniforms[1])
    # Rounding may have left the range by a pixel; one is given back.
    if tall * round(tall * ratio) < least:
        tall += 1
    if tall * round(tall * ratio) > most:
        tall -= 1
    wide = round(tall * ratio)
    if not (0 < tall <= height and 0 < wide <= width and least <= tall * wide <= most):
        return None
    # TensorFlow never takes the last offset of an axis, unless it is the only one; neither do we.
    return Box(_below(height - tall, uniforms[2]), _below(width - wide, uniforms[3]), tall, wide)


def _below(count: int, uniform: float) -> int:
    """A whole number of 0..count-1, and 0 for a count of 0."""
    return int(uniform * count)


def evaluation_crop(height: int, width: int, size: int) -> Box:
    """The square in the middle whose side is size / (size + 32) of the shorter side: 224 of 256, as the authors do."""
    side = max(1, int(size / (size + _EVALUATION_MARGIN) * min(height, width)))
    return Box((height - side + 1) // 2, (width - side + 1) // 2, side, side)
