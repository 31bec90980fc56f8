"""Real training of the smallest network: exact resume, nothing compiled twice, honest ends (F1, F5, F7, F8)."""

import contextlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attempts
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attempts import digests, losses
from google.protobuf import json_format
from settings import DATASET, config
from small_disk import SmallDisk
from task_call import answered

from cowmask.internal.v1 import tasks_pb2
from cowmask.v1 import event_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.tasks import assembly
from cowmask_worker.tasks.checkpoint_facts import differences
from cowmask_worker.tasks.imports import import_model
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.train import training
from cowmask_worker.tasks.weights import exported_state, names_of
from cowmask_worker.training import checkpoints, loop
from cowmask_worker.training.checkpoints import STATE, named_arrays, newest_verified, state_digest
from cowmask_worker.training.dispatch import many_steps

COMPILED = "/jax/core/compile/backend_compile_duration"


@contextlib.contextmanager
def compilations() -> Generator[list[float]]:
    """Counts what XLA is asked to compile, found in the cache or not."""
    seen: list[float] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event == COMPILED:
            seen.append(duration_secs)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield seen
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def attempt(
    folder: Path, *, resume: bool = False, cancel_at: int | None = None, **changes: Any
) -> list[event_pb2.Event]:
    return attempts.attempt(folder, config(**changes), resume=resume, cancel_at=cancel_at)


def rows(events: list[event_pb2.Event]) -> dict[int, tuple[float, ...]]:
    """Every metric of every step, by step."""
    found: dict[int, tuple[float, ...]] = {}
    for event in events:
        metrics = event.metrics
        columns = [getattr(metrics, field.name) for field in metrics.DESCRIPTOR.fields if field.is_repeated]
        found |= {metrics.first_step + place: row for place, row in enumerate(zip(*columns, strict=True))}
    return found


def evaluations(events: list[event_pb2.Event]) -> dict[int, str]:
    return {event.evaluation.step: str(event.evaluation) for event in events if event.HasField("evaluation")}


def warnings(events: list[event_pb2.Event]) -> list[event_pb2.Warning]:
    """Those of the restore; so short a training warns of its teacher as well."""
    found = [event.warning for event in events if event.HasField("warning")]
    return [warning for warning in found if warning.code in ("checkpoint_damaged", "environment_changed")]


def finished(events: list[event_pb2.Event]) -> event_pb2.Finished:
    assert events[-1].HasField("finished")
    return events[-1].finished


@pytest.fixture(scope="module", autouse=True)
def compiled_once() -> Iterator[None]:
    """Keeps the programs of a config for all tests here; the fresh process shows that new ones compute the same."""
    programs: dict[bytes, loop.Program] = {}
    really = assembly.compiled

    def compiled(config_: Any, *others: Any) -> loop.Program:
        key = config_.SerializeToString(deterministic=True)
        if key not in programs:
            programs[key] = really(config_, *others)
        return programs[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "compiled", compiled)
        yield


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> list[event_pb2.Event]:
    return attempt(tmp_path_factory.mktemp("unbroken"))


def test_a_run_tells_all_that_it_does(unbroken: list[event_pb2.Event]) -> None:
    phases = [
        (event.progress.phase, event.progress.HasField("duration_ms"))
        for event in unbroken
        if event.HasField("progress")
    ]
    assert phases == [("load_data", False), ("load_data", True), ("compile", False), ("compile", True)]
    assert sorted(rows(unbroken)) == list(range(12))
    assert sorted(evaluations(unbroken)) == [6, 12]
    assert sorted(digests(unbroken)) == [4, 8, 12]
    end = finished(unbroken)
    assert (end.state, end.step, end.HasField("cause")) == (event_pb2.RUN_STATE_SUCCEEDED, 12, False)
    assert (end.evaluation.step, end.checkpoint.digest) == (12, digests(unbroken)[12])
    rate = [row[3] for row in rows(unbroken).values()]
    # 0.4 * 16 / 256 = 0.025, warmed up over 1.2 steps, a fifth of it after step 6.
    np.testing.assert_allclose(rate[:8], [0, 0.025 / 1.2, *[0.025] * 5, 0.005], rtol=1e-6)
    assert all(row[6] > 0 for row in rows(unbroken).values())


