"""Every edge of every option, made from the table of options alone: what is just allowed, and one step past it."""

import math
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.message import Message
from script_config import MESSAGES

from cowmask_worker.runs.refusal import camel_case
from cowmask_worker.service.options import Bounds, Option, OptionsTable

_UINT32_MAX = 2**32 - 1
_LONGEST_TRIED = 1_000


class Edge(NamedTuple):
    """A message that is sound but for one option, if at all; `path` is that option's, as a script writes it."""

    message: Message
    path: str
    value: Any
    allowed: bool

    def __str__(self) -> str:
        return f"{self.message.DESCRIPTOR.name}: {self.path} = {self.value!r}"


def edges(table: OptionsTable, name: str) -> Iterator[Edge]:
    """Of every option of a message of the table."""
    for option in table.of(name).values():
        for value, allowed in _values(option):
            message = MESSAGES[name]()
            _require(message, table.of(name))
            path = _set(message, option, value)
            yield Edge(message, path, value, allowed)


def longest(option: Option) -> int:
    """How long a text may be that has a pattern for its form; 0 where no length is too long."""
    lengths = [length for length in range(_LONGEST_TRIED) if option.admits("a" * length)]
    return 0 if not lengths or lengths[-1] == _LONGEST_TRIED - 1 else lengths[-1]


def _values(option: Option) -> Iterator[tuple[Any, bool]]:
    match option.type:
        case "uint32":
            yield from _whole(option.bounds)
        case "double":
            yield from _numbers(option.bounds)
        case "Range":
            for value, allowed in _numbers(option.bounds):
                yield (value, value), allowed
            low, high = option.bounds.minimum, option.bounds.maximum
            assert low is not None
            assert high is not None
            yield (low, high), True
            yield (math.nextafter(low, -math.inf), high), False
            yield (low, math.nextafter(high, math.inf)), False
            yield (math.nextafter(low, math.inf), low), False
        case "Boundary[]":
            yield from (([(at, 0.5)], allowed) for at, allowed in _numbers(option.at))
            yield from (([(0.5, factor)], allowed) for factor, allowed in _numbers(option.factor))
            for count in (option.most, option.most + 1):
                yield [(index / count, 0.5) for index in range(count)], count == option.most
        case "string" if option.allowed:
            yield from ((word, True) for word in option.allowed)
            yield from ((word, False) for each in option.allowed for word in ("", each[:-1], each + " ", each.upper()))
        case "string":
            most = longest(option)
            yield "a" * most, True
            yield from ((text, False) for text in ("", "a" * (most + 1), "a" * (most - 1) + "\n", "a" * most + "\n"))
        case _:
            # A bool has no edge; what a oneof holds has lines of its own.
            return


def _whole(bounds: Bounds) -> Iterator[tuple[int, bool]]:
    assert bounds.minimum is not None
    assert bounds.maximum is not None
    low, high = int(bounds.minimum), int(bounds.maximum)
    yield low, True
    yield high, True
    # Below 0 and above its largest number the type ends by itself.
    if low > 0:
        yield low - 1, False
    if high < _UINT32_MAX:
        yield high + 1, False


def _numbers(bounds: Bounds) -> Iterator[tuple[float, bool]]:
    yield from ((value, False) for value in (math.nan, math.inf, -math.inf))
    if bounds.minimum is not None:
        yield bounds.minimum, True
        yield math.nextafter(bounds.minimum, -math.inf), False
    if bounds.exclusive_minimum is not None:
        yield bounds.exclusive_minimum, False
        yield math.nextafter(bounds.exclusive_minimum, math.inf), True
    if bounds.exclusive_maximum is not None:
        yield bounds.exclusive_maximum, False
        yield math.nextafter(bounds.exclusive_maximum, -math.inf), True
    elif bounds.maximum is not None:
        yield bounds.maximum, True
        yield math.nextafter(bounds.maximum, math.inf), False
    else:
        yield sys.float_info.max, True


def _require(message: Any, options: dict[str, Option]) -> None:
    """Gives a value to every option that must have one."""
    for option in options.values():
        if not option.required:
            continue
        if option.type == "oneof":
            _holder(message, [*filter(None, option.path.split(".")), option.allowed[0]])
        else:
            _set(message, option, next(iter(option.known or option.allowed), 1))


def _holder(message: Any, way: list[str]) -> tuple[Any, list[str]]:
    """The message at the end of the way, and how a script calls the way: without the cases of oneofs."""
    script: list[str] = []
    for step in way:
        oneof = message.DESCRIPTOR.fields_by_name[step].containing_oneof
        if oneof is None or len(oneof.fields) == 1:
            script.append(camel_case(step))
        message = getattr(message, step)
        message.SetInParent()
    return message, script


def _set(message: Any, option: Option, value: Any) -> str:
    *way, last = option.path.split(".")
    holder, script = _holder(message, way)
    path = ".".join((*script, camel_case(last)))
    match option.type:
        case "Range":
            both = getattr(holder, last)
            both.low, both.high = value
        case "Boundary[]":
            for at, factor in value:
                getattr(holder, last).add(at=at, factor=factor)
            return f"{path}[0]" if len(value) == 1 else path
        case _:
            setattr(holder, last, value)
    return path
