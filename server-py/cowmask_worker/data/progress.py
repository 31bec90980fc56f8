"""How work on a dataset tells how far it is."""

import time
from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is: bytes, or whatever is counted."""

_TOLD_EVERY_SECONDS = 0.2


def paced(tell: Progress) -> Progress:
    """Tells the beginning and the end of everything, and what lies between not more often than somebody would want to
    read it."""
    current, due = "", 0.0

    def progress(what: str, done: int, total: int) -> None:
        nonlocal current, due
        now = time.monotonic()
        if what != current or now >= due or done in (0, total):
            current, due = what, now + _TOLD_EVERY_SECONDS
            tell(what, done, total)

    return progress
