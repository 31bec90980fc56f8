"""The step equals the authors', driven with a tiny network through every option: every value after every step."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from flax.traverse_util import flatten_dict, unflatten_dict
from jaxtyping import Array
from numpy.typing import ArrayLike

from cowmask_worker.masks.box import box_masks
from cowmask_worker.masks.cow import cow_masks
from cowmask_worker.models.batch_norm import BatchNorm
from cowmask_worker.models.functional import Apply, Variables, functional
from cowmask_worker.regularizers.mix import Mixed, mix_masked
from cowmask_worker.regularizers.perturb import DrawMask, Perturbed, erase, identity
from cowmask_worker.training.keys import reference_step_keys
from cowmask_worker.training.schedules import Schedule, annealed_alpha, constant, cosine, stepped
from cowmask_worker.training.state import TrainState, Tree
from cowmask_worker.training.step import Batch, StepOptions, train_step

type Arrays = dict[str, np.ndarray]
type Golden = Callable[[str], Arrays]
type Manifest = dict[str, Any]

PARAMETERS = ["bn/bias", "bn/scale", "out/bias", "out/kernel"]
STATISTICS = ["bn/mean", "bn/var"]
METRICS = [
    "labeled_loss",
    "labeled_error",
    "learning_rate",
    "perturb_loss",
    "perturb_confidence",
    "mix_loss",
    "mix_confidence",
]
EXACT = ["labeled_error", "perturb_confidence", "mix_confidence"]
OPTIONS = {
    "l2_reg": "l2",
    "weight_decay": "weight_decay",
    "cons_weight": "perturb_weight",
    "conf_thresh": "perturb_threshold",
    "conf_avg": "perturb_average",
    "mix_weight": "mix_weight",
    "mix_conf_thresh": "mix_threshold",
    "mix_conf_avg": "mix_average",
    "mix_logits": "mix_logits",
}
SOURCES: dict[str, Literal["mixed_confidences", "mixed_probabilities"]] = {
    "mix_conf": "mixed_confidences",
    "mix_prob": "mixed_probabilities",
}
SCENARIOS = [
    "supervised_l2",
    "supervised_plain_momentum",
    "mt_t0",
    "mt_t0.5_each",
    "mt_t0.5_avg",
    "cowout_std1_t0.5_each",
    "cowout_std0_prob0.5_t0",
    "aug_cowout_t0.4_avg",
    "cutout_size_aspect_t0.5_avg",
    "cowmix_probs_conf_t0.5_avg",
    "cowmix_probs_conf_t0.5_each",
    "cowmix_probs_prob_t0.5_avg",
    "cowmix_probs_prob_t0.5_each",
    "cowmix_logits_conf_t0.5_avg",
    "cowmix_logits_prob_t0.5_each",
    "cowmix_probs_t0",
    "cowmix_augsep",
    "cutmix_area_aspect",
    "both_cowout_cowmix",
    "both_aug_cowmix_augsep",
    "decay_stepped_annealed",
    "decay_cosine_annealed",
]


class Probe(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.bn = BatchNorm(3)
        self.out = nnx.Linear(108, 5, rngs=rngs)

    def __call__(self, images: Array, *, train: bool, key: Array | None) -> Array:
        del key
        return self.out(self.bn(images, train=train).reshape(len(images), -1))


def nested(arrays: Arrays, owner: str, leaves: list[str], step: int | None = None) -> Tree:
    values = {leaf: arrays[f"{owner}/{leaf}"] for leaf in leaves}
    chosen = values if step is None else {leaf: value[step] for leaf, value in values.items()}
    return jax.tree.map(jnp.asarray, unflatten_dict(chosen, sep="/"))


def masks(option: dict[str, Any], proportion: tuple[float, float]) -> DrawMask:
    def draw(key: Array, count: int, height: int, width: int) -> Array:
        if "cow" in option["name"]:
            return cow_masks(key, count, height, width, sigma=(0.8, 2.0), proportion=proportion).mask
        area, aspect = option.get("box_reg_scale_mode", "fixed"), option.get("box_reg_random_aspect_ratio", False)
        return box_masks(key, count, height, width, area=area, scale=0.25, random_aspect=aspect).mask

    return draw


def perturbation(option: dict[str, Any]) -> Callable[..., Perturbed] | None:
    if option["name"] == "none":
        return None
    if option["name"] in ("mt", "aug"):
        return identity
    return partial(
        erase,
        draw_mask=masks(option, (0.25, 1.0)),
        noise_std=option.get("cut_backg_noise", 1.0),
        mask_probability=option.get("cut_prob", 1.0),
    )


def mixing(option: dict[str, Any]) -> Callable[..., Mixed] | None:
    return None if option["name"] == "none" else partial(mix_masked, draw_mask=masks(option, (0.2, 0.8)))


def shape(kind: str, settings: Any, warmup: bool = True) -> Callable[[float], Schedule]:
    if kind == "constant":
        return constant
    per_epoch = settings["steps_per_epoch"]
    if kind == "stepped":
        make = partial(stepped, boundaries=[(round(epoch * per_epoch), factor) for epoch, factor in settings["steps"]])
    else:
        make = partial(cosine, half_length_steps=float(settings["half_length_epochs"] * per_epoch))
    return partial(make, warmup_steps=settings["warmup_epochs"] * per_epoch) if warmup else make


def step_options(scenario: dict[str, Any], apply: Apply) -> StepOptions:
    rate_kind, rate = scenario["learning_rate"]
    alpha_kind, alpha = scenario["teacher_alpha"]
    given = scenario["options"]
    perturb_on = scenario["perturb"]["name"] != "none"
    return StepOptions(
        apply=apply,
        learning_rate=constant(rate) if rate_kind == "constant" else shape(rate_kind, rate)(rate["base"]),
        teacher_alpha=constant(alpha)
        if alpha_kind == "constant"
        else annealed_alpha(alpha["teacher_alpha"], shape(alpha_kind, alpha, warmup=False)),
        perturb=perturbation(scenario["perturb"]),
        # The recorded views differ in every scenario, and the reference's perturbed student always sees the second.
        perturb_augment_separately=True,
        mix=mixing(scenario["mix"]),
        # With both paths on, the reference's mixing path takes the first view's answers, whatever was asked for.
        mix_augment_separately=given.get("mix_aug_separately", False) and not perturb_on,
        mix_source=SOURCES[given.get("mix_conf_mode", "mix_conf")],
        momentum=scenario["momentum"],
        nesterov=scenario["nesterov"],
        **{OPTIONS[name]: value for name, value in given.items() if name in OPTIONS},
    )


def assert_close(found: ArrayLike, expected: ArrayLike, what: str) -> None:
    """The tolerance that the vectors' manifest states."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    allowed = 1e-4 * (np.abs(expected) + 0.05 * np.abs(expected).max() + 1e-6)
    assert (np.abs(found - expected) <= allowed).all(), (what, found, expected)


