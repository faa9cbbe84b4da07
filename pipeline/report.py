"""What a person and the history are told while a run is going."""

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from components.gate.verdict import Verdict, in_words
from pipeline.history import LOG_FILE, History, Run, RunState

if TYPE_CHECKING:
    from tfx.types import Artifact

PROGRESS_LOGGER = "flowers.progress"
_NAME_WIDTH = 17


class Report:
    """Writes one line a step to the console, and keeps the history's `run.json` up to date.

    It is the Observer of `pipeline.runners.local`. While it is open, what steps send to the logger
    `flowers.progress` is shown under the line of their step.
    """

    def __init__(self, run: Run, history: History, console: TextIO, causes: Mapping[str, str]):
        """The clock starts here; `causes` says why steps run, see `pipeline.changes`."""
        self.run = run
        self._history = history
        self._console = console
        self._started = time.perf_counter()
        self._causes = causes
        self._handler = ProgressHandler(self)

    def __enter__(self) -> Self:
        """Attaches the progress handler."""
        logging.getLogger(PROGRESS_LOGGER).addHandler(self._handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Notes what ended the run, where nothing else has."""
        logging.getLogger(PROGRESS_LOGGER).removeHandler(self._handler)
        if isinstance(error, Exception):
            self._end("failed", str(error))
        elif error is not None:
            self.run.stop_steps("interrupted")
            self._end("interrupted")

    def say(self, line: str) -> None:
        """Writes a line to the console."""
        self._console.write(line + "\n")
        self._console.flush()

    def step_started(self, name: str) -> None:
        """See Observer."""
        self.run.step(name).state = "running"
        self._save()

    def step_finished(
        self, name: str, seconds: float, cached: bool, outputs: "Mapping[str, Sequence[Artifact]]"
    ) -> None:
        """See Observer."""
        # It imports TFX, which the runner that calls this has loaded already.
        from pipeline.findings import record_findings

        step = self.run.step(name)
        step.seconds = round(seconds, 3)
        record_findings(self.run, name, outputs)
        step.state = "cached" if cached else "done"
        step.why = "" if cached else self._causes.get(name, "not in the cache")
        self._save()
        why = f"  ({step.why})" if name in self._causes and step.why != "first run" else ""
        line = f"{name:<{_NAME_WIDTH}} {step.state:<6} {seconds:6.1f} s  {step.found}{why}"
        self.say(line.rstrip())

    def step_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See Observer."""
        self.run.step(name).seconds = round(seconds, 3)
        self.run.stop_steps("failed")
        self.say(f"{name:<{_NAME_WIDTH}} failed {seconds:6.1f} s")

    def data_refused(self, error: Exception) -> None:
        """Says what is wrong with the data."""
        self._end("data refused", str(error))
        self.say(f"\nDATA REFUSED, nothing was trained or pushed:\n{error}")

    def failed(self, error: Exception) -> None:
        """Names the step, the cause in a line, and the log file."""
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        self.run.stop_steps("failed")
        self._end("failed", cause)
        step = next((step.name for step in self.run.steps if step.state == "failed"), "the run")
        log = self._history.folder(self.run.run_id) / LOG_FILE
        self.say(f"\nFAILED in {step}: {cause}\nAll of it: {from_here(log)}")

    def stopped(self, step: str) -> None:
        """Says that the run ended where it was told to."""
        self.run.stop_steps("skipped")
        self._end("stopped")
        self.say(f"\nStopped after {step}, as asked; the same command without --until goes on.")

    def conclude(self, root: Path) -> bool:
        """Says the verdict, where the model lies and what to try next; returns if it passed."""
        if self.run.verdict is None:
            raise RuntimeError("the pipeline ended without a verdict")
        verdict = Verdict(**self.run.verdict)
        self._end("pushed" if verdict.blessed else "refused")
        self.say(f"\n{in_words(verdict)}")
        command, folder = from_here(sys.argv[0]), from_here(root)
        if verdict.blessed:
            self.say(f"Served:   {from_here(root / 'serving' / str(self.run.pushed))}")
            self.say(f"Try it:   {command} predict --root {folder} IMAGE...")
        else:
            self.say("Nothing was pushed.")
        self.say(f"All runs: {command} runs --root {folder}")
        self.say(f"Took {self.run.seconds:.0f} s")
        return verdict.blessed

    def _end(self, state: RunState, error: str | None = None) -> None:
        if self.run.state == "running":
            self.run.state = state
            self.run.error = error
        self._save()

    def _save(self) -> None:
        self.run.seconds = round(time.perf_counter() - self._started, 3)
        self._history.save(self.run)


def from_here(path: str | Path) -> str:
    """Returns a path as one would type it: relative if it lies below the working directory."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if Path.cwd() in absolute.parents else absolute)


def tell(line: str) -> None:
    """Writes a line to the console, where no run has it."""
    sys.stdout.write(line + "\n")


class ProgressHandler(logging.Handler):
    """Shows log records on the console of a report."""

    def __init__(self, report: Report):
        """Lines go to `report.say`."""
        super().__init__(logging.INFO)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        self._report.say(f"{'':<{_NAME_WIDTH}} {record.getMessage()}")
