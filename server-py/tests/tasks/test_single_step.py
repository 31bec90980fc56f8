"""One step on arrays of the caller is the step that a run takes."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray
from settings import DATASET, config
from task_call import answered

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2, experiments_pb2
from cowmask_worker.data.augmentation import normalize
from cowmask_worker.data.batches import BatchOptions, fetch_batch
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks import step as step_module
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.step import step
from cowmask_worker.tasks.weights import exported_state
from cowmask_worker.training.dispatch import many_steps
from cowmask_worker.training.state import TrainState

type Arrays = dict[str, NDArray[Any]]

DIGITS = CATALOG["digits"]
CONFIG = config(model={"wide_resnet": {"depth": 10, "width": 1, "dropout": 0}})


def step_(arrays: Arrays, config_: Any = CONFIG, **options: Any) -> tuple[event_pb2.Metrics, Arrays]:
    asked = tasks_pb2.Step(
        options=experiments_pb2.StepOptions(config=config_, names="cowmask", **options), dataset=DATASET
    )
    answer, state = answered(step, arrays, step=asked)
    return answer.metrics, dict(state)


class Run:
    """What a run of the config starts from, sees and does."""

    def __init__(self) -> None:
        dataset = assembly.load_dataset(DIGITS, Path())
        model = dataset_network(CONFIG.model, DIGITS)
        self.data = assembly.step_data(CONFIG, dataset.images, assembly.splits(CONFIG, dataset))
        self.start = assembly.compiled_new_state(model)(self.data.root)
        self.steps = many_steps(assembly.one_step(CONFIG, DIGITS, model))

    def batch(self, number: int) -> Arrays:
        options = BatchOptions(labeled=16, unlabeled=16, shift=1, flip=False, second_view=False)
        keys = assembly.stream_keys(self.data.root)
        raw = fetch_batch(self.data.pool, keys, jnp.int32(number), options)
        first, second = (normalize(each, DIGITS.mean, DIGITS.std) for each in (raw.labeled, raw.unlabeled))
        return {
            "batch/labeled": np.asarray(first),
            "batch/labels": np.asarray(raw.labels, np.int32),
            "batch/unlabeled": np.asarray(second),
        }


@pytest.fixture(scope="module")
def run() -> Run:
    return Run()


@pytest.fixture(scope="module")
def start(run: Run) -> Arrays:
    return exported_state(run.start, None)


def values(metrics: event_pb2.Metrics) -> dict[str, float]:
    return {field.name: getattr(metrics, field.name)[0] for field in metrics.DESCRIPTOR.fields if field.is_repeated}


def test_two_steps_are_the_first_two_of_a_run(run: Run, start: Arrays) -> None:
    state, found = start, []
    for number in range(2):
        metrics, state = step_(state | run.batch(number))
        assert metrics.first_step == number
        found.append(values(metrics))
    after, expected = run.steps(jax.tree.map(jnp.copy, run.start), run.data, jnp.int32(2))
    for number in range(2):
        for name, column in jax.device_get(expected)._asdict().items():
            assert found[number][name] == pytest.approx(column[number], rel=2e-5, abs=1e-7), name
    assert isinstance(after, TrainState)
    assert int(state["step"]) == 2
    for name, array in exported_state(after, None).items():
        # Momentum in front of a batch norm is the rounding of zero.
        np.testing.assert_allclose(state[name], array, rtol=1e-3, atol=2e-5 * max(1, np.abs(array).max()), err_msg=name)


def test_a_second_step_compiles_nothing_and_says_the_same(run: Run, start: Arrays) -> None:
    arrays = start | run.batch(0)
    first = step_(arrays)
    seen: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(listen := lambda event, *_, **__: seen.append(event))
    try:
        second = step_(arrays)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert "/jax/core/compile/backend_compile_duration" not in seen
    assert first[0] == second[0]
    for name, array in first[1].items():
        np.testing.assert_array_equal(array, second[1][name], name)


def test_a_model_alone_is_a_state_of_step_0(run: Run, start: Arrays) -> None:
    model = {name.removeprefix("teacher/"): array for name, array in start.items() if name.startswith("teacher/")}
    assert values(step_(model | run.batch(0))[0]) == values(step_(start | run.batch(0))[0])


def test_the_key_is_that_of_the_step_or_of_the_seed_that_is_given(run: Run, start: Arrays) -> None:
    def mixed(number: int, **options: Any) -> float:
        state = start | {"step": np.asarray(number, np.int32)}
        return values(step_(state | run.batch(0), **options)[0])["mix_loss"]

    assert mixed(0) != mixed(1)
    seeds = [mixed(0, key_seed=seed) for seed in (0, 1, 2**32 - 1)]
    assert len({*seeds, mixed(0)}) == 4
    assert mixed(1, key_seed=1) == seeds[1]


def test_the_random_stream_is_the_configs(run: Run, start: Arrays) -> None:
    other = config(model={"wide_resnet": {"depth": 10, "width": 1, "dropout": 0}}, random_stream="reference")
    arrays = start | run.batch(0)
    current, reference = (values(step_(arrays, each, key_seed=1)[0]) for each in (CONFIG, other))
    assert current["mix_loss"] != reference["mix_loss"]
    assert current["labeled_loss"] == pytest.approx(reference["labeled_loss"], rel=1e-6), "nothing is drawn for it"


IMAGES = np.zeros((16, 8, 8, 1), np.float32)
BATCH = {"batch/labeled": IMAGES, "batch/labels": np.zeros(16, np.int32), "batch/unlabeled": IMAGES}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            dict.fromkeys(BATCH),
            [
                ("batch.labeled", "is required: float32 of the shape [16, 8, 8, 1]"),
                ("batch.labels", "is required: int32 of the shape [16]"),
                ("batch.unlabeled", "is required: float32 of the shape [16, 8, 8, 1]"),
            ],
        ),
        (
            {"batch/labeled": IMAGES[:15], "batch/unlabeled_second": IMAGES.astype(np.int32), "batch/more": IMAGES},
            [
                ("batch.more", "is no part of a batch"),
                ("batch.labeled", "must be float32 of the shape [16, 8, 8, 1]; got float32 of the shape [15, 8, 8, 1]"),
                (
                    "batch.unlabeledSecond",
                    "must be float32 of the shape [16, 8, 8, 1]; got int32 of the shape [16, 8, 8, 1]",
                ),
            ],
        ),
        (
            {"batch/labels": np.full(16, 10, np.int32)},
            [("batch.labels", "must be from 0 to 9, the classes of digits; got 10")],
        ),
        (
            {"batch/labels": np.full(16, -1, np.int32)},
            [("batch.labels", "must be from 0 to 9, the classes of digits; got -1")],
        ),
        (
            {"batch/unlabeled": np.full((16, 8, 8, 1), np.inf, np.float32)},
            [("batch.unlabeled", "must hold finite numbers only")],
        ),
        (
            {"step": np.asarray(12, np.int32)},
            [("state.step", "must be from 0 to 11, the steps that a run of this config takes; got 12")],
        ),
        (
            {"step": np.asarray(-1, np.int32)},
            [("state.step", "must be from 0 to 11, the steps that a run of this config takes; got -1")],
        ),
        (
            {"student/parameters/x": IMAGES},
            [("state.student/parameters/x", "is no part of this model")],
        ),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_compiled(
    start: Arrays, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(step_module, "_program", None)
    arrays = {name: array for name, array in (start | BATCH | change).items() if array is not None}
    with pytest.raises(Refusal) as refused:
        step_(arrays)
    assert [(each.path, each.reason) for each in refused.value.violations] == expected
