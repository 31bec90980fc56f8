"""One pass over all images of a step is the same as a pass for each kind of them."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quickly import QUICKLY

from cowmask_worker.models.functional import Variables, functional
from cowmask_worker.models.shake_shake import ShakeShake
from cowmask_worker.models.wide_resnet import WideResnet
from cowmask_worker.training.student_passes import Pass, student_passes

NETWORKS = {
    "dropout": functional(lambda rngs: WideResnet(depth=10, width=1, classes=3, channels=1, dropout=0.4, rngs=rngs)),
    "gates": functional(lambda rngs: ShakeShake(depth=8, width=4, classes=3, channels=1, rngs=rngs)),
}


def passes(count: int) -> list[Pass]:
    keys = jax.random.split(jax.random.key(1), count)
    return [Pass(jax.random.normal(key, (4, 8, 8, 1)) * (place + 1), key) for place, key in enumerate(keys)]


@pytest.mark.parametrize(("network", "count"), [("dropout", 1), ("dropout", 3), ("gates", 2)])
def test_together_equals_one_after_the_other(network: str, count: int) -> None:
    functions = NETWORKS[network]
    student = jax.jit(functions.init, compiler_options=QUICKLY)(jax.random.key(0))

    @partial(jax.jit, static_argnames="together", compiler_options=QUICKLY)
    def gradient(parameters: Any, together: bool) -> Any:
        def loss(parameters: Any) -> Any:
            logits, statistics = student_passes(
                functions.apply, Variables(parameters, student.statistics), passes(count), together=together
            )
            return sum(jnp.square(each).mean() * (place + 1) for place, each in enumerate(logits)), (logits, statistics)

        return jax.value_and_grad(loss, has_aux=True)(parameters)

    found, expected = (jax.tree.leaves(gradient(student.parameters, together)) for together in (True, False))
    for value, other in zip(found, expected, strict=True):
        assert value.shape == other.shape
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-5 * float(jnp.abs(other).max()) + 1e-6)
