"""Other people's lists of labeled images: what they mean, and what is refused."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from contents_of import made_up, renamed
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cowmask_worker.data import foreign_splits
from cowmask_worker.data.contents import UNLABELED, Contents
from cowmask_worker.data.foreign_splits import READERS, fixmatch, mean_teacher, usb
from cowmask_worker.data.split_file import SplitDamaged

# Called train/0.png, ...; image 6 has no label, and the last is put aside.
LABELS = [0, 1, 2, 0, 1, 2, UNLABELED, 0]
MINE = made_up(LABELS, own=1)
FIXMATCH = "cifar10.3@2-label.json"
USB = "lb_labels2_1.0_seed0_idx.npy"


def named(names: list[str], labels: list[int], classes: tuple[str, ...] = ("cat", "dog", "ice cream")) -> Contents:
    contents = made_up(labels, classes=classes)
    return contents._replace(train=renamed(contents.train, names))


def npy(values: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values, version=version)
    return file.getvalue()


def listed(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def refused(call: Callable[[], object], expected: str, found: str) -> None:
    with pytest.raises(SplitDamaged) as caught:
        call()
    assert expected in caught.value.expected
    assert found in caught.value.found


# Mean Teacher.


def test_mean_teacher_by_name_in_the_order_of_the_lines() -> None:
    chosen = mean_teacher(b"train/4.png dog\ntrain/0.png cat\n", "00.txt", MINE)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == [4, 0]


def test_mean_teacher_by_the_last_part_of_a_path() -> None:
    assert mean_teacher(b"4.png dog\nelsewhere/0.png cat\r\n\n", "00.txt", MINE).tolist() == [4, 0]


def test_mean_teacher_on_imagenet_s_folders() -> None:
    names = ["n01440764/n01440764_5535.JPEG", "n01443537/n01443537_2.JPEG"]
    text = b"n01443537_2.JPEG n01443537\nn01440764_5535.JPEG n01440764\n"
    assert mean_teacher(text, "00.txt", named(names, [0, 1], ("0", "1"))).tolist() == [1, 0]
    assert mean_teacher(text, "00.txt", named(names, [0, 1], ("n01440764", "n01443537"))).tolist() == [1, 0]


def test_mean_teacher_on_cifar_s_places() -> None:
    contents = named([str(index) for index in range(4)], [0, 1, 1, 0])
    assert mean_teacher(b"2_dog.png dog\n0_cat.png cat\n", "00.txt", contents).tolist() == [2, 0]
    refused(
        lambda: mean_teacher(b"3_dog.png dog\n", "00.txt", contents), "the classes", "3_dog.png as dog, which is cat"
    )
    refused(lambda: mean_teacher(b"4_dog.png dog\n", "00.txt", contents), "names of training", "1 of 1 that are none")


def test_places_are_no_rule_where_a_name_is_known() -> None:
    text = b"train/0.png cat\n3_cat.png cat\n"
    refused(
        lambda: mean_teacher(text, "00.txt", MINE),
        "names of training images of mine",
        "1 of 2 that are none: 3_cat.png",
    )


def test_one_last_part_in_several_folders_is_told_by_its_class() -> None:
    contents = named(["cat/1.png", "dog/1.png", "a/2.png", "b/2.png"], [0, 1, 0, 0])
    assert mean_teacher(b"1.png dog\n", "00.txt", contents).tolist() == [1]
    refused(lambda: mean_teacher(b"2.png cat\n", "00.txt", contents), "names that tell one image", "class cat has 2")


def test_names_and_classes_with_spaces() -> None:
    contents = named(["my cat.png", "a b.png", "x ice.png"], [0, 2, 2])
    text = "\ufeffmy cat.png cat\na b.png ice cream\nx ice.png ice cream\n".encode()
    assert mean_teacher(text, "00.txt", contents).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        (b"", "at least one labeled image", "none"),
        (b"train/0.png\n", "lines of <file name> <class>", "'train/0.png' in line 1"),
        (b"train/0.png cat\n cat\n", "lines of <file name> <class>", "' cat' in line 2"),
        (b"train/0.png cat\n\xff cat\n", "as UTF-8", "a byte that is not, at 16"),
        (b"train/0.png cat\n" + b"x " * 5000, "lines of <file name> <class>", "in line 2"),
        (b"train/0.png dog\n", "the classes of mine", "train/0.png as dog, which is cat"),
        (b"train/0.png cow\n", "the classes of mine", "train/0.png as cow, which is cat"),
        (b"train/6.png cat\n", "the classes of mine", "train/6.png as cat, which is without a label"),
        (b"train/0.png cat\n0.png cat\n", "different images", "1 more than once: train/0.png"),
        (b"train/7.png cat\n", "0 to 6, the last 1 being for validation", "1 outside: 7"),
        (b"a cat\nb cat\nc dog\nd dog\n", "names of training images", "4 of 4 that are none: a, b, c and 1 more"),
    ],
)
def test_bad_label_files_are_refused(text: bytes, expected: str, found: str) -> None:
    refused(lambda: mean_teacher(text, "00.txt", MINE), expected, found)


# FixMatch.


def test_fixmatch() -> None:
    shares = [1.0, 2 / 3, 2 / 3]
    assert fixmatch(listed(label=[4, 0]), FIXMATCH, MINE).tolist() == [4, 0]
    assert fixmatch(listed(label=[0, 4], distribution=shares), f"some/where/{FIXMATCH}", MINE).tolist() == [0, 4]
    assert fixmatch(listed(label=[0, 4], distribution=[1.0] * 3), "stl10.3@2-label.json", MINE).tolist() == [0, 4]


@pytest.mark.parametrize(
    ("content", "file", "expected", "found"),
    [
        (listed(label=[0, 4]), "cifar10-label.json", "<name>.<seed>@<count>-label.json", "another name"),
        (listed(label=[0]), FIXMATCH, "2 indices, as the file's name says", "1"),
        (listed(label=[0, 0]), FIXMATCH, "different images", "1 more than once: train/0.png"),
        (listed(label=[0, 7]), FIXMATCH, "0 to 6, the last 1 being for validation", "1 outside: 7"),
        (listed(label=[0, -1]), FIXMATCH, "0 to 6", "1 outside: -1"),
        (listed(label=[0, 10**30]), FIXMATCH, "0 to 6", "1 outside: 1000000"),
        (listed(label=[0, 6]), FIXMATCH, "images that have a label in mine", "1 without: train/6.png"),
        (listed(label=[0, 1.0]), FIXMATCH, "indices", "1.0"),
        (listed(label=[0, True]), FIXMATCH, "indices", "bool"),
        (listed(label="01"), FIXMATCH, "a list of indices", "a str"),
        (listed(indexes=[0, 1]), FIXMATCH, 'a list of indices under "label"', "the field indexes"),
        (b"[0, 1]", FIXMATCH, 'a list of indices under "label"', "none"),
        (b"\x80", FIXMATCH, 'a list of indices under "label"', "something else"),
        (b"[" * 100_000, FIXMATCH, 'a list of indices under "label"', "something else"),
        (listed(label=[0, 4], distribution=[1.0]), FIXMATCH, '"distribution" of the 3 classes of mine', "one of 1"),
        (
            listed(label=[0, 4], distribution=[1.0] * 3),
            FIXMATCH,
            "0.666667 of the largest class to be in class dog",
            "1.0",
        ),
        (
            listed(label=[0, 4], distribution=[10**400] * 3),
            FIXMATCH,
            "1 of the largest class to be in class cat",
            "1000",
        ),
        (listed(label=[0, 4], distribution=["1"] * 3), FIXMATCH, "1 of the largest class to be in class cat", "'1'"),
        (listed(label=[0, 4], distribution=[[]] * 3), FIXMATCH, "1 of the largest class to be in class cat", "a list"),
        (listed(label=[0, 4], distribution={}), FIXMATCH, "a list of numbers", "a dict"),
    ],
)
def test_bad_fixmatch_lists_are_refused(content: bytes, file: str, expected: str, found: str) -> None:
    refused(lambda: fixmatch(content, file, MINE), expected, found)


# USB.


@pytest.mark.parametrize("dtype", ["<i8", ">i8", "<i4", "<u8", "|u1", ">u2"])
def test_usb(dtype: str) -> None:
    chosen = usb(npy(np.array([4, 0], dtype)), USB, MINE)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == [4, 0]


def test_usb_by_every_version_and_name() -> None:
    for version in ((1, 0), (2, 0), (3, 0)):
        assert usb(npy(np.array([4, 0]), version), "mine.npy", MINE).tolist() == [4, 0]
    # With imbalance the number in the name is that of the largest class.
    assert usb(npy(np.array([4, 0])), "lb_labels1500_100.0_seed0_idx.npy", MINE).tolist() == [4, 0]
    python2 = npy(np.array([4, 0])).replace(b"(2,), }", b"(2L,),}")
    assert usb(python2, USB, MINE).tolist() == [4, 0]


INDICES = npy(np.array([4, 0]))


@pytest.mark.parametrize(
    ("content", "file", "expected", "found"),
    [
        (npy(np.array([4])), USB, "2 indices, as the file's name says", "1"),
        (npy(np.array([], np.int64)), "mine.npy", "at least one labeled image", "none"),
        (npy(np.array([0, 0])), USB, "different images", "1 more than once"),
        (npy(np.array([0, 7])), USB, "0 to 6, the last 1 being for validation", "1 outside: 7"),
        (npy(np.array([0, 2**64 - 1], np.uint64)), USB, "0 to 6", "1 outside: 18446744073709551615"),
        (npy(np.array([0, 6])), USB, "images that have a label in mine", "1 without: train/6.png"),
        (npy(np.array([0.0, 1.0])), USB, "one axis of integers", "the type <f8 and the shape (2)"),
        (npy(np.array([[0, 1]])), USB, "one axis of integers", "the type <i8 and the shape (1, 2)"),
        (npy(np.array([True, False])), USB, "one axis of integers", "the type |b1"),
        (npy(np.array([{}, None], object)), USB, "one axis of integers", "pickled objects, which are never read"),
        (INDICES[:-1], USB, "16 bytes after the header, which says 2 of type <i8", "15"),
        (INDICES + b"x", USB, "16 bytes after the header", "17"),
        (INDICES.replace(b"(2,), }      ", b"(9999999999,)}"), USB, "79,999,999,992 bytes after the header", "1"),
        (INDICES.replace(b"(2,), }", b"(-2,),}"), USB, "one axis of integers", "a header of version 1"),
        (INDICES.replace(b"(2,), }", b"f(2), }"), USB, "one axis of integers", "a header of version 1"),
        (INDICES[:6] + b"\x04" + INDICES[7:], USB, "one axis of integers", "a header of version 4"),
        (INDICES[:40], USB, "one axis of integers", "a header of version 1"),
        (b"", USB, "one axis of integers", "0 bytes that begin with nothing"),
        (b"PK\x03\x04" + bytes(20), USB, "one axis of integers", "24 bytes that begin with 50 4b 03 04 00 00"),
        (b"\x80\x04K\x01.", USB, "one axis of integers", "5 bytes that begin with 80 04"),
        (INDICES, "ulb_labels2_1.0_seed0_idx.npy", "the list of labeled images", "that of the unlabeled ones"),
    ],
)
def test_bad_arrays_are_refused(content: bytes, file: str, expected: str, found: str) -> None:
    refused(lambda: usb(content, file, MINE), expected, found)


# All of them.


@pytest.mark.parametrize("name", READERS)
def test_large_lists_are_not_read(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_splits, "MOST_BYTES", 99)
    with pytest.raises(SplitDamaged, match=r"^a/list: expected at most 99 bytes, found 100\."):
        READERS[name](bytes(100), "a/list", MINE)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=64),
        damaged(INDICES, 130),
        damaged(listed(label=[0, 4], distribution=[1.0, 2 / 3, 2 / 3])),
        damaged(b"train/4.png dog\ntrain/0.png cat\n2.png ice cream\n"),
    ),
    st.sampled_from([FIXMATCH, USB, "mine.npy"]),
)
def test_every_answer_is_of_labeled_images_and_nothing_else_is_raised(content: bytes, file: str) -> None:
    for read in READERS.values():
        with suppress(SplitDamaged):
            chosen = read(content, file, MINE).tolist()
            assert len(set(chosen)) == len(chosen) > 0
            assert set(chosen) <= {0, 1, 2, 3, 4, 5}
