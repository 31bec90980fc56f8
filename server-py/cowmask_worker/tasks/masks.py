"""Draws masks, and mixes and erases images, for the Masks service.

Everything is done in blocks of one fixed size for a given image size, so that memory stays bounded, the answer streams
while it is drawn, one program serves every count, and a longer draw begins with exactly the shorter one's pixels.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cowmask.v1 import masks_pb2
from cowmask_worker.masks.box import Area, BoxMasks, box_masks, box_masks_per_image
from cowmask_worker.masks.cow import CowMasks, cow_masks, cow_masks_per_image
from cowmask_worker.regularizers.mix import Mixed, mix_ict, mix_masked
from cowmask_worker.regularizers.perturb import Perturbed
from cowmask_worker.regularizers.perturb import erase as erase_images
from cowmask_worker.tasks.arrays import bit_chunks, block_chunks, to_array
from cowmask_worker.tasks.call import Call
from cowmask_worker.tensors import TensorError

_BLOCK_PIXELS = 2**18
_BLOCK_IMAGES = 256


class _Cow(NamedTuple):
    """What a CowMask is drawn from; hashable, so that programs are kept by it."""

    sigma: tuple[float, float]
    proportion: tuple[float, float]

    def batch(self, key: Any, count: int, height: int, width: int) -> CowMasks:
        return cow_masks(key, count, height, width, **self._asdict())

    def draw(self, key: Any, count: int, height: int, width: int) -> Any:
        return self.batch(key, count, height, width).mask

    def block(self, key: Any, first: Any, count: int, height: int, width: int) -> CowMasks:
        return cow_masks_per_image(key, count, height, width, first=first, **self._asdict())


class _Box(NamedTuple):
    """What a box mask is drawn from."""

    area: Area
    scale: float
    random_aspect: bool

    def batch(self, key: Any, count: int, height: int, width: int) -> BoxMasks:
        return box_masks(key, count, height, width, **self._asdict())

    def draw(self, key: Any, count: int, height: int, width: int) -> Any:
        return self.batch(key, count, height, width).mask

    def block(self, key: Any, first: Any, count: int, height: int, width: int) -> BoxMasks:
        return box_masks_per_image(key, count, height, width, first=first, **self._asdict())


class _Ict(NamedTuple):
    """What a blend of whole images is drawn from."""

    alpha: float


class _CowColumns(NamedTuple):
    """What is sent of a block of CowMasks, in this order; `share` is of ones."""

    masks: Any
    share: Any
    proportion: Any
    sigma: Any


class _BoxColumns(NamedTuple):
    """What is sent of a block of box masks, in this order."""

    masks: Any
    share: Any
    boxes: Any


class _MixedColumns(NamedTuple):
    """What is sent of a block of mixed images, in this order; ICT has no masks."""

    images: Any
    blend: Any
    masks: Any | None


class _ErasedColumns(NamedTuple):
    """What is sent of a block of erased images, in this order."""

    images: Any
    masks: Any


type _Columns = _CowColumns | _BoxColumns | _MixedColumns | _ErasedColumns


def generate(call: Call) -> None:
    """Streams "masks", then "share" and what was drawn of each mask."""
    request = call.command.generate
    count, height, width = request.count, request.height, request.width
    options = _mask_options(request)
    key = jax.random.key(np.uint32(request.seed))
    if request.stream == "reference":
        _stream_whole(call, count, lambda: _draw_batch(options, key, count, height, width))
    else:
        size = block_size(height, width)
        _stream(call, count, size, lambda first: _draw_block(options, key, np.int32(first), size, height, width))


@partial(jax.jit, static_argnums=(0, 2, 3, 4))
def _draw_batch(options: _Cow | _Box, key: Any, count: int, height: int, width: int) -> _Columns:
    return _columns(options.batch(key, count, height, width))


@partial(jax.jit, static_argnums=(0, 3, 4, 5))
def _draw_block(options: _Cow | _Box, key: Any, first: Any, count: int, height: int, width: int) -> _Columns:
    return _columns(options.block(key, first, count, height, width))


def _columns(drawn: CowMasks | BoxMasks) -> _Columns:
    masks, share = drawn.mask[..., 0].astype(bool), drawn.mask.mean((1, 2, 3))
    if isinstance(drawn, CowMasks):
        return _CowColumns(masks, share, drawn.proportion, drawn.sigma)
    return _BoxColumns(masks, share, drawn.boxes)


def mix(call: Call) -> None:
    """Streams "images", "blend" and, but for ICT, "masks"."""
    request = call.command.mix
    images = _images(call)
    _, height, width, _ = images.shape
    options = _Ict(request.ict.alpha) if request.WhichOneof("kind") == "ict" else _mask_options(request)
    count, size = len(images), block_size(height, width)
    key = jax.random.key(np.uint32(request.seed))
    if request.stream == "reference":
        _stream_whole(call, count, lambda: _mix_batch(options, key, images))
        return

    def work(first: int) -> _Columns:
        # One image more than the block: the last one's partner is the next block's first, at the very end image 0.
        taken = np.minimum(np.arange(first, first + size + 1), count) % count
        return _mix_block(options, key, np.int32(first), images[taken])

    _stream(call, count, size, work)


@partial(jax.jit, static_argnums=0)
def _mix_block(options: _Cow | _Box | _Ict, key: Any, first: Any, images: Any) -> _Columns:
    pixels = images.astype(jnp.float32)
    if isinstance(options, _Ict):
        mixed = mix_ict(jax.random.fold_in(key, first), pixels, alpha=options.alpha)
    else:
        mixed = mix_masked(key, pixels, lambda key, *shape: options.block(key, first, *shape).mask)
    return _mixed_columns(mixed, images)


@partial(jax.jit, static_argnums=0)
def _mix_batch(options: _Cow | _Box | _Ict, key: Any, images: Any) -> _Columns:
    pixels = images.astype(jnp.float32)
    if isinstance(options, _Ict):
        return _mixed_columns(mix_ict(key, pixels, alpha=options.alpha), images)
    return _mixed_columns(mix_masked(key, pixels, options.draw), images)


def _mixed_columns(mixed: Mixed, images: Any) -> _Columns:
    masks = None if mixed.mask is None else mixed.mask[..., 0].astype(bool)
    return _MixedColumns(_stored(mixed.images, images.dtype), mixed.blend, masks)


def erase(call: Call) -> None:
    """Streams "images" and "masks"."""
    request = call.command.erase
    images = _images(call)
    count, height, width, _ = images.shape
    options = _mask_options(request)
    size = block_size(height, width)
    key = jax.random.key(np.uint32(request.seed))

    noise_std, mask_probability = request.noise_std, request.mask_probability
    if request.stream == "reference":
        _stream_whole(call, count, lambda: _erase_batch(options, noise_std, mask_probability, key, images))
        return

    def work(first: int) -> _Columns:
        taken = np.minimum(np.arange(first, first + size), count - 1)
        return _erase_block(options, noise_std, mask_probability, key, np.int32(first), images[taken])

    _stream(call, count, size, work)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _erase_block(
    options: _Cow | _Box, noise_std: float, mask_probability: float, key: Any, first: Any, images: Any
) -> _Columns:
    def one(number: Any, image: Any) -> Perturbed:
        image_key = jax.random.fold_in(key, number)
        return erase_images(
            image_key, image[None], options.draw, noise_std=noise_std, mask_probability=mask_probability
        )

    erased = jax.vmap(one)(first + jnp.arange(len(images)), _normalized(images))
    return _erased_columns(jax.tree.map(lambda drawn: drawn[:, 0], erased), images)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _erase_batch(options: _Cow | _Box, noise_std: float, mask_probability: float, key: Any, images: Any) -> _Columns:
    pixels = _normalized(images)
    erased = erase_images(key, pixels, options.draw, noise_std=noise_std, mask_probability=mask_probability)
    return _erased_columns(erased, images)


def _normalized(images: Any) -> Any:
    return images / 127.5 - 1 if images.dtype == jnp.uint8 else images


def _erased_columns(erased: Perturbed, images: Any) -> _Columns:
    pixels = (erased.images + 1) * 127.5 if images.dtype == jnp.uint8 else erased.images
    return _ErasedColumns(_stored(pixels, images.dtype), erased.mask[..., 0].astype(bool))


def _stored(pixels: Any, dtype: Any) -> Any:
    return jnp.clip(jnp.rint(pixels), 0, 255).astype(dtype) if dtype == jnp.uint8 else pixels


def _stream_whole(call: Call, count: int, work: Callable[[], _Columns]) -> None:
    """Every number of the older stream depends on how many are drawn, so the batch can not be cut into blocks."""
    with jax.threefry_partitionable(False):
        _stream(call, count, count, lambda _: work())


def _stream(call: Call, count: int, size: int, work: Callable[[int], _Columns]) -> None:
    """Does the work in blocks of `size` and sends its first column as it grows, then the others, which are smaller."""
    later: dict[str, list[NDArray[Any]]] = {}

    def blocks() -> Iterator[tuple[str, NDArray[Any]]]:
        # The device works on the next block while this one is sent.
        ahead = work(0)
        for first in range(0, count, size):
            call.check()
            drawn, following = ahead, first + size
            if following < count:
                ahead = work(following)
            length = min(size, count - first)
            columns = drawn._asdict().items()
            (name, leading), *others = [(name, np.asarray(part)[:length]) for name, part in columns if part is not None]
            for other, part in others:
                later.setdefault(other, []).append(part)
            yield name, leading

    growing = blocks()
    name, head = next(growing)
    _send(call, name, count, head, chain([head], (block for _, block in growing)))
    for name, parts in later.items():
        _send(call, name, count, parts[0], parts)


def _send(call: Call, name: str, count: int, head: NDArray[Any], blocks: Iterable[NDArray[Any]]) -> None:
    shape = (count, *head.shape[1:])
    if head.dtype == np.bool_:
        call.send_chunks(bit_chunks(name, shape, blocks))
    else:
        call.send_chunks(block_chunks(name, head.dtype, shape, blocks))


def _images(call: Call) -> NDArray[Any]:
    images = to_array(call.tensor("images"))
    if images.ndim != 4 or 0 in images.shape:
        raise TensorError(f"images have the shape [count, height, width, channels], {list(images.shape)} came")
    if images.dtype.name not in ("uint8", "float32"):
        raise TensorError(f"images are uint8 or float32, {images.dtype} came")
    return images


def block_size(height: int, width: int) -> int:
    return max(1, min(_BLOCK_IMAGES, _BLOCK_PIXELS // (height * width)))


def _mask_options(
    request: masks_pb2.GenerateRequest | masks_pb2.MixOptions | masks_pb2.EraseOptions,
) -> _Cow | _Box:
    options = getattr(request, cast(str, request.WhichOneof("kind")))
    if isinstance(options, masks_pb2.BoxMaskOptions):
        return _Box(cast(Area, options.area), options.scale, options.random_aspect)
    return _Cow((options.sigma.low, options.sigma.high), (options.proportion.low, options.proportion.high))
