"""Masks stay what they were: of both streams, both kinds and both ways of drawing. See `frozen_masks.py`."""

import json

import numpy as np
import pytest
from frozen_masks import FILE, Case, digest, drawn

CASES: list[Case] = json.loads(FILE.read_text())


def name(case: Case) -> str:
    return "-".join(str(case[part]) for part in ("kind", "keys", "stream", "count", "height", "width"))


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_mask_is_what_it_was(case: Case) -> None:
    masks, values = drawn(case)
    for what, array in values.items():
        # The last bits are the processor's.
        np.testing.assert_allclose(array, np.float32(case[what]), rtol=1e-6, atol=1e-5)
    assert digest(masks) == case["sha256"]


def test_both_streams_both_kinds_and_both_ways_are_frozen() -> None:
    assert len({name(case) for case in CASES}) == len(CASES) >= 12
    ways = {(case["kind"], case["keys"], case["stream"]) for case in CASES}
    for kind in ("cow", "box"):
        assert {(kind, "per_image", "default"), (kind, "batch", "default"), (kind, "batch", "reference")} <= ways
