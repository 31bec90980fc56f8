"""The real task process, which stops at one place of its training until it hears that it is cancelled.

Its arguments are the place ("step", "save" or "evaluation") and a file that it makes when it is there. Where there is
the file already it stops nowhere.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from cowmask_worker.tasks import assembly, process
from cowmask_worker.tasks.call import Call
from cowmask_worker.training import checkpoints

PLACE, MARK = sys.argv[1], Path(sys.argv[2])
PATIENCE_S = 120
# Past the first dispatch, and the first state.
CALL = 2

cancelled = threading.Event()


def pausing[**P, R](place: str, work: Callable[P, R]) -> Callable[P, R]:
    """The work, in whose second call the cancel comes."""
    calls = 0

    def paused(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal calls
        calls += 1
        if place == PLACE and calls == CALL and not MARK.exists():
            MARK.touch()
            cancelled.wait(PATIENCE_S)
        return work(*args, **kwargs)

    return paused


def compiled(*args: Any) -> Any:
    program = really_compiled(*args)
    return program._replace(
        dispatch=pausing("step", program.dispatch), evaluate=pausing("evaluation", program.evaluate)
    )


class HeardCall(Call):
    def cancel(self) -> None:
        super().cancel()
        cancelled.set()


if __name__ == "__main__":
    really_compiled, assembly.compiled = assembly.compiled, compiled
    process.Call = HeardCall
    # Its second file is the manifest of the first checkpoint.
    checkpoints.write_durably = pausing("save", checkpoints.write_durably)
    process.main()
