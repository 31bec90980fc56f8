"""The whole worker with its real task processes, through a real channel."""

import os
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from worker_process import METADATA, TOKEN, alive, children, gone_within, greeting, started

from cowmask.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    event_pb2,
    experiment_config_pb2,
    experiments_pb2,
    experiments_pb2_grpc,
    masks_pb2,
    masks_pb2_grpc,
    models_pb2,
    models_pb2_grpc,
    tensor_pb2,
)

# Promises are tested with ten times the time that they name.
NOTICED_S = 20
GONE_S = 50
SLOW_S = 240


class Client:
    def __init__(self, channel: grpc.Channel, pid: int) -> None:
        self.pid = pid
        self.masks: Any = masks_pb2_grpc.MasksStub(channel)
        self.experiments: Any = experiments_pb2_grpc.ExperimentsStub(channel)
        self.models: Any = models_pb2_grpc.ModelsStub(channel)
        self.datasets: Any = datasets_pb2_grpc.DatasetsStub(channel)

    def watch(
        self, run_id: str, until: Callable[[event_pb2.Event], bool] = lambda _: False, from_seq: int = 1
    ) -> list[event_pb2.Event]:
        events: list[event_pb2.Event] = []
        request = experiments_pb2.WatchRequest(run_id=run_id, from_seq=from_seq)
        for answer in self.experiments.Watch(request, metadata=METADATA, timeout=SLOW_S):
            events.append(answer.event)
            if until(answer.event):
                break
        return events

    def start(self, config: experiment_config_pb2.ExperimentConfig) -> str:
        request = experiments_pb2.StartRequest(config=config)
        return self.experiments.Start(request, metadata=METADATA, timeout=10).run.id

    def get(self, run_id: str) -> experiments_pb2.Run:
        return self.experiments.Get(experiments_pb2.GetRequest(run_id=run_id), metadata=METADATA, timeout=10).run

    def resume(self, run_id: str) -> experiments_pb2.Run:
        request = experiments_pb2.ResumeRequest(run_id=run_id)
        return self.experiments.Resume(request, metadata=METADATA, timeout=10).run


@contextmanager
def worker(sockets: Path, state: Path) -> Generator[Client]:
    sockets.mkdir(mode=0o700, exist_ok=True)
    for left in sockets.iterdir():
        left.unlink()
    with started(greeting(sockets, state)) as process, grpc.insecure_channel(process.address) as channel:
        yield Client(channel, process.process.pid)
        process.close_stdin()
        process.process.wait(GONE_S)


def config(steps: int) -> experiment_config_pb2.ExperimentConfig:
    made = experiment_config_pb2.ExperimentConfig(
        batch_size=16, steps=steps, evaluate_every=steps, checkpoint_every=min(steps, 50)
    )
    made.dataset.name, made.dataset.labeled = "digits", 40
    made.model.wide_resnet.depth, made.model.wide_resnet.width = 10, 1
    made.model.wide_resnet.dropout = 0
    made.mix.none.SetInParent()
    # Boundaries are part of the compiled program; without them runs of any length share one.
    made.schedule.constant.SetInParent()
    return made


def kind(event: event_pb2.Event) -> str:
    return event.WhichOneof("type") or ""


