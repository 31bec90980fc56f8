"""Checkpoints: exact, verified, and never lost to a fault (promise F5)."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_disk import SmallDisk

from cowmask_worker.training import checkpoints
from cowmask_worker.training.checkpoints import (
    MANIFEST,
    STATE,
    CheckpointDamaged,
    NonFiniteState,
    NoRoom,
    load,
    newest_verified,
    save,
    state_digest,
    verify,
)


class State(NamedTuple):
    step: Any
    student: dict[str, Any]


def state(step: int = 3) -> State:
    kernel = jnp.arange(6, dtype=jnp.float32).reshape(2, 3) + step
    return State(jnp.int32(step), {"stem": {"kernel": kernel, "bias": jnp.float32(0.5)}, "0": jnp.zeros((0, 2))})


def written(folder: Path, *steps: int) -> list[Path]:
    return [save(folder, state(step), step=step, facts={"run_id": "r", "warned": []}).path for step in steps]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    special = np.asarray([-0.0, 1e-45, 3.4e38, 1 / 3], np.float32)
    saved = State(np.int32(7), {"values": special})
    info = save(tmp_path, saved, step=7, facts={})
    restored = load(info.path, jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), saved))
    assert restored.student["values"].tobytes() == special.tobytes()
    assert restored.step.dtype == np.int32
    assert state_digest(restored) == state_digest(saved) == info.digest == verify(info.path)["digest"]
    assert info.bytes == (info.path / STATE).stat().st_size


def test_the_digest_is_sha256_over_sorted_names_types_shapes_and_bytes() -> None:
    value = {"b": np.asarray([1, 2], np.int32), "a": np.float32(0.5)}
    expected = hashlib.sha256()
    expected.update(b'["a", "<f4", []]' + np.float32(0.5).tobytes())
    expected.update(b'["b", "<i4", [2]]' + np.asarray([1, 2], np.int32).tobytes())
    assert state_digest(value) == expected.hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        State(np.int32(3), {"x": np.asarray([[1.0, 2.0]], np.float32)}),
        State(np.int32(3), {"x": np.asarray([1.0, 2.0], np.float64)}),
        State(np.int32(3), {"y": np.asarray([1.0, 2.0], np.float32)}),
        State(np.int32(3), {"x": np.asarray([1.0, np.nextafter(np.float32(2), np.float32(3))], np.float32)}),
    ],
)
def test_the_digest_tells_shape_type_name_and_the_last_bit(other: State) -> None:
    assert state_digest(State(np.int32(3), {"x": np.asarray([1.0, 2.0], np.float32)})) != state_digest(other)


def faults(size: int) -> list[tuple[str, str]]:
    places = [0, 7, size // 2, size - 1]
    return [(file, f"flip {place}") for file in (STATE, MANIFEST) for place in places] + [
        (file, fault) for file in (STATE, MANIFEST) for fault in ("truncate", "empty", "delete", "append")
    ]


def damage(file: Path, fault: str) -> None:
    content = bytearray(file.read_bytes())
    match fault.split():
        case ["flip", place]:
            content[min(int(place), len(content) - 1)] ^= 1
        case ["truncate"]:
            del content[-1:]
        case ["empty"]:
            content.clear()
        case ["append"]:
            content += b"\n"
        case _:
            file.unlink()
            return
    file.write_bytes(content)


@pytest.mark.parametrize(("file", "fault"), faults(200))
def test_f5_a_damaged_checkpoint_is_skipped_and_named(tmp_path: Path, file: str, fault: str) -> None:
    older, newest = written(tmp_path, 10, 20)
    damage(newest / file, fault)
    with pytest.raises(CheckpointDamaged, match=str(newest / file)):
        verify(newest)
    with pytest.raises(CheckpointDamaged):
        load(newest, state())
    found = newest_verified(tmp_path)
    assert found.path == older
    assert [each.path for each in found.skipped] == [newest]
    assert str(newest / file) in found.skipped[0].reason


def test_f5_every_single_flipped_bit_is_noticed(tmp_path: Path) -> None:
    (path,) = written(tmp_path, 10)
    for file in (STATE, MANIFEST):
        content = (path / file).read_bytes()
        for place in range(len(content)):
            flipped = bytearray(content)
            flipped[place] ^= 1 << place % 8
            (path / file).write_bytes(flipped)
            with pytest.raises(CheckpointDamaged):
                verify(path)
        (path / file).write_bytes(content)
    verify(path)


def test_f5_swapped_and_renamed_checkpoints_are_noticed(tmp_path: Path) -> None:
    first, second = written(tmp_path, 10, 20)
    first.rename(tmp_path / "0000000030")
    assert newest_verified(tmp_path).path == second
    content = (second / STATE).read_bytes()
    (second / STATE).write_bytes((tmp_path / "0000000030" / STATE).read_bytes())
    assert newest_verified(tmp_path).path is None
    (second / STATE).write_bytes(content)
    assert newest_verified(tmp_path).path == second


def test_nothing_there_is_nothing_found(tmp_path: Path) -> None:
    assert newest_verified(tmp_path / "absent") == (None, [])


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    written(tmp_path, 10, 20, 30, 40)
    assert names(tmp_path) == ["0000000030", "0000000040"]


def test_f5_older_ones_stay_until_two_newer_ones_verify(tmp_path: Path) -> None:
    _, newest = written(tmp_path, 10, 20)
    damage(newest / STATE, "truncate")
    written(tmp_path, 30)
    assert names(tmp_path) == ["0000000010", "0000000020", "0000000030"]
    written(tmp_path, 40)
    assert names(tmp_path) == ["0000000030", "0000000040"]


def test_a_damaged_checkpoint_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    (path,) = written(tmp_path, 10)
    damage(path / STATE, "truncate")
    written(tmp_path, 10)
    assert newest_verified(tmp_path) == (path, [])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_f7_a_state_that_is_not_finite_is_not_saved(tmp_path: Path, bad: float) -> None:
    written(tmp_path, 10)
    with pytest.raises(NonFiniteState, match=r"student/x .* after step 20"):
        save(tmp_path, State(np.int32(20), {"x": np.asarray([0, bad], np.float32)}), step=20, facts={})
    assert names(tmp_path) == ["0000000010"]


def test_f4_a_refusing_disk_leaves_the_earlier_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 10, 20)

    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output error"):
            written(tmp_path, 30)
    assert names(tmp_path) == ["0000000010", "0000000020"]
    written(tmp_path, 30)
    assert names(tmp_path) == ["0000000020", "0000000030"]


@pytest.mark.parametrize("estimated", [True, False])
def test_f4_a_full_disk_is_told_and_leaves_the_earlier_checkpoints(
    small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, estimated: bool
) -> None:
    folder = small_disk.folder / "r"
    large = State(jnp.int32(0), {"kernel": jnp.arange(200_000, dtype=jnp.float32)})

    def save_large(step: int) -> None:
        save(folder, large._replace(step=jnp.int32(step)), step=step, facts={})

    save_large(10)
    save_large(20)
    small_disk.fill()
    with monkeypatch.context() as patch:
        if not estimated:  # others were quicker to fill the disk
            patch.setattr(checkpoints, "free_bytes", lambda _: 10**12)
        with pytest.raises(NoRoom, match="a checkpoint takes 1,848,580 bytes"):
            save_large(30)
    assert names(folder) == ["0000000010", "0000000020"]
    assert newest_verified(folder).skipped == []
    small_disk.make_room()
    save_large(30)
    assert names(folder) == ["0000000020", "0000000030"]


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from cowmask_worker.training.checkpoints import save

def save_and_die(folder, fatal):
    calls = 0
    def counted(name):
        real = getattr(os, name)
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == fatal:
                os.kill(os.getpid(), 9)
            return real(*arguments, **options)
        setattr(os, name, call)
    for name in ("fsync", "rename", "mkdir", "rmdir", "unlink"):
        counted(name)
    save(folder, {"x": np.full(1000, 30, np.float32)}, step=30, facts={})
    os._exit(0)

for fatal in range(1, 100):
    folder = Path(sys.argv[1]) / str(fatal)
    for step in (10, 20):
        save(folder, {"x": np.full(1000, step, np.float32)}, step=step, facts={})
    child = os.fork() or save_and_die(folder, fatal)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        print(fatal)
        break
"""


