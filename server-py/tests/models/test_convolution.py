"""The convolution's hand-written gradients equal the derived ones."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax
from jaxtyping import Array
from quickly import QUICKLY

from cowmask_worker.models.convolution import Convolution, convolve

type Convolve = Callable[[Array, Array, int, int], Array]

EDGES = [(7, 5), (6, 8), (1, 2)]


def plain(images: Array, kernel: Array, stride: int, groups: int) -> Array:
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(
        images, kernel, (stride, stride), "SAME", dimension_numbers=layout, feature_group_count=groups
    )


def answers_and_gradients(
    convolution: Convolve, images: Array, kernel: Array, stride: int, groups: int = 1
) -> tuple[Array, ...]:
    answers, pullback = jax.vjp(lambda x, k: convolution(x, k, stride, groups), images, kernel)
    return answers, *pullback(jnp.sin(jnp.arange(answers.size, dtype=jnp.float32)).reshape(answers.shape))


@pytest.mark.parametrize(
    ("channels", "groups", "count"), [(4, 1, 3), (4, 1, 16), (3, 1, 16), (24, 1, 16), (64, 1, 3), (4, 2, 3), (4, 4, 3)]
)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_gradients_equal_the_derived_ones(size: int, stride: int, channels: int, groups: int, count: int) -> None:
    keys = jax.random.split(jax.random.key(size), len(EDGES) + 1)
    kernel = jax.random.normal(keys[0], (size, size, channels // groups, 5 if groups == 1 else 12))
    batches = [jax.random.normal(key, (count, *edges, channels)) for key, edges in zip(keys[1:], EDGES, strict=True)]

    @partial(jax.jit, compiler_options=QUICKLY)
    def both(batches: list[Array]) -> list[list[tuple[Array, ...]]]:
        return [
            [answers_and_gradients(f, images, kernel, stride, groups) for f in (convolve, plain)] for images in batches
        ]

    for found, derived in both(batches):
        for value, expected in zip(found, derived, strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5 * float(jnp.abs(expected).max()))


def test_gradients_without_jit_equal_those_with_it() -> None:
    images, kernel = jax.random.normal(jax.random.key(0), (2, 8, 8, 3)), jnp.ones((3, 3, 3, 2))
    compiled = jax.jit(answers_and_gradients, static_argnums=(0, 3))(convolve, images, kernel, 2)
    for value, expected in zip(answers_and_gradients(convolve, images, kernel, 2), compiled, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2])
def test_elsewhere_than_on_a_cpu_the_derived_gradients_run(groups: int) -> None:
    def operations(convolution: Convolve) -> tuple[int, int]:
        def loss(images: Array, kernel: Array) -> Array:
            return convolution(images, kernel, 2, groups).sum()

        images = jax.ShapeDtypeStruct((2, 8, 8, 4), "float32")
        kernel = jax.ShapeDtypeStruct((3, 3, 4 // groups, 4), "float32")
        exported = jax.export.export(jax.jit(jax.grad(loss, (0, 1))), platforms=["cuda"])(images, kernel)
        program = exported.mlir_module()
        return program.count("stablehlo.convolution"), program.count("stablehlo.dot_general")

    assert operations(convolve) == operations(plain) == (2, 0)


@pytest.mark.parametrize(("size", "before", "after"), [(1, 0, 0), (3, 0, 1), (7, 2, 3)])
def test_a_stride_of_two_pads_an_even_edge_more_after_than_before(size: int, before: int, after: int) -> None:
    images, kernel = jax.random.normal(jax.random.key(0), (1, 8, 8, 1)), jnp.ones((size, size, 1, 1))
    padded = jnp.pad(images, ((0, 0), (before, after), (before, after), (0, 0)))
    expected = lax.reduce_window(padded, 0.0, lax.add, (1, size, size, 1), (1, 2, 2, 1), "VALID")
    np.testing.assert_allclose(convolve(images, kernel, 2), expected, rtol=1e-5, atol=1e-5)


def test_a_group_is_a_convolution_of_its_own() -> None:
    images, kernel = jax.random.normal(jax.random.key(0), (2, 5, 5, 6)), jnp.arange(108.0).reshape(3, 3, 3, 4)
    parts = [
        convolve(images[..., channels], kernel[..., features], 1)
        for channels, features in [(slice(0, 3), slice(0, 2)), (slice(3, 6), slice(2, 4))]
    ]
    np.testing.assert_allclose(convolve(images, kernel, 1, 2), jnp.concatenate(parts, -1), rtol=1e-5, atol=1e-3)


def test_a_start_counts_the_channels_of_one_group_alone() -> None:
    convolution = Convolution(128, 128, 3, groups=32, bias=False, rngs=nnx.Rngs(0))
    kernel = convolution.kernel[...]
    assert convolution.bias is None
    assert kernel.shape == (3, 3, 4, 128)
    np.testing.assert_allclose(kernel.std(), (3 * 3 * 4) ** -0.5, rtol=0.03)
    np.testing.assert_allclose(kernel.mean(), 0, atol=0.01)
