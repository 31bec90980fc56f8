"""Networks whose layers leave to jax what ours do by hand, to compare with."""

import contextlib
from collections.abc import Generator
from typing import Any

import jax
from jax import lax

from cowmask_worker.models import convolution, dropout


@contextlib.contextmanager
def plain_layers() -> Generator[None]:
    """Networks that are traced within have derived gradients, and dropout draws as jax does."""
    kept = dropout.bernoulli
    dropout.bernoulli = jax.random.bernoulli
    try:
        with derived_gradients():
            yield
    finally:
        dropout.bernoulli = kept


@contextlib.contextmanager
def derived_gradients() -> Generator[None]:
    """Convolutions of networks that are traced within have the gradients that differentiation derives."""

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
