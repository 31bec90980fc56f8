"""The worker's program with a task process that has its masks ready: all else of their way to the client is the real
one. Started as the worker is, by this file's path."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cowmask_worker.bench.random_masks import random_masks
from cowmask_worker.service import control, main
from cowmask_worker.service.settings import Settings
from cowmask_worker.tasks import masks, process
from cowmask_worker.tasks.arrays import array_chunks, bit_chunks
from cowmask_worker.tasks.call import Call

_BLOCK = 4


class _Control(control.Control):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, [sys.executable, "-I", __file__, "task"])


def _ready(call: Call) -> None:
    """What `masks.generate` sends of CowMasks, in the same blocks."""
    asked = call.command.generate
    ready = random_masks(asked.count, asked.height, asked.width)
    blocks = (ready[first : first + _BLOCK] for first in range(0, len(ready), _BLOCK))
    call.send_chunks(bit_chunks("masks", ready.shape, blocks))
    for name in ("share", "proportion", "sigma"):
        call.send_chunks(array_chunks(name, ready[:, 0, 0].astype("f4")))


def _main() -> int:
    if sys.argv[1] == "task":
        masks.generate = _ready
        process.main()
    main.Control = _Control
    return main.serve_stdio()


if __name__ == "__main__":
    sys.exit(_main())
