"""CIFAR's archives: their values, and that nothing in them is trusted."""

import gzip
import io
import os
import pickle
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged_bytes import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from official_formats import (
    CIFAR10,
    CIFAR100,
    assert_same,
    cifar10_files,
    cifar10_pickles,
    cifar100_files,
    cifar100_pickles,
    made_up,
    member,
    python2_batch,
    records,
    tar,
    written,
)

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.digits import Images
from cowmask_worker.data.official.cifar import read_binary, read_python
from cowmask_worker.data.official.restricted_pickle import array, load

SMALL10, SMALL100 = made_up(CIFAR10), made_up(CIFAR100)
FILES10, PICKLES10 = cifar10_files(SMALL10), cifar10_pickles(SMALL10)
BIN10, PY10, BIN100, PY100 = "cifar-10-batches-bin", "cifar-10-batches-py", "cifar-100-binary", "cifar-100-python"
ONE = replace(CIFAR100, train=1, test=1)
BATCH = python2_batch("training batch 1 of 1", SMALL100.train_images[:1], SMALL100.train_labels[:1], "fine_labels")


def archive(folder: Path, content: bytes) -> Path:
    file = folder / "archive.tar.gz"
    file.write_bytes(content)
    return file


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cifar")


def test_binary_archives(place: Path) -> None:
    assert_same(read_binary(archive(place, tar(BIN10, FILES10)), CIFAR10), SMALL10)
    assert_same(read_binary(archive(place, tar(BIN100, cifar100_files(SMALL100))), CIFAR100), SMALL100)


def test_folders_of_extracted_files(tmp_path: Path) -> None:
    assert_same(read_binary(written(tmp_path / "ten", FILES10), CIFAR10), SMALL10)
    assert_same(read_binary(written(tmp_path / "hundred", cifar100_files(SMALL100)), CIFAR100), SMALL100)


def test_python_archives(place: Path) -> None:
    assert_same(read_python(archive(place, tar(PY10, PICKLES10)), CIFAR10), SMALL10)
    assert_same(read_python(archive(place, tar(PY100, cifar100_pickles(SMALL100))), CIFAR100), SMALL100)


def test_a_record_byte_by_byte(tmp_path: Path) -> None:
    planes = bytes(range(256)) * 4 + b"\x01" * 1024 + b"\x02" * 1024
    written(tmp_path, {"train.bin": b"\x13\x63" + planes, "test.bin": b"\x00\x05" + planes})
    images = read_binary(tmp_path, ONE)
    assert images.train_labels.tolist() == [99]
    assert images.test_labels.tolist() == [5]
    assert images.train_images[0, 0, :3].tolist() == [[0, 1, 2], [1, 1, 2], [2, 1, 2]]
    assert images.train_images[0, 7, 31].tolist() == [255, 1, 2]


def test_members_may_stand_in_any_order(place: Path) -> None:
    assert_same(read_binary(archive(place, tar(BIN10, dict(reversed(FILES10.items())))), CIFAR10), SMALL10)


def test_the_pickles_of_these_tests_are_what_python_reads() -> None:
    batch = pickle.loads(PICKLES10["data_batch_2"], encoding="bytes")
    assert batch[b"batch_label"] == b"training batch 2 of 5"
    assert batch[b"labels"] == SMALL10.train_labels[10:20].tolist()
    np.testing.assert_array_equal(batch[b"data"], SMALL10.train_images[10:20].transpose(0, 3, 1, 2).reshape(10, -1))


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_python_3_s_pickles_are_read_too(protocol: int, order: Any) -> None:
    rows = np.arange(6, dtype=np.uint8).reshape(2, 3).copy(order)
    batch = load(pickle.dumps({b"data": rows, "labels": [3, 1, 300]}, protocol), "batch")
    assert batch["labels"] == [3, 1, 300]
    np.testing.assert_array_equal(array(batch["data"], "batch", (2, 3)), rows)


def test_s6_pickle_s_own_readers_are_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def poisoned(*_: object, **__: object) -> None:
        raise AssertionError("pickle was asked")

    for name in ("load", "loads", "_load", "_loads"):
        monkeypatch.setattr(pickle, name, poisoned)
    assert_same(read_binary(archive(place, tar(BIN10, FILES10)), CIFAR10), SMALL10)
    assert_same(read_python(archive(place, tar(PY10, PICKLES10)), CIFAR10), SMALL10)


# What is damaged ------------------------------------------------------------------------------------------------------


