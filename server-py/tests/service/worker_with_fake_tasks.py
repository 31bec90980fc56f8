"""The worker's program with fake task processes, for tests that start more runs than real ones could train."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cowmask_worker.service import control, main
from cowmask_worker.service.settings import Settings

FAKE = Path(__file__).parents[1] / "runs" / "fake_task.py"


class _Control(control.Control):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, [sys.executable, str(FAKE), ""])


if __name__ == "__main__":
    main.Control = _Control
    sys.exit(main.serve_stdio())
