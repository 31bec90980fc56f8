"""Shake-shake and ShakeDrop equal the authors', and in distribution what their papers ask for."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from cowmask_worker.models.shake import (
    Gates,
    gated,
    layer_key,
    shake_drop_gates,
    shake_drop_mean,
    shake_shake,
    shake_shake_gates,
    shake_shake_mean,
)

type Golden = Callable[[str], dict[str, np.ndarray]]

# What the vectors' manifest allows.
TOLERANCE = 2e-6


@pytest.fixture
def arrays(golden: Golden) -> dict[str, np.ndarray]:
    return golden("arch/shake.npz")


@pytest.mark.usefixtures("reference_stream")
def test_shake_shake_equals_the_references(arrays: dict[str, np.ndarray]) -> None:
    first, second = jnp.asarray(arrays["in/xa"]), jnp.asarray(arrays["in/xb"])
    gates = shake_shake_gates(jax.random.PRNGKey(61), len(first))
    mixed, pullback = jax.vjp(lambda a, b: shake_shake(a, b, gates), first, second)
    gradients = pullback(jnp.asarray(arrays["in/cotangent"]))
    for found, field in [(mixed, "out"), (gradients[0], "grad_a"), (gradients[1], "grad_b")]:
        np.testing.assert_allclose(found, arrays[f"shakeshake/{field}"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(shake_shake_mean(first, second), arrays["shakeshake/eval"], rtol=0, atol=TOLERANCE)


@pytest.mark.usefixtures("reference_stream")
@pytest.mark.parametrize("name", ["shakedrop_p0.9944", "shakedrop_p0.7500", "shakedrop_p0.5000"])
def test_shake_drop_equals_the_references(name: str, arrays: dict[str, np.ndarray]) -> None:
    features, keep = jnp.asarray(arrays["in/xa"]), float(arrays[f"{name}/p"])
    gates = shake_drop_gates(jax.random.PRNGKey(61), len(features), keep)
    dropped, pullback = jax.vjp(lambda x: gated(x, gates), features)
    (gradient,) = pullback(jnp.asarray(arrays["in/cotangent"]))
    mean = shake_drop_mean(features, keep)
    for found, field in [(dropped, "out"), (gradient, "grad"), (mean, "eval")]:
        np.testing.assert_allclose(found, arrays[f"{name}/{field}"], rtol=0, atol=TOLERANCE)


@pytest.mark.usefixtures("reference_stream")
def test_the_keys_of_layers_are_the_references(arrays: dict[str, np.ndarray]) -> None:
    keys = [layer_key(jax.random.PRNGKey(61), layer=number) for number in range(1, 5)]
    np.testing.assert_array_equal(jnp.stack(keys), arrays["stream/keys"])


def test_a_pass_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        layer_key(None, layer=1)


def test_shake_shake_draws_two_uniform_gates_that_know_nothing_of_each_other() -> None:
    forward, backward = shake_shake_gates(jax.random.key(0), 40_000)
    assert_uniform(forward, 0, 1)
    assert_uniform(backward, 0, 1)
    assert abs(np.corrcoef(forward, backward)[0, 1]) < 0.02


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 1.0])
def test_shake_drop_keeps_the_share_and_draws_the_other_gates_apart(keep: float) -> None:
    forward, backward = (np.asarray(gate) for gate in shake_drop_gates(jax.random.key(1), 40_000, keep))
    kept = (np.abs(forward - 1) < 1e-6) & (np.abs(backward - 1) < 1e-6)
    np.testing.assert_allclose(kept.mean(), keep, atol=0.01)
    # What evaluation multiplies by is the forward gate's mean.
    np.testing.assert_allclose(forward.mean(), keep, atol=0.015)
    if keep < 1:
        assert_uniform(forward[~kept], -1, 1)
        assert_uniform(backward[~kept], 0, 1)
        assert abs(np.corrcoef(forward[~kept], backward[~kept])[0, 1]) < 0.05


def test_the_gradient_passes_its_own_gate_and_none_reaches_the_gates() -> None:
    features = jnp.arange(1.0, 9.0).reshape(2, 2, 2, 1)
    gates = Gates(jnp.asarray([0.25, -1.0]), jnp.asarray([0.5, 0.75]))

    def total(features: Array, gates: Gates) -> Array:
        return gated(features, gates).sum()

    value, (gradient, of_gates) = jax.value_and_grad(total, (0, 1))(features, gates)
    assert value == 0.25 * 10 - 26
    np.testing.assert_array_equal(gradient, jnp.broadcast_to(gates.backward[:, None, None, None], features.shape))
    np.testing.assert_array_equal(jnp.stack(of_gates), jnp.zeros((2, 2)))


def test_shake_shake_at_the_ends_takes_one_branch_forward_and_the_other_backward() -> None:
    first, second = jnp.full((1, 1, 1, 1), 3.0), jnp.full((1, 1, 1, 1), 5.0)
    gates = Gates(jnp.ones(1), jnp.zeros(1))
    mixed, pullback = jax.vjp(lambda a, b: shake_shake(a, b, gates), first, second)
    assert mixed == 3
    assert [float(gradient.sum()) for gradient in pullback(jnp.ones((1, 1, 1, 1)))] == [0, 1]


def assert_uniform(drawn: Array | np.ndarray, low: float, high: float) -> None:
    assert low <= drawn.min()
    assert drawn.max() < high
    shares = np.histogram(drawn, bins=8, range=(low, high))[0] / len(drawn)
    np.testing.assert_allclose(shares, 1 / 8, atol=5 * np.sqrt(1 / 8 / len(drawn)))
