"""The folder of vectors: npz files and the manifest that describes them."""

import json

import numpy as np


class Output:
    def __init__(self, folder):
        self.folder = folder
        self.files = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, file, arrays, entry):
        """Writes one npz file; `entry` is what the manifest says about it."""
        arrays = {name: np.asarray(value) for name, value in arrays.items()}
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, **arrays)
        described = {name: [str(value.dtype), list(value.shape)] for name, value in arrays.items()}
        self.files[file] = {**entry, "arrays": described}

    def add_json(self, file, value):
        (self.folder / file).write_text(json.dumps(value, separators=(",", ":")) + "\n")

    def finish(self, facts):
        """Writes the manifest, last, so that a folder without one is a run that broke off."""
        manifest = {"format": 1, **facts, "files": dict(sorted(self.files.items()))}
        (self.folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
