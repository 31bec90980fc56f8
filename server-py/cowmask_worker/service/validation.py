"""Checks a message against the table of options and fills in its defaults, the same for every client.

Walks the message's descriptor: presence, range, finiteness, allowed words, unknown fields, cases. Everything that is
wrong is told at once, under paths as a script writes them: camelCase, without the case of a oneof.
"""

import difflib
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from cowmask.v1 import datasets_pb2, experiment_config_pb2, masks_pb2
from cowmask_worker.runs.refusal import Violation, camel_case, invalid, shown
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.options import AUTO, Option, OptionsTable
from cowmask_worker.service.rules import (
    boundaries_ascending,
    dataset_rules,
    experiment_rules,
    image_channels,
    model_rules,
    range_order,
    tensor_elements,
)

_LONGEST_COMPARED = 100
# Far more than options need: everything that is wrong with them takes time.
OPTIONS_BYTES = 131_072

type _Range = experiment_config_pb2.Range
# Their classes depend on how protobuf is installed.
type _Field = Any
type _Oneof = Any


class Validation:
    def __init__(self, table: OptionsTable, limits: Limits, library: Library) -> None:
        self._table = table
        self._limits = limits
        self._library = library

    def checked[M: Message](self, message: M) -> M:
        """A copy with the defaults filled in, `auto` ones left open. Raises `INVALID_OPTION` with all violations."""
        filled, violations = self.check(message)
        if violations:
            raise invalid(violations)
        return filled

    def check[M: Message](self, message: M) -> tuple[M, list[Violation]]:
        if message.ByteSize() > OPTIONS_BYTES:
            reason = f"must be {OPTIONS_BYTES:,} bytes of options at most; got {message.ByteSize():,}"
            return message, [Violation("", reason)]
        filled = type(message)()
        filled.CopyFrom(message)
        walk = _Walk(self._table.of(message.DESCRIPTOR.name))
        walk.message(filled, (), ())
        violations = walk.violations
        if isinstance(filled, masks_pb2.GenerateRequest):
            violations += tensor_elements(
                "count", (filled.count, filled.height, filled.width), self._limits.tensor_elements
            )
        if isinstance(filled, datasets_pb2.DatasetImportOptions | datasets_pb2.InspectOptions):
            violations += image_channels(filled)
        if isinstance(filled, datasets_pb2.InspectOptions):
            blamed = {violation.path for violation in violations}
            violations += [each for each in model_rules(filled.model) if each.path not in blamed]
        if isinstance(filled, experiment_config_pb2.ExperimentConfig):
            # A number that is out of its bounds is told once.
            blamed = {violation.path for violation in violations}
            violations += [each for each in experiment_rules(filled) if each.path not in blamed]
            if "dataset.name" not in blamed:
                facts = self._library.find(filled.dataset.name)
                if facts is None:
                    violations.append(self._library.unknown(filled.dataset.name, "dataset.name"))
                else:
                    violations += dataset_rules(filled, facts, violations)
        return filled, violations


