"""Trains one run and reports it as the events of the contract."""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.splits import Splits
from cowmask_worker.models.functional import Functional
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.beating import beating
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.checkpoint_facts import checkpoint_facts, differences
from cowmask_worker.tasks.failures import failure
from cowmask_worker.tasks.file_run import file_program
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.splits import check_same_split, labeled_order, split_fingerprint
from cowmask_worker.tasks.usable_devices import usable_devices
from cowmask_worker.training import checkpoints
from cowmask_worker.training.checkpoints import CheckpointInfo, Skipped
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.layout import Layout, most_that_divide, over_devices
from cowmask_worker.training.loop import (
    Ended,
    Evaluated,
    GoingOn,
    Kept,
    LoopEvent,
    Metrics,
    Program,
    Score,
    Waiting,
    Warned,
    run_steps,
)
from cowmask_worker.training.state import TrainState


def train(call: Call) -> None:
    """Answers a `train` command: the run's events, `finished` always the last."""
    # The libraries stay: to look through them for garbage takes 70 ms, each time that all is looked through.
    gc.freeze()
    with beating(call):
        for event in training(call.command.train, call.data_folder, call.cancelled):
            call.send(event=event)


def training(command: tasks_pb2.Train, data_folder: Path, cancelled: Callable[[], bool]) -> Iterator[event_pb2.Event]:
    """The events of one attempt. Whatever goes wrong is told by `finished`; nothing is raised."""
    told = Told()
    try:
        for event in _attempt(command, data_folder, cancelled):
            yield told.event(event)
    except Exception as error:
        cause = failure(error)
        yield told.finished(event_pb2.RUN_STATE_FAILED, told.step, cause)


class _Restored(NamedTuple):
    """Where an attempt starts. `info` is None for a start from scratch."""

    state: TrainState
    info: CheckpointInfo | None
    kept: Kept


def _attempt(
    command: tasks_pb2.Train, data_folder: Path, cancelled: Callable[[], bool]
) -> Iterator[LoopEvent | event_pb2.Progress | event_pb2.Warning]:
    config, folder = command.config, Path(command.checkpoint_folder)
    began = _now()
    devices = usable_devices()
    layout = over_devices(devices[: most_that_divide(len(devices), config.batch_size, config.unlabeled_batch_size)])
    if layout.devices < len(devices):
        yield _idle_warning(layout.devices, len(devices))
    yield event_pb2.Progress(phase="load_data", steps=config.steps)
    dataset = assembly.load_dataset(facts_of(command.dataset), data_folder)
    parts = assembly.splits(config, dataset)
    fingerprint = split_fingerprint(config, dataset, parts)
    check_same_split(command.split_fingerprint, fingerprint)
    root = assembly.root_key(config)
    yield event_pb2.Progress(
        phase="load_data", duration_ms=_now() - began, steps=config.steps, split_fingerprint=fingerprint
    )

    model = dataset_network(config.model, dataset.facts)
    facts = checkpoint_facts(command.run_id, config, fingerprint, labeled_order(parts), layout.devices)
    restored = None
    if command.resume:
        began = _now()
        yield event_pb2.Progress(phase="restore", steps=config.steps)
        newest = checkpoints.newest_verified(folder)
        yield from _damaged(newest.skipped, newest.path)
        if newest.path is not None:
            manifest = checkpoints.verify(newest.path)
            check_same_split(manifest["facts"].get("split", ""), fingerprint)
            restored = _restored(newest.path, manifest, assembly.state_shapes(model), layout)
            changed = differences(manifest["facts"], facts)
            if changed:
                yield _environment_warning(manifest, changed)
                # On another device steps take another time, and what is too long a dispatch can't be cancelled.
                restored = restored._replace(kept=restored.kept._replace(steps_per_dispatch=1))
        yield event_pb2.Progress(phase="restore", duration_ms=_now() - began, steps=config.steps)

    began = _now()
    yield event_pb2.Progress(phase="compile", steps=config.steps)
    with assembly.random_stream(config):
        start = restored or _Restored(layout.put(assembly.compiled_new_state(model)(root)), None, Kept())
    with _program(config, dataset, model, parts, start.state, layout) as program:
        yield event_pb2.Progress(
            phase="compile", duration_ms=_now() - began, steps=config.steps, devices=layout.devices
        )
        if start.info is not None:
            yield start.info

        def save(state: TrainState, step: int, kept: Kept) -> CheckpointInfo:
            told = {"warned": sorted(kept.warned), "steps_per_dispatch": kept.steps_per_dispatch}
            return checkpoints.save(folder, state, step=step, facts={**facts, **told})

        events = run_steps(
            program,
            start.state,
            assembly.plan(config, dataset.facts),
            save,
            cancelled=cancelled,
            restored=start.info is not None,
            kept=start.kept,
        )
        ended: Ended | None = None
        for event in events:
            if isinstance(event, Ended):
                ended = event
            else:
                yield event
    # Whoever hears of the end may stop this process: what the program owns is given back first.
    if ended is not None:
        yield ended


def _program(
    config: config_pb2.ExperimentConfig,
    dataset: assembly.Dataset,
    model: Functional,
    parts: Splits,
    state: TrainState,
    layout: Layout,
) -> contextlib.AbstractContextManager[Program]:
    if dataset.files is not None:
        return file_program(config, dataset, model, parts, state, layout)
    data = assembly.step_data(config, dataset.images, parts, layout)
    dispatch = many_steps(assembly.one_step(config, dataset.facts, model, layout))
    score = assembly.evaluator(dataset.facts, model, layout)
    return contextlib.nullcontext(assembly.compiled(config, dispatch, score, state, data, dataset, parts, layout))


