"""The loop: its one order, its edges and how it ends, driven with a real but tiny program."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from cowmask_worker.models.functional import Variables
from cowmask_worker.training.checkpoints import CheckpointInfo, NonFiniteState, NoRoom, save
from cowmask_worker.training.dispatch import MOST_STEPS, many_steps
from cowmask_worker.training.loop import (
    Ended,
    Evaluated,
    GoingOn,
    Kept,
    Metrics,
    Plan,
    Program,
    Score,
    Waiting,
    Warned,
    run_steps,
)
from cowmask_worker.training.state import TrainState, initial_state
from cowmask_worker.training.step import StepMetrics


def start(step: int = 0) -> TrainState:
    state = initial_state(Variables({"w": jnp.float32(1)}, {"s": jnp.float32(0)}))
    return state._replace(step=jnp.int32(step))


def step(state: TrainState, data: Any) -> tuple[TrainState, StepMetrics]:
    """Its loss is the step's number, infinite from step `data[0]` to before `data[2]`; `data[1]` is its mixing loss."""
    number = state.step.astype(jnp.float32)
    loss = jnp.where((number < data[0]) | (number >= data[2]), number, jnp.inf)
    zero = jnp.zeros(())
    metrics = StepMetrics(loss, loss, zero, zero, zero, zero, data[1], zero, zero)
    return state._replace(step=state.step + 1), metrics


DISPATCH = many_steps(step)


class Recorder:
    """A program whose calls are written down, with scores from a table and a clock that ticks `pace` s a step."""

    def __init__(
        self,
        *,
        diverges: int = 10**6,
        recovers: int = 10**6,
        mix_loss: float = 1,
        pace: float = 0.0,
        teacher: float = 0.1,
    ) -> None:
        self.calls: list[tuple[str, int]] = []
        self.time = 0.0
        self._data = jnp.asarray([diverges, mix_loss, recovers], jnp.float32)
        self._pace = pace
        self._teacher = teacher

    def program(self) -> Program:
        return Program(self._dispatch, self._evaluate)

    def _dispatch(self, state: TrainState, count: int) -> tuple[TrainState, StepMetrics]:
        self.calls.append(("dispatch", count))
        self.time += self._pace * count
        return DISPATCH(state, self._data, jnp.int32(count))

    def _evaluate(self, _: Variables, split: str) -> Score:
        self.calls.append((split, 0))
        student = len([name for name, _ in self.calls if name == split]) % 2 == 1
        return Score(1.0, 0.1 if student else self._teacher, 0.0)

    def save(self, state: TrainState, step: int, kept: Kept) -> CheckpointInfo:
        assert int(state.step) == step
        self.calls.append(("save", kept.steps_per_dispatch))
        return CheckpointInfo(step, ",".join(sorted(kept.warned)), 0, Path())


def run(recorder: Recorder, plan: Plan, *, first: int = 0, cancelled: Callable[[], bool] = lambda: False, **more: Any):
    return run_steps(
        recorder.program(), start(first), plan, recorder.save, cancelled=cancelled, clock=lambda: recorder.time, **more
    )


def kinds(events: Iterable[object]) -> list[Any]:
    """Each event by its kind and step, dispatches that follow one another as one."""

    def kind(event: Any) -> Any:
        match event:
            case Metrics():
                return "steps"
            case Evaluated():
                return ("evaluate", event.split, event.step)
            case CheckpointInfo():
                return ("checkpoint", event.step)
            case Warned():
                return (event.code, event.step)
            case Waiting():
                return "waits"
            case GoingOn():
                return "goes on"
            case _:
                return (event.state, event.step)

    return [each for each, _ in itertools.groupby(map(kind, events))]


def test_the_order_at_every_edge() -> None:
    assert kinds(run(Recorder(), Plan(steps=10, evaluate_every=4, checkpoint_every=6))) == [
        "steps",
        ("evaluate", "test", 4),
        "steps",
        ("checkpoint", 6),
        "steps",
        ("evaluate", "test", 8),
        "steps",
        ("evaluate", "test", 10),
        ("checkpoint", 10),
        ("succeeded", 10),
    ]


def test_with_validation_images_the_test_set_is_for_the_end() -> None:
    plan = Plan(4, 2, 4, splits=("validation",), final_splits=("validation", "test"))
    assert [each for each in kinds(run(Recorder(), plan)) if each[0] == "evaluate"] == [
        ("evaluate", "validation", 2),
        ("evaluate", "validation", 4),
        ("evaluate", "test", 4),
    ]


def test_every_step_is_reported_once_and_in_order() -> None:
    events = run(Recorder(pace=0.02), Plan(500, 97, 89))
    columns = [(event.first_step, event.columns.loss) for event in events if isinstance(event, Metrics)]
    assert [first for first, _ in columns] == list(np.cumsum([0, *[len(loss) for _, loss in columns]])[:-1])
    np.testing.assert_array_equal(np.concatenate([loss for _, loss in columns]), np.arange(500))


