"""One training step as one pure function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from cowmask_worker.models.functional import Apply
from cowmask_worker.regularizers.mix import Mixed, blend_with_partner
from cowmask_worker.regularizers.perturb import Perturbed
from cowmask_worker.training.keys import StepKeys
from cowmask_worker.training.losses import Confidence, confidence_weight, consistency, cross_entropy, l2_penalty
from cowmask_worker.training.schedules import Schedule
from cowmask_worker.training.state import TrainState, Tree, Variables
from cowmask_worker.training.student_passes import Pass, student_passes


class Batch(NamedTuple):
    """The images of one step, normalized.

    The two unlabeled batches show the same images in independent augmentations; they may be one array when no path
    augments separately.
    """

    labeled: Float[Array, "n h w c"]
    labels: Int[Array, "n"]
    unlabeled: Float[Array, "m h w c"]
    unlabeled_second: Float[Array, "m h w c"]


class StepMetrics(NamedTuple):
    """What one step measured, of the student as it was before the update. A path that is off reports 0."""

    loss: Float[Array, ""]
    labeled_loss: Float[Array, ""]
    labeled_error: Float[Array, ""]
    learning_rate: Float[Array, ""]
    perturb_loss: Float[Array, ""]
    perturb_confidence: Float[Array, ""]
    mix_loss: Float[Array, ""]
    mix_confidence: Float[Array, ""]
    teacher_alpha: Float[Array, ""]


@dataclass(frozen=True, kw_only=True)
class StepOptions:
    """All that a step is made of besides its arrays.

    `perturb` and `mix` are the two unsupervised paths, None when off. `*_threshold` and `*_average` say how an
    image's confidence weights its loss (`confidence_weight`). With `perturb_augment_separately` the student gets the
    second view, with `mix_augment_separately` the teacher does. `mix_source` says whether the confidence of a mix is
    the mix of the two confidences or that of the mixed probabilities; `mix_logits` mixes before the softmax. With
    `skip_non_finite` a step whose loss, or the state after it, is not finite leaves all but the step number as it was.
    `passes_together` lets the student see labeled and unlabeled images in one pass (`student_passes`).
    """

    apply: Apply
    learning_rate: Schedule
    teacher_alpha: Schedule
    perturb: Callable[[PRNGKeyArray, Float[Array, "m h w c"]], Perturbed] | None = None
    perturb_weight: float = 1.0
    perturb_threshold: float = 0.97
    perturb_average: bool = False
    perturb_augment_separately: bool = False
    mix: Callable[[PRNGKeyArray, Float[Array, "m h w c"]], Mixed] | None = None
    mix_weight: float = 30.0
    mix_threshold: float = 0.6
    mix_average: bool = True
    mix_augment_separately: bool = False
    mix_source: Literal["mixed_confidences", "mixed_probabilities"] = "mixed_confidences"
    mix_logits: bool = False
    momentum: float = 0.9
    nesterov: bool = True
    l2: float = 5e-4
    weight_decay: float = 0.0
    skip_non_finite: bool = False
    passes_together: bool = False


class _Path(NamedTuple):
    """One unsupervised path: what the student sees, what it should answer, how much each image counts."""

    student: Pass
    target: Float[Array, "m classes"]
    confidence: Confidence


class _Measured(NamedTuple):
    labeled_loss: Float[Array, ""]
    labeled_error: Float[Array, ""]
    perturb_loss: Float[Array, ""]
    perturb_confidence: Float[Array, ""]
    mix_loss: Float[Array, ""]
    mix_confidence: Float[Array, ""]


def train_step(options: StepOptions, state: TrainState, batch: Batch, keys: StepKeys) -> tuple[TrainState, StepMetrics]:
    """Takes one step of the student against labels and teacher, then moves the teacher toward the student.

    The reference's `train_step` (train_semisup.py), with batch statistics, confidence average and mixing partner
    defined over the whole batch.
    """
    learning_rate = options.learning_rate(state.step)
    alpha = options.teacher_alpha(state.step)

    def objective(parameters: Tree) -> tuple[Float[Array, ""], tuple[_Measured, Tree]]:
        return step_loss(options, Variables(parameters, state.student.statistics), state.teacher, batch, keys)

    (loss, (measured, statistics)), gradient = jax.value_and_grad(objective, has_aux=True)(state.student.parameters)
    parameters, momentum = _descend(options, learning_rate, state.student.parameters, gradient, state.momentum)
    student = Variables(parameters, statistics)
    teacher = jax.tree.map(lambda old, new: alpha * old + (1 - alpha) * new, state.teacher, student)
    metrics = StepMetrics(loss=loss, learning_rate=learning_rate, teacher_alpha=alpha, **measured._asdict())
    after = TrainState(state.step + 1, student, momentum, teacher)
    return _unless_not_finite(state, after, metrics) if options.skip_non_finite else (after, metrics)


def _unless_not_finite(before: TrainState, after: TrainState, metrics: StepMetrics) -> tuple[TrainState, StepMetrics]:
    """The step, or none where it is not finite: that it was skipped is told by a loss that is not finite."""
    finite = jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves((after, metrics.loss))]).all()
    state = jax.tree.map(lambda new, old: jnp.where(finite, new, old), after, before)
    skipped = jnp.where(jnp.isfinite(metrics.loss), jnp.nan, metrics.loss)
    return state._replace(step=after.step), metrics._replace(loss=jnp.where(finite, metrics.loss, skipped))


def step_loss(
    options: StepOptions, student: Variables, teacher: Variables, batch: Batch, keys: StepKeys
) -> tuple[Float[Array, ""], tuple[_Measured, Tree]]:
    """What a step descends on; and what it measured, with the student's statistics after its passes."""
    answers = _answers(options, teacher, batch.unlabeled)
    mix_answers = _answers(options, teacher, batch.unlabeled_second) if options.mix_augment_separately else answers
    paths: dict[str, _Path] = {}
    if options.perturb is not None:
        paths["perturb"] = _perturb_path(options, answers, batch, keys)
    if options.mix is not None:
        paths["mix"] = _mix_path(options, mix_answers, batch, keys)

    passes = [Pass(batch.labeled, keys.supervised), *(path.student for path in paths.values())]
    (logits, *seen), statistics = student_passes(options.apply, student, passes, together=options.passes_together)
    labeled_loss = cross_entropy(logits, batch.labels).mean()
    labeled_error = (logits.argmax(1) != batch.labels).mean(dtype=jnp.float32)
    losses = {
        name: consistency(jax.nn.softmax(answer), path.target, path.confidence.weight)
        for (name, path), answer in zip(paths.items(), seen, strict=True)
    }
    rates = {name: path.confidence.rate for name, path in paths.items()}
    perturb_loss, mix_loss = (losses.get(name, jnp.zeros(())) for name in ("perturb", "mix"))
    perturb_confidence, mix_confidence = (rates.get(name, jnp.zeros(())) for name in ("perturb", "mix"))

    loss = (
        labeled_loss
        + options.perturb_weight * perturb_loss
        + options.mix_weight * mix_loss
        + options.l2 * l2_penalty(student.parameters)
    )
    measured = _Measured(labeled_loss, labeled_error, perturb_loss, perturb_confidence, mix_loss, mix_confidence)
    return loss, (measured, statistics)


