"""The splits in the worker's data folder, read away from the event loop."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from cowmask_worker.data import split_folder
from cowmask_worker.data.split_file import SplitDamaged, SplitFile, encode
from cowmask_worker.data.split_folder import SplitMissing
from cowmask_worker.runs.refusal import Refusal, Violation, invalid, shown
from cowmask_worker.runs.split_facts import split_failure


class KeptSplits:
    def __init__(self, data_folder: Path) -> None:
        self._data_folder = data_folder

    async def get(self, dataset: str, fingerprint: str, path: str = "") -> SplitFile:
        """One that verifies. Raises `SPLIT_DAMAGED`; where there is none, `INVALID_OPTION` that blames `path`, or
        `SPLIT_NOT_FOUND` without a path."""
        try:
            return await asyncio.to_thread(split_folder.read, self._data_folder, dataset, fingerprint)
        except SplitMissing as missing:
            if not path:
                raise Refusal(split_failure(missing)) from missing
            there = ", ".join(missing.there) or "there is none; splits.create() and splits.import() make them"
            reason = f"must be the fingerprint of a split of {dataset}: {there}; got {shown(fingerprint)}"
            raise invalid([Violation(path, reason)]) from missing
        except SplitDamaged as damage:
            raise Refusal(split_failure(damage)) from damage

    async def text(self, dataset: str, fingerprint: str, path: str) -> bytes:
        """The file of one that verifies. Raises as `get` does."""
        split_file = await self.get(dataset, fingerprint, path)
        return await asyncio.to_thread(lambda: encode(split_file).encode())

    async def all(self, dataset: str) -> Sequence[SplitFile]:
        """The sound ones of a dataset, by fingerprint."""
        return await asyncio.to_thread(self._all, dataset)

    def _all(self, dataset: str) -> Sequence[SplitFile]:
        found: list[SplitFile] = []
        for fingerprint in split_folder.fingerprints(self._data_folder, dataset):
            try:
                found.append(split_folder.read(self._data_folder, dataset, fingerprint))
            except (SplitDamaged, SplitMissing):
                continue
        return found
