"""Splits as files: which images are labeled, unlabeled, held out for validation, and the test set, as readable JSON.

Labeled and validation images stand there one by one, with name, class and digest; the unlabeled pool and the test set
as a rule, a count and one digest. The fingerprint covers what decides membership: the classes, and the contents and
labels of the images. It does not cover the names of images and dataset, their order, or how they were chosen: the same
images chosen another way, or found in another folder, have the same fingerprint. The order of the labeled images is
kept, as batches depend on it. Imports no numpy, so the control process may read splits.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, NoReturn, cast, get_args

from cowmask_worker.data.damage import DatasetDamaged

FORMAT = 1
"""Version of the format; others are refused."""

MOST_BYTES = 64 * 1024 * 1024
"""No larger text is written or read: about 400,000 labeled images."""

type ForeignFormat = Literal["mean_teacher", "fixmatch", "usb"]

_ALL = "all training images that are not held out"
WITHOUT_LABELED = "all training images that are neither held out nor labeled"
ALL_TEST = "all test images"
_DRAWN = "stratified shuffle split"
_IMPORTED = "imported"
_FOREIGN = frozenset(get_args(ForeignFormat.__value__))
_DIGEST = re.compile(r"[0-9a-f]{64}")
SHOWN = 3
_SHOWN_CHARACTERS = 80


class SplitDamaged(DatasetDamaged):
    """A split's file, or somebody else's list, that can't be used: not what was written, or not of this dataset."""


class SplitMismatch(SplitDamaged):
    """A split that is sound, but of other images than those of the dataset."""


class DrawnRule(NamedTuple):
    """The keyword arguments of `splits.split`."""

    labeled: int
    seed: int
    validation: int
    validation_seed: int
    exclude_labeled: bool = False
    own_validation: int = 0


class ImportedRule(NamedTuple):
    """Labeled images out of somebody else's list, and the keyword arguments of `splits.split_around`."""

    format: ForeignFormat
    file: str
    """Name of the list."""
    validation: int
    validation_seed: int
    exclude_labeled: bool = False
    own_validation: int = 0


type Rule = DrawnRule | ImportedRule


class ListedImage(NamedTuple):
    name: str
    label: str
    """Name of its class."""
    digest: str
    """SHA-256 of its content, in hexadecimal."""


class ImageSet(NamedTuple):
    """Images that a rule names."""

    rule: str
    images: int
    """How many."""
    digest: str
    """SHA-256, in hexadecimal, over the ascending lines of its images: "<digest>\\n" each for the unlabeled pool,
    "<digest> <label>\\n" for the test set, with the label as a place in the list of classes."""


class SplitFile(NamedTuple):
    dataset: str
    classes: tuple[str, ...]
    rule: Rule
    labeled: tuple[ListedImage, ...]
    """In the order of the draw."""
    validation: tuple[ListedImage, ...]
    unlabeled: ImageSet
    test: ImageSet

    @property
    def fingerprint(self) -> str:
        return fingerprint(self)


def fingerprint(split_file: SplitFile) -> str:
    """SHA-256, in hexadecimal, of the JSON text, ASCII and without spaces, of: the classes; [digest, class] of the
    labeled images, ascending; the same of the validation images; [count, digest] of the pool; the same of the test
    set."""
    deciding = [
        split_file.classes,
        sorted((image.digest, image.label) for image in split_file.labeled),
        sorted((image.digest, image.label) for image in split_file.validation),
        split_file.unlabeled[1:],
        split_file.test[1:],
    ]
    return hashlib.sha256(json.dumps(deciding, separators=(",", ":")).encode()).hexdigest()


def encode(split_file: SplitFile) -> str:
    """JSON, a line for each listed image. Raises `ValueError` where it would be larger than `MOST_BYTES`."""
    entries = {
        "format": _text(FORMAT),
        "dataset": _text(split_file.dataset),
        "fingerprint": _text(split_file.fingerprint),
        "classes": _text(split_file.classes),
        "rule": _text(_rule_fields(split_file.rule)),
        "unlabeled": _text(split_file.unlabeled._asdict()),
        "test": _text(split_file.test._asdict()),
        "validation": _lines(split_file.validation),
        "labeled": _lines(split_file.labeled),
    }
    text = "{\n" + ",\n".join(f'  "{key}": {value}' for key, value in entries.items()) + "\n}\n"
    size = len(text.encode())
    if size > MOST_BYTES:
        listed = len(split_file.labeled) + len(split_file.validation)
        raise ValueError(
            f"the file of a split with {listed:,} labeled and validation images would take {size:,} bytes; allowed are "
            f"{MOST_BYTES:,}: list fewer images"
        )
    return text


