"""The log of the processes as it grows: what the Trainer says in it is news for the console."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

# How absl writes what `components.trainer` logs to `flowers.progress`.
_NEWS = re.compile(r"^I\d{4} \S+ +\d+ (?:train|training_monitor)\.py:\d+\] (.+)$")
_SECONDS = 1.0


@contextmanager
def followed(log: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Tells each line of news, without what absl writes before it, while it is open."""
    done = threading.Event()

    def follow(stream: TextIO) -> None:
        rest = ""
        while not done.wait(_SECONDS):
            *lines, rest = (rest + stream.read()).split("\n")
            for line in lines:
                if news := _NEWS.match(line):
                    tell(news[1])

    with log.open(errors="replace") as stream:
        stream.seek(0, os.SEEK_END)
        thread = threading.Thread(target=follow, args=(stream,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
