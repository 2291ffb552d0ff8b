"""What one large object takes from S3 and to S3, against boto3.

    .venv/bin/python -m benchmarks.transfer [--mebibytes 1024] [--slow-mebibytes 256] [--rounds 5]

About 6 minutes, less than one with `--mebibytes 128 --slow-mebibytes 64 --rounds 2`. The server is nanio on the loopback interface; files
are in memory where there is `/dev/shm`. "Tuned" is boto3 with 4 parts of 64 MiB at once. Each transfer is a new process, whose
imports and client count; what it wrote is compared with the original.

The same is measured on a line as to AWS: a proxy adds 20 ms to a round trip, and carries at most 40 MiB in a second on one connection,
so that several at once win.
"""

from __future__ import annotations

import filecmp
import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import PROJECT
from benchmarks.measure import (
    MEBIBYTE,
    Figures,
    arguments,
    clean_environment,
    print_machine,
    print_table,
    python,
    run,
    scratch_folder,
)
from refinery.local.object_store import ACCESS_KEY, REGION, SECRET_KEY, ObjectStore

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

BUCKET = "datasets"
KEY = "blob.bin"
TUNED = "boto3, tuned"
SCRIPTS = PROJECT / "benchmarks" / "contestants"
CONTESTANTS: Mapping[str, tuple[str, Sequence[str]]] = {
    TUNED: ("transfer_boto3.py", ["--tuned"]),
    "boto3, default": ("transfer_boto3.py", []),
    "Refinery": ("transfer_refinery.py", []),
}
WAYS = {"down": "from S3", "up": "to S3"}
START_TIMEOUT = 20  # seconds until the proxy listens


def main() -> None:
    """Measure both lines in both ways, and print a table of each."""
    options = parse_arguments()
    print_machine(options.rounds)
    with scratch_folder(in_memory=True) as name:
        folder = Path(name)
        (folder / ".local" / "s3" / BUCKET).mkdir(parents=True)
        with ObjectStore(folder) as store:
            if "loopback" in options.only:
                compare(folder, store, store.port, options.mebibytes, options.rounds)
            if "slow" in options.only:
                with slow_line(store.port, options.latency, options.bandwidth) as port:
                    print(
                        f"With {options.latency * 1000:.0f} ms and {options.bandwidth:.0f} MiB/s a connection:"
                    )
                    compare(folder, store, port, options.slow_mebibytes, options.rounds)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = arguments(__doc__)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--slow-mebibytes", type=int, default=256, help="the same on the slow line")
    parser.add_argument(
        "--latency", type=float, default=0.02, help="seconds of a round trip on the slow line"
    )
    parser.add_argument("--bandwidth", type=float, default=40, help="MiB/s of a connection on the slow line")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds, after one that warms up")
    parser.add_argument("--only", nargs="+", choices=("loopback", "slow"), default=["loopback", "slow"])
    return parser.parse_args()


def compare(folder: Path, store: ObjectStore, port: int, mebibytes: int, rounds: int) -> None:
    """Move a file of this size by each contestant in turn, and print a table for each way."""
    original = folder / "original.bin"
    with original.open("wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MEBIBYTE))
    for way, words in WAYS.items():
        seconds: dict[str, Figures] = defaultdict(Figures)
        peaks: dict[str, Figures] = defaultdict(Figures)
        for number in range(rounds + 1):
            for name in CONTESTANTS:
                taken, peak, others = move(name, way, original, store, port)
                if number:
                    seconds[name].add(taken, others)
                    peaks[name].add(peak, 0)  # memory is the same on a busy machine
        print(f"{mebibytes:,} MiB {words}")
        print_table(
            ("contestant", "whole process", "ratio", "peak memory"),
            [
                (
                    name,
                    seconds[name].text(),
                    seconds[name].ratio_to(seconds[TUNED]),
                    peaks[name].text("MiB", scale=1 / MEBIBYTE, digits=0),
                )
                for name in CONTESTANTS
            ],
        )


def move(name: str, way: str, original: Path, store: ObjectStore, port: int) -> tuple[float, float, float]:
    """Move the file once in a new process.

    Returns:
        Its seconds, its peak memory in bytes, and the share of the machine that others took.

    Raises:
        SystemExit: What arrived differs from the original.
    """
    script, flags = CONTESTANTS[name]
    stored, local = store.data / BUCKET / KEY, original.with_name("downloaded.bin")
    if way == "down" and not (stored.exists() and filecmp.cmp(original, stored, shallow=False)):
        store.client().upload_file(str(original), BUCKET, KEY)
    if way == "up":
        store.client().delete_object(Bucket=BUCKET, Key=KEY)
    file = local if way == "down" else original
    done = run(
        python(SCRIPTS / script, way, file, BUCKET, KEY, *flags),
        env=clean_environment(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
            AWS_ACCESS_KEY_ID=ACCESS_KEY,
            AWS_SECRET_ACCESS_KEY=SECRET_KEY,
            AWS_DEFAULT_REGION=REGION,
            PYTHONPATH=str(PROJECT / "include"),
        ),
    )
    if not filecmp.cmp(original, local if way == "down" else stored, shallow=False):
        raise SystemExit(f"{name}: other bytes arrived")
    local.unlink(missing_ok=True)
    return done.seconds, done.peak, done.others


@contextmanager
def slow_line(upstream: int, latency: float, bandwidth: float) -> Iterator[int]:
    """Run the proxy in a separate process; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = ["-m", "benchmarks.slow_line", str(port), str(upstream)]
    limits = ["--latency", str(latency), "--mebibytes", str(bandwidth)]
    proxy = subprocess.Popen([sys.executable, *command, *limits], cwd=PROJECT)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not listens(port):
            if proxy.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the proxy did not start")
            time.sleep(0.05)
        yield port
    finally:
        proxy.terminate()
        proxy.wait()


def listens(port: int) -> bool:
    """Return whether something listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
