"""Looks at images before anything is trained on them: what there is, what is wrong with it, and what an import would
make of it.

Every image is decoded once, in threads, and what is kept of it is its digest and what its header says, so that memory
does not grow with the sizes of images.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.contents import UNLABELED, Contents, Part
from cowmask_worker.data.damage import DatasetDamaged, DatasetUnusable
from cowmask_worker.data.digits import Images
from cowmask_worker.data.image_file import Probe, content_of, converted, opened, probed
from cowmask_worker.data.image_threads import usable
from cowmask_worker.data.own.arrays import Arrays
from cowmask_worker.data.own.listing import Entry, Listing, Split, check_classes, class_names, sorted_classes
from cowmask_worker.data.own.taken import (
    Form,
    Options,
    array_options,
    array_probes,
    check_labels,
    check_pixel_bytes,
    form_of,
    hold_out,
    read_pixels,
    resized_pixels,
)
from cowmask_worker.data.progress import Progress
from cowmask_worker.data.source_file import SourceFile

MOST_NAMED = 100
"""Files, groups of files and classes that are told by name; all are counted."""

_NAMED_IN_A_GROUP = 10

type Picture = NDArray[np.uint8]
"""[height, width, channels]."""


class Found(NamedTuple):
    """What a source holds. `entries`, `probes` and `digests` are those of the images that can be used."""

    where: Path
    classes: tuple[str, ...]
    """All that are spoken of anywhere, those without an image included."""
    entries: Sequence[Entry]
    probes: Sequence[Probe]
    digests: Sequence[bytes]
    """SHA-256 of each file; of the pixels where there are no files."""
    unusable: Sequence[DatasetDamaged]
    """Files that an import can leave out."""
    faults: Sequence[DatasetDamaged]
    """What an import refuses in any case."""
    ignored: Sequence[str]
    picture: Callable[[int, Form], Picture]
    """An entry's image as it would be trained on; raises `Unreadable`."""


class Decision(NamedTuple):
    """What images become, and which labeled ones are held out for testing (places of entries)."""

    form: Form
    held_out: Sequence[int]
    notes: Sequence[str]


class ClassCounts(NamedTuple):
    """Images of a class. `held_out` are those of `labeled` that an import would hold out for testing."""

    name: str
    labeled: int
    validation: int
    test: int
    held_out: int

    @property
    def to_learn(self) -> int:
        """Labeled images that are left to train on."""
        return self.labeled - self.held_out


class Size(NamedTuple):
    height: int
    width: int


class Sizes(NamedTuple):
    """By their number of pixels; `different` counts how many sizes there are."""

    different: int
    smallest: Size
    median: Size
    largest: Size


class Group(NamedTuple):
    """Images of one content. `names` are the first of them; `labels_differ` tells that they are called different
    classes."""

    digest: str
    images: int
    names: tuple[str, ...]
    labels_differ: bool


class Groups(NamedTuple):
    """How many there are, how many images they hold, and the first `MOST_NAMED`."""

    groups: int
    images: int
    first: tuple[Group, ...]


class Asked(NamedTuple):
    """What keeping `labeled` labels takes: `share` of each class, where every class gives the same. `below` are the
    first classes that have fewer, `count_below` all of them."""

    labeled: int
    share: int
    available: int
    count_below: int
    below: tuple[str, ...]


class Report(NamedTuple):
    """What was found, in numbers and by name."""

    where: Path
    classes: tuple[ClassCounts, ...]
    unlabeled: int
    images: int
    sizes: Sizes | None
    """None where there is no image."""
    modes: dict[str, int]
    """As Pillow calls them, the most frequent first; so are `formats`."""
    formats: dict[str, int]
    unusable: tuple[DatasetDamaged, ...]
    faults: tuple[DatasetDamaged, ...]
    ignored: tuple[str, ...]
    duplicates: Groups
    """Contents that several images have."""
    crossing: Groups
    """Those of them that stand in training and in test or validation, too."""
    contradicting: Groups
    """Those of them that are called different classes."""
    asked: Asked | None
    decision: Decision | None
    """None where there is no image."""
    typical: Size | None
    """Medians of the shorter and of the longer side: height and width of a typical wide image."""
    smaller: int
    """Images whose shorter side is below that of the decision, so that they would be enlarged."""
    digest: str
    """SHA-256 over names, splits, labels and digests, in hexadecimal."""

    @property
    def train(self) -> int:
        """Images that are trained on, with or without their label."""
        return self.unlabeled + sum(each.to_learn for each in self.classes)


def look_at_listing(listing: Listing, faults: Iterable[DatasetDamaged], progress: Progress) -> Found:
    """Decodes every image of a listing."""
    unusable = list(listing.unusable)
    entries: list[Entry] = []
    probes: list[Probe] = []
    digests: list[bytes] = []
    for entry, seen in usable(_seen, listing.entries, unusable, "read images", progress):
        entries.append(entry)
        probes.append(seen.probe)
        digests.append(seen.digest)
    spoken_of = {entry.label for entry in listing.entries if entry.label is not None}
    classes = sorted_classes(spoken_of | set(listing.classes))
    picture = partial(_picture_of_file, entries)
    return Found(listing.root, classes, entries, probes, digests, unusable, tuple(faults), listing.ignored, picture)


