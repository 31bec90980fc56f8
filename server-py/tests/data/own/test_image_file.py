"""Image files of anybody: their values in every format and mode, and what is refused."""

import io
import os
import struct
import sys
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from cowmask_worker.data.image_file import (
    MOST_PIXELS,
    SUFFIXES,
    Channels,
    Unreadable,
    converted,
    opened,
    pixels,
    probe,
    upright_size,
)

# Two rows of three pixels. Alpha is all, half and none of it.
RGB = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[10, 20, 30], [200, 100, 50], [255, 255, 255]]], np.uint8)
GRAY = np.array([[0, 1, 77], [128, 254, 255]], np.uint8)
ALPHA = np.array([[255, 128, 0], [0, 51, 255]], np.uint8)
LOSSLESS: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
LUMA = (299, 587, 114)
WIDE = np.array([[0, 129, 257], [32_768, 65_406, 65_535]], np.uint16)
"""16 bits: 129 and 65,406 lie a little above the middles between 0 and 1, and 254 and 255, in eight."""
EIGHT = np.array([[0, 1, 1], [128, 254, 255]], np.uint8)


def read(path: Path, channels: Channels) -> NDArray[np.uint8]:
    with opened(path) as image:
        size = upright_size(image)
        array = pixels(converted(image, channels))
    assert array.shape == (*size, channels)
    assert array.dtype == np.uint8
    return array


