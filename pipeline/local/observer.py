"""Follows the steps of a run: records what each one found, and decides what follows from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.example_gen import processes
from data.common.errors import NotTheChief
from data.common.formatting import format_list
from pipeline.history.run import Run
from pipeline.local.step_record import record_step
from pipeline.reporting.report import Report

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
        # Whether ServingCheck is one of the steps of the run.
        self.checks_serving = False

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
        record = record_step(self._run, name, outputs, self._folder)
        self._report.step_finished(name, seconds, cached, record.details, record.missing)
        if name == "ExampleGen":
            # Their memory is free for the next steps.
            processes.end()
            if self.may_resplit:
                self._check_splits()
        if name == "Trainer" and not cached and self.checks_serving:
            # A new model is checked after the steps that evaluate it.
            from components.serving_check.process import start_ahead

            start_ahead()

    def step_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See StepObserver; a worker that is not the chief has done its part."""
        if isinstance(error, NotTheChief):
            self._run.step(name).found = str(error)
            self._report.step_finished(name, seconds, cached=False)
        else:
            self._report.step_failed(name, seconds)

    def _check_splits(self) -> None:
        from components.artifacts import read_counts

        counts = read_counts(str(self._run.quarantine))
        if counts.better_salt:
            lacking = counts.missing_classes(self._run.class_names)
            parts = [f"{split} has no {format_list(names)}" for split, names in lacking.items()]
            raise SplitLacksClass("; ".join(parts), counts.better_salt)