def test_f1_killed_anywhere_in_a_save_something_sound_is_left(tmp_path: Path) -> None:
    output = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], check=True
    )
    found: list[str] = []
    for fatal in range(1, int(output.stdout) + 1):
        folder = tmp_path / str(fatal)
        path, skipped = newest_verified(folder)
        assert path is not None
        assert skipped == []
        assert (load(path, {"x": np.zeros(1000, np.float32)})["x"] == int(path.name)).all()
        # What is left aside does not hinder the next save.
        save(folder, {"x": np.full(1000, 40, np.float32)}, step=40, facts={})
        assert all(len(name) == 10 for name in names(folder))
        found.append(path.name)
    assert len(found) > 8
    assert found == sorted(found)
    assert found[0] == "0000000020"
    assert found[-2:] == ["0000000030"] * 2


def test_another_model_is_told_apart_in_words(tmp_path: Path) -> None:
    (path,) = written(tmp_path, 10)
    other = State(np.int32(0), {"stem": {"kernel": np.zeros((2, 4), np.float32)}, "more": np.zeros(1)})
    with pytest.raises(ValueError, match="holds the state of another model") as error:
        load(path, other)
    text = str(error.value)
    assert "student/stem/kernel is float32[2, 3], expected float32[2, 4]" in text
    assert "student/stem/bias is not part of the model" in text
    assert "student/more is missing" in text


def test_the_files_are_open_to_any_reader(tmp_path: Path) -> None:
    (path,) = written(tmp_path, 10)
    manifest = json.loads((path / MANIFEST).read_text())["manifest"]
    assert manifest["sha256"] == hashlib.sha256((path / STATE).read_bytes()).hexdigest()
    assert (manifest["step"], manifest["facts"]["run_id"]) == (10, "r")
