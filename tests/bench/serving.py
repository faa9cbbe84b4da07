"""The throughput and latency of `flowers serve`: `make bench-serving ROOT=R`.

The server runs in a process of its own, on this machine, as do the clients, which send one image at
a time over one connection each. It is compared with the bare signature of the same model in a loop,
in another process: batches of as many images as there are clients, and single images. The repeats
alternate, because other processes change the speed of a machine; the CPU time changes less.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.sources import SAMPLE, list_files, resolve
from tests.pipeline.serving.process import PROJECT, ServerProcess, serving
from tests.pipeline.serving.running import PREDICT, rows

CLIENTS = 8
IMAGES = 64
DELAY_MS = 2.0


def main() -> None:
    """Prints each figure as the median, minimum and maximum over the repeats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.root, arguments.seconds)
        return
    found: dict[str, list[float]] = {}
    with serving(arguments.root, "--batch-delay", str(DELAY_MS)) as server:
        for _ in range(arguments.repeats):
            repeat = measure_server(server, arguments.seconds)
            repeat |= measure_bare(arguments.root, arguments.seconds)
            for name, value in (repeat | ratios(repeat)).items():
                found.setdefault(name, []).append(value)
    for name, values in found.items():
        spread = f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
        say(f"{name}: {spread}")


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """Returns the figures of the server in relation to those of the bare signature."""
    bare = 2 * figures["bare p99 at 1 image, ms"] + DELAY_MS
    return {
        "images/s, server / bare": figures["server images/s"] / figures["bare images/s"],
        "CPU per image, server / bare": figures["server CPU ms/image"]
        / figures["bare CPU ms/image"],
        "p99, server / allowed": figures["server p99 at 1 client, ms"] / bare,
    }


def measure_server(server: ServerProcess, seconds: float) -> dict[str, float]:
    """Returns images per second at many clients, and milliseconds at one client."""
    bodies = [whole_request(json.dumps(rows(image)).encode()) for image in read_images()]
    ask(server, bodies, 1)
    done = threading.Event()
    answered: list[list[float]] = [[] for _ in range(CLIENTS)]
    threads = [
        threading.Thread(target=ask_until, args=(server, bodies[number:], done, times))
        for number, times in enumerate(answered)
    ]
    batches, cpu = batch_counts(server), server.cpu_seconds()
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    done.set()
    for thread in threads:
        thread.join()
    rate = sum(map(len, answered)) / (time.perf_counter() - started)
    cpu = (server.cpu_seconds() - cpu) / sum(map(len, answered))
    images, count = (b - a for a, b in zip(batches, batch_counts(server), strict=True))
    times = ask(server, bodies, seconds)
    return {
        "server images/s": rate,
        "server CPU ms/image": 1000 * cpu,
        "server images in a batch": images / count,
        "server p50 at 1 client, ms": float(np.percentile(times, 50)),
        "server p99 at 1 client, ms": float(np.percentile(times, 99)),
    }


def ask(server: ServerProcess, bodies: Sequence[bytes], seconds: float) -> list[float]:
    """Returns the milliseconds of each request of one client."""
    done, times = threading.Event(), []
    timer = threading.Timer(seconds, done.set)
    timer.start()
    ask_until(server, bodies, done, times)
    return times


def ask_until(
    server: ServerProcess, bodies: Sequence[bytes], done: threading.Event, times: list[float]
) -> None:
    with socket.create_connection(server.address) as connection:
        while not done.is_set():
            started = time.perf_counter()
            connection.sendall(bodies[len(times) % len(bodies)])
            read_response(connection)
            times.append(1000 * (time.perf_counter() - started))


def whole_request(body: bytes) -> bytes:
    """Returns a request as it is sent, because `http.client` would take as long as the server."""
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def read_response(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 16)
    assert received.startswith(b"HTTP/1.1 200 "), received
    head, _, body = received.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(1 << 16))


def batch_counts(server: ServerProcess) -> tuple[float, float]:
    """Returns the numbers of images and of batches so far."""
    lines = dict(line.rsplit(" ", 1) for line in server.get("/metrics").body.decode().splitlines())
    return float(lines["flowers_batch_images_sum"]), float(lines["flowers_batch_images_count"])


def measure_bare(root: Path, seconds: float) -> dict[str, float]:
    """Returns the figures of the bare signature, from a process of its own."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.serving",
        "--worker",
        "--root",
        str(root.resolve()),
    ]
    command += ["--seconds", str(seconds)]
    answer = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(answer.stdout)
    return figures


def work(root: Path, seconds: float) -> None:
    """Prints the figures of the bare signature as JSON."""
    from components.model_store.local import LocalStore
    from pipeline.lazy_tensorflow import import_tensorflow

    tf = import_tensorflow()
    loaded = tf.saved_model.load(LocalStore(root / "serving").current_version().path)
    signature, images = loaded.signatures["serving_bytes"], read_images()

    def run(size: int) -> list[float]:
        times = []
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            first = len(times) * size % (IMAGES - size + 1)
            outputs = signature(image_bytes=tf.constant(images[first : first + size]))
            outputs["probabilities"].numpy()
            times.append(1000 * (time.perf_counter() - started))
        return times

    for size in (CLIENTS, 1):
        signature(image_bytes=tf.constant(images[:size]))
    cpu = time.process_time()
    batches = run(CLIENTS)
    cpu = time.process_time() - cpu
    singles = run(1)
    figures = {
        "bare images/s": 1000 * CLIENTS * len(batches) / sum(batches),
        "bare CPU ms/image": 1000 * cpu / (CLIENTS * len(batches)),
        "bare p50 at 1 image, ms": float(np.percentile(singles, 50)),
        "bare p99 at 1 image, ms": float(np.percentile(singles, 99)),
    }
    say(json.dumps(figures))


def read_images() -> list[bytes]:
    """Returns images of the embedded sample."""
    from components.example_gen.checks import extract_image
    from data.records import read_records

    records = iter(read_records(list_files(resolve(SAMPLE))[0]))
    return [extract_image(next(records)) for _ in range(IMAGES)]


def say(line: str) -> None:
    print(line)  # noqa: T201


if __name__ == "__main__":
    main()
