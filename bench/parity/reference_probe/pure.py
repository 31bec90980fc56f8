"""Vectors of what has no network: masks, regularizers, schedules, losses, shaking."""

import contextlib
import math
import re
import time

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
import scipy.stats

SIZES = {"s32": [32, 32], "rect": [24, 40]}
BOX_CASE = re.compile(r"((s32|rect)_(fixed|random_area|random_size)(0\.6)?_(aspect|plain))_s\d+_boxes")
BOXES = 16
THRESHOLDS = (0.0, -1.0, 0.5, 0.6, 0.97)
ICT_ALPHAS = (0.1, 0.5, 1.0, 2.0)
ICT_DRAWS = 20_000
ICT_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.99)
SHAKEDROP = (1 - 0.5 / 90, 0.75, 0.5)


@contextlib.contextmanager
def replaced(owner, **named):
    """Attributes of `owner`, other ones while the block runs."""
    before = {name: getattr(owner, name) for name in named}
    for name, value in named.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def recording(function, calls):
    """The function, which also keeps what it returned."""

    def recorded(*arguments, **named):
        result = function(*arguments, **named)
        calls.append(result)
        return result

    return recorded


def generator(reference, case):
    """The reference's CowMask generator with a case's settings, a function of the key."""
    (low, high), proportions = case["sigma_range"], tuple(case["proportion_range"])
    logarithms = (math.log(low), math.log(high))
    size = (case["height"], case["width"])
    return lambda key: reference.cow.cow_masks(case["n"], size, logarithms, high, proportions, key)


def with_insides(reference, draw):
    """The same, which also returns what the generator drew and blurred on its way."""

    original = reference.cow.gaussian_kernels

    def drawn(key):
        uniform, normal, sigmas, blurred = [], [], [], []

        def gaussian_kernels(sigma, highest):
            sigmas.append(sigma)
            return original(sigma, highest)

        with contextlib.ExitStack() as stack:
            stack.enter_context(replaced(reference.cow, gaussian_kernels=gaussian_kernels))
            for owner, name, calls in (
                (jax.random, "uniform", uniform),
                (jax.random, "normal", normal),
                (jax.lax, "conv_general_dilated", blurred),
            ):
                stack.enter_context(replaced(owner, **{name: recording(getattr(owner, name), calls)}))
            mask = draw(key)
        return {
            "mask": mask[..., 0],
            "p": uniform[0],
            "sigma": sigmas[0],
            "noise": normal[0][0],
            "blurred": blurred[-1][0].transpose(2, 0, 1),
        }

    return drawn


def margins(drawn):
    """How far each pixel lies from its threshold, in units of the field's spread."""
    field = drawn["blurred"].astype(np.float64)
    quantile = math.sqrt(2) * scipy.special.erfinv(2 * drawn["p"].astype(np.float64) - 1)
    spread = field.std(axis=(1, 2))
    threshold = field.mean(axis=(1, 2)) + quantile * spread
    return (field - threshold[:, None, None]) / spread[:, None, None]


def dense_masks(drawn, highest):
    """The masks in double precision, by dense matrices: shows how much rounding decides."""
    reach = 2 * round(3 * highest) + 1
    fields = []
    for noise, sigma in zip(drawn["noise"].astype(np.float64).transpose(2, 0, 1), drawn["sigma"]):
        across = [np.subtract.outer(np.arange(n), np.arange(n)) for n in noise.shape]
        rows, columns = (np.exp(-(d**2) / (2.0 * float(sigma) ** 2)) * (abs(d) <= reach) for d in across)
        fields.append(rows @ noise @ columns)
    return margins({**drawn, "blurred": np.stack(fields)}) <= 0


