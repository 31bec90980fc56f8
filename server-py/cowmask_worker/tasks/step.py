"""One training step on arrays that come with the call; nothing is kept."""

from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.runs.refusal import Violation, camel_case, invalid
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.arrays import array_chunks, to_array
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.weights import Arrays, exported_state, imported, names_of
from cowmask_worker.training.keys import reference_step_keys, step_keys
from cowmask_worker.training.step import Batch, train_step

_BATCH = "batch/"
_KEPT_PROGRAMS = 4


def step(call: Call) -> None:
    """Answers the metrics, then streams the state after the step under the names in which it came."""
    options = call.command.step.options
    config, facts = options.config, facts_of(call.command.step.dataset)
    arrays = {tensor.header.name: to_array(tensor) for tensor in call.tensors()}
    batch = _batch({name: array for name, array in arrays.items() if name.startswith(_BATCH)}, config, facts)
    names = names_of(options.names, config.model)
    model = dataset_network(config.model, facts)
    owned = {name: array for name, array in arrays.items() if not name.startswith(_BATCH)}
    before = imported(owned, assembly.state_shapes(model), names, option="state")
    number = int(before.step)
    if not 0 <= number < config.steps:
        reason = f"must be from 0 to {config.steps - 1:,}, the steps that a run of this config takes; got {number:,}"
        raise invalid([Violation("state.step", reason)])
    call.check()
    with assembly.random_stream(config):
        if options.HasField("key_seed"):
            keys = reference_step_keys(jax.random.key(np.uint32(options.key_seed)))
        else:
            keys = step_keys(assembly.root_key(config), number)
        after, metrics = _program(config.SerializeToString(deterministic=True), facts)(before, batch, keys)
    columns: dict[str, Any] = {name: [float(value)] for name, value in metrics._asdict().items()}
    measured = event_pb2.Metrics(first_step=number, **columns)
    call.send(answer=tasks_pb2.Answer(metrics=measured))
    for name, array in sorted(exported_state(after, names).items()):
        call.send_chunks(array_chunks(name, array))


@lru_cache(_KEPT_PROGRAMS)
def _program(serialized: bytes, facts: DatasetFacts) -> Any:
    """Kept by config, so that a script's second step compiles nothing."""
    config = config_pb2.ExperimentConfig.FromString(serialized)
    model = dataset_network(config.model, facts)
    return jax.jit(partial(train_step, assembly.step_options(config, model)))


def _batch(arrays: Arrays, config: config_pb2.ExperimentConfig, facts: DatasetFacts) -> Batch:
    image = (facts.height, facts.width, facts.channels)
    wanted = {
        "labeled": (np.float32, (config.batch_size, *image)),
        "labels": (np.int32, (config.batch_size,)),
        "unlabeled": (np.float32, (config.unlabeled_batch_size, *image)),
        "unlabeled_second": (np.float32, (config.unlabeled_batch_size, *image)),
    }
    given = {name.removeprefix(_BATCH): array for name, array in arrays.items()}
    wrong = [Violation(f"batch.{name}", "is no part of a batch") for name in given if name not in wanted]
    for name, (dtype, shape) in wanted.items():
        reason = _fault(given.get(name), np.dtype(dtype), shape)
        if reason and (name in given or name != "unlabeled_second"):
            wrong.append(Violation(f"batch.{camel_case(name)}", reason))
    if not wrong and (outside := [label for label in given["labels"] if not 0 <= label < len(facts.classes)]):
        reason = f"must be from 0 to {len(facts.classes) - 1}, the classes of {facts.name}; got {outside[0]}"
        wrong.append(Violation("batch.labels", reason))
    if wrong:
        raise invalid(wrong)
    return Batch(**jax.device_put({"unlabeled_second": given["unlabeled"], **given}))


def _fault(array: NDArray[Any] | None, dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    wanted = f"{dtype} of the shape {list(shape)}"
    if array is None:
        return f"is required: {wanted}"
    if (array.dtype, array.shape) != (dtype, shape):
        return f"must be {wanted}; got {array.dtype} of the shape {list(array.shape)}"
    return "" if np.isfinite(array).all() else "must hold finite numbers only"
