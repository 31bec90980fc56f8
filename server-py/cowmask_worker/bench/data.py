"""The rows of `npm run bench -- data`."""

from collections.abc import Iterator

from cowmask_worker.bench import inspection
from cowmask_worker.bench.large_loading import measure
from cowmask_worker.bench.row import Row
from cowmask_worker.bench.small_images import small_image_step

_FEWEST_OF_BARE = 0.8
_MOST_GROWTH_MIB = 64
_MOST_INSPECTION_SECONDS = 30


def data_rows(*, quick: bool) -> Iterator[Row]:
    yield small_image_step()
    yield from _large_loading(quick=quick)
    yield from _inspection(quick=quick)


def _large_loading(*, quick: bool) -> Iterator[Row]:
    images = 1_000 if quick else 10_000
    figures = measure(images=images, rounds=3 if quick else 5)
    device = f"{figures.cores} CPU cores"
    yield Row(
        name="large images: JPEG 500x375 to a random 224x224",
        unit="images/s a core",
        ours=figures.loader,
        spread=figures.loader_spread,
        baseline_name="a bare loop of Pillow's draft, decode, crop and resize, a process for every core",
        baseline=figures.bare,
        ratio=figures.ratio,
        target=f"at least {_FEWEST_OF_BARE}x",
        ok=figures.ratio >= _FEWEST_OF_BARE,
        device=device,
    )
    grown = figures.memory_end_mib - figures.memory_start_mib
    yield Row(
        name=f"large images: memory after {figures.images:,} more",
        unit="MiB",
        ours=figures.memory_end_mib,
        spread=(figures.memory_start_mib, figures.memory_peak_mib),
        baseline_name="the same once it is warm, all processes together",
        baseline=figures.memory_start_mib,
        ratio=figures.memory_end_mib / figures.memory_start_mib,
        target=f"no more than {_MOST_GROWTH_MIB} MiB above",
        ok=grown <= _MOST_GROWTH_MIB,
        device=device,
    )


def _inspection(*, quick: bool) -> Iterator[Row]:
    images = 1_000 if quick else 10_000
    figures = inspection.measure(images=images)
    most = _MOST_INSPECTION_SECONDS * images / 10_000
    device = f"{figures.cores} CPU cores"
    yield Row(
        name=f"inspection of a folder of {images:,} JPEG 500x375",
        unit="s",
        ours=figures.seconds,
        spread=(figures.seconds, figures.seconds),
        baseline_name="the same files decoded by Pillow at an eighth of their size, a thread for every core",
        baseline=figures.bare_seconds,
        ratio=figures.seconds / figures.bare_seconds,
        target=f"below {most:g} s",
        ok=figures.seconds < most,
        device=device,
    )
    grown = figures.memory_peak_mib - figures.memory_warm_mib
    yield Row(
        name="inspection: most memory until its end",
        unit="MiB",
        ours=figures.memory_peak_mib,
        spread=(figures.memory_warm_mib, figures.memory_peak_mib),
        baseline_name="the same once 1,000 images are read",
        baseline=figures.memory_warm_mib,
        ratio=figures.memory_peak_mib / figures.memory_warm_mib,
        target=f"no more than {_MOST_GROWTH_MIB} MiB above",
        ok=grown <= _MOST_GROWTH_MIB,
        device=device,
    )
