"""Random keys as pure functions of (seed, stream, step): nothing to save, nothing to restore."""

from enum import IntEnum, unique
from typing import NamedTuple

import jax
from jaxtyping import Array, Int, PRNGKeyArray


@unique
class Stream(IntEnum):
    """What a key is for. Frozen: a changed number changes every run; a new stream takes the next free one."""

    INIT = 0
    PERTURB = 1
    SUPERVISED = 2
    UNSUPERVISED_STUDENT = 3
    UNSUPERVISED_TEACHER = 4
    MIX = 5
    MIX_STUDENT = 6
    MIX_TEACHER = 7
    LABELED_ORDER = 8
    UNLABELED_ORDER = 9
    LABELED_AUGMENT = 10
    UNLABELED_AUGMENT = 11
    UNLABELED_AUGMENT_SECOND = 12
    LABELED_JITTER = 13
    UNLABELED_JITTER = 14
    UNLABELED_JITTER_SECOND = 15


class StepKeys(NamedTuple):
    """The seven keys of one training step, in the order in which the reference splits them.

    The teacher's two are unused, since its passes draw nothing; they keep the reference's split whole.
    """

    perturb: PRNGKeyArray
    supervised: PRNGKeyArray
    unsupervised_student: PRNGKeyArray
    unsupervised_teacher: PRNGKeyArray
    mix: PRNGKeyArray
    mix_student: PRNGKeyArray
    mix_teacher: PRNGKeyArray


def stream_key(root: PRNGKeyArray, stream: Stream) -> PRNGKeyArray:
    """The key of one stream of a run; fold a step into it to get that step's key."""
    return jax.random.fold_in(root, stream)


def step_keys(root: PRNGKeyArray, step: Int[Array, ""] | int) -> StepKeys:
    """The keys of step `step` (from 0) of the run that starts from `root`."""

    def key(stream: Stream) -> PRNGKeyArray:
        return jax.random.fold_in(stream_key(root, stream), step)

    return StepKeys(
        perturb=key(Stream.PERTURB),
        supervised=key(Stream.SUPERVISED),
        unsupervised_student=key(Stream.UNSUPERVISED_STUDENT),
        unsupervised_teacher=key(Stream.UNSUPERVISED_TEACHER),
        mix=key(Stream.MIX),
        mix_student=key(Stream.MIX_STUDENT),
        mix_teacher=key(Stream.MIX_TEACHER),
    )


def reference_step_keys(key: PRNGKeyArray) -> StepKeys:
    """The keys that the authors' train step makes from the one key it is given."""
    return StepKeys(*jax.random.split(key, len(StepKeys._fields)))
