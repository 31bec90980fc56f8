"""Networks against recorded ones: leaves, start, logits and statistics."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.models.functional import Functional, Tree, Variables
from cowmask_worker.models.reference_names import Names
from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import BadVectors, VectorFile, nested
from cowmask_worker.tasks.networks import network, reference_names, reference_networks
from cowmask_worker.training.checkpoints import named_leaves
from cowmask_worker.training.losses import l2_penalty

_GROUP = "networks"
_IMAGES = 500
_KEY = 55

type Leaves = list[list[Any]]
"""Rows of a leaf's path, shape, ..., and the offset and scale that it is filled with."""


class Reference(NamedTuple):
    """A network of the authors' code: as its options, as functions, and with their names."""

    config: config_pb2.ModelConfig
    functional: Functional
    names: Names

    def variables(self, parameters: Leaves, statistics: Leaves, bases: tuple[int, int]) -> Variables:
        """Filled as the manifest says: leaf number k from the seed base + k."""
        return Variables(self._filled(parameters, bases[0]), self._filled(statistics, bases[1]))

    def named(self, *trees: Tree) -> dict[str, Any]:
        """The leaves of parameters, statistics or both under the reference's names."""
        return {self.names.to_reference(path): leaf for tree in trees for path, leaf in named_leaves(tree).items()}

    def _filled(self, leaves: Leaves, base: int) -> dict[str, Any]:
        filled = {}
        for number, (path, shape, *_, offset, scale) in enumerate(leaves):
            drawn = np.random.RandomState(base + number).randn(*shape)
            drawn = np.abs(drawn) if path.endswith("/var") else drawn
            filled[self.names.from_reference(path)] = jnp.asarray((offset + scale * drawn).astype(np.float32))
        return nested(filled)


def reference_network(name: str, *, classes: int, channels: int = 3, without_dropout: bool = True) -> Reference:
    """Raises `BadVectors` where there is no such network."""
    table = reference_networks()
    if name not in table:
        raise BadVectors(f"there is no network {name!r}; there are {', '.join(table)}")
    config = config_pb2.ModelConfig()
    config.CopyFrom(table[name])
    if without_dropout and config.HasField("wide_resnet"):
        config.wide_resnet.dropout = 0.0
    return Reference(config, network(config, classes=classes, channels=channels), reference_names(config))


def networks(file: VectorFile) -> Iterator[Row]:
    name, entry, described = Path(file.name).stem, file.entry, file.leaves()
    architecture = entry.get("architecture", name)
    reference = reference_network(architecture, classes=entry["classes"], channels=described["input"][-1])
    yield _leaves(name, reference, described, entry["parameters"])
    yield _start(name, reference, described)

    bases = entry["inputs"]["params"]["base"], entry["inputs"]["stats"]["base"]
    variables = reference.variables(described["params"], described["stats"], bases)
    yield _l2(name, variables, file)
    seeds = entry.get("seeds", {})
    random = np.random.RandomState(seeds.get("x", _number(entry["inputs"]["x"], r"RandomState\((\d+)\)", _IMAGES)))
    images = jnp.asarray(random.randn(4, entry["image_size"], entry["image_size"], 3).astype(np.float32))
    apply = reference.functional.apply
    evaluated, _ = jax.jit(partial(apply, train=False, key=None))(variables, images[:2])
    yield _logits(name, "evaluation", evaluated, file)
    if "train_logits" in file.arrays:
        key = seeds.get("key", _number(entry["randomness_in_train_mode"], r"PRNGKey\((\d+)\)", _KEY))
        trained, statistics = jax.jit(partial(apply, train=True))(variables, images, key=jax.random.PRNGKey(key))
        yield _logits(name, "training", trained, file)
        yield _statistics(name, reference, described["stats"], statistics, file)


