"""A worker started as the SDK starts it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = Path(__file__).parents[2]
OPTIONS = SERVER.parent / "proto" / "cowmask" / "v1" / "options.json"
TOKEN = "canary-3f9c2d71e8a4b650"
METADATA = (("cowmask-token", TOKEN), ("cowmask-protocol", "1"))
COMMAND = [sys.executable, "-I", str(SERVER / "run.py")]
CACHE = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / "cowmask-test-compile-cache"))


def greeting(sockets: Path, state: Path, **changes: Any) -> bytes:
    line = {
        "protocol": 1,
        "token": TOKEN,
        "folder": str(sockets),
        "state_dir": str(state),
        "data_dir": str(state / "datasets"),
        "cache_dir": CACHE,
        "options": str(OPTIONS),
        "log": "info",
        **changes,
    }
    return json.dumps(line).encode() + b"\n"


class Worker:
    """`announced` is the worker's one line, None where it ended without."""

    def __init__(self, process: "subprocess.Popen[bytes]", first: bytes) -> None:
        self.process = process
        began = time.monotonic()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(first)
        process.stdin.flush()
        line = process.stdout.readline()
        self.start_seconds = time.monotonic() - began
        self.announced: dict[str, Any] | None = json.loads(line) if line else None

    @property
    def address(self) -> str:
        assert self.announced is not None
        return self.announced["address"]

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def rest_of_stderr(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()


@contextmanager
def started(first: bytes, command: Sequence[str] = (*COMMAND, "serve", "--stdio")) -> Generator[Worker]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            yield Worker(process, first)
        finally:
            if process.poll() is None:
                process.kill()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if alive(int(child))]


def gone_within(seconds: float, pids: list[int]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False