def add_cow_masks(reference, inputs, output):
    file = "masks_cow.npz"
    entry, arrays, checks = inputs.layout.entry(file), {}, {}
    for name, case in entry["cases"].items():
        case["seeds"] = inputs.pick_all(f"{file}/{name}", case["seeds"])
        draw = generator(reference, case)
        masks, insides = jax.jit(draw), jax.jit(with_insides(reference, draw))
        for seed in case["seeds"]:
            key, place = jax.random.PRNGKey(seed), f"{name}_s{seed}"
            mask = np.asarray(masks(key))[..., 0]
            drawn = {part: np.asarray(value) for part, value in insides(key).items()}
            arrays[f"{place}_mask_bits"] = np.packbits(mask.astype(np.uint8).reshape(case["n"], -1), axis=1)
            arrays[f"{place}_p"], arrays[f"{place}_sigma"] = drawn["p"], drawn["sigma"]
            arrays[f"{place}_share"] = mask.mean(axis=(1, 2))
            arrays[f"{place}_noise_corner"] = drawn["noise"][:2, :4]
            arrays[f"{place}_smallest_margins"] = np.sort(np.abs(margins(drawn)).ravel())[:32].astype(np.float32)
            if name == "odd":
                arrays[f"{place}_blurred"], arrays[f"{place}_noise"] = drawn["blurred"], drawn["noise"]
            checks[place] = {
                "jit_vs_eager_pixels": int((np.asarray(draw(key))[..., 0] != mask).sum()),
                "vs_float64_dense_pixels": int((dense_masks(drawn, case["sigma_range"][1]) != mask).sum()),
                "pixels": mask.size,
                "mean_share": float(mask.mean()),
                "mean_p": float(drawn["p"].mean()),
            }
    output.add(file, arrays, {**entry, "self_check": checks})


def add_box_masks(reference, inputs, output):
    file = "masks_box.npz"
    entry, arrays = inputs.layout.entry(file), {}
    matched = [BOX_CASE.fullmatch(name) for name in inputs.layout.arrays(file)]
    cases = {match[1]: match.groups()[1:] for match in matched if match}
    seeds = inputs.pick_all(file, entry["seeds"])
    for name, (size, mode, share, aspect) in cases.items():
        scale = float(share or 0.25) if mode == "fixed" else mode
        for seed in seeds:
            boxes, masks = draw_boxes(reference, SIZES[size], scale, aspect == "aspect", seed)
            arrays[f"{name}_s{seed}_boxes"] = boxes
            arrays[f"{name}_s{seed}_mask_bits"] = np.packbits(masks.astype(np.uint8).reshape(BOXES, -1), axis=1)
    output.add(file, arrays, {**entry, "seeds": seeds, "sizes": SIZES})


def draw_boxes(reference, size, scale, random_aspect, seed):
    boxes = reference.box.generate_boxes(BOXES, tuple(size), scale, random_aspect, jax.random.PRNGKey(seed))
    return np.asarray(boxes), np.asarray(reference.box.box_masks(boxes, tuple(size)))


def build_regularizer(reference, kind, case, ranges):
    """The regularizer that the reference's own builders make of a case's options, or none."""
    options = {name: value for name, value in case.items() if name.startswith(("cut_", "box_", "ict_"))}
    if kind == "perturb":
        return reference.train.build_pert_reg(case["name"], **options, **ranges)[0]
    return reference.train.build_mix_reg(case["name"], **options, **ranges)


def add_regularizers(reference, inputs, output):
    file = "regularizers.npz"
    entry = inputs.layout.entry(file)
    seeds = entry["inputs"]["seeds"] = inputs.pick_all(file, entry["inputs"]["seeds"])
    entry["seeds"] = {"ict": inputs.pick(f"{file}/ict", 0)}
    arrays = inputs.arrays(
        file,
        ["x", "x8"],
        lambda random: {
            "x": random.randn(4, 16, 16, 3).astype(np.float32),
            "x8": random.randn(8, 16, 12, 3).astype(np.float32),
        },
    )
    if not inputs.golden:
        entry["inputs"].update(x="stored; standard normal (4, 16, 16, 3)", x8="stored; standard normal (8, 16, 12, 3)")
    for name, case in entry["cases"].items():
        kind = name.partition("/")[0]
        ranges = {part: tuple(case[part]) for part in ("cow_sigma_range", "cow_prop_range")}
        regularizer = build_regularizer(reference, kind, {**case, "name": case["option"]}, ranges)
        apply = jax.jit(regularized(reference, kind, regularizer))
        for seed in seeds:
            for part, value in apply(arrays[case["input"]], jax.random.PRNGKey(seed)).items():
                stored = np.asarray(value).astype(np.uint8) if part.startswith("mask") else value
                arrays[f"{name}_s{seed}_{part}"] = stored
    arrays.update(beta_statistics(reference, entry["seeds"]["ict"]))
    output.add(file, arrays, entry)


