"""Asks a SavedModel as a server would, in a process without this project: run as a script.

    python -I probe.py MODEL REQUESTS RESULT.json

REQUESTS holds a request a file, `<signature>/<kind>/<name>`, of the kinds `real`, `odd` and
`garbage`. RESULT.json becomes a Report. Nothing but the standard library, NumPy and TensorFlow is
imported. Each request is named on stderr before it is sent, so that one that ends the process is
known.
"""

import importlib.util
import json
import logging
import os
import platform
import re
import resource
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

import numpy as np
import tensorflow as tf

REAL, ODD, GARBAGE = "real", "odd", "garbage"
SINGLE_REQUESTS = 50
BATCH_SIZE = 32
_BATCHES = 5
# Begins the lines on stderr that say what is being done.
SAYS = "probe: "
# How TensorFlow wraps the one line of an error that says something, and what it adds to that.
_WRAPPING = ("Graph execution error", "Detected at node", "<stack traces", "[[")
_ADDED = re.compile(r"\{\{.*?\}\} ?| ?\[Op:.*")

Signature: TypeAlias = tf.types.experimental.ConcreteFunction
log = logging.getLogger("probe")


class Answer(TypedDict, total=False):
    """What a model says to one request: the first three, or else the last two."""

    probabilities: list[float]
    class_id: int
    label: str
    error: str
    message: str


class Latency(TypedDict):
    """Milliseconds: of a request of one, in the middle and at worst, and of BATCH_SIZE at once."""

    p50: float
    p99: float
    batch_p50: float


class SignatureReport(TypedDict):
    """What a signature answered, by `<kind>/<name>`.

    `alone` holds all requests, one by one; `together` the real ones in one batch, and `again` the
    real ones after all the garbage. There is no latency where a real one has no answer.
    """

    alone: dict[str, Answer]
    together: dict[str, Answer]
    again: dict[str, Answer]
    latency_ms: Latency | None


class ProbeReport(TypedDict):
    """What was found; `unasked` are the signatures for which there are no requests."""

    project_hidden: bool
    load_seconds: float
    peak_megabytes: float
    signatures: dict[str, SignatureReport]
    unasked: list[str]
    machine: dict[str, Any]


def main(model: str, requests: str, result: str) -> None:
    """Loads the model, asks each of its signatures, and writes the Report."""
    logging.basicConfig(level=logging.INFO, format=f"{SAYS}%(message)s")
    hidden = hide_project()
    log.info("loading the model")
    start = time.perf_counter()
    # While it is not kept, its variables are gone.
    loaded = tf.saved_model.load(model)
    seconds = time.perf_counter() - start
    folders = [path for path in sorted(Path(requests).iterdir()) if path.name in loaded.signatures]
    signatures = {path.name: examine(loaded.signatures[path.name], path) for path in folders}
    report = ProbeReport(
        project_hidden=hidden,
        load_seconds=seconds,
        # Linux counts in KiB.
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        signatures=signatures,
        unasked=sorted(set(loaded.signatures) - set(signatures)),
        machine=machine(),
    )
    Path(result).write_text(json.dumps(report))


def hide_project() -> bool:
    """Takes the project off the path, and returns whether it can't be imported any more.

    An editable install puts it there whatever Python is told. A folder that holds TensorFlow too
    stays, so that a project that was copied among the libraries is found and reported.
    """
    sys.path[:] = [
        entry
        for entry in sys.path
        if Path(entry, "tensorflow").is_dir() or not Path(entry, "components").is_dir()
    ]
    return importlib.util.find_spec("components") is None


def examine(signature: Signature, folder: Path) -> SignatureReport:
    """Sends a signature all requests of a folder: the real ones, the odd ones, the garbage."""
    requests = {
        f"{kind}/{path.name}": path.read_bytes()
        for kind in (REAL, ODD, GARBAGE)
        for path in sorted((folder / kind).iterdir())
    }
    real = {name: content for name, content in requests.items() if name.startswith(REAL)}
    alone = _one_by_one(signature, folder.name, requests)
    log.info("asking %s: one batch of %d", folder.name, len(real))
    together = dict(zip(real, ask(signature, list(real.values())), strict=True))
    again = _one_by_one(signature, folder.name, real)
    log.info("measuring %s", folder.name)
    broken = any("error" in answer for answer in [*together.values(), *again.values()])
    latency = None if broken else measure(signature, list(real.values()))
    return SignatureReport(alone=alone, together=together, again=again, latency_ms=latency)


def ask(signature: Signature, contents: Sequence[bytes]) -> list[Answer]:
    """Returns the answers to requests that are sent as one batch; an error is that of them all."""
    try:
        found = _send(signature, contents)
    # Whatever it is: the caller judges it.
    except Exception as error:
        return [Answer(error=type(error).__name__, message=_message(error))] * len(contents)
    return [
        Answer(probabilities=row.tolist(), class_id=int(class_id), label=label.decode())
        for row, class_id, label in zip(
            found["probabilities"], found["class_id"], found["label"], strict=True
        )
    ]


def measure(signature: Signature, contents: Sequence[bytes]) -> Latency:
    """Measures the latency of requests of one, and of BATCH_SIZE at once, after a warm-up."""
    endless = cycle(contents)
    singles = [[next(endless)] for _ in range(SINGLE_REQUESTS)]
    batches = [list(islice(endless, BATCH_SIZE)) for _ in range(_BATCHES)]
    single, batch = _milliseconds(signature, singles), _milliseconds(signature, batches)
    return Latency(
        p50=float(np.percentile(single, 50)),
        p99=float(np.percentile(single, 99)),
        batch_p50=float(np.percentile(batch, 50)),
    )


def machine() -> dict[str, Any]:
    """Returns what the latencies depend on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "tensorflow": tf.__version__,
    }


def _one_by_one(signature: Signature, name: str, requests: dict[str, bytes]) -> dict[str, Answer]:
    answers = {}
    for key, content in requests.items():
        log.info("asking %s: %s", name, key)
        (answers[key],) = ask(signature, [content])
    return answers


def _milliseconds(signature: Signature, requests: Sequence[Sequence[bytes]]) -> list[float]:
    _send(signature, requests[0])
    times = []
    for contents in requests:
        start = time.perf_counter()
        _send(signature, contents)
        times.append((time.perf_counter() - start) * 1000)
    return times


def _send(signature: Signature, contents: Sequence[bytes]) -> dict[str, np.ndarray]:
    (name,) = signature.structured_input_signature[1]
    answer = signature(**{name: tf.constant(list(contents), tf.string)})
    return {key: value.numpy() for key, value in answer.items()}


def _message(error: Exception) -> str:
    """Returns the line of an error that says what is wrong."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError):
        # TensorFlow's message quotes the request, which Python then can't read as text.
        text = error.object.decode(errors="replace")
    lines = [_ADDED.sub("", line).strip() for line in text.splitlines()]
    return next((line for line in lines if line and not line.startswith(_WRAPPING)), "")[:200]


if __name__ == "__main__":
    main(*sys.argv[1:])
