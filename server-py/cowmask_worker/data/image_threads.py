"""Image files read by threads, a bounded number at a time: Pillow decodes without holding Python's lock."""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.image_file import Unreadable
from cowmask_worker.data.progress import Progress

_WAITING = 64


def usable[E, T](
    work: Callable[[E], T], entries: Sequence[E], unusable: list[DatasetDamaged], what: str, progress: Progress
) -> Generator[tuple[E, T]]:
    """What the work gave, in order. What it failed at is added to `unusable`; `progress` hears of both as `what`."""
    total = len(entries)
    for done, (entry, outcome) in enumerate(in_threads(work, entries), 1):
        if done % _WAITING == 1 or done == total:
            progress(what, done, total)
        if isinstance(outcome, Unreadable):
            unusable.append(outcome)
        else:
            yield entry, outcome


def in_threads[E, T](work: Callable[[E], T], entries: Iterable[E]) -> Generator[tuple[E, T | Unreadable]]:
    """What the work gave or why it failed, in order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        left = iter(entries)
        waiting: list[tuple[E, Future[T]]] = []
        try:
            while True:
                waiting += [(entry, pool.submit(work, entry)) for entry in islice(left, _WAITING - len(waiting))]
                if not waiting:
                    return
                entry, future = waiting.pop(0)
                try:
                    outcome = future.result()
                except Unreadable as error:
                    outcome = error
                yield entry, outcome
        finally:
            for _, future in waiting:
                future.cancel()