def regularized(reference, kind, regularizer):
    def apply(images, key):
        masks = []
        with (
            replaced(reference.cow, cow_masks=recording(reference.cow.cow_masks, masks)),
            replaced(reference.box, box_masks=recording(reference.box.box_masks, masks)),
        ):
            if kind == "perturb":
                result = {"out": regularizer.perturb_sample(images, key)}
            else:
                mixed, blend = regularizer.mix_images(images, jnp.roll(images, -1, axis=0), key)
                result = {"out": mixed, "blend": blend}
        if masks:
            result["mask_before_prob" if kind == "perturb" else "mask"] = masks[0][..., 0]
        return result

    return apply


def beta_statistics(reference, seed):
    """How ICT's blend factors are distributed, beside the exact values: their stream cannot be compared."""
    arrays = {"ict/quantile_levels": np.array(ICT_LEVELS)}
    blank = jnp.zeros((ICT_DRAWS, 1, 1, 1))
    for alpha in ICT_ALPHAS:
        regularizer = reference.regularizers.ICTRegularizer(alpha)
        draws = np.asarray(regularizer.mix_images(blank, blank, jax.random.PRNGKey(seed))[1], np.float64)
        exact = scipy.stats.beta(alpha, alpha)
        arrays[f"ict/alpha{alpha}_mean_var"] = np.array([draws.mean(), draws.var()])
        arrays[f"ict/alpha{alpha}_quantiles"] = np.quantile(draws, ICT_LEVELS)
        arrays[f"ict/alpha{alpha}_exact_var"] = np.float64(exact.var())
        arrays[f"ict/alpha{alpha}_exact_quantiles"] = exact.ppf(ICT_LEVELS)
    return arrays


def build_schedule(reference, kind, base, settings):
    """The reference's schedule of a kind, a function of the step."""
    if kind == "constant":
        return reference.train.create_constant_learning_rate_fn(base)
    warmup = {"warmup_length": settings.get("warmup_epochs", 0.0)}
    if kind == "stepped":
        make, shape = reference.train.create_stepped_learning_rate_fn, {"lr_sched_steps": settings["steps"]}
    else:
        make = reference.train.create_cosine_learning_rate_fn
        shape = {"halfcoslength_epochs": settings["half_length_epochs"]}
    return make(base, settings["steps_per_epoch"], **shape, **warmup)


def build_annealed(reference, kind, alpha, settings):
    """The teacher's alpha, of which the reference lets the distance to one follow a schedule."""
    distance = build_schedule(reference, kind, 1.0 - alpha, settings)
    return lambda step: 1.0 - distance(step)


def add_schedules(reference, inputs, output):
    file = "schedules.npz"
    entry, recorded, arrays = inputs.layout.entry(file), inputs.layout.arrays(file), {}
    for name, case in entry["cases"].items():
        steps = recorded[f"{name}_step"]
        if not inputs.golden:
            further = inputs.random(f"{file}/{name}").randint(0, steps.max() + 1, 20)
            steps = np.union1d(steps, further).astype(np.int32)
        if "shape" in case:
            case["teacher_alpha"] = inputs.vary(f"{file}/{name}/alpha", case["teacher_alpha"], 0.9, 0.999)
            value = build_annealed(reference, case["shape"], case["teacher_alpha"], case)
        else:
            case["base"] = inputs.vary(f"{file}/{name}/base", case["base"], 0.01, 0.4)
            value = build_schedule(reference, case["kind"], case["base"], case)
        at = jax.jit(value)
        arrays[f"{name}_step"] = steps
        arrays[f"{name}_value"] = np.array([at(jnp.int32(step)) for step in steps], np.float32)
    output.add(file, arrays, entry)


def add_losses(reference, inputs, output):
    file = "losses_direct.npz"
    names = ["ce/logits", "ce/labels", "conf/confidence", "eval/logits", "eval/labels"]
    arrays = inputs.arrays(file, names, draw_answers)
    train = reference.train
    arrays["ce/loss"] = jax.jit(train.cross_entropy_loss)(arrays["ce/logits"], arrays["ce/labels"])
    for threshold in THRESHOLDS:
        for average in (False, True):
            weigh = jax.jit(lambda c, t=threshold, a=average: train.confidence_thresholding(c, t, a))
            name = f"conf/t{threshold}_{'avg' if average else 'each'}"
            arrays[f"{name}_weight"], arrays[f"{name}_rate"] = weigh(arrays["conf/confidence"])
    tally = on_one_device(lambda logits, labels: train.compute_eval_metrics(logits, labels, True))
    tallied = train.avg_eval_metrics(tally(arrays["eval/logits"], arrays["eval/labels"]))
    metrics = on_one_device(train.compute_train_metrics)(arrays["ce/logits"], arrays["ce/labels"])
    arrays.update({f"eval/{name}": value for name, value in tallied.items()})
    arrays.update({f"train_metrics/{name}": value for name, value in metrics.items()})
    output.add(file, arrays, inputs.layout.entry(file))


