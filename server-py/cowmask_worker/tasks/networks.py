"""From a network's options to the network, and to the names that the authors' code has for its leaves."""

import json
from functools import partial

from flax import nnx
from google.protobuf import json_format

from cowmask.v1 import experiment_config_pb2 as config_pb2
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.models.functional import Functional, functional
from cowmask_worker.models.pyramidnet import PyramidNet
from cowmask_worker.models.reference_names import Names, names_of
from cowmask_worker.models.resnet import Resnet
from cowmask_worker.models.shake_shake import ShakeShake
from cowmask_worker.models.wide_resnet import WideResnet
from cowmask_worker.options_file import options_file


def network(config: config_pb2.ModelConfig, *, classes: int, channels: int) -> Functional:
    """The network as pure functions. `config` is resolved: no field is left open."""
    return functional(lambda rngs: _module(config, classes, channels, rngs))


def dataset_network(config: config_pb2.ModelConfig, facts: DatasetFacts) -> Functional:
    """The network for the images and classes of a dataset."""
    return network(config, classes=len(facts.classes), channels=facts.channels)


def reference_names(config: config_pb2.ModelConfig) -> Names:
    """The authors' names for the leaves of a network."""
    return names_of(nnx.eval_shape(lambda: _module(config, 1, 1, nnx.Rngs(0))))


def reference_networks() -> dict[str, config_pb2.ModelConfig]:
    """The networks of the authors' code by its names."""
    networks = json.loads(options_file().read_text(encoding="utf-8"))["networks"]
    return {name: json_format.ParseDict(model, config_pb2.ModelConfig()) for name, model in networks.items()}


def _module(
    config: config_pb2.ModelConfig, classes: int, channels: int, rngs: nnx.Rngs
) -> WideResnet | ShakeShake | PyramidNet | Resnet:
    match config.WhichOneof("name"):
        case "shake_shake":
            shake = config.shake_shake
            make = partial(ShakeShake, depth=shake.depth, width=shake.width)
        case "pyramidnet":
            pyramid = config.pyramidnet
            make = partial(PyramidNet, depth=pyramid.depth, alpha=pyramid.alpha, shake_drop=pyramid.shake_drop)
        case "resnet":
            make = partial(Resnet, depth=config.resnet.depth, width=config.resnet.width)
        case "resnext":
            resnext = config.resnext
            make = partial(Resnet, depth=resnext.depth, groups=resnext.cardinality, group_width=resnext.group_width)
        case _:
            wide = config.wide_resnet
            make = partial(WideResnet, depth=wide.depth, width=wide.width, dropout=wide.dropout)
    return make(classes=classes, channels=channels, rngs=rngs)
