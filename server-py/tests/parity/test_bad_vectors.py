"""Vectors that are broken, or do not hold, fail in the row that is concerned, say why, and leave the others alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vector_folder import VectorFolder

from cowmask_worker.parity.benchmark import Progress, compare, compare_file
from cowmask_worker.parity.row import Row

SPOILED = "schedules.npz"
SCHEDULES = ["learning rates", "annealed teacher"]
BOXES = ["box masks, pixels", "box masks, boxes"]
COWS = [
    "CowMask, pixels",
    "CowMask, proportion and sigma",
    "CowMask, white noise",
    "CowMask, distance of the closest pixels from the threshold",
    "CowMask, blurred field",
]


@pytest.fixture
def vectors(tmp_path: Path) -> VectorFolder:
    return VectorFolder(tmp_path / "vectors", "masks_box.npz", SPOILED)


def only_failure(rows: list[Row], *fine: str) -> Row:
    """The one row that failed; the others are those named."""
    failed = [row for row in rows if not row.ok]
    assert [row.name for row in rows if row.ok] == list(fine), failed
    assert len(failed) == 1, failed
    return failed[0]


def without(arrays: dict[str, Any], name: str) -> dict[str, Any]:
    return {array: values for array, values in arrays.items() if array != name}


def test_a_folder_that_holds_gives_all_rows(vectors: VectorFolder) -> None:
    rows = vectors.rows()
    assert [(row.name, row.ok, row.detail) for row in rows] == [(name, True, "") for name in BOXES + SCHEDULES]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "manifest.json is missing"),
        ("{", "manifest.json can not be read: Expecting property name"),
        (b"\xff\xfe", "manifest.json can not be read: 'utf-8' codec"),
        ("[]", "manifest.json is no JSON object"),
        ({"files": {}}, "manifest.json has the format None, this version reads 1"),
        ({"format": 2, "files": {SPOILED: {}}}, "manifest.json has the format 2, this version reads 1"),
        ({"format": 1}, 'manifest.json lacks "files", an object of objects'),
        ({"format": 1, "files": [SPOILED]}, 'manifest.json lacks "files", an object of objects'),
        ({"format": 1, "files": {SPOILED: "all"}}, 'manifest.json lacks "files", an object of objects'),
        ({"format": 1, "files": {}}, "manifest.json lists no files"),
    ],
)
def test_a_manifest_that_is_none_is_the_only_row(vectors: VectorFolder, content: Any, why: str) -> None:
    if content is not None:
        content = json.dumps(content) if isinstance(content, dict) else content
        (vectors.path / "manifest.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    (row,) = compare(vectors.path, quick=False)
    assert isinstance(row, Row)
    assert (row.group, row.name, row.ok, row.cases) == ("vectors", "manifest.json", False, 0)
    assert row.detail.startswith(why)


def test_a_folder_that_is_not_there_has_no_manifest(tmp_path: Path) -> None:
    (row,) = compare(tmp_path / "nowhere", quick=False)
    assert isinstance(row, Row)
    assert row.detail == "manifest.json is missing"


class Unpickled:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self._trace,)


def _remove(vectors: VectorFolder) -> None:
    (vectors.path / SPOILED).unlink()


def _truncate(vectors: VectorFolder) -> None:
    content = (vectors.path / SPOILED).read_bytes()
    (vectors.path / SPOILED).write_bytes(content[: len(content) // 2])


def _corrupt(vectors: VectorFolder) -> None:
    content = bytearray((vectors.path / SPOILED).read_bytes())
    content[100:110] = bytes(10)
    (vectors.path / SPOILED).write_bytes(content)


def _replace(vectors: VectorFolder) -> None:
    np.save(vectors.path / "other.npy", np.ones(3))
    (vectors.path / "other.npy").replace(vectors.path / SPOILED)


def _pickle(vectors: VectorFolder) -> None:
    trace = Unpickled(vectors.path / "unpickled")
    vectors.store(SPOILED, vectors.load(SPOILED) | {"objects": np.array([trace], object)}, listed=False)


def _link(vectors: VectorFolder) -> None:
    elsewhere = vectors.path.parent / SPOILED
    (vectors.path / SPOILED).replace(elsewhere)
    (vectors.path / SPOILED).symlink_to(elsewhere)


def _forget(vectors: VectorFolder) -> None:
    del vectors.files[SPOILED]["cases"]


def _array(name: str, spoil: Callable[[Any], Any], *, listed: bool = False) -> Callable[[VectorFolder], None]:
    def spoiled(vectors: VectorFolder) -> None:
        arrays = vectors.load(SPOILED)
        vectors.store(SPOILED, arrays | {name: spoil(arrays.get(name))}, listed=listed)

    return spoiled


def _with(value: float) -> Callable[[Any], Any]:
    return lambda values: np.append(values[:-1], np.float32(value))


def _missing(name: str, *, listed: bool) -> Callable[[VectorFolder], None]:
    return lambda vectors: vectors.store(SPOILED, without(vectors.load(SPOILED), name), listed=listed)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_remove, "the file is missing"),
        (_truncate, "the file is no whole .npz archive"),
        (_corrupt, "the file can not be read: "),
        (_replace, "the file is no whole .npz archive"),
        (_pickle, "the file can not be read: Object arrays cannot be loaded when allow_pickle=False"),
        (_link, "the file lies outside of the folder"),
        (_forget, "the check stopped: KeyError: 'cases'"),
        (
            _array("ema_stepped_value", lambda values: values[:-1]),
            "the array ema_stepped_value is float32 of the shape [",
        ),
        (
            _array("ema_stepped_value", lambda values: values.astype(np.float64)),
            "the array ema_stepped_value is float64 of the shape [",
        ),
        (_array("ema_stepped_value", _with(np.nan)), "the array ema_stepped_value holds values that are not finite"),
        (_array("ema_stepped_value", _with(-np.inf)), "the array ema_stepped_value holds values that are not finite"),
        (_missing("ema_stepped_value", listed=False), "the array ema_stepped_value is missing"),
        (_missing("ema_stepped_value", listed=True), "the array ema_stepped_value is missing"),
    ],
)
def test_a_file_that_can_not_be_used_is_one_row(
    vectors: VectorFolder, spoil: Callable[[VectorFolder], None], why: str
) -> None:
    spoil(vectors)
    row = only_failure(vectors.rows(), *BOXES)
    assert (row.group, row.name, row.cases) == ("vectors", SPOILED, 0)
    assert row.detail.startswith(why)
    assert not (vectors.path / "unpickled").exists()


def test_what_would_be_unpickled_leaves_its_trace(vectors: VectorFolder) -> None:
    _pickle(vectors)
    with np.load(vectors.path / SPOILED, allow_pickle=True) as arrays:
        assert arrays["objects"].shape == (1,)
    assert (vectors.path / "unpickled").exists()


@pytest.mark.parametrize("listed", [False, True])
def test_an_array_that_no_check_reads_is_one_row_more(vectors: VectorFolder, listed: bool) -> None:
    _array("another", lambda _: np.ones(3, np.float32), listed=listed)(vectors)
    row = only_failure(vectors.rows(), *BOXES, *SCHEDULES)
    assert (row.group, row.name, row.detail) == ("vectors", SPOILED, "no check reads another")


def test_many_unread_arrays_are_not_all_told(vectors: VectorFolder) -> None:
    more = {f"more{number}": np.ones(1) for number in range(7)}
    vectors.store(SPOILED, vectors.load(SPOILED) | more)
    row = only_failure(vectors.rows(), *BOXES, *SCHEDULES)
    assert row.detail == "no check reads more0, more1, more2, more3, more4, ..."


@pytest.mark.parametrize("name", ["unlisted.npz", "train/unlisted.npz"])
def test_a_file_that_is_not_listed_is_one_row_more(vectors: VectorFolder, name: str) -> None:
    vectors.store(name, {"values": np.ones(3)}, listed=False)
    row = only_failure(vectors.rows(), *BOXES, *SCHEDULES)
    assert (row.name, row.detail) == (name, "manifest.json does not list it, so no check reads it")


# The path that leads out of the folder leads to a file that holds.
@pytest.mark.parametrize("name", ["other.npz", "schedules.csv", "deep/er/schedules.npz", f"../{SPOILED}"])
def test_a_name_that_no_check_reads_is_one_row_more(vectors: VectorFolder, name: str) -> None:
    vectors.files[name] = vectors.files[SPOILED]
    (vectors.path / name).resolve().parent.mkdir(parents=True, exist_ok=True)
    (vectors.path / name).resolve().write_bytes((vectors.path / SPOILED).read_bytes())
    row = only_failure(vectors.rows(), *BOXES, *SCHEDULES)
    assert (row.group, row.name, row.detail) == ("vectors", name, "no check reads a file of this name")


def unknown_file(vectors: VectorFolder) -> str:
    vectors.files["arch/lenet.npz"] = vectors.files.pop("arch/wrn26_2.npz")
    for suffix in (".npz", ".json"):
        (vectors.path / "arch/wrn26_2").with_suffix(suffix).rename((vectors.path / "arch/lenet").with_suffix(suffix))
    return "arch/lenet.npz"


def unknown_architecture(vectors: VectorFolder) -> str:
    vectors.files["arch/wrn26_2.npz"]["architecture"] = "lenet"
    return "arch/wrn26_2.npz"


def unknown_trained(vectors: VectorFolder) -> str:
    vectors.files["train/steps.npz"] = {"architecture": "lenet", "classes": 10, "inputs": {}}
    vectors.store("train/steps.npz", {"metrics": np.ones(3)})
    del vectors.files["arch/wrn26_2.npz"]
    (vectors.path / "arch/wrn26_2.npz").unlink()
    return "train/steps.npz"


@pytest.mark.parametrize("make", [unknown_file, unknown_architecture, unknown_trained])
def test_an_unknown_network_is_one_row_that_tells_the_known_ones(
    tmp_path: Path, make: Callable[[VectorFolder], str]
) -> None:
    vectors = VectorFolder(tmp_path / "vectors", SPOILED, "arch/wrn26_2.npz")
    name = make(vectors)
    row = only_failure(vectors.rows(), *SCHEDULES)
    assert row.name == name
    assert row.detail.startswith("there is no network 'lenet'; there are ")
    assert "wrn26_2" in row.detail


def test_a_network_whose_leaves_are_not_described_is_one_row(tmp_path: Path) -> None:
    vectors = VectorFolder(tmp_path / "vectors", SPOILED, "arch/wrn26_2.npz")
    (vectors.path / "arch/wrn26_2.json").unlink()
    row = only_failure(vectors.rows(), *SCHEDULES)
    assert (row.name, row.detail) == ("arch/wrn26_2.npz", "wrn26_2.json is missing")


def flipped(bits: Any) -> Any:
    bits[0, 10] ^= 1 << 3
    return bits


def moved(by: float) -> Callable[[Any], Any]:
    def move(values: Any) -> Any:
        values[len(values) // 2] += np.float32(by)
        return values

    return move


def one_percent(logits: Any) -> Any:
    logits.flat[np.abs(logits).argmax()] *= np.float32(1.01)
    return logits


@pytest.mark.parametrize(
    ("name", "array", "spoil", "fails", "others", "told"),
    [
        (
            "masks_box.npz",
            "rect_random_size_aspect_s0_mask_bits",
            flipped,
            "box masks, pixels",
            BOXES,
            "rect_random_size_aspect_s0_mask_bits: ",
        ),
        ("masks_cow.npz", "odd_s0_mask_bits", flipped, "CowMask, pixels", COWS, "odd_s0: 1 pixels differ"),
        ("masks_cow.npz", "odd_s0_p", moved(1e-7), "CowMask, proportion and sigma", COWS, "odd_s0_p: "),
        (SPOILED, "stepped_small_warm_value", moved(1e-5), "learning rates", SCHEDULES, "stepped_small_warm_value: "),
        (SPOILED, "ema_stepped_value", moved(-1e-5), "annealed teacher", SCHEDULES, "ema_stepped_value: "),
    ],
)
def test_a_value_that_does_not_hold_fails_its_row_alone(
    tmp_path: Path,
    name: str,
    array: str,
    spoil: Callable[[Any], Any],
    fails: str,
    others: list[str],
    told: str,
) -> None:
    vectors = VectorFolder(tmp_path / "vectors", name)
    arrays = vectors.load(name)
    vectors.store(name, arrays | {array: spoil(arrays[array])})
    row = only_failure(vectors.rows(), *(other for other in others if other != fails))
    assert row.name == fails
    assert row.detail.startswith(told)


def test_a_logit_that_does_not_hold_fails_its_row_alone(tmp_path: Path) -> None:
    vectors = VectorFolder(tmp_path / "vectors", "arch/wrn26_2.npz")
    fine = [row.name for row in vectors.rows() if row.ok]
    arrays = vectors.load("arch/wrn26_2.npz")
    vectors.store("arch/wrn26_2.npz", arrays | {"eval_logits": one_percent(arrays["eval_logits"])})
    row = only_failure(vectors.rows(), *fine[:-1])
    assert row.name == fine[-1] == "wrn26_2, evaluation logits"
    assert row.detail.startswith("eval_logits: ")
    assert row.detail.endswith(", 1 too far")


def spoiled(values: Any) -> Any:
    """Every number a little off."""
    if values.dtype == np.uint8:
        return values ^ np.uint8(255)
    return values * np.float32(1.01) + np.float32(1e-4) if values.dtype.kind == "f" else values[::-1]


@pytest.mark.parametrize("name", ["masks_box.npz", "masks_cow.npz", "losses_direct.npz", "arch/shake.npz"])
def test_every_array_matters(tmp_path: Path, name: str) -> None:
    vectors = VectorFolder(tmp_path / "vectors", name)
    arrays = vectors.load(name)
    for array in arrays:
        vectors.store(name, arrays | {array: spoiled(arrays[array])}, listed=False)
        vectors.files[name]["arrays"] = {}
        rows = list(compare_file(vectors.path, name, vectors.files[name], quick=False))
        assert any(not row.ok for row in rows), array


def test_quick_leaves_out_what_is_slow_by_name_and_reads_nothing_of_it(vectors: VectorFolder) -> None:
    slow: dict[str, dict[str, Any]] = {
        "arch/pyramid.npz": {"parameters": 26_109_432},
        "arch/resnet152x2.npz": {"parameters": 236_350_568},
        "train/resnet50_both.npz": {"architecture": "resnet50"},
    }
    vectors.files |= slow
    rows = {row.name: row for row in vectors.rows(quick=True)}
    assert rows.keys() == {*slow, *BOXES, *SCHEDULES}
    assert [rows[name].ok for name in BOXES + SCHEDULES] == [True] * 4
    for name in slow:
        assert (rows[name].ok, rows[name].cases, rows[name].max_abs) == (None, 0, None)
        assert rows[name].detail == "takes over a minute; --quick leaves it out"
    assert {row.detail for row in vectors.rows() if row.name in slow} == {"the file is missing"}


def test_the_rows_of_the_files_are_all_rows_and_each_file_is_told_twice(vectors: VectorFolder) -> None:
    vectors.files["other.npz"] = {}
    vectors.store("unlisted.npz", {"values": np.ones(3)}, listed=False)
    vectors.write_manifest()
    found = list(compare(vectors.path, quick=False))
    rows = [row for row in found if isinstance(row, Row)]
    of_files = [
        row for name, entry in vectors.files.items() for row in compare_file(vectors.path, name, entry, quick=False)
    ]
    assert len(rows) == len(of_files) + 1 == 6
    assert sorted(row.name for row in rows) == sorted([*(row.name for row in of_files), "unlisted.npz"])
    told = [(each.file, each.seconds is None) for each in found if isinstance(each, Progress)]
    assert sorted(told) == sorted((name, began) for name in vectors.files for began in (True, False))


def test_the_program_prints_every_row_and_says_what_it_ran_on(vectors: VectorFolder) -> None:
    (vectors.path / SPOILED).unlink()
    rows = vectors.rows()
    program = [sys.executable, "-m", "cowmask_worker.parity", "--vectors", str(vectors.path)]
    output = subprocess.run(
        program, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2]
    ).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["row"] for line in lines if "row" in line] == [row.as_json() for row in rows]
    assert lines[-1]["versions"]["device"].startswith("cpu")
