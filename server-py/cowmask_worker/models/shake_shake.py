"""Shake-shake networks (Gastaldi, arXiv 1705.07485), as the reference builds them."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.convolution import Convolution
from cowmask_worker.models.shake import layer_key, shake_shake, shake_shake_gates, shake_shake_mean

STEM = 16


class ShakeShake(nnx.Module):
    """A stem of 16 channels, three groups of two-branch blocks, ReLU, global mean, dense layer.

    Takes images of any size and number of channels. `depth` is `6n + 2` for `n` blocks a group; the groups have 1, 2
    and 4 times `width` features, and the second and third halve the image. Shake-Shake 26 2x96d, depth 26 and width 96,
    is the network that the reference calls wrn26_6_shakeshake.
    """

    def __init__(self, *, depth: int, width: int, classes: int, channels: int = 3, rngs: nnx.Rngs) -> None:
        blocks, rest = divmod(depth - 2, 6)
        if blocks < 1 or rest:
            raise ValueError(f"a shake-shake network's depth is 6n + 2 for n >= 1 blocks a group, not {depth}")
        self.stem = Convolution(channels, STEM, 3, rngs=rngs)
        self.blocks = nnx.List[Block]([])
        features = STEM
        for group in range(3):
            for place in range(blocks):
                before, features = features, width * 2**group
                stride = 2 if group > 0 and place == 0 else 1
                self.blocks.append(Block(before, features, stride, number=len(self.blocks) + 1, rngs=rngs))
        self.dense = nnx.Linear(features, classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n classes"]:
        """`key` feeds the gates of a training pass; an evaluation takes None."""
        features = self.stem(images)
        for block in self.blocks:
            features = block(features, train=train, key=key)
        return self.dense(jax.nn.relu(features).mean((1, 2), jnp.float32))


class Block(nnx.Module):
    """Two branches, mixed at random in training and evenly in evaluation, around a shortcut.

    Where the shape changes, the shortcut is a 3x3 convolution of the block's raw input and a batch norm.
    """

    def __init__(self, channels: int, features: int, stride: int, *, number: int, rngs: nnx.Rngs) -> None:
        changes_shape = stride > 1 or channels != features
        self.branches = nnx.List([Branch(channels, features, stride, rngs=rngs) for _ in range(2)])
        self.shortcut = Convolution(channels, features, 3, stride=stride, rngs=rngs) if changes_shape else None
        self.shortcut_norm = BatchNorm(features) if changes_shape else None
        self.number = number

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n oh ow features"]:
        first, second = (branch(images, train=train) for branch in self.branches)
        if train:
            gates = shake_shake_gates(layer_key(key, layer=self.number), len(images))
            features = shake_shake(first, second, gates)
        else:
            features = shake_shake_mean(first, second)
        if self.shortcut is None or self.shortcut_norm is None:
            return features + images
        return features + self.shortcut_norm(self.shortcut(images), train=train)


class Branch(nnx.Module):
    """Two 3x3 convolutions, each after ReLU and before batch norm."""

    def __init__(self, channels: int, features: int, stride: int, *, rngs: nnx.Rngs) -> None:
        self.conv1 = Convolution(channels, features, 3, stride=stride, rngs=rngs)
        self.norm1 = BatchNorm(features)
        self.conv2 = Convolution(features, features, 3, rngs=rngs)
        self.norm2 = BatchNorm(features)

    def __call__(self, images: Float[Array, "n h w c"], *, train: bool) -> Float[Array, "n oh ow features"]:
        features = self.norm1(self.conv1(jax.nn.relu(images)), train=train)
        return self.norm2(self.conv2(jax.nn.relu(features)), train=train)
