"""How large a call may be."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cowmask_worker.runs.endpoint import MESSAGE_BYTES
from cowmask_worker.tensors import CHUNK_BYTES, MOST_CALL_BYTES, MOST_ELEMENTS


@dataclass(frozen=True, slots=True)
class Limits:
    """`tensor_elements` is the most that one tensor of a call may have, `call_bytes` that all of its tensors may."""

    message_bytes: int = MESSAGE_BYTES
    chunk_bytes: int = CHUNK_BYTES
    tensor_elements: int = MOST_ELEMENTS
    call_bytes: int = MOST_CALL_BYTES

    @classmethod
    def lowered(cls, wanted: Mapping[str, Any]) -> "Limits":
        """The usual limits but for those given. Raises `ValueError` for an unknown name or one above the usual."""
        usual: dict[str, int] = asdict(cls())
        for name, value in wanted.items():
            most = usual.get(name)
            if most is None:
                raise ValueError(f"limits.{name} is no limit; there are {', '.join(usual)}")
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise ValueError(f"limits.{name} must be a whole number from 1 to {most:,}; got {value!r}")
        return cls(**wanted)
