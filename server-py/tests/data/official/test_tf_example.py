"""tf.train.Example by value: bytes written down by hand, and those of protobuf for the same definition."""

from contextlib import suppress
from typing import Any

import pytest
from damaged_bytes import damaged
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st
from official_formats import example, varint

from cowmask_worker.data.official.tf_example import Feature, parse_example

# "label" (6c 61 62 65 6c) with int64_list [7], of which every length is counted by hand.
LABEL_PACKED = bytes.fromhex("0a 10  0a 0e  0a 05 6c6162656c  12 05  1a 03 0a 01 07")
LABEL_UNPACKED = bytes.fromhex("0a 0f  0a 0d  0a 05 6c6162656c  12 04  1a 02 08 07")


def wrapped(feature: bytes, name: bytes = b"x") -> bytes:
    """An Example with one feature of these bytes."""
    entry = b"\x0a" + varint(len(name)) + name + b"\x12" + varint(len(feature)) + feature
    features = b"\x0a" + varint(len(entry)) + entry
    return b"\x0a" + varint(len(features)) + features


@pytest.mark.parametrize("content", [LABEL_PACKED, LABEL_UNPACKED])
def test_a_label(content: bytes) -> None:
    assert parse_example(content) == {"label": Feature("int64", [7])}


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("0a 04 0a 02 ff 00", Feature("bytes", [b"\xff\0"])),
        ("0a 06 0a 02 61 62 0a 00", Feature("bytes", [b"ab", b""])),
        # -1 takes ten bytes; 300 is 2c + 2 * 80.
        ("1a 0e 0a 0c ff ff ff ff ff ff ff ff ff 01 ac 02", Feature("int64", [-1, 300])),
        ("1a 0e 08 ac 02 08 ff ff ff ff ff ff ff ff ff 01", Feature("int64", [300, -1])),
        # Packed and unpacked at once, which a reader must take.
        ("1a 07 08 01 0a 01 02 08 03", Feature("int64", [1, 2, 3])),
        ("12 0a 0a 08 00 00 80 3f 00 00 00 c0", Feature("float", [1.0, -2.0])),
        ("12 05 0d 00 00 00 3f", Feature("float", [0.5])),
        ("1a 00", Feature("int64", [])),
        ("", Feature("none", [])),
    ],
)
def test_kinds_of_features(feature: str, expected: Feature) -> None:
    assert parse_example(wrapped(bytes.fromhex(feature))) == {"x": expected}


def test_nothing_is_an_example_without_features() -> None:
    assert parse_example(b"") == {}
    assert parse_example(b"\x0a\x00") == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LABEL_PACKED[:-1], "field 1 of 16 bytes where 15 are left"),
        (b"\x08\x01", "Example with field 1 of the wire type 0"),
        (b"\x12\x00", "Example with field 2 of the wire type 2"),
        (b"\x0b\x0c", "field 1 of the wire type 3"),
        (b"\x09" + bytes(8), "field 1 of the wire type 1"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "field 1 of 18,446,744,073,709,551,615 bytes where 0"),
        (b"\x0a" + b"\xff" * 10 + b"\x01", "an integer that does not end"),
        (b"\x0a" + b"\xff" * 9 + b"\x7f", "an integer that does not end, or not within 64 bits"),
        (b"\x0a\x80", "an integer that does not end"),
        (b"\x0a\x02\x0a\x00", "without its name or its value"),
        (b"\x0a\x05\x0a\x03\x0a\x01x", "without its name or its value"),
        (b"\x0a\x04\x0a\x02\x08\x01", "an entry of Features with field 1 of the wire type 0"),
        (wrapped(b"\x22\x00"), "Feature with field 4"),
        (wrapped(b"\x08\x07"), "Feature with field 1 of the wire type 0"),
        (wrapped(b"\x0a\x00\x1a\x00"), "a Feature of several kinds"),
        (wrapped(b"\x0a\x02\x08\x07"), "BytesList with field 1 of the wire type 0"),
        (wrapped(b"\x12\x02\x08\x07"), "FloatList with field 1 of the wire type 0"),
        (wrapped(b"\x12\x04\x0a\x02\x00\x00"), "2 bytes of floats"),
        (wrapped(b"\x1a\x05\x0d" + bytes(4)), "Int64List with field 1 of the wire type 5"),
        (wrapped(b"\x1a\x03\x0a\x01\x80"), "an integer that does not end"),
        (wrapped(b"", b"\xff"), "utf-8"),
        (LABEL_PACKED * 2, "the feature 'label' twice"),
    ],
)
def test_what_is_no_example(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_example(content)


def tensorflow_example() -> Any:
    """The message class that protobuf makes of TensorFlow's definition."""
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    optional, repeated = 1, 3
    kinds = {"double": 1, "float": 2, "int64": 3, "string": 9, "message": 11, "bytes": 12}

    def message(name: str, *fields: tuple[str, int, int, str, str]) -> Any:
        made = file.message_type.add(name=name)
        for field, number, label, kind, of in fields:
            added = made.field.add(name=field, number=number, label=label, type=kinds[kind])
            if of:
                added.type_name = f".tensorflow.{of}"
        return made

    message("BytesList", ("value", 1, repeated, "bytes", ""))
    message("FloatList", ("value", 1, repeated, "float", ""))
    message("Int64List", ("value", 1, repeated, "int64", ""))
    lists = [("bytes_list", 1, "BytesList"), ("float_list", 2, "FloatList"), ("int64_list", 3, "Int64List")]
    feature = message("Feature", *((name, number, optional, "message", of) for name, number, of in lists))
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    features = message("Features", ("feature", 1, repeated, "message", "Features.FeatureEntry"))
    entry = features.nested_type.add(name="FeatureEntry")
    entry.field.add(name="key", number=1, label=optional, type=kinds["string"])
    entry.field.add(name="value", number=2, label=optional, type=kinds["message"], type_name=".tensorflow.Feature")
    entry.options.map_entry = True
    message("Example", ("features", 1, optional, "message", "Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


EXAMPLE = tensorflow_example()
VALUES = st.one_of(
    st.lists(st.binary(max_size=300), max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=200),
    st.lists(st.floats(width=32, allow_nan=False), max_size=4),
)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=20), VALUES, max_size=5))
def test_what_protobuf_writes(features: dict[str, list[bytes] | list[int] | list[float]]) -> None:
    made = EXAMPLE()
    expected: dict[str, Feature] = {}
    for name, values in features.items():
        kind = {bytes: "bytes", int: "int64", float: "float"}[type(values[0]) if values else int]
        listed = getattr(made.features.feature[name], f"{kind}_list")
        listed.SetInParent()
        listed.value.extend(values)
        expected[name] = Feature(kind, values)  # type: ignore[arg-type]
    assert parse_example(made.SerializeToString()) == expected


def test_the_writer_of_other_tests_writes_what_protobuf_reads() -> None:
    made = EXAMPLE.FromString(example({"image": [b"abc"], "label": [-3, 300]}) + example({"other": [5]}, packed=False))
    assert made.features.feature["image"].bytes_list.value == [b"abc"]
    assert made.features.feature["label"].int64_list.value == [-3, 300]
    assert made.features.feature["other"].int64_list.value == [5]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=40), damaged(example({"id": [b"a"], "image": [b"\x89PNG" * 9], "label": [7, -1]}))))
def test_any_bytes_are_features_or_a_value_error(content: bytes) -> None:
    with suppress(ValueError):
        features = parse_example(content)
        assert {feature.kind for feature in features.values()} <= {"bytes", "float", "int64", "none"}
        assert sum(len(feature.values) for feature in features.values()) <= len(content)
