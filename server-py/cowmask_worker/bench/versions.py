"""`python -m cowmask_worker.bench.versions`: the device and the versions that figures depend on, as JSON."""

import json
import platform
from importlib.metadata import version

import jax


def main() -> None:
    packages = {name: version(name) for name in ("jax", "jaxlib", "flax", "numpy", "grpcio")}
    print(json.dumps({"device": jax.devices()[0].device_kind, "python": platform.python_version(), **packages}))


if __name__ == "__main__":
    main()
