"""Vectors of the reference's training step: a tiny network with every option, and a wide ResNet."""

import functools

import jax
import numpy as np
from inputs import collected, filled, leaf_paths, nested, nudged, parameter_leaves, statistic_leaves
from networks import by_path, network, norm_and_mean, without_dropout
from pure import build_annealed, build_regularizer, build_schedule

PROBE_FILE = "train/probe.npz"
WIDE_FILE = "train/wrn26_2_nodropout_cowmix.npz"
METRICS = ("loss", "error_rate", "learning_rate", "cons_loss", "conf_rate", "mix_loss", "mix_conf_rate")
PROBE_STEPS = 3
WIDE_STEPS = 5
PARAMETERS = {"bn/bias": (3,), "bn/scale": (3,), "out/bias": (5,), "out/kernel": (108, 5)}
STATISTICS = {"bn/mean": (3,), "bn/var": (3,)}
WHOLE = [
    "Dense_4/bias",
    *(f"WideResnetGroup_{group}/WideResnetBlock_0/bn1/scale" for group in range(3)),
    "BatchNorm_3/mean",
    "BatchNorm_3/var",
]


class Training:
    """The reference's step on one device, from a given start, as often as asked for."""

    def __init__(self, reference, model, momentum, nesterov, **options):
        self.reference = reference
        self.model = model
        # Two optimizers of equal settings are different types to jax: a second one would compile the step again.
        self.optimizer = reference.optim.Momentum(learning_rate=0.0, beta=momentum, nesterov=nesterov).create(model)
        self.step = jax.pmap(
            functools.partial(reference.train.train_step, **options),
            axis_name="batch",
            devices=jax.local_devices()[:1],
        )

    def run(self, student, teacher, batches):
        """Yields metrics and the five trees, by path, after every step; student and teacher are the two starts."""
        optimizer = replicated(self.optimizer.replace(target=self.model.replace(params=nested(student["params"]))))
        model = replicated(self.model.replace(params=nested(teacher["params"])))
        state, teacher_state = (replicated(collected(self.reference, owner["stats"])) for owner in (student, teacher))
        for batch in batches:
            optimizer, state, metrics, model, teacher_state = self.step(
                optimizer, state, model, teacher_state, {name: value[None] for name, value in batch.items()}
            )
            yield (
                [float(metrics[name][0]) for name in METRICS],
                {
                    "student": by_leaf(optimizer.target.params),
                    "teacher": by_leaf(model.params),
                    "student_stats": first_of(by_path(state.as_dict())),
                    "teacher_stats": first_of(by_path(teacher_state.as_dict())),
                    "momentum": by_leaf(momenta(optimizer)),
                },
            )


def momenta(optimizer):
    """The momentum of each parameter, as the parameters are nested."""
    kept = optimizer.state.param_states.params
    return jax.tree_util.tree_map(lambda leaf: leaf.momentum, kept, is_leaf=lambda leaf: hasattr(leaf, "momentum"))


def replicated(tree):
    return jax.tree_util.tree_map(lambda leaf: np.asarray(leaf)[None], tree)


def by_leaf(tree):
    return first_of(dict(leaf_paths(tree)))


def first_of(leaves):
    return {path: np.asarray(leaf[0]) for path, leaf in leaves.items()}


def schedule_of(reference, kind, given):
    return build_schedule(reference, kind, given if kind == "constant" else given["base"], given)


def alpha_of(reference, kind, given):
    if kind == "constant":
        return build_schedule(reference, kind, given, {})
    return build_annealed(reference, kind, given["teacher_alpha"], given)


def add_probe(reference, inputs, output):
    entry = inputs.layout.entry(PROBE_FILE)
    names = [f"in/{part}" for part in ("x_sup", "x_u0", "x_u1", "y")]
    names += [f"in/{owner}/{leaf}" for owner in ("student", "teacher") for leaf in (*PARAMETERS, *STATISTICS)]
    arrays = inputs.arrays(PROBE_FILE, names, draw_probe)
    key = inputs.pick(f"{PROBE_FILE}/key", 1040)
    model = probe_model(reference)
    starts = [probe_start(arrays, owner) for owner in ("student", "teacher")]
    batches = [probe_batch(arrays, number, key) for number in range(PROBE_STEPS)]
    for name, scenario in entry["scenarios"].items():
        training = Training(reference, model, **scenario_options(reference, entry, scenario))
        arrays.update({f"{name}/{part}": value for part, value in stacked(training.run(*starts, batches)).items()})
    entry["key"] = entry["key"].replace("1040", str(key))
    output.add(PROBE_FILE, arrays, {**entry, "seeds": {"key": key}})


