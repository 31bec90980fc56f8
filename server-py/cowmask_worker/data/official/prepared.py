"""Named datasets that were made ready once from their official files, or from what TensorFlow Datasets has prepared:
all images in one safetensors file. Of a set that is too large to be copied, which files it has and what they are.

Layout: `<data folder>/<name>/{images.safetensors or contents.json, manifest.json}`. The files of the source are only
ever read.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as decode
from safetensors.numpy import save as encode

from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.data.contents import Contents
from cowmask_worker.data.contents_file import CONTENTS, Listed, decoded, encoded
from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.dataset_folder import IMAGES, MANIFEST
from cowmask_worker.data.digits import Images
from cowmask_worker.data.official import cifar, class_folders, idx, svhn, tfds
from cowmask_worker.data.official.files import OFFICIAL
from cowmask_worker.data.official.sources import Source, find, how_to_get, origins
from cowmask_worker.data.own.store import Stored
from cowmask_worker.data.progress import Progress

FORMAT = 2


def _silent(_what: str, _done: int, _total: int) -> None: ...


def prepare(
    name: str,
    source: Path,
    data_folder: Path,
    *,
    check_digests: bool = True,
    progress: Progress = _silent,
    facts: DatasetFacts | None = None,
) -> Path:
    """Reads the official files of a dataset from the folder `source`; returns the folder of the prepared one. Where the
    facts say "files", they stay where they are and have no published digests that could be checked.

    What was prepared before is replaced once the new one is whole. `facts` stand in for those of the catalog in tests.
    Raises `DatasetMissing`, `DatasetDamaged`, `ValueError` for a name without official files and for folders inside
    each other, `OSError` where the disk refuses, with what was prepared before as it was.
    """
    facts = _facts(name, facts)
    target = data_folder / name
    dataset_folder.check_apart(source, target)
    if facts.reads_files:
        return _prepare_files(source, target, facts, progress)
    found = find(name, source)
    sources = origins(name, found, check_digests=check_digests, progress=progress)
    try:
        images = _read(found, facts, progress)
        _check(images, facts, found.folder, balanced=OFFICIAL[name].balanced)
    except DatasetDamaged as damage:
        advice = tfds.ADVICE if found.format == "tfds" else f"Get it again from {OFFICIAL[name].page}"
        raise damage.advised(advice) from damage
    progress(f"write {target}", 0, 1)
    manifest = {**_promised(facts), "read_as": found.format, "sources": sources}
    dataset_folder.publish(target, {IMAGES: encode(images._asdict())}, manifest)
    _verified(target, facts)
    progress(f"write {target}", 1, 1)
    return target


def _prepare_files(source: Path, target: Path, facts: DatasetFacts, progress: Progress) -> Path:
    there = class_folders.read(source, facts, progress, advice=how_to_get(facts.name))
    progress(f"write {target}", 0, 1)
    count = len(there.train.names) + len(there.test.names)
    manifest = {
        **_promised(facts),
        "read_as": "class-folders",
        "sources": [{"path": str(there.root), "images": count, "bytes": there.bytes}],
        "wnids": there.wnids,
    }
    dataset_folder.publish(target, {CONTENTS: encoded(Listed(there.root, there.train, there.test))}, manifest)
    _verified(target, facts)
    progress(f"write {target}", 1, 1)
    return target


def load_prepared(name: str, data_folder: Path, *, facts: DatasetFacts | None = None) -> Images:
    """The images that `prepare` wrote, verified before anything of them is used.

    Raises `DatasetMissing` where nothing was prepared, `DatasetDamaged` where it is not what was written or not what
    the catalog says, `ValueError` for a name without official files.
    """
    facts = _facts(name, facts)
    folder = data_folder / name
    _check_there(facts, data_folder)
    _, content = _verified(folder, facts)
    try:
        arrays = decode(content)
    except SafetensorError as error:
        raise _damaged(folder / IMAGES, name, "a safetensors file", f"something else ({error})") from error
    if arrays.keys() != set(Images._fields):
        raise _damaged(folder / IMAGES, name, ", ".join(Images._fields), ", ".join(sorted(arrays)))
    images = Images(**arrays)
    _check(images, facts, folder / IMAGES, balanced=OFFICIAL[name].balanced)
    return images


def load_prepared_files(facts: DatasetFacts, data_folder: Path) -> Stored:
    """Which files `prepare` found, of a set whose images stay where they are; classes are named by their wnids.

    Raises as `load_prepared` does. Whether the files are still there is not looked at.
    """
    name = facts.name
    folder = data_folder / name
    _check_there(facts, data_folder)
    manifest, content = _verified(folder, facts)
    root, train, test = decoded(content, folder / CONTENTS, advice=_again(name))
    wnids: Any = manifest.get("wnids")
    counts = (len(facts.classes), facts.train, facts.test)
    there = (len(wnids) if isinstance(wnids, list) else 0, len(train.names), len(test.names))
    labels = np.concatenate([train.labels, test.labels])
    if root is None or there != counts or labels.min() < 0 or labels.max() >= len(facts.classes):
        expected, found = ("{:,} wnids, {:,} training and {:,} test images".format(*each) for each in (counts, there))
        raise _damaged(folder, name, f"a root, {expected} with labels of these", found)
    none = np.empty((0, facts.height, facts.width, facts.channels), np.uint8)
    contents = Contents(name, tuple(map(str, wnids)), train, test)
    return Stored(Images(none, train.labels, none, test.labels), contents, root)


def _check_there(facts: DatasetFacts, data_folder: Path) -> None:
    """Raises `DatasetMissing` where nothing was prepared, `DatasetDamaged` where it is a link to somewhere else."""
    folder = data_folder / facts.name
    files = (folder / MANIFEST, folder / _kept(facts))
    if not any(file.is_file() for file in files):
        raise DatasetMissing(facts.name, looked_at=files, advice=how_to_get(facts.name))
    dataset_folder.check_inside(data_folder, (folder, *files), advice=_again(facts.name))


def _kept(facts: DatasetFacts) -> str:
    return CONTENTS if facts.reads_files else IMAGES


def _facts(name: str, facts: DatasetFacts | None) -> DatasetFacts:
    # The name becomes part of a path, so it is one of ours or nothing.
    if name not in OFFICIAL:
        raise ValueError(f"{name!r} has no official files to prepare; these have: {', '.join(OFFICIAL)}")
    return CATALOG[name] if facts is None else facts


def _read(source: Source, facts: DatasetFacts, progress: Progress) -> Images:
    read = _READERS[source.format]
    progress(f"read {source.folder}", 0, 1)
    images = read(source, facts, progress)
    progress(f"read {source.folder}", 1, 1)
    return images


def _idx(source: Source, _facts: DatasetFacts, _progress: Progress) -> Images:
    files = source.files
    return Images(
        idx.read_images(files["train_images"]),
        idx.read_labels(files["train_labels"]),
        idx.read_images(files["test_images"]),
        idx.read_labels(files["test_labels"]),
    )


def _svhn(source: Source, facts: DatasetFacts, _progress: Progress) -> Images:
    return Images(*svhn.read(source.files["train"], facts.train), *svhn.read(source.files["test"], facts.test))


_READERS: Mapping[str, Callable[[Source, DatasetFacts, Progress], Images]] = {
    "idx": _idx,
    "svhn-mat": _svhn,
    "cifar-binary": lambda source, facts, _: cifar.read_binary(source.files["archive"], facts),
    "cifar-python": lambda source, facts, _: cifar.read_python(source.files["archive"], facts),
    "cifar-extracted": lambda source, facts, _: cifar.read_binary(source.folder, facts),
    "tfds": lambda source, facts, progress: tfds.read(source.files, source.folder, facts, progress),
}


def _check(images: Images, facts: DatasetFacts, where: Path, *, balanced: bool) -> None:
    """Holds the images to the catalog. Files that were swapped show in counts, or in classes of unequal size."""
    shape = (facts.height, facts.width, facts.channels)
    parts = (
        ("training", images.train_images, images.train_labels, facts.train),
        ("test", images.test_images, images.test_labels, facts.test),
    )
    for part, pixels, labels, count in parts:
        _check_array(where, f"{part} images", pixels, (count, *shape), np.dtype(np.uint8))
        _check_array(where, f"{part} labels", labels, (count,), np.dtype(np.int32))
        classes = len(facts.classes)
        outside = np.flatnonzero((labels < 0) | (labels >= classes))
        if outside.size:
            found = f"the label {labels[outside[0]]} at record {outside[0]:,}"
            raise DatasetDamaged(where, expected=f"{part} labels of 0 to {classes - 1}", found=found)
        sizes = np.bincount(labels, minlength=classes)
        if balanced and sizes.min() != sizes.max():
            expected = f"{count // classes:,} {part} images of each class"
            found = f"{sizes.min():,} to {sizes.max():,}: files may be swapped"
            raise DatasetDamaged(where, expected=expected, found=found)


def _check_array(where: Path, what: str, values: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if values.shape != shape or values.dtype != dtype:
        expected, found = (f"{kind} {list(sizes)}" for kind, sizes in ((dtype, shape), (values.dtype, values.shape)))
        raise DatasetDamaged(where, expected=f"{what} to be {expected}", found=found)


def _verified(folder: Path, facts: DatasetFacts) -> tuple[dict[str, Any], bytes]:
    """The manifest, once it is what the catalog says, and the bytes that it tells of, once they are what it says."""
    advice = _again(facts.name)
    manifest = dataset_folder.read_manifest(folder, advice=advice)
    for key, expected in _promised(facts).items():
        if manifest.get(key) != expected:
            raise _damaged(folder / MANIFEST, facts.name, f"{key} to be {expected}", repr(manifest.get(key))[:80])
    return manifest, dataset_folder.verified(folder, _kept(facts), manifest, advice=advice)


def _promised(facts: DatasetFacts) -> dict[str, Any]:
    """What a manifest says of the set itself."""
    return {
        "format": FORMAT,
        "name": facts.name,
        "train": facts.train,
        "test": facts.test,
        "shape": [facts.height, facts.width, facts.channels],
        "classes": len(facts.classes),
    }


def _damaged(file: Path, name: str, expected: str, found: str) -> DatasetDamaged:
    return DatasetDamaged(file, expected=expected, found=found, advice=_again(name))


def _again(name: str) -> str:
    return f"Prepare it again: npx cowmask data prepare {name} --from DIR"
