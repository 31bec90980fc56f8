"""Reads the pickles of CIFAR's Python archives without running anything that they say.

A pickle is a program that may call whatever it names. Here it may name five things, those that an array of bytes needs,
and gets none of them: each name stands for an object that only remembers what it was called with. The array is then
built by us, once its parts are what they should be, so numpy sees nothing that was not checked either.

Before it runs, the program is looked through, for some instructions do harm with no name at all: a memo at place two
billion takes all memory; a hundred thousand tuples inside each other end the process when they are hashed; forty, each
of which holds the last one twice, take longer to hash than there is time.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cowmask_worker.data.damage import DatasetDamaged

_ARRAY = "numpy.core.multiarray._reconstruct"
_DTYPE = "numpy.dtype"
_ENCODE = "_codecs.encode"
# The second name of the first is numpy 2's; the last is how Python 3 writes bytes for Python 2.
_GLOBALS = {
    "numpy.core.multiarray._reconstruct": _ARRAY,
    "numpy._core.multiarray._reconstruct": _ARRAY,
    "numpy.ndarray": "numpy.ndarray",
    "numpy.dtype": _DTYPE,
    "_codecs.encode": _ENCODE,
}
_BATCH = "a pickle of lists, texts and one array"
# Numbers, texts, lists, dicts, tuples, the memo, and calls of what a name stands for. Missing are all other ways to
# make an object, and what later protocols brought.
_NAMES = (
    "PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 "
    "STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES "
    "LIST EMPTY_LIST APPEND APPENDS DICT EMPTY_DICT SETITEM SETITEMS TUPLE EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET GLOBAL STACK_GLOBAL REDUCE BUILD"
)
_INSTRUCTIONS = frozenset(_NAMES.split())
_TO_A_MARK = frozenset({"TUPLE", "LIST", "DICT", "APPENDS", "SETITEMS"})
_REMEMBER = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
# As many values a tuple can come to hold once those inside it are counted. The six of an array make some 7,000 at most.
_MOST_IN_A_TUPLE = 10_000_000


def load(content: bytes, file: str) -> dict[str, Any]:
    """The dict that a pickle holds, keys as text, Python 2's texts as bytes, arrays as what `array` takes.

    `file` is what messages call it. Raises `DatasetDamaged`.
    """
    try:
        _look_through(content, file)
        loaded = _Reader(content, file).load()
    except DatasetDamaged:
        raise
    except Exception as error:
        # A program of somebody's making fails in whatever way they like.
        raise DatasetDamaged(file, expected="a pickle of a batch", found=f"one that does not load ({error})") from error
    if type(loaded) is not dict:
        raise DatasetDamaged(file, expected="a pickle of a dict", found=f"one of a {type(loaded).__name__}")
    if not all(isinstance(key, str | bytes) for key in loaded):
        raise DatasetDamaged(file, expected="a pickle of a dict with texts for keys", found="another key")
    return {_text(key): value for key, value in loaded.items()}


def array(value: object, file: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The uint8 array of that shape that was pickled. Raises `DatasetDamaged` for anything else."""
    size = shape[0] * shape[1]
    match value:
        case _Call(
            name=name,
            state=(
                1,
                found,
                _Call(name=dtype, arguments=(b"u1" | "u1" | b"|u1" | "|u1", *_)),
                bool(columns),
                bytes(data),
            ),
        ) if (name, dtype, found, len(data)) == (_ARRAY, _DTYPE, shape, size):
            return np.frombuffer(data, np.uint8).reshape(shape, order="F" if columns else "C")
        case _:
            found = "another" if isinstance(value, _Call) else f"a {type(value).__name__}"
            raise DatasetDamaged(file, expected=f"an array uint8 {shape[0]:,} x {shape[1]:,}", found=found)


def _look_through(content: bytes, file: str) -> None:
    marks: list[int] = []
    pushed, most = 0, 1
    for count, (instruction, argument, _) in enumerate(pickletools.genops(content)):
        name = instruction.name
        if name not in _INSTRUCTIONS:
            raise DatasetDamaged(file, expected=_BATCH, found=f"the instruction {name}")
        if name in _REMEMBER and argument not in range(count + 1):
            raise DatasetDamaged(file, expected="a pickle that remembers in order", found=f"a memo at {argument}")
        if name == "MARK":
            marks.append(pushed)
        since_mark = pushed - marks.pop() if name in _TO_A_MARK and marks else 0
        if name.startswith("TUPLE"):
            # Each might hold nothing but the largest so far, for the memo can give that again and again.
            most *= max(2, since_mark if name == "TUPLE" else int(name[-1]))
        if most > _MOST_IN_A_TUPLE:
            raise DatasetDamaged(file, expected=_BATCH, found="tuples inside each other")
        pushed += name not in _REMEMBER and name != "MEMOIZE"


class _Reader(pickle.Unpickler):
    """`find_class` is what pickle asks for every name; the C code has no other way to one."""

    def __init__(self, content: bytes, file: str) -> None:
        super().__init__(io.BytesIO(content), encoding="bytes")
        self._file = file

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in _GLOBALS:
            raise DatasetDamaged(self._file, expected=_BATCH, found=f"the name {name}")
        return _Encode() if _GLOBALS[name] == _ENCODE else _Named(_GLOBALS[name])


class _Named:
    """Stands for a name. A new one each time, and without a dict, so that there is nothing to spoil."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: object) -> "_Call":
        return _Call(self._name, arguments)

    def __setstate__(self, state: object) -> None:
        raise ValueError(f"{self._name} is not to be changed")


class _Call:
    """Remembers that a name was called, and the state that the pickle gave to what it thinks it got."""

    __slots__ = ("arguments", "name", "state")

    def __init__(self, name: str, arguments: tuple[object, ...]) -> None:
        self.name = name
        self.arguments = arguments
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Encode:
    """Does what `_codecs.encode` does, for the one encoding in which Python 3 writes bytes."""

    __slots__ = ()

    def __call__(self, text: object, encoding: object) -> bytes:
        if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
            raise ValueError("bytes are written as latin1")
        return text.encode("latin1")

    def __setstate__(self, state: object) -> None:
        raise ValueError("an encoding is not to be changed")


def _text(name: str | bytes) -> str:
    return name.decode("latin1") if isinstance(name, bytes) else name
