"""Every method of the contract is sent what nobody would send. The short form is a part of all tests; a longer one:

COWMASK_FUZZ_CASES=10000 COWMASK_FUZZ_SEED=7 pytest tests/service/test_fuzz.py
"""

import importlib
import os
import pkgutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from random_requests import Case, Descriptor, Requests
from running_control import detail
from worker_process import METADATA, SERVER, Worker, greeting, started

import cowmask.v1
from cowmask.v1 import experiment_config_pb2, experiments_pb2, experiments_pb2_grpc
from cowmask_worker.runs.endpoint import MESSAGE_BYTES
from cowmask_worker.service.control import SERVICES

CASES = int(os.environ.get("COWMASK_FUZZ_CASES", "200"))
SEED = int(os.environ.get("COWMASK_FUZZ_SEED", "1"))
# Requests of 16 MiB, eight at once and each in some copies, are given back to the system a little later.
MOST_MEMORY_BYTES = 1024 * 1024 * 1024
AT_ONCE = 8
RUNS = 3
# A call of this test that takes longer has been forgotten by the worker.
PATIENCE_S = 20
WORKER = [sys.executable, "-I", str(SERVER / "tests" / "service" / "worker_with_fake_tasks.py")]
OPEN = "/grpc.health.v1.Health/Check"
HEALTH = "/grpc.health.v1."
TOKENS = {"right": METADATA, "wrong": (("cowmask-token", "wrong"),), "none": ()}
STATUSES = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ALREADY_EXISTS,
}
LEFT = {"cancel": grpc.StatusCode.CANCELLED, "deadline": grpc.StatusCode.DEADLINE_EXCEEDED}


def methods_of_the_contract() -> dict[str, Descriptor]:
    """Found by looking, so that none is left out because it is new."""
    files: list[Any] = [
        importlib.import_module(f"cowmask.v1.{each.name}").DESCRIPTOR
        for each in pkgutil.iter_modules(cowmask.v1.__path__)
        if each.name.endswith("_pb2")
    ]
    services = [service for file in files for service in file.services_by_name.values()]
    return {f"/{service.full_name}/{method.name}": method for service in services for method in service.methods}


HEALTH_METHODS = health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name
METHODS = {
    **methods_of_the_contract(),
    # Its `List` is grpcio's alone, which does not implement it.
    **{f"/grpc.health.v1.Health/{name}": HEALTH_METHODS[name] for name in ("Check", "Watch")},
}


