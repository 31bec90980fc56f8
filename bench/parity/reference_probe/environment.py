"""The authors' modules, imported into an interpreter whose packages are newer than they expect."""

import importlib
import os
import platform
import sys
import types
import warnings
from pathlib import Path

PACKAGE = "milking_cowmask"
HINT = (
    "It needs Python 3.9 with jax and jaxlib 0.4.13, flax 0.3.6, numpy 1.24.4 and scipy 1.10.1; docs/parity.md says "
    "how to make it, and where the authors' code is."
)
ABSENT = [
    "tensorflow",
    "tensorflow.compat",
    "tensorflow.compat.v2",
    "flax.metrics.tensorboard",
    f"{PACKAGE}.data_sources",
    f"{PACKAGE}.data_sources.imagenet_data_source",
    f"{PACKAGE}.data_sources.small_image_data_source",
]
NEEDED = {
    "train_semisup": [
        "avg_eval_metrics",
        "build_mix_reg",
        "build_pert_reg",
        "compute_eval_metrics",
        "compute_train_metrics",
        "confidence_thresholding",
        "create_constant_learning_rate_fn",
        "create_cosine_learning_rate_fn",
        "create_model",
        "create_stepped_learning_rate_fn",
        "cross_entropy_loss",
        "train_step",
    ],
    "masking.cow_mask": ["cow_masks", "gaussian_kernels"],
    "masking.box_mask": ["box_masks", "generate_boxes"],
    "masking.regularizers": ["ICTRegularizer"],
    "architectures.shake": ["shake_drop_eval", "shake_drop_train", "shake_shake_eval", "shake_shake_train"],
}


class NoReferenceError(Exception):
    """The authors' code cannot be run; says why in one sentence, and what helps in another."""

    def __init__(self, message, hint=HINT):
        super().__init__(message)
        self.hint = hint


class Reference(types.SimpleNamespace):
    """The authors' modules (train, cow, box, regularizers, shake) and what flax they use (nn, optim)."""


def load_reference(folder):
    """Imports the authors' code from `folder`, which holds `milking_cowmask` or is it."""
    place = reference_folder(Path(folder))
    prepare_jax()
    prepare_flax()
    for name in ABSENT:
        install_empty_module(name)
    package = types.ModuleType(PACKAGE)
    # A package by hand: what else lies beside the reference must not be importable.
    package.__path__ = [str(place)]
    sys.modules[PACKAGE] = package
    found = {name: import_part(name) for name in NEEDED}
    reference = Reference(
        train=found["train_semisup"],
        cow=found["masking.cow_mask"],
        box=found["masking.box_mask"],
        regularizers=found["masking.regularizers"],
        shake=found["architectures.shake"],
        nn=importlib.import_module("flax.deprecated.nn"),
        optim=importlib.import_module("flax.optim"),
    )
    accept_misnamed_count(reference.box)
    # Only now: flax turns its own on when it is imported.
    warnings.simplefilter("ignore")
    return reference


def versions():
    """What ran the reference."""
    flax, jax, jaxlib, numpy = (importlib.import_module(name) for name in ("flax", "jax", "jaxlib", "numpy"))
    return {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "flax": flax.__version__,
        "numpy": numpy.__version__,
    }


def reference_folder(folder):
    candidates = (folder / PACKAGE, folder)
    for candidate in candidates:
        if (candidate / "train_semisup.py").is_file():
            return candidate.resolve()
    raise NoReferenceError(
        f"{folder} is not the authors' code: there is no {PACKAGE}/train_semisup.py in it.",
        "Name the folder that holds `milking_cowmask` of the google-research repository.",
    )


def import_installed(name):
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NoReferenceError(f"Python {platform.python_version()} here has no usable {name}: {error}.") from error


def import_part(name):
    try:
        module = importlib.import_module(f"{PACKAGE}.{name}")
    except Exception as error:
        raise NoReferenceError(f"The authors' {name} does not import: {type(error).__name__}: {error}.") from error
    for needed in NEEDED[name]:
        if not hasattr(module, needed):
            raise NoReferenceError(
                f"The authors' {name} has no {needed}: this is another version of it, or not theirs."
            )
    return module


def prepare_jax():
    """Names that jax has since moved, at the places where flax 0.3.6 and the reference look for them."""
    # Both: the one chooses, the other tells jax that no accelerator is missed.
    os.environ.update(JAX_PLATFORMS="cpu", JAX_PLATFORM_NAME="cpu")
    jax = import_installed("jax")
    import_installed("jax.numpy")
    moved = {
        "tree_multimap": jax.tree_util.tree_map,
        "tree_map": jax.tree_util.tree_map,
        "tree_leaves": jax.tree_util.tree_leaves,
        "tree_flatten": jax.tree_util.tree_flatten,
        "tree_unflatten": jax.tree_util.tree_unflatten,
        "ShapedArray": getattr(jax.core, "ShapedArray", None),
        "host_id": jax.process_index,
        "host_count": jax.process_count,
    }
    for name, value in moved.items():
        if not hasattr(jax, name):
            setattr(jax, name, value)
    private = import_installed("jax._src.numpy.lax_numpy")
    if not hasattr(private, "isin"):
        private.isin = jax.numpy.isin
    # The stream that the golden vectors have; jax 0.4.13 has it by default.
    jax.config.update("jax_threefry_partitionable", False)


def prepare_flax():
    """flax.nn under its old name, with an initialisation by shape that this jax understands."""
    try:
        flax = importlib.import_module("flax")
        nn = importlib.import_module("flax.deprecated.nn")
        importlib.import_module("flax.optim")
        importlib.import_module("flax.metrics")
        jax_utils = importlib.import_module("flax.jax_utils")
    except Exception as error:
        raise NoReferenceError(
            f"Python {platform.python_version()} here has no usable flax with flax.deprecated.nn and flax.optim: "
            f"{error}."
        ) from error
    flax.nn = nn
    sys.modules["flax.nn"] = nn
    partial_eval = jax_utils.pe
    if hasattr(partial_eval, "trace_to_jaxpr_nounits"):
        shim = types.SimpleNamespace(
            PartialVal=partial_eval.PartialVal, trace_to_jaxpr=partial_eval.trace_to_jaxpr_nounits
        )
        jax_utils.pe = shim


def install_empty_module(name):
    if name in sys.modules:
        return
    module = types.ModuleType(name)
    module.__path__ = []
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)


def accept_misnamed_count(box):
    """The regularizers call the box generator with a keyword, `N`, that it does not have."""
    original = box.generate_boxes

    def generate_boxes(*arguments, **named):
        if "N" in named:
            named["n_boxes"] = named.pop("N")
        return original(*arguments, **named)

    box.generate_boxes = generate_boxes
