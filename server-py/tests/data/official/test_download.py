"""Files are fetched from a real server on this machine, one that can be told to fail."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import pytest

from cowmask_worker.data.damage import DatasetDamaged
from cowmask_worker.data.official.download import DownloadFailed, download
from cowmask_worker.data.official.files import OfficialFile

CONTENT = bytes(range(256)) * 4096


class Publisher(ThreadingHTTPServer):
    """Serves CONTENT. After `cut_after` bytes it hangs up, `cuts` times; with `ranges` it begins where asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.ranges = True
        self.cuts = 0
        self.cut_after = 0
        self.status = 200
        self.asked: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Publisher  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.ranges else 0
        body = self.server.content[first:]
        self.send_response(self.server.status if first == 0 else 206)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cuts > 0:
            self.server.cuts -= 1
            body = body[: self.server.cut_after]
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def published(publisher: Publisher, content: bytes = CONTENT) -> OfficialFile:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return OfficialFile("set.bin", f"http://127.0.0.1:{publisher.server_port}/set.bin", md5, len(content))


def fetch(publisher: Publisher, folder: Path, told: list[int] | None = None) -> Path:
    steps = [] if told is None else told
    return download(published(publisher), folder, progress=lambda _, done, __: steps.append(done), pause_seconds=0)


def test_fetches_a_file_and_tells_how_far_it_is(publisher: Publisher, tmp_path: Path) -> None:
    told: list[int] = []
    assert fetch(publisher, tmp_path / "sets", told).read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)
    assert [path.name for path in (tmp_path / "sets").iterdir()] == ["set.bin"]


def test_what_is_there_is_not_fetched_again(publisher: Publisher, tmp_path: Path) -> None:
    fetch(publisher, tmp_path)
    fetch(publisher, tmp_path)
    assert publisher.asked == [None]


def test_goes_on_where_the_line_was_cut(publisher: Publisher, tmp_path: Path) -> None:
    publisher.cuts, publisher.cut_after = 2, 300_000
    assert fetch(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.asked == [None, "bytes=300000-", "bytes=600000-"]


def test_goes_on_in_another_process(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(publisher, tmp_path).read_bytes() == CONTENT
    assert publisher.asked == ["bytes=1000-"]


def test_begins_anew_where_the_server_knows_no_ranges(publisher: Publisher, tmp_path: Path) -> None:
    publisher.ranges, publisher.cuts, publisher.cut_after = False, 1, 300_000
    assert fetch(publisher, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT + b"more"])
def test_something_else_is_thrown_away(publisher: Publisher, tmp_path: Path, content: bytes) -> None:
    publisher.content = content
    with pytest.raises(DatasetDamaged, match="MD5"):
        fetch(publisher, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_is_always_cut_is_told_and_what_came_is_kept(publisher: Publisher, tmp_path: Path) -> None:
    publisher.cuts, publisher.cut_after = 99, 1000
    with pytest.raises(DownloadFailed, match=r"5,000 bytes are kept in .*set\.bin\.part.*--from"):
        fetch(publisher, tmp_path)
    assert (tmp_path / "set.bin.part").read_bytes() == CONTENT[:5000]


def test_an_answer_that_will_not_change_is_told_at_once(publisher: Publisher, tmp_path: Path) -> None:
    publisher.status = 404
    with pytest.raises(DownloadFailed, match="404"):
        fetch(publisher, tmp_path)
    assert len(publisher.asked) == 1


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    nobody = OfficialFile("set.bin", "http://127.0.0.1:1/set.bin", "0" * 32, 10)
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1:1/set\.bin can not be fetched"):
        download(nobody, tmp_path, progress=lambda *_: None, pause_seconds=0)