def without(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {other: content for other, content in files.items() if other != name}


LABEL_10 = records(SMALL10.test_images, np.where(np.arange(10) == 4, 10, SMALL10.test_labels))


@pytest.mark.parametrize(
    ("name", "content", "expected", "found"),
    [
        ("data_batch_3.bin", FILES10["data_batch_3.bin"][:-1], "30,730 bytes", "30,729 bytes"),
        ("data_batch_3.bin", FILES10["data_batch_3.bin"][:-3073], "30,730 bytes", "27,657 bytes"),
        ("data_batch_3.bin", FILES10["data_batch_3.bin"] + b"\0", "30,730 bytes", "30,731 bytes"),
        ("data_batch_3.bin", b"", "30,730 bytes", "0 bytes"),
        ("test_batch.bin", LABEL_10, "labels of 0 to 9", "the label 10 at record 4"),
    ],
)
def test_f6_bad_records_are_refused(tmp_path: Path, name: str, content: bytes, expected: str, found: str) -> None:
    files = FILES10 | {name: content}
    for path in (written(tmp_path / "folder", files), archive(tmp_path, tar(BIN10, files))):
        with pytest.raises(DatasetDamaged) as caught:
            read_binary(path, CIFAR10)
        assert expected in caught.value.expected
        assert found in caught.value.found
        assert str(path) in str(caught.value)
        assert name in str(caught.value)


def test_f6_labels_outside_of_the_hundred_are_refused(tmp_path: Path) -> None:
    pixels = bytes(3072)
    for labels, message in ((b"\x13\x64", "labels of 0 to 99, found the label 100"), (b"\x14\x63", "the label 20 at")):
        written(tmp_path, {"train.bin": labels + pixels, "test.bin": bytes(2) + pixels})
        with pytest.raises(DatasetDamaged, match=rf"train\.bin: expected .*{message}"):
            read_binary(tmp_path, ONE)


def test_missing_files_are_named(tmp_path: Path) -> None:
    files = without(FILES10, "data_batch_4.bin")
    with pytest.raises(DatasetDamaged, match=r"data_batch_4\.bin: expected 30,730 bytes \(10 records.*found no file"):
        read_binary(written(tmp_path / "folder", files), CIFAR10)
    with pytest.raises(DatasetDamaged, match=r"found no cifar-10-batches-bin/data_batch_4\.bin"):
        read_binary(archive(tmp_path, tar(BIN10, files)), CIFAR10)


@pytest.mark.parametrize("cut", [1, 8, 9, 3073])
def test_f6_an_archive_that_is_cut_is_refused(place: Path, cut: int) -> None:
    with pytest.raises(DatasetDamaged, match="can not be read to its end"):
        read_binary(archive(place, tar(BIN10, FILES10)[:-cut]), CIFAR10)


def test_f6_swapped_pickles_are_noticed(place: Path) -> None:
    swapped = PICKLES10 | {"data_batch_1": PICKLES10["test_batch"], "test_batch": PICKLES10["data_batch_1"]}
    with pytest.raises(DatasetDamaged, match=r'"training batch 1 of 5", found b\'testing batch 1 of 1\''):
        read_python(archive(place, tar(PY10, swapped)), CIFAR10)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([], "expected a pickle of a dict, found one of a list"),
        ({"batch_label": "training batch 1 of 1"}, "a list of 1 labels, found a NoneType"),
        ({"fine_labels": [1, 2]}, "a list of 1 labels, found 2"),
        ({"fine_labels": [True]}, "a list of 1 labels, found 1"),
        ({"fine_labels": [100]}, "labels of 0 to 99, found the label 100"),
        ({"fine_labels": [-1]}, "labels of 0 to 99, found the label -1"),
        ({"fine_labels": [10**30]}, "found the label 10000"),
        ({"fine_labels": [0]}, "an array uint8 1 x 3,072, found a NoneType"),
        ({"fine_labels": [0], "data": np.zeros((1, 3071), np.uint8)}, "an array uint8 1 x 3,072, found another"),
        ({"fine_labels": [0], "data": np.zeros((3072, 1), np.uint8)}, "an array uint8 1 x 3,072, found another"),
        ({"fine_labels": [0], "data": np.zeros((1, 3072), np.int8)}, "an array uint8 1 x 3,072, found another"),
        ({"fine_labels": [0], "data": np.zeros((1, 384), object)}, "does not load|found another"),
        ({"fine_labels": [0], "data": np.uint8}, "found the name numpy.uint8"),
    ],
)
def test_bad_batches_are_refused(place: Path, batch: Any, message: str) -> None:
    if isinstance(batch, dict):
        batch = {"batch_label": "training batch 1 of 1", "filenames": ["x" * 3000]} | batch
    content = pickle.dumps(batch, 2).ljust(3072, b"\0")
    path = archive(place, tar(PY100, {"train": content, "test": content}))
    with pytest.raises(DatasetDamaged, match=message):
        read_python(path, ONE)


