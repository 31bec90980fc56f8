"""What goes into the reference: the layout to follow, seeds, arrays and network values, fresh or as recorded."""

import copy
import json
import zlib

import numpy as np
from environment import NoReferenceError

FOLLOW = "In a clone of CowMask leave --layout out: test/parity holds them."
KERNEL_GAINS = {"WideResnetBlock": {"conv2": 0.4}}
WIDE_RESNET_HEAD = 0.35
LAST_NORM_SCALE = 0.3


class Layout:
    """A folder of recorded vectors, whose cases and descriptions the fresh ones follow."""

    def __init__(self, folder):
        self.folder = folder
        try:
            self.manifest = json.loads((folder / "manifest.json").read_text())
        except (OSError, ValueError) as error:
            raise NoReferenceError(f"{folder} holds no recorded vectors to follow: {error}.", FOLLOW) from error

    def entry(self, file):
        """A copy of what the manifest says about a file, without its list of arrays."""
        if file not in self.manifest["files"]:
            raise NoReferenceError(f"The recorded vectors in {self.folder} have no {file} to follow.", FOLLOW)
        entry = copy.deepcopy(self.manifest["files"][file])
        entry.pop("arrays", None)
        return entry

    def arrays(self, file):
        with np.load(self.folder / file) as arrays:
            return dict(arrays)


class Inputs:
    """Draws every input from one seed and the input's own name, so that leaving a part out moves no other."""

    def __init__(self, layout, seed, golden):
        self.layout = layout
        self.seed = seed
        self.golden = golden

    def random(self, name):
        return np.random.RandomState([self.seed, zlib.crc32(name.encode())])

    def pick(self, name, recorded, highest=1_000_000):
        """A seed: the recorded one, or a fresh one below `highest`."""
        return recorded if self.golden else int(self.random(name).randint(1, highest))

    def base(self, name, recorded):
        """The first of many seeds in a row, far from all others."""
        return 10_000 * self.pick(name, recorded // 10_000, highest=400_000)

    def pick_all(self, name, recorded):
        """As many different seeds as are recorded."""
        return recorded if self.golden else [int(s) for s in self.random(name).choice(1_000_000, len(recorded), False)]

    def vary(self, name, recorded, low, high):
        """A number: the recorded one, or a fresh one of few digits."""
        return recorded if self.golden else round(float(self.random(name).uniform(low, high)), 4)

    def arrays(self, file, names, draw):
        """Arrays that the vectors store beside the results: the recorded ones, or what `draw(random)` gives."""
        if self.golden:
            recorded = self.layout.arrays(file)
            return {name: recorded[name] for name in names}
        drawn = draw(self.random(file))
        assert set(drawn) == set(names), file
        return drawn


def leaf_paths(tree, prefix=""):
    """Slash paths and leaves of nested dicts, in alphabetical order of the keys at each level."""
    for name in sorted(tree):
        path = f"{prefix}{name}"
        if isinstance(tree[name], dict):
            yield from leaf_paths(tree[name], f"{path}/")
        else:
            yield path, tree[name]


def parameter_leaves(parameters):
    """(path, shape, kind, offset, scale) of each parameter: how it is filled."""
    leaves = {path: tuple(leaf.shape) for path, leaf in leaf_paths(parameters)}
    return [(path, shape, *parameter_fill(path, shape, leaves)) for path, shape in leaves.items()]


def parameter_fill(path, shape, leaves):
    owner, _, name = path.rpartition("/")
    if name == "kernel":
        return "kernel", 0.0, round(kernel_spread(owner, shape), 6)
    if f"{owner}/scale" not in leaves:
        return "bias", 0.0, 0.05
    if name == "bias":
        return "bn_bias", 0.0, 0.1
    # The reference starts a bottleneck's last scale at zero, which would hide the block.
    return "bn_scale", LAST_NORM_SCALE if owner.endswith("bn3") else 1.0, 0.1


def kernel_spread(owner, shape):
    """Keeps the signal's size through the depth, and the answers between certain and undecided."""
    fan_in = float(np.prod(shape[:-1]))
    *blocks, layer = owner.split("/")
    if len(shape) == 2:
        return (1.0 if layer == "clf" else WIDE_RESNET_HEAD) / fan_in**0.5
    block = blocks[-1].rpartition("_")[0] if blocks else ""
    return KERNEL_GAINS.get(block, {}).get(layer, 1.0) * (2.0 / fan_in) ** 0.5


def statistic_leaves(state):
    """(path, shape, kind, offset, scale) of each running statistic: how it is filled."""
    leaves = []
    for place in sorted(state):
        for name, kind, offset, scale in (("mean", "stat_mean", 0.0, 0.1), ("var", "stat_var", 1.0, 0.2)):
            leaves.append((f"{place.lstrip('/')}/{name}", tuple(state[place][name].shape), kind, offset, scale))
    return leaves


def filled(leaves, base):
    """Values by path; leaf k is drawn from seed base + k."""
    values = {}
    for number, (path, shape, kind, offset, scale) in enumerate(leaves):
        drawn = np.random.RandomState(base + number).randn(*shape)
        drawn = np.abs(drawn) if kind == "stat_var" else drawn
        values[path] = (offset + scale * drawn).astype(np.float32)
    return values


def nested(values):
    """Parameters by slash path, as the nested dicts of flax."""
    tree = {}
    for path, value in values.items():
        *place, name = path.split("/")
        owner = tree
        for part in place:
            owner = owner.setdefault(part, {})
        owner[name] = value
    return tree


def collected(reference, values):
    """Statistics by slash path, as flax's flat collection of places."""
    places = {}
    for path, value in values.items():
        place, _, name = path.rpartition("/")
        places.setdefault(f"/{place}", {})[name] = value
    return reference.nn.Collection(places)


def nudged(images):
    """The images times 1 + 1e-6: how far results move under it is the floor of any tolerance."""
    return (images * (1 + 1e-6)).astype(np.float32)
