"""Tells a process from a later one with the same id."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """`start_time` counts clock ticks from boot and `boot_id` names the boot; both are None where there is no /proc."""

    pid: int
    start_time: int | None
    boot_id: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def process_identity(pid: int | None = None) -> ProcessIdentity:
    pid = os.getpid() if pid is None else pid
    return ProcessIdentity(pid, start_time(pid), _boot_id())


def start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The program's name stands in parentheses and may hold spaces and parentheses itself. The start is field 22.
    return int(stat.rpartition(")")[2].split()[19])


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
