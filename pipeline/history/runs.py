"""The history of runs under a root: one folder a run, with `run.json` and `verdict.json`."""

import datetime
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from components.trainer.settings import WarmStart
from data.common.errors import ErrorKind, UsageError
from data.common.files import write_whole
from data.common.formatting import format_list

FORMAT_VERSION = 1
RUN_FILE = "run.json"
VERDICT_FILE = "verdict.json"
LOG_FILE = "log.txt"
PLOT_FILE = "training.png"

StepState = Literal["waiting", "running", "done", "cached", "failed", "skipped", "interrupted"]

RunState = Literal[
    "running", "pushed", "refused", "data refused", "stopped", "failed", "interrupted", "skipped"
]


class Step(BaseModel):
    """One step of a run: its state, how long it took, and what it found, in words."""

    name: str
    state: StepState = "waiting"
    seconds: float = 0.0
    why: str = ""
    found: str = ""


class Run(BaseModel):
    """One run, as `flowers runs --json` prints it.

    Attributes:
      run_id: the start in UTC, to the second, and a number if that was taken.
      pipeline_run_id: what ML Metadata calls it.
      started: ISO 8601 with time zone.
      seconds: from the start to the end, or to the last step that ended.
      state: how it ended; `running` where the process died; `skipped` where a schedule's turn found
        nothing to do.
      config: the name or path that `--config` had.
      settings: all settings.
      inputs: all that it depends on, see `pipeline.local.run_inputs`.
      model: name of the network.
      examples: counts by split, and `quarantined`.
      files: of the records, relative to their folder.
      spans: those of the data that were read, by name; none where it has none.
      class_names: the classes, in the order of their ids.
      classes_from: where these come from, in words.
      classes: examples by split and class name.
      drift: what of the newest span is far from the span before, in words.
      span_before: the quarantine of the run that read that one; empty where there is none.
      quarantine: the folder of what was set aside, or null.
      model_uri: the Trainer's artifact, or null.
      baseline: the version that the gate had to compare with; 0 if none served.
      warm_start: the model with whose weights the training begins; null for a cold start.
      verdict: see `components.gate.verdict.Verdict`; null before the gate.
      serving_check: see `components.serving_check.result.ServingCheckResult`; null before it.
      training: see `components.trainer.training_report.TrainingReport`; null before its end.
      pushed: the version that holds this run's model, or null.
      withdrawn: the version that held it until a person took it back, or null.
      promoted: the version as which a person had it pushed, or null.
      reason: what that person said.
      digest: of that version's files, or null.
      error: why it failed, or was skipped, or null.
      error_kind: the kind of that error, see `data.common.errors`; null where nothing failed.
    """

    format_version: int = FORMAT_VERSION
    run_id: str
    pipeline_run_id: str = ""
    started: str
    seconds: float = 0.0
    state: RunState
    config: str
    settings: dict[str, Any]
    inputs: dict[str, Any] = {}
    model: str
    examples: dict[str, int] = {}
    files: list[str] = []
    spans: list[str] = []
    class_names: list[str] = []
    classes_from: str = ""
    classes: dict[str, dict[str, int]] = {}
    drift: list[str] = []
    span_before: str = ""
    quarantine: str | None = None
    steps: list[Step] = []
    model_uri: str | None = None
    baseline: int = 0
    warm_start: WarmStart | None = None
    verdict: dict[str, Any] | None = None
    serving_check: dict[str, Any] | None = None
    training: dict[str, Any] | None = None
    pushed: int | None = None
    withdrawn: int | None = None
    promoted: int | None = None
    reason: str | None = None
    digest: str | None = None
    error: str | None = None
    error_kind: ErrorKind | None = None

    @property
    def finished(self) -> bool:
        """Whether it came to a verdict, on the model or on the data."""
        return self.state in ("pushed", "refused", "data refused")

    @property
    def data_accepted(self) -> bool:
        """Whether its data passed the data gate, so that its classes hold for later runs."""
        gate = next((step for step in self.steps if step.name == "DataGate"), None)
        return bool(gate and gate.state in ("done", "cached") and self.class_names)

    def format_line(self) -> str:
        """Returns what `flowers runs` shows of it."""
        accuracy = f"{self.verdict['metric']} {self.verdict['value']:.3f}" if self.verdict else ""
        version = f"version {self.pushed}" if self.pushed else ""
        # A line that ends with a colon says nothing without the next.
        error = (self.error or "").replace(":\n", ": ").partition("\n")[0]
        start = f"{self.run_id:<18} {self.state:<12} {self.seconds:5.0f} s  {self.config:<12}"
        return f"{start} {self.model:<12} {accuracy:<15} {version}{error}".rstrip()

    def stop_steps(self, state: StepState) -> None:
        """Gives the running step its last state; those that wait are skipped."""
        for step in self.steps:
            if step.state == "running":
                step.state = state
            elif step.state == "waiting":
                step.state = "skipped"

    @property
    def versions(self) -> set[int]:
        """The versions that hold its model, or did."""
        return {v for v in (self.pushed, self.withdrawn, self.promoted) if v}

    def made(self, digest: str) -> bool:
        """Whether a digest is that of its model's files; of old runs it may not be known."""
        return digest in (self.digest, (self.verdict or {}).get("digest", digest))

    def step(self, name: str) -> Step:
        """Returns the step of that name.

        Raises:
          KeyError: there is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)


class History:
    """The folder `history` under a root."""

    def __init__(self, root: Path):
        """Names the folder; it need not exist."""
        self._folder = root / "history"

    def new_run_id(self, now: datetime.datetime) -> str:
        """Makes the folder of a new run and returns its id, such as `20261124-055610`."""
        stem = now.strftime("%Y%m%d-%H%M%S")
        for number in range(1, 1000):
            run_id = stem if number == 1 else f"{stem}-{number}"
            try:
                self.folder(run_id).mkdir(parents=True)
            except FileExistsError:
                continue
            return run_id
        raise RuntimeError(f"{self._folder} holds 999 runs that started at {stem}")

    def folder(self, run_id: str) -> Path:
        """Returns the folder of a run."""
        return self._folder / run_id

    def discard(self, run_id: str) -> None:
        """Removes a run that turned out not to be one: its input was refused before any work."""
        shutil.rmtree(self.folder(run_id))

    def save(self, run: Run) -> None:
        """Writes `run.json`, and `verdict.json` once there is a verdict; never half a file."""
        folder = self.folder(run.run_id)
        write_whole(folder / RUN_FILE, run.model_dump_json(indent=2) + "\n")
        if run.verdict is not None:
            write_whole(folder / VERDICT_FILE, json.dumps(run.verdict, indent=2) + "\n")

    def find(self, run_id: str | None, fits: Callable[[Run], bool], which: str) -> Run:
        """Returns a run that fits: the newest one without a `run_id`.

        Raises:
          UsageError: there is none; `which` says in words what is looked for.
        """
        runs = [run for run in self.runs() if fits(run)]
        for run in runs:
            if run_id in (None, run.run_id):
                return run
        known = format_list([run.run_id for run in runs]) or "none"
        raise UsageError(
            f"{self._folder.parent} has no run {f'{run_id} ' if run_id else ''}{which}; "
            f"there are: {known}"
        )

    def newest_finished(self) -> Run | None:
        """Returns the newest run that came to a verdict, on the model or on the data."""
        return next((run for run in self.runs() if run.finished), None)

    def mark_dead(self) -> None:
        """Notes that runs which still count as running were interrupted: call it under the lock."""
        for run in self.runs():
            if run.state == "running":
                run.stop_steps("interrupted")
                run.state = "interrupted"
                self.save(run)

    def runs(self) -> Sequence[Run]:
        """Returns all runs, newest first.

        Raises:
          UsageError: a run was written in a format that is newer than this program.
        """
        runs = [_read(file) for file in self._folder.glob(f"*/{RUN_FILE}")]
        return sorted(
            runs, key=lambda run: (run.started, len(run.run_id), run.run_id), reverse=True
        )


def _read(file: Path) -> Run:
    try:
        values = json.loads(file.read_text())
        version = values["format_version"]
        if version <= FORMAT_VERSION:
            return Run.model_validate(values)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{file} is damaged ({error}); if nothing else can be done, remove its folder"
        ) from error
    raise UsageError(
        f"{file} has format {version}, and this program knows {FORMAT_VERSION}: "
        "update it, or name another --root"
    )