def gray_of(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.rint(colors.astype(float) @ np.array(LUMA) / 1000).astype(np.uint8)


def on_white(colors: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    share = alpha[..., None] / 255
    return np.rint(colors * share + 255 * (1 - share)).astype(np.uint8)


def repeated(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(gray[..., None], 3, -1)


def with_alpha(colors: NDArray[np.uint8], alpha: NDArray[np.uint8] | int = 255) -> NDArray[np.uint8]:
    return np.concatenate([colors, np.broadcast_to(np.uint8(alpha), colors.shape[:2])[..., None]], -1)


def palette(transparency: bytes | int | None = None) -> bytes:
    """PNG of a palette: place n of it is the nth pixel."""
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).convert("L")
    image.putpalette(RGB.tobytes())
    return encoded(image, "PNG", **({} if transparency is None else {"transparency": transparency}))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def of(array: NDArray[Any], form: str, mode: str | None = None, **options: Any) -> bytes:
    image = Image.fromarray(array)
    return encoded(image if mode is None else image.convert(mode), form, **options)


def bmp_with_alpha(array: NDArray[np.uint8]) -> bytes:
    """With the fourth kind of header, the first that knows alpha."""
    height, width = array.shape[:2]
    data = array[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(data), 0, 0, 0, 0) + masks + bytes(52)
    return b"BM" + struct.pack("<IHHI", 14 + 108 + len(data), 0, 0, 14 + 108) + header + data


LA = np.stack([GRAY, ALPHA], -1)
RGBA = with_alpha(RGB, ALPHA)
BITS = np.where(GRAY >= 128, 255, 0).astype(np.uint8)

type Case = tuple[bytes, str, NDArray[np.uint8], NDArray[np.uint8], bool]
# What a file holds, its mode, its colors, its alpha, and whether it is gray.
ALL = np.full((2, 3), 255, np.uint8)
CASES: dict[str, Case] = {
    "PNG 1": (of(BITS, "PNG", "1"), "1", repeated(BITS), ALL, True),
    "PNG L": (of(GRAY, "PNG"), "L", repeated(GRAY), ALL, True),
    "PNG L, one value transparent": (
        of(GRAY, "PNG", transparency=77),
        "L",
        repeated(GRAY),
        np.where(GRAY == 77, 0, 255).astype(np.uint8),
        True,
    ),
    "PNG LA": (of(LA, "PNG"), "LA", repeated(GRAY), ALPHA, True),
    "PNG P": (palette(), "P", RGB, ALL, False),
    "PNG P, one place transparent": (
        palette(2),
        "P",
        RGB,
        np.array([[255, 255, 0], [255, 255, 255]], np.uint8),
        False,
    ),
    "PNG P with alpha": (palette(ALPHA.tobytes()), "P", RGB, ALPHA, False),
    "PNG RGB": (of(RGB, "PNG"), "RGB", RGB, ALL, False),
    "PNG RGB, one color transparent": (
        of(RGB, "PNG", transparency=(10, 20, 30)),
        "RGB",
        RGB,
        np.array([[255, 255, 255], [0, 255, 255]], np.uint8),
        False,
    ),
    "PNG RGBA": (of(RGBA, "PNG"), "RGBA", RGB, ALPHA, False),
    "PNG I;16": (of(WIDE, "PNG"), "I;16", repeated(EIGHT), ALL, True),
    "PNG I;16, one value transparent": (
        of(WIDE, "PNG", transparency=32_768),
        "I;16",
        repeated(EIGHT),
        np.where(WIDE == 32_768, 0, 255).astype(np.uint8),
        True,
    ),
    "WebP RGB": (of(RGB, "WEBP", lossless=True), "RGB", RGB, ALL, False),
    "WebP RGBA": (of(RGBA, "WEBP", lossless=True, exact=True), "RGBA", RGB, ALPHA, False),
    "BMP 1": (of(BITS, "BMP", "1"), "1", repeated(BITS), ALL, True),
    "BMP L": (of(GRAY, "BMP"), "L", repeated(GRAY), ALL, True),
    "BMP P": (encoded(Image.open(io.BytesIO(palette())), "BMP"), "P", RGB, ALL, False),
    "BMP RGB": (of(RGB, "BMP"), "RGB", RGB, ALL, False),
    "BMP RGB, padded to 32 bits": (of(RGBA, "BMP"), "RGB", RGB, ALL, False),
    "BMP RGBA": (bmp_with_alpha(RGBA), "RGBA", RGB, ALPHA, False),
}


@pytest.mark.parametrize("case", CASES)
def test_values(case: str, tmp_path: Path) -> None:
    content, mode, colors, alpha, gray = CASES[case]
    path = tmp_path / "image"
    path.write_bytes(content)
    told = probe(path)
    assert told == (case.split()[0].upper(), mode, 2, 3, gray, bool((alpha < 255).any()))
    np.testing.assert_array_equal(read(path, 4), with_alpha(colors, alpha))
    white = on_white(colors, alpha)
    # Pillow's rounding of a blend, and of its gray, is off by one here and there.
    exact = 0 if (alpha % 255 == 0).all() else 1
    np.testing.assert_allclose(read(path, 3), white, rtol=0, atol=exact)
    np.testing.assert_allclose(read(path, 1)[..., 0].astype(int), gray_of(white), rtol=0, atol=exact + (not gray))


@pytest.mark.parametrize(("mode", "gray"), [("L", True), ("RGB", False), ("CMYK", False)])
def test_jpeg(mode: str, gray: bool, tmp_path: Path) -> None:
    """JPEG keeps values of a single color within a step or two."""
    for color in ((0, 0, 0), (255, 255, 255), (200, 100, 50)):
        array = np.broadcast_to(np.array(color, np.uint8), (9, 17, 3))
        path = tmp_path / "image.jpg"
        path.write_bytes(of(np.ascontiguousarray(array), "JPEG", mode, quality=100, subsampling=0))
        assert probe(path) == ("JPEG", mode, 9, 17, gray, False)
        expected = repeated(gray_of(array)) if gray else array
        np.testing.assert_allclose(read(path, 3), expected, rtol=0, atol=3)
        np.testing.assert_allclose(read(path, 4), with_alpha(np.asarray(expected, np.uint8)), rtol=0, atol=3)
        np.testing.assert_allclose(read(path, 1)[..., 0], gray_of(array), rtol=0, atol=3)


def test_sixteen_bits_a_color_are_brought_to_eight(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    values = np.array([[[0, 65_535, 32_896], [257, 514, 771]]], ">u2")
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    path = tmp_path / "image.png"
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" + values.tobytes())) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    np.testing.assert_array_equal(read(path, 3), [[[0, 255, 128], [1, 2, 3]]])


# How the upright image comes out of what is stored, for each orientation of the standard.
ORIENTATIONS: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored.swapaxes(0, 1), 2),
    8: lambda stored: np.rot90(stored, 1),
}


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
def test_images_are_shown_upright(orientation: int, form: str, tmp_path: Path) -> None:
    blocks = np.kron(RGB, np.ones((16, 16, 1), np.uint8))
    path, plain = tmp_path / "turned", tmp_path / "plain"
    path.write_bytes(of(blocks, form, exif=turned(orientation), **LOSSLESS.get(form, {})))
    plain.write_bytes(of(blocks, form, **LOSSLESS.get(form, {})))
    expected = ORIENTATIONS[orientation](read(plain, 3))
    np.testing.assert_array_equal(read(path, 3), expected)
    assert probe(path)[2:4] == expected.shape[:2]


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_there_is_not_means_upright(orientation: int, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(of(RGB, "PNG", exif=turned(orientation)))
    np.testing.assert_array_equal(read(path, 3), RGB)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0no TIFF at all", b"Exif\0\0II*\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"?"]
)
@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
def test_damaged_metadata_is_no_reason_to_refuse_an_image(form: str, exif: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(of(RGB, form, exif=exif, **LOSSLESS.get(form, {})))
    assert probe(path)[2:4] == (2, 3)
    if form == "JPEG":
        assert read(path, 3).shape == (2, 3, 3)
    else:
        np.testing.assert_array_equal(read(path, 3), RGB)


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animation_shows_its_first_picture(form: str, tmp_path: Path) -> None:
    later = [Image.fromarray(255 - RGB), Image.fromarray(RGB[::-1].copy())]
    path = tmp_path / "image"
    path.write_bytes(of(RGB, form, save_all=True, append_images=later, duration=100, **LOSSLESS.get(form, {})))
    with Image.open(path) as image:
        assert image.is_animated  # pyright: ignore[reportAttributeAccessIssue] - of formats that have several
    np.testing.assert_array_equal(read(path, 3), RGB)


def refused(path: Path, channels: Channels = 3) -> Unreadable:
    with pytest.raises(Unreadable) as probed:
        probe(path)
    with pytest.raises(Unreadable) as caught:
        read(path, channels)
    assert str(caught.value) == str(probed.value)
    assert str(path) in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"This is a text.", "something else"),
        (b"\x89PNG\r\n\x1a\n", "something else"),
        (of(RGB, "PNG")[:50], "a damaged one"),
        (of(RGB, "GIF"), "something else"),
        (of(np.zeros((4, 4), np.uint8), "TIFF"), "something else"),
    ],
)
def test_what_is_no_image_is_refused(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_bytes(content)
    assert found in refused(path).found


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    assert refused(tmp_path).found == "a folder"
    assert refused(tmp_path / "none.png").found == "No such file or directory"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert refused(tmp_path / "pipe.png").found == "something else"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="every file may be read")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(CASES["PNG RGB"][0])
    path.chmod(0)
    assert refused(path).found == "Permission denied"


