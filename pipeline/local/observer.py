"""Follows the steps of a run: records what each one found, and decides what follows from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.common.errors import NotTheChief
from data.common.formatting import format_list
from pipeline.history.run import Run
from pipeline.history.runs import PLOT_FILE
from pipeline.reporting.report import Report
from pipeline.steps import summarize

if TYPE_CHECKING:
    from tfx.types import Artifact


class SplitLacksClass(Exception):
    """A split has no example of a class, and another salt would give it one."""

    def __init__(self, problem: str, better_salt: str):
        """Takes the problem as text, and the salt."""
        super().__init__(problem)
        self.better_salt = better_salt


class RunObserver:
    """A StepObserver, see `pipeline.runners.local`."""

    def __init__(self, run: Run, report: Report, folder: Path):
        """Takes the run, its report and its folder in the history."""
        self._run = run
        self._report = report
        self._folder = folder
        # Whether a split that lacks a class ends the run with SplitLacksClass.
        self.may_resplit = False

    def step_started(self, name: str) -> None:
        """See StepObserver."""
        self._report.step_started(name)

    def step_finished(
        self, name: str, seconds: float, cached: bool, outputs: "Mapping[str, Sequence[Artifact]]"
    ) -> None:
        """Records the summary of a step.

        Raises:
          SplitLacksClass: The images are to be split again, with another salt.
        """
        self._run.artifacts[name] = {
            key: str(artifacts[0].uri) for key, artifacts in outputs.items() if artifacts
        }
        summary = summarize(name, outputs, self._run)
        details: Sequence[str] = ()
        if summary:
            for field, value in summary.values.items():
                setattr(self._run, field, value)
            self._run.step(name).found = summary.text
            details = summary.details
        missing: Sequence[str] = ()
        if name == "Trainer":
            missing = self._draw_training()
        elif name == "Gate":
            missing = self._write_evaluation(outputs)
        elif name == "ServingCheck":
            self._apply_serving_check()
        self._report.step_finished(name, seconds, cached, details, missing)
        if name == "ExampleGen" and self.may_resplit:
            self._check_splits()

    def step_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See StepObserver; a worker that is not the chief has done its part."""
        if isinstance(error, NotTheChief):
            self._run.step(name).found = str(error)
            self._report.step_finished(name, seconds, cached=False)
        else:
            self._report.step_failed(name, seconds)

    def _apply_serving_check(self) -> None:
        """Combines the verdicts of the gate and the serving check: both must pass."""
        from components.gate.verdict import with_serving_check
        from components.serving_check.result import format_serving_check

        result = self._run.serving_check
        if self._run.verdict and result:
            text = format_serving_check(result)
            self._run.verdict = with_serving_check(
                self._run.verdict, result.passed, result.problems, text
            )

    def _draw_training(self) -> list[str]:
        from pipeline.reporting.plots import draw_training

        training = self._run.training
        problem = draw_training(training, self._folder / PLOT_FILE) if training else ""
        return [problem] if problem else []

    def _write_evaluation(self, outputs: "Mapping[str, Sequence[Artifact]]") -> list[str]:
        # It imports TFX, which the runner that calls this has loaded already.
        from components.gate.verdict import read_metrics
        from pipeline.reporting.evaluation_files import write_evaluation

        return write_evaluation(read_metrics(outputs["blessing"][0].uri), self._folder)

    def _check_splits(self) -> None:
        from components.artifacts import read_counts

        counts = read_counts(str(self._run.quarantine))
        if counts.better_salt:
            lacking = counts.missing_classes(self._run.class_names)
            parts = [f"{split} has no {format_list(names)}" for split, names in lacking.items()]
            raise SplitLacksClass("; ".join(parts), counts.better_salt)
