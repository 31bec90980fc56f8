"""Takes images of the user's as a dataset, for the Datasets service."""

from pathlib import Path
from typing import Any, cast

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import datasets_pb2
from cowmask_worker.data.dataset_folder import check_apart
from cowmask_worker.data.own.arrays import Arrays, checked_arrays, read_arrays
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.source_kind import source_kind
from cowmask_worker.data.own.store import store
from cowmask_worker.data.own.table import list_table
from cowmask_worker.data.own.taken import Options, Taken, take_arrays, take_listing
from cowmask_worker.data.progress import Progress, paced
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.refusal import Violation, invalid
from cowmask_worker.tasks.arrays import to_array
from cowmask_worker.tasks.call import Call


def import_dataset(call: Call) -> None:
    """Answers how far it is, and at last the dataset. Nothing is stored unless all of it is sound."""
    command = call.command.import_dataset
    progress = _progress_of(call)
    options = options_of(command.options)
    if command.path:
        source = Path(command.path)
        try:
            check_apart(source, call.data_folder / command.name)
        except ValueError as error:
            raise invalid([Violation("source.path", str(error))]) from error
        taken = take(command.name, source, options, progress)
    else:
        arrays = {tensor.header.name: to_array(tensor) for tensor in call.tensors()}
        checked = checked_arrays(arrays, tuple(command.classes), "arrays")
        taken = _take_arrays(command.name, checked, options, progress)
    call.check()
    progress("store the dataset", 0, 1)
    facts = store(taken, call.data_folder)
    _send(call, dataset=dataset_message(facts))


def take(name: str, source: Path, options: Options, progress: Progress) -> Taken:
    """Reads a folder of images, a table, or a file or folder of arrays. Raises `DatasetUnusable`."""
    match source_kind(source):
        case "folder":
            return take_listing(name, list_folder(source), options, progress)
        case "table":
            return take_listing(name, list_table(source), options, progress)
        case "arrays":
            return _take_arrays(name, checked_arrays(read_arrays(source), (), str(source)), options, progress)


def _take_arrays(name: str, arrays: Arrays, options: Options, progress: Progress) -> Taken:
    if options.storage == "files":
        raise invalid([Violation("storage", "must be 'pixels' for arrays, which have no files; got 'files'")])
    return take_arrays(name, arrays, options, progress)


def options_of(message: datasets_pb2.DatasetImportOptions) -> Options:
    def given(field: Any) -> Any:
        return getattr(message, field) if message.HasField(field) else None

    return Options(
        image_size=given("image_size"),
        resize=cast(Any, message.resize),
        channels=given("channels"),
        on_unreadable=cast(Any, message.on_unreadable),
        test_share=given("test_share"),
        storage=given("storage"),
    )


def _progress_of(call: Call) -> Progress:
    """Tells control how far it is; ends the work of a cancelled call."""

    def tell(what: str, done: int, total: int) -> None:
        _send(call, progress=datasets_pb2.DatasetProgress(what=what, done=done, total=total))

    told = paced(tell)

    def progress(what: str, done: int, total: int) -> None:
        call.check()
        told(what, done, total)

    return progress


def _send(call: Call, **part: Any) -> None:
    response = datasets_pb2.DatasetsImportResponse(**part)
    call.send(answer=tasks_pb2.Answer(imported_dataset=response))
