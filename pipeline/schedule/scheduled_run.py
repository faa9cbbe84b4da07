"""One turn of a schedule: a run, if there is anything to run for, and a line in the history."""

import datetime
import re
import time
from dataclasses import dataclass
from pathlib import Path

from components.gate.verdict import format_verdict, parse_verdict
from data import sources
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.history.runs import History, Run, RunState
from pipeline.local.run import run_pipeline
from pipeline.reporting.console import View
from pipeline.reporting.lines import print_line
from pipeline.schedule.service import RunOutcome
from pipeline.settings.settings import Settings

# Left in a span's folder by whoever has written all of it.
DONE_FILE = "_SUCCESS"
# Errors that the same turn later may not have: of disk, network, memory, or another process.
_MAY_PASS = (
    "TransientError", "OSError", "BlockingIOError", "ConnectionError", "ConnectionResetError",
    "TimeoutError", "URLError", "MemoryError", "UnavailableError", "DeadlineExceededError",
    "ResourceExhaustedError", "AbortedError",
)  # fmt: skip
_PASSING = re.compile(rf"\b({'|'.join(_MAY_PASS)})\b")


@dataclass(frozen=True)
class ScheduledRun:
    """What a schedule does when it is due.

    Attributes:
      settings: of the runs.
      config: the name that the history notes.
      root: an absolute path.
      settle: minutes for which the newest files must not have changed, where no `_SUCCESS` lies
        beside them.
      note_skips: whether a turn that finds nothing to do leaves an entry in the history.
      view: how a run is shown.
    """

    settings: Settings
    config: str
    root: Path
    settle: float = 0.0
    note_skips: bool = True
    view: View = View()  # noqa: RUF009 (it is frozen)

    def take(self) -> Run:
        """Runs the pipeline if its data is new and complete; returns the entry of the history."""
        history = History(self.root)
        before = {run.run_id for run in history.runs()}
        try:
            if waiting := self._unfinished():
                return self._note("skipped", waiting)
            run_pipeline(self.settings, self.config, self.root, view=self.view)
        except (UsageError, OSError, MemoryError) as error:
            return self._note("failed", f"{type(error).__name__}: {error}")
        new = [run for run in history.runs() if run.run_id not in before]
        if new:
            self._clean()
            return new[0]
        last = history.newest_finished()
        return self._note(
            "skipped", f"nothing changed{f' since run {last.run_id}' if last else ''}"
        )

    def _unfinished(self) -> str:
        """Returns why the newest files are not to be read yet; empty if they are.

        Raises:
          UsageError: there are none, or they can't be listed.
        """
        data = self.settings.data
        source = sources.resolve(data.source, data.public_size, data.spans)
        if source.remote or self.settle <= 0:
            return ""
        files = [Path(file) for file in sources.list_files(source)]
        for folder in sorted({file.parent for file in files}):
            newest = max(file.stat().st_mtime for file in files if file.parent == folder)
            minutes = (time.time() - newest) / 60
            if minutes < self.settle and not (folder / DONE_FILE).exists():
                return (
                    f"{folder} is still being written: it changed {minutes:.0f} min ago, and has "
                    f"no {DONE_FILE}"
                )
        return ""

    def _clean(self) -> None:
        """Removes what the settings do not retain; a run has just ended, so the root is free."""
        if self.settings.retention.wanted:
            # It brings ML Metadata.
            from pipeline.registry.garbage_collection import clean

            try:
                clean(self.root, dry_run=False, retention=self.settings.retention)
            except (UsageError, OSError) as error:
                # The run is what counts, and it has ended.
                print_line(f"nothing was cleaned: {error}")

    def _note(self, state: RunState, reason: str) -> Run:
        """Returns the entry of a turn that came to no run, after it is written."""
        history, now = History(self.root), datetime.datetime.now(datetime.UTC)
        noted = self.note_skips or state != "skipped"
        run = Run(
            run_id=history.new_run_id(now) if noted else "",
            started=now.isoformat(timespec="seconds"),
            state=state,
            config=self.config,
            settings=self.settings.model_dump(mode="json"),
            model=self.settings.model.name,
            error=reason,
        )
        if noted:
            history.save(run)
        return run


def outcome_of(run: Run) -> RunOutcome:
    """Returns what a turn came to, from its entry in the history."""
    error = run.error or ""
    # Beam hides the error of a step in the text of its own.
    passes = run.state == "failed" and bool(_PASSING.search(error))
    return RunOutcome(run.state, error or _in_words(run), passes)


def _in_words(run: Run) -> str:
    """Returns what a run came to, for one who was not there."""
    spans = f", span {format_list(run.spans)}" if run.spans else ""
    version = f", version {run.pushed}" if run.pushed else ""
    lines = [f"run {run.run_id}{spans}{version}"]
    if run.verdict:
        lines.append(format_verdict(parse_verdict(run.verdict)))
    return "\n".join([*lines, *(f"drift since the span before: {what}" for what in run.drift)])
