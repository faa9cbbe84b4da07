"""`flowers serve` in a process of its own."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.pipeline.serving.running import Client, wait_until

PROJECT = Path(__file__).parents[3]
CODE = "from flowers_main import main; main()"


@dataclass(frozen=True)
class ServerProcess(Client):
    """A running `flowers serve`; its output is in files."""

    process: subprocess.Popen
    access_log: Path
    events: Path

    def megabytes(self) -> float:
        """Returns its resident memory."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def cpu_seconds(self) -> float:
        """Returns the CPU time that it has used."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system


@contextlib.contextmanager
def serving(root: Path, *options: str) -> Iterator[ServerProcess]:
    """Runs `flowers serve` until the context ends; its port is free."""
    with tempfile.TemporaryDirectory() as name:
        access_log, events = Path(name, "access.log"), Path(name, "events.log")
        command = [sys.executable, "-c", CODE, "serve", "--root", str(root), "--port", "0"]
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        with access_log.open("wb") as output, events.open("wb") as errors:
            process = subprocess.Popen(
                [*command, *options], stdout=output, stderr=errors, env=environment
            )
        try:
            wait_until(lambda: _port(events) or process.poll() is not None, 120)
            assert process.poll() is None, events.read_text(encoding="utf-8")
            yield ServerProcess(f"http://127.0.0.1:{_port(events)}", process, access_log, events)
        finally:
            process.kill()
            process.wait(30)


def _port(events: Path) -> str:
    found = re.search(r"listening at http://.*:(\d+)/,", events.read_text(encoding="utf-8"))
    return found[1] if found else ""
