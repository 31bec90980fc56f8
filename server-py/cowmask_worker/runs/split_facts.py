"""A split as a message of the contract, and what is wrong with one as a failure."""

from collections.abc import Iterable, Sequence

from cowmask.v1 import event_pb2, splits_pb2
from cowmask_worker.data.split_file import DrawnRule, ListedImage, Rule, SplitDamaged, SplitFile, SplitMismatch, legible
from cowmask_worker.data.split_folder import SplitMissing

_FIRST = 10


def split_message(split_file: SplitFile, notes: Iterable[str] = ()) -> splits_pb2.Split:
    return splits_pb2.Split(
        dataset=split_file.dataset,
        fingerprint=split_file.fingerprint,
        classes=split_file.classes,
        rule=_rule(split_file.rule),
        labeled_counts=_counts(split_file.labeled, split_file.classes),
        validation_counts=_counts(split_file.validation, split_file.classes),
        unlabeled=split_file.unlabeled.images,
        test=split_file.test.images,
        labeled_names=_names(split_file.labeled),
        validation_names=_names(split_file.validation),
        notes=notes,
    )


def split_failure(error: SplitDamaged | SplitMissing) -> event_pb2.Failure:
    match error:
        case SplitMissing():
            there = ", ".join(error.there) or "none"
            hint = f"There are: {there}. Create it with the options that made it, or import its file again."
            return event_pb2.Failure(code="SPLIT_NOT_FOUND", message=str(error), hint=hint)
        case SplitMismatch():
            hint = "Use it with the images that it was made of, or create another one for the dataset as it is now."
            return event_pb2.Failure(code="SPLIT_MISMATCH", message=str(error), hint=hint)
        case SplitDamaged():
            hint = error.advice or "Bring a file that is what its format says, and of this dataset."
            return event_pb2.Failure(code="SPLIT_DAMAGED", message=str(error), hint=hint)


def _rule(rule: Rule) -> splits_pb2.SplitRule:
    if isinstance(rule, DrawnRule):
        return splits_pb2.SplitRule(drawn=splits_pb2.DrawnRule(**rule._asdict()))
    return splits_pb2.SplitRule(imported=splits_pb2.ImportedRule(**rule._replace(file=legible(rule.file))._asdict()))


def _counts(images: Sequence[ListedImage], classes: Sequence[str]) -> list[int]:
    counts = dict.fromkeys(classes, 0)
    for image in images:
        counts[image.label] += 1
    return list(counts.values())


def _names(images: Sequence[ListedImage]) -> list[str]:
    return [legible(image.name) for image in images[:_FIRST]]
