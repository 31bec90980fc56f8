"""Losses, confidence and evaluation counts against recorded ones."""

import re
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from cowmask_worker.parity.comparison import Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import VectorFile
from cowmask_worker.training.evaluation import tally
from cowmask_worker.training.losses import confidence_weight, cross_entropy

_GROUP = "losses"
_CONFIDENCE = re.compile(r"conf/t(-?[0-9.]+)_(each|avg)_weight")


def losses(file: VectorFile) -> Iterator[Row]:
    arrays = file.arrays
    entropy, confidence, evaluation = Comparison(), Comparison(), Comparison()

    def close(comparison: Comparison, name: str, found: jax.Array) -> None:
        comparison.close(name, found, arrays[name], 1e-6 * np.abs(arrays[name]))

    logits, labels = jnp.asarray(arrays["ce/logits"]), jnp.asarray(arrays["ce/labels"])
    each = cross_entropy(logits, labels)
    close(entropy, "ce/loss", each.mean())
    close(entropy, "train_metrics/loss", each.mean())
    close(entropy, "train_metrics/error_rate", (logits.argmax(1) != labels).mean(dtype=jnp.float32))

    values = jnp.asarray(arrays["conf/confidence"][:, 0])
    for name in arrays:
        if matched := _CONFIDENCE.fullmatch(name):
            weighted = confidence_weight(values, threshold=float(matched[1]), average=matched[2] == "avg")
            # Averaged, theirs is one number for all images.
            expected = np.broadcast_to(arrays[name].reshape(-1), weighted.weight.shape)
            confidence.close(name, weighted.weight, expected, 1e-6 * np.abs(expected))
            close(confidence, name.replace("_weight", "_rate"), weighted.rate)

    counted = tally(jnp.asarray(arrays["eval/logits"]), jnp.asarray(arrays["eval/labels"]))
    close(evaluation, "eval/loss_sum", counted.loss)
    close(evaluation, "eval/error_count", counted.wrong)
    close(evaluation, "eval/sample_count", counted.images)
    close(evaluation, "eval/loss", counted.evaluation().loss)
    close(evaluation, "eval/error_rate", counted.evaluation().error)
    close(evaluation, "eval/top5_error_count", counted.wrong_in_five)
    close(evaluation, "eval/top5_error_rate", counted.evaluation().top5_error)

    yield entropy.row(_GROUP, "cross entropy and error of a batch", "1e-6 relative")
    yield confidence.row(_GROUP, "confidence weights and shares, every option", "1e-6 relative")
    yield evaluation.row(_GROUP, "loss and error of a set with padding", "1e-6 relative")
