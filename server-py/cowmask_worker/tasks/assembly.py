"""From a resolved experiment config, in which no field is left open, to the functions and arrays of a run."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt8

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask.v1 import masks_pb2
from cowmask_worker.data import digits, split_folder
from cowmask_worker.data.augmentation import normalize, normalize_unit
from cowmask_worker.data.batches import BatchOptions, Pool, RawBatch, StreamKeys, fetch_batch
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.contents import UNLABELED, Contents, numbered
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.digits import Images
from cowmask_worker.data.large.color_jitter import color_jitter
from cowmask_worker.data.large.records import Records, records
from cowmask_worker.data.official.prepared import load_prepared, load_prepared_files
from cowmask_worker.data.own import store
from cowmask_worker.data.split_file import DrawnRule
from cowmask_worker.data.split_members import members
from cowmask_worker.data.splits import Indices, Splits, split
from cowmask_worker.masks.box import Area, box_masks
from cowmask_worker.masks.cow import cow_masks
from cowmask_worker.models.functional import Functional, computing_in
from cowmask_worker.regularizers.mix import Mixed, mix_ict, mix_masked
from cowmask_worker.regularizers.perturb import DrawMask, Perturbed, erase, identity
from cowmask_worker.training.evaluation import Evaluation, evaluate
from cowmask_worker.training.keys import Stream, step_keys, stream_key
from cowmask_worker.training.layout import ON_ONE_DEVICE, Layout
from cowmask_worker.training.loop import NonFinite, Plan, Program, Score
from cowmask_worker.training.schedules import Schedule, annealed_alpha, constant, cosine, stepped
from cowmask_worker.training.state import TrainState, Variables, initial_state
from cowmask_worker.training.step import Batch, StepMetrics, StepOptions, train_step

EVALUATION_BATCH = 128
# The learning rate is given for this batch size and scales with it (the authors' launcher).
_BASE_BATCH = 256

type _Range = tuple[float, float]


class Dataset(NamedTuple):
    """A dataset on the host, and what is known of it. Without pixels where `files` says where the images are."""

    facts: DatasetFacts
    images: Images
    files: "Files | None" = None
    stored: Contents | None = None
    """Names and digests as they were imported or prepared; None for images of the catalog that have no names."""
    data_folder: Path = Path()
    """Holds its splits."""

    def contents(self) -> Contents:
        """What each image is. Takes the SHA-256 of all images of a set of the catalog, about 3 microseconds each."""
        if self.stored is not None:
            return self.stored
        train, test = (
            numbered("train", self.images.train_images, self.images.train_labels),
            numbered("test", self.images.test_images, self.images.test_labels),
        )
        return Contents(self.facts.name, self.facts.classes, train, test, self.facts.validation)


class Files(NamedTuple):
    """Image files in the order of `Images`' arrays."""

    train: Records
    test: Records


class StepData(NamedTuple):
    """What every step of a run reads, on the device."""

    root: PRNGKeyArray
    pool: Pool


def load_dataset(facts: DatasetFacts, data_folder: Path) -> Dataset:
    """Raises `DatasetMissing` where it has to be prepared, `DatasetDamaged` where it is not what was prepared or
    imported, `DatasetChanged` where it was imported anew."""
    if facts.imported or facts.reads_files:
        stored = (store.load if facts.imported else load_prepared_files)(facts, data_folder)
        if stored.root is None:
            return Dataset(facts, stored.images, None, stored.contents, data_folder)
        train, test = (
            records(stored.root, part.names, part.labels.tolist())
            for part in (stored.contents.train, stored.contents.test)
        )
        again = "import the dataset again with replace: true (--replace)" if facts.imported else "prepare it again"
        _check_there(stored.root, (*stored.contents.train.names, *stored.contents.test.names), f"or {again}.")
        return Dataset(facts, stored.images, Files(train, test), stored.contents, data_folder)
    images = digits.load() if facts.name == "digits" else load_prepared(facts.name, data_folder)
    return Dataset(facts, images, data_folder=data_folder)


def _check_there(root: Path, names: Sequence[str], otherwise: str) -> None:
    """A run is not begun that would end at a file that is gone."""
    gone = [name for name in names if not os.path.isfile(f"{root}/{name}")]
    if gone:
        others = f", and {len(gone) - 1:,} others are gone, too" if len(gone) > 1 else ""
        raise DatasetDamaged(
            root / gone[0],
            expected="an image of the dataset",
            found=f"no file{others}",
            advice=f"Put them back, {otherwise}",
        )


