"""What can be wrong with a dataset's files, told so that somebody can act on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self


class DatasetDamaged(Exception):  # noqa: N818
    """A file that is not what its makers published, or not what was prepared from it."""

    def __init__(self, file: Path | str, *, expected: str, found: str, advice: str = "") -> None:
        super().__init__(f"{file}: expected {expected}, found {found}." + (f" {advice}" if advice else ""))
        self.file = str(file)
        self.expected = expected
        self.found = found
        self.advice = advice

    def advised(self, advice: str) -> Self:
        """The same with what to do about it, for callers that know where the file came from."""
        return type(self)(self.file, expected=self.expected, found=self.found, advice=self.advice or advice)


class DatasetMissing(Exception):  # noqa: N818
    """Files that are nowhere; `looked_at` names every place."""

    def __init__(self, name: str, *, looked_at: Sequence[Path], advice: str) -> None:
        places = "".join(f"\n  {place}" for place in looked_at)
        super().__init__(f"{name} is not there. Looked at:{places}\n{advice}")
        self.name = name
        self.looked_at = tuple(looked_at)
        self.advice = advice
