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
    if chosen.verb in ("serve", "healthcheck") and bool(chosen.tls_certificate) != bool(chosen.tls_key):
        parser.error("--tls-certificate and --tls-key go together")
    if chosen.verb == "healthcheck" and (chosen.tls_certificate or chosen.tls_server_name) and not chosen.tls_authority:
        parser.error("healthcheck over TLS needs --tls-authority")
    match chosen.verb:
        case "serve" if chosen.stdio:
            from cowmask_worker.service.main import serve_stdio

            return serve_stdio()
        case "serve":
            from cowmask_worker.service.main import serve_listen
            from cowmask_worker.service.settings import Arguments

            return serve_listen(
                Arguments(
                    listen=chosen.listen,
                    token_file=chosen.token_file,
                    tls_certificate=chosen.tls_certificate,
                    tls_key=chosen.tls_key,
                    tls_client_authority=chosen.tls_client_authority,
                    insecure=chosen.insecure,
                    state_folder=chosen.state_dir,
                    cache_folder=chosen.cache_dir,
                    data_folder=chosen.data_dir,
                    data_roots=chosen.data_root,
                    log=chosen.log,
                )
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

            return healthcheck(
                chosen.address,
                chosen.timeout_s,
                service=chosen.service,
                authority=chosen.tls_authority,
                certificate=chosen.tls_certificate,
                key=chosen.tls_key,
                server_name=chosen.tls_server_name,
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cowmask_worker", description="The worker of CowMask.", allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True)

    serve = verbs.add_parser("serve", help="serve clients over gRPC", allow_abbrev=False)
    how = serve.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--stdio", action="store_true", help="be told all else by one line of JSON on stdin, as the SDK does"
    )
    how.add_argument("--listen", metavar="HOST:PORT", help="where clients connect to; port 0 takes any that is free")
    serve.add_argument("--token-file", type=Path, help="file with the token that clients must send")
    serve.add_argument("--tls-certificate", type=Path, metavar="FILE", help="certificate chain, PEM; encrypts with TLS")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")
    serve.add_argument(
        "--tls-client-authority",
        type=Path,
        metavar="FILE",
        help="take only clients with a certificate of this authority",
    )
    serve.add_argument(
        "--insecure",
        action="store_true",
        help="listen beyond this machine without TLS: whoever is on the way reads the token, and may do all it allows",
    )
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
    health.add_argument(
        "--service",
        default="",
        help="one alone: cowmask.v1.System serves as soon as the worker listens (default: all of them)",
    )
    health.add_argument("--timeout-s", type=float, default=_HEALTH_TIMEOUT_S, help="seconds to wait (default: 5)")
    health.add_argument("--tls-authority", type=Path, metavar="FILE", help="authority of the worker's certificate, PEM")
    health.add_argument("--tls-certificate", type=Path, metavar="FILE", help="certificate to show, where one is wanted")
    health.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key")
    health.add_argument(
        "--tls-server-name", metavar="HOST", help="name in the worker's certificate, if not the address"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
