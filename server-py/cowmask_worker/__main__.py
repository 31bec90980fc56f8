"""`python -m cowmask_worker serve|task|prepare|healthcheck`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

_HEALTH_TIMEOUT_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Each verb imports only what it needs: the control process has to be up in a fraction of what jax takes."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.verb == "serve" and chosen.listen and not (chosen.token_file and chosen.state_dir):
        parser.error("serve --listen needs --token-file and --state-dir")
    match chosen.verb:
        case "serve" if chosen.stdio:
            from cowmask_worker.service.main import serve_stdio

            return serve_stdio()
        case "serve":
            from cowmask_worker.service.main import serve_listen

            return serve_listen(
                chosen.listen,
                chosen.token_file,
                chosen.state_dir,
                chosen.cache_dir,
                chosen.data_dir,
                chosen.data_root,
                chosen.log,
            )
        case "task":
            from cowmask_worker.tasks.process import main as task

            task()
            return 0
        case "prepare":
            from cowmask_worker.tasks.prepare import main as prepare

            return prepare(chosen.name, chosen.source, chosen.data_dir, check_digests=chosen.digests)
        case _:
            from cowmask_worker.service.healthcheck import healthcheck

            return healthcheck(chosen.address, chosen.timeout_s)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cowmask_worker", description="The worker of CowMask.", allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True)

    serve = verbs.add_parser("serve", help="serve clients over gRPC", allow_abbrev=False)
    how = serve.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--stdio", action="store_true", help="be told all else by one line of JSON on stdin, as the SDK does"
    )
    how.add_argument("--listen", metavar="HOST:PORT", help="an address of this machine; port 0 takes any that is free")
    serve.add_argument("--token-file", type=Path, help="file with the token that clients must send")
    serve.add_argument("--state-dir", type=Path, help="folder for runs, events and checkpoints")
    serve.add_argument("--cache-dir", type=Path, help="folder for compiled programs (default: in the state folder)")
    serve.add_argument("--data-dir", type=Path, help="folder of datasets (default: in the state folder)")
    serve.add_argument(
        "--data-root",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="folder of images that clients may import datasets from; may be given several times",
    )
    serve.add_argument("--log", default="info", help="debug, info, warning or error (default: info)")

    verbs.add_parser("task", help="compute for a worker; started by it", allow_abbrev=False)

    prepare = verbs.add_parser("prepare", help="make a dataset ready to be trained on", allow_abbrev=False)
    prepare.add_argument("name", help="such as cifar10")
    prepare.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="where its official files are")
    prepare.add_argument(
        "--no-digests", dest="digests", action="store_false", help="take files that are not what the makers publish"
    )
    prepare.add_argument("--data-dir", type=Path, required=True, help="folder of prepared datasets")

    health = verbs.add_parser("healthcheck", help="exit with 0 if a worker serves", allow_abbrev=False)
    health.add_argument("--address", required=True, help="HOST:PORT or unix:PATH, as the worker announced it")
    health.add_argument("--timeout-s", type=float, default=_HEALTH_TIMEOUT_S, help="seconds to wait (default: 5)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
