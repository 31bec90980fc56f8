"""A comparison by value: what it measures, and what it lets pass."""

import math

import numpy as np
import pytest

from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.row import Row, left_out
from cowmask_worker.parity.vectors import nested


def row(comparison: Comparison) -> Row:
    return comparison.row("group", "name", "told")


def unasked() -> float:
    raise AssertionError("the value in higher precision is asked for where it is needed only")


def test_a_row_holds_the_worst_of_all_values() -> None:
    comparison = Comparison()
    comparison.close("first", [1.0, 2.5], [1.0, 2.0], 0.5)
    comparison.close("second", [[10.25]], [[10.0]], 0.25)
    comparison.require(True, "not told")
    expected = Row(group="group", name="name", cases=4, max_abs=0.5, max_rel=0.25, tolerance="told", ok=True)
    assert row(comparison) == expected


def test_what_is_too_far_is_named_with_its_value() -> None:
    comparison = Comparison()
    # The largest difference is allowed, a smaller one is not.
    comparison.close("it", [5.0, 1.5, 3.0], [7.0, 1.25, 3.0], [2.0, 0.125, 0.0])
    found = row(comparison)
    assert (found.ok, found.cases, found.max_abs) == (False, 3, 2.0)
    assert found.detail == "it: 1.5 for 1.25, 1 too far"


def test_equal_means_equal() -> None:
    comparison = Comparison()
    comparison.equal("it", np.float32(1), np.nextafter(np.float32(1), np.float32(2)))
    assert not row(comparison).ok


def test_relative_is_to_the_largest_or_to_what_is_named() -> None:
    largest, named, zero = Comparison(), Comparison(), Comparison()
    largest.close("it", [0.0, 4.0], [1.0, -4.0], 10)
    named.close("it", 0.5, 0.0, 1, magnitude=2.0)
    zero.close("it", [0.0, 0.5], [0.0, 0.0], 1)
    assert [row(each).max_rel for each in (largest, named, zero)] == [2.0, 0.25, 1.0]


@pytest.mark.parametrize(("found", "expected"), [(math.nan, 1.0), (1.0, math.nan), (math.nan, math.nan)])
def test_what_is_no_number_is_too_far_and_not_measured(found: float, expected: float) -> None:
    comparison = Comparison()
    comparison.close("fine", 1.0, 1.0, 0.0)
    comparison.close("it", [1.0, found], [1.0, expected], math.inf, exact=lambda: [1.0, expected])
    comparison.close("fine, too", 2.0, 1.0, 1.0)
    failed = row(comparison)
    assert (failed.ok, failed.cases, failed.max_abs, failed.max_rel) == (False, 4, None, None)
    assert failed.detail.startswith("it: ")
    assert "nan" in failed.detail


def test_another_shape_is_told_and_counts_nothing() -> None:
    comparison = Comparison()
    comparison.close("it", np.ones((2, 3)), np.ones((3, 2)), 1.0)
    found = row(comparison)
    assert (found.ok, found.cases, found.max_abs) == (False, 0, None)
    assert found.detail == "it has the shape [2, 3], expected [3, 2]"


def test_nothing_compared_is_nothing_shown() -> None:
    found, empty = row(Comparison()), Comparison()
    empty.equal("it", [], [])
    assert (found.ok, found.detail, found.max_abs) == (False, "nothing was compared", None)
    assert row(empty) == found


def test_at_most_three_reasons_are_told() -> None:
    comparison = Comparison()
    for number in range(5):
        comparison.require(False, f"reason {number}")
    assert row(comparison).detail == "reason 0; reason 1; reason 2; and 2 more"


def test_the_exact_value_is_not_asked_for_what_is_close() -> None:
    comparison = Comparison()
    comparison.close("it", 1.0, 1.5, 0.5, exact=unasked)
    assert row(comparison).ok


def test_a_recorded_value_that_was_itself_rounded_is_excused_and_told() -> None:
    comparison = Comparison()
    comparison.close("it", [1.0, 7.0], [1.5, 7.0], 0.125, exact=lambda: [1.25, 7.0])
    found = row(comparison)
    assert (found.ok, found.max_abs) == (True, 0.5)
    assert found.detail == "within twice the distance of the recorded value from float64: it"


@pytest.mark.parametrize(
    ("ours", "recorded", "exact"),
    [
        # The recorded value is the better one.
        (1.5, 1.0, 1.0),
        (1.5, 1.0, 1.125),
        # The recorded value is another one, whatever ours is.
        (1.0, 8.0, 1.0),
        (1.0, 1e6, 1.0),
        # There is no exact one.
        (1.5, 1.0, math.nan),
    ],
)
def test_nothing_else_is_excused_by_the_exact_value(ours: float, recorded: float, exact: float) -> None:
    comparison = Comparison()
    comparison.close("it", ours, recorded, 0.125, exact=lambda: exact)
    assert not row(comparison).ok


def test_a_row_has_the_names_that_scripts_know_and_no_empty_detail() -> None:
    comparison = Comparison()
    comparison.equal("it", 1, 1)
    told = {"group": "group", "name": "name", "cases": 1, "tolerance": "told", "ok": True, "maxAbs": 0.0, "maxRel": 0.0}
    assert row(comparison).as_json() == told
    assert left_out("group", "name", "slow").as_json() == told | {
        "cases": 0, "tolerance": "", "ok": None, "maxAbs": None, "maxRel": None, "detail": "slow",
    }  # fmt: skip


def test_paths_become_nested() -> None:
    assert nested({"a/b": 1, "a/c/d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
