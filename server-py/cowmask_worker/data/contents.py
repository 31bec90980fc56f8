"""A dataset without its pixels: which images it has, what they are called, and what they are."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

UNLABELED = -1
"""The label of an image that has none."""


class Part(NamedTuple):
    """The images of one part, in the order of their arrays."""

    names: Sequence[str]
    """As their source calls them, such as "labeled/cat/7.png"; unique within a part."""
    digests: Sequence[str]
    """SHA-256 of each image's content, in hexadecimal."""
    labels: NDArray[np.int32]
    """Places in the list of classes; `UNLABELED` for an image without a label."""


class Contents(NamedTuple):
    """`train` ends with `own_validation` images that the source itself has put aside for validation."""

    dataset: str
    classes: tuple[str, ...]
    train: Part
    test: Part
    own_validation: int = 0


def pixel_digests(images: NDArray[np.uint8]) -> list[str]:
    """SHA-256 of the bytes of each image, in hexadecimal; `images` are uint8 [n, ...]."""
    if images.size == 0:
        return [hashlib.sha256().hexdigest()] * len(images)
    # Slices of one buffer: an array for each image would take longer than its digest.
    pixels = memoryview(np.ascontiguousarray(images).reshape(-1))
    size = len(pixels) // len(images)
    return [hashlib.sha256(pixels[at : at + size]).hexdigest() for at in range(0, len(pixels), size)]


def numbered(part: str, images: NDArray[np.uint8], labels: NDArray[np.int32]) -> Part:
    """Images without names, called by their places: "train/0", "train/1", ..."""
    return Part([f"{part}/{index}" for index in range(len(images))], pixel_digests(images), labels)