def decode(text: str, file: str = "the split") -> SplitFile:
    """What `encode` wrote; `file` is how errors call it. Raises `SplitDamaged` for everything else."""
    reader = _Reader(file)
    fields = reader.fields(reader.json(text), "the file", _FILE_FIELDS)
    version = fields["format"]
    if type(version) is not int or version != FORMAT:
        reader.refuse(f'"format" to be {FORMAT}', _shown(version))
    classes = tuple(reader.string(name, "a class") for name in reader.items(fields["classes"], '"classes"'))
    if not classes or len(set(classes)) != len(classes):
        reader.refuse('"classes" to be different names, at least one', _shown(list(classes)))
    split_file = SplitFile(
        dataset=reader.string(fields["dataset"], '"dataset"'),
        classes=classes,
        rule=reader.rule(fields["rule"]),
        labeled=reader.images(fields["labeled"], "labeled", classes),
        validation=reader.images(fields["validation"], "validation", classes),
        unlabeled=reader.image_set(fields["unlabeled"], '"unlabeled"'),
        test=reader.image_set(fields["test"], '"test"'),
    )
    check_sound(split_file, reader.refuse)
    stated = fields["fingerprint"]
    if stated != split_file.fingerprint:
        expected = f"the fingerprint of what it holds, {split_file.fingerprint}"
        reader.refuse(expected, _shown(stated), "Somebody has changed it. Take it from where it was exported.")
    return split_file


