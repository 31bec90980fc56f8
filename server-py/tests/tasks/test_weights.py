"""Weights of every kind of network go out and come in under both kinds of names; wrong ones are named."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from google.protobuf import json_format
from numpy.typing import NDArray
from settings import config
from task_call import answered

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.imports import import_model
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.weights import exported, exported_state, imported, names_of
from cowmask_worker.training import checkpoints
from cowmask_worker.training.checkpoints import named_arrays, state_digest
from cowmask_worker.training.state import TrainState

type Arrays = dict[str, NDArray[Any]]

MODELS = {
    "wide_resnet": {"depth": 10, "width": 1, "dropout": 0.3},
    "shake_shake": {"depth": 8, "width": 2},
    "pyramidnet": {"depth": 11, "alpha": 6, "shake_drop": 0.5},
    "resnet": {"depth": 14, "width": 1},
    "resnext": {"depth": 14, "cardinality": 2, "group_width": 2},
}
THEIR_FIRST = {
    "wide_resnet": "WideResnetGroup_0/WideResnetBlock_0/conv1/kernel",
    "shake_shake": "WideResnetShakeShakeGroup_0/ShakeShakeBlock_0/conv_a_1/kernel",
    "pyramidnet": "BottleneckShakeDrop_0/1x1_conv_contract/kernel",
    "resnet": "BottleneckBlock_0/conv1/kernel",
    "resnext": "BottleneckBlock_0/conv1/kernel",
}


def model(name: str = "wide_resnet") -> config_pb2.ModelConfig:
    return json_format.ParseDict({name: MODELS[name]}, config_pb2.ModelConfig())


@lru_cache
def like(name: str = "wide_resnet") -> TrainState:
    functional = dataset_network(model(name), CATALOG["digits"])
    return jax.eval_shape(lambda key: assembly.new_state(functional, key), jax.random.key(0))


@lru_cache
def state(name: str = "wide_resnet") -> TrainState:
    """Numbers of every leaf's own."""
    random = np.random.default_rng(7)
    leaves, structure = jax.tree.flatten(like(name))
    drawn = [random.standard_normal(leaf.shape, np.float32) for leaf in leaves]
    return jax.tree.unflatten(structure, drawn)._replace(step=np.asarray(3, np.int32))


@pytest.mark.parametrize("kind", ["cowmask", "reference"])
@pytest.mark.parametrize("name", MODELS)
def test_a_whole_state_comes_back_bit_for_bit(name: str, kind: str) -> None:
    names = names_of(kind, model(name))
    arrays = exported_state(state(name), names)
    for owner in ("student", "teacher", "momentum"):
        assert (f"{owner}/{THEIR_FIRST[name]}" in arrays) == (kind == "reference")
    back = imported(arrays, like(name), names, option="weights")
    assert jax.tree.structure(back) == jax.tree.structure(like(name))
    assert state_digest(back) == state_digest(state(name))


