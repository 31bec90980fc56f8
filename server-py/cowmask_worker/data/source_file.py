"""Files and folders of the user's, opened so that nothing outside of the folder that was named is read.

Who may write there can put a link in the place of a file or a folder after it was looked at. So it is the opened file
that is asked where it lies.
"""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Generator
from io import BufferedReader
from pathlib import Path, PurePath


class SourceFile(Path):
    """A file below `within`, a path without links."""

    def __init__(self, within: Path, *parts: str | PurePath) -> None:  # pyright: ignore[reportInconsistentConstructor] - a path's own takes any number
        super().__init__(within, *parts)
        self.within = within

    def with_segments(self, *segments: str | os.PathLike[str]) -> Path:
        return Path(*segments)


@contextlib.contextmanager
def opened_file(path: Path) -> Generator[BufferedReader]:
    """The file's bytes. Raises `OSError`, also for what is no file, and for a `SourceFile` that lies elsewhere."""
    # A pipe would wait for somebody to write into it.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no file")
        if isinstance(path, SourceFile):
            _check_within(path.within, descriptor, path)
        yield stream


@contextlib.contextmanager
def opened_folder(within: Path, path: Path) -> Generator[int]:
    """The descriptor of a folder in `within`, for `os.scandir`. Raises `OSError`, also for one that lies elsewhere."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _check_within(within, descriptor, path)
        yield descriptor
    finally:
        os.close(descriptor)


def _check_within(within: Path, descriptor: int, path: Path) -> None:
    if not _place(descriptor, path).is_relative_to(within):
        raise PermissionError(errno.EACCES, f"something outside {within}")


def _place(descriptor: int, path: Path) -> Path:
    """Where the kernel says that an open file lies; without a kernel that tells, where its path leads now."""
    if sys.platform == "linux":
        return Path(os.readlink(f"/proc/self/fd/{descriptor}"))
    if sys.platform == "darwin":
        import fcntl

        return Path(os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")))
    return path.resolve()