# What is hostile ------------------------------------------------------------------------------------------------------


class Hostile:
    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.said = (call, arguments)

    def __reduce__(self) -> Any:
        return self.said


@pytest.mark.parametrize("protocol", range(6))
def test_s6_a_hostile_pickle_does_nothing(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    hostile = Hostile(os.system, f"touch '{trace}'")  # pyright: ignore[reportDeprecated]
    for batch in (hostile, {"batch_label": "training batch 1 of 1", "fine_labels": [0], "data": hostile}):
        content = pickle.dumps(batch, protocol)
        path = archive(tmp_path, tar(PY100, {"train": content.ljust(3072, b"\0"), "test": content}))
        with pytest.raises(DatasetDamaged, match=r"train: expected .*, found the name (posix|nt)\.system"):
            read_python(path, ONE)
    assert not trace.exists()
    # The same pickle in other hands, to see that it would have done something.
    pickle.loads(pickle.dumps(hostile, protocol))
    assert trace.exists()


@pytest.mark.parametrize(
    "name",
    [
        *(b"builtins\neval", b"__builtin__\neval", b"os\nsystem", b"posix\nsystem", b"subprocess\nPopen"),
        *(b"numpy\nload", b"numpy\nfromfile", b"numpy\ndtype.__class__", b"numpy.core.multiarray\nscalar"),
        *(b"numpy.core.multiarray\n_reconstruct.__globals__", b"_codecs\ndecode", b"copyreg\n_reconstructor"),
        *(b"copy_reg\n_reconstructor", b"pickle\nloads", b"cowmask_worker.data.official.restricted_pickle\nload"),
    ],
)
def test_s6_every_other_name_is_refused(name: bytes) -> None:
    with pytest.raises(DatasetDamaged, match="found the name"):
        load(b"\x80\x02c" + name + b"\n.", "batch")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "the instruction NEWOBJ"),
        (b"(inumpy\nndarray\n.", "the instruction INST"),
        (b"(cnumpy\nndarray\no.", "the instruction OBJ"),
        (b"Pname\n.", "the instruction PERSID"),
        (b"\x80\x02\x82\x01.", "the instruction EXT1"),
        (b"]r\xff\xff\xff\x7f.", "a memo at 2147483647"),
        (b"]p2147483647\n.", "a memo at 2147483647"),
        (b"}N" + b"\x85" * 100_000 + b"Ns.", "tuples inside each other"),
        (b"}Nq\x01" + b"h\x01h\x01\x86q\x01" * 40 + b"Ns.", "tuples inside each other"),
        (b"}Nq\x01(" + b"h\x01" * 999 + b"tq\x01" + b"(" + b"h\x01" * 9_999 + b"tq\x01" * 2 + b"Ns.", "tuples inside"),
        (b"}K\x01K\x01\x86Ns.", "another key"),
        (b"\x80\x02cnumpy\nndarray\n(K\x01K\x02tR(K\x01tb.", "one of a _Call"),
        (b"\x80\x02cnumpy\nndarray\n}U\x01aK\x01sb.", "does not load"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R.", "does not load"),
        (b"B\xff\xff\xff\xffx.", "does not load"),
        (b"\x80\x02}", "does not load"),
        (b"", "does not load"),
    ],
)
def test_s6_programs_that_harm_without_a_name_are_refused(content: bytes, found: str) -> None:
    with pytest.raises(DatasetDamaged) as caught:
        load(content, "batch")
    assert found in caught.value.found


