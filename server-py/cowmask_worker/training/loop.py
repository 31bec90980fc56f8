"""The training loop, a generator of events.

Every edge between two dispatches does these things in this order, which must not change:

1. evaluate    the state as it stands, so that a checkpoint is written of a state whose score has been reported
2. checkpoint  before the next dispatch donates the state's buffers; a cancelled run, or one that is complete, ends here
3. fetch       decides how many steps come next, up to the nearest edge; their batches are a function of the step alone
4. step        runs them on the device
5. report      their metrics; a loss that is not finite ends the run here, unless the plan says otherwise

Nothing that is not finite is ever saved.

A step number is the count of updates made. A resumed run starts with its restored state at 3, since 1 and 2 of that
edge were done before the checkpoint was there; only a run restored at its very end is evaluated again.
"""

import time
from collections.abc import Callable, Collection, Generator, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from cowmask_worker.training.checkpoints import CheckpointInfo, NonFiniteState, NoRoom
from cowmask_worker.training.dispatch import MOST_STEPS
from cowmask_worker.training.state import TrainState, Variables
from cowmask_worker.training.step import StepMetrics

SECONDS_PER_DISPATCH = 0.5
"""Metrics come, and a cancel is seen, about this often, however long a step takes."""

SECONDS_TO_NEXT_TRY = 1.0
"""Where a checkpoint waits for room on the disk."""

TEACHER_MARGIN = 0.02
"""How far, as a share of the images, the teacher's error must exceed the student's to be worth a warning."""


class Metrics(NamedTuple):
    """What the steps of one dispatch measured: a float32 column each, the first value of step `first_step`."""

    first_step: int
    columns: StepMetrics
    steps_per_second: float


class Score(NamedTuple):
    """Mean cross entropy, the share of the images answered wrongly, and that of those answered wrongly five times."""

    loss: float
    error: float
    top5_error: float


class Evaluated(NamedTuple):
    step: int
    split: str
    student: Score
    teacher: Score


type WarningCode = Literal["consistency_loss_zero", "teacher_below_student", "non_finite_loss", "storage_full"]


class Warned(NamedTuple):
    code: WarningCode
    message: str
    step: int


class Ended(NamedTuple):
    """Always the last event. `non_finite` says what was not finite where that ended the run, `unsaved` why a cancelled
    run has no checkpoint of its last step."""

    state: Literal["succeeded", "cancelled", "failed"]
    step: int
    non_finite: str | None = None
    unsaved: str | None = None


class Waiting(NamedTuple):
    """The run stands still at a step until there is room for its checkpoint; `GoingOn` follows, or the end."""

    step: int


class GoingOn(NamedTuple):
    step: int


type LoopEvent = Metrics | Evaluated | CheckpointInfo | Warned | Waiting | GoingOn | Ended


class Program(NamedTuple):
    """What the loop drives, compiled. `dispatch` takes up to `MOST_STEPS` steps and eats the state it is given;
    `evaluate` scores variables on a split."""

    dispatch: Callable[[TrainState, int], tuple[TrainState, StepMetrics]]
    evaluate: Callable[[Variables, str], Score]


type NonFinite = Literal["halt", "skip", "continue"]


class Plan(NamedTuple):
    """When what is done. `consistency` names the paths that are on with a weight above 0: "perturb", "mix".

    `non_finite` says what a loss that is not finite does: it ends the run, or its step has been skipped by the program,
    or nothing.
    """

    steps: int
    evaluate_every: int
    checkpoint_every: int
    splits: tuple[str, ...] = ("test",)
    final_splits: tuple[str, ...] = ("test",)
    consistency: tuple[str, ...] = ()
    non_finite: NonFinite = "halt"


class Kept(NamedTuple):
    """What a checkpoint keeps of the loop: the codes of the warnings given so far, and how many steps a dispatch took,
    so that a resumed run need not find that out again."""

    warned: Collection[str] = ()
    steps_per_dispatch: int = 1


type Save = Callable[[TrainState, int, Kept], CheckpointInfo]
"""Writes a checkpoint of a state at a step."""


def run_steps(
    program: Program,
    state: TrainState,
    plan: Plan,
    save: Save,
    *,
    cancelled: Callable[[], bool],
    restored: bool = False,
    kept: Kept = Kept(),  # noqa: B008 - it can't be changed
    clock: Callable[[], float] = time.perf_counter,
    wait: Callable[[], None] = lambda: time.sleep(SECONDS_TO_NEXT_TRY),
) -> Iterator[LoopEvent]:
    """Trains from `state` to the plan's last step or until `cancelled`, which is asked at every edge.

    Where the disk has no room for a checkpoint, it waits and tries again, until `cancelled`.

    `restored` says that a checkpoint of `state` exists, `kept` what is kept with it.
    """
    first = step = int(state.step)
    saved = first if restored else -1
    pace = _Pace(kept.steps_per_dispatch)
    watch = _Watch(plan, set(kept.warned))
    while True:
        complete = step >= plan.steps
        if complete or (step > first and step % plan.evaluate_every == 0):
            for split in plan.final_splits if complete else plan.splits:
                scores = [program.evaluate(variables, split) for variables in (state.student, state.teacher)]
                evaluation = Evaluated(step, split, *scores)
                yield evaluation
                yield from watch.evaluation(evaluation)

        stop = complete or cancelled()
        unsaved: str | None = None
        if step > saved and (stop or (step > first and step % plan.checkpoint_every == 0)):
            try:
                write = partial(save, state, step, Kept(watch.warned, pace.count))
                unsaved = yield from _saved(write, step, cancelled, wait)
                stop = stop or unsaved is not None
            except NonFiniteState as error:
                if complete or plan.non_finite != "continue":
                    yield Ended("failed", step, str(error))
                    return
                unsaved = str(error)
            if unsaved is None:
                saved = step
        if stop:
            yield Ended("succeeded" if complete and unsaved is None else "cancelled", step, unsaved=unsaved)
            return

        edges = (plan.evaluate_every, plan.checkpoint_every)
        count = min(pace.count, plan.steps - step, *(every - step % every for every in edges))

        began = clock()
        state, buffer = program.dispatch(state, count)
        columns = StepMetrics(*(column[:count] for column in jax.device_get(buffer)))
        seconds = max(clock() - began, 1e-9)
        pace.measured(count, seconds)

        finite = np.isfinite(columns.loss)
        if plan.non_finite == "halt" and not finite.all():
            known = int(finite.argmin()) + 1
            yield Metrics(step, StepMetrics(*(column[:known] for column in columns)), count / seconds)
            yield Ended("failed", step + known - 1, f"the loss of step {step + known - 1} is {columns.loss[known - 1]}")
            return
        yield Metrics(step, columns, count / seconds)
        step += count
        yield from watch.metrics(step, columns)
        yield from watch.losses(step, columns.loss)
        if watch.skipped_in_vain:
            yield Ended("failed", step, f"none of the last {watch.skipped_in_vain} steps could be taken")
            return


