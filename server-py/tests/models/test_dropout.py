"""Dropout by value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cowmask_worker.models.dropout import dropout


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_drops_the_share_and_keeps_the_mean(rate: float) -> None:
    dropped = np.asarray(dropout(jax.random.key(0), jnp.ones((100, 200)), rate, layer=1))
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / (1 - rate)], rtol=1e-6)
    np.testing.assert_allclose((dropped == 0).mean(), rate, atol=0.01)


def test_a_layer_folds_its_number_into_the_key_of_the_pass() -> None:
    key, features = jax.random.key(5), jnp.ones((10, 10))
    kept = jax.random.bernoulli(jax.random.fold_in(key, 2), 0.7, features.shape)
    np.testing.assert_array_equal(dropout(key, features, 0.3, layer=2) > 0, kept)
    assert (dropout(key, features, 0.3, layer=1) != dropout(key, features, 0.3, layer=2)).any()
