"""Keys are frozen functions of root, stream and step."""

import jax
import numpy as np
import pytest
from jaxtyping import PRNGKeyArray

from cowmask_worker.training.keys import StepKeys, Stream, reference_step_keys, step_keys, stream_key


def words(key: PRNGKeyArray) -> tuple[int, ...]:
    return tuple(np.asarray(jax.random.key_data(key)).tolist())


def test_stream_numbers_never_change() -> None:
    # Every stored run and every resume relies on them.
    assert [(stream.name, stream.value) for stream in Stream] == [
        ("INIT", 0),
        ("PERTURB", 1),
        ("SUPERVISED", 2),
        ("UNSUPERVISED_STUDENT", 3),
        ("UNSUPERVISED_TEACHER", 4),
        ("MIX", 5),
        ("MIX_STUDENT", 6),
        ("MIX_TEACHER", 7),
        ("LABELED_ORDER", 8),
        ("UNLABELED_ORDER", 9),
        ("LABELED_AUGMENT", 10),
        ("UNLABELED_AUGMENT", 11),
        ("UNLABELED_AUGMENT_SECOND", 12),
        ("LABELED_JITTER", 13),
        ("UNLABELED_JITTER", 14),
        ("UNLABELED_JITTER_SECOND", 15),
    ]


def test_every_step_and_stream_has_its_own_key() -> None:
    root = jax.random.key(0)
    keys = [words(key) for step in range(50) for key in step_keys(root, step)]
    keys += [words(stream_key(root, stream)) for stream in Stream]
    assert len(set(keys)) == 50 * len(StepKeys._fields) + len(Stream)


@pytest.mark.parametrize("field", StepKeys._fields)
def test_a_step_key_is_the_stream_key_with_the_step_folded_in(field: str) -> None:
    root = jax.random.key(1)
    expected = jax.random.fold_in(stream_key(root, Stream[field.upper()]), 17)
    assert words(getattr(step_keys(root, 17), field)) == words(expected)
    assert words(getattr(jax.jit(step_keys)(root, 17), field)) == words(expected)


def test_reference_keys_are_its_split_in_order() -> None:
    key = jax.random.PRNGKey(3)
    for found, expected in zip(reference_step_keys(key), jax.random.split(key, 7), strict=True):
        assert words(found) == words(expected)
