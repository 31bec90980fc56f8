"""Adds up the differences of one row."""

import contextlib
from collections.abc import Callable, Generator
from contextvars import ContextVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cowmask_worker.parity.row import Row

type _Floats = NDArray[np.float64]

# Gradients of the authors' float32 code jumped by up to 24 tolerances where a feature lay on a ReLU's kink.
_MOST_ROUNDED = 50
"""How many times what is allowed the recorded value itself may lie from the exact one, to be taken for rounding."""


DRAWS = 100_000
"""How many draws a distribution is judged by."""
LEAST_P = 0.001
"""The probability below which draws are taken to be of another distribution."""

_FACTOR = ContextVar("factor", default=1.0)


@contextlib.contextmanager
def tolerances_times(factor: float) -> Generator[None]:
    """Comparisons that are begun within allow differences `factor` times as large; what must be equal still must."""
    before = _FACTOR.set(factor)
    try:
        yield
    finally:
        _FACTOR.reset(before)


class Comparison:
    """Takes pairs of arrays, each with what they may differ by, and remembers the worst."""

    def __init__(self) -> None:
        self.factor = _FACTOR.get()
        self._cases = 0
        self._max_abs = 0.0
        self._max_rel = 0.0
        self._wrong: list[str] = []
        self._explained: list[str] = []

    def close(
        self,
        what: str,
        found: ArrayLike,
        expected: ArrayLike,
        allowed: ArrayLike,
        *,
        magnitude: float | None = None,
        exact: Callable[[], ArrayLike] | None = None,
    ) -> None:
        """`allowed` is an absolute difference, for all elements or for each. A NaN is always too far.

        The relative difference is over `magnitude`, by default the largest expected one; a number that is expected to
        vanish, such as a mean, names another.

        `exact` gives the value in higher precision. It is asked for where ours is too far from the expected one: two
        roundings of one value may lie twice as far from each other as the expected one lies from the exact one. An
        expected one that lies far from it is no rounding of it, but another value.
        """
        ours, theirs = _floats(found), _floats(expected)
        if ours.shape != theirs.shape:
            self._wrong.append(f"{what} has the shape {list(ours.shape)}, expected {list(theirs.shape)}")
            return
        self._cases += ours.size
        if not ours.size:
            return
        difference = np.abs(ours - theirs)
        worst = float(difference.max())
        magnitude = float(np.abs(theirs).max()) if magnitude is None else magnitude
        self._max_abs = _larger(self._max_abs, worst)
        self._max_rel = _larger(self._max_rel, worst / magnitude if magnitude else float(worst > 0))
        beyond = ~(difference <= self.factor * np.asarray(allowed))
        if beyond.any() and exact is not None and _is_rounding(worst, np.abs(theirs - _floats(exact())), allowed):
            self._explained.append(what)
        elif beyond.any():
            place = int(np.argmax(np.where(beyond, np.nan_to_num(difference, nan=np.inf), -1)))
            self._wrong.append(f"{what}: {ours.flat[place]:.9g} for {theirs.flat[place]:.9g}, {beyond.sum():,} too far")

    def equal(self, what: str, found: ArrayLike, expected: ArrayLike) -> None:
        self.close(what, found, expected, 0.0)

    def require(self, holds: bool, otherwise: str) -> None:
        """For what is no number; counts as one case."""
        self._cases += 1
        if not holds:
            self._wrong.append(otherwise)

    def likely(self, what: str, p: float) -> None:
        """For draws that a test gives the probability `p`."""
        self.require(p > LEAST_P, f"{what}: p = {p:.2g}")

    def row(self, group: str, name: str, tolerance: str) -> Row:
        measured = self._cases > 0 and np.isfinite([self._max_abs, self._max_rel]).all()
        return Row(
            group=group,
            name=name,
            cases=self._cases,
            max_abs=self._max_abs if measured else None,
            max_rel=self._max_rel if measured else None,
            tolerance=tolerance if self.factor == 1 else f"{tolerance}, times {self.factor:g} on this device",
            ok=not self._wrong and self._cases > 0,
            detail=self._detail(),
        )

    def _detail(self) -> str:
        if self._wrong:
            return _told(self._wrong)
        if not self._cases:
            return "nothing was compared"
        if self._explained:
            return f"within twice the distance of the recorded value from float64: {_told(self._explained)}"
        return ""


def _is_rounding(worst: float, rounded: _Floats, allowed: ArrayLike) -> bool:
    """Whether the largest difference is one of two roundings, where the expected values are off by `rounded`."""
    return bool((rounded <= _MOST_ROUNDED * _floats(allowed)).all()) and worst <= 2 * float(rounded.max())


def _floats(values: ArrayLike) -> _Floats:
    return np.asarray(values, np.float64)


def _larger(one: float, other: float) -> float:
    """NaN wins, so that it is seen."""
    return other if np.isnan(other) or other > one else one


def _told(wrong: list[str]) -> str:
    more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return "; ".join(wrong[:3]) + more
