"""Networks whose convolutions have the gradients that differentiation derives, to compare with."""

import contextlib
from collections.abc import Generator
from typing import Any

from jax import lax

from cowmask_worker.models import convolution


@contextlib.contextmanager
def derived_gradients() -> Generator[None]:
    """Networks that are traced within have them."""

    def derived(images: Any, kernel: Any, stride: int, groups: int = 1) -> Any:
        return lax.conv_general_dilated(
            images,
            kernel,
            (stride, stride),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    kept = convolution.convolve
    convolution.convolve = derived
    try:
        yield
    finally:
        convolution.convolve = kept
