"""How fast images are loaded, compared with a bare loop on the same files in the same minute, and in what memory."""

import contextlib
import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.bench.bare_loop import bare_loop
from cowmask_worker.bench.synthetic_photo import synthetic_photo
from cowmask_worker.data.contents import UNLABELED
from cowmask_worker.data.large.crops import Box
from cowmask_worker.data.large.host_order import streamed_index
from cowmask_worker.data.large.host_random import Words
from cowmask_worker.data.large.large_batches import (
    HostBatch,
    LargeBatchOptions,
    LargePool,
    StreamWords,
    large_batches,
)
from cowmask_worker.data.large.records import records
from cowmask_worker.data.large.views import Augmentation, Shape, random_view

_HEIGHT, _WIDTH, _SIZE = 375, 500, 224
_BATCH = 128
_KEYS = StreamWords(*(Words(0, number) for number in range(5)))
_MIB = 2**20


@dataclass(frozen=True)
class LoadingFigures:
    """Rates are images a second and core; medians of the rounds, in which loop and loader took turns."""

    cores: int
    rounds: int
    file_kilobytes: float
    bare_alone: float
    """The bare loop in one process, with the other cores idle."""
    bare: float
    """The bare loop in as many processes as there are cores, at the same time."""
    loader: float
    """Batches for the trainer, with as many workers as there are cores."""
    loader_spread: tuple[float, float]
    ratio: float
    """loader / bare, the median of the rounds' ratios."""
    first_batch_seconds: float
    """From nothing to the first batch: the start of the processes, mostly."""
    images: int
    """Loaded between the two memory figures below."""
    memory_start_mib: float
    """Resident memory of this process and its workers once they are warm, and after `images` more."""
    memory_end_mib: float
    memory_peak_mib: float


def measure(*, files: int = 256, images: int = 10_000, rounds: int = 5, cores: int | None = None) -> LoadingFigures:
    """Makes JPEG files of 500 x 375 in a temporary folder and loads them: random box to 224 px.

    `images`: how many the memory is watched over; `cores`: all of the machine, unless told. Takes about 40 s and two
    cores' whole attention. Memory figures are 0 where there is no /proc.
    """
    cores = cores or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="cowmask-bench-") as folder, contextlib.ExitStack() as stack:
        pool = _made(Path(folder), files)
        kilobytes = statistics.mean(path.stat().st_size for path in Path(folder).iterdir()) / 1000
        options = LargeBatchOptions(0, _BATCH, Shape(_SIZE, 3), Augmentation(), second_view=False)
        context = multiprocessing.get_context("spawn")
        loops = stack.enter_context(ProcessPoolExecutor(cores, mp_context=context))
        boxes = _boxes(pool, 4 * _BATCH * cores)
        shares = [boxes[number::cores] for number in range(cores)]
        list(loops.map(bare_loop, shares, [_SIZE] * cores))
        bystanders = {child.pid for child in multiprocessing.active_children()}

        started = perf_counter()
        batches = stack.enter_context(contextlib.closing(large_batches(pool, options, _KEYS, workers=cores)))
        next(batches)
        first = perf_counter() - started
        # More than what the workers hold ready: what they made while the loop ran would be a present.
        ready = 2 * cores + 1
        _take(batches, ready)

        bare: list[float] = []
        loader: list[float] = []
        for _ in range(rounds):
            started = perf_counter()
            list(loops.map(bare_loop, shares, [_SIZE] * cores))
            bare.append(len(boxes) / (perf_counter() - started) / cores)
            _take(batches, ready)
            started = perf_counter()
            loader.append(_take(batches, len(boxes) // _BATCH) / (perf_counter() - started) / cores)
        alone = len(shares[0]) / min(loops.submit(bare_loop, shares[0], _SIZE).result() for _ in range(3))

        memory = [_resident(bystanders)]
        taken = 0
        while taken < images:
            taken += _take(batches, 4)
            memory.append(_resident(bystanders))
    return LoadingFigures(
        cores=cores,
        rounds=rounds,
        file_kilobytes=kilobytes,
        bare_alone=alone,
        bare=statistics.median(bare),
        loader=statistics.median(loader),
        loader_spread=(min(loader), max(loader)),
        ratio=statistics.median(ours / theirs for ours, theirs in zip(loader, bare, strict=True)),
        first_batch_seconds=first,
        images=taken,
        memory_start_mib=memory[0],
        memory_end_mib=memory[-1],
        memory_peak_mib=max(memory),
    )


def _take(batches: Generator[HostBatch], count: int) -> int:
    return sum(len(batch.unlabeled) for batch in islice(batches, count))


def _made(folder: Path, count: int) -> LargePool:
    names = [f"{number:05}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        synthetic_photo(number, _HEIGHT, _WIDTH).save(folder / name, quality=90)
    kept = records(folder, names, [UNLABELED] * count)
    return LargePool(kept, np.array([], np.int64), np.arange(count))


def _boxes(pool: LargePool, count: int) -> list[tuple[str, Box]]:
    """The files and boxes that the loader meets first."""
    chosen: NDArray[np.int64] = streamed_index(_KEYS.unlabeled_order, np.arange(count), len(pool.unlabeled))
    options = Augmentation()
    return [
        (
            str(pool.records.path(index)),
            random_view(_KEYS.unlabeled_augment, position, _HEIGHT, _WIDTH, options).box,
        )
        for position, index in enumerate(chosen.tolist())
    ]


def _resident(bystanders: set[int | None]) -> float:
    """MiB of resident memory of this process and its children but for the bystanders."""
    pids = {child.pid for child in multiprocessing.active_children()} - bystanders | {os.getpid()}
    return sum(_resident_of(pid) for pid in pids if pid is not None)


def _resident_of(pid: int) -> float:
    with contextlib.suppress(FileNotFoundError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / _MIB
    return 0.0
