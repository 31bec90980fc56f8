"""What a dataset is without its pixels, for tests."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data import digits
from cowmask_worker.data.contents import Contents, Part


def the_digits() -> Contents:
    images = digits.load()
    return Contents(
        "digits",
        tuple("0123456789"),
        _part("train", images.train_images, images.train_labels),
        _part("test", images.test_images, images.test_labels),
    )


def made_up(
    train: list[int],
    test: list[int] | None = None,
    classes: tuple[str, ...] = ("cat", "dog", "ice cream"),
    own: int = 0,
) -> Contents:
    """Images of which each has another content."""
    labels, test_labels = np.array(train, np.int32), np.array(test or [0, 1], np.int32)
    pixels = np.arange(len(labels) + len(test_labels), dtype=np.int64).reshape(-1, 1)
    parts = np.split(pixels.view(np.uint8), [len(labels)])
    return Contents("mine", classes, _part("train", parts[0], labels), _part("test", parts[1], test_labels), own)


def renamed(part: Part, names: list[str]) -> Part:
    return part._replace(names=names)


def _part(name: str, images: NDArray[np.uint8], labels: NDArray[np.int32]) -> Part:
    digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    return Part([f"{name}/{index}.png" for index in range(len(images))], digests, labels)