def decode_file(content: bytes, file: str) -> SplitFile:
    """The same for the bytes of a file."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise SplitDamaged(file, expected="UTF-8", found=f"a byte that is not, at {error.start:,}") from error
    return decode(text, file)


def compared(a: SplitFile, b: SplitFile) -> tuple[str, ...]:
    """What differs between two splits, a sentence each, first what their fingerprints cover; empty where they are
    equal."""
    sentences: list[str] = []
    if a.classes != b.classes:
        sentences.append(f"The classes are {few(a.classes)} in the first, {few(b.classes)} in the second.")
    sentences += _images_compared("labeled", a.labeled, b.labeled)
    sentences += _images_compared("validation", a.validation, b.validation)
    sentences += _sets_compared("unlabeled", a.unlabeled, b.unlabeled)
    sentences += _sets_compared("test", a.test, b.test)
    sentences += _names_compared("labeled", a.labeled, b.labeled)
    sentences += _names_compared("validation", a.validation, b.validation)
    if a.dataset != b.dataset:
        sentences.append(f"The first is of {a.dataset}, the second of {b.dataset}.")
    return tuple(sentences + _rules_compared(a.rule, b.rule))


def pool_rule(rule: Rule) -> str:
    return WITHOUT_LABELED if rule.exclude_labeled else _ALL


def check_sound(split_file: SplitFile, refuse: Callable[[str, str], NoReturn]) -> None:
    """What the parts of a split say of each other."""
    rule, listed = split_file.rule, (*split_file.labeled, *split_file.validation)
    if not split_file.labeled:
        refuse("at least one labeled image", "none")
    twice = _twice(image.name for image in listed)
    if twice:
        refuse("every labeled and validation image once", f"{few(twice)} more than once")
    if isinstance(rule, DrawnRule) and rule.labeled != len(split_file.labeled):
        refuse(f"{rule.labeled:,} labeled images, as the rule says", f"{len(split_file.labeled):,}")
    if rule.validation and rule.own_validation:
        refuse("validation images that are drawn or the source's own", "a rule with both")
    held_out = rule.validation + rule.own_validation
    if held_out != len(split_file.validation):
        refuse(f"{held_out:,} validation images, as the rule says", f"{len(split_file.validation):,}")
    if split_file.unlabeled.rule != pool_rule(rule):
        refuse(f"the unlabeled pool to be {pool_rule(rule)}, as the rule says", _shown(split_file.unlabeled.rule))
    if not rule.exclude_labeled and split_file.unlabeled.images < len(split_file.labeled):
        refuse("an unlabeled pool that holds the labeled images", f"{split_file.unlabeled.images:,} images")
    if split_file.test.rule != ALL_TEST:
        refuse(f"the test set to be {ALL_TEST}", _shown(split_file.test.rule))


def _rule_fields(rule: Rule) -> dict[str, Any]:
    return {"name": _DRAWN if isinstance(rule, DrawnRule) else _IMPORTED, **rule._asdict()}


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A file name that is no UTF-8 has surrogates, which only an escape keeps.
        return json.dumps(value)
    return text


def _lines(images: Sequence[ListedImage]) -> str:
    if not images:
        return "[]"
    rows = (_text({"name": image.name, "class": image.label, "digest": image.digest}) for image in images)
    return "[\n    " + ",\n    ".join(rows) + "\n  ]"


_FILE_FIELDS = frozenset(
    {"format", "dataset", "fingerprint", "classes", "rule", "unlabeled", "test", "validation", "labeled"}
)
_IMAGE_FIELDS = frozenset({"name", "class", "digest"})


class _Reader:
    """Turns parsed JSON into what it should be, and refuses the rest."""

    def __init__(self, file: str) -> None:
        self._file = file

    def refuse(self, expected: str, found: str, advice: str = "") -> NoReturn:
        raise SplitDamaged(self._file, expected=expected, found=found, advice=advice)

    def json(self, text: str) -> object:
        expected = f"a split as JSON, of at most {MOST_BYTES:,} bytes"
        # A character takes a byte at least, so that nothing long is encoded in vain.
        size = len(text) if len(text) > MOST_BYTES else len(text.encode(errors="surrogatepass"))
        if size > MOST_BYTES:
            self.refuse(expected, f"{size:,} or more")
        try:
            return json.loads(text, object_pairs_hook=self._unique, parse_constant=self._no_constant)
        except (ValueError, RecursionError) as error:
            self.refuse(expected, f"something else ({cut(str(error))})")

    def fields(self, value: object, what: str, names: frozenset[str]) -> dict[str, object]:
        if not isinstance(value, dict):
            self.refuse(f"{what} to be an object", _shown(value))
        fields = cast(dict[str, object], value)
        missing, unknown = sorted(names - fields.keys()), sorted(fields.keys() - names)
        if missing or unknown:
            found = [f"no {few(missing)}"] if missing else []
            found += [f"the unknown {few(unknown)}"] if unknown else []
            self.refuse(f"{what} to have the fields {', '.join(sorted(names))}", " and ".join(found))
        return fields

    def items(self, value: object, what: str) -> Sequence[object]:
        if not isinstance(value, list):
            self.refuse(f"{what} to be a list", _shown(value))
        return cast(Sequence[object], value)

    def string(self, value: object, what: str) -> str:
        if not isinstance(value, str) or not value:
            self.refuse(f"{what} to be a text that is not empty", _shown(value))
        return value

    def digest(self, value: object, what: str) -> str:
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            self.refuse(f"{what} to be 64 hexadecimal digits, lower case", _shown(value))
        return value

    def count(self, value: object, what: str) -> int:
        if type(value) is not int or not 0 <= value < 1 << 53:
            self.refuse(f"{what} to be a whole number of 0 or more", _shown(value))
        return value

    def rule(self, value: object) -> Rule:
        name = cast(dict[str, object], value).get("name") if isinstance(value, dict) else None
        if name not in (_DRAWN, _IMPORTED):
            self.refuse(f'"rule" to be an object whose "name" is "{_DRAWN}" or "{_IMPORTED}"', _shown(value))
        kind = DrawnRule if name == _DRAWN else ImportedRule
        fields = self.fields(value, '"rule"', frozenset({"name", *kind._fields}))
        exclude = fields["exclude_labeled"]
        if not isinstance(exclude, bool):
            self.refuse('"exclude_labeled" to be true or false', _shown(exclude))
        counts = {
            field: self.count(fields[field], f'"{field}"')
            for field in kind._fields
            if field not in ("format", "file", "exclude_labeled")
        }
        if kind is DrawnRule:
            return DrawnRule(**counts, exclude_labeled=exclude)
        foreign = fields["format"]
        if not isinstance(foreign, str) or foreign not in _FOREIGN:
            self.refuse(f'"format" of the rule to be one of {", ".join(sorted(_FOREIGN))}', _shown(foreign))
        file = self.string(fields["file"], '"file" of the rule')
        return ImportedRule(cast(ForeignFormat, foreign), file, **counts, exclude_labeled=exclude)

    def image_set(self, value: object, what: str) -> ImageSet:
        fields = self.fields(value, what, frozenset(ImageSet._fields))
        return ImageSet(
            self.string(fields["rule"], f'"rule" of {what}'),
            self.count(fields["images"], f'"images" of {what}'),
            self.digest(fields["digest"], f'"digest" of {what}'),
        )

    def images(self, value: object, part: str, classes: Sequence[str]) -> tuple[ListedImage, ...]:
        known = frozenset(classes)
        return tuple(
            self._image(each, f"{part} image {place:,}", known)
            for place, each in enumerate(self.items(value, f'"{part}"'), 1)
        )

    def _image(self, value: object, what: str, classes: frozenset[str]) -> ListedImage:
        fields = self.fields(value, what, _IMAGE_FIELDS)
        name, label = self.string(fields["name"], f"the name of {what}"), fields["class"]
        if not isinstance(label, str) or label not in classes:
            self.refuse(f"the class of {what} to be one of the file's", _shown(label))
        return ListedImage(name, label, self.digest(fields["digest"], f"the digest of {what}"))

    def _unique(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            twice = few(_twice(key for key, _ in pairs))
            self.refuse("every field once in its object", f"{twice} more than once")
        return fields

    def _no_constant(self, value: str) -> NoReturn:
        self.refuse("whole numbers", value)


def _images_compared(part: str, a: Sequence[ListedImage], b: Sequence[ListedImage]) -> list[str]:
    ours, theirs = _counted(a), _counted(b)
    only_a, only_b = _left(a, ours - theirs), _left(b, theirs - ours)
    other = {image.digest: image for image in only_b}
    relabeled = [image for image in only_a if image.digest in other]
    again = {image.digest for image in relabeled}
    sentences: list[str] = []
    if relabeled:
        told = few([f"{image.name} ({image.label}, then {other[image.digest].label})" for image in relabeled])
        sentences.append(f"With another class in the second: {len(relabeled):,} of {len(a):,} {part} images: {told}.")
    for which, images, total in (("first", only_a, len(a)), ("second", only_b, len(b))):
        names = [image.name for image in images if image.digest not in again]
        if names:
            sentences.append(f"Only in the {which}: {len(names):,} of {total:,} {part} images: {few(names)}.")
    return sentences


def _names_compared(part: str, a: Sequence[ListedImage], b: Sequence[ListedImage]) -> list[str]:
    """Of the same images what else there is to them: names and order."""
    if a == b or _counted(a) != _counted(b):
        return []
    theirs = set(b)
    renamed = [image.name for image in a if image not in theirs]
    if renamed:
        return [f"With another name in the second: {len(renamed):,} of {len(a):,} {part} images: {few(renamed)}."]
    return [f"The {part} images stand in another order."]


def _counted(images: Sequence[ListedImage]) -> Counter[tuple[str, str]]:
    return Counter((image.digest, image.label) for image in images)


def _left(images: Sequence[ListedImage], counts: Counter[tuple[str, str]]) -> list[ListedImage]:
    """As many images of each content and class as `counts` says."""
    left: list[ListedImage] = []
    for image in images if counts else ():
        key = (image.digest, image.label)
        if counts[key] > 0:
            counts[key] -= 1
            left.append(image)
    return left


def _sets_compared(part: str, a: ImageSet, b: ImageSet) -> list[str]:
    sentences: list[str] = []
    if a.rule != b.rule:
        sentences.append(f"The {part} images are {a.rule} in the first, {b.rule} in the second.")
    if a.images != b.images:
        sentences.append(f"There are {a.images:,} {part} images in the first, {b.images:,} in the second.")
    elif a.digest != b.digest:
        sentences.append(f"Both have {a.images:,} {part} images, but not the same ones.")
    return sentences


def _rules_compared(a: Rule, b: Rule) -> list[str]:
    ours, theirs = _rule_fields(a), _rule_fields(b)
    if type(a) is not type(b):
        return [f"The first is by {_rule_told(ours)}; the second by {_rule_told(theirs)}."]
    return [
        f"The rule's {field} is {ours[field]} in the first, {theirs[field]} in the second."
        for field in ours
        if ours[field] != theirs[field]
    ]


def _rule_told(fields: Mapping[str, Any]) -> str:
    return ", ".join([fields["name"], *(f"{key} {value}" for key, value in fields.items() if key != "name")])


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def few(names: Sequence[str]) -> str:
    """The first of them, and how many there are besides."""
    return ", ".join(map(legible, names[:SHOWN])) + more(len(names))


def legible(name: str) -> str:
    """A name as a message may carry it: those of files can hold newlines, and surrogates, which no message may."""
    return cut(name if name.isprintable() else repr(name))


def cut(text: str) -> str:
    """Without its end where it is long."""
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def more(count: int) -> str:
    return f" and {count - SHOWN:,} more" if count > SHOWN else ""


def _shown(value: object) -> str:
    # Of a large value only the kind is told: its text would be as large.
    return f"a {type(value).__name__}" if isinstance(value, dict | list) else cut(repr(value))
