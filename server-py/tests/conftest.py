"""What tests share: a JAX with two CPU devices that promotes nothing in silence and checks every array signature."""

import asyncio
import inspect
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np
import pytest
from jaxtyping import install_import_hook
from small_disk import SmallDisk

CHECKED = ["masks", "regularizers", "models", "training"]
PARITY = Path(__file__).parents[2] / "test" / "parity"

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
if "JAX_COMPILATION_CACHE_DIR" in os.environ:
    # By default only what took a second to compile is kept; here it is the many small programs that add up.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

install_import_hook([f"cowmask_worker.{package}" for package in CHECKED], "beartype.beartype")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test may be a coroutine."""
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounting.returncode != 0:
        pytest.skip(f"no small disk can be made here: {mounting.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, np.ndarray]]:
    """Numbers that the authors' code gave, by file name; `test/parity/manifest.json` explains them."""

    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(PARITY / name) as arrays:
            return dict(arrays)

    return load


@pytest.fixture
def reference_stream() -> Iterator[None]:
    """The random stream that JAX had when the reference was written."""
    with jax.threefry_partitionable(False):
        yield
