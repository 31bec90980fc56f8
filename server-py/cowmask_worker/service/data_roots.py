"""The folders of the user's that requests may name, and what lies in them. No path leads out."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from cowmask.v1 import datasets_pb2
from cowmask_worker.runs.refusal import Refusal, Violation, invalid, shown

_LONGEST_PATH = 4096


class DataRoots:
    """Folders by the name that requests have for them."""

    def __init__(self, roots: Mapping[str, Path]) -> None:
        self._roots = dict(roots)

    def find(self, source: datasets_pb2.DataSource) -> Path:
        """What the source names in its root, a path without links. Raises `INVALID_OPTION`."""
        root = self._root(source).resolve()
        pure = PurePosixPath(source.path)
        sound = len(source.path) <= _LONGEST_PATH and "\0" not in source.path and "\\" not in source.path
        if not sound or pure.is_absolute() or ".." in pure.parts:
            raise _wrong("must be relative to the root, without .. and \\", source)
        try:
            path = (root / pure).resolve()
            there = path.exists()
        except (OSError, RuntimeError) as error:
            raise _wrong(f"must be a path that can be followed ({error})", source) from error
        if not path.is_relative_to(root):
            raise _wrong(f"must not lead out of the root {root}", source)
        if not there:
            raise _wrong(f"must be there; there is no {path}", source)
        return path

    def _root(self, source: datasets_pb2.DataSource) -> Path:
        named = ", ".join(self._roots) or "none"
        if not source.HasField("root"):
            if len(self._roots) == 1:
                return next(iter(self._roots.values()))
            raise invalid([Violation("source.root", f"is required: one of the worker's data roots, {named}")])
        if source.root not in self._roots:
            reason = f"must be one of the worker's data roots, {named}; got {shown(source.root)}"
            raise invalid([Violation("source.root", reason)])
        return self._roots[source.root]


def _wrong(reason: str, source: datasets_pb2.DataSource) -> Refusal:
    return invalid([Violation("source.path", f"{reason}; got {shown(source.path)}")])
