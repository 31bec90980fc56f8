"""The measurement of a look at a folder measures what it says."""

from cowmask_worker.bench.inspection import measure


def test_all_images_are_read_and_memory_is_watched() -> None:
    figures = measure(images=60)
    assert figures.images == 60
    assert figures.seconds > 0
    assert figures.bare_seconds > 0
    # Of photographs, in kilobytes.
    assert 50 < figures.file_kilobytes < 250
    assert 0 < figures.memory_warm_mib <= figures.memory_peak_mib
