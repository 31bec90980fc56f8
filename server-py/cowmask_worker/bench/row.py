"""One measured figure beside what it is held to."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`ours` and `baseline` are medians, `spread` the smallest and the largest of ours, `ratio` ours over the baseline.
    `ok` is None where a row was not run; `detail` then says why."""

    name: str
    unit: str
    ours: float
    spread: tuple[float, float]
    baseline_name: str
    baseline: float
    ratio: float
    target: str
    ok: bool | None
    device: str
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row under the names that scripts in TypeScript know."""
        fields = asdict(self)
        fields["baselineName"] = fields.pop("baseline_name")
        return fields


def summed_up(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The median and the spread."""
    return statistics.median(values), (min(values), max(values))
