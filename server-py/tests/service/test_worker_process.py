"""The control process from outside: its start, its guards, its end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from worker_process import CACHE, COMMAND, METADATA, OPTIONS, SERVER, TOKEN, gone_within, greeting, started

from cowmask.v1 import system_pb2, system_pb2_grpc
from cowmask_worker import __version__

# Promises are tested with ten times the time that they name.
UP_S = 10
GONE_S = 50

MODULES_AFTER_START = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from cowmask_worker.__main__ import main
from cowmask_worker.service import main as serve
from cowmask_worker.service.control import Control
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.settings import Settings

async def start():
    folder = Path(sys.argv[2])
    control = Control(Settings("t" * 16, folder, folder, folder, folder, {}, Path(sys.argv[3]), Limits(), None, "info"))
    await control.start()
    heavy = {"jax", "jaxlib", "flax", "numpy", "sklearn", "scipy", "optax"}
    print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
    await control.stop(0)

asyncio.run(start())
"""


def info(address: str) -> system_pb2.InfoResponse:
    with grpc.insecure_channel(address) as channel:
        stub: Any = system_pb2_grpc.SystemStub(channel)
        return stub.Info(system_pb2.InfoRequest(), metadata=METADATA, timeout=10)


def test_l1_it_is_up_in_a_moment_and_says_where(socket_folder: Path, tmp_path: Path) -> None:
    with started(greeting(socket_folder, tmp_path)) as worker:
        assert worker.start_seconds < UP_S
        assert worker.announced == {
            "protocol": 1,
            "version": __version__,
            "address": f"unix:{socket_folder}/worker.sock",
            "pid": worker.process.pid,
        }
        assert info(worker.address).pid == worker.process.pid


def test_control_loads_nothing_heavy(socket_folder: Path) -> None:
    command = [sys.executable, "-I", "-c", MODULES_AFTER_START, str(SERVER), str(socket_folder), str(OPTIONS)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_l1_what_others_print_to_stdout_goes_to_stderr() -> None:
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from cowmask_worker.service.announcement import Announcement\n"
        "line = Announcement(); print('junk'); sys.stdout.flush(); os.write(1, b'more junk'); line.ready('here')\n"
        "print('junk after')\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(SERVER)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["address"] == "here"
    assert ran.stderr == "junk\nmore junkjunk after\n"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"protocol": 2}, "PROTOCOL_MISMATCH", ["protocol 2", "protocol 1"]),
        ({"token": "short"}, "START_FAILED", ["token"]),
        ({"token": 7}, "START_FAILED", ["token"]),
        ({"folder": "/nowhere"}, "START_FAILED", ["/nowhere"]),
        ({"options": "/nowhere.json"}, "START_FAILED", ["/nowhere.json"]),
        ({"options": str(SERVER / "pyproject.toml")}, "START_FAILED", ["pyproject.toml"]),
        ({"limits": {"speed": 3}}, "START_FAILED", ["limits.speed"]),
        ({"log": "shout"}, "START_FAILED", ["'shout'"]),
    ],
)
def test_l1_l2_a_worker_that_can_not_start_says_why(
    changes: dict[str, Any], code: str, words: list[str], socket_folder: Path, tmp_path: Path
) -> None:
    with started(greeting(socket_folder, tmp_path, **changes)) as worker:
        assert worker.announced is not None
        assert worker.announced["version"] == __version__
        error = worker.announced["error"]
        assert error["code"] == code
        assert all(word in error["message"] for word in words)
        assert error["hint"]
        assert worker.process.wait(10) == 1


@pytest.mark.parametrize("first", [b"hello\n", b"[]\n", b"\n", b"{" + b" " * 70_000 + b"}\n"])
def test_l1_a_first_line_that_is_no_greeting_is_told(first: bytes) -> None:
    with started(first) as worker:
        assert worker.announced is not None
        assert worker.announced["error"]["code"] == "START_FAILED"
        assert worker.process.wait(10) == 1


