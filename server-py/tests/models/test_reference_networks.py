"""All networks of the reference have its leaves under its names; `npm run parity` compares what they compute."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pytest

from cowmask_worker.models.functional import Variables
from cowmask_worker.models.pyramidnet import widths
from cowmask_worker.models.reference_names import Names
from cowmask_worker.parity.networks import reference_network
from cowmask_worker.training.checkpoints import named_leaves

ARCHITECTURES = Path(__file__).parents[3] / "test" / "parity" / "arch"
PARAMETERS = {
    "wrn20_10": 28_874_250,
    "wrn26_10": 38_557_770,
    "wrn26_2": 1_555_658,
    "wrn20_6_shakeshake": 19_978_538,
    "wrn26_6_shakeshake": 26_953_898,
    "wrn26_2_shakeshake": 3_012_970,
    "pyramid": 26_109_432,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnet50x2": 98_004_072,
    "resnet101x2": 173_868_136,
    "resnet152x2": 236_350_568,
    "resnext50_32x4d": 25_028_904,
    "resnext101_32x8d": 88_791_336,
    "resnext152_32x4d": 59_951_400,
}


class Described(NamedTuple):
    """A network of ours, abstractly, beside the rows that describe the reference's leaves."""

    shapes: Variables
    names: Names
    rows: dict[str, Any]


@cache
def described(name: str) -> Described:
    rows = json.loads((ARCHITECTURES / f"{name}.json").read_text())
    network = reference_network(name, classes=rows["classes"])
    return Described(jax.eval_shape(network.functional.init, jax.random.key(0)), network.names, rows)


@pytest.mark.parametrize("name", PARAMETERS)
def test_leaves_are_the_references(name: str) -> None:
    network = described(name)
    parameters, statistics = (named_leaves(tree) for tree in network.shapes)
    assert sum(leaf.size for leaf in parameters.values()) == PARAMETERS[name]
    found = {network.names.to_reference(path): (list(leaf.shape), leaf.ndim > 1) for path, leaf in parameters.items()}
    assert found == {path: (shape, in_l2) for path, shape, in_l2, *_ in network.rows["params"]}
    found = {network.names.to_reference(path): list(leaf.shape) for path, leaf in statistics.items()}
    assert found == {path: shape for path, shape, *_ in network.rows["stats"]}


@pytest.mark.parametrize("name", PARAMETERS)
def test_names_are_one_to_one(name: str) -> None:
    network = described(name)
    for tree, kind in zip(network.shapes, ("params", "stats"), strict=True):
        ours, theirs = list(named_leaves(tree)), [path for path, *_ in network.rows[kind]]
        assert sorted(map(network.names.from_reference, theirs)) == sorted(ours)
        assert [network.names.from_reference(network.names.to_reference(path)) for path in ours] == ours
        assert [network.names.to_reference(network.names.from_reference(path)) for path in theirs] == theirs


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("wrn26_2", "blocks/12/conv1/kernel"),
        ("wrn26_2", "stem/weight"),
        ("wrn26_2", "stem"),
        ("wrn26_2", ""),
        ("wrn26_2_shakeshake", "norm/scale"),
        ("pyramid", "blocks/0/shortcut/kernel"),
        ("resnet50", "blocks/x/conv1/kernel"),
    ],
)
def test_refuses_an_unknown_leaf_by_name(name: str, path: str) -> None:
    names = described(name).names
    with pytest.raises(ValueError, match=f"this network has no leaf '{path}'"):
        names.to_reference(path)
    with pytest.raises(ValueError, match=f"the reference's network has no leaf '{path}'"):
        names.from_reference(path)


def test_pyramidnets_widths_are_the_references() -> None:
    found = widths(90, 200.0)
    assert (found[0], found[8], found[17], found[-1]) == (18, 35, 55, 216)
    blocks = described("pyramid").shapes.parameters["blocks"]
    assert [blocks[str(number)]["conv2"]["kernel"].shape[-1] for number in range(90)] == found
    assert blocks["89"]["norm4"]["scale"].shape == (864,)