# The edges of what a checkpoint meets, and one step that nobody chose. It is drawn here, not beside the others: all
# test processes must see the same tests.
@pytest.mark.parametrize("cancel_at", [0, 1, 5, 8, None])
def test_f1_a_resumed_run_is_the_unbroken_one_bit_for_bit(
    tmp_path: Path, unbroken: list[event_pb2.Event], cancel_at: int | None
) -> None:
    if cancel_at is None:
        cancel_at = random.choice([2, 3, 4, 6, 7])
        print(f"cancelled at step {cancel_at}")
    first = attempt(tmp_path, cancel_at=cancel_at)
    end = finished(first)
    assert end.state == event_pb2.RUN_STATE_CANCELLED
    assert end.cause.code == "CANCELLED_BY_USER"
    assert end.step == end.checkpoint.step == len(losses(first)) >= cancel_at
    second = attempt(tmp_path, resume=True)
    assert warnings(second) == []
    assert sorted(rows(second)) == list(range(end.step, 12))
    assert rows(first) | rows(second) == rows(unbroken)
    assert evaluations(first) | evaluations(second) == evaluations(unbroken)
    assert digests(second)[12] == digests(unbroken)[12]


@pytest.mark.parametrize("kind", ["cowmask", "reference"])
def test_a_whole_state_that_was_imported_goes_on_as_its_run_did(
    tmp_path: Path, unbroken: list[event_pb2.Event], kind: str
) -> None:
    first = attempt(tmp_path / "first", cancel_at=5)
    names = names_of(kind, config().model)
    path = newest_verified(tmp_path / "first").path
    assert path is not None
    like = assembly.state_shapes(dataset_network(config().model, CATALOG["digits"]))
    arrays = exported_state(checkpoints.load(path, like), names)
    folder = tmp_path / "second"
    command = tasks_pb2.Import(run_id="r", config=config(), checkpoint_folder=str(folder), names=kind, dataset=DATASET)
    answer, _ = answered(import_model, arrays, import_model=command)
    end = finished(first)
    assert (answer.imported.step, answer.imported.digest) == (end.step, end.checkpoint.digest)
    second = attempt(folder, resume=True)
    assert warnings(second) == []
    assert rows(first) | rows(second) == rows(unbroken)
    assert digests(second)[12] == digests(unbroken)[12]


IN_ANOTHER_PROCESS = """
import sys
sys.path.insert(0, "tests/tasks")
import jax
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
from pathlib import Path
from google.protobuf import json_format
from cowmask.internal.v1 import tasks_pb2
from cowmask_worker.tasks.checkpoint_facts import differences
from cowmask_worker.tasks.networks import dataset_network
from cowmask_worker.tasks.train import training
from settings import DATASET, config
command = tasks_pb2.Train(run_id="r", config=config(), checkpoint_folder=sys.argv[1], resume=True, dataset=DATASET)
for event in training(command, Path(), lambda: False):
    print(json_format.MessageToJson(event, indent=None))
"""


def test_f1_a_fresh_process_resumes_bit_for_bit(tmp_path: Path, unbroken: list[event_pb2.Event]) -> None:
    first = attempt(tmp_path, cancel_at=random.randrange(1, 9))
    program = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path)]
    output = subprocess.run(
        program, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[2]
    ).stdout
    second = [json_format.Parse(line, event_pb2.Event()) for line in output.splitlines()]
    assert rows(first) | rows(second) == rows(unbroken)
    assert digests(second)[12] == digests(unbroken)[12]


def test_f5_resume_falls_back_to_the_checkpoint_that_verifies(tmp_path: Path, unbroken: list[event_pb2.Event]) -> None:
    attempt(tmp_path, cancel_at=9)
    damaged = newest_verified(tmp_path).path
    assert damaged is not None
    (damaged / STATE).write_bytes((damaged / STATE).read_bytes()[:-1])
    second = attempt(tmp_path, resume=True)
    (warning,) = warnings(second)
    assert warning.code == "checkpoint_damaged"
    assert str(damaged / STATE) in warning.message
    assert f"goes on from step {warning.step}" in warning.message
    assert warning.step == min(rows(second)) < 9
    assert digests(second)[12] == digests(unbroken)[12]


