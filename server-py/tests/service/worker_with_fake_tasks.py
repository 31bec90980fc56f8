"""The worker's program with fake task processes, for tests that start more runs than real ones could train.

Without arguments it serves over stdin and stdout; else it is `serve` with these. FAKE_TASK says how the tasks behave.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cowmask_worker.__main__ import main as command_line
from cowmask_worker.service import control, main
from cowmask_worker.service.settings import Settings

FAKE = Path(__file__).parents[1] / "runs" / "fake_task.py"


class _Control(control.Control):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, [sys.executable, str(FAKE), os.environ.get("FAKE_TASK", "")])


if __name__ == "__main__":
    main.Control = _Control
    sys.exit(command_line(sys.argv[1:]) if sys.argv[1:] else main.serve_stdio())
