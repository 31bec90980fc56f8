"""How long a look at a folder of many images takes, and in what memory."""

import contextlib
import io
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from PIL import Image

from cowmask_worker.bench.synthetic_photo import synthetic_photo
from cowmask_worker.data.own.contact_sheet import contact_sheet
from cowmask_worker.data.own.folder import scan_folder
from cowmask_worker.data.own.inspection import decide, look_at_listing, report_of
from cowmask_worker.data.own.taken import Options

_HEIGHT, _WIDTH = 375, 500
_CLASSES = 10
_DIFFERENT = 64
_WARM = 1_000
_SAMPLED_EVERY_SECONDS = 0.05
_MIB = 2**20


@dataclass(frozen=True)
class InspectionFigures:
    """Resident memory in MiB: once a tenth of the images is read, and the most of all until the end; 0 where there is
    no /proc."""

    images: int
    cores: int
    file_kilobytes: float
    seconds: float
    bare_seconds: float
    """Pillow decoding the same files in as many threads at an eighth of their size, and nothing else."""
    memory_warm_mib: float
    memory_peak_mib: float


def measure(*, images: int = 10_000) -> InspectionFigures:
    """Writes JPEG files of 500 x 375 into a temporary folder and inspects it, contact sheet included."""
    with tempfile.TemporaryDirectory(prefix="cowmask-bench-") as path:
        folder = Path(path)
        written = _write(folder, images)
        memory: list[float] = []
        warm: list[float] = []
        done = threading.Event()

        def sample() -> None:
            while not done.wait(_SAMPLED_EVERY_SECONDS):
                memory.append(_resident())

        def progress(_: str, done: int, total: int) -> None:
            if done >= min(_WARM, total) and not warm:
                warm.append(_resident())

        watcher = threading.Thread(target=sample)
        watcher.start()
        started = perf_counter()
        try:
            found = look_at_listing(*scan_folder(folder), progress)
            decision, faults = decide(found, Options())
            report = report_of(found, decision, faults)
            contact_sheet(found, report)
        finally:
            seconds = perf_counter() - started
            done.set()
            watcher.join()
        assert report.images == images
        peak = max([*memory, *warm, _resident()])
        started = perf_counter()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_decode, folder.rglob("*.jpg")))
        return InspectionFigures(
            images=images,
            cores=os.cpu_count() or 1,
            file_kilobytes=written / images / 1000,
            seconds=seconds,
            bare_seconds=perf_counter() - started,
            memory_warm_mib=warm[0],
            memory_peak_mib=peak,
        )


def _write(folder: Path, count: int) -> int:
    """Half of the images are labeled. Returns the bytes of all."""
    contents = [_jpeg(seed) for seed in range(_DIFFERENT)]
    total = 0
    for number in range(count):
        part = f"labeled/{number // 2 % _CLASSES}" if number % 2 else "unlabeled"
        place = folder / part
        place.mkdir(parents=True, exist_ok=True)
        # Bytes past the end of a JPEG change nothing but the digest.
        content = contents[number % _DIFFERENT] + number.to_bytes(4)
        (place / f"{number:06}.jpg").write_bytes(content)
        total += len(content)
    return total


def _decode(path: Path) -> None:
    with Image.open(path) as image:
        image.draft(None, (1, 1))
        image.load()


def _jpeg(seed: int) -> bytes:
    written = io.BytesIO()
    synthetic_photo(seed, _HEIGHT, _WIDTH).save(written, "JPEG", quality=90)
    return written.getvalue()


def _resident() -> float:
    with contextlib.suppress(FileNotFoundError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / _MIB
    return 0.0
