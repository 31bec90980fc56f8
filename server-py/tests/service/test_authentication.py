from pathlib import Path
from typing import Any

import grpc
import pytest
from running_control import METADATA, TOKEN, detail, running_control

from cowmask.v1 import datasets_pb2, experiments_pb2, masks_pb2, models_pb2, splits_pb2, system_pb2
from cowmask_worker.service.control import SERVICES

FILES = (datasets_pb2, experiments_pb2, masks_pb2, models_pb2, splits_pb2, system_pb2)
METHODS = [
    (f"/{service.full_name}/{method.name}", method)
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
HEALTH = [(f"/grpc.health.v1.Health/{name}", None) for name in ("Watch", "List")]
NOWHERE = [
    ("/cowmask.v1.Masks/Frobnicate", None),
    ("/other.Service/Method", None),
    ("/cowmask.internal.v1.Tasks/Attach", None),
]


async def status_of(client: Any, method: str, metadata: tuple[tuple[str, str], ...]) -> grpc.aio.AioRpcError | None:
    """What a call with no message and no more to come answers; None where it succeeds."""
    call = client.channel.stream_stream(method)(metadata=metadata, timeout=10)
    await call.done_writing()
    try:
        async for _ in call:
            pass
    except grpc.aio.AioRpcError as error:
        return error
    return None


async def test_s2_every_method_wants_the_token(socket_folder: Path, tmp_path: Path) -> None:
    assert {method.split("/")[1] for method, _ in METHODS} == set(SERVICES), "this test covers all there are"
    wrong = [
        (),
        (("cowmask-token", "wrong"),),
        (("cowmask-token", TOKEN), ("cowmask-token", TOKEN)),
        (("token", TOKEN),),
    ]
    async with running_control(socket_folder, tmp_path) as client:
        for method, _ in [*METHODS, *HEALTH, *NOWHERE]:
            for metadata in wrong:
                error = await status_of(client, method, metadata)
                assert error is not None, method
                assert error.code() == grpc.StatusCode.UNAUTHENTICATED, method
                assert detail(error).failure.code == "UNAUTHENTICATED"
                assert TOKEN not in str(error)
        for method, _ in [*METHODS, *NOWHERE]:
            error = await status_of(client, method, METADATA)
            assert error is None or error.code() != grpc.StatusCode.UNAUTHENTICATED, method


async def test_s2_nobody_reads_state_without_a_token(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path / "state") as client:
        await status_of(client, "/cowmask.v1.Experiments/List", ())
        assert not (tmp_path / "state").exists()


async def test_l2_another_protocol_is_told_with_both_versions(socket_folder: Path, tmp_path: Path) -> None:
    async with running_control(socket_folder, tmp_path) as client:
        with pytest.raises(grpc.aio.AioRpcError, match=r"protocol 2.*protocol 1") as refused:
            await client.system.Info(
                system_pb2.InfoRequest(), metadata=(("cowmask-token", TOKEN), ("cowmask-protocol", "2"))
            )
        assert detail(refused.value).failure.code == "PROTOCOL_MISMATCH"
