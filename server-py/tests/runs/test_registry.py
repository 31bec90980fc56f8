# pyright: reportPrivateUsage=false

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asked import asked

from cowmask.v1 import datasets_pb2, event_pb2, experiment_config_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.dataset_facts import dataset_message, facts_of
from cowmask_worker.runs.refusal import Refusal
from cowmask_worker.runs.registry import _MIGRATIONS, FILE, Registry
from cowmask_worker.runs.registry_thread import RegistryThread
from cowmask_worker.runs.run_id import is_run_id, new_run_id
from cowmask_worker.runs.states import IllegalTransition

CONFIG = experiment_config_pb2.ExperimentConfig(steps=3)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(tmp_path)
    yield registry
    registry.close()


def entered(state: "event_pb2.RunState.ValueType", seq: int) -> event_pb2.Event:
    return event_pb2.Event(seq=seq, attempt=1, state=event_pb2.StateChanged(state=state))


def finished(state: "event_pb2.RunState.ValueType", seq: int) -> event_pb2.Event:
    return event_pb2.Event(seq=seq, finished=event_pb2.Finished(state=state, step=7))


def test_f2_the_file_survives_a_power_cut(registry: Registry, tmp_path: Path) -> None:
    assert registry._database.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
    assert registry._database.execute("PRAGMA synchronous").fetchone() == (2,)
    registry.start("run_a", asked(CONFIG, ""), b"")
    registry.close()
    reopened = Registry(tmp_path)
    again = reopened.run("run_a")
    reopened.close()
    assert again.config == CONFIG
    assert (again.state, again.attempt, again.last_seq) == (event_pb2.RUN_STATE_QUEUED, 1, 1)


def test_f10_a_key_belongs_to_one_run_and_one_config(registry: Registry) -> None:
    first = registry.start("run_a", asked(CONFIG, "key"), b"hash")
    second = registry.start("run_b", asked(CONFIG, "key"), b"hash")
    assert second.run.id == first.run.id == "run_a"
    assert second.event is None
    with pytest.raises(Refusal) as refused:
        registry.start("run_c", asked(CONFIG, "key"), b"other")
    assert refused.value.failure.code == "IDEMPOTENCY_CONFLICT"
    assert "run_a" in refused.value.failure.message


def test_no_key_is_no_key(registry: Registry) -> None:
    assert registry.start("run_a", asked(CONFIG, ""), b"").run.id == "run_a"
    assert registry.start("run_b", asked(CONFIG, ""), b"").run.id == "run_b"


async def test_f10_fifty_submits_at_once_are_one_run(tmp_path: Path) -> None:
    thread = RegistryThread()
    await thread.open(tmp_path)
    started = await asyncio.gather(
        *(thread.do(Registry.start, new_run_id(), asked(CONFIG, "key"), b"hash") for _ in range(50))
    )
    assert len({each.run.id for each in started}) == 1
    assert sum(each.event is not None for each in started) == 1
    await thread.close()


def test_f2_a_batch_of_events_is_recorded_whole_or_not_at_all(registry: Registry) -> None:
    registry.start("run_a", asked(CONFIG, ""), b"")
    good, twice = entered(event_pb2.RUN_STATE_STARTING, 2), entered(event_pb2.RUN_STATE_RUNNING, 2)
    with pytest.raises(sqlite3.IntegrityError):
        registry.append([("run_a", good), ("run_a", twice)])
    assert registry.run("run_a").state == event_pb2.RUN_STATE_QUEUED
    assert [event.seq for event in registry.events("run_a", 1, 10)] == [1]


def test_f2_the_verdict_is_recorded_with_its_event(registry: Registry) -> None:
    registry.start("run_a", asked(CONFIG, ""), b"")
    registry.append([("run_a", entered(event_pb2.RUN_STATE_STARTING, 2))])
    registry.append([("run_a", finished(event_pb2.RUN_STATE_FAILED, 3))])
    run = registry.run("run_a")
    assert (run.state, run.step, run.last_seq) == (event_pb2.RUN_STATE_FAILED, 7, 3)
    assert run.finished.state == event_pb2.RUN_STATE_FAILED
    resumed = registry.resume("run_a").run
    assert (resumed.state, resumed.attempt, resumed.last_seq) == (event_pb2.RUN_STATE_QUEUED, 2, 4)
    assert not resumed.HasField("finished")


def test_a_state_that_can_not_follow_is_refused_with_all_that_came_with_it(registry: Registry) -> None:
    run = registry.start("run_a", asked(CONFIG, ""), b"").run
    with pytest.raises(IllegalTransition, match="queued can not become succeeded"):
        registry.append(
            [
                ("run_a", event_pb2.Event(seq=2, metrics=event_pb2.Metrics(loss=[1.0]))),
                ("run_a", finished(event_pb2.RUN_STATE_SUCCEEDED, 3)),
            ]
        )
    assert registry.run("run_a") == run


@pytest.mark.parametrize("state", [event_pb2.RUN_STATE_SUCCEEDED, None])
def test_what_succeeded_or_is_under_way_is_not_resumed(
    registry: Registry, state: "event_pb2.RunState.ValueType | None"
) -> None:
    registry.start("run_a", asked(CONFIG, ""), b"")
    if state is not None:
        registry.append([("run_a", entered(event_pb2.RUN_STATE_STARTING, 2))])
        registry.append([("run_a", entered(event_pb2.RUN_STATE_RUNNING, 3))])
        registry.append([("run_a", finished(state, 4))])
    with pytest.raises(Refusal) as refused:
        registry.resume("run_a")
    assert refused.value.failure.code == "RUN_NOT_RESUMABLE"


