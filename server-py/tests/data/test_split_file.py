"""Splits as files: their text, their fingerprint, finding their images again, and what is refused."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from contents_of import made_up, renamed, the_digits
from damaged_bytes import damaged
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cowmask_worker.data import split_file as module
from cowmask_worker.data.contents import UNLABELED, Contents, Part
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.split_file import (
    DrawnRule,
    ImageSet,
    ImportedRule,
    ListedImage,
    Rule,
    SplitDamaged,
    SplitFile,
    SplitMismatch,
    compared,
    decode,
    encode,
)
from cowmask_worker.data.split_members import made, members
from cowmask_worker.data.splits import Splits, split, split_around

DIGITS = the_digits()
DEFAULT = DrawnRule(labeled=40, seed=12345, validation=0, validation_seed=131)
# Six images of three classes and one without a label; the last two are held out.
SMALL = made_up([0, 1, 2, 0, UNLABELED, 1, 2], own=2)
SMALL_RULE = DrawnRule(labeled=3, seed=0, validation=0, validation_seed=0, exclude_labeled=True, own_validation=2)
SMALL_SPLITS = Splits(np.array([3, 1, 2]), np.array([0, 4]), np.array([5, 6]))
SMALL_FILE = made(SMALL, SMALL_SPLITS, SMALL_RULE)


def drawn(contents: Contents, rule: DrawnRule) -> Splits:
    return split(
        contents.train.labels,
        labeled=rule.labeled,
        seed=rule.seed,
        validation=rule.validation,
        validation_seed=rule.validation_seed,
        exclude_labeled=rule.exclude_labeled,
        own_validation=rule.own_validation,
    )


def of_digits(**changed: Any) -> SplitFile:
    rule = DEFAULT._replace(**changed)
    return made(DIGITS, drawn(DIGITS, rule), rule)


def same(ours: Splits, theirs: Splits) -> None:
    for name, one, other in zip(Splits._fields, ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


def test_the_fingerprint_of_the_digits_default_split() -> None:
    assert of_digits().fingerprint == "c45a20d094581d45d454bf614c379c601cec0a7f04774d9cdc08cb5b5be90b0b"


def test_the_fingerprint_is_what_is_documented() -> None:
    labeled = sorted([SMALL.train.digests[index], SMALL.classes[SMALL.train.labels[index]]] for index in (1, 2, 3))
    validation = sorted([SMALL.train.digests[index], SMALL.classes[SMALL.train.labels[index]]] for index in (5, 6))
    pool = "".join(sorted(SMALL.train.digests[index] + "\n" for index in (0, 4)))
    test = "".join(sorted(f"{SMALL.test.digests[index]} {SMALL.test.labels[index]}\n" for index in (0, 1)))
    deciding = [
        SMALL.classes,
        labeled,
        validation,
        [2, hashlib.sha256(pool.encode()).hexdigest()],
        [2, hashlib.sha256(test.encode()).hexdigest()],
    ]
    text = json.dumps(deciding, separators=(",", ":"))
    assert SMALL_FILE.fingerprint == hashlib.sha256(text.encode()).hexdigest()


def test_the_text_is_readable() -> None:
    text = encode(SMALL_FILE)
    lines = text.splitlines()
    digest = SMALL.train.digests[3]
    assert lines[1:4] == ['  "format": 1,', '  "dataset": "mine",', f'  "fingerprint": "{SMALL_FILE.fingerprint}",']
    assert f'    {{"name": "train/3.png", "class": "cat", "digest": "{digest}"}},' in lines
    parsed = json.loads(text)
    assert parsed["rule"]["name"] == "stratified shuffle split"
    assert parsed["unlabeled"]["rule"] == "all training images that are neither held out nor labeled"
    assert [image["name"] for image in parsed["validation"]] == ["train/5.png", "train/6.png"]


@pytest.mark.parametrize("changed", [{}, {"validation": 200}, {"exclude_labeled": True}, {"labeled": 1437}])
def test_a_split_comes_back_in_its_order(changed: dict[str, Any]) -> None:
    written = of_digits(**changed)
    read = decode(encode(written))
    assert read == written
    same(members(read, DIGITS), drawn(DIGITS, DEFAULT._replace(**changed)))


def test_a_split_with_unlabeled_images_and_own_validation_comes_back() -> None:
    same(members(decode(encode(SMALL_FILE)), SMALL), SMALL_SPLITS)


# What is the same and what is another split.


def test_the_same_images_chosen_another_way_have_the_same_fingerprint() -> None:
    by_rule = of_digits()
    order = drawn(DIGITS, DEFAULT).labeled[::-1]
    around = split_around(DIGITS.train.labels, order, validation=0, validation_seed=0)
    imported = made(DIGITS, around, ImportedRule("usb", "lb.npy", 0, 0))
    assert imported.fingerprint == by_rule.fingerprint
    told = compared(by_rule, imported)
    assert told[0] == "The labeled images stand in another order."
    assert told[1].startswith("The first is by stratified shuffle split, labeled 40, seed 12345")
    assert "the second by imported, format usb, file lb.npy" in told[1]
    assert decode(encode(imported)) == imported


def test_the_same_images_in_another_folder_have_the_same_fingerprint() -> None:
    moved = DIGITS._replace(dataset="moved", train=renamed(DIGITS.train, [f"{i}.bmp" for i in range(1437)]))
    there = made(moved, drawn(DIGITS, DEFAULT), DEFAULT)
    assert there.fingerprint == of_digits().fingerprint
    same(members(of_digits(), moved), drawn(DIGITS, DEFAULT))
    renamed_, dataset = compared(of_digits(), there)
    assert renamed_.startswith("With another name in the second: 40 of 40 labeled images: train/")
    assert dataset == "The first is of digits, the second of moved."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 1}, ["Only in the first: 40 of 40 labeled images", "Only in the second", "rule's seed is 12345"]),
        ({"exclude_labeled": True}, ["all training images that are not held out in the first", "1,437 unlabeled"]),
        ({"validation": 10}, ["Only in the second: 10 of 10 validation images", "1,427 in the second"]),
    ],
)
def test_other_images_have_another_fingerprint(changed: dict[str, Any], told: list[str]) -> None:
    ours, theirs = of_digits(), of_digits(**changed)
    assert ours.fingerprint != theirs.fingerprint
    sentences = " ".join(compared(ours, theirs))
    for part in told:
        assert part in sentences


def test_another_label_has_another_fingerprint() -> None:
    labels = SMALL.train.labels.copy()
    labels[3] = 1
    theirs = made(SMALL._replace(train=SMALL.train._replace(labels=labels)), SMALL_SPLITS, SMALL_RULE)
    assert theirs.fingerprint != SMALL_FILE.fingerprint
    assert compared(SMALL_FILE, theirs) == (
        "With another class in the second: 1 of 3 labeled images: train/3.png (cat, then dog).",
    )


def test_every_change_has_another_fingerprint_or_is_of_names_order_and_rule() -> None:
    first = SMALL_FILE.labeled[0]
    other = "0" * 64
    deciding = [
        SMALL_FILE._replace(classes=("dog", "cat", "ice cream")),
        SMALL_FILE._replace(labeled=(first._replace(digest=other), *SMALL_FILE.labeled[1:])),
        SMALL_FILE._replace(labeled=SMALL_FILE.labeled[1:]),
        SMALL_FILE._replace(validation=SMALL_FILE.validation[1:]),
        SMALL_FILE._replace(unlabeled=SMALL_FILE.unlabeled._replace(digest=other)),
        SMALL_FILE._replace(test=SMALL_FILE.test._replace(digest=other)),
        SMALL_FILE._replace(test=SMALL_FILE.test._replace(images=3)),
    ]
    prose = [
        SMALL_FILE._replace(dataset="other"),
        SMALL_FILE._replace(labeled=(first._replace(name="other"), *SMALL_FILE.labeled[1:])),
        SMALL_FILE._replace(labeled=SMALL_FILE.labeled[::-1]),
        SMALL_FILE._replace(rule=SMALL_RULE._replace(seed=9)),
    ]
    assert len({each.fingerprint for each in (SMALL_FILE, *deciding)}) == len(deciding) + 1
    assert {each.fingerprint for each in prose} == {SMALL_FILE.fingerprint}
    assert all(compared(SMALL_FILE, each) for each in (*deciding, *prose))
    assert compared(SMALL_FILE, SMALL_FILE) == ()


# A dataset that is another one.


def changed_part(part: Part, **lists: dict[int, Any]) -> Part:
    """`part` with some values replaced, such as names={3: "other"}."""
    fields: dict[str, Any] = {}
    for name, values in lists.items():
        old = getattr(part, name)
        fields[name] = old.copy() if isinstance(old, np.ndarray) else list(old)
        for index, value in values.items():
            fields[name][index] = value
    return part._replace(**fields)


NEW = "ab" * 32


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (
            SMALL._replace(train=changed_part(SMALL.train, names={3: "x", 5: "y"}, digests={3: NEW, 5: NEW})),
            "found 2 that are missing: train/3.png, train/5.png",
        ),
        (
            SMALL._replace(train=changed_part(SMALL.train, names={3: "x"}, digests={1: NEW, 3: NEW})),
            "found 1 that are missing: train/3.png; 1 with other content: train/1.png",
        ),
        (
            SMALL._replace(train=changed_part(SMALL.train, names={3: "x"}, digests={0: SMALL.train.digests[3]})),
            "1 whose name is gone or has other content, and whose content several images have: train/3.png",
        ),
        (
            SMALL._replace(train=changed_part(SMALL.train, labels={3: 1, 1: UNLABELED})),
            "2 with another label: train/3.png (was cat, is dog), train/1.png (was dog, is without a label)",
        ),
        (
            SMALL._replace(train=changed_part(SMALL.train, digests={4: NEW})),
            "expected 2 unlabeled images, all training images that are neither held out nor labeled, found as many",
        ),
        (
            made_up([UNLABELED, 1, 2, 0, UNLABELED, UNLABELED, UNLABELED])._replace(own_validation=0),
            "with another label",
        ),
        (SMALL._replace(test=changed_part(SMALL.test, labels={0: 2})), "expected 2 test images, all test images"),
        (SMALL._replace(test=Part([], [], SMALL.test.labels[:0])), "expected 2 test images, all test images, found 0"),
        (SMALL._replace(classes=("dog", "cat", "ice cream")), "the classes cat, dog, ice cream, found another order"),
        (SMALL._replace(classes=("cat", "dog")), "the classes cat, dog, ice cream, found cat, dog"),
        (SMALL._replace(own_validation=1), "found 1 that the source has put aside for it"),
    ],
)
def test_another_dataset_is_refused(contents: Contents, told: str) -> None:
    with pytest.raises(SplitMismatch) as caught:
        members(SMALL_FILE, contents)
    assert told in str(caught.value)
    assert "the split of mine, on mine" in str(caught.value)


def test_many_missing_images_are_told_by_number_and_the_first_names() -> None:
    less = DIGITS._replace(
        train=renamed(changed_part(DIGITS.train, digests=dict.fromkeys(range(1437), NEW)), ["x"] * 1437)
    )
    with pytest.raises(
        SplitMismatch, match=r"40 that are missing: train/\d+.png, train/\d+.png, train/\d+.png and 37 more"
    ):
        members(of_digits(), less)


def test_swapped_files_are_found_by_content() -> None:
    names = list(SMALL.train.names)
    names[0], names[3] = names[3], names[0]
    same(members(SMALL_FILE, SMALL._replace(train=renamed(SMALL.train, names))), SMALL_SPLITS)


def test_of_two_images_with_one_content_the_name_tells_which() -> None:
    twin = SMALL._replace(train=changed_part(SMALL.train, digests={0: SMALL.train.digests[3]}))
    same(members(made(twin, SMALL_SPLITS, SMALL_RULE), twin), SMALL_SPLITS)


def test_one_image_is_not_found_twice() -> None:
    twin = SMALL._replace(train=changed_part(SMALL.train, digests={1: SMALL.train.digests[3]}, labels={1: 0}))
    written = made(twin, SMALL_SPLITS, SMALL_RULE)
    with pytest.raises(SplitMismatch, match=r"1 with other content: train/1.png"):
        members(written, twin._replace(train=changed_part(twin.train, digests={1: NEW})))


# What `made` does not take.


@pytest.mark.parametrize(
    ("splits", "rule", "told"),
    [
        (SMALL_SPLITS._replace(unlabeled=np.array([4, 0])), SMALL_RULE, "in ascending order"),
        (SMALL_SPLITS._replace(labeled=np.array([3, 1, 3])), SMALL_RULE, "listed twice"),
        (SMALL_SPLITS._replace(labeled=np.array([3, 1, 4])), SMALL_RULE, "must have a label"),
        (SMALL_SPLITS._replace(validation=np.array([5])), SMALL_RULE, "must be the last 2 images"),
        (SMALL_SPLITS, SMALL_RULE._replace(own_validation=0), "put 2 images aside for validation, and the rule says 0"),
        (SMALL_SPLITS, SMALL_RULE._replace(labeled=4), "expected 4 labeled images, as the rule says, found 3"),
        (SMALL_SPLITS, SMALL_RULE._replace(validation=1), "a rule with both"),
        (Splits(np.array([], np.int64), np.arange(5), np.array([5, 6])), SMALL_RULE, "expected at least one labeled"),
    ],
)
def test_splits_that_can_not_be_told_are_refused(splits: Splits, rule: Rule, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        made(SMALL, splits, rule)


# Texts that are refused.


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(parsed: Any) -> None:
        for key in path[:-1]:
            parsed = parsed[key]
        parsed[path[-1]] = value

    return change


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(parsed: Any) -> None:
        for key in path[:-1]:
            parsed = parsed[key]
        del parsed[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "expected", "found"),
    [
        (put("format", value=2), '"format" to be 1', "2"),
        (put("format", value=True), '"format" to be 1', "True"),
        (put("more", value=1), "the file to have the fields", "the unknown more"),
        (drop("test"), "the file to have the fields", "no test"),
        (drop("rule", "seed"), '"rule" to have the fields', "no seed"),
        (put("rule", "name", value="another"), '"rule" to be an object whose "name" is', "a dict"),
        (put("rule", "seed", value=1.0), '"seed" to be a whole number', "1.0"),
        (put("rule", "seed", value=True), '"seed" to be a whole number', "True"),
        (put("rule", "seed", value=-1), '"seed" to be a whole number', "-1"),
        (put("rule", "exclude_labeled", value=1), '"exclude_labeled" to be true or false', "1"),
        (
            put("rule", "exclude_labeled", value=False),
            "all training images that are not held out, as the rule",
            "neither",
        ),
        (put("rule", "labeled", value=9), "9 labeled images, as the rule says", "3"),
        (put("classes", value="cat"), '"classes" to be a list', "'cat'"),
        (put("classes", value=[]), '"classes" to be different names', "a list"),
        (put("classes", 1, value="cat"), '"classes" to be different names', "a list"),
        (put("dataset", value=""), '"dataset" to be a text', "''"),
        (put("labeled", value={}), '"labeled" to be a list', "a dict"),
        (put("labeled", value=[]), "at least one labeled image", "none"),
        (put("labeled", 1, value="x"), "labeled image 2 to be an object", "'x'"),
        (put("labeled", 1, "class", value="cow"), "the class of labeled image 2", "'cow'"),
        (put("labeled", 1, "class", value=[]), "the class of labeled image 2", "a list"),
        (put("labeled", 1, "digest", value="AB" * 32), "64 hexadecimal digits, lower case", "'ABAB"),
        (put("labeled", 1, "name", value="train/3.png"), "every labeled and validation image once", "train/3.png more"),
        (put("labeled", 1, "name", value="train/5.png"), "every labeled and validation image once", "train/5.png more"),
        (put("labeled", 1, "class", value="cat"), "the fingerprint of what it holds", SMALL_FILE.fingerprint),
        (put("test", "images", value=3), "the fingerprint of what it holds", SMALL_FILE.fingerprint),
        (put("test", "rule", value="some"), "the test set to be all test images", "'some'"),
        (put("unlabeled", "digest", value=NEW), "the fingerprint of what it holds", SMALL_FILE.fingerprint),
        (put("fingerprint", value=None), "the fingerprint of what it holds", "None"),
    ],
)
def test_bad_files_are_refused(change: Callable[[dict[str, Any]], None], expected: str, found: str) -> None:
    parsed = json.loads(encode(SMALL_FILE))
    change(parsed)
    with pytest.raises(SplitDamaged) as caught:
        decode(json.dumps(parsed), "mine.json")
    assert expected in caught.value.expected
    assert found in caught.value.found
    assert caught.value.file == "mine.json"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "something else"),
        ("[" * 100_000, "something else"),
        ('{"format": ' + "9" * 5000 + "}", "something else"),
        ("[]", "a list"),
        ('{"format": NaN}', "NaN"),
        ('{"format": 1, "format": 1}', "format more than once"),
        (encode(SMALL_FILE)[:-3], "something else"),
        (encode(SMALL_FILE) + "x", "something else"),
    ],
)
def test_texts_that_are_no_split_are_refused(text: str, found: str) -> None:
    with pytest.raises(SplitDamaged) as caught:
        decode(text)
    assert found in caught.value.found


def test_large_texts_are_neither_read_nor_written(monkeypatch: pytest.MonkeyPatch) -> None:
    text = encode(SMALL_FILE)
    monkeypatch.setattr(module, "MOST_BYTES", len(text) - 1)
    with pytest.raises(
        ValueError, match=r"a split with 5 labeled and validation images would take .*: list fewer images"
    ):
        encode(SMALL_FILE)
    with pytest.raises(SplitDamaged, match=r"of at most .* bytes, found .* or more"):
        decode(text)


def test_the_error_is_one_of_datasets() -> None:
    with pytest.raises(DatasetDamaged, match=r"^mine\.json: expected .*found "):
        decode("", "mine.json")


# Properties.

names = st.text(min_size=1, max_size=12)
digests = st.integers(0, 2**256 - 1).map(lambda value: f"{value:064x}")
counts = st.integers(0, 2**53 - 1)


@st.composite
def split_files(draw: st.DrawFn) -> SplitFile:
    classes = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    images = [
        ListedImage(name, draw(st.sampled_from(classes)), draw(digests))
        for name in draw(st.lists(names, min_size=1, max_size=6, unique=True))
    ]
    labeled = draw(st.integers(1, len(images)))
    held_out = [len(images) - labeled, 0][:: draw(st.sampled_from([1, -1]))]
    exclude = draw(st.booleans())
    rule: Rule = DrawnRule(labeled, draw(counts), held_out[0], draw(counts), exclude, held_out[1])
    if draw(st.booleans()):
        rule = ImportedRule("fixmatch", draw(names), held_out[0], draw(counts), exclude, held_out[1])
    pool = "all training images that are " + ("neither held out nor labeled" if exclude else "not held out")
    return SplitFile(
        draw(names),
        tuple(classes),
        rule,
        tuple(images[:labeled]),
        tuple(images[labeled:]),
        ImageSet(pool, draw(st.integers(labeled, 2**53 - 1)), draw(digests)),
        ImageSet("all test images", draw(counts), draw(digests)),
    )


@settings(max_examples=200, deadline=None)
@given(split_files())
def test_what_is_written_is_read(written: SplitFile) -> None:
    assert decode(encode(written)) == written


def test_names_that_are_no_utf_8_come_back() -> None:
    odd = SMALL_FILE.labeled[0]._replace(name="caf\udce9\n.png")
    written = SMALL_FILE._replace(labeled=(odd, *SMALL_FILE.labeled[1:]))
    assert decode(encode(written)) == written
    encode(written).encode()
    with pytest.raises(SplitMismatch) as caught:
        members(written._replace(labeled=(odd._replace(digest=NEW), *SMALL_FILE.labeled[1:])), SMALL)
    assert r"'caf\udce9\n.png'" in str(caught.value)


@settings(max_examples=400, deadline=None)
@given(damaged(encode(SMALL_FILE).encode()))
def test_a_damaged_text_is_refused_or_of_the_same_membership(content: bytes) -> None:
    with suppress(SplitDamaged, UnicodeDecodeError):
        assert decode(content.decode()).fingerprint == SMALL_FILE.fingerprint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PARSED: dict[str, Any] = json.loads(encode(SMALL_FILE))
PATHS = [(key,) for key in PARSED] + [
    (key, inner)
    for key, value in PARSED.items()
    if isinstance(value, dict | list)
    for inner in (value if isinstance(value, dict) else range(len(value)))
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PATHS), json_values)
def test_nothing_else_is_raised(path: tuple[str | int, ...], value: Any) -> None:
    parsed = json.loads(encode(SMALL_FILE))
    put(*path, value=value)(parsed)
    with suppress(SplitDamaged):
        assert decode(json.dumps(parsed)).fingerprint == SMALL_FILE.fingerprint


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_members_are_a_partition_and_what_was_made(data: st.DataObject) -> None:
    labels = data.draw(st.lists(st.integers(-1, 2), min_size=4, max_size=20))
    known = [index for index, label in enumerate(labels) if label >= 0]
    assume(len(known) > 1)
    order = data.draw(st.permutations(known))
    labeled = np.array(order[: data.draw(st.integers(1, len(order)))])
    exclude = data.draw(st.booleans())
    contents = made_up(labels)
    splits = split_around(contents.train.labels, labeled, validation=0, validation_seed=0, exclude_labeled=exclude)
    written = made(contents, splits, ImportedRule("mean_teacher", "00.txt", 0, 0, exclude))
    # The folder is listed in another order, and some of its files have other names.
    places = data.draw(st.permutations(range(len(labels))))
    train = contents.train
    moved = Part(
        [train.names[place] if place % 3 else f"new/{place}" for place in places],
        [train.digests[place] for place in places],
        train.labels[places],
    )
    there = contents._replace(train=moved)
    found = members(written, there)
    assert np.array(places)[found.labeled].tolist() == labeled.tolist()
    everything = np.concatenate([found.unlabeled, found.labeled] if exclude else [found.unlabeled])
    np.testing.assert_array_equal(np.sort(everything), np.arange(len(labels)))
    assert made(there, found, written.rule).fingerprint == written.fingerprint
