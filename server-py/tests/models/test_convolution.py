"""The convolution's hand-written gradients equal the derived ones."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jaxtyping import Array

from cowmask_worker.models.convolution import convolve

type Convolve = Callable[[Array, Array, int], Array]

EDGES = [(8, 8), (7, 5), (6, 9), (1, 2)]


def plain(images: Array, kernel: Array, stride: int) -> Array:
    return lax.conv_general_dilated(
        images, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def answers_and_gradients(convolution: Convolve, images: Array, kernel: Array, stride: int) -> tuple[Array, ...]:
    answers, pullback = jax.vjp(lambda x, k: convolution(x, k, stride), images, kernel)
    return answers, *pullback(jnp.sin(jnp.arange(answers.size, dtype=jnp.float32)).reshape(answers.shape))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 3])
def test_gradients_equal_the_derived_ones(size: int, stride: int) -> None:
    keys = jax.random.split(jax.random.key(size), len(EDGES) + 1)
    kernel = jax.random.normal(keys[0], (size, size, 4, 5))
    batches = [jax.random.normal(key, (3, *edges, 4)) for key, edges in zip(keys[1:], EDGES, strict=True)]

    @jax.jit
    def both(batches: list[Array]) -> list[list[tuple[Array, ...]]]:
        return [[answers_and_gradients(f, images, kernel, stride) for f in (convolve, plain)] for images in batches]

    for found, derived in both(batches):
        for value, expected in zip(found, derived, strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5 * float(jnp.abs(expected).max()))


def test_gradients_without_jit_equal_those_with_it() -> None:
    images, kernel = jax.random.normal(jax.random.key(0), (2, 8, 8, 3)), jnp.ones((3, 3, 3, 2))
    compiled = jax.jit(answers_and_gradients, static_argnums=(0, 3))(convolve, images, kernel, 2)
    for value, expected in zip(answers_and_gradients(convolve, images, kernel, 2), compiled, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)


def test_elsewhere_than_on_a_cpu_the_derived_gradients_run() -> None:
    def operations(convolution: Convolve) -> tuple[int, int]:
        def loss(images: Array, kernel: Array) -> Array:
            return convolution(images, kernel, 2).sum()

        images, kernel = jax.ShapeDtypeStruct((2, 8, 8, 4), "float32"), jax.ShapeDtypeStruct((3, 3, 4, 4), "float32")
        exported = jax.export.export(jax.jit(jax.grad(loss, (0, 1))), platforms=["cuda"])(images, kernel)
        program = exported.mlir_module()
        return program.count("stablehlo.convolution"), program.count("stablehlo.dot_general")

    assert operations(convolve) == operations(plain) == (2, 0)
