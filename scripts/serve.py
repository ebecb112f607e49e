"""Serve an exported model over HTTP: photos in, grades out.

    python scripts/serve.py --model results/lemon/deploy/lite0/model.onnx
    curl -F photos=@one.jpg -F photos=@another.jpg http://127.0.0.1:8000/predict

POST /predict grades photos; GET /about tells of the model, GET /health whether the service is
ready, GET /metrics what it has done, GET /openapi.json how it is to be called. It listens to this
machine alone unless --host says otherwise, and ends with Ctrl-C or SIGTERM when what it has taken
in is answered. It knows no users and no encryption: for more than a trusted network, put a proxy
before it. A proxy must also end connections that send nothing, or their headers byte by byte: the
server has no limit for the time of these, and a thousand of them shut out everybody else.
"""

import argparse
import ipaddress
import logging
import os
import sys
from pathlib import Path

import uvicorn

from deployment.running import open_exported
from service.app import create_app
from service.limits import Limits
from zest.errors import run
from zest.large_photos import LARGE
from zest.parallel import settle_process

# At once, idle ones among them, so that these cannot use up the memory. But a thousand idle ones
# shut out all others: every request beyond them gets the server's own 503, in plain text and
# without Retry-After, until a proxy or their clients end them.
CONNECTIONS = 1000


def main() -> None:
    """Open the model, listen, end in good order."""
    default = Limits()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, type=Path, help="model.onnx or model_int8.onnx")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free (8000)")
    parser.add_argument("--cores", type=_positive, default=cores_here(), help="to use (all)")
    parser.add_argument(
        "--max-photo-mb", type=_positive, default=default.photo_bytes // 10**6, help="encoded (20)"
    )
    parser.add_argument(
        "--max-photo-megapixels",
        type=_positive,
        default=default.pixels // 10**6,
        help="(64); decoding takes up to 32 MB of memory for each. Photos of more than "
        f"{LARGE // 10**6} are decoded one at a time, others one on each core",
    )
    parser.add_argument(
        "--max-request-mb", type=_positive, default=default.request_bytes // 10**6, help="(100)"
    )
    parser.add_argument(
        "--max-photos", type=_positive, default=default.photos, help="of a request (64)"
    )
    parser.add_argument(
        "--max-waiting",
        type=_positive,
        default=default.photos_under_way,
        help="photos of all requests; beyond them a request gets 503 (256)",
    )
    parser.add_argument(
        "--seconds",
        type=_positive,
        default=int(default.seconds),
        help="for a request to arrive, and again for its answer (30)",
    )
    args = parser.parse_args()
    if args.max_photos > args.max_waiting:
        parser.error(
            f"--max-waiting {args.max_waiting} is less than --max-photos {args.max_photos}: a "
            "request of so many photos would be refused for ever. Raise the one or lower the other."
        )

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settle_process()
    model = open_exported(args.model)
    limits = Limits(
        photo_bytes=args.max_photo_mb * 10**6,
        request_bytes=args.max_request_mb * 10**6,
        photos=args.max_photos,
        pixels=args.max_photo_megapixels * 10**6,
        photos_under_way=args.max_waiting,
        bytes_under_way=max(default.bytes_under_way, args.max_request_mb * 10**6),
        seconds=args.seconds,
    )
    for warning in warnings_of(args.host, args.model):
        print(f"warning: {warning}", file=sys.stderr, flush=True)
    names = ", ".join(one.name for one in model.classes)
    print(f"{args.model} ({model.sha256[:12]}) on {args.cores} cores: {names}", flush=True)
    uvicorn.run(
        create_app(model, limits, args.cores),
        host=args.host,
        port=args.port,
        access_log=False,  # we have a line of our own
        log_config=None,
        server_header=False,
        proxy_headers=False,  # who connects is logged, not what a client says of itself
        timeout_graceful_shutdown=2 * args.seconds + 1,  # to arrive, to be answered, to be sent
        limit_concurrency=CONNECTIONS,
    )


def warnings_of(host: str, model: Path) -> list[str]:
    """Return what a person should know before a model is served.

    Args:
        host: to listen at.
        model: the model's file; the proof that it is the one that was scored lies beside it.
    """
    told = []
    if not is_loopback(host):
        told.append(
            f"--host {host}: every machine that reaches this one can send photos. There are no "
            "users and no encryption here; put a proxy with both before it."
        )
    if not model.with_name("parity.json").is_file():
        told.append(
            f"{model.with_name('parity.json')}: there is no proof that this is the model that was "
            "scored; snakemake deploy makes it."
        )
    return told


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name
        return False


def cores_here() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {value}")
    return value


if __name__ == "__main__":
    run(main)
