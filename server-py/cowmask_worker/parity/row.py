"""One line of the parity table."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`cases` values were compared. `max_abs` is their largest difference, `max_rel` that over the largest magnitude
    expected beside it; both are None where nothing could be compared. `ok` is None for what was left out; `detail` says
    why a row failed or was left out, or what there is to know of one that holds.
    """

    group: str
    name: str
    cases: int = 0
    max_abs: float | None = None
    max_rel: float | None = None
    tolerance: str = ""
    ok: bool | None
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row under the names that scripts in TypeScript know."""
        fields = asdict(self)
        fields["maxAbs"], fields["maxRel"] = fields.pop("max_abs"), fields.pop("max_rel")
        if not self.detail:
            del fields["detail"]
        return fields


def failed(group: str, name: str, why: str) -> Row:
    """A row for what could not be compared."""
    return Row(group=group, name=name, tolerance="readable", ok=False, detail=why)


def left_out(group: str, name: str, why: str) -> Row:
    return Row(group=group, name=name, ok=None, detail=why)
