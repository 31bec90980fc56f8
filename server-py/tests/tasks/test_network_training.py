"""Every family of networks trains through the product's own path: two steps of a small one on digits."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import attempts
import jax
import numpy as np
import pytest
from attempts import losses
from safetensors.numpy import load_file
from settings import config

from cowmask.v1 import event_pb2
from cowmask_worker.tasks import assembly
from cowmask_worker.training.checkpoints import STATE, named_arrays, newest_verified
from cowmask_worker.training.loop import Program
from cowmask_worker.training.state import TrainState

MODELS: dict[str, dict[str, Any]] = {
    "wide_resnet": {"depth": 10, "width": 1, "dropout": 0.3},
    "shake_shake": {"depth": 8, "width": 4},
    "pyramidnet": {"depth": 11, "alpha": 9, "shake_drop": 0.5},
    "resnet": {"depth": 14, "width": 1},
    "resnext": {"depth": 14, "cardinality": 2, "group_width": 4},
}
STEPS = 2


def attempt(folder: Path, model: str, *, cancelled: bool = False, resume: bool = False) -> list[event_pb2.Event]:
    """One attempt of a run, without what moves parameters besides the gradient; cancelled after its first step."""
    changes: dict[str, Any] = {
        "model": {model: MODELS[model]},
        "optimizer": {"learning_rate": 0.4, "momentum": 0.9, "nesterov": True, "l2": 0, "weight_decay": 0},
        "schedule": {"constant": {}},
        "steps": STEPS,
        "evaluate_every": 100,
        "checkpoint_every": 1,
    }
    events = attempts.attempt(folder, config(**changes), resume=resume, cancel_at=1 if cancelled else None)
    wanted = event_pb2.RUN_STATE_CANCELLED if cancelled else event_pb2.RUN_STATE_SUCCEEDED
    assert events[-1].finished.state == wanted, events[-1].finished.cause
    return events


@pytest.fixture(scope="module", autouse=True)
def compiled_quickly() -> Iterator[None]:
    """Two steps are not worth the time that XLA takes to make them fast."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


class Trained(NamedTuple):
    """An unbroken run: the state it started from and the one it ended with, by the names of their leaves."""

    events: list[event_pb2.Event]
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    @cache
    def train(model: str) -> Trained:
        folder, starts = tmp_path_factory.mktemp(model), list[dict[str, Any]]()
        really = assembly.compiled

        def compiled(config_: Any, dispatch: Any, score: Any, state: TrainState, *others: Any) -> Program:
            # The first step takes the state's memory for its own.
            starts.append(jax.tree.map(np.copy, named_arrays(state)))
            return really(config_, dispatch, score, state, *others)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(assembly, "compiled", compiled)
            events = attempt(folder, model)
        path = newest_verified(folder).path
        assert path is not None
        return Trained(events, starts[0], load_file(path / STATE))

    return train


@pytest.mark.parametrize("model", MODELS)
def test_two_steps_move_all_that_learns_and_stay_finite(trained: Callable[[str], Trained], model: str) -> None:
    events, before, after = trained(model)
    assert len(losses(events)) == STEPS
    assert np.isfinite(losses(events)).all()
    assert all(loss > 0 for event in events for loss in event.metrics.mix_loss)
    assert after.keys() == before.keys()
    assert all(np.isfinite(array).all() for array in after.values())
    assert [name for name in after if (after[name] == before[name]).all()] == []
    for name, array in after.items():
        if name.startswith("teacher/"):
            assert (array != after["student/" + name.removeprefix("teacher/")]).any(), name


def test_resuming_a_network_with_random_gates_is_exact(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    unbroken = trained("shake_shake").events
    first = attempt(tmp_path, "shake_shake", cancelled=True)
    second = attempt(tmp_path, "shake_shake", resume=True)
    assert (len(losses(first)), len(losses(second))) == (1, 1)
    assert losses(first) + losses(second) == losses(unbroken)
    assert second[-1].finished.checkpoint == unbroken[-1].finished.checkpoint
