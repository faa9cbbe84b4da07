"""One scheduled run: runs the pipeline if there is anything new, and records it in the history."""

import datetime
import time
from dataclasses import dataclass
from pathlib import Path

from components.gate.verdict import format_verdict
from data import sources
from data.common.errors import UsageError, error_kind
from data.common.formatting import format_list
from pipeline.exit_codes import DONE, FAILED, USAGE_ERROR
from pipeline.history.run import Run, RunState
from pipeline.history.runs import History, newest_finished
from pipeline.local.run import run_pipeline
from pipeline.reporting.lines import print_line
from pipeline.reporting.view import View
from pipeline.schedule.service import RunOutcome
from pipeline.settings.settings import Settings

# Marks the folder of a span as complete.
SUCCESS_FILE = "_SUCCESS"


@dataclass(frozen=True)
class ScheduledRun:
    """A run of the pipeline that a schedule starts.

    Attributes:
      settings, config: The settings of the run, and the name of the config for the history.
      root: The root, an absolute path.
      settle: Minutes without changes after which a folder without `_SUCCESS` counts as complete.
      record_skips: Whether the history gets an entry when there is nothing to do.
      view: How the run is shown on the console.
    """

    settings: Settings
    config: str
    root: Path
    settle: float = 0.0
    record_skips: bool = True
    view: View = View()  # noqa: RUF009 (it is frozen)

    def run(self) -> tuple[Run, int]:
        """Runs the pipeline if its data is new and complete.

        Returns:
          The entry of the history, and the exit code of `flowers run`, or 0 when skipped.
        """
        history = History(self.root)
        before = {run.run_id for run in history.runs()}
        try:
            if reason := self._incomplete_data():
                return self._record("skipped", reason), DONE
            exit_code = run_pipeline(self.settings, self.config, self.root, view=self.view)
        except (UsageError, OSError, MemoryError) as error:
            exit_code = USAGE_ERROR if isinstance(error, UsageError) else FAILED
            return self._record("failed", f"{type(error).__name__}: {error}", error), exit_code
        runs = history.runs()
        if new := [run for run in runs if run.run_id not in before]:
            self._clean()
            return new[0], exit_code
        last = newest_finished(runs)
        reason = f"nothing changed{f' since run {last.run_id}' if last else ''}"
        return self._record("skipped", reason), DONE

    def _incomplete_data(self) -> str:
        """Returns why the newest files are not complete yet, or an empty string if they are.

        Raises:
          UsageError: There are no files, or they cannot be listed.
        """
        data = self.settings.data
        source = sources.resolve(data.source, data.public_size, data.spans)
        if source.remote or self.settle <= 0:
            return ""
        files = [Path(file) for file in sources.list_files(source)]
        for folder in sorted({file.parent for file in files}):
            newest = max(file.stat().st_mtime for file in files if file.parent == folder)
            minutes = (time.time() - newest) / 60
            if minutes < self.settle and not (folder / SUCCESS_FILE).exists():
                return (
                    f"{folder} is still being written: it changed {minutes:.0f} min ago, and has "
                    f"no {SUCCESS_FILE}"
                )
        return ""

    def _clean(self) -> None:
        """Removes old artifacts as `retention` says; the run has ended, so the root is free."""
        if self.settings.retention.wanted:
            # Imports ML Metadata, which is slow.
            from pipeline.registry.garbage_collection import clean

            try:
                clean(self.root, dry_run=False, retention=self.settings.retention)
            except (UsageError, OSError) as error:
                # The run itself has succeeded or failed already; cleaning does not change that.
                print_line(f"nothing was removed: {error}")

    def _record(self, state: RunState, reason: str, error: Exception | None = None) -> Run:
        """Returns an entry for a scheduled run that did not start, and writes it to the history."""
        history, now = History(self.root), datetime.datetime.now(datetime.UTC)
        recorded = self.record_skips or state != "skipped"
        run = Run(
            run_id=history.new_run_id(now) if recorded else "",
            started=now.isoformat(timespec="seconds"),
            state=state,
            config=self.config,
            settings=self.settings.model_dump(mode="json"),
            model=self.settings.model.name,
            error=reason,
            error_kind=error_kind(error) if error else None,
        )
        if recorded:
            history.save(run)
        return run


def outcome_of(run: Run) -> RunOutcome:
    """Returns the outcome of a scheduled run from its entry in the history."""
    transient = run.state == "failed" and run.error_kind == "transient"
    return RunOutcome(run.state, run.error or _summarize(run), transient)


def _summarize(run: Run) -> str:
    """Returns the run id, spans, version, verdict and drift of a run, one item a line."""
    spans = f", span {format_list(run.spans)}" if run.spans else ""
    version = f", version {run.pushed}" if run.pushed else ""
    lines = [f"run {run.run_id}{spans}{version}"]
    if run.verdict:
        lines.append(format_verdict(run.verdict))
    return "\n".join([*lines, *(f"drift since the previous span: {item}" for item in run.drift)])