def look_at_arrays(arrays: Arrays, faults: Iterable[DatasetDamaged], where: Path) -> Found:
    """The same for arrays, in which every image can be read."""
    parts: list[tuple[str, Split, NDArray[np.uint8], NDArray[np.int32]]] = [
        ("images", "train", arrays.images, arrays.labels),
        ("validation_images", "validation", arrays.validation_images, arrays.validation_labels),
        ("test_images", "test", arrays.test_images, arrays.test_labels),
    ]
    return _look_at_parts(where, arrays.classes, parts, array_probes(arrays), faults)


def look_at_images(facts: DatasetFacts, images: Images, contents: Contents | None = None) -> Found:
    """The same for a dataset that is there under a name. Names and digests are those of its contents, if given."""
    train, test = facts.train, len(images.test_images)
    parts: list[tuple[str, Split, NDArray[np.uint8], NDArray[np.int32]]] = [
        ("train", "train", images.train_images[:train], images.train_labels[:train]),
        ("validation", "validation", images.train_images[train:], images.train_labels[train:]),
        ("test", "test", images.test_images, images.test_labels),
    ]
    empty = images.train_images[:0], images.train_labels[:0]
    like = Arrays(images.train_images, images.train_labels, *empty, images.test_images, images.test_labels, ())
    found = _look_at_parts(Path(facts.name), facts.classes, parts, array_probes(like), ())
    if contents is None:
        return found
    assert (len(contents.train.names), len(contents.test.names)) == (len(images.train_images), test)
    names = [*contents.train.names, *contents.test.names]
    digests = [bytes.fromhex(digest) for digest in (*contents.train.digests, *contents.test.digests)]
    entries = [entry._replace(name=name) for entry, name in zip(found.entries, names, strict=True)]
    return found._replace(entries=entries, digests=digests)


def listing_of(contents: Contents, root: Path) -> Listing:
    """The files of an imported dataset as a listing, in their parts."""
    first_aside = len(contents.train.names) - contents.own_validation
    root = root.resolve()

    def entries(part: Part, split: Split, which: slice) -> list[Entry]:
        labels = part.labels[which].tolist()
        return [
            Entry(SourceFile(root, name), name, None if label == UNLABELED else contents.classes[label], split)
            for name, label in zip(part.names[which], labels, strict=True)
        ]

    train = entries(contents.train, "train", slice(first_aside))
    aside = entries(contents.train, "validation", slice(first_aside, None))
    return Listing(root, (*train, *aside, *entries(contents.test, "test", slice(None))), classes=contents.classes)


def changed_since(contents: Contents, found: Found) -> list[DatasetDamaged]:
    """Files that are not those which were imported."""
    parts = (contents.train, contents.test)
    expected = {name: digest for part in parts for name, digest in zip(part.names, part.digests, strict=True)}
    return [
        DatasetDamaged(entry.path, expected=f"the SHA-256 {expected[entry.name]}, as imported", found=digest.hex())
        for entry, digest in zip(found.entries, found.digests, strict=True)
        if expected[entry.name] != digest.hex()
    ]


def decide(
    found: Found, options: Options, arrays: Arrays | None = None
) -> tuple[Decision | None, list[DatasetDamaged]]:
    """What an import would choose, and why it would be refused. No decision where there is no image."""
    faults: list[DatasetDamaged] = []

    def refused(check: Callable[[], object]) -> bool:
        try:
            check()
        except DatasetUnusable as unusable:
            faults.extend(each.advised(unusable.advice) for each in unusable.problems)
            return True
        return False

    if arrays is None:
        unsound = refused(lambda: check_classes(found.where, found.entries))
    else:
        unsound = refused(lambda: check_labels(str(found.where), arrays))
    if not found.probes:
        return None, faults
    form = form_of(found.probes, options if arrays is None else array_options(arrays, options))
    refused(lambda: check_pixel_bytes(found.where, form, len(found.probes)))
    notes = list(form.notes)
    held_out: list[int] = []
    if not unsound:
        classes = class_names(found.entries)
        refused(lambda: held_out.extend(hold_out(found.where, found.entries, classes, options, notes)))
    return Decision(form, held_out, notes), faults


