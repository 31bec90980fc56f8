"""A task process for tests of faults: speaks the real protocol over a real stream, computes nothing.

Its only argument says how it behaves: words parted by commas. "as configured", it takes as many steps as the config
says, and fails after them where the seed is that of a failing run.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import grpc

from cowmask.internal.v1 import tasks_pb2, tasks_pb2_grpc
from cowmask.v1 import error_pb2, event_pb2, experiment_config_pb2, models_pb2, system_pb2, tensor_pb2

STEPS = 5
MANY_STEPS = 1_000
FAILING_SEED = 13
BEHAVIOR = sys.argv[1].split(",")


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start = json.loads(sys.stdin.readline())
    threading.Thread(target=leave_at_end_of_input, daemon=True).start()
    if "deaf" in BEHAVIOR:
        time.sleep(3600)
    if "dead at start" in BEHAVIOR:
        print("no such module: frobnicate", file=sys.stderr, flush=True)
        os._exit(3)
    if "loud" in BEHAVIOR:
        for stream in (sys.stdout, sys.stderr):
            stream.write("junk " * 1_000_000)
            stream.flush()
    token = "wrong" if "wrong token" in BEHAVIOR else start["token"]
    outbox: queue.SimpleQueue[tasks_pb2.AttachRequest] = queue.SimpleQueue()
    outbox.put(tasks_pb2.AttachRequest(hello=tasks_pb2.Hello(task=start["task"], pid=os.getpid())))
    channel = grpc.insecure_channel(start["address"], [("grpc.max_receive_message_length", 16 * 1024 * 1024)])
    commands = tasks_pb2_grpc.TasksStub(channel).Attach(
        iter(outbox.get, None), metadata=(("cowmask-task-token", token),)
    )
    try:
        serve(commands, outbox)
    except grpc.RpcError:
        os._exit(4)


def serve(commands: Iterator[tasks_pb2.AttachResponse], outbox: "queue.SimpleQueue[tasks_pb2.AttachRequest]") -> None:
    cancelled = threading.Event()
    computing = set[int]()
    with_input: dict[int, tasks_pb2.AttachResponse] = {}
    for command in commands:
        match command.WhichOneof("message"):
            case "train":
                threading.Thread(target=train, args=(command, outbox, cancelled), daemon=True).start()
            case "cancel":
                cancelled.set()
                if "slow import" in BEHAVIOR and command.call in with_input:
                    time.sleep(0.3)
                    save(Path(with_input[command.call].import_model.checkpoint_folder), STEPS, lambda **_: None)
                if command.call in computing and "ignores cancel" not in BEHAVIOR:
                    outbox.put(tasks_pb2.AttachRequest(call=command.call, failure=error_pb2.ErrorDetail()))
            case "devices":
                crash_once()
                devices = system_pb2.DevicesResponse(devices=[system_pb2.Device(id=os.getpid(), platform="cpu")])
                answer = tasks_pb2.Answer(devices=devices)
                outbox.put(tasks_pb2.AttachRequest(call=command.call, answer=answer))
                outbox.put(tasks_pb2.AttachRequest(call=command.call, done=tasks_pb2.Done()))
            case "inspect" | "create_split":
                tell(outbox, command.call, answer=tasks_pb2.Answer())
                tell(outbox, command.call, done=tasks_pb2.Done())
            case "mix" | "erase" | "predict" | "step" | "import_model" | "import_dataset" | "import_split":
                computing.add(command.call)
                with_input[command.call] = command
            case "evaluate":
                asked = command.evaluate
                response = models_pb2.EvaluateResponse(count=1, classes=[asked.split, asked.dataset.digest])
                tell(outbox, command.call, answer=tasks_pb2.Answer(evaluate=response))
                tell(outbox, command.call, done=tasks_pb2.Done())
            case "predict_files":
                found = models_pb2.FilesFound(count=0, classes=[command.predict_files.path])
                response = models_pb2.PredictFilesResponse(found=found)
                tell(outbox, command.call, answer=tasks_pb2.Answer(predict_files=response))
                tell(outbox, command.call, done=tasks_pb2.Done())
            case "export":
                tell(outbox, command.call, chunk=zeros(command.export.names))
                tell(outbox, command.call, done=tasks_pb2.Done())
            case "input_done" if with_input[command.call].HasField("import_model"):
                if "slow import" not in BEHAVIOR:
                    computing.remove(command.call)
                    import_(with_input[command.call], outbox)
            case "input_done" if with_input[command.call].HasField("step"):
                computing.remove(command.call)
                step(with_input[command.call], outbox)
            case "generate" | "input_done":
                computing.add(command.call)
                header = tensor_pb2.TensorHeader(name="masks", type=tensor_pb2.ELEMENT_TYPE_BITS, shape=[1, 2, 4])
                chunk = tensor_pb2.TensorChunk(header=header, data=b"\xf0")
                outbox.put(tasks_pb2.AttachRequest(call=command.call, chunk=chunk))
                if "endless answer" not in BEHAVIOR:
                    computing.remove(command.call)
                    outbox.put(tasks_pb2.AttachRequest(call=command.call, done=tasks_pb2.Done()))
            case _:
                pass


def tell(outbox: "queue.SimpleQueue[tasks_pb2.AttachRequest]", call: int, **message: Any) -> None:
    outbox.put(tasks_pb2.AttachRequest(call=call, **message))


def zeros(name: str) -> tensor_pb2.TensorChunk:
    header = tensor_pb2.TensorHeader(name=name, type=tensor_pb2.ELEMENT_TYPE_INT32, shape=[])
    return tensor_pb2.TensorChunk(header=header, data=bytes(4))


def import_(command: tasks_pb2.AttachResponse, outbox: "queue.SimpleQueue[tasks_pb2.AttachRequest]") -> None:
    saved: list[event_pb2.Checkpoint] = []
    save(Path(command.import_model.checkpoint_folder), STEPS, lambda checkpoint: saved.append(checkpoint))
    if "import fails" in BEHAVIOR:
        failure = event_pb2.Failure(code="INVALID_OPTION", message="weights.a: is no part of this model")
        violation = error_pb2.FieldViolation(path="weights.a", reason="is no part of this model")
        tell(outbox, command.call, failure=error_pb2.ErrorDetail(failure=failure, violations=[violation]))
    else:
        tell(outbox, command.call, answer=tasks_pb2.Answer(imported=saved[0]))
        tell(outbox, command.call, done=tasks_pb2.Done())


def step(command: tasks_pb2.AttachResponse, outbox: "queue.SimpleQueue[tasks_pb2.AttachRequest]") -> None:
    tell(outbox, command.call, answer=tasks_pb2.Answer(metrics=event_pb2.Metrics(first_step=3, loss=[0.5])))
    tell(outbox, command.call, chunk=zeros(command.step.options.names))
    tell(outbox, command.call, done=tasks_pb2.Done())


def crash_once() -> None:
    marks = [word.removeprefix("crash once ") for word in BEHAVIOR if word.startswith("crash once ")]
    if marks and not Path(marks[0]).exists():
        Path(marks[0]).touch()
        print("Fatal Python error: Segmentation fault", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)


def train(
    command: tasks_pb2.AttachResponse,
    outbox: "queue.SimpleQueue[tasks_pb2.AttachRequest]",
    cancelled: threading.Event,
) -> None:
    def tell(**event: Any) -> None:
        outbox.put(tasks_pb2.AttachRequest(call=command.call, event=event_pb2.Event(**event)))

    def beat() -> None:
        while True:
            cpu_ms = time.process_time() * 1000
            outbox.put(tasks_pb2.AttachRequest(call=command.call, beat=tasks_pb2.Beat(cpu_ms=cpu_ms)))
            time.sleep(0.2)

    threading.Thread(target=beat, daemon=True).start()
    if "compiles for long" in BEHAVIOR:
        tell(progress=event_pb2.Progress(phase="compile"))
        until = time.monotonic() + 3
        while time.monotonic() < until:
            pass
    folder = Path(command.train.checkpoint_folder)
    first = max((int(path.name) for path in folder.glob("*")), default=0) if command.train.resume else 0
    last = last_step(command.train.config, first)
    slowly = "for ever" in BEHAVIOR or ("as configured" in BEHAVIOR and last > MANY_STEPS)
    for step in range(first, last):
        if cancelled.is_set() and "ignores cancel" not in BEHAVIOR:
            save(folder, step, tell)
            tell(finished=event_pb2.Finished(state=event_pb2.RUN_STATE_CANCELLED, step=step))
            return
        tell(metrics=event_pb2.Metrics(first_step=step, loss=[1.0]))
        if step == first + 1:
            save(folder, step + 1, tell)
        if "dies" in BEHAVIOR and step == first + 2:
            print("Killed", file=sys.stderr, flush=True)
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGKILL)
        if "exits" in BEHAVIOR and step == first + 2:
            time.sleep(0.1)
            print("Traceback: the last words", file=sys.stderr, flush=True)
            os._exit(7)
        if "waits for room" in BEHAVIOR and step == first + 2:
            tell(state=event_pb2.StateChanged(state=event_pb2.RUN_STATE_STORAGE_FULL))
            time.sleep(2.5)
            tell(state=event_pb2.StateChanged(state=event_pb2.RUN_STATE_SUCCEEDED))
            tell(state=event_pb2.StateChanged(state=event_pb2.RUN_STATE_RUNNING))
        if "hangs" in BEHAVIOR and step == first + 2:
            time.sleep(3600)
        time.sleep(0.02 if slowly else 0)
    if "never finishes" in BEHAVIOR:
        time.sleep(3600)
    if "as configured" in BEHAVIOR and command.train.config.seed == FAILING_SEED:
        cause = event_pb2.Failure(code="NON_FINITE_LOSS", message="Training diverged.")
        tell(finished=event_pb2.Finished(state=event_pb2.RUN_STATE_FAILED, step=last, cause=cause))
        return
    tell(finished=event_pb2.Finished(state=event_pb2.RUN_STATE_SUCCEEDED, step=last))


def last_step(config: experiment_config_pb2.ExperimentConfig, first: int) -> int:
    if "for ever" in BEHAVIOR:
        return 10_000_000
    return config.steps if "as configured" in BEHAVIOR else first + steps_asked()


def steps_asked() -> int:
    return next((int(word.removeprefix("steps ")) for word in BEHAVIOR if word.startswith("steps ")), STEPS)


def save(folder: Path, step: int, tell: Callable[..., None]) -> None:
    path = folder / f"{step:010d}"
    path.mkdir(parents=True, exist_ok=True)
    (path / "manifest.json").write_text(json.dumps({"manifest": {"digest": f"digest {step}", "bytes": 3}}))
    tell(checkpoint=event_pb2.Checkpoint(step=step, digest=f"digest {step}", bytes=3))


def leave_at_end_of_input() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
