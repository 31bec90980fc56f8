"""`python -m cowmask_worker.bench.repeated_float SOCKET DESCRIPTOR`: serves masks that are ready, as `repeated float`.

`DESCRIPTOR` is the contract of that service (bench/wire/repeated-float.proto), a serialized `FileDescriptorProto` in
base64. Says so in a line when it listens; ends with its standard input.
"""

import base64
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
from google.protobuf import descriptor_pool, message_factory

from cowmask_worker.bench.random_masks import random_masks

# As large as a chunk of a tensor.
_FLOATS_PER_MESSAGE = 262_144


def main() -> None:
    socket, descriptor = sys.argv[1:]
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(base64.b64decode(descriptor))
    request, response = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"cowmask.bench.Masks{which}"))
        for which in ("Request", "Response")
    )

    def masks(asked: Any, _: Any) -> Iterator[Any]:
        pixels = random_masks(asked.count, asked.height, asked.width).reshape(-1).astype(np.float32)
        for first in range(0, pixels.size, _FLOATS_PER_MESSAGE):
            yield response(pixels=pixels[first : first + _FLOATS_PER_MESSAGE])

    handler = grpc.unary_stream_rpc_method_handler(masks, request.FromString, response.SerializeToString)
    server = grpc.server(ThreadPoolExecutor(1), options=[("grpc.max_send_message_length", -1)])
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("cowmask.bench.RepeatedFloat", {"Masks": handler}),)
    )
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    print("listening", flush=True)
    sys.stdin.read()
    server.stop(0)


if __name__ == "__main__":
    main()
