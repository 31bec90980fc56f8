"""Which states of a run mean what."""

from cowmask.v1 import event_pb2

ACTIVE = frozenset(
    {
        event_pb2.RUN_STATE_QUEUED,
        event_pb2.RUN_STATE_STARTING,
        event_pb2.RUN_STATE_RUNNING,
        event_pb2.RUN_STATE_CANCELLING,
    }
)
RESUMABLE = frozenset({event_pb2.RUN_STATE_CANCELLED, event_pb2.RUN_STATE_INTERRUPTED, event_pb2.RUN_STATE_FAILED})


def state_name(state: event_pb2.RunState.ValueType) -> str:
    """As it stands in messages: "running"."""
    return event_pb2.RunState.Name(state).removeprefix("RUN_STATE_").lower()
