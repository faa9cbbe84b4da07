"""Processes that check records on all cores, which threads do not use for small images.

A record takes a millisecond of short calls that let go of Python's global lock, and threads spend
the time of a second core on waiting for each other to get it back. The processes import TensorFlow
first, which takes seconds, so that they are started ahead, and only for many records.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from components.example_gen.ordered import in_order
from data.common.cores import available_cores
from data.common.progress import progress

if TYPE_CHECKING:
    from components.example_gen.partition import Partition, Record, RecordOutcome

# Each process takes about 600 MB.
_MOST = 8
# With fewer records a task, sending them takes longer; with more, more are in memory.
_RECORDS, _BYTES = 32, 4_000_000

Assigned = list[tuple["RecordOutcome", bytes]]
Sent = list[tuple["RecordOutcome", bytes | None]]


class Processes:
    """Processes that run `Partition.assign`; they end with this process or with `close`."""

    def __init__(self, number: int):
        """Starts so many processes, which import what they need."""
        context = multiprocessing.get_context("spawn")
        watched, self._alive = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(number, context, _prepare, (watched,))
        self._ahead = 2 * number
        # Each task starts a process.
        for _ in range(number):
            self._pool.submit(_import)

    def close(self) -> None:
        """Ends the processes, whatever they do."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._alive.close()

    def assign(
        self, partition: "Partition", items: Iterable["Record | RecordOutcome"]
    ) -> Iterator[tuple["RecordOutcome", bytes]]:
        """Yields the outcome and content of each record in order, and outcomes as they are."""
        results = (self._submit(partition, chunk) for chunk in _chunks(items))
        for assigned in in_order(results, self._ahead):
            yield from assigned

    def _submit(self, partition: "Partition", chunk: list[Any]) -> Callable[[], Assigned]:
        """Returns a function that waits for the result."""
        try:
            future = self._pool.submit(_assign_and_send, partition, chunk)
        # A process has died, perhaps for its memory, after which none works.
        except BrokenProcessPool:
            return partial(_assign, partition, chunk)
        return partial(_result, partition, chunk, future)


# Those that were started and not yet ended; at most one. Beam copies the functions that use them,
# so that nothing else can hand them over.
_started: list[Processes] = []


def start() -> None:
    """Starts one process for each core, unless it is done or there is only one core."""
    number = min(available_cores(), _MOST)
    if not _started and number > 1:
        _started.append(Processes(number))


def started() -> Processes | None:
    """Returns the processes, if they were started."""
    return _started[0] if _started else None


def end() -> None:
    """Ends the processes, if they were started."""
    while _started:
        _started.pop().close()


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yields the items in lists of at most _RECORDS, and of little more than _BYTES."""
    chunk: list[Any] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += len(getattr(item, "content", b""))
        if len(chunk) == _RECORDS or size >= _BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _result(partition: "Partition", chunk: list[Any], future: "Future[Sent]") -> Assigned:
    try:
        sent = future.result()
    except BrokenProcessPool:
        progress.debug("a process that checked records has died; this one goes on alone")
        return _assign(partition, chunk)
    return [
        (outcome, item.content if content is None else content)
        for item, (outcome, content) in zip(chunk, sent, strict=True)
    ]


def _assign(partition: "Partition", items: list[Any]) -> Assigned:
    return [partition.assign(item) for item in items]


def _assign_and_send(partition: "Partition", items: list[Any]) -> Sent:
    """Runs in a process; None stands for the content of the record as it was, which is not sent."""
    return [
        (outcome, None if content is getattr(item, "content", None) else content)
        for item, (outcome, content) in zip(items, _assign(partition, items), strict=True)
    ]


def _prepare(watched: Connection) -> None:
    """Runs first in each process."""
    # Ctrl-C reaches all processes; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()
    # A GPU is for the training, and reserved by the first process that finds it.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def _end_with(watched: Connection) -> None:
    # Nothing is ever sent; the end of the other process closes the connection as well.
    watched.poll(None)
    os._exit(0)


def _import() -> None:
    import components.example_gen.partition  # noqa: F401
