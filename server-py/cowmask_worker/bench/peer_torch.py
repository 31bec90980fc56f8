"""Our training step beside the one that a user would write in eager PyTorch, in an environment of its own."""

import os
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import compiled_step, stepping
from cowmask_worker.bench.row import Row, measured, not_run
from cowmask_worker.bench.turns import in_turn
from cowmask_worker.runs.task_environment import TUNABLES

_FOLDER = Path(__file__).resolve().parents[3] / "bench" / "peer-torch"
_PYTHON = "COWMASK_PEER_TORCH"
"""Names a Python that has what `requirements.txt` of the folder lists."""


class _Turn(NamedTuple):
    """What each side does in its turn."""

    dispatches: int
    steps: int
    """In one dispatch, as many as training would take: half a second's, or one."""


_TURNS = {8: _Turn(dispatches=4, steps=5), 64: _Turn(dispatches=5, steps=1)}


def peer_torch_rows(*, quick: bool) -> Iterator[Row]:
    python = os.environ.get(_PYTHON)
    for batch, turn in _TURNS.items():
        if python is None:
            yield not_run(
                _name(batch),
                "pairs/s",
                baseline_name="eager PyTorch",
                target="at least 1.0x",
                detail=f"not run: {_PYTHON} names no Python that has PyTorch; bench/peer-torch/requirements.txt says "
                "what it needs",
            )
        else:
            yield _row(python, batch, turn, rounds=2 if quick else 7)


def _name(batch: int) -> str:
    return f"Mean Teacher with CowMix, WRN-28-2, batch {batch} + {batch}"


def _row(python: str, batch: int, turn: _Turn, *, rounds: int) -> Row:
    step = compiled_step(config_pb2.WideResnet(depth=28, width=2, dropout=0.3), batch)
    take = stepping(step.program, step.state, step.data)
    steps = turn.dispatches * turn.steps
    peer = subprocess.Popen(
        [python, str(_FOLDER / "step.py"), str(batch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # As its users start it. With our tunables it is as fast.
        env={name: value for name, value in os.environ.items() if name != TUNABLES},
    )
    with peer:
        questions, answers = peer.stdin, peer.stdout
        assert questions is not None
        assert answers is not None
        version = answers.readline().strip()
        if not version:
            raise RuntimeError(f"{python} could not take a step of bench/peer-torch/step.py; its error stands above")

        def ours() -> None:
            for _ in range(turn.dispatches):
                jax.block_until_ready(take(turn.steps))

        def theirs(count: int) -> None:
            print(count, file=questions, flush=True)
            answers.readline()

        # While the one waits, the machine takes back the pages that it has freed; in training nobody waits.
        warm_ups = {"ours": partial(take, turn.steps), "theirs": partial(theirs, turn.steps)}
        times = in_turn({"ours": ours, "theirs": partial(theirs, steps)}, rounds=rounds, warm_ups=warm_ups)
        questions.close()
    rates = {name: [batch * steps / value * 1000 for value in values] for name, values in times.items()}
    return measured(
        _name(batch),
        "pairs/s",
        rates["ours"],
        baseline_name=f"eager PyTorch {version}",
        baseline=rates["theirs"],
        target="at least 1.0x",
        holds=lambda ratio: ratio >= 1,
    )
