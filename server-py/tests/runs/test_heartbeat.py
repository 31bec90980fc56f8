"""What counts as a sign of life (F14)."""

from cowmask_worker.runs.heartbeat import QUIET_PREPARING_S, QUIET_S, UNREPORTED_S, Heartbeat


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.cpu_ms = 0.0

    def __call__(self) -> float:
        return self.now


def lived(clock: Clock, heartbeat: Heartbeat, seconds: float, share: float) -> None:
    """Beats every second, with the processor used for a share of the time."""
    for _ in range(int(seconds)):
        clock.now += 1
        clock.cpu_ms += 1000 * share
        heartbeat.beat(clock.cpu_ms)


def test_f14_who_neither_reports_nor_computes_has_stalled_and_later_hangs() -> None:
    clock = Clock()
    heartbeat = Heartbeat(clock)
    lived(clock, heartbeat, QUIET_PREPARING_S - 1, share=0.001)
    assert not heartbeat.silence().stalled, "data and compilers are waited for longer"
    heartbeat.reported(steps=True)
    lived(clock, heartbeat, QUIET_S - 1, share=0.001)
    assert not heartbeat.silence().stalled
    lived(clock, heartbeat, 1, share=0.001)
    assert heartbeat.silence().stalled
    assert not heartbeat.silence().hung
    clock.now += 2 * QUIET_S  # a stopped process does not even beat
    assert heartbeat.silence().hung
    heartbeat.reported(steps=True)
    assert not heartbeat.silence().stalled


def test_f14_a_compile_of_half_an_hour_is_no_hang() -> None:
    clock = Clock()
    heartbeat = Heartbeat(clock)
    heartbeat.reported(steps=False)
    lived(clock, heartbeat, 1800, share=0.02)
    assert not heartbeat.silence().stalled


def test_f14_who_computes_for_ever_is_judged_by_how_long_its_reports_took_before() -> None:
    clock = Clock()
    heartbeat = Heartbeat(clock)
    heartbeat.reported(steps=True)
    lived(clock, heartbeat, UNREPORTED_S, share=1)
    assert heartbeat.silence().stalled
    heartbeat.reported(steps=True)
    lived(clock, heartbeat, 10 * UNREPORTED_S, share=1)
    assert not heartbeat.silence().stalled, "it took an hour before"
    lived(clock, heartbeat, 50 * UNREPORTED_S, share=1)
    assert heartbeat.silence().hung
    heartbeat.excused()
    assert not heartbeat.silence().stalled
