"""Follows the log of the steps' processes and reports the Trainer's progress lines."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

# A line that `components.trainer` logs to `flowers.progress`, in absl's format.
_PROGRESS = re.compile(r"^I\d{4} \S+ +\d+ (?:train|training_monitor)\.py:\d+\] (.+)$")
_SECONDS = 1.0


@contextmanager
def followed(log: Path, show: Callable[[str], None]) -> Iterator[None]:
    """Calls `show` with each new progress line of a log, without absl's prefix."""
    done = threading.Event()

    def follow(stream: TextIO) -> None:
        rest = ""
        while not done.wait(_SECONDS):
            *lines, rest = (rest + stream.read()).split("\n")
            for line in lines:
                if progress := _PROGRESS.match(line):
                    show(progress[1])

    with log.open(encoding="utf-8", errors="replace") as stream:
        stream.seek(0, os.SEEK_END)
        thread = threading.Thread(target=follow, args=(stream,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
