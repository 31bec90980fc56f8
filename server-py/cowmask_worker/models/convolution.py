"""A convolution whose gradients stay fast inside loops on the CPU."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

Images = Float[Array, "n h w c"]
Kernel = Float[Array, "kh kw c//{groups} features"]
UngroupedKernel = Float[Array, "kh kw c features"]
Cotangent = Float[Array, "n oh ow features"]

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_MANY_IMAGES = 16
_MANY_CHANNELS = 64
"""From either on the CPU is faster with a convolution over the batch than with a matmul of shifted images."""
_CHANNELS_A_PART = 8
"""That lie side by side in the rows of that convolution: with fewer it has short rows, with more few parts to share
out."""


class Convolution(nnx.Module):
    """A square convolution with "SAME" padding and a LeCun-normal (truncated) start.

    It computes in the type of its images, whatever that of its kernel. Channels and features fall into `groups` equal
    parts; the start's fan-in counts the channels of one part.
    """

    def __init__(
        self,
        channels: int,
        features: int,
        size: int,
        *,
        stride: int = 1,
        bias: bool = True,
        groups: int = 1,
        rngs: nnx.Rngs,
    ) -> None:
        start = nnx.initializers.lecun_normal()
        self.kernel = nnx.Param(start(rngs.params(), (size, size, channels // groups, features), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(features)) if bias else None
        self.stride = stride
        self.groups = groups

    def __call__(self, images: Float[Array, "n h w c"]) -> Float[Array, "n oh ow features"]:
        features = convolve(images, self.kernel[...].astype(images.dtype), self.stride, self.groups)
        return features if self.bias is None else features + self.bias[...].astype(images.dtype)[None, None, None]


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolve(images: Images, kernel: Kernel, stride: int, groups: int = 1) -> Cotangent:
    """Convolves with "SAME" padding: `oh = ceil(h / stride)`, and an odd total pads one more after than before.

    With `groups > 1` the features of each part see their part of the channels alone.

    Its reverse pass is written by hand for the CPU, where XLA runs the two convolutions that differentiation derives
    5 to 75 times slower inside a loop on the device than outside, and the one for a grouped kernel 8 to 500 times
    slower than matmuls, inside or out. Other backends get the derived ones.
    """
    return lax.conv_general_dilated(
        images, kernel, (stride, stride), "SAME", dimension_numbers=_LAYOUT, feature_group_count=groups
    )


def _forward(images: Images, kernel: Kernel, stride: int, groups: int) -> tuple[Cotangent, tuple[Images, Kernel]]:
    return convolve(images, kernel, stride, groups), (images, kernel)


def _backward(
    stride: int, groups: int, residuals: tuple[Images, Kernel], cotangent: Cotangent
) -> tuple[Images, Kernel]:
    return lax.platform_dependent(
        *residuals,
        cotangent,
        cpu=partial(_explicit_gradients, stride, groups),
        default=partial(_derived_gradients, stride, groups),
    )


convolve.defvjp(_forward, _backward)


def _derived_gradients(
    stride: int, groups: int, images: Images, kernel: Kernel, cotangent: Cotangent
) -> tuple[Images, Kernel]:
    # `fun` is the plain convolution beneath the hand-written rule.
    _, pullback = jax.vjp(lambda x, k: convolve.fun(x, k, stride, groups), images, kernel)
    return pullback(cotangent)


def _explicit_gradients(
    stride: int, groups: int, images: Images, kernel: Kernel, cotangent: Cotangent
) -> tuple[Images, Kernel]:
    # Ties the shifted images to the cotangent: without it they are all made, and kept, as soon as the images are there.
    images, cotangent = lax.optimization_barrier((images, cotangent))
    return (
        _images_gradient(stride, groups, images, kernel, cotangent),
        _kernel_gradient(stride, groups, images, kernel, cotangent),
    )


def _images_gradient(stride: int, groups: int, images: Images, kernel: Kernel, cotangent: Cotangent) -> Images:
    """An ordinary convolution of the spread cotangent with the flipped kernel, its channels swapped in every group."""
    spreads = [(0, 0, 0)]
    for edge, size in zip(images.shape[1:3], kernel.shape[:2], strict=True):
        before, _ = _padding(edge, size, stride)
        last = (-(-edge // stride) - 1) * stride  # where the last cotangent lands when they lie `stride` apart
        spreads.append((size - 1 - before, edge - 1 - last + before, stride - 1))
    spreads.append((0, 0, 0))
    spread_cotangent = lax.pad(cotangent, jnp.zeros((), cotangent.dtype), spreads)
    height, width, channels, features = kernel.shape
    parts = kernel[::-1, ::-1].reshape(height, width, channels, groups, features // groups)
    flipped = parts.swapaxes(2, 4).reshape(height, width, features // groups, groups * channels)
    return lax.conv_general_dilated(
        spread_cotangent, flipped, (1, 1), "VALID", dimension_numbers=_LAYOUT, feature_group_count=groups
    )


def _kernel_gradient(stride: int, groups: int, images: Images, kernel: Kernel, cotangent: Cotangent) -> Kernel:
    """In the form that was measured to be the fastest of three."""
    if groups > 1 or max(kernel.shape[:2]) == 1:
        return _kernel_gradient_by_taps(stride, groups, images, kernel, cotangent)
    few = len(images) < _MANY_IMAGES and images.shape[-1] < _MANY_CHANNELS
    if few and stride == 1:
        return _kernel_gradient_by_shifts(images, kernel, cotangent)
    return _kernel_gradient_by_convolution(stride, images, kernel, cotangent)


def _kernel_gradient_by_convolution(
    stride: int, images: Images, kernel: UngroupedKernel, cotangent: Cotangent
) -> UngroupedKernel:
    """An ordinary convolution of the images with the cotangent as its kernel, the batch standing for the channels.

    The channels fall into parts, which stand for the batch. Those of a part lie side by side, pixel after pixel, in
    rows that many times as wide, so that a row of the result is the taps of all of them: three taps alone would be far
    too short for a matmul's tile. The cotangent's pixels lie as many columns apart.
    """
    height, width, channels, features = kernel.shape
    count, rows, columns, _ = images.shape
    together = math.gcd(channels, _CHANNELS_A_PART)
    parts = images.reshape(count, rows, columns, -1, together).transpose(3, 1, 2, 4, 0)
    vertical, (before, after) = (_padding(images.shape[1 + axis], kernel.shape[axis], stride) for axis in (0, 1))
    taps = lax.conv_general_dilated(
        parts.reshape(-1, rows, columns * together, count),
        cotangent.transpose(1, 2, 0, 3),
        (1, 1),
        [vertical, (before * together, after * together)],
        rhs_dilation=(stride, stride * together),
        dimension_numbers=_LAYOUT,
    )
    # Pixels at the far edge that a strided kernel never sees make for taps that it does not have.
    seen = taps[:, :height, : width * together].reshape(-1, height, width, together, features)
    return seen.transpose(1, 2, 0, 3, 4).reshape(kernel.shape)


def _kernel_gradient_by_shifts(images: Images, kernel: UngroupedKernel, cotangent: Cotangent) -> UngroupedKernel:
    """One matmul of all taps: the images shifted along their rows, against the cotangent shifted along its columns."""
    height, width, channels, features = kernel.shape
    columns = images.shape[2]
    vertical, horizontal = (_padding(images.shape[1 + axis], kernel.shape[axis], 1) for axis in (0, 1))
    padded = jnp.pad(images, ((0, 0), vertical, horizontal, (0, 0)))
    shifted_images = jnp.stack([padded[:, :, x : x + columns] for x in range(width)], 3)
    rows = [jnp.pad(cotangent, ((0, 0), (y, height - 1 - y), (0, 0), (0, 0))) for y in range(height)]
    shifted_cotangents = jnp.stack(rows, 3)
    product = shifted_images.reshape(-1, width * channels).T @ shifted_cotangents.reshape(-1, height * features)
    return product.reshape(width, channels, height, features).transpose(2, 0, 1, 3)


def _kernel_gradient_by_taps(stride: int, groups: int, images: Images, kernel: Kernel, cotangent: Cotangent) -> Kernel:
    """One matmul per tap and group: the images as this tap sees them, against the cotangent."""
    height, width, _, features = kernel.shape
    _, rows, columns, _ = cotangent.shape
    vertical, horizontal = (_padding(images.shape[1 + axis], kernel.shape[axis], stride) for axis in (0, 1))
    padded = jnp.pad(images, ((0, 0), vertical, horizontal, (0, 0)))
    flat_cotangent = cotangent.reshape(-1, features)

    def tap(y: int, x: int) -> Float[Array, "c features"]:
        seen = padded[:, y : y + (rows - 1) * stride + 1 : stride, x : x + (columns - 1) * stride + 1 : stride]
        return _correlation(groups, seen.reshape(-1, seen.shape[-1]), flat_cotangent)

    return jnp.stack([jnp.stack([tap(y, x) for x in range(width)]) for y in range(height)])


def _correlation(
    groups: int, seen: Float[Array, "pixels c"], cotangent: Float[Array, "pixels features"]
) -> Float[Array, "c//{groups} features"]:
    if groups == 1:
        return seen.T @ cotangent
    pixels, channels = seen.shape
    _, features = cotangent.shape
    parts = (flat.reshape(pixels, groups, -1) for flat in (seen, cotangent))
    return jnp.einsum("pgc,pgf->cgf", *parts).reshape(channels // groups, features)


def _padding(edge: int, size: int, stride: int) -> tuple[int, int]:
    """What "SAME" puts before and after an axis of `edge` pixels."""
    total = max((-(-edge // stride) - 1) * stride + size - edge, 0)
    return total // 2, total - total // 2
