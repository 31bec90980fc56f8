"""Image files of anybody, read so that what is odd about one is told and never guessed.

PNG, JPEG, WebP and BMP; of an animation its first picture. The camera's orientation (EXIF) is applied. Sixteen bits are
scaled to eight, palettes and CMYK become RGB. Where alpha is not wanted, the image is laid on white.
"""

import contextlib
import hashlib
import io
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.source_file import opened_file

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
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises for bytes that are no image of the format they pretend to be.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
)


class Unreadable(DatasetDamaged):
    """One image file that can't be used, and why."""


class _Quiet:
    """Silences warnings while any thread is within: `catch_warnings` of many threads at once would put filters back
    in a wrong order, and leave the program without warnings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._silence = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if not self._within:
                self._silence.enter_context(warnings.catch_warnings(action="ignore"))
            self._within += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                self._silence.close()


_quiet = _Quiet()


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
        # Opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Unreadable(path, expected="a file", found="a folder" if path.is_dir() else "something else")
        # Odd metadata is no reason to refuse an image.
        with _quiet, opened_file(path) as stream, Image.open(stream, formats=_FORMATS) as image:
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


def png_pixels(content: bytes, where: str, height: int, width: int, channels: Channels) -> NDArray[np.uint8]:
    """A PNG file's bytes as uint8 [height, width, channels]; an image of another size or mode is not decoded.

    Raises `Unreadable` that blames `where`.
    """
    expected = f"a PNG image of {height} x {width} pixels, {_MODES[channels]}"
    try:
        with _quiet, Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if (image.height, image.width, image.mode) != (height, width, _MODES[channels]):
                found = f"one of {image.height:,} x {image.width:,} pixels, {image.mode}"
                raise Unreadable(where, expected=expected, found=found)
            image.load()
            return pixels(image)
    except UnidentifiedImageError as error:
        raise Unreadable(where, expected=expected, found="something else") from error
    except Image.DecompressionBombError as error:
        raise Unreadable(where, expected=expected, found="a far larger one") from error
    except _BROKEN as error:
        raise Unreadable(where, expected=expected, found=f"a damaged one ({_line(error)})") from error


def probe(path: Path) -> Probe:
    """Reads the header; of a PNG file all, as its orientation may come last. Raises `Unreadable`."""
    with opened(path) as image:
        return probed(image)


def probed(image: Image.Image) -> Probe:
    """The same of an image that `opened` gave and nothing has decoded."""
    height, width = upright_size(image)
    alpha = image.mode in _ALPHA or "transparency" in image.info
    return Probe(image.format or "", image.mode, height, width, image.mode in _GRAY, alpha)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Height and width once the camera's orientation is applied."""
    sideways = orientation(image) in _SIDEWAYS
    return (image.width, image.height) if sideways else (image.height, image.width)


class Content(NamedTuple):
    """What a file's bytes are: `sha256` in hexadecimal, and how many."""

    sha256: str
    bytes: int


def content_of(path: Path) -> Content:
    """Reads the whole file. Raises `Unreadable`."""
    try:
        with opened_file(path) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return Content(digest, stream.tell())
    except OSError as error:
        raise Unreadable(path, expected="a file that can be read", found=error.strerror or str(error)) from error


def orientation(image: Image.Image) -> int:
    """From 1, upright, to 8. An image whose metadata is damaged counts as upright."""
    if image.format == "PNG":
        image.load()
    try:
        told = image.getexif().get(ExifTags.Base.Orientation)
    except _BROKEN:
        return 1
    return told if isinstance(told, int) else 1


def converted(image: Image.Image, channels: Channels) -> Image.Image:
    """Decodes the image, upright and with eight bits a channel: gray, RGB, or RGBA."""
    image.load()
    turn = _TURNS.get(orientation(image))
    upright = image if turn is None else image.transpose(turn)
    if upright.mode.startswith("I;16"):
        upright = _in_eight_bits(upright)
    mode = _MODES[channels]
    if upright.mode in _ALPHA or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        if channels != 4:
            white = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(white, upright).convert("RGB")
    return upright if upright.mode == mode else upright.convert(mode)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.uint32)
    gray = Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))
    transparent = image.info.get("transparency")
    if transparent is None:
        return gray
    return Image.merge("LA", (gray, Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))))


def pixels(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 [height, width, channels] of an image that `converted` gave."""
    array = np.asarray(image, np.uint8)
    return array[..., None] if array.ndim == 2 else array


def _too_large(path: Path, found: str) -> Unreadable:
    return Unreadable(path, expected=f"at most {MOST_PIXELS:,} pixels", found=found)


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
