"""Vectors of whole networks: one evaluation and one training pass of each."""

import jax
import numpy as np
from inputs import collected, filled, leaf_paths, nested, nudged, parameter_leaves, statistic_leaves
from pure import replaced

NETWORKS = {
    "wrn26_2": {"classes": 10, "image_size": 32, "randomness": "dropout patched to identity"},
    "wrn26_2_shakeshake": {
        "classes": 10,
        "image_size": 32,
        "randomness": "random gates, stochastic key PRNGKey({key})",
    },
    "resnet50": {"classes": 1000, "image_size": 64, "randomness": "none"},
}


def network(reference, name, key):
    """The reference's network as it starts: the model, and its running statistics by place."""
    size = NETWORKS[name]
    model, state = reference.train.create_model(key, name, 2, size["image_size"], size["classes"])
    return model, state.as_dict()


def without_dropout(reference):
    """Its random stream depends on the order of layers; what it does is compared on its own."""
    return replaced(reference.nn, dropout=lambda inputs, *_, **__: inputs)


def add_network(reference, inputs, output, name):
    file, size = f"arch/{name}", NETWORKS[name]
    seeds = {
        "x": inputs.pick(f"{file}/x", 500),
        "params": inputs.base(f"{file}/params", 10_000),
        "stats": inputs.base(f"{file}/stats", 20_000),
        "key": inputs.pick(f"{file}/key", 55),
        "init": inputs.pick(f"{file}/init", 0),
    }
    started, state = network(reference, name, jax.random.PRNGKey(seeds["init"]))
    parameters, statistics = parameter_leaves(started.params), statistic_leaves(state)
    values = filled(parameters, seeds["params"])
    model = started.replace(params=nested(values))
    running = collected(reference, filled(statistics, seeds["stats"]))
    edge = size["image_size"]
    images = np.random.RandomState(seeds["x"]).randn(4, edge, edge, 3).astype(np.float32)
    with without_dropout(reference):
        arrays = passes(reference, model, running, images, jax.random.PRNGKey(seeds["key"]))
    arrays["l2_sum"] = sum(float((v.astype(np.float64) ** 2).sum()) for v in values.values() if v.ndim > 1)
    count = sum(value.size for value in values.values())
    output.add(f"{file}.npz", arrays, describe(inputs, name, seeds, count))
    output.add_json(f"{file}.json", leaf_lists(name, started.params, state, parameters, statistics))


def passes(reference, model, running, images, key):
    """Logits and statistics of both passes, and how far logits move when the images hardly do."""

    def evaluate(images):
        with reference.nn.stateful(running, mutable=False):
            return model(images, train=False)

    def train(images):
        with reference.nn.stateful(running) as after, reference.nn.stochastic(key):
            logits = model(images, train=True)
        return logits, after.as_dict()

    evaluate, train = jax.jit(evaluate), jax.jit(train)
    eval_logits = evaluate(images[:2])
    train_logits, after = train(images)
    leaves, places = by_path(after), sorted(after)
    return {
        "eval_logits": eval_logits,
        "eval_logits_sensitivity": moved(eval_logits, evaluate(nudged(images[:2]))),
        "train_logits": train_logits,
        "train_logits_sensitivity": moved(train_logits, train(nudged(images))[0]),
        "train_stats_norm_mean": np.array([norm_and_mean(leaf) for leaf in leaves.values()]),
        **{
            f"train_stat{place}/{part}": after[place][part]
            for place in (places[0], places[len(places) // 2])
            for part in ("mean", "var")
        },
    }


def by_path(state):
    """Statistics by slash path, in the order of the lists: places in alphabetical order, then mean, var."""
    return {f"{place.lstrip('/')}/{part}": state[place][part] for place in sorted(state) for part in ("mean", "var")}


def moved(one, other):
    return np.abs(np.asarray(one) - np.asarray(other)).max()


def norm_and_mean(leaf):
    """L2 norm and mean of a leaf, summed in double precision."""
    leaf = np.asarray(leaf, np.float64)
    return float(np.sqrt((leaf**2).sum())), float(leaf.mean())


def describe(inputs, name, seeds, parameters):
    size = NETWORKS[name]
    edge = size["image_size"]
    entry = inputs.layout.entry("arch/wrn26_2.npz")
    entry.update(
        what="forward pass of the reference net with the deterministic fill; leaf lists (order, shapes, L2 membership, "
        f"fill, initial mean and std) in arch/{name}.json",
        parameters=parameters,
        classes=size["classes"],
        image_size=edge,
        randomness_in_train_mode=size["randomness"].format(**seeds),
        seeds=seeds,
    )
    entry["inputs"].update(
        x=f"np.random.RandomState({seeds['x']}).randn(4, {edge}, {edge}, 3).astype(float32); evaluation uses x[:2], "
        "training all four",
        params={"base": seeds["params"]},
        stats={"base": seeds["stats"]},
    )
    return entry


def leaf_lists(name, started, state, parameters, statistics):
    """What a network consists of: each leaf's shape, start and fill."""
    size = NETWORKS[name]
    starts = {**dict(leaf_paths(started)), **by_path(state)}
    sizes = {path: int(np.prod(shape)) for path, shape, *_ in parameters}
    return {
        "name": name,
        "input": [2, size["image_size"], size["image_size"], 3],
        "classes": size["classes"],
        "parameters": sum(sizes.values()),
        "l2_parameters": sum(sizes[path] for path, shape, *_ in parameters if len(shape) > 1),
        "statistics": sum(int(np.prod(shape)) for _, shape, *_ in statistics),
        "param_columns": ["path", "shape", "in_l2", "init_mean", "init_std", "fill_kind", "fill_offset", "fill_scale"],
        "params": [[p, list(s), len(s) > 1, *start(starts[p]), *fill] for p, s, *fill in parameters],
        "stat_columns": ["path", "shape", "init_mean", "init_std", "fill_kind", "fill_offset", "fill_scale"],
        "stats": [[p, list(s), *start(starts[p]), *fill] for p, s, *fill in statistics],
    }


def start(leaf):
    leaf = np.asarray(leaf, np.float64)
    return float(f"{leaf.mean():.6g}"), float(f"{leaf.std():.6g}")