def test_a_changed_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt(tmp_path, cancel_at=1)
    monkeypatch.setattr(jax, "__version__", "9.9.9")
    second = attempt(tmp_path, resume=True)
    (warning,) = warnings(second)
    assert warning.code == "environment_changed"
    assert "the jax version changed from" in warning.message
    assert "to 9.9.9" in warning.message
    assert finished(second).state == event_pb2.RUN_STATE_SUCCEEDED


def test_a_resumed_run_begins_with_as_many_steps_a_dispatch_as_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that every dispatch takes four times the steps of the one before it.
    monkeypatch.setattr(loop, "SECONDS_PER_DISPATCH", 1e9)
    attempt(tmp_path, cancel_at=5, evaluate_every=100, checkpoint_every=100)
    shutil.copytree(tmp_path, tmp_path / "again")
    second = attempt(tmp_path, resume=True, evaluate_every=100, checkpoint_every=100)
    assert [len(event.metrics.loss) for event in second if event.HasField("metrics")] == [7]
    # Elsewhere a step may take far longer.
    monkeypatch.setattr(jax, "__version__", "9.9.9")
    second = attempt(tmp_path / "again", resume=True, evaluate_every=100, checkpoint_every=100)
    assert [len(event.metrics.loss) for event in second if event.HasField("metrics")] == [1, 4, 2]


def test_all_that_changed_is_named() -> None:
    before = {"config_sha256": "a", "environment": {"visible cores": 2, "device": "cpu"}}
    now = {"config_sha256": "b", "environment": {"visible cores": 4, "device": "cpu"}}
    assert differences(before, now) == ["the visible cores changed from 2 to 4", "the config changed"]
    assert differences(before, before) == []
    # Of weights from elsewhere nobody knows where they were computed.
    assert differences({"config_sha256": "b"}, now) == []
    ordered = {**before, "labeled_order": "c"}
    assert differences(ordered, {**before, "labeled_order": "d"}) == ["the order of the labeled images changed"]
    assert differences(before, ordered) == []


def test_f7_a_run_that_diverges_fails_and_keeps_its_finite_checkpoint(tmp_path: Path, parts: "Parts") -> None:
    state = parts.make()
    huge = jax.tree.map(lambda leaf: jnp.full_like(leaf, 1e38), state.student.parameters["dense"])
    student = state.student._replace(parameters={**state.student.parameters, "dense": huge})
    facts = {"config_sha256": "", "environment": {}, "warned": []}
    saved = checkpoints.save(tmp_path, state._replace(step=jnp.int32(5), student=student), step=5, facts=facts)
    events = attempt(tmp_path, resume=True)
    end = finished(events)
    assert (end.state, end.cause.code) == (event_pb2.RUN_STATE_FAILED, "NON_FINITE_LOSS")
    assert "stays: step 5" in end.cause.message
    assert "learningRate" in end.cause.hint
    assert end.checkpoint.digest == saved.digest
    assert newest_verified(tmp_path) == (saved.path, [])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"), "OUT_OF_MEMORY"),
        (MemoryError(), "OUT_OF_MEMORY"),
        (jax.errors.JaxRuntimeError("INTERNAL: cuDNN failed"), "INTERNAL"),
    ],
)
def test_f8_out_of_memory_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(assembly, "compiled", fail)
    end = finished(attempt(tmp_path))
    assert (end.state, end.cause.code) == (event_pb2.RUN_STATE_FAILED, code)
    assert "Traceback" in end.cause.traceback
    assert ("batchSize" in end.cause.hint) == (code == "OUT_OF_MEMORY")


