"""On how many devices a step runs, or masks are drawn, changes nothing but the last bits."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from on_devices import COUNTS, MASKS

type Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Arrays]:
    """What the program wrote, by number of devices."""
    file = tmp_path_factory.mktemp("devices") / "found.npz"
    program = [sys.executable, "-W", "error", "-m", "tests.training.on_devices", str(file)]
    subprocess.run(program, check=True, cwd=Path(__file__).parents[2])
    with np.load(file) as arrays:
        by_count: dict[int, Arrays] = {count: {} for count in COUNTS}
        for name in arrays:
            count, _, rest = name.partition("/")
            by_count[int(count)][rest] = arrays[name]
    return by_count


@pytest.mark.parametrize("count", COUNTS[1:])
def test_a_step_is_the_same_on_any_number_of_devices(found: dict[int, Arrays], count: int) -> None:
    one = {path: array for path, array in found[1].items() if path.startswith("step/")}
    for path, array in one.items():
        np.testing.assert_allclose(found[count][path], array, rtol=1e-5, atol=1e-5, err_msg=path)
    for path in ("perturb", "mix"):
        assert one[f"step/1/{path}_loss"] > 0
        assert 0 < one[f"step/1/{path}_confidence"] < 1


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("count", COUNTS[1:])
def test_an_images_mask_is_the_same_on_any_number_of_devices(found: dict[int, Arrays], count: int, name: str) -> None:
    masks = found[1][f"masks/{name}/mask"]
    np.testing.assert_array_equal(found[count][f"masks/{name}/mask"], masks)
    assert 0.1 < masks.mean() < 0.9
