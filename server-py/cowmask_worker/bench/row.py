"""One measured figure beside what it is held to."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jax


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


def measured(
    name: str,
    unit: str,
    ours: Sequence[float],
    *,
    baseline_name: str,
    baseline: Sequence[float],
    target: str,
    holds: Callable[[float], bool],
    detail: str = "",
) -> Row:
    """The row of what was measured in turn; `holds` judges the ratio of the medians."""
    median, spread = summed_up(ours)
    other, _ = summed_up(baseline)
    return Row(
        name=name,
        unit=unit,
        ours=median,
        spread=spread,
        baseline_name=baseline_name,
        baseline=other,
        ratio=median / other,
        target=target,
        ok=holds(median / other),
        device=device_kind(),
        detail=detail,
    )


def compared(
    name: str,
    unit: str,
    ours: Sequence[float],
    *,
    baseline_name: str,
    baseline: Sequence[float],
    most: float,
    detail: str = "",
) -> Row:
    """The row of what is held to at most a share of its baseline."""
    return measured(
        name,
        unit,
        ours,
        baseline_name=baseline_name,
        baseline=baseline,
        target=f"at most {most:g}x",
        holds=lambda ratio: ratio <= most,
        detail=detail,
    )


def not_run(name: str, unit: str, *, baseline_name: str, target: str, detail: str) -> Row:
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
        device=device_kind(),
        detail=detail,
    )


def device_kind() -> str:
    """What jax computes on, as its maker calls it."""
    return jax.devices()[0].device_kind


def summed_up(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The median and the spread."""
    return statistics.median(values), (min(values), max(values))
