"""The variables that a task process is started with."""

import os
from collections.abc import Mapping
from typing import Literal

TUNABLES = "GLIBC_TUNABLES"
_HUGE_PAGES = "glibc.malloc.hugetlb"

type Device = Literal["cpu", "default"]


def task_environment(device: Device, ours: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Ours, with two additions. A `device` of "default" leaves the choice to jax.

    Steps take and return hundreds of megabytes at a time. On pages of 2 MiB that costs a fraction of the page faults,
    a tenth to a fifth of a step (docs/performance.md). glibc reads it at a process's start; a user's choice stays.
    """
    chosen = ours.get(TUNABLES, "")
    pages = {} if _HUGE_PAGES in chosen else {TUNABLES: ":".join(filter(None, (chosen, f"{_HUGE_PAGES}=1")))}
    return {**ours, **pages, **({"JAX_PLATFORMS": "cpu"} if device == "cpu" else {})}