LINK = f"{BIN10}/data_batch_1.bin"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (member("../outside"), "one named '../outside'"),
        (member(f"{BIN10}/../../outside"), "one named"),
        (member("/outside"), "one named '/outside'"),
        (member("C:\\outside"), "one named"),
        (member(f"{BIN10}/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "which is a link to '/etc/passwd'"),
        (member(f"{BIN10}/link", type=tarfile.LNKTYPE, linkname="data_batch_1.bin"), "which is a link to"),
        (member(f"{BIN10}/device", type=tarfile.CHRTYPE), "a member of type b'3'"),
        (member(f"{BIN10}/pipe", type=tarfile.FIFOTYPE), "a member of type b'6'"),
        (member(f"{BIN10}/holes", type=tarfile.GNUTYPE_SPARSE), "which is a sparse file|can not be read"),
        (member(LINK, size=30_730), "each member once, found a second"),
        (member(f"./{LINK}", size=30_730), "each member once, found a second"),
        (member(f"{BIN10}/bomb", size=8 << 20), "bytes once unpacked, found more"),
    ],
)
def test_s7_hostile_archives_are_refused(place: Path, other: tarfile.TarInfo, message: str) -> None:
    with pytest.raises(DatasetDamaged, match=message):
        read_binary(archive(place, tar(BIN10, FILES10, other)), CIFAR10)


def test_s7_hostile_members_are_refused_in_the_place_of_an_expected_one(place: Path) -> None:
    files = without(FILES10, "data_batch_1.bin")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE):
        other = member(LINK, type=kind, linkname="/dev/zero")
        with pytest.raises(DatasetDamaged):
            read_binary(archive(place, tar(BIN10, files, other)), CIFAR10)


def test_s7_sparse_files_of_pax_are_refused(place: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as written_archive:
        other = member(LINK, size=10, pax_headers={"GNU.sparse.size": "30730", "GNU.sparse.map": "0,10"})
        written_archive.addfile(other, io.BytesIO(bytes(10)))
    with pytest.raises(DatasetDamaged, match="which is a sparse file"):
        read_binary(archive(place, packed.getvalue()), CIFAR10)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE])
@pytest.mark.parametrize("size", [-1, -512, -1024, -(1 << 62), 1 << 62])
def test_a_size_that_no_file_has_comes_to_an_end(place: Path, kind: bytes, size: int) -> None:
    """Left to itself, tarfile reads some of these for ever; others it passes over."""
    header = bytearray(member("pax", type=kind).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (b"\xff" if size < 0 else b"\x80") + size.to_bytes(11, signed=True)
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    after = gzip.decompress(tar(BIN10, FILES10))
    with suppress(DatasetDamaged):
        assert_same(read_binary(archive(place, gzip.compress(bytes(header) + after, 1)), CIFAR10), SMALL10)


def test_s7_too_many_members_are_refused(place: Path) -> None:
    others = [member(f"{BIN10}/{number}") for number in range(64)]
    with pytest.raises(DatasetDamaged, match="expected at most 64 members"):
        read_binary(archive(place, tar(BIN10, FILES10, *others)), CIFAR10)


def test_s7_a_bomb_for_a_batch_is_refused_by_its_size(place: Path) -> None:
    files = FILES10 | {"data_batch_2.bin": bytes(1 << 20)}
    with pytest.raises(DatasetDamaged, match=r"data_batch_2\.bin of 30,730 bytes, found 1,048,576 bytes"):
        read_binary(archive(place, tar(BIN10, files)), CIFAR10)


# Anything -------------------------------------------------------------------------------------------------------------

ONE_TAR = gzip.decompress(tar(BIN100, {"train.bin": bytes(3074), "test.bin": bytes(3074)}))
INSTRUCTIONS = [
    *(b"}", b"]", b"(", b"N", b"K\x01", b"K\x00", b"U\x01b", b"U\x04data", b"q\x01", b"h\x01", b"a", b"e"),
    *(b"s", b"u", b"d", b"l", b"t", b")", b"\x85", b"\x86", b"\x87", b"R", b"b", b"\x89", b"X\x01\x00\x00\x00a"),
    *(b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n"),
]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=64), damaged(ONE_TAR, 2048)), st.booleans())
def test_archives_raise_nothing_else(place: Path, content: bytes, packed: bool) -> None:
    path = archive(place, gzip.compress(content, 1) if packed else content)
    for read in (read_binary, read_python):
        with suppress(DatasetDamaged):
            read(path, ONE)


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=64), damaged(BATCH, 300), st.lists(st.sampled_from(INSTRUCTIONS)).map(b"".join)))
def test_pickles_raise_nothing_else(content: bytes) -> None:
    for program in (content, content + b"."):
        with suppress(DatasetDamaged):
            array(load(program, "batch").get("data"), "batch", (1, 3072))


def test_read_images_are_the_reader_s_own(tmp_path: Path) -> None:
    images: Images = read_binary(written(tmp_path, FILES10), CIFAR10)
    assert all(values.flags.owndata and values.flags.writeable for values in images)
