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


class DatasetUnusable(Exception):  # noqa: N818
    """Somebody's own images that can not be taken as a dataset; `problems` tells every reason that was found."""

    _SHOWN = 20

    def __init__(self, what: str, problems: Sequence[DatasetDamaged], advice: str = "") -> None:
        told = [str(problem) for problem in problems[: self._SHOWN]]
        if len(problems) > self._SHOWN:
            told.append(f"and {len(problems) - self._SHOWN:,} more")
        super().__init__(what + "".join(f"\n  {line}" for line in told))
        self.problems = tuple(problems)
        self.advice = advice