def test_covers_every_scenario(manifest: Manifest) -> None:
    assert list(manifest["train/probe.npz"]["scenarios"]) == SCENARIOS


@pytest.mark.usefixtures("reference_stream")
@pytest.mark.parametrize("name", SCENARIOS)
def test_equals_the_references_step(golden: Golden, manifest: Manifest, name: str) -> None:
    arrays = golden("train/probe.npz")
    options = step_options(manifest["train/probe.npz"]["scenarios"][name], functional(Probe).apply)
    student, teacher = (
        Variables(nested(arrays, f"in/{owner}", PARAMETERS), nested(arrays, f"in/{owner}", STATISTICS))
        for owner in ("student", "teacher")
    )
    state = TrainState(jnp.int32(0), student, jax.tree.map(jnp.zeros_like, student.parameters), teacher)
    step = jax.jit(partial(train_step, options))
    for number in range(3):
        batch = Batch(*(jnp.asarray(arrays[f"in/{part}"][number]) for part in ("x_sup", "y", "x_u0", "x_u1")))
        state, metrics = step(state, batch, reference_step_keys(jax.random.PRNGKey(1040 + number)))
        for metric, expected in zip(METRICS, arrays[f"{name}/metrics"][number], strict=True):
            if metric in EXACT:
                assert getattr(metrics, metric) == np.float32(expected), metric
            else:
                assert_close(getattr(metrics, metric), expected, metric)
        for owner, leaves, tree in [
            ("student", PARAMETERS, state.student.parameters),
            ("student", STATISTICS, state.student.statistics),
            ("teacher", PARAMETERS, state.teacher.parameters),
            ("teacher", STATISTICS, state.teacher.statistics),
            ("momentum", PARAMETERS, state.momentum),
        ]:
            found = cast("dict[str, Array]", flatten_dict(tree, sep="/"))
            for leaf in leaves:
                assert_close(found[leaf], arrays[f"{name}/{owner}/{leaf}"][number], f"{owner}/{leaf} at {number}")
        assert state.step == number + 1
