"""The history of the runs under a root: a folder with `run.json` and `verdict.json` for each."""

import datetime
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from components.gate.verdict import VERDICT_FILE
from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.formatting import format_list
from pipeline.history.migration import FORMAT_VERSION, upgrade
from pipeline.history.run import Run
from pipeline.root_files import HISTORY_FOLDER

RUN_FILE = "run.json"
LOG_FILE = "log.txt"
PLOT_FILE = "training.png"
REPORT_FILE = "report.html"


class History:
    """The folder `history` under a root."""

    def __init__(self, root: Path):
        """Takes the root; the folder need not exist."""
        self._folder = root / HISTORY_FOLDER

    def new_run_id(self, now: datetime.datetime, prefix: str = "") -> str:
        """Creates the folder of a new run and returns its id, see `new_folder`."""
        return new_folder(self._folder, now, prefix).name

    def folder(self, run_id: str) -> Path:
        """Returns the folder of a run."""
        return self._folder / run_id

    def discard(self, run_id: str) -> None:
        """Removes the folder of a run whose input was refused before any work."""
        shutil.rmtree(self.folder(run_id))

    def save(self, run: Run) -> None:
        """Writes `run.json`, and `verdict.json` if there is a verdict; each file atomically."""
        folder = self.folder(run.run_id)
        write_whole(folder / RUN_FILE, run.model_dump_json(indent=2) + "\n")
        if run.verdict is not None:
            write_whole(folder / VERDICT_FILE, json.dumps(asdict(run.verdict), indent=2) + "\n")

    def find(self, run_id: str | None, condition: Callable[[Run], bool], which: str) -> Run:
        """Returns a run that meets a condition: the newest one if `run_id` is None.

        Args:
          run_id: The id of the run, or None.
          condition: The condition.
          which: The condition as text for the error message, such as `with a verdict`.

        Raises:
          UsageError: There is no such run.
        """
        runs = [run for run in self.runs() if condition(run)]
        for run in runs:
            if run_id in (None, run.run_id):
                return run
        known = format_list([run.run_id for run in runs]) or "none"
        raise UsageError(
            f"{self._folder.parent} has no run {f'{run_id} ' if run_id else ''}{which}; "
            f"there are: {known}"
        )

    def mark_dead(self, runs: Iterable[Run]) -> None:
        """Marks runs that still count as running as interrupted; call it while holding the lock."""
        for run in runs:
            if run.state == "running":
                run.stop_steps("interrupted")
                run.state = "interrupted"
                self.save(run)

    def runs(self) -> list[Run]:
        """Reads all runs and returns them, newest first.

        Raises:
          UsageError: A file is damaged, or its format is newer than this program.
        """
        runs = [_read(file) for file in self._folder.glob(f"*/{RUN_FILE}")]
        return sorted(
            runs, key=lambda run: (run.started, len(run.run_id), run.run_id), reverse=True
        )


def new_folder(parent: Path, now: datetime.datetime, prefix: str = "") -> Path:
    """Creates a folder that is named after a time in UTC, such as `20261124-055610`.

    The name begins with the prefix, and ends with a number if there is one of that second already.
    """
    stem = prefix + now.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1000):
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise RuntimeError(f"{parent} has 999 folders of {stem}")


def newest_finished(runs: Sequence[Run]) -> Run | None:
    """Returns the newest run that reached a verdict, on the model or on the data.

    Args:
      runs: Runs of a root, newest first.
    """
    return next((run for run in runs if run.finished), None)


def _read(file: Path) -> Run:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        version = values["format_version"]
        if version <= FORMAT_VERSION:
            return Run.model_validate(upgrade(values))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{file} is damaged ({error}); restore it, or remove its folder if that is impossible"
        ) from error
    raise UsageError(
        f"{file} has format {version}, and this program reads formats up to {FORMAT_VERSION}: "
        "update the program, or name another --root"
    )
