"""The states of a run: which may follow which, and what they mean. Every change of a run's state is checked here."""

from collections.abc import Mapping

from cowmask.v1 import event_pb2

type State = event_pb2.RunState.ValueType

QUEUED = event_pb2.RUN_STATE_QUEUED
STARTING = event_pb2.RUN_STATE_STARTING
RUNNING = event_pb2.RUN_STATE_RUNNING
STORAGE_FULL = event_pb2.RUN_STATE_STORAGE_FULL
CANCELLING = event_pb2.RUN_STATE_CANCELLING
CANCELLED = event_pb2.RUN_STATE_CANCELLED
INTERRUPTED = event_pb2.RUN_STATE_INTERRUPTED
FAILED = event_pb2.RUN_STATE_FAILED
SUCCEEDED = event_pb2.RUN_STATE_SUCCEEDED

FOLLOWING: Mapping[State, frozenset[State]] = {
    # Interrupted by the death of the worker, as every state below that is active.
    QUEUED: frozenset({STARTING, CANCELLED, INTERRUPTED}),
    STARTING: frozenset({RUNNING, CANCELLING, INTERRUPTED, FAILED}),
    RUNNING: frozenset({STORAGE_FULL, CANCELLING, INTERRUPTED, FAILED, SUCCEEDED}),
    STORAGE_FULL: frozenset({RUNNING, CANCELLING, INTERRUPTED, FAILED}),
    # The end that was on its way may come before the cancel is seen.
    CANCELLING: frozenset({CANCELLED, INTERRUPTED, FAILED, SUCCEEDED}),
    # A resume queues the next attempt.
    CANCELLED: frozenset({QUEUED}),
    INTERRUPTED: frozenset({QUEUED}),
    FAILED: frozenset({QUEUED}),
    SUCCEEDED: frozenset(),
}

RESUMABLE = frozenset(state for state, following in FOLLOWING.items() if QUEUED in following)
ACTIVE = frozenset(FOLLOWING) - RESUMABLE - {SUCCEEDED}


class IllegalTransition(Exception):  # noqa: N818
    """A fault of the worker: a run was to go where the table has no way."""


def check_transition(before: State, after: State) -> None:
    """Raises `IllegalTransition`."""
    if after not in FOLLOWING[before]:
        raise IllegalTransition(f"a run that is {state_name(before)} can not become {state_name(after)}")


def state_after(event: event_pb2.Event) -> State | None:
    """The state that an event brings its run into, if it changes it."""
    match event.WhichOneof("type"):
        case "state":
            return event.state.state
        case "finished":
            return event.finished.state
        case _:
            return None


def state_name(state: State) -> str:
    """As it stands in messages: "running"."""
    return event_pb2.RunState.Name(state).removeprefix("RUN_STATE_").lower()
