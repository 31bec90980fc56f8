"""Writes an image's bill of materials, CycloneDX in JSON, to stdout: what Python, Debian and npm installed."""

import argparse
import json
import subprocess
from email.parser import Parser
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, required=True, help="a virtual environment")
    parser.add_argument(
        "--npm", type=Path, action="append", default=[], metavar="LOCK", help="what npm keeps in node_modules"
    )
    parser.add_argument("--debian", action="append", default=[], metavar="STATUS[=PACKAGE]", help="dpkg's status file")
    chosen = parser.parse_args()
    bill = json.loads(_of_environment(chosen.environment))
    for installed in chosen.npm:
        bill["components"] += _of_npm(installed)
    for wanted in chosen.debian:
        status, _, only = wanted.partition("=")
        bill["components"] += _of_debian(Path(status), only)
    print(json.dumps(bill, indent=1))


def _of_environment(folder: Path) -> str:
    command = ["cyclonedx-py", "environment", "--output-reproducible", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _of_npm(installed: Path) -> list[dict[str, Any]]:
    found = {}
    for path, package in json.loads(installed.read_text(encoding="utf-8"))["packages"].items():
        if package.get("link") or "node_modules/" not in path:
            continue
        name = package.get("name", path.rsplit("node_modules/", 1)[1])
        url = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        found[url] = {"type": "library", "bom-ref": url, "name": name, "version": package["version"], "purl": url}
    return list(found.values())


def _of_debian(status: Path, only: str) -> list[dict[str, Any]]:
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    distribution = f"{release['ID']}-{release['VERSION_ID'].strip(chr(34))}"
    components = []
    for paragraph in status.read_text(encoding="utf-8").split("\n\n"):
        package = Parser().parsestr(paragraph, headersonly=True)
        name = package["Package"]
        if name is None or "installed" not in package["Status"].split() or (only and name != only):
            continue
        url = f"pkg:deb/debian/{name}@{package['Version']}?arch={package['Architecture']}&distro={distribution}"
        components.append({"type": "library", "bom-ref": url, "name": name, "version": package["Version"], "purl": url})
    return components


if __name__ == "__main__":
    main()