def test_deleting_takes_the_events_along_but_not_of_an_active_run(registry: Registry) -> None:
    registry.start("run_a", asked(CONFIG, ""), b"")
    with pytest.raises(Refusal) as refused:
        registry.delete("run_a")
    assert refused.value.failure.code == "RUN_NOT_ENDED"
    registry.append([("run_a", finished(event_pb2.RUN_STATE_CANCELLED, 2))])
    registry.delete("run_a")
    assert registry.events("run_a", 1, 10) == []
    with pytest.raises(Refusal) as missing:
        registry.run("run_a")
    assert missing.value.failure.code == "RUN_NOT_FOUND"


def test_pages_go_from_the_newest_to_the_oldest_without_gap(registry: Registry) -> None:
    for number in range(5):
        registry.start(f"run_{number}", asked(CONFIG, ""), b"")
    seen: list[str] = []
    position = None
    while True:
        page = registry.runs(2, position)
        seen += [run.id for run in page.runs]
        position = page.next_position
        if position is None:
            break
        registry.start(f"run_later_{position}", asked(CONFIG, ""), b"")
    assert seen == ["run_4", "run_3", "run_2", "run_1", "run_0"]


def test_the_split_of_a_run_is_recorded_with_the_event_that_tells_it(registry: Registry) -> None:
    registry.start("run_a", asked(CONFIG), b"")
    assert not registry.run("run_a").HasField("split_fingerprint")
    for seq, split in enumerate((None, "f" * 64, None), start=2):
        progress = event_pb2.Progress(phase="load_data", split_fingerprint=split)
        registry.append([("run_a", event_pb2.Event(seq=seq, progress=progress))])
    assert registry.run("run_a").split_fingerprint == "f" * 64


def test_the_runs_of_an_older_worker_are_kept(registry: Registry, tmp_path: Path) -> None:
    registry.start("run_a", asked(CONFIG), b"")
    registry._database.execute("ALTER TABLE runs DROP COLUMN split")
    registry._database.execute("PRAGMA user_version = 2")
    registry.close()
    reopened = Registry(tmp_path)
    run = reopened.run("run_a")
    reopened.close()
    assert run.config == CONFIG
    assert not run.HasField("split_fingerprint")


def test_a_registry_of_a_newer_worker_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    registry._database.execute("PRAGMA user_version = 99")
    registry.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(Refusal, match="version 99") as refused:
        Registry(tmp_path)
    assert refused.value.failure.code == "STATE_UNUSABLE"
    assert (tmp_path / FILE).read_bytes() == before


def test_a_registry_from_before_datasets_were_imported_opens(tmp_path: Path) -> None:
    """Its runs knew those of the catalog only, whose facts they carry from now on."""
    digits = experiment_config_pb2.ExperimentConfig(steps=3)
    digits.dataset.name = "digits"
    unknown = experiment_config_pb2.ExperimentConfig(steps=3)
    unknown.dataset.name = "left out since"
    database = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    database.executescript(f"{_MIGRATIONS[0]} PRAGMA user_version = 1;")
    for run_id, config in (("run_a", digits), ("run_b", unknown)):
        database.execute(
            "INSERT INTO runs (id, config_hash, config, created_at, state, attempt, last_seq, step) "
            "VALUES (?, ?, ?, ?, ?, 1, 2, 3)",
            (run_id, b"hash", config.SerializeToString(), "2026-01-01T00:00:00.000Z", event_pb2.RUN_STATE_CANCELLED),
        )
    database.close()
    for _ in range(2):
        registry = Registry(tmp_path)
        run = registry.run("run_a")
        assert (run.config, run.step, run.last_seq) == (digits, 3, 2)
        assert run.dataset == dataset_message(CATALOG["digits"])
        assert (facts_of(run.dataset).height, facts_of(run.dataset).labeled) == (8, 1437)
        assert registry.run("run_b").dataset == datasets_pb2.Dataset()
        assert [run.id for run in registry.runs(10, None).runs] == ["run_b", "run_a"]
        assert registry._database.execute("PRAGMA user_version").fetchone() == (len(_MIGRATIONS),)
        registry.close()
    registry = Registry(tmp_path)
    imported = dataset_message(replace(CATALOG["digits"], name="mine", digest="d"))
    registry.start("run_c", asked(digits)._replace(dataset=imported), b"")
    assert registry.run("run_c").dataset == imported
    assert registry.resume("run_a").run.dataset == dataset_message(CATALOG["digits"])
    registry.close()


def test_a_damaged_registry_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    with pytest.raises(Refusal, match=FILE) as refused:
        Registry(tmp_path)
    assert refused.value.failure.code == "STATE_UNUSABLE"


def test_ids_are_names_and_nothing_else() -> None:
    assert all(is_run_id(new_run_id()) for _ in range(100))
    for bad in ("", "run_", "../../etc", "run_" + "a" * 21, "run_" + "a" * 19 + "/", "run_" + "a" * 20 + "\n"):
        assert not is_run_id(bad)
