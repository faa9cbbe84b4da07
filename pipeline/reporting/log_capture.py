"""Sends the output of TFX, Beam, absl and C++ to the run's log file instead of the console."""

import contextlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import absl.logging

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def captured_output(log: Path, verbose: bool = False, on_stderr: bool = False) -> Iterator[TextIO]:
    """Sends descriptors 1 and 2 and all loggers to a file; yields a stream to the console.

    C++ writes to the descriptors directly, so replacing sys.stdout is not enough.

    Args:
      log: The file.
      verbose: Whether the console shows the output too.
      on_stderr: Whether the console is standard error instead of standard output.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    number = 2 if on_stderr else 1
    shown = saved[number - 1]
    console = _console(sys.stderr if on_stderr else sys.stdout, number, shown)
    with _sink(log, shown if verbose else None) as sink:
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        try:
            with _logging_to(sink), _in_lines():
                yield console
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


@contextlib.contextmanager
def _sink(log: Path, copy: int | None) -> Iterator[int]:
    """Yields a descriptor that writes to a file and, through `tee`, to the descriptor `copy`."""
    if copy is None:
        with log.open("ab", buffering=0) as file:
            yield file.fileno()
        return
    # It ignores Ctrl-C, ends with the last writer, and goes on without a reader.
    command = ["tee", "--append", "--ignore-interrupts", "--output-error=warn-nopipe", str(log)]
    reading, writing = os.pipe()
    with subprocess.Popen(command, stdin=reading, stdout=copy):
        os.close(reading)
        try:
            yield writing
        finally:
            os.close(writing)


def _console(stream: TextIO, number: int, descriptor: int) -> TextIO:
    """Returns a stream to the console, or what replaces it, as under a test runner.

    Args:
      stream: Standard output or standard error.
      number: Its descriptor if nothing replaces it.
      descriptor: A duplicate of that descriptor.
    """
    try:
        replaced = stream.fileno() != number
    except OSError:
        replaced = True
    if replaced:
        return stream
    console = io.BufferedWriter(_WithoutReader(os.dup(descriptor), "w"))
    return io.TextIOWrapper(console, encoding="utf-8", line_buffering=True)


class _WithoutReader(io.FileIO):
    """A file to which writing never fails because nobody reads it any more, as in `| head -1`."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            return len(content)


@contextlib.contextmanager
def _in_lines() -> Iterator[None]:
    """Has standard output write each line at once: Python keeps back 8 KiB if it is a file.

    Otherwise the lines of C++ overtake those of Python, which are lost if the process is killed.
    """
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.line_buffering
    stream.reconfigure(line_buffering=True)
    try:
        yield
    finally:
        stream.reconfigure(line_buffering=before)


@contextlib.contextmanager
def _logging_to(descriptor: int) -> Iterator[None]:
    root = logging.getLogger()
    stream = os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
    # Progress below level INFO is for the console only.
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.INFO)
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
        stream.close()
