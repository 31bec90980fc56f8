"""Fetches a published file, going on where an earlier try stopped."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.official.files import OfficialFile
from cowmask_worker.data.progress import Progress

_PIECE_BYTES = 1 << 20
_TIMEOUT_SECONDS = 30.0
_TRIES = 5
_PAUSE_SECONDS = 1.0


class DownloadFailed(Exception):  # noqa: N818
    """A file that could not be fetched; what did come is kept, so that another try goes on from there."""


def download(file: OfficialFile, folder: Path, *, progress: Progress, pause_seconds: float = _PAUSE_SECONDS) -> Path:
    """The file in `folder`, with the digest of its makers. What is there already is not fetched again.

    Raises `DownloadFailed` where the address does not answer, `DatasetDamaged` where it gives something else, `OSError`
    where the disk refuses.
    """
    target, part = folder / file.name, folder / f"{file.name}.part"
    if target.is_file() and _md5(target) == file.md5:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _TRIES + 1):
        try:
            _fetch_rest(file, part, progress)
            break
        except (OSError, http.client.HTTPException) as error:
            if _is_final(error) or attempt == _TRIES:
                raise DownloadFailed(
                    f"{file.url} can not be fetched: {error}. {_kept(part)}"
                    f"Try again, or get {file.name} in another way and name its folder with --from."
                ) from error
            time.sleep(pause_seconds * attempt)
    found = _md5(part)
    if found != file.md5:
        size = part.stat().st_size
        part.unlink()
        raise DatasetDamaged(
            file.url,
            expected=f"the {file.bytes:,} bytes with MD5 {file.md5} that its makers publish",
            found=f"{size:,} bytes with MD5 {found}",
            advice="They were thrown away; the file may have moved.",
        )
    part.replace(target)
    return target


def _fetch_rest(file: OfficialFile, part: Path, progress: Progress) -> None:
    done = part.stat().st_size if part.is_file() else 0
    if done >= file.bytes:
        return
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
        # A server that knows no ranges sends all of it.
        mode = "ab" if done and answer.status == http.client.PARTIAL_CONTENT else "wb"
        done = done if mode == "ab" else 0
        with part.open(mode) as stream:
            while done <= file.bytes and (piece := answer.read(_PIECE_BYTES)):
                stream.write(piece)
                done += len(piece)
                progress(f"fetch {file.name}", done, file.bytes)
    if done < file.bytes:
        raise http.client.IncompleteRead(b"", file.bytes - done)


def _is_final(error: Exception) -> bool:
    """An answer that another try would get again, or a disk that refuses."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code < 500
    return isinstance(error, OSError) and not isinstance(error, urllib.error.URLError | TimeoutError | ConnectionError)


def _kept(part: Path) -> str:
    return f"{part.stat().st_size:,} bytes are kept in {part}. " if part.is_file() else ""


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
