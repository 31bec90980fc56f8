"""A small disk of its own, to be filled."""

from pathlib import Path


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """To the last byte, as often as it is called."""
        try:
            with self._ballast.open("ab", buffering=0) as stream:
                while True:
                    stream.write(bytes(4096))
        except OSError:
            pass

    def make_room(self) -> None:
        self._ballast.unlink()
