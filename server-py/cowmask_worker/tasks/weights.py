"""Weights in and out: named arrays on one side, a model or a whole training state on the other.

Names are ours ("parameters/stem/kernel", "statistics/norm/mean") or those of the authors' code ("init_conv/kernel"). In
a whole state the owner stands before them: "student/", "teacher/"; "momentum/", which has parameters only and does not
say so ("momentum/stem/kernel"); and there is "step". Under our names these are the names in a checkpoint's file.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.models.reference_names import Names
from cowmask_worker.runs.refusal import Violation, invalid, shown
from cowmask_worker.tasks.networks import reference_names
from cowmask_worker.training.checkpoints import named_leaves
from cowmask_worker.training.state import TrainState, Variables, initial_state

_MOST_TOLD = 20
_STEP = "step"
_OWNERS = ("student", "teacher", "momentum")
_OUR_KINDS = ("parameters", "statistics")

type Arrays = dict[str, NDArray[Any]]
# None stands for our own names.
type LeafNames = Names | None


def names_of(kind: str, model: config_pb2.ModelConfig) -> LeafNames:
    return reference_names(model) if kind == "reference" else None


def exported(variables: Variables, names: LeafNames) -> Arrays:
    """Every parameter and statistic of a model, on the host, under its name."""
    return _on_host(_named(None, variables, names))


def exported_state(state: TrainState, names: LeafNames) -> Arrays:
    """The same for a whole state."""
    return _on_host(
        {name: leaf for owner, part in _parts(state).items() for name, leaf in _named(owner, part, names).items()}
    )


def imported(arrays: Mapping[str, NDArray[Any]], like: TrainState, names: LeafNames, *, option: str) -> TrainState:
    """A state out of a model's arrays, or out of a whole state's; the leaves of `like` need a shape and a dtype only.

    A model becomes student and teacher alike. A state may lack its teacher (the student is copied), its momentum (zero)
    and its step (0). Raises `INVALID_OPTION` with every array that is missing, unknown, misshapen or not finite, at its
    path below `option`.
    """
    parts: dict[str | None, Any] = {**_parts(like)}
    owners = {name.partition("/")[0] for name in arrays}.intersection(parts)
    given = {owner: part for owner, part in parts.items() if owner in owners | {"student"}}
    if not owners:
        given = {None: like.student}
    expected = {owner: _named(owner, part, names) for owner, part in given.items()}
    _check(arrays, {name: leaf for leaves in expected.values() for name, leaf in leaves.items()}, names, option)
    filled = {
        owner: jax.tree.unflatten(jax.tree.structure(part), [arrays[name] for name in expected[owner]])
        for owner, part in given.items()
    }
    state = initial_state(filled["student" if owners else None])
    return state._replace(**{owner: part for owner, part in filled.items() if owner is not None})


def _parts(state: TrainState) -> dict[str, Any]:
    return {"student": state.student, "teacher": state.teacher, "momentum": state.momentum, _STEP: state.step}


def _named(owner: str | None, part: Any, names: LeafNames) -> dict[str, Any]:
    """The leaves of a part of the state, in its order, under the names that they have outside."""

    def outside(path: str) -> str:
        if names is None or owner == _STEP:
            return path
        return names.to_reference(path if owner == "momentum" else path.partition("/")[2])

    return {"/".join(filter(None, (owner, outside(path)))): leaf for path, leaf in named_leaves(part).items()}


def _on_host(leaves: dict[str, Any]) -> Arrays:
    return {name: np.asarray(leaf) for name, leaf in leaves.items()}


def _check(arrays: Mapping[str, NDArray[Any]], expected: dict[str, Any], names: LeafNames, option: str) -> None:
    known = [name for name in expected if name in arrays and name != _STEP]
    if not known:
        raise invalid([Violation(option, _strange(list(arrays), list(expected), names))])
    wrong = [Violation(f"{option}.{name}", reason) for name, reason in _faults(arrays, expected)]
    if len(wrong) > _MOST_TOLD:
        wrong = [*wrong[:_MOST_TOLD], Violation(option, f"has {len(wrong):,} faults in all; these are the first")]
    if wrong:
        raise invalid(wrong)


def _faults(arrays: Mapping[str, NDArray[Any]], expected: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names with what is wrong, in the order of the model, then what is none of it."""
    for name, leaf in expected.items():
        wanted = f"{np.dtype(leaf.dtype)} of the shape {list(leaf.shape)}"
        if name not in arrays:
            yield name, f"is required: {wanted}"
            continue
        array = arrays[name]
        if array.shape != leaf.shape or array.dtype != leaf.dtype:
            yield name, f"must be {wanted}; got {array.dtype} of the shape {list(array.shape)}"
        elif not (finite := np.isfinite(array)).all():
            first = np.argwhere(~finite)[0]
            yield name, f"must hold finite numbers only; got {array[tuple(first)]} at {first.tolist()}"
    for name in arrays:
        if name not in expected:
            yield name, "is no part of this model"


def _strange(found: list[str], expected: list[str], names: LeafNames) -> str:
    """What to say of arrays of which not one belongs to the model."""
    reason = f"must hold the arrays of this model, {_listed(expected)}; got {_listed(found)}. "
    if not found:
        return reason + "Read them from a file with readWeights()."
    owned = any(name.partition("/")[0] in _OWNERS for name in found)
    ours = any(name.split("/")[1 if owned else 0] in _OUR_KINDS for name in found if "/" in name)
    if ours and names is not None:
        return reason + "These are not the authors' names: leave out names: 'reference'."
    if not ours and names is None:
        return reason + "If these are the names of the authors' code, say so by names: 'reference'."
    if _STEP in found and not owned:
        return reason + "A model alone has no step; in a whole state student/ stands before the names."
    return reason + "Does option `model` name the network that they belong to?"


def _listed(names: list[str]) -> str:
    if not names:
        return "none"
    return ", ".join(shown(name) for name in names[:2]) + (", ..." if len(names) > 2 else "")
