"""Schedules by value, at their edges."""

import jax.numpy as jnp

from cowmask_worker.training.schedules import stepped


def test_first_step_of_a_warmup_has_rate_zero() -> None:
    assert stepped(0.1, [], warmup_steps=3.0)(jnp.int32(0)) == 0


def test_a_boundary_acts_one_step_after_itself() -> None:
    value = stepped(1.0, [(2, 0.5), (4, 0.25)])
    assert [float(value(jnp.int32(step))) for step in range(7)] == [1, 1, 1, 0.5, 0.5, 0.25, 0.25]