def draw_probe(random):
    def close_to(shape, offset, scale):
        return (offset + scale * random.randn(*shape)).astype(np.float32)

    # Images of rising contrast, so that the teacher is sure of some and not of others.
    view = random.randn(PROBE_STEPS, 8, 6, 6, 3) * np.linspace(0.4, 2.2, 8)[:, None, None, None]
    arrays = {
        "in/x_sup": random.randn(PROBE_STEPS, 8, 6, 6, 3).astype(np.float32),
        "in/x_u0": view.astype(np.float32),
        "in/x_u1": (view + 0.3 * random.randn(*view.shape)).astype(np.float32),
        "in/y": random.randint(0, 5, (PROBE_STEPS, 8)).astype(np.int32),
    }
    for owner, spread in (("student", 0.08), ("teacher", 0.11)):
        arrays[f"in/{owner}/bn/bias"] = close_to((3,), 0.0, 0.1)
        arrays[f"in/{owner}/bn/scale"] = close_to((3,), 1.0, 0.1)
        arrays[f"in/{owner}/out/bias"] = close_to((5,), 0.0, 0.1)
        arrays[f"in/{owner}/out/kernel"] = close_to((108, 5), 0.0, spread)
        arrays[f"in/{owner}/bn/mean"] = close_to((3,), 0.0, 0.1)
        arrays[f"in/{owner}/bn/var"] = np.abs(close_to((3,), 1.1, 0.1))
    return arrays


def probe_model(reference):
    nn = reference.nn

    class Probe(nn.Module):
        def apply(self, x, train=True):
            x = nn.BatchNorm(x, use_running_average=not train, momentum=0.9, epsilon=1e-5, name="bn")
            return nn.Dense(x.reshape((x.shape[0], -1)), 5, name="out")

    return nn.Model(Probe, nested({path: np.zeros(shape, np.float32) for path, shape in PARAMETERS.items()}))


def probe_start(arrays, owner):
    return {
        "params": {leaf: arrays[f"in/{owner}/{leaf}"] for leaf in PARAMETERS},
        "stats": {leaf: arrays[f"in/{owner}/{leaf}"] for leaf in STATISTICS},
    }


def probe_batch(arrays, number, key):
    return {
        "sup_image": arrays["in/x_sup"][number],
        "sup_label": arrays["in/y"][number],
        "unsup_image0": arrays["in/x_u0"][number],
        "unsup_image1": arrays["in/x_u1"][number],
        "rng_key": np.asarray(jax.random.PRNGKey(key + number)),
    }


def scenario_options(reference, entry, scenario):
    """What the reference's step takes for a scenario of the manifest."""
    regularizers = {
        kind: build_regularizer(
            reference,
            kind,
            scenario[kind],
            {
                "cow_sigma_range": tuple(entry["cow_sigma_range"]),
                "cow_prop_range": tuple(entry[f"{kind}_proportion_range"]),
            },
        )
        for kind in ("perturb", "mix")
    }
    return {
        "momentum": scenario["momentum"],
        "nesterov": scenario["nesterov"],
        "unsup_reg": regularizers["perturb"],
        "mix_reg": regularizers["mix"],
        "learning_rate_fn": schedule_of(reference, *scenario["learning_rate"]),
        "teacher_alpha_fn": alpha_of(reference, *scenario["teacher_alpha"]),
        **scenario["options"],
    }


def stacked(steps):
    """Every value of every tree, with the step as first axis; statistics stand among the parameters."""
    metrics, trees = zip(*steps)
    arrays = {"metrics": np.array(metrics)}
    for owner in trees[0]:
        for path in trees[0][owner]:
            arrays[f"{owner.partition('_')[0]}/{path}"] = np.stack([tree[owner][path] for tree in trees])
    return arrays


