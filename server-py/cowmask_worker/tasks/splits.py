"""Draws and imports splits for the Splits service, and tells which one a run trains on."""

import hashlib
from typing import cast

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask.v1 import splits_pb2
from cowmask_worker.data import split_folder
from cowmask_worker.data.contents import Contents
from cowmask_worker.data.foreign_splits import READERS
from cowmask_worker.data.split_file import (
    DrawnRule,
    ForeignFormat,
    ImportedRule,
    Rule,
    SplitFile,
    compared,
    decode_file,
)
from cowmask_worker.data.split_members import made, members
from cowmask_worker.data.splits import Splits, split, split_around
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.runs.refusal import Violation, invalid
from cowmask_worker.runs.split_facts import split_message
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.call import Call


class SplitChanged(Exception):  # noqa: N818
    """The images that a run would go on with are not those that it began with."""

    def __init__(self, before: str, now: str) -> None:
        super().__init__(f"The run began on the split {before}; the data now give the split {now}.")


def split_fingerprint(config: config_pb2.ExperimentConfig, dataset: assembly.Dataset, parts: Splits) -> str:
    """Of the split that `assembly.splits` has given."""
    if not assembly.is_drawn(config):
        # Its file was held to its fingerprint, and the dataset to its file.
        return config.dataset.split
    return made(dataset.contents(), parts, assembly.drawn_rule(config, dataset.facts)).fingerprint


def labeled_order(parts: Splits) -> str:
    """SHA-256, in hexadecimal, over the places of the labeled images: the fingerprint does not cover their order, on
    which batches depend."""
    return hashlib.sha256(parts.labeled.astype("<i8").tobytes()).hexdigest()


def check_same_split(before: str, now: str) -> None:
    """Raises `SplitChanged`; an empty `before` is not known."""
    if before and before != now:
        raise SplitChanged(before, now)


def create_split(call: Call) -> None:
    """Answers the split, once it is kept."""
    command = call.command.create_split
    contents = assembly.load_dataset(facts_of(command.dataset), call.data_folder).contents()
    call.check()
    options = command.options
    rule = DrawnRule(
        labeled=options.labeled,
        seed=options.seed,
        validation=options.validation,
        validation_seed=options.validation_seed,
        exclude_labeled=options.exclude_labeled,
        own_validation=contents.own_validation,
    )
    try:
        parts = split(contents.train.labels, **rule._asdict())
    except ValueError as error:
        raise invalid([Violation("labeled", f"must be a number that can be drawn: {error}")]) from error
    _keep(call, contents, parts, rule, "labeled")


def import_split(call: Call) -> None:
    """The same for a file, whose content is the tensor "content"."""
    command = call.command.import_split
    content = bytes(call.tensor("content").data)
    contents = assembly.load_dataset(facts_of(command.dataset), call.data_folder).contents()
    call.check()
    if command.options.format == "cowmask":
        given = decode_file(content, command.file)
        parts, rule = members(given, contents), _rule_here(given, contents)
    else:
        parts, rule = _foreign(content, command.file, command.options, contents)
    _keep(call, contents, parts, rule, "file")


def _foreign(
    content: bytes, file: str, options: splits_pb2.SplitImportOptions, contents: Contents
) -> tuple[Splits, Rule]:
    form = cast(ForeignFormat, options.format)
    rule = ImportedRule(
        format=form,
        file=file,
        validation=options.validation,
        validation_seed=options.validation_seed,
        exclude_labeled=options.exclude_labeled,
        own_validation=contents.own_validation,
    )
    chosen = READERS[form](content, file, contents)
    numbers = {name: value for name, value in rule._asdict().items() if name not in ("format", "file")}
    try:
        parts = split_around(contents.train.labels, chosen, **numbers)
    except ValueError as error:
        reason = f"must be a number that can be drawn from the images that {file} leaves: {error}"
        raise invalid([Violation("validation", reason)]) from error
    return parts, rule


def _rule_here(given: SplitFile, contents: Contents) -> Rule:
    """The same images may be put aside by the source of one dataset, and drawn from those of another."""
    own = contents.own_validation
    return given.rule._replace(validation=len(given.validation) - own, own_validation=own)


def _keep(call: Call, contents: Contents, parts: Splits, rule: Rule, option: str) -> None:
    if not len(parts.unlabeled):
        reason = "must be false: every training image is labeled, so that none would be left"
        raise invalid([Violation("excludeLabeled", reason)])
    call.check()
    wanted = made(contents, parts, rule)
    try:
        kept = split_folder.keep(wanted, call.data_folder)
    except ValueError as error:
        raise invalid([Violation(option, f"must list fewer images: {error}")]) from error
    differences = compared(kept, wanted)
    notes = ["A split of the same images was there already and stays as it is; compared with it:", *differences]
    call.send(answer=tasks_pb2.Answer(split=split_message(kept, notes if differences else ())))
