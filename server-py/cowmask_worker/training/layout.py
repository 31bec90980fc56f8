"""Where the arrays of a run lie: all on one device, or each batch in parts over several that each hold the state."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec


class Layout(NamedTuple):
    """A batch stays one batch: its statistics, averages and mixing partners are those of all its images, so that how
    many devices compute them changes the last bits alone.

    `copies` and `parts` place an array whole on each of the `devices`, or a part of its first axis; None, where there
    is one, leaves it to jax.
    """

    devices: int
    copies: NamedSharding | None
    parts: NamedSharding | None

    def put(self, tree: Any, *, may_alias: bool | None = None) -> Any:
        """Whole on every device; a CPU may take it to be the caller's own memory, unless `may_alias` is False."""
        return jax.device_put(tree, self.copies, may_alias=may_alias)

    def copied[T](self, tree: T) -> T:
        """Says of arrays in a traced function that every device holds them."""
        return tree if self.copies is None else jax.lax.with_sharding_constraint(tree, self.copies)

    def divided[T](self, tree: T) -> T:
        """Says of images or labels in a traced function that each device computes its part, where parts are equal."""
        if self.parts is None:
            return tree

        def placed(array: Any) -> NamedSharding | None:
            return self.copies if len(array) % self.devices else self.parts

        return jax.lax.with_sharding_constraint(tree, jax.tree.map(placed, tree))


ON_ONE_DEVICE = Layout(1, None, None)


def over_devices(devices: Sequence[Any]) -> Layout:
    """Over all of them."""
    if len(devices) == 1:
        return ON_ONE_DEVICE
    # Of type "auto": an explicit axis refuses to reverse a batch, which makes the mixing partners.
    mesh = Mesh(np.array(devices), ("data",), axis_types=(AxisType.Auto,))
    return Layout(len(devices), NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data")))


def most_that_divide(devices: int, *batches: int) -> int:
    """The largest number of devices, from 1 to `devices`, that gives each an equal part of every batch."""
    common = math.gcd(*batches)
    return max(count for count in range(1, devices + 1) if common % count == 0)
