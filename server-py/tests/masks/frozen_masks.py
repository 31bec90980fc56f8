"""Draws the masks whose hashes stand in `test/frozen-masks.json`.

To freeze them anew, which only a change of the random streams that is meant can be a reason for, in `server-py`:
`python -m tests.masks.frozen_masks`, then `npm run format`.
"""

import hashlib
import json
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from scipy import special

from cowmask_worker.masks.box import box_masks, box_masks_per_image
from cowmask_worker.masks.cow import cow_draws, cow_field, cow_masks, cow_masks_per_image

FILE = Path(__file__).parents[3] / "test" / "frozen-masks.json"

type Case = dict[str, Any]

_DRAWS = {
    ("cow", "batch"): cow_masks,
    ("cow", "per_image"): cow_masks_per_image,
    ("box", "batch"): box_masks,
    ("box", "per_image"): box_masks_per_image,
}
_MIX = {"sigma": [4.0, 16.0], "proportion": [0.2, 0.8]}
_ERASE = {"sigma": [4.0, 16.0], "proportion": [0.25, 1.0]}
_LARGE = {"sigma": [16.0, 128.0], "proportion": [0.2, 0.8]}
_SMALL = {"sigma": [0.5, 1.0], "proportion": [0.1, 0.9]}
_PER_IMAGE = {"keys": "per_image", "stream": "default"}
_BATCH = {"keys": "batch", "stream": "default"}
_REFERENCE = {"keys": "batch", "stream": "reference"}
_FIXED = {"area": "fixed", "scale": 0.25, "random_aspect": False}
_AREA = {"area": "random_area", "scale": 0.25, "random_aspect": True}
_SIZE = {"area": "random_size", "scale": 0.25, "random_aspect": True}
_ASKED: list[tuple[str, dict[str, str], int, int, int, dict[str, Any]]] = [
    ("cow", _PER_IMAGE, 8, 32, 32, _MIX),
    ("cow", _PER_IMAGE, 5, 20, 28, _ERASE),
    ("cow", _PER_IMAGE, 4, 40, 24, _SMALL),
    ("cow", _PER_IMAGE, 2, 224, 224, _LARGE),
    ("cow", _BATCH, 16, 8, 8, _SMALL),
    ("cow", _REFERENCE, 8, 32, 32, _MIX),
    ("cow", _REFERENCE, 7, 32, 32, _ERASE),
    ("cow", _REFERENCE, 2, 224, 224, _LARGE),
    ("box", _PER_IMAGE, 8, 32, 32, _AREA),
    ("box", _PER_IMAGE, 5, 24, 40, _SIZE),
    ("box", _PER_IMAGE, 3, 32, 32, _FIXED),
    ("box", _BATCH, 8, 8, 8, _SIZE),
    ("box", _REFERENCE, 8, 32, 32, _AREA),
    ("box", _REFERENCE, 5, 24, 40, _FIXED),
]

# Another processor rounds otherwise, which must move no pixel: all are this far from where they would.
_CLEAR = 1e-5


def drawn(case: Case) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """The masks of a case, and what was drawn for them."""
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in case["options"].items()}
    draw: Any = _DRAWS[case["kind"], case["keys"]]
    shaped = partial(draw, count=case["count"], height=case["height"], width=case["width"], **options)
    with _stream(case):
        masks = jax.jit(shaped)(jax.random.key(np.uint32(case["seed"])))._asdict()
    return np.asarray(masks.pop("mask")), {name: np.asarray(values) for name, values in masks.items()}


def digest(masks: NDArray[np.float32]) -> str:
    """SHA-256 of all pixels in a row, eight to a byte, the first one highest."""
    return hashlib.sha256(np.packbits(masks.astype(bool).ravel()).tobytes()).hexdigest()


def _stream(case: Case) -> AbstractContextManager[Any]:
    return jax.threefry_partitionable(case["stream"] != "reference")


def _nearest(case: Case) -> float:
    """How near the nearest pixel is to changing: in deviations of the field, or in pixels from a box's edge."""
    if case["kind"] == "box":
        off = drawn(case)[1]["boxes"] - 0.5
        return float(np.abs(off - np.rint(off)).min())
    key, options = jax.random.key(np.uint32(case["seed"])), case["options"]
    draw = partial(
        cow_draws,
        height=case["height"],
        width=case["width"],
        sigma=tuple(options["sigma"]),
        proportion=tuple(options["proportion"]),
    )
    with _stream(case):
        if case["keys"] == "batch":
            draws = draw(key, case["count"])
        else:
            each = jax.vmap(lambda number: draw(jax.random.fold_in(key, number), 1))(np.arange(case["count"]))
            draws = jax.tree.map(lambda values: values[:, 0], each)
    field = np.asarray(cow_field(draws, tuple(options["sigma"])), np.float64)
    standard = (field - field.mean((1, 2), keepdims=True)) / field.std((1, 2), keepdims=True)
    return float(np.abs(standard - special.ndtri(np.asarray(draws.proportion, np.float64))[:, None, None]).min())


def _frozen(kind: str, how: dict[str, str], count: int, height: int, width: int, options: dict[str, Any]) -> Case:
    """The case with the first seed whose pixels are all clear."""
    case: Case = {"kind": kind, **how, "seed": 0, "count": count, "height": height, "width": width, "options": options}
    while _nearest(case) < _CLEAR:
        case["seed"] += 1
    masks, values = drawn(case)
    return case | {"sha256": digest(masks), **{name: array.tolist() for name, array in values.items()}}


if __name__ == "__main__":
    FILE.write_text(json.dumps([_frozen(*asked) for asked in _ASKED], indent=2) + "\n")
