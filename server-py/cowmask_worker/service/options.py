"""The table of options: `options.json`, which is made from the SDK's schemas."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_VERSION = 1
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Bounds:
    minimum: float | None = None
    exclusive_minimum: float | None = None
    maximum: float | None = None
    exclusive_maximum: float | None = None

    def contain(self, value: float) -> bool:
        """False for NaN and the infinities, whatever the bounds."""
        return (
            float("-inf") < value < float("inf")
            and (self.minimum is None or value >= self.minimum)
            and (self.exclusive_minimum is None or value > self.exclusive_minimum)
            and (self.maximum is None or value <= self.maximum)
            and (self.exclusive_maximum is None or value < self.exclusive_maximum)
        )

    def __str__(self) -> str:
        """What is allowed, as it stands after "a number"."""
        low, high = "", ""
        if self.exclusive_minimum is not None:
            low = f"above {_written(self.exclusive_minimum)}"
        elif self.minimum is not None:
            low = f"from {_written(self.minimum)}"
        if self.exclusive_maximum is not None:
            high = f"below {_written(self.exclusive_maximum)}"
        elif self.maximum is not None:
            high = f"{'at most' if self.exclusive_minimum is not None else 'to'} {_written(self.maximum)}"
        elif self.minimum is not None:
            high = "up"
        return " ".join(part for part in (low, high) if part) or "that is finite"


@dataclass(frozen=True, slots=True)
class Option:
    """One line of the table; `default` is None where there is none, `most` is how long a list may be."""

    path: str
    type: str
    bounds: Bounds
    default: Any
    required: bool
    allowed: tuple[str, ...]
    pattern: str
    pattern_text: str
    known: tuple[str, ...]
    at: Bounds
    factor: Bounds
    most: int

    def admits(self, text: str) -> bool:
        """Whether a string option may have this value."""
        return text in self.allowed if not self.pattern else re.fullmatch(self.pattern, text) is not None


class OptionsTable:
    """Options by the name of their message and their path in it, such as "mix.cowmix.sigma"."""

    def __init__(self, messages: dict[str, dict[str, Option]]) -> None:
        self._messages = messages

    @classmethod
    def read(cls, path: Path) -> "OptionsTable":
        """Raises `ValueError` for a table of another version, `OSError` where there is none."""
        table = json.loads(path.read_text(encoding="utf-8"))
        if table.get("version") != _VERSION:
            raise ValueError(f"{path} has version {table.get('version')}, expected {_VERSION}")
        messages: dict[str, list[dict[str, Any]]] = table["messages"]
        return cls({name: {each["path"]: _option(each) for each in lines} for name, lines in messages.items()})

    def of(self, message: str) -> dict[str, Option]:
        return self._messages[message]


def _option(line: dict[str, Any]) -> Option:
    return Option(
        path=line["path"],
        type=line["type"],
        bounds=_bounds(line),
        default=line.get("default"),
        required=line.get("required", False),
        allowed=tuple(line.get("allowed", line.get("cases", ()))),
        pattern=line.get("pattern", ""),
        pattern_text=line.get("patternText", ""),
        known=tuple(line.get("known", ())),
        at=_bounds(line.get("at", {})),
        factor=_bounds(line.get("factor", {})),
        most=line.get("most", 0),
    )


def _bounds(line: dict[str, Any]) -> Bounds:
    return Bounds(
        minimum=line.get("minimum"),
        exclusive_minimum=line.get("exclusiveMinimum"),
        maximum=line.get("maximum"),
        exclusive_maximum=line.get("exclusiveMaximum"),
    )


def _written(bound: float) -> str:
    return f"{bound:,}" if abs(bound) >= 10_000 else str(bound)
