"""Runs the probe in a separate process, which may start while other steps still run.

That process first imports TensorFlow, which takes longer than all requests. On its standard input
it then waits for its task, or for the end of this process. While it answers requests, this process
can do something else; it measures latencies only when this process waits for it.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from components.serving_check import probe
from components.serving_check.environment import probe_environment
from data.common.process_output import messages

_TIMEOUT_SECONDS = 900
_Result = TypeVar("_Result")


class ProbeDied(Exception):
    """The serving process ended without a report; the message says how."""


class _ProbeProcess:
    """A process for one task; `close` kills it if it still runs."""

    def __init__(self) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (see close)
        self._process = subprocess.Popen(
            [sys.executable, "-I", probe.__file__], env=probe_environment(),
            bufsize=0, stdin=subprocess.PIPE, stdout=self._output, stderr=self._output,
        )  # fmt: skip

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._output.close()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def start(self, task: probe.Task) -> None:
        """Hands over the task."""
        assert self._process.stdin
        # If the process has died, `finish` returns how.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(task).encode() + b"\n")

    def finish(self) -> int:
        """Lets it measure latencies, waits for the end, and returns the exit code.

        Raises:
          TimeoutExpired: It did not end in time.
        """
        self._process.communicate(b"\n", _TIMEOUT_SECONDS)
        return self._process.returncode

    def output(self) -> bytes:
        self._output.seek(0)
        return self._output.read()


# The process that was started ahead; at most one. TFX calls the component, so that nothing else
# can hand it over.
_ahead: list[_ProbeProcess] = []


def start_ahead() -> None:
    """Starts the process of the next `run_probe`, so that it imports TensorFlow meanwhile."""
    if not _ahead:
        _ahead.append(_ProbeProcess())


def end_unused() -> None:
    """Ends the process that was started ahead, if no `run_probe` has used it."""
    while _ahead:
        _ahead.pop().close()


def run_probe(
    model: str, requests: Path, log: Path, meanwhile: Callable[[], _Result]
) -> tuple[probe.ProbeReport, _Result]:
    """Sends the requests of a folder, see `probe.py`, to a SavedModel in a separate process.

    The output of the process is written to the file `log`.

    Returns:
      The report, and the result of `meanwhile`, which is called while the process answers.

    Raises:
      ProbeDied: The process failed or timed out.
    """
    log.touch()
    result = log.with_suffix(".json")
    task = probe.Task(model=model, requests=str(requests), result=str(result))
    with contextlib.closing(_process()) as process:
        try:
            process.start(task)
            own_result = meanwhile()
            code = process.finish()
        except subprocess.TimeoutExpired as error:
            ending = f"did not end within {_TIMEOUT_SECONDS} s"
            raise ProbeDied(_message(ending, process.output())) from error
        finally:
            log.write_bytes(process.output())
        if code:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise ProbeDied(_message(f"died ({how})", process.output()))
    report: probe.ProbeReport = json.loads(result.read_text(encoding="utf-8"))
    return report, own_result


def _process() -> _ProbeProcess:
    """Returns the process that was started ahead, or a new one."""
    if _ahead and not _ahead[0].running:
        # It was killed while it waited, perhaps for its memory; that says nothing about the model.
        end_unused()
    return _ahead.pop() if _ahead else _ProbeProcess()


def _message(ending: str, output: bytes) -> str:
    """Returns how the process ended, its last activity and its last message."""
    lines = messages(output.decode(errors="replace"))
    prefix = probe.LOG_PREFIX
    activities = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    activity = f" while {activities[-1]}" if activities else ""
    output_line = f": {lines[-1]}" if lines and not lines[-1].startswith(prefix) else ""
    return f"the serving process {ending}{activity}{output_line}"
