"""Learning rates, and the annealed teacher, as functions of the step.

A step is counted from 0, and its value is used in the update of that step. Boundaries and lengths are in steps.
"""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

type Schedule = Callable[[Int[Array, ""]], Float[Array, ""]]


def constant(base: float) -> Schedule:
    """`base` at every step."""
    return lambda step: jnp.full_like(step, base, jnp.float32)


def stepped(base: float, boundaries: Sequence[tuple[int, float]], warmup_steps: float = 0.0) -> Schedule:
    """`base` times the factor of the last boundary passed; a step passes boundary b when `b < step`.

    The boundaries ascend. During the first `warmup_steps` the value rises linearly from 0.
    """

    def value(step: Int[Array, ""]) -> Float[Array, ""]:
        factor = jnp.ones((), jnp.float32)
        for boundary, at_boundary in boundaries:
            factor = jnp.where(boundary < step, at_boundary, factor)
        return base * factor * _warmup(step, warmup_steps)

    return value


def cosine(base: float, half_length_steps: float, warmup_steps: float = 0.0) -> Schedule:
    """`base` falling to 0 along half a cosine; not clamped, so that it rises again after `half_length_steps`."""

    def value(step: Int[Array, ""]) -> Float[Array, ""]:
        angle = jnp.pi * step.astype(jnp.float32) / half_length_steps
        return base * (0.5 * jnp.cos(angle) + 0.5) * _warmup(step, warmup_steps)

    return value


def annealed_alpha(alpha: float, shape: Callable[[float], Schedule]) -> Schedule:
    """A teacher that slows down as the student does: `1 - alpha` follows the shape of the learning rate.

    `shape` makes a schedule from its base value and has no warm-up.
    """
    share_of_student = shape(1 - alpha)
    return lambda step: 1 - share_of_student(step)


def _warmup(step: Int[Array, ""], warmup_steps: float) -> Float[Array, ""]:
    if warmup_steps <= 0:
        return jnp.ones((), jnp.float32)
    return jnp.minimum(step.astype(jnp.float32) / warmup_steps, 1)
