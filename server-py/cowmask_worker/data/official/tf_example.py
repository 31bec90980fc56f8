"""Messages `tf.train.Example`, read without TensorFlow: names, each with a list of bytes, floats or integers.

Their definition (tensorflow/core/example/{example,feature}.proto), in the wire format of protocol buffers:

    Example    { Features features = 1; }
    Features   { map<string, Feature> feature = 1; }    an entry has key = 1 and value = 2
    Feature    { oneof kind { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3; } }
    BytesList  { repeated bytes value = 1; }
    FloatList  { repeated float value = 1 [packed]; }
    Int64List  { repeated int64 value = 1 [packed]; }
"""

import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

type Kind = Literal["bytes", "float", "int64", "none"]

_VARINT, _DELIMITED, _FIXED32 = 0, 2, 5
_WIRE_BITS = 3
_MOST_VARINT_BYTES = 10
_KINDS: dict[int, Kind] = {1: "bytes", 2: "float", 3: "int64"}


class Feature(NamedTuple):
    kind: Kind
    """"none" for a feature of which nothing was said."""
    values: list[bytes] | list[float] | list[int]


class _Field(NamedTuple):
    number: int
    value: int | memoryview
    """An integer, or the bytes of what is delimited or fixed."""
    wire: int


def parse_example(content: bytes) -> dict[str, Feature]:
    """The features by name. Lists may be packed or not, as the wire format allows.

    Raises `ValueError` for anything but fields of the definition, each name and kind once. Memory is bounded by the
    size of `content`.
    """
    features: dict[str, Feature] = {}
    for message in _delimited(memoryview(content), 1, "Example"):
        for entry in _delimited(message, 1, "Features"):
            name, feature = _entry(entry)
            if name in features:
                raise ValueError(f"the feature {name[:60]!r} twice")
            features[name] = feature
    return features


def _entry(entry: memoryview) -> tuple[str, Feature]:
    parts: dict[int, memoryview] = {}
    for field in _fields(entry):
        if field.number not in (1, 2) or isinstance(field.value, int) or field.wire != _DELIMITED:
            raise _unknown(field, "an entry of Features")
        if field.number in parts:
            raise ValueError(f"an entry of Features with field {field.number} twice")
        parts[field.number] = field.value
    if parts.keys() != {1, 2}:
        raise ValueError("an entry of Features without its name or its value")
    return bytes(parts[1]).decode(), _feature(parts[2])


def _feature(content: memoryview) -> Feature:
    fields = list(_fields(content))
    if not fields:
        return Feature("none", [])
    if len(fields) > 1:
        raise ValueError("a Feature of several kinds")
    field = fields[0]
    kind = _KINDS.get(field.number)
    if kind is None or isinstance(field.value, int) or field.wire != _DELIMITED:
        raise _unknown(field, "Feature")
    match kind:
        case "bytes":
            return Feature(kind, [bytes(value) for value in _delimited(field.value, 1, "BytesList")])
        case "float":
            return Feature(kind, list(_floats(field.value)))
        case _:
            return Feature(kind, list(_integers(field.value)))


def _floats(content: memoryview) -> Iterator[float]:
    for field in _fields(content):
        if field.number != 1 or isinstance(field.value, int):
            raise _unknown(field, "FloatList")
        if len(field.value) % 4:
            raise ValueError(f"{len(field.value):,} bytes of floats, of which each has 4")
        yield from struct.unpack(f"<{len(field.value) // 4}f", field.value)


def _integers(content: memoryview) -> Iterator[int]:
    for field in _fields(content):
        if field.number != 1 or field.wire == _FIXED32:
            raise _unknown(field, "Int64List")
        if isinstance(field.value, int):
            yield _signed(field.value)
            continue
        at = 0
        while at < len(field.value):
            value, at = _varint(field.value, at)
            yield _signed(value)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _delimited(content: memoryview, number: int, message: str) -> Iterator[memoryview]:
    """The values of a message that has one field only, whose values have a length."""
    for field in _fields(content):
        if field.number != number or isinstance(field.value, int) or field.wire != _DELIMITED:
            raise _unknown(field, message)
        yield field.value


def _fields(content: memoryview) -> Iterator[_Field]:
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        number, wire = tag >> _WIRE_BITS, tag & 7
        if wire == _VARINT:
            value, at = _varint(content, at)
            yield _Field(number, value, wire)
            continue
        if wire == _DELIMITED:
            length, at = _varint(content, at)
        elif wire == _FIXED32:
            length = 4
        else:
            raise ValueError(f"field {number} of the wire type {wire}")
        if length > len(content) - at:
            raise ValueError(f"field {number} of {length:,} bytes where {len(content) - at:,} are left")
        yield _Field(number, content[at : at + length], wire)
        at += length


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """An integer below 2^64, seven bits a byte, and where it ends."""
    value = 0
    for place, byte in enumerate(content[at : at + _MOST_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if value >> 64:
                break
            return value, at + place + 1
    raise ValueError("an integer that does not end, or not within 64 bits")


def _unknown(field: _Field, message: str) -> ValueError:
    return ValueError(f"{message} with field {field.number} of the wire type {field.wire}")
