"""Checkpoints: a safetensors file and a manifest of hashes, verified before anything is read from them.

Layout: `<folder>/<step, ten digits>/{state.safetensors, manifest.json}`. A checkpoint is written aside, flushed to the
disk, and renamed into place as a whole, so that a folder with a step's name is complete unless it was damaged later;
older ones go only when two newer ones verify.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as decode
from safetensors.numpy import save as encode

from cowmask_worker.durable_files import NO_ROOM, flush_folder, free_bytes, write_durably

STATE = "state.safetensors"
MANIFEST = "manifest.json"
KEEP = 2
# Of manifest and safetensors header, with something left for the registry, which is on the same disk.
_BESIDE_STATE_BYTES = 1 << 20

Arrays = dict[str, NDArray[np.generic]]


class CheckpointDamaged(Exception):  # noqa: N818
    """A checkpoint that is not what was written; the message names the file and what is wrong with it."""


class NonFiniteState(Exception):  # noqa: N818
    """A state that holds an infinity or no number; it is not saved."""


class NoRoom(Exception):  # noqa: N818
    """The disk has no room for a checkpoint; the others are as they were."""

    def __init__(self, folder: Path, needed: int) -> None:
        super().__init__(
            f"a checkpoint takes {needed:,} bytes, and {free_bytes(folder):,} are free on the disk of {folder}"
        )


class CheckpointInfo(NamedTuple):
    """`digest` is of the state, not of the file; `bytes` is the size of the state file."""

    step: int
    digest: str
    bytes: int
    path: Path


class Skipped(NamedTuple):
    """A checkpoint that did not verify, and why."""

    path: Path
    reason: str


class Newest(NamedTuple):
    """The newest checkpoint that verifies, if any, and the newer ones that do not, newest first."""

    path: Path | None
    skipped: list[Skipped]


def named_leaves(state: object) -> dict[str, Any]:
    """The leaves of a pytree in its own order, each under its path, such as "student/parameters/stem/bias"."""
    leaves = jax.tree_util.tree_flatten_with_path(state)[0]
    return {"/".join(_name(entry) for entry in path): leaf for path, leaf in leaves}


def named_arrays(state: object) -> Arrays:
    """The same, on the host."""
    return {name: np.asarray(leaf) for name, leaf in named_leaves(state).items()}


def _name(entry: Any) -> str:
    for attribute in ("name", "key", "idx"):
        if hasattr(entry, attribute):
            return str(getattr(entry, attribute))
    raise TypeError(f"a state is made of named tuples, dicts and lists, not of {entry!r}")


def state_digest(state: object) -> str:
    """SHA-256, in hexadecimal, over names, types, shapes and bytes of all leaves in the order of their names."""
    return _digest(named_arrays(state))


def _digest(arrays: Arrays) -> str:
    total = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        total.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        total.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def save(folder: Path, state: object, *, step: int, facts: Mapping[str, object]) -> CheckpointInfo:
    """Writes the state as the checkpoint of `step`, reads it back, then removes those that are no longer needed.

    `facts` are kept in the manifest. A checkpoint of the same step is replaced. Raises `NonFiniteState` before anything
    is written, `NoRoom` where the disk is too full for it, `OSError` where it refuses for another reason; the earlier
    checkpoints are then as they were.
    """
    arrays = named_arrays(state)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise NonFiniteState(f"{name} holds values that are not finite after step {step}")
    for leftover in folder.glob(".*"):
        shutil.rmtree(leftover)
    needed = sum(array.nbytes for array in arrays.values()) + _BESIDE_STATE_BYTES
    if free_bytes(folder) < needed:
        raise NoRoom(folder, needed)
    try:
        return _written(folder, arrays, step, facts)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise NoRoom(folder, needed) from error
        raise


def _written(folder: Path, arrays: Arrays, step: int, facts: Mapping[str, object]) -> CheckpointInfo:
    content = encode(arrays)
    manifest = {
        "format": 1,
        "step": step,
        "digest": _digest(arrays),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "facts": dict(facts),
    }
    target = folder / f"{step:010d}"
    aside = folder / f".{target.name}.{os.getpid()}"
    aside.mkdir(parents=True)
    try:
        write_durably(aside / STATE, content)
        write_durably(aside / MANIFEST, _sealed(manifest))
        flush_folder(aside)
        if target.exists():
            target.rename(folder / f".{target.name}.replaced")
        aside.rename(target)
    finally:
        for leftover in folder.glob(".*"):
            shutil.rmtree(leftover)
    flush_folder(folder)
    verify(target)
    _remove_old(folder)
    return CheckpointInfo(step, cast(str, manifest["digest"]), len(content), target)


def verify(path: Path) -> dict[str, Any]:
    """The manifest of a checkpoint whose files are what was written. Raises `CheckpointDamaged`."""
    return _read(path)[0]


def newest_verified(folder: Path) -> Newest:
    """Looks through a run's checkpoints from the newest down."""
    skipped: list[Skipped] = []
    for path in reversed(_steps(folder)):
        try:
            verify(path)
        except CheckpointDamaged as damage:
            skipped.append(Skipped(path, str(damage)))
        else:
            return Newest(path, skipped)
    return Newest(None, skipped)


