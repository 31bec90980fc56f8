"""Reads which checkpoints a run has, from their manifests; what they hold is verified only where it is used."""

import json
import re
from pathlib import Path

from cowmask.v1 import event_pb2

_STEP = re.compile(r"[0-9]{10}")


def checkpoint_steps(folder: Path) -> list[int]:
    """In ascending order; empty where there is no such folder."""
    return sorted(int(path.name) for path in folder.glob("*") if _STEP.fullmatch(path.name))


def checkpoints(folder: Path) -> list[event_pb2.Checkpoint]:
    """Oldest first. One whose manifest can't be read is left out, as it is when a run resumes."""
    found: list[event_pb2.Checkpoint] = []
    for step in checkpoint_steps(folder):
        try:
            manifest = json.loads((folder / f"{step:010d}" / "manifest.json").read_bytes())["manifest"]
            found.append(event_pb2.Checkpoint(step=step, digest=manifest["digest"], bytes=manifest["bytes"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