@pytest.mark.parametrize(("pace", "longest"), [(1e-6, MOST_STEPS), (0.02, 25), (0.3, 1), (10.0, 1)])
def test_a_dispatch_takes_half_a_second_or_the_buffer_or_one_step(pace: float, longest: int) -> None:
    recorder = Recorder(pace=pace)
    list(run(recorder, Plan(1000, 1000, 1000)))
    counts = [count for name, count in recorder.calls if name == "dispatch"]
    assert max(counts) == longest
    assert sum(counts) == 1000
    assert all(after <= 4 * before for before, after in itertools.pairwise(counts))


def test_how_many_steps_a_dispatch_takes_is_kept_and_not_measured_anew() -> None:
    recorder = Recorder(pace=1 / 64)
    list(run(recorder, Plan(200, 1000, 1000)))
    assert recorder.calls[-1] == ("save", 32)
    resumed = Recorder(pace=1 / 64)
    list(run(resumed, Plan(456, 1000, 1000), first=200, restored=True, kept=Kept(steps_per_dispatch=32)))
    assert [count for name, count in resumed.calls if name == "dispatch"] == [32] * 8
    beyond = Recorder(pace=1e-6)
    list(run(beyond, Plan(1000, 1000, 1000), kept=Kept(steps_per_dispatch=10**6)))
    assert beyond.calls[0] == ("dispatch", MOST_STEPS)


def test_steps_per_second_is_measured() -> None:
    rates = [
        event.steps_per_second for event in run(Recorder(pace=0.05), Plan(40, 40, 40)) if isinstance(event, Metrics)
    ]
    assert rates == pytest.approx([20] * len(rates))


@pytest.mark.parametrize("after", range(5))
def test_f13_a_cancel_is_seen_at_the_next_edge_and_saved(after: int) -> None:
    asked = itertools.count()
    events = kinds(run(Recorder(pace=1.0), Plan(10, 3, 4), cancelled=lambda: next(asked) >= after))
    assert events[-2:] == [("checkpoint", after), ("cancelled", after)]


def test_a_run_that_is_complete_is_not_cancelled() -> None:
    asked = itertools.count()
    events = kinds(run(Recorder(pace=1.0), Plan(3, 3, 3), cancelled=lambda: next(asked) >= 3))
    assert events[-1] == ("succeeded", 3)


def test_a_restored_run_repeats_neither_evaluation_nor_checkpoint() -> None:
    events = kinds(run(Recorder(), Plan(8, 4, 4), first=4, restored=True))
    assert events == ["steps", ("evaluate", "test", 8), ("checkpoint", 8), ("succeeded", 8)]
    assert kinds(run(Recorder(), Plan(8, 4, 4), first=4, restored=True, cancelled=lambda: True)) == [("cancelled", 4)]
    assert kinds(run(Recorder(), Plan(8, 4, 4), first=8, restored=True)) == [("evaluate", "test", 8), ("succeeded", 8)]


class Full(Recorder):
    """Its disk has room again at the third try of every save."""

    tries = 0

    def save(self, state: TrainState, step: int, kept: Kept) -> CheckpointInfo:
        self.tries += 1
        if self.tries % 3:
            raise NoRoom(Path("/"), 10**15)
        return super().save(state, step, kept)


def test_f4_a_run_stands_still_until_there_is_room_and_goes_on_as_if_nothing_was() -> None:
    plan = Plan(steps=8, evaluate_every=8, checkpoint_every=4)
    waits: list[int] = []
    events = list(run(full := Full(pace=1.0), plan, wait=lambda: waits.append(full.tries)))
    assert kinds(events) == [
        "steps",
        ("storage_full", 4),
        "waits",
        "goes on",
        ("checkpoint", 4),
        "steps",
        ("evaluate", "test", 8),
        ("storage_full", 8),
        "waits",
        "goes on",
        ("checkpoint", 8),
        ("succeeded", 8),
    ]
    assert waits == [1, 2, 4, 5]
    losses = [event.columns.loss for event in events if isinstance(event, Metrics)]
    np.testing.assert_array_equal(np.concatenate(losses), np.arange(8))


@pytest.mark.parametrize("step", [4, 8])
def test_f4_a_run_that_waits_for_room_can_be_cancelled(step: int) -> None:
    full = Full(pace=1.0)
    plan = Plan(steps=8, evaluate_every=8, checkpoint_every=4)
    last = {4: 2, 8: 5}[step]
    ended = list(run(full, plan, cancelled=lambda: full.tries >= last, wait=lambda: None))[-1]
    assert isinstance(ended, Ended)
    assert (ended.state, ended.step) == ("cancelled", step)
    assert "1,000,000,000,000,000 bytes" in str(ended.unsaved)


