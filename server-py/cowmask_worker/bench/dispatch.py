"""What the host does between two dispatches, how often it hears of steps, and how soon it sees a cancel."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import jax

from cowmask_worker.bench.quick_start import QuickStart, quick_start, without_edges
from cowmask_worker.bench.row import Row, device_kind, measured, summed_up
from cowmask_worker.tasks.train import Told
from cowmask_worker.training.checkpoints import CheckpointInfo
from cowmask_worker.training.loop import SECONDS_PER_DISPATCH, Kept, LoopEvent, Metrics, run_steps
from cowmask_worker.training.state import TrainState

_NAME = "WRN-10-1 of the quick start"
_MOST = 0.02
_SECONDS = 1.0
_FINDING = 5
_FOR_EVER = 1_000_000


def dispatch_rows(*, quick: bool) -> Iterator[Row]:
    parts = quick_start()
    steps = 400 if quick else 2000
    watched = _Watched(parts, steps)
    launch = watched.launch_ms()
    # The first ones find out how many steps to take.
    dispatches = watched.dispatches[_FINDING:]
    step = [each.seconds * 1000 / each.steps for each in dispatches]
    host = [((after.began - before.ended) * 1000 + launch) / before.steps for before, after in pairwise(dispatches)]
    yield measured(
        f"host time between dispatches, {_NAME}",
        "ms a step",
        host,
        baseline_name=f"the step, {dispatches[-1].steps} a dispatch",
        baseline=step,
        target=f"below {_MOST:.0%} of the step",
        holds=lambda ratio: ratio < _MOST,
        detail=f"an empty dispatch takes {launch:.2f} ms",
    )
    baseline, _ = summed_up(step)
    yield measured(
        f"time between two reports of metrics, {_NAME}",
        "s",
        [after.ended - before.ended for before, after in pairwise(dispatches)],
        baseline_name="what is wanted of a dispatch",
        baseline=[SECONDS_PER_DISPATCH],
        target=f"about {SECONDS_PER_DISPATCH:g} s, or a step",
        holds=lambda ratio: ratio * SECONDS_PER_DISPATCH <= 2 * max(SECONDS_PER_DISPATCH, baseline / 1000),
    )
    seen, spread = summed_up(watched.cancels(3 if quick else 9))
    limit = max(_SECONDS, baseline / 1000)
    yield Row(
        name=f"from a cancel until it is seen, {_NAME}",
        unit="s",
        ours=seen,
        spread=spread,
        baseline_name="a second, or a step",
        baseline=limit,
        ratio=spread[1] / limit,
        target="at most 1x, the slowest",
        ok=spread[1] <= limit,
        device=device_kind(),
    )


class _Dispatch(NamedTuple):
    began: float
    ended: float
    steps: int

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class _Watched:
    """The loop as a trainer drives it, its events made into messages. Notes when it looks at its clock: before each
    dispatch, and when its metrics are there."""

    def __init__(self, parts: QuickStart, steps: int) -> None:
        self._program = parts.program
        self._state = parts.state
        self._kept = Kept()
        self._looks: list[float] = []
        events = self._run(steps, lambda: False)
        counts = [len(event.columns.loss) for event in events if isinstance(event, Metrics)]
        began, ended = self._looks[::2], self._looks[1::2]
        self.dispatches: Sequence[_Dispatch] = list(map(_Dispatch, began, ended, counts))

    def _run(self, steps: int, cancelled: Callable[[], bool]) -> Sequence[LoopEvent]:
        """Goes on from where the last call ended."""
        told = Told()
        events: list[LoopEvent] = []

        def clock() -> float:
            self._looks.append(perf_counter())
            return self._looks[-1]

        def save(state: TrainState, step: int, kept: Kept) -> CheckpointInfo:
            self._state, self._kept = state, kept
            return CheckpointInfo(step, "", 0, Path())

        plan = without_edges(int(self._state.step) + steps)
        loop = run_steps(self._program, self._state, plan, save, cancelled=cancelled, clock=clock, kept=self._kept)
        for event in loop:
            told.event(event).SerializeToString()
            events.append(event)
        return events

    def launch_ms(self) -> float:
        """A dispatch of no step at all: what it takes to start one and hear of its end."""
        taken: list[float] = []
        for _ in range(50):
            began = perf_counter()
            self._state, metrics = self._program.dispatch(self._state, 0)
            jax.device_get(metrics)
            taken.append((perf_counter() - began) * 1000)
        return summed_up(taken)[0]

    def cancels(self, count: int) -> Sequence[float]:
        """Seconds from a cancel at some moment until the loop has asked for it."""
        taken: list[float] = []
        draw = random.Random(0)
        for _ in range(count):
            wanted = threading.Event()
            at: list[float] = []

            def cancel(at: list[float] = at, wanted: threading.Event = wanted) -> None:
                at.append(perf_counter())
                wanted.set()

            seen: list[float] = []

            def cancelled(seen: list[float] = seen, wanted: threading.Event = wanted) -> bool:
                if wanted.is_set():
                    seen.append(perf_counter())
                return bool(seen)

            threading.Timer(0.5 + draw.random(), cancel).start()
            self._run(_FOR_EVER, cancelled)
            taken.append(seen[0] - at[0])
        return taken
