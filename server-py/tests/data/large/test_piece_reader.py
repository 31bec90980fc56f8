"""The processes that make pieces: what they load, how pieces travel, and how they end."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from process_facts import ProcessFacts

from cowmask_worker.data.large.piece_reader import images_a_piece, read_pieces

SERVER = Path(__file__).parents[3]
# As run.py starts: isolated, so that the script itself says where the package is.
SCRIPT = f"""
import sys
from pathlib import Path
sys.path[:0] = [{str(SERVER)!r}, {str(Path(__file__).parent)!r}]
if __name__ == "__main__":
    from process_facts import ProcessFacts
    from cowmask_worker.data.large.piece_reader import read_pieces
    pieces = read_pieces(ProcessFacts(2**40), 2, scratch=Path(__file__).parent / "scratch")
    print(int(next(pieces)["process"][0]), int(next(pieces)["process"][0]), flush=True)
    sys.stdin.readline()
    pieces.close()
"""


def test_without_processes_pieces_are_made_here() -> None:
    pieces = list(read_pieces(ProcessFacts(3), 0))
    assert [int(piece["process"][0]) for piece in pieces] == [os.getpid()] * 3


@pytest.mark.parametrize("shared_memory", [True, False])
def test_processes_make_pieces_in_order_without_jax(monkeypatch: pytest.MonkeyPatch, shared_memory: bool) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40 if shared_memory else 2**20))
    path = list(sys.path)
    makers: list[int] = []
    for number, piece in enumerate(read_pieces(ProcessFacts(20), 3)):
        makers.append(int(piece["process"][0]))
        assert piece["loaded"] == 0
        assert (piece["pixels"] == number).all()
        assert (type(piece["pixels"]) is np.ndarray) is not shared_memory
    assert len(makers) == 20
    assert makers == (makers[:3] * 7)[:20]
    assert len({*makers, os.getpid()}) == 4
    assert sys.path == path


@pytest.mark.parametrize("taken", [1, 30])
def test_closing_ends_the_processes_soon(taken: int) -> None:
    pieces = read_pieces(ProcessFacts(2**40), 2)
    makers = {int(piece["process"][0]) for piece in islice(pieces, taken)}
    started = time.monotonic()
    pieces.close()
    assert time.monotonic() - started < 30
    for maker in makers:
        with pytest.raises(ProcessLookupError):
            os.kill(maker, 0)


def test_a_process_that_dies_is_told() -> None:
    with contextlib.closing(read_pieces(ProcessFacts(2**40), 1)) as pieces:
        os.kill(int(next(pieces)["process"][0]), signal.SIGKILL)
        with pytest.raises(RuntimeError, match="exit code -9"):
            list(islice(pieces, 100))


def isolated_script(tmp_path: Path) -> "subprocess.Popen[str]":
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "file").touch()
    return subprocess.Popen(
        [sys.executable, "-I", tmp_path / "script.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_isolated_program_that_parses_no_flags_starts_them_without_a_word(tmp_path: Path) -> None:
    with isolated_script(tmp_path) as process:
        output, errors = process.communicate("\n", timeout=60)
        assert len(set(output.split())) == 2
        assert (errors, process.returncode) == ("", 0)
    # Who closes removes what is his himself.
    assert (tmp_path / "scratch" / "file").exists()


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    with isolated_script(tmp_path) as process:
        assert process.stdout is not None
        assert len(process.stdout.readline().split()) == 2
        process.kill()
        # They hold the pipe's other end: it ends when the last one has.
        process.communicate(timeout=20)
    assert not (tmp_path / "scratch").exists()


def test_a_piece_has_a_few_megabytes() -> None:
    assert [images_a_piece(size * size * 3) for size in (32, 224, 2000)] == [64, 27, 1]
