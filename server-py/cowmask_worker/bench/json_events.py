"""`python -m cowmask_worker.bench.json_events COUNT`: for every line of standard input that many events of metrics,
each a line of JSON, and then an empty line."""

import sys

from google.protobuf.json_format import MessageToJson

from cowmask_worker.bench.recorded import metrics_event


def main() -> None:
    events = [metrics_event(step, seq=step + 2) for step in range(int(sys.argv[1]))]
    for _ in sys.stdin:
        for event in events:
            print(MessageToJson(event, indent=None))
        print(flush=True)


if __name__ == "__main__":
    main()
