"""A Flax NNX network, split once into two pure functions of plain nested dicts."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray

type Tree = dict[str, Any]
"""Nested dicts of arrays, keyed by attribute name; the items of a list by their number, as text."""


class Variables(NamedTuple):
    """What a network computes with: `parameters` follow the gradient, `statistics` the batches seen."""

    parameters: Tree
    statistics: Tree


@runtime_checkable
class Apply(Protocol):
    """The network as a function: logits and the statistics after the pass (in evaluation the given ones)."""

    def __call__(
        self, variables: Variables, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> tuple[Float[Array, "n classes"], Tree]: ...


class Network(Protocol):
    """What a module must answer: `key` feeds its random layers, and only a training pass needs one."""

    def __call__(
        self, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> Float[Array, "n classes"]: ...


class Functional(NamedTuple):
    """A network without state: `init` draws its variables, `apply` runs it on them."""

    init: Callable[[PRNGKeyArray], Variables]
    apply: Apply


def functional(make: Callable[[nnx.Rngs], Network]) -> Functional:
    """Splits the network that `make` builds into pure functions.

    The module's graph is traced once, without computing anything. `jax.jit` of a function over the split variables
    dispatches several times faster than `nnx.jit` over the module, and fits into loops on the device.
    """
    graph, *_ = nnx.split(nnx.eval_shape(lambda: make(nnx.Rngs(0))), nnx.Param, nnx.BatchStat)

    def init(key: PRNGKeyArray) -> Variables:
        _, parameters, statistics = nnx.split(make(nnx.Rngs(key)), nnx.Param, nnx.BatchStat)
        return Variables(_named(nnx.to_pure_dict(parameters)), _named(nnx.to_pure_dict(statistics)))

    def apply(
        variables: Variables, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> tuple[Float[Array, "n classes"], Tree]:
        # Without a copy a pass that updates statistics would write to variables of an outer trace.
        network: Network = nnx.merge(graph, _numbered(variables.parameters), _numbered(variables.statistics), copy=True)
        logits = network(images, train=train, key=key)
        return logits, _named(nnx.to_pure_dict(nnx.state(network, nnx.BatchStat)))

    return Functional(init, apply)


def computing_in(apply: Apply, dtype: DTypeLike) -> Apply:
    """The network on images of another type, which all its layers then compute in; statistics and logits stay
    float32."""

    def cast(
        variables: Variables, images: Float[Array, "n h w c"], *, train: bool, key: PRNGKeyArray | None
    ) -> tuple[Float[Array, "n classes"], Tree]:
        return apply(variables, images.astype(dtype), train=train, key=key)

    return cast


def _named(tree: Any) -> Any:
    return {str(name): _named(branch) for name, branch in tree.items()} if isinstance(tree, dict) else tree


def _numbered(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    return {int(name) if name.isdecimal() else name: _numbered(branch) for name, branch in tree.items()}
