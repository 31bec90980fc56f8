from typing import Any

import pytest

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask.v1 import masks_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.split_file import DrawnRule, ImageSet, ImportedRule, ListedImage, SplitFile
from cowmask_worker.runs.resolve import resolve_experiment, resolve_masks

DIGITS = CATALOG["digits"]


def filled(**fields: Any) -> config_pb2.ExperimentConfig:
    config = config_pb2.ExperimentConfig(batch_size=64, **fields)
    config.dataset.name = "digits"
    return config


def test_every_auto_value_has_a_value() -> None:
    config = filled(mix=config_pb2.MixConfig(cowmix=config_pb2.Cowmix()))
    config.perturb.cowout.SetInParent()
    resolved = resolve_experiment(config, DIGITS)
    assert resolved.dataset.labeled == 1437
    assert (resolved.augmentation.shift, resolved.augmentation.horizontal_flip) == (1, False)
    assert resolved.augmentation.HasField("horizontal_flip")
    assert resolved.unlabeled_batch_size == 64
    assert resolved.steps == 300 * (1437 // 64)
    assert (resolved.evaluate_every, resolved.checkpoint_every) == (330, 1320)
    for sigma in (resolved.mix.cowmix.sigma, resolved.perturb.cowout.sigma):
        assert (sigma.low, sigma.high) == (1, 4)


def test_what_is_given_stays() -> None:
    config = filled(steps=600, unlabeled_batch_size=32, evaluate_every=7, checkpoint_every=9)
    config.dataset.labeled = 40
    config.augmentation.shift = 0
    config.mix.cowmix.sigma.low = config.mix.cowmix.sigma.high = 2
    resolved = resolve_experiment(config, DIGITS)
    for name in ("steps", "unlabeled_batch_size", "evaluate_every", "checkpoint_every"):
        assert getattr(resolved, name) == getattr(config, name)
    assert (resolved.dataset.labeled, resolved.augmentation.shift) == (40, 0)
    assert resolved.mix.cowmix.sigma == config.mix.cowmix.sigma


@pytest.mark.parametrize(("epochs", "steps"), [(1, 22), (0.5, 11), (0.01, 1), (300, 6600)])
def test_epochs_become_steps(epochs: float, steps: int) -> None:
    resolved = resolve_experiment(filled(epochs=epochs), DIGITS)
    assert resolved.steps == steps
    assert not resolved.HasField("epochs"), "the config says one thing once"


def test_a_batch_larger_than_the_set_is_one_step_an_epoch() -> None:
    config = filled(epochs=3, unlabeled_batch_size=8)
    config.batch_size = 5000
    assert resolve_experiment(config, DIGITS).steps == 3


def test_validation_images_are_not_trained_on() -> None:
    config = filled(epochs=1)
    config.dataset.validation = 437
    resolved = resolve_experiment(config, DIGITS)
    assert (resolved.dataset.labeled, resolved.steps) == (1000, 1000 // 64)


@pytest.mark.parametrize(
    ("strict", "asked", "stream"),
    [
        (False, None, "current"),
        (True, None, "reference"),
        (False, "reference", "reference"),
        (True, "current", "current"),
    ],
)
def test_strict_parity_draws_from_the_authors_stream_unless_told_otherwise(
    strict: bool, asked: str | None, stream: str
) -> None:
    resolved = resolve_experiment(filled(strict_parity=strict, random_stream=asked), DIGITS)
    assert (resolved.strict_parity, resolved.random_stream) == (strict, stream)


@pytest.mark.parametrize(
    ("name", "flips", "flips_strictly"),
    [
        ("digits", False, False),
        ("cifar10", True, True),
        ("cifar100", True, True),
        ("svhn", False, True),
        ("imagenet", True, True),
    ],
)
def test_house_numbers_are_mirrored_for_strict_parity_alone(name: str, flips: bool, flips_strictly: bool) -> None:
    for strict, expected in ((False, flips), (True, flips_strictly)):
        config = filled(strict_parity=strict)
        assert resolve_experiment(config, CATALOG[name]).augmentation.horizontal_flip == expected
        for asked in (False, True):
            config.augmentation.horizontal_flip = asked
            assert resolve_experiment(config, CATALOG[name]).augmentation.horizontal_flip == asked


def test_large_images_have_large_masks() -> None:
    config = filled(mix=config_pb2.MixConfig(cowmix=config_pb2.Cowmix()))
    resolved = resolve_experiment(config, CATALOG["imagenet"])
    assert (resolved.mix.cowmix.sigma.low, resolved.mix.cowmix.sigma.high) == (28, 112)
    assert (resolved.dataset.labeled, resolved.augmentation.shift) == (1_281_167, 0)


def test_masks_take_their_scale_from_the_shorter_side() -> None:
    request = masks_pb2.GenerateRequest(height=64, width=32, cow=masks_pb2.CowMaskOptions())
    resolve_masks(request, 64, 32)
    assert (request.cow.sigma.low, request.cow.sigma.high) == (4, 16)
    ict = masks_pb2.MixOptions(ict=masks_pb2.IctMixOptions(alpha=0.1))
    before = ict.SerializeToString()
    resolve_masks(ict, 64, 32)
    assert ict.SerializeToString() == before


def test_the_numbers_of_a_named_split_take_the_place_of_those_of_the_config() -> None:
    images = tuple(ListedImage(str(index), "0", "0" * 64) for index in range(12))
    rest = ImageSet("", 1, "")
    drawn = DrawnRule(labeled=12, seed=5, validation=3, validation_seed=6, exclude_labeled=True)
    split = SplitFile("digits", ("0",), drawn, images, images[:3], rest, rest)
    config = filled()
    config.dataset.labeled, config.dataset.seed, config.dataset.validation = 40, 1, 100
    dataset = resolve_experiment(config, DIGITS, split).dataset
    assert (dataset.labeled, dataset.seed, dataset.validation, dataset.validation_seed) == (12, 5, 3, 6)
    assert dataset.exclude_labeled
    imported = ImportedRule("usb", "list", validation=2, validation_seed=7, own_validation=0)
    dataset = resolve_experiment(config, DIGITS, split._replace(rule=imported)).dataset
    assert (dataset.labeled, dataset.seed, dataset.validation, dataset.validation_seed) == (12, 1, 2, 7)
    assert not dataset.exclude_labeled
