"""Image files of anybody, read so that what is odd about one is told and never guessed.

PNG, JPEG, WebP and BMP; of an animation its first picture. The camera's orientation (EXIF) is applied. Sixteen bits are
scaled to eight, palettes and CMYK become RGB. Where alpha is not wanted, the image is laid on white.
"""

import contextlib
import struct
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from cowmask_worker.data.damage import DatasetDamaged

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
"""Files with another name are no images; case does not matter."""

MOST_PIXELS = 64 * 1024 * 1024
"""A larger image is refused before it is decoded: a few kilobytes can hold one that fills the memory."""

type Channels = Literal[1, 3, 4]
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
_MODES: dict[Channels, str] = {1: "L", 3: "RGB", 4: "RGBA"}
_GRAY = frozenset({"1", "L", "LA", "La", "I;16", "I;16B", "I;16L"})
_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_SIDEWAYS = frozenset({5, 6, 7, 8})
# What Pillow raises for bytes that are no image of the format they pretend to be.
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, OverflowError, struct.error)


class Unreadable(DatasetDamaged):
    """One image file that can't be used, and why."""


class Probe(NamedTuple):
    """What a file's header says of its image."""

    format: str
    mode: str
    """As Pillow calls it: "L", "RGB", "RGBA", "P", ..."""
    height: int
    """In pixels, of the upright image; so is `width`."""
    width: int
    gray: bool
    alpha: bool


@contextlib.contextmanager
def opened(path: Path) -> Generator[Image.Image]:
    """The image with its header read and its pixels not yet decoded; decoding within the block is guarded, too.

    Raises `Unreadable`.
    """
    expected = "a PNG, JPEG, WebP or BMP image"
    try:
        # Odd metadata is no reason to refuse an image; without it, the image counts as upright.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _too_large(path, f"{image.width:,} x {image.height:,}")
            if image.mode in ("I", "F"):
                raise Unreadable(path, expected="8 or 16 bits a pixel and channel", found="32 bits")
            yield image
    except Unreadable:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, "far more") from error
    except UnidentifiedImageError as error:
        empty = path.stat().st_size == 0
        raise Unreadable(path, expected=expected, found="an empty file" if empty else "something else") from error
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise Unreadable(path, expected="a file that can be read", found=error.strerror or str(error)) from error
        raise Unreadable(path, expected="a whole image", found=f"a damaged one ({_line(error)})") from error


def probe(path: Path) -> Probe:
    """Reads the header alone. Raises `Unreadable`."""
    with opened(path) as image:
        height, width = upright_size(image)
        alpha = image.mode in _ALPHA or "transparency" in image.info
        return Probe(image.format or "", image.mode, height, width, image.mode in _GRAY, alpha)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Height and width once the camera's orientation is applied."""
    turned = image.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
    return (image.width, image.height) if turned else (image.height, image.width)


def converted(image: Image.Image, channels: Channels) -> Image.Image:
    """Decodes the image, upright and with eight bits a channel: gray, RGB, or RGBA."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        eight = np.asarray(upright).astype(np.uint32) * 255 + 32_767
        upright = Image.fromarray((eight // 65_535).astype(np.uint8))
    mode = _MODES[channels]
    if upright.mode in _ALPHA or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        if channels != 4:
            white = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(white, upright).convert("RGB")
    return upright if upright.mode == mode else upright.convert(mode)


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 [height, width, channels] of an image that `converted` gave."""
    array = np.asarray(image, np.uint8)
    return array[..., None] if array.ndim == 2 else array


def _too_large(path: Path, found: str) -> Unreadable:
    return Unreadable(path, expected=f"at most {MOST_PIXELS:,} pixels", found=found)


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