def splits(config: config_pb2.ExperimentConfig, dataset: Dataset) -> Splits:
    """By the config's numbers, or as the split says that it names.

    Raises `SplitMissing` and `SplitDamaged` where that can't be used, `SplitMismatch` where it is of other images.
    """
    if is_drawn(config):
        return split(dataset.images.train_labels, **drawn_rule(config, dataset.facts)._asdict())
    kept = split_folder.read(dataset.data_folder, dataset.facts.name, config.dataset.split)
    return members(kept, dataset.contents())


def is_drawn(config: config_pb2.ExperimentConfig) -> bool:
    # The configs of runs from before there were splits say nothing.
    return config.dataset.split in ("", "rule")


def drawn_rule(config: config_pb2.ExperimentConfig, facts: DatasetFacts) -> DrawnRule:
    return DrawnRule(
        labeled=config.dataset.labeled,
        seed=config.dataset.seed,
        validation=config.dataset.validation,
        validation_seed=config.dataset.validation_seed,
        exclude_labeled=config.dataset.exclude_labeled,
        own_validation=facts.validation,
    )


def new_state(model: Functional, root: PRNGKeyArray) -> TrainState:
    """The state before the first step."""
    return initial_state(model.init(stream_key(root, Stream.INIT)))


def compiled_new_state(model: Functional) -> Callable[[PRNGKeyArray], TrainState]:
    """`new_state` as one program, which all seeds share."""
    # On the CPU half of all compiling went into a program that runs once. Less of it gives the same bits.
    options = {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else None
    return jax.jit(partial(new_state, model), compiler_options=options)


def state_shapes(model: Functional) -> TrainState:
    """A state whose leaves have a shape and a dtype only."""
    return jax.eval_shape(partial(new_state, model), jax.random.key(0))


def random_stream(config: config_pb2.ExperimentConfig) -> AbstractContextManager[Any]:
    """Whatever is traced within draws by the stream that the config names."""
    return jax.threefry_partitionable(config.random_stream != "reference")


def root_key(config: config_pb2.ExperimentConfig) -> PRNGKeyArray:
    return jax.random.key(np.uint32(config.seed))


def step_data(
    config: config_pb2.ExperimentConfig, images: Images, parts: Splits, layout: Layout = ON_ONE_DEVICE
) -> StepData:
    labeled, unlabeled = parts.labeled.astype(np.int32), parts.unlabeled.astype(np.int32)
    pool = Pool(*layout.put((images.train_images, images.train_labels, labeled, unlabeled)))
    return StepData(root_key(config), pool)


def one_step(
    config: config_pb2.ExperimentConfig, facts: DatasetFacts, model: Functional, layout: Layout = ON_ONE_DEVICE
) -> Callable[[TrainState, StepData], tuple[TrainState, StepMetrics]]:
    """A step with its batch: gathered, augmented and normalized on the device."""
    options = step_options(config, model)
    batch_options = BatchOptions(
        labeled=config.batch_size,
        unlabeled=config.unlabeled_batch_size,
        shift=config.augmentation.shift,
        flip=config.augmentation.horizontal_flip,
        second_view=second_view(options),
    )
    take = step_on_images(config, facts, options, layout)

    def step(state: TrainState, data: StepData) -> tuple[TrainState, StepMetrics]:
        return take(state, data.root, fetch_batch(data.pool, stream_keys(data.root), state.step, batch_options))

    return step


def second_view(options: StepOptions) -> bool:
    """Whether the unlabeled images are augmented twice, independently."""
    return options.perturb_augment_separately or options.mix_augment_separately


def step_on_images(
    config: config_pb2.ExperimentConfig, facts: DatasetFacts, options: StepOptions, layout: Layout = ON_ONE_DEVICE
) -> Callable[[TrainState, PRNGKeyArray, RawBatch], tuple[TrainState, StepMetrics]]:
    """A step on images as they are stored: colors and normalization, then the update. The key is the run's root."""
    twice = second_view(options)

    def take(state: TrainState, root: PRNGKeyArray, batch: RawBatch) -> tuple[TrainState, StepMetrics]:
        raw = layout.divided(batch)

        def seen(images: UInt8[Array, "b h w c"], jitter: Stream) -> Float[Array, "b h w c"]:
            if not config.augmentation.color_jitter:
                return normalize(images, facts.mean, facts.std)
            colored = color_jitter(
                jax.random.fold_in(stream_key(root, jitter), state.step),
                images.astype(jnp.float32) / 255,
                grayscale_probability=config.augmentation.grayscale,
                parity_brightness=config.strict_parity,
            )
            return normalize_unit(colored, facts.mean, facts.std)

        labeled, first = seen(raw.labeled, Stream.LABELED_JITTER), seen(raw.unlabeled, Stream.UNLABELED_JITTER)
        second = seen(raw.unlabeled_second, Stream.UNLABELED_JITTER_SECOND) if twice else first
        keys = step_keys(root, state.step)
        return layout.copied(train_step(options, state, Batch(labeled, raw.labels, first, second), keys))

    return take


def stream_keys(root: PRNGKeyArray) -> StreamKeys:
    """The keys of a run's data streams."""
    return StreamKeys(
        labeled_order=stream_key(root, Stream.LABELED_ORDER),
        unlabeled_order=stream_key(root, Stream.UNLABELED_ORDER),
        labeled_augment=stream_key(root, Stream.LABELED_AUGMENT),
        unlabeled_augment=stream_key(root, Stream.UNLABELED_AUGMENT),
        unlabeled_augment_second=stream_key(root, Stream.UNLABELED_AUGMENT_SECOND),
    )


type Evaluator = Callable[[Variables, UInt8[Array, "n h w c"], Array], Evaluation]


def evaluator(facts: DatasetFacts, model: Functional, layout: Layout = ON_ONE_DEVICE) -> Evaluator:
    """Loss and errors of variables on images with their labels, exact for any number of images."""
    normalized = normalization(facts, layout)

    def score(variables: Variables, images: UInt8[Array, "n h w c"], labels: Array) -> Any:
        return evaluate(model.apply, variables, images, labels, normalize=normalized, batch_size=EVALUATION_BATCH)

    return jax.jit(score)


def normalization(facts: DatasetFacts, layout: Layout) -> Callable[[UInt8[Array, "b h w c"]], Float[Array, "b h w c"]]:
    """What a network sees of a batch that it is asked about, computed by each device for its part."""
    return lambda images: normalize(layout.divided(images), facts.mean, facts.std)


def named_split(name: str, images: Images, parts: Splits) -> tuple[Any, Any]:
    """Images and labels of "test", "validation" or "train" (all that is trained on and has a label)."""
    indices = split_indices(name, images, parts)
    if name == "test":
        return images.test_images[indices], images.test_labels[indices]
    return images.train_images[indices], images.train_labels[indices]


def split_indices(name: str, images: Images, parts: Splits) -> Indices:
    """Places in the test arrays for "test", else in the training arrays."""
    if name == "test":
        return np.arange(len(images.test_labels))
    indices = parts.validation if name == "validation" else np.union1d(parts.labeled, parts.unlabeled)
    return indices[images.train_labels[indices] != UNLABELED]


def plan(config: config_pb2.ExperimentConfig, facts: DatasetFacts) -> Plan:
    held_out = config.dataset.validation + facts.validation > 0
    perturb, mix = step_weights(config)
    return Plan(
        steps=config.steps,
        evaluate_every=config.evaluate_every,
        checkpoint_every=config.checkpoint_every,
        splits=("validation",) if held_out else ("test",),
        final_splits=("validation", "test") if held_out else ("test",),
        consistency=tuple(name for name, weight in (("perturb", perturb), ("mix", mix)) if weight > 0),
        # The configs of runs from before there was a choice say nothing.
        non_finite=cast(NonFinite, config.non_finite_loss or "halt"),
    )


def compiled(
    config: config_pb2.ExperimentConfig,
    dispatch: Any,
    score: Any,
    state: TrainState,
    data: StepData,
    dataset: Dataset,
    parts: Splits,
    layout: Layout = ON_ONE_DEVICE,
) -> Program:
    """Compiles all that the loop will call, so that no later call has to."""
    with random_stream(config):
        stepper = dispatch.lower(state, data, jnp.int32(1)).compile()
    planned = plan(config, dataset.facts)
    names = {*planned.splits, *planned.final_splits}
    sets = {name: layout.put(named_split(name, dataset.images, parts)) for name in names}
    scorers = {name: score.lower(state.student, *arrays).compile() for name, arrays in sets.items()}

    def take(state: TrainState, count: int) -> tuple[TrainState, StepMetrics]:
        return stepper(state, data, np.int32(count))

    def rate(variables: Variables, name: str) -> Score:
        return Score(*map(float, jax.device_get(scorers[name](variables, *sets[name]))))

    return Program(take, rate)


def step_weights(config: config_pb2.ExperimentConfig) -> tuple[float, float]:
    """Weights of the perturbation and of the mixing path, 0 where a path is off."""
    perturb = config.perturb.WhichOneof("kind") or "none"
    mix = config.mix.WhichOneof("kind") or "none"
    return (
        0.0 if perturb == "none" else getattr(config.perturb, perturb).weight,
        0.0 if mix == "none" else getattr(config.mix, mix).weight,
    )


def step_options(config: config_pb2.ExperimentConfig, model: Functional) -> StepOptions:
    settings: dict[str, Any] = {}
    perturb_kind = config.perturb.WhichOneof("kind") or "none"
    if perturb_kind != "none":
        options = getattr(config.perturb, perturb_kind)
        settings |= {
            "perturb": _perturbation(perturb_kind, options),
            "perturb_weight": options.weight,
            "perturb_threshold": options.confidence.threshold,
            "perturb_average": options.confidence.average,
            "perturb_augment_separately": options.augment_separately,
        }
    mix_kind = config.mix.WhichOneof("kind") or "none"
    if mix_kind != "none":
        options = getattr(config.mix, mix_kind)
        settings |= {
            "mix": _mixing(mix_kind, options),
            "mix_weight": options.weight,
            "mix_threshold": options.confidence.threshold,
            "mix_average": options.confidence.average,
            # Through the authors' launcher it never has an effect: their mixing path takes the first view's answers.
            "mix_augment_separately": options.augment_separately and not config.strict_parity,
            "mix_source": options.confidence.source,
            "mix_logits": options.mix_logits,
        }
    base_rate = config.optimizer.learning_rate * config.batch_size / _BASE_BATCH
    return StepOptions(
        apply=computing_in(model.apply, jnp.bfloat16 if config.precision == "bfloat16" else jnp.float32),
        learning_rate=_schedule(config, base_rate, warm=True),
        teacher_alpha=_teacher_alpha(config),
        momentum=config.optimizer.momentum,
        nesterov=config.optimizer.nesterov,
        l2=config.optimizer.l2,
        weight_decay=config.optimizer.weight_decay,
        passes_together=config.student_passes == "together",
        skip_non_finite=config.non_finite_loss == "skip",
        **settings,
    )


def _schedule(config: config_pb2.ExperimentConfig, base: float, *, warm: bool) -> Schedule:
    steps, schedule = config.steps, config.schedule
    match schedule.WhichOneof("kind"):
        case "stepped":
            boundaries = [(round(each.at * steps), each.factor) for each in schedule.stepped.boundaries]
            return stepped(base, boundaries, schedule.stepped.warmup * steps if warm else 0.0)
        case "cosine":
            warmup = schedule.cosine.warmup * steps if warm else 0.0
            return cosine(base, schedule.cosine.half_length * steps, warmup)
        case _:
            return constant(base)


def _teacher_alpha(config: config_pb2.ExperimentConfig) -> Schedule:
    if config.teacher.anneal:
        return annealed_alpha(config.teacher.alpha, lambda base: _schedule(config, base, warm=False))
    return constant(config.teacher.alpha)


def _perturbation(kind: str, options: Any) -> Callable[[PRNGKeyArray, Any], Perturbed]:
    if kind == "mean_teacher":
        return identity
    draw = cow_drawing(options) if kind == "cowout" else box_drawing(options)
    return lambda key, images: erase(
        key, images, draw, noise_std=options.noise_std, mask_probability=options.mask_probability
    )


def _mixing(kind: str, options: Any) -> Callable[[PRNGKeyArray, Any], Mixed]:
    if kind == "ict":
        return lambda key, images: mix_ict(key, images, alpha=options.alpha)
    draw = cow_drawing(options) if kind == "cowmix" else box_drawing(options)
    return lambda key, images: mix_masked(key, images, draw)


def cow_drawing(options: config_pb2.Cowmix | config_pb2.Cowout | masks_pb2.CowMaskOptions) -> DrawMask:
    """Draws CowMasks of a whole batch from one key."""
    sigma, proportion = ends(options.sigma), ends(options.proportion)
    return lambda key, count, height, width: (
        cow_masks(key, count, height, width, sigma=sigma, proportion=proportion).mask
    )


def box_drawing(options: config_pb2.Cutmix | config_pb2.Cutout | masks_pb2.BoxMaskOptions) -> DrawMask:
    """Draws box masks of a whole batch from one key."""
    area, scale, random_aspect = cast(Area, options.area), options.scale, options.random_aspect
    return lambda key, count, height, width: (
        box_masks(key, count, height, width, area=area, scale=scale, random_aspect=random_aspect).mask
    )


def ends(range_: config_pb2.Range) -> _Range:
    return range_.low, range_.high
