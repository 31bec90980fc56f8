"""The folder of a dataset that was made ready: its files, and a manifest with the SHA-256 of each.

As a checkpoint, it is written aside, flushed to the disk, and renamed into place as a whole; nothing of it is used
before its bytes are known to be those that were written. Imports no numpy, so the control process may read manifests.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.durable_files import flush_folder, write_durably

IMAGES = "images.safetensors"
MANIFEST = "manifest.json"

# What a process left behind that was killed long ago; another that makes the same set now is left alone.
_ABANDONED_SECONDS = 3600
_LARGEST_MANIFEST_BYTES = 16 << 20


def check_apart(source: Path, target: Path) -> None:
    """Raises `ValueError` where writing `target` could touch what `source` holds."""
    inner, outer = target.resolve(), source.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise ValueError(
            f"The dataset would be written to {target}, inside or around {source}, where nothing is written: choose "
            "another data folder, or put the files into a folder of their own"
        )
    if target.is_symlink():
        raise ValueError(f"{target} is a link; remove it, so that nothing is written elsewhere")


def check_inside(data_folder: Path, paths: Iterable[Path], *, advice: str) -> None:
    """Raises `DatasetDamaged` where one of a dataset's paths is a link to somewhere outside the data folder."""
    for path in paths:
        if not (target := path.resolve()).is_relative_to(data_folder.resolve()):
            expected = f"nothing outside {data_folder}"
            raise DatasetDamaged(path, expected=expected, found=f"a link to {str(target)!r}", advice=advice)


def publish(target: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Writes the folder `target`, whose manifest says `facts` and the size and SHA-256 of every file.

    What was there before is replaced once the new one is whole.
    """
    described = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    manifest = json.dumps({**facts, "files": described}, indent=2).encode() + b"\n"
    folder = target.parent
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder, target.name)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=folder))
    try:
        fresh, old = aside / "new", aside / "old"
        fresh.mkdir()
        for name, content in {**files, MANIFEST: manifest}.items():
            write_durably(fresh / name, content)
        flush_folder(fresh)
        if os.path.lexists(target):
            target.rename(old)
        try:
            fresh.rename(target)
        except BaseException:
            if os.path.lexists(old):
                old.rename(target)
            raise
    finally:
        shutil.rmtree(aside)
    flush_folder(folder)


def remove(target: Path) -> None:
    """Removes a dataset's folder; nobody sees half of one."""
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        target.rename(aside / "old")
    finally:
        shutil.rmtree(aside)
    flush_folder(target.parent)


def read_manifest(folder: Path, *, advice: str) -> dict[str, Any]:
    """Raises `DatasetDamaged` for anything but a JSON object."""
    file = folder / MANIFEST
    content = _bytes(file, None, advice)
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetDamaged(file, expected="JSON", found=f"something else ({error})", advice=advice) from error
    if not isinstance(manifest, dict):
        raise DatasetDamaged(file, expected="a JSON object", found=f"a {type(manifest).__name__}", advice=advice)
    return manifest


def verified(folder: Path, name: str, manifest: Mapping[str, Any], *, advice: str) -> bytes:
    """The bytes of a file, once they are those that the manifest tells of. Raises `DatasetDamaged`."""
    entry: Any = manifest.get("files")
    entry = entry.get(name) if isinstance(entry, dict) else None
    size, sha256 = (entry.get("bytes"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
    if type(size) is not int or not isinstance(sha256, str):
        found = f"{size!r:.80} and {sha256!r:.80}"
        raise DatasetDamaged(folder / MANIFEST, expected=f"bytes and sha256 of {name}", found=found, advice=advice)
    content = _bytes(folder / name, size, advice)
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise DatasetDamaged(folder / name, expected=f"the SHA-256 {sha256}", found=digest, advice=advice)
    return content


def _bytes(file: Path, size: int | None, advice: str) -> bytes:
    """The content of a file, which is read only if it has the size that it should have."""
    expected = f"at most {_LARGEST_MANIFEST_BYTES:,} bytes" if size is None else f"{size:,} bytes"
    try:
        found = file.stat().st_size if file.is_file() else None
        if found is None or (found > _LARGEST_MANIFEST_BYTES if size is None else found != size):
            seen = "no file" if found is None else f"{found:,} bytes"
            raise DatasetDamaged(file, expected=expected, found=seen, advice=advice)
        return file.read_bytes()
    except OSError as error:
        seen = f"a file that can not be read ({error.strerror})"
        raise DatasetDamaged(file, expected=expected, found=seen, advice=advice) from error


def _remove_abandoned(folder: Path, name: str) -> None:
    for leftover in folder.glob(f".{name}.*"):
        if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(leftover)
