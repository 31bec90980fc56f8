"""Compares this worker with numbers that the authors' code gave; `npm run parity` makes a table of what this prints.

One JSON object a line: {"progress": ...}, {"row": ...}, {"time": ...}, and last {"versions": ...}.
"""

import argparse
import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m cowmask_worker.parity", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--vectors", type=Path, required=True, help="a folder with manifest.json and .npz files")
    parser.add_argument("--quick", action="store_true", help="leave out what takes over a minute, and name it")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="what to compute on")
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"

    import jax

    from cowmask_worker.parity.benchmark import Progress, compare
    from cowmask_worker.parity.speed import times

    # TensorFloat products would be ten bits; this compares what float32 gives.
    jax.config.update("jax_default_matmul_precision", "highest")
    try:
        device = jax.devices(arguments.device)[0]
    except RuntimeError as error:
        sys.exit(f"There is no {arguments.device} that this environment can use: {str(error).splitlines()[0]}")
    for found in compare(arguments.vectors, quick=arguments.quick, device=device.platform):
        if isinstance(found, Progress):
            _say("progress", found._asdict())
        else:
            _say("row", found.as_json())
    for measured in times(arguments.vectors):
        _say("time", measured._asdict())
    _say("versions", _versions(arguments.vectors, f"{device.platform} {device.device_kind}"))


def _versions(folder: Path, device: str) -> dict[str, Any]:
    import flax
    import jax
    import numpy

    import cowmask_worker

    try:
        reference = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("environment", {})
    except (OSError, ValueError, AttributeError):
        reference = {}
    return {
        "cowmask": cowmask_worker.__version__,
        "python": sys.version.split()[0],
        "jax": jax.__version__,
        "jaxlib": importlib.metadata.version("jaxlib"),
        "flax": flax.__version__,
        "numpy": numpy.__version__,
        "device": device,
        "reference": reference,
    }


def _say(kind: str, content: dict[str, Any]) -> None:
    print(json.dumps({kind: content}), flush=True)


if __name__ == "__main__":
    main()
