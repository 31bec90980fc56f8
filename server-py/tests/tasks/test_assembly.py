"""Every option of a config reaches the step. A tiny network stands for the real one, which takes long to compile."""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jaxtyping import Array
from settings import DATASET, config

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.models.functional import functional
from cowmask_worker.tasks import assembly, train
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.train import training

OPTIONS = {"weight": 2, "confidence": {"threshold": 0.2, "average": False}, "augment_separately": True}
MASKED = OPTIONS | {"noise_std": 1, "mask_probability": 0.5}
MIXED = {
    "weight": 3,
    "confidence": {"threshold": 0, "average": True, "source": "mixed_probabilities"},
    "augment_separately": True,
    "mix_logits": True,
}
COW = {"sigma": {"low": 1, "high": 4}, "proportion": {"low": 0.25, "high": 1}}
BOX = {"area": "random_size", "scale": 0.25, "random_aspect": True}


class Tiny(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.dense = nnx.Linear(64, 10, rngs=rngs)

    def __call__(self, images: Array, *, train: bool, key: Array | None) -> Array:
        del train, key
        return self.dense(images.reshape(len(images), -1))


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "dataset_network", lambda *_: functional(Tiny))


def run(folder: Path, **changes: Any) -> tuple[dict[str, list[float]], list[str]]:
    """Metrics as columns over all steps, and the splits that were evaluated."""
    command = tasks_pb2.Train(run_id="r", config=config(**changes), checkpoint_folder=str(folder), dataset=DATASET)
    events = list(training(command, Path(), lambda: False))
    assert events[-1].finished.state == event_pb2.RUN_STATE_SUCCEEDED, events[-1].finished.cause.traceback
    columns: dict[str, list[float]] = {}
    for event in events:
        for field in event.metrics.DESCRIPTOR.fields:
            if field.is_repeated:
                columns.setdefault(field.name, []).extend(getattr(event.metrics, field.name))
    return columns, [event.evaluation.split for event in events if event.HasField("evaluation")]


@pytest.mark.parametrize(
    ("perturb", "mix"),
    [
        ({"none": {}}, {"none": {}}),
        ({"mean_teacher": OPTIONS}, {"none": {}}),
        ({"cutout": MASKED | BOX}, {"ict": MIXED | {"alpha": 0.1}}),
        ({"cowout": MASKED | COW}, {"cutmix": MIXED | BOX}),
        ({"none": {}}, {"cowmix": MIXED | COW}),
    ],
)
def test_the_loss_is_the_weighted_sum_of_the_paths_that_are_on(
    tmp_path: Path, perturb: dict[str, Any], mix: dict[str, Any]
) -> None:
    columns, _ = run(tmp_path, perturb=perturb, mix=mix, steps=3)
    for place in range(3):
        row = {name: column[place] for name, column in columns.items()}
        assert (row["perturb_loss"] > 0) == ("none" not in perturb)
        assert (row["mix_loss"] > 0) == ("none" not in mix)
        rest = row["loss"] - row["labeled_loss"] - 2 * row["perturb_loss"] - 3 * row["mix_loss"]
        # What is left is half of 5e-4 times the squared weights, drawn with a variance of 1/64.
        assert rest == pytest.approx(0.5 * 5e-4 * 10, rel=0.5)


def test_strict_parity_takes_the_effect_from_augment_separately_of_a_mix(tmp_path: Path) -> None:
    """And nothing else: with the same random stream the numbers are those of one augmentation for both."""

    def mixed(folder: str, *, separately: bool, strict: bool) -> dict[str, list[float]]:
        mix = {"cowmix": MIXED | COW | {"augment_separately": separately, "mix_logits": False}}
        return run(tmp_path / folder, mix=mix, strict_parity=strict, steps=3)[0]

    together = mixed("together", separately=False, strict=False)
    assert mixed("strict", separately=True, strict=True) == together
    separate = mixed("separate", separately=True, strict=False)
    assert separate["mix_loss"] != together["mix_loss"]
    # The first step's labeled loss knows nothing of either.
    assert separate["labeled_loss"][0] == together["labeled_loss"][0]


def test_strict_parity_leaves_augment_separately_of_a_perturbation_alone(tmp_path: Path) -> None:
    perturb = {"mean_teacher": OPTIONS}
    plain, strict = (
        run(tmp_path / str(strict), perturb=perturb, mix={"none": {}}, strict_parity=strict, steps=3)[0]
        for strict in (False, True)
    )
    assert plain == strict
    assert max(plain["perturb_loss"]) > 0


