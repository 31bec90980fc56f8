"""`python -m cowmask_worker.bench data [--quick]`: a row a line as JSON, as soon as it is measured."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping

from cowmask_worker.bench.as_task_process import as_task_process
from cowmask_worker.bench.data import data_rows
from cowmask_worker.bench.dispatch import dispatch_rows
from cowmask_worker.bench.full_size import full_size_rows
from cowmask_worker.bench.masks import mask_rows
from cowmask_worker.bench.memory import memory_rows
from cowmask_worker.bench.peer_torch import peer_torch_rows
from cowmask_worker.bench.row import Row
from cowmask_worker.bench.training import training_rows

GROUPS: Mapping[str, Callable[..., Iterator[Row]]] = {
    "data": data_rows,
    "dispatch": dispatch_rows,
    "full-size": full_size_rows,
    "masks": mask_rows,
    "memory": memory_rows,
    "peer-torch": peer_torch_rows,
    "training": training_rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="cowmask_worker.bench", allow_abbrev=False)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and images")
    chosen = parser.parse_args()
    for row in GROUPS[chosen.group](quick=chosen.quick):
        print(json.dumps(row.as_json()), flush=True)
    return 0


# Also for the processes that the loader starts, which run this file again.
if __name__ == "__main__":
    as_task_process()
    sys.exit(main())
