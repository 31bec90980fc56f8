"""Writes weights from elsewhere as the first checkpoint of a run."""

from pathlib import Path

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.runs.refusal import Violation, invalid
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.arrays import to_array
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.checkpoint_facts import imported_facts
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.weights import imported, names_of
from cowmask_worker.training import checkpoints


def import_model(call: Call) -> None:
    """Answers the checkpoint; nothing is written unless every array fits."""
    command = call.command.import_model
    config = command.config
    model = dataset_network(config.model, facts_of(command.dataset))
    arrays = {tensor.header.name: to_array(tensor) for tensor in call.tensors()}
    state = imported(arrays, assembly.state_shapes(model), names_of(command.names, config.model), option="weights")
    step = int(state.step)
    if not 0 <= step <= config.steps:
        reason = f"must be from 0 to {config.steps:,}, the steps of the whole run; got {step:,}"
        raise invalid([Violation("weights.step", reason)])
    call.check()
    facts = imported_facts(command.run_id, config)
    info = checkpoints.save(Path(command.checkpoint_folder), state, step=step, facts=facts)
    answer = event_pb2.Checkpoint(step=info.step, digest=info.digest, bytes=info.bytes)
    call.send(answer=tasks_pb2.Answer(imported=answer))
