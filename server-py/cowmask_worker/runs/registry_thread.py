"""The thread that owns the registry."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate

from cowmask_worker.runs.registry import Registry


class RegistryThread:
    """Does calls in the order in which they were made."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registry")
        self._registry: Registry | None = None

    async def open(self, folder: Path) -> None:
        self._registry = await asyncio.get_running_loop().run_in_executor(self._executor, Registry, folder)

    async def do[**P, R](self, method: Callable[Concatenate[Registry, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        registry = self._registry
        assert registry is not None, "the registry is used before it is opened"
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: method(registry, *args, **kwargs)
        )

    async def close(self) -> None:
        if self._registry is not None:
            await self.do(Registry.close)
        self._executor.shutdown(wait=False)
