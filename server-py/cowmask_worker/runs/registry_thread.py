"""The thread that owns the registry."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate

from cowmask_worker.runs.refusal import storage_full
from cowmask_worker.runs.registry import Registry

# A journal that can not grow is told as an error of input and output.
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class RegistryThread:
    """Does calls in the order in which they were made. What the disk has no room for raises `STORAGE_FULL`."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registry")
        self._registry: Registry | None = None

    async def open(self, folder: Path) -> None:
        self._registry = await asyncio.get_running_loop().run_in_executor(self._executor, Registry, folder)

    async def do[**P, R](self, method: Callable[Concatenate[Registry, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        registry = self._registry
        assert registry is not None, "the registry is used before it is opened"
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, lambda: method(registry, *args, **kwargs)
            )
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_ROOM:
                raise
            raise storage_full(f"The registry of runs can not be written: {error}.") from error

    async def close(self) -> None:
        if self._registry is not None:
            await self.do(Registry.close)
        self._executor.shutdown(wait=False)
