"""Random requests for any method, made from its descriptor: messages of odd values and of likely ones, the bytes of
messages damaged, bytes of no message, and parts of streams in any order."""

import json
import math
import string
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from google.protobuf import message_factory
from google.protobuf.message import Message
from worker_process import OPTIONS

from cowmask.v1 import tensor_pb2
from cowmask_worker.runs.endpoint import MESSAGE_BYTES

# Descriptors' classes depend on how protobuf is installed.
type Descriptor = Any
type _Field = Any

_DEEPEST = 6
_NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1e-300, 1e300, 1e308, -1e308, math.nan, math.inf, -math.inf, 2.0**53]
_WHOLE = [0, 1, 2, 3, 8, 28, 255, 4_097, 65_536, 2**31 - 1, 2**31, 2**32 - 1]
_TEXTS = [
    "",
    " ",
    "\0",
    "a\0b",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/../../b",
    "./.",
    "..\\..\\b",
    "C:\\Windows",
    "file:///etc/passwd",
    "http://localhost/",
    "%2e%2e%2f",
    "~",
    "~root",
    "-rf",
    "x" * 300,
    "x/" * 2_000,
    "x/" * 2_500,
    "x" * 5_000,
    "\U0001f42e" * 500,
    "\U0001f42e" * 5_000,
    "\u202e\u0007\r\n\x1b[31m",
    "e\u0301\ufffe\uffff",
    "'; DROP TABLE runs; --",
    "{0.__class__}%s%n",
    "run_" + "a" * 20,
    "run_" + "a" * 21,
    "p999999999999999999",
    "p9999999999999999999",
    "\u0661\u0662",
    "f" * 64,
]


def _words() -> dict[str, list[str]]:
    """What options may be, by the name of the field."""
    words: dict[str, list[str]] = {}
    for lines in json.loads(OPTIONS.read_text())["messages"].values():
        for line in lines:
            words.setdefault(line["path"].rpartition(".")[2], []).extend(line.get("allowed", line.get("known", [])))
    return words


_SPLIT = json.dumps({"format": "cowmask split", "version": 1, "dataset": "digits", "classes": ["0", "1"]}).encode()
_LIKELY = {
    **{name: sorted(set(known)) for name, known in _words().items() if known},
    "dataset": ["digits", "digits", "digits", "cifar10", "nothing"],
    "name": ["digits", "digits", "mine", "images"],
    "root": ["state"],
    "path": [".", "registry.sqlite", "nothing/here"],
    "weights": ["teacher", "student"],
    "split": ["test", "validation", "train", "rule"],
    "names": ["cowmask", "reference"],
    "file": ["split.json", "4000_balanced_labels/00.txt"],
    "page_token": ["", "p1"],
    "idempotency_key": ["", "one", "two"],
}


class Case(NamedTuple):
    """`parts` are sent one after the other; then the stream is closed, or left after `leaves`."""

    kind: str
    token: str
    parts: list[bytes]
    leaves: str

    def __str__(self) -> str:
        shown = [part[:200].hex() + ("..." if len(part) > 200 else "") for part in self.parts[:5]]
        return f"{self.kind}, token {self.token}, leaves: {self.leaves or 'no'}, {len(self.parts)} parts: {shown}"


