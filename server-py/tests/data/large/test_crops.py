"""Crop boxes: what they may be, how they are distributed, and what stands in their place when none is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest

from cowmask_worker.data.large.crops import ATTEMPTS, Box, evaluation_crop, random_resized_crop


def draws(seed: int, count: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((count, ATTEMPTS, 4))


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(0, 2**32 - 1))
def test_a_box_lies_in_the_image_and_keeps_to_its_ranges(height: int, width: int, seed: int) -> None:
    box = random_resized_crop(draws(seed, 1)[0], height, width)
    assert 0 <= box.top <= box.top + box.height <= height
    assert 0 <= box.left <= box.left + box.width <= width
    assert box.height > 0 < box.width
    if box != Box(0, 0, height, width):
        assert 0.1 * height * width <= box.height * box.width <= height * width
        # Half a pixel of rounding.
        assert 0.75 * box.height - 0.5 <= box.width <= 1.33 * box.height + 0.5


def test_the_row_of_an_attempt_is_aspect_height_top_left() -> None:
    # Aspect 1 of 100 x 200: heights 32 (0.05 of the area) to 100, of which u = 0.5 takes 32 + int(0.5 * 69).
    uniforms = np.array([[(1 - 0.75) / 0.58, 0.5, 0.25, 0.75]])
    assert random_resized_crop(uniforms, 100, 200) == Box(int(0.25 * 34), int(0.75 * 134), 66, 66)


def test_too_small_a_box_is_another_attempt_and_none_is_the_whole_image() -> None:
    small = [0.5, 0.0, 0.5, 0.5]
    good = [0.5, 0.9, 0.5, 0.5]
    assert random_resized_crop(np.array([small, good]), 300, 300) == random_resized_crop(np.array([good]), 300, 300)
    assert random_resized_crop(np.array([small] * ATTEMPTS), 300, 300) == Box(0, 0, 300, 300)
    # No box of this aspect covers a tenth of a strip.
    assert random_resized_crop(draws(0, 1)[0], 1000, 50) == Box(0, 0, 1000, 50)


def test_heights_and_offsets_are_uniform() -> None:
    boxes = [random_resized_crop(each, 1000, 1000, aspect=(1.0, 1.0)) for each in draws(1, 4000)]
    heights = np.array([box.height for box in boxes])
    # The area .05..1 asks for 224..1000, a covered tenth for 317.
    assert kstest((heights - 316.5) / 684, "uniform").pvalue > 1e-3
    offsets = np.array([(box.top + 0.5) / (1000 - box.height) for box in boxes if box.height < 900])
    assert kstest(offsets, "uniform").pvalue > 1e-3
    lefts = np.array([(box.left + 0.5) / (1000 - box.width) for box in boxes if box.height < 900])
    assert abs(np.corrcoef(offsets, lefts)[0, 1]) < 0.06


def test_the_area_is_an_argument() -> None:
    for each in draws(2, 200):
        box = random_resized_crop(each, 400, 300, area=(0.3, 0.5))
        assert 0.3 <= box.height * box.width / (400 * 300) <= 0.5


@pytest.mark.parametrize(
    ("height", "width", "size", "expected"),
    [
        (256, 256, 224, Box(16, 16, 224, 224)),
        (375, 500, 224, Box(24, 86, 328, 328)),
        (500, 375, 224, Box(86, 24, 328, 328)),
        (1, 1, 224, Box(0, 0, 1, 1)),
        (1, 9, 8, Box(0, 4, 1, 1)),
    ],
)
def test_the_evaluation_box_stands_in_the_middle(height: int, width: int, size: int, expected: Box) -> None:
    assert evaluation_crop(height, width, size) == expected
