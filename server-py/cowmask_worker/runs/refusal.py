"""Errors that belong to the contract: a call is refused, or a run ended, for a reason that somebody can act on."""

from collections.abc import Sequence
from dataclasses import dataclass

from cowmask.v1 import error_pb2, event_pb2

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong. `path` is as a script writes it, `rule` the name of the rule that it breaks, if any."""

    path: str
    reason: str
    nearest: str = ""
    rule: str | None = None


class Refusal(Exception):  # noqa: N818
    """Carries a `Failure`, and the violations where options were wrong, to the caller."""

    def __init__(self, failure: event_pb2.Failure, violations: Sequence[error_pb2.FieldViolation] = ()) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.violations = tuple(violations)


def refusal(code: str, message: str, hint: str = "") -> Refusal:
    return Refusal(event_pb2.Failure(code=code, message=message, hint=hint))


def invalid(violations: Sequence[Violation]) -> Refusal:
    """Refuses options, telling everything that is wrong with them at once."""
    first, others = violations[0], len(violations) - 1
    message = f"{first.path}: {first.reason}" if first.path else first.reason
    if others:
        message += f" (and {others} more)"
    return Refusal(
        event_pb2.Failure(code="INVALID_OPTION", message=message, hint="Correct the fields that are listed."),
        [error_pb2.FieldViolation(path=each.path, reason=each.reason, nearest=each.nearest) for each in violations],
    )


def run_not_found(run_id: str) -> Refusal:
    return refusal("RUN_NOT_FOUND", f"There is no run {shown(run_id)}.", "List the runs to see which there are.")


def storage_full(message: str) -> Refusal:
    return refusal("STORAGE_FULL", message, "Make room on the disk of the state folder; runs that wait for it go on.")


def camel_case(field: str) -> str:
    """A field of the contract as a script writes it."""
    first, *others = field.split("_")
    return first + "".join(each.capitalize() for each in others)


def shown(value: object) -> str:
    """A value as it may stand in a message: quoted, and cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