def _saved(
    save: Callable[[], CheckpointInfo], step: int, cancelled: Callable[[], bool], wait: Callable[[], None]
) -> Generator[LoopEvent, None, str | None]:
    """Saves as soon as there is room. Returns None, or why there is no checkpoint of a run that was cancelled."""
    waiting = False
    while True:
        try:
            info = save()
        except NoRoom as full:
            if not waiting:
                waiting = True
                yield Warned(
                    "storage_full", f"The run waits, since {full}. Make room: it then goes on by itself.", step
                )
                yield Waiting(step)
            if cancelled():
                return str(full)
            wait()
            continue
        if waiting:
            yield GoingOn(step)
        yield info
        return None


class _Pace:
    """How many steps a dispatch takes, from how long the last one took. Grows fourfold at most, since the first
    measurements are of few steps."""

    def __init__(self, count: int) -> None:
        self.count = max(1, min(count, MOST_STEPS))

    def measured(self, count: int, seconds: float) -> None:
        wanted = int(SECONDS_PER_DISPATCH * count / seconds)
        self.count = max(1, min(wanted, 4 * self.count, MOST_STEPS))


class _Watch:
    """Notices what looks wrong without being an error; each code is told once a run."""

    def __init__(self, plan: Plan, warned: set[str]) -> None:
        self.warned = warned
        self._plan = plan
        self._zeros = dict.fromkeys(plan.consistency, 0)
        self._patience = max(100, plan.steps // 10)
        self._skipped = 0

    def metrics(self, step: int, columns: Any) -> Iterator[Warned]:
        """`consistency_loss_zero`: a path that is on had a loss of exactly 0 at each of the last tenth of the run's
        steps, and at least 100."""
        for path in self._plan.consistency:
            self._zeros[path] = _at_the_end(getattr(columns, f"{path}_loss") == 0, self._zeros[path])
            if self._zeros[path] >= self._patience:
                yield from self._tell(
                    "consistency_loss_zero",
                    f"The {path} loss was exactly 0 at each of the last {self._zeros[path]} steps: the unlabeled "
                    f"images teach nothing. Lower {path}.confidence.threshold, which no image may have reached.",
                    step,
                )

    def losses(self, step: int, losses: Any) -> Iterator[Warned]:
        """`non_finite_loss`: a step had a loss that is not finite, and the run goes on as it was told to."""
        bad = ~np.isfinite(losses)
        self._skipped = _at_the_end(bad, self._skipped)
        if bad.any():
            place = int(bad.argmax())
            number = step - len(losses) + place
            done = "was skipped" if self._plan.non_finite == "skip" else "counted like any other"
            yield from self._tell(
                "non_finite_loss",
                f"The loss of step {number} is {losses[place]}; the step {done}, as nonFiniteLoss says. More of them "
                "show in the metrics and are not told again. Lower optimizer.learningRate if there are many.",
                number,
            )

    @property
    def skipped_in_vain(self) -> int:
        """How many steps were skipped in a row, if they are so many that more would not help; else 0."""
        return self._skipped if self._plan.non_finite == "skip" and self._skipped >= self._patience else 0

    def evaluation(self, evaluation: Evaluated) -> Iterator[Warned]:
        """`teacher_below_student`: in the run's second half, the teacher's error exceeds the student's by more than
        `TEACHER_MARGIN`."""
        student, teacher = evaluation.student.error, evaluation.teacher.error
        if evaluation.step * 2 >= self._plan.steps and teacher > student + TEACHER_MARGIN:
            yield from self._tell(
                "teacher_below_student",
                f"The teacher answers {teacher:.1%} of the {evaluation.split} images wrongly, the student "
                f"{student:.1%}: the teacher lags behind. Lower teacher.alpha, or train for more steps.",
                evaluation.step,
            )

    def _tell(self, code: WarningCode, text: str, step: int) -> Iterator[Warned]:
        if code not in self.warned:
            self.warned.add(code)
            yield Warned(code, text, step)


def _at_the_end(marked: Any, before: int) -> int:
    """How many are marked in a row at the end, when `before` were so at the end of what came before."""
    others = np.flatnonzero(~np.asarray(marked))
    return len(marked) - 1 - int(others[-1]) if others.size else before + len(marked)