def _restored(path: Path, manifest: dict[str, object], like: TrainState, layout: Layout) -> _Restored:
    host = checkpoints.load(path, like)
    info = CheckpointInfo(int(host.step), str(manifest["digest"]), int(str(manifest["bytes"])), path)
    facts = manifest["facts"]
    known = facts if isinstance(facts, dict) else {}
    kept = Kept(tuple(known.get("warned", ())), int(known.get("steps_per_dispatch", 1)))
    # The first dispatch donates the state, which must therefore not be the memory of the file that was read.
    return _Restored(layout.put(host, may_alias=False), info, kept)


def _idle_warning(used: int, found: int) -> event_pb2.Warning:
    return event_pb2.Warning(
        code="devices_idle",
        message=f"{used} of {found} devices compute, and the others wait: each takes an equal part of every batch. "
        f"With a batchSize and unlabeledBatchSize that {found} divides, all do.",
    )


def _damaged(skipped: list[Skipped], used: Path | None) -> Iterator[event_pb2.Warning]:
    if skipped:
        reasons = "; ".join(each.reason for each in skipped)
        after = f"step {int(used.name)}" if used else "the beginning, as no other checkpoint verifies"
        yield event_pb2.Warning(
            code="checkpoint_damaged",
            message=f"Skipped {len(skipped)} damaged checkpoint(s): {reasons}. The run goes on from {after}.",
            step=int(used.name) if used else 0,
        )


def _environment_warning(manifest: dict[str, object], changed: list[str]) -> event_pb2.Warning:
    return event_pb2.Warning(
        code="environment_changed",
        message=f"Since the checkpoint was written, {'; '.join(changed)}. "
        "The run goes on, but not bit for bit as it would have.",
        step=int(str(manifest["step"])),
    )


class Told:
    """Turns what an attempt yields into messages, and keeps what `finished` repeats."""

    def __init__(self) -> None:
        self.step = 0
        self._evaluation: event_pb2.Evaluation | None = None
        self._checkpoint: event_pb2.Checkpoint | None = None

    def event(self, event: LoopEvent | event_pb2.Progress | event_pb2.Warning) -> event_pb2.Event:
        match event:
            case event_pb2.Progress():
                return event_pb2.Event(progress=event)
            case event_pb2.Warning():
                return event_pb2.Event(warning=event)
            case Warned():
                return event_pb2.Event(warning=event_pb2.Warning(**event._asdict()))
            case Metrics():
                self.step = event.first_step + len(event.columns.loss)
                columns = {name: np.asarray(column, np.float64) for name, column in event.columns._asdict().items()}
                metrics = event_pb2.Metrics(
                    first_step=event.first_step, steps_per_second=event.steps_per_second, **columns
                )
                return event_pb2.Event(metrics=metrics)
            case Evaluated():
                self._evaluation = event_pb2.Evaluation(
                    step=event.step, split=event.split, student=_score(event.student), teacher=_score(event.teacher)
                )
                return event_pb2.Event(evaluation=self._evaluation)
            case CheckpointInfo():
                self.step = event.step
                self._checkpoint = event_pb2.Checkpoint(step=event.step, digest=event.digest, bytes=event.bytes)
                return event_pb2.Event(checkpoint=self._checkpoint)
            case Waiting():
                return event_pb2.Event(state=event_pb2.StateChanged(state=event_pb2.RUN_STATE_STORAGE_FULL))
            case GoingOn():
                return event_pb2.Event(state=event_pb2.StateChanged(state=event_pb2.RUN_STATE_RUNNING))
            case Ended():
                return self._ended(event)

    def _ended(self, ended: Ended) -> event_pb2.Event:
        if ended.non_finite is not None:
            kept = f"step {self._checkpoint.step}" if self._checkpoint else "none was written yet"
            cause = event_pb2.Failure(
                code="NON_FINITE_LOSS",
                message=f"Training diverged: {ended.non_finite}. The last finite checkpoint stays: {kept}.",
                hint="Lower optimizer.learningRate, add schedule.warmup, or lower the weight of mix or perturb; "
                "nonFiniteLoss: 'skip' leaves out single steps.",
            )
            return self.finished(event_pb2.RUN_STATE_FAILED, ended.step, cause)
        if ended.state == "cancelled":
            where = "where a checkpoint was written" if ended.unsaved is None else f"not saved, as {ended.unsaved}"
            cause = event_pb2.Failure(
                code="CANCELLED_BY_USER",
                message=f"The run was cancelled at step {ended.step}, {where}.",
                hint="Resume the run to go on from there.",
            )
            return self.finished(event_pb2.RUN_STATE_CANCELLED, ended.step, cause)
        return self.finished(event_pb2.RUN_STATE_SUCCEEDED, ended.step, None)

    def finished(
        self, state: "event_pb2.RunState.ValueType", step: int, cause: event_pb2.Failure | None
    ) -> event_pb2.Event:
        return event_pb2.Event(
            finished=event_pb2.Finished(
                state=state, step=step, evaluation=self._evaluation, checkpoint=self._checkpoint, cause=cause
            )
        )


def _score(score: Score) -> event_pb2.Score:
    return event_pb2.Score(**score._asdict())


def _now() -> float:
    """Milliseconds of a clock that only goes forward."""
    return time.monotonic() * 1000
