"""The training loop, a generator of events.

Every edge between two dispatches does these things in this order, which must not change:

1. evaluate    the state as it stands, so that a checkpoint is written of a state whose score has been reported
2. checkpoint  before the next dispatch donates the state's buffers; a cancelled run, or one that is complete, ends here
3. fetch       decides how many steps come next, up to the nearest edge; their batches are a function of the step alone
4. step        runs them on the device
5. report      their metrics, after they are known to be finite: nothing non-finite is evaluated or saved

A step number is the count of updates made. A resumed run starts with its restored state at 3, since 1 and 2 of that
edge were done before the checkpoint was there; only a run restored at its very end is evaluated again.
"""

import time
from collections.abc import Callable, Collection, Iterator
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from cowmask_worker.training.checkpoints import CheckpointInfo, NonFiniteState
from cowmask_worker.training.dispatch import MOST_STEPS
from cowmask_worker.training.state import TrainState, Variables
from cowmask_worker.training.step import StepMetrics

SECONDS_PER_DISPATCH = 0.5
"""Metrics come, and a cancel is seen, about this often, however long a step takes."""

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


class Warned(NamedTuple):
    code: Literal["consistency_loss_zero", "teacher_below_student"]
    message: str
    step: int


class Ended(NamedTuple):
    """Always the last event. `non_finite` says what was not finite, and only then is set."""

    state: Literal["succeeded", "cancelled", "failed"]
    step: int
    non_finite: str | None = None


type LoopEvent = Metrics | Evaluated | CheckpointInfo | Warned | Ended


class Program(NamedTuple):
    """What the loop drives, compiled. `dispatch` takes up to `MOST_STEPS` steps and eats the state it is given;
    `evaluate` scores variables on a split."""

    dispatch: Callable[[TrainState, int], tuple[TrainState, StepMetrics]]
    evaluate: Callable[[Variables, str], Score]


class Plan(NamedTuple):
    """When what is done. `consistency` names the paths that are on with a weight above 0: "perturb", "mix"."""

    steps: int
    evaluate_every: int
    checkpoint_every: int
    splits: tuple[str, ...] = ("test",)
    final_splits: tuple[str, ...] = ("test",)
    consistency: tuple[str, ...] = ()


type Save = Callable[[TrainState, int, Collection[str]], CheckpointInfo]
"""Writes a checkpoint of a state at a step; the codes of the warnings given so far are kept with it."""


def run_steps(
    program: Program,
    state: TrainState,
    plan: Plan,
    save: Save,
    *,
    cancelled: Callable[[], bool],
    restored: bool = False,
    warned: Collection[str] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[LoopEvent]:
    """Trains from `state` to the plan's last step or until `cancelled`, which is asked at every edge.

    `restored` says that a checkpoint of `state` exists; `warned` are the warnings not to be given again.
    """
    first = step = int(state.step)
    saved = first if restored else -1
    pace = _Pace()
    watch = _Watch(plan, set(warned))
    while True:
        complete = step >= plan.steps
        if complete or (step > first and step % plan.evaluate_every == 0):
            for split in plan.final_splits if complete else plan.splits:
                scores = [program.evaluate(variables, split) for variables in (state.student, state.teacher)]
                evaluation = Evaluated(step, split, *scores)
                yield evaluation
                yield from watch.evaluation(evaluation)

        stop = complete or cancelled()
        if step > saved and (stop or (step > first and step % plan.checkpoint_every == 0)):
            try:
                yield save(state, step, watch.warned)
            except NonFiniteState as error:
                yield Ended("failed", step, str(error))
                return
            saved = step
        if stop:
            yield Ended("succeeded" if complete else "cancelled", step)
            return

        edges = (plan.evaluate_every, plan.checkpoint_every)
        count = min(pace.count, plan.steps - step, *(every - step % every for every in edges))

        began = clock()
        state, buffer = program.dispatch(state, count)
        columns = StepMetrics(*(column[:count] for column in jax.device_get(buffer)))
        seconds = max(clock() - began, 1e-9)
        pace.measured(count, seconds)

        finite = np.isfinite(columns.loss)
        if not finite.all():
            known = int(finite.argmin()) + 1
            yield Metrics(step, StepMetrics(*(column[:known] for column in columns)), count / seconds)
            yield Ended("failed", step + known - 1, f"the loss of step {step + known - 1} is {columns.loss[known - 1]}")
            return
        yield Metrics(step, columns, count / seconds)
        step += count
        yield from watch.metrics(step, columns)


class _Pace:
    """How many steps a dispatch takes, from how long the last one took. Grows fourfold at most, since the first
    measurements are of few steps."""

    def __init__(self) -> None:
        self.count = 1

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

    def metrics(self, step: int, columns: Any) -> Iterator[Warned]:
        """`consistency_loss_zero`: a path that is on had a loss of exactly 0 at each of the last tenth of the run's
        steps, and at least 100."""
        for path in self._plan.consistency:
            nonzero = np.flatnonzero(getattr(columns, f"{path}_loss"))
            length = len(columns.loss)
            self._zeros[path] = length - 1 - int(nonzero[-1]) if nonzero.size else self._zeros[path] + length
            if self._zeros[path] >= self._patience:
                yield from self._tell(
                    "consistency_loss_zero",
                    f"The {path} loss was exactly 0 at each of the last {self._zeros[path]} steps: the unlabeled "
                    f"images teach nothing. Lower {path}.confidence.threshold, which no image may have reached.",
                    step,
                )

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

    def _tell(
        self, code: Literal["consistency_loss_zero", "teacher_below_student"], text: str, step: int
    ) -> Iterator[Warned]:
        if code not in self.warned:
            self.warned.add(code)
            yield Warned(code, text, step)
