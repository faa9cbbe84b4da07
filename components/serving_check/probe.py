"""Sends requests to a SavedModel as a server does, in a process without this project: a script.

    python -I probe.py

It reads a Task in one line, which may come long after the start. After the requests it waits for an
empty line before it measures latencies. If its input ends instead, so does the script. It imports
only the standard library, NumPy and TensorFlow. It logs each request to stderr before it sends it,
to identify a request that crashes the process.
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
# Starts the lines on stderr that name the current activity.
LOG_PREFIX = "probe: "
# What TensorFlow writes before and after the informative line of an error, and within it.
_WRAPPING = ("Graph execution error", "Detected at node", "<stack traces", "[[")
_ADDED = re.compile(r"\{\{.*?\}\} ?| ?\[Op:.*")

Signature: TypeAlias = tf.types.experimental.ConcreteFunction
log = logging.getLogger("probe")


class Task(TypedDict):
    """The folder of a SavedModel, the folder of the requests, and the file for the ProbeReport.

    There is one file per request, `<signature>/<kind>/<name>`, of the kinds `real`, `odd` and
    `garbage`.
    """

    model: str
    requests: str
    result: str


class Answer(TypedDict, total=False):
    """A model's answer to one request: the first three fields, or `error` and `message`."""

    probabilities: list[float]
    class_id: int
    label: str
    error: str
    message: str


class EmptyAnswer(TypedDict, total=False):
    """A model's answer to a batch of no images: the shapes of its outputs, or an error."""

    shapes: dict[str, list[int]]
    error: str
    message: str


class SignatureReport(TypedDict):
    """The answers of a signature, by `<kind>/<name>`.

    `single` holds all requests, sent one by one; `batched` the real ones in one batch; `repeated`
    the real ones after all garbage; `empty` is the answer to a batch of no images. The latency is
    None if a real request failed in a batch or after garbage.
    """

    single: dict[str, Answer]
    batched: dict[str, Answer]
    repeated: dict[str, Answer]
    empty: EmptyAnswer
    latency_ms: dict[str, float] | None


class ProbeReport(TypedDict):
    """The result of the probe; `unchecked` lists the signatures without requests."""

    project_hidden: bool
    load_seconds: float
    peak_megabytes: float
    signatures: dict[str, SignatureReport]
    unchecked: list[str]
    machine: dict[str, Any]


def main(task: Task) -> None:
    """Loads the model, sends the requests to each signature, and writes the report."""
    logging.basicConfig(level=logging.INFO, format=f"{LOG_PREFIX}%(message)s")
    hidden = hide_project()
    log.info("loading the model")
    start = time.perf_counter()
    # The variables live as long as this reference.
    loaded = tf.saved_model.load(task["model"])
    seconds = time.perf_counter() - start
    requests = sorted(Path(task["requests"]).iterdir())
    folders = [path for path in requests if path.name in loaded.signatures]
    signatures = {f.name: probe_signature(loaded.signatures[f.name], f) for f in folders}
    # Until now the other process worked as well, which would slow these requests down.
    if not sys.stdin.readline():
        return
    for folder in folders:
        if not _has_failed(signatures[folder.name]):
            log.info("measuring %s", folder.name)
            contents = list(_read_requests(folder, REAL).values())
            latency = measure_latency(loaded.signatures[folder.name], contents)
            signatures[folder.name]["latency_ms"] = latency
    report = ProbeReport(
        project_hidden=hidden,
        load_seconds=seconds,
        # Linux reports KiB.
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        signatures=signatures,
        unchecked=sorted(set(loaded.signatures) - set(signatures)),
        machine=describe_machine(),
    )
    Path(task["result"]).write_text(json.dumps(report), encoding="utf-8")


def hide_project() -> bool:
    """Removes the project from `sys.path`, and returns whether it can no longer be imported.

    An editable install adds it in spite of `python -I`. A folder that also contains TensorFlow
    stays, so that a project installed in site-packages is reported.
    """
    sys.path[:] = [
        entry
        for entry in sys.path
        if Path(entry, "tensorflow").is_dir() or not Path(entry, "components").is_dir()
    ]
    return importlib.util.find_spec("components") is None


