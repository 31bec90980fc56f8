"""Shake-shake, PyramidNet and ResNet are free in depth, width, channels and image size, and random where they say."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jaxtyping import Array

from cowmask_worker.models import pyramidnet, resnet
from cowmask_worker.models.functional import Functional, Variables, functional
from cowmask_worker.models.pyramidnet import PyramidNet, widths
from cowmask_worker.models.resnet import Resnet
from cowmask_worker.models.shake_shake import ShakeShake
from cowmask_worker.training.checkpoints import named_leaves

type Make = Callable[..., ShakeShake | PyramidNet | Resnet]

SHAKE_SHAKE = partial(ShakeShake, depth=8, width=4)
PYRAMIDNET = partial(PyramidNet, depth=11, alpha=7.5, shake_drop=0.5)
RESNET = partial(Resnet, depth=14, groups=2, group_width=4)


def network(make: Make, classes: int = 3, channels: int = 1) -> Functional:
    return functional(lambda rngs: make(classes=classes, channels=channels, rngs=rngs))


def drawn(functions: Functional) -> Variables:
    """Positive variables, without compiling the network's own start."""
    random = np.random.RandomState(0)
    shapes = jax.eval_shape(functions.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(random.uniform(0.1, 1, leaf.shape), leaf.dtype), shapes)


@pytest.mark.parametrize(
    ("make", "channels", "classes", "shape", "projecting"),
    [
        (SHAKE_SHAKE, 1, 10, (8, 8), ["0", "1", "2"]),
        # With 16 channels the first group keeps the stem's shape.
        (partial(ShakeShake, depth=14, width=16), 3, 2, (9, 12), ["2", "4"]),
        (PYRAMIDNET, 3, 2, (9, 12), []),
        (partial(PyramidNet, depth=20, alpha=0.0), 1, 10, (1, 5), []),
        (RESNET, 3, 10, (33, 20), ["0", "1", "2", "3"]),
        (partial(Resnet, depth=26, width=2), 1, 7, (1, 5), ["0", "2", "4", "6"]),
    ],
)
def test_takes_any_depth_width_channels_and_size(
    make: Make, channels: int, classes: int, shape: tuple[int, int], projecting: list[str]
) -> None:
    functions = network(make, classes, channels)
    variables = jax.eval_shape(functions.init, jax.random.key(0))
    images = jax.ShapeDtypeStruct((5, *shape, channels), "float32")
    logits, statistics = jax.eval_shape(partial(functions.apply, train=True, key=jax.random.key(0)), variables, images)
    assert logits.shape == (5, classes)
    assert jax.tree.structure(statistics) == jax.tree.structure(variables.statistics)
    assert [number for number, block in variables.parameters["blocks"].items() if "shortcut" in block] == projecting


@pytest.mark.parametrize(
    ("make", "layers"),
    [
        (
            SHAKE_SHAKE,
            {f"branches/{branch}/{layer}{number}" for branch in "01" for layer in ("conv", "norm") for number in "12"}
            | {"shortcut", "shortcut_norm"},
        ),
        (PYRAMIDNET, {"norm1", "conv1", "norm2", "conv2", "norm3", "conv3", "norm4"}),
        (RESNET, {"conv1", "norm1", "conv2", "norm2", "conv3", "norm3", "shortcut", "shortcut_norm"}),
    ],
)
def test_every_block_names_its_layers_alike(make: Make, layers: set[str]) -> None:
    variables = jax.eval_shape(network(make).init, jax.random.key(0))
    parameters, statistics = named_leaves(variables.parameters), named_leaves(variables.statistics)
    convolutions, norms = ({layer for layer in layers if ("norm" in layer) == is_norm} for is_norm in (False, True))
    convolution_leaves = ("kernel",) if make is RESNET else ("kernel", "bias")
    for number in variables.parameters["blocks"]:
        prefix = f"blocks/{number}/"
        assert {path.removeprefix(prefix) for path in parameters if path.startswith(prefix)} == {
            *(f"{layer}/{leaf}" for layer in convolutions for leaf in convolution_leaves),
            *(f"{layer}/{leaf}" for layer in norms for leaf in ("scale", "bias")),
        }
        assert {path.removeprefix(prefix) for path in statistics if path.startswith(prefix)} == {
            f"{layer}/{leaf}" for layer in norms for leaf in ("mean", "var")
        }


@pytest.mark.parametrize(
    ("make", "depths", "reason"),
    [
        (partial(ShakeShake, width=4), (2, 7, 25, 28, 0, -4), r"6n \+ 2"),
        (partial(PyramidNet, alpha=1.0), (2, 10, 12, 270, 0, -7), r"9n \+ 2"),
        (Resnet, (0, 18, 34, 51), "14, 26, 50, 101, 152"),
    ],
)
def test_refuses_a_depth_between_the_networks(make: Make, depths: tuple[int, ...], reason: str) -> None:
    for depth in depths:
        with pytest.raises(ValueError, match=rf"{reason}.* not {depth}\n"):
            network(partial(make, depth=depth))