def test_l7_a_folder_that_others_may_enter_is_refused(socket_folder: Path, tmp_path: Path) -> None:
    socket_folder.chmod(0o755)
    with started(greeting(socket_folder, tmp_path)) as worker:
        assert worker.announced is not None
        assert "0700" in worker.announced["error"]["message"]


def test_l7_a_path_too_long_for_a_socket_falls_back_to_loopback(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir(mode=0o700)
    with started(greeting(folder, tmp_path)) as worker:
        assert worker.address.startswith("127.0.0.1:")
        assert info(worker.address).pid == worker.process.pid
        assert list(folder.iterdir()) == []


def test_l3_the_end_of_stdin_ends_it_and_its_sockets(socket_folder: Path, tmp_path: Path) -> None:
    with started(greeting(socket_folder, tmp_path)) as worker:
        assert {path.name for path in socket_folder.iterdir()} == {"worker.sock", "tasks.sock"}
        worker.close_stdin()
        assert worker.process.wait(GONE_S) == 0
        assert not socket_folder.exists()


def test_l4_terminate_drains_and_ctrl_c_is_the_clients_to_judge(socket_folder: Path, tmp_path: Path) -> None:
    with started(greeting(socket_folder, tmp_path)) as worker:
        worker.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert info(worker.address).pid == worker.process.pid
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(GONE_S) == 0
        assert not socket_folder.exists()


PARENT = """
import os, subprocess, sys, time
worker = subprocess.Popen(sys.argv[2:], stdin=int(sys.argv[1]), stdout=1)
print(worker.pid, file=sys.stderr, flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("stdin_outlives_the_parent", [False, True])
def test_l3_a_worker_does_not_outlive_its_parent(
    stdin_outlives_the_parent: bool, socket_folder: Path, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    inherited = [reading] if stdin_outlives_the_parent else [reading, writing]
    command = [sys.executable, "-c", PARENT, str(reading), *COMMAND, "serve", "--stdio"]
    parent = subprocess.Popen(command, pass_fds=inherited, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        worker = int(parent.stderr.readline())
        os.write(writing, greeting(socket_folder, tmp_path))
        if not stdin_outlives_the_parent:
            os.close(writing)  # now the parent holds the only other end
        address = json.loads(parent.stdout.readline())["address"]
        assert info(address).pid == worker
        parent.kill()
        assert gone_within(GONE_S, [worker])
        assert not socket_folder.exists()
    os.close(reading)
    if stdin_outlives_the_parent:
        os.close(writing)


HURRIED = """
import sys
sys.path.insert(0, sys.argv[1])
from cowmask_worker.service import main
main._ORPHAN_EXIT_S = 0.0
main.serve_stdio()
"""


def test_l3_sockets_go_even_where_there_is_no_time_to_stop(socket_folder: Path, tmp_path: Path) -> None:
    with started(greeting(socket_folder, tmp_path), [sys.executable, "-c", HURRIED, str(SERVER)]) as worker:
        assert info(worker.address).pid == worker.process.pid
        assert list(socket_folder.iterdir())
        worker.close_stdin()
        worker.process.wait(GONE_S)
        assert not socket_folder.exists()


@contextmanager
def listening(listen: str, state: Path, *more: str) -> Generator["subprocess.Popen[str]"]:
    token = state / "token"
    token.write_text(TOKEN + "\n")
    command = [
        *COMMAND,
        "serve",
        "--listen",
        listen,
        "--token-file",
        str(token),
        "--state-dir",
        str(state / "s"),
        *more,
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def announced(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_w7_a_worker_to_connect_to_listens_is_healthy_and_drains(stop: signal.Signals, tmp_path: Path) -> None:
    with listening("127.0.0.1:0", tmp_path, "--cache-dir", CACHE) as process:
        address = announced(process)["address"]
        assert info(address).pid == process.pid
        check = [*COMMAND, "healthcheck", "--address", address]
        assert subprocess.run([*check, "--service", "cowmask.v1.System"], check=False).returncode == 0
        until = time.monotonic() + UP_S * 10
        while subprocess.run(check, check=False, capture_output=True).returncode != 0:
            assert time.monotonic() < until
            time.sleep(0.1)
        process.send_signal(stop)
        assert process.wait(GONE_S) == 0
        sick = subprocess.run(check, check=False, capture_output=True, text=True)
        assert sick.returncode == 1
        assert address in sick.stderr


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:0", "192.0.2.1:80", "[::]:0", "example.com:80", "127.0.0.1", "127.0.0.1:x", ":80"]
)
def test_s1_nothing_but_loopback_is_listened_on_in_plain_text(listen: str, tmp_path: Path) -> None:
    with listening(listen, tmp_path) as process:
        error = announced(process)["error"]
        assert process.wait(10) == 2
        assert error["code"] == "START_FAILED"
        assert listen.rpartition(":")[0] in error["message"] or listen in error["message"]
        assert error["hint"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("--tls-certificate", "none.pem", "--tls-key", "key.pem"), "none.pem"),
        (("--tls-certificate", "token", "--tls-key", "token"), "do not go together"),
        (("--tls-client-authority", "token"), "--tls-certificate"),
    ],
)
def test_s1_tls_that_can_not_be_spoken_is_no_tls(
    files: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with listening("0.0.0.0:0", tmp_path, *files) as process:
        error = announced(process)["error"]
        assert process.wait(10) == 2
        assert words in error["message"]
        assert TOKEN not in json.dumps(error)


def test_s1_no_token_no_start(tmp_path: Path) -> None:
    command = [*COMMAND, "serve", "--listen", "0.0.0.0:0", "--insecure", "--state-dir", str(tmp_path)]
    refused = subprocess.run(command, check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "--token-file" in refused.stderr


def listeners(pid: int) -> set[tuple[str, int]]:
    """Of every TCP socket that it listens on the last four bytes of the host, as the kernel writes it, and the port."""
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {link.removeprefix("socket:[").removesuffix("]") for link in links}
    found: set[tuple[str, int]] = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                host, _, port = fields[1].partition(":")
                found.add((host[-8:], int(port, 16)))
    return found


@pytest.mark.parametrize(
    ("listen", "flags", "host"), [("127.0.0.1:0", (), "0100007F"), ("0.0.0.0:0", ("--insecure",), "00000000")]
)
def test_s1_it_listens_where_it_was_told_and_nowhere_else(
    listen: str, flags: tuple[str, ...], host: str, tmp_path: Path
) -> None:
    with listening(listen, tmp_path, *flags) as process:
        port = int(announced(process)["address"].rpartition(":")[2])
        assert listeners(process.pid) == {(host, port)}
        assert info(f"127.0.0.1:{port}").pid == process.pid


def test_l7_a_port_that_is_taken_is_not_shared(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()
    with listening("127.0.0.1:0", first) as process:
        address = announced(process)["address"]
        with listening(address, second) as other:
            assert address in announced(other)["error"]["message"]
            assert other.wait(10) == 1


def test_s4_the_token_is_in_no_argument_variable_or_log(socket_folder: Path, tmp_path: Path) -> None:
    with started(greeting(socket_folder, tmp_path, log="debug")) as worker:
        info(worker.address)
        with grpc.insecure_channel(worker.address) as channel:
            stub: Any = system_pb2_grpc.SystemStub(channel)
            with pytest.raises(grpc.RpcError):
                stub.Info(system_pb2.InfoRequest(), metadata=(("cowmask-token", TOKEN + "x"),), timeout=10)
        for file in ("cmdline", "environ"):
            assert TOKEN.encode() not in Path(f"/proc/{worker.process.pid}/{file}").read_bytes()
        worker.close_stdin()
        assert worker.process.wait(GONE_S) == 0
        assert TOKEN not in worker.rest_of_stderr()


def test_s10_the_socket_for_task_processes_is_in_a_private_folder(
    tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(socket_folder))
    with listening("127.0.0.1:0", tmp_path) as process:
        announced(process)
        (folder,) = socket_folder.glob("cowmask-*")
        assert [path.name for path in folder.iterdir()] == ["tasks.sock"]
        assert folder.stat().st_mode & 0o777 == 0o700
        process.terminate()
        assert process.wait(GONE_S) == 0
        assert list(socket_folder.iterdir()) == []
