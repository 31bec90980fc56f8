"""Keeps a second worker off a state folder."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from cowmask_worker.runs.process_identity import process_identity
from cowmask_worker.runs.refusal import refusal

_FILE = "lock"


class StateLock:
    """The kernel's lock on `<state>/lock`, which ends with its owner however that dies; the file tells who it is."""

    def __init__(self, folder: Path) -> None:
        """Raises `STATE_IN_USE`, naming the owner, where another worker holds the folder."""
        self._descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._read()
            os.close(self._descriptor)
            who = f"the worker with pid {owner['pid']}" if "pid" in owner else "another worker"
            raise refusal(
                "STATE_IN_USE",
                f"The state folder {folder} is held by {who}.",
                "Give each worker its own state folder, or stop the worker that holds this one.",
            ) from None
        self.previous_owner = self._read()
        content = json.dumps(process_identity().as_json()).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content, 0)
        os.fsync(self._descriptor)

    def release(self) -> None:
        os.close(self._descriptor)

    def _read(self) -> dict[str, Any]:
        try:
            owner = json.loads(os.pread(self._descriptor, 4096, 0))
        except ValueError:
            return {}
        return owner if isinstance(owner, dict) else {}
