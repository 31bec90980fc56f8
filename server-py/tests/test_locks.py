"""The locks against what they were made of, without a registry."""

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SERVER = Path(__file__).parents[1]
PROJECT = tomllib.loads((SERVER / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
VARIANTS = {"dev": PROJECT["dependency-groups"]["dev"], "cpu": [], **EXTRAS}


class Pin(NamedTuple):
    version: str
    marker: str
    hashes: int


def pins(variant: str) -> dict[str, list[Pin]]:
    """By name; a package may be pinned once for each of several platforms."""
    found: dict[str, list[Pin]] = {}
    text = (SERVER / "locks" / f"{variant}.txt").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
        parsed = Requirement(requirement)
        version = str(parsed.specifier).removeprefix("==")
        found.setdefault(canonicalize_name(parsed.name), []).append(
            Pin(
                version, str(parsed.marker or ""), len([each for each in hashes if re.fullmatch(r"[0-9a-f]{64}", each)])
            )
        )
    return found


def unmet(requirements: list[str], locked: dict[str, list[Pin]]) -> list[str]:
    """Requirements that the lock does not meet."""
    parsed = map(Requirement, requirements)
    return [
        str(each)
        for each in parsed
        if not any(
            each.specifier.contains(pin.version, prereleases=True)
            for pin in locked.get(canonicalize_name(each.name), [])
        )
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_s9_a_lock_meets_what_the_project_asks_for(variant: str) -> None:
    locked = pins(variant)
    assert unmet([*PROJECT["project"]["dependencies"], *VARIANTS[variant]], locked) == []
    assert unmet(["nothing-of-this-name", "numpy<1"], locked) == ["nothing-of-this-name", "numpy<1"]
    assert [name for name, several in locked.items() if not all(pin.hashes for pin in several)] == []


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "dev"])
def test_s9_what_is_tested_is_what_is_shipped(variant: str) -> None:
    tested = pins("dev")
    different = {
        name: several
        for name, several in pins(variant).items()
        if name in tested and {pin.version for pin in several} - {pin.version for pin in tested[name]}
    }
    assert different == {}


def test_s9_the_lock_is_closed_and_holds_nothing_that_nobody_asked_for() -> None:
    """By the packages' own metadata, which the environment of this test was installed with."""
    locked = pins("dev")
    # A requirement of an extra counts where somebody asks for the extra.
    asked = [(Requirement(each), "") for each in [*PROJECT["project"]["dependencies"], *VARIANTS["dev"]]]
    reached: dict[str, set[str]] = {}
    missing: list[str] = []
    while asked:
        requirement, by = asked.pop()
        name = canonicalize_name(requirement.name)
        extras = {"", *requirement.extras}
        if name not in locked:
            missing.append(f"{requirement} of {by}")
            continue
        fresh = extras - reached.setdefault(name, set())
        reached[name] |= fresh
        if not fresh or not applies(locked[name]):
            continue
        for text in metadata.requires(name) or []:
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in fresh):
                asked.append((inner, name))
    assert missing == []
    assert sorted({name for name, several in locked.items() if applies(several)} - reached.keys()) == []


def applies(several: list[Pin]) -> bool:
    return any(not pin.marker or Marker(pin.marker).evaluate() for pin in several)
