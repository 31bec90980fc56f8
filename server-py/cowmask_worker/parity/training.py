"""Training steps of real networks against recorded ones."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from numpy.typing import NDArray

from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.networks import Leaves, Reference, reference_network
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.scenario import METRICS, SHARES, Scenario, step_options
from cowmask_worker.parity.vectors import VectorFile
from cowmask_worker.regularizers.mix import Mixed
from cowmask_worker.regularizers.perturb import Perturbed
from cowmask_worker.training.keys import StepKeys, reference_step_keys
from cowmask_worker.training.state import TrainState
from cowmask_worker.training.step import Batch, StepMetrics, train_step

_GROUP = "training"
_IMAGES = 600
_KEY = 800


# A batch norm takes these shifts out again, so that their gradients, and their momentum, are rounding noise.
_WITHOUT_GRADIENT = {
    r"resnet|resnext": re.compile(r"init_bn/bias"),
    r"wrn\d+_\d+_shakeshake": re.compile(r".*/conv_(a|b|residual)(_\d)?/bias"),
    r"wrn\d+_\d+": re.compile(r".*/conv1/bias|WideResnetGroup_2/.*/(conv2|Conv_0)/bias"),
}


type _Measure = Callable[[NDArray[Any]], Any]
type _Trees = dict[str, dict[str, NDArray[Any]]]
"""Leaves by owner and by the reference's names."""


class _Taken(NamedTuple):
    """A step, and what it left behind."""

    metrics: StepMetrics
    trees: _Trees


class _Seen(NamedTuple):
    """The unlabeled images as the student sees them in a step, by path."""

    perturbed: Perturbed | None
    mixed: Mixed | None


def training(file: VectorFile) -> Iterator[Row]:
    run = _Run(file)
    taken = run.steps()
    yield _metrics(run.name, file, taken)
    for owner in ("student", "teacher", "momentum"):
        yield _trees(run, owner, taken)


class _Run:
    """The recorded run, taken again in float32 and, where that is asked for, in float64."""

    def __init__(self, file: VectorFile) -> None:
        entry, inputs = file.entry, file.entry["inputs"]
        self.file = file
        self.name = Path(file.name).stem
        self.reference = reference_network(entry["architecture"], classes=entry["classes"])
        self._options = step_options(_scenario(entry), self.reference.functional.apply)
        self._first_key = entry.get("seeds", {}).get("key", _KEY)
        student, teacher = (
            self.reference.variables(
                entry["param_leaves"],
                entry["stat_leaves"],
                (inputs[f"{owner}_params"]["base"], inputs[f"{owner}_stats"]["base"]),
            )
            for owner in ("student", "teacher")
        )
        momentum = jax.tree.map(jnp.zeros_like, student.parameters)
        self._start = TrainState(jnp.int32(0), student, momentum, teacher)

    def steps(self) -> list[_Taken]:
        step = jax.jit(partial(train_step, self._options))
        state, taken = self._start, []
        for number in range(self._count):
            state, metrics = step(state, _batch(self.file.entry, number), self._keys(number))
            taken.append(_Taken(metrics, _trees_of(self.reference, state)))
        return taken

    @cached_property
    def exact(self) -> list[_Trees]:
        """The trees after every step in float64, from the float32 images that the student sees."""
        prepared = [self._prepared(number) for number in range(self._count)]
        # Indices are int64 there, so that counting the errors mixes two sizes of them.
        with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
            state, trees = _double(self._start), []
            step = jax.jit(self._double_step)
            for number, seen in enumerate(prepared):
                state = step(state, _double(_batch(self.file.entry, number)), self._keys(number), _double(seen))
                trees.append(_trees_of(self.reference, state))
        return trees

    def _prepared(self, number: int) -> _Seen:
        """What the step's random numbers make of its images; in float64 they would be others."""
        options, keys, batch = self._options, self._keys(number), _batch(self.file.entry, number)
        perturbed = None if options.perturb is None else jax.jit(options.perturb)(keys.perturb, batch.unlabeled_second)
        mixed = None if options.mix is None else jax.jit(options.mix)(keys.mix, batch.unlabeled)
        return _Seen(perturbed, mixed)

    def _double_step(self, state: TrainState, batch: Batch, keys: StepKeys, seen: _Seen) -> TrainState:
        perturbed, mixed = seen
        given = replace(
            self._options,
            perturb=None if perturbed is None else lambda _key, _images: perturbed,
            mix=None if mixed is None else lambda _key, _images: mixed,
        )
        after, _ = train_step(given, state, batch, keys)
        return after

    @property
    def _count(self) -> int:
        return len(self.file.arrays["metrics"])

    def _keys(self, number: int) -> StepKeys:
        return reference_step_keys(jax.random.PRNGKey(self._first_key + number))


def _double[T](tree: T) -> T:
    def double(leaf: Array) -> Array:
        return jnp.asarray(np.asarray(leaf, np.float64)) if leaf.dtype == jnp.float32 else leaf

    return jax.tree.map(double, tree)


def _trees_of(reference: Reference, state: TrainState) -> _Trees:
    trees = {
        "student": state.student.parameters,
        "student_stats": state.student.statistics,
        "teacher": state.teacher.parameters,
        "teacher_stats": state.teacher.statistics,
        "momentum": state.momentum,
    }
    return {
        owner: {path: np.asarray(leaf, np.float64) for path, leaf in reference.named(tree).items()}
        for owner, tree in trees.items()
    }


