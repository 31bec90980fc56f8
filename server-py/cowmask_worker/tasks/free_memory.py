"""How much memory is left to compute with."""

import contextlib
from pathlib import Path

import jax

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int | None:
    """Bytes of the first device, which on a CPU is the machine's, or the container's where that has less. None where
    nobody tells."""
    told = jax.devices()[0].memory_stats()
    if told and "bytes_limit" in told:
        return told["bytes_limit"] - told.get("bytes_in_use", 0)
    return min((each for each in (_of_machine(), _of_container()) if each is not None), default=None)


def _of_machine() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in _MEMINFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    return None


def _of_container() -> int | None:
    # "max" is no number: there is no limit then.
    with contextlib.suppress(OSError, ValueError):
        return int((_CGROUP / "memory.max").read_text()) - int((_CGROUP / "memory.current").read_text())
    return None