def probe_signature(signature: Signature, folder: Path) -> SignatureReport:
    """Sends all requests of a folder to a signature: real ones, odd ones, then garbage."""
    real = _read_requests(folder, REAL)
    requests = {**real, **_read_requests(folder, ODD), **_read_requests(folder, GARBAGE)}
    single = _send_singly(signature, folder.name, requests)
    log.info("sending one batch of %d to %s", len(real), folder.name)
    batched = dict(zip(real, send(signature, list(real.values())), strict=True))
    repeated = _send_singly(signature, folder.name, real)
    log.info("sending an empty batch to %s", folder.name)
    empty = send_empty(signature)
    return SignatureReport(
        single=single, batched=batched, repeated=repeated, empty=empty, latency_ms=None
    )


def send(signature: Signature, contents: Sequence[bytes]) -> list[Answer]:
    """Returns the answers to requests sent as one batch; an error applies to all of them."""
    try:
        outputs = _call(signature, contents)
    # The caller decides which errors are acceptable.
    except Exception as error:
        answer = Answer(error=type(error).__name__, message=informative_line(error))
        return [answer] * len(contents)
    return [
        Answer(probabilities=row.tolist(), class_id=int(class_id), label=label.decode())
        for row, class_id, label in zip(
            outputs["probabilities"], outputs["class_id"], outputs["label"], strict=True
        )
    ]


def send_empty(signature: Signature) -> EmptyAnswer:
    """Returns the answer to a batch of no images."""
    try:
        outputs = _call(signature, [])
    # As in `send`.
    except Exception as error:
        return EmptyAnswer(error=type(error).__name__, message=informative_line(error))
    return EmptyAnswer(shapes={name: list(value.shape) for name, value in outputs.items()})


def measure_latency(signature: Signature, contents: Sequence[bytes]) -> dict[str, float]:
    """Measures latencies in milliseconds, after a warm-up.

    Returns:
      `p50` and `p99` of single requests, and `batch_p50` of batches of BATCH_SIZE.
    """
    endless = cycle(contents)
    singles = [[next(endless)] for _ in range(SINGLE_REQUESTS)]
    batches = [list(islice(endless, BATCH_SIZE)) for _ in range(_BATCHES)]
    p50, p99 = np.percentile(_milliseconds(signature, singles), [50, 99])
    batch_p50 = np.percentile(_milliseconds(signature, batches), 50)
    return {"p50": float(p50), "p99": float(p99), "batch_p50": float(batch_p50)}


def describe_machine() -> dict[str, Any]:
    """Returns the processor, the number of cores and the version of TensorFlow."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "tensorflow": tf.__version__,
    }


def _read_requests(folder: Path, kind: str) -> dict[str, bytes]:
    return {f"{kind}/{path.name}": path.read_bytes() for path in sorted((folder / kind).iterdir())}


def _has_failed(report: SignatureReport) -> bool:
    answers = [*report["batched"].values(), *report["repeated"].values()]
    return any("error" in answer for answer in answers)


def _send_singly(signature: Signature, name: str, requests: dict[str, bytes]) -> dict[str, Answer]:
    answers = {}
    for key, content in requests.items():
        log.info("sending %s to %s", key, name)
        (answers[key],) = send(signature, [content])
    return answers


def _milliseconds(signature: Signature, requests: Sequence[Sequence[bytes]]) -> list[float]:
    _call(signature, requests[0])
    times = []
    for contents in requests:
        start = time.perf_counter()
        _call(signature, contents)
        times.append((time.perf_counter() - start) * 1000)
    return times


def _call(signature: Signature, contents: Sequence[bytes]) -> dict[str, np.ndarray]:
    (name,) = signature.structured_input_signature[1]
    outputs = signature(**{name: tf.constant(list(contents), tf.string)})
    return {key: value.numpy() for key, value in outputs.items()}


def informative_line(error: Exception) -> str:
    """Returns what is wrong, of an error of TensorFlow: one line without nodes and stack traces."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError):
        # TensorFlow's message quotes the request, which Python cannot decode as text.
        text = error.object.decode(errors="replace")
    lines = [_ADDED.sub("", line).strip() for line in text.splitlines()]
    return next((line for line in lines if line and not line.startswith(_WRAPPING)), "")[:200]


if __name__ == "__main__":
    # It is empty if the run ended before this step.
    if line := sys.stdin.readline():
        main(json.loads(line))
        # TensorFlow needs another half a second to unload.
        os._exit(0)