class _Walk:
    def __init__(self, options: dict[str, Option]) -> None:
        self._options = options
        self.violations: list[Violation] = []

    def message(self, message: Message, path: tuple[str, ...], script: tuple[str, ...]) -> None:
        """`path` leads to the message in the table, `script` in a script."""
        self._unknown(message, script)
        for oneof in message.DESCRIPTOR.oneofs:
            if not _synthetic(oneof):
                self._case(oneof, message, path, script)
        for field in message.DESCRIPTOR.fields:
            if field.containing_oneof is None or _synthetic(field.containing_oneof):
                self._field(field, message, (*path, field.name), (*script, camel_case(field.name)))

    def _case(self, oneof: _Oneof, message: Message, path: tuple[str, ...], script: tuple[str, ...]) -> None:
        case = message.WhichOneof(oneof.name)
        if case is None:
            option = self._options[".".join(path)]
            if option.required:
                self._blame((*script, oneof.name), f"is required: {_one_of(option.allowed)}")
            if option.required or len(UnknownFieldSet(message)):
                return
            case = option.default
        chosen: Message = getattr(message, case)
        chosen.SetInParent()
        self.message(chosen, (*path, case), script)

    def _field(self, field: _Field, message: Message, path: tuple[str, ...], script: tuple[str, ...]) -> None:
        option = self._options.get(".".join(path))
        if option is None or option.type == "oneof":
            inner: Message = getattr(message, field.name)
            inner.SetInParent()
            self.message(inner, path, script)
        elif option.type == "Boundary[]":
            self._boundaries(option, getattr(message, field.name), script)
        elif not message.HasField(field.name):
            self._absent(option, field, message, script)
        elif option.type == "Range":
            self._range(option, getattr(message, field.name), script)
        else:
            self._scalar(option, getattr(message, field.name), script)

    def _absent(self, option: Option, field: _Field, message: Message, script: tuple[str, ...]) -> None:
        if option.required:
            self._blame(script, f"is required: {_allowed(option)}")
        elif option.default == AUTO or option.default is None:
            return
        elif option.type == "Range":
            both: _Range = getattr(message, field.name)
            both.low, both.high = option.default
        else:
            setattr(message, field.name, option.default)

    def _scalar(self, option: Option, value: Any, script: tuple[str, ...]) -> None:
        if option.type == "string" and not option.admits(value):
            names = option.allowed or option.known
            close = difflib.get_close_matches(value[:_LONGEST_COMPARED], names, n=1)
            self._blame(script, f"must be {_allowed(option)}; got {shown(value)}", nearest=close[0] if close else "")
        elif option.type in ("uint32", "double") and not option.bounds.contain(value):
            self._blame(script, f"must be {_allowed(option)}; got {value}")

    def _range(self, option: Option, both: _Range, script: tuple[str, ...]) -> None:
        self._unknown(both, script)
        if not (both.HasField("low") and both.HasField("high")):
            self._blame(script, f"must be {_allowed(option)}; one end is missing")
            return
        if not (option.bounds.contain(both.low) and option.bounds.contain(both.high)):
            self._blame(script, f"must be {_allowed(option)}; got [{both.low}, {both.high}]")
            return
        self.violations += range_order(_joined(script), both.low, both.high)

    def _boundaries(self, option: Option, boundaries: Any, script: tuple[str, ...]) -> None:
        if not boundaries:
            for at, factor in option.default:
                boundaries.add(at=at, factor=factor)
            return
        if len(boundaries) > option.most:
            self._blame(script, f"must be a list of 1 to {option.most} [at, factor] pairs; got {len(boundaries):,}")
            return
        for index, boundary in enumerate(boundaries):
            each = (*script[:-1], f"{script[-1]}[{index}]")
            self._unknown(boundary, each)
            complete = boundary.HasField("at") and boundary.HasField("factor")
            if not (complete and option.at.contain(boundary.at) and option.factor.contain(boundary.factor)):
                got = f"[{boundary.at}, {boundary.factor}]" if complete else "only one of the two"
                self._blame(
                    each, f"must be [at, factor], at a number {option.at}, factor a number {option.factor}; got {got}"
                )
        self.violations += boundaries_ascending(_joined(script), [each.at for each in boundaries])

    def _unknown(self, message: Message, script: tuple[str, ...]) -> None:
        for field in UnknownFieldSet(message):
            self._blame(
                script,
                f"field number {field.field_number} of {message.DESCRIPTOR.name} is not known to this worker; "
                "use the same version on both sides",
            )

    def _blame(self, script: Sequence[str], reason: str, nearest: str = "") -> None:
        self.violations.append(Violation(_joined(script), reason, nearest))


def _joined(script: Sequence[str]) -> str:
    return ".".join(script)


def _synthetic(oneof: _Oneof) -> bool:
    """Whether the compiler made it up for an `optional` field."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"


def _allowed(option: Option) -> str:
    match option.type:
        case "uint32":
            return f"a whole number {option.bounds}"
        case "Range":
            return f"[low, high], two numbers {option.bounds}"
        case "string":
            return _one_of(option.allowed) if option.allowed else option.pattern_text
        case _:
            return f"a number {option.bounds}"


def _one_of(words: Sequence[str]) -> str:
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"