def _scenario(entry: dict[str, Any]) -> Scenario:
    """The entry in the form of the probe's scenarios."""
    rate, alpha = entry["learning_rate"], entry["teacher_alpha"]
    regularizer = {
        "cow_sigma_range": entry["cow_sigma_range"],
        "cut_backg_noise": entry["perturb_noise_std"],
        "cut_prob": entry["perturb_mask_prob"],
    }
    return {
        **entry,
        "perturb": {**regularizer, "name": entry["perturb"], "cow_prop_range": entry["perturb_proportion_range"]},
        "mix": {**regularizer, "name": entry["mix"], "cow_prop_range": entry["mix_proportion_range"]},
        "learning_rate": (rate["kind"], rate["base"] if rate["kind"] == "constant" else rate),
        "teacher_alpha": (
            alpha["kind"].removeprefix("annealed "),
            alpha["value"] if alpha["kind"] == "constant" else alpha,
        ),
    }


def _batch(entry: dict[str, Any], number: int) -> Batch:
    """The batch of a step, from the seed that the manifest names; both views are one."""
    random = np.random.RandomState(entry.get("seeds", {}).get("batch", _IMAGES) + number)
    count, edge = entry["batch_labeled"], entry["image_size"]
    drawn = random.randn(3, count, edge, edge, 3) * np.linspace(0.3, 2.0, count)[None, :, None, None, None]
    images = jnp.asarray((drawn + random.randn(3, count, 1, 1, 3)).astype(np.float32))
    labels = jnp.asarray(random.randint(0, entry["classes"], count), jnp.int32)
    return Batch(images[0], labels, images[1], images[1])


def _metrics(name: str, file: VectorFile, taken: list[_Taken]) -> Row:
    comparison = Comparison()
    sensitivity = file.entry["sensitivity"]["values"]["metrics"]
    for number, (step, recorded) in enumerate(zip(taken, file.arrays["metrics"], strict=True)):
        for place, (metric, expected) in enumerate(zip(METRICS, recorded, strict=True)):
            allowed = max(1e-4 * abs(expected), 20 * sensitivity[number][place])
            if number == 0:
                allowed = 0.0 if metric in SHARES else 2e-5 * abs(expected)
            comparison.close(f"{metric} of step {number}", getattr(step.metrics, metric), np.float32(expected), allowed)
    return comparison.row(
        _GROUP, f"{name}, metrics", "step 0: 2e-5 relative, shares equal; later 1e-4, or 20x the sensitivity"
    )


def _trees(run: _Run, owner: str, taken: list[_Taken]) -> Row:
    """Norm and mean of every leaf after every step, and some leaves whole; the statistics with their parameters."""
    comparison, entry = Comparison(), run.file.entry
    for tree, leaves in ((owner, entry["param_leaves"]), (f"{owner}_stats", entry["stat_leaves"])):
        if f"{tree}_norm_mean" in run.file.arrays:
            for number, step in enumerate(taken):
                _compare(comparison, run, tree, leaves, step.trees[tree], number)
    return comparison.row(_GROUP, f"{run.name}, {owner}", "norms and means 2e-4, leaves 1e-4, or 20x the sensitivity")


def _compare(
    comparison: Comparison, run: _Run, tree: str, leaves: Leaves, found: dict[str, NDArray[Any]], number: int
) -> None:
    arrays, sensitivity = run.file.arrays, run.file.entry["sensitivity"]["values"]
    floor = sensitivity[f"{tree}_norm_mean"][number]
    recorded = arrays[f"{tree}_norm_mean"][number]
    largest = recorded[:, 0].max()
    for (path, *_), (norm, mean) in zip(leaves, recorded, strict=True):
        whole = arrays[f"leaf/{tree}/{path}"][number] if f"leaf/{tree}/{path}" in arrays else None
        if tree == "momentum" and _is_without_gradient(run.file.entry["architecture"], path):
            continue

        def close(what: str, of: _Measure, expected: Any, relative: float, unit: float, path: str = path) -> None:
            exact = partial(_exact, run, number, tree, path, of)
            name = f"{what}{tree}/{path} after step {number}"
            comparison.close(name, of(found[path]), expected, relative * unit, magnitude=unit, exact=exact)

        unit = max(norm, 0.001 * largest)
        root = np.sqrt(found[path].size)
        close("norm of ", np.linalg.norm, norm, max(2e-4, 20 * floor["norm"]), unit)
        close("mean of ", np.mean, mean, max(2e-4, 20 * floor["mean"]), unit / root)
        if whole is not None:
            relative = max(1e-4, 20 * sensitivity[f"leaf/{tree}/{path}"][number])
            close("", np.asarray, whole, relative, float(np.abs(whole).max()))


def _exact(run: _Run, number: int, tree: str, path: str, of: _Measure) -> Any:
    return of(run.exact[number][tree][path])


def _is_without_gradient(architecture: str, path: str) -> bool:
    leaves = next((leaves for name, leaves in _WITHOUT_GRADIENT.items() if re.match(name, architecture)), None)
    return leaves is not None and leaves.fullmatch(path) is not None
