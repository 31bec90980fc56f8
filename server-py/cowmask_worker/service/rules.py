"""Named rules that a bound on one number can't express. The SDK has the same under the same names, but for those that
need the dataset; both are held to one table of cases."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cowmask.v1 import datasets_pb2, experiment_config_pb2, splits_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.split_file import SplitFile
from cowmask_worker.runs.refusal import Violation

RESNET_DEPTHS = (14, 26, 50, 101, 152)
_RESNET_REASON = "14, 26, 50, 101 or 152: four stages of bottleneck blocks with three convolutions each"


def range_order(path: str, low: float, high: float) -> list[Violation]:
    if not (math.isfinite(low) and math.isfinite(high)) or low <= high:
        return []
    reason = f"must be [low, high] with low at most high; got [{low}, {high}]"
    return [Violation(path, reason, rule="range_order")]


def boundaries_ascending(path: str, positions: Sequence[float]) -> list[Violation]:
    if not all(map(math.isfinite, positions)) or all(one < next_ for one, next_ in itertools.pairwise(positions)):
        return []
    reason = "must be in ascending order, every `at` above the one before"
    return [Violation(path, reason, rule="boundaries_ascending")]


def experiment_rules(config: experiment_config_pb2.ExperimentConfig) -> list[Violation]:
    """Rules within a config whose defaults are filled in."""
    return model_rules(config.model) + _steps_or_epochs(config) + _student_passes_together(config)


class _DepthRule(NamedTuple):
    """`reason` is what a depth must be."""

    name: str
    holds: Callable[[int], bool]
    reason: str


_DEPTH_RULES = {
    "wide_resnet": _DepthRule(
        "wide_resnet_depth",
        lambda depth: (depth - 4) % 6 == 0,
        "6n + 4 for a whole n (10, 16, 22, 28, ...): three groups of n blocks with two convolutions each",
    ),
    "shake_shake": _DepthRule(
        "shake_shake_depth",
        lambda depth: (depth - 2) % 6 == 0,
        "6n + 2 for a whole n (8, 14, 20, 26, ...): three groups of n blocks with two convolutions a branch",
    ),
    "pyramidnet": _DepthRule(
        "pyramidnet_depth",
        lambda depth: (depth - 2) % 9 == 0,
        "9n + 2 for a whole n (11, 20, 29, ..., 272): three groups of n blocks with three convolutions each",
    ),
    "resnet": _DepthRule("resnet_depth", RESNET_DEPTHS.__contains__, _RESNET_REASON),
    "resnext": _DepthRule("resnet_depth", RESNET_DEPTHS.__contains__, _RESNET_REASON),
}


def model_rules(model: experiment_config_pb2.ModelConfig) -> list[Violation]:
    """Rules within a network whose defaults are filled in."""
    name = model.WhichOneof("name")
    chosen = getattr(model, name) if name else None
    if name is None or chosen is None or not chosen.HasField("depth"):
        return []
    rule = _DEPTH_RULES[name]
    if rule.holds(chosen.depth):
        return []
    return [Violation("model.depth", f"must be {rule.reason}; got {chosen.depth}", rule=rule.name)]


def _steps_or_epochs(config: experiment_config_pb2.ExperimentConfig) -> list[Violation]:
    if not (config.HasField("steps") and config.HasField("epochs")):
        return []
    reason = "must be left out where `steps` is given: both say how long to train"
    return [Violation("epochs", reason, rule="steps_or_epochs")]


def _student_passes_together(config: experiment_config_pb2.ExperimentConfig) -> list[Violation]:
    sizes = {config.batch_size, config.unlabeled_batch_size} if config.HasField("unlabeled_batch_size") else set[int]()
    if config.student_passes != "together" or len(sizes) < 2:
        return []
    reason = "must be `separate` where `unlabeledBatchSize` is not `batchSize`: one pass takes as many images of each"
    return [Violation("studentPasses", reason, rule="student_passes_together")]


def tensor_elements(path: str, shape: Sequence[int], most: int) -> list[Violation]:
    if math.prod(shape) <= most:
        return []
    reason = (
        f"must be small enough: {' x '.join(map(str, shape))} are {math.prod(shape):,} elements, at most {most:,} are "
        "allowed; ask for fewer, or in several calls"
    )
    return [Violation(path, reason, rule="tensor_elements")]


def image_channels(options: datasets_pb2.DatasetImportOptions | datasets_pb2.InspectOptions) -> list[Violation]:
    if not options.HasField("channels") or options.channels != 2:
        return []
    return [Violation("channels", "must be 1, 3 or 4; got 2", rule="image_channels")]


def dataset_rules(
    config: experiment_config_pb2.ExperimentConfig, facts: DatasetFacts, found: Sequence[Violation]
) -> list[Violation]:
    """Rules that need to know the dataset; a field that is blamed already is not blamed again."""
    blamed = {violation.path for violation in found}
    return _split_rules(config, facts, blamed) + [each for each in _view(config, facts) if each.path not in blamed]


def chosen_split_rules(
    config: experiment_config_pb2.ExperimentConfig, facts: DatasetFacts, chosen: SplitFile
) -> list[Violation]:
    """Rules that need to know the split that the config names."""
    return _unlabeled_batch(config, facts, chosen.unlabeled.images, set())


def split_rules(options: splits_pb2.SplitOptions, facts: DatasetFacts) -> list[Violation]:
    """Whether such a split of the dataset can be drawn; the defaults are filled in."""
    if violations := _validation(options.validation, facts, ""):
        return violations
    labeled = options.labeled if options.HasField("labeled") else None
    violations = [] if labeled is None else _labeled(labeled, facts, options.validation, "")
    pool = facts.train - options.validation
    return violations or _unlabeled_left(options.exclude_labeled, pool, labeled, facts, "")


def split_import_rules(options: splits_pb2.SplitImportOptions, facts: DatasetFacts) -> list[Violation]:
    """What is wrong with the options before anything is known of the file."""
    return _validation(options.validation, facts, "")


def _split_rules(
    config: experiment_config_pb2.ExperimentConfig, facts: DatasetFacts, blamed: set[str]
) -> list[Violation]:
    dataset = config.dataset
    if dataset.split != "rule":
        # The split says all of it; whether it fits is seen when it is read.
        return _unlabeled_batch(config, facts, facts.train, blamed)
    if "dataset.validation" in blamed:
        return []
    if violations := _validation(dataset.validation, facts, "dataset."):
        return violations
    labeled = dataset.labeled if dataset.HasField("labeled") else None
    if labeled is not None and "dataset.labeled" not in blamed:
        violations += _labeled(labeled, facts, dataset.validation, "dataset.")
    pool = facts.train - dataset.validation
    if left := _unlabeled_left(dataset.exclude_labeled, pool, labeled, facts, "dataset."):
        return violations + left
    if dataset.exclude_labeled:
        pool -= min(facts.labeled if labeled is None else labeled, pool)
    return violations + _unlabeled_batch(config, facts, pool, blamed)


def _view(config: experiment_config_pb2.ExperimentConfig, facts: DatasetFacts) -> list[Violation]:
    """What is done to images must be something that can be done to these."""
    augmentation, files = config.augmentation, facts.storage == "files"
    kept = f"of {facts.name} are kept at their final size"
    wrong = [
        ("shift", files and augmentation.shift > 0, f"must be 0: images of {facts.name} are cropped instead"),
        ("cropArea", not files and _crops(augmentation), f"must be left out or [1, 1]: images {kept}"),
        ("resample", not files and augmentation.resample == "reference", f"must be left out: images {kept}"),
        (
            "colorJitter",
            augmentation.color_jitter and facts.channels != 3,
            f"must be false: {facts.name} has no colors",
        ),
        ("grayscale", augmentation.grayscale > 0 and not augmentation.color_jitter, "must be 0 without colorJitter"),
    ]
    return [
        Violation(f"augmentation.{name}", reason, rule="augmentation_suits_images")
        for name, broken, reason in wrong
        if broken
    ]


def _crops(augmentation: experiment_config_pb2.AugmentationConfig) -> bool:
    area = augmentation.crop_area
    return augmentation.HasField("crop_area") and (area.low, area.high) != (1, 1)


def _validation(validation: int, facts: DatasetFacts, within: str) -> list[Violation]:
    classes, most = len(facts.classes), facts.labeled - len(facts.classes)
    reason = ""
    if validation and facts.validation:
        reason = f"must be 0: {facts.name} has {facts.validation:,} validation images of its own; got {validation}"
    elif validation and min(facts.label_counts, default=2) < 2:
        reason = f"must be 0: a class of {facts.name} has a single labeled image; got {validation}"
    elif validation > most or 0 < validation < classes:
        reason = (
            f"must be 0, or from {classes} to {most:,}: a split holds each of the {classes} classes of "
            f"{facts.name}, which has {facts.labeled:,} labeled training images; got {validation}"
        )
    return [Violation(f"{within}validation", reason, rule="validation_leaves_images")] if reason else []


def _labeled(labeled: int, facts: DatasetFacts, validation: int, within: str) -> list[Violation]:
    name, classes, images = facts.name, len(facts.classes), facts.labeled - validation
    if labeled < classes:
        reason = f"must be at least {classes}, one for each class of {name}; got {labeled}"
        return [Violation(f"{within}labeled", reason, rule="labeled_at_least_classes")]
    if labeled > images:
        reason = f"must be at most {images:,}, the labeled images of {name} that validation leaves; got {labeled:,}"
        return [Violation(f"{within}labeled", reason, rule="labeled_at_most_images")]
    if labeled < images and min(facts.label_counts, default=2) < 2:
        reason = (
            f"must be {images:,}, all labeled images of {name}: one of its classes has a single one; got {labeled:,}"
        )
        return [Violation(f"{within}labeled", reason, rule="labeled_at_most_images")]
    return []


def _unlabeled_left(
    exclude_labeled: bool, pool: int, labeled: int | None, facts: DatasetFacts, within: str
) -> list[Violation]:
    """`pool` are the training images that are not put aside; `labeled` is None for all that have a label."""
    if not exclude_labeled or (facts.labeled if labeled is None else labeled) < pool:
        return []
    reason = "must be false: every training image is labeled, so that none would be left"
    return [Violation(f"{within}excludeLabeled", reason, rule="unlabeled_images_left")]


def _unlabeled_batch(
    config: experiment_config_pb2.ExperimentConfig, facts: DatasetFacts, images: int, blamed: set[str]
) -> list[Violation]:
    batch = config.unlabeled_batch_size if config.HasField("unlabeled_batch_size") else config.batch_size
    if batch <= images or blamed & {"unlabeledBatchSize", "batchSize"}:
        return []
    reason = f"must be at most {images:,}, the unlabeled images of {facts.name}; got {batch}" + (
        "" if config.HasField("unlabeled_batch_size") else ", from batchSize"
    )
    return [Violation("unlabeledBatchSize", reason, rule="unlabeled_batch_at_most_images")]