def test_f7_a_loss_that_is_not_finite_ends_the_run_before_it_is_saved() -> None:
    events = list(run(Recorder(pace=0.05, diverges=13), Plan(40, 20, 5)))
    assert kinds(events)[-4:] == ["steps", ("checkpoint", 10), "steps", ("failed", 13)]
    metrics = [event for event in events if isinstance(event, Metrics)]
    assert np.concatenate([event.columns.loss for event in metrics]).tolist() == [*range(13), np.inf]
    assert isinstance(events[-1], Ended)
    assert events[-1].non_finite == "the loss of step 13 is inf"


@pytest.mark.parametrize("what", ["skip", "continue"])
def test_f7_steps_that_are_not_finite_are_told_once_and_the_run_goes_on(what: Any) -> None:
    plan = Plan(40, 40, 10, non_finite=what)
    events = list(run(Recorder(pace=0.1, diverges=13, recovers=17), plan))
    losses = np.concatenate([event.columns.loss for event in events if isinstance(event, Metrics)])
    assert np.flatnonzero(~np.isfinite(losses)).tolist() == [13, 14, 15, 16]
    assert warnings(iter(events)) == [("non_finite_loss", 13)]
    assert kinds(events)[-2:] == [("checkpoint", 40), ("succeeded", 40)]


def test_f7_skipping_ends_where_it_does_not_help() -> None:
    plan = Plan(1000, 1000, 40, non_finite="skip")
    events = list(run(Recorder(pace=0.1, diverges=50), plan))
    assert kinds(events)[-1] == ("failed", 150)
    assert "none of the last 100 steps could be taken" in str(events[-1])
    succeeded = list(run(Recorder(pace=0.1, diverges=50, recovers=149), plan._replace(steps=300)))
    assert kinds(succeeded)[-1] == ("succeeded", 300)


def test_f7_a_run_that_continues_saves_no_state_that_is_not_finite() -> None:
    class Broken(Recorder):
        """Its state is not finite at edges 4 and 6."""

        def save(self, state: TrainState, step: int, kept: Kept) -> CheckpointInfo:
            if step in (4, 6):
                raise NonFiniteState("it is not")
            return super().save(state, step, kept)

    plan = Plan(8, 8, 2, non_finite="continue")
    saved = [each for each in kinds(run(Broken(pace=1.0), plan)) if each[0] in ("checkpoint", "succeeded")]
    assert saved == [("checkpoint", 2), ("checkpoint", 8), ("succeeded", 8)]
    assert kinds(run(Broken(pace=1.0), plan._replace(steps=6)))[-1] == ("failed", 6), "there is no model at its end"
    asked = itertools.count()
    cancelled = list(run(Broken(pace=1.0), plan, cancelled=lambda: next(asked) >= 4))
    assert cancelled[-1] == Ended("cancelled", 4, unsaved="it is not")


def test_f7_a_state_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    recorder = Recorder()

    def broken() -> TrainState:
        return start()._replace(teacher=Variables({"w": jnp.float32(jnp.nan)}, {"s": jnp.float32(0)}))

    def really(state: TrainState, step: int, _: Kept) -> CheckpointInfo:
        return save(tmp_path, state, step=step, facts={})

    events = list(run_steps(recorder.program(), broken(), Plan(4, 4, 2), really, cancelled=lambda: False))
    assert kinds(events) == ["steps", ("failed", 2)]
    assert "teacher/parameters/w" in str(events[-1])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NonFiniteState):
        really(broken(), 0, Kept())


def warnings(events: Iterator[Any]) -> list[tuple[str, int]]:
    return [(event.code, event.step) for event in events if isinstance(event, Warned)]


def test_a_consistency_loss_that_stays_zero_is_told_once() -> None:
    plan = Plan(400, 400, 400, consistency=("mix",))
    assert warnings(run(Recorder(mix_loss=0, pace=0.1), plan)) == [("consistency_loss_zero", 100)]
    assert warnings(run(Recorder(mix_loss=1e-30), plan)) == []
    assert warnings(run(Recorder(mix_loss=0), plan._replace(consistency=()))) == []
    assert warnings(run(Recorder(mix_loss=0), plan, kept=Kept(["consistency_loss_zero"]))) == []


def test_a_worse_teacher_is_told_once_in_the_second_half() -> None:
    plan = Plan(40, 5, 40)
    assert warnings(run(Recorder(teacher=0.13), plan)) == [("teacher_below_student", 20)]
    assert warnings(run(Recorder(teacher=0.11), plan)) == []
    (final,) = [event for event in run(Recorder(teacher=0.13), plan) if isinstance(event, CheckpointInfo)]
    assert final.digest == "teacher_below_student"


@pytest.mark.parametrize("parts", [[12], [1] * 12, [5, 7], [3, 4, 5]])
def test_how_steps_are_grouped_alters_nothing(parts: list[int]) -> None:
    data = jnp.asarray([1e6, 1, 1e6], jnp.float32)
    state, losses = start(), []
    for count in parts:
        state, columns = DISPATCH(state, data, jnp.int32(count))
        losses += np.asarray(columns.loss)[:count].tolist()
    assert losses == list(range(12))
    assert int(state.step) == 12
