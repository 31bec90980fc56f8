"""What is shown of an image file: boxes of it, some of them mirrored."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cowmask_worker.data.image_file import Channels, opened, upright_size
from cowmask_worker.data.large.crops import ATTEMPTS, Box, evaluation_crop, random_resized_crop
from cowmask_worker.data.large.host_random import Words, uniforms
from cowmask_worker.data.large.resample import Decoded, Resample, shrink


class Shape(NamedTuple):
    """What every image becomes: uint8 [size, size, channels]."""

    size: int
    channels: Channels
    resample: Resample = "antialias"


class Augmentation(NamedTuple):
    """Ranges of the random box (see `random_resized_crop`), and whether half of the images are mirrored."""

    area: tuple[float, float] = (0.05, 1.0)
    aspect: tuple[float, float] = (0.75, 1.33)
    flip: bool = True


class View(NamedTuple):
    box: Box
    mirrored: bool


type Choose = Callable[[int, int], Sequence[View]]
"""Given the upright image's height and width, the views to take of it."""


def random_view(words: Words, position: int, height: int, width: int, augmentation: Augmentation) -> View:
    """The view of the image that stands at `position` of a stream. Order of draws: flip, then the box's attempts."""
    draws = uniforms(words, position, 1 + 4 * ATTEMPTS)
    attempts = draws[1:].reshape(ATTEMPTS, 4)
    box = random_resized_crop(attempts, height, width, area=augmentation.area, aspect=augmentation.aspect)
    return View(box, augmentation.flip and bool(draws[0] < 0.5))


def evaluation_view(height: int, width: int, size: int) -> View:
    """The middle of the image, as it is."""
    return View(evaluation_crop(height, width, size), mirrored=False)


def read_evaluation_view(path: Path, shape: Shape) -> NDArray[np.uint8]:
    """The middle of an image file, uint8 [size, size, channels]. Raises `image_file.Unreadable`."""
    (image,) = read_views(path, lambda height, width: [evaluation_view(height, width, shape.size)], shape)
    return image


def read_views(path: Path, choose: Choose, shape: Shape) -> list[NDArray[np.uint8]]:
    """The chosen views of an image file, each uint8 [size, size, channels].

    The file is decoded once for all views that let the decoder shrink it alike, which is once but for large JPEGs; a
    view doesn't depend on which others are taken. Raises `image_file.Unreadable`.
    """
    size, channels, resample = shape
    taken: dict[int, NDArray[np.uint8]] = {}

    def take(image: Image.Image, shrunk: int) -> None:
        decoded = Decoded(image, channels, shrunk)
        for number, view in enumerate(views):
            if shrinks[number] == shrunk:
                pixels = decoded.resized(view.box, size, resample)
                taken[number] = pixels[:, ::-1] if view.mirrored else pixels

    with opened(path) as image:
        views = choose(*upright_size(image))
        shrinks = [shrink(image, view.box, size, resample) for view in views]
        take(image, shrinks[0])
    for other in set(shrinks[1:]) - {shrinks[0]}:
        with opened(path) as image:
            take(image, other)
    return [taken[number] for number in range(len(views))]
