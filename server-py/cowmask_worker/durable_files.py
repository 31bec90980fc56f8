"""Files and folders that are on the disk, not on their way to it, once they are written."""

import errno
import os
import shutil
from pathlib import Path

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of the errors of a disk that is full, or of a user's share of it."""


def free_bytes(folder: Path) -> int:
    """What this user may still write on the disk of a folder, which need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def write_durably(file: Path, content: bytes) -> None:
    """Writes a new file. Raises `FileExistsError` where there is one."""
    with file.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Makes the names in a folder last. Windows can not open a folder and needs no flush."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
