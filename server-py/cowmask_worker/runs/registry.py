"""The registry: one SQLite file that holds every run and all its events.

One connection, used by one thread (a full fsync would block the event loop); nothing else opens the file. A rollback
journal, because the write-ahead log of older SQLite versions can corrupt.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cowmask.v1 import datasets_pb2, event_pb2, experiment_config_pb2, experiments_pb2
from cowmask_worker.data.catalog import CATALOG
from cowmask_worker.runs.dataset_facts import dataset_message
from cowmask_worker.runs.refusal import Refusal, refusal, run_not_found
from cowmask_worker.runs.requested import Requested
from cowmask_worker.runs.states import ACTIVE, RESUMABLE, check_transition, state_after, state_name

FILE = "registry.sqlite"

_MIGRATIONS = (
    """
    CREATE TABLE runs (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        idempotency_key TEXT UNIQUE,
        config_hash BLOB NOT NULL,
        config BLOB NOT NULL,
        created_at TEXT NOT NULL,
        state INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        last_seq INTEGER NOT NULL,
        step INTEGER NOT NULL,
        finished BLOB
    );
    CREATE INDEX runs_by_state ON runs (state);
    CREATE TABLE events (
        run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        type TEXT NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (run_id, seq)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE runs ADD COLUMN dataset BLOB;",
    "ALTER TABLE runs ADD COLUMN split TEXT;",
)

_IMPORTED = event_pb2.Failure(
    code="IMPORTED",
    message="The run was made out of weights from elsewhere and has not trained here.",
    hint="Resume it to train; to predict, score or export, use it as it is.",
)

_COLUMNS = "id, state, attempt, config, last_seq, created_at, finished, step, dataset, split, position"


class Page(NamedTuple):
    """`next_position` is None on the last page."""

    runs: list[experiments_pb2.Run]
    next_position: int | None


class Started(NamedTuple):
    """`event` is None where the run was there already."""

    run: experiments_pb2.Run
    event: event_pb2.Event | None


class Resumed(NamedTuple):
    run: experiments_pb2.Run
    event: event_pb2.Event