def test_f4_a_run_waits_for_room_and_ends_as_if_nothing_was(
    small_disk: SmallDisk, unbroken: list[event_pb2.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SECONDS_TO_NEXT_TRY", 0.05)
    small_disk.fill()
    folder = str(small_disk.folder / "r")
    command = tasks_pb2.Train(run_id="r", config=config(), checkpoint_folder=folder, dataset=DATASET)
    events: list[event_pb2.Event] = []
    for event in training(command, Path(), lambda: False):
        events.append(event)
        if event.HasField("state") and event.state.state == event_pb2.RUN_STATE_STORAGE_FULL:
            assert events[-2].warning.code == "storage_full"
            small_disk.make_room()
    states = [event.state.state for event in events if event.HasField("state")]
    assert states == [event_pb2.RUN_STATE_STORAGE_FULL, event_pb2.RUN_STATE_RUNNING]
    assert digests(events) == digests(unbroken)
    assert rows(events) == rows(unbroken)


def test_f4_a_disk_that_refuses_fails_the_run_with_the_reason(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    end = finished(attempt(in_the_way))
    assert end.state == event_pb2.RUN_STATE_FAILED
    assert end.cause.python_type == "builtins.NotADirectoryError"


class Parts:
    """A run taken apart: its compiled program and a maker of its first state."""

    def __init__(self, **changes: Any) -> None:
        self.config = config(**changes)
        dataset = assembly.load_dataset(CATALOG["digits"], Path())
        parts = assembly.splits(self.config, dataset)
        model = dataset_network(self.config.model, dataset.facts)
        data = assembly.step_data(self.config, dataset.images, parts)
        dispatch = many_steps(assembly.one_step(self.config, dataset.facts, model))
        score = assembly.evaluator(dataset.facts, model)
        self.make = partial(assembly.compiled_new_state(model), assembly.root_key(self.config))
        self.program = assembly.compiled(self.config, dispatch, score, self.make(), data, dataset, parts)


@pytest.fixture(scope="module")
def parts() -> Parts:
    return Parts()


def test_nothing_is_compiled_after_the_compile_phase(parts: Parts, tmp_path: Path) -> None:
    state = parts.make()
    ticks = iter(range(10**6))

    def save(state: Any, step: int, _: Any) -> checkpoints.CheckpointInfo:
        return checkpoints.save(tmp_path, state, step=step, facts={})

    with compilations() as seen:
        events = list(
            loop.run_steps(
                parts.program,
                state,
                assembly.plan(parts.config, CATALOG["digits"]),
                save,
                cancelled=lambda: False,
                clock=lambda: next(ticks) * 0.1,
            )
        )
    assert isinstance(events[-1], loop.Ended)
    assert seen == []


def test_the_counter_of_compilations_counts() -> None:
    with compilations() as seen:
        jax.jit(lambda x: x + 1)(np.float32(1))
    assert len(seen) == 1


def test_no_grouping_of_steps_changes_a_bit_of_the_state(parts: Parts) -> None:
    found: set[str] = set()
    for counts in ([6], [1, 1, 1, 1, 1, 1], [2, 4], [3, 3]):
        state = parts.make()
        for count in counts:
            state, _ = parts.program.dispatch(state, count)
        found.add(state_digest(state))
    assert len(found) == 1


def test_the_state_is_donated(parts: Parts) -> None:
    state = parts.make()
    parts.program.dispatch(state, 1)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))


def test_student_and_teacher_start_equal_in_buffers_of_their_own(parts: Parts) -> None:
    arrays = named_arrays(parts.make())
    for name, array in arrays.items():
        if name.startswith("student/"):
            np.testing.assert_array_equal(array, arrays["teacher/" + name.removeprefix("student/")])
        if name.startswith("momentum/"):
            assert not array.any()


def test_the_manifest_says_where_the_state_comes_from(tmp_path: Path) -> None:
    attempt(tmp_path, cancel_at=0)
    path = newest_verified(tmp_path).path
    assert path is not None
    facts = json.loads((path / "manifest.json").read_text())["manifest"]["facts"]
    assert facts["run_id"] == "r"
    assert facts["environment"]["jax version"] == jax.__version__
    assert facts["environment"]["device count"] == 1
    assert facts["environment"]["visible cores"] >= 1
    assert len(facts["config_sha256"]) == 64