def load[S](path: Path, like: S) -> S:
    """The state of a checkpoint, on the host, in the structure of `like`, whose leaves need a shape and a dtype only.

    Raises `CheckpointDamaged` where the files do not verify, `ValueError` where the state is of another model.
    """
    _, content = _read(path)
    try:
        arrays = decode(content)
    except SafetensorError as error:
        raise CheckpointDamaged(f"{path / STATE} is no safetensors file: {error}") from error
    wanted = named_leaves(like)
    _compare(path, wanted, arrays)
    return jax.tree.unflatten(jax.tree.structure(like), [arrays[name] for name in wanted])


def _compare(path: Path, wanted: Mapping[str, Any], arrays: Arrays) -> None:
    wrong = [f"{name} is missing" for name in wanted.keys() - arrays.keys()]
    wrong += [f"{name} is not part of the model" for name in arrays.keys() - wanted.keys()]
    for name in wanted.keys() & arrays.keys():
        expected, found = wanted[name], arrays[name]
        if expected.shape != found.shape or expected.dtype != found.dtype:
            wrong.append(f"{name} is {found.dtype}{list(found.shape)}, expected {expected.dtype}{list(expected.shape)}")
    if wrong:
        shown = "; ".join(sorted(wrong)[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        raise ValueError(f"{path / STATE} holds the state of another model: {shown}")


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    manifest = _unsealed(path / MANIFEST)
    content = _bytes(path / STATE)
    if len(content) != manifest["bytes"]:
        raise CheckpointDamaged(f"{path / STATE} has {len(content):,} bytes, expected {manifest['bytes']:,}")
    found = hashlib.sha256(content).hexdigest()
    if found != manifest["sha256"]:
        raise CheckpointDamaged(f"{path / STATE} has the SHA-256 {found}, expected {manifest['sha256']}")
    if f"{manifest['step']:010d}" != path.name:
        raise CheckpointDamaged(f"{path} holds the checkpoint of step {manifest['step']}")
    return manifest, content


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointDamaged(f"{file} can not be read: {error.strerror}") from error


def _sealed(manifest: Mapping[str, Any]) -> bytes:
    """JSON with its own SHA-256 as the last line, so that a flipped bit in a version or a run's id is noticed too."""
    text = json.dumps(manifest, indent=2, sort_keys=True).encode()
    return b'{"manifest":\n' + text + b',\n"sha256": "' + hashlib.sha256(text).hexdigest().encode() + b'"}\n'


def _unsealed(file: Path) -> dict[str, Any]:
    content = _bytes(file)
    try:
        manifest = json.loads(content)["manifest"]
        sound = _sealed(manifest) == content
    except (ValueError, KeyError, TypeError):
        sound, manifest = False, {}
    if not sound:
        raise CheckpointDamaged(f"{file} does not match its own SHA-256")
    return manifest


def _steps(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if re.fullmatch(r"\d{10}", path.name))


def _remove_old(folder: Path) -> None:
    sound = 0
    for path in reversed(_steps(folder)):
        if sound == KEEP:
            shutil.rmtree(path)
            continue
        try:
            verify(path)
        except CheckpointDamaged:
            continue
        sound += 1