@pytest.mark.parametrize("kind", ["cowmask", "reference"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_becomes_student_and_teacher(name: str, kind: str) -> None:
    names = names_of(kind, model(name))
    arrays = exported(state(name).teacher, names)
    assert (THEIR_FIRST[name] in arrays) == (kind == "reference")
    back = imported(arrays, like(name), names, option="weights")
    expected = named_arrays(state(name).teacher)
    for each in (back.student, back.teacher):
        for path, array in named_arrays(each).items():
            np.testing.assert_array_equal(array, expected[path], path)
    assert int(back.step) == 0
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(back.momentum))
    # A step that donates its state may not be given one buffer twice.
    pairs = zip(jax.tree.leaves(back.student), jax.tree.leaves(back.teacher), strict=True)
    assert not any(np.shares_memory(np.asarray(one), np.asarray(other)) for one, other in pairs)


def test_our_names_are_those_in_a_checkpoints_file() -> None:
    assert exported_state(state(), None).keys() == named_arrays(state()).keys()


@pytest.mark.parametrize("absent", ["teacher", "momentum", "step"])
def test_a_state_may_lack_all_but_its_student(absent: str) -> None:
    arrays = {name: array for name, array in exported_state(state(), None).items() if not name.startswith(absent)}
    back = named_arrays(imported(arrays, like(), None, option="weights"))
    for name, array in named_arrays(state()).items():
        if name.startswith("teacher/") and absent == "teacher":
            np.testing.assert_array_equal(back[name], back["student/" + name.removeprefix("teacher/")])
        elif name.startswith(absent):
            assert not back[name].any()
        else:
            np.testing.assert_array_equal(back[name], array)


def faults(arrays: Arrays, kind: str = "cowmask") -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as refused:
        imported(arrays, like(), names_of(kind, model()), option="weights")
    assert refused.value.failure.code == "INVALID_OPTION"
    return [(each.path, each.reason) for each in refused.value.violations]


KERNEL = "student/parameters/stem/kernel"
SHAPE = "[3, 3, 1, 16]"


def without(arrays: Arrays) -> None:
    del arrays[KERNEL]


def with_another(arrays: Arrays) -> None:
    arrays["student/parameters/stem/scale"] = np.zeros(16, np.float32)


def misshapen(arrays: Arrays) -> None:
    arrays[KERNEL] = arrays[KERNEL].reshape(9, 16)


def retyped(arrays: Arrays) -> None:
    arrays[KERNEL] = arrays[KERNEL].astype(np.int32)


def retyped_step(arrays: Arrays) -> None:
    arrays["step"] = np.asarray(3, np.float32)


def step_with_a_dimension(arrays: Arrays) -> None:
    arrays["step"] = np.asarray([3], np.int32)


def not_a_number(arrays: Arrays) -> None:
    arrays[KERNEL] = arrays[KERNEL].copy()
    arrays[KERNEL][1, 2, 0, 5] = np.nan


def infinite(arrays: Arrays) -> None:
    arrays["teacher/statistics/norm/var"] = np.full(64, -np.inf, np.float32)


@pytest.mark.parametrize(
    ("spoil", "path", "reason"),
    [
        (without, KERNEL, f"is required: float32 of the shape {SHAPE}"),
        (with_another, "student/parameters/stem/scale", "is no part of this model"),
        (misshapen, KERNEL, f"must be float32 of the shape {SHAPE}; got float32 of the shape [9, 16]"),
        (retyped, KERNEL, f"must be float32 of the shape {SHAPE}; got int32 of the shape {SHAPE}"),
        (retyped_step, "step", "must be int32 of the shape []; got float32 of the shape []"),
        (step_with_a_dimension, "step", "must be int32 of the shape []; got int32 of the shape [1]"),
        (not_a_number, KERNEL, "must hold finite numbers only; got nan at [1, 2, 0, 5]"),
        (infinite, "teacher/statistics/norm/var", "must hold finite numbers only; got -inf at [0]"),
    ],
)
def test_a_wrong_array_is_named(spoil: Callable[[Arrays], None], path: str, reason: str) -> None:
    arrays = exported_state(state(), None)
    spoil(arrays)
    assert faults(arrays) == [(f"weights.{path}", reason)]


def test_everything_wrong_is_told_at_once_in_the_order_of_the_model() -> None:
    arrays = exported(state().student, None)
    del arrays["parameters/dense/bias"]
    arrays["statistics/norm/mean"] = np.zeros((2, 2), np.float32)
    arrays["parameters/extra"] = np.zeros(1, np.float32)
    told = [path.removeprefix("weights.") for path, _ in faults(arrays)]
    assert told == ["parameters/dense/bias", "statistics/norm/mean", "parameters/extra"]


def test_a_long_list_is_cut_and_says_so() -> None:
    arrays = exported_state(state(), None)
    wrong = {name: array for name, array in arrays.items() if not name.startswith("teacher/parameters")}
    told = faults(wrong)
    count = sum(name.startswith("teacher/parameters") for name in arrays)
    assert count > 20
    assert told[-1] == ("weights", f"has {count} faults in all; these are the first")
    assert len(told) == 21


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("given", "asked", "advice"),
    [
        ("reference", "cowmask", "say so by names: 'reference'."),
        ("cowmask", "reference", "leave out names: 'reference'."),
    ],
)
def test_names_of_the_other_kind_are_recognized(given: str, asked: str, advice: str, whole: bool) -> None:
    names = names_of(given, model())
    arrays = exported_state(state(), names) if whole else exported(state().student, names)
    ((path, reason),) = faults(arrays, asked)
    assert path == "weights"
    assert reason.startswith("must hold the arrays of this model, ")
    assert reason.endswith(advice)


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        ([], "got none. Read them from a file with readWeights()."),
        (["step"], "'student/parameters/"),
        (["parameters/nothing"], "Does option `model` name the network"),
        (["a", "b" * 1000, "c"], "say so by names: 'reference'."),
    ],
)
def test_what_is_no_model_at_all_is_told_what_was_expected(names: list[str], advice: str) -> None:
    ((path, reason),) = faults(dict.fromkeys(names, np.asarray(0, np.int32)))
    assert (path, advice in reason) == ("weights", True), reason
    assert len(reason) < 500


def test_a_model_alone_has_no_step() -> None:
    arrays = exported(state().student, None) | {"step": np.asarray(3, np.int32)}
    ((_, reason),) = faults(arrays)
    assert "A model alone has no step" in reason


def import_(folder: Path, arrays: Arrays, **changes: Any) -> Any:
    asked = config(**changes)
    dataset = dataset_message(CATALOG[asked.dataset.name])
    command = tasks_pb2.Import(
        run_id="r", config=asked, checkpoint_folder=str(folder), names="cowmask", dataset=dataset
    )
    return answered(import_model, arrays, import_model=command)[0].imported


@pytest.mark.parametrize("step", [0, 3, 12])
def test_an_import_is_the_checkpoint_of_its_step(tmp_path: Path, step: int) -> None:
    whole = state()._replace(step=np.asarray(step, np.int32))
    answer = import_(tmp_path, exported_state(whole, None))
    path, skipped = checkpoints.newest_verified(tmp_path)
    assert path is not None
    assert (path.name, skipped) == (f"{step:010d}", [])
    assert (answer.step, answer.digest) == (step, state_digest(whole))
    assert state_digest(checkpoints.load(path, like())) == answer.digest
    assert answer.bytes == (path / checkpoints.STATE).stat().st_size


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"step": np.asarray(13, np.int32)}, "weights.step", r"from 0 to 12, the steps of the whole run; got 13"),
        ({"step": np.asarray(-1, np.int32)}, "weights.step", r"got -1"),
        ({"teacher/x": np.zeros(1, np.float32)}, "weights.teacher/x", "no part"),
        ({KERNEL: np.full((3, 3, 1, 16), np.nan, np.float32)}, f"weights.{KERNEL}", "finite"),
    ],
)
def test_nothing_is_written_of_what_is_refused(tmp_path: Path, change: Arrays, path: str, reason: str) -> None:
    folder = tmp_path / "checkpoints"
    with pytest.raises(Refusal, match=re.escape(path)) as refused:
        import_(folder, exported_state(state(), None) | change)
    assert re.search(reason, refused.value.violations[0].reason)
    assert not folder.exists()


def test_a_network_of_other_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"dense/bias.*\[100\]; got float32 of the shape \[10\]"):
        import_(tmp_path, exported_state(state(), None), dataset={"name": "cifar100"})