class Requests:
    """The same seed gives the same requests, but for the ids of the runs that are there."""

    def __init__(self, random: Random, run_ids: Sequence[str]) -> None:
        self._random = random
        self._run_ids = run_ids

    def case(self, request: Descriptor, *, streamed: bool) -> Case:
        token = self._random.choices(("right", "wrong", "none"), (8, 1, 1))[0]
        leaves = self._random.choices(("", "cancel", "deadline"), (18, 1, 1))[0]
        kinds = {"likely": 8, "odd": 6, "damaged": 6, "bytes": 3, "parts": 2, "large": 0.2}
        kind = self._random.choices(list(kinds), list(kinds.values()))[0]
        match kind:
            case "likely":
                parts = self._sound(request, streamed)
            case "odd":
                parts = self._sound(request, streamed, odd=True)
            case "damaged":
                parts = [
                    self._damaged(part) if self._random.random() < 0.6 else part
                    for part in self._sound(request, streamed)
                ]
            case "bytes":
                parts = [self._random.randbytes(self._random.choice((0, 1, 2, 9, 90, 9_000)))]
            case "parts":
                parts = self._sound(request, streamed=True) * self._random.choice((0, 1, 2, 30))
                self._random.shuffle(parts)
            case _:
                parts = self._large(request)
        return Case(kind, token, parts, leaves)

    def _large(self, request: Descriptor) -> list[bytes]:
        """As many repeats of something small as a message may hold, or more than it may."""
        unknown = b"\xf8\x07\x01" * (MESSAGE_BYTES // 3 - self._random.choice((0, 100)))
        inner = [each for each in request.fields if each.message_type is not None]
        if not inner or self._random.random() < 0.2:
            return [unknown + bytes(self._random.choice((0, 1_000)))]
        field = self._random.choice(inner)
        if field.name == "chunk":
            shape = [1] * (MESSAGE_BYTES // 2)
            chunk = tensor_pb2.TensorChunk(
                header=tensor_pb2.TensorHeader(name="images", type=tensor_pb2.ELEMENT_TYPE_UINT8, shape=shape)
            )
            part: Any = message_factory.GetMessageClass(request)()
            part.chunk.CopyFrom(chunk)
            return [*self._sound(request, streamed=False), part.SerializeToString()]
        # The bytes of the field's message, which many fields that nobody knows are appended to.
        message = message_factory.GetMessageClass(request)()
        content: Message = getattr(message, field.name)
        content.MergeFromString(unknown)
        return [message.SerializeToString()]

    def _sound(self, request: Descriptor, streamed: bool, *, odd: bool = False) -> list[bytes]:
        first = self._message(request, odd, first=True)
        parts = [first.SerializeToString()]
        if streamed and "chunk" in request.fields_by_name:
            for _ in range(self._random.choice((0, 1, 1, 1, 2, 5))):
                part: Any = message_factory.GetMessageClass(request)()
                part.chunk.CopyFrom(self._chunk(odd))
                parts.append(part.SerializeToString())
        if odd and self._random.random() < 0.1:
            parts[0] += self._random.choice((b"\xf8\x07\x01", b"\xfa\x07\x03abc", b"\xfb\x07\xfc\x07"))
        return parts

    def _message(self, descriptor: Descriptor, odd: bool, *, first: bool = False, depth: int = 0) -> Message:
        if descriptor.full_name == tensor_pb2.TensorChunk.DESCRIPTOR.full_name:
            return self._chunk(odd)
        message = message_factory.GetMessageClass(descriptor)()
        for oneof in descriptor.oneofs:
            fields = list(oneof.fields)
            if len(fields) == 1:
                self._field(message, fields[0], odd, depth, 0.5)
            elif first and not odd:
                # The part that a stream begins with.
                self._set(message, self._random.choice([each for each in fields if each.name != "chunk"]), odd, depth)
            elif self._random.random() < 0.8:
                self._set(message, self._random.choice(fields), odd, depth)
        for field in descriptor.fields:
            if field.containing_oneof is None:
                self._field(message, field, odd, depth, 0.95)
        return message

    def _field(self, message: Message, field: _Field, odd: bool, depth: int, likely: float) -> None:
        wanted = field.name == "dataset" or (field.message_type is None and field.name in ("name", "count", "height"))
        chance = (0.5 if odd else 0.95 if wanted else 0.3 if likely < 0.9 else likely) if depth < _DEEPEST else 0
        if self._random.random() < chance:
            self._set(message, field, odd, depth)

    def _set(self, message: Message, field: _Field, odd: bool, depth: int) -> None:
        if field.is_repeated:
            count = self._random.choice((1, 2, 3, 3_000) if odd else (0, 0, 1))
            values: Any = getattr(message, field.name)
            if field.message_type is None:
                values.extend([self._scalar(field, odd)] * count)
            else:
                values.extend([self._message(field.message_type, odd, depth=depth + 1)] * count)
        elif field.message_type is not None:
            inner: Message = getattr(message, field.name)
            inner.CopyFrom(self._message(field.message_type, odd, depth=depth + 1))
            inner.SetInParent()
        else:
            setattr(message, field.name, self._scalar(field, odd))

    def _scalar(self, field: _Field, odd: bool) -> Any:
        odd = odd and self._random.random() < 0.7
        match field.type:
            case field.TYPE_STRING:
                return self._text(field.name, odd)
            case field.TYPE_BYTES:
                return self._random.randbytes(self._random.choice((0, 1, 100, 70_000)))
            case field.TYPE_DOUBLE | field.TYPE_FLOAT:
                return self._random.choice(_NUMBERS) if odd else self._random.random()
            case field.TYPE_BOOL:
                return self._random.random() < 0.5
            case field.TYPE_ENUM:
                return self._random.choice((0, 1, 2, 3, 4, 99, -1) if odd else (1, 3))
            case _:
                return self._random.choice(_WHOLE) if odd else self._random.choice((1, 8, 10, 26, 28, 32))

    def _text(self, name: str, odd: bool) -> str:
        if name == "run_id" and self._random.random() < 0.7:
            return self._random.choice(self._run_ids)
        if odd:
            letters = "".join(self._random.choices(string.printable, k=self._random.choice((1, 30, 200, 201))))
            return self._random.choice((*_TEXTS, letters))
        return self._random.choice(_LIKELY.get(name, ["digits", "a", "x1"]))

    def _chunk(self, odd: bool) -> tensor_pb2.TensorChunk:
        choice = self._random.choice
        shape = [choice((1, 2, 8)) for _ in range(choice((1, 4, 4)))]
        type_ = choice((tensor_pb2.ELEMENT_TYPE_UINT8, tensor_pb2.ELEMENT_TYPE_INT32, tensor_pb2.ELEMENT_TYPE_FLOAT32))
        size = math.prod(shape) * (1 if type_ == tensor_pb2.ELEMENT_TYPE_UINT8 else 4)
        chunk = tensor_pb2.TensorChunk(data=bytes(size))
        name = choice(("images", "labels", "content", "step", "parameters/stem/kernel", "batch/labels"))
        if name == "content":
            text = self._damaged(_SPLIT) if self._random.random() < 0.7 else _SPLIT
            shape, type_, chunk.data = [len(text)], tensor_pb2.ELEMENT_TYPE_UINT8, text
        if odd:
            shape = choice(([], [0], [2**32 - 1] * 4, [2**32 - 1] * 8, [1] * 9, [1] * 100_000, [2**31, 2], shape))
            name = choice((*_TEXTS, "images"))
            type_ = tensor_pb2.ElementType.ValueType(choice((0, 1, 2, 3, 4, 99, -1)))
            chunk.data = choice((b"", b"a", bytes(1_100_000), chunk.data))
        if self._random.random() < 0.9:
            chunk.header.CopyFrom(tensor_pb2.TensorHeader(name=name, type=type_, shape=shape))
        return chunk

    def _damaged(self, content: bytes) -> bytes:
        damaged = bytearray(content)
        for _ in range(self._random.choice((1, 1, 2, 8))):
            place = self._random.randrange(len(damaged) + 1)
            match self._random.randrange(5):
                case 0 if place < len(damaged):
                    damaged[place] ^= 1 << self._random.randrange(8)
                case 1:
                    del damaged[place:]
                case 2:
                    damaged[place:place] = self._random.randbytes(self._random.choice((1, 2, 10)))
                case 3:
                    damaged[place:place] = b"\xff\xff\xff\xff\x0f"
                case _:
                    damaged += bytes(damaged)
        return bytes(damaged)