class Registry:
    """What the thread may do. Every method is one transaction."""

    def __init__(self, folder: Path) -> None:
        try:
            # Transactions are ours to begin and to end.
            self._database = sqlite3.connect(folder / FILE, isolation_level=None)
        except sqlite3.Error as error:
            raise _unusable(folder, error) from error
        try:
            for pragma in ("journal_mode=TRUNCATE", "synchronous=FULL", "foreign_keys=ON"):
                self._database.execute(f"PRAGMA {pragma}")
            self._migrate(folder)
        except sqlite3.Error as error:
            self._database.close()
            raise _unusable(folder, error) from error
        except Refusal:
            self._database.close()
            raise

    def _migrate(self, folder: Path) -> None:
        version: int = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            raise refusal(
                "STATE_UNUSABLE",
                f"The registry {folder / FILE} has version {version}; this worker knows versions up to "
                f"{len(_MIGRATIONS)}.",
                "Update this worker, or use another state folder.",
            )
        for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
            self._database.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")

    def close(self) -> None:
        self._database.close()

    def start(
        self,
        run_id: str,
        requested: Requested,
        config_hash: bytes,
    ) -> Started:
        """A new run, or the one that has this key (none if empty) and was asked for with the same fields."""
        with self._transaction():
            there = self.started(requested.idempotency_key, config_hash)
            if there is not None:
                return Started(there, None)
            now = self._insert(run_id, requested, config_hash)
            event = _queued(seq=1, attempt=1, time=now)
            self._record(run_id, event, first=True)
            return Started(self.run(run_id), event)

    def imported(
        self,
        run_id: str,
        requested: Requested,
        config_hash: bytes,
        checkpoint: event_pb2.Checkpoint,
    ) -> experiments_pb2.Run:
        """A run that has a checkpoint from elsewhere and waits to be resumed; or the one that has this key already."""
        with self._transaction():
            there = self.started(requested.idempotency_key, config_hash)
            if there is not None:
                return there
            now = self._insert(run_id, requested, config_hash)
            finished = event_pb2.Finished(
                state=event_pb2.RUN_STATE_CANCELLED, step=checkpoint.step, checkpoint=checkpoint, cause=_IMPORTED
            )
            self._record(run_id, event_pb2.Event(seq=1, attempt=1, time=now, checkpoint=checkpoint))
            self._record(run_id, event_pb2.Event(seq=2, attempt=1, time=now, finished=finished))
            return self.run(run_id)

    def started(self, idempotency_key: str, config_hash: bytes) -> experiments_pb2.Run | None:
        """The run that has this key, if any. Raises `IDEMPOTENCY_CONFLICT` where it was asked for with other fields."""
        if not idempotency_key:
            return None
        row = self._database.execute(
            "SELECT id, config_hash FROM runs WHERE idempotency_key = ?", (idempotency_key,)
        ).fetchone()
        if row is not None and row[1] != config_hash:
            raise refusal(
                "IDEMPOTENCY_CONFLICT",
                f"This idempotency key belongs to run {row[0]}, which was asked for with another config or by another "
                "call.",
                "Use a new idempotency key for another run.",
            )
        return None if row is None else self.run(row[0])

    def _insert(self, run_id: str, requested: Requested, config_hash: bytes) -> str:
        now = timestamp()
        self._database.execute(
            "INSERT INTO runs (id, idempotency_key, config_hash, config, created_at, state, dataset, attempt, last_seq,"
            " step) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, 0)",
            (
                run_id,
                requested.idempotency_key or None,
                config_hash,
                requested.resolved.SerializeToString(),
                now,
                event_pb2.RUN_STATE_QUEUED,
                requested.dataset.SerializeToString(),
            ),
        )
        return now

    def resume(self, run_id: str) -> Resumed:
        """Queues the next attempt of a run that ended without success."""
        with self._transaction():
            run = self.run(run_id)
            if run.state not in RESUMABLE:
                raise refusal(
                    "RUN_NOT_RESUMABLE",
                    f"Run {run_id} is {state_name(run.state)}.",
                    "Only a cancelled, interrupted or failed run can be resumed.",
                )
            self._database.execute("UPDATE runs SET attempt = attempt + 1, finished = NULL WHERE id = ?", (run_id,))
            event = _queued(seq=run.last_seq + 1, attempt=run.attempt + 1, time=timestamp())
            self._record(run_id, event)
            return Resumed(self.run(run_id), event)

    def check_ended(self, run_id: str) -> None:
        state = self.run(run_id).state
        if state in ACTIVE:
            raise refusal(
                "RUN_NOT_ENDED",
                f"Run {run_id} is {state_name(state)}.",
                "Cancel it, or wait for its end, then delete it.",
            )

    def delete(self, run_id: str) -> None:
        self.check_ended(run_id)
        with self._transaction():
            self._database.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def append(self, batch: Iterable[tuple[str, event_pb2.Event]]) -> None:
        """Records events, and what follows from them for their runs, all or none."""
        with self._transaction():
            for run_id, event in batch:
                self._record(run_id, event)

    def _record(self, run_id: str, event: event_pb2.Event, *, first: bool = False) -> None:
        kind = event.WhichOneof("type") or ""
        state = state_after(event)
        if state is not None and not first:
            check_transition(self.run(run_id).state, state)
        self._database.execute(
            "INSERT INTO events (run_id, seq, type, payload) VALUES (?, ?, ?, ?)",
            (run_id, event.seq, kind, event.SerializeToString()),
        )
        step = _step_of(event)
        self._database.execute(
            "UPDATE runs SET last_seq = ?, step = coalesce(?, step) WHERE id = ?", (event.seq, step, run_id)
        )
        if state is not None:
            self._database.execute("UPDATE runs SET state = ? WHERE id = ?", (state, run_id))
        if kind == "progress" and event.progress.HasField("split_fingerprint"):
            self._database.execute("UPDATE runs SET split = ? WHERE id = ?", (event.progress.split_fingerprint, run_id))
        elif kind == "finished":
            self._database.execute(
                "UPDATE runs SET finished = ? WHERE id = ?", (event.finished.SerializeToString(), run_id)
            )

    def run(self, run_id: str) -> experiments_pb2.Run:
        row = self._database.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (run_id,)).fetchone()
        if row is None:
            raise run_not_found(run_id)
        return _run(row)

    def runs(self, size: int, before: int | None) -> Page:
        """Newest first; `before` is the position after which to go on."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM runs WHERE ? IS NULL OR position < ? ORDER BY position DESC LIMIT ?",
            (before, before, size + 1),
        ).fetchall()
        return Page([_run(row) for row in rows[:size]], rows[size - 1][-1] if len(rows) > size else None)

    def active(self) -> list[experiments_pb2.Run]:
        marks = ", ".join("?" * len(ACTIVE))
        query = f"SELECT {_COLUMNS} FROM runs WHERE state IN ({marks}) ORDER BY position"
        return [_run(row) for row in self._database.execute(query, tuple(ACTIVE)).fetchall()]

    def events(self, run_id: str, from_seq: int, most: int) -> Sequence[event_pb2.Event]:
        rows = self._database.execute(
            "SELECT payload FROM events WHERE run_id = ? AND seq >= ? ORDER BY seq LIMIT ?", (run_id, from_seq, most)
        ).fetchall()
        return [event_pb2.Event.FromString(row[0]) for row in rows]

    def newest_event(self, run_id: str, kind: str) -> event_pb2.Event | None:
        row = self._database.execute(
            "SELECT payload FROM events WHERE run_id = ? AND type = ? ORDER BY seq DESC LIMIT 1", (run_id, kind)
        ).fetchone()
        return event_pb2.Event.FromString(row[0]) if row else None

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._database)


class _Transaction:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self._database.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
                raise
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        # A full disk makes SQLite roll back by itself.
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")


def _unusable(folder: Path, error: sqlite3.Error) -> Refusal:
    return refusal(
        "STATE_UNUSABLE",
        f"The registry {folder / FILE} can not be opened: {error}.",
        "Use another state folder, or put a copy of the file in its place.",
    )


def timestamp() -> str:
    """Now, as RFC 3339 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _queued(*, seq: int, attempt: int, time: str) -> event_pb2.Event:
    return event_pb2.Event(
        seq=seq, attempt=attempt, time=time, state=event_pb2.StateChanged(state=event_pb2.RUN_STATE_QUEUED)
    )


