"""What a training step keeps on the device, by the compiler's plan and by count, and whether a process grows as it
trains."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import CompiledStep, compiled_step, stepping
from cowmask_worker.bench.row import Row, compared, device_kind, measured, summed_up
from cowmask_worker.training.keys import step_keys
from cowmask_worker.training.state import Variables
from cowmask_worker.training.step import Batch, step_loss

_BATCH, _EDGE = 64, 32
_WITHIN = 0.15
_STEPS = 10_000
_GROWTH = 0.01
_MEBIBYTE = 2**20


def memory_rows(*, quick: bool) -> Iterator[Row]:
    step = compiled_step(config_pb2.WideResnet(depth=10, width=1, dropout=0), _BATCH, _EDGE)
    planned = step.program.memory_analysis()
    given = sum(_bytes(leaf) for leaf in jax.tree.leaves((step.state, step.data)))
    yield _planned(step, planned, given)
    state = sum(_bytes(leaf) for leaf in jax.tree.leaves(step.state))
    yield measured(
        "state donated: bytes of a step's result that lie where its argument lay",
        "MiB",
        [planned.alias_size_in_bytes / _MEBIBYTE],
        baseline_name="student, teacher and optimizer",
        baseline=[state / _MEBIBYTE],
        target="all of it",
        holds=lambda ratio: ratio >= 1,
    )
    if os.path.exists(_STATM):
        yield _resident(1000 if quick else _STEPS)


def _planned(step: CompiledStep, planned: Any, given: int) -> Row:
    ours = (
        planned.argument_size_in_bytes
        + planned.temp_size_in_bytes
        + planned.output_size_in_bytes
        - planned.alias_size_in_bytes
    )
    kept = _activations(step)
    return compared(
        f"memory of a step on the device, WRN-10-1, {_BATCH} + {_BATCH} images of {_EDGE}x{_EDGE}",
        "MiB",
        [ours / _MEBIBYTE],
        baseline_name="counted: student, teacher, optimizer, dataset, and what the passes leave for the gradient",
        baseline=[(given + kept) / _MEBIBYTE],
        most=1 + _WITHIN,
        detail=f"counted activations {kept / _MEBIBYTE:.0f} MiB, the compiler's temporary memory "
        f"{planned.temp_size_in_bytes / _MEBIBYTE:.0f} MiB",
    )


def _activations(step: CompiledStep) -> int:
    """Bytes that the passes of a step leave for its gradient."""
    images: Any = jax.ShapeDtypeStruct((_BATCH, _EDGE, _EDGE, 3), jnp.float32)
    labels: Any = jax.ShapeDtypeStruct((_BATCH,), jnp.int32)
    batch = Batch(images, labels, images, images)

    def kept(state: Any, batch: Batch, root: Any) -> Any:
        def loss(parameters: Any) -> Any:
            student = Variables(parameters, state.student.statistics)
            return step_loss(step.options, student, state.teacher, batch, step_keys(root, state.step))

        return jax.vjp(loss, state.student.parameters, has_aux=True)[1]

    leaves = jax.tree.leaves(jax.eval_shape(kept, step.state, batch, step.data.root))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)


_STATM = "/proc/self/statm"


def _resident(steps: int) -> Row:
    """Memory of this process, on a network so small that its steps are many."""
    step = compiled_step(config_pb2.WideResnet(depth=10, width=1, dropout=0), 2, 8)
    take, per_call = stepping(step.program, step.state, step.data), 100
    seen: list[float] = []
    for _ in range(steps // per_call):
        jax.device_get(take(per_call))
        seen.append(_resident_bytes() / _MEBIBYTE)
    # The first tenth fills what is kept for later.
    settled = seen[len(seen) // 10 :]
    ours, spread = summed_up(settled)
    growth = settled[-1] / settled[0]
    return Row(
        name=f"resident memory over {steps:,} steps",
        unit="MiB",
        ours=ours,
        spread=spread,
        baseline_name="after a tenth of them",
        baseline=settled[0],
        ratio=growth,
        target=f"at most {1 + _GROWTH:.2f}x at the end",
        ok=growth <= 1 + _GROWTH,
        device=device_kind(),
    )


def _resident_bytes() -> int:
    return int(Path(_STATM).read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _bytes(leaf: Any) -> int:
    return jax.random.key_data(leaf).nbytes if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf.nbytes
