"""Wide ResNets equal the authors' network, and are free in depth, width, channels and image size."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from flax.traverse_util import flatten_dict
from jaxtyping import Array

from cowmask_worker.models.functional import Functional, Tree, Variables, functional
from cowmask_worker.models.wide_resnet import WideResnet

type Golden = Callable[[str], dict[str, np.ndarray]]
type Leaves = dict[str, list[tuple[str, list[Any]]]]
type Fill = Callable[[int, int], Variables]


def network(depth: int = 10, width: int = 1, classes: int = 10, channels: int = 1, dropout: float = 0.0) -> Functional:
    make = partial(WideResnet, depth=depth, width=width, classes=classes, channels=channels, dropout=dropout)
    return functional(lambda rngs: make(rngs=rngs))


def flat(tree: Tree) -> dict[str, Any]:
    return cast("dict[str, Any]", flatten_dict(tree, sep="/"))


@pytest.fixture(scope="module")
def wrn_28_2() -> Functional:
    return network(depth=28, width=2, channels=3)


@pytest.fixture(scope="module")
def images() -> Array:
    return jnp.asarray(np.random.RandomState(500).randn(4, 32, 32, 3).astype(np.float32))


def tolerance(expected: np.ndarray, sensitivity: np.ndarray) -> float:
    """What the vectors' manifest allows."""
    return max(1e-4 * float(np.abs(expected).max()), 20 * float(sensitivity))


def test_start_has_the_references_shapes_and_spread(wrn_28_2: Functional, wide_resnet_leaves: Leaves) -> None:
    variables = wrn_28_2.init(jax.random.key(0))
    parameters = flat(variables.parameters)
    statistics = flat(variables.statistics)
    assert sum(leaf.size for leaf in parameters.values()) == 1_555_658
    assert set(parameters) == {path for path, _ in wide_resnet_leaves["params"]}
    assert set(statistics) == {path for path, _ in wide_resnet_leaves["stats"]}
    for path, (_, shape, in_l2, mean, std, *_) in wide_resnet_leaves["params"]:
        leaf = parameters[path]
        assert (list(leaf.shape), leaf.ndim > 1) == (shape, in_l2), path
        # Both spreads are estimates from as many draws.
        np.testing.assert_allclose(leaf.std(), std, rtol=4 / np.sqrt(leaf.size), err_msg=path)
        np.testing.assert_allclose(leaf.mean(), mean, atol=6 * std / np.sqrt(leaf.size), err_msg=path)
    for path, (_, shape, mean, *_) in wide_resnet_leaves["stats"]:
        np.testing.assert_array_equal(statistics[path], np.full(shape, mean, np.float32))


def test_evaluation_equals_the_references(wrn_28_2: Functional, filled: Fill, images: Array, golden: Golden) -> None:
    arrays = golden("arch/wrn26_2.npz")
    variables = filled(10000, 20000)
    logits, statistics = jax.jit(partial(wrn_28_2.apply, train=False, key=None))(variables, images[:2])
    expected = arrays["eval_logits"]
    allowed = tolerance(expected, arrays["eval_logits_sensitivity"])
    np.testing.assert_allclose(logits, expected, rtol=0, atol=allowed)
    jax.tree.map(np.testing.assert_array_equal, statistics, variables.statistics)


def test_training_pass_equals_the_references(
    wrn_28_2: Functional, filled: Fill, images: Array, golden: Golden, wide_resnet_leaves: Leaves
) -> None:
    arrays = golden("arch/wrn26_2.npz")
    logits, statistics = jax.jit(partial(wrn_28_2.apply, train=True, key=None))(filled(10000, 20000), images)
    expected = arrays["train_logits"]
    np.testing.assert_allclose(logits, expected, rtol=0, atol=tolerance(expected, arrays["train_logits_sensitivity"]))
    found = flat(statistics)
    for (path, row), (norm, mean) in zip(wide_resnet_leaves["stats"], arrays["train_stats_norm_mean"], strict=True):
        leaf = np.asarray(found[path], np.float64)
        np.testing.assert_allclose(np.linalg.norm(leaf), norm, rtol=1e-4, err_msg=path)
        np.testing.assert_allclose(leaf.mean(), mean, rtol=0, atol=1e-4 * norm / np.sqrt(leaf.size), err_msg=path)
        if f"train_stat/{row[0]}" in arrays:
            whole = arrays[f"train_stat/{row[0]}"]
            np.testing.assert_allclose(leaf, whole, rtol=0, atol=1e-4 * np.abs(whole).max(), err_msg=path)


@pytest.mark.parametrize(
    ("depth", "width", "channels", "classes", "shape"),
    [(10, 1, 1, 10, (8, 8)), (16, 3, 3, 2, (9, 12)), (10, 2, 4, 7, (32, 5))],
)
def test_takes_any_depth_width_channels_and_size(
    depth: int, width: int, channels: int, classes: int, shape: tuple[int, int]
) -> None:
    functions = network(depth, width, classes, channels)
    variables = jax.eval_shape(functions.init, jax.random.key(0))
    pass_over = partial(functions.apply, train=True, key=None)
    logits, statistics = jax.eval_shape(pass_over, variables, jax.ShapeDtypeStruct((5, *shape, channels), "float32"))
    assert logits.shape == (5, classes)
    assert jax.tree.structure(statistics) == jax.tree.structure(variables.statistics)
    assert len(variables.parameters["blocks"]) == (depth - 4) // 2
    projects = ["shortcut" in block for _, block in sorted(variables.parameters["blocks"].items())]
    # In a net of width 1 the first group keeps the stem's shape.
    assert sum(projects) == (2 if width == 1 else 3)


@pytest.mark.parametrize("depth", [4, 11, 27, 0, -2])
def test_refuses_a_depth_between_the_networks(depth: int) -> None:
    with pytest.raises(ValueError, match="6n \\+ 4"):
        network(depth)


@pytest.mark.parametrize(("rate", "train", "draws"), [(0.3, True, 6), (0.3, False, 0), (0.0, True, 0), (0.0, False, 0)])
def test_only_training_with_dropout_draws_and_once_a_block(rate: float, train: bool, draws: int) -> None:
    functions = network(depth=16, dropout=rate)
    variables = jax.eval_shape(functions.init, jax.random.key(0))
    images = jax.ShapeDtypeStruct((2, 8, 8, 1), "float32")
    program = jax.make_jaxpr(lambda *given: functions.apply(*given[:2], train=train, key=given[2]))
    assert str(program(variables, images, jax.random.key(0))).count("random_fold_in") == draws


def test_dropout_without_a_key_is_refused() -> None:
    functions = network(dropout=0.3)
    variables = jax.eval_shape(functions.init, jax.random.key(0))
    with pytest.raises(ValueError, match="needs a key"):
        jax.eval_shape(
            partial(functions.apply, train=True, key=None), variables, jax.ShapeDtypeStruct((2, 8, 8, 1), "float32")
        )


def test_variables_are_plain_nested_dicts_of_arrays() -> None:
    variables = network().init(jax.random.key(0))
    assert isinstance(variables, Variables)
    assert all(isinstance(name, str) for tree in variables for path in flatten_dict(tree) for name in path)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(variables))
    assert not any(isinstance(leaf, nnx.Variable) for leaf in jax.tree.leaves(variables))
