"""Random layers, Shake-Shake, ShakeDrop and dropout, against recorded ones; and the distribution of what they draw."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy import stats

from cowmask_worker.models.dropout import dropout
from cowmask_worker.models.shake import (
    Gates,
    gated,
    layer_key,
    shake_drop_gates,
    shake_drop_mean,
    shake_shake,
    shake_shake_gates,
    shake_shake_mean,
)
from cowmask_worker.parity.comparison import DRAWS, LEAST_P, Comparison
from cowmask_worker.parity.row import Row
from cowmask_worker.parity.vectors import VectorFile

_GROUP = "layers"
_KEY = 61
_TOLERANCE = 2e-6
_DROPOUT_RATE = 0.3
_DROPOUT_LAYER = 5


def layers(file: VectorFile) -> Iterator[Row]:
    key = jax.random.PRNGKey(file.entry.get("seeds", {}).get("key", _KEY))
    yield _stream(file, key)
    yield _shake_shake(file, key)
    yield _shake_drop(file, key)
    yield _injected(file)
    yield _distribution()


def _stream(file: VectorFile, key: Array) -> Row:
    comparison = Comparison()
    recorded = file.arrays["stream/keys"]
    keys = [np.asarray(layer_key(key, layer=number + 1)) for number in range(len(recorded))]
    comparison.equal("stream/keys", keys, recorded)
    dropped = dropout(key, jnp.asarray(file.arrays["in/xa"]), _DROPOUT_RATE, layer=_DROPOUT_LAYER)
    comparison.close("dropout/out", dropped, file.arrays["dropout/out"], _TOLERANCE)
    return comparison.row(_GROUP, "keys of a pass's random layers, dropout", "keys equal; 2e-6")


def _shake_shake(file: VectorFile, key: Array) -> Row:
    comparison, arrays = Comparison(), file.arrays
    first, second, cotangent = (jnp.asarray(arrays[f"in/{name}"]) for name in ("xa", "xb", "cotangent"))
    gates = shake_shake_gates(key, len(first))
    mixed, pull_back = jax.vjp(lambda a, b: shake_shake(a, b, gates), first, second)
    gradients = pull_back(cotangent)
    comparison.close("shakeshake/out", mixed, arrays["shakeshake/out"], _TOLERANCE)
    for branch, gradient in zip("ab", gradients, strict=True):
        comparison.close(f"shakeshake/grad_{branch}", gradient, arrays[f"shakeshake/grad_{branch}"], _TOLERANCE)
    comparison.close("shakeshake/eval", shake_shake_mean(first, second), arrays["shakeshake/eval"], _TOLERANCE)
    return comparison.row(_GROUP, "Shake-Shake, value, gradient and evaluation", "2e-6")


def _shake_drop(file: VectorFile, key: Array) -> Row:
    comparison, arrays = Comparison(), file.arrays
    features, cotangent = jnp.asarray(arrays["in/xa"]), jnp.asarray(arrays["in/cotangent"])
    for name in (name.removesuffix("/p") for name in arrays if name.startswith("shakedrop_p") and name.endswith("/p")):
        keep = float(arrays[f"{name}/p"])
        gates = shake_drop_gates(key, len(features), keep)
        dropped, pull_back = jax.vjp(lambda x, gates=gates: gated(x, gates), features)
        (gradient,) = pull_back(cotangent)
        comparison.close(f"{name}/out", dropped, arrays[f"{name}/out"], _TOLERANCE)
        comparison.close(f"{name}/grad", gradient, arrays[f"{name}/grad"], _TOLERANCE)
        comparison.close(f"{name}/eval", shake_drop_mean(features, keep), arrays[f"{name}/eval"], _TOLERANCE)
    return comparison.row(_GROUP, "ShakeDrop, value, gradient and evaluation", "2e-6")


def _injected(file: VectorFile) -> Row:
    """With gates of our choice: forward by one, back by the other."""
    comparison, arrays = Comparison(), file.arrays
    first, second, cotangent = (arrays[f"in/{name}"] for name in ("xa", "xb", "cotangent"))
    forward, backward = (np.linspace(low, high, len(first), dtype=np.float32) for low, high in ((-1, 1), (1, 0)))
    gates = Gates(jnp.asarray(forward), jnp.asarray(backward))
    ahead, back = (gate[:, None, None, None] for gate in (forward, backward))
    cases: list[tuple[str, Callable[..., Array], tuple[np.ndarray, ...], np.ndarray, tuple[np.ndarray, ...]]] = [
        (
            "shake_shake",
            lambda a, b: shake_shake(a, b, gates),
            (first, second),
            first * ahead + second * (1 - ahead),
            (cotangent * back, cotangent * (1 - back)),
        ),
        ("gated", lambda a: gated(a, gates), (first,), first * ahead, (cotangent * back,)),
    ]
    for name, layer, inputs, value, gradients in cases:
        found, pull_back = jax.vjp(layer, *map(jnp.asarray, inputs))
        comparison.close(f"{name}, value", found, value, _TOLERANCE)
        for gradient, expected in zip(pull_back(jnp.asarray(cotangent)), gradients, strict=True):
            comparison.close(f"{name}, gradient", gradient, expected, _TOLERANCE)
    return comparison.row(_GROUP, "both with injected gates", "2e-6")


def _distribution() -> Row:
    comparison = Comparison()
    uniform, symmetric = stats.uniform(0, 1).cdf, stats.uniform(-1, 2).cdf
    shake = shake_shake_gates(jax.random.key(11), DRAWS)
    keep = 0.6
    drop = shake_drop_gates(jax.random.key(12), DRAWS, keep)
    kept = np.asarray((drop.forward == 1) & (drop.backward == 1))
    samples = {
        "Shake-Shake, forward": (shake.forward, uniform),
        "Shake-Shake, backward": (shake.backward, uniform),
        "ShakeDrop, forward": (drop.forward[~kept], symmetric),
        "ShakeDrop, backward": (drop.backward[~kept], uniform),
    }
    for name, (drawn, distribution) in samples.items():
        p: float = cast(Any, stats.kstest(np.asarray(drawn, np.float64), distribution)).pvalue
        comparison.likely(name, p)
    independent = abs(np.corrcoef(np.asarray(shake.forward), np.asarray(shake.backward))[0, 1])
    comparison.close("correlation of the two gates", independent, 0.0, 0.02, magnitude=1.0)
    comparison.close("ShakeDrop, share kept", kept.mean(), keep, 0.01)
    comparison.close("ShakeDrop, mean forward gate", np.asarray(drop.forward).mean(), keep, 0.01)
    tolerance = f"Kolmogorov-Smirnov, p > {LEAST_P} at {DRAWS:,} draws"
    return comparison.row(_GROUP, "distribution of the gates", tolerance)
