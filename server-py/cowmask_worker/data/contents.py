"""A dataset without its pixels: which images it has, what they are called, and what they are."""

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