def test_the_older_random_stream_gives_other_numbers_and_gives_them_again(tmp_path: Path) -> None:
    mix = {"cowmix": MIXED | COW}
    current, reference, again = (
        run(tmp_path / str(place), mix=mix, random_stream=stream, steps=3)[0]
        for place, stream in enumerate(("current", "reference", "reference"))
    )
    assert reference == again
    # Initial weights, order and masks are all drawn anew.
    for name in ("labeled_loss", "mix_loss"):
        assert all(one != other for one, other in zip(current[name], reference[name], strict=True)), name
    assert current["learning_rate"] == reference["learning_rate"]


@pytest.mark.parametrize(
    ("schedule", "teacher", "rates", "alphas"),
    [
        ({"constant": {}}, {"alpha": 0.5, "anneal": False}, [1, 1, 1, 1], [0.5] * 4),
        (
            {"stepped": {"boundaries": [{"at": 0.25, "factor": 0.5}, {"at": 0.5, "factor": 0}], "warmup": 0.5}},
            {"alpha": 0.5, "anneal": True},
            [0, 0.5, 0.5, 0],
            [0.5, 0.5, 0.75, 1],
        ),
        ({"cosine": {"half_length": 0.5, "warmup": 0}}, {"alpha": 1, "anneal": True}, [1, 0.5, 0, 0.5], [1] * 4),
    ],
)
def test_schedules_are_shares_of_the_run(
    tmp_path: Path, schedule: dict[str, Any], teacher: dict[str, Any], rates: list[float], alphas: list[float]
) -> None:
    columns, _ = run(tmp_path, mix={"none": {}}, schedule=schedule, teacher=teacher, steps=4)
    np.testing.assert_allclose(columns["learning_rate"], 0.4 * 16 / 256 * np.asarray(rates), atol=1e-8)
    np.testing.assert_allclose(columns["teacher_alpha"], alphas, atol=1e-6)


def test_validation_images_are_scored_while_it_trains_and_the_test_set_at_the_end(tmp_path: Path) -> None:
    dataset = {"name": "digits", "labeled": 12, "seed": 1, "validation": 100, "validation_seed": 131}
    _, splits = run(tmp_path, dataset=dataset, mix={"none": {}}, steps=4, evaluate_every=2)
    assert splits == ["validation", "validation", "test"]


def test_an_evaluation_is_exact() -> None:
    dataset = assembly.load_dataset(CATALOG["digits"], Path())
    model = functional(Tiny)
    variables = assembly.new_state(model, assembly.root_key(config())).teacher
    images, labels = dataset.images.test_images, dataset.images.test_labels
    loss, error, top5_error = assembly.evaluator(dataset.facts, model)(
        variables, jnp.asarray(images), jnp.asarray(labels)
    )
    pixels = (images.reshape(360, 64) / 255 - 0.3045) / 0.3755
    dense = variables.parameters["dense"]
    logits = pixels @ np.asarray(dense["kernel"], np.float64) + np.asarray(dense["bias"])
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert float(error) == pytest.approx((logits.argmax(1) != labels).mean(), abs=1e-6)
    five = np.argsort(-logits, 1)[:, :5]
    assert float(top5_error) == pytest.approx((five != labels[:, None]).all(1).mean(), abs=1e-6)
    assert float(loss) == pytest.approx(-logs[np.arange(360), labels].mean(), rel=1e-5)


def test_the_compiled_start_is_the_start_bit_for_bit() -> None:
    model = dataset_network(config().model, CATALOG["digits"])
    root = assembly.root_key(config())
    start = jax.jit(partial(assembly.new_state, model))(root)
    jax.tree.map(np.testing.assert_array_equal, assembly.compiled_new_state(model)(root), start)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_every_seed_gives_another_start(seed: int) -> None:
    states = [assembly.new_state(functional(Tiny), assembly.root_key(config(seed=each))) for each in (seed, seed, 7)]
    kernels = [np.asarray(state.student.parameters["dense"]["kernel"]) for state in states]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()
    assert jax.tree.structure(states[0]) == jax.tree.structure(states[2])
    assert states[0].step == jnp.int32(0)
