"""The images of a step, gathered and augmented on the device: a pure function of (keys, step)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray, UInt8

from cowmask_worker.data.augmentation import shift_and_flip
from cowmask_worker.data.order import batch_positions, permuted_index


class Pool(NamedTuple):
    """What is drawn from: all training images, and which of them each stream visits. Lives on the device."""

    images: UInt8[Array, "n h w c"]
    labels: Int[Array, "n"]
    labeled: Int[Array, "l"]
    unlabeled: Int[Array, "u"]


class StreamKeys(NamedTuple):
    """The keys of a run's data streams, the same at every step."""

    labeled_order: PRNGKeyArray
    unlabeled_order: PRNGKeyArray
    labeled_augment: PRNGKeyArray
    unlabeled_augment: PRNGKeyArray
    unlabeled_augment_second: PRNGKeyArray


class BatchOptions(NamedTuple):
    """`second_view`: whether the unlabeled images are augmented twice, independently."""

    labeled: int
    unlabeled: int
    shift: int
    flip: bool
    second_view: bool


class RawBatch(NamedTuple):
    """Images as they are stored; `unlabeled_second` is `unlabeled` itself without a second view."""

    labeled: UInt8[Array, "b h w c"]
    labels: Int[Array, "b"]
    unlabeled: UInt8[Array, "v h w c"]
    unlabeled_second: UInt8[Array, "v h w c"]


def fetch_batch(pool: Pool, keys: StreamKeys, step: Int[Array, ""], options: BatchOptions) -> RawBatch:
    """The batch of step `step` (from 0). Both streams are endless, each pass a new permutation; every batch is full."""

    def chosen(key: PRNGKeyArray, indices: Int[Array, "m"], batch: int) -> Int[Array, "b"]:
        count = indices.shape[0]
        return indices[permuted_index(key, batch_positions(step, batch, count), count)]

    def augmented(key: PRNGKeyArray, images: UInt8[Array, "b h w c"]) -> UInt8[Array, "b h w c"]:
        return shift_and_flip(jax.random.fold_in(key, step), images, shift=options.shift, flip=options.flip)

    labeled = chosen(keys.labeled_order, pool.labeled, options.labeled)
    unlabeled = jnp.take(pool.images, chosen(keys.unlabeled_order, pool.unlabeled, options.unlabeled), axis=0)
    first = augmented(keys.unlabeled_augment, unlabeled)
    second = augmented(keys.unlabeled_augment_second, unlabeled) if options.second_view else first
    return RawBatch(augmented(keys.labeled_augment, pool.images[labeled]), pool.labels[labeled], first, second)
