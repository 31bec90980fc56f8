"""What the loader is measured against: the least that turns JPEG files into cropped and resized pixels."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
from PIL import Image

from cowmask_worker.data.large.crops import Box


def bare_loop(files: Sequence[tuple[str, Box]], size: int) -> float:
    """Seconds that it takes to open each file, decode it no larger than needed, and resize its box with Pillow."""
    started = perf_counter()
    for path, (top, left, height, width) in files:
        with Image.open(path) as image:
            whole = image.size
            image.draft(None, (whole[0] * size // width, whole[1] * size // height))
            scale = whole[0] / image.width
            box = (left / scale, top / scale, (left + width) / scale, (top + height) / scale)
            np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=box))
    return perf_counter() - started
