"""What a task process loads, and when it draws: nobody waits for a mask longer than it takes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cowmask.internal.v1 import tasks_pb2
from cowmask_worker.tasks import compute, masks
from cowmask_worker.tasks.call import Call

SERVER = Path(__file__).parents[2]
DRAWS = """
import sys
from pathlib import Path
from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import experiment_config_pb2, masks_pb2
from cowmask_worker.tasks.call import Call
from cowmask_worker.tasks.compute import answer
Range = experiment_config_pb2.Range
cow = masks_pb2.CowMaskOptions(sigma=Range(low=1, high=4), proportion=Range(low=0.2, high=0.8))
asked = masks_pb2.GenerateRequest(count=1, height=8, width=8, cow=cow)
said = []
answer(Call(tasks_pb2.AttachResponse(call=1, generate=asked), said.append, Path()))
print(said[-1].WhichOneof("message"), *{"flax", "sklearn", "grain", "PIL", "optax"}.intersection(sys.modules))
"""

BEGINS_A_RUN = """
import sys
from pathlib import Path
import numpy as np
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.data.splits import split
from cowmask_worker.tasks import train
labels = train.assembly.load_dataset(CATALOG["digits"], Path()).images.train_labels
print(len(split(labels, labeled=40, seed=1, validation=100, validation_seed=2).labeled))
print(*{"sklearn", "scipy.stats", "grain", "orbax", "tensorstore"}.intersection(sys.modules))
"""


def loaded_by(program: str) -> list[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=SERVER, capture_output=True, text=True, check=True).stdout.split()


def test_whoever_draws_masks_does_not_load_networks_and_datasets() -> None:
    assert loaded_by(DRAWS) == ["done"]


def test_whoever_trains_on_pixels_loads_no_library_that_takes_as_long_as_jax() -> None:
    assert loaded_by(BEGINS_A_RUN) == ["40"]


@pytest.mark.parametrize("command", compute.ANSWERS)
def test_every_command_of_control_has_an_answer(command: str) -> None:
    kinds = tasks_pb2.AttachResponse.DESCRIPTOR.oneofs_by_name["message"].fields
    assert command in [field.name for field in kinds]
    assert callable(compute.answering(command))


def test_the_next_block_is_drawn_while_one_is_sent() -> None:
    done: list[str] = []

    def work(first: int) -> Any:
        done.append(f"draw {first}")
        return masks._ErasedColumns(np.full((2, 1024, 512), first, np.uint8), np.ones((2, 3), bool))  # pyright: ignore[reportPrivateUsage]

    def send(request: tasks_pb2.AttachRequest) -> None:
        done.append(f"send {request.chunk.data[0]}")

    call = Call(tasks_pb2.AttachResponse(call=1), send, Path())
    masks._stream(call, 5, 2, work)  # pyright: ignore[reportPrivateUsage]
    assert done == ["draw 0", "draw 2", "send 0", "draw 4", "send 2", "send 4", "send 255"]
