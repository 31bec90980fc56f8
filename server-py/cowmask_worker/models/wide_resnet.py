"""Wide residual networks (Zagoruyko and Komodakis, arXiv 1605.07146), as the reference builds them."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.convolution import Convolution
from cowmask_worker.models.dropout import dropout

STEM = 16


class WideResnet(nnx.Module):
    """A stem of 16 channels, three groups of pre-activation blocks, batch norm, ReLU, global mean, dense layer.

    Takes images of any size and number of channels. `depth` is `6n + 4` for `n` blocks a group; the groups have
    16, 32 and 64 times `width` features, and the second and third halve the image. WRN-28-2, with 10 classes, is the
    network that the reference calls wrn26_2.
    """

    def __init__(
        self, *, depth: int, width: int, classes: int, channels: int = 3, dropout: float = 0.0, rngs: nnx.Rngs
    ) -> None:
        blocks, rest = divmod(depth - 4, 6)
        if blocks < 1 or rest:
            raise ValueError(f"a wide ResNet's depth is 6n + 4 for n >= 1 blocks a group, not {depth}")
        self.stem = Convolution(channels, STEM, 3, rngs=rngs)
        self.blocks = nnx.List[Block]([])
        features = STEM
        for group in range(3):
            for place in range(blocks):
                before, features = features, STEM * width * 2**group
                stride = 2 if group > 0 and place == 0 else 1
                number = len(self.blocks) + 1
                self.blocks.append(Block(before, features, stride, dropout=dropout, number=number, rngs=rngs))
        self.norm = BatchNorm(features)
        self.dense = nnx.Linear(features, classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n classes"]:
        """`key` feeds the dropout of a training pass and may be None where there is none."""
        features = self.stem(images)
        for block in self.blocks:
            features = block(features, train=train, key=key)
        return self.dense(jax.nn.relu(self.norm(features, train=train)).mean((1, 2), jnp.float32))


class Block(nnx.Module):
    """Two 3x3 convolutions, each after batch norm and ReLU, with dropout between them, around a shortcut.

    Where the shape changes, the shortcut is a 3x3 convolution of the block's raw input.
    """

    def __init__(
        self, channels: int, features: int, stride: int, *, dropout: float, number: int, rngs: nnx.Rngs
    ) -> None:
        changes_shape = stride > 1 or channels != features
        self.norm1 = BatchNorm(channels)
        self.conv1 = Convolution(channels, features, 3, stride=stride, rngs=rngs)
        self.norm2 = BatchNorm(features)
        self.conv2 = Convolution(features, features, 3, rngs=rngs)
        self.shortcut = Convolution(channels, features, 3, stride=stride, rngs=rngs) if changes_shape else None
        self.dropout = dropout
        self.number = number

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n oh ow features"]:
        shortcut = images if self.shortcut is None else self.shortcut(images)
        features = self.conv1(jax.nn.relu(self.norm1(images, train=train)))
        features = jax.nn.relu(self.norm2(features, train=train))
        if train and self.dropout > 0:
            features = dropout(key, features, self.dropout, layer=self.number)
        return self.conv2(features) + shortcut