class Target:
    """A worker process of its own, and runs that have ended in it."""

    def __init__(self, worker: Worker) -> None:
        self.process = worker.process
        self.channel = grpc.insecure_channel(worker.address)
        self.experiments: Any = experiments_pb2_grpc.ExperimentsStub(self.channel)
        self.health: Any = health_pb2_grpc.HealthStub(self.channel)
        self.run_ids: list[str] = []

    def wait_until_it_serves(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while self.health.Check(health_pb2.HealthCheckRequest()).status != health_pb2.HealthCheckResponse.SERVING:
            assert time.monotonic() < end
            time.sleep(0.05)

    def memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def replenish(self) -> None:
        there = self._there()
        self.run_ids = [each for each in self.run_ids if each in there]
        while len(self.run_ids) < RUNS:
            config = experiment_config_pb2.ExperimentConfig(
                dataset=experiment_config_pb2.DatasetConfig(name="digits"), steps=3
            )
            request = experiments_pb2.StartRequest(config=config)
            run_id = self.experiments.Start(request, metadata=METADATA, timeout=PATIENCE_S).run.id
            watch = experiments_pb2.WatchRequest(run_id=run_id)
            list(self.experiments.Watch(watch, metadata=METADATA, timeout=PATIENCE_S))
            self.run_ids.append(run_id)

    def clear(self) -> None:
        """Of runs that a request has started, those that wait are cancelled: they must not pile up."""
        for run_id in self._there() - set(self.run_ids):
            request = experiments_pb2.CancelRequest(run_id=run_id)
            self.experiments.Cancel(request, metadata=METADATA, timeout=PATIENCE_S)
            watch = experiments_pb2.WatchRequest(run_id=run_id)
            list(self.experiments.Watch(watch, metadata=METADATA, timeout=PATIENCE_S))
            self.experiments.Delete(experiments_pb2.DeleteRequest(run_id=run_id), metadata=METADATA, timeout=PATIENCE_S)

    def _there(self) -> set[str]:
        request = experiments_pb2.ListRequest(page_size=1_000)
        return {run.id for run in self.experiments.List(request, metadata=METADATA, timeout=PATIENCE_S).runs}

    def send(self, method: str, case: Case, most_answers: int) -> grpc.RpcError | None:
        """How the call failed, or None. Every method is called as a stream of bytes, which is the same on the wire."""
        leaves = threading.Event()

        def parts() -> Iterator[bytes]:
            yield from case.parts
            if case.leaves:
                leaves.wait(1)

        timeout = 0.001 if case.leaves == "deadline" else PATIENCE_S
        call: Any = self.channel.stream_stream(method)(parts(), metadata=TOKENS[case.token], timeout=timeout)
        try:
            if case.leaves == "cancel":
                time.sleep(0.002)
                call.cancel()
            for number, _ in enumerate(call, 1):
                if number == most_answers:
                    call.cancel()
                    return None
        except grpc.RpcError as error:
            return error
        finally:
            leaves.set()
        return None


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with tempfile.TemporaryDirectory(prefix="cm") as sockets, tempfile.TemporaryDirectory() as state:
        first = greeting(Path(sockets), Path(state), data_roots={"state": state}, log="error")
        with started(first, WORKER) as worker:
            threading.Thread(target=worker.rest_of_stderr, daemon=True).start()
            target = Target(worker)
            with target.channel:
                target.wait_until_it_serves()
                yield target


def test_all_services_are_covered() -> None:
    assert {name.split("/")[1] for name in methods_of_the_contract()} == set(SERVICES)


@pytest.mark.timeout(300 + CASES)
@pytest.mark.parametrize("method", METHODS)
def test_no_request_makes_a_method_fail_or_the_worker_silent(method: str, target: Target) -> None:
    descriptor = METHODS[method]
    target.replenish()
    before = target.memory()
    statuses: Counter[str] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for first in range(0, CASES, 1_000):
            numbers = range(first, min(CASES, first + 1_000))
            for status in pool.map(lambda number: judged(target, method, descriptor, number), numbers):
                statuses[status] += 1
            answered_within_a_second(target)
            target.clear()
            target.replenish()
    print(f"{method}: {dict(statuses)}, {(target.memory() - before) / 2**20:+.0f} MiB")
    assert target.memory() < MOST_MEMORY_BYTES


def judged(target: Target, method: str, descriptor: Descriptor, number: int) -> str:
    requests = Requests(Random(f"{SEED} {method} {number}"), target.run_ids)
    case = requests.case(descriptor.input_type, streamed=descriptor.client_streaming)
    error = target.send(method, case, 1 if method.startswith(HEALTH) else 0)
    told = f"COWMASK_FUZZ_SEED={SEED}, case {number} of {method}: {case}\n{error}"
    status: Any = grpc.StatusCode.OK if error is None else error.code()  # pyright: ignore[reportAttributeAccessIssue] - a call, too
    if case.leaves and status == LEFT[case.leaves]:
        return status.name
    if status == grpc.StatusCode.RESOURCE_EXHAUSTED:
        # Refused by gRPC before anything of ours sees it.
        assert max(map(len, case.parts)) > MESSAGE_BYTES, told
        return status.name
    if case.token != "right" and method != OPEN:
        assert status == grpc.StatusCode.UNAUTHENTICATED, told
    else:
        assert status in (grpc.StatusCode.OK, *STATUSES), told
    if error is not None and not (method.startswith(HEALTH) and status == grpc.StatusCode.NOT_FOUND):
        failure = has_detail(error, told)
        assert failure.failure.code, told
        assert status != grpc.StatusCode.INVALID_ARGUMENT or failure.violations, told
    return status.name


def has_detail(error: grpc.RpcError, told: str) -> Any:
    try:
        return detail(error)
    except AssertionError:
        raise AssertionError(told) from None


def answered_within_a_second(target: Target) -> None:
    for service in ("", *SERVICES):
        answer = target.health.Check(health_pb2.HealthCheckRequest(service=service), timeout=1)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert target.process.poll() is None
