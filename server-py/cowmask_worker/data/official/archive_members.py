"""Members of a .tar.gz, read as a stream: nothing is unpacked to disk, and nothing but the expected is kept.

An archive with a member that could do harm if it were unpacked is refused as a whole, even though it is not unpacked:
its makers published none such, so it is not theirs.
"""

import gzip
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

from cowmask_worker.data.damage import DatasetDamaged

# CIFAR's archives have 9 members at most, and are 1.1 times as large once unpacked.
_MOST_MEMBERS = 64
_LARGEST_RATIO = 20
_ANY_RATIO_BYTES = 1 << 20
# For what stands beside the expected members: a readme, lists of names, headers, padding.
_OTHER_BYTES = 4 << 20
_PIECE_BYTES = 1 << 20


class MemberSize(NamedTuple):
    """In bytes, both included."""

    smallest: int
    largest: int


class Member(NamedTuple):
    name: str
    content: bytes


def read_members(archive: Path, wanted: Mapping[str, MemberSize]) -> Iterator[Member]:
    """All of `wanted`, in the archive's order; its other members are passed over.

    Raises `DatasetDamaged` for an archive that lacks one or has it twice, for a size outside its bounds, for links,
    devices, sparse files and names that lead out of the archive, for too many members or bytes, and for what is no
    archive; where one is cut, at its end at the latest.
    """
    seen: set[str] = set()
    try:
        with archive.open("rb") as file:
            stream = _Bounded(archive, cast(IO[bytes], gzip.GzipFile(fileobj=file)), _most_bytes(archive, wanted))
            with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as tar:
                for member in tar:
                    name = _checked_name(archive, member)
                    if name in seen:
                        raise _refused(archive, "each member once", f"a second {name!r}")
                    seen.add(name)
                    if len(seen) > _MOST_MEMBERS:
                        raise _refused(archive, f"at most {_MOST_MEMBERS} members", "more")
                    if name in wanted:
                        yield Member(name, _content(archive, tar, member, wanted[name]))
            # gzip checks its sums at the end, which tar does not read.
            stream.drain()
    except DatasetDamaged:
        raise
    except Exception as error:
        # Neither tarfile nor gzip says what it raises for a file that somebody made up.
        raise _refused(archive, "a whole .tar.gz", f"one that can not be read to its end ({error})") from error
    missing = sorted(wanted.keys() - seen)
    if missing:
        raise _refused(archive, f"the members {', '.join(sorted(wanted))}", f"no {', '.join(missing)}")


class _Bounded:
    """A stream that ends in an exception where it grows too long, or where somebody reads on at its end.

    tarfile looks for the next member wherever a header says, 2^62 bytes on if it likes, in steps that read nothing.
    """

    def __init__(self, archive: Path, stream: IO[bytes], most: int) -> None:
        self._archive = archive
        self._stream = stream
        self._most = most
        self._read = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        if not content and self._ended:
            raise EOFError("it ends before its last member does")
        self._ended = not content
        self._read += len(content)
        if self._read > self._most:
            raise _refused(self._archive, f"at most {self._most:,} bytes once unpacked", "more")
        return content

    def drain(self) -> None:
        while not self._ended:
            self.read(_PIECE_BYTES)


def _most_bytes(archive: Path, wanted: Mapping[str, MemberSize]) -> int:
    """By what is expected, and by what can honestly come out of a file of that size."""
    expected = sum(size.largest for size in wanted.values()) + _OTHER_BYTES
    return min(expected, max(_ANY_RATIO_BYTES, archive.stat().st_size * _LARGEST_RATIO))


def _checked_name(archive: Path, member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not set(member.name).isdisjoint("\\\0:"):
        raise _refused(archive, "members inside the archive", f"one named {member.name!r}")
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or member.issparse():
        raise _refused(archive, "plain files and folders only", f"{member.name!r}, which is a {_kind(member)}")
    if member.size < 0:
        raise _refused(archive, "members of no less than 0 bytes", f"{member.name!r} of {member.size:,} bytes")
    return str(path)


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"link to {member.linkname!r}"
    return "sparse file" if member.issparse() else f"member of type {member.type!r}"


def _content(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, size: MemberSize) -> bytes:
    expected = f"{member.name} of {_bytes(size)}"
    if not size.smallest <= member.size <= size.largest:
        raise _refused(archive, expected, f"{member.size:,} bytes")
    stream = tar.extractfile(member)
    if stream is None:
        raise _refused(archive, expected, "a folder")
    content = stream.read(member.size)
    if len(content) != member.size:
        raise _refused(archive, f"{member.name} of {member.size:,} bytes", f"{len(content):,} bytes")
    return content


def _bytes(size: MemberSize) -> str:
    if size.smallest == size.largest:
        return f"{size.largest:,} bytes"
    return f"{size.smallest:,} to {size.largest:,} bytes"


def _refused(archive: Path, expected: str, found: str) -> DatasetDamaged:
    return DatasetDamaged(archive, expected=expected, found=found)