def announced(width: int, height: int) -> bytes:
    """A small PNG file that says it is large."""
    content = bytearray(of(np.zeros((1, 1), np.uint8), "PNG", "1"))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def test_large_images_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    black = zlib.compress(bytes(20_000 * 2_501))
    content = announced(20_000, 20_000)
    end = content.index(b"IDAT") - 4
    data = struct.pack(">I", len(black)) + b"IDAT" + black + struct.pack(">I", zlib.crc32(b"IDAT" + black))
    path.write_bytes(content[:end] + data + content[-12:])
    began = time.monotonic()
    tracemalloc.start()
    assert refused(path).expected == f"at most {MOST_PIXELS:,} pixels"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6
    assert time.monotonic() - began < 1

    path.write_bytes(announced(8193, 8192))
    assert refused(path).found == "8,193 x 8,192"
    webp = bytearray(of(np.zeros((4, 4, 4), np.uint8), "WEBP", exif=turned(1), lossless=True, exact=True))
    assert webp[12:16] == b"VP8X"
    webp[24:30] = (16_382).to_bytes(3, "little") * 2
    path.write_bytes(webp)
    assert "pixels" in refused(path).expected


def test_just_below_the_limit_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.new("1", (8192, 8192)).save(path)
    assert probe(path)[2:4] == (8192, 8192)


