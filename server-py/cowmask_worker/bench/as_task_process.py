"""Measures in a process like those in which tasks run."""

import os
import sys

from cowmask_worker.runs.task_environment import task_environment


def as_task_process() -> None:
    """Starts this program again with a task's variables, some of which count only from the start of a process."""
    environment = task_environment("default")
    if environment != dict(os.environ):
        os.execve(sys.executable, sys.orig_argv, environment)
