"""Bounds and caps of options at every edge (W2, W3). What is tried comes from the table of options and from the
contract, so that no option that is added later is left out."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from option_edges import Edge, edges, longest
from running_control import METADATA, detail, running_control
from script_config import MESSAGES
from test_fuzz import methods_of_the_contract
from test_validation import CHECKED, LIBRARY, TABLE, VALIDATION

from cowmask.v1 import masks_pb2
from cowmask_worker.data.catalog import CATALOG, DatasetFacts
from cowmask_worker.service.library import Library
from cowmask_worker.service.limits import Limits
from cowmask_worker.service.validation import OPTIONS_BYTES, Validation

# Rates may be any number: none of them says how much of anything there is.
RATES = {"optimizer.learning_rate", "optimizer.l2", "optimizer.weight_decay"}


class AnyName(Library):
    """Knows a dataset under every name."""

    def find(self, name: str) -> DatasetFacts | None:
        assert name
        return CATALOG["digits"]


def requests_with_options() -> dict[str, tuple[Any, Sequence[str]]]:
    """Every method whose request has options in it: the request's descriptor, and the way to the options."""

    def way(descriptor: Any) -> Sequence[str] | None:
        if descriptor.name in CHECKED:
            return ()
        for field in descriptor.fields:
            if field.message_type is not None and (rest := way(field.message_type)) is not None:
                return (field.name, *rest)
        return None

    methods = {name: each.input_type for name, each in methods_of_the_contract().items()}
    return {name: (request, found) for name, request in methods.items() if (found := way(request)) is not None}


REQUESTS = requests_with_options()


def end_of(message: Any, way: Sequence[str]) -> Any:
    for step in way:
        message = getattr(message, step)
    return message


def options_of(method: str) -> str:
    request, way = REQUESTS[method]
    return end_of(message_factory.GetMessageClass(request)(), way).DESCRIPTOR.name


def test_w3_every_message_of_the_table_is_in_a_request() -> None:
    assert {options_of(method) for method in REQUESTS} == set(CHECKED)


@pytest.mark.parametrize("name", CHECKED)
def test_w3_every_count_size_and_name_has_a_cap(name: str) -> None:
    for path, option in TABLE.of(name).items():
        match option.type:
            case "uint32":
                assert option.bounds.minimum is not None, path
                assert option.bounds.maximum is not None, path
            case "double":
                capped = option.bounds.maximum is not None or option.bounds.exclusive_maximum is not None
                assert capped != (path in RATES), path
                assert option.bounds.minimum is not None or option.bounds.exclusive_minimum is not None, path
            case "Range":
                assert option.bounds.minimum is not None, path
                assert option.bounds.maximum is not None, path
            case "Boundary[]":
                assert 0 < option.most <= 1_000, path
            case "string":
                assert option.allowed or 0 < longest(option) < 300, path
            case _:
                assert option.type in ("bool", "oneof"), path


@pytest.mark.parametrize("name", CHECKED)
def test_w3_every_option_may_have_its_bound_and_nothing_past_it(name: str) -> None:
    validation = Validation(TABLE, Limits(), AnyName(Path("nowhere")))
    tried: dict[str, set[bool]] = {}
    for edge in edges(TABLE, name):
        # Rules that span options have names, and tests of their own.
        wrong = [each for each in validation.check(edge.message)[1] if each.rule in (None, "range_order")]
        assert [each.path for each in wrong] == ([] if edge.allowed else [edge.path]), (str(edge), wrong)
        assert all(each.reason.startswith("must be ") for each in wrong)
        tried.setdefault(edge.path, set()).add(edge.allowed)
    assert all(True in each for each in tried.values()), "nothing of an option is allowed"


@pytest.mark.parametrize("method", REQUESTS)
async def test_w3_every_request_is_refused_one_step_past_a_bound(
    method: str, socket_folder: Path, tmp_path: Path
) -> None:
    descriptor, way = REQUESTS[method]
    request = message_factory.GetMessageClass(descriptor)

    async def status_and_path(client_channel: Any, edge: Edge) -> tuple[grpc.StatusCode, list[str]]:
        sent: Any = request()
        end_of(sent, way).CopyFrom(edge.message)

        async def parts() -> AsyncIterator[bytes]:
            yield sent.SerializeToString()

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in client_channel.stream_stream(method)(parts(), metadata=METADATA, timeout=30):
                pass
        return refused.value.code(), [each.path for each in detail(refused.value).violations]

    async with running_control(socket_folder, tmp_path) as client:
        for edge in edges(TABLE, options_of(method)):
            if not edge.allowed:
                code, paths = await status_and_path(client.channel, edge)
                assert (code, edge.path in paths) == (grpc.StatusCode.INVALID_ARGUMENT, True), (str(edge), paths)


@settings(max_examples=200, deadline=None)
@given(st.tuples(st.integers(1, 64), st.integers(1, 64), st.integers(1, 64)))
def test_w2_masks_may_have_as_many_elements_as_the_limit_says(shape: tuple[int, int, int]) -> None:
    count, height, width = shape
    request = masks_pb2.GenerateRequest(count=count, height=height, width=width, box=masks_pb2.BoxMaskOptions())
    elements = count * height * width
    for most in (elements, elements - 1):
        found = Validation(TABLE, Limits(tensor_elements=most), LIBRARY).check(request)[1]
        assert [each.path for each in found] == ([] if elements <= most else ["count"])


@pytest.mark.parametrize(("count", "allowed"), [(16, True), (17, False)])
def test_w2_the_usual_limit_of_elements_is_the_most(count: int, allowed: bool) -> None:
    request = masks_pb2.GenerateRequest(count=count, height=4096, width=4096, box=masks_pb2.BoxMaskOptions())
    assert count * 4096 * 4096 - Limits().tensor_elements in (0, 4096 * 4096)
    assert [each.rule for each in VALIDATION.check(request)[1]] == ([] if allowed else ["tensor_elements"])


@pytest.mark.parametrize("name", CHECKED)
def test_w2_options_may_have_so_many_bytes_and_not_one_more(name: str) -> None:
    def of_size(size: int) -> Message:
        # Field 127, which no message has, with as many bytes as are wanted; three bytes say how many.
        field, length = b"\xfa\x07", size - 5
        said = bytes([length & 127 | 128, length >> 7 & 127 | 128, length >> 14])
        message = MESSAGES[name].FromString(field + said + bytes(length))
        assert message.ByteSize() == size
        return message

    def reasons(size: int) -> list[str]:
        return [each.reason for each in VALIDATION.check(of_size(size))[1] if "bytes of options" in each.reason]

    assert reasons(OPTIONS_BYTES) == []
    assert reasons(OPTIONS_BYTES + 1) == ["must be 131,072 bytes of options at most; got 131,073"]