def add_wide_resnet(reference, inputs, output):
    entry = inputs.layout.entry(WIDE_FILE)
    seeds = wide_seeds(inputs)
    model, state = network(reference, entry["architecture"], jax.random.PRNGKey(0))
    leaves = {"params": parameter_leaves(model.params), "stats": statistic_leaves(state)}
    starts = [
        {kind: filled(leaves[kind], seeds[f"{owner}_{kind}"]) for kind in ("params", "stats")}
        for owner in ("student", "teacher")
    ]
    rate, alpha = entry["learning_rate"], entry["teacher_alpha"]
    scenario = {
        "perturb": {"name": entry["perturb"]},
        "mix": {"name": entry["mix"]},
        "learning_rate": (rate["kind"], rate["base"]),
        "teacher_alpha": (alpha["kind"], alpha["value"]),
        **{name: entry[name] for name in ("momentum", "nesterov", "options")},
    }
    training = Training(reference, model, **scenario_options(reference, entry, scenario))
    batches = [wide_batch(entry, number, seeds) for number in range(WIDE_STEPS)]
    with without_dropout(reference):
        steps = list(training.run(*starts, batches))
        moved = list(training.run(*starts, [nudged_batch(batch) for batch in batches]))
    arrays = summed(steps)
    entry["sensitivity"]["values"] = sensitivity(arrays, summed(moved))
    retell(entry, seeds)
    entry.update(
        param_leaves=[[path, list(shape), *fill] for path, shape, *fill in leaves["params"]],
        stat_leaves=[[path, list(shape), *fill] for path, shape, *fill in leaves["stats"]],
        seeds=seeds,
    )
    output.add(WIDE_FILE, arrays, entry)


def wide_seeds(inputs):
    bases = {"student_params": 10_000, "student_stats": 20_000, "teacher_params": 30_000, "teacher_stats": 40_000}
    return {
        "batch": inputs.pick(f"{WIDE_FILE}/batch", 600),
        "key": inputs.pick(f"{WIDE_FILE}/key", 800),
        **{name: inputs.base(f"{WIDE_FILE}/{name}", base) for name, base in bases.items()},
    }


def wide_batch(entry, number, seeds):
    """Images of rising contrast and different brightness: the answers to noise alone would all be alike."""
    edge, count = entry["image_size"], entry["batch_unlabeled"]
    random = np.random.RandomState(seeds["batch"] + number)
    images = random.randn(3, count, edge, edge, 3) * np.linspace(0.3, 2.0, count)[None, :, None, None, None]
    images = (images + random.randn(3, count, 1, 1, 3)).astype(np.float32)
    labels = random.randint(0, entry["classes"], count).astype(np.int32)
    return {
        "sup_image": images[0],
        "sup_label": labels,
        "unsup_image0": images[1],
        "unsup_image1": images[1],
        "rng_key": np.asarray(jax.random.PRNGKey(seeds["key"] + number)),
    }


def nudged_batch(batch):
    return {name: nudged(value) if "image" in name else value for name, value in batch.items()}


def summed(steps):
    """Metrics, norm and mean of every leaf, and a few whole leaves, with the step as first axis."""
    metrics, trees = zip(*steps)
    arrays = {"metrics": np.array(metrics)}
    for owner in trees[0]:
        arrays[f"{owner}_norm_mean"] = np.array([[norm_and_mean(v) for v in tree[owner].values()] for tree in trees])
    for owner in trees[0]:
        for path in WHOLE:
            if path in trees[0][owner]:
                arrays[f"leaf/{owner}/{path}"] = np.stack([tree[owner][path] for tree in trees])
    # For the tolerance of a mean, which counts a leaf's size.
    arrays["sizes"] = {owner: [leaf.size for leaf in trees[0][owner].values()] for owner in trees[0]}
    return arrays


def sensitivity(steps, moved):
    """How far each array moves when the images hardly do, in the units that the manifest explains."""
    sizes, values = steps.pop("sizes"), {}
    moved.pop("sizes")
    for name, before in steps.items():
        change = np.abs(moved[name] - before)
        if name == "metrics":
            values[name] = change.tolist()
        elif name.startswith("leaf/"):
            values[name] = [digits(c.max() / np.abs(b).max()) for c, b in zip(change, before)]
        else:
            roots = np.sqrt(sizes[name[: -len("_norm_mean")]])
            values[name] = [worst(c, b[:, 0], roots) for c, b in zip(change, before)]
    return values


def worst(change, norms, roots):
    units = np.maximum(norms, 0.001 * norms.max())
    return {"norm": digits((change[:, 0] / units).max()), "mean": digits((change[:, 1] * roots / units).max())}


def digits(value):
    return float(f"{value:.1e}")


def retell(entry, seeds):
    """The manifest's words about seeds, with the seeds that were used."""
    told = entry["inputs"]
    told["per_step_i"] = told["per_step_i"].replace("RandomState(600 + i)", f"RandomState({seeds['batch']} + i)")
    told["key"] = told["key"].replace("PRNGKey(800 + i)", f"PRNGKey({seeds['key']} + i)")
    for name in ("student_params", "student_stats", "teacher_params", "teacher_stats"):
        told[name] = {"base": seeds[name]}