def _answers(options: StepOptions, teacher: Variables, images: Float[Array, "m h w c"]) -> Float[Array, "m classes"]:
    """The teacher's logits: in evaluation mode, and no way for a gradient."""
    logits, _ = options.apply(teacher, images, train=False, key=None)
    return jax.lax.stop_gradient(logits)


def _perturb_path(options: StepOptions, answers: Float[Array, "m classes"], batch: Batch, keys: StepKeys) -> _Path:
    """The student on perturbed images must agree with the teacher on clean ones."""
    assert options.perturb is not None
    target = jax.nn.softmax(answers)
    view = batch.unlabeled_second if options.perturb_augment_separately else batch.unlabeled
    images = options.perturb(keys.perturb, view).images
    confidence = confidence_weight(target.max(1), threshold=options.perturb_threshold, average=options.perturb_average)
    return _Path(Pass(images, keys.unsupervised_student), target, confidence)


def _mix_path(options: StepOptions, answers: Float[Array, "m classes"], batch: Batch, keys: StepKeys) -> _Path:
    """The student on a mixed image must agree with the mix of the teacher's answers to the two."""
    assert options.mix is not None
    mixed = options.mix(keys.mix, batch.unlabeled)
    own = jax.nn.softmax(answers)
    if options.mix_logits:
        target = jax.nn.softmax(blend_with_partner(answers, mixed.blend))
    else:
        target = blend_with_partner(own, mixed.blend)
    match options.mix_source:
        case "mixed_confidences":
            certainty = blend_with_partner(own.max(1, keepdims=True), mixed.blend)[:, 0]
        case "mixed_probabilities":
            certainty = target.max(1)
    confidence = confidence_weight(certainty, threshold=options.mix_threshold, average=options.mix_average)
    return _Path(Pass(mixed.images, keys.mix_student), target, confidence)


def _descend(
    options: StepOptions, learning_rate: Float[Array, ""], parameters: Tree, gradient: Tree, momentum: Tree
) -> tuple[Tree, Tree]:
    """Momentum without dampening, then weight decay on every parameter, the already updated ones."""
    momentum = jax.tree.map(lambda past, slope: options.momentum * past + slope, momentum, gradient)
    direction = momentum
    if options.nesterov:
        direction = jax.tree.map(lambda slope, past: slope + options.momentum * past, gradient, momentum)
    keep = 1 - options.weight_decay * learning_rate
    return jax.tree.map(lambda value, by: (value - learning_rate * by) * keep, parameters, direction), momentum
