"""Where the table of options lies: beside the worker's sources, or where it is in a checkout."""

from pathlib import Path

_SOURCES = Path(__file__).resolve().parents[1]


def options_file() -> Path:
    """`options.json`; the first place where it belongs if it is in none."""
    candidates = [folder / "proto/cowmask/v1/options.json" for folder in (_SOURCES, _SOURCES.parent)]
    return next((each for each in candidates if each.is_file()), candidates[0])
