"""What tests share: a JAX with two CPU devices that promotes nothing in silence and checks every array signature."""

import asyncio
import inspect
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import unflatten_dict
from jaxtyping import install_import_hook

CHECKED = ["masks", "regularizers", "models", "training"]
PARITY = Path(__file__).parents[2] / "test" / "parity"
REFERENCE_NAMES = {
    "init_conv": "stem",
    "BatchNorm_3": "norm",
    "Dense_4": "dense",
    "Conv_0": "shortcut",
    "bn1": "norm1",
    "bn2": "norm2",
    "conv1": "conv1",
    "conv2": "conv2",
}

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
if "JAX_COMPILATION_CACHE_DIR" in os.environ:
    # By default only what took a second to compile is kept; here it is the many small programs that add up.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

install_import_hook([f"cowmask_worker.{package}" for package in CHECKED], "beartype.beartype")

from cowmask_worker.models.functional import Variables  # noqa: E402  (only now is it checked)


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


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, np.ndarray]]:
    """Numbers that the authors' code gave, by file name; `test/parity/manifest.json` explains them."""

    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(PARITY / name) as arrays:
            return dict(arrays)

    return load


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """What `test/parity/manifest.json` says about each file."""
    return json.loads((PARITY / "manifest.json").read_text())["files"]


@pytest.fixture
def reference_stream() -> Iterator[None]:
    """The random stream that JAX had when the reference was written."""
    with jax.threefry_partitionable(False):
        yield


@pytest.fixture(scope="session")
def wide_resnet_leaves() -> dict[str, list[tuple[str, list[Any]]]]:
    """Parameters and statistics of the reference's WRN-28-2, in its order: our path, and the row that describes it."""

    def ours(path: str) -> str:
        *place, part, leaf = path.split("/")
        if not place:
            return f"{REFERENCE_NAMES[part]}/{leaf}"
        group, block = (int(name.rpartition("_")[2]) for name in place)
        return f"blocks/{4 * group + block}/{REFERENCE_NAMES[part]}/{leaf}"

    described = json.loads((PARITY / "arch" / "wrn26_2.json").read_text())
    return {kind: [(ours(row[0]), row) for row in described[kind]] for kind in ("params", "stats")}


@pytest.fixture(scope="session")
def filled(wide_resnet_leaves: dict[str, list[tuple[str, list[Any]]]]) -> Callable[[int, int], Variables]:
    """Variables of that network with every leaf drawn as `test/parity/manifest.json` says, from two base seeds."""

    def fill(kind: str, base: int) -> dict[str, Any]:
        leaves = {}
        for number, (path, row) in enumerate(wide_resnet_leaves[kind]):
            offset, scale = row[-2:]
            drawn = np.random.RandomState(base + number).randn(*row[1])
            drawn = np.abs(drawn) if path.endswith("/var") else drawn
            leaves[path] = jnp.asarray((offset + scale * drawn).astype(np.float32))
        return unflatten_dict(leaves, sep="/")

    return lambda parameters, statistics: Variables(fill("params", parameters), fill("stats", statistics))