def _step_of(event: event_pb2.Event) -> int | None:
    match event.WhichOneof("type"):
        case "metrics":
            return event.metrics.first_step + len(event.metrics.loss)
        case "evaluation":
            return event.evaluation.step
        case "checkpoint":
            return event.checkpoint.step
        case "finished":
            return event.finished.step
        case _:
            return None


type _Row = tuple[str, int, int, bytes, int, str, bytes | None, int, bytes | None, str | None, int]


def _run(row: _Row) -> experiments_pb2.Run:
    identifier, state, attempt, serialized, last_seq, created_at, finished, step, dataset, split, _ = row
    config = experiment_config_pb2.ExperimentConfig.FromString(serialized)
    if dataset is None:  # from a time when there were the catalog's datasets only
        facts = CATALOG.get(config.dataset.name)
        known = datasets_pb2.Dataset() if facts is None else dataset_message(facts)
    else:
        known = datasets_pb2.Dataset.FromString(dataset)
    return experiments_pb2.Run(
        id=identifier,
        state=event_pb2.RunState.ValueType(state),
        attempt=attempt,
        config=config,
        last_seq=last_seq,
        created_at=created_at,
        finished=None if finished is None else event_pb2.Finished.FromString(finished),
        step=step,
        dataset=known,
        split_fingerprint=split,
    )
