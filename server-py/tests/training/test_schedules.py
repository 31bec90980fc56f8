"""Schedules equal the authors' at every recorded step."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cowmask_worker.training.schedules import Schedule, annealed_alpha, constant, cosine, stepped

type Golden = Callable[[str], dict[str, np.ndarray]]
type Manifest = dict[str, Any]


def schedule(case: dict[str, Any], kind: str, base: float, warmup_steps: float) -> Schedule:
    """The schedule that a case of the manifest describes; its epochs become steps, rounded half to even."""
    per_epoch = case.get("steps_per_epoch", 1)
    if kind == "constant":
        return constant(base)
    if kind == "stepped":
        return stepped(base, [(round(epoch * per_epoch), factor) for epoch, factor in case["steps"]], warmup_steps)
    return cosine(base, float(case["half_length_epochs"] * per_epoch), warmup_steps)


def test_equal_the_references(golden: Golden, manifest: Manifest) -> None:
    arrays = golden("schedules.npz")
    for name, case in manifest["schedules.npz"]["cases"].items():
        if "shape" in case:
            value = annealed_alpha(
                case["teacher_alpha"], lambda base, case=case: schedule(case, case["shape"], base, 0.0)
            )
            base = 1.0
        else:
            base = case["base"]
            value = schedule(
                case, case["kind"], base, float(case.get("warmup_epochs", 0) * case.get("steps_per_epoch", 1))
            )
        values = jax.jit(jax.vmap(value))(jnp.asarray(arrays[f"{name}_step"]))
        absolute = 2e-7 * base if "cosine" in name else 0
        np.testing.assert_allclose(values, arrays[f"{name}_value"], rtol=2e-6, atol=absolute, err_msg=name)
        if "stepped" in name and "warm" not in name and "shape" not in case:
            np.testing.assert_array_max_ulp(np.asarray(values), arrays[f"{name}_value"], 1)


def test_first_step_of_a_warmup_has_rate_zero() -> None:
    assert stepped(0.1, [], warmup_steps=3.0)(jnp.int32(0)) == 0


def test_a_boundary_acts_one_step_after_itself() -> None:
    value = stepped(1.0, [(2, 0.5), (4, 0.25)])
    assert [float(value(jnp.int32(step))) for step in range(7)] == [1, 1, 1, 0.5, 0.5, 0.25, 0.25]