def report_of(
    found: Found, decision: Decision | None, faults: Iterable[DatasetDamaged] = (), labeled: int | None = None
) -> Report:
    """Counts and names. `labeled`: how many labels somebody wants to keep, as `dataset.labeled`."""
    held_out = set(decision.held_out if decision else ())
    splits: list[Split] = ["test" if index in held_out else entry.split for index, entry in enumerate(found.entries)]
    counted = Counter((entry.label, entry.split) for entry in found.entries)
    out = Counter(found.entries[index].label for index in held_out)
    classes = tuple(
        ClassCounts(name, counted[name, "train"], counted[name, "validation"], counted[name, "test"], out[name])
        for name in found.classes
    )
    duplicates = _duplicates(found, splits)
    shorter = sorted(min(probe.height, probe.width) for probe in found.probes)
    longer = sorted(max(probe.height, probe.width) for probe in found.probes)
    edge = min(decision.form.height, decision.form.width) if decision else 0
    return Report(
        where=found.where,
        classes=classes,
        unlabeled=counted[None, "train"],
        images=len(found.entries),
        sizes=_sizes(found.probes),
        modes=_most_frequent(probe.mode for probe in found.probes),
        formats=_most_frequent(probe.format or "array" for probe in found.probes),
        unusable=tuple(found.unusable),
        faults=(*found.faults, *faults),
        ignored=tuple(found.ignored),
        duplicates=duplicates[0],
        crossing=duplicates[1],
        contradicting=duplicates[2],
        asked=None if labeled is None else _asked(labeled, classes),
        decision=decision,
        typical=Size(shorter[_middle(shorter)], longer[_middle(longer)]) if shorter else None,
        smaller=sum(side < edge for side in shorter),
        digest=_digest(found),
    )


class _Seen(NamedTuple):
    probe: Probe
    digest: bytes


def _seen(entry: Entry) -> _Seen:
    with opened(entry.path) as image:
        probe = probed(image)
        # All of a JPEG is read, so that a damage is found, but a sixty-fourth of its pixels is enough.
        image.draft(None, (1, 1))
        converted(image, 3)
    return _Seen(probe, bytes.fromhex(content_of(entry.path).sha256))


def _picture_of_file(entries: Sequence[Entry], index: int, form: Form) -> Picture:
    return read_pixels(entries[index].path, form.height, form.width, form.channels, form.resize)


def _look_at_parts(
    where: Path,
    classes: tuple[str, ...],
    parts: Sequence[tuple[str, Split, NDArray[np.uint8], NDArray[np.int32]]],
    probes: Sequence[Probe],
    faults: Iterable[DatasetDamaged],
) -> Found:
    entries = [
        Entry(Path(), f"{name}/{index}", None if label == UNLABELED else classes[label], split)
        for name, split, _, labels in parts
        for index, label in enumerate(labels.tolist())
    ]
    images = list(chain.from_iterable(part for _, _, part, _ in parts))
    digests = [hashlib.sha256(np.ascontiguousarray(image).data).digest() for image in images]

    def picture(index: int, form: Form) -> Picture:
        return resized_pixels(images[index], form)

    return Found(where, tuple(dict.fromkeys(classes)), entries, probes, digests, (), tuple(faults), (), picture)


def _sizes(probes: Sequence[Probe]) -> Sizes | None:
    sizes = sorted((probe.height * probe.width, probe.height, probe.width) for probe in probes)
    if not sizes:
        return None
    smallest, median, largest = (Size(*sizes[place][1:]) for place in (0, _middle(sizes), -1))
    return Sizes(len({(probe.height, probe.width) for probe in probes}), smallest, median, largest)


def _middle(listed: Sequence[object]) -> int:
    return (len(listed) - 1) // 2


def _most_frequent(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _duplicates(found: Found, splits: Sequence[Split]) -> tuple[Groups, Groups, Groups]:
    """Groups of equal images; of them, those in training and elsewhere; of them all, those of several classes."""
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, digest in enumerate(found.digests):
        places[digest].append(index)
    equal = [indices for indices in places.values() if len(indices) > 1]
    crossing = [indices for indices in equal if "train" in (within := {splits[i] for i in indices}) and len(within) > 1]
    contradicting = [indices for indices in equal if len(_labels(found, indices)) > 1]
    return _groups(found, equal), _groups(found, crossing), _groups(found, contradicting)


def _labels(found: Found, indices: Iterable[int]) -> set[str]:
    return {label for index in indices if (label := found.entries[index].label) is not None}


def _groups(found: Found, groups: Sequence[Sequence[int]]) -> Groups:
    first = tuple(
        Group(
            found.digests[indices[0]].hex(),
            len(indices),
            tuple(found.entries[index].name for index in indices[:_NAMED_IN_A_GROUP]),
            len(_labels(found, indices)) > 1,
        )
        for indices in groups[:MOST_NAMED]
    )
    return Groups(len(groups), sum(map(len, groups)), first)


def _asked(labeled: int, classes: Sequence[ClassCounts]) -> Asked:
    share = labeled // max(1, len(classes))
    below = [each.name for each in classes if each.to_learn < share]
    available = sum(each.to_learn for each in classes)
    return Asked(labeled, share, available, len(below), tuple(below[:MOST_NAMED]))


def _digest(found: Found) -> str:
    total = hashlib.sha256()
    for entry, digest in zip(found.entries, found.digests, strict=True):
        total.update(f"{entry.name}\0{entry.split}\0{entry.label or ''}\0".encode())
        total.update(digest)
    return total.hexdigest()
