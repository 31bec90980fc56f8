"""The datasets that can be trained on, as plain facts. Imports no numpy, so the control process may read it too."""

from dataclasses import dataclass


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
    )
}
