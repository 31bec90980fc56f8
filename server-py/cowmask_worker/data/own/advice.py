"""What to do about what a look at images has found, a sentence or two each."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cowmask_worker.data.own.inspection import Groups, Report

_FEW_LABELS = 10
_IMBALANCE = 3
_LARGE_EDGE = 128
_CHEAPER_EDGE = 64
_ENLARGED_SHARE = 0.1
_LONG = 1.5
_SHOWN = 5
_DIRECTIONS = re.compile(r"(?<![a-z])(left|right|links|rechts|gauche|droite|clockwise|anticlockwise)(?![a-z])", re.I)


class Advice(NamedTuple):
    """`code` is for programs, `text` for people."""

    code: str
    text: str


class Training(NamedTuple):
    """What training on the images would begin with."""

    batch_size: int
    """Images a step, of the labeled and of the unlabeled ones each."""
    sigma: tuple[float, float]
    """Scale of CowMasks in pixels, smallest and largest."""
    mirrors: bool
    """Whether half of the images are mirrored."""
    lacks_bytes: float = 0
    """Memory that a step needs beyond what there is, on the machine that has looked."""


def advise(report: Report, training: Training | None) -> list[Advice]:
    """The gravest first. `training` is None where there is nothing to train on."""
    told = [
        *_soundness(report),
        *_repetition(report.crossing, report.contradicting, report.duplicates),
        *_labels(report),
    ]
    if training is not None and report.decision is not None:
        told += [*_batch(report, training), *_size(report), *_masks(report, training), *_mirroring(report, training)]
    return told


def _soundness(report: Report) -> Iterator[Advice]:
    if report.faults:
        first, number = report.faults[0], len(report.faults)
        yield Advice(
            "refused",
            f"This would be refused for {_counted(number, 'fault')}, which you must mend first: {first}"
            + (" ..." if number > 1 else ""),
        )
    if report.unusable:
        total = report.images + len(report.unusable)
        yield Advice(
            "unreadable",
            f"{len(report.unusable):,} of {total:,} files can not be used. Mend or remove them, or import with "
            "onUnreadable: 'skip' (--on-unreadable skip), which leaves them out.",
        )
    if report.ignored:
        yield Advice(
            "ignored",
            f"Passed over for names that are not those of images (.png, .jpg, .jpeg, .webp, .bmp): "
            f"{_counted(len(report.ignored), 'file')}, {_named(report.ignored)}.",
        )


def _repetition(crossing: Groups, contradicting: Groups, duplicates: Groups) -> Iterator[Advice]:
    if crossing.groups:
        yield Advice(
            "train_test_duplicates",
            f"In training and in test or validation both: {_counted(crossing.groups, 'image')}, such as "
            f"{_named(crossing.first[0].names)}. Errors will look better than they are: remove one of the two.",
        )
    if contradicting.groups:
        yield Advice(
            "contradicting_labels",
            f"Labeled as several classes: {_counted(contradicting.groups, 'image')}, such as "
            f"{_named(contradicting.first[0].names)}. Keep the right one.",
        )
    if duplicates.groups:
        surplus = duplicates.images - duplicates.groups
        yield Advice(
            "duplicates",
            f"Repeating what another one holds: {_counted(surplus, 'image')}, such as "
            f"{_named(duplicates.first[0].names)}. They only make these images weigh more.",
        )


def _labels(report: Report) -> Iterator[Advice]:
    labeled = [each for each in report.classes if each.to_learn]
    if not labeled:
        return
    asked = report.asked
    if asked is not None and asked.labeled > asked.available:
        yield Advice(
            "few_labels",
            f"labeled: {asked.labeled:,} is more than the {asked.available:,} labeled images there are to train on. "
            f"Label more, or say labeled: {asked.available}.",
        )
    elif asked is not None and asked.labeled < len(report.classes):
        yield Advice(
            "few_labels",
            f"labeled: {asked.labeled:,} is less than one for each of the {len(report.classes):,} classes. Say "
            f"{len(report.classes)} or more.",
        )
    elif asked is not None and asked.count_below:
        yield Advice(
            "few_labels",
            f"With fewer than {asked.share:,} labeled images to train on, an even share of labeled: {asked.labeled:,}: "
            f"{_counted(asked.count_below, 'class', 'classes')}, {_named(asked.below)}. Every class gives the same "
            "share of its images, so that these keep fewer labels than the others.",
        )
    fewest = min(labeled, key=lambda each: each.to_learn)
    most = max(labeled, key=lambda each: each.to_learn)
    if asked is None and fewest.to_learn < _FEW_LABELS:
        yield Advice(
            "few_labels",
            f"Class {_quoted(fewest.name)} has {_counted(fewest.to_learn, 'labeled image')} to train on. With so few, "
            "results depend on which ones they are: label some more, or compare runs with several values of "
            "dataset.seed.",
        )
    if most.to_learn >= _IMBALANCE * fewest.to_learn:
        yield Advice(
            "imbalance",
            f"Class {_quoted(most.name)} has {most.to_learn:,} labeled images to train on, class "
            f"{_quoted(fewest.name)} {fewest.to_learn:,}: {most.to_learn / fewest.to_learn:.1f} times as many. The "
            "overall error says little about small classes then: look at the accuracy of each class, and label more of "
            "the small ones first.",
        )
    few = asked is not None and asked.labeled < asked.available
    if not report.unlabeled and not few and report.decision is not None:
        yield Advice(
            "no_unlabeled",
            "All images to train on are labeled. What consistency regularization adds comes from many more unlabeled "
            "images than labeled ones: put those you have into unlabeled/, or keep few labels with dataset.labeled to "
            "see what it would do.",
        )


def _batch(report: Report, training: Training) -> Iterator[Advice]:
    pool, batch = report.train, training.batch_size
    if not pool:
        return
    if training.lacks_bytes > 0:
        yield Advice(
            "memory",
            f"A step with batchSize: {batch} needs {training.lacks_bytes / 2**30:.1f} GiB more than there is here, so "
            "that it was not timed. Say a smaller batchSize, imageSize or model, or train on a larger device.",
        )
    if batch > pool:
        fitting = 1 << (pool.bit_length() - 1)
        yield Advice(
            "batch_size",
            f"batchSize: {batch} is more than the {pool:,} images that the unlabeled ones of a batch are drawn from "
            f"(the labeled ones belong to them). Say batchSize: {fitting} or less.",
        )
    else:
        labeled = sum(each.to_learn for each in report.classes)
        repeat = f" The {labeled:,} labeled images repeat within a batch." if labeled < batch else ""
        yield Advice(
            "batch_size",
            f"batchSize: {batch} fits: an epoch over the {pool:,} images to train on takes "
            f"{_counted(pool // batch, 'step')}.{repeat}",
        )


def _size(report: Report) -> Iterator[Advice]:
    assert report.decision is not None
    form, typical = report.decision.form, report.typical
    edge = min(form.height, form.width)
    chosen = f"{form.height} x {form.width} pixels"
    if report.smaller > _ENLARGED_SHARE * report.images and typical is not None:
        yield Advice(
            "image_size",
            f"{report.smaller:,} of {report.images:,} images are smaller than the {chosen} that they would get, and "
            "are enlarged without gaining detail: import with a smaller imageSize.",
        )
    elif edge >= _LARGE_EDGE:
        yield Advice(
            "image_size",
            f"At {chosen}, images are for a resnet or resnext on an accelerator. Where coarse shapes tell the classes "
            f"apart, imageSize: {_CHEAPER_EDGE} with a wide_resnet costs about "
            f"{(form.height * form.width) // _CHEAPER_EDGE**2} times less a step.",
        )
    else:
        yield Advice("image_size", f"Images of {chosen} suit a wide_resnet, shake_shake or pyramidnet.")
    if typical is not None and form.resize == "crop" and typical.width >= _LONG * typical.height and edge < _LARGE_EDGE:
        lost = 1 - typical.height / typical.width
        yield Advice(
            "resize",
            f"A typical image is {typical.width} x {typical.height} (longer by shorter side), so that cropping to the "
            f"middle leaves out {lost:.0%} of it. Where the edges matter, import with resize: 'pad'.",
        )


def _masks(report: Report, training: Training) -> Iterator[Advice]:
    assert report.decision is not None
    low, high = training.sigma
    form = report.decision.form
    yield Advice(
        "mask_scale",
        f"CowMasks for {form.height} x {form.width} pixels: sigma: [{low:g}, {high:g}], an eighth to a half of the "
        "shorter edge, as the authors' 4 to 16 pixels at 32. It is the default.",
    )


def _mirroring(report: Report, training: Training) -> Iterator[Advice]:
    if not training.mirrors:
        return
    names = [each.name for each in report.classes]
    if names and (all(len(name) == 1 or name.isdecimal() for name in names) or any(map(_DIRECTIONS.search, names))):
        yield Advice(
            "horizontal_flip",
            f"The names of the classes ({_named(names)}) look like digits, letters or directions, which mirroring "
            "changes: say augmentation: { horizontalFlip: false }.",
        )


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(map(_quoted, names[:_SHOWN]))
    return f"{shown}, ..." if len(names) > _SHOWN else shown


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
