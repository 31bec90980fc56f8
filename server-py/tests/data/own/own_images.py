"""Small images of the user's own, and what a folder looks like before and after."""

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def noise(seed: int, height: int = 8, width: int = 8, channels: int = 3) -> NDArray[np.uint8]:
    """uint8 [height, width, channels], another picture for every seed."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels)).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def put(root: Path, *names: str, **like: Any) -> None:
    """Writes a PNG file for every name, each with another picture."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(noise(zlib.crc32(name.encode()), **like)))


def snapshot(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Everything below a folder: mode, time of its last change, size, content."""
    found: dict[str, tuple[int, int, int, bytes]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        facts = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (facts.st_mode, facts.st_mtime_ns, facts.st_size, content)
    return found
