"""What the end-to-end tests share: the command line, called in this process."""

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


class Answer(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def call(*args: str | Path) -> Answer:
    """Runs `flowers` in this process: TFX's imports are paid once."""
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
    return Answer(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def flowers() -> Callable[..., Answer]:
    return call


@pytest.fixture(scope="session")
def end() -> Iterator[Callable[..., int | None]]:
    """Returns a function that runs a command, ends it at a step, and returns its exit code.

    The processes are forks of one that has imported TFX: none of them takes 20 s to start.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pipeline.graph", "pipeline.runners.local", "pipeline.local.run"]
    )
    with pytest.MonkeyPatch.context() as patch:
        # By a name of its own: some packages install a module `tests`.
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