def tensors(chunks: Iterator[Any]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    name = ""
    for answer in chunks:
        if answer.chunk.HasField("header"):
            name = answer.chunk.header.name
            found[name] = b""
        found[name] += answer.chunk.data
    return found


def draw(client: Client, count: int) -> dict[str, bytes]:
    request = masks_pb2.GenerateRequest(count=count, height=8, width=8, seed=7, cow=masks_pb2.CowMaskOptions())
    return tensors(client.masks.Generate(request, metadata=METADATA, timeout=SLOW_S))


def predict(client: Client, run_id: str, images: NDArray[np.uint8]) -> dict[str, bytes]:
    def parts() -> Iterator[models_pb2.PredictRequest]:
        yield models_pb2.PredictRequest(model=models_pb2.ModelSelector(run_id=run_id, weights="student"))
        header = tensor_pb2.TensorHeader(name="images", type=tensor_pb2.ELEMENT_TYPE_UINT8, shape=images.shape)
        yield models_pb2.PredictRequest(chunk=tensor_pb2.TensorChunk(header=header, data=images.tobytes()))

    return tensors(client.models.Predict(parts(), metadata=METADATA, timeout=SLOW_S))


def test_masks_a_trained_model_and_its_predictions(socket_folder: Path, tmp_path: Path) -> None:
    with worker(socket_folder, tmp_path) as client:
        masks = draw(client, 3)
        assert set(masks) == {"masks", "share", "proportion", "sigma"}
        ones = np.unpackbits(np.frombuffer(masks["masks"], np.uint8)).reshape(3, 8, 8)
        assert np.allclose(np.frombuffer(masks["share"], "<f4"), ones.mean((1, 2)))
        assert draw(client, 3) == masks
        assert draw(client, 5)["masks"].startswith(masks["masks"])

        run_id = client.start(config(8))
        events = client.watch(run_id)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        finished = events[-1].finished
        assert (finished.state, finished.step) == (event_pb2.RUN_STATE_SUCCEEDED, 8)
        assert sum(len(event.metrics.loss) for event in events) == 8

        images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
        answer = predict(client, run_id, images)
        probabilities = np.frombuffer(answer["probabilities"], "<f4").reshape(5, 10)
        assert np.allclose(probabilities.sum(1), 1, atol=1e-5)
        assert (np.frombuffer(answer["labels"], "<i4") == probabilities.argmax(1)).all()

        request = models_pb2.EvaluateRequest(model=models_pb2.ModelSelector(run_id=run_id))
        evaluated = client.models.Evaluate(request, metadata=METADATA, timeout=SLOW_S)
        assert (evaluated.count, evaluated.step) == (360, 8)
        assert np.isclose(evaluated.score.loss, finished.evaluation.teacher.loss, rtol=1e-5)
        inspected = client.datasets.Inspect(datasets_pb2.InspectRequest(name="digits"), metadata=METADATA, timeout=60)
        assert (sum(inspected.train_counts), sum(inspected.test_counts)) == (1437, 360)


def test_f1_f2_f3_a_run_outlives_the_death_of_trainer_client_and_worker(socket_folder: Path, tmp_path: Path) -> None:
    with worker(socket_folder, tmp_path) as client:
        run_id = client.start(config(1_000_000))
        last = client.watch(run_id, lambda event: kind(event) == "checkpoint")[-1]
        (trainer,) = children(client.pid)
        began = time.monotonic()
        os.kill(trainer, signal.SIGKILL)
        killed = client.watch(run_id, from_seq=last.seq + 1)[-1]
        assert time.monotonic() - began < NOTICED_S
        assert killed.finished.state == event_pb2.RUN_STATE_INTERRUPTED
        assert killed.finished.cause.signal == "SIGKILL"
        saved = killed.finished.checkpoint.step

        assert client.resume(run_id).attempt == 2
        restored = client.watch(run_id, lambda event: kind(event) == "metrics", killed.seq + 1)[-1]
        assert restored.metrics.first_step == saved
        (trainer,) = children(client.pid)
    # The client is gone: so are control and trainer, with a checkpoint where the time sufficed.
    assert gone_within(GONE_S, [client.pid, trainer])

    with worker(socket_folder, tmp_path) as client:
        run = client.get(run_id)
        assert run.state in (event_pb2.RUN_STATE_CANCELLED, event_pb2.RUN_STATE_INTERRUPTED)
        assert (run.finished.cause.code, run.finished.checkpoint.step >= saved) == ("WORKER_STOPPING", True)
        assert client.resume(run_id).attempt == 3
        running = client.watch(run_id, lambda event: kind(event) == "metrics", run.last_seq + 1)[-1]
        assert running.metrics.first_step == run.finished.checkpoint.step
        (trainer,) = children(client.pid)
        os.kill(client.pid, signal.SIGKILL)
        assert gone_within(GONE_S, [trainer])

    with worker(socket_folder, tmp_path) as client:
        run = client.get(run_id)
        assert run.state == event_pb2.RUN_STATE_INTERRUPTED
        assert "died" in run.finished.cause.message
        events = client.watch(run_id)
        assert [event.seq for event in events] == list(range(1, run.last_seq + 1))
        assert {event.attempt for event in events} == {1, 2, 3}
        assert not alive(trainer)


def holding_the_token(files: Iterable[Path]) -> list[Path]:
    return [file for file in files if file.is_file() and TOKEN.encode() in file.read_bytes()]


def below(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from folder.rglob("*")


def test_s4_the_token_is_nowhere_after_a_run_and_after_a_crash(socket_folder: Path, tmp_path: Path) -> None:
    with started(greeting(socket_folder, tmp_path, log="debug")) as process:
        with grpc.insecure_channel(process.address) as channel:
            client = Client(channel, process.process.pid)
            said = [event.SerializeToString() for event in client.watch(client.start(config(8)))]
            run_id = client.start(config(1_000_000))
            client.watch(run_id, lambda event: kind(event) == "checkpoint")
            (trainer,) = children(client.pid)
            family = [client.pid, trainer]
            facts = [Path(f"/proc/{pid}/{name}") for pid in family for name in ("cmdline", "environ")]
            assert holding_the_token([*facts, *below(socket_folder, tmp_path)]) == []
            os.kill(trainer, signal.SIGKILL)
            said += [event.SerializeToString() for event in client.watch(run_id)]
            with pytest.raises(grpc.RpcError) as refused:
                client.get("run_" + "a" * 20)
            said.append(str(refused.value.trailing_metadata()).encode())
        process.process.kill()
        said.append(process.rest_of_stderr().encode())
    assert [text for text in said if TOKEN.encode() in text] == []
    assert holding_the_token(below(socket_folder, tmp_path)) == []
    (tmp_path / "planted").write_text(f"here: {TOKEN}")
    assert holding_the_token(below(tmp_path)) == [tmp_path / "planted"]


def test_f1_a_run_whose_trainer_was_killed_ends_as_the_unbroken_one(socket_folder: Path, tmp_path: Path) -> None:
    with worker(socket_folder, tmp_path) as client:
        unbroken = client.watch(client.start(config(400)))[-1].finished
        run_id = client.start(config(400))
        client.watch(run_id, lambda event: kind(event) == "checkpoint")
        (trainer,) = children(client.pid)
        os.kill(trainer, signal.SIGKILL)
        killed = client.watch(run_id)[-1]
        assert killed.finished.state == event_pb2.RUN_STATE_INTERRUPTED
        client.resume(run_id)
        ended = client.watch(run_id, from_seq=killed.seq + 1)[-1].finished
        assert (ended.state, ended.step) == (event_pb2.RUN_STATE_SUCCEEDED, 400)
        assert ended.checkpoint.digest == unbroken.checkpoint.digest
