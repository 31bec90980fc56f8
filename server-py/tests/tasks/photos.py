"""A small dataset of image files, and an experiment on it."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from settings import config

from cowmask.v1 import datasets_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.own import store
from cowmask_worker.data.own.folder import list_folder
from cowmask_worker.data.own.taken import Options, take_listing
from cowmask_worker.runs.dataset_facts import dataset_message

SIZE = 16
STEPS = 6


def write_photos(root: Path, *, labeled: int = 12, unlabeled: int = 9, test: int = 7) -> None:
    """Three classes told apart by their color, in images of many sizes."""
    random = np.random.default_rng(7)
    parts = {"labeled": labeled, "test": test, "unlabeled": unlabeled}
    for part, count in parts.items():
        for index in range(count):
            color = index % 3
            folder = root / part / ("" if part == "unlabeled" else "rgb"[color])
            folder.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 120, (5, 6, 3))
            pixels[..., color] += 120
            width, height = random.integers(SIZE, 3 * SIZE, 2).tolist()
            image = Image.fromarray(pixels.astype(np.uint8)).resize((width, height))
            image.save(folder / f"{index}.jpg", quality=90)


class Photos:
    def __init__(self, folder: Path) -> None:
        self.root, self.data = folder / "photos", folder / "datasets"
        write_photos(self.root)
        taken = take_listing(
            "photos", list_folder(self.root), Options(image_size=SIZE, storage="files"), lambda *_: None
        )
        self.facts: DatasetFacts = store.store(taken, self.data)
        self.message: datasets_pb2.Dataset = dataset_message(self.facts)


def photo_config(**changes: Any) -> Any:
    augmentation = {
        "shift": 0,
        "horizontal_flip": True,
        "crop_area": {"low": 0.3, "high": 1},
        "resample": "antialias",
        "color_jitter": True,
        "grayscale": 0.2,
    }
    dataset = {"name": "photos", "labeled": 12, "seed": 1, "validation": 0, "validation_seed": 131, "split": "rule"}
    lengths = {"steps": STEPS, "evaluate_every": 3, "checkpoint_every": 1, "batch_size": 8, "unlabeled_batch_size": 8}
    return config(dataset=dataset, augmentation=augmentation, **(lengths | changes))
