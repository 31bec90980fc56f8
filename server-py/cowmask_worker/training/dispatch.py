"""Many training steps in one call of the device."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from cowmask_worker.training.state import TrainState
from cowmask_worker.training.step import StepMetrics

MOST_STEPS = 256
"""Rows of the metric buffer, so the most steps that one dispatch can take."""

type Dispatch[Data] = Callable[[TrainState, Data, Int[Array, ""] | int], tuple[TrainState, StepMetrics]]
"""From a state, what every step reads, and a number of steps (at most `MOST_STEPS`) to the state after them and their
metrics, each a column of `MOST_STEPS` values of which the first ones count."""


def many_steps[Data](step: Callable[[TrainState, Data], tuple[TrainState, StepMetrics]]) -> Dispatch[Data]:
    """Takes a traced number of steps in one loop on the device; the state's buffers are donated.

    One program serves every number, and each trip runs the same instructions on the same state, so how steps are
    grouped alters no bit of the result.
    """

    def run(state: TrainState, data: Data, count: Int[Array, ""]) -> tuple[TrainState, StepMetrics]:
        def trip(place: Int[Array, ""], carry: tuple[TrainState, StepMetrics]) -> tuple[TrainState, StepMetrics]:
            state, columns = carry
            state, metrics = step(state, data)
            return state, jax.tree.map(lambda column, value: column.at[place].set(value), columns, metrics)

        columns = StepMetrics(*[jnp.zeros(MOST_STEPS, jnp.float32) for _ in StepMetrics._fields])
        return jax.lax.fori_loop(0, count, trip, (state, columns))

    return jax.jit(run, donate_argnums=0)
