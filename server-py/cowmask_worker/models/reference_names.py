"""What the reference calls the leaves of its networks, and we of ours.

Leaves are named by their path, such as "blocks/0/conv1/kernel" here and "BottleneckBlock_0/conv1/kernel" there, the
same for parameters and statistics. Both sides order the axes of every array alike.
"""

from cowmask_worker.models.pyramidnet import PyramidNet
from cowmask_worker.models.resnet import Resnet
from cowmask_worker.models.shake_shake import ShakeShake
from cowmask_worker.models.wide_resnet import WideResnet

type Table = dict[str, str]

# By layer, ours to the left. {block} counts from 0 through the whole network, {place} within its {group} of three;
# {blocks} is how many there are in all.
WIDE_RESNET: Table = {
    "stem": "init_conv",
    "blocks/{block}/norm1": "WideResnetGroup_{group}/WideResnetBlock_{place}/bn1",
    "blocks/{block}/conv1": "WideResnetGroup_{group}/WideResnetBlock_{place}/conv1",
    "blocks/{block}/norm2": "WideResnetGroup_{group}/WideResnetBlock_{place}/bn2",
    "blocks/{block}/conv2": "WideResnetGroup_{group}/WideResnetBlock_{place}/conv2",
    "blocks/{block}/shortcut": "WideResnetGroup_{group}/WideResnetBlock_{place}/Conv_0",
    "norm": "BatchNorm_3",
    "dense": "Dense_4",
}
SHAKE_SHAKE: Table = {
    "stem": "init_conv",
    "blocks/{block}/branches/0/conv1": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/conv_a_1",
    "blocks/{block}/branches/0/norm1": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/bn_a_1",
    "blocks/{block}/branches/0/conv2": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/conv_a_2",
    "blocks/{block}/branches/0/norm2": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/bn_a_2",
    "blocks/{block}/branches/1/conv1": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/conv_b_1",
    "blocks/{block}/branches/1/norm1": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/bn_b_1",
    "blocks/{block}/branches/1/conv2": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/conv_b_2",
    "blocks/{block}/branches/1/norm2": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/bn_b_2",
    "blocks/{block}/shortcut": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/conv_residual",
    "blocks/{block}/shortcut_norm": "WideResnetShakeShakeGroup_{group}/ShakeShakeBlock_{place}/bn_residual",
    "dense": "Dense_3",
}
PYRAMIDNET: Table = {
    "stem": "init_conv",
    "stem_norm": "init_bn",
    "blocks/{block}/norm1": "BottleneckShakeDrop_{block}/bn_1_pre",
    "blocks/{block}/conv1": "BottleneckShakeDrop_{block}/1x1_conv_contract",
    "blocks/{block}/norm2": "BottleneckShakeDrop_{block}/bn_1_post",
    "blocks/{block}/conv2": "BottleneckShakeDrop_{block}/3x3",
    "blocks/{block}/norm3": "BottleneckShakeDrop_{block}/bn_2",
    "blocks/{block}/conv3": "BottleneckShakeDrop_{block}/1x1_conv_expand",
    "blocks/{block}/norm4": "BottleneckShakeDrop_{block}/bn_3",
    "norm": "final_bn",
    "dense": "Dense_{blocks}",
}
RESNET: Table = {
    "stem": "init_conv",
    "stem_norm": "init_bn",
    "blocks/{block}/conv1": "BottleneckBlock_{block}/conv1",
    "blocks/{block}/norm1": "BottleneckBlock_{block}/bn1",
    "blocks/{block}/conv2": "BottleneckBlock_{block}/conv2",
    "blocks/{block}/norm2": "BottleneckBlock_{block}/bn2",
    "blocks/{block}/conv3": "BottleneckBlock_{block}/conv3",
    "blocks/{block}/norm3": "BottleneckBlock_{block}/bn3",
    "blocks/{block}/shortcut": "BottleneckBlock_{block}/proj_conv",
    "blocks/{block}/shortcut_norm": "BottleneckBlock_{block}/proj_bn",
    "dense": "clf",
}

_TABLES: dict[type, Table] = {
    WideResnet: WIDE_RESNET,
    ShakeShake: SHAKE_SHAKE,
    PyramidNet: PYRAMIDNET,
    Resnet: RESNET,
}
_LEAVES = {"kernel", "bias", "scale", "mean", "var"}


class Names:
    """Translates the leaves of a network of `blocks` blocks in all.

    Where a table has a shortcut, every block's is known, also those that have no leaves because no shape changes.
    """

    def __init__(self, table: Table, *, blocks: int) -> None:
        self._reference_layers = {
            ours.format(block=block): theirs.format(
                block=block, blocks=blocks, group=block // (blocks // 3), place=block % (blocks // 3)
            )
            for ours, theirs in table.items()
            for block in range(blocks)
        }
        self._layers = {theirs: ours for ours, theirs in self._reference_layers.items()}

    def to_reference(self, path: str) -> str:
        """The reference's name of our leaf, such as "dense/kernel"; raises ValueError where there is none."""
        return _renamed(self._reference_layers, path, "this network")

    def from_reference(self, path: str) -> str:
        """Our name of the reference's leaf, such as "init_conv/kernel"; raises ValueError where there is none."""
        return _renamed(self._layers, path, "the reference's network")


def names_of(network: WideResnet | ShakeShake | PyramidNet | Resnet) -> Names:
    """The names of a network's leaves; an abstract network, from `nnx.eval_shape`, will do."""
    return Names(_TABLES[type(network)], blocks=len(network.blocks))


def _renamed(layers: dict[str, str], path: str, owner: str) -> str:
    layer, _, leaf = path.rpartition("/")
    if layer not in layers or leaf not in _LEAVES:
        raise ValueError(f"{owner} has no leaf {path!r}")
    return f"{layers[layer]}/{leaf}"
