"""Our training step beside the one that a user would write in eager PyTorch, in an environment of its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.bench.compiled_step import compiled_step
from cowmask_worker.bench.row import Row, not_run, summed_up
from cowmask_worker.bench.turns import in_turn

_FOLDER = Path(__file__).resolve().parents[3] / "bench" / "peer-torch"
_PYTHON = "COWMASK_PEER_TORCH"
"""Names a Python that has what `requirements.txt` of the folder lists."""
_STEPS = {8: 8, 64: 2}


def peer_torch_rows(*, quick: bool) -> Iterator[Row]:
    python = os.environ.get(_PYTHON)
    for batch, steps in _STEPS.items():
        if python is None:
            yield not_run(
                _name(batch),
                "pairs/s",
                baseline_name="eager PyTorch",
                target="at least 1.0x",
                device=jax.devices()[0].device_kind,
                detail=f"not run: {_PYTHON} names no Python that has PyTorch; bench/peer-torch/requirements.txt says "
                "what it needs",
            )
        else:
            yield _row(python, batch, steps, rounds=2 if quick else 7)


def _name(batch: int) -> str:
    return f"Mean Teacher with CowMix, WRN-28-2, batch {batch} + {batch}"


def _row(python: str, batch: int, steps: int, *, rounds: int) -> Row:
    step = compiled_step(config_pb2.WideResnet(depth=28, width=2, dropout=0.3), batch)
    state = step.state
    peer = subprocess.Popen(
        [python, str(_FOLDER / "step.py"), str(batch)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with peer:
        questions, answers = peer.stdin, peer.stdout
        assert questions is not None
        assert answers is not None
        version = answers.readline().strip()
        if not version:
            raise RuntimeError(f"{python} could not take a step of bench/peer-torch/step.py; its error stands above")

        def ours() -> object:
            nonlocal state
            state, metrics = step.program(state, step.data, np.int32(steps))
            return metrics

        def theirs() -> None:
            print(steps, file=questions, flush=True)
            answers.readline()

        measured = in_turn({"ours": ours, "theirs": theirs}, rounds=rounds)
        questions.close()
    rates = {name: [batch * steps / value * 1000 for value in values] for name, values in measured.items()}
    median, spread = summed_up(rates["ours"])
    baseline, _ = summed_up(rates["theirs"])
    return Row(
        name=_name(batch),
        unit="pairs/s",
        ours=median,
        spread=spread,
        baseline_name=f"eager PyTorch {version}",
        baseline=baseline,
        ratio=median / baseline,
        target="at least 1.0x",
        ok=median >= baseline,
        device=jax.devices()[0].device_kind,
    )
