"""Images of the user's own, taken in: chosen sizes, decoded pixels, statistics, and what was decided on the way.

Image files are decoded in threads, a bounded number at a time, so that memory grows with what is kept and nothing else.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from cowmask_worker.data.catalog import DatasetFacts, Resize
from cowmask_worker.data.contents import UNLABELED, Contents, Part, pixel_digests
from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable
from cowmask_worker.data.digits import Images
from cowmask_worker.data.image_file import Channels, Probe, content_of, converted, opened, pixels, probe
from cowmask_worker.data.image_threads import usable
from cowmask_worker.data.own.arrays import Arrays
from cowmask_worker.data.own.listing import FEWEST_CLASSES, Entry, Listing, check_classes, class_names
from cowmask_worker.data.progress import Progress

type Storage = Literal["pixels", "files"]

MOST_PIXEL_BYTES = 8 << 30
"""Images that are kept as pixels, all together."""

_SIZES = (32, 48, 64, 96, 128, 160, 192, 224)
_LARGEST_AS_IT_IS = 96
_SMALLEST_AS_FILES = 128
_TEST_SHARE = 0.2
# Which images are held out for testing, the same for everybody.
_TEST_SEED = 2003
_SHIFT_SHARE = 1 / 8
_PADDING = 128
_TOLD_EVERY = 64
_SHOWN = 5


class Options(NamedTuple):
    """How images are taken; None: chosen from what is there."""

    image_size: int | None = None
    resize: Resize = "crop"
    channels: Channels | None = None
    on_unreadable: Literal["refuse", "skip"] = "refuse"
    test_share: float | None = None
    storage: Storage | None = None


class Taken(NamedTuple):
    """A dataset that is not yet stored. `images` has pixels unless the facts say "files", then none; `root` is where
    the files are. Training images: the labeled ones, the unlabeled ones, those put aside for validation."""

    facts: DatasetFacts
    contents: Contents
    images: Images
    root: Path | None


class Form(NamedTuple):
    """What every image becomes."""

    height: int
    width: int
    channels: Channels
    resize: Resize
    storage: Storage
    notes: tuple[str, ...]


class _Read(NamedTuple):
    entry: Entry
    digest: str
    pixels: NDArray[np.uint8]
    moments: "_Moments"


def take_listing(name: str, listing: Listing, options: Options, progress: Progress) -> Taken:
    """Reads every image of a listing. Raises `DatasetUnusable` with all that is wrong."""
    check_classes(listing.root, listing.entries)
    unusable = list(listing.unusable)
    probes = _probed(listing.entries, unusable, progress)
    _refuse_unless_skipped(listing.root, unusable, options)
    form = form_of([each for _, each in probes], options)
    keep = form.storage == "pixels"
    check_pixel_bytes(listing.root, form, len(probes))
    read: list[_Read] = []
    for each in _decoded([entry for entry, _ in probes], form, unusable, progress):
        # A slice would keep all of them.
        read.append(each if keep else each._replace(pixels=each.pixels[:0].copy()))
    _refuse_unless_skipped(listing.root, unusable, options)
    entries = [each.entry for each in read]
    _check_none_lost(listing, entries, unusable)
    classes = check_classes(listing.root, entries)
    notes = [*form.notes, *_told_skipped(unusable), *_told_ignored(listing.ignored)]
    held_out = hold_out(listing.root, entries, classes, options, notes)
    place = {label: index for index, label in enumerate(classes)}

    def label_of(entry: Entry) -> int:
        return UNLABELED if entry.label is None else place[entry.label]

    def part(indices: Iterable[int]) -> tuple[Part, NDArray[np.uint8], NDArray[np.int32]]:
        chosen = [read[index] for index in indices]
        labels = np.array([label_of(each.entry) for each in chosen], np.int32)
        named = Part([each.entry.name for each in chosen], [each.digest for each in chosen], labels)
        return named, _stacked([each.pixels for each in chosen], form, keep=keep), labels

    testing = held_out or [index for index, entry in enumerate(entries) if entry.split == "test"]
    aside = [index for index, entry in enumerate(entries) if entry.split == "validation"]
    out = {*testing, *aside}
    training = [index for index in range(len(entries)) if index not in out]
    training.sort(key=lambda index: entries[index].label is None)
    train, train_pixels, train_labels = part([*training, *aside])
    test, test_pixels, test_labels = part(testing)
    contents = Contents(name, classes, train, test, len(aside))
    images = Images(train_pixels, train_labels, test_pixels, test_labels)
    moments = sum((read[index].moments for index in training), _Moments.none(form.channels))
    return _taken(contents, images, form, moments, notes, listing.root if not keep else None)


def take_arrays(name: str, arrays: Arrays, options: Options, progress: Progress) -> Taken:
    """The same for arrays, which are always kept as pixels."""
    probes = array_probes(arrays)
    total = len(probes)
    form = form_of(probes, array_options(arrays, options))
    check_labels(name, arrays)
    check_pixel_bytes(Path(name), form, total)

    def sized(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if part.shape[1:] == (form.height, form.width, form.channels):
            return part
        images: list[NDArray[np.uint8]] = []
        for index, each in enumerate(part):
            if index % _TOLD_EVERY == 0:
                progress("resize images", index, len(part))
            images.append(resized_pixels(each, form))
        return _stacked(images, form, keep=True)

    notes = list(form.notes)
    progress("read images", 0, total)
    train, aside, test = map(sized, (arrays.images, arrays.validation_images, arrays.test_images))
    entries = [
        Entry(Path(), f"images/{index}", None if label == UNLABELED else arrays.classes[label], "train")
        for index, label in enumerate(arrays.labels)
    ]
    test_labels, test_names = arrays.test_labels, [f"test_images/{index}" for index in range(len(test))]
    kept = np.arange(len(train))
    if not len(test):
        out = np.array(hold_out(Path(name), entries, arrays.classes, options, notes))
        test, test_labels, test_names = train[out], arrays.labels[out], [entries[index].name for index in out]
        kept = np.setdiff1d(kept, out)
    kept = kept[np.argsort(arrays.labels[kept] == UNLABELED, stable=True)]
    moments = _Moments.of(train[kept])
    names = [*(entries[index].name for index in kept), *(f"validation_images/{i}" for i in range(len(aside)))]
    images = Images(
        np.concatenate([train[kept], aside]),
        np.concatenate([arrays.labels[kept], arrays.validation_labels]),
        test,
        test_labels,
    )
    contents = Contents(
        name,
        arrays.classes,
        Part(names, pixel_digests(images.train_images), images.train_labels),
        Part(test_names, pixel_digests(images.test_images), images.test_labels),
        len(aside),
    )
    progress("read images", total, total)
    return _taken(contents, images, form, moments, notes, None)


def array_probes(arrays: Arrays) -> list[Probe]:
    """What headers would say, if the images were files: training, validation and test images."""
    height, width, channels = arrays.images.shape[1:]
    like = Probe("", {1: "L", 3: "RGB", 4: "RGBA"}[channels], height, width, channels == 1, channels == 4)
    return [like] * (len(arrays.images) + len(arrays.validation_images) + len(arrays.test_images))


def array_options(arrays: Arrays, options: Options) -> Options:
    """Arrays are kept as pixels, with their channels unless others are asked for."""
    return options._replace(storage="pixels", channels=options.channels or arrays.images.shape[-1])


def resized_pixels(image: NDArray[np.uint8], form: Form) -> NDArray[np.uint8]:
    """An image of arrays in the form that it gets: uint8 [height, width, channels]."""
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return pixels(_resized(converted(picture, form.channels), form))


def read_pixels(path: Path, height: int, width: int, channels: Channels, resize: Resize) -> NDArray[np.uint8]:
    """One image file as uint8 [height, width, channels]. Raises `Unreadable`."""
    form = Form(height, width, channels, resize, "pixels", ())
    with opened(path) as image:
        # A JPEG may be decoded at an eighth of its size; twice of what is wanted leaves the resampling its work.
        image.draft(None, (2 * max(height, width), 2 * max(height, width)))
        return pixels(_resized(converted(image, channels), form))


def _resized(image: Image.Image, form: Form) -> Image.Image:
    size = (form.width, form.height)
    if image.size == size:
        return image
    if form.resize == "crop":
        return ImageOps.fit(image, size, Image.Resampling.BICUBIC)
    if form.resize == "stretch":
        return image.resize(size, Image.Resampling.BICUBIC)
    scale = min(form.width / image.width, form.height / image.height)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    padded = Image.new(image.mode, size, (_PADDING,) * form.channels if form.channels > 1 else _PADDING)
    inner = image.resize((width, height), Image.Resampling.BICUBIC)
    padded.paste(inner, ((form.width - width) // 2, (form.height - height) // 2))
    return padded


def check_pixel_bytes(root: Path, form: Form, count: int) -> None:
    """Raises `DatasetUnusable` where so many images of this form are too many to be kept."""
    size = count * form.height * form.width * form.channels
    if form.storage == "pixels" and size > MOST_PIXEL_BYTES:
        expected = f"at most {MOST_PIXEL_BYTES:,} bytes of pixels"
        problem = DatasetDamaged(root, expected=expected, found=f"{size:,}")
        raise DatasetUnusable(f"{root} is too large:", [problem], "Say a smaller imageSize, or storage: 'files'.")


def _probed(entries: Sequence[Entry], unusable: list[DatasetDamaged], progress: Progress) -> list[tuple[Entry, Probe]]:
    return list(usable(lambda entry: probe(entry.path), entries, unusable, "read headers", progress))


def _decoded(
    entries: Sequence[Entry], form: Form, unusable: list[DatasetDamaged], progress: Progress
) -> Iterator[_Read]:
    def read(entry: Entry) -> _Read:
        decoded = read_pixels(entry.path, form.height, form.width, form.channels, form.resize)
        return _Read(entry, content_of(entry.path).sha256, decoded, _Moments.of(decoded))

    for _, outcome in usable(read, entries, unusable, "read images", progress):
        yield outcome


def form_of(probes: Sequence[Probe], options: Options) -> Form:
    """Chooses what was left open; a note says each choice."""
    if not probes:
        return Form(_SIZES[0], _SIZES[0], options.channels or 3, options.resize, options.storage or "pixels", ())
    notes: list[str] = []
    sizes = Counter((each.height, each.width) for each in probes)
    first = next(iter(sizes))
    if options.image_size is not None:
        height = width = options.image_size
    elif len(sizes) == 1 and max(first) <= _LARGEST_AS_IT_IS and (options.storage != "files" or first[0] == first[1]):
        height, width = first
        notes.append(f"Images keep their size, {height} x {width}.")
    else:
        middle = sorted(min(each.height, each.width) for each in probes)[(len(probes) - 1) // 2]
        height = width = max((size for size in _SIZES if size <= middle), default=_SIZES[0])
        notes.append(
            f"Images get {height} x {width} pixels: half of the {len(probes):,} images have a shorter side of "
            f"{middle:,} or less. `imageSize` says otherwise."
        )
    if len(sizes) > 1 or first != (height, width):
        how = {
            "crop": "the shorter side is fitted and the middle of the longer one kept",
            "stretch": "both sides are fitted, whatever the shape",
            "pad": "the longer side is fitted and gray fills the rest",
        }[options.resize]
        notes.append(f"Resized: {how} (`resize: '{options.resize}'`).")
    gray = sum(each.gray for each in probes)
    channels = options.channels or (1 if gray == len(probes) else 3)
    if options.channels is None:
        colors = f"{len(probes) - gray:,} of {len(probes):,} images have colors"
        notes.append("All images are gray." if channels == 1 else f"Images are red, green and blue: {colors}.")
    alpha = sum(each.alpha for each in probes)
    if alpha and channels != 4:
        notes.append(f"{alpha:,} images have alpha and are laid on white.")
    storage = options.storage or ("files" if max(height, width) >= _SMALLEST_AS_FILES else "pixels")
    if storage == "files":
        notes.append("The files are read in training and must stay where they are (`storage: 'files'`).")
    return Form(height, width, channels, options.resize, storage, tuple(notes))


def hold_out(
    root: Path, entries: Sequence[Entry], classes: Sequence[str], options: Options, notes: list[str]
) -> list[int]:
    """Places of labeled training images to test with, where the source has no test images: of every class its share,
    at least one and never all."""
    if any(entry.split == "test" for entry in entries):
        return []
    labeled: dict[str, list[int]] = {label: [] for label in classes}
    for index, entry in enumerate(entries):
        if entry.split == "train" and entry.label is not None:
            labeled[entry.label].append(index)
    single = [label for label in classes if len(labeled[label]) < 2]
    if single:
        problems = [
            DatasetDamaged(f"{root}, class {label!r}", expected="two labeled images or more", found="one")
            for label in single
        ]
        advice = "Give these classes more images, or bring test images of your own."
        raise DatasetUnusable(
            f"{root} has no test images, and too few labeled ones to hold some out:", problems, advice
        )
    share = options.test_share or _TEST_SHARE
    # The one generator of NumPy whose stream is promised to stay as it is.
    generator = np.random.RandomState(_TEST_SEED)
    chosen: list[int] = []
    for places in labeled.values():
        count = min(max(int(share * len(places) + 0.5), 1), len(places) - 1)
        chosen += generator.permutation(places)[:count].tolist()
    total = sum(map(len, labeled.values()))
    notes.append(
        f"There are no test images: {len(chosen):,} of the {total:,} labeled ones, the same share of every class, are "
        "held out for testing."
    )
    return sorted(chosen)


def check_labels(name: str, arrays: Arrays) -> None:
    counts = np.bincount(arrays.labels[arrays.labels >= 0], minlength=len(arrays.classes))
    problems = [
        DatasetDamaged(f"{name}, class {arrays.classes[index]!r}", expected="a labeled image at least", found="none")
        for index in np.flatnonzero(counts == 0)
    ]
    if len(arrays.classes) < FEWEST_CLASSES:
        found = f"{len(arrays.classes)}"
        problems = [DatasetDamaged(name, expected="labeled training images of two classes or more", found=found)]
    if problems:
        raise DatasetUnusable(f"{name} can not be learned from:", problems)


def _taken(
    contents: Contents, images: Images, form: Form, moments: "_Moments", notes: list[str], root: Path | None
) -> Taken:
    shared = set(contents.train.digests) & set(contents.test.digests)
    if shared:
        example = next(
            name for name, it in zip(contents.test.names, contents.test.digests, strict=True) if it in shared
        )
        notes.append(
            f"{len(shared):,} images stand in training and test both, {json.dumps(example, ensure_ascii=False)} among "
            "them: the test error will be too good."
        )
    labels = contents.train.labels[: len(contents.train.labels) - contents.own_validation]
    mean, std = moments.mean_and_std()
    shift = usual_shift(form)
    notes.append(
        "Training mirrors half of the images"
        + (f" and shifts them by up to {shift} pixel{'s' if shift > 1 else ''}" if shift else "")
        + ": say `augmentation.horizontalFlip: false` where left and right mean something, as in digits and texts."
    )
    facts = DatasetFacts(
        name=contents.dataset,
        description=_description(contents, labels, form),
        classes=contents.classes,
        height=form.height,
        width=form.width,
        channels=form.channels,
        train=len(labels),
        test=len(contents.test.labels),
        mean=mean,
        std=std,
        shift=shift,
        horizontal_flip=True,
        label_counts=tuple(np.bincount(labels[labels >= 0], minlength=len(contents.classes)).tolist()),
        validation=contents.own_validation,
        storage=form.storage,
        notes=tuple(notes),
        resize=form.resize,
    )
    return Taken(facts, contents, images, root)


def usual_shift(form: Form) -> int:
    """Pixels by which training images are shifted at most, unless an experiment says otherwise."""
    return max(1, round(min(form.height, form.width) * _SHIFT_SHARE)) if form.storage == "pixels" else 0


def _description(contents: Contents, labels: NDArray[np.int32], form: Form) -> str:
    colors = {1: "gray", 3: "color", 4: "color and alpha"}[form.channels]
    labeled = int((labels != UNLABELED).sum())
    unlabeled = len(labels) - labeled
    return (
        f"Imported: {form.height}x{form.width} {colors} pixels, {len(contents.classes)} classes, {labeled:,} labeled "
        f"and {unlabeled:,} unlabeled images"
    )


def _told_skipped(unusable: Sequence[DatasetDamaged]) -> list[str]:
    if not unusable:
        return []
    few = "; ".join(str(each) for each in unusable[:_SHOWN])
    return [f"{len(unusable):,} files were skipped: {few}"]


def _told_ignored(ignored: Sequence[str]) -> list[str]:
    if not ignored:
        return []
    few = ", ".join(json.dumps(name, ensure_ascii=False) for name in ignored[:_SHOWN])
    return [f"{len(ignored):,} files are no images by their name: {few}{', ...' if len(ignored) > _SHOWN else ''}."]


def _check_none_lost(listing: Listing, entries: Sequence[Entry], unusable: Sequence[DatasetDamaged]) -> None:
    """Raises `DatasetUnusable` where a class has no image left to learn it from: it would be gone without a word."""
    lost = sorted(set(class_names(listing.entries)) - set(class_names(entries)))
    if lost:
        problems = [
            DatasetDamaged(
                f"{listing.root}, class {label!r}", expected="a labeled image that can be used", found="none"
            )
            for label in lost
        ]
        raise DatasetUnusable(f"{listing.root} can not be learned from:", [*problems, *unusable])


def _refuse_unless_skipped(root: Path, unusable: Sequence[DatasetDamaged], options: Options) -> None:
    if unusable and options.on_unreadable == "refuse":
        advice = "Mend or remove them, or say onUnreadable: 'skip' (--on-unreadable skip)."
        raise DatasetUnusable(f"{root} has {len(unusable):,} images that can not be used:", unusable, advice)


def _stacked(images: Sequence[NDArray[np.uint8]], form: Form, *, keep: bool) -> NDArray[np.uint8]:
    shape = (form.height, form.width, form.channels)
    return np.stack(images) if images and keep else np.empty((0, *shape), np.uint8)


@dataclass(frozen=True)
class _Moments:
    """Sums over pixels and over their squares, exact: uint64 [channels]."""

    count: int
    values: NDArray[np.uint64]
    squares: NDArray[np.uint64]

    @classmethod
    def none(cls, channels: int) -> Self:
        return cls(0, np.zeros(channels, np.uint64), np.zeros(channels, np.uint64))

    @classmethod
    def of(cls, images: NDArray[np.uint8]) -> Self:
        """Of images, or of one; a few pixels at a time are widened."""
        rows = images.reshape(-1, images.shape[-1])
        total = cls.none(rows.shape[1])
        piece = 1 << 20
        for first in range(0, len(rows), piece):
            wide = rows[first : first + piece].astype(np.uint64)
            total += cls(len(wide), wide.sum(0, np.uint64), (wide * wide).sum(0, np.uint64))
        return total

    def __add__(self, other: Self) -> Self:
        counts = (self.count + other.count, self.values + other.values, self.squares + other.squares)
        return type(self)(*counts)

    def mean_and_std(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Of pixels scaled to 0..1, to six digits; a channel that never varies gets the deviation 1."""
        mean = self.values / self.count / 255
        variance = np.maximum(self.squares / self.count / 255**2 - mean**2, 0)
        std = np.sqrt(variance)
        std[std < 1e-6] = 1
        return tuple(np.round(mean, 6).tolist()), tuple(np.round(std, 6).tolist())
