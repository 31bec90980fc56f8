"""Works out the `auto` values of a config, once, so that a run's config says all that was done."""

from cowmask.v1 import experiment_config_pb2, masks_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.split_file import DrawnRule, SplitFile

_EPOCHS = 300.0
_EVALUATIONS = 20
_CHECKPOINTS = 5
# The reference draws sigma from 4..16 pixels at an image size of 32.
_SMALLEST_SIGMA = 1 / 8
_LARGEST_SIGMA = 1 / 2
# The authors' ImageNet pipeline.
_SMALLEST_CROP = 0.05


def resolve_experiment(
    config: experiment_config_pb2.ExperimentConfig, facts: DatasetFacts, chosen: SplitFile | None = None
) -> experiment_config_pb2.ExperimentConfig:
    """The config, whose defaults are filled in, without a gap; how long to train it says in `steps` alone. `chosen` is
    the split that it names, whose numbers take the place of its own."""
    resolved = experiment_config_pb2.ExperimentConfig()
    resolved.CopyFrom(config)
    if chosen is not None:
        _resolve_split(resolved.dataset, chosen)
    images = facts.train - resolved.dataset.validation
    if not resolved.dataset.HasField("labeled"):
        resolved.dataset.labeled = facts.labeled - resolved.dataset.validation
    if not resolved.augmentation.HasField("shift"):
        resolved.augmentation.shift = facts.shift
    if not resolved.augmentation.HasField("horizontal_flip"):
        theirs = facts.parity_horizontal_flip if resolved.strict_parity else None
        resolved.augmentation.horizontal_flip = facts.horizontal_flip if theirs is None else theirs
    if not resolved.augmentation.HasField("crop_area"):
        low = _SMALLEST_CROP if facts.storage == "files" else 1.0
        resolved.augmentation.crop_area.low, resolved.augmentation.crop_area.high = low, 1.0
    if not resolved.augmentation.HasField("resample"):
        theirs = facts.storage == "files" and resolved.strict_parity
        resolved.augmentation.resample = "reference" if theirs else "antialias"
    if not resolved.HasField("random_stream"):
        resolved.random_stream = "reference" if resolved.strict_parity else "current"
    if not resolved.HasField("unlabeled_batch_size"):
        resolved.unlabeled_batch_size = resolved.batch_size
    if not resolved.HasField("steps"):
        epochs = resolved.epochs if resolved.HasField("epochs") else _EPOCHS
        resolved.steps = max(1, round(epochs * (images // resolved.batch_size or 1)))
    resolved.ClearField("epochs")
    if not resolved.HasField("evaluate_every"):
        resolved.evaluate_every = max(1, resolved.steps // _EVALUATIONS)
    if not resolved.HasField("checkpoint_every"):
        resolved.checkpoint_every = max(1, resolved.steps // _CHECKPOINTS)
    if resolved.mix.HasField("cowmix"):
        _resolve_sigma(resolved.mix.cowmix, facts.height, facts.width)
    if resolved.perturb.HasField("cowout"):
        _resolve_sigma(resolved.perturb.cowout, facts.height, facts.width)
    return resolved


def _resolve_split(dataset: experiment_config_pb2.DatasetConfig, chosen: SplitFile) -> None:
    rule = chosen.rule
    dataset.labeled = len(chosen.labeled)
    dataset.validation, dataset.validation_seed = rule.validation, rule.validation_seed
    dataset.exclude_labeled = rule.exclude_labeled
    if isinstance(rule, DrawnRule):
        dataset.seed = rule.seed


def resolve_masks(
    options: masks_pb2.GenerateRequest | masks_pb2.MixOptions | masks_pb2.EraseOptions, height: int, width: int
) -> None:
    """Fills in the sigma of masks for images of this size, in place."""
    kind = options.WhichOneof("kind")
    masks = getattr(options, kind) if kind is not None else None
    if isinstance(masks, masks_pb2.CowMaskOptions):
        _resolve_sigma(masks, height, width)


def _resolve_sigma(
    options: experiment_config_pb2.Cowmix | experiment_config_pb2.Cowout | masks_pb2.CowMaskOptions,
    height: int,
    width: int,
) -> None:
    if not options.HasField("sigma"):
        edge = min(height, width)
        options.sigma.low, options.sigma.high = edge * _SMALLEST_SIGMA, edge * _LARGEST_SIGMA
