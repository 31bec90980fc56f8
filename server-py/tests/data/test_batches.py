"""The batch of a step: which images it holds, and what it depends on."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from cowmask_worker.data.batches import BatchOptions, Pool, RawBatch, StreamKeys, fetch_batch

COUNT = 20
# Image i is filled with i, so that a batch tells which images it holds, shifted or not.
IMAGES = jnp.broadcast_to(jnp.arange(COUNT, dtype=jnp.uint8)[:, None, None, None], (COUNT, 4, 4, 1))
POOL = Pool(
    images=IMAGES,
    labels=jnp.arange(COUNT, dtype=jnp.int32) * 10,
    labeled=jnp.asarray([2, 5, 11], jnp.int32),
    unlabeled=jnp.arange(4, COUNT, dtype=jnp.int32),
)
KEYS = StreamKeys(*jax.random.split(jax.random.key(0), 5))
OPTIONS = BatchOptions(labeled=7, unlabeled=8, shift=0, flip=False, second_view=False)


@partial(jax.jit, static_argnums=(1,))
def batch(step: Array, options: BatchOptions = OPTIONS, pool: Pool = POOL) -> RawBatch:
    return fetch_batch(pool, KEYS, step, options)


def test_labels_belong_to_their_images_and_both_streams_keep_to_their_images() -> None:
    for step in range(5):
        drawn = batch(jnp.int32(step))
        numbers = np.asarray(drawn.labeled)[:, 0, 0, 0]
        np.testing.assert_array_equal(drawn.labels, numbers.astype(np.int32) * 10)
        assert set(numbers) <= {2, 5, 11}
        assert np.asarray(drawn.unlabeled).min() >= 4


def test_the_streams_show_every_image_equally_often() -> None:
    drawn = [batch(jnp.int32(step)) for step in range(6)]
    labeled = np.concatenate([np.asarray(each.labeled)[:, 0, 0, 0] for each in drawn])
    unlabeled = np.concatenate([np.asarray(each.unlabeled)[:, 0, 0, 0] for each in drawn])
    assert np.bincount(labeled)[[2, 5, 11]].tolist() == [14, 14, 14]
    assert np.bincount(unlabeled, minlength=COUNT)[4:].tolist() == [3] * 16


def test_one_view_serves_both_unless_two_are_asked_for() -> None:
    rows = jnp.broadcast_to(jnp.arange(16, dtype=jnp.uint8).reshape(1, 4, 4, 1), (COUNT, 4, 4, 1))
    pool = POOL._replace(images=rows)
    one = batch(jnp.int32(0), OPTIONS._replace(shift=1), pool)
    two = batch(jnp.int32(0), OPTIONS._replace(shift=1, second_view=True), pool)
    np.testing.assert_array_equal(one.unlabeled, one.unlabeled_second)
    np.testing.assert_array_equal(one.unlabeled, two.unlabeled)
    assert (np.asarray(two.unlabeled) != np.asarray(two.unlabeled_second)).any()
    assert (np.asarray(batch(jnp.int32(1), OPTIONS._replace(shift=1), pool).unlabeled) != one.unlabeled).any()


def test_stopping_anywhere_gives_the_same_tail() -> None:
    """Of a loop on the device that begins at any step, past the end of both streams' passes."""
    options = OPTIONS._replace(shift=1, flip=True, second_view=True)
    steps = 2 * COUNT // options.labeled + 4

    @jax.jit
    def tail(first: Array) -> RawBatch:
        return jax.lax.map(lambda step: fetch_batch(POOL, KEYS, step, options), first + jnp.arange(steps))

    whole = tail(jnp.int32(0))
    for first in range(steps):
        resumed = jax.tree.map(lambda column, first=first: column[: steps - first], tail(jnp.int32(first)))
        expected = jax.tree.map(lambda column, first=first: column[first:], whole)
        jax.tree.map(np.testing.assert_array_equal, resumed, expected)
