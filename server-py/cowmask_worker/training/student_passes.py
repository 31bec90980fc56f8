"""The student's passes of one step: one after the other, or all in one."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from cowmask_worker.models.batch_norm import MOMENTUM
from cowmask_worker.models.functional import Apply
from cowmask_worker.training.state import Tree, Variables


class Pass(NamedTuple):
    """What the student sees in one pass, and the key of the layers that draw."""

    images: Float[Array, "n h w c"]
    key: PRNGKeyArray


def student_passes(
    apply: Apply, student: Variables, passes: Sequence[Pass], *, together: bool
) -> tuple[list[Float[Array, "n classes"]], Tree]:
    """The logits of every pass, and the statistics after them.

    The first pass hands its statistics on to the others. Of those, which all start from the same ones, the first
    one's stay: with both paths on, the mixing pass's are dropped, as in the reference (train_semisup.py).

    `together` runs the network once over all images, each pass with its own batch statistics and its own key: the
    same to float32 rounding. All passes must then have as many images as the first.
    """
    if not together:
        first, *rest = passes
        logits, statistics = apply(student, first.images, train=True, key=first.key)
        seen = Variables(student.parameters, statistics)
        answers = [apply(seen, each.images, train=True, key=each.key) for each in rest]
        return [logits, *(answer for answer, _ in answers)], (answers[0][1] if answers else statistics)

    images, keys = (jnp.stack(parts) for parts in zip(*passes, strict=True))
    logits, statistics = jax.vmap(lambda images, key: apply(student, images, train=True, key=key))(images, keys)
    first, *others = (jax.tree.map(lambda leaf, place=place: leaf[place], statistics) for place in range(len(passes)))
    return list(logits), _handed_on(student.statistics, first, others[0]) if others else first


def _handed_on(before: Tree, first: Tree, second: Tree) -> Tree:
    """What the running statistics are after two passes that each moved from `before`, had the second moved from where
    the first one left them."""
    return jax.tree.map(lambda old, one, two: two + MOMENTUM * (one - old), before, first, second)
