"""Whether a trainer still does something, as control can tell: by what it reports and by the processor time it uses.

A trainer that computes for long, in a compile above all, uses the processor; one that hangs, in a lock, a driver or a
stopped process, does neither report nor compute. Only one that computes for ever without a report is judged by the
clock alone.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

QUIET_S = 60.0
"""How long a trainer may neither report nor compute, once it has taken steps."""

QUIET_PREPARING_S = 300.0
"""The same before its first steps, while it loads data and compiles: disks and compilers are waited for there."""

UNREPORTED_S = 3600.0
"""How long it may compute without a report; more where it has shown before that its reports take long."""

END_AFTER = 3
"""A trainer is ended once it has been silent for so many times what is allowed."""

_BUSY_SHARE = 0.01
_LONGEST_WAITS = 20


class Silence(NamedTuple):
    """For how long nothing has come, and what is allowed; `computing` says that it uses the processor."""

    seconds: float
    allowed_s: float
    computing: bool

    @property
    def stalled(self) -> bool:
        return self.seconds >= self.allowed_s

    @property
    def hung(self) -> bool:
        return self.seconds >= END_AFTER * self.allowed_s


class Heartbeat:
    """Of one trainer, from now on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reported = self._active = self._beat = clock()
        self._cpu_ms = 0.0
        self._longest_wait = 0.0
        self._preparing = True
        self.waiting = False
        """Whether it waits for something that is not its own to end; its beats suffice then."""

    def reported(self, *, steps: bool) -> None:
        """Something came that only the trainer's main thread sends; `steps` says that it was metrics."""
        now = self._clock()
        if not self._preparing:
            self._longest_wait = max(self._longest_wait, now - self._reported)
        self._preparing = self._preparing and not steps
        self._reported = self._active = now

    def beat(self, cpu_ms: float) -> None:
        now = self._clock()
        if self.waiting:
            self._reported = self._active = now
        elif cpu_ms - self._cpu_ms >= _BUSY_SHARE * 1000 * (now - self._beat):
            self._active = now
        self._beat, self._cpu_ms = now, cpu_ms

    def excused(self) -> None:
        """What came until now could not be heard, for a reason that is not the trainer's."""
        self._reported = self._active = self._clock()

    def silence(self) -> Silence:
        now = self._clock()
        quiet_s = QUIET_PREPARING_S if self._preparing else QUIET_S
        quiet = Silence(now - self._active, quiet_s, computing=False)
        unreported_s = max(UNREPORTED_S, _LONGEST_WAITS * self._longest_wait)
        unreported = Silence(now - self._reported, unreported_s, computing=True)
        return max(quiet, unreported, key=lambda silence: silence.seconds / silence.allowed_s)
