"""One measured figure beside what it is held to."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`ours` and `baseline` are medians, `spread` the smallest and the largest of ours, `ratio` ours over the baseline.
    Of a row that was not run they are None, as is `ok`; `detail` then says why."""

    name: str
    unit: str
    ours: float | None
    spread: tuple[float, float] | None
    baseline_name: str
    baseline: float | None
    ratio: float | None
    target: str
    ok: bool | None
    device: str
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row under the names that scripts in TypeScript know."""
        fields = asdict(self)
        fields["baselineName"] = fields.pop("baseline_name")
        return fields


def not_run(name: str, unit: str, *, baseline_name: str, target: str, device: str, detail: str) -> Row:
    """A row without figures; `detail` says why."""
    return Row(
        name=name,
        unit=unit,
        ours=None,
        spread=None,
        baseline_name=baseline_name,
        baseline=None,
        ratio=None,
        target=target,
        ok=None,
        device=device,
        detail=detail,
    )


def summed_up(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The median and the spread."""
    return statistics.median(values), (min(values), max(values))
