"""What a person and the history are told while a run is going."""

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from components.gate.verdict import format_verdict, parse_verdict
from data.common.errors import UsageError
from data.common.formatting import format_duration, format_list
from pipeline.history.runs import LOG_FILE, PLOT_FILE, History, Run, RunState
from pipeline.reporting.console import Console
from pipeline.reporting.lines import display_path

if TYPE_CHECKING:
    from tfx.types import Artifact

PROGRESS_LOGGER = "flowers.progress"
_GOOD, _BAD = "bold green", "bold red"


class SplitLacksClass(Exception):
    """A split has no example of a class, and another salt would mend it."""

    def __init__(self, what: str, better_salt: str):
        """`what` says it in words."""
        super().__init__(what)
        self.better_salt = better_salt


class Report:
    """Tells the console what happens, and keeps the history's `run.json` up to date.

    It is the Observer of `pipeline.runners.local`. While it is open, what steps send to the logger
    `flowers.progress` is shown: records of level DEBUG only until the next one comes, and the
    attribute `fraction`, where a record has it, as a bar.
    """

    def __init__(self, run: Run, history: History, console: Console, causes: Mapping[str, str]):
        """The clock starts here; `causes` says why steps run, see `pipeline.local.run_inputs`."""
        self.run = run
        self.console = console
        self._history = history
        self._started = time.perf_counter()
        self._causes = causes
        self._handler = _ProgressHandler(console)
        # Whether a split that lacks a class ends the run with SplitLacksClass, to begin it anew.
        self.may_redeal = False

    def __enter__(self) -> Self:
        """Attaches the progress handler."""
        logger = logging.getLogger(PROGRESS_LOGGER)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self._handler)
        self.console.follow(self.run.steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Notes what ended the run, where nothing else has."""
        logging.getLogger(PROGRESS_LOGGER).removeHandler(self._handler)
        if isinstance(error, UsageError):
            self.console.close(keep=False)
        elif isinstance(error, Exception):
            self._end("failed", f"{type(error).__name__}: {error}")
        elif error is not None:
            self.run.stop_steps("interrupted")
            self._end("interrupted")

    def step_started(self, name: str) -> None:
        """See Observer."""
        step = self.run.step(name)
        step.state = "running"
        self._save()
        self.console.changed(step)

    def step_finished(
        self, name: str, seconds: float, cached: bool, outputs: "Mapping[str, Sequence[Artifact]]"
    ) -> None:
        """See Observer."""
        # The first imports TFX, which the runner that calls this has loaded already.
        from components.example_gen.executor import read_counts
        from components.example_gen.summary import format_class_table
        from components.gate.executor import read_metrics
        from pipeline.local.findings import record_findings
        from pipeline.reporting.evaluation_files import write_evaluation
        from pipeline.reporting.plots import draw_training

        step = self.run.step(name)
        step.seconds = round(seconds, 3)
        record_findings(self.run, name, outputs)
        if name == "Trainer" and self.run.training:
            draw_training(self.run.training, self._history.folder(self.run.run_id) / PLOT_FILE)
        if name == "Gate":
            metrics = read_metrics(outputs["blessing"][0].uri)
            write_evaluation(metrics, self._history.folder(self.run.run_id))
        step.state = "cached" if cached else "done"
        step.why = "" if cached else self._causes.get(name, "not in the cache")
        self._save()
        self.console.changed(step)
        if name == "ExampleGen":
            counts = read_counts(str(self.run.quarantine))
            if not cached:
                for line in format_class_table(counts):
                    self.console.say(f"  {line}")
            if self.may_redeal and counts.better_salt:
                lacking = counts.missing_classes(self.run.class_names)
                words = [f"{split} has no {format_list(names)}" for split, names in lacking.items()]
                raise SplitLacksClass("; ".join(words), counts.better_salt)

    def step_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See Observer."""
        step = self.run.step(name)
        step.seconds = round(seconds, 3)
        self.run.stop_steps("failed")
        self.console.changed(step)

    def data_refused(self, error: Exception) -> None:
        """Says what is wrong with the data."""
        self._end("data refused", str(error))
        self._say("\nDATA REFUSED, nothing was trained or pushed:", _BAD)
        self._say(str(error))

    def failed(self, error: Exception) -> None:
        """Names the step, the cause in a line, and the log file."""
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        self.run.stop_steps("failed")
        self._end("failed", cause)
        step = next((step.name for step in self.run.steps if step.state == "failed"), "the run")
        log = self._history.folder(self.run.run_id) / LOG_FILE
        self._say(f"\nFAILED in {step}: {cause}", _BAD)
        self._say(f"All of it: {display_path(log)}")
        self._say("The same command goes on after the steps that finished.")

    def stopped(self, step: str) -> None:
        """Says that the run ended where it was told to."""
        self.run.stop_steps("skipped")
        self._end("stopped")
        self._say(f"\nStopped after {step}, as asked; the same command without --until goes on.")

    def ended_without_verdict(self) -> None:
        """Says that all steps ended well, where none of them judges a model."""
        self._end("stopped")
        self._say(f"\nAll steps ended well, in {format_duration(self.run.seconds)}.")

    def conclude(self, root: Path, curves: Path) -> bool:
        """Says the verdict, where the model lies and what to try next; returns if it passed.

        Args:
          root: of `flowers run`.
          curves: the folder that TensorBoard is to search.
        """
        if self.run.verdict is None:
            raise RuntimeError("the pipeline ended without a verdict")
        verdict, passed = parse_verdict(self.run.verdict), self.run.pushed is not None
        self._end("pushed" if passed else "refused")
        self._say(f"\n{format_verdict(verdict)}", _GOOD if passed else _BAD)
        command, folder = display_path(sys.argv[0]), display_path(root)
        if passed:
            self._say(f"Served:   {display_path(root / 'serving' / str(self.run.pushed))}")
            self._say(f"Try it:   {command} predict --root {folder} IMAGE...")
        elif self.run.withdrawn:
            self._say(
                f"Nothing was pushed: this model was version {self.run.withdrawn}, and a person "
                f"withdrew it. {command} promote {self.run.run_id} --root {folder} would push it."
            )
        else:
            self._say("Nothing was pushed.")
            self._say(f"Reasons:  {command} gate explain --root {folder}")
        board = Path(command).with_name("tensorboard")
        self._say(f"Curves:   {board} --logdir {display_path(curves)}")
        self._say(f"All runs: {command} runs --root {folder}")
        self._say(f"Took {format_duration(self.run.seconds)}: {self._time_by_step()}")
        return passed

    def _time_by_step(self) -> str:
        """Returns the steps that took a second or more, longest first, and what lay between."""
        steps = sorted(self.run.steps, key=lambda step: -step.seconds)
        words = [
            f"{step.name} {format_duration(step.seconds)}" for step in steps if step.seconds >= 1
        ]
        between = self.run.seconds - sum(step.seconds for step in steps)
        return ", ".join([*words, f"start and between {format_duration(between)}"])

    def _say(self, line: str, style: str = "") -> None:
        self.console.close()
        self.console.say(line, style)

    def _end(self, state: RunState, error: str | None = None) -> None:
        if self.run.state == "running":
            self.run.state = state
            self.run.error = error
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
        fraction = getattr(record, "fraction", None)
        self._console.now(record.getMessage(), fraction, stays=record.levelno >= logging.INFO)
