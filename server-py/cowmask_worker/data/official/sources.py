"""Finds the official files of a dataset in a folder, and holds them to the digests of their makers."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

from cowmask_worker.data.damage import DatasetDamaged, DatasetMissing
from cowmask_worker.data.official import tfds
from cowmask_worker.data.official.cifar import extracted_files
from cowmask_worker.data.official.files import OFFICIAL, Edition, Format, OfficialFile
from cowmask_worker.data.progress import Progress

_PIECE_BYTES = 4 << 20


class Source(NamedTuple):
    """`files` are under what they are for; extracted ones and those of TensorFlow Datasets have no digest of their
    makers."""

    format: Format | Literal["cifar-extracted", "tfds"]
    files: dict[str, Path]
    official: dict[str, OfficialFile]
    folder: Path


def find(name: str, folder: Path) -> Source:
    """The first edition of which all files are there, else what TensorFlow Datasets has prepared.

    Raises `DatasetMissing` with every place that was looked at, and for the latter `DatasetDamaged`.
    """
    looked_at: list[Path] = []
    for edition in OFFICIAL[name].editions:
        files = {role: _first(_places(folder, file), looked_at) for role, file in edition.files.items()}
        whole = {role: path for role, path in files.items() if path is not None}
        if len(whole) == len(files):
            return Source(edition.format, whole, dict(edition.files), folder)
    if _is_cifar(name):
        extracted, *members = extracted_files(name)
        for place in (folder, folder / extracted):
            paths = {member: place / member for member in members}
            absent = [path for path in paths.values() if not path.is_file()]
            if not absent:
                return Source("cifar-extracted", paths, {}, place)
            looked_at += absent
    shards = tfds.find(name, folder)
    if shards is not None:
        return Source("tfds", dict(shards.files), {}, shards.folder)
    looked_at += tfds.places(name, folder)
    raise DatasetMissing(name, looked_at=looked_at, advice=how_to_get(name))


def origins(name: str, source: Source, *, check_digests: bool, progress: Progress) -> list[dict[str, Any]]:
    """What the manifest says of each file: where it was, its size, its digests, whether they are the makers'.

    Raises `DatasetDamaged` for a file that is not the published one, unless digests are not checked. The records of
    TensorFlow Datasets have no published digest but checksums of their own, which are checked in any case.
    """
    if check_digests and not source.official and source.format != "tfds":
        raise DatasetDamaged(
            source.folder,
            expected="a file with a digest that its makers publish",
            found="files out of the archive, which have none",
            advice=f"Give the archive itself ({', '.join(_archives(name))}), or say --no-digests.",
        )
    return [
        _origin(path, source.official.get(role), check_digests, progress) for role, path in sorted(source.files.items())
    ]


def how_to_get(name: str) -> str:
    official = OFFICIAL[name]
    command = f"npx cowmask data prepare {name} --from DIR"
    if official.tree:
        return f"Get it from {official.page}, unpack it to {official.tree} in a folder DIR, then: {command}"
    names = " or ".join(_named(edition) for edition in official.editions)
    advice = f"Get {names} from {official.page}"
    if official.debian is not None:
        package, folder = official.debian
        advice += f" (on Debian: apt install {package}, which puts them into {folder})"
    return f"{advice}, then: {command} (or the folder of TensorFlow Datasets)"


def _named(edition: Edition) -> str:
    return ", ".join(file.name for file in edition.files.values())


def _archives(name: str) -> list[str]:
    return [file.name for edition in OFFICIAL[name].editions for file in edition.files.values()]


def _is_cifar(name: str) -> bool:
    return any(edition.format == "cifar-binary" for edition in OFFICIAL[name].editions)


def _places(folder: Path, file: OfficialFile) -> list[Path]:
    """A file that was only compressed for its journey may stand there without its suffix."""
    places = [folder / file.name]
    return places if file.unpacked is None else [*places, folder / file.name.removesuffix(".gz")]


def _first(places: list[Path], looked_at: list[Path]) -> Path | None:
    for place in places:
        if place.is_file():
            return place
        looked_at.append(place)
    return None


def _origin(path: Path, official: OfficialFile | None, check: bool, progress: Progress) -> dict[str, Any]:
    try:
        size, md5, sha256 = _digests(path, progress)
        matches = official is not None and (md5 == official.md5 or _holds_the_same(path, official, sha256))
    except OSError as error:
        raise DatasetDamaged(path, expected="a file to read", found=f"an error ({error})") from error
    if check and official is not None and not matches:
        raise DatasetDamaged(
            path,
            expected=f"the {official.bytes:,} bytes with MD5 {official.md5} that its makers publish",
            found=f"{size:,} bytes with MD5 {md5}",
            advice=f"Get it again from {official.url}",
        )
    url = None if official is None else official.url
    return {"path": str(path), "url": url, "bytes": size, "md5": md5, "sha256": sha256, "official": matches}


def _digests(path: Path, progress: Progress) -> tuple[int, str, str]:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    done, total = 0, path.stat().st_size
    with path.open("rb") as file:
        for piece in _pieces(file):
            md5.update(piece)
            sha256.update(piece)
            done += len(piece)
            progress(f"check {path.name}", done, total)
    return done, md5.hexdigest(), sha256.hexdigest()


def _holds_the_same(path: Path, official: OfficialFile, sha256: str) -> bool:
    """Whether the file is what the published one holds, or holds it, however it was compressed."""
    unpacked = official.unpacked
    if unpacked is None:
        return False
    if sha256 == unpacked.sha256:
        return True
    digest, left = hashlib.sha256(), unpacked.bytes
    try:
        with gzip.open(path) as stream:
            for piece in _pieces(cast(IO[bytes], stream)):
                digest.update(piece)
                left -= len(piece)
                if left < 0:
                    return False
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return False
    return digest.hexdigest() == unpacked.sha256


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece
