"""Tests of the control side may be coroutines."""

import asyncio
import inspect
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
    asyncio.run(test(**arguments))
    return True


@pytest.fixture
def socket_folder() -> Iterator[Path]:
    """Private, and short enough for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="cm") as folder:
        yield Path(folder)
