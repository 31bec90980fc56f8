"""Every check over a folder of vectors, row by row."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax

from cowmask_worker.parity.comparison import tolerances_times
from cowmask_worker.parity.layers import layers
from cowmask_worker.parity.losses import losses
from cowmask_worker.parity.masks import box, cow
from cowmask_worker.parity.networks import networks
from cowmask_worker.parity.probe import probe
from cowmask_worker.parity.regularizers import regularizers
from cowmask_worker.parity.row import Row, failed, left_out
from cowmask_worker.parity.schedules import schedules
from cowmask_worker.parity.training import training
from cowmask_worker.parity.vectors import BadVectors, VectorFile, open_file, read_manifest, unlisted

type Check = Callable[[VectorFile], Iterator[Row]]

_CHECKS: dict[str, Check] = {
    r"masks_cow\w*\.npz": cow,
    r"masks_box\w*\.npz": box,
    r"regularizers\w*\.npz": regularizers,
    r"losses\w*\.npz": losses,
    r"schedules\w*\.npz": schedules,
    r"arch/shake\.npz": layers,
    r"arch/\w+\.npz": networks,
    r"train/probe\w*\.npz": probe,
    r"train/\w+\.npz": training,
}
"""The check of a file by its name, the first that matches."""

# What takes over a minute on two slow cores: the largest networks, and steps of a network for large images.
_QUICK_PARAMETERS = 200_000_000
_SLOW_NETWORKS = ("pyramid",)
_SLOW_STEPS = re.compile(r"resnet|resnext|pyramid")


# The recorded numbers come from a CPU. An accelerator adds up in another order, and takes roots in another way.
_TOLERANCE_FACTOR = {"cpu": 1.0}
_ACCELERATOR_FACTOR = 10.0


class Progress(NamedTuple):
    """That a file is being checked; `seconds` once it has been."""

    file: str
    seconds: float | None


def compare(folder: Path, *, quick: bool, device: str = "cpu") -> Iterator[Row | Progress]:
    """All rows of a folder. Whatever can not be read or is read by no check is a row that fails.

    `device` is jax's name of the platform; one that is no CPU gets wider tolerances.
    """
    try:
        manifest = read_manifest(folder)
    except BadVectors as error:
        yield failed("vectors", "manifest.json", str(error))
        return
    for name, entry in sorted(manifest["files"].items(), key=lambda file: (_place_of(file[0]), file[0])):
        yield Progress(name, None)
        began = time.monotonic()
        with tolerances_times(_TOLERANCE_FACTOR.get(device, _ACCELERATOR_FACTOR)):
            yield from compare_file(folder, name, entry, quick=quick)
        jax.clear_caches()
        yield Progress(name, time.monotonic() - began)
    for name in unlisted(folder, manifest):
        yield failed("vectors", name, "manifest.json does not list it, so no check reads it")


def compare_file(folder: Path, name: str, entry: dict[str, Any], *, quick: bool) -> Iterator[Row]:
    """The rows of one file, of which the manifest says `entry`."""
    check = _check_of(name)
    if check is None:
        yield failed("vectors", name, "no check reads a file of this name")
        return
    if quick and _is_slow(name, entry):
        yield left_out(check.__name__, name, "takes over a minute; --quick leaves it out")
        return
    try:
        file = open_file(folder, name, entry)
        with jax.threefry_partitionable(False):
            yield from check(file)
    except BadVectors as error:
        yield failed("vectors", name, str(error))
    except Exception as error:
        # Vectors of somebody else's may miss anything; what is wrong with one file must not hide the others.
        yield failed("vectors", name, f"the check stopped: {type(error).__name__}: {error}".splitlines()[0])
    else:
        if unread := file.arrays.unread():
            yield failed("vectors", name, f"no check reads {', '.join(unread[:5])}" + (", ..." if unread[5:] else ""))


def _check_of(name: str) -> Check | None:
    return next((check for pattern, check in _CHECKS.items() if re.fullmatch(pattern, name)), None)


def _place_of(name: str) -> int:
    """In the order of the checks, so that a group's rows stand together."""
    check = _check_of(name)
    return list(_CHECKS.values()).index(check) if check else -1


def _is_slow(name: str, entry: dict[str, Any]) -> bool:
    if name.startswith("train/"):
        return bool(_SLOW_STEPS.match(str(entry.get("architecture", ""))))
    return Path(name).stem in _SLOW_NETWORKS or entry.get("parameters", 0) > _QUICK_PARAMETERS