def _leaves(name: str, reference: Reference, described: dict[str, Any], parameters: int) -> Row:
    """Names, shapes, counts, and which leaves the L2 term takes."""
    comparison = Comparison()
    shapes = jax.eval_shape(reference.functional.init, jax.random.key(0))
    ours = reference.named(*shapes)
    rows = described["params"] + described["stats"]
    different = ours.keys() ^ {row[0] for row in rows}
    comparison.require(not different, f"leaves on one side only: {', '.join(sorted(different)[:3])}")
    for path, shape, *_ in rows:
        comparison.equal(path, list(ours[path].shape) if path in ours else [], shape)
    in_l2 = {path for path, _, taken, *_ in described["params"] if taken}
    comparison.require(
        in_l2 == {path for path, *_ in described["params"] if path in ours and ours[path].ndim > 1},
        "the L2 term takes other leaves",
    )
    sizes = {path: leaf.size for path, leaf in ours.items()}
    count = sum(sizes[path] for path, *_ in described["params"] if path in sizes)
    comparison.equal("parameters", [count, count], [parameters, described["parameters"]])
    comparison.equal("L2 parameters", sum(sizes[path] for path in in_l2 if path in sizes), described["l2_parameters"])
    statistics = sum(sizes[path] for path, *_ in described["stats"] if path in sizes)
    comparison.equal("statistics", statistics, described["statistics"])
    return comparison.row(_GROUP, f"{name}, names, shapes and number of parameters", "equal")


def _start(name: str, reference: Reference, described: dict[str, Any]) -> Row:
    """Mean and deviation of every leaf at the start, two estimates from as many draws each."""
    comparison = Comparison()
    variables = reference.functional.init(jax.random.key(0))
    leaves = {path: np.asarray(leaf) for path, leaf in reference.named(*variables).items()}
    rows = [(row[0], row[3], row[4]) for row in described["params"]]
    rows += [(row[0], row[2], row[3]) for row in described["stats"]]
    for path, mean, std in rows:
        leaf = leaves[path]
        error = std / np.sqrt(leaf.size)
        size = max(abs(mean), std)
        comparison.close(f"deviation of {path}", leaf.std(dtype=np.float64), std, 5 * error, magnitude=size)
        comparison.close(f"mean of {path}", leaf.mean(dtype=np.float64), mean, 6 * error, magnitude=size)
    return comparison.row(_GROUP, f"{name}, start", "5 standard errors of the deviation, 6 of the mean")


def _l2(name: str, variables: Variables, file: VectorFile) -> Row:
    comparison = Comparison()
    expected = file.arrays["l2_sum"]
    comparison.close("l2_sum", 2 * l2_penalty(variables.parameters), expected, 1e-5 * expected)
    return comparison.row(_GROUP, f"{name}, squares of the L2 term", "1e-5 relative")


def _logits(name: str, mode: Literal["evaluation", "training"], logits: jax.Array, file: VectorFile) -> Row:
    comparison = Comparison()
    recorded = "eval_logits" if mode == "evaluation" else "train_logits"
    expected, sensitivity = file.arrays[recorded], float(file.arrays[f"{recorded}_sensitivity"])
    comparison.close(recorded, logits, expected, max(1e-4 * float(np.abs(expected).max()), 20 * sensitivity))
    return comparison.row(_GROUP, f"{name}, {mode} logits", "1e-4 of the largest, or 20x the sensitivity")


def _statistics(name: str, reference: Reference, rows: Leaves, statistics: Tree, file: VectorFile) -> Row:
    """Norm and mean of every batch statistic after a training pass, and some of them whole."""
    comparison, arrays = Comparison(), file.arrays
    sensitivity = 20 * float(arrays["train_logits_sensitivity"]) / float(np.abs(arrays["train_logits"]).max())
    relative = max(1e-4, sensitivity)
    leaves = reference.named(statistics)
    recorded = arrays["train_stats_norm_mean"]
    comparison.equal("number of statistics", len(recorded), len(rows))
    for (path, *_), (norm, mean) in zip(rows, recorded, strict=False):
        leaf = np.asarray(leaves[path], np.float64)
        comparison.close(f"norm of {path}", np.linalg.norm(leaf), norm, relative * norm)
        unit = norm / np.sqrt(leaf.size)
        comparison.close(f"mean of {path}", leaf.mean(), mean, relative * unit, magnitude=unit)
        if (whole := f"train_stat/{path}") in arrays:
            comparison.close(path, leaf, arrays[whole], relative * np.abs(arrays[whole]).max())
    return comparison.row(_GROUP, f"{name}, statistics after a training pass", "1e-4, or 20x the sensitivity")


def _number(text: str, pattern: str, otherwise: int) -> int:
    """A seed out of the manifest's prose."""
    found = re.search(pattern, text)
    return int(found[1]) if found else otherwise
