"""Residual networks for large images (He et al., arXiv 1512.03385; ResNeXt, arXiv 1611.05431), as the reference's."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.convolution import Convolution

STEM = 64
EXPANSION = 4
# Blocks of each stage, by the number of layers.
STAGES = {14: (1, 1, 1, 1), 26: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class Resnet(nnx.Module):
    """A 7x7 stem, batch norm, max-pool, four stages of bottleneck blocks, global mean, dense layer.

    Takes images of any size and number of channels; stem, pool and each stage but the first halve the image. No ReLU
    follows the stem's norm. `depth` is one of `STAGES`. `width` multiplies every number of channels, the stem's 64
    included: 2 is what the reference calls x2. `groups` and `group_width` are those of ResNeXt's 3x3 convolutions: 32
    and 4 for 32x4d, 32 and 8 for 32x8d.
    """

    def __init__(
        self,
        *,
        depth: int,
        width: int = 1,
        groups: int = 1,
        group_width: int = 64,
        classes: int,
        channels: int = 3,
        rngs: nnx.Rngs,
    ) -> None:
        if depth not in STAGES:
            raise ValueError(f"a ResNet's depth is one of {', '.join(map(str, STAGES))}, not {depth}")
        features = STEM * width
        self.stem = Convolution(channels, features, 7, stride=2, bias=False, rngs=rngs)
        self.stem_norm = BatchNorm(features)
        self.blocks = nnx.List[Block]([])
        for stage, blocks in enumerate(STAGES[depth]):
            wider = width * 2**stage
            for place in range(blocks):
                before, features = features, STEM * EXPANSION * wider
                stride = 2 if stage > 0 and place == 0 else 1
                inner = group_width * groups * wider
                self.blocks.append(Block(before, inner, features, stride, groups=groups, rngs=rngs))
        self.dense = nnx.Linear(features, classes, rngs=rngs)

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n classes"]:
        """Nothing is random here; `key` is what the other networks take, and ignored."""
        del key
        features = self.stem_norm(self.stem(images), train=train)
        features = nnx.max_pool(features, (3, 3), (2, 2), "SAME")
        for block in self.blocks:
            features = block(features, train=train)
        return self.dense(features.mean((1, 2), jnp.float32))


class Block(nnx.Module):
    """1x1, 3x3 and 1x1 convolutions without biases, batch norm after each, around a shortcut; ReLU between and after.

    The 3x3 convolution takes the stride and the groups. Where the shape changes, the shortcut is a 1x1 convolution and
    a batch norm. A new block passes its shortcut on alone, since its last norm's scale starts at 0.
    """

    def __init__(self, channels: int, width: int, features: int, stride: int, *, groups: int, rngs: nnx.Rngs) -> None:
        changes_shape = stride > 1 or channels != features
        self.conv1 = Convolution(channels, width, 1, bias=False, rngs=rngs)
        self.norm1 = BatchNorm(width)
        self.conv2 = Convolution(width, width, 3, stride=stride, bias=False, groups=groups, rngs=rngs)
        self.norm2 = BatchNorm(width)
        self.conv3 = Convolution(width, features, 1, bias=False, rngs=rngs)
        self.norm3 = BatchNorm(features)
        self.norm3.scale = nnx.Param(jnp.zeros(features))
        self.shortcut = (
            Convolution(channels, features, 1, stride=stride, bias=False, rngs=rngs) if changes_shape else None
        )
        self.shortcut_norm = BatchNorm(features) if changes_shape else None

    def __call__(self, images: Float[Array, "n h w c"], *, train: bool) -> Float[Array, "n oh ow features"]:
        features = jax.nn.relu(self.norm1(self.conv1(images), train=train))
        features = jax.nn.relu(self.norm2(self.conv2(features), train=train))
        features = self.norm3(self.conv3(features), train=train)
        if self.shortcut is None or self.shortcut_norm is None:
            return jax.nn.relu(features + images)
        return jax.nn.relu(features + self.shortcut_norm(self.shortcut(images), train=train))