@pytest.mark.parametrize(
    ("make", "train", "draws"),
    [
        (SHAKE_SHAKE, True, 3),
        (partial(ShakeShake, depth=14, width=4), True, 6),
        (SHAKE_SHAKE, False, 0),
        (PYRAMIDNET, True, 3),
        (PYRAMIDNET, False, 0),
        (partial(PyramidNet, depth=11, alpha=7.5, shake_drop=0.0), True, 0),
        (RESNET, True, 0),
        (RESNET, False, 0),
    ],
)
def test_only_training_draws_and_once_a_block(make: Make, train: bool, draws: int) -> None:
    functions = network(make)
    variables = jax.eval_shape(functions.init, jax.random.key(0))
    images = jax.ShapeDtypeStruct((2, 8, 8, 1), "float32")
    program = jax.make_jaxpr(lambda *given: functions.apply(*given[:2], train=train, key=given[2]))
    assert str(program(variables, images, jax.random.key(0))).count("random_fold_in") == draws
    if draws:
        with pytest.raises(ValueError, match="needs a key"):
            jax.eval_shape(partial(functions.apply, train=True, key=None), variables, images)


@pytest.mark.parametrize("make", [SHAKE_SHAKE, PYRAMIDNET])
def test_training_follows_the_key(make: Make) -> None:
    functions = network(make)
    variables = drawn(functions)
    images = jax.random.normal(jax.random.key(1), (4, 8, 8, 1))
    train = jax.jit(lambda key: functions.apply(variables, images, train=True, key=key)[0])
    one, again, other = (train(jax.random.key(seed)) for seed in (2, 2, 3))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize("make", [SHAKE_SHAKE, PYRAMIDNET, RESNET])
def test_evaluation_changes_nothing(make: Make) -> None:
    functions = network(make)
    variables = drawn(functions)
    images = jax.random.normal(jax.random.key(1), (4, 8, 8, 1))
    logits, statistics = jax.jit(partial(functions.apply, train=False, key=None))(variables, images)
    assert np.isfinite(logits).all()
    jax.tree.map(np.testing.assert_array_equal, statistics, variables.statistics)


def test_a_pyramidnets_widths_grow_evenly_from_the_stems() -> None:
    assert widths(3, 7.5) == [18, 21, 23]
    assert widths(5, 0.0) == [16] * 5
    variables = jax.eval_shape(network(PYRAMIDNET).init, jax.random.key(0))
    blocks = variables.parameters["blocks"]
    assert [blocks[number]["conv2"]["kernel"].shape[2:] for number in "012"] == [(18, 18), (21, 21), (23, 23)]
    assert variables.parameters["dense"]["kernel"].shape == (4 * 23, 3)


@pytest.mark.parametrize(("depth", "last"), [(11, 0.5), (20, 0.0), (20, 1.0)])
def test_a_pyramidnet_keeps_ever_less(depth: int, last: float) -> None:
    make = partial(PyramidNet, depth=depth, alpha=1.0, shake_drop=last, classes=2)
    blocks = nnx.eval_shape(lambda: make(rngs=nnx.Rngs(0))).blocks
    np.testing.assert_allclose([block.keep for block in blocks], 1 - last * np.arange(1, len(blocks) + 1) / len(blocks))


def test_a_pyramidnets_shortcut_averages_the_pixels_there_are_and_adds_zero_channels() -> None:
    images = jnp.arange(2 * 3 * 4 * 2, dtype=jnp.float32).reshape(2, 3, 4, 2)

    @jax.jit
    def through_block() -> Array:
        block = pyramidnet.Block(2, 1, 2, keep=1.0, number=1, rngs=nnx.Rngs(0))
        block.norm4.scale[...] = jnp.zeros(4)
        return block(images, train=False, key=None)

    rows = jnp.stack([images[:, :2].mean(1), images[:, 2]], 1)
    expected = rows.reshape(2, 2, 2, 2, 2).mean(3)
    np.testing.assert_allclose(through_block(), jnp.concatenate([expected, jnp.zeros_like(expected)], -1), rtol=1e-6)


def test_a_new_resnets_block_passes_its_shortcut_on() -> None:
    images = jax.random.normal(jax.random.key(0), (2, 3, 3, 8))

    @jax.jit
    def through_block() -> Array:
        return resnet.Block(8, 4, 8, 1, groups=2, rngs=nnx.Rngs(0))(images, train=True)

    np.testing.assert_array_equal(through_block(), jax.nn.relu(images))


def test_a_resnets_width_scales_every_channel_and_its_groups_the_inner_ones() -> None:
    def shapes(make: Make) -> dict[str, list[int]]:
        parameters = jax.eval_shape(network(make).init, jax.random.key(0)).parameters
        return {path: list(leaf.shape) for path, leaf in named_leaves(parameters).items()}

    plain, wide = shapes(partial(Resnet, depth=14)), shapes(partial(Resnet, depth=14, width=3))
    # Fewer than 64 are the edges of kernels, the images' channels and the classes.
    assert wide == {path: [3 * size if size >= 64 else size for size in shape] for path, shape in plain.items()}
    grouped = shapes(partial(Resnet, depth=14, groups=4, group_width=8))
    for number in range(4):
        width = 8 * 2**number
        assert grouped[f"blocks/{number}/conv2/kernel"] == [3, 3, width, 4 * width]
        assert grouped[f"blocks/{number}/conv3/kernel"] == [1, 1, 4 * width, 256 * 2**number]
