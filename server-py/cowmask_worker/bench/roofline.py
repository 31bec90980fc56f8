"""What a computation must cost on an accelerator: its arithmetic and its memory traffic, counted from its jaxpr."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
from jax.extend import core


class Work(NamedTuple):
    """Floating-point operations of all convolutions and matmuls, a multiplication and an addition being two, and the
    bytes that these must move: every operand read once, every result written once. Whatever lies between them counts
    as free, as if it were computed while they read and write, so that nothing can be faster than this."""

    flops: float
    bytes: float


class PeakRates(NamedTuple):
    """Operations a second with bfloat16 operands, and bytes a second of memory."""

    flops: float
    bytes: float


# Dense, without sparsity, of the SXM form; NVIDIA's data sheets.
PEAK_RATES = {"H100": PeakRates(989e12, 3.35e12), "H200": PeakRates(989e12, 4.8e12), "A100": PeakRates(312e12, 2.04e12)}


def peak_rates(device_kind: str) -> PeakRates | None:
    """Of a device by what it calls itself; None of one that is not known here."""
    return next((rates for name, rates in PEAK_RATES.items() if name in device_kind), None)


def least_seconds(work: Work, rates: PeakRates) -> float:
    """The roofline's bound: nothing is faster than its arithmetic, nor than its memory traffic."""
    return max(work.flops / rates.flops, work.bytes / rates.bytes)


def counted(function: Callable[..., Any], *arguments: Any) -> Work:
    """The work of a function on arguments, which may be shapes. Of what depends on the platform, that of accelerators
    is counted; a loop's body once."""
    works = list(_works(jax.make_jaxpr(function)(*arguments).jaxpr))
    return Work(sum(work.flops for work in works), sum(work.bytes for work in works))


def _works(jaxpr: core.Jaxpr) -> Iterator[Work]:
    for equation in jaxpr.eqns:
        match equation.primitive.name:
            case "conv_general_dilated":
                yield _convolution(equation)
            case "dot_general":
                yield _matmul(equation)
            case "cond":
                # The branches of `platform_dependent` stand in order, the default last.
                yield from _works(equation.params["branches"][-1].jaxpr)
            case _:
                for inner in _inner(equation.params.values()):
                    yield from _works(inner)


def _inner(values: Any) -> Iterator[core.Jaxpr]:
    for value in values:
        inner = getattr(value, "jaxpr", value)
        if isinstance(inner, core.Jaxpr):
            yield inner


def _convolution(equation: Any) -> Work:
    _, kernel = (variable.aval for variable in equation.invars)
    (result,) = (variable.aval for variable in equation.outvars)
    features = kernel.shape[equation.params["dimension_numbers"].rhs_spec[0]]
    # Zeros that dilation puts between the pixels are not multiplied by whoever knows of them.
    zeros = math.prod(equation.params["lhs_dilation"])
    return Work(2 * math.prod(result.shape) * math.prod(kernel.shape) / features / zeros, _traffic(equation))


def _matmul(equation: Any) -> Work:
    (contracted, _), _ = equation.params["dimension_numbers"]
    shape = equation.invars[0].aval.shape
    (result,) = (variable.aval for variable in equation.outvars)
    return Work(2 * math.prod(result.shape) * math.prod(shape[axis] for axis in contracted), _traffic(equation))


def _traffic(equation: Any) -> float:
    arrays = (variable.aval for variable in (*equation.invars, *equation.outvars))
    return sum(math.prod(array.shape) * array.dtype.itemsize for array in arrays)
