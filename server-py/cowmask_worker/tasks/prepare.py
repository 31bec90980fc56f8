"""Makes a named dataset ready, from files that are there or are fetched; tells how far it is, a JSON object a line."""

import json
import shutil
from pathlib import Path

from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.official.download import DownloadFailed, download
from cowmask_worker.data.official.files import OFFICIAL
from cowmask_worker.data.official.prepared import prepare
from cowmask_worker.data.official.sources import how_to_get
from cowmask_worker.data.progress import Progress, paced


def main(name: str, source: Path | None, data_folder: Path, *, check_digests: bool) -> int:
    """Returns the exit code; the last line is {"prepared": folder} or {"error": {code, message}}."""
    if name not in OFFICIAL:
        there = ", ".join(OFFICIAL)
        return _failed("INVALID_OPTION", f"must be a dataset that can be prepared, one of {there}; got {name!r}.")
    if source is None and OFFICIAL[name].tree:
        return _failed("DATASET_NOT_PREPARED", f"{name} can not be fetched. {how_to_get(name)}")
    progress = paced(_tell)
    try:
        folder = source or _installed(name) or _fetched(name, data_folder, progress)
        _say(prepared=str(prepare(name, folder, data_folder, check_digests=check_digests, progress=progress)))
    except DatasetMissing as error:
        return _failed("DATASET_NOT_PREPARED", str(error))
    except (DatasetDamaged, DownloadFailed) as error:
        return _failed("DATASET_DAMAGED" if isinstance(error, DatasetDamaged) else "UNAVAILABLE", str(error))
    except (OSError, ValueError) as error:
        return _failed("INVALID_OPTION", str(error))
    shutil.rmtree(_downloads(name, data_folder), ignore_errors=True)
    return 0


def _installed(name: str) -> Path | None:
    """Where a package of the system has put the files."""
    debian = OFFICIAL[name].debian
    return debian[1] if debian is not None and debian[1].is_dir() else None


def _fetched(name: str, data_folder: Path, progress: Progress) -> Path:
    folder = _downloads(name, data_folder)
    for file in OFFICIAL[name].editions[0].files.values():
        download(file, folder, progress=progress)
    return folder


def _downloads(name: str, data_folder: Path) -> Path:
    return data_folder / ".downloads" / name


def _tell(what: str, done: int, total: int) -> None:
    _say(progress={"what": what, "done": done, "total": total})


def _failed(code: str, message: str) -> int:
    _say(error={"code": code, "message": message})
    return 1


def _say(**line: object) -> None:
    print(json.dumps(line), flush=True)
