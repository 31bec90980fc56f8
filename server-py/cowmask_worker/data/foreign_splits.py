"""Other people's lists of labeled images, as indices into a dataset's training images.

- Mean Teacher (CuriousAI/mean-teacher, pytorch/data-local/labels): text files of lines `<file name> <class>`.
- FixMatch (google-research/fixmatch, scripts/create_split.py): `<name>.<seed>@<count>-label.json` beside its TFRecords,
  with the indices under "label" and the size of each class, as a share of the largest, under "distribution".
- USB (microsoft/Semi-supervised-learning, semilearn/datasets/utils.py): an array of indices in a file called
  `lb_labels<count>_<imbalance>_seed<seed>_idx.npy`.

Indices count the training images in the order of the official files. The lists are only ever parsed: nothing in them is
evaluated or unpickled. Each reader raises `SplitDamaged` with file, expected and found.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, cast

import numpy as np

from cowmask_worker.data.contents import UNLABELED, Contents
from cowmask_worker.data.split_file import ForeignFormat, SplitDamaged, cut, few, legible
from cowmask_worker.data.splits import Indices

MOST_BYTES = 64 * 1024 * 1024
"""No larger list is read."""

_FIXMATCH_NAME = re.compile(r"(?P<name>[^/\\]+)\.(?P<seed>\d{1,10})@(?P<count>\d{1,10})(-label)?(\.json)?")
# Only without imbalance is the number in the name that of all labels.
_USB_COUNT = re.compile(r"lb_labels(?P<count>\d{1,10})_(1(\.0+)?_)?seed\d+_idx\.npy")
# How Mean Teacher's script calls the images of CIFAR-10, which have no names: by place and class.
_NUMBERED = re.compile(r"(?P<index>\d{1,10})_(?P<label>.+)\.[A-Za-z]+")
_NPY = b"\x93NUMPY"
_NPY_HEADER = re.compile(
    r"""\{\s*['"]descr['"]:\s*['"](?P<type>[^'"]{1,16})['"],\s*['"]fortran_order['"]:\s*(True|False),\s*"""
    r"""['"]shape['"]:\s*\((?P<shape>[\dL, ]*)\),?\s*\}\s*"""
)
_INTEGERS = re.compile(r"[<>|=][iu][1248]")
# Paths are no longer.
_LONGEST_LINE = 8192


def mean_teacher(content: bytes, file: str, contents: Contents) -> Indices:
    """Lines `<file name> <class>`, UTF-8, as int64 [m] in the order of the lines.

    An image is found by its name; else by the last part of its path, of several with the same that of the class. The
    class is the dataset's, or the folder of the image, as ImageNet's. Where no name of the list is a name in the
    dataset, names such as "47689_airplane.png" are places in the training set, which is how CIFAR-10's are meant.
    """
    list_ = _List(file, content, contents)
    lines = _lines(list_, content)
    places = _by_name(list_, [name for name, _ in lines])
    if not any(places.values()):
        places = {name: _numbered(name, contents) for name, _ in lines}
    unknown = [name for name, _ in lines if not places[name]]
    if unknown:
        list_.refuse(
            f"names of training images of {contents.dataset}, or the last parts of their paths",
            f"{len(unknown):,} of {len(lines):,} that are none: {few(unknown)}",
            f"The dataset's are such as {few(contents.train.names[:3])}.",
        )
    chosen: list[int] = []
    for name, label in lines:
        indices = [index for index in places[name] if label in _classes_of(index, contents)]
        if len(indices) > 1:
            list_.refuse("names that tell one image", f"{legible(name)}, of which class {label} has {len(indices):,}")
        if not indices:
            classes = ", ".join(_classes_of(index, contents)[0] for index in places[name][:3])
            list_.refuse(
                f"the classes of {contents.dataset}", f"{legible(name)} as {legible(label)}, which is {classes}"
            )
        chosen += indices
    return list_.checked(chosen)


def fixmatch(content: bytes, file: str, contents: Contents) -> Indices:
    """JSON with the indices under "label", as int64 [m] in its order; their number is that in the file's name, and the
    "distribution", if there, that of the dataset."""
    list_ = _List(file, content, contents)
    named = _FIXMATCH_NAME.fullmatch(_last_part(file))
    if not named:
        list_.refuse("a file called <name>.<seed>@<count>-label.json", "another name", "Call it as FixMatch does.")
    expected = 'JSON with a list of indices under "label"'
    try:
        parsed: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        list_.refuse(expected, f"something else ({cut(str(error))})")
    fields = cast(Mapping[str, object], parsed if isinstance(parsed, dict) else {})
    unknown = sorted(fields.keys() - {"label", "distribution"})
    if "label" not in fields or unknown:
        list_.refuse(expected, f"the field {few(unknown)}" if unknown else "none")
    indices = list_.integers(fields["label"])
    if len(indices) != int(named["count"]):
        list_.refuse(f"{int(named['count']):,} indices, as the file's name says", f"{len(indices):,}")
    # Of STL-10 the makers say that its classes are of equal size, whatever they are.
    if "distribution" in fields and not named["name"].startswith("stl10"):
        _check_distribution(list_, fields["distribution"])
    return list_.checked(indices)


def usb(content: bytes, file: str, contents: Contents) -> Indices:
    """An array of integers with one axis, in numpy's format, as int64 [m] in its order. A number of labels in the
    file's name is checked."""
    list_ = _List(file, content, contents)
    if _last_part(file).startswith("ulb_"):
        list_.refuse("the list of labeled images, lb_...", "that of the unlabeled ones", "Import the one beside it.")
    indices = _npy(list_, content)
    named = _USB_COUNT.fullmatch(_last_part(file))
    if named and int(named["count"]) != len(indices):
        list_.refuse(f"{int(named['count']):,} indices, as the file's name says", f"{len(indices):,}")
    return list_.checked(indices)


READERS: Mapping[ForeignFormat, Callable[[bytes, str, Contents], Indices]] = {
    "mean_teacher": mean_teacher,
    "fixmatch": fixmatch,
    "usb": usb,
}


class _List:
    """What all lists have in common: a name, a size, and indices that must be those of labeled training images."""

    def __init__(self, file: str, content: bytes, contents: Contents) -> None:
        self.file = file
        self.contents = contents
        if len(content) > MOST_BYTES:
            self.refuse(f"at most {MOST_BYTES:,} bytes", f"{len(content):,}")

    def refuse(self, expected: str, found: str, advice: str = "") -> NoReturn:
        raise SplitDamaged(self.file, expected=expected, found=found, advice=advice)

    def integers(self, values: object) -> list[int]:
        if not isinstance(values, list):
            self.refuse("a list of indices", f"a {type(values).__name__}")
        for value in cast(list[object], values):
            if type(value) is not int:
                self.refuse("indices", cut(repr(value)) if isinstance(value, float | str) else type(value).__name__)
        return cast(list[int], values)

    def checked(self, indices: list[int]) -> Indices:
        """Different images with a label which the source has not put aside, at least one."""
        train = self.contents.train
        images = len(train.labels) - self.contents.own_validation
        if not indices:
            self.refuse("at least one labeled image", "none")
        outside = [index for index in indices if not 0 <= index < images]
        if outside:
            aside = f", the last {self.contents.own_validation:,} being for validation"
            self.refuse(
                f"images of {self.contents.dataset}, which can be trained on at 0 to {images - 1:,}"
                + (aside if self.contents.own_validation else ""),
                f"{len(outside):,} outside: {few([str(index) for index in outside])}",
            )
        twice = [index for index, count in Counter(indices).items() if count > 1]
        if twice:
            named = [train.names[index] for index in twice]
            self.refuse("different images", f"{len(twice):,} more than once: {few(named)}")
        chosen = np.array(indices, np.int64)
        without = cast(list[int], chosen[train.labels[chosen] == UNLABELED].tolist())
        if without:
            named = [train.names[index] for index in without]
            self.refuse(
                f"images that have a label in {self.contents.dataset}", f"{len(without):,} without: {few(named)}"
            )
        return chosen


def _lines(list_: _List, content: bytes) -> list[tuple[str, str]]:
    """Name and class of each line that is not blank."""
    expected = "lines of <file name> <class>, as UTF-8"
    classes = frozenset(list_.contents.classes)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        list_.refuse(expected, f"a byte that is not, at {error.start:,}")
    lines: list[tuple[str, str]] = []
    # Only newlines part lines: names can hold all else that `splitlines` knows.
    for number, line in enumerate(text.split("\n"), 1):
        name, label = _parted(line[:_LONGEST_LINE].rstrip("\r"), classes)
        if name and label and len(line) <= _LONGEST_LINE:
            lines.append((name, label))
        elif line.strip():
            list_.refuse(expected, f"{cut(repr(line[:_LONGEST_LINE]))} in line {number:,}")
    return lines


def _parted(line: str, classes: frozenset[str]) -> tuple[str, str]:
    """Name and class. Both may hold spaces: the class is the longest of the dataset's with which the line ends, or
    what follows the last space."""
    for space in re.finditer(" ", line):
        if line[space.end() :] in classes:
            return line[: space.start()], line[space.end() :]
    name, _, label = line.rpartition(" ")
    return name, label


def _by_name(list_: _List, names: Iterable[str]) -> dict[str, list[int]]:
    """Which images a name may mean."""
    wanted = {name: list[int]() for name in names}
    last_parts = {_last_part(name): list[int]() for name in wanted}
    for index, name in enumerate(list_.contents.train.names):
        if name in wanted:
            wanted[name].append(index)
        last = _last_part(name)
        if last in last_parts:
            last_parts[last].append(index)
    return {name: found or last_parts[_last_part(name)] for name, found in wanted.items()}


def _numbered(name: str, contents: Contents) -> list[int]:
    found = _NUMBERED.fullmatch(name)
    if not found or int(found["index"]) >= len(contents.train.labels):
        return []
    return [int(found["index"])]


def _classes_of(index: int, contents: Contents) -> list[str]:
    """What an image's class may be called: as in the dataset, and as its folder."""
    label = int(contents.train.labels[index])
    own = "without a label" if label == UNLABELED else contents.classes[label]
    folders = contents.train.names[index].split("/")[:-1]
    return [own, *folders[-1:]]


def _check_distribution(list_: _List, stated: object) -> None:
    contents = list_.contents
    if not isinstance(stated, list):
        list_.refuse('a list of numbers under "distribution"', f"a {type(stated).__name__}")
    shares = cast(list[Any], stated)
    labels = contents.train.labels
    sizes = np.bincount(labels[labels != UNLABELED], minlength=len(contents.classes))
    if len(shares) != len(sizes):
        list_.refuse(f'a "distribution" of the {len(sizes)} classes of {contents.dataset}', f"one of {len(shares)}")
    for place, (share, size) in enumerate(zip(shares, sizes.tolist(), strict=True)):
        expected = size / max(1, int(sizes.max()))
        stated_share = float(share) if type(share) in (int, float) and 0 <= share <= 1 else math.nan
        if not math.isclose(stated_share, expected, rel_tol=1e-9):
            list_.refuse(
                f"{expected:.6g} of the largest class to be in class {contents.classes[place]}, as in "
                f"{contents.dataset}",
                cut(repr(share)) if isinstance(share, int | float | str) else f"a {type(share).__name__}",
                "The list is of another dataset, or of another version of it.",
            )


def _npy(list_: _List, content: bytes) -> list[int]:
    """The values of an array in numpy's format, of which only what numpy writes for integers is known."""
    expected = "a .npy file with one axis of integers"
    if not content.startswith(_NPY) or len(content) < 12:
        list_.refuse(expected, f"{len(content):,} bytes that begin with {content[:6].hex(' ') or 'nothing'}")
    version, width = content[6], 2 if content[6] == 1 else 4
    start = 8 + width
    end = start + int.from_bytes(content[8:start], "little")
    header = _NPY_HEADER.fullmatch(content[start : min(end, start + 1024)].decode("latin1"))
    if version not in (1, 2, 3) or end > len(content) or not header:
        list_.refuse(expected, f"a header of version {version} that numpy doesn't write for one")
    kind, shape = header["type"], [size.strip(" L") for size in header["shape"].split(",") if size.strip()]
    if "O" in kind:
        list_.refuse(expected, "an array of pickled objects, which are never read")
    if not _INTEGERS.fullmatch(kind) or len(shape) != 1 or not shape[0].isdecimal() or len(shape[0]) > 10:
        list_.refuse(expected, f"the type {kind} and the shape ({', '.join(shape)})")
    dtype, count = np.dtype(kind), int(shape[0])
    if len(content) - end != count * dtype.itemsize:
        size = f"{count * dtype.itemsize:,} bytes after the header, which says {count:,} of type {kind}"
        list_.refuse(size, f"{len(content) - end:,}")
    return np.frombuffer(content, dtype, offset=end).tolist()


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]
