"""Pieces that tell what process made them, and how."""

import os
import sys

import numpy as np

from cowmask_worker.data.large.piece_reader import Piece


class ProcessFacts:
    """Each piece: the process' id, whether it has loaded jax, and a megabyte of the piece's number."""

    def __init__(self, end: int) -> None:
        self._end = end

    def __len__(self) -> int:
        return self._end

    def __getitem__(self, number: int) -> Piece:
        loaded = [name for name in ("jax", "jaxlib", "cowmask_worker.data.large.color_jitter") if name in sys.modules]
        return {
            "process": np.array([os.getpid()]),
            "loaded": np.array(len(loaded)),
            "pixels": np.full(2**20, number % 256, np.uint8),
        }
