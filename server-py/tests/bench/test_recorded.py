"""That the registry which the service is measured on is what many runs leave."""

from pathlib import Path

from cowmask.v1 import event_pb2
from cowmask_worker.bench.recorded import fill
from cowmask_worker.runs.registry import Registry


def test_a_filled_registry_holds_ended_runs_and_a_log(tmp_path: Path) -> None:
    newest = fill(tmp_path, 3, 5)
    registry = Registry(tmp_path)
    page, events = registry.runs(10, None), registry.events(newest, 1, 100)
    left = registry.active()
    registry.close()
    assert page.runs[0].id == newest
    assert [run.last_seq for run in page.runs] == [9, 4, 4]
    assert {run.state for run in page.runs} == {event_pb2.RUN_STATE_SUCCEEDED}
    assert left == []
    assert [event.seq for event in events] == list(range(1, 10))
    metrics = [event.metrics for event in events if event.HasField("metrics")]
    assert [each.first_step for each in metrics] == list(range(5))
    assert list(metrics[4].loss) == [1 / 5]
    assert list(metrics[4].teacher_alpha) == [1 / 13]