def draw_answers(random):
    confidence = random.uniform(0.05, 1.0, (12, 1)).astype(np.float32)
    # The comparison is strict: exactly the threshold does not pass.
    confidence[3] = 0.5
    labels = random.randint(0, 20, 16).astype(np.int32)
    labels[-3:] = -1
    return {
        "ce/logits": (2.5 * random.randn(12, 10)).astype(np.float32),
        "ce/labels": random.randint(0, 10, 12).astype(np.int32),
        "conf/confidence": confidence,
        "eval/logits": (2 * random.randn(16, 20)).astype(np.float32),
        "eval/labels": labels,
    }


def on_one_device(function):
    """The reference's metrics sum over an axis of devices: here it has one."""
    mapped = jax.pmap(function, axis_name="batch", devices=jax.local_devices()[:1])

    def run(*arguments):
        results = mapped(*(argument[None] for argument in arguments))
        return jax.tree_util.tree_map(lambda value: value[0], results)

    return run


def add_shaking(reference, inputs, output):
    file, shake = "arch/shake.npz", reference.shake
    names = ["in/xa", "in/xb", "in/cotangent"]
    seeds = {"inputs": inputs.pick(f"{file}/inputs", 60), "key": inputs.pick(f"{file}/key", 61)}
    random, key = np.random.RandomState(seeds["inputs"]), jax.random.PRNGKey(seeds["key"])
    arrays = {name: random.randn(6, 4, 4, 3).astype(np.float32) for name in names}
    a, b, cotangent = (arrays[name] for name in names)
    out, back = jax.vjp(lambda a, b: shake.shake_shake_train(a, b, rng=key), a, b)
    arrays["shakeshake/out"] = out
    arrays["shakeshake/grad_a"], arrays["shakeshake/grad_b"] = back(cotangent)
    arrays["shakeshake/eval"] = shake.shake_shake_eval(a, b)
    for keep in SHAKEDROP:
        out, back = jax.vjp(lambda x, keep=keep: shake.shake_drop_train(x, keep, -1.0, 1.0, 0.0, 1.0, rng=key), a)
        place = f"shakedrop_p{keep:.4f}"
        arrays[f"{place}/p"] = np.float64(keep)
        arrays[f"{place}/out"], arrays[f"{place}/grad"] = out, back(cotangent)[0]
        arrays[f"{place}/eval"] = shake.shake_drop_eval(a, keep, -1.0, 1.0)
    with reference.nn.stochastic(key):
        arrays["stream/keys"] = np.stack([reference.nn.make_rng() for _ in range(4)])
    arrays["dropout/out"] = reference.nn.dropout(a, 0.3, rng=jax.random.fold_in(key, 5))
    output.add(
        file,
        arrays,
        {
            "what": "shake-shake, ShakeDrop and dropout with an explicit key: forward value, gradient for a given "
            "cotangent, evaluation value; first keys of a layer key stream",
            "inputs": f"stored under in/; key = jax.random.PRNGKey({seeds['key']}), non-partitionable threefry",
            "fields": {
                "stream": "keys handed to the 1st..4th random layer of one forward pass: "
                "jax.random.fold_in(pass key, 1..4)",
                "dropout": "rate 0.3 with fold_in(key, 5)",
                "shakedrop": "keep probability p as listed, alpha in [-1, 1], beta in [0, 1]",
            },
            "tolerance": "2e-6 absolute",
            "seeds": seeds,
        },
    )


def time_masks(reference, count, edge, sigma, repeats):
    """The best of several runs of the jitted generator, in seconds, without its compilation."""
    case = {"n": count, "height": edge, "width": edge, "sigma_range": sigma, "proportion_range": (0.2, 0.8)}
    key = jax.random.PRNGKey(0)
    draw = jax.jit(generator(reference, case)).lower(key).compile()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        draw(key).block_until_ready()
        seconds.append(time.perf_counter() - start)
    return {"name": f"{count} CowMasks of {edge}x{edge}", "seconds": min(seconds)}
