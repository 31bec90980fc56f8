"""The datasets that can be trained on, as plain facts. Imports no numpy, so the control process may read it too."""

from dataclasses import dataclass
from typing import Literal

type Resize = Literal["crop", "stretch", "pad"]


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset without reading it; a test holds it to the images."""

    name: str
    description: str
    classes: tuple[str, ...]
    height: int
    width: int
    channels: int
    train: int
    test: int
    mean: tuple[float, ...]
    """Per channel, of the training pixels scaled to 0..1; so is `std`."""
    std: tuple[float, ...]
    shift: int
    """Pixels by which training images are shifted at most, unless an experiment says otherwise."""
    horizontal_flip: bool
    parity_horizontal_flip: bool | None = None
    """What the authors' code does, where that is something else."""
    label_counts: tuple[int, ...] = ()
    """Labeled training images of each class; empty: every training image has a label."""
    validation: int = 0
    """Images that the source itself has put aside for validation, beside `train`."""
    storage: Literal["pixels", "files"] = "pixels"
    """What is kept of the images: themselves at their final size, or where their files are."""
    digest: str = ""
    """SHA-256 over all that was imported, in hexadecimal; empty for sets of the catalog."""
    notes: tuple[str, ...] = ()
    """What was decided when it was imported, a sentence each."""
    resize: Resize = "crop"
    """How images got their size, if pixels are kept: the middle of the image fitted, all of it, or all of it between
    bars of gray."""

    @property
    def reads_files(self) -> bool:
        """Whether images are read from their files in training, each time with another crop."""
        return self.storage == "files"

    @property
    def imported(self) -> bool:
        return bool(self.digest)

    @property
    def labeled(self) -> int:
        """Training images that have a label."""
        return sum(self.label_counts) if self.label_counts else self.train


_CIFAR100 = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle "
    "caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant "
    "flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man "
    "maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree "
    "plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train "
    "trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)

CATALOG = {
    facts.name: facts
    for facts in (
        DatasetFacts(
            name="digits",
            description="Handwritten digits, 8x8 gray pixels (test part of UCI Optical Recognition, from scikit-learn)",
            classes=tuple("0123456789"),
            height=8,
            width=8,
            channels=1,
            train=1437,
            test=360,
            mean=(0.3045,),
            std=(0.3755,),
            shift=1,
            horizontal_flip=False,
        ),
        DatasetFacts(
            name="fashion_mnist",
            description="Articles of clothing, 28x28 gray pixels (Zalando; Xiao, Rasul and Vollgraf, 2017)",
            classes=(
                "t-shirt",
                "trouser",
                "pullover",
                "dress",
                "coat",
                "sandal",
                "shirt",
                "sneaker",
                "bag",
                "ankle boot",
            ),
            height=28,
            width=28,
            channels=1,
            train=60_000,
            test=10_000,
            mean=(0.2860,),
            std=(0.3530,),
            shift=2,
            horizontal_flip=True,
        ),
        DatasetFacts(
            name="cifar10",
            description="Photographs of animals and vehicles, 32x32 color pixels (Krizhevsky, 2009)",
            classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            height=32,
            width=32,
            channels=3,
            train=50_000,
            test=10_000,
            mean=(0.4914, 0.4822, 0.4465),
            std=(0.2470, 0.2435, 0.2616),
            shift=4,
            horizontal_flip=True,
        ),
        DatasetFacts(
            name="cifar100",
            description="Photographs of 100 kinds of things, 32x32 color pixels (Krizhevsky, 2009)",
            classes=tuple(_CIFAR100.split()),
            height=32,
            width=32,
            channels=3,
            train=50_000,
            test=10_000,
            mean=(0.5071, 0.4866, 0.4409),
            std=(0.2673, 0.2564, 0.2761),
            shift=4,
            horizontal_flip=True,
        ),
        DatasetFacts(
            name="svhn",
            description="House numbers, cropped to 32x32 color pixels (Netzer et al., 2011), without the extra part",
            classes=tuple("0123456789"),
            height=32,
            width=32,
            channels=3,
            train=73_257,
            test=26_032,
            mean=(0.4377, 0.4438, 0.4728),
            std=(0.1980, 0.2010, 0.1970),
            shift=4,
            # A mirrored digit is none; the authors' code mirrors them all the same.
            horizontal_flip=False,
            parity_horizontal_flip=True,
        ),
        DatasetFacts(
            name="imagenet",
            description="ILSVRC 2012, photographs of 1,000 kinds of things, cropped to 224x224 color pixels",
            classes=tuple(map(str, range(1000))),
            height=224,
            width=224,
            channels=3,
            train=1_281_167,
            test=50_000,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            shift=0,
            horizontal_flip=True,
            storage="files",
        ),
    )
}
