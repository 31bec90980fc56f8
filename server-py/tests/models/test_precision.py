"""Networks that compute in bfloat16: what must stay float32 does, and the answers are those of float32, rounded."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from quickly import QUICKLY

from cowmask_worker.models.functional import computing_in, functional
from cowmask_worker.models.pyramidnet import PyramidNet
from cowmask_worker.models.resnet import Resnet
from cowmask_worker.models.shake_shake import ShakeShake
from cowmask_worker.models.wide_resnet import WideResnet

KEY = jax.random.key(2)

NETWORKS: dict[str, Callable[[nnx.Rngs], Any]] = {
    "wide_resnet": lambda rngs: WideResnet(depth=10, width=1, classes=3, dropout=0.3, rngs=rngs),
    "shake_shake": lambda rngs: ShakeShake(depth=8, width=4, classes=3, rngs=rngs),
    "pyramidnet": lambda rngs: PyramidNet(depth=11, alpha=7.5, classes=3, shake_drop=0.5, rngs=rngs),
    "resnext": lambda rngs: Resnet(depth=14, groups=2, group_width=4, classes=3, rngs=rngs),
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_only_the_layers_compute_in_bfloat16(make: Callable[[nnx.Rngs], Any]) -> None:
    network = functional(make)
    variables = jax.jit(network.init, compiler_options=QUICKLY)(jax.random.key(0))
    images = jax.random.normal(jax.random.key(1), (4, 32, 32, 3))

    def outcome(dtype: Any) -> Any:
        def loss(parameters: Any) -> Any:
            apply = computing_in(network.apply, dtype)
            logits, statistics = apply(variables._replace(parameters=parameters), images, train=True, key=KEY)
            return logits.sum(), (logits, statistics)

        (_, told), slope = jax.value_and_grad(loss, has_aux=True)(variables.parameters)
        return *told, slope

    compiled = jax.jit(outcome, static_argnums=0, compiler_options=QUICKLY)
    rounded, exact = (compiled(dtype) for dtype in (jnp.bfloat16, jnp.float32))
    assert {leaf.dtype for leaf in jax.tree.leaves(rounded)} == {jnp.dtype("float32")}
    logits, expected = (np.asarray(each[0]) for each in (rounded, exact))
    assert (logits != expected).any(), "nothing was rounded"
    np.testing.assert_allclose(logits, expected, atol=0.05 * np.abs(expected).max())
    for found, other in zip(jax.tree.leaves(rounded[1]), jax.tree.leaves(exact[1]), strict=True):
        np.testing.assert_allclose(found, other, rtol=0.05, atol=0.02)
