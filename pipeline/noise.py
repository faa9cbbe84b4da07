"""Keeps the noise of TFX, Beam, absl and C++ off the console: it goes to the run's log file."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import absl.logging

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def diverted(log: Path) -> Iterator[TextIO]:
    """Sends descriptors 1 and 2 and all loggers to a file; yields a stream to the console.

    C++ writes to the descriptors themselves, so replacing sys.stdout would not be enough.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    console = _console(saved[0])
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            with _logging_to(log):
                yield console
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


def _console(descriptor: int) -> TextIO:
    """Returns a stream to the console, or what stands in for it (as under a test runner)."""
    try:
        replaced = sys.stdout.fileno() != 1
    except OSError:
        replaced = True
    if replaced:
        return sys.stdout
    return open(os.dup(descriptor), "w", buffering=1, encoding="utf-8")


@contextlib.contextmanager
def _logging_to(log: Path) -> Iterator[None]:
    root = logging.getLogger()
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.Formatter(_FORMAT))
    handlers, level, verbosity = root.handlers, root.level, absl.logging.get_verbosity()
    root.handlers, root.level = [handler], logging.INFO
    absl.logging.set_verbosity(absl.logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers, root.level = handlers, level
        absl.logging.set_verbosity(verbosity)
        handler.close()
