"""Wide ResNets are free in depth, width, channels and image size, and random where they say."""

from functools import partial

import jax
import numpy as np
import pytest
from flax import nnx
from flax.traverse_util import flatten_dict
from quickly import QUICKLY

from cowmask_worker.models.functional import Functional, Variables, functional
from cowmask_worker.models.wide_resnet import WideResnet


def network(depth: int = 10, width: int = 1, classes: int = 10, channels: int = 1, dropout: float = 0.0) -> Functional:
    make = partial(WideResnet, depth=depth, width=width, classes=classes, channels=channels, dropout=dropout)
    return functional(lambda rngs: make(rngs=rngs))


def started(functions: Functional) -> Variables:
    return jax.jit(functions.init, compiler_options=QUICKLY)(jax.random.key(0))


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


def test_evaluation_leaves_the_statistics_alone() -> None:
    functions = network()
    variables = started(functions)
    images = jax.random.normal(jax.random.key(1), (2, 8, 8, 1))
    _, statistics = jax.jit(partial(functions.apply, train=False, key=None))(variables, images)
    jax.tree.map(np.testing.assert_array_equal, statistics, variables.statistics)


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
    variables = started(network())
    assert isinstance(variables, Variables)
    assert all(isinstance(name, str) for tree in variables for path in flatten_dict(tree) for name in path)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(variables))
    assert not any(isinstance(leaf, nnx.Variable) for leaf in jax.tree.leaves(variables))
