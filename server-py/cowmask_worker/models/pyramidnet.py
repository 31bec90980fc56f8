"""Pyramidal residual networks (Han et al., arXiv 1610.02915) with ShakeDrop (arXiv 1802.02375), as the reference's."""

from itertools import accumulate, repeat

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.convolution import Convolution
from cowmask_worker.models.shake import gated, layer_key, shake_drop_gates, shake_drop_mean

STEM = 16
EXPANSION = 4


class PyramidNet(nnx.Module):
    """A stem of 16 channels, three groups of bottleneck blocks that widen one by one, BN, ReLU, global mean, dense.

    Takes images of any size and number of channels. `depth` is `9n + 2` for `n` blocks a group; the second and third
    group halve the image. `alpha` >= 0 is how far the blocks widen in all, see `widths`. ShakeDrop perturbs the last
    block's residual with probability `shake_drop`, 0 to 1, that of the blocks before it linearly less often; 0 is none.
    PyramidNet-272 of alpha 200 with 0.5 is the network that the reference calls pyramid.
    """

    def __init__(
        self,
        *,
        depth: int,
        alpha: float,
        classes: int,
        channels: int = 3,
        shake_drop: float = 0.0,
        rngs: nnx.Rngs,
    ) -> None:
        per_group, rest = divmod(depth - 2, 9)
        if per_group < 1 or rest:
            raise ValueError(f"a PyramidNet's depth is 9n + 2 for n >= 1 blocks a group, not {depth}")
        blocks = 3 * per_group
        self.stem = Convolution(channels, STEM, 3, rngs=rngs)
        self.stem_norm = BatchNorm(STEM)
        self.blocks = nnx.List[Block]([])
        features = STEM
        for index, width in enumerate(widths(blocks, alpha)):
            stride = 2 if index in (per_group, 2 * per_group) else 1
            keep = 1 - (index + 1) / blocks * shake_drop
            self.blocks.append(Block(features, width, stride, keep=keep, number=index + 1, rngs=rngs))
            features = EXPANSION * width
        self.norm = BatchNorm(features)
        self.dense = nnx.Linear(features, classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n classes"]:
        """`key` feeds the ShakeDrop of a training pass and may be None where there is none."""
        features = self.stem_norm(self.stem(images), train=train)
        for block in self.blocks:
            features = block(features, train=train, key=key)
        return self.dense(jax.nn.relu(self.norm(features, train=train)).mean((1, 2), jnp.float32))


class Block(nnx.Module):
    """A bottleneck of 1x1, 3x3 and 1x1 convolutions, batch norm before, between and after them, around a shortcut.

    ReLU follows the two inner norms only. The residual passes ShakeDrop, which leaves an image alone with probability
    `keep`. The shortcut has no parameters: the mean of 2x2 pixels where the block strides, zeros for new channels.
    """

    def __init__(self, channels: int, width: int, stride: int, *, keep: float, number: int, rngs: nnx.Rngs) -> None:
        self.norm1 = BatchNorm(channels)
        self.conv1 = Convolution(channels, width, 1, rngs=rngs)
        self.norm2 = BatchNorm(width)
        self.conv2 = Convolution(width, width, 3, stride=stride, rngs=rngs)
        self.norm3 = BatchNorm(width)
        self.conv3 = Convolution(width, EXPANSION * width, 1, rngs=rngs)
        self.norm4 = BatchNorm(EXPANSION * width)
        self.stride = stride
        self.keep = keep
        self.number = number

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n oh ow features"]:
        features = self.conv1(self.norm1(images, train=train))
        features = self.conv2(jax.nn.relu(self.norm2(features, train=train)))
        features = self.conv3(jax.nn.relu(self.norm3(features, train=train)))
        features = self.norm4(features, train=train)
        if not train:
            features = shake_drop_mean(features, self.keep)
        elif self.keep < 1:
            gates = shake_drop_gates(layer_key(key, layer=self.number), len(images), self.keep)
            features = gated(features, gates)
        return features + _shortcut(images, self.stride, features.shape[-1])


def widths(blocks: int, alpha: float) -> list[int]:
    """How many channels the 3x3 convolution of each block has; the block's output has four times as many.

    From the stem's 16 on each block adds `alpha / blocks`. The sum is rounded in double precision at every addition,
    as the reference's, and then truncated: blocks 9 and 18 of PyramidNet-272 get 35 and 55, not 36 and 56.
    """
    _, *sums = accumulate(repeat(alpha / blocks, blocks), initial=float(STEM))
    return [int(width) for width in sums]


def _shortcut(images: Float[Array, "n h w c"], stride: int, features: int) -> Float[Array, "n oh ow features"]:
    if stride > 1:
        # Where an edge is odd, as many pixels as there are: the 3x3 convolution answers for them, too.
        window = (stride, stride)
        exact = images.astype(jnp.float32)
        images = nnx.avg_pool(exact, window, window, "SAME", count_include_pad=False).astype(images.dtype)
    return jnp.pad(images, ((0, 0), (0, 0), (0, 0), (0, features - images.shape[-1])))
