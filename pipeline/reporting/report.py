"""Shows a run on the console while it is running, and keeps its entry in the history current."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from components.gate.verdict import format_verdict
from data.common.errors import UsageError, describe_error, error_kind
from data.common.formatting import format_duration
from data.common.progress import PROGRESS_LOGGER
from pipeline.compat import install_command
from pipeline.history.run import Run, RunState
from pipeline.history.runs import LOG_FILE, History
from pipeline.reporting.console import Console
from pipeline.reporting.lines import display_path
from pipeline.reporting.next_steps import next_steps

_GOOD, _BAD = "bold green", "bold red"


class Report:
    """Shows a run on a console and saves it after each change.

    While it is open, it shows what steps log to `flowers.progress`. Records of level DEBUG are
    shown only until the next one, and the attribute `fraction` of a record is shown as a bar. A
    record with the attribute `trials`, a Search, only changes the table of trials.
    """

    def __init__(self, run: Run, history: History, console: Console, reasons: Mapping[str, str]):
        """Starts the clock of the run.

        Args:
          run: The run.
          history: The history that the run is saved to.
          console: The console.
          reasons: Why each step runs, see `pipeline.local.run_inputs.why_steps_run`.
        """
        self.run = run
        self.console = console
        self._history = history
        self._started = time.perf_counter()
        self._reasons = reasons
        self._handler = _ProgressHandler(console)

    def __enter__(self) -> Self:
        """Attaches the progress handler."""
        logger = logging.getLogger(PROGRESS_LOGGER)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self._handler)
        self.console.set_steps(self.run.steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Saves why the run ended, unless that is saved already."""
        logging.getLogger(PROGRESS_LOGGER).removeHandler(self._handler)
        if isinstance(error, UsageError):
            self.console.close(keep=False)
        elif isinstance(error, Exception):
            self._end("failed", error)
        elif error is not None:
            self.run.stop_steps("interrupted")
            self._end("interrupted")

    def step_started(self, name: str) -> None:
        """Shows that a step starts."""
        step = self.run.step(name)
        step.state = "running"
        self._save()
        self.console.step_changed(step)

    def step_finished(
        self,
        name: str,
        seconds: float,
        cached: bool,
        details: Sequence[str] = (),
        missing: Sequence[str] = (),
    ) -> None:
        """Shows that a step succeeded or was cached.

        Args:
          name: The name of the step.
          seconds: The seconds that it took.
          cached: Whether it was cached.
          details: Further lines, shown unless the step was cached.
          missing: Lines on pictures that could not be drawn, always shown.
        """
        step = self.run.step(name)
        step.seconds = round(seconds, 3)
        step.state = "cached" if cached else "done"
        step.why = "" if cached else self._reasons.get(name, "not in the cache")
        self._save()
        self.console.step_changed(step)
        for line in (*([] if cached else details), *missing):
            self.console.print_line(f"  {line}")

    def step_failed(self, name: str, seconds: float) -> None:
        """Shows that a step failed."""
        step = self.run.step(name)
        step.seconds = round(seconds, 3)
        self.run.stop_steps("failed")
        self.console.step_changed(step)

    def data_refused(self, error: Exception) -> None:
        """Shows why the data was refused."""
        self.run.error = str(error)
        self._end("data refused")
        self._print("\nDATA REFUSED, nothing was trained or pushed:", _BAD)
        self._print(str(error))

    def failed(self, error: Exception) -> None:
        """Shows the failed step, the cause in one line, and the log file."""
        self.run.stop_steps("failed")
        self._end("failed", error)
        step = next((step.name for step in self.run.steps if step.state == "failed"), "the run")
        log = self._history.folder(self.run.run_id) / LOG_FILE
        self._print(f"\nFAILED in {step}: {self.run.error}", _BAD)
        self._print(f"Full log: {display_path(log)}")
        if isinstance(error, ImportError):
            command = install_command()
            self._print(f"A package is missing or broken: `{command}` installs all again.")
        self._print("The same command resumes after the steps that finished.")

    def stopped(self, step: str) -> None:
        """Shows that the run ended after the requested step."""
        self.run.stop_steps("skipped")
        self._end("stopped")
        if self.run.seeds and self.run.verdict:
            verdict = format_verdict(self.run.verdict)
            self._print(f"\n{self.run.seed_note}, which is not pushed: {verdict}")
            return
        self._print(f"\nStopped after {step}, as requested. Without --until the run continues.")

    def tuned(self, lines: Sequence[str], root: Path) -> None:
        """Shows what a search found, and what to do next."""
        self._end("stopped")
        self._print("")
        for line in lines:
            self._print(line)
        for step in next_steps(self.run, root, root):
            self._print(f"{step.label + ':':<9} {step.text}")
        self._print(f"Took {format_duration(self.run.seconds)}: {self._time_by_step()}")

    def not_the_chief(self) -> None:
        """Shows that this worker's part of a run on several workers is done."""
        self.run.stop_steps("skipped")
        self._end("stopped")
        self._print("\nThis worker has done its part. The run of the chief continues: it evaluates")
        self._print("and serves the model.")

    def ended_without_verdict(self) -> None:
        """Shows that all steps succeeded, in a job that does not evaluate a model."""
        self._end("stopped")
        self._print(f"\nAll steps succeeded, in {format_duration(self.run.seconds)}.")

    def concluded(self, state: RunState, root: Path, curves: Path) -> None:
        """Shows the verdict, the location of the model, and what to do next.

        Args:
          state: `pushed` or `refused`.
          root: The root of the run.
          curves: The folder of TensorBoard's logs.
        """
        self._end(state)
        if self.run.verdict:
            style = _GOOD if state == "pushed" else _BAD
            self._print(f"\n{format_verdict(self.run.verdict)}", style)
        for step in next_steps(self.run, root, curves):
            self._print(f"{step.label + ':':<9} {step.text}" if step.label else step.text)
        self._print(f"Took {format_duration(self.run.seconds)}: {self._time_by_step()}")

    def _time_by_step(self) -> str:
        """Returns the steps that took a second or more, longest first, and the remaining time."""
        steps = sorted(self.run.steps, key=lambda step: -step.seconds)
        parts = [f"{s.name} {format_duration(s.seconds)}" for s in steps if s.seconds >= 1]
        rest = self.run.seconds - sum(step.seconds for step in steps)
        return ", ".join([*parts, f"start and between steps {format_duration(rest)}"])

    def _print(self, line: str, style: str = "") -> None:
        self.console.close()
        self.console.print_line(line, style)

    def _end(self, state: RunState, error: Exception | None = None) -> None:
        if self.run.state == "running":
            self.run.state = state
            if error:
                self.run.error = describe_error(error)
                self.run.error_kind = error_kind(error)
        self._save()

    def _save(self) -> None:
        self.run.seconds = round(time.perf_counter() - self._started, 3)
        self._history.save(self.run)


class _ProgressHandler(logging.Handler):
    """Shows log records on a console."""

    def __init__(self, console: Console):
        super().__init__(logging.DEBUG)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        search = getattr(record, "trials", None)
        if search:
            self._console.set_trials(search)
            return
        fraction = getattr(record, "fraction", None)
        self._console.show_activity(
            record.getMessage(), fraction, stays=record.levelno >= logging.INFO
        )
