"""That the benchmark of loading measures what it says."""

from cowmask_worker.bench.large_loading import measure


def test_a_small_run_tells_plausible_figures() -> None:
    figures = measure(files=4, images=256, rounds=1, cores=1)
    assert (figures.cores, figures.rounds, figures.images) == (1, 1, 512)
    assert 60 < figures.file_kilobytes < 200
    assert 10 < figures.loader < 5000
    assert 10 < figures.bare < 5000
    assert figures.ratio == figures.loader / figures.bare
    assert 0 < figures.memory_start_mib <= figures.memory_peak_mib < 4000
