"""The files in which makers publish their datasets, as plain facts. Imports no numpy, so control may read it too.

The digests are the makers': Krizhevsky's page gives those of CIFAR; those of Fashion-MNIST and SVHN are quoted alike
by torchvision, Keras and many others. Sizes are from independent downloads whose MD5 matched. The digests of unpacked
files are our own: Debian's four files of Fashion-MNIST become the published ones, MD5 and all, once gzip's header has
its file name and time again, so their contents are the makers' too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Format = Literal["idx", "cifar-binary", "cifar-python", "svhn-mat"]


@dataclass(frozen=True)
class Unpacked:
    """What a compressed file holds, for those who compressed it anew or not at all."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class OfficialFile:
    name: str
    url: str
    md5: str
    bytes: int
    unpacked: Unpacked | None = None


@dataclass(frozen=True)
class Edition:
    """One of the forms in which a dataset is published: all of `files`, each under what it is for."""

    format: Format
    files: Mapping[str, OfficialFile]


@dataclass(frozen=True)
class OfficialDataset:
    """`editions` are in the order in which they are preferred."""

    page: str
    editions: tuple[Edition, ...]
    balanced: bool
    """Whether every class has equally many images in each part, as its makers say."""
    debian: tuple[str, Path] | None = None
    """A package of Debian that holds the files, and the folder where it puts them."""
    tree: str = ""
    """Where the images lie in a folder, of a dataset too large to be copied. Its makers give it to who has registered,
    so that it is not fetched either and has no editions."""


# www.cs.toronto.edu/~kriz, where the files stood for 15 years, sends there.
_TORONTO = "https://cave.cs.toronto.edu/kriz"
_ZALANDO = "https://github.com/zalandoresearch/fashion-mnist"
_STANFORD = "https://ufldl.stanford.edu/housenumbers"


def _cifar(name: str, md5: str, size: int) -> Mapping[str, OfficialFile]:
    return {"archive": OfficialFile(name, f"{_TORONTO}/{name}", md5, size)}


def _fashion(name: str, md5: str, size: int, unpacked: Unpacked) -> OfficialFile:
    return OfficialFile(name, f"{_ZALANDO}/raw/master/data/fashion/{name}", md5, size, unpacked)


def _svhn(name: str, md5: str, size: int) -> OfficialFile:
    return OfficialFile(name, f"{_STANFORD}/{name}", md5, size)


OFFICIAL: Mapping[str, OfficialDataset] = {
    "fashion_mnist": OfficialDataset(
        page=_ZALANDO,
        editions=(
            Edition(
                "idx",
                {
                    "train_images": _fashion(
                        "train-images-idx3-ubyte.gz",
                        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                        26_421_880,
                        Unpacked(47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
                    ),
                    "train_labels": _fashion(
                        "train-labels-idx1-ubyte.gz",
                        "25c81989df183df01b3e8a0aad5dffbe",
                        29_515,
                        Unpacked(60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
                    ),
                    "test_images": _fashion(
                        "t10k-images-idx3-ubyte.gz",
                        "bef4ecab320f06d8554ea6380940ec79",
                        4_422_102,
                        Unpacked(7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
                    ),
                    "test_labels": _fashion(
                        "t10k-labels-idx1-ubyte.gz",
                        "bb300cfdad3c16e7a12a480ee83cd310",
                        5_148,
                        Unpacked(10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
                    ),
                },
            ),
        ),
        balanced=True,
        debian=("dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist")),
    ),
    "cifar10": OfficialDataset(
        page=f"{_TORONTO}/cifar.html",
        editions=(
            Edition("cifar-binary", _cifar("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 170_052_171)),
            Edition("cifar-python", _cifar("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", 170_498_071)),
        ),
        balanced=True,
    ),
    "cifar100": OfficialDataset(
        page=f"{_TORONTO}/cifar.html",
        editions=(
            Edition("cifar-binary", _cifar("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", 168_513_733)),
            Edition("cifar-python", _cifar("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85", 169_001_437)),
        ),
        balanced=True,
    ),
    "svhn": OfficialDataset(
        page=f"{_STANFORD}/",
        editions=(
            Edition(
                "svhn-mat",
                {
                    "train": _svhn("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", 182_040_794),
                    "test": _svhn("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", 64_275_384),
                },
            ),
        ),
        balanced=False,
    ),
    "imagenet": OfficialDataset(
        page="https://image-net.org/challenges/LSVRC/2012/",
        editions=(),
        balanced=False,
        tree="train/<wnid>/*.JPEG and val/<wnid>/*.JPEG",
    ),
}
