"""Resizing a part of an image: held to Pillow, to JAX, and to the same picture stored in other ways."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image

from cowmask_worker.data.image_file import Channels, Unreadable, opened
from cowmask_worker.data.large.crops import Box
from cowmask_worker.data.large.resample import Decoded, Resample, bicubic, shrink

# An orientation's number, and what the camera did to the upright picture.
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def waves(height: int, width: int) -> Image.Image:
    """Waves of 64 pixels, another one a channel: half a pixel of displacement shows."""
    y, x = np.mgrid[:height, :width] * (2 * np.pi / 64)
    channels = [np.sin(x), np.sin(y), np.sin(x + y)]
    return Image.fromarray(np.round(np.stack(channels, axis=-1) * 100 + 128).astype(np.uint8))


def noise(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, channels)).astype(np.uint8)


def resized(
    path: Path, box: Box, size: int, resample: Resample = "antialias", channels: Channels = 3, most_shrink: int = 8
) -> NDArray[np.uint8]:
    with opened(path) as image:
        shrunk = min(most_shrink, shrink(image, box, size, resample))
        return Decoded(image, channels, shrunk).resized(box, size, resample)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 24))
@settings(max_examples=40, deadline=None)
def test_reference_is_jax_without_antialiasing(height: int, width: int, size: int) -> None:
    image = noise(height, width)
    taken = bicubic(image, size)
    with jax.enable_x64(True):
        exact = jax.image.resize(image.astype(np.float64), (size, size, 3), "cubic", antialias=False)
        exact = np.asarray(exact)
    assert np.abs(taken - exact.clip(0, 255)).max() <= 0.5 + 1e-3


def test_reference_takes_the_box_alone(tmp_path: Path) -> None:
    image = noise(90, 120)
    Image.fromarray(image).save(tmp_path / "a.png")
    taken = resized(tmp_path / "a.png", Box(11, 20, 70, 64), 32, "reference")
    cropped = jnp.asarray(image[11:81, 20:84], jnp.float32)
    expected = jax.image.resize(cropped, (32, 32, 3), "cubic", antialias=False)
    assert np.abs(taken - np.clip(expected, 0, 255)).max() <= 0.5 + 1e-3


def test_antialias_is_pillow(tmp_path: Path) -> None:
    image = Image.fromarray(noise(90, 120))
    image.save(tmp_path / "a.png")
    expected = image.resize((32, 32), Image.Resampling.BICUBIC, box=(20, 11, 84, 81))
    np.testing.assert_array_equal(resized(tmp_path / "a.png", Box(11, 20, 70, 64), 32), np.asarray(expected))


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(0, 500), st.integers(0, 500), st.integers(1, 224))
def test_a_shrunk_box_keeps_its_pixels(height: int, width: int, more: int, wide: int, size: int) -> None:
    image = Image.new("L", (1, 1))
    image.format = "JPEG"
    factor = shrink(image, Box(0, 0, height, width), size, "antialias")
    assert factor == 1 or min(height, width) >= factor * size
    assert factor == 8 or min(height, width) < 2 * factor * size
    assert shrink(image, Box(0, 0, height, width), size, "reference") == 1
    image.format = "PNG"
    assert shrink(image, Box(more, wide, height, width), size, "antialias") == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_an_image_decoded_smaller_is_the_same_picture_in_any_orientation(
    tmp_path: Path, orientation: int, factor: int
) -> None:
    upright = waves(689, 577)
    stored = upright.transpose(TURNED[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored.save(tmp_path / "a.jpg", quality=95, subsampling=0, exif=exif)
    for box in (Box(0, 0, 689, 577), Box(100, 33, 512, 544)):
        corner = (box.left, box.top, box.left + box.width, box.top + box.height)
        expected = np.asarray(upright.resize((64, 64), Image.Resampling.BICUBIC, box=corner), np.float32)
        taken = resized(tmp_path / "a.jpg", box, 64, most_shrink=factor)
        # A displacement by one shrunk pixel would be a mean of 30 at factor 8.
        assert np.abs(taken - expected).mean() < 2.5
    reference = resized(tmp_path / "a.jpg", Box(100, 33, 512, 512), 64, "reference")
    assert np.abs(reference - bicubic(np.asarray(upright)[100:612, 33:545], 64).astype(np.float32)).mean() < 2.5


def test_a_shrunk_image_has_no_reference(tmp_path: Path) -> None:
    waves(64, 64).save(tmp_path / "a.jpg")
    with opened(tmp_path / "a.jpg") as image, pytest.raises(ValueError, match="has lost the pixels"):
        Decoded(image, 3, 2).resized(Box(0, 0, 64, 64), 8, "reference")


@pytest.mark.parametrize("resample", ["antialias", "reference"])
@pytest.mark.parametrize(
    ("mode", "color", "channels", "expected"),
    [
        ("L", 70, 3, [70, 70, 70]),
        ("RGB", (255, 0, 0), 1, [76]),
        ("RGBA", (200, 100, 0, 0), 3, [255, 255, 255]),
        ("RGBA", (200, 100, 0, 255), 4, [200, 100, 0, 255]),
        ("LA", (0, 255), 3, [0, 0, 0]),
        ("P", 3, 3, [3, 3, 3]),
        ("I;16", 257 * 9, 3, [9, 9, 9]),
    ],
)
def test_any_mode_becomes_the_channels_asked_for(
    tmp_path: Path, resample: Resample, mode: str, color: int, channels: Channels, expected: list[int]
) -> None:
    image = Image.new(mode, (20, 30), color)
    if mode == "P":
        image.putpalette([value for value in range(256) for _ in range(3)])
    image.save(tmp_path / "a.png")
    taken = resized(tmp_path / "a.png", Box(1, 2, 20, 10), 16, resample, channels)
    assert taken.shape == (16, 16, channels)
    assert (taken == expected).all()


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    waves(200, 200).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable, match=r"a\.jpg: expected a whole image, found a damaged one"):
        resized(tmp_path / "a.jpg", Box(0, 0, 200, 200), 16)
