"""Fixtures of the end-to-end tests: the command line, called in this process."""

import contextlib
import io
import json
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from pipeline.cli.main import main


class Result(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def call(*args: str | Path) -> Result:
    """Runs `flowers` in this process, so that TFX is imported only once."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    argv = ["flowers", *map(str, args)]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with (
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def flowers() -> Callable[..., Result]:
    return call


@pytest.fixture(scope="session")
def end() -> Iterator[Callable[..., int | None]]:
    """Returns a function that runs a command, kills it at a step, and returns its exit code.

    The processes are forks of one that has imported TFX, which takes 20 s.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pipeline.graph", "pipeline.runners.local", "pipeline.local.run"]
    )
    with pytest.MonkeyPatch.context() as patch:
        # Imported as a top-level module, because some packages install a module `tests`.
        patch.syspath_prepend(str(Path(__file__).parent))
        from killing import run_and_die

        def run(
            command: Sequence[str], step: str, phase: str, number: int = signal.SIGKILL
        ) -> int | None:
            process = context.Process(target=run_and_die, args=(command, step, phase, number))
            process.start()
            process.join(300)
            return process.exitcode

        yield run
