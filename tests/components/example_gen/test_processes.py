"""Real processes; tests that do not end them share two, because they take seconds to start."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from components.example_gen import processes
from components.example_gen.checks import RecordRules
from components.example_gen.partition import Partition, Record, RecordOutcome
from components.example_gen.processes import Processes
from data.features import UNCHANGED
from data.records import encode_example
from tests.encoding import encode
from tests.waiting import wait_for_end

CLASSES = ["daisy", "roses"]
RULES = RecordRules(CLASSES, 10**6, UNCHANGED)
PARTITION = Partition({"train": 8, "eval": 1, "test": 1}, "", RULES)


@pytest.fixture(scope="module")
def two():
    """Two processes."""
    found = Processes(2)
    yield found
    found.close()


@pytest.fixture(scope="module")
def items() -> list[Record | RecordOutcome]:
    """Records, of which some are bad or have features that are not kept, and a damaged file."""
    found: list[Record | RecordOutcome] = []
    for index in range(100):
        pixels = np.random.default_rng(index).integers(0, 256, [16, 20, 3], np.uint8)
        image = b"no image" if index % 10 == 3 else encode(Image.fromarray(pixels))
        found.append(Record("a", index, encode_example(image, index % 2, CLASSES, (20, 16))))
    found.insert(50, Record("a", 100, b"no example"))
    return [*found, RecordOutcome("b", 7, reason="truncated", subject="damaged file")]


def assigned_here(items):
    return [PARTITION.assign(i) if isinstance(i, Record) else (i, b"") for i in items]


def pids(found: Processes) -> list[int]:
    return list(found._pool._processes)


def test_processes_yield_in_order_what_this_process_would(two, items):
    assert list(two.assign(PARTITION, items)) == assigned_here(items)
    assert list(two.assign(PARTITION, [])) == []


def test_only_a_few_records_are_read_ahead(two, items):
    taken = []

    def read():
        for index in range(1000):
            taken.append(index)
            yield items[index % 50]

    results = two.assign(PARTITION, read())
    next(results)
    assert len(taken) <= 6 * processes._RECORDS
    results.close()


def test_large_records_are_sent_in_small_numbers(monkeypatch, items):
    monkeypatch.setattr(processes, "_BYTES", 3 * len(items[0].content))
    chunks = list(processes._chunks(items))
    assert [item for chunk in chunks for item in chunk] == items
    assert max(map(len, chunks)) <= 5


def test_the_work_goes_on_without_a_process_that_died(items):
    found = Processes(2)
    try:
        results = found.assign(PARTITION, items)
        first = next(results)
        os.kill(pids(found)[0], signal.SIGKILL)
        assert [first, *results] == assigned_here(items)
        assert list(found.assign(PARTITION, items)) == assigned_here(items)
    finally:
        found.close()


def test_processes_end_when_they_are_closed_although_they_still_import():
    found = Processes(2)
    started = pids(found)
    assert len(started) == 2
    found.close()
    for pid in started:
        wait_for_end(pid)


def test_processes_end_with_the_one_that_started_them():
    code = (
        "import time\n"
        "from components.example_gen.processes import Processes\n"
        "print(*Processes(2)._pool._processes, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    started = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.communicate()
    assert len(started) == 2
    for pid in started:
        wait_for_end(pid)


def test_one_core_needs_no_processes(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(1))
    processes.start()
    assert processes.started() is None


def test_processes_are_started_once_and_ended(monkeypatch):
    made = []

    class Made:
        def __init__(self, number):
            made.append(number)

        def close(self):
            made.append("closed")

    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(30))
    monkeypatch.setattr(processes, "Processes", Made)
    processes.start()
    processes.start()
    assert isinstance(processes.started(), Made)
    processes.end()
    processes.end()
    assert made == [8, "closed"]
    assert processes.started() is None
