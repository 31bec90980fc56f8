"""Everything that a training step reads and writes, as one pytree."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from cowmask_worker.models.functional import Tree, Variables


class TrainState(NamedTuple):
    """The state between two steps.

    `step` is the number of steps taken, so also the number of the next one, counted from 0.
    `momentum` has the structure of the student's parameters.
    """

    step: Int[Array, ""]
    student: Variables
    momentum: Tree
    teacher: Variables


def initial_state(student: Variables) -> TrainState:
    """The state before step 0: the teacher is a copy of the student, the momentum zero.

    The copy is a real one, because a step that donates its state may not be given one buffer twice.
    """
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        student=student,
        momentum=jax.tree.map(jnp.zeros_like, student.parameters),
        teacher=jax.tree.map(jnp.copy, student),
    )


__all__ = ["TrainState", "Tree", "Variables", "initial_state"]
