"""`python -m cowmask_worker.bench.recorded FOLDER RUNS EVENTS`: a registry as many runs have left it.

Written through the registry's own code. The newest run has `EVENTS` events of one step's metrics each between its start
and its end, all others have only started and ended. Says the newest run's id.
"""

import os
import shutil
import sys
import tempfile
from itertools import batched
from pathlib import Path

from cowmask.v1 import event_pb2, experiment_config_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.registry import FILE, Registry, timestamp
from cowmask_worker.runs.requested import Requested
from cowmask_worker.runs.resolve import resolve_experiment
from cowmask_worker.runs.run_id import new_run_id

_PER_TRANSACTION = 1000
# What follows the start of a run, which the registry itself writes as its first event.
_BEGINNING = {2: event_pb2.RUN_STATE_STARTING, 3: event_pb2.RUN_STATE_RUNNING}
_FIRST = 4
# Ten thousand starts would each wait for a disk.
_MEMORY = "/dev/shm"


def main() -> None:
    folder, runs, events = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    print(fill(folder, runs, events))


def fill(folder: Path, runs: int, events: int) -> str:
    """Makes the folder's registry, in memory first; the newest run's id."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.path.isdir(_MEMORY) else None) as aside:
        newest = _fill(Path(aside), runs, events)
        shutil.copy(Path(aside) / FILE, folder)
    return newest


def _fill(folder: Path, runs: int, events: int) -> str:
    facts = CATALOG["digits"]
    config = experiment_config_pb2.ExperimentConfig(steps=max(1, events), batch_size=64)
    config.mix.cowmix.weight = 30
    requested = Requested(config, resolve_experiment(config, facts), dataset_message(facts), "")
    registry = Registry(folder)
    ids = [new_run_id() for _ in range(runs)]
    for run_id in ids:
        registry.start(run_id, requested, b"")
    registry.append([(run_id, _state(seq, state)) for run_id in ids for seq, state in _BEGINNING.items()])
    for steps in batched(range(events), _PER_TRANSACTION):
        registry.append([(ids[-1], metrics_event(step, seq=_FIRST + step)) for step in steps])
    last = {ids[-1]: _FIRST + events}
    registry.append([(run_id, _finished(last.get(run_id, _FIRST), events)) for run_id in ids])
    registry.close()
    return ids[-1]


def metrics_event(step: int, *, seq: int) -> event_pb2.Event:
    """The metrics of one step of a CowMix run."""
    values = [1 / (step + 1 + place) for place in range(9)]
    metrics = event_pb2.Metrics(first_step=step, steps_per_second=20)
    columns = [field for field in metrics.DESCRIPTOR.fields if field.name not in ("first_step", "steps_per_second")]
    for field, value in zip(columns, values, strict=True):
        getattr(metrics, field.name).append(value)
    return event_pb2.Event(seq=seq, attempt=1, time=timestamp(), metrics=metrics)


def _state(seq: int, state: "event_pb2.RunState.ValueType") -> event_pb2.Event:
    return event_pb2.Event(seq=seq, attempt=1, time=timestamp(), state=event_pb2.StateChanged(state=state))


def _finished(seq: int, step: int) -> event_pb2.Event:
    finished = event_pb2.Finished(state=event_pb2.RUN_STATE_SUCCEEDED, step=step)
    return event_pb2.Event(seq=seq, attempt=1, time=timestamp(), finished=finished)


if __name__ == "__main__":
    main()