def test_texts_that_unpack_to_much_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Comment", "a" * 100_000_000, zip=True)
    path.write_bytes(of(RGB, "PNG", pnginfo=facts))
    tracemalloc.start()
    refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize("mode", ["I", "F"])
def test_more_than_sixteen_bits_are_refused(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of these formats has them, as far as this version of Pillow knows."""
    image = Image.new(mode, (3, 2))

    def open_(*_: Any, **__: Any) -> Image.Image:
        return image

    monkeypatch.setattr(Image, "open", open_)
    path = tmp_path / "image.png"
    path.touch()
    assert refused(path).found == "32 bits"


SMALL = np.arange(7 * 9 * 3, dtype=np.uint8).reshape(7, 9, 3)
WHOLE = {
    "PNG": of(SMALL, "PNG", exif=turned(6)),
    "PNG palette": palette(ALPHA.tobytes()),
    "PNG 16 bits": of(WIDE, "PNG"),
    "JPEG": of(SMALL, "JPEG", exif=turned(6)),
    "JPEG progressive": of(SMALL, "JPEG", progressive=True),
    "WebP": of(SMALL, "WEBP", exif=turned(6)),
    "WebP lossless": of(with_alpha(SMALL, 9), "WEBP", lossless=True),
    "BMP": of(SMALL, "BMP"),
    "BMP palette": CASES["BMP P"][0],
}


@pytest.mark.parametrize("form", WHOLE)
def test_a_file_that_is_cut_is_refused(form: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    whole = WHOLE[form]
    path.write_bytes(whole)
    picture = read(path, 3)
    # Sums and marks at the end, without which the picture is whole, are not missed.
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        if length < len(whole) - 22:
            with pytest.raises(Unreadable):
                read(path, 3)
        else:
            with suppress(Unreadable):
                np.testing.assert_array_equal(read(path, 3), picture)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images") / "image"


@pytest.mark.parametrize("form", WHOLE)
@settings(max_examples=150, deadline=2000)
@given(data=st.data())
def test_nothing_else_is_raised(file: Path, form: str, data: st.DataObject) -> None:
    file.write_bytes(data.draw(damaged(WHOLE[form], 60)))
    channels: Channels = data.draw(st.sampled_from((1, 3, 4)))
    with suppress(Unreadable):
        told = probe(file)
        array = read(file, channels)
        assert array.shape == (told.height, told.width, channels)
        assert array.size


def test_many_threads_leave_warnings_as_they_were(tmp_path: Path) -> None:
    """Of an image whose reading warns."""
    path = tmp_path / "image.png"
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\xff\0\0\0\xff\xff\xff\0"
    path.write_bytes(of(np.zeros((50, 50), np.uint8), "PNG", exif=exif))
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        assert {array.shape for array in pool.map(lambda _: read(path, 3), range(400))} == {(50, 50, 3)}
    assert warnings.filters == before


def test_names_of_image_files() -> None:
    assert {".png", ".jpg", ".jpeg", ".webp", ".bmp"} == SUFFIXES
