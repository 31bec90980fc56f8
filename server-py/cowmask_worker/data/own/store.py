"""Imported datasets on the disk.

`<data folder>/<name>/`: `manifest.json` with the facts, `contents.json` with the name, the content's SHA-256 and the
label of each image, and, where pixels are kept, `images.safetensors`.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as decode
from safetensors.numpy import save as encode

from cowmask_worker.data import dataset_folder
from cowmask_worker.data.catalog import DatasetFacts
from cowmask_worker.data.contents import Contents
from cowmask_worker.data.contents_file import CONTENTS, Listed, decoded, encoded, rows
from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.dataset_folder import IMAGES, MANIFEST
from cowmask_worker.data.digits import Images
from cowmask_worker.data.imported_manifest import ADVICE, described, read_facts
from cowmask_worker.data.own.taken import Taken


def store(taken: Taken, data_folder: Path) -> DatasetFacts:
    """Writes a dataset in place of the imported one that had its name. Returns its facts, the digest among them."""
    contents = taken.contents
    listed = Listed(taken.root, contents.train, contents.test)
    files = {CONTENTS: encoded(listed)}
    if taken.facts.storage == "pixels":
        files[IMAGES] = encode(taken.images._asdict())
    images = hashlib.sha256(files.get(IMAGES, b"")).hexdigest()
    facts = described(taken.facts) | {"digest": _digest(taken.facts, listed, images)}
    folder = data_folder / contents.dataset
    dataset_folder.publish(folder, files, facts)
    return read_facts(folder)


def _digest(facts: DatasetFacts, listed: Listed, images: str) -> str:
    """Over all that matters: not over what is said in sentences, nor over where the files lie. `images`: the SHA-256
    of their file."""
    told = described(replace(facts, description="", notes=(), digest=""))
    digest = hashlib.sha256(json.dumps(told).encode())
    digest.update(json.dumps([list(rows(listed.train)), list(rows(listed.test))]).encode())
    digest.update(bytes.fromhex(images))
    return digest.hexdigest()


class DatasetChanged(Exception):  # noqa: N818
    """The dataset of this name is another one than the run began with."""


class Stored(NamedTuple):
    """`root` is where the files are, if no pixels are kept; `images` then has none."""

    images: Images
    contents: Contents
    root: Path | None


def load(facts: DatasetFacts, data_folder: Path) -> Stored:
    """What `store` wrote, verified.

    Raises `DatasetDamaged`, and `DatasetChanged` where the digest is not that of the facts.
    """
    folder = data_folder / facts.name
    paths = (folder, folder / MANIFEST, folder / CONTENTS, folder / IMAGES)
    dataset_folder.check_inside(data_folder, paths, advice=ADVICE)
    there = read_facts(folder)
    manifest = dataset_folder.read_manifest(folder, advice=ADVICE)
    content = dataset_folder.verified(folder, CONTENTS, manifest, advice=ADVICE)
    listed = decoded(content, folder / CONTENTS, advice=ADVICE)
    content = dataset_folder.verified(folder, IMAGES, manifest, advice=ADVICE) if there.storage == "pixels" else b""
    digest = _digest(there, listed, hashlib.sha256(content).hexdigest())
    if digest != there.digest:
        # The files are held to the manifest, and so is the manifest to them.
        found = f"{digest}, the facts' own"
        raise DatasetDamaged(folder / MANIFEST, expected=f"the SHA-256 {there.digest}", found=found, advice=ADVICE)
    if there.digest != facts.digest:
        raise DatasetChanged(
            f"The dataset {facts.name} was imported anew: the run began with {facts.digest[:12]}, there is "
            f"{there.digest[:12]}."
        )
    contents = Contents(facts.name, facts.classes, listed.train, listed.test, facts.validation)
    if facts.storage == "files":
        none = np.empty((0, facts.height, facts.width, facts.channels), np.uint8)
        return Stored(Images(none, contents.train.labels, none, contents.test.labels), contents, listed.root)
    try:
        images = Images(**decode(content))
    except (SafetensorError, TypeError) as error:
        raise DatasetDamaged(folder / IMAGES, expected="images", found=str(error), advice=ADVICE) from error
    return Stored(images, contents, listed.root)
