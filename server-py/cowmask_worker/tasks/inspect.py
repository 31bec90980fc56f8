"""Looks at a dataset, or at a source that is not imported, for the Datasets service."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2, masks_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.digits import Images
from cowmask_worker.data.image_file import Channels
from cowmask_worker.data.own import store
from cowmask_worker.data.own.advice import Training, advise
from cowmask_worker.data.own.arrays import examined_arrays, read_arrays
from cowmask_worker.data.own.contact_sheet import contact_sheet
from cowmask_worker.data.own.folder import scan_folder
from cowmask_worker.data.own.inspection import (
    MOST_NAMED,
    Decision,
    Found,
    Groups,
    Report,
    Size,
    changed_since,
    decide,
    listing_of,
    look_at_arrays,
    look_at_images,
    look_at_listing,
    report_of,
)
from cowmask_worker.data.own.source_kind import source_kind
from cowmask_worker.data.own.table import scan_table
from cowmask_worker.data.own.taken import Form, usual_shift
from cowmask_worker.data.progress import Progress
from cowmask_worker.runs.dataset_facts import facts_of
from cowmask_worker.runs.resolve import resolve_masks
from cowmask_worker.tasks.assembly import load_dataset
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.import_dataset import options_of
from cowmask_worker.tasks.training_cost import training_cost

# Normalization of images whose statistics nobody has taken yet; what a step costs does not depend on it.
_USUAL_MEAN, _USUAL_STD = 0.5, 0.25


class _Looked(NamedTuple):
    found: Found
    report: Report
    facts: DatasetFacts | None
    """What training begins with; None where there is nothing to train on."""
    digest: str


def inspect(call: Call) -> None:
    """Answers one message. What is wrong with the images is told by it; raises `DatasetUnusable` for a source that is
    nothing of the kind, and what `load_dataset` raises for a dataset."""
    command = call.command.inspect
    labeled = command.options.labeled if command.options.HasField("labeled") else None
    looked = _source(call, labeled) if command.path else _dataset(call, labeled)
    response = datasets_pb2.InspectResponse(
        train_counts=[each.labeled for each in looked.report.classes],
        test_counts=[each.test for each in looked.report.classes],
        digest=looked.digest,
        report=_report(looked.report),
        contact_sheet=contact_sheet(looked.found, looked.report),
    )
    call.check()
    training = None
    if looked.facts is not None:
        batch, facts = command.options.batch_size, looked.facts
        training = Training(batch, _sigma(facts), facts.horizontal_flip)
        if command.HasField("config"):
            measured = training_cost(call, command.config, facts)
            response.report.cost.CopyFrom(measured.cost)
            training = training._replace(lacks_bytes=measured.lacks_bytes)
    response.report.advice.extend(
        datasets_pb2.Advice(code=each.code, text=_text(each.text)) for each in advise(looked.report, training)
    )
    call.send(answer=tasks_pb2.Answer(inspect=response))


def _source(call: Call, labeled: int | None) -> _Looked:
    command = call.command.inspect
    source, options, arrays = Path(command.path), options_of(_import_options(command.options)), None
    progress = _until_cancelled(call)
    match source_kind(source):
        case "folder":
            found = look_at_listing(*scan_folder(source), progress)
        case "table":
            found = look_at_listing(*scan_table(source), progress)
        case "arrays":
            arrays, faults = examined_arrays(read_arrays(source), (), str(source))
            found = look_at_arrays(arrays, faults, source)
    decision, refused = decide(found, options, arrays)
    report = report_of(found, decision, refused, labeled)
    facts = _facts(report, decision.form) if decision is not None and report.train else None
    return _Looked(found, report, facts, report.digest)


def _dataset(call: Call, labeled: int | None) -> _Looked:
    facts = facts_of(call.command.inspect.dataset)
    changed: list[DatasetDamaged] = []
    digest = ""
    if not facts.imported:
        dataset = load_dataset(facts, call.data_folder)
        if dataset.files is None:
            found, digest = look_at_images(facts, dataset.images), _pixel_digest(dataset.images)
        else:
            # Classes by the names that the facts have for them.
            contents = dataset.contents()._replace(classes=facts.classes)
            listing = listing_of(contents, Path(dataset.files.train.root))
            found = look_at_listing(listing, (), _until_cancelled(call))
    else:
        stored = store.load(facts, call.data_folder)
        if stored.root is None:
            found, digest = look_at_images(facts, stored.images, stored.contents), _pixel_digest(stored.images)
        else:
            listing = listing_of(stored.contents, stored.root)
            found = look_at_listing(listing, (), _until_cancelled(call))
            changed = changed_since(stored.contents, found)
    channels = cast(Channels, facts.channels)
    form = Form(facts.height, facts.width, channels, facts.resize, facts.storage, facts.notes)
    report = report_of(found, Decision(form, (), facts.notes), changed, labeled)
    return _Looked(found, report, facts if report.train else None, digest or report.digest)


def _until_cancelled(call: Call) -> Progress:
    """Nobody is told how far it is, but somebody may have lost interest."""
    return lambda *_: call.check()


def _import_options(options: datasets_pb2.InspectOptions) -> datasets_pb2.DatasetImportOptions:
    shared = datasets_pb2.DatasetImportOptions(on_unreadable="skip")
    for field, value in options.ListFields():
        if field.name in shared.DESCRIPTOR.fields_by_name:
            setattr(shared, field.name, value)
    return shared


def _pixel_digest(images: Images) -> str:
    digest = hashlib.sha256()
    for array in images:
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _facts(report: Report, form: Form) -> DatasetFacts:
    """Of what an import would make."""
    taught = [each for each in report.classes if each.to_learn]
    return DatasetFacts(
        name="",
        description="",
        classes=tuple(each.name for each in taught) or ("",),
        height=form.height,
        width=form.width,
        channels=form.channels,
        train=report.train,
        test=sum(each.test + each.held_out for each in report.classes),
        mean=(_USUAL_MEAN,) * form.channels,
        std=(_USUAL_STD,) * form.channels,
        shift=usual_shift(form),
        horizontal_flip=True,
        label_counts=tuple(each.to_learn for each in taught),
        storage=form.storage,
    )


def _sigma(facts: DatasetFacts) -> tuple[float, float]:
    options = masks_pb2.GenerateRequest(cow=masks_pb2.CowMaskOptions())
    resolve_masks(options, facts.height, facts.width)
    return options.cow.sigma.low, options.cow.sigma.high


def _report(report: Report) -> datasets_pb2.InspectionReport:
    sizes, asked, decision = report.sizes, report.asked, report.decision
    return datasets_pb2.InspectionReport(
        classes=[
            datasets_pb2.ClassCounts(
                name=_text(each.name),
                labeled=each.labeled,
                validation=each.validation,
                test=each.test,
                held_out=each.held_out,
            )
            for each in report.classes
        ],
        unlabeled=report.unlabeled,
        images=report.images,
        sizes=sizes
        and datasets_pb2.ImageSizes(
            different=sizes.different,
            smallest=_size(sizes.smallest),
            median=_size(sizes.median),
            largest=_size(sizes.largest),
        ),
        modes=_counts(report.modes),
        formats=_counts(report.formats),
        unreadable=_problems(report.unusable),
        faults=_problems(report.faults),
        ignored=len(report.ignored),
        ignored_names=map(_text, report.ignored[:MOST_NAMED]),
        duplicates=_groups(report.duplicates),
        in_train_and_test=_groups(report.crossing),
        contradicting=_groups(report.contradicting),
        labels_asked=asked
        and datasets_pb2.LabelsAsked(
            labeled=asked.labeled,
            share=asked.share,
            available=asked.available,
            below=asked.count_below,
            below_names=map(_text, asked.below),
        ),
        decision=decision
        and datasets_pb2.ImportDecision(
            height=decision.form.height,
            width=decision.form.width,
            channels=decision.form.channels,
            storage=decision.form.storage,
            train=report.train,
            notes=decision.notes,
        ),
    )


def _size(size: Size) -> datasets_pb2.ImageSize:
    return datasets_pb2.ImageSize(height=size.height, width=size.width)


def _counts(counts: dict[str, int]) -> list[datasets_pb2.NamedCount]:
    return [datasets_pb2.NamedCount(name=name, count=count) for name, count in counts.items()]


def _problems(problems: Sequence[DatasetDamaged]) -> datasets_pb2.DataProblems:
    return datasets_pb2.DataProblems(count=len(problems), first=_told(problems[:MOST_NAMED]))


def _told(problems: Iterable[DatasetDamaged]) -> list[datasets_pb2.DataProblem]:
    return [
        datasets_pb2.DataProblem(
            file=_text(each.file), expected=_text(each.expected), found=_text(each.found), advice=_text(each.advice)
        )
        for each in problems
    ]


def _groups(groups: Groups) -> datasets_pb2.DuplicateGroups:
    first = [
        datasets_pb2.DuplicateGroup(digest=each.digest, images=each.images, names=map(_text, each.names))
        for each in groups.first
    ]
    return datasets_pb2.DuplicateGroups(groups=groups.groups, images=groups.images, first=first)


def _text(text: str) -> str:
    """File names need not be Unicode; messages are."""
    return text.encode(errors="backslashreplace").decode()
